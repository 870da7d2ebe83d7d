//! From PagerDuty's JSON to the unified schema: pure functions, no calls.

use std::collections::HashSet;

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use userdir_core::Mapped;
use userdir_core::mapping::{self, filled, time};
use userdir_schema::{
    Action, Activity, Context, Email, Group, License, LicenseRole, Organization, Phone, RemoteData, Role,
    RoleAssignment, Status, Text, Url, User, UserGroup, UserLicense, UserOrganization, UserRole,
};

use crate::wire;

/// The base roles, with the names that PagerDuty's console has for them. No call lists them.
pub const BASE_ROLES: &[(&str, &str)] = &[
    ("owner", "Account Owner"),
    ("admin", "Global Admin"),
    ("user", "Manager"),
    ("limited_user", "Responder"),
    ("observer", "Observer"),
    ("restricted_access", "Restricted Access"),
    ("read_only_user", "Full Stakeholder"),
    ("read_only_limited_user", "Limited Stakeholder"),
];

/// The roles within a team.
pub const TEAM_ROLES: &[&str] = &["observer", "responder", "manager"];

/// The console's name of a base role; a role that is new keeps its word.
fn role_name<'a>(id: &Text<'a>) -> Text<'a> {
    let known = BASE_ROLES.iter().find(|(known, _)| *id == *known);
    known.map_or_else(|| id.clone(), |(_, name)| Text::from(*name))
}

/// A base role of the table.
pub fn base_role(id: &'static str, name: &'static str) -> Role<'static> {
    Role { id: id.into(), name: Some(name.into()), ..Role::default() }
}

/// The sort of licence that a base role goes with.
fn role_group(role: &str) -> Option<&'static str> {
    match role {
        "read_only_user" | "read_only_limited_user" => Some("Stakeholder"),
        _ => BASE_ROLES.iter().any(|(known, _)| *known == role).then_some("FullUser"),
    }
}

