//! What must hold when something happens to an exchange; `rewritten.rs` has what must hold when answers are strange.

use std::time::Duration;

use serde_json::Value;
use userdir::action::ActionKind;
use userdir::{Error, ErrorKind, Outcome as Became};
use userdir_stand_in::case::{Exchange, OneOrMany};
use userdir_stand_in::diff;

use super::interruption::{Interruption, Repeats};
use super::rewrite::Rewrite;
use super::{Outcome, Spoil, Trial, rewrite, rewritten, times};
use crate::attempt::Came;

/// Requests that one exchange may cost: the attempts of the default limits.
const ATTEMPTS: usize = 5;

/// The longest that all tries of one exchange may wait where the vendor asks for no wait.
const PATIENCE: Duration = Duration::from_secs(300);

/// What does not hold.
pub(super) fn of(trial: &Trial<'_>, outcome: &Outcome) -> Vec<String> {
    let mut failures = outcome.leaks.clone();
    if outcome.seen.elsewhere > 0 {
        failures.push("a foreign host was asked".to_owned());
    }
    failures.extend(repeated_writes(trial, outcome));
    match &trial.spoil {
        Spoil::Interrupted(interruption, at) => failures.extend(interrupted(trial, interruption, *at, outcome)),
        Spoil::Rewritten(rewrite) => failures.extend(rewritten::of(trial, rewrite, outcome)),
    }
    failures
}

/// No write may be sent again that may have been carried out, unless it is harmless twice.
fn repeated_writes(trial: &Trial<'_>, outcome: &Outcome) -> Option<String> {
    let spoiled = match &trial.spoil {
        Spoil::Interrupted(interruption, at) => Some((interruption, *at)),
        Spoil::Rewritten(_) => None,
    };
    let tells_less = matches!(&trial.spoil, Spoil::Rewritten(Rewrite::Null(_) | Rewrite::UnknownWord));
    trial.script.exchanges.iter().enumerate().find_map(|(at, exchange)| {
        let step = trial.write_at(at)?;
        let is_same = |it: &&Exchange| is_same(exchange, it);
        let wanted = trial.script.exchanges.iter().filter(is_same).count();
        let more = times(&outcome.seen.requests, &outcome.seen.filled(at)?.request).saturating_sub(wanted);
        let is_struck = |struck: usize| trial.script.exchanges.get(struck).as_ref().is_some_and(is_same);
        let may = match spoiled.filter(|(_, struck)| is_struck(*struck)) {
            Some((interruption, _)) => match interruption.repeats {
                Repeats::Everybody => ATTEMPTS,
                Repeats::WithNewToken => 1,
                Repeats::Harmless if step.idempotent => ATTEMPTS,
                Repeats::Harmless | Repeats::Nobody => 0,
            },
            // where it is told less, it may have to say it twice
            None if step.idempotent && tells_less => 1,
            None => 0,
        };
        let (method, path) = (&exchange.request.method, &exchange.request.path);
        (more > may).then(|| format!("{method} {path} was sent {more} times too often"))
    })
}

fn interrupted(trial: &Trial<'_>, interruption: &Interruption, at: usize, outcome: &Outcome) -> Vec<String> {
    let mut failures = Vec::new();
    let may = match interruption.repeats {
        Repeats::Nobody => 1,
        Repeats::WithNewToken => 2,
        Repeats::Harmless | Repeats::Everybody => ATTEMPTS,
    };
    let askers = match trial.action.info().kind {
        // what is there before and after is looked for by the provider and by core
        ActionKind::Write if trial.write_at(at).is_none() => 2,
        // a second try of another sort needs a token too
        _ if trial.script.exchanges.get(at).is_some_and(rewrite::is_token) => 2,
        // each page may need to be told the same
        ActionKind::List => trial.script.exchanges.iter().map(|it| calls(trial, it)).max().unwrap_or(1),
        _ => 1,
    };
    if outcome.seen.struck > askers * may {
        failures.push(format!("it was tried {} times", outcome.seen.struck));
    }
    failures.extend(waited(trial, interruption, outcome));
    // a token that is refreshed with another one's words is no part of the case
    let is_other_token =
        interruption.repeats == Repeats::WithNewToken && (!outcome.seen.strange.is_empty() || trial.went_wrong(at));
    if recovers(trial, interruption, at) && !is_other_token {
        failures.extend(whole(trial, outcome));
        return failures;
    }
    failures.extend(match &outcome.came {
        Ok(came) => honest(trial, interruption, at, came),
        // it may have gone another way, which the case does not show
        Err(error) if !outcome.seen.strange.is_empty() => denied(trial, interruption, at, error),
        Err(error) => named(trial, interruption, at, error),
    });
    failures
}

