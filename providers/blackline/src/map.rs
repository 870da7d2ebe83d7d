//! From BlackLine's JSON to the unified schema: pure functions, no calls.

use serde_json::value::RawValue;
use userdir_core::Mapped;
use userdir_core::mapping::{filled, time};
use userdir_core::page::MapItem;
use userdir_schema::{
    Email, Group, IntoOwned, License, Organization, Phone, Role, RoleAssignment, Status, Text, Unified, User,
    UserGroup, UserLicense, UserOrganization, UserRole, UserWorkspace, Workspace,
};

use crate::pairs::Pair;
use crate::{assumed, wire};

/// A user as lists and gets show it; roles, products, teams and entities cost calls of their own.
pub fn user(raw: &RawValue) -> Mapped<User<'_>> {
    let it: wire::User = serde_json::from_str(raw.get())?;
    let email = |email| Email { email: Some(email), is_primary: Some(true), ..Email::default() };
    let phone = |number| Phone { number: Some(number), ..Phone::default() };
    Ok(User {
        id: it.id.into(),
        username: filled(it.login_id),
        first_name: filled(it.first_name),
        last_name: filled(it.last_name),
        name: filled(it.full_name),
        emails: Some(filled(it.email).map(email).into_iter().collect()),
        phones: Some(filled(it.phone_number).map(phone).into_iter().collect()),
        title: filled(it.job_title),
        status: it.is_active.map(|active| if active { Status::Active } else { Status::Inactive }),
        timezone: it.time_zone_id.map(Text::from),
        updated_at: time(it.last_updated),
        ..User::default()
    })
}

/// What `map` makes, standing by itself, with BlackLine's own object.
pub fn own<T, F>(raw: &RawValue, map: &F) -> Mapped<T>
where
    T: Unified,
    // says which `T` it is; a mapping is a function for every lifetime
    F: Fn(&'static RawValue) -> Mapped<T> + MapItem<T>,
{
    let mut shown = map.map(raw)?;
    T::set_remote_data(&mut shown, Some(raw.into()));
    Ok(shown.into_owned())
}

/// The id of whatever has one.
pub fn id(raw: &RawValue) -> Mapped<String> {
    Ok(Text::from(serde_json::from_str::<wire::Named>(raw.get())?.id).into())
}

/// A team.
pub fn team(raw: &RawValue) -> Mapped<Group<'_>> {
    let it: wire::Named = serde_json::from_str(raw.get())?;
    Ok(Group { id: it.id.into(), name: it.name, group_type: Some("team".into()), ..Group::default() })
}

/// A team as a user is in it.
pub fn user_team(raw: &RawValue) -> Mapped<UserGroup<'static>> {
    let team = team(raw)?;
    Ok(UserGroup { id: Some(team.id), name: team.name, ..UserGroup::default() }.into_owned())
}

/// A role.
pub fn role(raw: &RawValue) -> Mapped<Role<'_>> {
    let it: wire::Named = serde_json::from_str(raw.get())?;
    Ok(Role { id: it.id.into(), name: it.name.clone(), label: it.name, ..Role::default() })
}

/// An entity of the account hierarchy, which stands for a workspace.
pub fn entity(raw: &RawValue) -> Mapped<Workspace<'_>> {
    let it: wire::Named = serde_json::from_str(raw.get())?;
    Ok(Workspace { id: it.id.into(), name: it.name, ..Workspace::default() })
}

/// An entity as a user has it.
pub fn user_entity(raw: &RawValue) -> Mapped<UserWorkspace<'static>> {
    let entity = entity(raw)?;
    Ok(UserWorkspace { id: Some(entity.id), name: entity.name }.into_owned())
}

/// A role with the product that it is held in.
pub fn pair(raw: &RawValue) -> Mapped<Pair> {
    let it: assumed::HeldPair = serde_json::from_str(raw.get())?;
    Ok(Pair { role: Text::from(it.role_id).into(), product: Text::from(it.product_id).into() })
}

/// A pair as a user holds it; the product stands in `organization`.
pub fn user_role(pair: &Pair, name: Option<Text<'static>>) -> UserRole<'static> {
    UserRole {
        id: Some(pair.role.clone().into()),
        name,
        organization: Some(pair.product.clone().into()),
        ..UserRole::default()
    }
}

/// A pair as an assignment. BlackLine has no ids for them, so they are put together.
pub fn assignment(user: &str, pair: &Pair) -> RoleAssignment<'static> {
    RoleAssignment {
        id: format!("{user}:{}:{}", pair.role, pair.product).into(),
        user_id: Some(user.to_owned().into()),
        role_id: Some(pair.role.clone().into()),
        group_id: Some(pair.product.clone().into()),
        group_type: Some("product".into()),
        ..RoleAssignment::default()
    }
}

/// A product as a licence. Nothing but its id is known.
pub fn license(product: &str) -> License<'static> {
    License { id: product.to_owned().into(), ..License::default() }
}

/// A product as an organization, so that what a user shows can be given back to the role actions.
pub fn organization(product: &str) -> Organization<'static> {
    Organization { id: product.to_owned().into(), ..Organization::default() }
}

/// A product as a user's licence.
pub fn user_license(product: &str) -> UserLicense<'static> {
    UserLicense { id: Some(product.to_owned().into()), ..UserLicense::default() }
}

/// A product as a user's organization.
pub fn user_organization(product: &str) -> UserOrganization<'static> {
    UserOrganization { id: Some(product.to_owned().into()), name: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_bare_user_is_enough() {
        let user = user(raw(r#"{"id": 728, "isActive": null, "newField": {"x": []}}"#)).unwrap();
        assert_eq!((user.id.as_str(), user.status, user.name), ("728", None, None));
        assert_eq!((user.emails, user.phones), (Some(vec![]), Some(vec![])));
    }

    #[test]
    fn ids_are_numbers_or_texts() {
        for json in [r#"{"roleId": 3, "productId": "12"}"#, r#"{"roleId": "3", "productId": 12}"#] {
            assert_eq!(pair(raw(json)).unwrap(), Pair { role: "3".into(), product: "12".into() });
        }
        assert!(pair(raw(r#"{"roleId": 3}"#)).is_err(), "a pair without its product cannot be taken away");
    }
}
