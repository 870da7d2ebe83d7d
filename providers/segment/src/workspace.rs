//! The workspace of the token, and its audit trail.

use userdir_core::action::*;
use userdir_core::{Call, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Activity, DateTime, Workspace};

use crate::{Segment, map, wire};

impl Segment {
    /// The one workspace of the token. It never becomes another.
    pub(crate) async fn workspace(&self, call: &Call) -> Result<&wire::Workspace> {
        if self.workspace.get().is_none() {
            let answer = self.http.get("").read(call).await?;
            let it: wire::Wrapped<wire::WorkspaceAnswer> = answer.json()?;
            let _ = self.workspace.set(it.data.workspace);
        }
        self.workspace.get().ok_or_else(|| Error::unexpected("Segment shows no workspace"))
    }

    /// The workspace, which must be the one named.
    pub(crate) async fn workspace_named(&self, call: &Call, named: Option<&str>) -> Result<&wire::Workspace> {
        let workspace = self.workspace(call).await?;
        match named {
            Some(named) if named != workspace.id => {
                Err(Error::invalid("the token is of another workspace; nothing was changed").about(named).hint(
                    format!("the token's workspace is `{}`; connect another account for another one", workspace.id),
                ))
            }
            _ => Ok(workspace),
        }
    }
}

#[async_trait]
impl ListWorkspaces for Segment {
    async fn list_workspaces(
        &self,
        call: &Call,
        request: PageRequest<WorkspaceFilter>,
    ) -> Result<Page<Workspace<'static>>> {
        let answer = self.http.get("").primary().read(call).await?;
        Ok(Page::of_values(vec![answer.map_at("data.workspace", map::workspace)?]).rechecked(request.filter))
    }
}

#[async_trait]
impl GetWorkspace for Segment {
    async fn get_workspace(&self, call: &Call, input: GetWorkspaceInput) -> Result<Reply<Workspace<'static>>> {
        let answer = self.http.get("").primary().read(call).await?;
        let workspace: Workspace = answer.map_at("data.workspace", map::workspace)?;
        match workspace.id == input.id.as_str() {
            true => Ok(Reply::read(workspace)),
            false => Err(Error::not_found("the token is of another workspace").about(input.id)),
        }
    }
}

#[async_trait]
impl ListActivities for Segment {
    async fn list_activities(
        &self,
        call: &Call,
        request: PageRequest<ActivityFilter>,
    ) -> Result<Page<Activity<'static>>> {
        let filter = &request.filter;
        let span = filter.created_at.unwrap_or_default();
        // what happened at an end itself Segment may leave out: a second more is asked for, and looked at again
        let moved = |time: DateTime, by: i64| {
            let millis = time.timestamp().as_millisecond().saturating_add(by);
            DateTime::from_unix_millis(millis).unwrap_or(time).to_string()
        };
        let events = self
            .http
            .get("audit-events")
            .query_if("startTime", span.gte.or(span.gt).or(span.eq).map(|begin| moved(begin, -1000)))
            .query_if("endTime", span.lte.or(span.lt).or(span.eq).map(|end| moved(end, 1000)))
            .query_if("resourceId", filter.entity.as_deref())
            .query_if("resourceType", filter.entity_type.as_deref());
        let page = events.page(call, &request, &self.paged("data.events"), map::audit_event).await?;
        Ok(page.rechecked(filter.created_at.map(|span| ActivityFilter::default().created_at(span)).unwrap_or_default()))
    }
}
