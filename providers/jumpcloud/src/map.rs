//! From JumpCloud's JSON to the unified schema: pure functions, no calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;
use userdir_core::Mapped;
use userdir_core::mapping::{self, filled, full_name, time};
use userdir_schema::{
    Activity, Actor, Context, Email, Group, IntoOwned, License, Organization, OrganizationLicense, Phone, Role, Status,
    Text, User, UserOrganization, UserRole,
};

use crate::administrators::{Catalogue, Held, held};
use crate::wire;

/// A mapping of users that knows the roles.
pub fn users(roles: Arc<Catalogue>) -> impl for<'a> Fn(&'a RawValue) -> Mapped<User<'a>> + Send + Sync + 'static {
    move |raw| user(raw, &roles)
}

/// A mapping of administrators that knows the roles.
pub fn administrators(
    roles: Arc<Catalogue>,
) -> impl for<'a> Fn(&'a RawValue) -> Mapped<User<'a>> + Send + Sync + 'static {
    move |raw| administrator(raw, &roles)
}

/// A directory user, with the roles of the administrator that is linked.
pub fn user<'a>(raw: &'a RawValue, roles: &Catalogue) -> Mapped<User<'a>> {
    let it: wire::SystemUser = serde_json::from_str(raw.get())?;
    let unix_uid = it.unix_uid.map(|uid| Text::from(uid.to_string()));
    let identifiers: BTreeMap<_, _> = [
        ("username", &it.username),
        ("employeeIdentifier", &it.employee_identifier),
        ("managedAppleId", &it.managed_apple_id),
        ("unix_uid", &unix_uid),
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
    let phones = it.phone_numbers.into_iter().flatten().filter(|phone| phone.number.is_some());
    let organization = filled(it.organization);
    let held = it.admin.map_or_else(Vec::new, |admin| roles.of_names(&admin.role_names, &admin.role_name));
    Ok(User {
        id: it._id.or(it.id).unwrap_or_default(),
        external_id: filled(it.external_dn).filter(|_| it.externally_managed == Some(true)),
        name: filled(it.displayname).or_else(|| full_name(&it.firstname, &it.lastname)).or_else(|| it.username.clone()),
        username: it.username,
        first_name: filled(it.firstname),
        last_name: filled(it.lastname),
        title: filled(it.job_title),
        emails: Some(
            [
                email(it.email, "work", true),
                email(it.alternate_email, "alternate", false),
                email(it.recovery_email.and_then(|email| email.address), "recovery", false),
            ]
            .into_iter()
            .flatten()
            .collect(),
        ),
        phones: Some(
            phones.map(|it| Phone { number: it.number, r#type: filled(it.r#type), ..Phone::default() }).collect(),
        ),
        status: status(it.state, it.suspended, it.activated),
        is_2fa_enabled: any(&[
            it.mfa_enrollment.and_then(|mfa| mfa.overall_status).map(|word| word == "ENROLLED"),
            it.totp_enabled,
            it.mfa.and_then(|mfa| mfa.configured),
        ]),
        roles: Some(held.into_iter().map(|role| user_role(role, &organization)).collect()),
        organizations: organization.map(|id| vec![UserOrganization { id: Some(id), name: None }]),
        user_type: filled(it.employee_type),
        identifiers: Some(identifiers),
        bio: filled(it.description),
        created_at: time(it.created),
        status_changed_at: it.account_locked.filter(|locked| *locked).and_then(|_| time(it.account_locked_date)),
        ..User::default()
    })
}

/// The same, standing by itself, for users that another list named.
pub fn owned_user(raw: &RawValue, roles: &Catalogue) -> Mapped<User<'static>> {
    let remote_data = Some(raw.to_owned().into());
    Ok(User { remote_data, ..user(raw, roles)? }.into_owned())
}

/// An administrator of the console, who need not be a directory user.
pub fn administrator<'a>(raw: &'a RawValue, roles: &Catalogue) -> Mapped<User<'a>> {
    let it: wire::Administrator = serde_json::from_str(raw.get())?;
    let organization = filled(it.organization.clone());
    Ok(User {
        roles: Some(held(&it, roles).into_iter().map(|role| user_role(role, &organization)).collect()),
        id: it.id,
        name: full_name(&it.firstname, &it.lastname).or_else(|| it.email.clone()),
        username: it.email.clone(),
        first_name: filled(it.firstname),
        last_name: filled(it.lastname),
        emails: it
            .email
            .map(|email| vec![Email { email: Some(email), r#type: Some("work".into()), is_primary: Some(true) }]),
        status: it.suspended.map(|suspended| if suspended { Status::Inactive } else { Status::Active }),
        is_2fa_enabled: it.totp_enrolled,
        organizations: organization.map(|id| vec![UserOrganization { id: Some(id), name: None }]),
        timezone: filled(it.users_time_zone),
        created_at: time(it.created),
        ..User::default()
    })
}

/// A role that somebody holds, in the organization that the administrator is in.
pub fn user_role<'a>(role: Held, organization: &Option<Text<'a>>) -> UserRole<'a> {
    UserRole {
        id: role.id.map(Text::from),
        name: role.name.map(Text::from),
        organization: organization.clone(),
        ..UserRole::default()
    }
}

