//! From TeamViewer's JSON to the unified schema: pure functions, no calls.

use serde_json::value::RawValue;
use userdir_core::Mapped;
use userdir_core::mapping::{digest, time};
use userdir_core::page::MapItem;
use userdir_schema::{
    Activity, Email, Group, License, LicenseStatus, Organization, Role, RoleAssignment, Status, Text, User,
    UserLicense, UserOrganization, UserRole,
};

use crate::{ids, wire};

/// A value that is not there and an empty one are the same, and so is the id of nothing.
fn filled(text: Option<Text<'_>>) -> Option<Text<'_>> {
    text.filter(|text| !text.is_empty() && text.as_str() != NOTHING)
}

const NOTHING: &str = "00000000-0000-0000-0000-000000000000";

/// A user as lists and gets show it: one role at most, and no company.
pub fn user(raw: &RawValue) -> Mapped<User<'_>> {
    let it: wire::User = serde_json::from_str(raw.get())?;
    let role = filled(it.user_role_id).map(|id| UserRole { id: Some(id), ..UserRole::default() });
    let license = filled(it.activated_license_id).map(|id| UserLicense {
        id: Some(id),
        name: filled(it.activated_license_name),
        ..UserLicense::default()
    });
    Ok(User {
        status: it.active.map(|active| if active { Status::Active } else { Status::Inactive }),
        is_2fa_enabled: it.tfa_enabled,
        last_active_at: time(it.last_access_date),
        roles: it.active.is_some().then(|| role.into_iter().collect()),
        licenses: it.active.is_some().then(|| license.into_iter().collect()),
        ..person(it.id, it.name, it.email)
    })
}

/// What every reading of a user shows: the address is the login too.
fn person<'a>(id: Text<'a>, name: Option<Text<'a>>, email: Option<Text<'a>>) -> User<'a> {
    let (first_name, last_name) = name.as_deref().map(split).unwrap_or_default();
    let username = filled(email);
    let primary = |email| vec![Email { email: Some(email), is_primary: Some(true), ..Email::default() }];
    let emails = username.clone().map(primary);
    User { id, first_name, last_name, name: filled(name), emails, username, ..User::default() }
}

/// TeamViewer keeps one name; its SCIM splits it at the first space, and so is it here.
fn split(name: &str) -> (Option<Text<'static>>, Option<Text<'static>>) {
    let (first, last) = name.trim().split_once(' ').unwrap_or((name.trim(), ""));
    let text = |part: &str| (!part.is_empty()).then(|| part.trim().to_owned().into());
    (text(first), text(last))
}

/// Puts the company into a user.
pub fn of_company<'a>(mut user: User<'a>, company: &wire::Company) -> User<'a> {
    let id = Text::from(company.company_id.to_string());
    for license in user.licenses.iter_mut().flatten() {
        license.organization = Some(id.clone());
    }
    user.organizations =
        Some(vec![UserOrganization { id: Some(id), name: company.company_name.clone().map(Into::into) }]);
    user
}

/// A mapping with the company put in, where it is known.
pub struct InCompany(pub Option<wire::Company>);

impl MapItem<User<'static>> for InCompany {
    fn map<'a>(&self, raw: &'a RawValue) -> Mapped<User<'a>> {
        let user = user(raw)?;
        Ok(match &self.0 {
            Some(company) => of_company(user, company),
            None => user,
        })
    }
}

impl MapItem<Group<'static>> for InCompany {
    fn map<'a>(&self, raw: &'a RawValue) -> Mapped<Group<'a>> {
        let organization = self.0.as_ref().map(|company| company.company_id.to_string().into());
        Ok(Group { organization, ..group(raw)? })
    }
}

/// A member of a group, of whom nothing but id and name is shown.
pub fn member(raw: &RawValue) -> Mapped<User<'_>> {
    let it: wire::Member = serde_json::from_str(raw.get())?;
    Ok(User { id: ids::of_account(it.account_id).into(), name: filled(it.name), ..User::default() })
}

/// The owner of the token.
pub fn account(raw: &RawValue) -> Mapped<User<'_>> {
    let it: wire::Account = serde_json::from_str(raw.get())?;
    Ok(User {
        is_email_verified: it.email_validated,
        avatar: filled(it.profilepicture_url),
        languages: filled(it.email_language).map(|language| vec![language]),
        ..person(it.userid, it.name, it.email)
    })
}

/// A user group.
pub fn group(raw: &RawValue) -> Mapped<Group<'_>> {
    let it: wire::Group = serde_json::from_str(raw.get())?;
    Ok(Group { id: it.id.to_string().into(), name: it.name, group_type: Some("group".into()), ..Group::default() })
}

/// A role of the catalogue.
pub fn role(raw: &RawValue) -> Mapped<Role<'_>> {
    let it: wire::Role = serde_json::from_str(raw.get())?;
    Ok(Role { id: it.id, name: it.name, ..Role::default() })
}

/// Who holds a role.
#[derive(Clone, Debug, PartialEq)]
pub enum Holder {
    /// A user, by id.
    User(String),
    /// A user group, by number.
    Group(i64),
}

