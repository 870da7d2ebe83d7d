//! The audit log.

use userdir_core::action::*;
use userdir_core::http::Paging;
use userdir_core::{Call, Page, PageRequest, Result, async_trait};
use userdir_schema::{Activity, DateTime};

use crate::{SlackEnterprise, by_cursor, map};

/// More may come where several events have one time.
const LOG: Paging = by_cursor("entries", 9999);

#[async_trait]
impl ListActivities for SlackEnterprise {
    async fn list_activities(
        &self,
        call: &Call,
        request: PageRequest<ActivityFilter>,
    ) -> Result<Page<Activity<'static>>> {
        let filter = &request.filter;
        let span = filter.created_at.unwrap_or_default();
        // whole seconds, and both ends are in: what is outside is left out below
        let seconds = |time: DateTime| time.timestamp().as_second();
        let oldest = span.gte.or(span.gt).or(span.eq).map(|time| seconds(time).to_string());
        let latest = span.lte.or(span.lt).or(span.eq).map(|time| (seconds(time) + 1).to_string());
        let actions = filter
            .action
            .as_ref()
            .map(|actions| actions.lower_case().iter().map(|word| slack_action(word)).collect::<Vec<_>>().join(","));
        let log = self.audit.get("logs").query_if("oldest", oldest).query_if("latest", latest);
        let log = log
            .query_if("action", actions)
            .query_if("actor", filter.actor_id.as_deref())
            .query_if("entity", filter.entity.as_deref());
        let page = log.page(call, &request, &LOG, map::entry).await?;
        Ok(page.rechecked(filter.created_at.map(|span| ActivityFilter::default().created_at(span)).unwrap_or_default()))
    }
}

/// Slack's word for a unified action; another word is taken as Slack's own, which are in lower case.
fn slack_action(action: &str) -> &str {
    match action {
        "login" => "user_login",
        other => other,
    }
}
