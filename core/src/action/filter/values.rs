//! The values of filters: words, spans of time, an order.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;
use userdir_schema::DateTime;

/// Values of which one must match: `eq` is one, `in` several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match {
    any_of: Vec<String>,
}

impl Match {
    /// Any of these.
    pub fn any_of(values: impl IntoIterator<Item = impl Into<String>>) -> Match {
        Match { any_of: values.into_iter().map(Into::into).collect() }
    }

    /// The values; never empty when it came from JSON.
    pub fn values(&self) -> &[String] {
        &self.any_of
    }

    /// The value, where there is exactly one.
    pub fn single(&self) -> Option<&str> {
        match self.any_of.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// The values in lower case, for vendors whose own words are.
    pub fn lower_case(&self) -> Vec<String> {
        self.any_of.iter().map(|value| value.to_lowercase()).collect()
    }

    /// Whether `word` is one of the values, upper and lower case being the same.
    pub fn takes(&self, word: &str) -> bool {
        self.any_of.iter().any(|value| value.eq_ignore_ascii_case(word))
    }
}

impl<T: Into<String>> From<T> for Match {
    fn from(value: T) -> Match {
        Match { any_of: vec![value.into()] }
    }
}

impl Serialize for Match {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.any_of.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Match {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Match, D::Error> {
        let mut any_of = Vec::new();
        collect(Value::deserialize(deserializer)?, &mut any_of).map_err(de::Error::custom)?;
        if any_of.is_empty() {
            return Err(de::Error::custom("a filter needs a value"));
        }
        Ok(Match { any_of })
    }
}

/// Takes the spellings clients have: a word, a list, `{"eq": …}`, `{"in": "a,b"}`, and objects with an `id` or `email`.
fn collect(value: Value, into: &mut Vec<String>) -> Result<(), String> {
    match value {
        Value::String(text) if text.is_empty() => return Err("a filter needs a value".into()),
        Value::String(text) => into.push(text),
        Value::Bool(flag) => into.push(flag.to_string()),
        Value::Number(number) => into.push(number.to_string()),
        Value::Array(items) => {
            for item in items {
                collect(item, into)?;
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value) {
                    ("in", Value::String(list)) => into.extend(list.split(',').map(|word| word.trim().to_owned())),
                    ("eq" | "in" | "id" | "email", value) => collect(value, into)?,
                    ("is_primary" | "type" | "name", _) => {}
                    (other, _) => return Err(format!("unknown operator `{other}`; known are `eq` and `in`")),
                }
            }
        }
        Value::Null => return Err("a filter needs a value".into()),
    }
    Ok(())
}

/// A span of time; each end is optional. A bare time means exactly then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DateRange {
    /// Exactly then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eq: Option<DateTime>,
    /// After.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gt: Option<DateTime>,
    /// At or after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gte: Option<DateTime>,
    /// Before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lt: Option<DateTime>,
    /// At or before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lte: Option<DateTime>,
}

impl DateRange {
    /// After this time.
    pub fn after(time: DateTime) -> DateRange {
        DateRange { gt: Some(time), ..DateRange::default() }
    }

    /// The ends that are given, with the operator words of SCIM and its kin: `eq`, `gt`, `ge`, `lt`, `le`.
    pub fn ends(&self) -> impl Iterator<Item = (&'static str, DateTime)> {
        [("eq", self.eq), ("gt", self.gt), ("ge", self.gte), ("lt", self.lt), ("le", self.lte)]
            .into_iter()
            .filter_map(|(op, time)| time.map(|time| (op, time)))
    }

    /// Whether `time` lies in it; an unknown time does not.
    pub fn takes(&self, time: Option<DateTime>) -> bool {
        let Some(time) = time else { return self.ends().next().is_none() };
        self.ends().all(|(op, end)| match op {
            "eq" => time == end,
            "gt" => time > end,
            "ge" => time >= end,
            "lt" => time < end,
            _ => time <= end,
        })
    }
}

