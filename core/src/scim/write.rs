//! From input to SCIM's attributes, and the body of a change.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::mapping::{is_active, no_room};

/// An object of SCIM's.
pub type Object = Map<String, Value>;

/// `schemas` of a user.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// `schemas` of a group.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// The body of a `PATCH` (RFC 7644 §3.5.2).
pub fn patch(operations: impl Into<Value>) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations.into() })
}

/// `replace` of what stands at a path.
pub fn replace(path: &str, value: impl Into<Value>) -> Value {
    json!({ "op": "replace", "path": path, "value": value.into() })
}

/// Operations that set these attributes. A name by its parts, so that those not given stay; null is SCIM's word for none
/// (RFC 7643 §2.5), and removes.
pub fn replacing(attributes: &Object) -> Vec<Value> {
    let of = |(attribute, value): (&String, &Value)| match (attribute.as_str(), value) {
        ("name", Value::Object(parts)) => {
            parts.iter().map(|(part, value)| replace(&format!("name.{part}"), value.clone())).collect()
        }
        (attribute, Value::Null) => vec![json!({ "op": "remove", "path": attribute })],
        (attribute, value) => vec![replace(attribute, value.clone())],
    };
    attributes.iter().flat_map(of).collect()
}

/// SCIM's attributes (RFC 7643 §4.1) of the fields given, and of no others.
///
/// # Errors
/// `InvalidRequest` for what SCIM has no room for.
pub fn attributes(input: &impl Serialize) -> Result<Object> {
    const SAME: [(&str, &str); 7] = [
        ("external_id", "externalId"),
        ("username", "userName"),
        ("name", "displayName"),
        ("title", "title"),
        ("user_type", "userType"),
        ("timezone", "timezone"),
        ("password", "password"),
    ];
    let Ok(Value::Object(mut given)) = serde_json::to_value(input) else {
        return Err(Error::invalid("the input cannot be written as JSON"));
    };
    let mut take = |name: &str| given.remove(name);
    let mut attributes: Object =
        SAME.iter().filter_map(|(ours, scim)| Some(((*scim).to_owned(), take(ours)?))).collect();
    let name: Object = [("first_name", "givenName"), ("last_name", "familyName")]
        .iter()
        .filter_map(|(ours, scim)| Some(((*scim).to_owned(), take(ours)?)))
        .collect();
    let mut put = |attribute: &str, value: Option<Value>| {
        attributes.extend(value.map(|value| (attribute.to_owned(), value)));
    };
    put("name", (!name.is_empty()).then(|| name.into()));
    put("active", is_active(take("status").as_ref().and_then(Value::as_str))?.map(Value::from));
    put("emails", take("emails").map(|list| emails(&list)).transpose()?);
    put("phoneNumbers", take("phones").map(|list| objects(&list).map(phone).collect()).transpose()?);
    put("preferredLanguage", take("languages").map(|list| texts(&list).join(", ").into()));
    put("photos", take("avatar").map(|address| json!([{ "value": address, "type": "photo" }])));
    put("profileUrl", take("urls").map(|list| page(&list)).transpose()?);
    Ok(attributes)
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn objects(list: &Value) -> impl Iterator<Item = &Object> {
    list.as_array().into_iter().flatten().filter_map(Value::as_object)
}

/// The one page about the user; null, SCIM's word for none (RFC 7643 §2.5), of an empty list.
fn page(urls: &Value) -> Result<Value> {
    let is_profile = |url: &Object| url.get("type").is_none_or(|kind| kind == "profile");
    match objects(urls).collect::<Vec<_>>().as_slice() {
        [] => Ok(Value::Null),
        [url] if is_profile(url) && url.contains_key("url") => Ok(url.get("url").cloned().unwrap_or_default()),
        _ => Err(no_room("urls", "SCIM", "one address, of type `profile`")),
    }
}

/// Addresses as SCIM has them; the first is the primary one where none is said to be.
fn emails(list: &Value) -> Result<Value> {
    let is_primary = |email: &Object| email.get("is_primary").and_then(Value::as_bool);
    let primary = objects(list).position(|email| is_primary(email) == Some(true)).unwrap_or(0);
    let made = objects(list).enumerate().map(|(number, email)| {
        let address = email.get("email").ok_or_else(|| Error::invalid("each of `emails` needs its `email`"))?;
        let kind = email.get("type").cloned().unwrap_or("work".into());
        Ok(json!({ "value": address, "type": kind, "primary": number == primary }))
    });
    made.collect()
}

/// A number; one with an extension as RFC 3966 writes it.
fn phone(phone: &Object) -> Result<Value> {
    let number = phone.get("number").and_then(Value::as_str);
    let number = number.ok_or_else(|| Error::invalid("each of `phones` needs its `number`"))?;
    let value = match phone.get("extension").and_then(Value::as_str) {
        Some(extension) => format!("tel:{number};ext={extension}"),
        None => number.to_owned(),
    };
    let mut item = json!({ "value": value });
    if let (Some(kind), Some(item)) = (phone.get("type"), item.as_object_mut()) {
        item.insert("type".to_owned(), kind.clone());
    }
    Ok(item)
}
