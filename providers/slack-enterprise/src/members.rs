//! Members of groups. SCIM adds and removes single members of IdP groups; of a user group the whole list is replaced.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use userdir_core::action::*;
use userdir_core::http::Paging;
use userdir_core::reply::Step;
use userdir_core::scim::patch;
use userdir_core::{Call, Effect, Error, ErrorKind, Reply, Result, async_trait};
use userdir_schema::{Group, Text};

use crate::groups::{self, Found};
use crate::users::read_info;
use crate::{SlackEnterprise, one_id, taken, wire};

/// Taking one member out of an IdP group, in the order to try: the filter as Slack's page spells it, which where it is not
/// taken fails without harm, and the form that Slack's Java SDK tests. **Never** the path `members` alone: without filter and
/// value it removes everybody. That the unquoted filter is taken is unverified, and so is the quoted one of RFC 7644.
fn removals(user_id: &str) -> Result<[Value; 2]> {
    one_id("user_id", user_id)?;
    Ok([
        patch(json!([{ "op": "remove", "path": format!("members[value eq {user_id}]") }])),
        patch(json!([{ "op": "remove", "path": "members", "value": [{ "value": user_id }] }])),
    ])
}

/// The ids of an IdP group's members.
fn ids(group: &wire::Members<'_>) -> BTreeSet<String> {
    let members = group.members.iter().flatten().filter_map(|member| member.value.as_ref());
    members.map(Text::to_string).collect()
}

impl SlackEnterprise {
    /// The ids of a group's members, for a list of them.
    pub(crate) async fn member_ids(&self, call: &Call, group_id: &str) -> Result<Vec<String>> {
        match self.find_group(call, group_id, None, true).await? {
            Found::Idp(group) => Ok(ids(&group.json()?).into_iter().collect()),
            Found::UserGroup { workspace, .. } => self.members_of_user_group(call, group_id, &workspace).await,
        }
    }

    async fn members_of_user_group(&self, call: &Call, group_id: &str, workspace: &str) -> Result<Vec<String>> {
        let members = self.web.get("usergroups.users.list").query("usergroup", group_id).query("team_id", workspace);
        let members = members.query("include_disabled", "true");
        members.all(call, &Paging::whole("users"), |raw| serde_json::from_str(raw.get())).await
    }

    /// Replaces the members of a user group.
    async fn set_members(&self, call: &Call, group_id: &str, workspace: &str, members: &[String]) -> Result<()> {
        let users = members.join(",");
        let fields = [("usergroup", group_id), ("team_id", workspace), ("users", users.as_str())];
        let request =
            self.web.post("usergroups.users.update").form(fields).guarding(&["usergroup", "team_id", "users"]);
        let request = request.precondition("the group's members are still those that were just read");
        taken(request.primary().write(call).await?).map(drop)
    }
}

/// Refuses user groups whose members cannot be set.
fn check_user_group(raw: &serde_json::value::RawValue) -> Result<()> {
    let group = groups::read(raw)?;
    let conflict = |why: &'static str, hint: &'static str| Err(Error::new(ErrorKind::Conflict, why).hint(hint));
    if group.date_delete.is_some() {
        return conflict("the user group is disabled", "enable it in Slack first");
    }
    match group.auto_type.as_deref() {
        Some(_) => conflict("Slack fills this user group by itself", "give or take the role that it stands for"),
        None => Ok(()),
    }
}

#[async_trait]
impl AddUserToGroup for SlackEnterprise {
    async fn add_user_to_group(&self, call: &Call, input: AddUserToGroupInput) -> Result<Reply<Group<'static>>> {
        one_id("user_id", &input.user_id)?;
        let group_id = &input.group_id;
        match self.find_group(call, group_id, input.workspace_id.as_deref(), false).await? {
            Found::Idp(_) => {
                let member = json!([{ "op": "add", "path": "members", "value": [{ "value": input.user_id }] }]);
                self.scim_patch("Groups", group_id, &patch(member)).write(call).await?;
            }
            Found::UserGroup { workspace, raw } => {
                check_user_group(&raw)?;
                let mut members = self.members_of_user_group(call, group_id, &workspace).await?;
                // core has just seen that this is no member: somebody else was faster
                if members.contains(&input.user_id) {
                    return Ok(Reply::sent(group_id).with_effect(Effect::Already));
                }
                members.push(input.user_id.clone());
                self.set_members(call, group_id, &workspace, &members).await?;
            }
        }
        Ok(Reply::sent(group_id))
    }
}

