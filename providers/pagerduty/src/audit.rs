//! The audit trail, newest first. One call covers 31 days at most; longer spans are read window by window.

use userdir_core::action::*;
use userdir_core::http::{Next, Paging, TotalAt};
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
        let path = match (filter.entity.as_deref(), filter.entity_type.as_deref()) {
            (Some(user), Some("user")) => self.get("users").id(user).path("audit/records"),
            (Some(team), Some("team")) => self.get("teams").id(team).path("audit/records"),
            (Some(_), _) => {
                return Err(Error::invalid("`entity` works together with `entity_type` `user` or `team` alone"));
            }
            (None, _) => self.query(filter)?,
        };
        let at = Place::of(request.cursor.as_deref(), filter.created_at.unwrap_or_default(), self.http.now())?;
        let records = path.query("since", time(at.since)).query("until", time(at.until)).primary();
        let slice = records.slice(call, at.cursor, request.wanted, &RECORDS).await?;
        let next = at.next(slice.next.as_deref());
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
        let mut words: Vec<&str> =
            filter.action.iter().flat_map(|action| action.values()).map(|word| own(word)).collect();
        words.dedup();
        Ok(words.into_iter().fold(records, |records, word| records.query("actions[]", word)))
    }
}

/// PagerDuty's word for a unified action; another word is taken as PagerDuty's own.
fn own(action: &str) -> &str {
    map::ACTIONS.iter().find(|(.., unified)| *unified == action).map_or(action, |(own, ..)| own)
}

/// What PagerDuty cannot tell apart. Its own words it can, and the unified action would not show them.
fn recheck(filter: &ActivityFilter) -> ActivityFilter {
    let mut recheck = filter.clone();
    recheck.action.take_if(|action| action.values().iter().any(|word| own(word) == word));
    recheck
}

/// PagerDuty writes times with milliseconds.
fn time(time: DateTime) -> String {
    format!("{:.3}", time.timestamp())
}

/// Where in the trail a page is: the window, and PagerDuty's cursor in it. Written as `end of the window|cursor`.
struct Place<'c> {
    /// Begin of the whole span.
    begin: DateTime,
    since: DateTime,
    until: DateTime,
    cursor: Option<&'c str>,
}

impl<'c> Place<'c> {
    /// The newest window of the span comes first. Without a begin one window is all.
    fn of(cursor: Option<&'c str>, span: DateRange, now: DateTime) -> Result<Place<'c>> {
        let end = span.lte.or(span.lt).or(span.eq).unwrap_or(now);
        let (until, cursor) = match cursor.and_then(|cursor| cursor.split_once('|')) {
            None => (end, None),
            Some((until, cursor)) => {
                let until = DateTime::parse(until).ok_or_else(|| Error::invalid("the cursor holds no time"))?;
                (until, Some(cursor).filter(|cursor| !cursor.is_empty()))
            }
        };
        let begin = span.gte.or(span.gt).or(span.eq).unwrap_or_else(|| before(until));
        Ok(Place { begin, since: before(until).max(begin), until, cursor })
    }

    fn next(&self, cursor: Option<&str>) -> Option<String> {
        match cursor {
            Some(cursor) => Some(format!("{}|{cursor}", time(self.until))),
            None if self.since > self.begin => Some(format!("{}|", time(self.since))),
            None => None,
        }
    }
}

/// The earliest time that a call up to `until` covers.
fn before(until: DateTime) -> DateTime {
    DateTime::from_unix_millis(until.timestamp().as_millisecond().saturating_sub(WINDOW * 1000)).unwrap_or(until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_span_is_read_window_by_window() {
        let span = |json: &str| serde_json::from_str::<DateRange>(json).unwrap();
        let now = DateTime::parse("2026-03-10T12:00:00Z").unwrap();
        let year = span(r#"{"gte": "2026-01-01T00:00:00Z"}"#);
        let (mut cursor, mut windows) = (None::<String>, Vec::new());
        loop {
            let place = Place::of(cursor.as_deref(), year, now).unwrap();
            windows.push((place.since.to_string(), place.until.to_string()));
            match place.next(None) {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        let ends = ["2026-03-10T12:00:00Z", "2026-02-07T12:00:00Z", "2026-01-07T12:00:00Z", "2026-01-01T00:00:00Z"];
        let expected: Vec<_> = ends.windows(2).map(|pair| (pair[1].to_owned(), pair[0].to_owned())).collect();
        assert_eq!(windows, expected);
    }

    #[test]
    fn a_cursor_stays_in_its_window() {
        let now = DateTime::parse("2026-03-10T12:00:00Z").unwrap();
        let place = Place::of(None, DateRange::default(), now).unwrap();
        assert_eq!(place.next(None), None, "without a begin one window is all");
        let next = place.next(Some("UE|x=")).unwrap();
        let later = DateTime::parse("2026-03-10T12:05:00Z").unwrap();
        let again = Place::of(Some(&next), DateRange::default(), later).unwrap();
        assert_eq!((again.until, again.cursor), (now, Some("UE|x=")));
    }
}
