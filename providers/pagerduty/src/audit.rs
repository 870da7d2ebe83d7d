//! The audit trail, newest first. One call covers 31 days at most; longer spans are read window by window.

use std::collections::BTreeSet;

use userdir_core::action::*;
use userdir_core::http::{Next, Paging, Pass, TotalAt};
use userdir_core::{Call, Error, Page, PageRequest, Result, async_trait};
use userdir_schema::{Activity, DateTime};

use crate::{PagerDuty, map};

const RECORDS: Paging = Paging {
    items: "records",
    limit: "limit",
    max: 100,
    next: Next::BodyCursor { path: "next_cursor", parameter: "cursor" },
    total: TotalAt::Nowhere,
};
/// Seconds that one call may cover.
const WINDOW: i64 = 31 * 24 * 60 * 60;

/// Kinds of things, in the words of an activity's `entity_type` and of PagerDuty's filter.
const KINDS: &[(&str, &str)] = &[
    ("user", "users"),
    ("team", "teams"),
    ("schedule", "schedules"),
    ("escalation_policy", "escalation_policies"),
    ("service", "services"),
    ("ip_allow_list", "ip_allow_lists"),
];

#[async_trait]
impl ListActivities for PagerDuty {
    async fn list_activities(
        &self,
        call: &Call,
        request: PageRequest<ActivityFilter>,
    ) -> Result<Page<Activity<'static>>> {
        let filter = &request.filter;
        if filter.entity.is_some() && filter.actor_id.is_some() {
            return Err(Error::invalid("`actor_id` does not work together with `entity`")
                .hint("PagerDuty narrows the records of one user or team by time alone"));
        }
        let path = match (filter.entity.as_deref(), filter.entity_type.as_deref()) {
            (Some(user), Some("user")) => self.get("users").id(user).path("audit/records"),
            (Some(team), Some("team")) => self.get("teams").id(team).path("audit/records"),
            (Some(_), _) => {
                return Err(Error::invalid("`entity` works together with `entity_type` `user` or `team` alone"));
            }
            (None, _) => self.query(filter)?,
        };
        let pass = Pass::of(request.cursor.as_deref())?;
        let window = Window::at(pass.name, filter.created_at.unwrap_or_default(), self.http.now())?;
        let records = path.query("since", time(window.since)).query("until", time(window.until)).primary();
        let (name, next) = (time(window.until), window.next());
        let (slice, next) = pass.read(call, records, request.wanted, &RECORDS, &name, next).await?;
        let page = Page::<Activity<'static>>::of_body(slice.answer.body, RECORDS.items, map::audit_record);
        Ok(page.next(next).rechecked(recheck(filter)))
    }
}

impl PagerDuty {
    /// The account's records, narrowed as PagerDuty can; each record is looked at again afterwards.
    fn query(&self, filter: &ActivityFilter) -> Result<userdir_core::http::Request> {
        let mut records = self.get("audit/records");
        if let Some(kind) = &filter.entity_type {
            let known = KINDS.iter().find(|(unified, _)| unified == kind);
            let (_, kind) = known.ok_or_else(|| {
                let known = KINDS.iter().map(|(kind, _)| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
                Error::invalid(format!("`entity_type` is `{kind}`; PagerDuty records {known}"))
            })?;
            records = records.query("root_resource_types[]", *kind);
        }
        if let Some(actor) = &filter.actor_id {
            records = records.query("actor_type", "user_reference").query("actor_id", actor);
        }
        let words: BTreeSet<&str> =
            filter.action.iter().flat_map(|action| action.values()).map(|word| own(word)).collect();
        Ok(words.into_iter().fold(records, |records, word| records.query("actions[]", word)))
    }
}

/// PagerDuty's word for a unified action; another word is taken as PagerDuty's own.
fn own(action: &str) -> &str {
    map::ACTIONS.iter().find(|(.., unified)| *unified == action).map_or(action, |(own, ..)| own)
}

/// What each record is held against. PagerDuty's own word stands for every unified one that it becomes. A record may have
/// several actors, of whom one is shown: that filter is PagerDuty's.
fn recheck(filter: &ActivityFilter) -> ActivityFilter {
    let shown = |word: &String| {
        let unified = map::ACTIONS.iter().filter(|(own, ..)| own == word).map(|(.., unified)| *unified);
        unified.chain([word.as_str()]).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut recheck = filter.clone();
    recheck.action = filter.action.as_ref().map(|action| Match::any_of(action.values().iter().flat_map(shown)));
    recheck.actor_id = None;
    recheck
}

/// PagerDuty writes times with milliseconds.
fn time(time: DateTime) -> String {
    format!("{:.3}", time.timestamp())
}

/// What one call covers. A pass of the list is called by the end of its window.
struct Window {
    /// Begin of the whole span.
    begin: DateTime,
    since: DateTime,
    until: DateTime,
}

impl Window {
    /// The window of a pass; the newest one comes first. Without a begin one window is all.
    fn at(pass: &str, span: DateRange, now: DateTime) -> Result<Window> {
        // whether its ends belong to a span PagerDuty does not say: what comes is looked at again
        let end = || span.lte.or(span.eq).map(|end| moved(end, 1)).or(span.lt).unwrap_or(now);
        let until = if pass.is_empty() { Some(end()) } else { DateTime::parse(pass) };
        let until = until.ok_or_else(|| Error::invalid("the cursor is not one of this list"))?;
        let begin = span.gte.or(span.eq).map(|begin| moved(begin, -1)).or(span.gt);
        let begin = begin.unwrap_or_else(|| before(until));
        Ok(Window { begin, since: before(until).max(begin), until })
    }

    /// The pass of the window before.
    fn next(&self) -> Option<String> {
        (self.since > self.begin).then(|| time(self.since))
    }
}

/// The earliest time that a call up to `until` covers.
fn before(until: DateTime) -> DateTime {
    moved(until, -WINDOW * 1000)
}

/// A time so many milliseconds later.
fn moved(time: DateTime, by: i64) -> DateTime {
    DateTime::from_unix_millis(time.timestamp().as_millisecond().saturating_add(by)).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_span_is_read_window_by_window() {
        let span = serde_json::from_str(r#"{"gte": "2026-01-01T00:00:00Z"}"#).unwrap();
        let now = DateTime::parse("2026-03-10T12:00:00Z").unwrap();
        let (mut pass, mut windows) = (String::new(), Vec::new());
        loop {
            let window = Window::at(&pass, span, now).unwrap();
            windows.push((window.since.to_string(), window.until.to_string()));
            match window.next() {
                Some(next) => pass = next,
                None => break,
            }
        }
        let ends = ["2026-03-10T12:00:00Z", "2026-02-07T12:00:00Z", "2026-01-07T12:00:00Z", "2025-12-31T23:59:59.999Z"];
        let expected: Vec<_> = ends.windows(2).map(|pair| (pair[1].to_owned(), pair[0].to_owned())).collect();
        assert_eq!(windows, expected);
    }

    #[test]
    fn a_window_stays_where_it_was_while_time_goes_on() {
        let now = DateTime::parse("2026-03-10T12:00:00Z").unwrap();
        let first = Window::at("", DateRange::default(), now).unwrap();
        assert_eq!(first.next(), None, "without a begin one window is all");
        let later = DateTime::parse("2026-03-10T12:05:00Z").unwrap();
        let again = Window::at(&time(first.until), DateRange::default(), later).unwrap();
        assert_eq!((again.since, again.until), (first.since, first.until));
        assert!(Window::at("tomorrow", DateRange::default(), now).is_err());
    }
}
