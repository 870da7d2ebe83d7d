//! The forms of a change (RFC 7644 §3.5), from the usual one to the last resort. Servers differ in which they take;
//! the first one taken is remembered for the connection.
//!
//! The next form is tried only where the server documents by its answer that it did nothing: never after an answer that
//! leaves it open. A path with a filter may be passed over in silence, so the first time its effect is read back. A removal
//! by items may take all of the list away, so what is left is compared each time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use userdir_core::http::Answer;
use userdir_core::reply::Step;
use userdir_core::scim::{self, Object};
use userdir_core::{Call, Effect, Error, Outcome, Result};

use crate::Scim;

/// Changes a whole object for a `PUT`.
type Edit<'w> = Box<dyn Fn(&mut Object) + Send + Sync + 'w>;

/// One form of a change.
pub enum Form<'w> {
    /// A `PATCH` of these operations.
    Patch(Vec<Value>),
    /// The same with a filter in a path.
    FilterPath(Vec<Value>),
    /// A `PATCH` that takes these ids out of a list, by the items themselves.
    Items(&'static str, Vec<&'w str>),
    /// A `PUT` of the object as it is, changed.
    Put(Edit<'w>),
}

impl<'w> Form<'w> {
    /// A `PUT` of the changed object.
    pub fn put(edit: impl Fn(&mut Object) + Send + Sync + 'w) -> Form<'w> {
        Form::Put(Box::new(edit))
    }
}

/// Which form of a change a connection takes: its number from 1; 0 is not known yet.
#[derive(Debug, Default)]
pub struct Habit(AtomicUsize);

/// What is changed.
#[derive(Clone, Copy)]
pub struct Target<'t> {
    /// `Users` or `Groups`.
    pub at: &'static str,
    /// Its id.
    pub id: &'t str,
}

