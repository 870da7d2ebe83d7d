//! Vendors with a memory: what is written is there when it is read again.
//!
//! Each keeps a [`Directory`] and speaks it in its vendor's words: paths, paging, bodies, errors, rate headers. Tests read
//! the directory itself, past every word of the vendor's, and so does the demo's person see a deactivation in the next
//! list. What a vendor here does not know is answered 501.
//!
//! The vendors themselves stand in their providers' crates, as `stand_in.rs` under the feature `stand-in`: Okta's shows
//! what one is. [`Stage`] puts one on a port and [`Trick`]s on its stage; [`words`] is what their answers are made of.

mod stage;
pub mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::server::{Answer, Received, StandIn};

pub use stage::{Stage, Trick};

/// A vendor as it is in the beginning.
pub type New = fn() -> Box<dyn Vendor>;

/// A vendor: its words over a [`Directory`].
pub trait Vendor: Send {
    /// Answers a request, and changes the directory where it is a change.
    fn answer(&mut self, request: &Received) -> Answer;

    /// The directory as it is.
    fn directory(&mut self) -> &mut Directory;

    /// The answer to one request too many, with the vendor's own headers about it.
    fn too_many(&self) -> Answer;

    /// Whether a request would change something.
    fn changes(&self, request: &Received) -> bool {
        request.method != "GET"
    }

    /// Whether a request asks for a page of a list that is not the first.
    fn is_further(&self, request: &Received) -> bool;

    /// Somebody who was invited accepts; nothing where who is made is there at once.
    fn accept(&mut self, _email: &str) {}

    /// What this vendor needs to be told where others do not: see [`Particulars`].
    fn particulars(&self) -> Particulars;

    /// The same vendor as it is now.
    fn copy(&self) -> Box<dyn Vendor>;
}

/// Inputs of the unified actions that differ from vendor to vendor.
#[derive(Clone, Debug, Default)]
pub struct Particulars {
    /// Of `create_user`: somebody new.
    pub new_user: Map<String, Value>,
    /// Of `update_user`, but for the id: a new family name, `Vega`.
    pub changes: Map<String, Value>,
    /// Of `create_group`: a new group.
    pub new_group: Map<String, Value>,
    /// Of `downgrade_user`, but for the user.
    pub downgrade: Map<String, Value>,
    /// A role that can be given and taken away; empty where there is none.
    pub role: &'static str,
    /// Names of the licences that there are.
    pub licenses: &'static [&'static str],
    /// The seat that a downgraded user has afterwards.
    pub lower_seat: &'static str,
}

/// People, groups and roles, in the words of no vendor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directory {
    /// By id.
    pub people: BTreeMap<String, Person>,
    /// By id.
    pub groups: BTreeMap<String, Team>,
    /// Roles that there are, by id.
    pub roles: BTreeMap<String, Role>,
    made: u32,
}

/// Somebody.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Person {
    /// Address, and the name to sign in with.
    pub email: String,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// May not sign in.
    pub blocked: bool,
    /// What they have a licence for.
    pub seat: String,
    /// Ids of the roles that they hold.
    pub roles: BTreeSet<String>,
    /// Other things that the vendor keeps of them, under its own names.
    pub more: Map<String, Value>,
}

/// A group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Team {
    /// Name.
    pub name: String,
    /// Ids of its members.
    pub members: BTreeSet<String>,
    /// Other things that the vendor keeps of it, under its own names.
    pub more: Map<String, Value>,
}

/// A role.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Role {
    /// Name.
    pub name: String,
    /// Other things that the vendor keeps of it, under its own names.
    pub more: Map<String, Value>,
}

/// People that are there from the beginning: more than two pages of three.
const PEOPLE: [(&str, &str); 7] = [
    ("Ada", "Byron"),
    ("Grace", "Murray"),
    ("Katherine", "Coleman"),
    ("Mary", "Winston"),
    ("Radia", "Joy"),
    ("Dorothy", "Johnson"),
    ("Annie", "Jump"),
];

