//! Zoom: users by status and page token, invited until they accept; a seat that is a number, and one role; groups with
//! members.
//!
//! <https://developers.zoom.us/docs/api/>

mod roles;

use serde_json::{Map, Value, json};

use userdir_stand_in::memory::words::{
    MADE, base, json_of, number, object, ok, piece, seconds_now, segments, text, unknown,
};
use userdir_stand_in::memory::{Directory, Particulars, Person, Team, Vendor};
use userdir_stand_in::{Answer, Received};

use roles::{ADMIN, BUILT_IN, MEMBER, OWNER, role};

#[derive(Clone)]
struct Zoom(Directory);

const BASIC: &str = "1";
const LICENSED: &str = "2";

/// An account of seven people, all licensed: the first one owns it, one is inactive, one has yet to accept.
pub fn new() -> Box<dyn Vendor> {
    let mut directory = Directory::seeded(LICENSED, id).with_roles(&BUILT_IN);
    let roles = [OWNER, ADMIN].into_iter().chain(std::iter::repeat(MEMBER));
    for (number, (person, role)) in directory.people.values_mut().zip(roles).enumerate() {
        person.roles.insert(role.into());
        match number {
            5 => drop(person.more.insert("pending".into(), true.into())),
            6 => (person.blocked, person.seat) = (true, BASIC.into()),
            _ => {}
        }
    }
    Box::new(Zoom(directory))
}

fn id(number: u32) -> String {
    format!("zJKyaiAyTNC-MWji{number:06}")
}

impl Vendor for Zoom {
    fn answer(&mut self, request: &Received) -> Answer {
        let path = segments(request);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        if let ("POST", ["oauth", "token"]) = (request.method.as_str(), path.as_slice()) {
            let token = json!({ "access_token": "zoom-token", "token_type": "bearer", "expires_in": 3600 });
            let (mut token, api) = (object(token), base(request));
            token.insert("scope".into(), "user:read:list_users:admin".into());
            token.insert("api_url".into(), api.into());
            return ok(Value::Object(token));
        }
        let ["v2", path @ ..] = path.as_slice() else { return unknown(request) };
        let body = request.json().unwrap_or_default();
        match (request.method.as_str(), path) {
            ("GET", ["users"]) => self.users(request),
            ("POST", ["users"]) => self.invite(&body),
            ("GET", ["users", "me"]) => refused(400, 200, "me is not supported with this token"),
            ("GET", ["users", user]) => match self.find(user) {
                Some((id, person)) => ok(self.user(id, person, true)),
                None => nobody(user),
            },
            ("PATCH", ["users", user]) => self.update(user, &body),
            ("DELETE", ["users", user]) => {
                match self.find(user).map(|(id, person)| (id.clone(), role(person) == OWNER)) {
                    None => nobody(user),
                    Some((_, true)) => refused(400, 200, "The owner cannot be deleted"),
                    Some((id, _)) => {
                        self.0.dismiss(&id);
                        Answer::empty(204)
                    }
                }
            }
            ("PUT", ["users", user, "status"]) => self.status(user, &body),
            (_, ["roles", rest @ ..]) => self.roles(request, rest, &body),
            ("GET", ["accounts", "me", "plans", "usage"]) => {
                let used = self.0.people.values().filter(|person| person.seat == LICENSED).count();
                ok(json!({ "plan_base": { "type": "monthly", "hosts": 20, "usage": used } }))
            }
            ("GET", ["groups"]) => page(request, "groups", self.0.groups.iter().map(|(id, it)| (id, group(id, it)))),
            ("POST", ["groups"]) => {
                let name = text(&body, "/name").unwrap_or_default();
                if self.0.groups.values().any(|team| team.name == name) {
                    return refused(409, 4132, &format!("Group name {name} is already in use."));
                }
                let id = self.0.found(id, Team { name, ..Team::default() });
                self.group(201, &id)
            }
            ("GET", ["groups", id]) => self.group(200, id),
            ("PATCH", ["groups", id]) => match (self.0.groups.get_mut(*id), text(&body, "/name")) {
                (Some(team), Some(name)) => {
                    team.name = name;
                    Answer::empty(204)
                }
                (None, _) => no_group(id),
                (_, None) => refused(400, 300, "Validation Failed."),
            },
            ("DELETE", ["groups", id]) => match self.0.groups.remove(*id) {
                Some(_) => Answer::empty(204),
                None => no_group(id),
            },
            ("GET", ["groups", id, "members"]) => match self.0.groups.get(*id) {
                Some(team) => {
                    let people = team.members.iter().filter_map(|id| Some((id, self.0.people.get(id)?)));
                    page(request, "members", people.map(|(id, person)| (id, member(id, person))))
                }
                None => no_group(id),
            },
            ("POST", ["groups", id, "members"]) => self.add_members(id, &body),
            ("DELETE", ["groups", id, "members", user]) => match self.0.groups.get_mut(*id) {
                None => no_group(id),
                Some(team) => match team.members.remove(*user) {
                    true => Answer::empty(204),
                    false => refused(404, 300, "Group member not found."),
                },
            },
            _ => unknown(request),
        }
    }

