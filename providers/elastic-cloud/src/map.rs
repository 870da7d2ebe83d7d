//! From Elastic Cloud's JSON to the unified schema: pure functions, no calls.

use std::collections::BTreeSet;

use serde_json::value::RawValue;
use userdir_core::Mapped;
use userdir_core::mapping::{digest, time};
use userdir_schema::{
    Email, Organization, RoleAssignment, Status, Text, User, UserOrganization, UserRole, UserWorkspace, Workspace,
};

use crate::roles::{id_of, name_of};
use crate::wire::{self, RoleAssignments};

/// What stands before a digest of an invitation's token in an id of a user.
pub const INVITATION: &str = "invitation:";

/// The id of an invitation. The token itself lets whoever has it join, and ids stand in logs, in errors and in the audit.
pub fn invitation_id(token: &str) -> String {
    format!("{INVITATION}{:016x}", digest(token))
}

/// A member.
pub fn member(raw: &RawValue) -> Mapped<User<'_>> {
    let it: wire::Member = serde_json::from_str(raw.get())?;
    let (first_name, last_name) = match it.name.as_deref().and_then(|name| name.split_once(' ')) {
        Some((first, last)) => (Some(Text::from(first.to_owned())), Some(Text::from(last.to_owned()))),
        None => (it.name.clone(), None),
    };
    let member_since = time(it.member_since);
    Ok(User {
        id: it.user_id,
        name: it.name,
        first_name,
        last_name,
        emails: it.email.clone().map(primary),
        username: it.email,
        status: Some(Status::Active),
        roles: it.role_assignments.as_ref().map(user_roles),
        workspaces: it.role_assignments.as_ref().map(workspaces),
        organizations: it
            .organization_id
            .map(|id| vec![UserOrganization { id: Some(id), ..UserOrganization::default() }]),
        created_at: member_since,
        activated_at: member_since,
        ..User::default()
    })
}

/// Somebody who was invited.
pub fn invitation(raw: &RawValue) -> Mapped<User<'_>> {
    let it: wire::Invitation = serde_json::from_str(raw.get())?;
    Ok(User {
        id: invitation_id(&it.token).into(),
        emails: it.email.clone().map(primary),
        username: it.email,
        status: Some(if it.expired == Some(true) { Status::Other("expired".into()) } else { Status::Invited }),
        roles: it.role_assignments.as_ref().map(user_roles),
        workspaces: it.role_assignments.as_ref().map(workspaces),
        organizations: it
            .organization
            .map(|organization| vec![UserOrganization { id: Some(organization.id), name: organization.name }]),
        created_at: time(it.created_at),
        activated_at: time(it.accepted_at),
        ..User::default()
    })
}

fn primary(address: Text<'_>) -> Vec<Email<'_>> {
    vec![Email { email: Some(address), is_primary: Some(true), ..Email::default() }]
}

/// One role for each place it is held at, and one without a place where it is held everywhere. The roles inside the
/// application, which may allow more than the role does, stand behind the name.
pub fn user_roles(assignments: &RoleAssignments) -> Vec<UserRole<'static>> {
    let mut roles: Vec<UserRole<'static>> = Vec::new();
    for (scope, entry) in assignments.each() {
        let id = id_of(&scope, &entry.role_id);
        let name = name_of(&id).unwrap_or(&id);
        let name = match entry.application_roles.as_deref() {
            None | Some([]) => name.to_owned(),
            Some(inside) => format!("{name} ({})", inside.join(", ")),
        };
        let held = |place: Option<&String>| UserRole {
            id: Some(id.clone().into()),
            name: Some(name.clone().into()),
            organization: entry.organization_id.clone().map(Text::from),
            workspace: place.map(|place| place.clone().into()),
            ..UserRole::default()
        };
        let places: Vec<_> = entry.places().map(|place| held(Some(place))).collect();
        let held = if places.is_empty() { vec![held(None)] } else { places };
        for role in held {
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
    }
    roles
}

/// The deployments and projects that roles are held at.
fn workspaces(assignments: &RoleAssignments) -> Vec<UserWorkspace<'static>> {
    let mut seen = BTreeSet::new();
    let places = assignments.each().flat_map(|(_, entry)| entry.places()).filter(|place| seen.insert(*place));
    places.map(|place| UserWorkspace { id: Some(place.clone().into()), ..UserWorkspace::default() }).collect()
}

/// A role that a member holds, as an assignment. Elastic Cloud gives them no ids: `<user>:<role>`, and `:<place>`.
pub fn assignment(user: &str, role: &UserRole<'static>) -> RoleAssignment<'static> {
    let of_role = role.id.as_deref().unwrap_or_default();
    let id = match role.workspace.as_deref() {
        Some(place) => format!("{user}:{of_role}:{place}"),
        None => format!("{user}:{of_role}"),
    };
    RoleAssignment {
        id: id.into(),
        user_id: Some(user.to_owned().into()),
        role_id: role.id.clone(),
        workspace: role.workspace.clone().map(|place| vec![place]),
        ..RoleAssignment::default()
    }
}

/// An organization.
pub fn organization(raw: &RawValue) -> Mapped<Organization<'_>> {
    let it: wire::Organization = serde_json::from_str(raw.get())?;
    Ok(Organization { id: it.id, name: it.name, ..Organization::default() })
}

/// A deployment or project.
pub fn workspace(raw: &RawValue) -> Mapped<Workspace<'_>> {
    let it: wire::Place = serde_json::from_str(raw.get())?;
    Ok(Workspace {
        id: it.id,
        name: it.name,
        created_at: it.metadata.and_then(|metadata| time(metadata.created_at)),
        ..Workspace::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_id_of_an_invitation_does_not_tell_its_token() {
        let user = invitation(raw(r#"{"token": "5b3c-77aa"}"#)).unwrap();
        assert_eq!(user.id, invitation_id("5b3c-77aa").as_str());
        assert!(user.id.starts_with(INVITATION) && !user.id.contains("5b3c"));
        assert_ne!(user.id, invitation_id("5b3c-77ab").as_str());
    }

    #[test]
    fn a_bare_member_is_enough_and_knows_no_roles() {
        let user = member(raw(r#"{"user_id": "1", "organization_id": "2", "member_since": "x"}"#)).unwrap();
        assert_eq!((user.roles, user.workspaces, user.created_at), (None, None, None));
        let user = member(raw(r#"{"user_id": "1", "name": "Jane van Doe", "role_assignments": {}}"#)).unwrap();
        assert_eq!((user.first_name.unwrap().as_str(), user.last_name.unwrap().as_str()), ("Jane", "van Doe"));
        assert_eq!(user.roles, Some(vec![]));
    }

    #[test]
    fn one_entry_with_several_places_is_several_roles() {
        let assignments: RoleAssignments = serde_json::from_str(
            r#"{"project": {"security": [
                {"role_id": "t1_analyst", "organization_id": "1", "project_ids": ["p1", "p2"]},
                {"role_id": "security-viewer", "organization_id": "1", "all": true, "application_roles": ["hunter"]}]}}"#,
        )
        .unwrap();
        let roles = user_roles(&assignments);
        let shown: Vec<_> = roles
            .iter()
            .map(|role| (role.id.as_deref().unwrap(), role.name.as_deref().unwrap(), role.workspace.as_deref()))
            .collect();
        assert_eq!(
            shown,
            [
                ("security-t1-analyst", "T1 analyst", Some("p1")),
                ("security-t1-analyst", "T1 analyst", Some("p2")),
                ("security-viewer", "Viewer (hunter)", None)
            ]
        );
    }
}
