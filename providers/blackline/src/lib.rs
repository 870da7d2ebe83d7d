#![cfg_attr(doc, doc = include_str!("../README.md"))]
//! # How to read this crate
//!
//! 1. This page: what BlackLine is like (`BLACKLINE`), what to ask for and what is true of each action ([`DEFINITION`]),
//!    and how to connect.
//! 2. `assumed.rs`: what no public source shows, each thing once. Read it first where something does not work.
//! 3. `wire.rs`: BlackLine's JSON. `map.rs`: from BlackLine's JSON to the unified schema, pure functions.
//! 4. `pairs.rs`: roles with their products. `users.rs`, `places.rs`: the other actions.
//!
//! BlackLine publishes no description of its API. Facts come from independent integrations (Saviynt, SailPoint,
//! ConductorOne, Zilla, Veza, Workato); what stays unverified stands in [`DEFINITION`]'s notes.

mod assumed;
mod definition;
mod map;
mod pairs;
mod places;
mod users;
mod wire;

use std::time::Duration;

use userdir_core::http::{Answer, Auth, ClientAuth, Connection, Fault, Grant, Http, Next, Paging, TotalAt, Vendor};
use userdir_core::{Call, Connect, Error, ErrorKind, Result, async_trait, provider};

pub use definition::DEFINITION;

/// The fixture cases of this provider.
#[cfg(feature = "fixtures")]
pub static FIXTURES: include_dir::Dir<'static> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/fixtures");

/// A connection to one BlackLine instance.
#[derive(Debug)]
pub struct BlackLine {
    http: Http,
    /// How its lists are read, with the account's page size.
    lists: Paging,
    /// Login of the user that the account is.
    username: String,
}

provider!(BlackLine, DEFINITION);

/// What is peculiar about BlackLine's HTTP. Nothing is known of headers that tell its limits.
static BLACKLINE: Vendor = Vendor { fault, ..Vendor::JSON };

/// BlackLine's error body: nothing is documented, so whatever reads like a message is taken for one.
fn fault(answer: &Answer) -> Option<Fault> {
    if answer.is_success() {
        return None;
    }
    let text = String::from_utf8_lossy(&answer.body);
    let kind = assumed::says_token_is_bad(answer.status, &text).then_some(ErrorKind::Authentication);
    let (message, code) = match answer.json::<wire::Error>() {
        Ok(it) => {
            let text = it.message.or(it.error_description).or(it.error).or(it.title).or(it.detail);
            (text.or_else(|| it.errors.map(|errors| errors.to_string())), it.error_code)
        }
        Err(_) => (Some(text.trim().to_owned()), None),
    };
    Some(Fault { message: message.filter(|text| !text.is_empty()), code, kind, ..Fault::default() })
}

#[async_trait]
impl Connect for BlackLine {
    fn connect(connection: Connection) -> Result<BlackLine> {
        let base = match (connection.get("base_url"), connection.get("environment")) {
            (Some(_), _) => connection.url("base_url")?,
            (None, Some(environment)) => connection.url_or("base_url", &address(environment)?)?,
            (None, None) => {
                return Err(Error::config("`environment` is missing")
                    .hint("it is in BlackLine's address: `us2` of https://acme.us2.blackline.com"));
            }
        };
        let root = base.as_str().trim_end_matches('/');
        let grant = Grant::Password {
            url: connection.url_or("token_url", &format!("{root}/authorize/connect/token"))?,
            client_id: connection.require("client_id")?.to_owned(),
            client: ClientAuth::Basic(connection.secret("client_secret")?),
            scope: Some(connection.require("scopes")?.to_owned()),
            username: connection.require("username")?.to_owned(),
            password: connection.secret("api_key")?,
        };
        let lists = Paging {
            items: "items",
            limit: "pageSize",
            max: page_size(connection.require("page_size")?)?,
            next: Next::BodyLinkOrShort { path: assumed::NEXT_LINK },
            total: TotalAt::Nowhere,
        };
        let username = connection.require("username")?.to_owned();
        // an hour, where the answer does not say
        let auth = Auth::token(grant).lasting(Duration::from_secs(3600));
        Ok(BlackLine { http: connection.http(base, &BLACKLINE, auth), lists, username })
    }

    fn http(&self) -> &Http {
        &self.http
    }

    async fn check(&self, call: &Call) -> Result<()> {
        self.http.get("v1/roles").query("pageSize", "1").probe(call).await
    }
}

/// The address of a cluster such as `us2`.
fn address(environment: &str) -> Result<String> {
    let fits = environment.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    match fits {
        true => Ok(format!("https://{}.api.blackline.com", environment.to_ascii_lowercase())),
        false => Err(Error::config(format!("`environment` is `{environment}`; it is one word, such as `us2`"))),
    }
}

fn page_size(text: &str) -> Result<u32> {
    let size = text.parse().ok().filter(|size| (1..=10_000).contains(size));
    size.ok_or_else(|| Error::config(format!("`page_size` is `{text}`; it must be a number from 1 to 10000")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_one_word() {
        assert_eq!(address("US2").unwrap(), "https://us2.api.blackline.com");
        for wrong in ["us2.evil.example/", "us2/../x", "a b", "us2@x"] {
            assert_eq!(address(wrong).unwrap_err().kind(), ErrorKind::Config, "{wrong}");
        }
    }

    #[test]
    fn a_page_size_is_a_number() {
        assert_eq!(page_size("10000").unwrap(), 10_000);
        for wrong in ["0", "10001", "many", "-1"] {
            assert!(page_size(wrong).is_err(), "{wrong}");
        }
    }
}