/// The account, which PagerDuty shows in the console's addresses alone: `https://acme.pagerduty.com/users/P1`.
pub fn subdomain(html_url: &str) -> Option<String> {
    let (_, host) = html_url.split_once("://")?;
    let name = host.split(['.', '/', ':']).next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// A user as lists and gets show it; team roles and the licence cost calls of their own.
pub fn user(raw: &RawValue) -> Mapped<User<'_>> {
    let it: wire::User = serde_json::from_str(raw.get())?;
    let account = it.html_url.as_deref().and_then(subdomain).map(Text::from);
    // references say that there are some, and not which
    let is_whole = |method: &wire::ContactMethod| !method.r#type.as_deref().is_some_and(|t| t.ends_with("_reference"));
    let knows_contacts = it.contact_methods.as_ref().is_some_and(|methods| methods.iter().all(is_whole));
    let methods = it.contact_methods.unwrap_or_default();
    Ok(User {
        id: it.id,
        name: filled(it.name),
        emails: Some(emails(it.email.clone(), &methods)),
        username: it.email,
        phones: knows_contacts.then(|| phones(&methods)),
        title: filled(it.job_title),
        status: Some(if it.invitation_sent == Some(true) { Status::Invited } else { Status::Active }),
        user_type: it.role.as_deref().and_then(role_group).map(Text::from),
        roles: it
            .role
            .map(|role| vec![UserRole { name: Some(role_name(&role)), id: Some(role), ..Default::default() }]),
        organizations: account.map(|name| vec![UserOrganization { id: Some(name.clone()), name: Some(name) }]),
        groups: it.teams.map(|teams| teams.into_iter().map(user_group).collect()),
        avatar: filled(it.avatar_url),
        timezone: filled(it.time_zone),
        bio: filled(it.description),
        urls: filled(it.html_url).map(|url| vec![Url { url: Some(url), r#type: Some("profile".into()) }]),
        remote_data: without_calendars(raw)?,
        ..User::default()
    })
}

/// A user who reads the own profile gets the addresses of the own calendar: whoever has one reads the calendar.
fn without_calendars(raw: &RawValue) -> Mapped<Option<RemoteData<'static>>> {
    if !raw.get().contains("_cal_url") {
        return Ok(None);
    }
    let mut members: Map<String, Value> = serde_json::from_str(raw.get())?;
    for secret in ["http_cal_url", "web_cal_url"] {
        members.remove(secret);
    }
    to_raw_value(&members).map(|raw| Some(RemoteData::from(raw)))
}

/// The login address, and the other addresses among the contact methods.
fn emails<'a>(login: Option<Text<'a>>, methods: &[wire::ContactMethod<'a>]) -> Vec<Email<'a>> {
    let primary = login.map(|address| (address, Some("work".into()), true));
    let others = methods.iter().filter(|method| method.r#type.as_deref() == Some("email_contact_method"));
    let others = others.filter_map(|method| Some((method.address.clone()?, method.label.clone(), false)));
    let mut seen = HashSet::new();
    let all = primary.into_iter().chain(others).filter(|(address, ..)| seen.insert(address.to_lowercase()));
    all.map(|(address, label, primary)| Email { email: Some(address), r#type: label, is_primary: Some(primary) })
        .collect()
}

/// The numbers among the contact methods; one that is called and written to is there twice, and shown once.
fn phones<'a>(methods: &[wire::ContactMethod<'a>]) -> Vec<Phone<'a>> {
    let mut seen = HashSet::new();
    let number = |method: &wire::ContactMethod<'a>| {
        let code = method.country_code.map(|code| code.get().trim_matches('"')).filter(|code| *code != "null");
        let address = method.address.as_ref()?;
        Some(code.map_or_else(|| address.to_string(), |code| format!("+{code}{address}")))
    };
    methods
        .iter()
        .filter(|method| matches!(method.r#type.as_deref(), Some("phone_contact_method" | "sms_contact_method")))
        .filter_map(|method| Some((number(method)?, method.label.clone())))
        .filter(|(number, _)| seen.insert(number.clone()))
        .map(|(number, label)| Phone { number: Some(number.into()), r#type: label, ..Phone::default() })
        .collect()
}

fn user_group(team: wire::Reference<'_>) -> UserGroup<'_> {
    UserGroup { id: team.id, name: team.summary, ..UserGroup::default() }
}

/// A team.
pub fn team(raw: &RawValue) -> Mapped<Group<'_>> {
    let it: wire::Team = serde_json::from_str(raw.get())?;
    Ok(Group {
        id: it.id,
        name: filled(it.name).or_else(|| filled(it.summary)),
        description: filled(it.description),
        group_type: Some("team".into()),
        organization: it.html_url.as_deref().and_then(subdomain).map(Text::from),
        ..Group::default()
    })
}

/// A member of a team: who it is, and the role there.
pub fn member(raw: &RawValue) -> Mapped<(String, Option<String>)> {
    let it: wire::Member = serde_json::from_str(raw.get())?;
    Ok((it.user.id.unwrap_or_default().into(), it.role.map(String::from)))
}

/// A role within a team, as a user holds it. It has no name of its own.
pub fn team_role(role: String, team: &str) -> UserRole<'static> {
    UserRole {
        id: Some(role.clone().into()),
        name: Some(role.into()),
        group: Some(team.to_owned().into()),
        ..UserRole::default()
    }
}

/// A membership with its team role. PagerDuty gives it no id: `<team>:<user>`.
pub fn assignment_in_team(team: &str, raw: &RawValue) -> Mapped<RoleAssignment<'static>> {
    let (user, role) = member(raw)?;
    Ok(RoleAssignment {
        id: format!("{team}:{user}").into(),
        user_id: Some(user.into()),
        group_id: Some(team.to_owned().into()),
        group_type: Some("team".into()),
        role_id: role.map(Text::from),
        remote_data: Some(raw.to_owned().into()),
        ..RoleAssignment::default()
    })
}

/// A user's base role. PagerDuty gives it no id; the user's will do, since there is one a user.
pub fn assignment_of_base_role(raw: &RawValue) -> Mapped<RoleAssignment<'_>> {
    let it: wire::User = serde_json::from_str(raw.get())?;
    Ok(RoleAssignment {
        id: it.id.clone(),
        user_id: Some(it.id),
        role_id: it.role,
        remote_data: without_calendars(raw)?,
        ..RoleAssignment::default()
    })
}

/// A licence. PagerDuty shows how many are given and how many are left, or none where there is no end of it.
pub fn license(raw: &RawValue) -> Mapped<License<'_>> {
    let it: wire::License = serde_json::from_str(raw.get())?;
    let role = |id: Text<'static>| LicenseRole { name: Some(role_name(&id)), id: Some(id) };
    Ok(License {
        id: it.id.into(),
        name: filled(it.name.map(Text::from)),
        description: filled(it.description.map(Text::from)),
        available_quantity: it
            .allocations_available
            .zip(it.current_value)
            .map(|(left, given)| left.saturating_add_unsigned(given).into()),
        assigned_quantity: it.current_value.map(Into::into),
        roles: it.valid_roles.map(|roles| roles.into_iter().map(Text::from).map(role).collect()),
        ..License::default()
    })
}

/// The licence as a user has it, and what sort it is.
pub fn user_license(it: wire::License) -> (UserLicense<'static>, Option<Text<'static>>) {
    let name = filled(it.name.map(Text::from));
    (UserLicense { id: Some(it.id.into()), name, ..UserLicense::default() }, it.role_group.map(Text::from))
}

/// Name of the report of who holds which seat.
pub const LICENSES: &str = "licenses";

/// What the report has of each seat that is held.
pub const SEAT_COLUMNS: &[(&str, &str)] = &[
    ("user_id", "who holds it"),
    ("license_id", "the licence"),
    ("license", "its name"),
    ("role_group", "what sort it is, in PagerDuty's word"),
    ("allocated_at", "since when"),
];

/// A seat that is held, in the order of the columns.
pub fn seat(raw: &RawValue) -> Mapped<Vec<Value>> {
    let it: wire::Allocation = serde_json::from_str(raw.get())?;
    let since = time(it.allocated_at).map(|since| since.to_string());
    let license = it.license;
    let row = [it.user.id.map(String::from), Some(license.id), license.name, license.role_group, since];
    Ok(row.into_iter().map(Value::from).collect())
}

/// The account, by its subdomain.
pub fn organization(subdomain: String) -> Organization<'static> {
    let name = Text::from(subdomain);
    Organization { id: name.clone(), name: Some(name), ..Organization::default() }
}

/// A record of the audit trail.
pub fn audit_record(raw: &RawValue) -> Mapped<Activity<'_>> {
    let it: wire::AuditRecord = serde_json::from_str(raw.get())?;
    let actor = it.actors.into_iter().flatten().next();
    let (entity, kind) = it.root_resource.map_or((None, None), |root| (root.id, root.r#type));
    let kind = kind.map(|kind| kind.strip_suffix("_reference").unwrap_or(&kind).to_owned());
    Ok(Activity {
        id: it.id,
        actor: actor.map(|actor| mapping::actor(actor.r#type.as_deref() == Some("user_reference"), actor.id)),
        action: it.action.map(|word| action(word, kind.as_deref())),
        entity,
        entity_type: kind.map(Text::from),
        context: Some(Context {
            ip_address: it.execution_context.and_then(|context| context.remote_address),
            authentication_method: it.method.and_then(|method| method.r#type),
            ..Context::default()
        }),
        created_at: time(it.execution_time),
        ..Activity::default()
    })
}

/// PagerDuty's word and the kind of thing it was done to, with the unified word for both.
pub const ACTIONS: &[(&str, Option<&str>, &str)] = &[
    ("create", Some("user"), "user_created"),
    ("update", Some("user"), "user_updated"),
    ("delete", Some("user"), "user_deleted"),
    ("create", None, "create"),
    ("update", None, "updated"),
    ("delete", None, "destroy"),
];

fn action<'a>(word: Text<'a>, kind: Option<&str>) -> Action<'a> {
    let fits = |row: &&(&str, Option<&str>, &str)| word == *row.0 && (row.1.is_none() || row.1 == kind);
    match ACTIONS.iter().find(fits) {
        Some((.., unified)) => Action::from(*unified),
        None => word.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_bare_user_is_enough_and_unknown_words_pass() {
        let user = user(raw(r#"{"id": "P1", "role": "night_watch", "new_field": [{}]}"#)).unwrap();
        let role = &user.roles.unwrap()[0];
        assert_eq!((role.id.as_deref(), role.name.as_deref()), (Some("night_watch"), Some("night_watch")));
        assert_eq!((user.user_type, user.groups, user.emails), (None, None, Some(vec![])));
        assert_eq!(user.phones, None, "unknown, not none");
    }

    #[test]
    fn references_do_not_tell_the_numbers() {
        let phones = |user: &'static str| super::user(raw(user)).unwrap().phones;
        assert_eq!(phones(r#"{"id": "P1", "contact_methods": []}"#), Some(vec![]));
        let reference = r#"{"id": "P1", "contact_methods": [{"type": "phone_contact_method_reference"}]}"#;
        assert_eq!(phones(reference), None);
    }

    #[test]
    fn addresses_and_numbers_are_shown_once() {
        let user = user(raw(r#"{"id": "P1", "email": "maya@example.com", "contact_methods": [
                {"type": "email_contact_method", "label": "Default", "address": "Maya@example.com"},
                {"type": "email_contact_method", "label": "Home", "address": "m@example.org"},
                {"type": "phone_contact_method", "label": "Mobile", "country_code": 1, "address": "5550100"},
                {"type": "sms_contact_method", "label": "Texts", "country_code": "1", "address": "5550100"},
                {"type": "sms_contact_method", "label": "Old", "country_code": null, "address": "5550199"},
                {"type": "push_notification_contact_method", "label": "Phone", "address": "token"}]}"#))
        .unwrap();
        let emails: Vec<_> = user.emails.iter().flatten().map(|email| email.email.as_deref().unwrap()).collect();
        assert_eq!(emails, ["maya@example.com", "m@example.org"]);
        let phones: Vec<_> = user.phones.iter().flatten().map(|phone| phone.number.as_deref().unwrap()).collect();
        assert_eq!(phones, ["+15550100", "5550199"]);
    }

    #[test]
    fn the_addresses_of_a_calendar_stay_out() {
        let body = r#"{"id": "P1", "http_cal_url": "https://x/private/s3cret", "web_cal_url": "webcal://x", "n": 1}"#;
        assert_eq!(user(raw(body)).unwrap().remote_data.unwrap().get(), r#"{"id":"P1","n":1}"#);
        assert_eq!(user(raw(r#"{"id": "P1"}"#)).unwrap().remote_data, None, "core keeps the vendor's own bytes");
    }

    #[test]
    fn the_account_is_found_in_an_address() {
        for (url, name) in [
            ("https://acme.pagerduty.com/users/P1", Some("acme")),
            ("https://acme.eu.pagerduty.com/teams/P1", Some("acme")),
            ("acme.pagerduty.com", None),
            ("https:///users", None),
        ] {
            assert_eq!(subdomain(url).as_deref(), name, "{url}");
        }
    }

    #[test]
    fn every_base_role_has_its_licence_group() {
        let groups: Vec<_> = BASE_ROLES.iter().filter_map(|(id, _)| role_group(id)).collect();
        assert_eq!(groups.len(), 8);
        assert_eq!(groups.iter().filter(|group| **group == "Stakeholder").count(), 2);
    }

    #[test]
    fn actions_on_users_have_words_of_their_own() {
        let of = |word: &'static str, kind| action(word.into(), kind).as_str().to_owned();
        assert_eq!(of("delete", Some("user")), "user_deleted");
        assert_eq!(of("delete", Some("team")), "destroy");
        assert_eq!(of("archive", Some("user")), "archive");
    }
}
