//! Groups and their members.

use serde_json::json;
use userdir_core::action::*;
use userdir_core::{Call, Effect, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::Group;

use crate::paging::paged;
use crate::{Zoom, map};

impl Zoom {
    fn own(&self, group: Group<'static>) -> Group<'static> {
        Group { organization: self.account_id.clone().map(Into::into), ..group }
    }
}

#[async_trait]
impl ListGroups for Zoom {
    async fn list_groups(&self, call: &Call, request: PageRequest<GroupFilter>) -> Result<Page<Group<'static>>> {
        let page = self
            .http
            .get("groups")
            .page(call, &request, &paged("groups"), map::OfAccount(self.account_id.clone()))
            .await?;
        Ok(page.rechecked(request.filter))
    }
}

#[async_trait]
impl GetGroup for Zoom {
    async fn get_group(&self, call: &Call, input: GetGroupInput) -> Result<Reply<Group<'static>>> {
        let answer = self.http.get("groups").id(&input.id).primary().read(call).await?;
        Ok(Reply::read(self.own(answer.map(map::group)?)))
    }
}

#[async_trait]
impl CreateGroup for Zoom {
    async fn create_group(&self, call: &Call, input: CreateGroupInput) -> Result<Reply<Group<'static>>> {
        match self.http.post("groups").json(&json!({ "name": input.name })).primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(self.own(answer.map(map::group)?))),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl UpdateGroup for Zoom {
    async fn update_group(&self, call: &Call, input: UpdateGroupInput) -> Result<Reply<Group<'static>>> {
        let request = self.http.patch("groups").id(&input.id).json(&json!({ "name": input.name }));
        request.idempotent().primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DeleteGroup for Zoom {
    async fn delete_group(&self, call: &Call, input: DeleteGroupInput) -> Result<Reply<Group<'static>>> {
        self.http.delete("groups").id(&input.id).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl AddUserToGroup for Zoom {
    async fn add_user_to_group(&self, call: &Call, input: AddUserToGroupInput) -> Result<Reply<Group<'static>>> {
        let members = json!({ "members": [crate::roles::member(&input.user_id)] });
        let request = self.http.post("groups").id(&input.group_id).path("members").json(&members);
        // core has seen that the user is no member; a repeat adds nobody twice
        request.guarding(&["members"]).idempotent().primary().write(call).await?;
        Ok(Reply::sent(&input.group_id))
    }
}

#[async_trait]
impl RemoveUserFromGroup for Zoom {
    async fn remove_user_from_group(
        &self,
        call: &Call,
        input: RemoveUserFromGroupInput,
    ) -> Result<Reply<Group<'static>>> {
        let member = self.http.delete("groups").id(&input.group_id).path("members").id(&input.user_id);
        match member.primary().write(call).await {
            // core has just seen the user in the group: taken out in between. The group or the user gone is another thing
            Err(error) if is_no_member(&error) => Ok(Reply::sent(&input.group_id).with_effect(Effect::Already)),
            sent => sent.map(|_| Reply::sent(&input.group_id)),
        }
    }
}

fn is_no_member(error: &Error) -> bool {
    error.was_missing() && !matches!(error.vendor_code(), Some("4130" | "1001" | "1010"))
}
