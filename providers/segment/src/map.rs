//! From Segment's JSON to the unified schema: pure functions, no calls.

use serde_json::value::RawValue;
use userdir_core::Mapped;
use userdir_core::mapping::{self, filled, time};
use userdir_schema::{
    Action, Activity, Email, Group, Role, RoleAssignment, Status, Text, User, UserGroup, UserRole, UserWorkspace,
    Workspace,
};

use crate::wire;

/// A user; rows of lists tell no roles.
pub fn user(raw: &RawValue) -> Mapped<User<'_>> {
    let it: wire::User = serde_json::from_str(raw.get())?;
    Ok(User {
        id: it.id,
        name: filled(it.name),
        emails: filled(it.email).map(|email| vec![work(email)]),
        status: Some(Status::Active),
        roles: it.permissions.as_deref().map(user_roles),
        ..User::default()
    })
}

fn work(email: Text<'_>) -> Email<'_> {
    Email { email: Some(email), r#type: Some("work".into()), is_primary: Some(true) }
}

/// What a permission is held on; one nothing where that is not shown, so that the role is.
fn places(permission: &wire::Permission) -> impl Iterator<Item = Option<&wire::Resource>> {
    let nowhere = permission.resources.is_empty().then_some(None);
    permission.resources.iter().map(Some).chain(nowhere)
}

/// The workspace, where it is one.
fn workspace_of<'a>(resource: Option<&wire::Resource>) -> Option<Text<'a>> {
    resource.filter(|resource| resource.r#type == wire::WORKSPACE).map(|resource| resource.id.clone().into())
}

/// One role a permission and resource; the same role on several sources is shown once.
fn user_roles<'a>(permissions: &[wire::Permission]) -> Vec<UserRole<'a>> {
    let mut roles: Vec<UserRole<'a>> = Vec::new();
    for permission in permissions {
        for resource in places(permission) {
            let role = UserRole {
                id: Some(permission.role_id.clone().into()),
                name: permission.role_name.clone().map(Text::from),
                workspace: workspace_of(resource),
                ..UserRole::default()
            };
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
    }
    roles
}

/// What an invitation is called here: Segment knows it by the address alone.
const INVITE: &str = "invite:";

/// The address, where the id is one of an invitation.
pub fn invited(id: &str) -> Option<&str> {
    id.strip_prefix(INVITE)
}

/// Somebody who is invited.
pub fn invite(email: String) -> User<'static> {
    User {
        id: format!("{INVITE}{email}").into(),
        emails: Some(vec![work(email.into())]),
        status: Some(Status::Invited),
        ..User::default()
    }
}

/// A group as a user is in it.
pub fn user_group(raw: &RawValue) -> Mapped<UserGroup<'static>> {
    let it: wire::Group = serde_json::from_str(raw.get())?;
    Ok(UserGroup { id: Some(it.id.into_owned()), name: filled(it.name).map(Text::into_owned), ..UserGroup::default() })
}

/// The workspace as a user is in it.
pub fn user_workspace(it: &wire::Workspace) -> UserWorkspace<'static> {
    UserWorkspace { id: Some(it.id.clone().into()), name: it.name.clone().map(Text::from) }
}

/// A user group.
pub fn group(raw: &RawValue) -> Mapped<Group<'_>> {
    let it: wire::Group = serde_json::from_str(raw.get())?;
    Ok(Group { id: it.id, name: filled(it.name), group_type: Some("group".into()), ..Group::default() })
}

/// A role.
pub fn role(raw: &RawValue) -> Mapped<Role<'_>> {
    let it: wire::Role = serde_json::from_str(raw.get())?;
    Ok(Role { id: it.id, name: filled(it.name), description: filled(it.description), ..Role::default() })
}

/// What holds permissions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A user.
    User,
    /// A user group.
    Group,
}

