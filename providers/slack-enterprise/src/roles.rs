//! Roles, and who holds them: system and custom roles are assigned at the organization, a workspace or a channel.

use serde_json::value::RawValue;
use userdir_core::action::*;
use userdir_core::http::{Answer, Paging, Request};
use userdir_core::{Call, Effect, Error, Mapped, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{IntoOwned, Role, RoleAssignment, Text, UserRole};

use crate::catalogue::{self, AccountType};
use crate::users::USERS;
use crate::{SlackEnterprise, by_cursor, grants, map, one_id, taken, wire};

pub(crate) const ASSIGNMENTS: Paging = by_cursor("role_assignments", 200);
pub(crate) const ADD: &str = "admin.roles.addAssignments";
pub(crate) const REMOVE: &str = "admin.roles.removeAssignments";
/// What narrows a list of a workspace's people to its owners and administrators.
pub(crate) const ADMINS: &[&str] = &["include_admins", "include_owners"];
/// And to its guests.
pub(crate) const GUESTS: &[&str] = &["only_guests"];

pub(crate) fn read(raw: &RawValue) -> Mapped<wire::Assignment> {
    serde_json::from_str(raw.get())
}

impl SlackEnterprise {
    /// Assignments of these roles, or of all, at a place, or at all. By user Slack does not list them.
    pub(crate) fn assignments(&self, role_ids: &[&str], place: Option<&str>) -> Request {
        let roles = (!role_ids.is_empty()).then(|| role_ids.join(","));
        self.web.get("admin.roles.listAssignments").query_if("role_ids", roles).query_if("entity_ids", place)
    }

    /// What somebody holds beside the account type in the organization: assignments, and account types in workspaces.
    pub(crate) async fn held_roles(
        &self,
        call: &Call,
        user_id: &str,
        workspaces: &[String],
    ) -> Result<Vec<UserRole<'static>>> {
        let assignments = self.assignments(&[], None).all(call, &ASSIGNMENTS, read).await?;
        let mut held: Vec<UserRole> =
            assignments.into_iter().filter(|held| held.user_id == user_id).map(held_role).collect();
        // in a confirming read the place that was written too: Slack may list people there whom it does not show to be there
        let written = call.confirms::<UnassignRoleInput>().and_then(|input| input.workspace_id);
        let written = written.filter(|id| id.starts_with('T') && !workspaces.contains(id));
        for workspace in workspaces.iter().chain(&written) {
            let people = self.types_in(call, workspace, ADMINS).await?;
            let account = people.into_iter().find(|(id, _)| id == user_id);
            let place = Some(workspace.clone().into());
            held.extend(account.and_then(|(_, account)| Some(UserRole { workspace: place, ..account?.role() })));
        }
        Ok(held)
    }

    /// What people of a workspace are, on the list that is narrowed so.
    pub(crate) async fn types_in(
        &self,
        call: &Call,
        workspace: &str,
        only: &[&'static str],
    ) -> Result<Vec<(String, Option<AccountType>)>> {
        let only = only.iter().map(|name| (*name, "true"));
        self.ask("admin.users.list", [("team_id", workspace)].into_iter().chain(only)).all(call, &USERS, account).await
    }

    /// Gives or takes one role, at one place, to or from one person.
    pub(crate) fn change(&self, method: &'static str, [role, place, user]: [&str; 3]) -> Request {
        let fields = [("role_id", role), ("entity_ids", place), ("user_ids", user)];
        self.web.post(method).form(fields).guarding(&["role_id", "entity_ids", "user_ids"])
    }
}

fn account(raw: &RawValue) -> Mapped<(String, Option<AccountType>)> {
    let it: wire::ListedUser = serde_json::from_str(raw.get())?;
    Ok((it.id.to_string(), map::account_type(&it)))
}

/// An assignment as its holder's role.
fn held_role(it: wire::Assignment) -> UserRole<'static> {
    let mut role = catalogue::named(it.role_id.into()).into_owned();
    let place = match it.entity_id.chars().next() {
        Some('E') => &mut role.organization,
        Some('T') => &mut role.workspace,
        // a channel
        _ => &mut role.group,
    };
    *place = Some(it.entity_id.into());
    role
}

impl SlackEnterprise {
    /// What became of a removal. Nobody who could lose the role is left where somebody else took it in between: that is
    /// looked at again, since Slack may mean the person and not the role.
    pub(crate) async fn removed(
        &self,
        call: &Call,
        [role, place, user]: [&str; 3],
        sent: Result<Option<Answer>>,
    ) -> Result<Effect> {
        match sent {
            Err(error) if error.vendor_code() == Some("no_valid_users") => {
                let held = self.assignments(&[role], Some(place)).all(call, &ASSIGNMENTS, read).await?;
                let is_own = |held: &wire::Assignment| held.user_id == user && held.entity_id == place;
                if held.iter().any(is_own) { Err(error) } else { Ok(Effect::Already) }
            }
            sent => sent.and_then(taken),
        }
    }
}

