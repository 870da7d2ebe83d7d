//! Against an Okta that is none: accounts, lists in every format, reads and writes.
#![cfg(any(feature = "okta", feature = "all-providers"))]
#![allow(clippy::unwrap_used)]

mod common;

use common::{CANARY, Cli, Ran, okta};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// Every file below a folder, as bytes.
fn files(folder: &std::path::Path) -> Vec<u8> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| std::fs::read(path).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_comes_and_goes() {
    let server = okta(false).await;
    let cli = Cli::new();
    cli.connect(&server.uri());
    let account = cli.run(&["accounts", "show", "okta-prod"]).json();
    assert_eq!((&account["status"], &account["secret_keys"]), (&json!("active"), &json!(["api_token"])));
    assert!(!files(&cli.data_dir()).windows(CANARY.len()).any(|bytes| bytes == CANARY.as_bytes()));

    assert_eq!(cli.local(&["accounts", "check", "okta-prod"]).json()["ok"], true);
    // a second one of the name is refused, and nothing is asked of the vendor
    let asked = server.received_requests().await.unwrap().len();
    let url = format!("base_url={}", server.uri());
    let words = ["accounts", "add", "okta", "--name", "okta-prod", "--set", &url, "--secret", "api_token=env:CANARY"];
    assert_eq!(cli.local(&words).code, 2);
    assert_eq!(server.received_requests().await.unwrap().len(), asked);

    // a wrong secret does not get in
    let mut command = cli.command(&["accounts", "update", "okta-prod", "--secret", "api_token=-"]);
    command.env("USERDIR_ALLOW_PRIVATE_NETWORKS", "1").write_stdin("wrong\n");
    let ran = Ran::of(command);
    assert_eq!((ran.code, &ran.error()["kind"]), (1, &json!("authentication")));
    assert_eq!(cli.local(&["accounts", "check", "okta-prod"]).code, 0);

    assert_eq!(cli.local(&["accounts", "update", "okta-prod", "--rename", "okta"]).json()["name"], "okta");
    assert_eq!(cli.run(&["accounts", "show", "okta-prod"]).code, 2);
    assert_eq!(cli.run(&["accounts", "remove", "okta"]).code, 2, "nobody said yes");
    assert_eq!(cli.run(&["accounts", "remove", "okta", "--yes"]).code, 0);
    assert_eq!(cli.run(&["accounts", "list"]).json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_comes_from_a_file_or_stdin() {
    let server = okta(false).await;
    let cli = Cli::new();
    let file = cli.folder.path().join("token");
    std::fs::write(&file, format!("{CANARY}\n")).unwrap();
    let url = format!("base_url={}", server.uri());
    let secret = format!("api_token=file:{}", file.display());
    let ran = cli.local(&["accounts", "add", "okta", "--name", "a", "--set", &url, "--secret", &secret]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let mut command =
        cli.command(&["accounts", "add", "okta", "--name", "b", "--set", &url, "--secret", "api_token=-"]);
    command.env("USERDIR_ALLOW_PRIVATE_NETWORKS", "1").write_stdin(format!("{CANARY}\n"));
    assert_eq!(Ran::of(command).code, 0);
    // with two accounts the name is needed
    let ran = cli.local(&["users", "list"]);
    assert_eq!(ran.code, 2);
    assert!(ran.error()["hint"].to_string().contains("`a`, `b`"));
    assert_eq!(cli.local(&["users", "list", "--account", "nobody"]).code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_every_format() {
    let server = okta(false).await;
    let cli = Cli::new();
    cli.connect(&server.uri());

    let page = cli.local(&["users", "list", "--limit", "30", "--no-remote-data"]).json();
    assert_eq!((&page["result_count"], &page["prev_cursor"]), (&json!(30), &Value::Null));
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = cli.local(&["users", "list", "--limit", "30", "--cursor", cursor]).json();
    assert_eq!(next["result"][0]["id"], "30");
    // a page is no whole list, and its last line says so
    let lines = cli.local(&["users", "list", "--limit", "30", "--format", "ndjson"]).out;
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    let trailer = &last["userdir_trailer"];
    assert_eq!((&trailer["complete"], &trailer["count"]), (&json!(false), &json!(30)), "{last}");
    assert!(trailer["next_cursor"].is_string(), "{last}");

    let all = cli.local(&["users", "list", "--all", "--format", "json"]).json();
    assert_eq!(all.as_array().unwrap().len(), 250);

    let lines = cli.local(&["users", "list", "--all", "--format", "ndjson"]).out;
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!((lines.lines().count(), last), (251, json!({"userdir_trailer": {"complete": true, "count": 250}})));

    let csv = cli.local(&["users", "list", "--all", "--format", "csv"]).out;
    assert!(csv.starts_with("id,name,username,emails,status,"), "{csv}");
    assert_eq!(csv.lines().count(), 251);

    let table = cli.local(&["users", "list", "--all", "--format", "table"]);
    assert_eq!(table.out.lines().count(), 251);
    assert!(table.err.contains("250 users"), "{}", table.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_breaks_off_says_so() {
    let server = okta(true).await;
    let cli = Cli::new();
    cli.connect(&server.uri());
    // the deadline spares the pauses between repeats
    let ran = cli.local(&["users", "list", "--all", "--format", "json", "--timeout", "2"]);
    assert_eq!(ran.code, 1);
    assert!(serde_json::from_str::<Value>(&ran.out).is_err(), "the array must not be closed");
    assert_eq!(ran.error()["details"]["delivered"], 200);
    let ran = cli.local(&["users", "list", "--all", "--format", "ndjson", "--timeout", "2"]);
    let last: Value = serde_json::from_str(ran.out.lines().last().unwrap()).unwrap();
    assert_eq!((&last["userdir_trailer"]["complete"], &last["userdir_trailer"]["count"]), (&json!(false), &json!(200)));
    assert!(last["userdir_trailer"]["error"]["kind"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_away_is_no_failure() {
    let server = okta(false).await;
    let cli = Cli::new();
    cli.connect(&server.uri());
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_userdir"))
        .args(["users", "list", "--all", "--format", "ndjson"])
        .env("USERDIR_DATA_DIR", cli.data_dir())
        .env("USERDIR_ALLOW_PRIVATE_NETWORKS", "1")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_never_reaches_the_vendor() {
    let server = okta(false).await;
    let cli = Cli::new();
    cli.connect(&server.uri());
    let asked = server.received_requests().await.unwrap().len();
    for (words, code) in [
        (&["users", "get", "a/b"][..], 2),
        (&["users", "get", "a?b"], 2),
        (&["users", "get", ".."], 2),
        (&["users", "deactivate", ""], 2),
        (&["users", "list", "--filter", "shoe_size=44"], 2),
        (&["users", "list", "--all", "--filter", "shoe_size=44"], 2),
        (&["users", "list", "--filter", "status"], 2),
        (&["users", "list", "--cursor", "made-up"], 2),
        (&["users", "create"], 2),
        (&["users", "create", "--remote-data", "{"], 2),
        (&["users", "create", "--input", "/no/such/file"], 2),
        (&["users", "update", "1", "--bio", "x"], 2),
        (&["users", "list", "--format", "markdown"], 2),
        (&["users", "downgrade", "1"], 4),
        (&["workspaces", "list"], 4),
        (&["billing"], 4),
    ] {
        let ran = cli.local(words);
        assert_eq!(ran.code, code, "{words:?} {} {}", ran.out, ran.err);
        assert!(ran.error()["message"].is_string());
        assert_eq!(server.received_requests().await.unwrap().len(), asked, "{words:?}");
    }
    let mut command = cli.command(&["users", "create", "--input", "-"]);
    command.env("USERDIR_ALLOW_PRIVATE_NETWORKS", "1").write_stdin("{\"first_name\": ");
    assert_eq!(Ran::of(command).code, 2);
    let unknown = cli.local(&["users", "list", "--filter", "shoe_size=44"]).error();
    assert!(unknown["message"].to_string().contains("`status`"), "names those that work: {unknown}");
    assert_eq!(server.received_requests().await.unwrap().len(), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_tells_what_it_did() {
    let server = okta(false).await;
    let cli = Cli::new();
    cli.connect(&server.uri());

    let ran = cli.local(&["users", "deactivate", "7"]).json();
    assert_eq!((&ran["id"], &ran["userdir"]["effect"]), (&json!("7"), &json!("already")));
    let ran = cli.local(&["users", "deactivate", "7", "--format", "table"]);
    assert_eq!(ran.out, "okta-prod: user 7 was already deactivated; nothing was sent\n");

    let posts = || async {
        let requests = server.received_requests().await.unwrap();
        requests.iter().filter(|request| request.method.as_str() != "GET").count()
    };
    let plan = cli.local(&["users", "deactivate", "8", "--dry-run"]).json();
    assert_eq!(plan["plan"][0]["method"], "POST");
    assert!(plan["plan"][0]["url"].as_str().unwrap().contains("/api/v1/users/8/"));
    let plan = cli.local(&["users", "deactivate", "8", "--dry-run", "--format", "table"]).out;
    assert!(plan.contains("1. POST http://"), "{plan}");
    assert_eq!(posts().await, 0);

    let ran = cli.local(&["users", "deactivate", "nobody"]);
    assert_eq!((ran.code, &ran.error()["kind"]), (1, &json!("not_found")));
    assert_eq!(posts().await, 0);

    // a vendor's 400 is the vendor's, not wrong usage; a password is in no output
    let words = [
        "users",
        "create",
        "--first-name",
        "A",
        "--last-name",
        "B",
        "--email",
        "a@b.c",
        "--password",
        "env:CANARY",
        "-vv",
    ];
    let mut command = cli.command(&words);
    command.env("USERDIR_ALLOW_PRIVATE_NETWORKS", "1");
    assert_eq!(Ran::of(command).code, 1);
    assert_eq!(posts().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_read_what_happened_and_what_to_do() {
    let server = okta(false).await;
    let cli = Cli::new();
    cli.connect(&server.uri());
    let ran = cli.local(&["users", "get", "nobody", "--format", "table"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("using account `okta-prod`"), "{}", ran.err);
    assert!(ran.err.contains("the vendor said: 404 E0000007 Not found"), "{}", ran.err);
    let me = cli.local(&["me", "--format", "table"]);
    assert!(me.out.contains("u0@example.com"), "{} {}", me.out, me.err);
    assert_eq!(cli.local(&["me", "list"]).json()["result"][0]["id"], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_says_how_it_went() {
    let server = MockServer::start().await;
    let held = |id: &str, kind: &str| json!({"id": id, "type": kind, "label": kind, "status": "ACTIVE", "assignmentType": "USER"});
    Mock::given(any())
        .respond_with(move |request: &Request| {
            let ok = |body: Value| ResponseTemplate::new(200).set_body_json(body);
            match (request.method.as_str(), request.url.path()) {
                ("GET", "/api/v1/users/8/roles") => ok(json!([held("a1", "HELP_DESK_ADMIN"), held("a2", "ORG_ADMIN")])),
                ("GET", "/api/v1/users/me" | "/api/v1/users/8") => {
                    let me = request.url.path().ends_with("me");
                    ok(json!({"id": if me { "7" } else { "8" }, "status": "ACTIVE", "profile": {"login": "a@example.com"}}))
                }
                ("GET", "/api/v1/users/7") => ok(json!({"id": "7", "status": "ACTIVE", "profile": {"login": "b@example.com"}})),
                ("DELETE", "/api/v1/users/8/roles/a1") => ResponseTemplate::new(204),
                ("DELETE", _) => ResponseTemplate::new(403).set_body_json(json!({"errorCode": "E0000006", "errorSummary": "no"})),
                _ => ok(json!([])),
            }
        })
        .mount(&server)
        .await;
    let cli = Cli::new();
    cli.connect(&server.uri());

    let ran = cli.local(&["users", "unassign-role", "8", "--role", "HELP_DESK_ADMIN", "--role", "ORG_ADMIN"]);
    let error = ran.error();
    assert_eq!((ran.code, &error["kind"]), (5, &json!("partly_done")), "{}", ran.err);
    assert_eq!(error["details"]["done"][0]["target"], "HELP_DESK_ADMIN", "{error}");
    assert_eq!(error["details"]["failed"][0]["target"], "ORG_ADMIN", "{error}");

    let ran = cli.local(&["users", "deactivate", "7"]);
    assert_eq!((ran.code, &ran.error()["kind"]), (3, &json!("refused")), "one's own administrator: {}", ran.err);

    assert_eq!(cli.local(&["users", "get", "nobody"]).code, 1);
    assert_eq!(cli.local(&["users", "get", ""]).code, 2);
    assert_eq!(cli.local(&["users", "downgrade", "8"]).code, 4);
    assert_eq!(cli.local(&["groups", "list"]).code, 0);
}
