//! The logs: what was done (operation logs), and then who signed in. One call covers a month at most, within the last six.

use userdir_core::action::*;
use userdir_core::http::Pass;
use userdir_core::{Call, Error, Page, PageRequest, Result, async_trait};
use userdir_schema::{Activity, DateTime};

use crate::paging::paged;
use crate::{Zoom, log_map};

/// Kinds of things, in Zoom's words for its filter.
const CATEGORIES: &[&str] = &[
    "user",
    "user_settings",
    "account",
    "billing",
    "im",
    "recording",
    "phone_contacts",
    "webinar",
    "sub_account",
    "role",
    "zoom_rooms",
];

/// Days that one call may cover, the first and the last included.
const WINDOW: i64 = 30;

/// A log of Zoom's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Log {
    Operations,
    SignIns,
}

impl Log {
    const ALL: [Log; 2] = [Log::Operations, Log::SignIns];

    fn word(self) -> &'static str {
        match self {
            Log::Operations => "operations",
            Log::SignIns => "sign-ins",
        }
    }

    /// The logs that can have what is asked for.
    fn of(filter: &ActivityFilter) -> Vec<Log> {
        let is_sign_in = |word: &String| matches!(word.as_str(), "login" | "logout");
        let words = filter.action.as_ref().map(Match::lower_case).unwrap_or_default();
        let has = |log: &Log| match log {
            Log::Operations => words.is_empty() || !words.iter().all(is_sign_in),
            Log::SignIns => filter.entity_type.is_none() && (words.is_empty() || words.iter().any(is_sign_in)),
        };
        Log::ALL.into_iter().filter(has).collect()
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
        if let Some(kind) = filter.entity_type.as_deref().filter(|kind| !CATEGORIES.contains(kind)) {
            let known = CATEGORIES.iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
            return Err(Error::invalid(format!("`entity_type` is `{kind}`; Zoom logs {known}")));
        }
        let logs = Log::of(filter);
        let span = Span::of(filter.created_at.unwrap_or_default(), self.http.now());
        let pass = Pass::of(request.cursor.as_deref())?;
        let Some(window) = Window::at(pass.name, &logs, &span)? else { return Ok(Page::of_values(Vec::new())) };
        let next = window.next(&logs, &span).map(|next| next.pass());
        let (path, items) = match window.log {
            Log::Operations => ("report/operationlogs", "operation_logs"),
            Log::SignIns => ("report/activities", "activity_logs"),
        };
        let log = self.http.get(path).query("from", day(window.from)).query("to", day(window.to));
        let log = log.query_if("category_type", filter.entity_type.as_deref());
        let log = log.guarding(&["from", "to", "category_type"]);
        // what is passed through goes to one of them
        let log = if logs.first() == Some(&window.log) { log.primary() } else { log };
        let (slice, next) = pass.read(call, log, request.wanted, &paged(items), &window.pass(), next).await?;
        let body = slice.answer.body;
        let page = match window.log {
            Log::Operations => Page::<Activity<'static>>::of_body(body, items, log_map::operation),
            Log::SignIns => Page::<Activity<'static>>::of_body(body, items, log_map::sign_in),
        };
        // days are coarse, and Zoom knows no actions
        Ok(page.next(next).rechecked(filter.clone()))
    }
}

/// The days asked for. Without a begin it is as many as one call covers.
struct Span {
    begin: DateTime,
    end: DateTime,
}

impl Span {
    fn of(range: DateRange, now: DateTime) -> Span {
        let end = midnight(range.lte.or(range.lt).or(range.eq).unwrap_or(now));
        let begin = range.gte.or(range.gt).or(range.eq).map_or_else(|| before(end, WINDOW - 1), midnight);
        Span { begin, end }
    }
}

/// What one call covers: days of a log.
#[derive(Debug, PartialEq, Eq)]
struct Window {
    log: Log,
    from: DateTime,
    to: DateTime,
}

impl Window {
    fn new(log: Log, to: DateTime, span: &Span) -> Window {
        Window { log, from: before(to, WINDOW - 1).max(span.begin), to }
    }

    /// The window that a pass names: `log,last day`. The first one where it names none.
    fn at(pass: &str, logs: &[Log], span: &Span) -> Result<Option<Window>> {
        let Some((word, to)) = pass.split_once(',') else {
            return Ok(logs.first().map(|log| Window::new(*log, span.end, span)));
        };
        let log = logs.iter().find(|log| log.word() == word);
        match (log, DateTime::parse(to)) {
            (Some(log), Some(to)) => Ok(Some(Window::new(*log, to, span))),
            _ => Err(Error::invalid("the cursor is not one of this list")),
        }
    }

    fn pass(&self) -> String {
        format!("{},{}", self.log.word(), day(self.to))
    }

    /// The month before; at the begin the next log.
    fn next(&self, logs: &[Log], span: &Span) -> Option<Window> {
        if self.from > span.begin {
            return Some(Window::new(self.log, before(self.from, 1), span));
        }
        let next = logs.iter().skip_while(|log| **log != self.log).nth(1)?;
        Some(Window::new(*next, span.end, span))
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

    #[test]
    fn both_logs_are_read_month_by_month() {
        let now = DateTime::parse("2026-03-10T12:00:00Z").unwrap();
        let range = serde_json::from_str(r#"{"gte": "2026-02-01T08:00:00Z"}"#).unwrap();
        let span = Span::of(range, now);
        let (mut pass, mut calls) = (String::new(), Vec::new());
        while let Some(window) = Window::at(&pass, &Log::ALL, &span).unwrap() {
            calls.push(format!("{} {} {}", window.log.word(), day(window.from), day(window.to)));
            match window.next(&Log::ALL, &span) {
                Some(next) => pass = next.pass(),
                None => break,
            }
        }
        let expected = [
            "operations 2026-02-09 2026-03-10",
            "operations 2026-02-01 2026-02-08",
            "sign-ins 2026-02-09 2026-03-10",
            "sign-ins 2026-02-01 2026-02-08",
        ];
        assert_eq!(calls, expected);
    }

    #[test]
    fn what_is_asked_for_says_which_log() {
        let of = |json: &str| Log::of(&serde_json::from_str(json).unwrap());
        assert_eq!(of("{}"), Log::ALL);
        assert_eq!(of(r#"{"action": "login"}"#), [Log::SignIns]);
        assert_eq!(of(r#"{"action": "Login"}"#), [Log::SignIns]);
        assert_eq!(of(r#"{"action": ["login", "user_deleted"]}"#), Log::ALL);
        assert_eq!(of(r#"{"entity_type": "user"}"#), [Log::Operations]);
        assert_eq!(of(r#"{"entity_type": "user", "action": "login"}"#), []);
    }
}
