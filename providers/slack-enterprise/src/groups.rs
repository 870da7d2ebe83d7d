//! Groups of both kinds: IdP groups of the organization, by SCIM, and user groups of workspaces, by the Web API. Their ids
//! look alike.

use std::sync::PoisonError;

use serde_json::json;
use serde_json::value::RawValue;
use userdir_core::action::*;
use userdir_core::http::{Answer, Paging, Request};
use userdir_core::scim::{self, patch, replace};
use userdir_core::{Call, Error, ErrorKind, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Group, UserGroup};

use crate::{SlackEnterprise, by_index, map, taken, wire};

/// IdP groups come with their members, so that fewer than SCIM's thousand make a page.
const IDP_GROUPS: Paging = by_index(100);
/// User groups of a workspace do not page.
const USER_GROUPS: Paging = Paging::whole("usergroups");
/// User groups whose workspaces are remembered at most.
const REMEMBERED: usize = 4096;

/// A group that was found.
pub(crate) enum Found {
    /// SCIM's answer.
    Idp(Answer),
    /// A user group, and the workspace that shows it.
    UserGroup { workspace: String, raw: Box<RawValue> },
}

impl Found {
    fn map(&self, organization: Option<&str>) -> Result<Group<'static>> {
        let group = match self {
            Found::Idp(answer) => map::idp_group(answer.json()?, organization),
            Found::UserGroup { raw, .. } => map::user_group(raw, organization),
        };
        group.map_err(unreadable)
    }
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::unexpected("Slack's group cannot be read").caused_by(error)
}

pub(crate) fn read(raw: &RawValue) -> Result<wire::UserGroup<'_>> {
    serde_json::from_str(raw.get()).map_err(unreadable)
}

/// Disabled: user groups are not deleted. An IdP group that is there is not.
pub fn is_disabled(group: &Group<'_>) -> Shows {
    let Some(raw) = &group.remote_data else { return Shows::Unknown };
    match raw.parse::<wire::UserGroup>() {
        Ok(group) => Shows::from(group.date_delete.is_some()),
        Err(_) => Shows::Unknown,
    }
}

