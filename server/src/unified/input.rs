//! What an action is given: members from the path, the query and the body alike, in one form.
//!
//! A query has texts alone, and clients spell lists in many ways; the same member in two places is the same where it says
//! the same, and an error where it does not.

use serde_json::{Map, Value, json};
use userdir::action::MemberKind;

use crate::problem::Problem;

/// Members of a get or a write, and the vendor's own fields.
#[derive(Debug, Default, PartialEq)]
pub struct Input {
    /// The action's members.
    pub members: Map<String, Value>,
    /// `remote_data`: merged into the vendor request.
    pub remote_data: Map<String, Value>,
}

impl Input {
    /// From the id of the path, the rest of the query, and the body.
    ///
    /// # Errors
    /// 400 where two places differ, or `remote_data` is no object. A null differs from nothing, and stays where nothing else
    /// is given: what it means hangs on the action.
    pub fn merge(
        id: Option<String>,
        query: Map<String, Value>,
        mut body: Map<String, Value>,
    ) -> Result<Input, Problem> {
        let remote_data = match body.remove("remote_data") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(data)) => data,
            Some(_) => return Err(Problem::bad_request("`remote_data` must be a JSON object")),
        };
        let mut members = Map::new();
        let id = id.map(|id| ("id".to_owned(), Value::String(id)));
        for (place, given) in [("path", Map::from_iter(id)), ("query", query), ("body", body)] {
            for (name, value) in given {
                let value = in_one_form(&name, value);
                match members.get(&name) {
                    Some(_) if value.is_null() => {}
                    Some(there) if *there != value => {
                        let message = format!("`{name}` in the {place} differs from the one given before it");
                        return Err(
                            Problem::bad_request(message).hint("give it once, or the same in path, query and body")
                        );
                    }
                    _ => drop(members.insert(name, value)),
                }
            }
        }
        Ok(Input { members, remote_data })
    }
}

/// The filters of a list, in the form that the library reads.
pub fn filters(query: Map<String, Value>) -> Map<String, Value> {
    let one = |name: &str, value: Value| match (MemberKind::of(name), value) {
        (MemberKind::Flag, value) => flag(value),
        // an id is one text; other filters know lists and operators themselves
        (_, value) if name.ends_with("_id") => single(value),
        (_, value) => value,
    };
    query
        .into_iter()
        .map(|(name, value)| {
            let value = one(&name, value);
            (name, value)
        })
        .collect()
}

/// `x`, `[x]`, `{"eq": x}` and `{"in": x}` are `x`. Several stay several, which the library refuses.
fn single(value: Value) -> Value {
    match value {
        Value::Array(mut items) if items.len() == 1 => items.pop().unwrap_or_default(),
        Value::Object(mut members) if members.len() == 1 => match (members.remove("eq"), members.remove("in")) {
            (Some(value), _) => single(value),
            (_, Some(value)) => match listed(value, Value::String) {
                Value::Array(items) if items.len() == 1 => single(Value::Array(items)),
                several => several,
            },
            _ => Value::Object(members),
        },
        value => value,
    }
}

fn flag(value: Value) -> Value {
    match value.as_str() {
        Some("true" | "True" | "1") => Value::Bool(true),
        Some("false" | "False" | "0") => Value::Bool(false),
        _ => value,
    }
}

/// A member in the one form that stands for all its spellings. What fits none is left for the library to name.
fn in_one_form(name: &str, value: Value) -> Value {
    match MemberKind::of(name) {
        // a vendor's ids may be numbers in the client's hands
        MemberKind::Text | MemberKind::Secret => match value {
            Value::Number(number) => Value::String(number.to_string()),
            value => value,
        },
        MemberKind::Flag => flag(value),
        MemberKind::Number => match value.as_str().and_then(|text| text.trim().parse::<i64>().ok()) {
            Some(number) => json!(number),
            None => value,
        },
        MemberKind::Words => listed(value, Value::String),
        MemberKind::Objects { main } => match listed(value, |text| json!({main: text})) {
            Value::Array(items) => items.into_iter().map(typed).collect(),
            value => value,
        },
    }
}

