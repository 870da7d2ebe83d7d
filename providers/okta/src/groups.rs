//! Groups and their members.

use serde_json::{Map, Value, json};
use userdir_core::action::*;
use userdir_core::http::{Next, Paging, TotalAt};
use userdir_core::scim::ScimFilter;
use userdir_core::{Call, Effect, Error, ErrorKind, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::Group;

use crate::users::time;
use crate::{Okta, map};

/// Okta gives up to 10,000 groups a page and recommends no more than 200.
const GROUPS: Paging = Paging { items: "", limit: "limit", max: 200, next: Next::LinkHeader, total: TotalAt::Nowhere };
/// A user's groups take no page size.
const GROUPS_OF_USER: Paging = Paging { limit: "", ..GROUPS };

#[async_trait]
impl ListGroups for Okta {
    async fn list_groups(&self, call: &Call, request: PageRequest<GroupFilter>) -> Result<Page<Group<'static>>> {
        let filter = &request.filter;
        let kinds = kinds(filter)?;
        if let Some(user) = &filter.user_id {
            if !kinds.is_empty() {
                return Err(Error::invalid("Okta's own kinds do not work together with `user_id`")
                    .hint("leave `group_type` out"));
            }
            let groups = self.http.get("api/v1/users").id(user).path("groups");
            return Ok(groups.page(call, &request, &GROUPS_OF_USER, map::group).await?.rechecked(filter.clone()));
        }
        let mut expression = ScimFilter::default();
        expression.matching("profile.name", &filter.name);
        expression.any_of("type", kinds);
        expression.within("lastUpdated", &filter.updated_at, time);
        expression.within("created", &filter.created_at, time);
        let groups = self.http.get("api/v1/groups").query_if("search", expression.build());
        groups.page(call, &request, &GROUPS, map::group).await
    }
}

/// Okta's kinds of groups.
const KINDS: [&str; 3] = ["OKTA_GROUP", "APP_GROUP", "BUILT_IN"];

/// Those of Okta's kinds that are asked for; `group` is what all are called here.
fn kinds(filter: &GroupFilter) -> Result<Vec<&'static str>> {
    let mut kinds = Vec::new();
    for word in filter.group_type.iter().flat_map(Match::values) {
        match KINDS.into_iter().find(|kind| kind.eq_ignore_ascii_case(word)) {
            Some(kind) => kinds.push(kind),
            None if word.eq_ignore_ascii_case("group") => return Ok(Vec::new()),
            None => {
                return Err(Error::invalid(format!("`{word}` is no kind of group"))
                    .hint("`group` is, and Okta's own: OKTA_GROUP, APP_GROUP, BUILT_IN"));
            }
        }
    }
    Ok(kinds)
}

#[async_trait]
impl GetGroup for Okta {
    async fn get_group(&self, call: &Call, input: GetGroupInput) -> Result<Reply<Group<'static>>> {
        let answer = self.http.get("api/v1/groups").id(&input.id).primary().read(call).await?;
        Ok(Reply::read(answer.map(map::group)?))
    }
}

#[async_trait]
impl CreateGroup for Okta {
    async fn create_group(&self, call: &Call, input: CreateGroupInput) -> Result<Reply<Group<'static>>> {
        let mut profile = Map::new();
        profile.extend(input.name.map(|name| ("name".to_owned(), Value::from(name))));
        profile.extend(input.description.map(|text| ("description".to_owned(), Value::from(text))));
        match self.http.post("api/v1/groups").json(&json!({ "profile": profile })).primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(answer.map(map::group)?)),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl UpdateGroup for Okta {
    /// `PUT` replaces the whole profile, so it is read first and only what is given is changed.
    async fn update_group(&self, call: &Call, input: UpdateGroupInput) -> Result<Reply<Group<'static>>> {
        #[derive(serde::Deserialize)]
        struct Current {
            r#type: Option<String>,
            #[serde(default)]
            profile: Map<String, Value>,
        }
        let current: Current = self.http.get("api/v1/groups").id(&input.id).read(call).await?.json()?;
        if current.r#type.as_deref().is_some_and(|kind| kind != "OKTA_GROUP") {
            return Err(Error::new(ErrorKind::Conflict, "the group belongs to an application or to Okta itself")
                .hint("change it where it comes from"));
        }
        let mut profile = current.profile;
        profile.extend(input.name.map(|name| ("name".to_owned(), Value::from(name))));
        profile.extend(input.description.map(|text| ("description".to_owned(), Value::from(text))));
        self.http.put("api/v1/groups").id(&input.id).json(&json!({ "profile": profile })).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DeleteGroup for Okta {
    async fn delete_group(&self, call: &Call, input: DeleteGroupInput) -> Result<Reply<Group<'static>>> {
        self.http.delete("api/v1/groups").id(&input.id).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl AddUserToGroup for Okta {
    async fn add_user_to_group(&self, call: &Call, input: AddUserToGroupInput) -> Result<Reply<Group<'static>>> {
        let member = self.http.put("api/v1/groups").id(&input.group_id).path("users").id(&input.user_id);
        member.primary().write(call).await?;
        Ok(Reply::sent(&input.group_id))
    }
}

#[async_trait]
impl RemoveUserFromGroup for Okta {
    async fn remove_user_from_group(
        &self,
        call: &Call,
        input: RemoveUserFromGroupInput,
    ) -> Result<Reply<Group<'static>>> {
        let member = self.http.delete("api/v1/groups").id(&input.group_id).path("users").id(&input.user_id);
        match member.primary().write(call).await {
            // Core has just seen the group, and the user in it: not found now means taken out in between.
            Err(error) if error.was_missing() => Ok(Reply::sent(&input.group_id).with_effect(Effect::Already)),
            sent => sent.map(|_| Reply::sent(&input.group_id)),
        }
    }
}
