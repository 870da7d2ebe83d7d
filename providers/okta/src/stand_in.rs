//! Okta: users and groups by Link header, lifecycle calls, membership by PUT and DELETE.
//!
//! <https://developer.okta.com/docs/api/openapi/okta-management/management/tag/User/>

use serde_json::{Map, Value, json};

use userdir_stand_in::memory::words::{
    base, json_of, number, object, ok, quoted_after, seconds_now, segments, text, unknown,
};
use userdir_stand_in::memory::{Directory, Particulars, Person, Team, Vendor};
use userdir_stand_in::{Answer, Received};

#[derive(Clone)]
struct Okta(Directory);

/// An organization of seven people.
pub fn new() -> Box<dyn Vendor> {
    Box::new(Okta(Directory::seeded("", id)))
}

fn id(number: u32) -> String {
    format!("00u{number:017}")
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
            ("GET", ["users", _, "roles" | "appLinks" | "factors"]) => ok(json!([])),
            ("POST", ["users", id, "lifecycle", what]) => self.lifecycle(id, what),
            ("GET", ["groups"]) => {
                let asked = request.query("search").unwrap_or_default();
                let wanted = quoted_after(asked, "profile.name eq \"");
                let groups = self.0.groups.iter().filter(|(_, team)| wanted.is_none_or(|wanted| team.name == wanted));
                page(request, groups.map(|(id, team)| (id.clone(), group(id, team))).collect())
            }
            ("POST", ["groups"]) => {
                let name = text(&body, "/profile/name").unwrap_or_default();
                let id = self.0.found(id, Team { name, ..Team::default() });
                self.group(&id)
            }
            ("GET", ["groups", id]) => self.group(id),
            ("DELETE", ["groups", id]) => self.0.groups.remove(*id).map_or_else(missing, |_| Answer::empty(204)),
            ("GET", ["groups", id, "users"]) => self.members(id),
            ("PUT" | "DELETE", ["groups", id, "users", user]) => self.membership(id, user, request.method == "PUT"),
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
            ..Particulars::default()
        }
    }

    fn copy(&self) -> Box<dyn Vendor> {
        Box::new(self.clone())
    }
}

impl Okta {
    fn users(&self, request: &Received) -> Answer {
        // the one comparison that is played: who has this login or address
        let asked = request.query("filter").or(request.query("search")).unwrap_or_default();
        let wanted = ["profile.login eq \"", "profile.email eq \""];
        let wanted = wanted.iter().find_map(|start| quoted_after(asked, start));
        let is_meant = |person: &Person| wanted.is_none_or(|wanted| person.email.eq_ignore_ascii_case(wanted));
        let people = self.0.people.iter().filter(|(_, person)| is_meant(person));
        page(request, people.map(|(id, person)| (id.clone(), user(id, person))).collect())
    }

    fn person(&self, id: &str) -> Answer {
        self.0.people.get(id).map_or_else(missing, |person| ok(user(id, person)))
    }

    fn hire(&mut self, body: &Value) -> Answer {
        let member = |name: &str| text(body, &format!("/profile/{name}")).unwrap_or_default();
        let email = member("email");
        if self.0.has_email(&email) {
            let cause = "login: An object with this field already exists in the current organization";
            return refused_because(400, "E0000001", "Api validation failed: login", &[cause]);
        }
        let mut more = Map::new();
        more.insert("created".into(), json!("2026-01-01T00:00:00.000Z"));
        let (given_name, family_name) = (member("firstName"), member("lastName"));
        let id = self.0.hire(id, Person { email, given_name, family_name, more, ..Person::default() });
        self.person(&id)
    }

    fn update(&mut self, id: &str, body: &Value) -> Answer {
        let Some(person) = self.0.people.get_mut(id) else { return missing() };
        for (name, place) in
            [("email", &mut person.email), ("firstName", &mut person.given_name), ("lastName", &mut person.family_name)]
        {
            if let Some(value) = text(body, &format!("/profile/{name}")) {
                *place = value;
            }
        }
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
        match (what, person.blocked) {
            ("deactivate", _) => person.blocked = true,
            ("activate", true) => person.blocked = false,
            ("activate", false) => {
                return refused(403, "E0000016", "Activation failed because the user is already active");
            }
            _ => return refused(400, "E0000001", "Api validation failed: status"),
        }
        ok(json!({}))
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

fn user(id: &str, person: &Person) -> Value {
    let status = if person.blocked { "DEPROVISIONED" } else { "ACTIVE" };
    json!({
        "id": id,
        "status": status,
        "created": person.more.get("created"),
        "profile": {
            "login": person.email, "email": person.email,
            "firstName": person.given_name, "lastName": person.family_name,
        },
    })
}

fn group(id: &str, team: &Team) -> Value {
    json!({ "id": id, "type": "OKTA_GROUP", "profile": { "name": team.name, "description": null } })
}

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
