//! The format of a fixture case: `fixtures/<action>/<case>/case.toml` and the files it names.
//!
//! ```toml
//! title = "an active user is deactivated"
//!
//! [source]                 # where the shape of the answers comes from
//! kind = "documented"      # recorded | documented | written; `url` and `seen` are needed unless it is written
//! url = "https://developer.okta.com/docs/api/"
//! seen = "2026-11-21"
//!
//! [call]                   # all of it may be left out
//! input = { user_id = "00u1" }
//!
//! [[exchange]]             # strictly in order, every one must be used
//! request = { method = "POST", path = "/api/v1/users/00u1/lifecycle/deactivate", query = { sendEmail = "false" } }
//! response = { status = 200, json = {} }
//!
//! [expect]                 # `output`, or `error`
//! output = "expected.json"
//! effect = "applied"
//! ```
//!
//! Where a body, output or plan is a string, it names a file of the case's folder (`../other/page-1.json` reaches the
//! neighbour's); anything else is the value itself. `cargo xtask bless` makes the files of outputs and plans. `{{base}}` is the stand-in's address and `{{secret}}` the account's
//! secret, in every text and file. Unknown keys are errors. In the harness it is 2026-01-01T00:00:00Z when a call begins.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Stands for the stand-in's address.
pub const BASE: &str = "{{base}}";

/// Stands for the account's secret.
pub const SECRET: &str = "{{secret}}";

/// Stands for a value that cannot be known beforehand, such as a signed assertion: any text that is not empty.
pub const ANY: &str = "{{any}}";

/// The time of day at which every case begins: 2026-01-01T00:00:00Z.
pub const BEGIN: i64 = 1_767_225_600;

/// A case: where it stands and what it says, the files it names read in.
#[derive(Clone, Debug)]
pub struct Case {
    /// Folder above it: the function name of its action.
    pub action: String,
    /// Its own folder.
    pub name: String,
    /// What it says.
    pub script: Script,
    /// The file with the expected output, from the fixtures' root.
    pub output_file: Option<String>,
    /// The file with the expected plan.
    pub plan_file: Option<String>,
    /// Every file it reads.
    pub files: BTreeSet<String>,
}

/// What a case says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What the case shows, in a few words.
    pub title: String,
    /// Where the shape of the vendor's answers comes from.
    pub source: Source,
    /// How to connect; else `account.toml` says.
    pub account: Option<Account>,
    /// Paths of members of the answers, such as `user.seats.type`, without which nothing can be told; ids need no mention.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Paths of members of the answers of which null is itself a value, such as an end that is never, or an item without a
    /// value that is no role: the write may find by it that it is so already.
    #[serde(default)]
    pub null_says: Vec<String>,
    /// The call.
    #[serde(default)]
    pub call: Call,
    /// What goes over the wire, in order.
    #[serde(default, rename = "exchange")]
    pub exchanges: Vec<Exchange>,
    /// What must come out.
    pub expect: Expect,
}

/// Where the shape of the answers comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What sort of source.
    pub kind: SourceKind,
    /// Its address.
    pub url: Option<String>,
    /// The day it was looked at, as `2026-11-21`.
    pub seen: Option<String>,
    /// What else there is to say.
    pub note: Option<String>,
}

/// What stands behind a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// Taken from a real tenant, identities replaced.
    Recorded,
    /// Taken from the vendor's documentation.
    Documented,
    /// Written by hand after the documentation.
    Written,
}

impl SourceKind {
    /// The word of the format.
    pub fn as_str(self) -> &'static str {
        match self {
            SourceKind::Recorded => "recorded",
            SourceKind::Documented => "documented",
            SourceKind::Written => "written",
        }
    }
}

/// How to connect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Settings.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Secrets; none of them may be seen anywhere afterwards.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
}

/// The call.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Call {
    /// Input of a get or write, filter of a list.
    pub input: Map<String, Value>,
    /// Asks for one page of so many items; without it a list is streamed to its end.
    pub limit: Option<u32>,
    /// With `limit`: goes on with the cursor until there is none, and joins the pages.
    pub resume: bool,
    /// Merged into the body of the primary request.
    pub remote_data: Map<String, Value>,
    /// Added to the query of the primary request.
    pub remote_query: BTreeMap<String, OneOrMany>,
    /// Plan mode.
    pub plan: bool,
    /// Fields the caller does not want.
    pub without_fields: Vec<String>,
}

