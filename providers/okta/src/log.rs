//! The system log.

use userdir_core::action::*;
use userdir_core::http::{Next, Paging, TotalAt};
use userdir_core::scim::ScimFilter;
use userdir_core::{Call, Page, PageRequest, Result, async_trait};
use userdir_schema::{Activity, DateTime};

use crate::users::time;
use crate::{Okta, map};

const LOG: Paging = Paging { items: "", limit: "limit", max: 1000, next: Next::LinkHeader, total: TotalAt::Nowhere };

#[async_trait]
impl ListActivities for Okta {
    async fn list_activities(
        &self,
        call: &Call,
        request: PageRequest<ActivityFilter>,
    ) -> Result<Page<Activity<'static>>> {
        let filter = &request.filter;
        let mut expression = ScimFilter::default();
        if let Some(action) = &filter.action {
            expression.any_of("eventType", action.values().iter().map(|word| event_type(word)));
        }
        if let Some(actor) = &filter.actor_id {
            expression.any_of("actor.id", [actor.as_str()]);
        }
        if let Some(entity) = &filter.entity {
            expression.any_of("target.id", [entity.as_str()]);
        }
        let span = filter.created_at.unwrap_or_default();
        let since: Option<DateTime> = span.gte.or(span.gt).or(span.eq);
        // Without an end the query is for polling, and its pages never end. Whether it is within is not documented: a
        // millisecond more is asked for, and dropped below.
        let end = span.lte.or(span.lt).or(span.eq);
        let until = end.and_then(just_after).unwrap_or_else(|| self.http.now());
        let log = self.http.get("api/v1/logs").query_if("since", since.map(time)).query("until", time(until));
        let page = log.query_if("filter", expression.build()).page(call, &request, &LOG, map::log_event).await?;
        // `since` and `until` do not tell "after" from "at or after"
        Ok(page.rechecked(filter.created_at.map(|span| ActivityFilter::default().created_at(span)).unwrap_or_default()))
    }
}

/// A millisecond later.
fn just_after(time: DateTime) -> Option<DateTime> {
    DateTime::from_unix_millis(time.timestamp().as_millisecond().saturating_add(1))
}

/// Okta's word for a unified action; another word is taken as Okta's own.
fn event_type(action: &str) -> &str {
    match action {
        "user_deactivated" => "user.lifecycle.deactivate",
        other => other,
    }
}
