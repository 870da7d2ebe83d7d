//! Groups and their members.

use serde_json::{Value, json};
use userdir_core::action::*;
use userdir_core::http::Request;
use userdir_core::scim::{self, Object, ScimFilter};
use userdir_core::{Call, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Group, User};

use crate::paging::Listing;
use crate::patch::{Form, Target, add, holds, items, remove_where, value_of};
use crate::users::{time, update};
use crate::{Scim, wire};

#[async_trait]
impl ListGroups for Scim {
    async fn list_groups(&self, call: &Call, request: PageRequest<GroupFilter>) -> Result<Page<Group<'static>>> {
        let filter = &request.filter;
        let mut clause = ScimFilter::default();
        // of several values some servers look at the first alone
        if let Some(name) = filter.name.as_ref().and_then(Match::single) {
            clause.any_of("displayName", [name]);
        } else if filter.updated_at.is_some() {
            clause.within("meta.lastModified", &filter.updated_at, time);
        } else {
            clause.within("meta.created", &filter.created_at, time);
        }
        // members can be many, and no field shows them
        let listing = Listing { at: "Groups", excluded: Some("members"), filter: clause.build(), ..Listing::default() };
        let error = match self.list(call, &request, &listing, scim::group).await {
            Ok((page, _)) if *filter == GroupFilter::default() => return Ok(page),
            Ok((page, _)) => return Ok(page.rechecked(request.filter)),
            Err(error) => error,
        };
        Err(self.without_groups(call, error).await)
    }
}

#[async_trait]
impl GetGroup for Scim {
    /// With its members, which `remote_data` shows; a confirming read is spared them.
    async fn get_group(&self, call: &Call, input: GetGroupInput) -> Result<Reply<Group<'static>>> {
        let excluded = (!call.wants("members")).then_some("members");
        let group = self.http.get("Groups").id(&input.id).query_if("excludedAttributes", excluded);
        match group.primary().read(call).await {
            Ok(answer) => Ok(Reply::read(answer.map(scim::group)?)),
            Err(error) => Err(self.without_groups(call, error).await),
        }
    }
}

/// Keeps the users among a group's members.
struct Users;

impl Recheck<User<'static>> for Users {
    fn keeps(&self, member: &User<'_>) -> bool {
        member.user_type.is_none()
    }
}

impl Scim {
    /// The users of a group, as far as the group tells. SCIM does not page members.
    pub(crate) async fn members(&self, call: &Call, group_id: &str) -> Result<Page<User<'static>>> {
        if self.hides_members {
            return Err(Error::not_supported(
                "not supported by this connection, because its server shows no members (`hides_members`)",
            ));
        }
        let plain = match self.http.get("Groups").id(group_id).primary().read(call).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.without_groups(call, error).await),
        };
        let page = |body| Page::<User>::of_body(body, "members", scim::member).rechecked(Users);
        if plain.json::<wire::Members>()?.members.is_some() {
            return Ok(page(plain.body));
        }
        let asked = self.members_by_name(group_id).read(call).await?;
        // left out again, or null: there is none
        let has_some = asked.json::<wire::Members>()?.members.is_some();
        Ok(if has_some { page(asked.body) } else { Page::of_values(Vec::new()) })
    }

    /// Asks for the members of a group by name: an attribute that is left out is empty, or it is one that the server
    /// shows on request alone (`returned`, RFC 7643 §7).
    pub(crate) fn members_by_name(&self, group_id: &str) -> Request {
        self.http.get("Groups").id(group_id).query("attributes", "members")
    }
}

#[async_trait]
impl CreateGroup for Scim {
    async fn create_group(&self, call: &Call, input: CreateGroupInput) -> Result<Reply<Group<'static>>> {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": input.name,
        });
        match self.http.post("Groups").json(&body).primary().write(call).await {
            Ok(Some(answer)) => Ok(Reply::applied(answer.map(scim::group)?)),
            Ok(None) => Ok(Reply::planned()),
            Err(error) => Err(self.without_groups(call, error).await),
        }
    }
}

#[async_trait]
impl UpdateGroup for Scim {
    async fn update_group(&self, call: &Call, input: UpdateGroupInput) -> Result<Reply<Group<'static>>> {
        let attributes: Object = input.name.map(|name| ("displayName".to_owned(), name.into())).into_iter().collect();
        let target = Target { at: "Groups", id: &input.id };
        let effect = self.change(call, target, &self.habits.update, &update(&attributes), |_| false).await?;
        Ok(Reply::sent(&input.id).with_effect(effect))
    }
}

#[async_trait]
impl DeleteGroup for Scim {
    async fn delete_group(&self, call: &Call, input: DeleteGroupInput) -> Result<Reply<Group<'static>>> {
        self.http.delete("Groups").id(&input.id).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl AddUserToGroup for Scim {
    /// Core has looked that the user exists and is no member: some servers take unknown ids, some add a second copy.
    async fn add_user_to_group(&self, call: &Call, input: AddUserToGroupInput) -> Result<Reply<Group<'static>>> {
        let user = input.user_id.as_str();
        let member = json!({ "value": user });
        let forms = [
            Form::Patch(vec![add("members", vec![member.clone()])]),
            Form::put(|group| {
                let mut members = items(group, "members");
                members.push(member.clone());
                group.insert("members".to_owned(), members.into());
            }),
        ];
        let target = Target { at: "Groups", id: &input.group_id };
        let is_done = |group: &Object| holds(group, "members", user);
        let effect = self.change(call, target, &self.habits.add_member, &forms, is_done).await?;
        Ok(Reply::sent(&input.group_id).with_effect(effect))
    }
}

#[async_trait]
impl RemoveUserFromGroup for Scim {
    async fn remove_user_from_group(
        &self,
        call: &Call,
        input: RemoveUserFromGroupInput,
    ) -> Result<Reply<Group<'static>>> {
        let user = input.user_id.as_str();
        let forms = [
            Form::FilterPath(vec![remove_where("members", user)]),
            Form::Items("members", vec![user]),
            Form::put(|group| {
                let rest = items(group, "members").into_iter().filter(|member| value_of(member) != Some(user));
                let rest: Value = rest.collect();
                group.insert("members".to_owned(), rest);
            }),
        ];
        let target = Target { at: "Groups", id: &input.group_id };
        let is_done = |group: &Object| !holds(group, "members", user);
        let effect = self.change(call, target, &self.habits.remove_member, &forms, is_done).await?;
        Ok(Reply::sent(&input.group_id).with_effect(effect))
    }
}
