#![cfg_attr(doc, doc = include_str!("../README.md"))]
//! # How to read this crate
//!
//! This page: what the vendor is like and how to connect. `definition.rs`: its facts. `wire.rs`: its JSON. `map.rs`:
//! from its JSON to the unified schema. `users.rs`: the actions. The model for all of it is `providers/okta`.

mod definition;
mod map;
mod users;
mod wire;

use userdir_core::http::{Answer, Auth, Connection, Fault, Http, RateHeaders, Resources, Vendor};
use userdir_core::{Call, Connect, Result, async_trait, provider};

pub use definition::DEFINITION;

/// The fixture cases of this provider.
#[cfg(feature = "fixtures")]
pub static FIXTURES: include_dir::Dir<'static> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/fixtures");

/// A connection to {{Name}}.
#[derive(Debug)]
pub struct {{Type}} {
    http: Http,
}

provider!({{Type}}, DEFINITION);

/// What is peculiar about the vendor's HTTP.
static VENDOR: Vendor = Vendor { rate: RateHeaders::COMMON, fault, request_id: "x-request-id", ..Vendor::JSON };

/// The vendor's error body. Where its code says more than the status, give the `kind`; where an error comes inside a 200,
/// look at that too.
fn fault(answer: &Answer) -> Option<Fault> {
    let error: wire::Error = (!answer.is_success()).then(|| answer.json().ok())??;
    Some(Fault { code: error.code, message: error.message, ..Fault::default() })
}

#[async_trait]
impl Connect for {{Type}} {
    fn connect(connection: Connection) -> Result<{{Type}}> {
        let auth = Auth::bearer(&connection.secret("api_token")?)?;
        Ok({{Type}} { http: connection.http(connection.url("base_url")?, &VENDOR, auth) })
    }

    /// The cheapest call that proves the credentials.
    async fn check(&self, call: &Call) -> Result<()> {
        self.http.get("users").query("limit", "1").read(call).await.map(drop)
    }

    fn http(&self) -> &Http {
        &self.http
    }

    /// For the server's proxy: where the vendor's own resources stand below the address, and how most lists are paged.
    fn resources(&self) -> Resources {
        Resources { root: "", paging: users::USERS }
    }
}
