//! From Salesforce's JSON to the unified schema: pure functions, no calls.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::value::RawValue;
use userdir_core::Mapped;
use userdir_core::mapping::{self, time};
use userdir_core::page::MapItem;
use userdir_schema::{
    Action, Activity, Actor, Context, Email, Group, GroupType, IntoOwned, License, LicenseStatus, Organization, Phone,
    Role, RoleAssignment, Status, Text, Url, User, UserGroup, UserLicense, UserOrganization, UserRole,
};

use crate::id::RoleKind;
use crate::wire;

/// The status of one who is active and whose sign-in is frozen.
pub const FROZEN: &str = "frozen";

/// A user with what the record itself tells: of the roles the profile and the hierarchy role, of the licences the
/// profile's. [`Around`] makes them whole.
pub fn user(raw: &RawValue) -> Mapped<User<'_>> {
    let it: wire::User = serde_json::from_str(raw.get())?;
    // every user has an alias: where there is none, the query asked for fewer fields
    let is_whole = it.alias.is_some();
    let identifiers: BTreeMap<_, _> = [("employee_number", it.employee_number), ("alias", it.alias)]
        .into_iter()
        .filter_map(|(name, value)| Some((Text::from(name), value?)))
        .collect();
    let phone = |number: Option<_>, extension, kind: &'static str| {
        number.map(|number| Phone { number: Some(number), extension, r#type: Some(kind.into()) })
    };
    let role = |id: Option<_>, name: Option<_>| id.map(|id| UserRole { id: Some(id), name, ..UserRole::default() });
    let (profile_name, license) = match it.profile {
        Some(profile) => {
            let name = profile.user_license.and_then(wire::Named::any);
            let license = profile.user_license_id;
            (profile.name, license.map(|id| UserLicense { id: Some(id), name, ..UserLicense::default() }))
        }
        None => (None, None),
    };
    Ok(User {
        id: it.id,
        external_id: it.federation_identifier,
        identifiers: is_whole.then_some(identifiers),
        first_name: it.first_name,
        last_name: it.last_name,
        name: it.name,
        title: it.title,
        username: it.username,
        emails: it
            .email
            .map(|email| vec![Email { email: Some(email), r#type: Some("work".into()), is_primary: Some(true) }]),
        phones: is_whole.then(|| {
            [phone(it.phone, it.extension, "work"), phone(it.mobile_phone, None, "mobile"), phone(it.fax, None, "fax")]
                .into_iter()
                .flatten()
                .collect()
        }),
        status: it.is_active.map(|active| if active { Status::Active } else { Status::Inactive }),
        roles: Some(
            [role(it.profile_id, profile_name), role(it.user_role_id, it.user_role.and_then(wire::Named::any))]
                .into_iter()
                .flatten()
                .collect(),
        ),
        // without the reference the licence is not known, which is not the same as none
        licenses: license.map(|license| vec![license]),
        user_type: it.user_type,
        workspaces: Some(Vec::new()),
        avatar: it.full_photo_url,
        timezone: it.time_zone_sid_key,
        languages: it.language_locale_key.map(|language| vec![language]),
        bio: it.about_me,
        created_at: time(it.created_date),
        updated_at: time(it.last_modified_date),
        last_login_at: time(it.last_login_date),
        ..User::default()
    })
}

/// What belongs to users and stands in other objects. A part that was not read makes the field unknown, never short.
#[derive(Debug, Default)]
pub struct Around {
    /// Permission sets and groups of sets, by user.
    pub sets: Option<HashMap<String, Vec<UserRole<'static>>>>,
    /// Groups, by user.
    pub groups: Option<HashMap<String, Vec<UserGroup<'static>>>>,
    /// Permission set licences, by user.
    pub licenses: Option<HashMap<String, Vec<UserLicense<'static>>>>,
    /// Users whose sign-in is frozen.
    pub frozen: Option<HashSet<String>>,
    /// The one organization.
    pub organization: Option<UserOrganization<'static>>,
    /// Where the organization's pages are.
    pub home: Option<String>,
}

impl Around {
    /// Puts it in.
    pub fn fill(&self, user: &mut User<'_>) {
        fn joined<T>(own: Option<Vec<T>>, more: Option<Vec<T>>) -> Option<Vec<T>> {
            let mut own = own?;
            own.extend(more?);
            Some(own)
        }
        fn of<T: Clone>(rows: &Option<HashMap<String, Vec<T>>>, id: &str) -> Option<Vec<T>> {
            rows.as_ref().map(|rows| rows.get(id).cloned().unwrap_or_default())
        }
        let id = user.id.to_string();
        user.roles = joined(user.roles.take(), of(&self.sets, &id));
        user.licenses = joined(user.licenses.take(), of(&self.licenses, &id));
        user.groups = of(&self.groups, &id);
        user.organizations = self.organization.clone().map(|organization| vec![organization]);
        user.urls = self
            .home
            .as_ref()
            .map(|home| vec![Url { url: Some(format!("{home}/{id}").into()), r#type: Some("profile".into()) }]);
        let is_frozen = self.frozen.as_ref().is_some_and(|frozen| frozen.contains(&id));
        if user.status == Some(Status::Active) && is_frozen {
            user.status = Some(FROZEN.into());
        }
    }
}

impl MapItem<User<'static>> for Around {
    fn map<'a>(&self, raw: &'a RawValue) -> Mapped<User<'a>> {
        let mut user = user(raw)?;
        self.fill(&mut user);
        Ok(user)
    }
}

/// The id of a record.
pub fn id(raw: &RawValue) -> Mapped<String> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Record {
        id: String,
    }
    serde_json::from_str::<Record>(raw.get()).map(|record| record.id)
}

/// A permission set, or group of sets, and who holds it; nobody where the assignment is over.
pub fn held_set(raw: &RawValue) -> Mapped<(String, UserRole<'static>)> {
    let it: wire::SetAssignment = serde_json::from_str(raw.get())?;
    let (id, is_over) = (it.role_id().cloned(), it.is_over());
    let name = match it.permission_set_group_id {
        Some(_) => it.permission_set_group,
        None => it.permission_set,
    };
    let role = UserRole { id, name: name.and_then(wire::Named::any), ..UserRole::default() };
    let holder = if is_over { String::new() } else { it.assignee_id.to_string() };
    Ok((holder, role.into_owned()))
}

/// A group and who is in it.
pub fn membership(raw: &RawValue) -> Mapped<(String, UserGroup<'static>)> {
    let it: wire::GroupMember = serde_json::from_str(raw.get())?;
    let name = it.group.and_then(wire::Named::any);
    let group = UserGroup { id: Some(it.group_id), name, ..UserGroup::default() };
    Ok((it.user_or_group_id.to_string(), group.into_owned()))
}

/// A permission set licence and who has it.
pub fn held_license(raw: &RawValue) -> Mapped<(String, UserLicense<'static>)> {
    let it: wire::HeldLicense = serde_json::from_str(raw.get())?;
    let name = it.permission_set_license.and_then(wire::Named::any);
    let license = UserLicense { id: it.permission_set_license_id, name, ..UserLicense::default() };
    Ok((it.assignee_id.unwrap_or_default().to_string(), license.into_owned()))
}

/// A user's sign-in.
pub fn login(raw: &RawValue) -> Mapped<wire::UserLogin> {
    serde_json::from_str(raw.get())
}

/// Groups of one organization.
#[derive(Debug)]
pub struct Groups {
    /// Its id.
    pub organization: Option<Text<'static>>,
}

impl MapItem<Group<'static>> for Groups {
    fn map<'a>(&self, raw: &'a RawValue) -> Mapped<Group<'a>> {
        Ok(Group { organization: self.organization.clone(), ..group(raw)? })
    }
}

