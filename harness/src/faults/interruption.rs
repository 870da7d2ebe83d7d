//! What can happen to one exchange.

use userdir::ErrorKind;
use userdir_stand_in::case::{Exchange, Script};
use userdir_stand_in::{Answer, Break};

use super::Spoil;
use crate::world::BEGIN;

/// Something that happens to one exchange of a case.
#[derive(Debug)]
pub(crate) struct Interruption {
    /// Its name in reports.
    pub name: &'static str,
    /// The answer in place of the vendor's own; none where this exchange cannot have it.
    pub answer: fn(&Exchange, &str) -> Option<Answer>,
    /// Whether only the first request to this exchange is struck; else all are.
    pub once: bool,
    /// What an error may be called then.
    pub kinds: &'static [ErrorKind],
    /// Who may send the request again.
    pub repeats: Repeats,
    /// The shortest wait, in seconds, before it is sent again.
    pub wait: u64,
}

/// Who may send a request again after an interruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// Nobody: the answer says enough.
    Nobody,
    /// Whoever has a token, once, with a new one.
    WithNewToken,
    /// Reads and what is harmless twice: it may have been carried out.
    Harmless,
    /// Everybody: it was not carried out.
    Everybody,
}

use ErrorKind::{
    Authentication, Conflict, NotFound, Permission, RateLimited, Timeout, Transport, Unavailable, UnexpectedResponse,
};
use Repeats::{Everybody, Harmless, Nobody, WithNewToken};

const fn always(
    name: &'static str,
    answer: fn(&Exchange, &str) -> Option<Answer>,
    kinds: &'static [ErrorKind],
    repeats: Repeats,
) -> Interruption {
    Interruption { name, answer, once: false, kinds, repeats, wait: 0 }
}

const fn once(
    name: &'static str,
    answer: fn(&Exchange, &str) -> Option<Answer>,
    kinds: &'static [ErrorKind],
    repeats: Repeats,
) -> Interruption {
    Interruption { once: true, ..always(name, answer, kinds, repeats) }
}

/// All of them.
pub(crate) const INTERRUPTIONS: &[Interruption] = &[
    always("401", |_, _| refused(401), &[Authentication], WithNewToken),
    once("401 once", |_, _| refused(401), &[Authentication], WithNewToken),
    always("403", |_, _| refused(403), &[Permission], Nobody),
    always("404", |_, _| refused(404), &[NotFound], Nobody),
    always("409", |_, _| refused(409), &[Conflict], Nobody),
    always("429", |_, _| refused(429), &[RateLimited], Everybody),
    once("429 once", |_, _| refused(429), &[RateLimited], Everybody),
    Interruption { wait: 3, ..once("429 once with Retry-After", |_, _| wait("3"), &[RateLimited], Everybody) },
    // 2026-01-01T00:00:05Z, told against the `Date` that comes with it
    Interruption { wait: 5, ..once("429 once with a date", |_, _| until(5), &[RateLimited], Everybody) },
    always("429 for a day", |_, _| wait("86400"), &[RateLimited], Nobody),
    always("500", |_, _| refused(500), &[Unavailable], Harmless),
    always("503", |_, _| refused(503), &[Unavailable], Harmless),
    once("502 once", |_, _| refused(502), &[Unavailable], Harmless),
    once("503 once", |_, _| refused(503), &[Unavailable], Harmless),
    once("504 once", |_, _| refused(504), &[Unavailable], Harmless),
    once(RESET_BEFORE, |_, _| Some(Answer::empty(200)), &[Transport], Harmless),
    once("connection reset after the request", |it, _| broken(it, Break::Reset), &[Transport], Harmless),
    once("cut body", |it, _| with_body(it).and_then(|it| broken(it, Break::CutBody)), &[Transport], Harmless),
    once("cut chunk", |it, _| with_body(it).and_then(|it| broken(it, Break::CutChunk)), &[Transport], Harmless),
    always(
        "body without a length cut off",
        |it, _| with_body(it).and_then(|it| broken(it, Break::CutWithoutLength)),
        &[UnexpectedResponse],
        Nobody,
    ),
    once(STALL, |it, _| with_body(it).and_then(|it| broken(it, Break::Stall)), &[Timeout], Harmless),
    always("not JSON", |it, _| body(it, "application/json", "{\"half\": "), &[UnexpectedResponse], Nobody),
    always(
        "an HTML page",
        |it, _| body(it, "text/html", "<!DOCTYPE html><title>Sign in</title>"),
        &[UnexpectedResponse],
        Nobody,
    ),
    always("redirect to a foreign host", |_, foreign| redirect(foreign), &[UnexpectedResponse], Nobody),
];

