//! User groups and their members.

use serde_json::json;
use userdir_core::action::*;
use userdir_core::{Call, Effect, Error, ErrorKind, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Group, Unified};

use crate::{GRAPH, JumpCloud, each, given, map, replaced, wire};

#[async_trait]
impl ListGroups for JumpCloud {
    async fn list_groups(&self, call: &Call, request: PageRequest<GroupFilter>) -> Result<Page<Group<'static>>> {
        let filter = &request.filter;
        if let Some(user) = &filter.user_id {
            return self.groups_with(call, user, &request).await;
        }
        let sort = if filter.sort_by.as_ref().is_some_and(|by| by.descending) { "-name" } else { "name" };
        let groups = self.v2.get("usergroups").query("sort", sort).query_if("filter", expression(&filter.name));
        Ok(groups.page(call, &request, &GRAPH, map::group).await?.rechecked(filter.clone()))
    }
}

/// `name:eq:value`, where v2 can say it: a comma would end it, and how it takes several values is unverified. The rest is
/// left out afterwards, as are groups that only match because a `*` is a wildcard.
fn expression(name: &Option<Match>) -> Option<String> {
    let one = name.as_ref()?.single()?;
    (!one.contains(',')).then(|| format!("name:eq:{one}"))
}

impl JumpCloud {
    /// The groups that a user is in: JumpCloud lists their ids, and each is read where more than the id is wanted.
    async fn groups_with(
        &self,
        call: &Call,
        user: &str,
        request: &PageRequest<GroupFilter>,
    ) -> Result<Page<Group<'static>>> {
        let filter = &request.filter;
        if filter.sort_by.is_some() {
            return Err(Error::invalid("`sort_by` does not work together with `user_id`"));
        }
        let found = self.v2.get("users").id(user).path("memberof").primary();
        let found = found.slice(call, request.cursor.as_deref(), request.wanted, &GRAPH).await?;
        let ids = found.each(|raw| serde_json::from_str::<wire::Object>(raw.get()).map(|it| it.id))?;
        let is_wanted = ["name", "description", "organization", "group_type"].iter().any(|field| call.wants(field));
        let groups = match is_wanted {
            true => {
                let answers = each(call, &ids, |id| self.v2.get("usergroups").id(id)).await?;
                answers.iter().map(|answer| answer.map(map::group)).collect::<Result<_>>()?
            }
            false => ids.iter().map(|id| Group::with_id(id)).collect(),
        };
        Ok(Page::of_values(groups).after(&found).rechecked(filter.clone()))
    }
}

#[async_trait]
impl GetGroup for JumpCloud {
    async fn get_group(&self, call: &Call, input: GetGroupInput) -> Result<Reply<Group<'static>>> {
        let answer = self.v2.get("usergroups").id(&input.id).primary().read(call).await?;
        Ok(Reply::read(answer.map(map::group)?))
    }
}

#[async_trait]
impl CreateGroup for JumpCloud {
    async fn create_group(&self, call: &Call, input: CreateGroupInput) -> Result<Reply<Group<'static>>> {
        let body = given(json!({ "name": input.name, "description": input.description }));
        match self.v2.post("usergroups").json(&body).primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(answer.map(map::group)?)),
            None => Ok(Reply::planned()),
        }
    }
}

/// What `PUT /usergroups/{id}` takes; the rest of a group is JumpCloud's own.
const WRITABLE: &[&str] = &[
    "name",
    "description",
    "email",
    "attributes",
    "membershipMethod",
    "memberQuery",
    "memberQueryExemptions",
    "memberSuggestionsNotify",
];

#[async_trait]
impl UpdateGroup for JumpCloud {
    /// `PUT` replaces the group, so it is read first and sent back with what changes.
    async fn update_group(&self, call: &Call, input: UpdateGroupInput) -> Result<Reply<Group<'static>>> {
        let answer = self.v2.get("usergroups").id(&input.id).read(call).await?;
        let changes = json!({ "name": input.name, "description": input.description });
        let body = replaced(&answer, WRITABLE, changes)?;
        self.v2.put("usergroups").id(&input.id).json(&body).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DeleteGroup for JumpCloud {
    async fn delete_group(&self, call: &Call, input: DeleteGroupInput) -> Result<Reply<Group<'static>>> {
        self.v2.delete("usergroups").id(&input.id).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

impl JumpCloud {
    /// Changes a membership. A rule that fills the group would undo it, so such a change is refused.
    async fn member(&self, call: &Call, group_id: &str, user_id: &str, op: &'static str) -> Result<()> {
        let answer = self.v2.get("usergroups").id(group_id).read(call).await?;
        if answer.json::<wire::Membership>()?.is_ruled(user_id) {
            return Err(Error::new(ErrorKind::Conflict, "a rule fills this group and would undo the change")
                .about(group_id.to_owned())
                .hint("exempt the user from the rule in JumpCloud's console, or change the rule"));
        }
        let body = json!({ "op": op, "type": "user", "id": user_id });
        let change = self.v2.post("usergroups").id(group_id).path("members").json(&body).idempotent();
        change.guarding(&["op", "type", "id"]).primary().write(call).await.map(drop)
    }
}

#[async_trait]
impl AddUserToGroup for JumpCloud {
    async fn add_user_to_group(&self, call: &Call, input: AddUserToGroupInput) -> Result<Reply<Group<'static>>> {
        let reply = Reply::sent(&input.group_id);
        match self.member(call, &input.group_id, &input.user_id, "add").await {
            // a member already, or the group is a ruled one: only the first is JumpCloud's answer
            Err(error) if error.kind() == ErrorKind::Conflict && error.vendor().is_some() => {
                Ok(reply.with_effect(Effect::Already))
            }
            sent => sent.map(|()| reply),
        }
    }
}

#[async_trait]
impl RemoveUserFromGroup for JumpCloud {
    async fn remove_user_from_group(
        &self,
        call: &Call,
        input: RemoveUserFromGroupInput,
    ) -> Result<Reply<Group<'static>>> {
        let reply = Reply::sent(&input.group_id);
        match self.member(call, &input.group_id, &input.user_id, "remove").await {
            // no member any more, or no such group: reading the group tells
            Err(error) if error.was_missing() && error.vendor().is_some() => {
                self.v2.get("usergroups").id(&input.group_id).read(call).await?;
                Ok(reply.with_effect(Effect::Already))
            }
            sent => sent.map(|()| reply),
        }
    }
}
