//! Role assignments: what Falcon calls grants. Falcon lists them by user, and has no id for them.

use serde_json::value::RawValue;
use userdir_core::action::*;
use userdir_core::http::Paging;
use userdir_core::{Call, Error, Mapped, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::RoleAssignment;

use crate::entities::{self, QUERY, vanished_where_missing};
use crate::fql::Fql;
use crate::grants::{Changes, Named, cannot_be_revoked};
use crate::users::{USERS, homed};
use crate::{CrowdStrike, cid, map, wire};

/// Users of a page; each costs a call.
pub(crate) const USERS_A_PAGE: Paging = Paging { max: 100, ..QUERY };

/// Falcon's expression for grants of a role.
fn of_role(role: Option<&str>) -> Result<Option<String>> {
    let mut fql = Fql::default();
    role.map_or(Ok(()), |role| fql.any_of("role_id", [role]))?;
    fql.build()
}

impl CrowdStrike {
    /// What a user of a list holds at a CID, of one role or of all.
    pub(crate) async fn held_of_listed<R>(
        &self,
        call: &Call,
        uuid: &str,
        cid: Option<&str>,
        role: Option<&str>,
        map: impl Fn(&RawValue) -> Mapped<R> + Send + Sync,
    ) -> Result<Vec<R>> {
        let held = self.held(uuid, cid).query_if("filter", of_role(role)?).all(call, &QUERY, map).await;
        held.map_err(vanished_where_missing)
    }
}

/// `<user>:<CID>:<role>`, with `:<group>` where it comes through one and `@<time>` where it ends by itself.
pub(crate) fn id(uuid: &str, cid: Option<&str>, grant: &wire::Grant) -> String {
    let mut id = format!("{uuid}:{}:{}", cid.unwrap_or_default(), grant.role_id);
    for (mark, part) in [(':', grant.through()), ('@', grant.expires_at.as_deref())] {
        if let Some(part) = part.filter(|part| !part.is_empty()) {
            id.push(mark);
            id.push_str(part);
        }
    }
    id
}

/// Takes an id apart.
struct Parts<'i> {
    uuid: &'i str,
    cid: Option<&'i str>,
    role: &'i str,
    group: Option<&'i str>,
}

impl<'i> Parts<'i> {
    fn of(id: &'i str) -> Result<Parts<'i>> {
        let mut parts = id.split('@').next().unwrap_or_default().split(':');
        match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(uuid), Some(cid), Some(role), group, None) if !uuid.is_empty() && !role.is_empty() => {
                Ok(Parts { uuid, cid: Some(cid).filter(|cid| !cid.is_empty()), role, group })
            }
            _ => Err(Error::invalid("an id of a role assignment is `<user>:<CID>:<role>`")
                .about(id)
                .hint("take it from `userdir role-assignments list`")),
        }
    }
}

#[async_trait]
impl ListRoleAssignments for CrowdStrike {
    async fn list_role_assignments(
        &self,
        call: &Call,
        request: PageRequest<RoleAssignmentFilter>,
    ) -> Result<Page<RoleAssignment<'static>>> {
        let filter = &request.filter;
        let cid = cid::of_filter(&filter.workspace_id, &filter.organization_id)?.or(self.cid.as_deref());
        let role = filter.role_id.as_deref();
        if let Some(user) = &filter.user_id {
            let home = if cid.is_none() { self.home(call, user).await? } else { None };
            let cid = cid.or(home.as_deref());
            let held = self.held(user, cid).query_if("filter", of_role(role)?).primary();
            return Ok(Page::of_values(held.all(call, &QUERY, |raw| map::role_assignment(user, cid, raw)).await?));
        }
        // a page of users, and what each of them holds
        let slice = self.user_ids(&None).primary().counted_slice(call, &request, &USERS_A_PAGE).await?;
        let mut assignments = Vec::new();
        for (_, uuid, home) in self.show_each(call, &USERS, &slice.each(entities::id)?, None, homed).await? {
            let cid = cid.or(home.as_deref());
            let map = |raw: &RawValue| map::role_assignment(&uuid, cid, raw);
            assignments.extend(self.held_of_listed(call, &uuid, cid, role, map).await?);
        }
        Ok(Page::of_values(assignments).next(slice.next))
    }
}

#[async_trait]
impl GetRoleAssignment for CrowdStrike {
    async fn get_role_assignment(
        &self,
        call: &Call,
        input: GetRoleAssignmentInput,
    ) -> Result<Reply<RoleAssignment<'static>>> {
        let Parts { uuid, cid, .. } = Parts::of(&input.id)?;
        let held = self.held(uuid, cid).primary();
        let held = held.all(call, &QUERY, |raw| map::role_assignment(uuid, cid, raw)).await?;
        let found = held.into_iter().find(|held| held.id == input.id.as_str());
        found.map(Reply::read).ok_or_else(|| Error::not_found("the user has no such assignment").about(input.id))
    }
}

#[async_trait]
impl DeleteRoleAssignment for CrowdStrike {
    async fn delete_role_assignment(
        &self,
        call: &Call,
        input: DeleteRoleAssignmentInput,
    ) -> Result<Reply<RoleAssignment<'static>>> {
        cid::refuse_passed(call, &["action", "cid", "uuid", "role_ids"])?;
        let Parts { uuid, cid, role, group } = Parts::of(&input.id)?;
        let Some(cid) = cid else { return Err(Error::invalid("the assignment's id names no CID").about(&input.id)) };
        let direct = self.grants(call, uuid, Some(cid), true).await?;
        let is_direct = |grant: &wire::Grant| id(uuid, Some(cid), grant) == input.id;
        if group.is_some() || !direct.iter().any(is_direct) {
            return Err(cannot_be_revoked(group, None));
        }
        let named = [Named { id: role.to_owned(), shown: role.to_owned(), through: None }];
        let mut revoking = Changes::new(self, call, "revoke", uuid);
        revoking.send(cid, &named).await;
        revoking.steps.finish(Reply::sent(&input.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_tell_grants_apart() {
        let grant = |json| serde_json::from_str::<wire::Grant>(json).unwrap();
        let direct = id("u1", Some("c1"), &grant(r#"{"role_id": "r1"}"#));
        let through = id("u1", Some("c1"), &grant(r#"{"role_id": "r1", "user_group_id": "g1"}"#));
        let until = id("u1", Some("c1"), &grant(r#"{"role_id": "r1", "expires_at": "2026-02-01T08:00:00Z"}"#));
        assert_eq!((direct.as_str(), through.as_str()), ("u1:c1:r1", "u1:c1:r1:g1"));
        let parts = Parts::of(&until).unwrap();
        assert_eq!((parts.uuid, parts.cid, parts.role, parts.group), ("u1", Some("c1"), "r1", None));
        assert_eq!(Parts::of(&through).unwrap().group, Some("g1"));
        for wrong in ["u1", "u1:c1", ":c1:r1", "u1:c1:", "u1:c1:r1:g1:x"] {
            assert!(Parts::of(wrong).is_err(), "{wrong}");
        }
    }
}
