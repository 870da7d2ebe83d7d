//! The stand-in as a client sees it.

#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use userdir_stand_in::case::{OneOrMany, SourceKind};
use userdir_stand_in::{Answer, Case, Files, Fixtures, Handler, Received, StandIn, async_trait};

const SECRET: &str = "canary-secret";

const CASE: &str = r#"
title = "a token, then a list"
source = { kind = "written" }

[[exchange]]
request = { method = "POST", path = "/token", headers = { authorization = "" }, form = { assertion = "{{any}}", scope = "a b" } }
response = { status = 200, json = { access_token = "{{secret}}-1" } }

[[exchange]]
request = { method = "GET", path = "/users/a%2Fb", query = { expand = ["x", "y z"] } }
response = { status = 200, headers = { link = ['<{{base}}/1>; rel="self"', '<{{base}}/2>; rel="next"'] }, body = "../shared/page.json" }

[expect]
output = []
"#;

fn files() -> Files {
    let mut files = Files::default();
    files.insert("account.toml", "[settings]\nbase_url = \"{{base}}\"\n[secrets]\ntoken = \"{{secret}}\"");
    files.insert("list_users/normal/case.toml", CASE);
    files.insert("list_users/shared/page.json", "[ 1 ]\n");
    files
}

fn case() -> Case {
    Fixtures::read(&files()).case("list_users", "normal").unwrap().clone()
}

