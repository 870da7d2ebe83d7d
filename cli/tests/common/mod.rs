//! The built binary with a data folder of its own, and an Okta that is none.

#![allow(dead_code, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::path::PathBuf;

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// A secret that must be seen nowhere.
pub const CANARY: &str = "canary-8f21c0";

/// The binary and its data folder.
pub struct Cli {
    pub folder: TempDir,
}

/// What a run left.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Cli {
    pub fn new() -> Cli {
        Cli { folder: tempfile::tempdir().unwrap() }
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::cargo_bin("userdir").unwrap();
        for name in [
            "USERDIR_MASTER_KEY",
            "USERDIR_DATABASE_URL",
            "USERDIR_ALLOW_PRIVATE_NETWORKS",
            "HTTP_PROXY",
            "HTTPS_PROXY",
        ] {
            command.env_remove(name);
        }
        command.env("USERDIR_DATA_DIR", self.data_dir()).env("CANARY", CANARY).args(words);
        command
    }

    pub fn run(&self, words: &[&str]) -> Ran {
        Ran::of(self.command(words))
    }

    /// With leave for loopback.
    pub fn local(&self, words: &[&str]) -> Ran {
        let mut command = self.command(words);
        command.env("USERDIR_ALLOW_PRIVATE_NETWORKS", "1");
        Ran::of(command)
    }

    /// Connects `okta-prod` to this address.
    pub fn connect(&self, url: &str) {
        let url = format!("base_url={url}");
        let ran = self.local(&[
            "accounts",
            "add",
            "okta",
            "--name",
            "okta-prod",
            "--set",
            &url,
            "--secret",
            "api_token=env:CANARY",
        ]);
        assert_eq!(ran.code, 0, "{}", ran.err);
    }
}

impl Ran {
    pub fn of(mut command: Command) -> Ran {
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ran = Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) };
        assert!(!ran.out.contains(CANARY) && !ran.err.contains(CANARY), "{} {}", ran.out, ran.err);
        ran
    }

    /// Stdout as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {} {}", self.out, self.err))
    }

    /// The error object on stderr.
    pub fn error(&self) -> Value {
        let value: Value = serde_json::from_str(&self.err).unwrap_or_else(|error| panic!("{error}: {}", self.err));
        value["error"].clone()
    }
}

/// An Okta with 250 users, of whom 7 is deactivated; page 3 of a list from 200 on fails where `broken`.
pub async fn okta(broken: bool) -> MockServer {
    let server = MockServer::start().await;
    let base = server.uri();
    Mock::given(any()).respond_with(move |request: &Request| answer(request, &base, broken)).mount(&server).await;
    server
}

fn answer(request: &Request, base: &str, broken: bool) -> ResponseTemplate {
    let allowed = request.headers.get("authorization").is_some_and(|value| value == &format!("SSWS {CANARY}"));
    if !allowed {
        return fault(401, "E0000011", "Invalid token provided");
    }
    let path: Vec<&str> = request.url.path().trim_start_matches("/api/v1/").split('/').collect();
    let query = |name: &str| {
        request.url.query_pairs().find(|(key, _)| key == name).and_then(|(_, value)| value.parse::<usize>().ok())
    };
    match (request.method.as_str(), path.as_slice()) {
        ("GET", ["users"]) => {
            let (after, limit) = (query("after").unwrap_or(0), query("limit").unwrap_or(200).min(100));
            if broken && after >= 200 {
                return fault(500, "E0000009", "Internal Server Error");
            }
            let end = (after + limit).min(250);
            let page: Vec<Value> = (after..end).map(user).collect();
            let answer = ResponseTemplate::new(200).set_body_json(page);
            if end == 250 {
                return answer;
            }
            let next = format!("<{base}/api/v1/users?after={end}&limit={limit}>; rel=\"next\"");
            answer.insert_header("link", next.as_str())
        }
        ("GET", ["users", "me"]) => ResponseTemplate::new(200).set_body_json(user(0)),
        ("GET", ["users", id]) => match id.parse::<usize>() {
            Ok(id) if id < 250 => ResponseTemplate::new(200).set_body_json(user(id)),
            _ => fault(404, "E0000007", "Not found: Resource not found (User)"),
        },
        ("POST", ["users"]) => fault(400, "E0000001", "Api validation failed: login"),
        ("GET", _) => ResponseTemplate::new(200).set_body_json(json!([])),
        _ => ResponseTemplate::new(200).set_body_json(json!({})),
    }
}

fn user(id: usize) -> Value {
    let mail = format!("u{id}@example.com");
    json!({
        "id": id.to_string(),
        "status": if id == 7 { "DEPROVISIONED" } else { "ACTIVE" },
        "created": "2026-01-01T00:00:00.000Z",
        "profile": {"firstName": "Maya", "lastName": "Ortiz", "email": mail, "login": mail},
    })
}

fn fault(status: u16, code: &str, summary: &str) -> ResponseTemplate {
    ResponseTemplate::new(status)
        .insert_header("x-okta-request-id", "req-1")
        .set_body_json(json!({"errorCode": code, "errorSummary": summary}))
}
