//! What must hold when the vendor's answers are strange and well-formed.

use serde_json::Value;
use userdir::action::ActionKind;
use userdir::{ErrorKind, Outcome as Became};
use userdir_stand_in::case::Exchange;
use userdir_stand_in::diff;

use super::rewrite::{self, Rewrite, UNKNOWN};
use super::verdict::{differences, is_already, is_told};
use super::{Outcome, Trial};

/// What does not hold.
pub(super) fn of(trial: &Trial<'_>, rewrite: &Rewrite, outcome: &Outcome) -> Vec<String> {
    match (rewrite, &outcome.came) {
        // what is sent back whole has the new field too, which the case does not show
        (Rewrite::UnknownField, _) if !outcome.seen.strange.is_empty() && !trial.ran.writes.is_empty() => Vec::new(),
        (Rewrite::UnknownField, Ok(came)) => differences(trial, &without_unknown(came.output.clone())),
        (Rewrite::UnknownField, Err(error)) => vec![format!("it failed: {error}")],
        (Rewrite::UnknownWord | Rewrite::Null(_), _) if trial.action.info().kind == ActionKind::Write => {
            written(trial, rewrite, outcome).into_iter().collect()
        }
        (Rewrite::UnknownWord, Ok(came)) => reworded(trial, &came.output),
        (Rewrite::UnknownWord, Err(error)) => vec![format!("it failed: {error}")],
        (Rewrite::Null(member), Ok(came)) => nulled(trial, member, &came.output),
        (Rewrite::Null(member), Err(error)) if !is_needed(trial, member) => vec![format!("it failed: {error}")],
        (Rewrite::Null(_), Err(_)) => Vec::new(),
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

/// With words that nobody knows there may be less; nobody is left out, and nothing else is another.
fn reworded(trial: &Trial<'_>, output: &Value) -> Vec<String> {
    let mut failures = Vec::new();
    for (was, is) in pairs(trial, output) {
        let Some(is) = is else {
            // who is not known to have the status is left out
            let is_sorted_out = trial.script.call.input.contains_key("status");
            failures.extend((!is_sorted_out).then(|| "somebody is left out".to_owned()));
            continue;
        };
        let mut wanted = was.clone();
        for name in ["remote_data", "metadata"] {
            wanted.get_mut(name).into_iter().for_each(|raw| *raw = rewrite::reworded(raw.take()));
        }
        let lines = diff::json(&wanted, is).into_iter();
        // another word than the one that means yes is a no
        let is_no = |line: &str| line.starts_with("$.is_") && line.ends_with(": expected true, got false");
        let lines = lines.filter(|line| !line.starts_with("$.status: ") && !line.contains(": missing") && !is_no(line));
        failures.extend(lines.map(|line| format!("output {line}")));
        if let Some(word) = guessed(was, is).filter(|_| rewrite::has_word(was.get("remote_data")) && !has_flag(was)) {
            failures.push(format!("a status that nobody knows is read as `{word}`"));
        }
    }
    failures
}

/// A write that is told less than it needs may refuse, and says then what it has done; it takes nothing for done that it is
/// not told.
fn written(trial: &Trial<'_>, rewrite: &Rewrite, outcome: &Outcome) -> Option<String> {
    let was_already = trial.ran.came.as_ref().is_some_and(is_already);
    let is_value = matches!(rewrite, Rewrite::Null(member) if trial.script.null_says.contains(member));
    match &outcome.came {
        Err(error) if error.outcome() == Became::NotDone && trial.took_one(outcome) => {
            Some(format!("the vendor took a write, and the error says that nothing was done: {error}"))
        }
        Ok(came) if is_already(came) && !was_already && !is_value => {
            Some("it is called `already`, and nothing says that it is so".to_owned())
        }
        Ok(came)
            if is_of_word(trial, rewrite)
                && !is_told(trial, came)
                && matches!(came.effect, Some("already" | "applied")) =>
        {
            Some(format!("it is called `{}`, and no word says so", came.effect.unwrap_or_default()))
        }
        _ => None,
    }
}

/// Whether the action changes what is told by the word that is gone, and by nothing else.
fn is_of_word(trial: &Trial<'_>, rewrite: &Rewrite) -> bool {
    let turns = ["deactivate", "activate", "suspend", "unsuspend"].contains(&trial.action.info().method);
    let read = |it: &&Exchange| it.request.method == "GET" && it.response.status < 400;
    let tells = |place: &str| {
        let member = match rewrite {
            Rewrite::Null(member) if member != place => return false,
            _ => place,
        };
        trial.script.exchanges.iter().filter(read).any(|it| !rewrite::values_of(it, member).is_empty())
    };
    let is_flagged = trial.script.expect.output.as_ref().is_some_and(has_flag);
    turns && !is_flagged && ["status", "state", "user.status"].into_iter().any(tells)
}

/// Without a value there may be less; nobody is left out, and no status is made up.
fn nulled(trial: &Trial<'_>, member: &str, output: &Value) -> Vec<String> {
    if trial.script.needs.iter().any(|it| it == member) {
        return vec!["the case says that nothing can be told without it, and it succeeded".to_owned()];
    }
    let is_list = trial.action.info().kind == ActionKind::List;
    if is_list && !trial.is_filtered() && is_item(trial, member) && !same_number(trial, output) {
        return vec!["the list is shorter, and called complete".to_owned()];
    }
    let guesses = pairs(trial, output).into_iter().filter_map(|(was, is)| {
        // flags may be left out, words are not
        let is_word = rewrite::is_word(member) && place(trial, was, member) == Some(rewrite::last(member));
        guessed(was, is?).filter(|_| is_word && !has_flag(was))
    });
    guesses.map(|word| format!("a status that is not told is read as `{word}`")).collect()
}

/// Whether a flag says of an item how it stands, besides the word.
fn has_flag(item: &Value) -> bool {
    let raw = item.get("remote_data").and_then(Value::as_object);
    raw.into_iter().flatten().any(|(name, value)| {
        value.is_boolean()
            && ["activ", "suspend", "enabled", "disabled"].iter().any(|it| name.to_lowercase().contains(it))
    })
}

/// The status that is made up where the vendor's is none that we know.
fn guessed<'v>(was: &Value, is: &'v Value) -> Option<&'v str> {
    let word = is.get("status").and_then(Value::as_str)?;
    (was.get("status").is_some() && word != rewrite::NEW_WORD).then_some(word)
}