/// A permission, an assignment a resource. Segment gives them no ids: `<user or group>:<role>:<type>:<resource>`.
pub fn assignments(holder: Holder, id: &str, raw: &RawValue) -> Mapped<Vec<RoleAssignment<'static>>> {
    let it: wire::Permission = serde_json::from_str(raw.get())?;
    let of = |kind: Holder| (holder == kind).then(|| Text::from(id.to_owned()));
    let assignment = |resource: Option<&wire::Resource>| RoleAssignment {
        id: match resource {
            Some(resource) => format!("{id}:{}:{}:{}", it.role_id, resource.r#type, resource.id).into(),
            None => format!("{id}:{}", it.role_id).into(),
        },
        user_id: of(Holder::User),
        group_type: of(Holder::Group).map(|_| "group".into()),
        group_id: of(Holder::Group),
        role_id: Some(it.role_id.clone().into()),
        workspace: workspace_of(resource).map(|id| vec![id]),
        remote_data: Some(raw.to_owned().into()),
        ..RoleAssignment::default()
    };
    Ok(places(&it).map(assignment).collect())
}

/// The workspace of the token.
pub fn workspace(raw: &RawValue) -> Mapped<Workspace<'_>> {
    let it: wire::Workspace = serde_json::from_str(raw.get())?;
    Ok(Workspace { id: it.id.into(), name: it.name.map(Text::from), ..Workspace::default() })
}

/// An event of the audit trail. Segment's own word stays where it has no meaning here.
pub fn audit_event(raw: &RawValue) -> Mapped<Activity<'_>> {
    let it: wire::AuditEvent = serde_json::from_str(raw.get())?;
    Ok(Activity {
        id: it.id,
        actor: it.actor.map(|actor| {
            let id = actor.strip_prefix("user/").map(|id| Text::from(id.to_owned()));
            mapping::actor(id.is_some(), id)
        }),
        action: it.r#type.map(|word| match word.as_str() {
            "New Segment User Invited to Workspace" | "Non-Segment User Invited to Workspace" => Action::UserInvited,
            _ => word.into(),
        }),
        entity: filled(it.resource_id),
        entity_type: filled(it.resource_type),
        created_at: time(it.timestamp),
        ..Activity::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_empty_name_is_none_and_a_row_tells_no_roles() {
        let user = user(raw(r#"{"id": "u1", "name": "", "email": "maya@example.com", "new": []}"#)).unwrap();
        assert_eq!((user.name, user.roles), (None, None));
    }

    #[test]
    fn a_role_on_several_sources_is_shown_once_and_one_on_the_workspace_says_so() {
        let user = user(raw(r#"{"id": "u1", "permissions": [
                {"roleId": "r1", "roleName": "Source Admin", "resources": [
                    {"id": "s1", "type": "SOURCE"}, {"id": "s2", "type": "SOURCE"}, {"id": "w1", "type": "WORKSPACE"}]},
                {"roleId": "r2", "roleName": "Odd", "resources": [{"id": "x", "type": "GALAXY"}]},
                {"roleId": "r3", "resources": [], "labels": [{"key": "env", "value": "prod"}]}]}"#))
        .unwrap();
        let roles = user.roles.unwrap();
        let roles: Vec<_> = roles.iter().map(|role| (role.id.as_deref().unwrap(), role.workspace.as_deref())).collect();
        assert_eq!(roles, [("r1", None), ("r1", Some("w1")), ("r2", None), ("r3", None)]);
    }

    #[test]
    fn an_invitation_is_told_by_its_id() {
        let user = invite("ida@example.com".into());
        assert_eq!(invited(&user.id), Some("ida@example.com"));
        assert_eq!(invited("sgJDWk3K21k6LE3tLU9nRK"), None);
    }

    #[test]
    fn events_are_read_with_a_space_in_their_time() {
        let event =
            audit_event(raw(r#"{"id": "events/1", "timestamp": "2022-03-04 21:29:22+00:00", "actor": "user/u1"}"#))
                .unwrap();
        assert_eq!(event.created_at.unwrap().to_string(), "2022-03-04T21:29:22Z");
        assert_eq!(event.actor.unwrap().user.unwrap().id.unwrap(), "u1");
    }
}
