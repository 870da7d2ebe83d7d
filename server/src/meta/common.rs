//! The query parameters that every unified call takes: one table for the meta routes and for the OpenAPI document.

use serde_json::{Value, json};
use userdir::action::{Action, ActionKind};

/// A query parameter with a meaning of its own.
pub struct Common {
    /// Name.
    pub name: &'static str,
    /// On which calls.
    pub on: On,
    /// What sort of value.
    pub kind: Kind,
    /// What it does.
    pub description: &'static str,
}

/// On which calls a parameter has a meaning.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// All.
    All,
    /// Lists.
    Lists,
    /// Writes.
    Writes,
}

/// What sort of value a parameter takes.
#[derive(Clone, Copy)]
pub enum Kind {
    /// A text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number from 1 on.
    Number,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Several words: `name[]=a&name[]=b`, `name[0]=a`, or `name=a,b`.
    Words,
    /// Names and values: `name[a]=b`.
    Object,
}

impl Kind {
    /// Its JSON Schema.
    pub fn schema(self) -> Value {
        match self {
            Kind::Text => json!({"type": "string"}),
            Kind::Flag => json!({"type": "boolean"}),
            Kind::Number => json!({"type": "integer", "minimum": 1}),
            Kind::Choice(words) => json!({"type": "string", "enum": words}),
            Kind::Words => json!({"type": "array", "items": {"type": "string"}}),
            Kind::Object => json!({"type": "object", "additionalProperties": {"type": "string"}}),
        }
    }
}

impl Common {
    const fn new(name: &'static str, on: On, kind: Kind, description: &'static str) -> Common {
        Common { name, on, kind, description }
    }

    /// Those of an action.
    pub fn of(action: Action) -> impl Iterator<Item = &'static Common> {
        let kind = action.info().kind;
        COMMON.iter().filter(move |common| match common.on {
            On::All => true,
            On::Lists => kind == ActionKind::List,
            On::Writes => kind == ActionKind::Write,
        })
    }
}

/// All of them.
pub const COMMON: &[Common] = &[
    Common::new(
        "integrated_account_id",
        On::All,
        Kind::Text,
        "The account, by its id or name. An account token names it already.",
    ),
    Common::new(
        "truto_response_format",
        On::All,
        Kind::Choice(&["unified", "normalized", "raw", "stream", "debug"]),
        "`unified`: the schema of this document. `normalized`: the same with every field present. `raw`: the vendor's body \
         of one page as it came, the next cursor in `x-userdir-next-cursor`. `stream`: a list as NDJSON over all pages, \
         ended by a trailer; a single resource as the vendor sent it. `debug`: `{result, debug}`.",
    ),
    Common::new("truto_ignore_remote_data", On::All, Kind::Flag, "Leaves `remote_data` out."),
    Common::new("truto_exclude_fields", On::All, Kind::Words, "Leaves these fields out; inner ones with dots."),
    Common::new("remote_query", On::All, Kind::Object, "Goes to the vendor as it is: `remote_query[foo]=bar`."),
    Common::new("limit", On::Lists, Kind::Number, "Items on a page: 100 unless given, 1,000 at most."),
    Common::new("next_cursor", On::Lists, Kind::Text, "Where to go on: `next_cursor` of the page before."),
    Common::new("truto_key_by", On::Lists, Kind::Text, "Makes `result` an object, keyed by this field of each item."),
    Common::new(
        "truto_ignore_limit",
        On::Lists,
        Kind::Flag,
        "All pages in one answer, at most 100,000 items; beyond that use the format `stream`.",
    ),
    Common::new(
        "truto_skip_api_call",
        On::All,
        Kind::Flag,
        "Asks the vendor nothing: an empty list, or null. Changes nothing.",
    ),
    Common::new("truto_body_passthrough", On::Writes, Kind::Flag, "Hands the body to the vendor as it came."),
    Common::new(
        "truto_dry_run",
        On::Writes,
        Kind::Flag,
        "Changes nothing: answers `{\"plan\": […]}` with the requests that would have been sent.",
    ),
];