/// A public group, or a queue.
pub fn group(raw: &RawValue) -> Mapped<Group<'_>> {
    let it: wire::Group = serde_json::from_str(raw.get())?;
    Ok(Group {
        id: it.id,
        name: it.name,
        description: it.description,
        group_type: it.r#type.map(|kind| if kind == "Regular" { GroupType::Group } else { GroupType::Other(kind) }),
        created_at: time(it.created_date),
        updated_at: time(it.last_modified_date),
        ..Group::default()
    })
}

/// A profile, hierarchy role, permission set or group of sets; its id tells which.
pub fn role(raw: &RawValue) -> Mapped<Role<'_>> {
    let it: wire::Role = serde_json::from_str(raw.get())?;
    let kind = RoleKind::of(&it.id).ok();
    Ok(Role {
        id: it.id,
        // where there is a label, the name is for programs
        name: it.label.or(it.master_label).or(it.name),
        description: it.description.or(it.rollup_description),
        r#type: kind.map(|kind| kind.word().into()),
        created_at: time(it.created_date),
        updated_at: time(it.last_modified_date),
        ..Role::default()
    })
}

/// A user's profile, or hierarchy role, as an assignment: whichever was asked for. Fields of the user have no id of their
/// own as assignments: the two ids make one. Without a role there is none.
pub fn field_assignment(raw: &RawValue) -> Mapped<RoleAssignment<'_>> {
    let it: wire::User = serde_json::from_str(raw.get())?;
    let role_id = it.profile_id.or(it.user_role_id);
    let id = role_id.as_ref().map(|role| format!("{}:{role}", it.id)).unwrap_or_default();
    Ok(RoleAssignment { id: id.into(), user_id: Some(it.id), role_id, ..RoleAssignment::default() })
}