    fn directory(&mut self) -> &mut Directory {
        &mut self.0
    }

    fn too_many(&self) -> Answer {
        let message = "You have reached the maximum per-second rate limit for this API. Try again later.";
        refused(429, 429, message)
            .header("x-ratelimit-category", "Light")
            .header("x-ratelimit-type", "QPS")
            .header("x-ratelimit-limit", "30")
            .header("x-ratelimit-remaining", "0")
            .header("x-ratelimit-reset", (seconds_now() + 1).to_string())
    }

    fn changes(&self, request: &Received) -> bool {
        request.method != "GET" && request.path != "/oauth/token"
    }

    fn is_further(&self, request: &Received) -> bool {
        request.query("next_page_token").is_some_and(|token| !token.is_empty())
    }

    fn accept(&mut self, email: &str) {
        if let Some(person) = self.0.people.values_mut().find(|person| person.email == email) {
            person.more.remove("pending");
        }
    }

    fn particulars(&self) -> Particulars {
        Particulars {
            new_user: object(json!({
                "first_name": "Maya", "last_name": "Ortiz", "user_type": "licensed",
                "emails": [{ "email": "maya@example.com" }],
            })),
            changes: object(json!({ "last_name": "Vega" })),
            new_group: object(json!({ "name": "Legal" })),
            downgrade: Map::new(),
            lower_seat: BASIC,
            role: ADMIN,
            licenses: &["Basic", "Licensed", "None", "On-prem", "Unassigned without Meetings Basic"],
        }
    }

    fn copy(&self) -> Box<dyn Vendor> {
        Box::new(self.clone())
    }
}

/// Invited, and not here yet.
fn is_pending(person: &Person) -> bool {
    person.more.contains_key("pending")
}

fn status(person: &Person) -> &'static str {
    match (is_pending(person), person.blocked) {
        (true, _) => "pending",
        (_, true) => "inactive",
        _ => "active",
    }
}

fn seat(person: &Person) -> u32 {
    person.seat.parse().unwrap_or_default()
}

impl Zoom {
    /// One status, the active ones where none is named.
    fn users(&self, request: &Received) -> Answer {
        let wanted = request.query("status").unwrap_or("active");
        let is_meant = |person: &Person| {
            status(person) == wanted && request.query("role_id").is_none_or(|wanted| role(person) == wanted)
        };
        let people = self.0.people.iter().filter(|(_, person)| is_meant(person));
        page(request, "users", people.map(|(id, person)| (id, self.user(id, person, false))))
    }

    /// By id or address; who is pending by the address alone.
    fn find(&self, user: &str) -> Option<(&String, &Person)> {
        let is_it =
            |id: &str, person: &Person| person.email.eq_ignore_ascii_case(user) || id == user && !is_pending(person);
        self.0.people.iter().find(|(id, person)| is_it(id, person))
    }

    fn find_mut(&mut self, user: &str) -> Option<&mut Person> {
        let id = self.find(user)?.0.clone();
        self.0.people.get_mut(&id)
    }

    fn invite(&mut self, body: &Value) -> Answer {
        let info = body.pointer("/user_info").cloned().unwrap_or_default();
        let email = text(&info, "/email").unwrap_or_default();
        if self.0.has_email(&email) {
            return refused(409, 1005, &format!("User already in the account: {email}"));
        }
        let mut person = Person { email, ..Person::default() };
        person.more.insert("pending".into(), true.into());
        person.roles.insert(MEMBER.into());
        write(&mut person, &info);
        let id = self.0.hire(id, person.clone());
        let mut made = object(member(&id, &person));
        made.retain(|_, value| !value.is_null());
        json_of(201, Value::Object(made))
    }

    fn update(&mut self, user: &str, body: &Value) -> Answer {
        let Some(person) = self.find_mut(user) else { return nobody(user) };
        write(person, body);
        Answer::empty(204)
    }

    /// Who is deactivated loses every licence.
    fn status(&mut self, user: &str, body: &Value) -> Answer {
        let Some(person) = self.find_mut(user) else { return nobody(user) };
        let action = text(body, "/action").unwrap_or_default();
        match action.as_str() {
            _ if is_pending(person) => return refused(400, 1120, "The invitation has not been accepted."),
            "deactivate" if [OWNER, ADMIN].contains(&role(person)) => {
                return refused(400, 200, "The owner and administrators cannot be deactivated");
            }
            "deactivate" => (person.blocked, person.seat) = (true, BASIC.into()),
            "activate" => person.blocked = false,
            _ => return refused(400, 300, "Validation Failed."),
        }
        Answer::empty(204)
    }

