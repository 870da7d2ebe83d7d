//! A SCIM server: lists by `startIndex`, changes by PATCH, members inside groups.
//!
//! RFC 7643 and RFC 7644; it fills a user's `groups`, answers a PATCH with 204, and compares by `eq` alone.

use serde_json::{Map, Value, json};

use userdir_stand_in::memory::words::{MADE, base, number, object, piece, segments, text, unknown};
use userdir_stand_in::memory::{Directory, Particulars, Person, Team, Vendor};
use userdir_stand_in::{Answer, Received};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// A role, which exists where somebody holds it.
const AUDITOR: &str = "auditor";

#[derive(Clone)]
struct Scim(Directory);

/// A server of seven people.
pub fn new() -> Box<dyn Vendor> {
    let mut directory = Directory::seeded("", id).with_roles(&[(AUDITOR, "Auditor")]);
    for person in directory.people.values_mut() {
        let email = json!([{ "value": person.email, "type": "work", "primary": true }]);
        person.more.insert("emails".into(), email);
    }
    if let Some(first) = directory.people.values_mut().next() {
        first.more.insert("roles".into(), json!([{ "value": AUDITOR, "display": "Auditor" }]));
        first.roles.insert(AUDITOR.into());
    }
    Box::new(Scim(directory))
}

fn id(number: u32) -> String {
    format!("2819c223-7f76-453a-919d-{number:012}")
}

impl Vendor for Scim {
    fn answer(&mut self, request: &Received) -> Answer {
        let path = segments(request);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let ["scim", "v2", path @ ..] = path.as_slice() else { return unknown(request) };
        let body = request.json().unwrap_or_default();
        match (request.method.as_str(), path) {
            ("GET", ["ServiceProviderConfig"]) => answered(200, &config()),
            ("GET", ["ResourceTypes"]) => {
                let kinds = [("User", "/Users", USER), ("Group", "/Groups", GROUP)];
                let kinds = kinds
                    .map(|(name, at, schema)| json!({ "id": name, "name": name, "endpoint": at, "schema": schema }));
                list(request, kinds.to_vec())
            }
            ("GET", [what @ ("Users" | "Groups")]) => self.all(request, what),
            ("GET", [what, id]) => self.one(what, id).map_or_else(missing, |it| answered(200, &cut(request, it))),
            ("POST", ["Users"]) => self.hire(request, &body),
            ("POST", ["Groups"]) => {
                let mut team = Team::default();
                write_group(&mut team, &body);
                let id = self.0.found(id, team);
                self.made(request, "Groups", &id)
            }
            ("PUT", [what, id]) if self.one(what, id).is_some() => match self.write(what, id, &body, true) {
                Ok(()) => answered(200, &self.one(what, id).unwrap_or_default()),
                Err(refusal) => refusal,
            },
            ("PATCH", [what, id]) => self.patch(what, id, &body),
            ("DELETE", ["Users", id]) if self.0.dismiss(id) => Answer::empty(204),
            ("DELETE", ["Groups", id]) if self.0.groups.remove(*id).is_some() => Answer::empty(204),
            ("PUT" | "DELETE", ["Users" | "Groups", _]) => missing(),
            _ => unknown(request),
        }
    }

    fn directory(&mut self) -> &mut Directory {
        &mut self.0
    }

    fn too_many(&self) -> Answer {
        refused(429, "", "Too many requests").header("retry-after", "30")
    }

    fn is_further(&self, request: &Received) -> bool {
        number(request, "startIndex", 1) > 1
    }

    fn particulars(&self) -> Particulars {
        Particulars {
            new_user: object(json!({
                "username": "maya@example.com", "first_name": "Maya", "last_name": "Ortiz",
                "emails": [{ "email": "maya@example.com" }],
            })),
            changes: object(json!({ "last_name": "Vega" })),
            new_group: object(json!({ "name": "Legal" })),
            role: AUDITOR,
            ..Particulars::default()
        }
    }

    fn copy(&self) -> Box<dyn Vendor> {
        Box::new(self.clone())
    }
}

fn config() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": 200 },
        "changePassword": { "supported": false },
        "sort": { "supported": false },
        "etag": { "supported": false },
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "OAuth Bearer Token", "description": "A token for provisioning",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
        }],
    })
}

impl Scim {
    fn one(&self, what: &str, id: &str) -> Option<Value> {
        match what {
            "Users" => self.0.people.get(id).map(|person| self.user(id, person)),
            "Groups" => self.0.groups.get(id).map(|team| self.group(id, team)),
            _ => None,
        }
    }