/// An assignment of a permission set, or of a group of sets.
pub fn set_assignment(raw: &RawValue) -> Mapped<RoleAssignment<'_>> {
    let it: wire::SetAssignment = serde_json::from_str(raw.get())?;
    let role_id = it.role_id().cloned();
    Ok(RoleAssignment { id: it.id, user_id: Some(it.assignee_id), role_id, ..RoleAssignment::default() })
}

/// A licence of any of the three kinds. Fewer than none stands for as many as one likes, and is left out.
pub fn license(raw: &RawValue) -> Mapped<License<'_>> {
    let it: wire::License = serde_json::from_str(raw.get())?;
    let total = it.total_licenses.or(it.allowed_licenses).filter(|total| *total >= 0);
    Ok(License {
        id: it.id,
        name: it.name.or(it.master_label).or(it.namespace_prefix),
        available_quantity: total.map(Into::into),
        assigned_quantity: it.used_licenses.map(Into::into),
        status: it.status.map(|word| match word.as_str() {
            "Active" => LicenseStatus::Active,
            "Disabled" => LicenseStatus::Inactive,
            _ => LicenseStatus::Other(word),
        }),
        ..License::default()
    })
}

/// The licence of a user's profile.
pub fn license_of_profile(raw: &RawValue) -> Mapped<License<'_>> {
    let it: wire::User = serde_json::from_str(raw.get())?;
    let (id, license) = it.profile.map(|profile| (profile.user_license_id, profile.user_license)).unwrap_or_default();
    Ok(License { id: id.unwrap_or_default(), name: license.and_then(wire::Named::any), ..License::default() })
}

/// A permission set licence, or a managed package's, as a user has it.
pub fn license_of_user(raw: &RawValue) -> Mapped<License<'_>> {
    let it: wire::HeldLicense = serde_json::from_str(raw.get())?;
    let id = it.permission_set_license_id.or(it.package_license_id).unwrap_or_default();
    let name = it.permission_set_license.or(it.package_license).and_then(wire::Named::any);
    Ok(License { id, name, ..License::default() })
}

/// The organization.
pub fn organization(raw: &RawValue) -> Mapped<Organization<'_>> {
    let it: wire::Organization = serde_json::from_str(raw.get())?;
    Ok(Organization { id: it.id, name: it.name, created_at: time(it.created_date), ..Organization::default() })
}

