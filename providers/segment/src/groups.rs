//! User groups and their members. Segment names members by their addresses.

use serde_json::json;
use userdir_core::action::*;
use userdir_core::{Call, Effect, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::Group;

use crate::users::refuse_invitation;
use crate::{Segment, map, of_a_change};

#[async_trait]
impl ListGroups for Segment {
    async fn list_groups(&self, call: &Call, request: PageRequest<GroupFilter>) -> Result<Page<Group<'static>>> {
        let filter = request.filter.clone();
        let page = match &filter.user_id {
            Some(user) => {
                refuse_invitation(user)?;
                let groups = self.http.get("users").id(user).path("groups");
                groups.page(call, &request, &self.paged("data.groups"), map::group).await?
            }
            None => self.http.get("groups").page(call, &request, &self.paged("data.userGroups"), map::group).await?,
        };
        Ok(page.rechecked(filter))
    }
}

#[async_trait]
impl GetGroup for Segment {
    async fn get_group(&self, call: &Call, input: GetGroupInput) -> Result<Reply<Group<'static>>> {
        let answer = self.http.get("groups").id(&input.id).primary().read(call).await?;
        Ok(Reply::read(answer.map_at("data.userGroup", map::group)?))
    }
}

#[async_trait]
impl CreateGroup for Segment {
    async fn create_group(&self, call: &Call, input: CreateGroupInput) -> Result<Reply<Group<'static>>> {
        let request = self.http.post("groups").json(&json!({ "name": input.name })).primary();
        match request.write(call).await.map_err(of_a_change)? {
            Some(answer) => Ok(Reply::applied(answer.map_at("data.userGroup", map::group)?)),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl UpdateGroup for Segment {
    async fn update_group(&self, call: &Call, input: UpdateGroupInput) -> Result<Reply<Group<'static>>> {
        let request = self.http.patch("groups").id(&input.id).json(&json!({ "name": input.name }));
        request.idempotent().primary().write(call).await.map_err(of_a_change)?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DeleteGroup for Segment {
    async fn delete_group(&self, call: &Call, input: DeleteGroupInput) -> Result<Reply<Group<'static>>> {
        self.http.delete("groups").id(&input.id).primary().write(call).await.map_err(of_a_change)?;
        Ok(Reply::sent(&input.id))
    }
}

impl Segment {
    /// The address by which Segment knows a member.
    async fn address(&self, call: &Call, user_id: &str) -> Result<String> {
        let user = self.holder(call, user_id).await?;
        user.email.filter(|email| !email.is_empty()).ok_or_else(|| {
            Error::unexpected("Segment shows no address of the user, by which alone it knows members").about(user_id)
        })
    }
}

#[async_trait]
impl AddUserToGroup for Segment {
    async fn add_user_to_group(&self, call: &Call, input: AddUserToGroupInput) -> Result<Reply<Group<'static>>> {
        let email = self.address(call, &input.user_id).await?;
        let request = self.http.post("groups").id(&input.group_id).path("users").json(&json!({ "emails": [email] }));
        // an address is a member once; a repeat adds nobody
        request.guarding(&["emails"]).idempotent().primary().write(call).await.map_err(of_a_change)?;
        Ok(Reply::sent(&input.group_id))
    }
}

#[async_trait]
impl RemoveUserFromGroup for Segment {
    async fn remove_user_from_group(
        &self,
        call: &Call,
        input: RemoveUserFromGroupInput,
    ) -> Result<Reply<Group<'static>>> {
        let email = self.address(call, &input.user_id).await?;
        // `group` here and `groups` everywhere else: so it is at Segment
        let request = self.http.delete("group").id(&input.group_id).path("users");
        let request = self.only("emails", &email, request).guarding(&["emails"]).primary();
        match request.write(call).await {
            // core has just seen group and user: not found now means taken out in between. The reading afterwards decides
            Err(error) if error.was_missing() => Ok(Reply::sent(&input.group_id).with_effect(Effect::Already)),
            sent => sent.map(|_| Reply::sent(&input.group_id)).map_err(of_a_change),
        }
    }
}
