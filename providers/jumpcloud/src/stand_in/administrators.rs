//! Administrators of the console and their roles. Whoever of the people holds a role is an administrator too, linked by
//! the address.

use serde_json::{Value, json};

use userdir_stand_in::memory::words::{MADE, json_of, object, ok, text, unknown};
use userdir_stand_in::memory::{Person, Role};
use userdir_stand_in::{Answer, Received};

use super::{JumpCloud, ORGANIZATION, counted, missing, refused};

const ADMINISTRATOR: &str = "5f2c99d04c3d6b0a1e3c0f10";
const BILLING: &str = "5c3536e9e0a6840001872799";
pub const HELP_DESK: &str = "5c3536e9e0a6840001872801";
pub const ROLES: [(&str, &str); 2] = [(BILLING, "Administrator with Billing"), (HELP_DESK, "Help Desk")];

fn role_id(number: u32) -> String {
    format!("64b0aa51e0a684000187{number:04x}")
}

/// The administrator who is one of the people, linked by the address: whoever holds a role is one.
fn administrator_id(person: &str) -> String {
    format!("5f2c99d04c3d6b0a1f{}", person.get(18..).unwrap_or_default())
}

impl JumpCloud {
    pub(super) fn administrators(&mut self, request: &Received, path: &[&str], body: &Value) -> Answer {
        match (request.method.as_str(), path) {
            ("GET", []) => counted(request, self.all()),
            ("GET", ["getSelf"]) => ok(self.own()),
            ("GET", [id]) => self.administrator(id),
            ("POST", []) => self.invite(body),
            ("PUT", [id]) => {
                let roles = body.get("roles").and_then(Value::as_array).into_iter().flatten();
                let roles: Vec<String> = roles.filter_map(|role| role.as_str().map(str::to_owned)).collect();
                self.linked(id).into_iter().for_each(|person| person.roles = roles.iter().cloned().collect());
                self.administrator(id)
            }
            ("DELETE", [id]) => {
                let gone = self.administrator(id);
                self.linked(id).into_iter().for_each(|person| person.roles.clear());
                gone
            }
            _ => unknown(request),
        }
    }

    pub(super) fn roles(&mut self, request: &Received, path: &[&str], body: &Value) -> Answer {
        match (request.method.as_str(), path) {
            ("GET", []) => counted(request, self.0.roles.iter().map(role).collect()),
            ("POST", []) => {
                let id = self.0.add_role(role_id, written_role(body));
                self.role(201, &id)
            }
            ("GET", [id]) => self.role(200, id),
            ("PUT", [id]) => {
                self.0.roles.get_mut(*id).into_iter().for_each(|role| *role = written_role(body));
                self.role(200, id)
            }
            ("DELETE", [id]) => match self.0.remove_role(id) {
                true => Answer::empty(204),
                false => missing(),
            },
            _ => unknown(request),
        }
    }

    /// The administrator whose key is used.
    fn own(&self) -> Value {
        let roles = self.0.roles.get_key_value(BILLING);
        administrator(ADMINISTRATOR, "admin@example.com", ["Ada", "Min"], roles.into_iter())
    }

    fn all(&self) -> Vec<Value> {
        let linked = self.0.people.iter().filter(|(_, person)| !person.roles.is_empty()).map(|(id, person)| {
            let roles = person.roles.iter().filter_map(|id| self.0.roles.get_key_value(id));
            let names = [person.given_name.as_str(), person.family_name.as_str()];
            administrator(&administrator_id(id), &person.email, names, roles)
        });
        linked.chain([self.own()]).collect()
    }

    fn administrator(&self, id: &str) -> Answer {
        self.all().into_iter().find(|one| one["_id"] == id).map_or_else(missing, ok)
    }

    /// What a person shows of the administrator that they are too.
    pub(super) fn link(&self, id: &str, person: &Person) -> Value {
        let names: Vec<&String> = person.roles.iter().filter_map(|role| Some(&self.0.roles.get(role)?.name)).collect();
        match names.as_slice() {
            [] => Value::Null,
            [only] => json!({ "id": administrator_id(id), "roleName": only, "roleNames": names }),
            _ => json!({ "id": administrator_id(id), "roleName": "Multi Role", "roleNames": names }),
        }
    }

    /// The person whom an administrator is linked to.
    fn linked(&mut self, id: &str) -> Option<&mut Person> {
        let mut people = self.0.people.iter_mut();
        people.find(|(person, it)| administrator_id(person) == id && !it.roles.is_empty()).map(|(_, person)| person)
    }

    /// Makes one of the people an administrator with a role, which is named by its name.
    fn invite(&mut self, body: &Value) -> Answer {
        let (email, name) = (text(body, "/email").unwrap_or_default(), text(body, "/roleName").unwrap_or_default());
        let role = self.0.roles.iter().find(|(_, role)| role.name == name).map(|(id, _)| id.clone());
        let person = self.0.people.iter_mut().find(|(_, person)| person.email.eq_ignore_ascii_case(&email));
        let (Some(role), Some((id, person))) = (role, person) else {
            return refused(400, "INVALID_ARGUMENT", "email and roleName must be known");
        };
        if !person.roles.is_empty() {
            return refused(409, "ALREADY_EXISTS", "Administrator already exists");
        }
        person.roles.insert(role);
        let id = administrator_id(id);
        self.administrator(&id)
    }

    fn role(&self, status: u16, id: &str) -> Answer {
        self.0.roles.get_key_value(id).map_or_else(missing, |it| json_of(status, role(it)))
    }
}

fn role((id, role): (&String, &Role)) -> Value {
    let is_custom = ROLES.iter().all(|(known, _)| known != id);
    let mut it = json!({ "id": id, "name": role.name, "isCustom": is_custom, "scopes": [] });
    it.as_object_mut().into_iter().for_each(|it| it.extend(role.more.clone()));
    it
}

/// The whole of a role.
fn written_role(body: &Value) -> Role {
    let mut more = object(body.clone());
    more.remove("name");
    Role { name: text(body, "/name").unwrap_or_default(), more }
}

fn administrator<'r>(
    id: &str,
    email: &str,
    [first, last]: [&str; 2],
    roles: impl Iterator<Item = (&'r String, &'r Role)>,
) -> Value {
    let (roles, names): (Vec<&String>, Vec<&String>) = roles.map(|(id, role)| (id, &role.name)).unzip();
    json!({
        "_id": id, "email": email, "firstname": first, "lastname": last, "organization": ORGANIZATION,
        "role": roles.first(), "roleName": names.first(), "roles": roles, "roleNames": names, "suspended": false,
        "totpEnrolled": true, "created": MADE,
    })
}
