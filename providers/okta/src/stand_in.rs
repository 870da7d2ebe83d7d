//! Okta: users and groups by Link header, lifecycle calls, membership by PUT and DELETE, roles as assignments.
//!
//! <https://developer.okta.com/docs/api/openapi/okta-management/management/tag/User/>

use serde_json::{Map, Value, json};

use userdir_stand_in::memory::words::{
    all_quoted_after, base, json_of, number, object, ok, quoted_after, seconds_now, segments, text, unknown,
};
use userdir_stand_in::memory::{Directory, Particulars, Person, Role, Team, Vendor};
use userdir_stand_in::{Answer, Received};

use crate::map::STANDARD_ROLES;

#[derive(Clone)]
struct Okta(Directory);

const HELP_DESK: &str = "HELP_DESK_ADMIN";
/// Applications, which stand for licences.
const APPS: [(&str, &str); 2] = [("0oa0000000000000wiki", "Wiki"), ("0oa00000000000tracker", "Tracker")];

/// An organization of seven people; the second one helps the others, and there is a role of its own.
pub fn new() -> Box<dyn Vendor> {
    let mut directory = Directory::seeded("", id).with_roles(STANDARD_ROLES);
    let mut auditor = Role { name: "Auditor".into(), ..Role::default() };
    auditor.more.insert("description".into(), "Reads everything".into());
    directory.add_role(role_id, auditor);
    if let Some(second) = directory.people.values_mut().nth(1) {
        second.roles.insert(HELP_DESK.into());
    }
    Box::new(Okta(directory))
}

fn id(number: u32) -> String {
    format!("00u{number:017}")
}

fn role_id(number: u32) -> String {
    format!("cr0{number:017}")
}

impl Vendor for Okta {
    fn answer(&mut self, request: &Received) -> Answer {
        let path = segments(request);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let ["api", "v1", path @ ..] = path.as_slice() else { return unknown(request) };
        let body = request.json().unwrap_or_default();
        match (request.method.as_str(), path) {
            ("GET", ["org"]) => ok(json!({ "id": "00o1", "companyName": "Acme" })),
            ("GET", ["users", "me"]) => ok(json!({ "id": "00uadmin", "profile": { "login": "admin@example.com" } })),
            ("GET", ["users"]) => self.users(request),
            ("POST", ["users"]) => self.hire(&body),
            ("GET", ["users", id]) => self.person(id),
            ("POST", ["users", id]) => self.update(id, &body),
            ("DELETE", ["users", id]) => self.dismiss(id),
            ("GET", ["users", id, "groups"]) => {
                ok(Value::Array(self.0.groups_of(id).map(|(id, team)| group(id, team)).collect()))
            }
            ("GET", ["users", _, "appLinks" | "factors"]) => ok(json!([])),
            ("GET", ["users", id, "roles"]) => self.assignments(id),
            ("POST", ["users", id, "roles"]) => self.assign(id, &body),
            ("DELETE", ["users", id, "roles", assignment]) => self.unassign(id, assignment),
            ("POST", ["users", id, "lifecycle", what]) => self.lifecycle(id, what),
            ("GET", ["groups"]) => {
                let asked = request.query("search").unwrap_or_default();
                let wanted = quoted_after(asked, "profile.name eq \"");
                let groups = self.0.groups.iter().filter(|(_, team)| wanted.is_none_or(|wanted| team.name == wanted));
                page(request, groups.map(|(id, team)| (id.clone(), group(id, team))).collect())
            }
            ("POST", ["groups"]) => {
                let mut team = Team::default();
                write_group(&mut team, &body);
                let id = self.0.found(id, team);
                self.group(&id)
            }
            ("GET", ["groups", id]) => self.group(id),
            ("PUT", ["groups", id]) => {
                if let Some(team) = self.0.groups.get_mut(*id) {
                    write_group(team, &body);
                }
                self.group(id)
            }
            ("DELETE", ["groups", id]) => self.0.groups.remove(*id).map_or_else(missing, |_| Answer::empty(204)),
            ("GET", ["groups", id, "users"]) => self.members(id),
            ("PUT" | "DELETE", ["groups", id, "users", user]) => self.membership(id, user, request.method == "PUT"),
            ("GET", ["groups", id, "roles"]) if self.0.groups.contains_key(*id) => ok(json!([])),
            ("GET", ["iam", "assignees", "users"]) => {
                let holders = self.0.people.iter().filter(|(_, person)| !person.roles.is_empty());
                ok(json!({ "value": holders.map(|(id, _)| json!({ "id": id })).collect::<Vec<_>>(), "_links": {} }))
            }
            (_, ["iam", "roles", rest @ ..]) => self.roles(request, rest, &body),
            ("GET", ["apps"]) => {
                let wanted = all_quoted_after(request.query("filter").unwrap_or_default(), "status eq \"");
                let apps = APPS.iter().filter(|_| wanted.is_empty() || wanted.contains(&"ACTIVE"));
                page(request, apps.map(|it| (it.0.to_owned(), app(it))).collect())
            }
            ("GET", ["apps", id]) => APPS.iter().find(|it| it.0 == *id).map_or_else(missing, |it| ok(app(it))),
            _ => unknown(request),
        }
    }

