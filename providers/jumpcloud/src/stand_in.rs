//! JumpCloud: directory users in v1, their groups in v2, both by `limit` and `skip`; administrators beside them.
//!
//! <https://docs.jumpcloud.com/api/>

mod administrators;

use serde_json::{Map, Value, json};

use userdir_stand_in::memory::words::{MADE, json_of, number, object, ok, piece, segments, text, unknown};
use userdir_stand_in::memory::{Directory, Particulars, Person, Team, Vendor};
use userdir_stand_in::{Answer, Received};

use administrators::{HELP_DESK, ROLES};

#[derive(Clone)]
struct JumpCloud(Directory);

/// An organization of seven people, of whom one is an administrator too, and an administrator who is none of them.
pub fn new() -> Box<dyn Vendor> {
    let mut directory = Directory::seeded("", id).with_roles(&ROLES);
    for person in directory.people.values_mut() {
        let username = person.email.split('@').next().unwrap_or_default();
        person.more.insert("username".into(), username.into());
        person.more.insert("activated".into(), true.into());
    }
    if let Some(first) = directory.people.values_mut().next() {
        first.roles.insert(HELP_DESK.into());
    }
    Box::new(JumpCloud(directory))
}

fn id(number: u32) -> String {
    format!("5f1b88124c3d6b0a1e{number:06x}")
}

const ORGANIZATION: &str = "5ecfda6bd61a0f3a8c1b1c55";
impl Vendor for JumpCloud {
    fn answer(&mut self, request: &Received) -> Answer {
        let path = segments(request);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let body = request.json().unwrap_or_default();
        match (request.method.as_str(), path.as_slice()) {
            ("GET", ["api", "organizations"]) => counted(request, vec![organization()]),
            ("GET", ["api", "organizations", ORGANIZATION]) => ok(organization()),
            (_, ["api", "users", rest @ ..]) => self.administrators(request, rest, &body),
            (_, ["api", "v2", "roles", rest @ ..]) => self.roles(request, rest, &body),
            ("GET", ["api", "systemusers"]) => self.users(request),
            ("POST", ["api", "systemusers"]) => self.hire(&body),
            ("GET", ["api", "systemusers", id]) => self.person(id),
            ("PUT", ["api", "systemusers", id]) => self.update(id, &body),
            ("DELETE", ["api", "systemusers", id]) => {
                let gone = self.person(id);
                self.0.dismiss(id);
                gone
            }
            ("POST", ["api", "systemusers", id, "state", what]) => self.state(id, what),
            ("GET", ["api", "v2", "usergroups"]) => self.groups(request),
            ("POST", ["api", "v2", "usergroups"]) => {
                let mut team = Team::default();
                write_group(&mut team, &body);
                let id = self.0.found(id, team);
                self.group(201, &id)
            }
            ("GET", ["api", "v2", "usergroups", id]) => self.group(200, id),
            ("PUT", ["api", "v2", "usergroups", id]) => {
                if let Some(team) = self.0.groups.get_mut(*id) {
                    write_group(team, &body);
                }
                self.group(200, id)
            }
            ("DELETE", ["api", "v2", "usergroups", id]) => match self.0.groups.remove(*id) {
                Some(_) => Answer::empty(204),
                None => missing(),
            },
            ("GET", ["api", "v2", "usergroups", id, "members"]) => match self.0.groups.get(*id) {
                Some(team) => {
                    let row = |id: &String| json!({ "to": { "id": id, "type": "user" }, "attributes": null });
                    listed(request, team.members.iter().map(row).collect())
                }
                None => missing(),
            },
            ("POST", ["api", "v2", "usergroups", id, "members"]) => self.membership(id, &body),
            ("GET", ["api", "v2", "users", id, "memberof"]) => {
                let row = |(id, _): (&String, _)| json!({ "id": id, "type": "user_group", "paths": [] });
                listed(request, self.0.groups_of(id).map(row).collect())
            }
            _ => unknown(request),
        }
    }

    fn directory(&mut self) -> &mut Directory {
        &mut self.0
    }

    /// JumpCloud documents the status alone.
    fn too_many(&self) -> Answer {
        json_of(429, json!({ "message": "Too Many Requests" }))
    }

    fn is_further(&self, request: &Received) -> bool {
        number(request, "skip", 0) > 0
    }