    fn all(&self, request: &Received, what: &str) -> Answer {
        let mut all: Vec<Value> = match what {
            "Users" => self.0.people.iter().map(|(id, person)| self.user(id, person)).collect(),
            _ => self.0.groups.iter().map(|(id, team)| self.group(id, team)).collect(),
        };
        if let Some(filter) = request.query("filter") {
            let parts =
                filter.split_once(" eq ").and_then(|(path, value)| Some((path, serde_json::from_str(value).ok()?)));
            let Some((path, wanted)) = parts else {
                return refused(400, "invalidFilter", "only `eq` is supported");
            };
            all.retain(|it| is_equal(it, path, &wanted));
        }
        list(request, all.into_iter().map(|it| cut(request, it)).collect())
    }

    fn made(&self, request: &Received, what: &str, id: &str) -> Answer {
        let at = format!("{}/scim/v2/{what}/{id}", base(request));
        answered(201, &self.one(what, id).unwrap_or_default()).header("location", at)
    }

    fn hire(&mut self, request: &Received, body: &Value) -> Answer {
        let Some(username) = text(body, "/userName") else {
            return refused(400, "invalidValue", "userName is required");
        };
        if self.0.has_email(&username) {
            return refused(
                409,
                "uniqueness",
                "One or more of the attribute values are already in use or are reserved",
            );
        }
        let mut person = Person::default();
        write_user(&mut person, body);
        let id = self.0.hire(id, person);
        self.made(request, "Users", &id)
    }

    /// Puts a whole object in place of the one there is. Of a group only who exists becomes a member.
    fn write(&mut self, what: &str, id: &str, body: &Value, is_put: bool) -> Result<(), Answer> {
        if let Some(person) = self.0.people.get_mut(id).filter(|_| what == "Users") {
            if is_put {
                *person = Person::default();
            }
            write_user(person, body);
        } else if let Some(team) = self.0.groups.get_mut(id).filter(|_| what == "Groups") {
            write_group(team, body);
            if team.members.iter().any(|member| !self.0.people.contains_key(member)) {
                team.members.retain(|member| self.0.people.contains_key(member));
                return Err(refused(400, "invalidValue", "a member does not exist"));
            }
        }
        Ok(())
    }

    /// All operations of a PATCH, or none.
    fn patch(&mut self, what: &str, id: &str, body: &Value) -> Answer {
        let Some(Value::Object(mut whole)) = self.one(what, id) else { return missing() };
        let operations = body.pointer("/Operations").and_then(Value::as_array);
        for operation in operations.into_iter().flatten() {
            if let Err(refusal) = apply(&mut whole, operation) {
                return refusal;
            }
        }
        match self.write(what, id, &Value::Object(whole), false) {
            Ok(()) => Answer::empty(204),
            Err(refusal) => refusal,
        }
    }

    fn user(&self, id: &str, person: &Person) -> Value {
        let groups =
            self.0.groups_of(id).map(|(id, team)| json!({ "value": id, "display": team.name, "type": "direct" }));
        let mut user = json!({
            "schemas": [USER], "id": id, "userName": person.email, "active": !person.blocked,
            "name": { "givenName": person.given_name, "familyName": person.family_name },
            "groups": groups.collect::<Vec<_>>(),
            "meta": { "resourceType": "User", "created": MADE, "lastModified": MADE },
        });
        if let Some(user) = user.as_object_mut() {
            user.extend(person.more.clone());
        }
        user
    }

    fn group(&self, id: &str, team: &Team) -> Value {
        let name =
            |id: &String| self.0.people.get(id).map(|person| format!("{} {}", person.given_name, person.family_name));
        let members = team.members.iter().map(|id| json!({ "value": id, "type": "User", "display": name(id) }));
        json!({
            "schemas": [GROUP], "id": id, "displayName": team.name, "members": members.collect::<Vec<_>>(),
            "meta": { "resourceType": "Group", "created": MADE, "lastModified": MADE },
        })
    }
}

fn write_user(person: &mut Person, body: &Value) {
    const OWN: [&str; 7] = ["schemas", "id", "userName", "active", "name", "groups", "meta"];
    person.email = text(body, "/userName").unwrap_or_default();
    person.given_name = text(body, "/name/givenName").unwrap_or_default();
    person.family_name = text(body, "/name/familyName").unwrap_or_default();
    person.blocked = body.pointer("/active") == Some(&Value::Bool(false));
    person.more = object(body.clone());
    person.more.retain(|name, _| !OWN.contains(&name.as_str()));
    let roles = body.pointer("/roles").and_then(Value::as_array).into_iter().flatten();
    person.roles = roles.filter_map(|role| text(role, "/value")).collect();
}

