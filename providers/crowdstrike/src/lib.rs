#![cfg_attr(doc, doc = include_str!("../README.md"))]
//! # How to read this crate
//!
//! 1. This page: what Falcon's HTTP is like, and how to connect. `definition.rs`: what to ask for and what is true of each
//!    action.
//! 2. `wire.rs`: Falcon's JSON. `map.rs`: from Falcon's JSON to the unified schema, pure functions.
//! 3. `entities.rs`: how Falcon shows things, ids first. `fql.rs`: its filter language. `cid.rs`: its tenants, and at which
//!    of them a role is meant.
//! 4. `users.rs`; `grants.rs`: roles given and taken; `roles.rs`, `assignments.rs`; `groups.rs` over two sources,
//!    `profile_groups.rs` and `flight_control.rs`; `tenants.rs`: organizations and workspaces.

mod assignments;
mod cid;
mod definition;
mod entities;
mod flight_control;
mod fql;
mod grants;
mod groups;
pub mod map;
mod profile_groups;
mod roles;
mod tenants;
mod users;
mod wire;

use serde_json::Value;
use userdir_core::http::{
    Answer, Auth, ClientAuth, Connection, Discovery, Encoding, Fault, Grant, Http, RateHeaders, Request, Reset,
    Resources, Vendor,
};
use userdir_core::{Call, Connect, Error, ErrorKind, Result, async_trait, provider};

pub use definition::DEFINITION;

/// The fixture cases of this provider.
#[cfg(feature = "fixtures")]
pub static FIXTURES: include_dir::Dir<'static> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/fixtures");

/// A connection to one customer of CrowdStrike Falcon.
#[derive(Debug)]
pub struct CrowdStrike {
    http: Http,
    /// Where roles are given and taken when a call does not say; none: at the user's home CID.
    cid: Option<String>,
    /// Which of Falcon's two kinds of groups are the groups.
    groups: &'static groups::Source,
    /// Whether the CID has children; none: the account does not say.
    flight_control: Option<bool>,
}

provider!(CrowdStrike, DEFINITION);

/// What is peculiar about Falcon's HTTP.
static FALCON: Vendor = Vendor {
    rate: RateHeaders {
        remaining: "x-ratelimit-remaining",
        // the window slides; only a refusal says when to come again
        reset: "",
        reset_as: Reset::EpochSeconds,
        retry_after: Some(("x-ratelimit-retryafter", Reset::EpochSeconds)),
    },
    fault,
    request_id: "x-cs-traceid",
    ..Vendor::JSON
};

/// Falcon has one envelope for success and failure. An error in it counts inside a 200 and a 207 too.
fn fault(answer: &Answer) -> Option<Fault> {
    first_fault(&answer.json::<wire::Envelope>().ok()?.errors, answer.is_success())
}

/// The first of the errors; one of another shape than documented is an error all the same.
fn first_fault(errors: &Value, is_success: bool) -> Option<Fault> {
    let error = match errors {
        Value::Null => return None,
        Value::Array(errors) => errors.first()?,
        other => other,
    };
    let code = error.get("code").map(|code| code.as_str().map_or_else(|| code.to_string(), str::to_owned));
    let status = code.as_deref().and_then(|code| code.parse().ok()).unwrap_or_default();
    let message = error.get("message").and_then(Value::as_str);
    let kind = message.and_then(told_in_words);
    let kind = kind.or_else(|| is_success.then(|| ErrorKind::from_status(status)));
    Some(Fault { code, message: message.map(str::to_owned), kind, ..Fault::default() })
}

/// What Falcon answers 400 to and tells in words alone. The words for what is there already are unverified.
fn told_in_words(message: &str) -> Option<ErrorKind> {
    let message = message.to_ascii_lowercase();
    let says = |words: &str| message.contains(words);
    if says("invalid user uuid") {
        Some(ErrorKind::NotFound)
    } else if says("already exists") || says("already in use") {
        Some(ErrorKind::Conflict)
    } else {
        None
    }
}

/// The address of the first cloud, which knows of each customer where it lives.
pub(crate) const US_1: &str = "https://api.crowdstrike.com";

/// The clouds by their names, and their addresses.
fn address_of(region: &str) -> Option<&'static str> {
    Some(match region {
        "us-1" => US_1,
        "us-2" => "https://api.us-2.crowdstrike.com",
        "us-3" => "https://api.us-3.crowdstrike.com",
        "eu-1" => "https://api.eu-1.crowdstrike.com",
        "us-gov-1" => "https://api.laggar.gcw.crowdstrike.com",
        "us-gov-2" => "https://api.us-gov-2.crowdstrike.mil",
        _ => return None,
    })
}

