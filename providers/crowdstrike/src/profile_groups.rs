//! Profile groups: the calls of `/user-management`. They work while SCIM is not in production for the customer.

use serde_json::{Map, Value, json};
use userdir_core::action::*;
use userdir_core::http::Request;
use userdir_core::{Call, Reply, Result};
use userdir_schema::Group;

use crate::entities::{Entities, QUERY, ids_of};
use crate::fql::{Fql, sort};
use crate::groups::{Kind, Membership, Source};
use crate::{CrowdStrike, cid, map, wire};

const GROUPS: &str = "user-management/entities/groups/v1";

pub(crate) static SOURCE: Source = Source {
    entities: Entities {
        ask: |falcon, ids| falcon.http.post("user-management/entities/groups/GET/v1").json(&json!({ "ids": ids })),
        most: 500,
        id: |raw| Ok(serde_json::from_str::<wire::ProfileGroup>(raw.get())?.id),
    },
    map: map::profile_group,
    paging: QUERY,
    query,
    change,
    kind: Kind::Profile,
};

fn query(falcon: &CrowdStrike, filter: &GroupFilter) -> Result<Request> {
    let mut fql = Fql::default();
    fql.matching("name", &filter.name)?;
    if let Some(cid) = &filter.organization_id {
        fql.any_of("cid", [cid::check(cid)?])?;
    }
    let request = falcon.get("user-management/queries/groups/v1").query("sort", sort(&filter.sort_by, "name", &[]));
    Ok(request.query_if("filter", fql.build()?))
}

/// That an empty `filter` leaves it to `ids` is unverified; the schema wants both.
fn change(falcon: &CrowdStrike, what: Membership, group: &str, uuid: &str) -> Request {
    let action = match what {
        Membership::Add => "add_users",
        Membership::Remove => "remove_users",
    };
    let parameters = [json!({ "name": "user_uuid", "value": uuid })];
    let body = json!({ "ids": [group], "filter": "", "action_parameters": parameters });
    let request = falcon.http.post("user-management/entities/group-users-actions/v1");
    request.query("action_name", action).json(&body).guarding(&["action_name", "ids", "filter", "action_parameters"])
}

/// Name and description, those that are given.
fn fields(name: Option<String>, description: Option<String>) -> Map<String, Value> {
    let fields = [("name", name), ("description", description)];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect()
}

impl CrowdStrike {
    pub(crate) async fn profile_members(&self, call: &Call, group: &str) -> Result<Vec<String>> {
        let request = self.http.post("user-management/entities/group-users/GET/v1").json(&json!({ "ids": [group] }));
        ids_of(&request.as_read().read(call).await.map_err(|error| error.about(group))?)
    }

    pub(crate) async fn profile_groups_of(&self, call: &Call, uuid: &str) -> Result<Vec<String>> {
        let request = self.http.post("user-management/entities/user-groups/GET/v1").json(&json!({ "ids": [uuid] }));
        ids_of(&request.as_read().read(call).await.map_err(|error| error.about(uuid))?)
    }

    /// A profile group belongs to a CID: the one named, the account's, else the customer's own.
    pub(crate) async fn new_profile_group(&self, call: &Call, input: &CreateGroupInput) -> Result<Request> {
        let cid = match input.organization.as_deref().map(cid::check).transpose()?.or(self.cid.as_deref()) {
            Some(cid) => cid.to_owned(),
            None => self.own_cid(call, false).await?,
        };
        let mut body = fields(input.name.clone(), input.description.clone());
        body.insert("cid".to_owned(), cid.into());
        Ok(self.http.post(GROUPS).json(&body))
    }

    pub(crate) fn changed_profile_group(&self, input: &UpdateGroupInput) -> Request {
        let body = fields(input.name.clone(), input.description.clone());
        self.http.patch(GROUPS).query("id", &input.id).json(&body).guarding(&["id"])
    }

    pub(crate) async fn delete_profile_group(&self, call: &Call, id: &str) -> Result<Reply<Group<'static>>> {
        self.delete(GROUPS).query("ids", id).guarding(&["ids"]).primary().write(call).await?;
        Ok(Reply::sent(id))
    }
}
