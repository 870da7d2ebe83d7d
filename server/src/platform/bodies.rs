//! Bodies of the platform routes, read into types: what is wrong is named, and no value is repeated.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::problem::Problem;

/// Reads a body's members into a type.
///
/// # Errors
/// 400 that names the member. Values are not repeated: they may be secrets.
pub fn parse<T: DeserializeOwned>(members: Map<String, Value>) -> Result<T, Problem> {
    serde_path_to_error::deserialize(Value::Object(members)).map_err(|error| {
        let path = error.path().to_string();
        let text = error.inner().to_string();
        match text.strip_prefix("unknown field ") {
            // names alone
            Some(names) => Problem::bad_request(format!("there is no member {names}")),
            None if text.starts_with("missing field") => {
                Problem::bad_request(text.replace("missing field ", "missing: "))
            }
            None => Problem::bad_request(format!("`{path}` has a wrong type or form")),
        }
    })
}

/// 400 for members that are not there.
pub fn missing(names: &[&str]) -> Problem {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    Problem::bad_request(format!("{} {verb} required", quoted.join(", "))).insight(
        "missing_required_body_fields",
        "required body fields that the request left out",
        json!(names),
    )
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Body {
        name: Option<String>,
        context: Option<Map<String, Value>>,
    }

    #[test]
    fn what_is_wrong_is_named_and_values_are_not_repeated() {
        let fault = |body: Value| {
            let Value::Object(members) = body else { panic!() };
            parse::<Body>(members).unwrap_err().message().to_owned()
        };
        assert_eq!(fault(json!({"context": "canary"})), "`context` has a wrong type or form");
        assert_eq!(fault(json!({"nam": "x"})), "there is no member `nam`, expected `name` or `context`");
    }
}