impl SlackEnterprise {
    /// The group of this id: an IdP group where SCIM has it; else a user group, looked for in the workspace named or in all.
    /// `is_primary` where this is what the action asks for.
    pub(crate) async fn find_group(
        &self,
        call: &Call,
        id: &str,
        workspace: Option<&str>,
        is_primary: bool,
    ) -> Result<Found> {
        // a look at a membership is told by its input where the group is meant
        let named = call.confirms::<RemoveUserFromGroupInput>().and_then(|input| input.workspace_id);
        let workspace = workspace.or(named.as_deref());
        if let Some(known) = self.remembered(id)
            && workspace.is_none_or(|workspace| workspace == known)
            && let Some(found) = self.user_group_in(call, known, id).await?
        {
            return Ok(found);
        }
        let group = self.scim.get("Groups").id(id);
        match if is_primary { group.primary() } else { group }.read(call).await {
            Ok(answer) => return Ok(Found::Idp(answer)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let workspaces = match workspace {
            Some(workspace) => vec![workspace.to_owned()],
            None => self.workspace_ids(call).await?,
        };
        for workspace in workspaces {
            if let Some(found) = self.user_group_in(call, workspace, id).await? {
                return Ok(found);
            }
        }
        Err(Error::not_found("SCIM has no such group, and no workspace such a user group").about(id))
    }

    async fn user_group_in(&self, call: &Call, workspace: String, id: &str) -> Result<Option<Found>> {
        for raw in self.user_groups(call, &workspace).await? {
            if read(&raw)?.id == id {
                self.remember(id, &workspace);
                return Ok(Some(Found::UserGroup { workspace, raw }));
            }
        }
        Ok(None)
    }

    /// The user groups that a workspace shows: disabled ones too, and IdP groups that are tied to it.
    fn groups_in(&self, workspace: &str) -> Request {
        let groups = self.web.get("usergroups.list").query("team_id", workspace);
        let with = ["include_users", "include_count", "include_disabled"];
        with.into_iter().fold(groups, |groups, what| groups.query(what, "true"))
    }

    async fn user_groups(&self, call: &Call, workspace: &str) -> Result<Vec<Box<RawValue>>> {
        self.groups_in(workspace).all(call, &USER_GROUPS, |raw| Ok(raw.to_owned())).await
    }

    /// The user groups that somebody is in, among those of these workspaces. IdP groups are told by SCIM.
    pub(crate) async fn user_groups_of(
        &self,
        call: &Call,
        user_id: &str,
        workspaces: &[String],
    ) -> Result<Vec<UserGroup<'static>>> {
        let mut held: Vec<UserGroup> = Vec::new();
        for workspace in workspaces {
            for raw in self.user_groups(call, workspace).await? {
                let group = read(&raw)?;
                let is_member = group.users.iter().flatten().any(|id| *id == user_id);
                let is_known = held.iter().any(|held| held.id.as_deref() == Some(group.id.as_str()));
                if is_member && !is_known && group.is_idp_group != Some(true) && group.date_delete.is_none() {
                    held.push(map::held_group(&group));
                }
            }
        }
        Ok(held)
    }

    fn remembered(&self, id: &str) -> Option<String> {
        self.workspaces_of_groups.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn remember(&self, id: &str, workspace: &str) {
        let mut known = self.workspaces_of_groups.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(id.to_owned(), workspace.to_owned());
    }
}

/// What the cursor of a page of user groups begins with; then come the workspace before, and the user groups of the
/// organization that were shown, which stand in several workspaces.
const AFTER: &str = "after:";

#[async_trait]
impl ListGroups for SlackEnterprise {
    /// The IdP groups, page by page, and then the user groups, workspace by workspace.
    async fn list_groups(&self, call: &Call, request: PageRequest<GroupFilter>) -> Result<Page<Group<'static>>> {
        let organization = self.organization(call).await?;
        let page = if let Some(workspace) = &request.filter.workspace_id {
            let slice = self.groups_in(workspace).primary().slice(call, None, None, &USER_GROUPS).await?;
            Page::of_values(slice.each(|raw| map::user_group(raw, organization))?)
        } else if let Some(at) = request.cursor.as_deref().and_then(|cursor| cursor.strip_prefix(AFTER)) {
            self.next_user_groups(call, at, organization).await?
        } else {
            let slice = self.scim.get("Groups").primary().counted_slice(call, &request, &IDP_GROUPS).await?;
            let groups = slice.each(|raw| map::idp_group(raw, organization))?;
            Page::of_values(groups).next(slice.next.or_else(|| Some(AFTER.to_owned())))
        };
        Ok(page.rechecked(request.filter))
    }
}

impl SlackEnterprise {
    /// The user groups of the first workspace after the one that `at` begins with, in the order of their ids.
    async fn next_user_groups(
        &self,
        call: &Call,
        at: &str,
        organization: Option<&str>,
    ) -> Result<Page<Group<'static>>> {
        let mut shown: Vec<String> = at.split(',').map(str::to_owned).collect();
        let before = shown.first().cloned().unwrap_or_default();
        let workspaces = self.workspace_ids(call).await?;
        let mut left = workspaces.into_iter().filter(|id| *id > before);
        let Some(workspace) = left.next() else { return Ok(Page::of_values(Vec::new())) };
        let mut groups = Vec::new();
        for raw in self.user_groups(call, &workspace).await? {
            let group = read(&raw)?;
            let of_org = group.is_org_level == Some(true);
            // SCIM has shown the IdP groups
            if group.is_idp_group == Some(true) || of_org && shown.iter().any(|id| *id == group.id.as_str()) {
                continue;
            }
            if of_org {
                shown.push(group.id.to_string());
            }
            groups.push(map::user_group(&raw, organization).map_err(unreadable)?);
        }
        if let Some(before) = shown.first_mut() {
            *before = workspace;
        }
        Ok(Page::of_values(groups).next(left.next().map(|_| format!("{AFTER}{}", shown.join(",")))))
    }
}

