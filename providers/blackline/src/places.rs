//! Teams, roles, products and entities, and who holds what.

use serde_json::value::RawValue;
use userdir_core::action::*;
use userdir_core::page::MapItem;
use userdir_core::reply::Steps;
use userdir_core::{Call, Effect, Error, ErrorKind, Mapped, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Group, License, Organization, Role, RoleAssignment, Unified, Workspace};

use crate::pairs::{Pair, products};
use crate::{BlackLine, map};

/// One of a list, for what BlackLine shows in lists alone.
fn pick<T: Unified>(all: Vec<T>, id: &str, what: &str) -> Result<Reply<T>> {
    let found = all.into_iter().find(|one| one.own_id() == id);
    found.map(Reply::read).ok_or_else(|| Error::not_found(format!("BlackLine has no such {what}")))
}

impl BlackLine {
    /// All of such a list, with BlackLine's own objects.
    async fn everything<T, F>(&self, call: &Call, path: &'static str, map: F) -> Result<Vec<T>>
    where
        T: Unified,
        F: Fn(&'static RawValue) -> Mapped<T> + MapItem<T>,
    {
        self.http.get(path).primary().all(call, &self.lists, |raw| map::own(raw, &map)).await
    }
}

#[async_trait]
impl ListGroups for BlackLine {
    async fn list_groups(&self, call: &Call, request: PageRequest<GroupFilter>) -> Result<Page<Group<'static>>> {
        let teams = match &request.filter.user_id {
            Some(user) => self.http.get("v1/users").id(user).path("teams"),
            None => self.http.get("v1/teams"),
        };
        Ok(teams.page(call, &request, &self.lists, map::team).await?.rechecked(request.filter.clone()))
    }
}

#[async_trait]
impl GetGroup for BlackLine {
    async fn get_group(&self, call: &Call, input: GetGroupInput) -> Result<Reply<Group<'static>>> {
        pick(self.everything(call, "v1/teams", map::team).await?, &input.id, "team")
    }
}

/// A team's id in a body: a bare number, as the one published body has it.
fn number(id: &str) -> serde_json::Value {
    id.parse::<i64>().map_or_else(|_| id.into(), Into::into)
}

#[async_trait]
impl AddUserToGroup for BlackLine {
    async fn add_user_to_group(&self, call: &Call, input: AddUserToGroupInput) -> Result<Reply<Group<'static>>> {
        let teams = self.http.post("v1/users").id(&input.user_id).path("teams").json(&[number(&input.group_id)]);
        let reply = Reply::sent(&input.group_id);
        match teams.primary().write(call).await {
            Err(error)
                if error.kind() == ErrorKind::Conflict
                    && self.is_member(call, &input.user_id, &input.group_id).await? =>
            {
                Ok(reply.with_effect(Effect::Already))
            }
            sent => sent.map(|_| reply),
        }
    }
}

#[async_trait]
impl RemoveUserFromGroup for BlackLine {
    async fn remove_user_from_group(
        &self,
        call: &Call,
        input: RemoveUserFromGroupInput,
    ) -> Result<Reply<Group<'static>>> {
        let team = self.http.delete("v1/users").id(&input.user_id).path("teams").id(&input.group_id);
        let reply = Reply::sent(&input.group_id);
        match team.primary().write(call).await {
            // that 404 means "no member" is unverified: reading again tells
            Err(error) if error.was_missing() && !self.is_member(call, &input.user_id, &input.group_id).await? => {
                Ok(reply.with_effect(Effect::Already))
            }
            sent => sent.map(|_| reply),
        }
    }
}

impl BlackLine {
    async fn is_member(&self, call: &Call, user: &str, team: &str) -> Result<bool> {
        let teams = self.http.get("v1/users").id(user).path("teams").all(call, &self.lists, map::user_team).await?;
        Ok(teams.iter().any(|held| held.id.as_deref() == Some(team)))
    }
}

#[async_trait]
impl ListRoles for BlackLine {
    async fn list_roles(&self, call: &Call, request: PageRequest<RoleFilter>) -> Result<Page<Role<'static>>> {
        self.http.get("v1/roles").page(call, &request, &self.lists, map::role).await
    }
}

#[async_trait]
impl GetRole for BlackLine {
    async fn get_role(&self, call: &Call, input: GetRoleInput) -> Result<Reply<Role<'static>>> {
        pick(self.everything(call, "v1/roles", map::role).await?, &input.id, "role")
    }
}

#[async_trait]
impl ListWorkspaces for BlackLine {
    async fn list_workspaces(
        &self,
        call: &Call,
        request: PageRequest<WorkspaceFilter>,
    ) -> Result<Page<Workspace<'static>>> {
        let entities = self.http.get("v1/mdm/entities").page(call, &request, &self.lists, map::entity).await?;
        Ok(entities.rechecked(request.filter))
    }
}

