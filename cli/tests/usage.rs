//! Without any vendor: what is wrong is said before a call, with exit code 2 or 3.
#![cfg(any(feature = "okta", feature = "all-providers"))]

mod common;

use common::{CANARY, Cli, Ran};
use serde_json::Value;

#[test]
fn providers_are_an_array() {
    let cli = Cli::new();
    let ran = cli.run(&["providers", "--format", "json"]);
    let slugs: Vec<Value> = ran.json().as_array().unwrap().iter().map(|provider| provider["slug"].clone()).collect();
    assert!(slugs.contains(&Value::from("okta")));
    let page = cli.run(&["providers", "okta", "--format", "table"]);
    assert!(page.out.contains("base_url") && page.out.contains("users/deactivate"), "{}", page.out);
    assert!(!cli.data_dir().exists(), "looking at providers makes no store");
}

#[test]
fn missing_settings_are_all_named() {
    let ran = Cli::new().run(&["accounts", "add", "okta", "--name", "a"]);
    assert_eq!(ran.code, 2);
    let message = ran.error()["message"].to_string();
    assert!(message.contains("`base_url`") && message.contains("`api_token`"), "{message}");
}

#[test]
fn an_unknown_provider_lists_the_others() {
    let ran = Cli::new().run(&["accounts", "add", "octa", "--name", "a"]);
    assert_eq!(ran.code, 2);
    assert!(ran.error()["message"].to_string().contains("`okta`"));
    assert_eq!(Cli::new().run(&["providers", "octa"]).code, 2);
}

#[test]
fn a_secret_is_no_plain_argument() {
    let cli = Cli::new();
    for flag in ["--set", "--secret"] {
        let secret = format!("api_token={CANARY}");
        let words = ["accounts", "add", "okta", "--name", "a", "--set", "base_url=https://a.okta.com", flag, &secret];
        let ran = cli.run(&words);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains("env:VAR"), "{}", ran.err);
    }
    assert_eq!(cli.run(&["users", "create", "--password", CANARY, "--first-name", "a"]).code, 2);
}

#[test]
fn an_address_without_leave_is_refused() {
    let cli = Cli::new();
    for (url, code) in
        [("http://a.okta.com", 3), ("https://127.0.0.1", 3), ("http://localhost:1", 3), ("not an address", 2)]
    {
        let url = format!("base_url={url}");
        let ran =
            cli.run(&["accounts", "add", "okta", "--name", "a", "--set", &url, "--secret", "api_token=env:CANARY"]);
        assert_eq!(ran.code, code, "{url}: {}", ran.err);
    }
    assert_eq!(cli.run(&["accounts", "list"]).json(), serde_json::json!([]));
}

#[test]
fn a_folder_without_a_store_stays_as_it_is() {
    let cli = Cli::new();
    let ran = cli.run(&["users", "list"]);
    assert_eq!(ran.code, 2);
    assert!(ran.error()["hint"].to_string().contains("accounts add"));
    assert!(!cli.data_dir().exists());
}

#[test]
fn wrong_flags_are_one_object_for_programs_and_text_for_people() {
    let cli = Cli::new();
    for words in
        [&["users", "list", "--limit", "0"][..], &["users", "list", "--limit", "1001"], &["users", "get"], &["user"]]
    {
        let ran = cli.run(words);
        assert_eq!(ran.code, 2, "{words:?}");
        assert_eq!(ran.error()["kind"], "invalid_request", "{words:?}");
        assert!(!ran.err.contains('\u{fffd}') && !ran.err.contains("\\n"), "{}", ran.err);
    }
    let ran = cli.run(&["users", "get", "--format", "table"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.starts_with("error: "), "{}", ran.err);
}

#[test]
fn help_and_completions_are_there_on_every_level() {
    let cli = Cli::new();
    for words in
        [&["--help"][..], &["users", "--help"], &["groups", "remove-user", "--help"], &["accounts", "add", "--help"]]
    {
        let ran = cli.run(words);
        assert_eq!(ran.code, 0);
        assert!(ran.out.contains("--data-dir"), "{}", ran.out);
    }
    assert!(cli.run(&["--help"]).out.starts_with("One API over the user directories"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(cli.run(&["completions", shell]).out.contains("deactivate"));
    }
}

#[test]
fn schemas_are_printed() {
    let ran = Cli::new().run(&["schema", "role-assignments"]);
    assert!(ran.json()["properties"]["role_id"].is_object());
}

#[test]
fn a_wrong_key_is_told() {
    let cli = Cli::new();
    let words = [
        "accounts",
        "add",
        "okta",
        "--name",
        "a",
        "--no-check",
        "--set",
        "base_url=https://a.okta.com",
        "--secret",
        "api_token=env:CANARY",
    ];
    assert_eq!(cli.run(&words).code, 0);
    let mut command = cli.command(&["accounts", "list"]);
    command.env("USERDIR_MASTER_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let ran = Ran::of(command);
    assert_eq!(ran.code, 1);
    assert!(ran.error()["message"].to_string().contains("master key"));
}

#[test]
fn conformance_says_in_one_line_what_it_left_out() {
    let mut command = Cli::new().command(&["conformance", "--provider", "okta", "--format", "table"]);
    // set and empty is not set
    command.env("USERDIR_SPECS_DIR", "");
    let ran = Ran::of(command);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.starts_with("left out: the vendors' own descriptions;"), "{}", ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
}

#[test]
fn the_openapi_document_is_printed() {
    let document = Cli::new().run(&["openapi"]).json();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/unified/user-directory/users/deactivate"]["post"].is_object());
}