/// A list: of a text with commas, of one object, of texts and objects mixed.
fn listed(value: Value, make: impl Fn(String) -> Value) -> Value {
    let split = |text: &str| -> Vec<Value> {
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(|word| make(word.to_owned())).collect()
    };
    match value {
        Value::String(text) => Value::Array(split(&text)),
        Value::Number(number) => Value::Array(vec![make(number.to_string())]),
        object @ Value::Object(_) => Value::Array(vec![object]),
        Value::Array(items) => items
            .into_iter()
            .map(|item| match item {
                Value::String(text) => make(text),
                Value::Number(number) => make(number.to_string()),
                item => item,
            })
            .collect(),
        value => value,
    }
}

/// The members of an inner object that are no texts.
fn typed(mut item: Value) -> Value {
    if let Some(value) = item.get_mut("is_primary") {
        *value = flag(value.take());
    }
    if let Some(id) = item.get_mut("id").filter(|id| id.is_number()) {
        *id = Value::String(id.to_string());
    }
    item
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;
    use crate::query::Query;

    fn query(text: &str) -> Map<String, Value> {
        Query::parse(text, &Limits::default()).unwrap().rest()
    }

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn every_spelling_of_roles_is_the_same() {
        let body = || object(json!({"id": "u1", "roles": [{"id": "r1"}, {"id": "r2"}]}));
        for text in [
            "roles[][id]=r1&roles[][id]=r2",
            "roles%5B0%5D%5Bid%5D=r1&roles%5B1%5D%5Bid%5D=r2",
            "roles[]=r1&roles[]=r2",
            "roles=r1,r2",
            "roles=r1&roles=r2",
        ] {
            let input = Input::merge(None, query(&format!("id=u1&{text}")), body()).unwrap();
            assert_eq!(Value::Object(input.members), Value::Object(body()), "{text}");
        }
    }

    #[test]
    fn two_places_that_differ_are_refused() {
        let differ = [
            (None, "user_id=u1", json!({"user_id": "u2"})),
            (Some("u1"), "id=u2", json!({})),
            (Some("u1"), "", json!({"id": "u2"})),
            (None, "roles=r1", json!({"roles": [{"id": "r1"}, {"id": "r2"}]})),
        ];
        for (id, text, body) in differ {
            let problem = Input::merge(id.map(str::to_owned), query(text), object(body)).unwrap_err();
            assert_eq!(problem.status(), 400);
        }
        let input =
            Input::merge(Some("u1".into()), query("id=u1"), object(json!({"id": "u1", "title": null}))).unwrap();
        assert_eq!(Value::Object(input.members), json!({"id": "u1", "title": null}));
        let body = object(json!({"user_id": null, "title": null, "roles": null}));
        let input = Input::merge(None, query("user_id=u1&title=x"), body).unwrap();
        assert_eq!(Value::Object(input.members), json!({"user_id": "u1", "title": "x", "roles": null}));
    }

    #[test]
    fn texts_of_a_query_become_what_they_stand_for() {
        let text = "include_last_login=true&group=7&languages=de,en&emails[0][email]=a@b.c&emails[0][is_primary]=true";
        let input = Input::merge(None, query(text), Map::new()).unwrap();
        let expected = json!({
            "include_last_login": true, "group": 7, "languages": ["de", "en"],
            "emails": [{"email": "a@b.c", "is_primary": true}],
        });
        assert_eq!(Value::Object(input.members), expected);
        let input = Input::merge(None, Map::new(), object(json!({"user_id": 42, "remote_data": {"x": 1}}))).unwrap();
        assert_eq!(Value::Object(input.members), json!({"user_id": "42"}));
        assert_eq!(Value::Object(input.remote_data), json!({"x": 1}));
    }

    #[test]
    fn filters_keep_their_operators_and_ids_are_single() {
        let given =
            query("status[in]=a,b&user_id[eq]=u1&group_id[]=g1&is_group=true&created_at[gt]=2026-01-01T00:00:00Z");
        let expected = json!({
            "status": {"in": "a,b"}, "user_id": "u1", "group_id": "g1", "is_group": true,
            "created_at": {"gt": "2026-01-01T00:00:00Z"},
        });
        assert_eq!(Value::Object(filters(given)), expected);
        // two ids must not become one that nobody has
        let given = query("user_id[in]=u1,u2&group_id[in][]=g1&group_id[in][]=g2&role_id[in]=r1&x_id[ne]=x");
        let expected = json!({
            "user_id": ["u1", "u2"], "group_id": ["g1", "g2"], "role_id": "r1", "x_id": {"ne": "x"},
        });
        assert_eq!(Value::Object(filters(given)), expected);
    }
}
