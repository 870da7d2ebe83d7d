//! From flags to the JSON that the library takes.

use std::io::Read;

use clap::ArgMatches;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use userdir::action::Action;

use crate::errors::{Failure, Result, usage};
use crate::members::{self, Kind};
use crate::secret;

/// The input of a get or a write: `--input`, and the flags over it.
///
/// # Errors
/// Wrong usage.
pub fn object(action: Action, matches: &ArgMatches) -> Result<Value> {
    let source = |name| matches.get_one::<String>(name).map(String::as_str);
    let password = matches.try_get_one::<String>("password").ok().flatten().map(String::as_str);
    secret::one_stdin(source("input").into_iter().chain(password))?;
    let mut object = source("input").map(read_object).transpose()?.unwrap_or_default();
    for member in action.info().members.iter().map(|name| name.trim_start_matches("r#")) {
        if let Some(value) = value(member, matches)? {
            object.insert(member.to_owned(), value);
        }
    }
    Ok(Value::Object(object))
}

/// The value of one member's flag.
fn value(member: &str, matches: &ArgMatches) -> Result<Option<Value>> {
    let texts = || matches.get_many::<String>(member).into_iter().flatten();
    let text = || matches.get_one::<String>(member);
    Ok(match members::kind(member) {
        Kind::Text => text().map(|text| json!(text)),
        Kind::Number => matches.get_one::<i64>(member).map(|number| json!(number)),
        Kind::Flag => matches.get_flag(member).then_some(Value::Bool(true)),
        Kind::Secret => match text() {
            Some(source) => Some(json!(secret::read(&format!("--{member}"), source)?.expose_secret())),
            None => None,
        },
        Kind::Words => Some(texts().map(|text| json!(text)).collect()).filter(is_given),
        Kind::Objects { main } => Some(texts().map(|text| json!({main: text})).collect()).filter(is_given),
    })
}

fn is_given(list: &Value) -> bool {
    list.as_array().is_some_and(|items| !items.is_empty())
}

/// A JSON object from a file or stdin.
fn read_object(source: &str) -> Result<Map<String, Value>> {
    let name = if source == "-" { "stdin" } else { source };
    let text = if source == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(source)
    };
    let text = text.map_err(|error| usage(format!("--input: cannot read {name}: {error}")))?;
    parse_object(&format!("--input {name}"), &text)
}

fn parse_object(what: &str, text: &str) -> Result<Map<String, Value>> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(usage(format!("{what} holds no JSON object; write it as {{\"name\": \"value\"}}"))),
        // the words of serde_json name the place and not the text
        Err(error) => Err(usage(format!("{what} holds malformed JSON: {error}"))),
    }
}

/// `--remote-data`.
///
/// # Errors
/// Wrong usage.
pub fn remote_data(matches: &ArgMatches) -> Result<Map<String, Value>> {
    let text = matches.try_get_one::<String>("remote-data").ok().flatten();
    text.map_or(Ok(Map::new()), |text| parse_object("--remote-data", text))
}

/// `--remote-query`.
///
/// # Errors
/// Wrong usage.
pub fn remote_query(matches: &ArgMatches) -> Result<Vec<(String, String)>> {
    matches
        .get_many::<String>("remote-query")
        .into_iter()
        .flatten()
        .map(|pair| key_value("--remote-query", pair))
        .collect()
}

/// `KEY=VALUE`. Where it is none, the message leaves the text out: it may be a secret that slipped.
///
/// # Errors
/// Wrong usage.
pub fn key_value(flag: &str, pair: &str) -> Result<(String, String)> {
    match pair.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err(usage(format!("{flag} takes KEY=VALUE"))),
    }
}

/// The filters of a list: `status=active`, `status[in]=a,b`, `created_at[gt]=…`, `sort_by[name]=asc`. The same filter
/// given twice means either value.
///
/// # Errors
/// Wrong usage.
pub fn filters<'a>(pairs: impl IntoIterator<Item = &'a String>) -> Result<Value> {
    let mut filters = Map::new();
    for pair in pairs {
        let (key, value) = key_value("--filter", pair)?;
        let (name, inside) = brackets(&key)?;
        let value = filter_value(name, value)?;
        match inside {
            Some(operator) => {
                let there = filters.entry(name).or_insert_with(|| Value::Object(Map::new()));
                let Value::Object(there) = there else { return Err(mixed(name)) };
                there.insert(operator.to_owned(), value);
            }
            None => match filters.get_mut(name) {
                None => {
                    filters.insert(name.to_owned(), value);
                }
                Some(Value::Object(_)) => return Err(mixed(name)),
                Some(Value::Array(values)) => values.push(value),
                Some(one) => *one = json!([one.take(), value]),
            },
        }
    }
    Ok(Value::Object(filters))
}

/// A key and what stands in its brackets.
fn brackets(key: &str) -> Result<(&str, Option<&str>)> {
    let Some((name, rest)) = key.split_once('[') else { return Ok((key, None)) };
    match rest.strip_suffix(']') {
        Some(inside) if !name.is_empty() && !inside.is_empty() && !inside.contains(['[', ']']) => {
            Ok((name, Some(inside)))
        }
        _ => Err(usage(format!("--filter `{key}`: brackets hold one word, such as `created_at[gt]`"))),
    }
}

