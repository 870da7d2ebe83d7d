//! What is sent again, and what never is.

use std::time::{Duration, Instant};

use serde_json::json;
use userdir_core::action::*;
use userdir_core::runtime::SystemClock;
use userdir_core::{Call, ErrorKind, Outcome, RetryState};

use crate::world::*;

const USER: &str = r#"{"id": "u1", "name": "Maya", "status": "active"}"#;

fn get() -> GetUserInput {
    GetUserInput::new("u1")
}

#[tokio::test]
async fn a_read_answered_429_waits_as_long_as_the_vendor_asks() {
    let world = World::new().await;
    world
        .serve(|_, _, before| match before {
            0 => status(429).insert_header("retry-after", "1"),
            _ => ok(json!({ "id": "u1" })),
        })
        .await;
    world.directory.get_user(&Call::new(), get()).await.unwrap();
    assert_eq!(world.clock.sleeps(), [Duration::from_secs(1)]);
    assert_eq!(world.requests().await.len(), 2);
}

#[tokio::test]
async fn a_wait_that_stands_in_the_body_counts_before_the_headers() {
    let world = World::new().await;
    world
        .serve(|_, _, before| match before {
            0 => status(429).insert_header("retry-after", "1").set_body_json(json!({ "code": "slow", "wait": 7 })),
            _ => ok(json!({ "id": "u1" })),
        })
        .await;
    world.directory.get_user(&Call::new(), get()).await.unwrap();
    assert_eq!(world.clock.sleeps(), [Duration::from_secs(7)]);
}

