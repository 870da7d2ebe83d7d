//! Administrator roles: the catalogue, what users hold, and assignments.
//!
//! A held role has an id of its own, the assignment's; it is not the role's and not unique (see `map.rs`).

use serde_json::json;
use userdir_core::action::*;
use userdir_core::http::{Next, Paging, TotalAt};
use userdir_core::reply::Steps;
use userdir_core::{Call, Effect, Error, ErrorKind, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Role, RoleAssignment, User, UserRole};

use crate::map::{self, STANDARD_ROLES};
use crate::{Okta, ROWS, wire};

/// Custom roles page in the body, with a size of Okta's choosing.
const CUSTOM: Paging = Paging {
    items: "roles",
    limit: "",
    max: u32::MAX,
    next: Next::BodyLink { path: "_links.next.href" },
    total: TotalAt::Nowhere,
};
/// Users who hold roles; each costs a further call.
const ASSIGNEES: u32 = 100;

#[async_trait]
impl ListRoles for Okta {
    /// The standard roles, which no call lists, and then the custom ones.
    async fn list_roles(&self, call: &Call, request: PageRequest<RoleFilter>) -> Result<Page<Role<'static>>> {
        let is_first = request.cursor.is_none();
        let page = self.http.get("api/v1/iam/roles").page(call, &request, &CUSTOM, map::custom_role).await?;
        let standard = STANDARD_ROLES.iter().map(|(id, name)| map::standard_role(id, name));
        Ok(if is_first { page.preceded_by(standard.collect()) } else { page })
    }
}

#[async_trait]
impl GetRole for Okta {
    async fn get_role(&self, call: &Call, input: GetRoleInput) -> Result<Reply<Role<'static>>> {
        if let Some((id, name)) = STANDARD_ROLES.iter().find(|(id, _)| *id == input.id) {
            return Ok(Reply::read(map::standard_role(id, name)));
        }
        let answer = self.http.get("api/v1/iam/roles").id(&input.id).primary().read(call).await?;
        Ok(Reply::read(answer.map(map::custom_role)?))
    }
}

#[async_trait]
impl CreateRole for Okta {
    async fn create_role(&self, call: &Call, input: CreateRoleInput) -> Result<Reply<Role<'static>>> {
        let body = json!({ "label": input.name, "description": input.description, "permissions": input.permissions });
        match self.http.post("api/v1/iam/roles").json(&body).primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(answer.map(map::custom_role)?)),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl UpdateRole for Okta {
    /// `PUT` wants label and description both, so the one that is not given is read first.
    async fn update_role(&self, call: &Call, input: UpdateRoleInput) -> Result<Reply<Role<'static>>> {
        refuse_standard(&input.id)?;
        let current: Role = self.http.get("api/v1/iam/roles").id(&input.id).read(call).await?.map(map::custom_role)?;
        let name = input.name.as_deref().or(current.name.as_deref());
        let description = input.description.as_deref().or(current.description.as_deref());
        let body = json!({ "label": name, "description": description.unwrap_or_default() });
        self.http.put("api/v1/iam/roles").id(&input.id).json(&body).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DeleteRole for Okta {
    async fn delete_role(&self, call: &Call, input: DeleteRoleInput) -> Result<Reply<Role<'static>>> {
        refuse_standard(&input.id)?;
        self.http.delete("api/v1/iam/roles").id(&input.id).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

fn refuse_standard(id: &str) -> Result<()> {
    match STANDARD_ROLES.iter().any(|(standard, _)| *standard == id) {
        true => Err(Error::invalid("a standard role of Okta cannot be changed").about(id)),
        false => Ok(()),
    }
}

#[async_trait]
impl AssignRole for Okta {
    /// One call a role; those already held are left alone.
    async fn assign_role(&self, call: &Call, input: AssignRoleInput) -> Result<Reply<User<'static>>> {
        let bodies = input.roles.iter().map(new_assignment).collect::<Result<Vec<_>>>()?;
        let mut steps = Steps::default();
        for (role, body) in input.roles.iter().zip(bodies) {
            let request = self.http.post("api/v1/users").id(&input.id).path("roles").json(&body);
            let sent = steps.send(call, request.guarding(&["type", "role"])).await;
            steps.add(role.id.as_deref().unwrap_or_default(), crate::effect(sent));
        }
        steps.finish(Reply::sent(&input.id))
    }
}

/// Okta's body for giving a role.
fn new_assignment(role: &UserRole<'_>) -> Result<serde_json::Value> {
    let id = role.id.as_deref().unwrap_or_default();
    if STANDARD_ROLES.iter().any(|(standard, _)| *standard == id) {
        return refuse_set_of_standard(role).map(|()| json!({ "type": id }));
    }
    if !id.starts_with("cr0") {
        return Err(Error::invalid("unknown role")
            .about(id)
            .hint("give a standard type such as HELP_DESK_ADMIN, or the id of a custom role: `userdir roles list`"));
    }
    match role.organization.as_deref() {
        Some(resource_set) => Ok(json!({ "type": "CUSTOM", "role": id, "resource-set": resource_set })),
        None => Err(Error::invalid("a custom role needs its resource set")
            .about(id)
            .hint("give the resource set's id in `roles[].organization`")),
    }
}

#[async_trait]
impl UnassignRole for Okta {
    /// Reads what is held, and takes each assignment of the named roles away; what comes through a group stays.
    async fn unassign_role(&self, call: &Call, input: UnassignRoleInput) -> Result<Reply<User<'static>>> {
        input.roles.iter().try_for_each(refuse_set_of_standard)?;
        let held = self.http.get("api/v1/users").id(&input.id).path("roles");
        let held = held.all(call, &ROWS, wire::RoleAssignment::read).await?;
        for role in &input.roles {
            self.refuse_unknown(call, role, &held).await?;
        }
        let mut steps = Steps::default();
        for role in &input.roles {
            let named: Vec<_> = held.iter().filter(|held| is_named(role, held)).collect();
            if named.is_empty() {
                steps.add(name(role), Ok(Effect::Already));
            }
            for assignment in &named {
                let effect = if assignment.comes_through_a_group() {
                    Err(comes_through_a_group())
                } else {
                    self.remove_assignment(call, &mut steps, "api/v1/users", &input.id, &assignment.id).await
                };
                // held several times: for several resource sets, or through a group too
                let target = match named.as_slice() {
                    [_] => name(role).to_owned(),
                    _ => format!("{} ({})", name(role), assignment.id),
                };
                steps.add(target, effect);
            }
        }
        steps.finish(Reply::sent(&input.id))
    }
}