/// A change in Setup. Salesforce's own word stays: there are hundreds, and no list of them.
pub fn setup_change(raw: &RawValue) -> Mapped<Activity<'_>> {
    let it: wire::SetupChange = serde_json::from_str(raw.get())?;
    Ok(Activity {
        id: it.id,
        actor: Some(actor(it.created_by_id)),
        description: it.display,
        action: it.action.map(Action::from),
        entity_type: it.section,
        created_at: time(it.created_date),
        ..Activity::default()
    })
}

/// A sign-in, or an attempt.
pub fn sign_in(raw: &RawValue) -> Mapped<Activity<'_>> {
    let it: wire::SignIn = serde_json::from_str(raw.get())?;
    let succeeded = it.status.as_deref() == Some("Success");
    Ok(Activity {
        id: it.id,
        actor: Some(actor(it.user_id)),
        description: it.status,
        action: Some(if succeeded { Action::Login } else { Action::LoginFailed }),
        context: Some(Context {
            ip_address: it.source_ip,
            user_agent: it.browser,
            authentication_method: it.login_type,
        }),
        created_at: time(it.login_time),
        ..Activity::default()
    })
}

fn actor(user: Option<Text<'_>>) -> Actor<'_> {
    mapping::actor(user.is_some(), user)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_bare_user_is_enough() {
        let user = user(raw(r#"{"Id": "005xx000001SwiUAAS", "Profile": null, "New__c": [1]}"#)).unwrap();
        assert_eq!((user.status, user.emails, user.licenses), (None, None, None));
        assert_eq!((user.phones, user.identifiers), (None, None), "not read is not none");
        assert_eq!(user.roles, Some(vec![]));
    }

    #[test]
    fn what_was_not_read_is_unknown_and_what_is_not_there_is_none() {
        let json = r#"{"Id": "005xx000001SwiUAAS", "IsActive": true, "ProfileId": "00exx000000abcdAAA"}"#;
        let user = Around::default().map(raw(json)).unwrap();
        assert_eq!((user.roles, user.groups, user.organizations), (None, None, None));
        let around = Around { sets: Some(HashMap::new()), groups: Some(HashMap::new()), ..Around::default() };
        let user = around.map(raw(json)).unwrap();
        assert_eq!((user.roles.unwrap().len(), user.groups), (1, Some(vec![])));
    }

    #[test]
    fn frozen_is_said_of_active_users_alone() {
        let around = Around { frozen: Some(["005xx000001SwiUAAS".to_owned()].into()), ..Around::default() };
        let status = |active: bool| {
            let json = format!(r#"{{"Id": "005xx000001SwiUAAS", "IsActive": {active}}}"#);
            around.map(raw(&json)).unwrap().status.unwrap().to_string()
        };
        assert_eq!((status(true), status(false)), ("frozen".into(), "inactive".into()));
    }

    #[test]
    fn a_group_of_sets_is_named_once() {
        let (user, role) = held_set(raw(
            r#"{"Id": "0Pa1", "AssigneeId": "0051", "PermissionSetId": "0PS1", "PermissionSet": {"Label": "made by Salesforce"},
                "PermissionSetGroupId": "0PG1", "PermissionSetGroup": {"MasterLabel": "Sales"}}"#,
        ))
        .unwrap();
        assert_eq!((user.as_str(), role.id.as_deref(), role.name.as_deref()), ("0051", Some("0PG1"), Some("Sales")));
    }

    #[test]
    fn a_set_that_was_revoked_is_held_by_nobody() {
        for over in [r#""IsActive": false"#, r#""IsActive": true, "IsRevoked": true"#] {
            let json = format!(r#"{{"Id": "0Pa1", "AssigneeId": "0051", "PermissionSetId": "0PS1", {over}}}"#);
            assert_eq!(held_set(raw(&json)).unwrap().0, "", "{over}");
        }
    }

    #[test]
    fn as_many_as_one_likes_is_no_number() {
        let license =
            license(raw(r#"{"Id": "050", "AllowedLicenses": -1, "UsedLicenses": 3, "Status": "Trial"}"#)).unwrap();
        assert_eq!((license.available_quantity, license.assigned_quantity), (None, Some(3.into())));
        assert_eq!(license.status.unwrap().as_str(), "Trial");
    }
}