fn write_group(team: &mut Team, body: &Value) {
    team.name = text(body, "/displayName").unwrap_or_default();
    let members = body.pointer("/members").and_then(Value::as_array).into_iter().flatten();
    team.members = members.filter_map(|member| text(member, "/value")).collect();
}

/// One operation: `replace` with a path and without, `add` to a list, `remove` from one by either spelling.
fn apply(whole: &mut Map<String, Value>, operation: &Value) -> Result<(), Answer> {
    let (op, path) = (text(operation, "/op").unwrap_or_default(), text(operation, "/path"));
    let value = operation.pointer("/value").cloned().unwrap_or_default();
    let Some(path) = path else {
        return match (op.as_str(), value) {
            ("add" | "replace", Value::Object(attributes)) => {
                whole.extend(attributes);
                Ok(())
            }
            _ => Err(refused(400, "noTarget", "a path is required")),
        };
    };
    let (path, wanted) = match path.split_once("[value eq ") {
        Some((list, filter)) => (list.to_owned(), serde_json::from_str::<Value>(filter.trim_end_matches(']')).ok()),
        None => (path, None),
    };
    let (name, part) = path.split_once('.').map_or((path.as_str(), None), |(name, part)| (name, Some(part)));
    let place = whole.entry(name).or_insert_with(|| if part.is_some() { json!({}) } else { Value::Null });
    match (op.as_str(), part, place) {
        ("add" | "replace", Some(part), Value::Object(parts)) => drop(parts.insert(part.to_owned(), value)),
        ("add", None, Value::Array(items)) => items.extend(value.as_array().cloned().unwrap_or_else(|| vec![value])),
        ("add" | "replace", None, place) => *place = value,
        ("remove", None, Value::Array(items)) => {
            let gone: Vec<&Value> = match &wanted {
                Some(wanted) => vec![wanted],
                None => value.as_array().into_iter().flatten().filter_map(|item| item.get("value")).collect(),
            };
            items.retain(|item| !item.get("value").is_some_and(|value| gone.contains(&value)));
        }
        _ => return Err(refused(400, "invalidPath", "the path cannot be changed so")),
    }
    Ok(())
}

/// Whether an attribute, or one of a list's, is this. Texts are compared without case.
fn is_equal(it: &Value, path: &str, wanted: &Value) -> bool {
    let (name, part) = path.split_once('.').unwrap_or((path, "value"));
    let same = |value: &Value| match (value, wanted) {
        (Value::String(value), Value::String(wanted)) => value.eq_ignore_ascii_case(wanted),
        _ => value == wanted,
    };
    match it.get(name) {
        Some(Value::Array(items)) => items.iter().filter_map(|item| item.get(part)).any(same),
        Some(Value::Object(parts)) => parts.get(part).is_some_and(same),
        value => value.is_some_and(same),
    }
}

/// The attributes that are asked for.
fn cut(request: &Received, mut it: Value) -> Value {
    if let Some(attributes) = it.as_object_mut() {
        let named = |list: &str, name: &str| list.split(',').any(|one| one.eq_ignore_ascii_case(name));
        if let Some(only) = request.query("attributes") {
            attributes.retain(|name, _| ["id", "schemas"].contains(&name.as_str()) || named(only, name));
        }
        if let Some(without) = request.query("excludedAttributes") {
            attributes.retain(|name, _| !named(without, name));
        }
    }
    it
}

fn list(request: &Received, all: Vec<Value>) -> Answer {
    let (total, first) = (all.len(), number(request, "startIndex", 1).max(1));
    let page = piece(all, first - 1, number(request, "count", 100).min(200));
    answered(
        200,
        &json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": total, "startIndex": first, "itemsPerPage": page.len(), "Resources": page,
        }),
    )
}

fn answered(status: u16, body: &Value) -> Answer {
    Answer { body: body.to_string().into(), ..Answer::empty(status) }.header("content-type", "application/scim+json")
}

fn missing() -> Answer {
    refused(404, "", "Resource not found")
}

fn refused(status: u16, kind: &str, detail: &str) -> Answer {
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": status.to_string(), "detail": detail,
    });
    if let Some(body) = body.as_object_mut().filter(|_| !kind.is_empty()) {
        body.insert("scimType".into(), kind.into());
    }
    answered(status, &body)
}