/// What the caller calls the role: its id, else its name.
fn name<'r>(role: &'r UserRole<'_>) -> &'r str {
    role.id.as_deref().or(role.name.as_deref()).unwrap_or_default()
}

/// The standard role that is meant, by type and label.
fn standard(role: &UserRole<'_>) -> Option<(&'static str, &'static str)> {
    let name = name(role);
    STANDARD_ROLES.iter().copied().find(|(id, label)| *id == name || label.eq_ignore_ascii_case(name))
}

/// A standard role that is meant for a part alone must not be given, or taken, as a whole.
fn refuse_set_of_standard(role: &UserRole<'_>) -> Result<()> {
    match role.organization.as_deref().filter(|set| standard(role).is_some() && !set.is_empty()) {
        None => Ok(()),
        Some(set) => Err(Error::invalid("a standard role is held in the whole organization and in no resource set")
            .about(set.to_owned())
            .hint("leave `roles[].organization` out, or name a custom role")),
    }
}

/// Whether a held role is the one named: by role id or type, by assignment id, or by label; and by resource set where
/// one is named.
fn is_named(role: &UserRole<'_>, held: &wire::RoleAssignment<'_>) -> bool {
    let name = name(role);
    let is_called = |name: &str| {
        held.role_id().is_some_and(|id| *id == name)
            || held.label.as_deref().is_some_and(|label| label.eq_ignore_ascii_case(name))
    };
    let named = held.id == name
        || is_called(name)
        || standard(role).is_some_and(|(id, label)| is_called(id) || is_called(label));
    named && role.organization.as_ref().is_none_or(|set| held.resource_set.as_ref() == Some(set))
}

fn comes_through_a_group() -> Error {
    Error::new(ErrorKind::Conflict, "the role comes through a group; take the user out of that group")
}

impl Okta {
    /// A word that is neither held nor any role is a mistake, and must not read as "already taken away".
    async fn refuse_unknown(&self, call: &Call, role: &UserRole<'_>, held: &[wire::RoleAssignment<'_>]) -> Result<()> {
        let name = name(role);
        if standard(role).is_some() || held.iter().any(|held| is_named(role, held)) {
            return Ok(());
        }
        if name.starts_with("cr0") {
            let role = self.http.get("api/v1/iam/roles").id(name).read(call).await;
            return role.map(drop).map_err(|error| error.about(name));
        }
        Err(Error::invalid("unknown role; nothing was changed").about(name).hint("`userdir roles list` shows the ids"))
    }

    async fn remove_assignment(
        &self,
        call: &Call,
        steps: &mut Steps,
        holders: &'static str,
        holder: &str,
        assignment: &str,
    ) -> Result<Effect> {
        let request = self.http.delete(holders).id(holder).path("roles").id(assignment);
        match steps.send(call, request).await {
            // gone in between: the word in brackets tells what is missing
            Err(error) if error.was_missing() && is_missing_assignment(&error) => Ok(Effect::Already),
            sent => crate::effect(sent),
        }
    }
}

fn is_missing_assignment(error: &Error) -> bool {
    let message = error.vendor().and_then(|answer| answer.message.as_deref()).unwrap_or_default();
    error.vendor_code() == Some("E0000007") && message.contains("(RoleAssignment)")
}

