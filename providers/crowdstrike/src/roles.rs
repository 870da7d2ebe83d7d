//! The catalogue of roles. Falcon's API does not make, change or delete them.

use std::collections::BTreeSet;

use serde_json::json;
use serde_json::value::RawValue;
use userdir_core::action::*;
use userdir_core::http::{Paging, TotalAt};
use userdir_core::{Call, Error, ErrorKind, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::Role;

use crate::entities::{Entities, id, the_one};
use crate::grants::Named;
use crate::{CrowdStrike, cid, flight_control, map, wire};

static ROLES: Entities = Entities {
    ask: |falcon, ids| falcon.http.post("user-management/entities/roles/GET/v2").json(&json!({ "ids": ids })),
    most: 5000,
    id: |raw| Ok(serde_json::from_str::<wire::Role>(raw.get())?.id),
};

/// All ids come at once.
const ROLE_IDS: Paging = Paging { total: TotalAt::Body("meta.pagination.total"), ..Paging::whole("resources") };

#[async_trait]
impl ListRoles for CrowdStrike {
    /// Without `user_id` all that can be given at the CID; with it what the user holds there.
    async fn list_roles(&self, call: &Call, request: PageRequest<RoleFilter>) -> Result<Page<Role<'static>>> {
        let filter = &request.filter;
        let cid = cid::of_filter(&filter.workspace_id, &filter.organization_id)?.or(self.cid.as_deref());
        if let Some(user) = &filter.user_id {
            let home = if cid.is_none() { self.home(call, user).await? } else { None };
            let cid = cid.or(home.as_deref());
            let held = self.held(user, cid).primary();
            let held = held.all(call, &crate::entities::QUERY, |raw| {
                serde_json::from_str::<wire::Grant>(raw.get()).map(|grant| grant.role_id)
            });
            let ids: BTreeSet<String> = held.await?.into_iter().collect();
            let list = self.show(call, &ROLES, &ids.into_iter().collect::<Vec<_>>(), cid).await?;
            return Ok(Page::<Role>::of_body(list.into(), "", map::role));
        }
        let ids = self.get("user-management/queries/roles/v1").query_if("cid", cid).primary();
        let slice = ids.slice(call, None, None, &ROLE_IDS).await?;
        let list = self.show(call, &ROLES, &slice.each(id)?, cid).await?;
        Ok(Page::<Role>::of_body(list.into(), "", map::role).after(&slice))
    }
}

#[async_trait]
impl GetRole for CrowdStrike {
    async fn get_role(&self, call: &Call, input: GetRoleInput) -> Result<Reply<Role<'static>>> {
        let cid = cid::of_filter(&input.workspace_id, &input.organization_id)?.or(self.cid.as_deref());
        let request = self.ask(&ROLES, &input.id).query_if("cid", cid).primary();
        Ok(Reply::read(the_one(call, &ROLES, request, &input.id).await?.map(map::role)?))
    }
}

impl CrowdStrike {
    /// The ids and names of the roles that can be given at a CID.
    pub(crate) async fn role_names(&self, call: &Call, cid: &str) -> Result<Vec<(String, String)>> {
        let ids = self.get("user-management/queries/roles/v1").query("cid", cid).all(call, &ROLE_IDS, id).await?;
        let name = |raw: &RawValue| {
            serde_json::from_str::<wire::Role>(raw.get())
                .map(|role| Some((role.id.to_string(), role.display_name?.to_string())))
        };
        Ok(self.show_each(call, &ROLES, &ids, Some(cid), name).await?.into_iter().flatten().collect())
    }

    /// A word that is neither held nor any role is a mistake, and must not read as "already taken away"; nor may a group
    /// that there is not.
    pub(crate) async fn refuse_unknown(&self, call: &Call, cid: &str, roles: &[Named]) -> Result<()> {
        let unknown = |what: &str, id: &str, error: Error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::InvalidRequest => {
                Error::invalid(format!("unknown {what}; nothing was changed"))
                    .about(id)
                    .hint("`userdir roles list` and `userdir role-assignments list` show the ids")
            }
            _ => error,
        };
        for group in roles.iter().filter_map(|role| role.through.as_deref()) {
            let kind = &flight_control::SOURCE.entities;
            let shown = the_one(call, kind, self.ask(kind, group), group).await;
            shown.map_err(|error| unknown("group", group, error))?;
        }
        let ids: Vec<String> = roles.iter().map(|role| role.id.clone()).collect();
        // all at once; where one is missing, one by one, so that it can be named
        if ids.len() > 1 && self.show(call, &ROLES, &ids, Some(cid)).await.is_ok() {
            return Ok(());
        }
        for role in roles {
            let shown = the_one(call, &ROLES, self.ask(&ROLES, &role.id).query("cid", cid), &role.id).await;
            shown.map_err(|error| unknown("role", &role.id, error))?;
        }
        Ok(())
    }
}
