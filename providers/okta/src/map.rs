//! From Okta's JSON to the unified schema: pure functions, no calls.

use std::collections::{BTreeMap, HashSet};

use serde_json::value::RawValue;
use userdir_core::Mapped;
use userdir_core::mapping::{self, filled, full_name, time};
use userdir_schema::{
    Activity, Actor, Context, Email, Group, IntoOwned, License, LicenseStatus, Organization, Phone, Role,
    RoleAssignment, Status, Text, Url, User, UserGroup, UserLicense, UserRole,
};

use crate::wire;

/// A user as lists and gets show it; roles, groups and the like cost calls of their own.
pub fn user(raw: &RawValue) -> Mapped<User<'_>> {
    let it: wire::User = serde_json::from_str(raw.get())?;
    let profile = it.profile;
    let is_email_verified = it.credentials.and_then(|credentials| {
        let emails = credentials.emails?;
        let primary = emails.into_iter().find(|email| email.value.is_some() && email.value == profile.email)?;
        Some(primary.status.as_deref() == Some("VERIFIED"))
    });
    let identifiers: BTreeMap<_, _> = [
        ("login", &profile.login),
        ("employeeNumber", &profile.employee_number),
        ("managerId", &profile.manager_id),
        ("realmId", &it.realm_id),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((Text::from(name), filled(value.clone())?)))
    .collect();
    let email = |address: Option<_>, kind: &'static str, is_primary| {
        filled(address).map(|address| Email {
            email: Some(address),
            r#type: Some(kind.into()),
            is_primary: Some(is_primary),
        })
    };
    let phone = |number: Option<_>, kind: &'static str| {
        filled(number).map(|number| Phone { number: Some(number), r#type: Some(kind.into()), ..Phone::default() })
    };
    Ok(User {
        id: it.id,
        name: filled(profile.display_name)
            .or_else(|| full_name(&profile.first_name, &profile.last_name))
            .or_else(|| profile.login.clone()),
        username: profile.login,
        first_name: filled(profile.first_name),
        last_name: filled(profile.last_name),
        title: filled(profile.title),
        emails: Some(
            [email(profile.email, "work", true), email(profile.second_email, "secondary", false)]
                .into_iter()
                .flatten()
                .collect(),
        ),
        phones: Some(
            [phone(profile.primary_phone, "primary"), phone(profile.mobile_phone, "mobile")]
                .into_iter()
                .flatten()
                .collect(),
        ),
        status: it.status.map(status),
        is_email_verified,
        user_type: filled(profile.user_type).or_else(|| it.r#type.and_then(|kind| kind.id)),
        timezone: filled(profile.timezone),
        languages: filled(profile.preferred_language).map(|language| vec![language]),
        urls: filled(profile.profile_url).map(|url| vec![Url { url: Some(url), r#type: Some("profile".into()) }]),
        identifiers: Some(identifiers),
        created_at: time(it.created),
        updated_at: time(it.last_updated),
        last_login_at: time(it.last_login),
        status_changed_at: time(it.status_changed),
        activated_at: time(it.activated),
        ..User::default()
    })
}

fn status(word: Text<'_>) -> Status<'_> {
    match word.as_str() {
        "ACTIVE" | "PASSWORD_EXPIRED" | "RECOVERY" | "LOCKED_OUT" => Status::Active,
        "PROVISIONED" | "STAGED" => Status::Invited,
        "SUSPENDED" | "DEPROVISIONED" => Status::Inactive,
        _ => Status::Other(word),
    }
}

/// Okta's words for a status, for filters: of a unified one all that it stands for, of Okta's own that one. In capitals it
/// is Okta's own; none where it is neither.
pub fn status_words(status: &str) -> Option<&'static [&'static str]> {
    let own = |is: &dyn Fn(&str) -> bool| ALL_STATUSES.iter().find(|own| is(own)).map(std::slice::from_ref);
    if let Some(own) = own(&|own| own == status) {
        return Some(own);
    }
    Some(match status.to_ascii_lowercase().as_str() {
        "active" => &["ACTIVE", "PASSWORD_EXPIRED", "RECOVERY", "LOCKED_OUT"],
        "invited" => &["PROVISIONED", "STAGED"],
        "created" => &["STAGED"],
        "inactive" => &["SUSPENDED", "DEPROVISIONED"],
        // Okta shows no deleted users
        "deleted" => &[],
        _ => return own(&|own| own.eq_ignore_ascii_case(status)),
    })
}

/// The words that mapped users show.
pub const UNIFIED_STATUSES: &[&str] = &["active", "invited", "inactive", "deleted"];

/// Every status that Okta documents.
pub const ALL_STATUSES: &[&str] =
    &["STAGED", "PROVISIONED", "ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT", "SUSPENDED", "DEPROVISIONED"];

/// A group.
pub fn group(raw: &RawValue) -> Mapped<Group<'_>> {
    let it: wire::Group = serde_json::from_str(raw.get())?;
    Ok(Group {
        id: it.id,
        name: it.profile.name,
        description: filled(it.profile.description),
        group_type: Some("group".into()),
        created_at: time(it.created),
        updated_at: time(it.last_updated),
        ..Group::default()
    })
}

/// A custom role.
pub fn custom_role(raw: &RawValue) -> Mapped<Role<'_>> {
    let it: wire::CustomRole = serde_json::from_str(raw.get())?;
    Ok(Role {
        id: it.id,
        name: it.label.clone(),
        label: it.label,
        description: filled(it.description),
        r#type: Some("custom".into()),
        created_at: time(it.created),
        updated_at: time(it.last_updated),
        ..Role::default()
    })
}

/// The standard roles. Okta has no call that lists them.
pub const STANDARD_ROLES: &[(&str, &str)] = &[
    ("SUPER_ADMIN", "Super Administrator"),
    ("ORG_ADMIN", "Organization Administrator"),
    ("APP_ADMIN", "Application Administrator"),
    ("USER_ADMIN", "Group Administrator"),
    ("HELP_DESK_ADMIN", "Help Desk Administrator"),
    ("GROUP_MEMBERSHIP_ADMIN", "Group Membership Administrator"),
    ("READ_ONLY_ADMIN", "Read-only Administrator"),
    ("REPORT_ADMIN", "Report Administrator"),
    ("API_ACCESS_MANAGEMENT_ADMIN", "API Access Management Administrator"),
    ("WORKFLOWS_ADMIN", "Workflows Administrator"),
    ("ACCESS_REQUESTS_ADMIN", "Access Requests Administrator"),
    ("ACCESS_CERTIFICATIONS_ADMIN", "Access Certifications Administrator"),
];

/// A standard role of the table.
pub fn standard_role(id: &'static str, name: &'static str) -> Role<'static> {
    Role {
        id: id.into(),
        name: Some(name.into()),
        label: Some(name.into()),
        r#type: Some("standard".into()),
        ..Role::default()
    }
}

/// A role as a user holds it. The resource set of a custom role stands in `organization`, the group through which a role
/// comes in `group`.
pub fn user_role(raw: &RawValue) -> Mapped<UserRole<'static>> {
    let it: wire::RoleAssignment = serde_json::from_str(raw.get())?;
    Ok(UserRole {
        id: it.role_id().cloned(),
        name: it.label.clone(),
        organization: it.resource_set.clone(),
        group: it.group(),
        ..UserRole::default()
    }
    .into_owned())
}

