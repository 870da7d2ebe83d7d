//! Answers that are strange and well-formed: new fields and words, values that are missing, pages that repeat, links that
//! lead elsewhere.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Value, json};
use userdir::Action;
use userdir::action::ActionKind;
use userdir_stand_in::case::{BASE, Exchange, OneOrMany, Script};

use super::Spoil;

/// The member that no vendor has.
pub(super) const UNKNOWN: &str = "userdir_unknown";

/// A word that no vendor has.
pub(super) const NEW_WORD: &str = "brand_new_word";

/// Members whose values are words of a set.
const WORDS: &[&str] = &["status", "state"];

/// How the answers of a case are rewritten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rewrite {
    /// Every record has a member more.
    UnknownField,
    /// Every status is a word that is not known.
    UnknownWord,
    /// A member is null, in all objects that have it.
    Null(String),
    /// The second page is the first one once more.
    RepeatedPage(usize, usize),
    /// The next links lead to another host.
    ForeignLinks,
}

impl fmt::Display for Rewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rewrite::UnknownField => f.write_str("unknown field"),
            Rewrite::UnknownWord => f.write_str("unknown word as status"),
            Rewrite::Null(member) => write!(f, "`{member}` is null"),
            Rewrite::RepeatedPage(_, at) => write!(f, "page at exchange {} repeats", at + 1),
            Rewrite::ForeignLinks => f.write_str("foreign next links"),
        }
    }
}

/// The rewrites of a case.
///
/// What `nulled` holds was null in another case of the write: of lists and gets every case is about something else, of writes
/// most read the same.
pub(super) fn of(action: Action, script: &Script, nulled: &mut BTreeSet<(Action, String)>) -> Vec<Spoil> {
    let kind = action.info().kind;
    let mut rewrites = vec![Rewrite::UnknownField];
    let mut members = BTreeSet::new();
    answers(script).for_each(|answer| members_of(&answer, "", &mut members));
    if members.iter().any(|member| is_word(member)) {
        rewrites.push(Rewrite::UnknownWord);
    }
    let is_new = |member: &String| kind != ActionKind::Write || nulled.insert((action, member.clone()));
    rewrites.extend(members.into_iter().filter(|it| !is_of_paging(it)).filter(is_new).map(Rewrite::Null));
    if kind == ActionKind::List {
        let pages = pages(script);
        // a caller that asks page by page is told the cursor, and sees for itself
        if script.call.limit.is_none() {
            rewrites.extend(pages.iter().map(|(one, other)| Rewrite::RepeatedPage(*one, *other)));
        }
        if pages.iter().any(|(one, _)| script.exchanges.get(*one).is_some_and(|it| foreign(it.clone(), "").1)) {
            rewrites.push(Rewrite::ForeignLinks);
        }
    }
    rewrites.into_iter().filter(|rewrite| rewrite.changes(script)).map(Spoil::Rewritten).collect()
}

impl Rewrite {
    /// Whether a vendor says anything else then.
    fn changes(&self, script: &Script) -> bool {
        let said = |script: &Script| -> Vec<_> {
            let of = |it: &Exchange| (it.response.headers.clone(), json_of(it).ok_or_else(|| it.response.text.clone()));
            script.exchanges.iter().map(of).collect()
        };
        said(script) != said(&self.apply(script.clone(), "http://elsewhere.test"))
    }

    /// The case with its answers rewritten.
    pub fn apply(&self, mut script: Script, foreign_host: &str) -> Script {
        match self {
            Rewrite::UnknownField => edit(&mut script, |object| {
                // without any plain value it is no record, but a table by kinds or ids: another row is another thing
                if object.values().any(|value| !value.is_object() && !value.is_array()) {
                    object.insert(UNKNOWN.into(), json!({ "new": [1, null] }));
                }
            }),
            Rewrite::UnknownWord => edit(&mut script, reword),
            Rewrite::Null(member) => {
                for exchange in &mut script.exchanges {
                    with_json(exchange, |answer| set_null(answer, "", member));
                }
            }
            Rewrite::RepeatedPage(one, other) => {
                let first = script.exchanges.get(*one).map(|exchange| exchange.response.clone());
                if let (Some(first), Some(second)) = (first, script.exchanges.get_mut(*other)) {
                    second.response = first;
                }
            }
            Rewrite::ForeignLinks => {
                script.exchanges.iter_mut().for_each(|exchange| *exchange = foreign(exchange.clone(), foreign_host).0);
            }
        }
        script
    }
}

/// The answers that are JSON.
fn answers(script: &Script) -> impl Iterator<Item = Value> {
    script.exchanges.iter().filter(|it| !is_token(it)).filter_map(json_of)
}

fn json_of(exchange: &Exchange) -> Option<Value> {
    serde_json::from_str(exchange.response.text.as_ref()?).ok()
}

/// Whether it answers with a token.
pub(super) fn is_token(exchange: &Exchange) -> bool {
    exchange.response.text.as_deref().is_some_and(|text| text.contains("\"access_token\""))
}

/// Paths of the members that are no objects or arrays, indices left out.
fn members_of(value: &Value, path: &str, members: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(name, value)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            members_of(value, &path, members);
        }),
        Value::Array(items) => items.iter().for_each(|item| members_of(item, path, members)),
        Value::Null => {}
        _ => drop(members.insert(path.to_owned())),
    }
}

fn set_null(value: &mut Value, path: &str, member: &str) {
    match value {
        Value::Object(object) => object.iter_mut().for_each(|(name, value)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            if path == member && !value.is_object() && !value.is_array() {
                *value = Value::Null;
            } else {
                set_null(value, &path, member);
            }
        }),
        Value::Array(items) => items.iter_mut().for_each(|item| set_null(item, path, member)),
        _ => {}
    }
}