/// How often a case asks at the place of an exchange.
fn calls(trial: &Trial<'_>, exchange: &Exchange) -> usize {
    let place = |it: &Exchange| (it.request.method.clone(), it.request.path.clone());
    trial.script.exchanges.iter().filter(|it| place(it) == place(exchange)).count()
}

/// It waits as long as the vendor says, and not much longer; what would be too long is told at once.
fn waited(trial: &Trial<'_>, interruption: &Interruption, outcome: &Outcome) -> Option<String> {
    let asked = Duration::from_secs(interruption.wait);
    let waited = outcome.waits.iter().sum::<Duration>().saturating_sub(trial.ran.waited);
    let most = match interruption.repeats {
        // another way, which the case does not show, has waits of its own
        Repeats::Nobody if outcome.seen.strange.is_empty() => Duration::ZERO,
        _ if asked.is_zero() => PATIENCE,
        _ => asked * 2,
    };
    let must = if outcome.came.is_ok() { asked } else { Duration::ZERO };
    (waited < must || waited > most).then(|| format!("it waited {waited:?}, and the vendor asked for {asked:?}"))
}

/// Whether the call must end as if nothing had happened.
fn recovers(trial: &Trial<'_>, interruption: &Interruption, at: usize) -> bool {
    let is_token = trial.script.exchanges.get(at).is_some_and(rewrite::is_token);
    let harmless = trial.write_at(at).is_none_or(|step| step.idempotent);
    interruption.once
        && match interruption.repeats {
            Repeats::Everybody => true,
            Repeats::Harmless => harmless && !is_token,
            Repeats::WithNewToken => !is_token && trial.script.exchanges.iter().any(rewrite::is_token),
            Repeats::Nobody => false,
        }
}

/// The output is that of the undisturbed run.
fn whole(trial: &Trial<'_>, outcome: &Outcome) -> Vec<String> {
    match &outcome.came {
        Err(error) => vec![format!("it failed, and should have gone on: {}: {error}", error.kind().as_str())],
        Ok(came) => differences(trial, &came.output),
    }
}

pub(super) fn differences(trial: &Trial<'_>, output: &Value) -> Vec<String> {
    let Some(expected) = &trial.script.expect.output else { return Vec::new() };
    diff::json(expected, output).into_iter().map(|line| format!("output {line}")).collect()
}