/// A group as a user is in it.
pub fn user_group(raw: &RawValue) -> Mapped<UserGroup<'static>> {
    let group = group(raw)?;
    Ok(UserGroup { id: Some(group.id), name: group.name, ..UserGroup::default() }.into_owned())
}

/// An application as a user has it.
pub fn user_license(license: License<'static>) -> UserLicense<'static> {
    UserLicense { id: Some(license.id), name: license.name, ..UserLicense::default() }
}

/// Whether a factor is in use.
pub fn is_active_factor(raw: &RawValue) -> Mapped<bool> {
    let factor: wire::Factor = serde_json::from_str(raw.get())?;
    Ok(factor.status.as_deref() == Some("ACTIVE"))
}

/// An assignment, with an id that is unique: Okta's own is the same for every user.
pub fn role_assignment(holder: &str, raw: &RawValue) -> Mapped<RoleAssignment<'static>> {
    let it: wire::RoleAssignment = serde_json::from_str(raw.get())?;
    let of_group = is_group_id(holder);
    let holder_id = Text::from(holder.to_owned());
    Ok(RoleAssignment {
        id: format!("{holder}:{}", it.id).into(),
        user_id: (!of_group).then(|| holder_id.clone()),
        group_type: of_group.then(|| "group".into()),
        group_id: if of_group { Some(holder_id) } else { it.group() },
        role_id: it.role_id().map(|id| id.to_string().into()),
        created_at: time(it.created.clone()),
        updated_at: time(it.last_updated.clone()),
        remote_data: Some(raw.to_owned().into()),
        ..RoleAssignment::default()
    })
}

/// Okta's ids tell what they are: `00g…` is a group.
pub fn is_group_id(id: &str) -> bool {
    id.starts_with("00g")
}

