//! Role assignments: who holds which role where, as the members show it. Elastic Cloud gives them no ids; here they are
//! `<user id>:<role id>`, and `:<deployment or project id>` where the role is not held everywhere.

use userdir_core::action::*;
use userdir_core::{Call, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{RoleAssignment, UserRole};

use crate::seats::Wanted;
use crate::users::{HIDDEN, Members, hidden};
use crate::{ElasticCloud, map};

fn all(members: &Members) -> Vec<RoleAssignment<'static>> {
    let of_member = |member: &crate::users::Holder| -> Vec<_> {
        map::user_roles(&member.assignments).iter().map(|role| map::assignment(&member.user, role)).collect()
    };
    let mut rows: Vec<RoleAssignment<'static>> = Vec::new();
    for row in members.iter().flat_map(of_member) {
        // entries that differ in custom roles alone have one id
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    rows
}

#[async_trait]
impl ListRoleAssignments for ElasticCloud {
    async fn list_role_assignments(
        &self,
        call: &Call,
        request: PageRequest<RoleAssignmentFilter>,
    ) -> Result<Page<RoleAssignment<'static>>> {
        if request.cursor.is_some() {
            return Err(hidden());
        }
        let organization = self.organization(call, request.filter.organization_id.as_deref()).await?;
        let answer = self.list_of(&organization, "members").primary().read(call).await?;
        let members = Members::read(&answer)?;
        let next = (!members.shows_all()).then(|| HIDDEN.to_owned());
        Ok(Page::of_values(all(&members)).next(next).rechecked(request.filter))
    }
}

/// User, role and place.
fn parts(id: &str) -> Result<(&str, UserRole<'static>)> {
    let mut parts = id.splitn(3, ':');
    let (Some(user), Some(role)) = (parts.next(), parts.next()) else {
        return Err(Error::invalid(
            "an id of a role assignment is `<user id>:<role id>`, with `:<workspace id>` or without",
        )
        .about(id)
        .hint("take it from `userdir role-assignments list`"));
    };
    let workspace = parts.next().map(|place| place.to_owned().into());
    Ok((user, UserRole { id: Some(role.to_owned().into()), workspace, ..UserRole::default() }))
}

#[async_trait]
impl GetRoleAssignment for ElasticCloud {
    async fn get_role_assignment(
        &self,
        call: &Call,
        input: GetRoleAssignmentInput,
    ) -> Result<Reply<RoleAssignment<'static>>> {
        parts(&input.id)?;
        // after a delete, where the delete was
        let deleted = call.confirms::<DeleteRoleAssignmentInput>().and_then(|deleted| deleted.organization_id);
        let organization = self.organization(call, input.organization_id.or(deleted).as_deref()).await?;
        let answer = self.list_of(&organization, "members").primary().read(call).await?;
        let found = all(&Members::read(&answer)?).into_iter().find(|held| held.id == input.id.as_str());
        found.map(Reply::read).ok_or_else(|| Error::not_found("no such assignment is visible to this key"))
    }
}

#[async_trait]
impl DeleteRoleAssignment for ElasticCloud {
    /// Takes the role away as `users/unassign-role` does, but at the one place that the id names.
    async fn delete_role_assignment(
        &self,
        call: &Call,
        input: DeleteRoleAssignmentInput,
    ) -> Result<Reply<RoleAssignment<'static>>> {
        let (user, role) = parts(&input.id)?;
        let wanted = Wanted::of(&role)?.there_alone();
        let organization = self.organization(call, input.organization_id.as_deref()).await?;
        let members = self.members(call, &organization).await?;
        let steps = self.take_roles(call, &organization, &members, user, vec![wanted.within(&organization)]).await?;
        steps.finish(Reply::sent(&input.id))
    }
}
