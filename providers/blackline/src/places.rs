//! Teams, roles, products and entities, and who holds what.

use std::collections::BTreeSet;

use userdir_core::action::*;
use userdir_core::reply::Steps;
use userdir_core::{Call, Effect, Error, ErrorKind, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Group, IntoOwned, License, Organization, Role, RoleAssignment, Unified, User, Workspace};

use crate::pairs::{Pair, products};
use crate::{BlackLine, map};

/// One of a list, for what BlackLine shows in lists alone.
fn pick<T: Unified>(all: Vec<T>, id: &str, what: &str) -> Result<Reply<T>> {
    let found = all.into_iter().find(|one| one.own_id() == id);
    found.map(Reply::read).ok_or_else(|| Error::not_found(format!("BlackLine has no such {what}")))
}

#[async_trait]
impl ListGroups for BlackLine {
    async fn list_groups(&self, call: &Call, request: PageRequest<GroupFilter>) -> Result<Page<Group<'static>>> {
        let teams = match &request.filter.user_id {
            Some(user) => self.http.get("v1/users").id(user).path("teams"),
            None => self.http.get("v1/teams"),
        };
        Ok(self.page(call, teams, &request, map::team).await?.rechecked(request.filter.clone()))
    }
}

#[async_trait]
impl GetGroup for BlackLine {
    async fn get_group(&self, call: &Call, input: GetGroupInput) -> Result<Reply<Group<'static>>> {
        let teams = self.whole(
            call,
            || self.http.get("v1/teams").primary(),
            |raw| {
                let remote_data = Some(raw.to_owned().into());
                Ok(Group { remote_data, ..map::team(raw)? }.into_owned())
            },
        );
        pick(teams.await?, &input.id, "team")
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
        let teams = self.whole(call, || self.http.get("v1/users").id(user).path("teams"), map::user_team).await?;
        Ok(teams.iter().any(|held| held.id.as_deref() == Some(team)))
    }
}

#[async_trait]
impl ListRoles for BlackLine {
    async fn list_roles(&self, call: &Call, request: PageRequest<RoleFilter>) -> Result<Page<Role<'static>>> {
        self.page(call, self.http.get("v1/roles"), &request, map::role).await
    }
}

#[async_trait]
impl GetRole for BlackLine {
    async fn get_role(&self, call: &Call, input: GetRoleInput) -> Result<Reply<Role<'static>>> {
        let roles = self.whole(
            call,
            || self.http.get("v1/roles").primary(),
            |raw| {
                let remote_data = Some(raw.to_owned().into());
                Ok(Role { remote_data, ..map::role(raw)? }.into_owned())
            },
        );
        pick(roles.await?, &input.id, "role")
    }
}

#[async_trait]
impl ListWorkspaces for BlackLine {
    async fn list_workspaces(
        &self,
        call: &Call,
        request: PageRequest<WorkspaceFilter>,
    ) -> Result<Page<Workspace<'static>>> {
        let entities = self.http.get("v1/mdm/entities");
        Ok(self.page(call, entities, &request, map::entity).await?.rechecked(request.filter.clone()))
    }
}

#[async_trait]
impl GetWorkspace for BlackLine {
    async fn get_workspace(&self, call: &Call, input: GetWorkspaceInput) -> Result<Reply<Workspace<'static>>> {
        let entities = self.whole(
            call,
            || self.http.get("v1/mdm/entities").primary(),
            |raw| {
                let remote_data = Some(raw.to_owned().into());
                Ok(Workspace { remote_data, ..map::entity(raw)? }.into_owned())
            },
        );
        pick(entities.await?, &input.id, "entity")
    }
}

impl BlackLine {
    /// The products that somebody has a role in. No call lists products, so it is one call for each user.
    async fn all_products(&self, call: &Call, user: Option<&str>) -> Result<BTreeSet<String>> {
        if let Some(user) = user {
            let pairs = self.whole(call, || self.pairs_of(user).primary(), map::pair).await?;
            return Ok(products(&pairs).into_iter().map(str::to_owned).collect());
        }
        let users = self.whole(call, || self.http.get("v1/users").primary(), map::owned_user).await?;
        let mut found = BTreeSet::new();
        for user in &users {
            found.extend(self.pairs(call, &user.id).await?.into_iter().map(|pair| pair.product));
        }
        Ok(found)
    }
}

#[async_trait]
impl ListLicenses for BlackLine {
    async fn list_licenses(&self, call: &Call, request: PageRequest<LicenseFilter>) -> Result<Page<License<'static>>> {
        let products = self.all_products(call, request.filter.user_id.as_deref()).await?;
        Ok(Page::of_values(products.iter().map(|product| map::license(product)).collect()))
    }
}

#[async_trait]
impl GetLicense for BlackLine {
    async fn get_license(&self, call: &Call, input: GetLicenseInput) -> Result<Reply<License<'static>>> {
        let products = self.all_products(call, None).await?;
        pick(products.iter().map(|product| map::license(product)).collect(), &input.id, "product in use")
    }
}

#[async_trait]
impl ListOrganizations for BlackLine {
    async fn list_organizations(
        &self,
        call: &Call,
        request: PageRequest<OrganizationFilter>,
    ) -> Result<Page<Organization<'static>>> {
        let products = self.all_products(call, request.filter.user_id.as_deref()).await?;
        Ok(Page::of_values(products.iter().map(|product| map::organization(product)).collect()))
    }
}

#[async_trait]
impl GetOrganization for BlackLine {
    async fn get_organization(&self, call: &Call, input: GetOrganizationInput) -> Result<Reply<Organization<'static>>> {
        let products = self.all_products(call, None).await?;
        pick(products.iter().map(|product| map::organization(product)).collect(), &input.id, "product in use")
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
            let held = self.whole(call, || self.pairs_of(user).primary(), map::pair).await?;
            let held = held.iter().map(|pair| map::assignment(user, pair)).collect();
            return Ok(Page::of_values(held).rechecked(filter));
        }
        let users = self.slice(call, self.http.get("v1/users").primary(), request.cursor.as_deref()).await?;
        let mut all = Vec::new();
        for user in users.each(map::owned_user)? {
            all.extend(self.pairs(call, &user.id).await?.iter().map(|pair| map::assignment(&user.id, pair)));
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
        let held = self.whole(call, || self.pairs_of(user).primary(), map::pair).await?;
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
        let holder: User = self.user(call, user).await?;
        self.refuse_own(&holder)?;
        let effect = self.take(call, &mut Steps::default(), user, &pair).await?;
        Ok(Reply::sent(&input.id).with_effect(effect))
    }
}
