//! Groups and their members.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use userdir_core::action::*;
use userdir_core::http::Names;
use userdir_core::{Call, Effect, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::Group;

use crate::{PAGES, Vanta, map, wire};

impl Vanta {
    /// The names of all groups, by id, where the caller wants groups: read afresh when a list begins, and kept for its
    /// further pages.
    pub(crate) async fn names_for(&self, call: &Call, begins: bool) -> Result<Arc<Names>> {
        if !call.wants("groups") {
            return Ok(Arc::default());
        }
        let read = self.http.get("groups").all(call, &PAGES, |raw| {
            let it: wire::Group = serde_json::from_str(raw.get())?;
            Ok((it.id.into(), it.name.unwrap_or_default().into()))
        });
        self.group_names.get(&self.http, if begins { Duration::ZERO } else { Duration::MAX }, read).await
    }
}

#[async_trait]
impl ListGroups for Vanta {
    async fn list_groups(&self, call: &Call, request: PageRequest<GroupFilter>) -> Result<Page<Group<'static>>> {
        let groups = self.http.get("groups").page(call, &request, &PAGES, map::group).await?;
        Ok(groups.rechecked(request.filter))
    }
}

#[async_trait]
impl GetGroup for Vanta {
    async fn get_group(&self, call: &Call, input: GetGroupInput) -> Result<Reply<Group<'static>>> {
        let answer = self.http.get("groups").id(&input.id).primary().read(call).await?;
        Ok(Reply::read(answer.map(map::group)?))
    }
}

#[async_trait]
impl AddUserToGroup for Vanta {
    async fn add_user_to_group(&self, call: &Call, input: AddUserToGroupInput) -> Result<Reply<Group<'static>>> {
        let member = json!({ "id": input.user_id });
        let members = self.http.post("groups").id(&input.group_id).path("people").json(&member);
        members.guarding(&["id"]).primary().write(call).await?;
        Ok(Reply::sent(&input.group_id))
    }
}

#[async_trait]
impl RemoveUserFromGroup for Vanta {
    async fn remove_user_from_group(
        &self,
        call: &Call,
        input: RemoveUserFromGroupInput,
    ) -> Result<Reply<Group<'static>>> {
        let member = self.http.delete("groups").id(&input.group_id).path("people").id(&input.user_id);
        match member.primary().write(call).await {
            // core has just seen the group, and the person in it: not found now means taken out in between
            Err(error) if error.was_missing() => Ok(Reply::sent(&input.group_id).with_effect(Effect::Already)),
            sent => sent.map(|_| Reply::sent(&input.group_id)),
        }
    }
}
