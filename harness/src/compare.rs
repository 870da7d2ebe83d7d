//! Compares what came out of a call with what the case expects.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use jsonschema::Validator;
use serde_json::Value;
use userdir::action::ActionKind;
use userdir::observer::PlanStep;
use userdir::schema::{Resource, json_schema};
use userdir::{Action, Details, Error, Outcome, Result};
use userdir_stand_in::case::{Expect, ExpectedError};
use userdir_stand_in::{Script, diff};

use crate::attempt::Came;

/// What a case of this action may not say.
pub(crate) fn call(action: Action, script: &Script) -> Vec<String> {
    let kind = action.info().kind;
    let mut faults = Vec::new();
    if script.call.limit.is_some() && kind != ActionKind::List {
        faults.push("[call] only lists have a `limit`".to_owned());
    }
    if script.call.plan && kind != ActionKind::Write {
        faults.push("[call] only writes have a `plan`".to_owned());
    }
    if kind == ActionKind::Write && script.expect.error.is_none() && script.expect.effect.is_none() {
        faults.push("[expect] the success of a write names its `effect`".to_owned());
    }
    if script.call.plan && script.expect.error.is_none() && script.expect.plan.is_none() {
        faults.push("[expect] plan mode names the `plan`".to_owned());
    }
    faults
}

/// In what the result is not the one expected.
pub(crate) fn result(action: Action, expect: &Expect, came: &Result<Came>) -> Vec<String> {
    match (came, &expect.error) {
        (Ok(came), None) => success(action, expect, came),
        (Err(error), Some(expected)) => failure(expected, error),
        (Err(error), None) => {
            let hint = error.next_step().map(|hint| format!(" ({hint})")).unwrap_or_default();
            vec![format!("it failed as `{}`: {error}{hint}", error.kind().as_str())]
        }
        (Ok(came), Some(expected)) => {
            let effect = came.effect.map(|effect| format!(" (effect `{effect}`)")).unwrap_or_default();
            vec![format!("it succeeded{effect}, and should have failed as `{}`", expected.kind)]
        }
    }
}

/// In what the waits are not the ones expected.
pub(crate) fn waited(expect: &Expect, waits: &[Duration]) -> Option<String> {
    let (wanted, waited) = (Duration::from_secs_f64(expect.waited?), waits.iter().sum::<Duration>());
    (wanted != waited).then(|| format!("it waited {waited:?}, and should have waited {wanted:?}"))
}

fn success(action: Action, expect: &Expect, came: &Came) -> Vec<String> {
    let mut faults = Vec::new();
    if let Some(output) = &expect.output {
        faults.extend(against("output", output, &came.output));
    }
    faults.extend(against_schema(action.resource(), &came.output));
    if let Some(effect) = &expect.effect
        && came.effect != Some(effect)
    {
        faults.push(format!("effect: expected `{effect}`, got `{}`", came.effect.unwrap_or("none")));
    }
    if let Some(steps) = &expect.steps {
        let got = serde_json::to_value(&came.steps).unwrap_or_default();
        let lines = diff::json(&Value::Array(steps.clone()), &got);
        faults.extend(lines.into_iter().map(|line| format!("steps {line}")));
    }
    if let Some(notes) = &expect.notes
        && (notes.len() != came.notes.len() || !came.notes.iter().zip(notes).all(|(got, piece)| got.contains(piece)))
    {
        faults.push(format!("notes: expected {notes:?}, got {:?}", came.notes));
    }
    if let Some(wanted) = &expect.plan {
        faults.extend(against("plan", wanted, &plan(&came.plan)));
    }
    if let Some(is_partial) = expect.is_partial
        && is_partial != came.is_partial
    {
        faults.push(format!("is_partial: expected {is_partial}, got {}", came.is_partial));
    }
    faults
}

/// In what something is not as expected. A text is the name of a file that is not there yet.
fn against(what: &str, expected: &Value, came: &Value) -> Vec<String> {
    match expected {
        Value::String(file) => vec![format!("there is no `{file}` with the {what} yet; `cargo xtask bless` makes it")],
        expected => diff::json(expected, came).into_iter().map(|line| format!("{what} {line}")).collect(),
    }
}