    fn particulars(&self) -> Particulars {
        Particulars {
            new_user: object(json!({
                "username": "maya.ortiz", "first_name": "Maya", "last_name": "Ortiz", "status": "active",
                "emails": [{ "email": "maya@example.com" }],
            })),
            changes: object(json!({ "last_name": "Vega" })),
            new_group: object(json!({ "name": "Legal" })),
            role: HELP_DESK,
            licenses: &["Platform Plus"],
            ..Particulars::default()
        }
    }

    fn copy(&self) -> Box<dyn Vendor> {
        Box::new(self.clone())
    }
}

fn organization() -> Value {
    let plan = json!([{ "name": "Platform Plus", "productCode": "JCPLUS", "productCategory": "PLATFORM" }]);
    json!({
        "_id": ORGANIZATION, "id": ORGANIZATION, "displayName": "Acme", "logoUrl": null, "created": MADE,
        "entitlement": { "billingModel": "DEFAULT", "entitlementProducts": plan },
    })
}

/// What stands for a state: blocked, or yet to be let in.
fn state(person: &Person) -> &'static str {
    match (person.blocked, person.more.contains_key("staged")) {
        (true, _) => "SUSPENDED",
        (_, true) => "STAGED",
        _ => "ACTIVATED",
    }
}

impl JumpCloud {
    fn users(&self, request: &Received) -> Answer {
        let mut users: Vec<Value> = self.0.people.iter().map(|(id, person)| self.user(id, person)).collect();
        let filters = request.query.iter().filter(|(name, _)| name.starts_with("filter"));
        for (_, filter) in filters {
            let mut parts = filter.splitn(3, ':');
            let (field, op, value) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
            let wanted: Vec<&str> = match op {
                Some("$eq") => vec![value],
                Some("$in") => value.split('|').collect(),
                _ => return unknown(request),
            };
            let field = field.unwrap_or_default();
            users.retain(|user| user.get(field).and_then(Value::as_str).is_some_and(|it| wanted.contains(&it)));
        }
        sort(&mut users, request.query("sort").unwrap_or("_id"));
        counted(request, users)
    }

    fn user(&self, id: &str, person: &Person) -> Value {
        let mut user = json!({
            "_id": id, "id": id, "email": person.email, "firstname": person.given_name, "lastname": person.family_name,
            "state": state(person), "suspended": person.blocked, "activated": false, "account_locked": false,
            "account_locked_date": null, "created": MADE, "totp_enabled": false, "organization": ORGANIZATION, "admin": self.link(id, person),
            "mfaEnrollment": { "overallStatus": "NOT_ENROLLED" }, "externally_managed": false, "external_dn": "",
        });
        if let Some(user) = user.as_object_mut() {
            user.extend(person.more.clone());
            user.remove("staged");
        }
        user
    }

    fn person(&self, id: &str) -> Answer {
        self.0.people.get(id).map_or_else(missing, |person| ok(self.user(id, person)))
    }

    fn hire(&mut self, body: &Value) -> Answer {
        let (username, email) = (text(body, "/username"), text(body, "/email").map(|email| email.to_lowercase()));
        let (Some(username), Some(email)) = (username, email) else {
            return refused(400, "INVALID_ARGUMENT", "username and email are required");
        };
        let is_taken = |person: &Person| person.more.get("username") == Some(&json!(username));
        if self.0.has_email(&email) || self.0.people.values().any(is_taken) {
            return refused(400, "ALREADY_EXISTS", "User already exists");
        }
        let mut person = Person::default();
        // the organization's default for manual entry
        person.more.insert("staged".into(), true.into());
        if let Err(refusal) = write_user(&mut person, body) {
            return refusal;
        }
        let id = self.0.hire(id, person);
        self.person(&id)
    }

    fn update(&mut self, id: &str, body: &Value) -> Answer {
        let Some(person) = self.0.people.get_mut(id) else { return missing() };
        if text(body, "/state").is_some_and(|state| state == "STAGED") {
            return refused(400, "INVALID_ARGUMENT", "state must be ACTIVATED or SUSPENDED");
        }
        let mut after = person.clone();
        if let Err(refusal) = write_user(&mut after, body) {
            return refusal;
        }
        *person = after;
        self.person(id)
    }

    fn state(&mut self, id: &str, what: &str) -> Answer {
        let Some(person) = self.0.people.get_mut(id) else { return missing() };
        match (what, state(person)) {
            ("activate", "STAGED") => drop(person.more.remove("staged")),
            ("suspend", "STAGED" | "ACTIVATED") => person.blocked = true,
            _ => return refused(409, "FAILED_PRECONDITION", "the user's state does not allow it"),
        }
        self.person(id)
    }

