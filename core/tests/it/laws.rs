//! Laws that hold for any input.

use std::sync::{Mutex, OnceLock};

use proptest::prelude::*;
use serde_json::json;
use userdir_core::action::*;
use userdir_core::observer::{Observer, Verdict, WriteStep};
use userdir_core::{Call, Directory, Result, async_trait};
use userdir_schema::UserRole;

use crate::world::*;

/// Keeps the address of the write, which is not sent.
#[derive(Default)]
struct Address(Mutex<Option<String>>);

#[async_trait]
impl Observer for Address {
    async fn before_write(&self, step: &WriteStep) -> Result<Verdict> {
        *self.0.lock().unwrap() = Some(step.url.clone());
        Ok(Verdict::Planned)
    }
}

fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Runtime::new().unwrap())
}

fn directory(slug: &str) -> &'static Directory {
    static BOTH: OnceLock<(World, World)> = OnceLock::new();
    let both = BOTH.get_or_init(|| {
        runtime().block_on(async {
            let (acme, slow) = (World::of("acme", |s| s).await, World::of("slow", |s| s).await);
            for world in [&acme, &slow] {
                world.serve(|_, _, _| ok(json!({ "id": "x", "status": "active" }))).await;
            }
            (acme, slow)
        })
    });
    if slug == "acme" { &both.0.directory } else { &both.1.directory }
}

/// The address of a write with this id, unless it is refused.
fn address(slug: &str, id: &str) -> Option<String> {
    let seen = std::sync::Arc::new(Address::default());
    let call = Call::new().observed_by(seen.clone()).remote_query(vec![(id.to_owned(), id.to_owned())]);
    let role = UserRole { id: Some("r1".to_owned().into()), ..UserRole::default() };
    runtime().block_on(async {
        match slug {
            "acme" => drop(directory(slug).assign_role(&call, AssignRoleInput::new(id, vec![role])).await),
            _ => drop(directory(slug).deactivate_user(&call, DeactivateUserInput::new(id)).await),
        }
    });
    seen.0.lock().unwrap().clone()
}

/// Ids that try to get out, more often than chance has them.
fn ids() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("..".to_owned()),
        Just(".".to_owned()),
        Just("/".to_owned()),
        Just("%2e".to_owned()),
        Just("%2F".to_owned()),
        Just("\\".to_owned()),
        Just("?".to_owned()),
        Just("#".to_owned()),
        Just("@".to_owned()),
        Just("//evil.example".to_owned()),
        Just("\t".to_owned()),
        Just("\u{0}".to_owned()),
        Just(" ".to_owned()),
        Just("\u{202e}".to_owned()),
        Just(";".to_owned()),
        ".{0,6}",
        "[a-z0-9]{1,8}",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_id_leaves_its_segment(id in ids()) {
        for slug in ["acme", "slow"] {
            let Some(address) = address(slug, &id) else { continue };
            let base: url::Url = "http://127.0.0.1".parse().unwrap();
            let url: url::Url = address.parse().unwrap();
            prop_assert_eq!(url.host_str(), base.host_str());
            prop_assert!(url.fragment().is_none());
            let segments: Vec<&str> = url.path_segments().unwrap().collect();
            let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
            match slug {
                "acme" => prop_assert!(matches!(segments[..], ["users", own, "roles", "r1"] if decode(own) == id), "{}", url),
                _ => prop_assert!(matches!(segments[..], ["users", own, "deactivate"] if decode(own) == id), "{}", url),
            }
            let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            prop_assert_eq!(query, vec![(id.clone(), id.clone())]);
        }
    }

    #[test]
    fn no_filter_value_adds_a_parameter(value in ids()) {
        prop_assume!(!value.is_empty());
        let world = directory("acme");
        let call = Call::new().observed_by(std::sync::Arc::new(userdir_core::observer::Recorder::default()));
        let recorder = std::sync::Arc::new(userdir_core::observer::Recorder::default());
        let call = call.observed_by(recorder.clone());
        let filter = UserFilter::default().username(value.as_str());
        let _ = runtime().block_on(world.list_users(&call, filter, 3, None));
        let url: url::Url = recorder.exchanges()[0].url.parse().unwrap();
        prop_assert_eq!(url.path(), "/users");
        let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        prop_assert_eq!(query, vec![("username".to_owned(), value), ("limit".to_owned(), "3".to_owned())]);
    }
}
