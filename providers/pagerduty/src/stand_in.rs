//! PagerDuty: users and teams by offset, a seat that is a licence and a base role together, roles in teams.
//!
//! <https://developer.pagerduty.com/api-reference/>

use serde_json::{Map, Value, json};

use userdir_stand_in::memory::words::{json_of, names, number, object, ok, piece, segments, text, unknown, values};
use userdir_stand_in::memory::{Directory, Particulars, Person, Team, Vendor};
use userdir_stand_in::{Answer, Received};

use crate::map::BASE_ROLES;

#[derive(Clone)]
struct PagerDuty(Directory);

/// A licence of the account.
struct License {
    id: &'static str,
    name: &'static str,
    group: &'static str,
    roles: &'static [&'static str],
    /// Seats that were bought; none is no end of them.
    seats: Option<usize>,
}

const LICENSES: [License; 2] = [
    License {
        id: "PIP248G",
        name: "Business (Full User)",
        group: "FullUser",
        roles: &["owner", "admin", "user", "limited_user", "observer", "restricted_access"],
        seats: Some(20),
    },
    License {
        id: "PQ8W0D0",
        name: "Business (Stakeholder)",
        group: "Stakeholder",
        roles: &["read_only_user", "read_only_limited_user"],
        seats: None,
    },
];
const FULL: &str = "PIP248G";
const STAKEHOLDER: &str = "PQ8W0D0";

/// An account of seven people; the first one owns it.
pub fn new() -> Box<dyn Vendor> {
    let mut directory = Directory::seeded(FULL, id).with_roles(BASE_ROLES);
    let roles = ["owner", "admin"].into_iter().chain(std::iter::repeat("limited_user"));
    for (person, role) in directory.people.values_mut().zip(roles) {
        person.roles.insert(role.into());
    }
    for team in directory.groups.values_mut() {
        team.more = team.members.iter().map(|member| (member.clone(), "manager".into())).collect();
    }
    Box::new(PagerDuty(directory))
}

fn id(number: u32) -> String {
    format!("PXPG{number:03}")
}

impl Vendor for PagerDuty {
    fn answer(&mut self, request: &Received) -> Answer {
        let path = segments(request);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let body = request.json().unwrap_or_default();
        match (request.method.as_str(), path.as_slice()) {
            ("GET", ["users"]) => self.users(request),
            ("POST", ["users"]) => self.hire(request, &body),
            ("GET", ["users", "me"]) => refused(400, 0, "The operation is not supported for this type of key", &[]),
            ("GET", ["users", id]) => self.person(request, id),
            ("PUT", ["users", id]) => self.update(request, id, &body),
            ("DELETE", ["users", id]) => match self.0.people.get(*id) {
                None => missing(),
                Some(person) if role(person) == "owner" => invalid("The account owner cannot be deleted"),
                Some(_) => self.dismiss(id),
            },
            ("GET", ["users", id, "license"]) => match self.0.people.get(*id) {
                Some(person) => ok(json!({ "license": license_of(person).map(|it| self.license(it)) })),
                None => missing(),
            },
            ("GET", ["licenses"]) => ok(json!({ "licenses": LICENSES.each_ref().map(|it| self.license(it)) })),
            ("GET", ["license_allocations"]) => {
                let row = |(id, person): (&String, &Person)| {
                    let user = json!({ "id": id, "type": "user_reference" });
                    json!({ "license": license_of(person).map(|it| self.license(it)), "user": user })
                };
                page(request, "license_allocations", self.0.people.iter().map(row).collect())
            }
            ("GET", ["teams"]) => {
                let is_meant = |team: &Team| request.query("query").is_none_or(|word| has(&team.name, word));
                let teams = self.0.groups.iter().filter(|(_, team)| is_meant(team));
                page(request, "teams", teams.map(|(id, it)| team(id, it, "team")).collect())
            }
            ("POST", ["teams"]) => {
                let name = text(&body, "/team/name").unwrap_or_default();
                let id = self.0.found(id, Team { name, ..Team::default() });
                self.team(201, &id)
            }
            ("GET", ["teams", id]) => self.team(200, id),
            ("PUT", ["teams", id]) => {
                if let (Some(team), Some(name)) = (self.0.groups.get_mut(*id), text(&body, "/team/name")) {
                    team.name = name;
                }
                self.team(200, id)
            }
            ("DELETE", ["teams", id]) => self.0.groups.remove(*id).map_or_else(no_team, |_| Answer::empty(204)),
            ("GET", ["teams", id, "members"]) => self.members(request, id),
            ("PUT" | "DELETE", ["teams", team, "users", user]) => self.membership(request, team, user, &body),
            _ => unknown(request),
        }
    }

    fn directory(&mut self) -> &mut Directory {
        &mut self.0
    }

    fn too_many(&self) -> Answer {
        refused(429, 2020, "Rate Limit Exceeded", &[])
            .header("ratelimit-limit", "960")
            .header("ratelimit-remaining", "0")
            .header("ratelimit-reset", "42")
    }

