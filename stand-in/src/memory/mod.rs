//! Vendors with a memory: what is written is there when it is read again.
//!
//! Each keeps a [`Directory`] and speaks it in its vendor's words: paths, paging, bodies, errors, rate headers. Tests read
//! the directory itself, past every word of the vendor's, and so does the demo's person see a deactivation in the next
//! list. What a vendor here does not know is answered 501.
//!
//! Read `okta.rs` for what a vendor is; [`Stage`] puts one on a port and [`Trick`]s on its stage. To add one: a file beside
//! `okta.rs` and a row in [`VENDORS`].

mod jumpcloud;
mod okta;
mod pagerduty;
mod scim;
mod stage;
mod zoom;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::server::{Answer, Received, StandIn};

pub use stage::{Stage, Trick};

/// A vendor as it is in the beginning.
pub type New = fn() -> Box<dyn Vendor>;

/// The vendors with a memory, by slug.
pub const VENDORS: &[(&str, New)] = &[
    ("jumpcloud", jumpcloud::new),
    ("okta", okta::new),
    ("pagerduty", pagerduty::new),
    ("scim", scim::new),
    ("zoom", zoom::new),
];

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
    /// The seat that a downgraded user has afterwards.
    pub lower_seat: &'static str,
}

/// People and groups, in the words of no vendor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directory {
    /// By id.
    pub people: BTreeMap<String, Person>,
    /// By id.
    pub groups: BTreeMap<String, Team>,
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

impl Directory {
    /// Seven people in two groups, all with this seat; `id` makes an id of a number.
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
        for (name, size) in [("Engineering", 4), ("Finance", 2)] {
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

    /// The groups that somebody is in.
    pub fn groups_of<'d>(&'d self, id: &'d str) -> impl Iterator<Item = (&'d String, &'d Team)> {
        self.groups.iter().filter(move |(_, team)| team.members.contains(id))
    }
}

impl StandIn {
    /// Puts the vendor of this slug on a port; none where it has no memory.
    ///
    /// # Errors
    /// Where there is no free port.
    pub async fn remembering(slug: &str) -> io::Result<Option<(StandIn, Arc<Stage>)>> {
        let Some((_, new)) = VENDORS.iter().find(|(name, _)| *name == slug) else { return Ok(None) };
        let stage = Arc::new(Stage::new(new()));
        Ok(Some((StandIn::serve(stage.clone()).await?, stage)))
    }
}

/// The segments of a request's path, percent-decoded: what routes match on.
fn segments(request: &Received) -> Vec<String> {
    let decoded = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
    request.path.split('/').filter(|part| !part.is_empty()).map(decoded).collect()
}

/// A member of a body as text.
fn text(body: &Value, pointer: &str) -> Option<String> {
    body.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

/// The stand-in's own address as the client sees it.
fn base(request: &Received) -> String {
    format!("http://{}", request.header("host").unwrap_or_default())
}

/// Values of a name in the query that may stand there more than once.
fn values<'r>(request: &'r Received, name: &str) -> Vec<&'r str> {
    request.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
}

/// A number in the query, or another.
fn number(request: &Received, name: &str, default: usize) -> usize {
    request.query(name).and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn ok(body: Value) -> Answer {
    json_of(200, body)
}

fn json_of(status: u16, body: Value) -> Answer {
    Answer::json(status, body.to_string())
}

/// A piece of a list: so many items from a place on.
fn piece<T>(items: Vec<T>, from: usize, size: usize) -> Vec<T> {
    items.into_iter().skip(from).take(size).collect()
}

/// The value that an expression such as `userName eq "ada"` names after these words.
fn quoted_after<'e>(expression: &'e str, words: &str) -> Option<&'e str> {
    expression.split_once(words)?.1.split_once('"').map(|(value, _)| value)
}

/// Given and family name of a full one.
fn names(full: &str) -> (String, String) {
    let (given, family) = full.split_once(' ').unwrap_or((full, ""));
    (given.to_owned(), family.to_owned())
}

/// When everything here was made.
const MADE: &str = "2026-01-01T00:00:00Z";

/// The members of an object.
fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// The time of day in seconds since 1970, as the `Date` of every answer has it.
fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What is not played here.
fn unknown(request: &Received) -> Answer {
    let what = format!("the stand-in knows no answer to {} {}", request.method, request.path);
    json_of(501, json!({ "message": what }))
}
