#![cfg_attr(doc, doc = include_str!("../README.md"))]
//! # How to read this crate
//!
//! 1. This page: what Segment is like (`SEGMENT`), what to ask for and what is true of each action ([`DEFINITION`]), how
//!    to connect, and how Segment writes lists into a query.
//! 2. `wire.rs`: Segment's JSON. `map.rs`: from it to the unified schema, pure functions. `access.rs`: lists of permissions,
//!    taken apart and put together, pure functions too.
//! 3. `users.rs`, `permissions.rs` (downgrade, assign and unassign roles), `groups.rs`, `roles.rs`, `workspace.rs`: the
//!    actions. Each says what is called in which order; looking before and after a write is core's.
//!
//! Facts come from Segment's description of its Public API (32.0.5) and its current SDKs; what stays unverified stands in
//! [`DEFINITION`]'s notes.

mod access;
mod definition;
mod groups;
pub mod map;
mod permissions;
mod roles;
mod users;
mod wire;
mod workspace;

use std::sync::OnceLock;
use std::time::Duration;

use userdir_core::http::{
    Answer, Auth, Connection, Fault, Http, Next, Paging, RateHeaders, Request, Reset, TotalAt, Vendor,
};
use userdir_core::{Call, Connect, Error, ErrorKind, Result, async_trait, provider};

pub use definition::DEFINITION;

/// The fixture cases of this provider.
#[cfg(feature = "fixtures")]
pub static FIXTURES: include_dir::Dir<'static> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/fixtures");

/// A connection to one Segment workspace.
#[derive(Debug)]
pub struct Segment {
    http: Http,
    /// Whether queries are written with brackets.
    brackets: bool,
    /// The workspace of the token, once that is known: a token has one.
    workspace: OnceLock<wire::Workspace>,
}

provider!(Segment, DEFINITION);

/// The version, which stands in the media type and nowhere else.
const V1: &str = "application/vnd.segment.v1+json";

/// What is peculiar about Segment's HTTP. The reset is a date.
static SEGMENT: Vendor = Vendor {
    rate: RateHeaders {
        remaining: "x-ratelimit-remaining",
        reset: "x-ratelimit-reset",
        reset_as: Reset::Date,
        retry_after: None,
    },
    fault,
    accept: V1,
    content_type: V1,
    ..Vendor::JSON
};

/// Segment's error body. The types are no closed list: the status counts.
fn fault(answer: &Answer) -> Option<Fault> {
    let body: wire::Faults = (!answer.is_success()).then(|| answer.json().ok())??;
    let message = body.message();
    let first = body.errors.into_iter().next()?;
    // the header counts before the body
    let wait = first.data.and_then(|data| data.ms_before_next).filter(|_| answer.header("retry-after").is_none());
    Some(Fault {
        code: first.r#type,
        message: Some(message),
        retry_after: wait
            .filter(|wait| wait.is_finite() && *wait >= 0.0)
            .map(|wait| Duration::from_millis(wait as u64)),
        ..Fault::default()
    })
}

#[async_trait]
impl Connect for Segment {
    fn connect(connection: Connection) -> Result<Segment> {
        let base = connection.url_or("base_url", host(connection.get("region")))?;
        let auth = Auth::bearer(&connection.secret("api_token")?)?;
        Ok(Segment {
            http: connection.http(base, &SEGMENT, auth),
            brackets: connection.get("query_style") == Some("brackets"),
            workspace: OnceLock::new(),
        })
    }

    fn http(&self) -> &Http {
        &self.http
    }

    async fn check(&self, call: &Call) -> Result<()> {
        self.http.get("").probe(call).await
    }
}

/// Where the workspaces of a region are.
fn host(region: Option<&str>) -> &'static str {
    if region == Some("eu") { "https://eu1.api.segmentapis.com" } else { "https://api.segmentapis.com" }
}

impl Segment {
    /// A list below `data`. 200 is the page size that every version takes.
    fn paged(&self, items: &'static str) -> Paging {
        let (limit, parameter) = match self.brackets {
            true => ("pagination[count]", "pagination[cursor]"),
            false => ("pagination.count", "pagination.cursor"),
        };
        let next = Next::BodyCursorSized { path: "data.pagination.next", parameter };
        Paging { items, limit, max: 200, next, total: TotalAt::Body("data.pagination.totalEntries") }
    }

    /// A list of one in the query: `emails.0`.
    fn only(&self, list: &str, value: &str, request: Request) -> Request {
        let name = if self.brackets { format!("{list}[0]") } else { format!("{list}.0") };
        request.query(name, value)
    }
}

/// Says what a refused change most often means: Segment answers 401 to a good token of a weak role too.
fn of_a_change(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Authentication => error.hint(
            "a change needs a token with the role Workspace Owner; a token of another region or a revoked one is \
             answered the same",
        ),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_region_has_a_host_of_its_own() {
        assert_eq!(host(Some("us")), "https://api.segmentapis.com");
        assert_eq!(host(Some("eu")), "https://eu1.api.segmentapis.com");
    }
}