fn filter_value(name: &str, value: String) -> Result<Value> {
    match members::kind(name) {
        Kind::Flag => match value.as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(usage(format!("--filter `{name}` is `{value}`; it must be `true` or `false`"))),
        },
        _ => Ok(Value::String(value)),
    }
}

fn mixed(name: &str) -> Failure {
    usage(format!("--filter `{name}` is given with and without brackets; choose one"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args;
    use serde::Deserialize;
    use userdir::action::{AssignRoleInput, CreateUserInput, GroupFilter, RemoveUserFromGroupInput, UserFilter};

    fn parse(action: Action, line: &[&str]) -> Result<Value> {
        let info = action.info();
        let mut words = vec!["userdir".to_owned(), args::kebab(info.resource), info.method.to_owned()];
        words.extend(line.iter().map(|word| (*word).to_owned()));
        let matches = args::command().try_get_matches_from(words).unwrap();
        let (_, resource) = matches.subcommand().unwrap();
        let (_, method) = resource.subcommand().unwrap();
        object(action, method)
    }

    fn filter(pairs: &[&str]) -> Result<Value> {
        let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        filters(&pairs)
    }

    #[test]
    fn flags_become_members() {
        let flags =
            ["--first-name", "Maya", "--email", "a@b.c", "--email", "d@e.f", "--language", "de", "--role", "r1"];
        let json = parse(Action::CreateUser, &flags).unwrap();
        let expected = json!({
            "first_name": "Maya", "emails": [{"email": "a@b.c"}, {"email": "d@e.f"}],
            "languages": ["de"], "roles": [{"id": "r1"}],
        });
        assert_eq!(json, expected);
        let input: CreateUserInput = Deserialize::deserialize(json).unwrap();
        assert_eq!(input.emails.unwrap().len(), 2);
    }

    #[test]
    fn ids_stand_alone() {
        let json = parse(Action::RemoveUserFromGroup, &["g1", "u1"]).unwrap();
        let input: RemoveUserFromGroupInput = Deserialize::deserialize(json).unwrap();
        assert_eq!(input, RemoveUserFromGroupInput::new("g1", "u1"));
        let json = parse(Action::AssignRole, &["u1", "--role", "r1", "--role", "r2"]).unwrap();
        let input: AssignRoleInput = Deserialize::deserialize(json).unwrap();
        assert_eq!((input.id.as_str(), input.roles.len()), ("u1", 2));
    }

    #[test]
    fn flags_win_over_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), r#"{"id": "u1", "title": "Analyst", "status": "active"}"#).unwrap();
        let path = file.path().to_str().unwrap();
        let json = parse(Action::UpdateUser, &["--input", path, "--title", "Lead"]).unwrap();
        assert_eq!(json, json!({"id": "u1", "title": "Lead", "status": "active"}));
    }

    #[test]
    fn malformed_json_is_wrong_usage() {
        for text in ["{", "[]", "7", ""] {
            assert_eq!(parse_object("--input x", text).unwrap_err().exit_code(), 2, "{text}");
        }
    }

    #[test]
    fn brackets_nest() {
        let json = filter(&[
            "status[in]=a,b",
            "created_at[gte]=2026-01-01T00:00:00Z",
            "created_at[lt]=2026-02-01T00:00:00Z",
            "sort_by[name]=asc",
        ])
        .unwrap();
        let expected = json!({
            "status": {"in": "a,b"}, "sort_by": {"name": "asc"},
            "created_at": {"gte": "2026-01-01T00:00:00Z", "lt": "2026-02-01T00:00:00Z"},
        });
        assert_eq!(json, expected);
        let filter: UserFilter = Deserialize::deserialize(json).unwrap();
        assert_eq!(filter.status.unwrap().values(), ["a", "b"]);
    }

    #[test]
    fn a_filter_given_twice_takes_either() {
        assert_eq!(filter(&["status=a", "status=b", "status=c"]).unwrap(), json!({"status": ["a", "b", "c"]}));
        assert_eq!(filter(&["name=a=b"]).unwrap(), json!({"name": "a=b"}));
        let json = filter(&["is_group=true"]).unwrap();
        assert_eq!(serde_json::from_value::<GroupFilter>(json).unwrap().is_group, Some(true));
    }

    #[test]
    fn wrong_filters_are_wrong_usage() {
        for pair in ["status", "=a", "status[=a", "status[]=a", "[gt]=a", "a[b][c]=d", "is_group=perhaps"] {
            assert_eq!(filter(&[pair]).unwrap_err().exit_code(), 2, "{pair}");
        }
        assert!(filter(&["created_at=x", "created_at[gt]=y"]).is_err());
    }

    #[test]
    fn what_is_no_pair_is_not_repeated() {
        assert_eq!(key_value("--set", " a =b=c").unwrap(), ("a".to_owned(), "b=c".to_owned()));
        for slipped in ["canary-secret", "=canary-secret", " =canary-secret"] {
            let error = key_value("--secret", slipped).unwrap_err();
            assert!(!format!("{error:?}").contains("canary"));
        }
    }
}