    fn directory(&mut self) -> &mut Directory {
        &mut self.0
    }

    fn too_many(&self) -> Answer {
        let summary = "API call exceeded rate limit due to too many requests.";
        refused(429, "E0000047", summary)
            .header("x-rate-limit-limit", "600")
            .header("x-rate-limit-remaining", "0")
            .header("x-rate-limit-reset", (seconds_now() + 7).to_string())
    }

    fn is_further(&self, request: &Received) -> bool {
        request.query("after").is_some()
    }

    fn particulars(&self) -> Particulars {
        Particulars {
            new_user: object(json!({
                "first_name": "Maya", "last_name": "Ortiz", "username": "maya@example.com",
                "emails": [{ "email": "maya@example.com" }],
            })),
            changes: object(json!({ "last_name": "Vega" })),
            new_group: object(json!({ "name": "Legal" })),
            role: HELP_DESK,
            licenses: &["Tracker", "Wiki"],
            ..Particulars::default()
        }
    }

    fn copy(&self) -> Box<dyn Vendor> {
        Box::new(self.clone())
    }
}

impl Okta {
    fn users(&self, request: &Received) -> Answer {
        // the comparisons that are played: who has this login or address, and one of these statuses
        let asked = request.query("filter").or(request.query("search")).unwrap_or_default();
        let is = |start: &str, value: &str| {
            quoted_after(asked, start).is_none_or(|wanted| value.eq_ignore_ascii_case(wanted))
        };
        let statuses = all_quoted_after(asked, "status eq \"");
        let is_meant = |person: &Person| {
            is("profile.login eq \"", &login(person))
                && is("profile.email eq \"", &person.email)
                && (statuses.is_empty() || statuses.contains(&status(person)))
        };
        let people = self.0.people.iter().filter(|(_, person)| is_meant(person));
        page(request, people.map(|(id, person)| (id.clone(), user(id, person))).collect())
    }

    fn person(&self, id: &str) -> Answer {
        self.0.people.get(id).map_or_else(missing, |person| ok(user(id, person)))
    }

    fn hire(&mut self, body: &Value) -> Answer {
        let mut person = Person::default();
        person.more.insert("created".into(), CREATED.into());
        write_profile(&mut person, body);
        let wanted = login(&person);
        if self.0.people.values().any(|other| login(other).eq_ignore_ascii_case(&wanted)) {
            let cause = "login: An object with this field already exists in the current organization";
            return refused_because(400, "E0000001", "Api validation failed: login", &[cause]);
        }
        let id = self.0.hire(id, person);
        for group in body.pointer("/groupIds").and_then(Value::as_array).into_iter().flatten() {
            if let Some(team) = group.as_str().and_then(|group| self.0.groups.get_mut(group)) {
                team.members.insert(id.clone());
            }
        }
        self.person(&id)
    }

    /// A partial update: what is not sent stays.
    fn update(&mut self, id: &str, body: &Value) -> Answer {
        let Some(person) = self.0.people.get_mut(id) else { return missing() };
        write_profile(person, body);
        self.person(id)
    }

    /// The first one deactivates, the second one deletes.
    fn dismiss(&mut self, id: &str) -> Answer {
        let Some(person) = self.0.people.get_mut(id) else { return missing() };
        if person.blocked {
            self.0.dismiss(id);
        } else {
            person.blocked = true;
        }
        Answer::empty(204)
    }

