//! Flight Control's user groups: the calls of `/mssp`, which a parent CID has.

use serde_json::{Value, json};
use userdir_core::action::*;
use userdir_core::http::Request;
use userdir_core::reply::Steps;
use userdir_core::{Call, Effect, Error, ErrorKind, Reply, Result};
use userdir_schema::Group;

use crate::entities::{Entities, FLIGHT_CONTROL_QUERY, id, ids_of, the_one};
use crate::fql::sort;
use crate::groups::{Kind, Membership, Source};
use crate::{CrowdStrike, map, wire};

const GROUPS: &str = "mssp/entities/user-groups/v1";
const MEMBERS: &str = "mssp/entities/user-group-members/v1";
/// Members that one call changes.
const MEMBERS_A_CALL: usize = 500;

pub(crate) static SOURCE: Source = Source {
    entities: Entities {
        ask: |falcon, ids| {
            ids.iter().fold(falcon.get("mssp/entities/user-groups/v2"), |request, id| request.query("ids", id))
        },
        // the ids stand in the address
        most: 100,
        id: |raw| Ok(serde_json::from_str::<wire::UserGroup>(raw.get())?.user_group_id),
    },
    map: map::flight_control_group,
    paging: FLIGHT_CONTROL_QUERY,
    query,
    change,
    kind: Kind::FlightControl,
};

/// What `name` matches is not documented; core checks the names again.
fn query(falcon: &CrowdStrike, filter: &GroupFilter) -> Result<Request> {
    if filter.organization_id.is_some() {
        return Err(Error::invalid("Flight Control's groups are not listed by CID; leave out `organization_id`"));
    }
    let sort = sort(&filter.sort_by, "name", &[("updated_at", "last_modified_timestamp")]);
    let name = filter.name.as_ref().and_then(|names| names.single());
    Ok(falcon.get("mssp/queries/user-groups/v1").query("sort", sort).query_if("name", name))
}

fn members_body(group: &str, uuids: &[impl AsRef<str>]) -> Value {
    let uuids: Vec<&str> = uuids.iter().map(AsRef::as_ref).collect();
    json!({ "resources": [{ "user_group_id": group, "user_uuids": uuids }] })
}

fn change(falcon: &CrowdStrike, what: Membership, group: &str, uuid: &str) -> Request {
    let request = match what {
        Membership::Add => falcon.http.post(MEMBERS),
        // a body on DELETE
        Membership::Remove => falcon.http.delete(MEMBERS),
    };
    request.json(&members_body(group, &[uuid])).guarding(&["resources"])
}

impl CrowdStrike {
    /// A group without members may be answered 404.
    pub(crate) async fn flight_control_members(&self, call: &Call, group: &str) -> Result<Vec<String>> {
        let answer = match self.get("mssp/entities/user-group-members/v2").query("ids", group).read(call).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            answer => answer?,
        };
        ids_of(&answer)
    }

    pub(crate) async fn flight_control_groups_of(&self, call: &Call, uuid: &str) -> Result<Vec<String>> {
        let groups = self.get("mssp/queries/user-group-members/v1").query("user_uuid", uuid);
        groups.all(call, &FLIGHT_CONTROL_QUERY, id).await
    }

    pub(crate) fn new_flight_control_group(&self, input: &CreateGroupInput) -> Result<Request> {
        if input.organization.is_some() {
            return Err(Error::invalid("Flight Control's groups belong to the parent; leave out `organization`"));
        }
        let body = json!({ "name": input.name, "description": input.description.as_deref().unwrap_or_default() });
        Ok(self.http.post(GROUPS).json(&json!({ "resources": [body] })))
    }

    /// Both fields are written, so the one that is not given is read first.
    pub(crate) async fn changed_flight_control_group(&self, call: &Call, input: &UpdateGroupInput) -> Result<Request> {
        let shown = the_one(call, &SOURCE.entities, self.ask(&SOURCE.entities, &input.id), &input.id).await?;
        let current: wire::UserGroup = shown.json()?;
        let name = input.name.as_deref().or(current.name.as_deref()).unwrap_or_default();
        let description = input.description.as_deref().or(current.description.as_deref()).unwrap_or_default();
        let body = json!({ "user_group_id": input.id, "name": name, "description": description });
        Ok(self.http.patch(GROUPS).json(&json!({ "resources": [body] })).guarding(&["resources"]))
    }

    /// A group is emptied before it is deleted, as the vendor's own tools do.
    pub(crate) async fn delete_flight_control_group(&self, call: &Call, id: &str) -> Result<Reply<Group<'static>>> {
        let members = self.flight_control_members(call, id).await?;
        let mut steps = Steps::default();
        for uuids in members.chunks(MEMBERS_A_CALL) {
            let sent = self.http.delete(MEMBERS).json(&members_body(id, uuids)).write(call).await;
            if sent.is_err() {
                // a 207 may have taken some of them out
                let left = self.flight_control_members(call, id).await.map_or(members.len(), |left| left.len());
                if left < members.len() {
                    steps.add(format!("{} of {} members", members.len() - left, members.len()), Ok(Effect::Applied));
                }
                steps.add("the other members", sent.map(Effect::of_write));
                return steps.finish(Reply::sent(id));
            }
            steps.add("members", sent.map(Effect::of_write));
        }
        let delete = self.delete(GROUPS).query("user_group_ids", id);
        let mut delete = delete.guarding(&["user_group_ids"]).primary();
        if !members.is_empty() {
            delete = delete.then();
        }
        steps.add("delete", delete.write(call).await.map(Effect::of_write));
        steps.finish(Reply::sent(id))
    }
}
