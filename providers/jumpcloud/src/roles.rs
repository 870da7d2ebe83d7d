//! Administrator roles, and who holds them.

use serde_json::json;
use userdir_core::action::*;
use userdir_core::{Call, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Role, RoleAssignment};

use crate::administrators::{Administrator, Held, held};
use crate::{COUNTED, JumpCloud, given, map, replaced};

#[async_trait]
impl ListRoles for JumpCloud {
    async fn list_roles(&self, call: &Call, request: PageRequest<RoleFilter>) -> Result<Page<Role<'static>>> {
        self.v2.get("roles").page(call, &request, &COUNTED, map::role).await
    }
}

#[async_trait]
impl GetRole for JumpCloud {
    async fn get_role(&self, call: &Call, input: GetRoleInput) -> Result<Reply<Role<'static>>> {
        let answer = self.v2.get("roles").id(&input.id).primary().read(call).await?;
        Ok(Reply::read(answer.map(map::role)?))
    }
}

#[async_trait]
impl CreateRole for JumpCloud {
    async fn create_role(&self, call: &Call, input: CreateRoleInput) -> Result<Reply<Role<'static>>> {
        let body = given(json!({ "name": input.name, "scopes": input.permissions, "description": input.description }));
        match self.v2.post("roles").json(&body).primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(answer.map(map::role)?)),
            None => Ok(Reply::planned()),
        }
    }
}

/// What `PUT /roles/{id}` takes; the rest of a role is JumpCloud's own.
const WRITABLE: &[&str] = &["name", "scopes", "providerId", "organizationIds", "description"];

#[async_trait]
impl UpdateRole for JumpCloud {
    /// `PUT` replaces the role, so it is read first and sent back with what changes.
    async fn update_role(&self, call: &Call, input: UpdateRoleInput) -> Result<Reply<Role<'static>>> {
        let answer = self.v2.get("roles").id(&input.id).read(call).await?;
        let changes = json!({ "name": input.name, "scopes": input.permissions, "description": input.description });
        let body = replaced(&answer, WRITABLE, changes)?;
        self.v2.put("roles").id(&input.id).json(&body).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DeleteRole for JumpCloud {
    async fn delete_role(&self, call: &Call, input: DeleteRoleInput) -> Result<Reply<Role<'static>>> {
        self.v2.delete("roles").id(&input.id).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

/// One assignment of an administrator: JumpCloud has no ids for them, so they are put together.
fn assignment(administrator: &str, role: &Held) -> RoleAssignment<'static> {
    let role = role.id.as_deref().unwrap_or(role.shown());
    RoleAssignment {
        id: format!("{administrator}:{role}").into(),
        user_id: Some(administrator.to_owned().into()),
        role_id: Some(role.to_owned().into()),
        ..RoleAssignment::default()
    }
}

/// Takes an assignment's id apart: administrator and role.
fn parts(id: &str) -> Result<(&str, &str)> {
    id.split_once(':').filter(|(administrator, role)| !administrator.is_empty() && !role.is_empty()).ok_or_else(|| {
        Error::invalid("an id of a role assignment is `<administrator id>:<role id>`")
            .hint("take it from `userdir role-assignments list`")
    })
}

#[async_trait]
impl ListRoleAssignments for JumpCloud {
    /// Every administrator's roles, whether the administrator is a directory user too or not.
    async fn list_role_assignments(
        &self,
        call: &Call,
        request: PageRequest<RoleAssignmentFilter>,
    ) -> Result<Page<RoleAssignment<'static>>> {
        let mut filter = request.filter.clone();
        let roles = match &filter.role_id {
            None => self.catalogue(call).await?,
            Some(_) => self.fresh_catalogue(call).await?,
        };
        if let Some(word) = filter.role_id.take() {
            filter.role_id.clone_from(&roles.known(&word)?.id);
        }
        if let Some(user) = &filter.user_id {
            let administrator = self.subject(call, user, &roles).await?.administrator;
            let held = administrator.iter().flat_map(|one| one.held.iter().map(|role| assignment(&one.id, role)));
            // the user may be named by the directory user's id, which the assignments do not show
            let rest = filter.role_id.as_ref().map(|role| RoleAssignmentFilter::default().role_id(role));
            return Ok(Page::of_values(held.collect()).rechecked(rest.unwrap_or_default()));
        }
        let page = self.list_administrators().primary().counted_slice(call, &request, &COUNTED).await?;
        let administrators = page.each(|raw| Administrator::read(raw, &roles))?;
        let held = administrators.iter().flat_map(|one| one.held.iter().map(|role| assignment(&one.id, role)));
        Ok(Page::of_values(held.collect()).next(page.next).rechecked(filter))
    }
}

#[async_trait]
impl GetRoleAssignment for JumpCloud {
    async fn get_role_assignment(
        &self,
        call: &Call,
        input: GetRoleAssignmentInput,
    ) -> Result<Reply<RoleAssignment<'static>>> {
        let (id, role) = parts(&input.id)?;
        let roles = self.fresh_catalogue(call).await?;
        let answer = self.v1.get("users").id(id).primary().read(call).await?;
        let found = held(&answer.json()?, &roles).into_iter().find(|held| held.is(role));
        let found = found.map(|role| Reply::read(assignment(id, &role)));
        found.ok_or_else(|| Error::not_found("the administrator does not hold this role").about(input.id))
    }
}

#[async_trait]
impl DeleteRoleAssignment for JumpCloud {
    async fn delete_role_assignment(
        &self,
        call: &Call,
        input: DeleteRoleAssignmentInput,
    ) -> Result<Reply<RoleAssignment<'static>>> {
        let (id, role) = parts(&input.id)?;
        let roles = self.fresh_catalogue(call).await?;
        let Some(administrator) = self.administrator(call, id, &roles).await? else {
            return Err(Error::not_found("JumpCloud has no such administrator").about(id.to_owned()));
        };
        let held = administrator.held.iter().find(|held| held.is(role)).cloned();
        self.take_away(call, &administrator, vec![(role.to_owned(), held)], &roles, Reply::sent(&input.id)).await
    }
}
