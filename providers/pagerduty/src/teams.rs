//! Teams, their members, and the roles there.

use serde_json::{Map, Value, json};
use userdir_core::action::*;
use userdir_core::http::{Paging, Request};
use userdir_core::mapping::check_length;
use userdir_core::{Call, Effect, ErrorKind, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Group, RoleAssignment};

use crate::seats::{base_role, team_role};
use crate::{PagerDuty, map, paged, refused_as_wrong, wire};

/// The role of whoever is put into a team without one. PagerDuty itself would make everybody a manager.
const NEW_MEMBER: &str = "responder";

#[async_trait]
impl ListGroups for PagerDuty {
    async fn list_groups(&self, call: &Call, request: PageRequest<GroupFilter>) -> Result<Page<Group<'static>>> {
        let filter = request.filter.clone();
        let page = match &filter.user_id {
            Some(user) => {
                let teams = self.get("users").id(user).query("include[]", "teams");
                teams.page(call, &request, &Paging::whole("user.teams"), map::team).await?
            }
            None => {
                let teams = self.get("teams").query("total", "true");
                let teams = teams.query_if("query", filter.name.as_ref().and_then(Match::single));
                teams.page(call, &request, &paged("teams"), map::team).await?
            }
        };
        Ok(page.rechecked(filter))
    }
}

#[async_trait]
impl GetGroup for PagerDuty {
    async fn get_group(&self, call: &Call, input: GetGroupInput) -> Result<Reply<Group<'static>>> {
        let answer = self.get("teams").id(&input.id).primary().read(call).await?;
        Ok(Reply::read(answer.map_at("team", map::team)?))
    }
}

#[async_trait]
impl CreateGroup for PagerDuty {
    async fn create_group(&self, call: &Call, input: CreateGroupInput) -> Result<Reply<Group<'static>>> {
        check_length("name", input.name.as_deref(), 0..=100)?;
        check_length("description", input.description.as_deref(), 0..=1024)?;
        let mut team = Map::from_iter([("type".to_owned(), Value::from("team"))]);
        fill(&mut team, input.name, input.description);
        let request = self.change(self.http.post("teams").json(&json!({ "team": team })));
        match request.primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(answer.map_at("team", map::team)?)),
            None => Ok(Reply::planned()),
        }
    }
}

fn fill(team: &mut Map<String, Value>, name: Option<String>, description: Option<String>) {
    let given = [("name", name), ("description", description)];
    team.extend(given.into_iter().filter_map(|(field, value)| Some((field.to_owned(), Value::from(value?)))));
}

#[async_trait]
impl UpdateGroup for PagerDuty {
    /// `PUT` takes the whole team: what is not changed goes back as it was read.
    async fn update_group(&self, call: &Call, input: UpdateGroupInput) -> Result<Reply<Group<'static>>> {
        check_length("name", input.name.as_deref(), 0..=100)?;
        check_length("description", input.description.as_deref(), 0..=1024)?;
        let current: wire::TeamAnswer = self.get("teams").id(&input.id).read(call).await?.json()?;
        let mut team = current.team;
        // `parent` is not in the description; PagerDuty's own Terraform provider reads and writes it
        team.retain(|field, _| ["type", "name", "description", "default_role", "parent"].contains(&field.as_str()));
        fill(&mut team, input.name, input.description);
        let request = self.http.put("teams").id(&input.id).json(&json!({ "team": team }));
        self.change(request).guarding(&["team"]).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DeleteGroup for PagerDuty {
    async fn delete_group(&self, call: &Call, input: DeleteGroupInput) -> Result<Reply<Group<'static>>> {
        match self.change(self.http.delete("teams").id(&input.id)).primary().write(call).await {
            Err(error) if error.kind() == ErrorKind::Conflict => Err(error.hint(
                "move its escalation policies, services, schedules and subteams first, or name another team with \
                 `reassignment_team` in `remote_query`",
            )),
            sent => sent.map(|_| Reply::sent(&input.id)),
        }
    }
}

impl PagerDuty {
    /// Makes somebody a member of a team, or gives a member another role there.
    pub(crate) fn put_member(&self, team: &str, user: &str, role: &str) -> Request {
        let member = self.http.put("teams").id(team).path("users").id(user).json(&json!({ "role": role }));
        self.change(member).guarding(&["role"])
    }
}

#[async_trait]
impl AddUserToGroup for PagerDuty {
    /// Lists of members may lag: until they show it, this is pending.
    async fn add_user_to_group(&self, call: &Call, input: AddUserToGroupInput) -> Result<Reply<Group<'static>>> {
        let member = self.put_member(&input.group_id, &input.user_id, NEW_MEMBER).primary();
        let hint = "a full or limited stakeholder cannot be put into a team: give another base role first";
        member.write(call).await.map_err(refused_as_wrong(hint))?;
        Ok(Reply::sent(&input.group_id).with_effect(Effect::Pending))
    }
}

#[async_trait]
impl RemoveUserFromGroup for PagerDuty {
    async fn remove_user_from_group(
        &self,
        call: &Call,
        input: RemoveUserFromGroupInput,
    ) -> Result<Reply<Group<'static>>> {
        let member = self.http.delete("teams").id(&input.group_id).path("users").id(&input.user_id);
        let reply = Reply::sent(&input.group_id);
        match self.change(member).primary().write(call).await {
            // core has just seen the team, and the user in it: taken out in between, or before, and not shown yet
            Err(error) if error.was_missing() => {
                let teams = self.get("users").id(&input.user_id).query("include[]", "teams").read(call).await?;
                let teams: wire::UserAnswer = teams.json()?;
                let is_shown =
                    teams.user.teams.iter().flatten().any(|team| team.id.as_deref() == Some(&input.group_id));
                Ok(reply.with_effect(if is_shown { Effect::Pending } else { Effect::Already }))
            }
            Err(error) => {
                let hint = "who is on an escalation policy of the team stays a member: take them off the policy first";
                Err(refused_as_wrong(hint)(error))
            }
            Ok(_) => Ok(reply.with_effect(Effect::Pending)),
        }
    }
}

#[async_trait]
impl ListRoleAssignments for PagerDuty {
    /// In a team the roles of its members; else everybody's base role, or one user's.
    async fn list_role_assignments(
        &self,
        call: &Call,
        request: PageRequest<RoleAssignmentFilter>,
    ) -> Result<Page<RoleAssignment<'static>>> {
        if let Some(role) = &request.filter.role_id {
            let known = if request.filter.group_id.is_some() { team_role(role) } else { base_role(role) };
            known?;
        }
        let page = match (request.filter.group_id.clone(), &request.filter.user_id) {
            (Some(team), user) => {
                // a mistyped user must not read as one without a role there
                if let (Some(user), None) = (user, &request.cursor) {
                    self.get("users").id(user).read(call).await?;
                }
                let members = self.get("teams").id(&team).path("members").query("total", "true").primary();
                let (cursor, wanted) = (request.cursor.as_deref(), request.wanted);
                let slice = members.slice(call, cursor, wanted, &paged("members")).await?;
                Page::of_values(slice.each(|raw| map::assignment_in_team(&team, raw))?).after(&slice)
            }
            (None, Some(user)) => {
                let user = self.get("users").id(user).primary().read(call).await?;
                Page::of_values(vec![user.map_at("user", map::assignment_of_base_role)?])
            }
            (None, None) => {
                let users = self.get("users").query("total", "true");
                users.page(call, &request, &paged("users"), map::assignment_of_base_role).await?
            }
        };
        Ok(page.rechecked(request.filter))
    }
}