    fn is_further(&self, request: &Received) -> bool {
        number(request, "offset", 0) > 0
    }

    fn particulars(&self) -> Particulars {
        Particulars {
            new_user: object(json!({ "name": "Maya Ortiz", "emails": [{ "email": "maya@example.com" }] })),
            changes: object(json!({ "name": "Maya Vega" })),
            new_group: object(json!({ "name": "Legal" })),
            downgrade: object(json!({ "license_id": STAKEHOLDER, "role_id": "read_only_user" })),
            lower_seat: STAKEHOLDER,
            role: "observer",
            licenses: &["Business (Full User)", "Business (Stakeholder)"],
        }
    }

    fn copy(&self) -> Box<dyn Vendor> {
        Box::new(self.clone())
    }
}

fn role(person: &Person) -> &str {
    person.roles.first().map(String::as_str).unwrap_or_default()
}

fn license_of(person: &Person) -> Option<&'static License> {
    LICENSES.iter().find(|license| license.id == person.seat)
}

/// Whether a text has a word in it, in any case.
fn has(text: &str, word: &str) -> bool {
    text.to_lowercase().contains(&word.to_lowercase())
}

impl PagerDuty {
    fn users(&self, request: &Received) -> Answer {
        let teams = values(request, "team_ids[]");
        let is_meant = |(id, person): &(&String, &Person)| {
            let words = format!("{} {} {}", person.given_name, person.family_name, person.email);
            request.query("query").is_none_or(|word| has(&words, word))
                && (teams.is_empty() || self.0.groups_of(id).any(|(team, _)| teams.contains(&team.as_str())))
        };
        let people = self.0.people.iter().filter(is_meant);
        page(request, "users", people.map(|(id, person)| self.user(request, id, person)).collect())
    }

    fn person(&self, request: &Received, id: &str) -> Answer {
        let user = self.0.people.get(id).map(|person| self.user(request, id, person));
        user.map_or_else(missing, |user| ok(json!({ "user": user })))
    }

    /// Who is new is a responder of the full licence, unless the body says otherwise, and invited.
    fn hire(&mut self, request: &Received, body: &Value) -> Answer {
        if request.header("from").is_none() {
            return refused(400, 2001, "Invalid Input Provided", &["Requester User Not Found"]);
        }
        let mut more = Map::new();
        more.insert("invitation_sent".into(), true.into());
        let roles = ["limited_user".to_owned()].into();
        let mut person = Person { seat: FULL.into(), roles, more, ..Person::default() };
        if let Err(refusal) = self.write(&mut person, body) {
            return refusal;
        }
        let id = self.0.hire(id, person);
        let user = self.0.people.get(&id).map(|person| self.user(request, &id, person));
        json_of(201, json!({ "user": user }))
    }

    fn update(&mut self, request: &Received, id: &str, body: &Value) -> Answer {
        let Some(mut person) = self.0.people.get(id).cloned() else { return missing() };
        if let Err(refusal) = self.write(&mut person, body) {
            return refusal;
        }
        self.0.people.insert(id.to_owned(), person);
        self.person(request, id)
    }

    /// Writes what a body says. Licence and role must agree, and there must be a seat.
    fn write(&self, person: &mut Person, body: &Value) -> Result<(), Answer> {
        let before = person.clone();
        for (name, value) in object(body.pointer("/user").cloned().unwrap_or_default()) {
            let word = value.as_str().map(str::to_owned);
            match (name.as_str(), word) {
                ("name", Some(full)) => (person.given_name, person.family_name) = names(&full),
                ("email", Some(email)) => person.email = email,
                ("role", Some(role)) => person.roles = [role].into(),
                ("license", _) => person.seat = text(&value, "/id").unwrap_or_default(),
                ("type", _) => {}
                _ => drop(person.more.insert(name, value)),
            }
        }
        if person.email.is_empty() || person.given_name.is_empty() {
            return Err(invalid("Name and email are required"));
        }
        if person.email != before.email && self.0.has_email(&person.email) {
            return Err(invalid("Email has already been taken"));
        }
        if role(person) != role(&before) && [role(person), role(&before)].contains(&"owner") {
            return Err(invalid("The role of the account owner cannot be changed"));
        }
        let is_new = before.email.is_empty() || person.seat != before.seat;
        let license = license_of(person).filter(|license| license.roles.contains(&role(person)));
        match license.filter(|license| !is_new || self.left(license).is_none_or(|left| left > 0)) {
            Some(_) => Ok(()),
            None => Err(invalid("License is not available")),
        }
    }

    fn dismiss(&mut self, id: &str) -> Answer {
        self.0.dismiss(id);
        self.0.groups.values_mut().for_each(|team| drop(team.more.remove(id)));
        Answer::empty(204)
    }

