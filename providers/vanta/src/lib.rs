#![cfg_attr(doc, doc = include_str!("../README.md"))]
//! # How to read this crate
//!
//! 1. This page: what Vanta is like (`VANTA`), what to ask for and what is true of each action ([`DEFINITION`]), and how to
//!    connect.
//! 2. `wire.rs`: Vanta's JSON. `map.rs`: from Vanta's JSON to the unified schema, pure functions.
//! 3. `people.rs`, `groups.rs`, `log.rs`: the actions. Looking before and after a write is core's.
//!
//! Facts come from Vanta's API description "Manage Vanta" 1.0.0 and its later pages; what stays unverified stands in
//! [`DEFINITION`]'s notes.

mod definition;
mod groups;
mod log;
mod map;
mod people;
mod wire;

use std::time::Duration;

use userdir_core::http::{
    Answer, Auth, ClientAuth, Connection, Encoding, Fault, Grant, Http, NameCache, Next, Paging, TotalAt, Vendor,
};
use userdir_core::{Call, Connect, Error, ErrorKind, Result, async_trait, provider};

pub use definition::DEFINITION;

/// The fixture cases of this provider.
#[cfg(feature = "fixtures")]
pub static FIXTURES: include_dir::Dir<'static> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/fixtures");

/// A connection to one Vanta account.
#[derive(Debug)]
pub struct Vanta {
    http: Http,
    /// The names of groups, as the list that is under way has read them.
    group_names: NameCache,
}

provider!(Vanta, DEFINITION);

/// What is peculiar about Vanta's HTTP. It documents no headers about its limits; `Retry-After` is honoured if it comes.
static VANTA: Vendor = Vendor { fault, repeats_500: true, ..Vendor::JSON };

/// Vanta allows so many requests a minute, and may not say when the next one begins. Pauses that grow from a second, as it
/// recommends, would be used up before.
const WINDOW: Duration = Duration::from_secs(60);

/// The error body, whose shape Vanta does not document (unverified); and an item of a bulk call that failed, which comes
/// inside a 200.
fn fault(answer: &Answer) -> Option<Fault> {
    if !answer.is_success() {
        let mut fault = answer.json::<wire::Failure>().ok().and_then(|failure| failure.read());
        if answer.status == 429 && answer.header("retry-after").is_none() {
            fault.get_or_insert_default().retry_after = Some(WINDOW);
        }
        return fault;
    }
    let failed = wire::Bulk::failed_item(&answer.body)?;
    let message = failed.message.map(|message| message.to_string());
    Some(Fault { code: Some(failed.status.to_string()), message, kind: Some(ErrorKind::Conflict), ..Fault::default() })
}

/// A list that goes on by cursor, which the last page has too.
pub(crate) const PAGES: Paging = Paging {
    items: "results.data",
    limit: "pageSize",
    max: 100,
    next: Next::BodyCursorWhile {
        more: "results.pageInfo.hasNextPage",
        path: "results.pageInfo.endCursor",
        parameter: "pageCursor",
    },
    total: TotalAt::Nowhere,
};

#[async_trait]
impl Connect for Vanta {
    fn connect(connection: Connection) -> Result<Vanta> {
        let base = connection.url("base_url")?;
        // the token must come from the host that it is for
        let url = base.join("/oauth/token").map_err(|_| Error::config("`base_url` cannot take a path"))?;
        let auth = Auth::token(Grant::ClientCredentials {
            url,
            grant_type: "client_credentials",
            encoding: Encoding::Json,
            client_id: connection.require("client_id")?.to_owned(),
            client: ClientAuth::Post(connection.secret("client_secret")?),
            // the same for every account: each pair of its own would be a token of its own, and end the others
            scope: Some("vanta-api.all:read vanta-api.all:write".to_owned()),
            extra: Vec::new(),
        });
        // a new token ends the one before
        let auth = auth.one_per_client();
        Ok(Vanta { http: connection.http(base, &VANTA, auth), group_names: NameCache::default() })
    }

    fn http(&self) -> &Http {
        &self.http
    }

    async fn check(&self, call: &Call) -> Result<()> {
        self.http.get("people").query("pageSize", "1").probe(call).await
    }
}
