//! The organization, its workspaces, its plan, and the person whose token this is.

use std::collections::BTreeMap;

use userdir_core::action::*;
use userdir_core::http::{Paging, Request};
use userdir_core::{Call, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{License, Organization, User, UserLicense, Workspace};

use crate::users::read_info;
use crate::{SlackEnterprise, by_cursor, map, wire};

const WORKSPACES: Paging = by_cursor("teams", 1000);

impl SlackEnterprise {
    fn workspaces(&self) -> Request {
        self.ask("admin.teams.list", [])
    }

    /// The settings of a workspace.
    pub(crate) fn team(&self, workspace: &str) -> Request {
        self.ask("admin.teams.settings.info", [("team_id", workspace)])
    }

    /// The names of all workspaces, by id.
    pub(crate) async fn workspace_names(&self, call: &Call) -> Result<BTreeMap<String, String>> {
        let names = self.workspaces().all(call, &WORKSPACES, |raw| {
            let it: wire::Team = serde_json::from_str(raw.get())?;
            Ok((it.id.to_string(), it.name.map(|name| name.to_string()).unwrap_or_default()))
        });
        Ok(names.await?.into_iter().collect())
    }

    /// The ids of all workspaces, in order.
    pub(crate) async fn workspace_ids(&self, call: &Call) -> Result<Vec<String>> {
        Ok(self.workspace_names(call).await?.into_keys().collect())
    }

    fn billing(&self) -> Request {
        self.ask("team.billing.info", [])
    }

    /// Whether somebody is billed for in one of these workspaces.
    async fn is_billed(&self, call: &Call, user_id: &str, workspaces: &[String]) -> Result<bool> {
        for workspace in workspaces {
            let info = self.web.get("team.billableInfo").query("team_id", workspace).query("user", user_id);
            let info: wire::BillableInfo = info.read(call).await?.json()?;
            if info.billable_info.get(user_id).is_some_and(|it| it.billing_active == Some(true)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The plan, where somebody is billed for.
    pub(crate) async fn license_of(
        &self,
        call: &Call,
        user_id: &str,
        workspaces: &[String],
    ) -> Result<Vec<UserLicense<'static>>> {
        if !self.is_billed(call, user_id, workspaces).await? {
            return Ok(Vec::new());
        }
        let plan: License = self.billing().read(call).await?.map(map::plan)?;
        Ok(vec![UserLicense { id: Some(plan.id), name: plan.name, ..UserLicense::default() }])
    }
}

#[async_trait]
impl ListLicenses for SlackEnterprise {
    async fn list_licenses(&self, call: &Call, request: PageRequest<LicenseFilter>) -> Result<Page<License<'static>>> {
        if let Some(user_id) = &request.filter.user_id {
            let answer = self.info(user_id).read(call).await?;
            let teams = read_info(&answer, user_id)?.teams();
            if !self.is_billed(call, user_id, &teams).await? {
                return Ok(Page::of_values(Vec::new()));
            }
        }
        Ok(Page::of_values(vec![self.billing().primary().read(call).await?.map(map::plan)?]))
    }
}

#[async_trait]
impl GetLicense for SlackEnterprise {
    async fn get_license(&self, call: &Call, input: GetLicenseInput) -> Result<Reply<License<'static>>> {
        let plan: License = self.billing().primary().read(call).await?.map(map::plan)?;
        match plan.id == input.id.as_str() {
            true => Ok(Reply::read(plan)),
            false => Err(Error::not_found("the organization has another plan").about(input.id)),
        }
    }
}

impl SlackEnterprise {
    /// The one organization, as the owner of the token is told of it.
    async fn own_organization(&self, call: &Call) -> Result<Option<Organization<'static>>> {
        let answer = self.ask("auth.test", []).primary().read(call).await?;
        let it: wire::Identity = answer.json()?;
        let Some(id) = it.enterprise_id else { return Ok(None) };
        // `team` names the organization where it stands for it
        let name = it.team.filter(|_| it.team_id.as_ref() == Some(&id)).map(Into::into);
        Ok(Some(Organization { id: id.into(), name, ..Organization::default() }))
    }
}

#[async_trait]
impl ListOrganizations for SlackEnterprise {
    async fn list_organizations(
        &self,
        call: &Call,
        _: PageRequest<OrganizationFilter>,
    ) -> Result<Page<Organization<'static>>> {
        Ok(Page::of_values(self.own_organization(call).await?.into_iter().collect()))
    }
}

#[async_trait]
impl GetOrganization for SlackEnterprise {
    async fn get_organization(&self, call: &Call, input: GetOrganizationInput) -> Result<Reply<Organization<'static>>> {
        let own = self.own_organization(call).await?.filter(|own| own.id == input.id.as_str());
        own.map(Reply::read).ok_or_else(|| Error::not_found("the token is of another organization").about(input.id))
    }
}

#[async_trait]
impl ListWorkspaces for SlackEnterprise {
    async fn list_workspaces(
        &self,
        call: &Call,
        request: PageRequest<WorkspaceFilter>,
    ) -> Result<Page<Workspace<'static>>> {
        self.workspaces().page(call, &request, &WORKSPACES, map::workspace).await
    }
}

#[async_trait]
impl GetWorkspace for SlackEnterprise {
    async fn get_workspace(&self, call: &Call, input: GetWorkspaceInput) -> Result<Reply<Workspace<'static>>> {
        let answer = self.team(&input.id).primary().read(call).await?;
        Ok(Reply::read(answer.map_at("team", map::workspace)?))
    }
}

#[async_trait]
impl ListMe for SlackEnterprise {
    async fn list_me(&self, call: &Call, _: PageRequest<MeFilter>) -> Result<Page<User<'static>>> {
        let own = &self.identity(call).await?.user_id;
        let answer = self.info(own).primary().read(call).await?;
        Ok(Page::of_values(vec![answer.map_at("user", map::user)?]))
    }
}
