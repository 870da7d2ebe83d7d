//! Directory Insights: what happened.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use userdir_core::action::*;
use userdir_core::{Call, Error, Page, PageRequest, Result, async_trait};
use userdir_schema::{Activity, DateTime};

use crate::{JumpCloud, given, map};

/// The most events that one answer has.
const MAX: u32 = 10_000;
/// Days for which JumpCloud keeps events; a start is needed, and this one leaves nothing out.
const KEPT: i64 = 90;

/// Where a list goes on: the same query, span and all, after the last event.
#[derive(Debug, Serialize, Deserialize)]
struct Position {
    start: String,
    end: String,
    after: Value,
}

#[async_trait]
impl ListActivities for JumpCloud {
    async fn list_activities(
        &self,
        call: &Call,
        request: PageRequest<ActivityFilter>,
    ) -> Result<Page<Activity<'static>>> {
        let filter = &request.filter;
        let wrong = |_| Error::invalid("the cursor is not one of this list");
        let position: Option<Position> =
            request.cursor.as_deref().map(serde_json::from_str).transpose().map_err(wrong)?;
        let (start, end) = match &position {
            Some(position) => (position.start.clone(), position.end.clone()),
            None => self.span(&filter.created_at),
        };
        let limit = request.wanted.unwrap_or(MAX).clamp(1, MAX);
        // an empty list of `fields` is answered 400, so there is none
        let query = given(json!({
            "service": services(&filter.product),
            "start_time": start,
            "end_time": end,
            "limit": limit,
            "sort": "ASC",
            "search_term": search_term(filter),
            "search_after": position.map(|position| position.after),
        }));
        let answer = self.insights.post("events").json(&query).as_read().primary().read(call).await?;
        let number = |name: &str| answer.header(name).and_then(|text| text.trim().parse::<u64>().ok());
        // its description calls it the most that the service can give, its samples show what was asked for
        let most = number("x-limit").map_or(u64::from(limit), |most| most.min(u64::from(limit)));
        let came = match number("x-result-count") {
            Some(came) => came,
            None => answer.json::<Vec<&serde_json::value::RawValue>>()?.len() as u64,
        };
        let next = if came > 0 && came >= most { Some(next(&answer, start, end)?) } else { None };
        let page = Page::<Activity<'static>>::of_body(answer.body, "", map::event).next(next);
        Ok(page.rechecked(recheck(filter)))
    }
}

/// The header always has a value; it counts where the page is full.
fn next(answer: &userdir_core::http::Answer, start: String, end: String) -> Result<String> {
    let strange = || Error::unexpected("JumpCloud says that there are more events and not where");
    let after = answer.header("x-search_after").and_then(|text| serde_json::from_str(text).ok()).ok_or_else(strange)?;
    serde_json::to_string(&Position { start, end, after }).map_err(|error| strange().caused_by(error))
}

impl JumpCloud {
    /// Both ends of the span. Without an end a busy log would go on for ever.
    fn span(&self, wanted: &Option<DateRange>) -> (String, String) {
        let span = wanted.unwrap_or_default();
        let now = self.insights.http.now();
        let oldest = DateTime::from_unix_seconds(now.timestamp().as_second() - KEPT * 24 * 60 * 60);
        let start = span.gte.or(span.gt).or(span.eq).or(oldest).unwrap_or(now);
        // JumpCloud does not say whether the end belongs to the span, so a little more is asked for and left out again
        let end = span.lte.or(span.lt).or(span.eq);
        let end = end.and_then(|end| DateTime::from_unix_seconds(end.timestamp().as_second() + 1)).unwrap_or(now);
        (start.timestamp().to_string(), end.timestamp().to_string())
    }
}

/// Directory events, unless the caller names another of JumpCloud's services, or `all`.
fn services(product: &Option<String>) -> Vec<String> {
    match product {
        Some(words) => words.split(',').map(|word| word.trim().to_lowercase()).collect(),
        None => vec!["directory".to_owned()],
    }
}

/// JumpCloud's search term: all of it must hold. Values of events are kept in lower case.
fn search_term(filter: &ActivityFilter) -> Option<Value> {
    let mut all: Vec<Value> = Vec::new();
    let mut term = |field: &str, value: Value| all.push(Map::from_iter([(field.to_owned(), value)]).into());
    if let Some(action) = &filter.action {
        let mut types: Vec<String> = action.values().iter().flat_map(|word| map::event_types(word)).collect();
        types.sort();
        types.dedup();
        term("event_type", json!(types));
    }
    for (field, value) in [
        ("initiated_by.id", &filter.actor_id),
        ("resource.id", &filter.entity),
        ("resource.type", &filter.entity_type),
        ("client_ip", &filter.ip_address),
    ] {
        if let Some(value) = value {
            term(field, value.to_lowercase().into());
        }
    }
    (!all.is_empty()).then(|| json!({ "and": all }))
}

/// What the query cannot say: whether an attempt to sign in succeeded, and where exactly the span ends.
fn recheck(filter: &ActivityFilter) -> ActivityFilter {
    let mut rest = ActivityFilter::default();
    rest.created_at = filter.created_at;
    rest.action = filter.action.as_ref().map(|action| {
        Match::any_of(action.values().iter().flat_map(|word| match map::event_types(word).as_slice() {
            // JumpCloud's own word may be shown under a unified one
            [own] if own.eq_ignore_ascii_case(word) => map::shown_actions(own),
            _ => vec![word.clone()],
        }))
    });
    rest
}