/// The values that a member has, as texts.
pub(super) fn values(script: &Script, member: &str) -> Vec<String> {
    answers(script).flat_map(|answer| values_in(&answer, member)).collect()
}

/// The values that a member has in the answer of an exchange.
pub(super) fn values_of(exchange: &Exchange, member: &str) -> Vec<String> {
    json_of(exchange).map(|answer| values_in(&answer, member)).unwrap_or_default()
}

/// The values that a member of this path has in one answer or item.
pub(super) fn values_in(value: &Value, member: &str) -> Vec<String> {
    fn walk(value: &Value, path: &str, member: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(object) => object.iter().for_each(|(name, value)| {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                if path == member {
                    found.push(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                } else {
                    walk(value, &path, member, found);
                }
            }),
            Value::Array(items) => items.iter().for_each(|item| walk(item, path, member, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(value, "", member, &mut found);
    found
}

pub(super) fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// Whether a member says where a list goes on: null there is how its end is told.
fn is_of_paging(member: &str) -> bool {
    let name = member.to_lowercase();
    ["next", "more", "cursor", "total", "page", "offset", "done"].iter().any(|word| name.contains(word))
}

/// Whether a member says by a word how it stands.
pub(super) fn is_word(member: &str) -> bool {
    WORDS.contains(&last(member))
}

/// Whether a record says by a word of its own how it stands.
pub(super) fn has_word(record: Option<&Value>) -> bool {
    record.is_some_and(|record| WORDS.iter().any(|word| record.get(word).is_some_and(Value::is_string)))
}

fn reword(object: &mut serde_json::Map<String, Value>) {
    for word in WORDS {
        if let Some(value @ Value::String(_)) = object.get_mut(*word) {
            *value = NEW_WORD.into();
        }
    }
}

/// With words that no vendor has, wherever there is a word.
pub(super) fn reworded(mut value: Value) -> Value {
    walk(&mut value, &reword);
    value
}

fn walk(value: &mut Value, change: &impl Fn(&mut serde_json::Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(|value| walk(value, change));
            change(object);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, change)),
        _ => {}
    }
}

/// Edits every object of every answer.
fn edit(script: &mut Script, change: impl Fn(&mut serde_json::Map<String, Value>)) {
    script.exchanges.iter_mut().for_each(|exchange| with_json(exchange, |answer| walk(answer, &change)));
}

fn with_json(exchange: &mut Exchange, change: impl FnOnce(&mut Value)) {
    let Some(mut answer) = json_of(exchange) else { return };
    change(&mut answer);
    exchange.response.text = Some(answer.to_string());
}

/// Neighbouring pages: two answered requests to one place, of which the second asks for something else and leaves out
/// nothing that the first one says.
pub(super) fn pages(script: &Script) -> Vec<(usize, usize)> {
    let is_next = |first: &Exchange, second: &Exchange| {
        let (one, it) = (&first.request, &second.request);
        let is_answered = first.response.status < 400 && second.response.status < 400;
        let says_all = one.query.keys().all(|name| it.query.contains_key(name));
        let differs = (&one.query, &one.body) != (&it.query, &it.body);
        // another word is another list, such as that of the inactive ones, or more of the same
        let goes_on =
            it.query.iter().all(|(name, value)| one.query.get(name) == Some(value) || is_position(name, value));
        is_answered && says_all && differs && goes_on && (&one.method, &one.path) == (&it.method, &it.path)
    };
    let next = |at: usize, one: &Exchange| {
        let rest = script.exchanges.iter().enumerate().skip(at + 1);
        rest.clone().find(|(_, other)| is_next(one, other)).map(|(other, _)| (at, other))
    };
    script.exchanges.iter().enumerate().filter_map(|(at, one)| next(at, one)).collect()
}

/// Whether a parameter says where a page begins.
fn is_position(name: &str, value: &OneOrMany) -> bool {
    let name = name.to_lowercase();
    let is_number = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    value.values().iter().all(is_number)
        || ["cursor", "token", "after", "page", "start", "next"].iter().any(|word| name.contains(word))
}

/// The exchange with its next link on another host, and whether there is one.
fn foreign(mut exchange: Exchange, host: &str) -> (Exchange, bool) {
    let mut found = false;
    for (name, values) in &mut exchange.response.headers {
        if name.eq_ignore_ascii_case("link") {
            let put = |text: &String| text.replace(BASE, host);
            found |= values.values().iter().any(|text| text.contains(BASE) && text.contains("next"));
            *values = OneOrMany::Many(values.values().iter().map(put).collect());
        }
    }
    with_json(&mut exchange, |answer| found |= link(answer, host));
    (exchange, found)
}

/// Puts the host into every address below a member that is called next.
fn link(value: &mut Value, host: &str) -> bool {
    match value {
        Value::Object(object) => object
            .iter_mut()
            .map(|(name, value)| match name.to_lowercase().contains("next") {
                true => strings(value, host),
                false => link(value, host),
            })
            .fold(false, |found, it| found | it),
        Value::Array(items) => items.iter_mut().fold(false, |found, item| found | link(item, host)),
        _ => false,
    }
}

fn strings(value: &mut Value, host: &str) -> bool {
    match value {
        Value::String(text) if text.contains(BASE) => {
            *text = text.replace(BASE, host);
            true
        }
        Value::Object(object) => object.values_mut().fold(false, |found, value| found | strings(value, host)),
        _ => false,
    }
}