#[async_trait]
impl GetWorkspace for BlackLine {
    async fn get_workspace(&self, call: &Call, input: GetWorkspaceInput) -> Result<Reply<Workspace<'static>>> {
        pick(self.everything(call, "v1/mdm/entities", map::entity).await?, &input.id, "entity")
    }
}

impl BlackLine {
    /// The products that somebody has a role in. No call lists products, so it is one call for each user.
    async fn products<T>(&self, call: &Call, user: Option<&str>, map: fn(&str) -> T) -> Result<Vec<T>> {
        let mut held = Vec::new();
        if let Some(user) = user {
            held = self.pairs_of(user).primary().all(call, &self.lists, map::pair).await?;
        } else {
            for user in self.http.get("v1/users").primary().all(call, &self.lists, map::id).await? {
                held.extend(self.pairs(call, &user).await?);
            }
        }
        Ok(products(&held).into_iter().map(map).collect())
    }
}

#[async_trait]
impl ListLicenses for BlackLine {
    async fn list_licenses(&self, call: &Call, request: PageRequest<LicenseFilter>) -> Result<Page<License<'static>>> {
        let user = request.filter.user_id.as_deref();
        Ok(Page::of_values(self.products(call, user, map::license).await?))
    }
}

#[async_trait]
impl GetLicense for BlackLine {
    async fn get_license(&self, call: &Call, input: GetLicenseInput) -> Result<Reply<License<'static>>> {
        pick(self.products(call, None, map::license).await?, &input.id, "product in use")
    }
}

#[async_trait]
impl ListOrganizations for BlackLine {
    async fn list_organizations(
        &self,
        call: &Call,
        request: PageRequest<OrganizationFilter>,
    ) -> Result<Page<Organization<'static>>> {
        let user = request.filter.user_id.as_deref();
        Ok(Page::of_values(self.products(call, user, map::organization).await?))
    }
}

#[async_trait]
impl GetOrganization for BlackLine {
    async fn get_organization(&self, call: &Call, input: GetOrganizationInput) -> Result<Reply<Organization<'static>>> {
        pick(self.products(call, None, map::organization).await?, &input.id, "product in use")
    }
}

#[async_trait]
impl ListRoleAssignments for BlackLine {
    /// Every user's pairs, one call for each user.
    async fn list_role_assignments(
        &self,
        call: &Call,
        request: PageRequest<RoleAssignmentFilter>,
    ) -> Result<Page<RoleAssignment<'static>>> {
        let filter = request.filter.clone();
        if let Some(user) = &filter.user_id {
            let held = self.pairs_of(user).primary().all(call, &self.lists, map::pair).await?;
            let held = held.iter().map(|pair| map::assignment(user, pair)).collect();
            return Ok(Page::of_values(held).rechecked(filter));
        }
        let users = self.http.get("v1/users").primary();
        let users = users.slice(call, request.cursor.as_deref(), None, &self.lists).await?;
        let mut all = Vec::new();
        for user in users.each(map::id)? {
            all.extend(self.pairs(call, &user).await?.iter().map(|pair| map::assignment(&user, pair)));
        }
        Ok(Page::of_values(all).next(users.next).rechecked(filter))
    }
}

/// Takes an assignment's id apart: user and pair.
fn parts(id: &str) -> Result<(&str, Pair)> {
    let mut parts = id.splitn(3, ':').filter(|part| !part.is_empty());
    match (parts.next(), parts.next(), parts.next()) {
        (Some(user), Some(role), Some(product)) => Ok((user, Pair { role: role.into(), product: product.into() })),
        _ => Err(Error::invalid("an id of a role assignment is `<user id>:<role id>:<product id>`")
            .hint("take it from `userdir role-assignments list`")),
    }
}

#[async_trait]
impl GetRoleAssignment for BlackLine {
    async fn get_role_assignment(
        &self,
        call: &Call,
        input: GetRoleAssignmentInput,
    ) -> Result<Reply<RoleAssignment<'static>>> {
        let (user, pair) = parts(&input.id)?;
        let held = self.pairs_of(user).primary().all(call, &self.lists, map::pair).await?;
        match held.contains(&pair) {
            true => Ok(Reply::read(map::assignment(user, &pair))),
            false => Err(Error::not_found("the user does not hold this role in this product")),
        }
    }
}

#[async_trait]
impl DeleteRoleAssignment for BlackLine {
    async fn delete_role_assignment(
        &self,
        call: &Call,
        input: DeleteRoleAssignmentInput,
    ) -> Result<Reply<RoleAssignment<'static>>> {
        let (user, pair) = parts(&input.id)?;
        let is_own = self.refuse_own(&self.user(call, user).await?)?;
        let effect = self.take(call, &mut Steps::default(), user, &pair).await?;
        Ok(is_own.into_iter().fold(Reply::sent(&input.id).with_effect(effect), Reply::note))
    }
}