#[async_trait]
impl ListRoleAssignments for Okta {
    async fn list_role_assignments(
        &self,
        call: &Call,
        request: PageRequest<RoleAssignmentFilter>,
    ) -> Result<Page<RoleAssignment<'static>>> {
        let (holders, holder) = match (&request.filter.user_id, &request.filter.group_id) {
            (Some(_), Some(_)) => return Err(Error::invalid("give `user_id` or `group_id`, not both")),
            (Some(user), None) => ("api/v1/users", user),
            (None, Some(group)) => ("api/v1/groups", group),
            (None, None) => return self.all_assignments(call, request).await,
        };
        let held = self.http.get(holders).id(holder).path("roles").primary();
        Ok(Page::of_values(held.all(call, &ROWS, |raw| map::role_assignment(holder, raw)).await?))
    }
}

impl Okta {
    /// Whoever holds a role, and then each one's roles.
    async fn all_assignments(
        &self,
        call: &Call,
        request: PageRequest<RoleAssignmentFilter>,
    ) -> Result<Page<RoleAssignment<'static>>> {
        let (assignees, next) = self.assignees(call, request.wanted, request.cursor.as_deref()).await?;
        let mut assignments = Vec::new();
        for user in assignees {
            let held = self.http.get("api/v1/users").id(&user).path("roles");
            assignments.extend(held.all(call, &ROWS, |raw| map::role_assignment(&user, raw)).await?);
        }
        Ok(Page::of_values(assignments).next(next))
    }
}

impl Okta {
    /// Who holds a role, of themselves or through a group: whoever holds any is asked for theirs.
    pub(crate) async fn holders(
        &self,
        call: &Call,
        request: &PageRequest<UserFilter>,
        role: &str,
    ) -> Result<Page<User<'static>>> {
        let (assignees, next) = self.assignees(call, request.wanted, request.cursor.as_deref()).await?;
        let role = UserRole { id: Some(role.into()), ..UserRole::default() };
        let mut holders = Vec::new();
        for id in assignees {
            let held = self.http.get("api/v1/users").id(&id).path("roles");
            let held = held.all(call, &ROWS, wire::RoleAssignment::read).await?;
            if held.iter().any(|held| is_named(&role, held)) {
                let user = self.http.get("api/v1/users").id(&id).read(call).await?;
                holders.push(user.map(map::user)?);
            }
        }
        Ok(Page::of_values(holders).next(next))
    }

    /// Ids of whoever holds any role, and where they go on.
    async fn assignees(
        &self,
        call: &Call,
        wanted: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<(Vec<String>, Option<String>)> {
        let size = wanted.unwrap_or(ASSIGNEES).clamp(1, ASSIGNEES).to_string();
        let assignees = self.http.get("api/v1/iam/assignees/users").query("limit", size).primary();
        let assignees: wire::Assignees = assignees.at(cursor)?.read(call).await?.json()?;
        let next = assignees.links.and_then(|links| links.next).map(|next| next.href);
        Ok((assignees.value.into_iter().flatten().map(|assignee| assignee.id).collect(), next))
    }
}

/// Takes a unified assignment id apart: holder, and Okta's own id.
fn parts(id: &str) -> Result<(&'static str, &str, &str)> {
    let Some((holder, assignment)) = id.split_once(':') else {
        return Err(Error::invalid("an id of a role assignment is `<user or group id>:<assignment id>`")
            .hint("take it from `userdir role-assignments list`"));
    };
    Ok((if map::is_group_id(holder) { "api/v1/groups" } else { "api/v1/users" }, holder, assignment))
}

#[async_trait]
impl GetRoleAssignment for Okta {
    async fn get_role_assignment(
        &self,
        call: &Call,
        input: GetRoleAssignmentInput,
    ) -> Result<Reply<RoleAssignment<'static>>> {
        let (holders, holder, assignment) = parts(&input.id)?;
        let held = self.http.get(holders).id(holder).path("roles").primary();
        let held = held.all(call, &ROWS, |raw| map::role_assignment(holder, raw)).await?;
        let found = held.into_iter().find(|held| held.id == input.id.as_str());
        found.map(Reply::read).ok_or_else(|| Error::not_found("the holder has no such assignment").about(assignment))
    }
}

#[async_trait]
impl DeleteRoleAssignment for Okta {
    async fn delete_role_assignment(
        &self,
        call: &Call,
        input: DeleteRoleAssignmentInput,
    ) -> Result<Reply<RoleAssignment<'static>>> {
        let (holders, holder, assignment) = parts(&input.id)?;
        let held = self.http.get(holders).id(holder).path("roles");
        let held = held.all(call, &ROWS, wire::RoleAssignment::read).await?;
        if held.iter().any(|held| held.id == assignment && held.comes_through_a_group()) && !map::is_group_id(holder) {
            return Err(comes_through_a_group());
        }
        let effect = self.remove_assignment(call, &mut Steps::default(), holders, holder, assignment).await?;
        Ok(Reply::sent(&input.id).with_effect(effect))
    }
}
