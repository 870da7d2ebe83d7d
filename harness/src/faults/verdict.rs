//! What must hold when something goes wrong.

use std::time::Duration;

use serde_json::Value;
use userdir::action::ActionKind;
use userdir::{Error, ErrorKind, Outcome as Became};
use userdir_stand_in::case::Exchange;
use userdir_stand_in::diff;

use super::interruption::{Interruption, Repeats};
use super::rewrite::{self, Rewrite, UNKNOWN};
use super::{Outcome, Spoil, Trial, times};
use crate::attempt::Came;

/// Requests that one exchange may cost: the attempts of the default limits.
const ATTEMPTS: usize = 5;

/// What does not hold.
pub(super) fn of(trial: &Trial<'_>, outcome: &Outcome) -> Vec<String> {
    let mut failures = outcome.leaks.clone();
    if outcome.seen.elsewhere > 0 {
        failures.push("a foreign host was asked".to_owned());
    }
    failures.extend(repeated_writes(trial, outcome));
    match &trial.spoil {
        Spoil::Interrupted(interruption, at) => failures.extend(interrupted(trial, interruption, *at, outcome)),
        Spoil::Rewritten(rewrite) => failures.extend(rewritten(trial, rewrite, outcome)),
    }
    failures
}

/// No write may be sent again that may have been carried out, unless it is harmless twice.
fn repeated_writes(trial: &Trial<'_>, outcome: &Outcome) -> Option<String> {
    let spoiled = match &trial.spoil {
        Spoil::Interrupted(interruption, at) => Some((interruption, *at)),
        Spoil::Rewritten(_) => None,
    };
    trial.script.exchanges.iter().enumerate().find_map(|(at, exchange)| {
        let step = trial.write_at(at)?;
        let is_same = |it: &&Exchange| {
            let (one, other) = (&exchange.request, &it.request);
            (&one.method, &one.path, &one.query, &one.body) == (&other.method, &other.path, &other.query, &other.body)
        };
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
            None => 0,
        };
        let (method, path) = (&exchange.request.method, &exchange.request.path);
        (more > may).then(|| format!("{method} {path} was sent {more} times too often"))
    })
}