    fn lifecycle(&mut self, id: &str, what: &str) -> Answer {
        let Some(person) = self.0.people.get_mut(id) else { return missing() };
        match (what, status(person)) {
            ("deactivate", "DEPROVISIONED") => return missing(),
            ("deactivate", _) => {
                person.blocked = true;
                person.more.remove(SUSPENDED);
            }
            ("activate", "DEPROVISIONED") => person.blocked = false,
            ("activate", _) => {
                return refused(403, "E0000016", "Activation failed because the user is already active");
            }
            ("suspend", "ACTIVE") => drop(person.more.insert(SUSPENDED.into(), true.into())),
            ("unsuspend", "SUSPENDED") => drop(person.more.remove(SUSPENDED)),
            ("reactivate", _) => return refused(403, "E0000038", "This operation is not allowed in the user's status"),
            ("unlock", _) => return refused(403, "E0000032", "Unlock is not allowed for this user"),
            _ => return refused(400, "E0000001", "Api validation failed: status"),
        }
        ok(json!({}))
    }

    fn assignments(&self, id: &str) -> Answer {
        let Some(person) = self.0.people.get(id) else { return missing() };
        ok(Value::Array(person.roles.iter().map(|role| self.assignment(role, person)).collect()))
    }

    /// A role as somebody holds it. The id is the assignment's: the same for everybody, as with Okta's newer ones.
    fn assignment(&self, role: &str, person: &Person) -> Value {
        let mut it = json!({
            "id": format!("ra1{role}"), "label": self.0.roles.get(role).map(|role| &role.name), "type": role,
            "status": "ACTIVE", "created": CREATED, "lastUpdated": CREATED, "assignmentType": "USER",
        });
        if let Some(it) = it.as_object_mut().filter(|_| is_custom(role)) {
            it.insert("type".into(), "CUSTOM".into());
            it.insert("role".into(), role.into());
            it.insert("resource-set".into(), person.more.get(role).cloned().unwrap_or_default());
        }
        it
    }

    fn assign(&mut self, id: &str, body: &Value) -> Answer {
        let (kind, set) = (text(body, "/type").unwrap_or_default(), text(body, "/resource-set"));
        let role = text(body, "/role").filter(|_| kind == "CUSTOM").unwrap_or(kind);
        let is_known = self.0.roles.contains_key(&role);
        let Some(person) = self.0.people.get_mut(id).filter(|_| is_known) else { return missing() };
        if is_custom(&role) && set.is_none() {
            return refused(400, "E0000001", "Api validation failed: resource-set");
        }
        if !person.roles.insert(role.clone()) {
            return refused(409, "E0000090", "The role specified is already assigned to the user.");
        }
        person.more.extend(set.map(|set| (role.clone(), set.into())));
        let person = person.clone();
        json_of(201, self.assignment(&role, &person))
    }

    fn unassign(&mut self, id: &str, assignment: &str) -> Answer {
        let Some(person) = self.0.people.get_mut(id) else { return missing() };
        let role = assignment.strip_prefix("ra1").unwrap_or_default();
        person.more.remove(role);
        match person.roles.remove(role) {
            true => Answer::empty(204),
            false => refused(404, "E0000007", &format!("Not found: Resource not found: {assignment} (RoleAssignment)")),
        }
    }

    /// The custom roles; Okta shows the standard ones nowhere.
    fn roles(&mut self, request: &Received, path: &[&str], body: &Value) -> Answer {
        let shown = |(id, role): (&String, &Role)| {
            let mut it =
                json!({ "id": id, "label": role.name, "created": CREATED, "lastUpdated": CREATED, "_links": {} });
            it.as_object_mut().into_iter().for_each(|it| it.extend(role.more.clone()));
            it
        };
        let written = || Role {
            name: text(body, "/label").unwrap_or_default(),
            more: Map::from_iter(text(body, "/description").map(|text| ("description".to_owned(), text.into()))),
        };
        let id = match (request.method.as_str(), path) {
            ("GET", []) => {
                let custom = self.0.roles.iter().filter(|(id, _)| is_custom(id));
                return ok(json!({ "roles": custom.map(shown).collect::<Vec<_>>(), "_links": {} }));
            }
            ("POST", []) => self.0.add_role(role_id, written()),
            (_, [id]) if !is_custom(id) || !self.0.roles.contains_key(*id) => return missing(),
            ("DELETE", [id]) => {
                self.0.remove_role(id);
                return Answer::empty(204);
            }
            ("PUT", [id]) => {
                self.0.roles.insert((*id).to_owned(), written());
                (*id).to_owned()
            }
            ("GET", [id]) => (*id).to_owned(),
            _ => return unknown(request),
        };
        self.0.roles.get_key_value(&id).map_or_else(missing, |role| ok(shown(role)))
    }

    fn group(&self, id: &str) -> Answer {
        self.0.groups.get(id).map_or_else(missing, |team| ok(group(id, team)))
    }

