//! The logs: what was done (operation logs), and then who signed in. One call covers a month at most, within the last six.

use serde_json::value::RawValue;
use userdir_core::action::*;
use userdir_core::http::Pass;
use userdir_core::{Call, Error, Mapped, Page, PageRequest, Result, async_trait};
use userdir_schema::{Activity, DateTime};

use crate::paging::paged;
use crate::{Zoom, log_map};

/// Kinds of things, in Zoom's words for its filter.
const CATEGORIES: &str = "user, user_settings, account, billing, im, recording, phone_contacts, webinar, sub_account, \
                          role, zoom_rooms";

/// Days that one call may cover, the first and the last included.
const WINDOW: i64 = 30;

/// A log of Zoom's.
struct Log {
    path: &'static str,
    items: &'static str,
    map: fn(&RawValue) -> Mapped<Activity<'_>>,
}

static OPERATIONS: Log = Log { path: "report/operationlogs", items: "operation_logs", map: log_map::operation };
static SIGN_INS: Log = Log { path: "report/activities", items: "activity_logs", map: log_map::sign_in };

impl Log {
    /// The logs that can have what is asked for.
    fn of(filter: &ActivityFilter) -> Vec<&'static Log> {
        let is_sign_in = |word: &String| matches!(word.as_str(), "login" | "logout");
        let words = filter.action.as_ref().map(Match::lower_case).unwrap_or_default();
        let operations = words.is_empty() || !words.iter().all(is_sign_in);
        let sign_ins = filter.entity_type.is_none() && (words.is_empty() || words.iter().any(is_sign_in));
        [operations.then_some(&OPERATIONS), sign_ins.then_some(&SIGN_INS)].into_iter().flatten().collect()
    }
}

#[async_trait]
impl ListActivities for Zoom {
    async fn list_activities(
        &self,
        call: &Call,
        request: PageRequest<ActivityFilter>,
    ) -> Result<Page<Activity<'static>>> {
        let filter = &request.filter;
        let is_unknown = |kind: &&str| CATEGORIES.split(", ").all(|known| known != *kind);
        if let Some(kind) = filter.entity_type.as_deref().filter(is_unknown) {
            return Err(Error::invalid(format!("`entity_type` is `{kind}`; Zoom logs {CATEGORIES}")));
        }
        let logs = Log::of(filter);
        let pass = Pass::of(request.cursor.as_deref())?;
        let window = Window::at(pass.name, &logs, filter.created_at.unwrap_or_default(), self.http.now())?;
        let Some(window) = window else { return Ok(Page::of_values(Vec::new())) };
        let next = window.next(&logs).map(|next| next.pass());
        let log = self.http.get(window.log.path).query("from", day(window.from())).query("to", day(window.to));
        let log = log.query_if("category_type", filter.entity_type.as_deref());
        let log = log.guarding(&["from", "to", "category_type"]);
        // what is passed through goes to one of them
        let is_first = logs.first().is_some_and(|first| first.path == window.log.path);
        let log = if is_first { log.primary() } else { log };
        let items = window.log.items;
        let (slice, next) = pass.read(call, log, request.wanted, &paged(items), &window.pass(), next).await?;
        // days are coarse, and Zoom knows no actions
        let page = Page::<Activity<'static>>::of_body(slice.answer.body, items, window.log.map);
        Ok(page.next(next).rechecked(filter.clone()))
    }
}

/// What one call covers: days of a log, up to `to`; and the days that the list began with, since "now" moves on.
#[derive(Clone, Copy)]
struct Window {
    log: &'static Log,
    to: DateTime,
    begin: DateTime,
    end: DateTime,
}

