//! Organizations and workspaces: both are CIDs. A Flight Control parent has children.

use serde_json::json;
use serde_json::value::RawValue;
use userdir_core::action::*;
use userdir_core::page::MapItem;
use userdir_core::{Call, Error, ErrorKind, Mapped, Page, PageRequest, Reply, Result, Total, async_trait};
use userdir_schema::{Organization, Unified, Workspace};

use crate::entities::{Entities, FLIGHT_CONTROL_QUERY, id, the_one};
use crate::{CrowdStrike, cid, map, wire};

static CHILDREN: Entities = Entities {
    ask: |falcon, ids| falcon.http.post("mssp/entities/children/GET/v2").json(&json!({ "ids": ids })),
    most: 100,
    id: |raw| Ok(serde_json::from_str::<wire::Child>(raw.get())?.child_cid),
};

impl CrowdStrike {
    /// The customer's own CID. Another API of Falcon tells it, whose scope may be missing.
    pub(crate) async fn own_cid(&self, call: &Call, primary: bool) -> Result<String> {
        let request = self.get("sensors/queries/installers/ccid/v1");
        let answer = if primary { request.primary() } else { request }.read(call).await.map_err(|error| {
            let lacks_scope = error.kind() == ErrorKind::Permission;
            if lacks_scope { error.hint("give the API client the scope Sensor download: Read") } else { error }
        })?;
        let shown: wire::Resources = answer.json()?;
        let first = shown.resources.into_iter().flatten().next().and_then(|raw| id(raw).ok());
        first.as_deref().and_then(cid::canonical).ok_or_else(|| Error::unexpected("Falcon does not tell the own CID"))
    }

    /// The own CID, and then its children.
    async fn tenants<F, T: Unified<Of<'static> = T>>(
        &self,
        call: &Call,
        request: &PageRequest<F>,
        map: impl MapItem<T>,
    ) -> Result<Page<T>> {
        let has_children = self.flight_control != Some(false);
        let own = match request.cursor {
            None => vec![T::with_id(&self.own_cid(call, !has_children).await?)],
            Some(_) => Vec::new(),
        };
        if !has_children {
            return Ok(Page::of_values(own));
        }
        let children = self.get("mssp/queries/children/v1").primary();
        let slice = children.slice(call, request.cursor.as_deref(), request.wanted, &FLIGHT_CONTROL_QUERY).await;
        let slice = slice.map_err(without_flight_control)?;
        let list = self.show(call, &CHILDREN, &slice.each(id)?, None).await?;
        let with_own = slice.total.map(|total| match total {
            Total::Exact(children) => Total::Exact(children + 1),
            Total::Estimate(children) => Total::Estimate(children + 1),
        });
        Ok(Page::of_body(list.into(), "", map).after(&slice).total(with_own).preceded_by(own))
    }

    /// A child, or the own CID.
    async fn tenant<T, F>(&self, call: &Call, id: &str, map: F) -> Result<Reply<T>>
    where
        T: Unified,
        F: Fn(&'static RawValue) -> Mapped<T> + MapItem<T>,
    {
        let cid = cid::check(id)?;
        let has_children = self.flight_control != Some(false);
        if has_children {
            match the_one(call, &CHILDREN, self.ask(&CHILDREN, cid).primary(), cid).await {
                Ok(shown) => return Ok(Reply::read(shown.map(map)?)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(without_flight_control(error)),
            }
        }
        match self.own_cid(call, !has_children).await? == cid {
            true => Ok(Reply::read(T::with_id(cid))),
            false => Err(Error::not_found("this CID is neither the own one nor a child").about(cid)),
        }
    }
}

/// A customer without Flight Control and an API client without its scope are refused alike; only the first has no children.
fn without_flight_control(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Permission => error.hint(
            "give the API client the scope Flight Control: Read; where the CID has no children, set `flight_control=false`",
        ),
        _ => error,
    }
}

#[async_trait]
impl ListOrganizations for CrowdStrike {
    async fn list_organizations(
        &self,
        call: &Call,
        request: PageRequest<OrganizationFilter>,
    ) -> Result<Page<Organization<'static>>> {
        self.tenants::<_, Organization>(call, &request, map::organization).await
    }
}

#[async_trait]
impl GetOrganization for CrowdStrike {
    async fn get_organization(&self, call: &Call, input: GetOrganizationInput) -> Result<Reply<Organization<'static>>> {
        self.tenant(call, &input.id, map::organization).await
    }
}

#[async_trait]
impl ListWorkspaces for CrowdStrike {
    async fn list_workspaces(
        &self,
        call: &Call,
        request: PageRequest<WorkspaceFilter>,
    ) -> Result<Page<Workspace<'static>>> {
        self.tenants::<_, Workspace>(call, &request, map::workspace).await
    }
}

#[async_trait]
impl GetWorkspace for CrowdStrike {
    async fn get_workspace(&self, call: &Call, input: GetWorkspaceInput) -> Result<Reply<Workspace<'static>>> {
        self.tenant(call, &input.id, map::workspace).await
    }
}