#[async_trait]
impl Connect for CrowdStrike {
    fn connect(connection: Connection) -> Result<CrowdStrike> {
        let given = connection.url("base_url")?;
        let wrong = |key: &'static str| move |_| Error::config(format!("`{key}` cannot be an address"));
        let region = connection.get("region");
        // an address that is given is meant; of the clouds, those of the government do not say where the customer lives
        let is_cloud = given.as_str().trim_end_matches('/') == US_1;
        let discovers = is_cloud && !region.is_some_and(|region| region.starts_with("us-gov"));
        let base = match region.and_then(address_of).filter(|_| is_cloud) {
            Some(address) => given.join(address).map_err(wrong("region"))?,
            None => given,
        };
        let url = match connection.get("token_url") {
            Some(_) => connection.url("token_url")?,
            None => base.join("/oauth2/token").map_err(wrong("base_url"))?,
        };
        let cid = |key| match connection.get(key) {
            None => Ok(None),
            Some(text) => cid::canonical(text).map(Some).ok_or_else(|| {
                Error::config(format!("`{key}` is no CID"))
                    .hint("it has 32 hex digits; the console shows it under Host setup")
            }),
        };
        let member = cid("member_cid")?;
        let auth = Auth::token(Grant::ClientCredentials {
            url,
            grant_type: "",
            encoding: Encoding::Form,
            client_id: connection.require("client_id")?.to_owned(),
            client: ClientAuth::Post(connection.secret("client_secret")?),
            scope: None,
            extra: member.iter().map(|cid| ("member_cid".to_owned(), cid.clone())).collect(),
        });
        let discovery = Discovery {
            read: |token| token.header("x-cs-region").and_then(address_of).map(str::to_owned),
            hosts: definition::HOSTS,
        };
        let groups = match connection.get("group_source") {
            Some("flight_control") => &flight_control::SOURCE,
            _ => &profile_groups::SOURCE,
        };
        Ok(CrowdStrike {
            http: connection.http(base, &FALCON, if discovers { auth.discovering(discovery) } else { auth }),
            cid: cid("cid")?.or(member),
            groups,
            flight_control: connection.get("flight_control").map(|flag| flag == "true"),
        })
    }

    async fn check(&self, call: &Call) -> Result<()> {
        self.get("user-management/queries/users/v1").query("limit", "1").probe(call).await
    }

    fn http(&self) -> &Http {
        &self.http
    }

    fn resources(&self) -> Resources {
        Resources { root: "", paging: entities::QUERY }
    }
}

impl CrowdStrike {
    /// A GET. Falcon has been seen to insist on the content type where there is no body.
    fn get(&self, path: &'static str) -> Request {
        self.http.get(path).header("content-type", FALCON.content_type)
    }

    /// A DELETE, likewise.
    fn delete(&self, path: &'static str) -> Request {
        self.http.delete(path).header("content-type", FALCON.content_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_of_the_setting_has_an_address_of_the_vendors() {
        for region in definition::REGIONS {
            let address = address_of(region).unwrap();
            assert!(definition::HOSTS.iter().any(|host| address.ends_with(host.trim_start_matches('*'))), "{region}");
        }
        assert_eq!(address_of("mars-1"), None);
    }

    #[test]
    fn the_clouds_are_where_the_vendor_says() {
        for (region, address) in [
            ("us-1", "https://api.crowdstrike.com"),
            ("us-2", "https://api.us-2.crowdstrike.com"),
            ("us-3", "https://api.us-3.crowdstrike.com"),
            ("eu-1", "https://api.eu-1.crowdstrike.com"),
            ("us-gov-1", "https://api.laggar.gcw.crowdstrike.com"),
            ("us-gov-2", "https://api.us-gov-2.crowdstrike.mil"),
        ] {
            assert_eq!(address_of(region), Some(address));
        }
    }

    #[test]
    fn an_error_of_any_shape_is_an_error() {
        let kind = |errors: &str| first_fault(&serde_json::from_str(errors).unwrap(), true).map(|fault| fault.kind);
        assert_eq!(kind(r#"[{"code": 403, "message": "no"}]"#), Some(Some(ErrorKind::Permission)));
        assert_eq!(kind(r#"[{"code": "403", "message": {"en": "no"}}]"#), Some(Some(ErrorKind::Permission)));
        for errors in [r#"["no"]"#, r#"[{}]"#, r#""no""#, r#"{"code": null}"#] {
            assert_eq!(kind(errors), Some(Some(ErrorKind::UnexpectedResponse)), "{errors}");
        }
        assert_eq!((kind("[]"), kind("null")), (None, None));
    }

    #[test]
    fn words_that_mean_another_kind_than_the_status() {
        assert_eq!(told_in_words("Invalid user UUID='x' specified"), Some(ErrorKind::NotFound));
        assert_eq!(told_in_words("user already exists"), Some(ErrorKind::Conflict));
        assert_eq!(told_in_words("invalid roleID='x' specified"), None);
    }
}