/// A request that is expected and the answer it gets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// What must be asked.
    pub request: Request,
    /// What is answered.
    pub response: Response,
}

/// Names and their values, each one or several.
pub type Values = BTreeMap<String, OneOrMany>;

/// One value, or several of the same name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several, in order.
    Many(Vec<String>),
}

impl OneOrMany {
    /// The values.
    pub fn values(&self) -> &[String] {
        match self {
            OneOrMany::One(value) => std::slice::from_ref(value),
            OneOrMany::Many(values) => values,
        }
    }
}

/// What must be asked: method, path, the whole query and the whole body. Of the headers those named are compared; an
/// empty value says that the header must not be there, and `authorization` must be there unless it is named so.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// HTTP method.
    pub method: String,
    /// Path, percent-encoded as sent.
    pub path: String,
    /// Query, percent-decoded; a `+` stays a `+`.
    #[serde(default)]
    pub query: Values,
    /// Headers to compare.
    #[serde(default)]
    pub headers: Values,
    /// JSON body.
    pub body: Option<Value>,
    /// Form fields.
    pub form: Option<Values>,
}

/// What is answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers; the content type is JSON unless it is named here or the body is a `text`.
    #[serde(default)]
    pub headers: Values,
    /// File with the body, sent byte for byte.
    pub body: Option<String>,
    /// The body, as JSON.
    pub json: Option<Value>,
    /// The body, as it is. After reading, every body is here.
    pub text: Option<String>,
}

/// What must come out: an output, or an error.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The resource, or the array of all items of a list.
    pub output: Option<Value>,
    /// What a write did.
    pub effect: Option<String>,
    /// What each step did.
    pub steps: Option<Vec<Value>>,
    /// A piece of each note, in order.
    pub notes: Option<Vec<String>>,
    /// The writes of a plan, without their fingerprints.
    pub plan: Option<Value>,
    /// Whether the list says that it shows fewer fields than the get.
    pub is_partial: Option<bool>,
    /// Seconds that are waited in all before further tries.
    pub waited: Option<f64>,
    /// The error.
    pub error: Option<ExpectedError>,
}

/// What is compared of an error: its kind, and whatever else is given.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedError {
    /// Kind, such as `not_found`.
    pub kind: String,
    /// Whether it is the vendor's own, its answer attached.
    pub vendor: Option<bool>,
    /// The vendor's code.
    pub code: Option<String>,
    /// A piece of the message.
    pub message: Option<String>,
    /// What the error is about.
    pub target: Option<String>,
    /// The vendor's status.
    pub status: Option<u16>,
    /// `not_done` or `unknown`.
    pub outcome: Option<String>,
    /// Names of the members that are missing.
    pub missing: Option<Vec<String>>,
}

impl Script {
    /// The same with address and secret filled in.
    pub fn filled(&self, base: &str, secret: &str) -> Script {
        filled(self, base, secret)
    }
}

impl Account {
    /// The same with address and secret filled in.
    pub fn filled(&self, base: &str, secret: &str) -> Account {
        filled(self, base, secret)
    }
}

fn filled<T: Serialize + DeserializeOwned + Clone>(it: &T, base: &str, secret: &str) -> T {
    let mut value = serde_json::to_value(it).unwrap_or_default();
    replace(&mut value, &[(BASE, base), (SECRET, secret)]);
    // what was written as this type is read as it
    serde_json::from_value(value).unwrap_or_else(|_| it.clone())
}

/// Replaces texts in every string of a value, names of members too.
pub fn replace(value: &mut Value, pairs: &[(&str, &str)]) {
    let put = |text: &str| pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    match value {
        Value::String(text) => *text = put(text),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, pairs)),
        Value::Object(members) => {
            *members = std::mem::take(members)
                .into_iter()
                .map(|(name, mut value)| {
                    replace(&mut value, pairs);
                    (put(&name), value)
                })
                .collect();
        }
        _ => {}
    }
}

impl Case {
    /// Whether something is expected to come out, and no error.
    pub fn is_success(&self) -> bool {
        self.script.expect.error.is_none()
    }
}