/// True where any is; unknown where none says.
fn any(signs: &[Option<bool>]) -> Option<bool> {
    signs.iter().any(Option::is_some).then(|| signs.contains(&Some(true)))
}

/// Older users have no state, only what it was made of.
fn status<'a>(state: Option<Text<'a>>, suspended: Option<bool>, activated: Option<bool>) -> Option<Status<'a>> {
    match (state, suspended, activated) {
        (Some(word), ..) => Some(match word.as_str() {
            "ACTIVATED" => Status::Active,
            "STAGED" => Status::Invited,
            "SUSPENDED" => Status::Inactive,
            _ => Status::Other(word),
        }),
        (None, Some(true), _) => Some(Status::Inactive),
        (None, _, Some(true)) => Some(Status::Active),
        (None, _, Some(false)) => Some(Status::Invited),
        (None, _, None) => None,
    }
}

/// The unified status that a word means, by its own name or by that of JumpCloud's state, in any case.
pub fn status_word(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().as_str() {
        "active" | "activated" => Some("active"),
        "invited" | "staged" => Some("invited"),
        "inactive" | "suspended" => Some("inactive"),
        "deleted" => Some("deleted"),
        _ => None,
    }
}

/// A user group.
pub fn group(raw: &RawValue) -> Mapped<Group<'_>> {
    let it: wire::Group = serde_json::from_str(raw.get())?;
    Ok(Group {
        id: it.id,
        name: it.name,
        description: filled(it.description),
        organization: filled(it.organization_object_id),
        group_type: Some("group".into()),
        ..Group::default()
    })
}

/// An administrator role.
pub fn role(raw: &RawValue) -> Mapped<Role<'_>> {
    let it: wire::Role = serde_json::from_str(raw.get())?;
    Ok(Role {
        id: it.id,
        name: it.name.clone(),
        label: it.name,
        description: filled(it.description),
        r#type: it.is_custom.map(|custom| if custom { "custom" } else { "standard" }.into()),
        ..Role::default()
    })
}

/// An organization, with the products of its plan where they are shown.
pub fn organization(raw: &RawValue) -> Mapped<Organization<'_>> {
    let it: wire::Organization = serde_json::from_str(raw.get())?;
    let products = it.entitlement.and_then(|entitlement| entitlement.entitlement_products);
    let product = |raw: &RawValue| -> Mapped<OrganizationLicense<'static>> {
        let product = license(raw)?;
        Ok(OrganizationLicense { id: Some(product.id), name: product.name })
    };
    Ok(Organization {
        id: it.id,
        name: it.display_name,
        licenses: products.map(|products| products.into_iter().map(product).collect::<Mapped<_>>()).transpose()?,
        created_at: time(it.created),
        ..Organization::default()
    })
}

/// A product of the organization's plan.
pub fn license(raw: &RawValue) -> Mapped<License<'static>> {
    let it: wire::Product = serde_json::from_str(raw.get())?;
    let remote_data = Some(raw.to_owned().into());
    Ok(License { id: it.product_code, name: it.name, remote_data, ..License::default() }.into_owned())
}