/// Each item of the undisturbed output with the one at its place, or of its id where some are missing.
fn pairs<'v>(trial: &'v Trial<'_>, output: &'v Value) -> Vec<(&'v Value, Option<&'v Value>)> {
    let Some(expected) = &trial.script.expect.output else { return Vec::new() };
    let (Some(expected), Some(items)) = (expected.as_array(), output.as_array()) else {
        return vec![(expected, Some(output))];
    };
    if items.len() == expected.len() {
        return expected.iter().zip(items.iter().map(Some)).collect();
    }
    let same = |was: &Value| items.iter().find(|is| is.get("id") == was.get("id"));
    expected.iter().map(|was| (was, same(was))).collect()
}

/// Whether an item has this member in what is the vendor's own.
fn shows(item: &Value, name: &str) -> bool {
    item.get("remote_data").is_some_and(|raw| raw.get(name).is_some())
}

/// The path of a member in what is the vendor's own of an item; none where it is of something else.
fn place<'m>(trial: &Trial<'_>, item: &Value, member: &'m str) -> Option<&'m str> {
    let raw = item.get("remote_data")?;
    let values = rewrite::values(trial.script, member);
    let starts = std::iter::once(0).chain(member.match_indices('.').map(|(dot, _)| dot + 1));
    starts.filter_map(|start| member.get(start..)).find(|path| {
        let found = rewrite::values_in(raw, path);
        !found.is_empty() && found.iter().all(|value| values.contains(value))
    })
}

/// Whether nothing can be told without a member: it is no part of an item, names a thing, or a later request has it.
fn is_needed(trial: &Trial<'_>, member: &str) -> bool {
    let name = rewrite::last(member);
    let is_named = trial.script.needs.iter().any(|it| it == member);
    if is_named || ["id", "Id", "ID", "ref"].iter().any(|end| name.ends_with(end)) {
        return true;
    }
    let Some(output) = &trial.script.expect.output else { return true };
    let items = output.as_array().map_or(std::slice::from_ref(output), Vec::as_slice);
    let values = rewrite::values(trial.script, member);
    let has = |text: &str| values.iter().any(|value| text.contains(value.as_str()));
    let is_named = |item: &Value| item.get("id").and_then(Value::as_str).is_some_and(has);
    let is_asked = |exchange: &Exchange| {
        let request = &exchange.request;
        has(&request.path) || request.query.values().any(|it| it.values().iter().any(|value| has(value)))
    };
    !items.iter().any(|item| place(trial, item, member).is_some())
        || items.iter().any(is_named)
        || trial.script.exchanges.iter().any(is_asked)
}

/// Whether a member is one of the items themselves, and not of something that items are made of: each item shows it, and
/// there are as many of it.
fn is_item(trial: &Trial<'_>, member: &str) -> bool {
    let expected = trial.script.expect.output.as_ref().and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    // what identifies an item cannot be missing
    let names = rewrite::values(trial.script, member);
    let is_named = |item: &Value| {
        let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
        names.iter().any(|name| id.contains(name.as_str()))
    };
    expected.iter().all(|item| shows(item, rewrite::last(member)))
        && names.len() == expected.len()
        && !expected.iter().all(is_named)
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