/// Groups that are there from the beginning, and how many are in them: more than a page of three.
const GROUPS: [(&str, usize); 5] =
    [("Engineering", 4), ("Finance", 2), ("Marketing", 1), ("Operations", 3), ("Research", 0)];

impl Directory {
    /// Seven people in some groups, all with this seat; `id` makes an id of a number.
    pub fn seeded(seat: &str, id: fn(u32) -> String) -> Directory {
        let mut directory = Directory::default();
        for (given, family) in PEOPLE {
            let person = Person {
                email: format!("{}@example.com", given.to_lowercase()),
                given_name: given.to_owned(),
                family_name: family.to_owned(),
                seat: seat.to_owned(),
                ..Person::default()
            };
            directory.hire(id, person);
        }
        let everyone: Vec<String> = directory.people.keys().cloned().collect();
        for (name, size) in GROUPS {
            let members = everyone.iter().take(size).cloned().collect();
            directory.found(id, Team { name: name.to_owned(), members, ..Team::default() });
        }
        directory
    }

    /// Adds somebody and gives the new id.
    pub fn hire(&mut self, id: fn(u32) -> String, person: Person) -> String {
        self.made += 1;
        let id = id(self.made);
        self.people.insert(id.clone(), person);
        id
    }

    /// Adds a group and gives the new id.
    pub fn found(&mut self, id: fn(u32) -> String, team: Team) -> String {
        self.made += 1;
        let id = id(self.made);
        self.groups.insert(id.clone(), team);
        id
    }

    /// Adds a role and gives the new id.
    pub fn add_role(&mut self, id: fn(u32) -> String, role: Role) -> String {
        self.made += 1;
        let id = id(self.made);
        self.roles.insert(id.clone(), role);
        id
    }

    /// Takes a role out, from whoever holds it too; whether it was there.
    pub fn remove_role(&mut self, id: &str) -> bool {
        self.people.values_mut().for_each(|person| {
            person.roles.remove(id);
        });
        self.roles.remove(id).is_some()
    }

    /// With these roles, by id and name.
    #[must_use]
    pub fn with_roles<'r>(mut self, roles: impl IntoIterator<Item = &'r (&'r str, &'r str)>) -> Directory {
        let named =
            |(id, name): &(&str, &str)| ((*id).to_owned(), Role { name: (*name).to_owned(), ..Role::default() });
        self.roles.extend(roles.into_iter().map(named));
        self
    }

    /// Whoever holds a role.
    pub fn holders<'d>(&'d self, role: &'d str) -> impl Iterator<Item = (&'d String, &'d Person)> {
        self.people.iter().filter(move |(_, person)| person.roles.contains(role))
    }

    /// Takes somebody out, memberships too; whether they were there.
    pub fn dismiss(&mut self, id: &str) -> bool {
        self.groups.values_mut().for_each(|team| {
            team.members.remove(id);
        });
        self.people.remove(id).is_some()
    }

    /// Whether somebody else has this address.
    pub fn has_email(&self, email: &str) -> bool {
        self.people.values().any(|person| person.email.eq_ignore_ascii_case(email))
    }

    /// Ids of those in the middle: the first may own the account, and the last may be blocked or yet to come.
    pub fn ordinary(&self) -> impl Iterator<Item = &String> {
        self.people.keys().skip(2).take(2)
    }

    /// The groups that somebody is in.
    pub fn groups_of<'d>(&'d self, id: &'d str) -> impl Iterator<Item = (&'d String, &'d Team)> {
        self.groups.iter().filter(move |(_, team)| team.members.contains(id))
    }
}

impl StandIn {
    /// Puts a vendor on a port.
    ///
    /// # Errors
    /// Where there is no free port.
    pub async fn remembering(new: New) -> io::Result<(StandIn, Arc<Stage>)> {
        let stage = Arc::new(Stage::new(new()));
        Ok((StandIn::serve(stage.clone()).await?, stage))
    }
}
