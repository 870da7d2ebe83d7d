//! From what a user holds to the unified schema: pure functions, no calls. Users and groups are core's
//! ([`userdir_core::scim`]).

use serde_json::value::RawValue;
use userdir_core::Mapped;
use userdir_core::mapping::filled;
use userdir_core::scim::wire::Item;
use userdir_schema::{IntoOwned, License, Role, RoleAssignment};

/// A role, as a user holds it; none of an item without a value.
pub fn role(raw: &RawValue) -> Mapped<Option<Role<'static>>> {
    let it: Item = serde_json::from_str(raw.get())?;
    let kind = filled(it.r#type.clone());
    Ok(it.named().map(|(id, name)| {
        Role { id, label: Some(name.clone()), name: Some(name), r#type: kind, ..Role::default() }.into_owned()
    }))
}

/// An entitlement, standing for a licence.
pub fn license(raw: &RawValue) -> Mapped<Option<License<'static>>> {
    let it: Item = serde_json::from_str(raw.get())?;
    Ok(it.named().map(|(id, name)| License { id, name: Some(name), ..License::default() }.into_owned()))
}

/// That a user holds a role; the id is made of both.
pub fn role_assignment(user: &str, raw: &RawValue) -> Mapped<Option<RoleAssignment<'static>>> {
    let it: Item = serde_json::from_str(raw.get())?;
    Ok(it.named().map(|(role, _)| RoleAssignment {
        id: format!("{user}:{role}").into(),
        user_id: Some(user.to_owned().into()),
        role_id: Some(role.into_owned()),
        // old servers have plain words, which say no more
        remote_data: raw.get().starts_with('{').then(|| raw.to_owned().into()),
        ..RoleAssignment::default()
    }))
}