/// The connection is not taken: the vendor has not read anything of the request.
pub(crate) const RESET_BEFORE: &str = "connection reset before the request";
const STALL: &str = "stalled body";

impl Interruption {
    pub fn stalls(&self) -> bool {
        self.name == STALL
    }

    /// Whether the vendor says that it did nothing; what is missing or in conflict may be so because it is done.
    pub fn refuses(&self) -> bool {
        matches!(self.kinds, [Authentication | Permission | RateLimited])
    }

    /// Whether the vendor has nothing of the request, and the client cannot know that.
    pub fn is_unread(&self) -> bool {
        self.name == RESET_BEFORE
    }
}

/// The interruptions of a case: all at the exchanges that are shown for the first time, each at one in any case. `later`
/// are the pages after a first one, in a list that has not yet met the interruptions there: they strike those.
pub(super) fn of(script: &Script, is_first: &[bool], later: &[usize], number: usize) -> Vec<Spoil> {
    let mut spoils = Vec::new();
    for (index, interruption) in INTERRUPTIONS.iter().enumerate() {
        // what is refused in the case already is its own fault
        let is_able = |it: &Exchange| it.response.status < 400 && (interruption.answer)(it, "").is_some();
        let able: Vec<usize> =
            script.exchanges.iter().enumerate().filter(|(_, it)| is_able(it)).map(|(at, _)| at).collect();
        let pages: Vec<usize> = able.iter().copied().filter(|at| later.contains(at)).collect();
        let among = if pages.is_empty() { &able } else { &pages };
        let turn = (number + index).checked_rem(among.len()).and_then(|turn| among.get(turn)).copied();
        let chosen = able.iter().copied().filter(|at| {
            let is_first = is_first.get(*at).copied().unwrap_or_default();
            Some(*at) == turn || is_first && !interruption.stalls()
        });
        spoils.extend(chosen.map(|at| Spoil::Interrupted(interruption, at)));
    }
    spoils
}

/// A refusal in nobody's words.
fn refused(status: u16) -> Option<Answer> {
    Some(Answer::json(status, format!("{{\"message\":\"derived {status}\"}}")))
}

fn wait(seconds: &str) -> Option<Answer> {
    refused(429).map(|answer| answer.header("retry-after", seconds))
}

/// A date so many seconds after the one of the answer.
fn until(seconds: i64) -> Option<Answer> {
    let date = |second: i64| {
        let time = jiff::Timestamp::from_second(second).unwrap_or_default();
        jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&time).unwrap_or_default()
    };
    let now = BEGIN;
    refused(429).map(|answer| answer.header("date", date(now)).header("retry-after", date(now + seconds)))
}

fn redirect(foreign: &str) -> Option<Answer> {
    Some(Answer::empty(302).header("location", format!("{foreign}/elsewhere")))
}

/// The exchange, where its answer has a body that can be cut.
fn with_body(exchange: &Exchange) -> Option<&Exchange> {
    (exchange.response.text.as_deref().unwrap_or_default().len() > 1).then_some(exchange)
}

/// The vendor's own answer, delivered so.
fn broken(exchange: &Exchange, breaks: Break) -> Option<Answer> {
    Some(userdir_stand_in::play::answer(exchange).broken(breaks))
}

/// Another body in place of the vendor's.
fn body(exchange: &Exchange, content_type: &str, text: &str) -> Option<Answer> {
    let exchange = with_body(exchange)?;
    let mut answer = Answer::empty(exchange.response.status).header("content-type", content_type);
    answer.body = text.to_owned().into();
    Some(answer)
}