#[tokio::test]
async fn that_second_is_a_real_one_on_the_machines_clock() {
    let world =
        World::built("acme", |settings| settings, |builder| builder.clock(std::sync::Arc::new(SystemClock::default())))
            .await;
    world
        .serve(|_, _, before| match before {
            0 => status(429).insert_header("retry-after", "1"),
            _ => ok(json!({ "id": "u1" })),
        })
        .await;
    let begun = Instant::now();
    world.directory.get_user(&Call::new(), get()).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_write_answered_429_was_not_carried_out_and_is_sent_again() {
    let world = World::new().await;
    world
        .serve(|method, path, before| match (method, path, before) {
            ("POST", _, 0) => status(429).insert_header("retry-after", "2"),
            ("GET", _, 0) => ok(json!({ "id": "u1", "status": "active" })),
            ("GET", ..) => ok(json!({ "id": "u1", "status": "inactive" })),
            _ => ok(json!({})),
        })
        .await;
    world.directory.deactivate_user(&Call::new(), DeactivateUserInput::new("u1")).await.unwrap();
    assert_eq!(world.writes().await.len(), 2);
    assert_eq!(world.clock.sleeps(), [Duration::from_secs(2)]);
}

#[tokio::test]
async fn a_wait_beyond_patience_comes_back_at_once_and_names_the_time() {
    let world = World::new().await;
    world.serve(|_, _, _| status(429).insert_header("retry-after", "3600")).await;
    let error = world.directory.get_user(&Call::new(), get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.retry(), RetryState::Later(Some(Duration::from_secs(3600))));
    assert_eq!(world.requests().await.len(), 1);
    assert!(world.clock.sleeps().is_empty());
}

#[tokio::test]
async fn an_absurd_wait_is_refused_and_not_a_panic() {
    for wait in ["18446744073709551615", "1e300", "99999999999999999999999"] {
        let world = World::new().await;
        world.serve(move |_, _, _| status(429).insert_header("retry-after", wait)).await;
        let error = world.directory.get_user(&Call::new(), get()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited, "{wait}");
    }
}

#[tokio::test]
async fn a_read_answered_503_twice_succeeds() {
    for code in [502, 503, 504] {
        let world = World::new().await;
        world.serve(move |_, _, before| if before < 2 { status(code) } else { ok(json!({ "id": "u1" })) }).await;
        world.directory.get_user(&Call::new(), get()).await.unwrap();
        assert_eq!(world.clock.sleeps().len(), 2, "{code}");
    }
}

#[tokio::test]
async fn a_read_that_a_200_refuses_for_now_is_sent_again_and_a_write_is_not() {
    let world = World::new().await;
    world
        .serve(|method, _, before| match (method, before) {
            ("GET", 0) | ("POST", _) => ok(json!({ "code": "busy" })),
            _ => ok(json!({ "id": "u1", "status": "active" })),
        })
        .await;
    world.directory.get_user(&Call::new(), get()).await.unwrap();
    assert_eq!(world.clock.sleeps().len(), 1);
    let error = world.directory.deactivate_user(&Call::new(), DeactivateUserInput::new("u1")).await.unwrap_err();
    assert_eq!((error.outcome(), world.writes().await.len()), (Outcome::Unknown, 1));
}

/// The end of a rate limit's window stands on every answer of some vendors. It says nothing about a 503.
#[tokio::test]
async fn a_503_does_not_wait_for_the_end_of_a_rate_limits_window() {
    let world = World::new().await;
    world
        .serve(|_, _, before| match before {
            0 => status(503)
                .insert_header("x-ratelimit-remaining", "99")
                .insert_header("x-ratelimit-reset", "1800000090"),
            _ => ok(json!({ "id": "u1" })),
        })
        .await;
    world.directory.get_user(&Call::new(), get()).await.unwrap();
    assert!(world.clock.sleeps().iter().all(|pause| *pause < Duration::from_secs(2)), "{:?}", world.clock.sleeps());
}

#[tokio::test]
async fn a_used_up_window_is_waited_for_before_the_next_request() {
    let world = World::new().await;
    world
        .serve(|_, _, _| {
            ok(json!({ "id": "u1" }))
                .insert_header("x-ratelimit-remaining", "0")
                .insert_header("x-ratelimit-reset", "1800000030")
                .insert_header("date", "Fri, 15 Jan 2027 08:00:00 GMT")
        })
        .await;
    world.directory.get_user(&Call::new(), get()).await.unwrap();
    world.directory.get_user(&Call::new(), get()).await.unwrap();
    assert_eq!(world.clock.sleeps(), [Duration::from_secs(30)]);
}

#[tokio::test]
async fn a_plain_500_is_not_repeated() {
    let world = World::new().await;
    world.serve(|_, _, _| status(500)).await;
    let error = world.directory.get_user(&Call::new(), get()).await.unwrap_err();
    assert_eq!((error.kind(), world.requests().await.len()), (ErrorKind::Unavailable, 1));
}

#[tokio::test]
async fn a_read_is_repeated_after_a_500_where_the_vendor_says_that_it_passes() {
    let world = World::of("acme", |settings| settings.set("repeats_500", "true")).await;
    world
        .serve(
            |_, path, before| if path == "/users/u1" && before == 0 { status(500) } else { ok(json!({ "id": "u1" })) },
        )
        .await;
    world.directory.get_user(&Call::new(), get()).await.unwrap();
    assert_eq!(world.requests().await.len(), 2);
    let world = World::of("acme", |settings| settings.set("repeats_500", "true")).await;
    world.serve(|method, _, _| if method == "GET" { ok(json!({ "id": "u1" })) } else { status(500) }).await;
    let error = world.directory.deactivate_user(&Call::new(), DeactivateUserInput::new("u1")).await.unwrap_err();
    assert_eq!((error.kind(), world.writes().await.len()), (ErrorKind::Unavailable, 1), "{error}");
}

#[tokio::test]
async fn attempts_are_bounded() {
    let world = World::new().await;
    world.serve(|_, _, _| status(503)).await;
    let error = world.directory.get_user(&Call::new(), get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.retry(), RetryState::GaveUp { attempts: 5 });
    assert_eq!(world.requests().await.len(), 5);
}

#[tokio::test]
async fn a_deadline_is_not_slept_through() {
    let world = World::new().await;
    world.serve(|_, _, _| status(429).insert_header("retry-after", "30")).await;
    let call = Call::new().deadline(Duration::from_secs(10));
    let error = world.directory.get_user(&call, get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert!(world.clock.sleeps().is_empty());

    world.clock.advance(Duration::from_secs(10));
    let error = world.directory.get_user(&call, get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(world.requests().await.len(), 1, "nothing is sent after the deadline");
}

#[tokio::test]
async fn a_deadline_holds_while_a_body_is_read() {
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\"".to_vec();
    let directory = Raw::start(vec![Act::Stall(half)]).await.patient();
    let begun = Instant::now();
    let error = directory.get_user(&Call::new().deadline(Duration::from_millis(150)), get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!((150..8000).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_cancelled_read_ends_at_once() {
    let raw = Raw::start(vec![Act::Hang]).await;
    let directory = raw.patient();
    let token = tokio_util::sync::CancellationToken::new();
    let call = Call::new().cancelled_by(token.clone());
    let reading = tokio::spawn(async move { directory.get_user(&call, get()).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    token.cancel();
    let begun = Instant::now();
    let error = reading.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("cancelled"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(8));
    assert_eq!(raw.count("GET"), 1);
}

#[tokio::test]
async fn a_read_survives_a_lost_connection_a_timeout_and_a_truncated_body() {
    let truncated = say("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\": ");
    for (what, fault) in [("closed", Act::Close), ("silent", Act::Hang), ("truncated", truncated)] {
        let raw = Raw::start(vec![fault, json_answer(USER)]).await;
        let (directory, clock) = raw.directory("acme");
        let user = directory.get_user(&Call::new(), get()).await.unwrap();
        assert_eq!(user.value.id, "u1");
        assert_eq!((raw.count("GET"), clock.sleeps().len()), (2, 1), "{what}");
    }
}

#[tokio::test]
async fn a_post_that_left_without_an_answer_is_never_sent_again() {
    let answered_half = say("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{");
    for (what, fault) in [("silent", Act::Hang), ("closed", Act::Close), ("half", answered_half)] {
        // read, write, and the reading that settles it
        let raw = Raw::start(vec![json_answer(USER), fault, json_answer(USER)]).await;
        let (directory, _) = raw.directory("acme");
        let error = directory.deactivate_user(&Call::new(), DeactivateUserInput::new("u1")).await.unwrap_err();
        assert_eq!(raw.count("POST"), 1, "{what}");
        assert_eq!(error.outcome(), Outcome::Unknown, "{what}");
        assert!(error.to_string().contains("whether the vendor carried it out is unknown"), "{error}");
    }
}

#[tokio::test]
async fn a_post_answered_503_is_not_repeated_even_if_the_vendor_says_when() {
    let world = World::new().await;
    world
        .serve(|method, _, _| match method {
            "POST" => status(503).insert_header("retry-after", "1"),
            _ => ok(json!({ "id": "u1", "status": "active" })),
        })
        .await;
    let error = world.directory.deactivate_user(&Call::new(), DeactivateUserInput::new("u1")).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unavailable, Outcome::Unknown));
    assert_eq!(error.retry(), RetryState::Later(Some(Duration::from_secs(1))));
    assert_eq!(world.writes().await.len(), 1);
}

#[tokio::test]
async fn an_idempotent_write_is_sent_again() {
    let group = r#"{"id": "g1", "name": "Ops"}"#;
    let none = r#"{"items": [{"id": "g0"}], "total": 1}"#;
    let there = r#"{"items": [{"id": "g1"}], "total": 1}"#;
    let raw = Raw::start(vec![
        json_answer(group),
        json_answer(none),
        Act::Close,
        json_answer("{}"),
        json_answer(group),
        json_answer(there),
    ])
    .await;
    let (directory, _) = raw.directory("acme");
    directory.add_user_to_group(&Call::new(), AddUserToGroupInput::new("g1", "u1")).await.unwrap();
    assert_eq!(raw.count("PUT"), 2);
}

/// The first DELETE was carried out and its answer lost; the second is told 404. That is a success.
#[tokio::test]
async fn a_repeated_delete_that_finds_nothing_was_the_one_that_deleted() {
    let not_found = || say("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let raw = Raw::start(vec![json_answer(USER), json_answer("{}"), Act::Close, not_found(), not_found()]).await;
    let (directory, _) = raw.directory("acme");
    let reply = directory.delete_user(&Call::new(), DeleteUserInput::new("u1")).await.unwrap();
    assert_eq!(reply.effect, userdir_core::Effect::Applied);
    assert!(reply.notes.iter().any(|note| note.contains("no clear answer")), "{:?}", reply.notes);
    assert_eq!(raw.count("DELETE"), 2);
}

#[tokio::test]
async fn a_connection_that_never_was_is_tried_again_for_a_write_too_and_leaves_nothing_unknown() {
    // a port that nobody listens on
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let raw = Raw { uri: format!("http://127.0.0.1:{port}"), requests: Default::default() };
    let (directory, clock) = raw.directory("acme");
    let input = CreateUserInput::new().name("Maya").organization_id("o1");
    let error = directory.create_user(&Call::new(), input).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::NotDone));
    assert_eq!(error.retry(), RetryState::GaveUp { attempts: 5 });
    assert_eq!(clock.sleeps().len(), 4);
    assert!(error.next_step().unwrap().contains("base_url"));
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_told_at_once() {
    let world = World::new().await;
    world.serve(|_, _, _| status(429).set_body_json(json!({ "code": "quota" }))).await;
    let error = world.directory.get_user(&Call::new(), GetUserInput::new("u1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(world.requests().await.len(), 1);
    assert!(world.clock.sleeps().is_empty());
}

/// Notes what it is told.
#[derive(Default)]
struct Told(std::sync::Mutex<Vec<String>>);

impl userdir_core::Meter for Told {
    fn request(&self, provider: &'static str, status: Option<u16>, _took: Duration) {
        self.0.lock().unwrap().push(format!("{provider} {status:?}"));
    }

    fn wait(&self, _provider: &'static str, pause: Duration) {
        self.0.lock().unwrap().push(format!("wait {pause:?}"));
    }

    fn retry(&self, _provider: &'static str, after: ErrorKind, pause: Duration) {
        self.0.lock().unwrap().push(format!("retry {} {pause:?}", after.as_str()));
    }
}

#[tokio::test]
async fn the_meter_is_told_of_requests_waits_and_retries() {
    let told = std::sync::Arc::new(Told::default());
    let world = World::built("acme", |settings| settings, |builder| builder.meter(told.clone())).await;
    world
        .serve(|_, _, before| match before {
            0 => status(429).insert_header("retry-after", "1"),
            1 => ok(json!({ "id": "u1" }))
                .insert_header("date", "Fri, 15 Jan 2027 08:00:01 GMT")
                .insert_header("x-ratelimit-remaining", "0")
                .insert_header("x-ratelimit-reset", "1800000009"),
            _ => ok(json!({ "id": "u1" })),
        })
        .await;
    for _ in 0..2 {
        world.directory.get_user(&Call::new(), get()).await.unwrap();
    }
    let expected = ["acme Some(429)", "retry rate_limited 1s", "acme Some(200)", "wait 8s", "acme Some(200)"];
    assert_eq!(*told.0.lock().unwrap(), expected);
}