impl<'de> Deserialize<'de> for DateRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DateRange, D::Error> {
        fn time<E: de::Error>(value: &Value) -> Result<DateTime, E> {
            value.as_str().and_then(DateTime::parse).ok_or_else(|| {
                E::custom(format!("{value} is no time; write it as RFC 3339, such as 2026-01-31T09:00:00Z"))
            })
        }
        let mut range = DateRange::default();
        match Value::deserialize(deserializer)? {
            Value::Object(members) => {
                for (op, value) in &members {
                    let end = Some(time(value)?);
                    match op.as_str() {
                        "eq" => range.eq = end,
                        "gt" => range.gt = end,
                        "gte" => range.gte = end,
                        "lt" => range.lt = end,
                        "lte" => range.lte = end,
                        other => {
                            return Err(de::Error::custom(format!(
                                "unknown operator `{other}`; known are `eq`, `gt`, `gte`, `lt`, `lte`"
                            )));
                        }
                    }
                }
            }
            value => range.eq = Some(time(&value)?),
        }
        Ok(range)
    }
}

/// A field to sort by and the direction: `{"name": "asc"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortBy {
    /// Field of the unified schema.
    pub field: String,
    /// Largest first.
    pub descending: bool,
}

impl Serialize for SortBy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(&self.field, if self.descending { "desc" } else { "asc" })])
    }
}

impl<'de> Deserialize<'de> for SortBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SortBy, D::Error> {
        let wrong = || de::Error::custom("`sort_by` takes one field and `asc` or `desc`, such as {\"name\": \"asc\"}");
        let (field, direction) = match Value::deserialize(deserializer)? {
            Value::String(field) => (field, "asc".to_owned()),
            Value::Object(members) if members.len() == 1 => {
                let (field, direction) = members.into_iter().next().ok_or_else(wrong)?;
                (field, direction.as_str().unwrap_or_default().to_owned())
            }
            _ => return Err(wrong()),
        };
        match direction.as_str() {
            "asc" => Ok(SortBy { field, descending: false }),
            "desc" => Ok(SortBy { field, descending: true }),
            _ => Err(wrong()),
        }
    }
}

/// The schema of a filter's value, as a query string can spell it.
macro_rules! value_schema {
    ($($name:ident = $schema:tt)*) => { $(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }

            fn inline_schema() -> bool {
                true
            }
        }
    )* };
}

value_schema! {
    Match = { "type": "string", "minLength": 1 }
    DateRange = {
        "type": "object",
        "properties": {
            "eq": { "type": "string", "format": "date-time" },
            "gt": { "type": "string", "format": "date-time" },
            "gte": { "type": "string", "format": "date-time" },
            "lt": { "type": "string", "format": "date-time" },
            "lte": { "type": "string", "format": "date-time" }
        },
        "additionalProperties": false
    }
    SortBy = {
        "type": "object",
        "additionalProperties": { "type": "string", "enum": ["asc", "desc"] },
        "minProperties": 1,
        "maxProperties": 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::UserFilter;

    fn parse(json: &str) -> Result<UserFilter, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn every_spelling_of_a_value_is_read() {
        for json in [
            r#"{"status": "active"}"#,
            r#"{"status": {"eq": "active"}}"#,
            r#"{"status": ["active"]}"#,
            r#"{"status": {"in": "active"}}"#,
        ] {
            assert_eq!(parse(json).unwrap(), UserFilter::default().status("active"), "{json}");
        }
        let emails = parse(r#"{"emails": [{"email": "a@example.com"}, "b@example.com"]}"#).unwrap();
        assert_eq!(emails.emails.unwrap().values(), ["a@example.com", "b@example.com"]);
    }

    #[test]
    fn wrong_values_are_named() {
        assert!(parse(r#"{"status": {"like": "a"}}"#).unwrap_err().contains("`like`"));
        assert!(parse(r#"{"created_at": "yesterday"}"#).unwrap_err().contains("RFC 3339"));
        assert!(parse(r#"{"status": ""}"#).unwrap_err().contains("needs a value"));
    }

    #[test]
    fn spans_have_two_ends() {
        let filter = parse(r#"{"created_at": {"gte": "2026-01-01T00:00:00Z", "lt": "2026-02-01T00:00:00Z"}}"#).unwrap();
        let range = filter.created_at.unwrap();
        assert!(range.takes(DateTime::parse("2026-01-01T00:00:00Z")));
        assert!(!range.takes(DateTime::parse("2026-02-01T00:00:00Z")));
        assert!(!range.takes(None));
    }
}
