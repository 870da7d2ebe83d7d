//! User groups and their members. `/groups` and `/managed/groups` are groups of devices, and have no place here.

use serde_json::json;
use userdir_core::action::*;
use userdir_core::http::Answer;
use userdir_core::reply::Unreadable;
use userdir_core::{Call, Effect, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::Group;

use crate::lists::GROUPS;
use crate::{TeamViewer, ids, map};

const AT: &str = "api/v1/usergroups";

impl TeamViewer {
    /// A group, in its company.
    async fn group(&self, call: &Call, answer: &Answer) -> Result<Reply<Group<'static>>> {
        let mut group: Group = answer.map(map::group)?;
        let mut unknown = Unreadable::default();
        if call.wants("organization") {
            let company = unknown.known("organization", self.company(call).await)?;
            group.organization = company.map(|company| company.company_id.to_string().into());
        }
        Ok(unknown.note(Reply::read(group)))
    }
}

#[async_trait]
impl ListGroups for TeamViewer {
    async fn list_groups(&self, call: &Call, request: PageRequest<GroupFilter>) -> Result<Page<Group<'static>>> {
        let company = if call.wants("organization") { self.company_if_shown(call).await? } else { None };
        let page = self.http.get(AT).page(call, &request, &GROUPS, map::InCompany(company)).await?;
        // TeamViewer does not filter its groups
        Ok(page.rechecked(request.filter))
    }
}

#[async_trait]
impl GetGroup for TeamViewer {
    async fn get_group(&self, call: &Call, input: GetGroupInput) -> Result<Reply<Group<'static>>> {
        let answer = self.http.get(AT).id(&ids::group(&input.id)?.to_string()).primary().read(call).await?;
        self.group(call, &answer).await
    }
}

#[async_trait]
impl CreateGroup for TeamViewer {
    async fn create_group(&self, call: &Call, input: CreateGroupInput) -> Result<Reply<Group<'static>>> {
        match self.http.post(AT).json(&json!({ "name": input.name })).primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(answer.map(map::group)?)),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl UpdateGroup for TeamViewer {
    async fn update_group(&self, call: &Call, input: UpdateGroupInput) -> Result<Reply<Group<'static>>> {
        let group = self.http.put(AT).id(&ids::group(&input.id)?.to_string());
        group.json(&json!({ "name": input.name })).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DeleteGroup for TeamViewer {
    async fn delete_group(&self, call: &Call, input: DeleteGroupInput) -> Result<Reply<Group<'static>>> {
        self.http.delete(AT).id(&ids::group(&input.id)?.to_string()).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl AddUserToGroup for TeamViewer {
    async fn add_user_to_group(&self, call: &Call, input: AddUserToGroupInput) -> Result<Reply<Group<'static>>> {
        let (group, account) = (ids::group(&input.group_id)?.to_string(), ids::account(&input.user_id)?);
        self.http.post(AT).id(&group).path("members").json(&[account]).primary().write(call).await?;
        Ok(Reply::sent(&input.group_id))
    }
}

#[async_trait]
impl RemoveUserFromGroup for TeamViewer {
    async fn remove_user_from_group(
        &self,
        call: &Call,
        input: RemoveUserFromGroupInput,
    ) -> Result<Reply<Group<'static>>> {
        let (group, account) = (ids::group(&input.group_id)?.to_string(), ids::account(&input.user_id)?.to_string());
        match self.http.delete(AT).id(&group).path("members").id(&account).primary().write(call).await {
            // core has just seen the group, and the user in it: taken out in between
            Err(error) if error.was_missing() => Ok(Reply::sent(&input.group_id).with_effect(Effect::Already)),
            sent => sent.map(|_| Reply::sent(&input.group_id)),
        }
    }
}
