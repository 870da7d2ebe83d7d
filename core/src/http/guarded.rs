//! What an action decides by itself cannot be passed through past its checks.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::prepared::Body;
use crate::call::Call;
use crate::definition::quoted;
use crate::error::{Error, Result};

/// Refuses what is passed through in place of something that the action has checked. `own` is the body that the action
/// itself would send.
///
/// # Errors
/// `InvalidRequest`, naming it.
pub(super) fn check(guarded: &[&str], own: &Body, call: &Call) -> Result<()> {
    let query = call.remote_query.iter().map(|(name, _)| ("remote_query", name));
    let mut passed = query.chain(call.remote_data.keys().map(|name| ("remote_data", name)));
    if let Some((place, name)) = passed.find(|(_, name)| is_guarded(guarded, name)) {
        return Err(Error::invalid(format!("`{place}` names `{name}`, which this action decides"))
            .hint("give it as a member of the action"));
    }
    match &call.body {
        Some(body) if !guarded.is_empty() && !says_the_same(guarded, own, &body.bytes) => {
            Err(Error::invalid("the body passed through says something else than the action, of what it has checked")
                .hint(format!("a JSON object that has these as the action would send them: {}", quoted(guarded))))
        }
        _ => Ok(()),
    }
}

/// In any spelling: some vendors do not tell cases apart.
fn is_guarded(guarded: &[&str], name: &str) -> bool {
    guarded.iter().any(|guarded| {
        let parts = name.split_at_checked(guarded.len());
        parts.is_some_and(|(begin, rest)| {
            begin.eq_ignore_ascii_case(guarded) && (rest.is_empty() || rest.starts_with(['.', '[']))
        })
    })
}

/// Whether two bodies agree in what is guarded. One that is no JSON object agrees with none.
fn says_the_same(guarded: &[&str], own: &Body, passed: &[u8]) -> bool {
    let checked = |body: Map<String, Value>| -> BTreeMap<String, Value> {
        let members = body.into_iter().filter(|(name, _)| is_guarded(guarded, name));
        members.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()
    };
    let own = match own {
        Body::None => Some(Map::new()),
        Body::Json(bytes) => serde_json::from_slice(bytes).ok(),
        Body::Form(_) | Body::Bytes { .. } => None,
    };
    let bodies = own.zip(serde_json::from_slice(passed).ok());
    bodies.is_some_and(|(own, passed)| checked(own) == checked(passed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_must_say_of_what_is_checked_what_the_action_says() {
        let own = Body::Json(br#"{"roleNames": ["Help Desk"], "name": "n"}"#.to_vec());
        for (passed, is_same) in [
            (r#"{"roleNames": ["Help Desk"]}"#, true),
            (r#"{"roleNames": ["Help Desk"], "name": "other", "more": 1}"#, true),
            (r#"{"roleNames": ["Read Only"]}"#, false),
            (r#"{"roleNames": ["Help Desk"], "rolenames": []}"#, false),
            (r#"{"name": "n"}"#, false),
            ("[]", false),
            ("", false),
        ] {
            assert_eq!(says_the_same(&["roleNames"], &own, passed.as_bytes()), is_same, "{passed}");
        }
        let form = Body::Form(vec![("user".into(), "u1".into())]);
        assert!(!says_the_same(&["user"], &form, br#"{"user": "u1"}"#));
    }
}