/// An application, standing for a licence.
pub fn app(raw: &RawValue) -> Mapped<License<'_>> {
    let it: wire::App = serde_json::from_str(raw.get())?;
    let status = it.status.map(|word| match word.as_str() {
        "ACTIVE" => LicenseStatus::Active,
        "INACTIVE" => LicenseStatus::Inactive,
        _ => LicenseStatus::Other(word),
    });
    Ok(License {
        id: it.id,
        name: it.label.or(it.name),
        status,
        created_at: time(it.created),
        updated_at: time(it.last_updated),
        ..License::default()
    })
}

/// A tile on a user's dashboard.
pub fn app_link(raw: &RawValue) -> Mapped<License<'static>> {
    let it: wire::AppLink = serde_json::from_str(raw.get())?;
    let remote_data = Some(raw.to_owned().into());
    Ok(License { id: it.app_instance_id, name: it.label, remote_data, ..License::default() }.into_owned())
}

/// Some applications have several tiles, such as mail and calendar; the first one stands for the application.
pub fn one_an_app(mut tiles: Vec<License<'static>>) -> Vec<License<'static>> {
    let mut seen = HashSet::new();
    tiles.retain(|tile| seen.insert(tile.id.clone()));
    tiles
}

/// The organization.
pub fn org(raw: &RawValue) -> Mapped<Organization<'_>> {
    let it: wire::Org = serde_json::from_str(raw.get())?;
    Ok(Organization {
        id: it.id,
        name: it.company_name,
        created_at: time(it.created),
        updated_at: time(it.last_updated),
        ..Organization::default()
    })
}

/// An event of the system log. Okta's own word stays where no unified one is documented.
pub fn log_event(raw: &RawValue) -> Mapped<Activity<'_>> {
    let it: wire::LogEvent = serde_json::from_str(raw.get())?;
    let target = it.target.into_iter().flatten().next();
    let (entity, entity_type) = target.map_or((None, None), |target| (target.id, target.r#type));
    Ok(Activity {
        id: it.uuid,
        actor: it.actor.map(actor),
        description: it.display_message,
        action: it.event_type.map(|word| match word.as_str() {
            "user.lifecycle.deactivate" => "user_deactivated".into(),
            _ => word.into(),
        }),
        entity,
        entity_type,
        context: it.client.map(|client| Context {
            ip_address: client.ip_address,
            user_agent: client.user_agent.and_then(|agent| agent.raw_user_agent),
            ..Context::default()
        }),
        created_at: time(it.published),
        ..Activity::default()
    })
}

fn actor(party: wire::Party<'_>) -> Actor<'_> {
    let is_user = party.r#type.as_deref() == Some("User");
    mapping::actor(is_user, party.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_bare_user_is_enough_and_unknown_words_pass() {
        let user = user(raw(r#"{"id": "00u1", "status": "ACTIVATING", "newField": {"x": []}}"#)).unwrap();
        assert_eq!(user.status, Some(Status::Other("ACTIVATING".into())));
        assert_eq!(user.emails, Some(vec![]));
        assert_eq!(user.name, None);
    }

    #[test]
    fn a_name_is_always_found() {
        let name = |profile: &str| {
            user(raw(&format!(r#"{{"id": "00u1", "profile": {profile}}}"#))).unwrap().name.unwrap().to_string()
        };
        assert_eq!(name(r#"{"displayName": "M. Ortiz", "firstName": "Maya"}"#), "M. Ortiz");
        assert_eq!(name(r#"{"displayName": null, "firstName": "Maya", "lastName": "Ortiz"}"#), "Maya Ortiz");
        assert_eq!(name(r#"{"login": "maya@example.com"}"#), "maya@example.com");
    }

    #[test]
    fn every_status_maps_there_and_back() {
        for unified in ["active", "invited", "inactive"] {
            for word in status_words(unified).unwrap() {
                assert_eq!(status((*word).into()).as_str(), unified);
            }
        }
        assert_eq!(status_words("Active"), status_words("active"));
        assert_eq!(status_words("ACTIVE").unwrap(), ["ACTIVE"]);
        assert_eq!(status_words("suspended").unwrap(), ["SUSPENDED"]);
        assert!(status_words("deleted").unwrap().is_empty());
        assert_eq!(status_words("actve"), None);
    }

    #[test]
    fn assignment_ids_are_unique_across_users() {
        let held = raw(r#"{"id": "JBCUYUC7IRCVGS27IFCE2SKO", "type": "HELP_DESK_ADMIN", "assignmentType": "USER"}"#);
        let (one, other) = (role_assignment("00u1", held).unwrap(), role_assignment("00u2", held).unwrap());
        assert_ne!(one.id, other.id);
        assert_eq!(one.role_id.unwrap(), "HELP_DESK_ADMIN");
        assert_eq!(role_assignment("00g1", held).unwrap().group_id.unwrap(), "00g1");
    }
}
