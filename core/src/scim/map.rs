//! From SCIM's JSON to the unified schema: pure functions, no calls.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use userdir_schema::{
    Email, Group, Phone, Status, Text, Url, User, UserGroup, UserLicense, UserOrganization, UserRole,
};

use super::wire::{self, Item, Many, Word};
use crate::mapping::{filled, full_name, time};
use crate::page::Mapped;

fn word(word: Option<Word<'_>>) -> Option<Text<'_>> {
    filled(word.map(|word| word.0))
}

/// A user. Lists that are left out are empty, by RFC 7643 §2.5; all but `groups`, which many servers never fill.
pub fn user(raw: &RawValue) -> Mapped<User<'_>> {
    let it: wire::User = serde_json::from_str(raw.get())?;
    let name = it.name.unwrap_or_default();
    let (first_name, last_name) = (filled(name.given_name), filled(name.family_name));
    let (username, external_id) = (word(it.user_name), word(it.external_id));
    let (employee_number, organization) =
        it.enterprise.map_or((None, None), |it| (word(it.employee_number), filled(it.organization)));
    let identifiers: BTreeMap<_, _> = [("employeeNumber", employee_number), ("externalId", external_id.clone())]
        .into_iter()
        .filter_map(|(name, value)| Some((Text::from(name), value?)))
        .collect();
    let (created_at, updated_at) = it.meta.map_or((None, None), |meta| (time(meta.created), time(meta.last_modified)));
    Ok(User {
        id: it.id.0,
        name: filled(it.display_name).or(filled(name.formatted)).or_else(|| full_name(&first_name, &last_name)),
        emails: Some(emails(it.emails, username.as_ref())),
        phones: Some(it.phone_numbers.0.into_iter().filter_map(phone).collect()),
        status: Some(status(it.active)),
        roles: Some(each(it.roles, |id, name| UserRole { id: Some(id), name: Some(name), ..UserRole::default() })),
        licenses: Some(each(it.entitlements, |id, name| UserLicense {
            id: Some(id),
            name: Some(name),
            ..UserLicense::default()
        })),
        groups: it.groups.map(|groups| {
            each(groups, |id, name| UserGroup { id: Some(id), name: Some(name), ..UserGroup::default() })
        }),
        organizations: Some(
            organization
                .map(|name| UserOrganization { id: Some(name.clone()), name: Some(name) })
                .into_iter()
                .collect(),
        ),
        avatar: avatar(it.photos),
        languages: filled(it.preferred_language).map(languages),
        urls: filled(it.profile_url).map(|url| vec![Url { url: Some(url), r#type: Some("profile".into()) }]),
        title: filled(it.title),
        user_type: filled(it.user_type),
        timezone: filled(it.timezone),
        identifiers: Some(identifiers),
        username,
        external_id,
        first_name,
        last_name,
        created_at,
        updated_at,
        ..User::default()
    })
}

/// SCIM knows no other word than `active`; a server that leaves it out is taken to mean that the user is.
fn status(active: Option<Word<'_>>) -> Status<'static> {
    if active.is_none_or(|word| word.is_true()) { Status::Active } else { Status::Inactive }
}

/// The addresses; of a user without one (Airtable) the login name, where it looks like an address.
fn emails<'a>(items: Many<Item<'a>>, username: Option<&Text<'a>>) -> Vec<Email<'a>> {
    let emails: Vec<Email> = items
        .0
        .into_iter()
        .filter_map(|it| {
            Some(Email { email: Some(filled(it.value)?), r#type: filled(it.r#type), is_primary: it.primary })
        })
        .collect();
    match username {
        Some(name) if emails.is_empty() && is_address(name) => {
            vec![Email { email: Some(name.clone()), r#type: None, is_primary: Some(true) }]
        }
        _ => emails,
    }
}

/// Whether a login name looks like an e-mail address.
pub fn is_address(name: &str) -> bool {
    let parts = name.split_once('@');
    parts.is_some_and(|(own, host)| !own.is_empty() && host.contains('.') && !name.contains(char::is_whitespace))
}

/// A number, without the `tel:` of RFC 3966 and with its extension apart.
fn phone(item: Item<'_>) -> Option<Phone<'_>> {
    let value = filled(item.value)?;
    let bare = value.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("tel:")).map_or(0, str::len);
    let mut parts = value.get(bare..).unwrap_or_default().split(';');
    let number = parts.next().unwrap_or_default();
    let extension = parts.find_map(|part| part.strip_prefix("ext=")).map(|digits| Text::from(digits.to_owned()));
    let number = if number.len() == value.len() { value } else { Text::from(number.to_owned()) };
    Some(Phone { number: Some(number), extension, r#type: filled(item.r#type) })
}

/// The picture of type `photo`, else `thumbnail`, else the first.
fn avatar(photos: Many<Item<'_>>) -> Option<Text<'_>> {
    let is = |item: &Item<'_>, kind: &str| item.r#type.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(kind));
    let rank = |item: &Item<'_>| [!is(item, "photo"), !is(item, "thumbnail")];
    photos.0.into_iter().filter(|it| it.value.is_some()).min_by_key(rank).and_then(|it| filled(it.value))
}

/// The languages of an `Accept-Language` list, without their weights.
fn languages(list: Text<'_>) -> Vec<Text<'_>> {
    if !list.contains([',', ';']) {
        return vec![list];
    }
    let languages = list.split(',').filter_map(|part| part.split(';').next()).map(str::trim);
    languages.filter(|word| !word.is_empty() && *word != "*").map(|word| word.to_owned().into()).collect()
}

/// What is held: by its `value`, and named by its `display` or the value once more.
fn each<'a, R>(items: Many<Item<'a>>, make: impl Fn(Text<'a>, Text<'a>) -> R) -> Vec<R> {
    items.0.into_iter().filter_map(|it| it.named().map(|(id, name)| make(id, name))).collect()
}

/// A group.
pub fn group(raw: &RawValue) -> Mapped<Group<'_>> {
    let it: wire::Group = serde_json::from_str(raw.get())?;
    let (created_at, updated_at) = it.meta.map_or((None, None), |meta| (time(meta.created), time(meta.last_modified)));
    Ok(Group {
        id: it.id.0,
        name: filled(it.display_name),
        group_type: Some("group".into()),
        created_at,
        updated_at,
        ..Group::default()
    })
}

/// A member of a group, as far as the group tells: id and name. A group in the group has its `type` as `user_type`.
pub fn member(raw: &RawValue) -> Mapped<User<'_>> {
    let it: Item = serde_json::from_str(raw.get())?;
    let user_type = it.r#type.clone().filter(|kind| kind.eq_ignore_ascii_case("Group"));
    let (id, name) = (it.value.unwrap_or_default(), filled(it.display));
    Ok(User { id, name, user_type, ..User::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_bare_user_is_enough() {
        let user =
            user(raw(r#"{"id": 17, "emails": null, "externalId": "", "groups": null, "x": {"y": []}}"#)).unwrap();
        assert_eq!(user.id, "17");
        assert_eq!(user.status, Some(Status::Active), "`active` left out");
        assert_eq!((user.emails, user.external_id, user.groups), (Some(vec![]), None, None));
    }

    #[test]
    fn lists_come_in_odd_shapes() {
        let user = user(raw(
            r#"{"id": "u1", "active": "False", "emails": {"value": "a@example.com", "primary": "true"},
                "roles": ["admin", {"value": "viewer", "display": "Viewer"}, null], "groups": [{"value": {"value": "g1"}}]}"#,
        ))
        .unwrap();
        assert_eq!(user.status, Some(Status::Inactive));
        let email = user.emails.unwrap().remove(0);
        assert_eq!((email.email.unwrap().as_str(), email.is_primary), ("a@example.com", Some(true)));
        let roles: Vec<String> = user.roles.unwrap().into_iter().map(|it| it.name.unwrap().to_string()).collect();
        assert_eq!(roles, ["admin", "Viewer"]);
        assert_eq!(user.groups.unwrap()[0].id.as_deref(), Some("g1"));
    }

    #[test]
    fn a_login_name_that_is_an_address_stands_in() {
        let addresses = |name: &str| -> Vec<String> {
            let json = format!(r#"{{"id": "u1", "userName": "{name}", "emails": []}}"#);
            let emails = user(raw(&json)).unwrap().emails.unwrap();
            emails.into_iter().map(|it| it.email.unwrap().to_string()).collect()
        };
        assert_eq!(addresses("maya@example.com"), ["maya@example.com"]);
        assert!(addresses("maya").is_empty() && addresses("maya@host").is_empty());
    }

    #[test]
    fn phones_lose_their_scheme_and_keep_their_extension() {
        let phone = |value: &str| {
            let phone = phone(Item { value: Some(value.to_owned().into()), ..Item::default() }).unwrap();
            (phone.number.unwrap().to_string(), phone.extension.map(|it| it.to_string()))
        };
        assert_eq!(phone("tel:+1-201-555-0123;ext=12"), ("+1-201-555-0123".into(), Some("12".into())));
        assert_eq!(phone("555 0123"), ("555 0123".into(), None));
        assert_eq!(phone("TEL:1"), ("1".into(), None));
    }

    #[test]
    fn languages_are_told_apart() {
        let list = |text: &'static str| languages(text.into()).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(list("en-US"), ["en-US"]);
        assert_eq!(list("de-CH, de;q=0.9, *;q=0.1"), ["de-CH", "de"]);
    }

    #[test]
    fn the_photo_is_taken_before_the_thumbnail() {
        let avatar = |photos: &str| {
            let json = format!(r#"{{"id": "u1", "photos": {photos}}}"#);
            user(raw(&json)).unwrap().avatar.unwrap().to_string()
        };
        let both = r#"[{"value": "t", "type": "thumbnail"}, {"value": "p", "type": "photo"}]"#;
        assert_eq!(avatar(both), "p");
        assert_eq!(avatar(r#"[{"value": "x"}, {"value": "t", "type": "thumbnail"}]"#), "t");
        assert_eq!(avatar(r#"[{"value": "x"}, {"value": "y"}]"#), "x");
    }

    #[test]
    fn members_are_read_in_every_spelling() {
        let read = |json: &str| {
            let member = member(raw(json)).unwrap();
            (member.id.to_string(), member.name.map(|name| name.to_string()))
        };
        assert_eq!(read(r#"{"value": "u1", "display": "Maya"}"#), ("u1".into(), Some("Maya".into())));
        assert_eq!(read(r#"{"value": {"value": "u1"}}"#), ("u1".into(), None));
        assert_eq!(read(r#"{"$+ref": "https://h/Users/u1", "displayName": "M"}"#), ("u1".into(), Some("M".into())));
        assert_eq!(read(r#""u1""#), ("u1".into(), None));
    }
}