    fn group(&self, status: u16, id: &str) -> Answer {
        self.0.groups.get(id).map_or_else(|| no_group(id), |team| json_of(status, group(id, team)))
    }

    /// Whoever is added now; the answer leaves out who was a member before.
    fn add_members(&mut self, group: &str, body: &Value) -> Answer {
        if !self.0.groups.contains_key(group) {
            return no_group(group);
        }
        let found: Vec<String> = named(body).iter().filter_map(|user| Some(self.find(user)?.0.clone())).collect();
        let Some(team) = self.0.groups.get_mut(group) else { return no_group(group) };
        let added: Vec<String> = found.into_iter().filter(|id| team.members.insert(id.clone())).collect();
        json_of(201, json!({ "ids": added.join(","), "added_at": MADE }))
    }

    /// A user; alone it shows more than in a list.
    fn user(&self, id: &str, person: &Person, is_alone: bool) -> Value {
        let mut user = object(member(id, person));
        let groups: Vec<&String> = self.0.groups_of(id).map(|(id, _)| id).collect();
        let more = json!({
            "status": status(person), "verified": 1, "group_ids": groups, "role_id": role(person),
            "created_at": MADE, "user_created_at": MADE, "display_name": person.more.get("display_name"),
            "job_title": person.more.get("job_title"), "timezone": person.more.get("timezone"),
            "language": person.more.get("language"),
        });
        user.extend(object(more));
        if is_alone {
            user.insert("account_id".into(), "q6gBJVO5TzexKYTb_I2rpg".into());
        }
        if is_pending(person) {
            user.remove("id");
        }
        user.retain(|_, value| !value.is_null());
        Value::Object(user)
    }
}

/// Writes what a body says. Nothing else but a number makes a seat.
fn write(person: &mut Person, body: &Value) {
    for (name, value) in object(body.clone()) {
        match (name.as_str(), value.as_str()) {
            ("first_name", Some(given)) => person.given_name = given.to_owned(),
            ("last_name", Some(family)) => person.family_name = family.to_owned(),
            ("type", _) => person.seat = value.to_string(),
            ("email", _) => {}
            _ => drop(person.more.insert(name, value)),
        }
    }
}

/// The members that a body names, by id or address.
fn named(body: &Value) -> Vec<String> {
    let members = body.pointer("/members").and_then(Value::as_array).into_iter().flatten();
    members.filter_map(|member| text(member, "/id").or_else(|| text(member, "/email"))).collect()
}

/// What a group tells of a member.
fn member(id: &str, person: &Person) -> Value {
    json!({
        "id": id, "email": person.email, "first_name": person.given_name, "last_name": person.family_name,
        "type": seat(person),
    })
}

fn group(id: &str, team: &Team) -> Value {
    json!({ "id": id, "name": team.name, "total_members": team.members.len() })
}

/// A page behind the id that the token names. A token holds for the same question alone.
fn page<'i>(request: &Received, name: &str, all: impl Iterator<Item = (&'i String, Value)>) -> Answer {
    let size = number(request, "page_size", 30).min(300);
    let question = format!("{}-{size}-", request.query("status").unwrap_or("active"));
    let token = request.query("next_page_token").unwrap_or_default();
    let Some(after) = (if token.is_empty() { Some("") } else { token.strip_prefix(question.as_str()) }) else {
        return refused(400, 300, "The next page token is invalid or expired.");
    };
    let all: Vec<(&String, Value)> = all.collect();
    let total = all.len();
    let start = all.iter().position(|(id, _)| id.as_str() > after).unwrap_or(total);
    let page = piece(all, start, size);
    let next = page.last().filter(|_| start + page.len() < total).map(|(id, _)| format!("{question}{id}"));
    let items: Vec<Value> = page.into_iter().map(|(_, item)| item).collect();
    let pages = total.div_ceil(size.max(1));
    ok(json!({
        "page_count": pages, "page_size": size, "total_records": total, "next_page_token": next.unwrap_or_default(),
        name: items,
    }))
}

fn nobody(user: &str) -> Answer {
    refused(404, 1001, &format!("User does not exist: {user}."))
}

fn no_group(id: &str) -> Answer {
    refused(404, 4130, &format!("Group does not exist: {id}."))
}

fn refused(status: u16, code: u32, message: &str) -> Answer {
    json_of(status, json!({ "code": code, "message": message }))
}