/// A success in spite of what happened says what it does not know.
fn honest(trial: &Trial<'_>, interruption: &Interruption, at: usize, came: &Came) -> Option<String> {
    let differences = differences(trial, &came.output);
    let is_missing = interruption.kinds == [ErrorKind::NotFound];
    let may_be_so = is_missing || interruption.kinds == [ErrorKind::Conflict];
    if is_already(came) && !may_be_so && !trial.ran.came.as_ref().is_some_and(is_already) {
        return Some("it is called `already`, and nothing says that it is so".into());
    }
    if is_missing && trial.is_first_look(at) {
        return Some("who is meant is not there, and it succeeded".into());
    }
    let is_told = is_already(came) || is_told(trial, came);
    match trial.action.info().kind {
        ActionKind::List if differences.is_empty() => None,
        // what the account may not read, or does not have, is left out of everybody
        ActionKind::List
            if same_items(trial, &came.output) && (is_told || is_unreadable(interruption, &differences)) =>
        {
            None
        }
        // nobody is the one that was asked for
        ActionKind::List if is_missing && trial.is_filtered() => None,
        ActionKind::List => {
            Some(format!("a list that lacks something was called complete: {}", differences.join("; ")))
        }
        ActionKind::Write if is_told => None,
        // a look that the provider can do without, or one that came in the end
        ActionKind::Write if trial.write_at(at).is_none() && !trial.wrote(at) && differences.is_empty() => None,
        // what the case itself cannot find is looked for, and nothing hangs on it
        ActionKind::Write if trial.went_wrong(at) && differences.is_empty() => None,
        // not found is what a removal is to end in, once it was sent, or where it was there and is looked for afterwards
        ActionKind::Write if is_missing && removes(trial) && trial.wrote(at) => None,
        ActionKind::Write
            if is_missing && removes(trial) && trial.write_at(at).is_some() && at > 0 && !is_last(trial, at) =>
        {
            None
        }
        // what the account may not read beside what was changed
        ActionKind::Write if trial.write_at(at).is_none() && is_unreadable(interruption, &differences) => None,
        // a body that nobody reads, of a write that a reading confirms
        ActionKind::Write if says_yes(interruption) && !is_last(trial, at) && differences.is_empty() => None,
        ActionKind::Write => {
            let effect = came.effect.unwrap_or("none");
            Some(format!("it succeeded (effect `{effect}`), and no note says what is not known"))
        }
        _ if differences.is_empty() || is_told => None,
        // nothing there is none; and an id is enough without the name of the thing
        _ if is_missing && is_unreadable(interruption, &differences) => None,
        _ if differences.iter().all(|line| line.contains(".name: missing")) => None,
        _ => Some(format!("something is left out and no note says so: {}", differences.join("; "))),
    }
}

/// Whether a write, or a step of it, is said to have been done before.
pub(super) fn is_already(came: &Came) -> bool {
    let is_so = |step: &userdir::Step| step.effect == Some(userdir::Effect::Already);
    came.effect == Some("already") || came.steps.iter().any(is_so)
}

/// Whether it says of itself what the undisturbed run does not.
pub(super) fn is_told(trial: &Trial<'_>, came: &Came) -> bool {
    let undisturbed = trial.ran.came.as_ref();
    let notes = undisturbed.map_or(&[][..], |it| &it.notes);
    came.notes.iter().any(|note| !notes.contains(note))
        || came.is_partial && !undisturbed.is_some_and(|it| it.is_partial)
}

/// Whether all that differs is members that are not there, and the vendor has refused to show them.
fn is_unreadable(interruption: &Interruption, differences: &[String]) -> bool {
    let refuses = [[ErrorKind::Permission], [ErrorKind::NotFound]].iter().any(|kinds| interruption.kinds == kinds);
    refuses && differences.iter().all(|line| line.contains(": missing"))
}

/// Whether the action leaves somebody with less than before.
fn removes(trial: &Trial<'_>) -> bool {
    let method = trial.action.info().method;
    ["delete", "deactivate", "suspend", "unassign-role", "remove-user"].contains(&method)
}

/// Whether its answers have the vendor's own status.
fn says_yes(interruption: &Interruption) -> bool {
    interruption.kinds == [ErrorKind::UnexpectedResponse] && interruption.repeats == Repeats::Nobody
}

/// Whether nothing is read or written afterwards.
fn is_last(trial: &Trial<'_>, at: usize) -> bool {
    at + 1 == trial.script.exchanges.len()
}

pub(super) fn same_items(trial: &Trial<'_>, output: &Value) -> bool {
    let ids = |value: &Value| -> Vec<Value> {
        value.as_array().into_iter().flatten().filter_map(|item| item.get("id").cloned()).collect()
    };
    trial.script.expect.output.as_ref().is_some_and(|expected| ids(expected) == ids(output))
}