    fn members(&self, id: &str) -> Answer {
        let Some(team) = self.0.groups.get(id) else { return missing() };
        let people = team.members.iter().filter_map(|id| Some(user(id, self.0.people.get(id)?)));
        ok(Value::Array(people.collect()))
    }

    fn membership(&mut self, group: &str, person: &str, wanted: bool) -> Answer {
        let is_known = self.0.people.contains_key(person);
        let Some(team) = self.0.groups.get_mut(group).filter(|_| is_known) else { return missing() };
        match wanted {
            true => team.members.insert(person.to_owned()),
            false => team.members.remove(person),
        };
        Answer::empty(204)
    }
}

/// Where a person keeps what else is in the profile, and that they are suspended.
const PROFILE: &str = "profile";
const SUSPENDED: &str = "suspended";

fn login(person: &Person) -> String {
    let login = person.more.get(PROFILE).and_then(|profile| text(profile, "/login"));
    login.unwrap_or_else(|| person.email.clone())
}

fn status(person: &Person) -> &'static str {
    match (person.blocked, person.more.contains_key(SUSPENDED)) {
        (true, _) => "DEPROVISIONED",
        (_, true) => "SUSPENDED",
        _ => "ACTIVE",
    }
}

/// Changes what is sent; `null` empties.
fn write_profile(person: &mut Person, body: &Value) {
    let mut profile = object(person.more.get(PROFILE).cloned().unwrap_or_default());
    for (name, value) in object(body.pointer("/profile").cloned().unwrap_or_default()) {
        match (name.as_str(), value) {
            ("email", Value::String(email)) => person.email = email,
            ("firstName", Value::String(given)) => person.given_name = given,
            ("lastName", Value::String(family)) => person.family_name = family,
            (_, Value::Null) => drop(profile.remove(&name)),
            (_, value) => drop(profile.insert(name, value)),
        }
    }
    person.more.insert(PROFILE.into(), Value::Object(profile));
}

/// Puts the whole profile of a group in place of the one there is.
fn write_group(team: &mut Team, body: &Value) {
    team.name = text(body, "/profile/name").unwrap_or_default();
    team.more = Map::from_iter(text(body, "/profile/description").map(|text| ("description".to_owned(), text.into())));
}

fn user(id: &str, person: &Person) -> Value {
    let mut profile = object(person.more.get(PROFILE).cloned().unwrap_or_default());
    profile.extend(object(json!({
        "login": login(person), "email": person.email,
        "firstName": person.given_name, "lastName": person.family_name,
    })));
    json!({ "id": id, "status": status(person), "created": person.more.get("created"), "profile": profile })
}

fn group(id: &str, team: &Team) -> Value {
    let profile = json!({ "name": team.name, "description": team.more.get("description") });
    json!({ "id": id, "type": "OKTA_GROUP", "profile": profile })
}

fn app((id, label): &(&str, &str)) -> Value {
    json!({
        "id": id, "name": label.to_lowercase(), "label": label, "status": "ACTIVE", "created": CREATED,
        "signOnMode": "SAML_2_0",
    })
}

fn is_custom(role: &str) -> bool {
    role.starts_with("cr0")
}

/// When roles and applications were made.
const CREATED: &str = "2026-01-01T00:00:00.000Z";

/// A page after the id that the cursor names.
fn page(request: &Received, items: Vec<(String, Value)>) -> Answer {
    let limit = number(request, "limit", 200);
    let after = request.query("after").unwrap_or_default();
    let mut rest = items.into_iter().filter(|(id, _)| id.as_str() > after);
    let page: Vec<(String, Value)> = rest.by_ref().take(limit).collect();
    let last = page.last().map(|(id, _)| id.clone());
    let answer = ok(Value::Array(page.into_iter().map(|(_, item)| item).collect()));
    match last.filter(|_| rest.next().is_some()) {
        Some(last) => {
            let address = format!("{}{}?after={last}&limit={limit}", base(request), request.path);
            answer.header("link", format!("<{address}>; rel=\"next\""))
        }
        None => answer,
    }
}

fn missing() -> Answer {
    refused(404, "E0000007", "Not found: Resource not found")
}

fn refused(status: u16, code: &str, summary: &str) -> Answer {
    refused_because(status, code, summary, &[])
}

fn refused_because(status: u16, code: &str, summary: &str, causes: &[&str]) -> Answer {
    let causes: Vec<Value> = causes.iter().map(|cause| json!({ "errorSummary": cause })).collect();
    json_of(status, json!({ "errorCode": code, "errorSummary": summary, "errorCauses": causes }))
}