/// An event of Directory Insights. JumpCloud's own word stays where there is no unified one.
pub fn event(raw: &RawValue) -> Mapped<Activity<'_>> {
    let it: wire::Event = serde_json::from_str(raw.get())?;
    let (entity, entity_type) = it.resource.map_or((None, None), |resource| (resource.id, resource.r#type));
    let success = it.success;
    Ok(Activity {
        id: it.id,
        actor: it.initiated_by.map(actor),
        organization: filled(it.organization),
        action: it.event_type.map(|word| match action(&word, success) {
            Some(unified) => unified.into(),
            None => word.into(),
        }),
        entity,
        entity_type,
        context: Some(Context {
            ip_address: filled(it.client_ip),
            user_agent: it.useragent.or(it.user_agent).and_then(|agent| filled(agent.name)),
            authentication_method: filled(it.auth_method),
        }),
        created_at: time(it.timestamp),
        ..Activity::default()
    })
}

/// Administrators and users are people; anything else is JumpCloud or a program.
fn actor(party: wire::Party<'_>) -> Actor<'_> {
    let is_person = party.r#type.as_deref().is_some_and(|kind| matches!(kind, "admin" | "user" | "systemuser"));
    mapping::actor(is_person, party.id)
}

/// The unified word for an event type; none where there is none.
fn action(event_type: &str, success: Option<bool>) -> Option<&'static str> {
    match (event_type, success) {
        ("user_create", _) => Some("user_created"),
        ("user_update", _) => Some("user_updated"),
        ("user_delete", _) => Some("user_deleted"),
        ("user_suspended", _) => Some("user_deactivated"),
        ("user_login_attempt" | "admin_login_attempt", Some(true)) => Some("login"),
        ("user_login_attempt" | "admin_login_attempt", Some(false)) => Some("login_failed"),
        _ => None,
    }
}

/// The event types of a unified action; another word is taken as JumpCloud's own. JumpCloud keeps the values of events in
/// lower case.
pub fn event_types(action: &str) -> Vec<String> {
    let action = action.to_lowercase();
    let words: &[&str] = match action.as_str() {
        "user_created" => &["user_create"],
        "user_updated" => &["user_update"],
        "user_deleted" => &["user_delete"],
        "user_deactivated" => &["user_suspended"],
        "login" | "login_failed" => &["user_login_attempt", "admin_login_attempt"],
        _ => return vec![action],
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The words under which events of a type, or of a unified action, are shown.
pub fn shown_actions(word: &str) -> Vec<String> {
    let both = [action(word, Some(true)), action(word, Some(false))];
    let mut shown: Vec<String> = both.into_iter().flatten().map(str::to_owned).collect();
    // an attempt that does not say how it ended keeps its own word
    shown.push(word.to_owned());
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    fn bare(json: &str) -> User<'_> {
        user(raw(json), &Catalogue::default()).unwrap()
    }

    #[test]
    fn a_bare_user_is_enough_and_unknown_words_pass() {
        let user = bare(r#"{"id": "5f1", "state": "FROZEN", "admin": null, "newField": {"x": []}}"#);
        assert_eq!((user.id.as_str(), user.status), ("5f1", Some(Status::Other("FROZEN".into()))));
        assert_eq!((user.emails, user.roles, user.is_2fa_enabled), (Some(vec![]), Some(vec![]), None));
    }

    #[test]
    fn a_user_without_a_state_has_what_it_was_made_of() {
        let status = |json: &str| bare(json).status.map(|status| status.as_str().to_owned());
        let cases = [
            (r#"{"_id": "5f1", "suspended": true, "activated": true}"#, Some("inactive")),
            (r#"{"_id": "5f1", "suspended": false, "activated": true}"#, Some("active")),
            (r#"{"_id": "5f1", "suspended": false, "activated": false}"#, Some("invited")),
            (r#"{"_id": "5f1"}"#, None),
        ];
        for (json, expected) in cases {
            assert_eq!(status(json).as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn services_name_the_user_agent_in_two_ways() {
        for json in [
            r#"{"id": "e1", "useragent": {"name": "Chrome"}}"#,
            r#"{"id": "e1", "user_agent": {"name": "Chrome"}}"#,
            r#"{"id": "e1", "useragent": {"name": "Chrome"}, "user_agent": {"name": "Firefox"}}"#,
        ] {
            assert_eq!(event(raw(json)).unwrap().context.unwrap().user_agent.as_deref(), Some("Chrome"), "{json}");
        }
    }

    #[test]
    fn every_status_maps_there_and_back() {
        for state in ["ACTIVATED", "STAGED", "SUSPENDED"] {
            let unified = status(Some(state.into()), None, None).unwrap();
            assert_eq!(status_word(state), Some(unified.as_str()));
            assert_eq!(status_word(unified.as_str()), Some(unified.as_str()));
        }
        assert_eq!((status_word("Inactive"), status_word("FROZEN")), (Some("inactive"), None));
    }

    #[test]
    fn every_action_maps_there_and_back() {
        for unified in ["user_created", "user_updated", "user_deleted", "user_deactivated", "login", "login_failed"] {
            for kind in event_types(unified) {
                assert!(shown_actions(&kind).contains(&unified.to_owned()), "{kind}");
            }
        }
        assert_eq!(event_types("GROUP_CREATE"), ["group_create"]);
        assert_eq!(event_types("Login"), event_types("login"));
        assert_eq!(shown_actions("group_create"), ["group_create"]);
    }
}
