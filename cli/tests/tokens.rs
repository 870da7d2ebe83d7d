//! Vendor tokens that rotate, kept through what the commands do.
#![cfg(any(feature = "salesforce", feature = "all-providers"))]
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::Cli;
use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// A Salesforce that is none: each refresh token is good for one use, the first is the canary. Gives those that were used.
/// It is down for so many calls with a token.
async fn rotating(down: usize) -> (MockServer, Arc<Mutex<Vec<String>>>) {
    let server = MockServer::start().await;
    let used: Arc<Mutex<Vec<String>>> = Arc::default();
    let (seen, base) = (used.clone(), server.uri());
    let asked = AtomicUsize::new(0);
    let answer = move |request: &Request| {
        if request.url.path() != "/services/oauth2/token" {
            if asked.fetch_add(1, Ordering::SeqCst) < down {
                return ResponseTemplate::new(500);
            }
            return ResponseTemplate::new(200).set_body_json(json!({"totalSize": 0, "done": true, "records": []}));
        }
        let form = String::from_utf8_lossy(&request.body).into_owned();
        let sent = form.split('&').find_map(|field| field.strip_prefix("refresh_token=")).unwrap().to_owned();
        let mut seen = seen.lock().unwrap();
        if seen.contains(&sent) {
            return ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_grant"}));
        }
        seen.push(sent);
        let n = seen.len();
        let token = json!({"access_token": format!("at{n}"), "refresh_token": format!("rt{n}"), "instance_url": base});
        ResponseTemplate::new(200).set_body_json(token)
    };
    Mock::given(any()).respond_with(answer).mount(&server).await;
    (server, used)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_update_goes_on_with_the_rotated_token() {
    let (vendor, used) = rotating(0).await;
    let cli = Cli::new();
    let base = format!("base_url={}", vendor.uri());
    let secrets = ["--secret", "client_secret=env:CANARY", "--secret", "refresh_token=env:CANARY"];
    let add = ["accounts", "add", "salesforce", "--name", "sf", "--set", &base, "--set", "client_id=app"];
    for words in [
        &[&add[..], &secrets[..]].concat()[..],
        &["accounts", "update", "sf", "--set", "user_types=all"],
        &["accounts", "check", "sf"],
        &["accounts", "update", "sf", "--set", "freeze_when_blocked=true"],
        &["accounts", "check", "sf"],
    ] {
        let ran = cli.local(words);
        assert_eq!(ran.code, 0, "{words:?}: {} {:?}", ran.err, used.lock().unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_account_that_could_not_be_checked_keeps_its_rotated_token() {
    let (vendor, used) = rotating(1).await;
    let cli = Cli::new();
    let base = format!("base_url={}", vendor.uri());
    let secrets = ["--secret", "client_secret=env:CANARY", "--secret", "refresh_token=env:CANARY"];
    let add = ["accounts", "add", "salesforce", "--name", "sf", "--set", &base, "--set", "client_id=app"];
    let ran = cli.local(&[&add[..], &secrets[..]].concat());
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("userdir accounts check sf"), "{}", ran.err);
    let ran = cli.local(&["accounts", "check", "sf"]);
    assert_eq!(ran.code, 0, "{} {:?}", ran.err, used.lock().unwrap());
    assert_eq!(cli.run(&["accounts", "show", "sf"]).json()["status"], "active");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_add_that_is_killed_is_gone_on_with() {
    let (vendor, used) = rotating(0).await;
    // the check hangs until the program is ended
    let hangs = ResponseTemplate::new(200).set_delay(Duration::from_secs(60));
    let not_the_token = |request: &Request| request.url.path() != "/services/oauth2/token";
    Mock::given(not_the_token).respond_with(hangs).up_to_n_times(1).with_priority(1).mount(&vendor).await;
    let cli = Cli::new();
    let base = format!("base_url={}", vendor.uri());
    let secrets = ["--secret", "client_secret=env:CANARY", "--secret", "refresh_token=env:CANARY"];
    let add = ["accounts", "add", "salesforce", "--name", "sf", "--set", &base, "--set", "client_id=app"];
    let words = [&add[..], &secrets[..]].concat();
    let mut killed = cli.command(&words);
    killed.env("USERDIR_ALLOW_PRIVATE_NETWORKS", "1").timeout(Duration::from_secs(3)).output().unwrap();
    assert_eq!(used.lock().unwrap().len(), 1);
    let ran = cli.local(&words);
    assert_eq!(ran.code, 0, "{} {:?}", ran.err, used.lock().unwrap());
    assert_eq!(cli.local(&["accounts", "check", "sf"]).code, 0);
}