fn interrupted(trial: &Trial<'_>, interruption: &Interruption, at: usize, outcome: &Outcome) -> Vec<String> {
    let mut failures = Vec::new();
    if outcome.seen.struck == 0 {
        // an earlier answer was enough, such as one that is kept
        return failures;
    }
    // a reading may be asked for by the provider and by core
    if outcome.seen.struck > if trial.write_at(at).is_some() { ATTEMPTS } else { 2 * ATTEMPTS } {
        failures.push(format!("it was tried {} times", outcome.seen.struck));
    }
    // a token that is refreshed with another one's words is no part of the case
    let is_other_token =
        interruption.repeats == Repeats::WithNewToken && (!outcome.seen.strange.is_empty() || trial.went_wrong(at));
    if recovers(trial, interruption, at) && !is_other_token {
        failures.extend(whole(trial, outcome));
        let waited: Duration = outcome.waits.iter().sum();
        if waited < Duration::from_secs(interruption.wait) {
            failures.push(format!("it waited {waited:?}, and the vendor asked for {} s", interruption.wait));
        }
        return failures;
    }
    // it may have gone another way, which the case does not show
    if !outcome.seen.strange.is_empty() {
        failures.extend(outcome.came.as_ref().ok().and_then(|came| honest(trial, interruption, at, came)));
        return failures;
    }
    match &outcome.came {
        Ok(came) => failures.extend(honest(trial, interruption, at, came)),
        Err(error) => failures.extend(named(trial, interruption, at, error)),
    }
    failures
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

fn differences(trial: &Trial<'_>, output: &Value) -> Vec<String> {
    let Some(expected) = &trial.script.expect.output else { return Vec::new() };
    diff::json(expected, output).into_iter().map(|line| format!("output {line}")).collect()
}

/// A success in spite of what happened says what it does not know.
fn honest(trial: &Trial<'_>, interruption: &Interruption, at: usize, came: &Came) -> Option<String> {
    let differences = differences(trial, &came.output);
    let is_already = |step: &userdir::Step| step.effect == Some(userdir::Effect::Already);
    let is_told = !came.notes.is_empty() || came.is_partial || came.steps.iter().any(is_already);
    match trial.action.info().kind {
        ActionKind::List if differences.is_empty() => None,
        // what the account may not read, or does not have, is left out of everybody
        ActionKind::List
            if same_items(trial, &came.output) && (is_told || is_unreadable(interruption, &differences)) =>
        {
            None
        }
        // nobody is the one that was asked for
        ActionKind::List if interruption.kinds == [ErrorKind::NotFound] && is_filtered(trial) => None,
        ActionKind::List => {
            Some(format!("a list that lacks something was called complete: {}", differences.join("; ")))
        }
        ActionKind::Write if is_told || matches!(came.effect, Some("already" | "pending")) => None,
        // a look that the provider can do without, or one that came in the end
        ActionKind::Write if trial.write_at(at).is_none() && !trial.wrote(at) && differences.is_empty() => None,
        // what the case itself cannot find is looked for, and nothing hangs on it
        ActionKind::Write if trial.went_wrong(at) && differences.is_empty() => None,
        // not found is what a removal is to end in
        ActionKind::Write if interruption.kinds == [ErrorKind::NotFound] && removes(trial) => None,
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
        _ if interruption.kinds == [ErrorKind::NotFound] && is_unreadable(interruption, &differences) => None,
        _ if differences.iter().all(|line| line.contains(".name: missing")) => None,
        _ => Some(format!("something is left out and no note says so: {}", differences.join("; "))),
    }
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

fn same_items(trial: &Trial<'_>, output: &Value) -> bool {
    let ids = |value: &Value| -> Vec<Value> {
        value.as_array().into_iter().flatten().filter_map(|item| item.get("id").cloned()).collect()
    };
    trial.script.expect.output.as_ref().is_some_and(|expected| ids(expected) == ids(output))
}

/// The error is called what it is, and a write that may have been carried out is told so.
fn named(trial: &Trial<'_>, interruption: &Interruption, at: usize, error: &Error) -> Option<String> {
    let kind = error.kind();
    let is_write = trial.write_at(at).is_some();
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
    let is_unclear = interruption.repeats == Repeats::Harmless && is_write;
    if (is_unclear || wrote) && error.outcome() != Became::Unknown && !is_partly {
        return Some(format!("the write may have been carried out, and the error does not say so: {error}"));
    }
    None
}

impl Trial<'_> {
    /// Whether the vendor took a write before the exchange at this place.
    fn wrote(&self, at: usize) -> bool {
        let own = self.write_at(at).map(|step| step.step);
        let before = (0..at).filter_map(|before| self.write_at(before));
        before.map(|step| step.step).any(|step| self.taken.contains(&step) && Some(step) != own)
    }

    /// Whether the case itself has a refusal before the exchange at this place.
    fn went_wrong(&self, at: usize) -> bool {
        self.script.exchanges.iter().take(at).any(|it| it.response.status >= 400)
    }
}

fn rewritten(trial: &Trial<'_>, rewrite: &Rewrite, outcome: &Outcome) -> Vec<String> {
    let is_list = trial.action.info().kind == ActionKind::List;
    match (rewrite, &outcome.came) {
        // what is sent back whole has the new field too, which the case does not show
        (Rewrite::UnknownField, _) if !outcome.seen.strange.is_empty() && !trial.writes.is_empty() => Vec::new(),
        (Rewrite::UnknownField, Ok(came)) => differences(trial, &without_unknown(came.output.clone())),
        (Rewrite::UnknownField, Err(error)) => vec![format!("it failed: {error}")],
        (Rewrite::UnknownWord, Ok(came)) if !is_list || is_filtered(trial) || same_items(trial, &came.output) => {
            Vec::new()
        }
        (Rewrite::UnknownWord, Ok(_)) => vec!["somebody is left out".to_owned()],
        (Rewrite::UnknownWord, Err(error)) => vec![format!("it failed: {error}")],
        (Rewrite::Null(member), Ok(came))
            if is_list && !is_filtered(trial) && is_item(trial, member) && !same_number(trial, &came.output) =>
        {
            vec!["the list is shorter, and called complete".to_owned()]
        }
        (Rewrite::Null(_), _) => Vec::new(),
        (Rewrite::RepeatedPage(..) | Rewrite::ForeignLinks, Ok(_)) => {
            vec!["it succeeded, and should have been an error".to_owned()]
        }
        (Rewrite::RepeatedPage(..) | Rewrite::ForeignLinks, Err(error)) => {
            let is_it =
                matches!(error.kind(), ErrorKind::UnexpectedResponse | ErrorKind::Incomplete | ErrorKind::Refused);
            (!is_it && outcome.seen.strange.is_empty())
                .then(|| format!("the error is called `{}`: {error}", error.kind().as_str()))
                .into_iter()
                .collect()
        }
    }
}

/// Whether the list is asked for some: who is not known to be among them is left out.
fn is_filtered(trial: &Trial<'_>) -> bool {
    !trial.script.call.input.is_empty()
}

/// Whether a member is one of the items themselves, and not of something that items are made of: each item shows it, and
/// there are as many of it.
fn is_item(trial: &Trial<'_>, member: &str) -> bool {
    let expected = trial.script.expect.output.as_ref().and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let shows = |item: &Value| item.get("remote_data").is_some_and(|raw| raw.get(rewrite::last(member)).is_some());
    // what identifies an item cannot be missing
    let names = rewrite::values(trial.script, member);
    let is_named = |item: &Value| {
        let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
        names.iter().any(|name| id.contains(name.as_str()))
    };
    expected.iter().all(shows) && names.len() == expected.len() && !expected.iter().all(is_named)
}

fn same_number(trial: &Trial<'_>, output: &Value) -> bool {
    let number = |value: &Value| value.as_array().map_or(0, Vec::len);
    trial.script.expect.output.as_ref().is_none_or(|expected| number(output) >= number(expected))
}

/// The output without the member that was put in: it is in what is the vendor's own alone, or else a failure.
fn without_unknown(mut output: Value) -> Value {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(object) => {
                object.remove(UNKNOWN);
                object.values_mut().for_each(walk);
            }
            Value::Array(items) => items.iter_mut().for_each(walk),
            _ => {}
        }
    }
    let items = match &mut output {
        Value::Array(items) => items.as_mut_slice(),
        one => std::slice::from_mut(one),
    };
    for item in items {
        // where the vendor's own words go
        ["remote_data", "metadata"].iter().for_each(|raw| item.get_mut(*raw).into_iter().for_each(walk));
    }
    output
}
