//! Role assignments: who holds which profile, hierarchy role, permission set or group of sets.
//!
//! Assignments of sets are records. Profile and hierarchy role are fields of the user; their ids here are
//! `<user id>:<role id>`.

use serde_json::json;
use serde_json::value::RawValue;
use userdir_core::action::*;
use userdir_core::{Call, Effect, Error, Mapped, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::RoleAssignment;

use crate::id::{self, RoleKind};
use crate::query::Part;
use crate::soql::Query;
use crate::users::sets;
use crate::{Salesforce, map};

type Assignments = Part<RoleAssignment<'static>>;

/// Assignments of roles of a kind; sets and groups of sets stand together.
fn part(kind: RoleKind, user: Option<&str>, role: Option<&str>) -> Assignments {
    let of_users = |fields: &'static str, condition: &str| Query::new(fields, "User").and(condition);
    let map: for<'a> fn(&'a RawValue) -> Mapped<RoleAssignment<'a>> = match kind {
        RoleKind::Profile | RoleKind::UserRole => map::field_assignment,
        RoleKind::PermissionSet | RoleKind::PermissionSetGroup => map::set_assignment,
    };
    let (mut query, holder, field) = match kind {
        RoleKind::Profile => (of_users("Id, ProfileId", "ProfileId != null"), "Id", "ProfileId"),
        RoleKind::UserRole => (of_users("Id, UserRoleId", "UserRoleId != null"), "Id", "UserRoleId"),
        RoleKind::PermissionSet => (sets(), "AssigneeId", "PermissionSetId"),
        RoleKind::PermissionSetGroup => (sets(), "AssigneeId", "PermissionSetGroupId"),
    };
    if let Some(role) = role {
        query = query.is(field, role);
    }
    if let Some(user) = user {
        query = query.is(holder, user);
    }
    Part { query: query.order("Id"), map }
}

#[async_trait]
impl ListRoleAssignments for Salesforce {
    /// Those of every kind of user, whatever lists of users show.
    async fn list_role_assignments(
        &self,
        call: &Call,
        request: PageRequest<RoleAssignmentFilter>,
    ) -> Result<Page<RoleAssignment<'static>>> {
        let (user, role) = (request.filter.user_id.as_deref(), request.filter.role_id.as_deref());
        if let Some(user) = user {
            id::expect(user, id::USER, "a user")?;
            if request.cursor.is_none() {
                self.must_exist(call, "User", user).await?;
            }
        }
        if let (Some(role), None) = (role, &request.cursor) {
            self.find_role(call, role).await?;
        }
        let kinds = match role {
            Some(role) => vec![RoleKind::of(role)?],
            None => vec![RoleKind::Profile, RoleKind::UserRole, RoleKind::PermissionSet],
        };
        self.parts(call, &request, kinds.into_iter().map(|kind| part(kind, user, role)).collect()).await
    }
}

/// The kind and the parts of an assignment's id that is a pair.
fn pair(id: &str) -> Result<Option<(RoleKind, &str, &str)>> {
    let Some((user, role)) = id.split_once(':') else { return Ok(None) };
    id::expect(user, id::USER, "a user")?;
    match RoleKind::of(role)? {
        kind @ (RoleKind::Profile | RoleKind::UserRole) => Ok(Some((kind, user, role))),
        _ => Err(Error::invalid("an assignment of a permission set has an id of its own")
            .about(id)
            .hint("take it from `userdir role-assignments list`")),
    }
}

#[async_trait]
impl GetRoleAssignment for Salesforce {
    async fn get_role_assignment(
        &self,
        call: &Call,
        input: GetRoleAssignmentInput,
    ) -> Result<Reply<RoleAssignment<'static>>> {
        let Part { query, map } = match pair(&input.id)? {
            Some((kind, user, role)) => part(kind, Some(user), Some(role)),
            None => Assignments { query: sets().is("Id", &input.id), map: map::set_assignment },
        };
        Ok(Reply::read(self.get(call, &query).await?.map(map)?))
    }
}

#[async_trait]
impl DeleteRoleAssignment for Salesforce {
    async fn delete_role_assignment(
        &self,
        call: &Call,
        input: DeleteRoleAssignmentInput,
    ) -> Result<Reply<RoleAssignment<'static>>> {
        match pair(&input.id)? {
            None => {
                let held = self.one(call, &sets().is("Id", &input.id)).await?;
                let held: RoleAssignment = held.map(map::set_assignment)?;
                self.refuse_own(call, held.user_id.as_deref().unwrap_or_default()).await?;
                self.deleted(call, "PermissionSetAssignment", &input.id).await
            }
            Some((RoleKind::Profile, ..)) => Err(Error::invalid("a profile cannot be taken away: every user has one")
                .hint("assign another profile: `userdir users assign-role`")),
            Some((_, user, _)) => {
                self.refuse_own(call, user).await?;
                let cleared = self.update("User", user, &json!({ "UserRoleId": null })).primary().write(call).await?;
                Ok(Reply::sent(&input.id).with_effect(Effect::of_write(cleared)))
            }
        }
    }
}
