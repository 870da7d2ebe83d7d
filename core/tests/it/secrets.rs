//! No secret in anything that is shown, whatever the vendor echoes.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;
use userdir_core::action::*;
use userdir_core::observer::Recorder;
use userdir_core::{Call, Error, Settings};
use wiremock::{Mock, Request, ResponseTemplate, matchers};

use crate::world::*;

/// The secrets of all accounts here; each has signs that are encoded.
const CANARIES: [&str; 5] =
    ["canary-tok/en+1", "canary-cli ent\"2", "canary-refresh-3", "canary-access-4", "canary-pass&5"];

fn everything(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {:?} {:?}", error.next_step(), error.details());
    if let Some(answer) = error.vendor() {
        text += &String::from_utf8_lossy(&answer.body);
        text += &format!("{:?} {:?} {:?} {:?}", answer.headers, answer.code, answer.message, answer.request_id);
    }
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        text += &format!(" {source} {source:?}");
        cause = source.source();
    }
    text
}

fn clean(what: &str, text: &str) {
    let lower = text.to_lowercase();
    assert!(!lower.contains("canary"), "{what}: {text}");
    // "canary" in base64, at each of the three places it may have
    for spelling in ["Y2FuYXJ5", "NhbmFye", "jYW5hcn"] {
        assert!(!text.contains(spelling), "{what} in base64: {text}");
    }
}

/// Echoes whatever came: headers, query, body, in the body, the headers and the error's code.
fn echo(request: &Request) -> ResponseTemplate {
    let headers: Vec<String> =
        request.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or_default())).collect();
    let sent = format!("{} {} {}", headers.join("\n"), request.url, String::from_utf8_lossy(&request.body));
    let header = sent.replace(['\n', '\r'], " ");
    ResponseTemplate::new(400)
        .set_body_json(json!({
            "code": sent, "message": sent, "error": sent, "error_description": sent,
        }))
        .insert_header("x-request-id", header.as_str())
        .insert_header("x-trace", header.as_str())
}

async fn accounts() -> Vec<(&'static str, World)> {
    let base = |settings: &Settings| Settings::new().set("base_url", settings.get("base_url").unwrap());
    let oauth = move |s: Settings| base(&s).set("client_id", "app").secret("client_secret", "canary-cli ent\"2");
    vec![
        ("header", World::of("acme", move |s| base(&s).secret("token", "canary-tok/en+1")).await),
        // given as a plain setting: it is a secret all the same
        ("plain", World::of("acme", move |s| base(&s).set("token", "canary-tok/en+1")).await),
        (
            "basic",
            World::of("acme", move |s| base(&s).set("username", "bot").secret("password", "canary-pass&5")).await,
        ),
        ("oauth", World::of("acme", oauth).await),
        ("refresh", World::of("acme", move |s| oauth(s).secret("refresh_token", "canary-refresh-3")).await),
    ]
}

async fn exercise(world: &World) -> String {
    let recorder = Arc::new(Recorder::default());
    let mut shown = format!("{:?}", world.directory);
    let call = || Call::new().observed_by(recorder.clone());
    shown += &everything(&world.directory.get_user(&call(), GetUserInput::new("u1")).await.unwrap_err());
    shown += &everything(&world.directory.list_users(&call(), UserFilter::default(), 5, None).await.unwrap_err());
    let input = || CreateUserInput::new().name("M").organization_id("o").password("canary-pass&5");
    shown += &format!("{:?}", input());
    shown += &everything(&world.directory.create_user(&call(), input()).await.unwrap_err());
    let plan = Call::plan().observed_by(recorder.clone());
    world.directory.create_user(&plan, input()).await.unwrap();
    shown += &serde_json::to_string(&plan.planned()).unwrap();
    for exchange in recorder.exchanges() {
        shown += &serde_json::to_string(&exchange).unwrap();
        shown += &format!("{exchange:?} {}", String::from_utf8_lossy(&exchange.response_body));
    }
    shown
}

#[tokio::test]
async fn an_echo_shows_no_secret() {
    for (name, world) in accounts().await {
        let token = ok(json!({ "access_token": "canary-access-4", "refresh_token": "canary-refresh-3b" }));
        Mock::given(matchers::path("/token")).respond_with(token).mount(&world.server).await;
        Mock::given(matchers::any()).respond_with(echo).mount(&world.server).await;
        clean(name, &exercise(&world).await);
    }
}

