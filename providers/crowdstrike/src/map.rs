//! From Falcon's JSON to the unified schema: pure functions, no calls.

use serde_json::value::RawValue;
use userdir_core::Mapped;
use userdir_core::mapping::{filled, full_name, time};
use userdir_schema::{
    Email, Group, Organization, Role, RoleAssignment, Status, Text, User, UserGroup, UserOrganization, UserRole,
    UserWorkspace, Workspace,
};

use crate::wire;

/// A user as lists and gets show it; roles and groups cost calls of their own.
pub fn user(raw: &RawValue) -> Mapped<User<'_>> {
    let it: wire::User = serde_json::from_str(raw.get())?;
    let (first_name, last_name) = (filled(it.first_name), filled(it.last_name));
    let name = full_name(&first_name, &last_name).or_else(|| it.uid.clone());
    // a login that is no address says nothing of addresses
    let address = it.uid.clone().filter(|uid| uid.contains('@'));
    Ok(User {
        id: it.uuid,
        name,
        first_name,
        last_name,
        username: it.uid,
        emails: address.map(|address| vec![Email { email: Some(address), is_primary: Some(true), ..Email::default() }]),
        status: it.status.map(status),
        is_2fa_enabled: it.factors.map(|factors| !factors.is_empty()),
        user_type: filled(it.user_type),
        organizations: it.cid.clone().map(|cid| vec![UserOrganization { id: Some(cid), name: None }]),
        workspaces: it.cid.map(|cid| vec![UserWorkspace { id: Some(cid), name: None }]),
        created_at: time(it.created_at),
        updated_at: time(it.updated_at),
        last_login_at: time(it.last_login_at),
        activated_at: time(it.access_granted_at),
        ..User::default()
    })
}

/// Falcon's `active` and `inactive` are the unified words; another one stays as it is.
fn status(word: Text<'_>) -> Status<'_> {
    match word.as_str() {
        "active" => Status::Active,
        "inactive" => Status::Inactive,
        _ => Status::Other(word),
    }
}

/// The home CID of a mapped user.
pub fn home(user: &User<'_>) -> Option<String> {
    Some(user.organizations.as_ref()?.first()?.id.as_ref()?.to_string())
}

/// A grant as a user holds it: `workspace` is the CID, `group` the Flight Control group it comes through.
pub fn user_role(grant: wire::Grant) -> UserRole<'static> {
    let group = grant.through().map(|group| group.to_owned().into());
    UserRole {
        id: Some(grant.role_id.into()),
        name: filled(grant.role_name.map(Text::from)),
        workspace: filled(grant.cid.map(Text::from)),
        group,
        organization: None,
    }
}

/// A group as a user is in it: Falcon tells its id alone.
pub fn user_group(id: String) -> UserGroup<'static> {
    UserGroup { id: Some(id.into()), ..UserGroup::default() }
}

/// A profile group. Its CID is the one that it is assigned anything at.
pub fn profile_group(raw: &RawValue) -> Mapped<Group<'_>> {
    let it: wire::ProfileGroup = serde_json::from_str(raw.get())?;
    Ok(Group {
        id: it.id,
        name: it.name,
        description: filled(it.description),
        organization: it.assignments.and_then(|assignments| assignments.into_keys().next()),
        group_type: Some("group".into()),
        created_at: time(it.created_at),
        updated_at: time(it.updated_at),
        ..Group::default()
    })
}

/// A user group of Flight Control.
pub fn flight_control_group(raw: &RawValue) -> Mapped<Group<'_>> {
    let it: wire::UserGroup = serde_json::from_str(raw.get())?;
    Ok(Group {
        id: it.user_group_id,
        name: it.name,
        description: filled(it.description),
        organization: filled(it.cid),
        group_type: Some("group".into()),
        ..Group::default()
    })
}

/// A role of the catalogue.
pub fn role(raw: &RawValue) -> Mapped<Role<'_>> {
    let it: wire::Role = serde_json::from_str(raw.get())?;
    Ok(Role {
        id: it.id,
        name: it.display_name,
        description: filled(it.description),
        r#type: filled(it.r#type),
        ..Role::default()
    })
}

/// A grant of a user. Falcon has no id for it; see `assignments.rs` for the one made here.
pub fn role_assignment(uuid: &str, asked_cid: Option<&str>, raw: &RawValue) -> Mapped<RoleAssignment<'static>> {
    let it: wire::Grant = serde_json::from_str(raw.get())?;
    let cid = it.cid.as_deref().filter(|cid| !cid.is_empty()).or(asked_cid);
    let group = it.through().map(|group| group.to_owned().into());
    Ok(RoleAssignment {
        id: crate::assignments::id(uuid, cid, &it).into(),
        user_id: Some(uuid.to_owned().into()),
        group_type: group.is_some().then(|| "group".into()),
        group_id: group,
        workspace: cid.map(|cid| vec![cid.to_owned().into()]),
        role_id: Some(it.role_id.into()),
        remote_data: Some(raw.to_owned().into()),
        ..RoleAssignment::default()
    })
}

/// A child of a Flight Control parent, as a workspace.
pub fn workspace(raw: &RawValue) -> Mapped<Workspace<'_>> {
    let it: wire::Child = serde_json::from_str(raw.get())?;
    Ok(Workspace { id: it.child_cid, name: filled(it.name), status: it.status.map(Into::into), ..Workspace::default() })
}

/// The same as an organization.
pub fn organization(raw: &RawValue) -> Mapped<Organization<'_>> {
    let it: wire::Child = serde_json::from_str(raw.get())?;
    Ok(Organization { id: it.child_cid, name: filled(it.name), ..Organization::default() })
}

#[cfg(test)]
mod tests {
    use userdir_schema::IntoOwned;

    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_user_of_which_nothing_but_the_id_is_shown() {
        let shown = user(raw(r#"{"uuid": "u1"}"#)).unwrap();
        assert_eq!(shown.into_owned(), User { id: "u1".into(), ..User::default() });
    }

    #[test]
    fn a_login_that_is_no_address_is_no_address() {
        let shown = user(raw(r#"{"uuid": "u1", "uid": "svc-maya", "factors": [], "status": "locked"}"#)).unwrap();
        assert_eq!((shown.emails, shown.name.as_deref()), (None, Some("svc-maya")));
        assert_eq!(shown.is_2fa_enabled, Some(false));
        assert_eq!(shown.status.unwrap().as_str(), "locked");
        assert_eq!(user(raw(r#"{"uuid": "u1", "factors": [{"new": "shape"}]}"#)).unwrap().is_2fa_enabled, Some(true));
    }

    #[test]
    fn a_grant_says_where_and_through_what() {
        let held = |json| user_role(serde_json::from_str::<wire::Grant>(json).unwrap());
        let through = held(r#"{"role_id": "r1", "cid": "c1", "user_group_id": "", "cid_group_id": "g2"}"#);
        assert_eq!((through.workspace.as_deref(), through.group.as_deref()), (Some("c1"), Some("g2")));
        assert_eq!(held(r#"{"role_id": "r1", "user_group_id": ""}"#).group, None);
    }
}