/// In a confirming read, the roles by the names that the write calls them by: for some there are two.
pub(crate) fn called_so(call: &Call, held: &mut [UserRole<'static>]) {
    let changed = call.confirms::<UnassignRoleInput>().unwrap_or_default();
    for role in &changed.roles {
        let word = grants::called(role);
        let is_it = |held: &&mut UserRole<'static>| {
            let differs =
                |text: &Option<Text<'static>>| !text.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(word));
            differs(&held.id)
                && differs(&held.name)
                && held.id.as_deref().is_some_and(|id| catalogue::is_called(id, word))
        };
        held.iter_mut().filter(is_it).for_each(|held| held.name = Some(word.to_owned().into()));
    }
}

#[async_trait]
impl ListRoles for SlackEnterprise {
    /// The roles that are always there, and the custom ones that somebody holds.
    async fn list_roles(&self, call: &Call, _: PageRequest<RoleFilter>) -> Result<Page<Role<'static>>> {
        let held = self.assignments(&[], None).primary().all(call, &ASSIGNMENTS, |raw| Ok(read(raw)?.role_id)).await?;
        let mut custom: Vec<String> = held.into_iter().filter(|id| catalogue::role(id).is_none()).collect();
        custom.sort_unstable();
        custom.dedup();
        Ok(Page::of_values(catalogue::roles().chain(custom.into_iter().map(catalogue::custom_role)).collect()))
    }
}

#[async_trait]
impl GetRole for SlackEnterprise {
    async fn get_role(&self, call: &Call, input: GetRoleInput) -> Result<Reply<Role<'static>>> {
        if let Some(role) = catalogue::role(&input.id) {
            return Ok(Reply::read(role));
        }
        one_id("role id", &input.id)?;
        // a custom role is known to be there only where somebody holds it; a page that is empty need not be the last
        let held = self.assignments(&[&input.id], None).primary().all(call, &ASSIGNMENTS, read).await?;
        match held.is_empty() {
            false => Ok(Reply::read(catalogue::custom_role(input.id))),
            true => Err(Error::not_found("no role of Slack's, and no custom role that anybody holds").about(input.id)),
        }
    }
}

#[async_trait]
impl ListRoleAssignments for SlackEnterprise {
    async fn list_role_assignments(
        &self,
        call: &Call,
        request: PageRequest<RoleAssignmentFilter>,
    ) -> Result<Page<RoleAssignment<'static>>> {
        let filter = &request.filter;
        let place = match (&filter.workspace_id, &filter.organization_id) {
            (Some(_), Some(_)) => return Err(Error::invalid("give `workspace_id` or `organization_id`, not both")),
            (workspace, organization) => workspace.as_deref().or(organization.as_deref()),
        };
        let roles: Vec<&str> = filter.role_id.as_deref().into_iter().collect();
        let held = self.assignments(&roles, place);
        Ok(held.page(call, &request, &ASSIGNMENTS, map::assignment).await?.rechecked(filter.clone()))
    }
}

/// Role, place and holder of an assignment.
fn parts(id: &str) -> Result<[&str; 3]> {
    let parts: Vec<&str> = id.split(':').collect();
    let parts: [&str; 3] = parts.try_into().map_err(|_| {
        Error::invalid("an id of a role assignment is `<role>:<place>:<user>`")
            .hint("take it from `userdir role-assignments list`")
    })?;
    parts.iter().try_for_each(|part| one_id("id", part))?;
    Ok(parts)
}

#[async_trait]
impl GetRoleAssignment for SlackEnterprise {
    async fn get_role_assignment(
        &self,
        call: &Call,
        input: GetRoleAssignmentInput,
    ) -> Result<Reply<RoleAssignment<'static>>> {
        let [role, place, _] = parts(&input.id)?;
        let held = self.assignments(&[role], Some(place)).primary();
        let held =
            held.all(call, &ASSIGNMENTS, map::owned_assignment).await?.into_iter().find(|held| *held.id == *input.id);
        held.map(Reply::read).ok_or_else(|| Error::not_found("nobody holds it so").about(input.id))
    }
}

#[async_trait]
impl DeleteRoleAssignment for SlackEnterprise {
    async fn delete_role_assignment(
        &self,
        call: &Call,
        input: DeleteRoleAssignmentInput,
    ) -> Result<Reply<RoleAssignment<'static>>> {
        let one = parts(&input.id)?;
        let sent = self.change(REMOVE, one).primary().write(call).await;
        let effect = self.removed(call, one, sent).await?;
        Ok(Reply::sent(&input.id).with_effect(effect))
    }
}