impl Scim {
    /// Makes a change in the first form that the server takes. `is_done` judges the object read back.
    pub(crate) async fn change(
        &self,
        call: &Call,
        target: Target<'_>,
        habit: &Habit,
        forms: &[Form<'_>],
        is_done: impl Fn(&Object) -> bool + Send + Sync,
    ) -> Result<Effect> {
        let known = habit.0.load(Ordering::Relaxed);
        let mut refused = None;
        for (number, form) in (1..).zip(forms).skip(known.saturating_sub(1)) {
            let sent = match form {
                Form::Patch(operations) | Form::FilterPath(operations) => self.patch(call, target, operations).await,
                Form::Items(..) | Form::Put(_) if self.hides_members && target.at == "Groups" => {
                    Err(would_lose_members(target.id))
                }
                Form::Items(list, ids) => self.remove_items(call, target, list, ids).await,
                Form::Put(edit) => self.put(call, target, edit).await,
            };
            match sent {
                Ok(None) => return Ok(Effect::Planned),
                Ok(Some(_)) => {
                    let is_silent = matches!(form, Form::FilterPath(_)) && number != known;
                    if !is_silent || is_done(&self.whole(call, target).await?) {
                        habit.0.store(number, Ordering::Relaxed);
                        return Ok(Effect::Applied);
                    }
                }
                Err(error) if is_refusal_of_form(&error) => {
                    // nothing there to remove: gone in between, or the filter was not understood
                    if error.vendor_code() == Some("noTarget") && is_done(&self.whole(call, target).await?) {
                        return Ok(Effect::Already);
                    }
                    refused = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(refused
            .unwrap_or_else(|| Error::unexpected("the server accepts the change in every form and makes it in none")))
    }

    async fn patch(&self, call: &Call, target: Target<'_>, operations: &[Value]) -> Result<Option<Answer>> {
        let request = self.http.patch(target.at).id(target.id).json(&scim::patch(operations));
        let request = request.guarding(&["schemas", "Operations"]).primary();
        let replaces =
            operations.iter().all(|operation| operation.get("op").and_then(Value::as_str) == Some("replace"));
        if replaces { request.idempotent().write(call).await } else { request.write(call).await }
    }

    /// Takes items out of a list by naming them, and looks whether the others stayed: to a server that goes by the letter of
    /// RFC 7644 §3.5.2.2, `value` is no part of a removal, and the whole list goes.
    async fn remove_items(
        &self,
        call: &Call,
        target: Target<'_>,
        list: &'static str,
        ids: &[&str],
    ) -> Result<Option<Answer>> {
        let others = |object: &Object| -> BTreeSet<String> {
            let held = items(object, list);
            held.iter().filter_map(value_of).filter(|id| !ids.contains(id)).map(str::to_owned).collect()
        };
        let before = others(&self.whole(call, target).await?);
        let named: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
        let sent = self.patch(call, target, &[json!({ "op": "remove", "path": list, "value": named })]).await;
        let may_be_done = match &sent {
            Ok(answer) => answer.is_some(),
            Err(error) => error.outcome() == Outcome::Unknown,
        };
        if may_be_done {
            let after = match self.whole(call, target).await {
                Ok(object) => others(&object),
                Err(error) => return sent.and(Err(error)),
            };
            let lost = before.difference(&after).count();
            if lost > 0 {
                let done = ids.iter().map(|id| Step::done(*id, Effect::Applied)).collect();
                let failed =
                    Step::failed(format!("the other {list}"), format!("{lost} of {} are gone too", before.len()));
                return Err(Error::partly_done(done, vec![failed])
                    .about(target.id)
                    .hint("look at the server now, and put back what is missing"));
            }
        }
        sent
    }

    /// Reads the object, changes it and puts it back, with its version where it has one. If it changed in between, once
    /// more.
    async fn put(&self, call: &Call, target: Target<'_>, edit: &Edit<'_>) -> Result<Option<Answer>> {
        let mut may_repeat = true;
        loop {
            let mut object = self.whole(call, target).await?;
            if target.at == "Groups" && object.get("members").is_none_or(Value::is_null) {
                return Err(would_lose_members(target.id));
            }
            let meta = object.remove("meta");
            let version = meta.as_ref().and_then(|meta| meta.get("version")).and_then(Value::as_str);
            if target.at == "Users" {
                // read-only: a user's groups are changed at the groups
                object.remove("groups");
            }
            edit(&mut object);
            let mut request = self.http.put(target.at).id(target.id).json(&object);
            request = request.guarding(&["active", "members"]).primary();
            if let Some(version) = version {
                request = request.header("if-match", version);
            }
            match request.write(call).await {
                Err(error) if may_repeat && error.vendor().is_some_and(|answer| answer.status == 412) => {
                    may_repeat = false;
                }
                sent => return sent,
            }
        }
    }

    /// The object with all that the server tells of it.
    pub(crate) async fn whole(&self, call: &Call, target: Target<'_>) -> Result<Object> {
        let mut object: Object = self.http.get(target.at).id(target.id).read(call).await?.json()?;
        if target.at == "Groups" && object.get("members").is_none_or(Value::is_null) {
            let mut asked: Object = self.members_by_name(target.id).read(call).await?.json()?;
            object.extend(asked.remove_entry("members"));
        }
        Ok(object)
    }
}

/// What a server does with members that it does not show cannot be seen.
fn would_lose_members(group: &str) -> Error {
    Error::refused("the server shows no members, so changing the group in this form could lose them unseen")
        .about(group)
        .hint("the server did not take the plain PATCH; change the group there")
}

/// The server says that it cannot do this form, and so did nothing.
fn is_refusal_of_form(error: &Error) -> bool {
    const CODES: [&str; 4] = ["invalidPath", "invalidSyntax", "invalidValue", "noTarget"];
    if error.outcome() == Outcome::Unknown {
        return false;
    }
    match error.vendor().map(|answer| answer.status) {
        Some(400) => error.vendor_code().is_some_and(|code| CODES.contains(&code)),
        status => status == Some(501),
    }
}

/// `replace` without a path: the value names the attributes.
pub fn replace_all(attributes: impl Into<Value>) -> Value {
    json!({ "op": "replace", "value": attributes.into() })
}

/// `add` to a list.
pub fn add(path: &str, items: Vec<Value>) -> Value {
    json!({ "op": "add", "path": path, "value": items })
}

/// `remove` from a list, by a filter in the path.
pub fn remove_where(list: &str, id: &str) -> Value {
    json!({ "op": "remove", "path": format!("{list}[value eq {}]", scim::quoted(id)) })
}

/// The items of a list, which may be null, missing or a single item.
pub fn items(object: &Object, list: &str) -> Vec<Value> {
    match object.get(list) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.clone(),
        Some(item) => vec![item.clone()],
    }
}

/// The value of an item, which may be a bare word, or an object in place of the value.
pub fn value_of(item: &Value) -> Option<&str> {
    match item {
        Value::String(word) => Some(word),
        Value::Object(members) => members.get("value").and_then(value_of),
        _ => None,
    }
}

/// Whether a list of the object has an item of this value.
pub fn holds(object: &Object, list: &str, id: &str) -> bool {
    items(object, list).iter().any(|item| value_of(item) == Some(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Object {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn ids_cannot_break_out_of_a_path() {
        let operation = remove_where("members", "a\"] or value pr");
        assert_eq!(operation["path"], r#"members[value eq "a\"] or value pr"]"#);
    }

    #[test]
    fn items_are_found_in_every_shape() {
        for members in [json!([{"value": "u1"}]), json!(["u1"]), json!({"value": {"value": "u1"}}), json!("u1")] {
            assert!(holds(&object(json!({ "members": members })), "members", "u1"), "{members}");
        }
        for members in [json!(null), json!([]), json!([{"value": "u2"}, null])] {
            assert!(!holds(&object(json!({ "members": members })), "members", "u1"), "{members}");
        }
        assert!(!holds(&Object::new(), "members", "u1"));
    }
}
