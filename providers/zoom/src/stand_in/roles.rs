//! Roles, and who holds them: everybody holds exactly one.

use serde_json::{Value, json};

use userdir_stand_in::memory::words::{MADE, json_of, object, ok, unknown};
use userdir_stand_in::memory::{Person, Role};
use userdir_stand_in::{Answer, Received};

use super::{Zoom, id, member, named, nobody, page, refused};

pub const OWNER: &str = "0";
pub const ADMIN: &str = "1";
/// Who has no other role.
pub const MEMBER: &str = "2";
pub const BUILT_IN: [(&str, &str); 3] = [(OWNER, "Owner"), (ADMIN, "Admin"), (MEMBER, "Member")];

pub fn role(person: &Person) -> &str {
    person.roles.first().map_or(MEMBER, String::as_str)
}

impl Zoom {
    fn shown(&self, id: &str, role: &Role) -> Value {
        let mut it = json!({
            "id": id, "name": role.name, "description": "", "total_members": self.0.holders(id).count(),
        });
        it.as_object_mut().into_iter().for_each(|it| it.extend(role.more.clone()));
        it
    }

    /// Roles, and who holds them: everybody holds one.
    pub(super) fn roles(&mut self, request: &Received, path: &[&str], body: &Value) -> Answer {
        match (request.method.as_str(), path) {
            ("GET", []) => {
                let roles: Vec<Value> = self.0.roles.iter().map(|(id, role)| self.shown(id, role)).collect();
                ok(json!({ "total_records": roles.len(), "roles": roles }))
            }
            ("POST", []) => {
                let mut role = Role::default();
                write_role(&mut role, body);
                let id = self.0.add_role(id, role.clone());
                json_of(201, self.shown(&id, &role))
            }
            (_, [id, ..]) if !self.0.roles.contains_key(*id) => no_role(id),
            ("GET", [id]) => self.0.roles.get(*id).map_or_else(|| no_role(id), |role| ok(self.shown(id, role))),
            ("PATCH" | "DELETE", [id]) if BUILT_IN.iter().any(|it| it.0 == *id) => {
                refused(400, 300, "Not a custom role.")
            }
            ("PATCH", [id]) => {
                self.0.roles.get_mut(*id).into_iter().for_each(|role| write_role(role, body));
                Answer::empty(204)
            }
            ("DELETE", [id]) => {
                self.0.remove_role(id);
                Answer::empty(204)
            }
            ("GET", [id, "members"]) => {
                page(request, "members", self.0.holders(id).map(|(id, person)| (id, member(id, person))))
            }
            ("POST", [role, "members"]) => {
                let mut added = Vec::new();
                for user in named(body) {
                    let Some(id) = self.find(&user).map(|(id, _)| id.clone()) else { return nobody(&user) };
                    if let Some(person) = self.0.people.get_mut(&id) {
                        person.roles = [(*role).to_owned()].into();
                        added.push(id);
                    }
                }
                json_of(201, json!({ "ids": added.join(","), "add_at": MADE }))
            }
            ("DELETE", [role_id, "members", user]) => match self.find_mut(user) {
                Some(person) if role(person) == *role_id => {
                    person.roles = [MEMBER.to_owned()].into();
                    Answer::empty(204)
                }
                Some(_) => refused(404, 300, "Role member not found."),
                None => nobody(user),
            },
            _ => unknown(request),
        }
    }
}

/// Changes what is sent.
fn write_role(role: &mut Role, body: &Value) {
    role.more.extend(object(body.clone()));
    if let Some(Value::String(name)) = role.more.remove("name") {
        role.name = name;
    }
}

fn no_role(id: &str) -> Answer {
    refused(400, 1034, &format!("Role does not exist: {id}."))
}