/// A vendor that takes the password also shows it, in what it made and when that is read.
#[tokio::test]
async fn a_password_that_comes_back_with_the_user_is_not_shown() {
    let world = World::new().await;
    world.serve(|_, _, _| ok(json!({ "id": "u1", "name": "M", "password": "canary-pass&5" }))).await;
    let input = CreateUserInput::new().name("M").organization_id("o").password("canary-pass&5");
    let reply = world.directory.create_user(&Call::new(), input).await.unwrap();
    let shown = serde_json::to_string(&reply.value).unwrap();
    assert!(shown.contains("remote_data") && !shown.contains("canary"), "{shown}");
}

#[tokio::test]
async fn a_token_endpoint_that_echoes_shows_no_secret() {
    for (name, world) in accounts().await.into_iter().skip(3) {
        let answer = |request: &Request| {
            let sent = String::from_utf8_lossy(&request.body).into_owned();
            ResponseTemplate::new(401).set_body_json(json!({ "error": sent, "error_description": sent }))
        };
        Mock::given(matchers::path("/token")).respond_with(answer).mount(&world.server).await;
        let error = world.directory.get_user(&Call::new(), GetUserInput::new("u1")).await.unwrap_err();
        assert!(error.vendor().is_some());
        clean(name, &everything(&error));
    }
}

#[tokio::test]
async fn a_secret_across_the_cut_or_among_bytes_that_are_no_text_is_masked() {
    // the body kept is 64 KiB: the secret begins before and ends behind
    let across = |before: usize| {
        let mut body = vec![b'x'; (64 << 10) - before];
        body.extend_from_slice(b"canary-token and more\xff");
        body
    };
    for body in [across(6), across(3), b"\xe4\xf6 canary-token".to_vec(), "ä".repeat(40_000).into_bytes()] {
        let world = World::new().await;
        world.serve(move |_, _, _| ResponseTemplate::new(500).set_body_bytes(body.clone())).await;
        let error = world.directory.get_user(&Call::new(), GetUserInput::new("u1")).await.unwrap_err();
        let kept = &error.vendor().unwrap().body;
        assert!(kept.len() <= 64 << 10);
        assert!(
            !kept.windows(3).any(|window| window == b"can"),
            "{:?}",
            String::from_utf8_lossy(&kept[kept.len().saturating_sub(40)..])
        );
    }
}

#[tokio::test]
async fn a_vendors_code_cannot_write_to_the_terminal() {
    let world = World::new().await;
    world.serve(|_, _, _| status(400).set_body_json(json!({ "code": "\u{1b}[2J\u{7}\nE1" }))).await;
    let error = world.directory.get_user(&Call::new(), GetUserInput::new("u1")).await.unwrap_err();
    assert!(!error.to_string().chars().any(char::is_control), "{error:?}");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Everything below us too: at this level the HTTP libraries log what they do.
#[test]
fn logs_at_trace_level_hold_no_secret() {
    // In a process of its own: which callsites are on is decided once for all threads.
    if !alone("secrets::logs_at_trace_level_hold_no_secret", &[]) {
        return;
    }
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // one thread, so that the subscriber sees all of it
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            for (_, world) in accounts().await {
                let token = ok(json!({ "access_token": "canary-access-4", "refresh_token": "canary-refresh-3b" }));
                Mock::given(matchers::path("/token")).respond_with(token).mount(&world.server).await;
                Mock::given(matchers::any()).respond_with(echo).mount(&world.server).await;
                exercise(&world).await;
            }
        });
    });
    let text = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    // wiremock is the vendor's side, and logs what it was sent
    let ours: String = text.lines().filter(|line| !line.contains("wiremock")).collect::<Vec<_>>().join("\n");
    assert!(ours.contains("answered"), "nothing was logged");
    clean("log", &ours);
}

#[test]
fn what_holds_a_secret_prints_none() {
    let settings = Settings::new().secret("token", CANARIES[0]);
    clean("settings", &format!("{settings:?}"));
    clean("stored token", &format!("{:?}", stored(CANARIES[3], Some(CANARIES[2]))));
}