/// Sends a request as it is and gives the answer as it is.
async fn send(base: &str, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(base.trim_start_matches("http://")).await.unwrap();
    let length = body.len();
    let request = format!("{head}\r\nhost: vendor\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

const TOKEN: (&str, &str) = ("POST /token HTTP/1.1", "assertion=eyJ.signed&scope=a+b");
const LIST: &str = "GET /users/a%2Fb?expand=x&expand=y%20z HTTP/1.1\r\nauthorization: Bearer canary-secret-1";

#[tokio::test]
async fn exchanges_are_played_in_order() {
    let playing = StandIn::play(&case(), SECRET).await.unwrap();
    let base = playing.base_url();
    let account = playing.script().account.clone().unwrap();
    assert_eq!((account.settings["base_url"].as_str(), account.secrets["token"].as_str()), (base.as_str(), SECRET));
    let answer = send(&base, TOKEN.0, TOKEN.1).await;
    assert!(answer.contains(r#"{"access_token":"canary-secret-1"}"#), "{answer}");
    let answer = send(&base, LIST, "").await;
    assert!(answer.ends_with("\r\n\r\n[ 1 ]\n") && answer.contains("content-type: application/json"), "{answer}");
    assert!(answer.contains(&format!("link: <{base}/2>; rel=\"next\"")), "{answer}");
    let played = playing.finish();
    assert!(played.mismatches.is_empty() && played.unused.is_empty(), "{played:?}");
    assert_eq!(played.requests.len(), 2);
}

#[tokio::test]
async fn a_request_that_is_not_the_next_one_is_told_apart() {
    let playing = StandIn::play(&case(), SECRET).await.unwrap();
    let base = playing.base_url();
    for (head, body) in [
        (LIST, ""),
        ("POST /token HTTP/1.1\r\nauthorization: Basic x", TOKEN.1),
        ("POST /token?x HTTP/1.1", "scope=a+b&assertion=&more=canary-secret"),
    ] {
        let answer = send(&base, head, body).await;
        assert!(answer.starts_with("HTTP/1.1 599") && answer.contains("no exchange of the fixture"), "{answer}");
    }
    send(&base, TOKEN.0, TOKEN.1).await;
    let answer = send(&base, &LIST.replace("authorization", "x-authorization"), "").await;
    assert!(answer.contains("header `authorization`: missing"), "{answer}");
    let played = playing.finish();
    assert_eq!(played.unused, ["exchange 2 (GET /users/a%2Fb)"]);
    let text = played.mismatches.join("\n");
    for piece in [
        "GET /users/a%2Fb is not exchange 1 (POST /token)",
        "header `authorization`: expected [], got [\"Basic x\"]",
        "query `x`: not expected",
        "form `assertion`: expected [\"{{any}}\"], got [\"\"]",
        "form `more`: not expected, got [\"{{secret}}\"]",
    ] {
        assert!(text.contains(piece), "no `{piece}` in\n{text}");
    }
}

#[tokio::test]
async fn a_counted_parameter_is_passed_over() {
    let playing = StandIn::play_counting(&case(), SECRET, Some("probe")).await.unwrap();
    let base = playing.base_url();
    send(&base, TOKEN.0, TOKEN.1).await;
    send(&base, &LIST.replace("?", "?probe=1&"), "").await;
    let played = playing.finish();
    assert!(played.mismatches.is_empty(), "{:?}", played.mismatches);
    assert_eq!(played.carried, [1]);
}

#[tokio::test]
async fn a_handler_may_keep_state_and_the_port_closes() {
    struct Echo;

    #[async_trait]
    impl Handler for Echo {
        async fn handle(&self, request: Received) -> Answer {
            let text = format!("{:?} {:?}", request.query("q"), request.json());
            Answer::empty(201).header("x-a", "1").header("x-a", "2").header("x-body", text)
        }
    }

    let server = StandIn::serve(Arc::new(Echo)).await.unwrap();
    let base = server.base_url();
    let answer = send(&base, "POST /x?q=a+%26 HTTP/1.1", "{\"a\":1}").await;
    assert!(answer.starts_with("HTTP/1.1 201") && answer.contains("x-a: 1\r\nx-a: 2"), "{answer}");
    assert!(answer.contains(r#"Some("a+&")"#) && answer.contains("Number(1)"), "{answer}");
    drop(server);
    tokio::task::yield_now().await;
    assert!(TcpStream::connect(base.trim_start_matches("http://")).await.is_err());
}

#[test]
fn a_folder_on_disk_reads_like_one_in_memory() {
    let folder = std::env::temp_dir().join(format!("userdir-stand-in-{}", std::process::id()));
    for (path, text) in files().iter() {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let read = Files::open(&folder);
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(read.unwrap(), files());
}

#[test]
fn a_case_is_read_with_its_files() {
    let fixtures = Fixtures::read(&files());
    assert_eq!(fixtures.faults, []);
    let case = case();
    assert_eq!((case.name.as_str(), case.script.source.kind), ("normal", SourceKind::Written));
    assert_eq!(case.script.exchanges[1].request.query["expand"], OneOrMany::Many(vec!["x".into(), "y z".into()]));
    assert!(case.files.contains("list_users/shared/page.json"));
    let filled = case.script.filled("http://h", SECRET);
    assert_eq!(filled.exchanges[0].response.text.as_deref(), Some(r#"{"access_token":"canary-secret-1"}"#));
}

/// A user that a list shows, and that is switched off.
fn replayed() -> Fixtures {
    let head = "title = \"t\"\nsource = { kind = \"written\" }\n";
    let exchange = |method: &str, path: &str, status: u16, json: &str| {
        format!(
            "[[exchange]]\nrequest = {{ method = \"{method}\", path = \"{path}\" }}\nresponse = {{ status = {status}, json = {json} }}\n"
        )
    };
    let page = |skip: u8, id: u8| {
        format!(
            "[[exchange]]\nrequest = {{ method = \"GET\", path = \"/users\", query = {{ limit = \"200\", skip = \"{skip}\" }} }}\nresponse = {{ status = 200, json = [{id}] }}\n"
        )
    };
    let search = |from: u8, id: u8| {
        format!(
            "[[exchange]]\nrequest = {{ method = \"POST\", path = \"/events\", body = {{ limit = 100, from = {from} }} }}\nresponse = {{ status = 200, json = [{id}] }}\n"
        )
    };
    let user = |on: &str| exchange("GET", "/users/1", 200, on);
    let write = exchange("POST", "/users/1/off", 200, "{}");
    let cases = [
        ("list_users/normal", format!("{}{}", page(0, 1), page(1, 2))),
        ("get_user/normal", user("{ on = true }")),
        ("deactivate_user/already", user("{ on = false }")),
        ("deactivate_user/normal", format!("{}{write}{}", user("{ on = true }"), user("{ on = false }"))),
        ("get_user/refused", exchange("GET", "/users/2", 403, "{}")),
        ("list_activities/normal", format!("{}{}", search(0, 1), search(100, 2))),
    ];
    let mut files = Files::default();
    files.insert("account.toml", "[settings]\nbase_url = \"{{base}}\"\n[secrets]\ntoken = \"{{secret}}\"");
    for (name, exchanges) in cases {
        files.insert(format!("{name}/case.toml"), format!("{head}{exchanges}[expect]\noutput = []\n"));
    }
    Fixtures::read(&files)
}

#[tokio::test]
async fn all_cases_are_replayed_in_any_order() {
    let replaying = StandIn::replay(&replayed(), SECRET, None).await.unwrap();
    let base = replaying.base_url();
    assert_eq!(replaying.account().settings["base_url"], base);
    assert_eq!(replaying.account().secrets["token"], SECRET);
    let get = async |target: &str| send(&base, &format!("GET {target} HTTP/1.1"), "").await;
    for _ in 0..2 {
        assert!(get("/users?limit=50&skip=0").await.ends_with("[1]"), "another size of page will do");
        assert!(get("/users?limit=50&skip=1").await.ends_with("[2]"));
        assert!(get("/users/1").await.ends_with(r#"{"on":true}"#));
        let search = async |body: &str| send(&base, "POST /events HTTP/1.1", body).await;
        assert!(search(r#"{"limit":5,"from":0}"#).await.ends_with("[1]"), "in a body too");
        assert!(search(r#"{"limit":5,"from":100}"#).await.ends_with("[2]"));
        assert!(search(r#"{"limit":5,"from":"x"}"#).await.starts_with("HTTP/1.1 501"));
    }
    assert!(send(&base, "POST /users/1/off HTTP/1.1", "").await.starts_with("HTTP/1.1 200"));
    for _ in 0..3 {
        assert!(get("/users/1").await.ends_with(r#"{"on":false}"#), "the change is seen from then on");
    }
    for unknown in ["/users/2", "/users/3", "/users?limit=50", "/users?limit=50&skip=0&filter=x"] {
        assert!(get(unknown).await.starts_with("HTTP/1.1 501"), "{unknown}");
    }
}

/// Answers everything with the same body, and breaks it.
struct Breaking(Option<userdir_stand_in::Break>);

#[async_trait]
impl Handler for Breaking {
    async fn handle(&self, _request: Received) -> Answer {
        let answer = Answer::json(200, "[1,2,3,4]");
        match self.0 {
            Some(breaks) => answer.broken(breaks),
            None => answer,
        }
    }

    fn admits(&self) -> bool {
        self.0.is_some()
    }
}

/// What comes before the connection ends, and whether it ends with a reset.
async fn broken(breaks: Option<userdir_stand_in::Break>) -> (String, bool) {
    let stand_in = StandIn::serve(Arc::new(Breaking(breaks))).await.unwrap();
    let mut stream = TcpStream::connect(stand_in.base_url().trim_start_matches("http://")).await.unwrap();
    // a connection that is not taken may be gone already
    let _ = stream.write_all(b"GET / HTTP/1.1\r\nhost: vendor\r\n\r\n").await;
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(std::time::Duration::from_millis(300), stream.read_to_end(&mut answer)).await;
    let is_reset = ended.is_ok_and(|read| read.is_err());
    (String::from_utf8(answer).unwrap(), is_reset)
}

#[tokio::test]
async fn answers_break_below_http() {
    use userdir_stand_in::Break;
    assert_eq!(broken(None).await, (String::new(), true));
    assert_eq!(broken(Some(Break::Reset)).await, (String::new(), true));
    for (breaks, length) in [
        (Break::CutBody, "content-length: 9\r\n\r\n[1,2"),
        (Break::CutChunk, "transfer-encoding: chunked\r\n\r\n4\r\n[1,2\r\n"),
        (Break::CutWithoutLength, "connection: close\r\n\r\n[1,2"),
        (Break::Stall, "content-length: 9\r\n\r\n[1,2"),
    ] {
        let (answer, is_reset) = broken(Some(breaks)).await;
        let whole = format!("HTTP/1.1 200 Stand-In\r\ncontent-type: application/json\r\n{length}");
        assert_eq!((answer, is_reset), (whole, false), "{breaks:?}");
    }
}

/// The program ships this crate for its demo, so it brings no mock library along.
#[test]
fn no_mock_library_is_behind_it() {
    assert!(!include_str!("../Cargo.toml").contains("wiremock"));
}
