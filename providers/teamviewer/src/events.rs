//! The event log: a POST that reads, and whose pages go on by a token in the body.

use serde_json::{Map, Value, json};
use userdir_core::action::*;
use userdir_core::{Call, Error, Page, PageRequest, Result, async_trait};
use userdir_schema::{Activity, DateTime};

use crate::{TeamViewer, map, wire};

/// Seconds that are looked back without a time.
const WEEK: i64 = 7 * 24 * 60 * 60;

fn time(time: DateTime) -> String {
    format!("{:.0}", time.timestamp())
}

#[async_trait]
impl ListActivities for TeamViewer {
    async fn list_activities(
        &self,
        call: &Call,
        request: PageRequest<ActivityFilter>,
    ) -> Result<Page<Activity<'static>>> {
        let filter = &request.filter;
        // the token continues a query, so that the times of the first page are those of every page
        let (times, token) = match request.cursor.as_deref().and_then(|cursor| cursor.split_once('|')) {
            Some((times, token)) => (times.to_owned(), Some(token)),
            None => (self.span(filter)?, None),
        };
        let (start, end) = times.split_once('/').unwrap_or_default();
        let mut body = Map::from_iter([("StartDate".to_owned(), json!(start)), ("EndDate".to_owned(), json!(end))]);
        let mut put = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
        if let Some(action) = &filter.action {
            put("EventNames", json!(action.values().iter().flat_map(|word| event_names(word)).collect::<Vec<_>>()));
        }
        if let Some(kind) = &filter.entity_type {
            put("EventTypes", json!([kind]));
        }
        if let Some(item) = &filter.entity {
            put("AffectedItem", json!(item));
        }
        if let Some(token) = token {
            put("ContinuationToken", json!(token));
        }
        let answer = self.http.post("api/v1/EventLogging").json(&body).as_read().primary().read(call).await?;
        let next = answer.json::<wire::EventPage>()?.continuation_token.filter(|token| !token.is_empty());
        let next = next.map(|token| format!("{times}|{token}"));
        // the ends of the span are not told apart by TeamViewer, and its times have whole seconds
        let span = filter.created_at.map(|span| ActivityFilter::default().created_at(span)).unwrap_or_default();
        Ok(Page::<Activity>::of_body(answer.body, "AuditEvents", map::event).next(next).rechecked(span))
    }
}

impl TeamViewer {
    /// From when to when, with a slash between: both are needed.
    fn span(&self, filter: &ActivityFilter) -> Result<String> {
        let span = filter.created_at.unwrap_or_default();
        let beginning = span.gte.or(span.gt).or(span.eq);
        if filter.created_at.is_some() && beginning.is_none() {
            return Err(Error::invalid("`created_at` has an end and no beginning, and TeamViewer's log needs both")
                .hint("give `gte` or `gt` too"));
        }
        let now = self.http.now();
        let end = span.lte.or(span.lt).or(span.eq).unwrap_or(now);
        let week_before = || DateTime::from_unix_seconds(end.timestamp().as_second() - WEEK).unwrap_or(end);
        let start = beginning.unwrap_or_else(week_before);
        // a second more, since fractions are cut off
        let end = DateTime::from_unix_seconds(end.timestamp().as_second() + 1).unwrap_or(end);
        Ok(format!("{}/{}", time(start), time(end)))
    }
}

/// TeamViewer's words for a unified action; another word is taken as TeamViewer's own.
fn event_names(action: &str) -> Vec<&str> {
    let names: Vec<&str> = map::EVENTS.iter().filter(|(word, _)| *word == action).map(|(_, name)| *name).collect();
    if names.is_empty() { vec![action] } else { names }
}
