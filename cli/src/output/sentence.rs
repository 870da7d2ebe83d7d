//! What a write did, as one sentence.

use std::fmt::Write;

use serde_json::Value;
use serde_json::value::RawValue;
use userdir::observer::PlanStep;
use userdir::{Action, Effect, Reply};

use super::clean;

/// `okta-prod: user 00u1 deactivated (applied)`, and what else there is to know.
pub fn sentence(account: &str, action: Action, input: &Value, reply: &Reply<Box<RawValue>>) -> String {
    let id = subject(input, reply);
    let words = Words::of(action, input);
    let who = format!("{account}: {} {id}", words.noun);
    let mut text = match reply.effect {
        Effect::Already => format!("{who} {}; nothing was sent", words.already),
        Effect::Pending => format!("{who} {}: the vendor accepted it and does not show it yet (pending)", words.done),
        effect => format!("{who} {} ({})", words.done, effect.as_str()),
    };
    // writing to a String does not fail
    for step in &reply.steps {
        let word = step.effect.map_or("failed", Effect::as_str);
        let _ = write!(text, "\n  {} {word}", clean(&step.target));
    }
    for note in &reply.notes {
        let _ = write!(text, "\nnote: {}", clean(note));
    }
    text
}

/// The requests of a plan, numbered.
pub fn plan_text(
    account: &str,
    action: Action,
    input: &Value,
    reply: &Reply<Box<RawValue>>,
    steps: &[PlanStep],
) -> String {
    if reply.effect == Effect::Already {
        let words = Words::of(action, input);
        return format!("{account}: {} {} {}; nothing would be sent", words.noun, subject(input, reply), words.already);
    }
    let mut text = format!("{account}: {action} would send, and has not sent:");
    for step in steps {
        let _ = write!(text, "\n  {}. {} {}", step.step, step.method, clean(&step.url));
        if let Some(after) = step.after {
            let _ = write!(text, " (with the answer of {after})");
        }
        if let Some(body) = &step.body {
            let _ = write!(text, "\n     {}", clean(body.get()));
        }
        if let Some(condition) = &step.precondition {
            let _ = write!(text, "\n     only if {}", clean(condition));
        }
    }
    for note in &reply.notes {
        let _ = write!(text, "\nnote: {}", clean(note));
    }
    text
}

/// Whom the write was about: the id that was given, or that of what was created.
fn subject(input: &Value, reply: &Reply<Box<RawValue>>) -> String {
    let given = ["user_id", "id"].iter().find_map(|name| input.get(*name)?.as_str().map(str::to_owned));
    let made = || {
        let value: Value = serde_json::from_str(reply.value.get()).unwrap_or_default();
        value.get("id").and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    clean(&given.unwrap_or_else(made))
}

/// The words of an action.
struct Words {
    noun: String,
    done: String,
    already: String,
}

impl Words {
    fn of(action: Action, input: &Value) -> Words {
        let info = action.info();
        let noun = match info.resource {
            "role_assignments" => "role assignment",
            _ if info.method.ends_with("-user") => "user",
            other => other.trim_end_matches('s'),
        };
        let group = || clean(input.get("group_id").and_then(Value::as_str).unwrap_or_default());
        let (done, already) = match info.method {
            "create" => ("created".into(), "was there already".into()),
            "update" => ("updated".into(), "is as given already".into()),
            "delete" => ("deleted".into(), "was already deleted".into()),
            "assign-role" => ("has the roles now".into(), "had the roles already".into()),
            "unassign-role" => ("does not have the roles any more".into(), "did not have the roles".into()),
            "add-user" => (format!("added to group {}", group()), format!("was already in group {}", group())),
            "remove-user" => (format!("removed from group {}", group()), format!("was not in group {}", group())),
            "deactivate" => ("deactivated".into(), "was already deactivated".into()),
            "activate" => ("activated".into(), "was already active".into()),
            "suspend" => ("suspended".into(), "was already suspended".into()),
            "unsuspend" => ("unsuspended".into(), "was not suspended".into()),
            "downgrade" => ("downgraded".into(), "was already downgraded".into()),
            other => (format!("{other} done"), "is so already".into()),
        };
        Words { noun: noun.to_owned(), done, already }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn raw(id: &str) -> Box<RawValue> {
        RawValue::from_string(json!({"id": id}).to_string()).unwrap()
    }

    #[test]
    fn a_write_is_told_in_one_sentence() {
        let input = json!({"user_id": "00u1"});
        let told = |reply| sentence("okta-prod", Action::DeactivateUser, &input, &reply);
        assert_eq!(told(Reply::applied(raw("00u1"))), "okta-prod: user 00u1 deactivated (applied)");
        assert_eq!(told(Reply::already(raw("00u1"))), "okta-prod: user 00u1 was already deactivated; nothing was sent");
        assert_eq!(
            told(Reply::applied(raw("00u1")).note("sessions stay")),
            "okta-prod: user 00u1 deactivated (applied)\nnote: sessions stay"
        );
        let input = json!({"group_id": "g1", "user_id": "u1"});
        assert_eq!(
            sentence("a", Action::RemoveUserFromGroup, &input, &Reply::applied(raw("g1"))),
            "a: user u1 removed from group g1 (applied)"
        );
        assert_eq!(
            sentence("a", Action::CreateUser, &json!({"name": "x"}), &Reply::applied(raw("u9"))),
            "a: user u9 created (applied)"
        );
    }
}
