//! Says where two JSON values differ, path by path.

use serde_json::Value;

/// Differences that are told; the rest is counted.
const MOST: usize = 20;

/// Letters of a value that are shown.
const LONGEST: usize = 160;

/// Where `actual` is not what was `expected`, one line a difference; none where they are equal.
pub fn json(expected: &Value, actual: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    walk("$", expected, actual, &mut lines);
    if lines.len() > MOST {
        let more = lines.len() - MOST;
        lines.truncate(MOST);
        lines.push(format!("… and {more} more"));
    }
    lines
}

fn walk(path: &str, expected: &Value, actual: &Value, lines: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            for (name, wanted) in expected {
                match actual.get(name) {
                    Some(got) => walk(&format!("{path}.{name}"), wanted, got, lines),
                    None => lines.push(format!("{path}.{name}: missing, expected {}", shown(wanted))),
                }
            }
            for (name, got) in actual.iter().filter(|(name, _)| !expected.contains_key(*name)) {
                lines.push(format!("{path}.{name}: not expected, got {}", shown(got)));
            }
        }
        (Value::Array(expected), Value::Array(actual)) => {
            for (index, (wanted, got)) in expected.iter().zip(actual).enumerate() {
                walk(&format!("{path}[{index}]"), wanted, got, lines);
            }
            for (index, wanted) in expected.iter().enumerate().skip(actual.len()) {
                lines.push(format!("{path}[{index}]: missing, expected {}", shown(wanted)));
            }
            for (index, got) in actual.iter().enumerate().skip(expected.len()) {
                lines.push(format!("{path}[{index}]: not expected, got {}", shown(got)));
            }
        }
        _ if expected == actual => {}
        _ => lines.push(format!("{path}: expected {}, got {}", shown(expected), shown(actual))),
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn differences_are_named_by_path() {
        let expected = json!({"a": [1, {"b": "x"}], "c": null, "same": 1});
        let actual = json!({"a": [1, {"b": "y"}, 3], "d": 4, "same": 1});
        assert_eq!(
            super::json(&expected, &actual),
            [
                r#"$.a[1].b: expected "x", got "y""#,
                "$.a[2]: not expected, got 3",
                "$.c: missing, expected null",
                "$.d: not expected, got 4"
            ]
        );
        assert!(super::json(&expected, &expected).is_empty());
        let many: Vec<u8> = (0..30).collect();
        assert_eq!(super::json(&json!(many), &json!([])).len(), MOST + 1);
        assert!(shown(&json!("ü".repeat(500))).ends_with('…'));
    }
}