#[async_trait]
impl RemoveUserFromGroup for SlackEnterprise {
    async fn remove_user_from_group(
        &self,
        call: &Call,
        input: RemoveUserFromGroupInput,
    ) -> Result<Reply<Group<'static>>> {
        let forms = removals(&input.user_id)?;
        let group_id = &input.group_id;
        match self.find_group(call, group_id, input.workspace_id.as_deref(), false).await? {
            Found::Idp(group) => {
                let before = ids(&group.json()?);
                // core has just seen the member: gone now means taken out in between
                if !before.contains(&input.user_id) {
                    return self.gone(call, &input).await;
                }
                match self.first_taken(call, "Groups", group_id, &forms).await {
                    Err(error) if error.vendor_code() == Some("no_such_group_members") => {
                        let now = self.scim.get("Groups").id(group_id).read(call).await?;
                        if ids(&now.json()?).contains(&input.user_id) {
                            return Err(error);
                        }
                        return self.gone(call, &input).await;
                    }
                    sent => {
                        if sent?.is_some() && !self.check_others(call, &input, before).await? {
                            return Ok(Reply::sent(group_id)
                                .note("whether the other members are still there could not be read"));
                        }
                    }
                }
            }
            Found::UserGroup { workspace, raw } => {
                check_user_group(&raw)?;
                let mut members = self.members_of_user_group(call, group_id, &workspace).await?;
                let before = members.len();
                members.retain(|id| *id != input.user_id);
                if members.len() == before {
                    return self.gone(call, &input).await;
                }
                if members.is_empty() {
                    return Err(Error::refused("this is the last member, and Slack keeps no empty user group")
                        .about(&input.user_id)
                        .hint("add somebody else first, or disable the group with groups/delete"));
                }
                self.set_members(call, group_id, &workspace, &members).await?;
            }
        }
        Ok(Reply::sent(group_id))
    }
}

impl SlackEnterprise {
    /// That somebody else took the user out in between; not that the user is in the group by another id.
    async fn gone(&self, call: &Call, input: &RemoveUserFromGroupInput) -> Result<Reply<Group<'static>>> {
        read_info(&self.info(&input.user_id).read(call).await?, &input.user_id)?;
        Ok(Reply::sent(&input.group_id).with_effect(Effect::Already))
    }

    /// Reads the group again: a removal that took others too is told, with their number. False where it cannot be read.
    async fn check_others(
        &self,
        call: &Call,
        input: &RemoveUserFromGroupInput,
        mut others: BTreeSet<String>,
    ) -> Result<bool> {
        others.remove(&input.user_id);
        let answer = match self.scim.get("Groups").id(&input.group_id).read(call).await {
            Ok(answer) => answer,
            // the reading that core makes next says whether the one is gone
            Err(_) => return Ok(false),
        };
        let after = ids(&answer.json()?);
        let lost = others.difference(&after).count();
        if lost == 0 {
            return Ok(true);
        }
        let done = Step::done(&input.user_id, Effect::Applied);
        let failed = Step::failed("the other members", format!("{lost} of {} are gone too", others.len()));
        Err(Error::partly_done(vec![done], vec![failed])
            .about(&input.group_id)
            .hint("look at the group in Slack now, and put back who is missing"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removal_always_names_its_one_member() {
        for form in removals("W0L3P31SP").unwrap() {
            let operation = &form["Operations"][0];
            let names_it = operation["path"].as_str().is_some_and(|path| path == "members[value eq W0L3P31SP]")
                || operation["value"] == json!([{ "value": "W0L3P31SP" }]);
            assert!(names_it, "{form}");
        }
        for id in ["", " ", "W1,W2", "W1] or members[value pr", "W1 or value pr", "*"] {
            assert!(removals(id).is_err(), "{id:?}");
        }
    }
}