/// The error is called what it is, and a write that may have been carried out is told so.
fn named(trial: &Trial<'_>, interruption: &Interruption, at: usize, error: &Error) -> Option<String> {
    let kind = error.kind();
    let wrote = trial.wrote(at);
    // what the case itself lets go wrong is told first
    let is_unclear_anyway = trial.went_wrong(at);
    // an error of a token's own, or a finer word for what is not there
    let is_finer = match kind {
        ErrorKind::Authentication => trial.script.exchanges.get(at).is_some_and(rewrite::is_token),
        // our own word for something that the input names and the vendor does not have
        ErrorKind::InvalidRequest => interruption.kinds == [ErrorKind::NotFound] && error.vendor().is_none(),
        ErrorKind::NotSupported => {
            [[ErrorKind::NotFound], [ErrorKind::Permission]].iter().any(|it| interruption.kinds == it)
        }
        _ => false,
    };
    if is_unclear_anyway || is_finer {
        return None;
    }
    let is_partly = matches!(kind, ErrorKind::PartlyDone | ErrorKind::Incomplete);
    // a reading that does not show what was done
    let hides = [[ErrorKind::NotFound], [ErrorKind::Permission]].iter().any(|it| interruption.kinds == it);
    let is_unshown = (wrote || hides) && kind == ErrorKind::UnexpectedResponse && error.outcome() == Became::Unknown;
    if !interruption.kinds.contains(&kind) && !is_partly && !is_unshown {
        return Some(format!("the error is called `{}`: {error}", kind.as_str()));
    }
    denied(trial, interruption, at, error)
}

/// Whether two exchanges ask for the same.
fn is_same(one: &Exchange, other: &Exchange) -> bool {
    let (one, other) = (&one.request, &other.request);
    (&one.method, &one.path, &one.query, &one.body) == (&other.method, &other.path, &other.query, &other.body)
}

/// A write that may have been carried out, and an error that does not say so.
fn denied(trial: &Trial<'_>, interruption: &Interruption, at: usize, error: &Error) -> Option<String> {
    let is_unclear = interruption.repeats == Repeats::Harmless && trial.write_at(at).is_some();
    let is_denied = match error.outcome() {
        Became::NotDone => is_unclear || trial.wrote(at),
        Became::Partly => is_unclear,
        Became::Unknown => false,
    };
    is_denied.then(|| format!("the write may have been carried out, and the error does not say so: {error}"))
}

impl Trial<'_> {
    /// Whether the vendor took a write before the exchange at this place.
    fn wrote(&self, at: usize) -> bool {
        let own = self.write_at(at).map(|step| step.step);
        let before = (0..at).filter_map(|before| self.write_at(before));
        before.map(|step| step.step).any(|step| self.ran.taken.contains(&step) && Some(step) != own)
    }

    /// Whether the vendor was asked for a write of the case that it takes.
    pub fn took_one(&self, outcome: &Outcome) -> bool {
        (0..self.script.exchanges.len()).any(|at| {
            let is_taken = self.write_at(at).is_some_and(|step| self.ran.taken.contains(&step.step));
            // the last of several tries is the one that is taken
            let (Some(it), Some(filled)) = (self.script.exchanges.get(at), outcome.seen.filled(at)) else {
                return false;
            };
            let tries = self.script.exchanges.iter().filter(|other| is_same(it, other)).count();
            is_taken && !self.went_wrong(at + 1) && times(&outcome.seen.requests, &filled.request) >= tries
        })
    }

    /// Whether the exchange at this place is the first to ask for the one whom the call is about, and nothing was tried yet.
    fn is_first_look(&self, at: usize) -> bool {
        let input = &self.script.call.input;
        let Some(subject) = ["id", "user_id"].iter().find_map(|name| input.get(*name)?.as_str()) else { return false };
        let names = |exchange: &Exchange| {
            let queried = exchange.request.query.values().flat_map(OneOrMany::values);
            exchange.request.path.split('/').chain(queried.map(String::as_str)).any(|part| part == subject)
        };
        let before = self.script.exchanges.iter().take(at);
        let is_tried = (0..at).any(|before| self.write_at(before).is_some());
        let asks = |it: &Exchange| it.request.method == "GET" && names(it);
        self.script.exchanges.get(at).is_some_and(asks) && !before.into_iter().any(names) && !is_tried
    }

    /// Whether the list is asked for some: who is not known to be among them is left out.
    pub fn is_filtered(&self) -> bool {
        !self.script.call.input.is_empty()
    }

    /// Whether the case itself has a refusal before the exchange at this place.
    fn went_wrong(&self, at: usize) -> bool {
        self.script.exchanges.iter().take(at).any(|it| it.response.status >= 400)
    }
}