    fn team(&self, status: u16, id: &str) -> Answer {
        let found = self.0.groups.get(id).map(|it| team(id, it, "team"));
        found.map_or_else(no_team, |team| json_of(status, json!({ "team": team })))
    }

    fn members(&self, request: &Received, id: &str) -> Answer {
        let Some(team) = self.0.groups.get(id) else { return no_team() };
        let row = |id: &String| {
            let name = self.0.people.get(id).map(|it| format!("{} {}", it.given_name, it.family_name));
            let user = json!({ "id": id, "type": "user_reference", "summary": name });
            json!({ "user": user, "role": team.more.get(id) })
        };
        page(request, "members", team.members.iter().map(row).collect())
    }

    /// Makes somebody a member, in a role; or ends it. What ending one answers that is none is not documented.
    fn membership(&mut self, request: &Received, team: &str, user: &str, body: &Value) -> Answer {
        let Some(person) = self.0.people.get(user) else { return missing() };
        let Some(team) = self.0.groups.get_mut(team) else { return no_team() };
        if request.method == "DELETE" {
            team.more.remove(user);
            return if team.members.remove(user) { Answer::empty(204) } else { missing() };
        }
        if person.seat == STAKEHOLDER {
            return invalid("Stakeholders cannot be added to teams");
        }
        team.members.insert(user.to_owned());
        team.more.insert(user.to_owned(), text(body, "/role").unwrap_or_else(|| "manager".into()).into());
        Answer::empty(204)
    }

    /// Seats that are left of a licence.
    fn left(&self, license: &License) -> Option<usize> {
        let used = self.0.people.values().filter(|person| person.seat == license.id).count();
        license.seats.map(|seats| seats.saturating_sub(used))
    }

    fn license(&self, it: &License) -> Value {
        json!({
            "id": it.id, "type": "license", "name": it.name, "summary": it.name, "description": "", "role_group": it.group,
            "current_value": self.0.people.values().filter(|person| person.seat == it.id).count(),
            "allocations_available": self.left(it), "valid_roles": it.roles, "self": null, "html_url": null,
        })
    }

    fn user(&self, request: &Received, id: &str, person: &Person) -> Value {
        let includes = values(request, "include[]");
        let kind =
            |name: &str, whole: &'static str, short: &'static str| if includes.contains(&name) { whole } else { short };
        let team_kind = kind("teams", "team", "team_reference");
        let teams: Vec<Value> = self.0.groups_of(id).map(|(id, it)| team(id, it, team_kind)).collect();
        let mut email = json!({
            "id": format!("C{id}"), "summary": "Default", "html_url": null,
            "type": kind("contact_methods", "email_contact_method", "email_contact_method_reference"),
        });
        if let Some(email) = email.as_object_mut().filter(|_| includes.contains(&"contact_methods")) {
            email.insert("label".into(), "Default".into());
            email.insert("address".into(), person.email.clone().into());
        }
        let name = format!("{} {}", person.given_name, person.family_name);
        let mut user = json!({
            "id": id, "type": "user", "summary": name, "name": name, "email": person.email, "time_zone": null,
            "html_url": format!("https://acme.pagerduty.com/users/{id}"), "invitation_sent": false, "job_title": null,
            "description": null, "role": role(person), "teams": teams, "contact_methods": [email], "notification_rules": [],
        });
        if let Some(user) = user.as_object_mut() {
            user.extend(person.more.clone());
        }
        user
    }
}

/// A team, or what stands for one.
fn team(id: &str, it: &Team, kind: &str) -> Value {
    let mut team = json!({
        "id": id, "type": kind, "summary": it.name, "html_url": format!("https://acme.pagerduty.com/teams/{id}"),
    });
    if let Some(team) = team.as_object_mut().filter(|_| kind == "team") {
        team.insert("name".into(), it.name.clone().into());
        team.insert("description".into(), Value::Null);
        team.insert("default_role".into(), "manager".into());
    }
    team
}

fn page(request: &Received, name: &str, all: Vec<Value>) -> Answer {
    let (limit, offset) = (number(request, "limit", 25).min(100), number(request, "offset", 0));
    if offset + limit > 10_000 {
        return invalid("Offset must be less than 10000");
    }
    let total = all.len();
    let more = offset + limit < total;
    let counted = (request.query("total") == Some("true")).then_some(total);
    ok(json!({ name: piece(all, offset, limit), "limit": limit, "offset": offset, "more": more, "total": counted }))
}

fn missing() -> Answer {
    refused(404, 2100, "Not Found", &[])
}

fn no_team() -> Answer {
    refused(404, 6001, "Team Not Found", &[])
}

fn invalid(why: &str) -> Answer {
    refused(400, 2001, "Invalid Input Provided", &[why])
}

fn refused(status: u16, code: u32, message: &str, errors: &[&str]) -> Answer {
    json_of(status, json!({ "error": { "message": message, "code": code, "errors": errors } }))
}