/// A role held directly by a user or by a group. TeamViewer has no id for it: `<role>:<user or group>`.
pub fn assignment(role: &str, holder: &Holder) -> RoleAssignment<'static> {
    let assignment = RoleAssignment { role_id: Some(role.to_owned().into()), ..RoleAssignment::default() };
    match holder {
        Holder::User(user) => {
            RoleAssignment { id: format!("{role}:{user}").into(), user_id: Some(user.clone().into()), ..assignment }
        }
        Holder::Group(group) => RoleAssignment {
            id: format!("{role}:{group}").into(),
            group_id: Some(group.to_string().into()),
            group_type: Some("group".into()),
            ..assignment
        },
    }
}

/// The company as an organization.
pub fn organization(raw: &RawValue) -> Mapped<Organization<'_>> {
    let it: wire::Company = serde_json::from_str(raw.get())?;
    Ok(Organization {
        id: it.company_id.to_string().into(),
        name: it.company_name.map(Into::into),
        created_at: time(it.created_at.map(Into::into)),
        ..Organization::default()
    })
}

/// A licence of the company. That `maxAssignments` is how many there are is unverified.
pub fn license(raw: &RawValue) -> Mapped<License<'_>> {
    let it: wire::License = serde_json::from_str(raw.get())?;
    Ok(License {
        id: it.license_id,
        name: filled(it.display_name).or(filled(it.license_name)),
        available_quantity: it.max_assignments.map(Into::into),
        assigned_quantity: it.assigned_users.map(Into::into),
        status: it.is_active.map(|active| if active { LicenseStatus::Active } else { LicenseStatus::Inactive }),
        ..License::default()
    })
}

/// An event of the log. TeamViewer has no id for it: the time, and a hash of all that tells it from others.
pub fn event(raw: &RawValue) -> Mapped<Activity<'_>> {
    let it: wire::Event = serde_json::from_str(raw.get())?;
    let at = it.timestamp.as_deref().unwrap_or_default();
    let said =
        [&it.event_name, &it.event_type, &it.author, &it.affected_item].map(|text| text.as_deref().unwrap_or_default());
    let said = format!("{}\0{}", said.join("\0"), serde_json::to_string(&it.event_details)?);
    Ok(Activity {
        id: format!("{at}-{:016x}", digest(&said)).into(),
        action: it.event_name.map(|word| match event_action(&word) {
            Some(action) => action.into(),
            None => word.into(),
        }),
        entity: filled(it.affected_item),
        entity_type: filled(it.event_type),
        created_at: time(it.timestamp),
        ..Activity::default()
    })
}

/// The unified word of an event's name, where there is one.
fn event_action(name: &str) -> Option<&'static str> {
    EVENTS.iter().find(|(_, event)| *event == name).map(|(action, _)| *action)
}

/// Unified words and the events that they stand for.
pub const EVENTS: &[(&str, &str)] = &[
    ("user_created", "UserCreated"),
    ("user_joined", "JoinCompany"),
    ("user_deleted", "UserDeleted"),
    ("user_deleted", "UserRemovedFromCompany"),
    ("user_updated", "EditUserProperties"),
    ("user_updated", "EditUserPermissions"),
];

#[cfg(test)]
mod tests {
    use userdir_schema::IntoOwned;

    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_short_list_leaves_the_rest_unknown() {
        let shown = user(raw(r#"{"id": "u1", "name": "Maya Ortiz", "email": "maya@example.com"}"#)).unwrap();
        assert_eq!((shown.status, shown.roles, shown.licenses), (None, None, None));
    }

    #[test]
    fn an_id_of_nothing_is_none() {
        let nothing = format!(
            r#"{{"id": "u1", "active": true, "userRoleId": "{NOTHING}", "activated_license_id": "{NOTHING}"}}"#
        );
        let shown = user(raw(&nothing)).unwrap().into_owned();
        assert_eq!((shown.roles, shown.licenses), (Some(vec![]), Some(vec![])));
    }

    #[test]
    fn a_name_is_split_at_the_first_space() {
        let names = |name: &str| {
            let (first, last) = split(name);
            (first.map(|text| text.to_string()), last.map(|text| text.to_string()))
        };
        assert_eq!(names("Maya de la Ortiz"), (Some("Maya".into()), Some("de la Ortiz".into())));
        assert_eq!(names("Maya"), (Some("Maya".into()), None));
        assert_eq!(names(" "), (None, None));
    }

    #[test]
    fn role_keys_are_read_in_either_case() {
        let role = role(raw(r#"{"id": "r1", "name": "Auditor"}"#)).unwrap();
        assert_eq!((role.id.as_str(), role.name.as_deref()), ("r1", Some("Auditor")));
    }

    #[test]
    fn events_that_differ_have_ids_that_differ() {
        let id = |json| event(raw(json)).unwrap().id.to_string();
        let one = r#"{"EventName": "UserCreated", "Timestamp": "2026-08-01T08:00:00Z", "AffectedItem": "Maya"}"#;
        let other = r#"{"EventName": "UserCreated", "Timestamp": "2026-08-01T08:00:00Z", "AffectedItem": "Noa"}"#;
        assert_ne!(id(one), id(other));
        assert_eq!(id(one), id(one));
    }
}