    fn groups(&self, request: &Received) -> Answer {
        let mut groups: Vec<Value> = self.0.groups.iter().map(|(id, team)| group(id, team)).collect();
        if let Some(filter) = request.query("filter") {
            let Some(name) = filter.strip_prefix("name:eq:") else { return unknown(request) };
            groups.retain(|group| group.get("name").and_then(Value::as_str) == Some(name));
        }
        sort(&mut groups, request.query("sort").unwrap_or("id"));
        listed(request, groups)
    }

    fn group(&self, status: u16, id: &str) -> Answer {
        self.0.groups.get(id).map_or_else(missing, |team| json_of(status, group(id, team)))
    }

    /// Who is a member already is a conflict, who is none is not found.
    fn membership(&mut self, group: &str, body: &Value) -> Answer {
        let Some(user) = text(body, "/id").filter(|id| self.0.people.contains_key(id)) else { return missing() };
        let Some(team) = self.0.groups.get_mut(group) else { return missing() };
        match text(body, "/op").as_deref() {
            Some("add") if team.members.insert(user.clone()) => Answer::empty(204),
            Some("add") => refused(409, "ALREADY_EXISTS", "Already Exists"),
            Some("remove") if team.members.remove(&user) => Answer::empty(204),
            Some("remove") => missing(),
            _ => refused(400, "INVALID_ARGUMENT", "op must be add or remove"),
        }
    }
}

/// Changes what is sent. `state` and `suspended` must agree.
fn write_user(person: &mut Person, body: &Value) -> Result<(), Answer> {
    let (state, suspended) = (text(body, "/state"), body.pointer("/suspended").and_then(Value::as_bool));
    if state.as_ref().zip(suspended).is_some_and(|(state, suspended)| (state == "SUSPENDED") != suspended) {
        return Err(refused(400, "INVALID_ARGUMENT", "state and suspended do not agree"));
    }
    if let Some(state) = &state {
        person.more.remove("staged");
        if state == "STAGED" {
            person.more.insert("staged".into(), true.into());
        }
    }
    person.blocked = suspended.or(state.map(|state| state == "SUSPENDED")).unwrap_or(person.blocked);
    for (name, value) in object(body.clone()) {
        let word = value.as_str().unwrap_or_default().to_owned();
        match name.as_str() {
            "email" => person.email = word.to_lowercase(),
            "firstname" => person.given_name = word,
            "lastname" => person.family_name = word,
            "state" | "suspended" | "password" => {}
            _ => drop(person.more.insert(name, value)),
        }
    }
    Ok(())
}

/// Puts the whole group in place of the one there is.
fn write_group(team: &mut Team, body: &Value) {
    team.name = text(body, "/name").unwrap_or_default();
    team.more = Map::from_iter(text(body, "/description").map(|text| ("description".to_owned(), text.into())));
}

fn group(id: &str, team: &Team) -> Value {
    json!({
        "id": id, "name": team.name, "description": team.more.get("description"), "type": "user_group",
        "organizationObjectId": ORGANIZATION, "membershipMethod": "STATIC", "memberQuery": null,
        "memberQueryExemptions": [], "memberSuggestionsNotify": false,
    })
}

/// By fields, the first one first; `-` turns the order around.
fn sort(items: &mut [Value], by: &str) {
    for field in by.split([' ', ',']).rev() {
        let name = field.trim_start_matches('-');
        let key = |item: &Value| item.get(name).map(Value::to_string);
        items.sort_by_key(key);
        if field.starts_with('-') {
            items.reverse();
        }
    }
}

fn cut(request: &Received, all: Vec<Value>) -> Vec<Value> {
    piece(all, number(request, "skip", 0), number(request, "limit", 10).min(100))
}

/// A list of v1, and of roles.
fn counted(request: &Received, all: Vec<Value>) -> Answer {
    let total = all.len();
    ok(json!({ "results": cut(request, all), "totalCount": total }))
}

/// A list of v2.
fn listed(request: &Received, all: Vec<Value>) -> Answer {
    let total = all.len().to_string();
    ok(Value::Array(cut(request, all))).header("x-total-count", total)
}

fn missing() -> Answer {
    refused(404, "NOT_FOUND", "Not Found")
}

fn refused(status: u16, word: &str, message: &str) -> Answer {
    json_of(status, json!({ "code": status, "message": message, "status": word }))
}