impl Window {
    /// The window that a pass names: `log,last day,first and last day of the list`. The first one where it names none,
    /// without a begin as many days as one call covers; none where no day is asked for.
    fn at(pass: &str, logs: &[&'static Log], range: DateRange, now: DateTime) -> Result<Option<Window>> {
        if pass.is_empty() {
            let end = midnight(range.lte.or(range.lt).or(range.eq).unwrap_or(now));
            let begin = range.gte.or(range.gt).or(range.eq).map_or_else(|| before(end, WINDOW - 1), midnight);
            let log = logs.first().filter(|_| begin <= end);
            return Ok(log.map(|log| Window { log, to: end, begin, end }));
        }
        let read = || {
            let mut parts = pass.split(',');
            let path = parts.next()?;
            let log = logs.iter().find(|log| log.path == path)?;
            let mut day = || DateTime::parse(parts.next()?);
            Some(Window { log, to: day()?, begin: day()?, end: day()? })
        };
        read().map(Some).ok_or_else(|| Error::invalid("the cursor is not one of this list"))
    }

    fn pass(&self) -> String {
        format!("{},{},{},{}", self.log.path, day(self.to), day(self.begin), day(self.end))
    }

    fn from(&self) -> DateTime {
        before(self.to, WINDOW - 1).max(self.begin)
    }

    /// The month before; at the begin the next log.
    fn next(&self, logs: &[&'static Log]) -> Option<Window> {
        if self.from() > self.begin {
            return Some(Window { to: before(self.from(), 1), ..*self });
        }
        let log = logs.iter().skip_while(|log| log.path != self.log.path).nth(1)?;
        Some(Window { log, to: self.end, ..*self })
    }
}

const DAY: i64 = 24 * 60 * 60;

fn before(day: DateTime, days: i64) -> DateTime {
    DateTime::from_unix_seconds(day.timestamp().as_second() - days * DAY).unwrap_or(day)
}

fn midnight(time: DateTime) -> DateTime {
    let seconds = time.timestamp().as_second();
    DateTime::from_unix_seconds(seconds - seconds.rem_euclid(DAY)).unwrap_or(time)
}

/// `2026-01-31`.
fn day(time: DateTime) -> String {
    time.to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> DateTime {
        DateTime::parse(text).unwrap()
    }

    #[test]
    fn both_logs_are_read_month_by_month_of_the_days_that_the_list_began_with() {
        let range: DateRange = serde_json::from_str(r#"{"gte": "2026-02-01T08:00:00Z"}"#).unwrap();
        let logs = [&OPERATIONS, &SIGN_INS];
        let (mut pass, mut calls, mut now) = (String::new(), Vec::new(), time("2026-03-10T12:00:00Z"));
        while let Some(window) = Window::at(&pass, &logs, range, now).unwrap() {
            calls.push(format!("{} {} {}", window.log.items, day(window.from()), day(window.to)));
            now = before(now, -1);
            match window.next(&logs) {
                Some(next) => pass = next.pass(),
                None => break,
            }
        }
        let expected = [
            "operation_logs 2026-02-09 2026-03-10",
            "operation_logs 2026-02-01 2026-02-08",
            "activity_logs 2026-02-09 2026-03-10",
            "activity_logs 2026-02-01 2026-02-08",
        ];
        assert_eq!(calls, expected);
        assert!(Window::at("report/activities,x", &logs, range, now).is_err());
    }

    #[test]
    fn a_begin_that_is_to_come_asks_for_nothing() {
        let range: DateRange = serde_json::from_str(r#"{"gte": "2026-03-11T00:00:00Z"}"#).unwrap();
        let at = |now| Window::at("", &[&OPERATIONS], range, time(now)).unwrap();
        assert!(at("2026-03-10T23:59:59Z").is_none());
        assert!(at("2026-03-11T00:00:00Z").is_some());
    }

    #[test]
    fn what_is_asked_for_says_which_log() {
        let of = |json: &str| -> Vec<&str> {
            Log::of(&serde_json::from_str(json).unwrap()).iter().map(|log| log.items).collect()
        };
        let (operations, sign_ins) = ("operation_logs", "activity_logs");
        assert_eq!(of("{}"), [operations, sign_ins]);
        assert_eq!(of(r#"{"action": "login"}"#), [sign_ins]);
        assert_eq!(of(r#"{"action": "Login"}"#), [sign_ins]);
        assert_eq!(of(r#"{"action": ["login", "user_deleted"]}"#), [operations, sign_ins]);
        assert_eq!(of(r#"{"entity_type": "user"}"#), [operations]);
        assert!(of(r#"{"entity_type": "user", "action": "login"}"#).is_empty());
    }
}