fn failure(expected: &ExpectedError, error: &Error) -> Vec<String> {
    let mut faults = Vec::new();
    let mut same = |what: &str, expected: Option<String>, got: Option<String>| {
        if let Some(expected) = expected
            && Some(&expected) != got.as_ref()
        {
            faults.push(format!("error {what}: expected `{expected}`, got `{}`", got.as_deref().unwrap_or("none")));
        }
    };
    same("kind", Some(expected.kind.clone()), Some(error.kind().as_str().to_owned()));
    same("vendor", expected.vendor.map(|v| v.to_string()), Some(error.vendor().is_some().to_string()));
    same("code", expected.code.clone(), error.vendor_code().map(str::to_owned));
    same("target", expected.target.clone(), error.target().map(str::to_owned));
    same("status", expected.status.map(|s| s.to_string()), error.vendor().map(|answer| answer.status.to_string()));
    let outcome = match error.outcome() {
        Outcome::NotDone => "not_done",
        Outcome::Partly => "partly",
        Outcome::Unknown => "unknown",
    };
    same("outcome", expected.outcome.clone(), Some(outcome.to_owned()));
    let missing = match error.details() {
        Details::Missing { query, body } => query.iter().chain(body).cloned().collect(),
        _ => Vec::new(),
    };
    same("missing", expected.missing.as_deref().map(listed), Some(listed(&missing)));
    if let Some(piece) = &expected.message
        && !error.to_string().contains(piece)
    {
        faults.push(format!("error message: expected a piece `{piece}`, got `{error}`"));
    }
    if !faults.is_empty() {
        faults.push(format!("the error was: {error}"));
    }
    faults
}

/// Names sorted and each once: a parameter that may stand in query or body is missing once.
fn listed(names: &[String]) -> String {
    let names: std::collections::BTreeSet<&str> = names.iter().map(String::as_str).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// A plan as JSON, without the fingerprints, which change with the stand-in's port.
pub(crate) fn plan(steps: &[PlanStep]) -> Value {
    let mut plan = serde_json::to_value(steps).unwrap_or_default();
    for step in plan.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        step.remove("fingerprint");
    }
    plan
}

/// Where an output is not what the unified schema allows.
fn against_schema(resource: Resource, output: &Value) -> Vec<String> {
    let validator = match SCHEMAS.get(&resource) {
        Some(Ok(validator)) => validator,
        Some(Err(error)) => return vec![error.clone()],
        None => return vec![format!("`{resource}` has no schema")],
    };
    let items = output.as_array().map_or(std::slice::from_ref(output), Vec::as_slice);
    let errors = items.iter().flat_map(|item| validator.iter_errors(item).map(|error| error.to_string()));
    errors.map(|error| format!("output is not valid under the unified schema: {error}")).collect()
}

static SCHEMAS: LazyLock<BTreeMap<Resource, std::result::Result<Validator, String>>> = LazyLock::new(|| {
    let validator = |resource: Resource| {
        let schema = serde_json::to_value(json_schema(resource)).map_err(|error| error.to_string())?;
        let options = jsonschema::options().should_validate_formats(true);
        options.build(&schema).map_err(|error| format!("the schema of `{resource}` is none: {error}"))
    };
    Resource::ALL.iter().map(|resource| (*resource, validator(*resource))).collect()
});

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_output_is_held_against_the_schema() {
        let faults = |output| against_schema(Resource::Users, &output);
        assert_eq!(faults(json!({"id": "u1", "last_login_at": "2026-01-01T00:00:00Z"})), Vec::<String>::new());
        for wrong in [json!({"name": "Ada"}), json!({"id": 1}), json!({"id": "u1", "last_login_at": "soon"})] {
            assert_eq!(faults(wrong.clone()).len(), 1, "{wrong}");
            assert_eq!(faults(json!([{"id": "u0"}, wrong])).len(), 1, "in a list");
        }
    }
}