#[async_trait]
impl GetGroup for SlackEnterprise {
    async fn get_group(&self, call: &Call, input: GetGroupInput) -> Result<Reply<Group<'static>>> {
        let found = self.find_group(call, &input.id, input.workspace_id.as_deref(), true).await?;
        Ok(Reply::read(found.map(self.organization(call).await?)?))
    }
}

#[async_trait]
impl CreateGroup for SlackEnterprise {
    /// A user group where a workspace is named, else an IdP group.
    async fn create_group(&self, call: &Call, input: CreateGroupInput) -> Result<Reply<Group<'static>>> {
        let name = input.name.unwrap_or_default();
        if let Some(workspace) = input.organization.as_deref().filter(|id| id.starts_with('T')) {
            let mut fields = vec![("name", name.as_str()), ("team_id", workspace)];
            fields.extend(input.description.as_deref().map(|text| ("description", text)));
            let Some(answer) = self.web.post("usergroups.create").form(fields).primary().write(call).await? else {
                return Ok(Reply::planned());
            };
            let raw = answer.json::<wire::NewUserGroup>()?.usergroup.to_owned();
            self.remember(&read(&raw)?.id, workspace);
            let found = Found::UserGroup { workspace: workspace.to_owned(), raw };
            return Ok(Reply::applied(found.map(None)?));
        }
        if let Some(named) = &input.organization
            && self.organization(call).await? != Some(named.as_str())
        {
            return Err(Error::invalid("`organization` is neither a workspace (T…) nor the organization").about(named));
        }
        refuse_description(&input.description)?;
        let body = json!({ "schemas": [scim::GROUP], "displayName": name });
        match self.scim.post("Groups").json(&body).primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(Found::Idp(answer).map(None)?)),
            None => Ok(Reply::planned()),
        }
    }
}

fn refuse_description(description: &Option<String>) -> Result<()> {
    match description {
        None => Ok(()),
        Some(_) => Err(Error::invalid("an IdP group has no `description`; nothing was changed")),
    }
}

/// Which user group is changed.
const WHICH: &[&str] = &["usergroup", "team_id"];

#[async_trait]
impl UpdateGroup for SlackEnterprise {
    async fn update_group(&self, call: &Call, input: UpdateGroupInput) -> Result<Reply<Group<'static>>> {
        match self.find_group(call, &input.id, None, false).await? {
            Found::Idp(_) => {
                refuse_description(&input.description)?;
                let name = input.name.ok_or_else(|| Error::invalid("of an IdP group `name` alone can be changed"))?;
                let body = patch(vec![replace("displayName", name)]);
                self.scim_patch("Groups", &input.id, &body).idempotent().write(call).await?;
            }
            Found::UserGroup { workspace, .. } => {
                let mut fields = vec![("usergroup", input.id.clone()), ("team_id", workspace)];
                fields.extend(input.name.map(|name| ("name", name)));
                fields.extend(input.description.map(|text| ("description", text)));
                let request = self.web.post("usergroups.update").form(fields).guarding(WHICH);
                taken(request.idempotent().primary().write(call).await?)?;
            }
        }
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DeleteGroup for SlackEnterprise {
    async fn delete_group(&self, call: &Call, input: DeleteGroupInput) -> Result<Reply<Group<'static>>> {
        match self.find_group(call, &input.id, None, false).await? {
            Found::Idp(_) => drop(self.scim.delete("Groups").id(&input.id).primary().write(call).await?),
            Found::UserGroup { workspace, .. } => {
                let fields = [("usergroup", input.id.clone()), ("team_id", workspace)];
                let request = self.web.post("usergroups.disable").form(fields).guarding(WHICH);
                taken(request.primary().write(call).await?)?;
            }
        }
        Ok(Reply::sent(&input.id))
    }
}
