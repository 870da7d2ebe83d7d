//! API tokens, the audit and the master key from the command line; the store in PostgreSQL where
//! `USERDIR_TEST_POSTGRES_URL` names one.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

mod common;

use std::fs;
use std::io::Write;

use common::{Cli, Ran, okta};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

#[test]
fn a_token_is_made_shown_once_and_revoked() {
    let cli = Cli::new();
    let made = cli.run(&["tokens", "create", "--name", "ci", "--scope", "write", "--expires-in", "30"]);
    assert_eq!(made.code, 0, "{}", made.err);
    let made = made.json();
    let secret = made["token"].as_str().unwrap();
    assert!(secret.starts_with("ud_"), "{secret}");
    assert_eq!((&made["scope"], &made["status"]), (&json!("write"), &json!("active")));

    let listed = cli.run(&["tokens", "list"]);
    assert!(!listed.out.contains(secret), "shown once");
    assert_eq!(listed.json()[0]["name"], "ci");
    let as_table = cli.run(&["tokens", "create", "--name", "other", "--format", "table"]);
    assert!(as_table.out.starts_with("ud_") && as_table.out.lines().count() == 1, "can be piped: {}", as_table.out);

    assert_eq!(cli.run(&["tokens", "create", "--name", "ci"]).code, 2, "the name is taken");
    assert_eq!(cli.run(&["tokens", "create", "--name", "x", "--scope", "root"]).code, 2);
    assert_eq!(cli.run(&["tokens", "create", "--name", "x", "--account", "nobody's"]).code, 2);
    assert_eq!(cli.run(&["tokens", "create", "--name", "x", "--expires-at", "2020-01-01T00:00:00Z"]).code, 2);

    assert_eq!(cli.run(&["tokens", "revoke", "ci"]).json()["status"], "revoked");
    let listed = cli.run(&["tokens", "list"]).json();
    let ci = listed.as_array().unwrap().iter().find(|token| token["name"] == "ci").unwrap().clone();
    assert_eq!(ci["status"], "revoked");
    assert_eq!(cli.run(&["tokens", "revoke", "nobody's"]).code, 2);
    let audit = cli.run(&["audit", "list", "--account", "store"]).json();
    let actions: Vec<&str> = audit.as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["api-token/revoke", "api-token/create", "api-token/create", "store/create"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_is_in_the_audit() {
    let server = okta(false).await;
    let cli = Cli::new();
    cli.connect(&server.uri());
    let rows = || cli.run(&["audit", "list"]).json().as_array().unwrap().clone();
    assert_eq!(rows().len(), 1, "that it was connected");

    // reads and plans are none
    cli.local(&["users", "list"]);
    cli.local(&["users", "deactivate", "3", "--dry-run"]);
    assert_eq!(rows().len(), 1);

    // so already: nothing was sent, and that is on record
    assert_eq!(cli.local(&["users", "deactivate", "7"]).json()["userdir"]["effect"], "already");
    let row = &rows()[0];
    assert_eq!((&row["effect"], &row["actor"], &row["targets"]), (&json!("already"), &json!("cli"), &json!(["7"])));

    // the vendor says yes and does nothing: what was sent is on record, and that it is not confirmed
    assert_eq!(cli.local(&["users", "deactivate", "3"]).code, 1);
    let all = rows();
    let told: Vec<(&Value, &Value)> = all.iter().take(3).map(|row| (&row["kind"], &row["effect"])).collect();
    let expected = [("outcome", json!("unknown")), ("outcome", json!("sent")), ("intended", Value::Null)];
    for (told, expected) in told.iter().zip(expected) {
        assert_eq!(*told, (&json!(expected.0), &expected.1));
    }
    assert_eq!((&all[1]["intended"], &all[1]["vendor_status"]), (&all[2]["sequence"], &json!(200)));
    assert_eq!(all[2]["targets"], json!(["3"]));

    // refused by the vendor
    let maya = r#"{"username": "maya@example.com", "first_name": "Maya", "last_name": "Ortiz", "emails": [{"email": "maya@example.com"}]}"#;
    let input = cli.folder.path().join("maya.json");
    fs::write(&input, maya).unwrap();
    let refused = cli.local(&["users", "create", "--input", input.to_str().unwrap()]);
    assert_eq!(refused.error()["vendor"]["status"], 400, "{}", refused.err);
    let all = rows();
    assert_eq!((&all[0]["action"], &all[0]["effect"]), (&json!("users/create"), &json!("failed")));
    assert_eq!((&all[1]["effect"], &all[1]["vendor_status"]), (&json!("refused"), &json!(400)));
    assert_eq!(all[1]["vendor_request_ids"], json!(["req-1"]));
    let told = cli.run(&["audit", "list"]).out.to_lowercase();
    assert!(!told.contains("maya") && !told.contains("example.com"), "no personal data: {told}");

    let verified = cli.run(&["audit", "verify"]);
    assert_eq!(verified.code, 0, "{}", verified.err);
    assert!(verified.json().as_array().unwrap().iter().all(|chain| chain["fault"].is_null()));
    let kept = cli.folder.path().join("verified.json");
    let since = || cli.run(&["audit", "verify", "--since", kept.to_str().unwrap()]);
    assert_eq!(since().code, 2, "there is no such file");
    fs::write(&kept, &verified.out).unwrap();
    assert_eq!(since().code, 0);
    let mut more = verified.json();
    more[0]["rows"] = json!(99);
    fs::write(&kept, more.to_string()).unwrap();
    assert_eq!((since().code, since().error()["kind"].as_str()), (1, Some("audit")), "more rows than there are");
    let id = cli.run(&["accounts", "show", "okta-prod"]).json()["id"].as_str().unwrap().to_owned();
    cli.run(&["accounts", "remove", "okta-prod", "--yes"]);
    let after = cli.run(&["audit", "list", "--account", &id]).json();
    assert_eq!(after[0]["action"], "integrated-account/delete", "the audit outlives the account");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_done_already_is_sent_again_only_by_who_has_looked() {
    let server = okta(false).await;
    let cli = Cli::new();
    cli.connect(&server.uri());
    let sent = || async { server.received_requests().await.unwrap().iter().filter(|r| r.method == "POST").count() };
    // the vendor says yes and does not show it
    for _ in 0..2 {
        let ran = cli.local(&["users", "deactivate", "3"]);
        assert_eq!((ran.code, &ran.error()["outcome"]), (1, &json!("unknown")), "{}", ran.err);
        assert!(ran.error()["hint"].as_str().unwrap().contains("--send-again"), "{}", ran.err);
        assert_eq!(sent().await, 1);
    }
    assert_eq!(cli.local(&["users", "deactivate", "3", "--send-again"]).code, 1);
    assert_eq!(sent().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_put_on_record_is_not_sent() {
    let server = okta(false).await;
    let cli = Cli::new();
    cli.connect(&server.uri());
    let sent = || async { server.received_requests().await.unwrap().iter().filter(|r| r.method == "POST").count() };
    // a head that was tampered with takes no more rows
    let options = SqliteConnectOptions::new().filename(cli.data_dir().join("userdir.db"));
    let mut database = options.connect().await.unwrap();
    sqlx::query("UPDATE audit_heads SET sequence = 0").execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    let ran = cli.local(&["users", "deactivate", "3"]);
    assert_eq!(ran.code, 1);
    assert!(ran.error()["message"].as_str().unwrap().contains("nothing was sent"), "{}", ran.err);
    assert_eq!(sent().await, 0);
    let verified = cli.run(&["audit", "verify"]);
    assert_eq!(verified.code, 1);
    assert_eq!(verified.error()["kind"], "audit");
    assert!(verified.out.contains("head was changed"), "{}", verified.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_master_key_is_changed_with_its_file() {
    let server = okta(false).await;
    let cli = Cli::new();
    cli.connect(&server.uri());
    let key = cli.data_dir().join("master.key");
    let old = fs::read_to_string(&key).unwrap();
    let ran = cli.run(&["keys", "rotate", "--handover", "0"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!((&ran.json()["key_id"], &ran.json()["handover_until"]), (&json!(2), &Value::Null));
    let new = fs::read_to_string(&key).unwrap();
    assert_ne!(old, new);
    assert_eq!(fs::read_to_string(cli.data_dir().join("master.key.1")).unwrap(), old);
    assert!(!cli.data_dir().join("master.key.next").exists());
    let ran = cli.local(&["users", "list", "--limit", "1"]);
    assert_eq!(ran.code, 0, "{}", ran.err);

    fs::write(&key, &old).unwrap();
    let ran = cli.run(&["accounts", "list"]);
    assert_eq!((ran.code, &ran.error()["kind"]), (1, &json!("key")));
    assert!(ran.err.contains("new key"), "{}", ran.err);

    // broken off after the database had taken the key and before the file had: the same command goes on
    fs::write(cli.data_dir().join("master.key.next"), &new).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(cli.data_dir().join("master.key.next"), private).unwrap();
    }
    let ran = cli.run(&["keys", "rotate"]);
    assert_eq!((ran.code, &ran.json()["key_id"]), (0, &json!(2)), "{}", ran.err);
    let ran = cli.local(&["users", "list", "--limit", "1"]);
    assert_eq!(ran.code, 0, "{}", ran.err);

    let empty = Cli::new();
    assert_eq!(empty.run(&["keys", "rotate"]).code, 2, "no store, no key");
    assert!(!empty.data_dir().exists());
}

#[test]
fn a_database_url_needs_a_key_from_outside() {
    let cli = Cli::new();
    let url = "postgres://u:canary-8f21c0@127.0.0.1:1/d";
    let ran = cli.run(&["--database-url", url, "accounts", "list"]);
    assert_eq!((ran.code, &ran.error()["kind"]), (2, &json!("key")));
    assert!(ran.err.contains("USERDIR_MASTER_KEY"), "{}", ran.err);
    let ran = cli.run(&["--database-url", "mysql://u:canary-8f21c0@h/d", "accounts", "list"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    let ran = cli.run(&["--database-url", url, "restore", "file"]);
    assert!(ran.err.contains("pg_dump"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_live_in_postgresql() {
    let Some(url) = std::env::var("USERDIR_TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty()) else {
        std::io::stderr().write_all(b"left out: PostgreSQL, since USERDIR_TEST_POSTGRES_URL is not set\n").unwrap();
        return;
    };
    let server = okta(false).await;
    let cli = Cli::new();
    let name = format!("okta-{}", uuid::Uuid::new_v4().simple());
    let run = |words: &[&str]| {
        let mut command = cli.command(words);
        command.env("USERDIR_DATABASE_URL", &url).env("USERDIR_ALLOW_PRIVATE_NETWORKS", "1");
        command.env("USERDIR_MASTER_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
        Ran::of(command)
    };
    let base_url = format!("base_url={}", server.uri());
    let secret = "api_token=env:CANARY";
    let ran = run(&["accounts", "add", "okta", "--name", &name, "--set", &base_url, "--secret", secret]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let ran = run(&["users", "list", "--account", &name, "--limit", "3"]);
    assert_eq!(ran.json()["result_count"], 3, "{}", ran.err);
    assert_eq!(run(&["users", "deactivate", "7", "--account", &name]).json()["userdir"]["effect"], "already");
    assert_eq!(run(&["audit", "list", "--account", &name]).json()[0]["effect"], "already");
    assert_eq!(run(&["audit", "verify", "--account", &name]).code, 0);
    assert_eq!(run(&["backup", "file"]).code, 2);
    assert_eq!(run(&["keys", "rotate"]).code, 2, "the new key must come from outside too");
    assert!(!cli.data_dir().exists(), "nothing is kept beside it");
    assert_eq!(run(&["accounts", "remove", &name, "--yes"]).code, 0);
}
