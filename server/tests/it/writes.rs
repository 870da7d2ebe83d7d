//! Writes: effects, plans, audit, keys, unknown outcomes, scopes.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use userdir_stand_in::Answer as VendorAnswer;
use userdir_store::{AuditQuery, AuditRow, Scope};

use crate::vendor::{Vendor, refusal};
use crate::world::World;

const DEACTIVATE: &str = "/unified/user-directory/users/deactivate?{account}";
const CREATE: &str = "/unified/user-directory/users?{account}";
const EXPIRE: &str = "/proxy/users/u001/lifecycle/expire_password?{account}";

async fn audit(world: &World) -> Vec<AuditRow> {
    let mut rows = world.store.audit(&AuditQuery::new(world.account.id)).await.unwrap().rows;
    rows.reverse();
    rows
}

fn effects(rows: &[AuditRow]) -> Vec<&str> {
    rows.iter().map(|row| row.effect.as_deref().unwrap_or("intended")).collect()
}

fn maya() -> Value {
    json!({"first_name": "Maya", "last_name": "Ortiz", "username": "maya@example.com", "emails": [{"email": "maya@example.com"}]})
}

#[tokio::test]
async fn a_write_answers_the_resource_with_what_was_done() {
    let world = World::new().await;
    let answer = world.post(DEACTIVATE, &json!({"user_id": "u001"})).await;
    assert_eq!(answer.header("x-userdir-effect"), Some("applied"));
    let user = answer.json();
    assert_eq!((&user["id"], &user["status"]), (&json!("u001"), &json!("inactive")));
    assert_eq!(user["userdir"], json!({"effect": "applied", "steps": [], "notes": []}));

    let roles = json!({"id": "u001", "roles": [{"id": "HELP_DESK_ADMIN"}, {"id": "REPORT_ADMIN"}]});
    let answer = world.post("/unified/user-directory/users/unassign-role?{account}", &roles).await.json();
    assert_eq!(answer["userdir"]["steps"].as_array().unwrap().len(), 2, "{answer}");

    let answer = world.send("DELETE", "/unified/user-directory/users/u002?{account}", &[], b"").await;
    assert_eq!((answer.status, &answer.json()["id"]), (200, &json!("u002")));
    assert_eq!(world.vendor.status("u002"), "");
}

#[tokio::test]
async fn the_id_of_an_update_stands_in_path_query_or_body() {
    let world = World::new().await;
    for (target, body) in [
        ("/unified/user-directory/users/u001?{account}", json!({"title": "Lead1"})),
        ("/unified/user-directory/users?{account}&id=u001", json!({"title": "Lead2"})),
        ("/unified/user-directory/users?{account}", json!({"id": "u001", "title": "Lead3"})),
        ("/unified/user-directory/users/u001?{account}", json!({"id": "u001", "title": "Lead4"})),
        ("/unified/user-directory/users/u001?{account}&title=Lead5", json!({})),
    ] {
        world.vendor.forget();
        let answer = world.send("PATCH", target, &[], body.to_string().as_bytes()).await;
        // this vendor does not show the title, so that one and the same would not be sent twice
        assert!(world.vendor.writes().contains(&"POST /api/v1/users/u001".to_owned()), "{target} {}", answer.text());
    }
    let answer =
        world.send("PATCH", "/unified/user-directory/users/u001?{account}", &[], br#"{"id":"u002","title":"x"}"#).await;
    assert_eq!(answer.status, 400);
    // a null in the body is not given where it names the user, and takes nothing away silently
    world.vendor.forget();
    let target = "/unified/user-directory/users/u001?{account}&title=Lead6";
    for (body, refused) in [(json!({"id": null, "title": null}), false), (json!({"first_name": null}), true)] {
        let answer = world.send("PATCH", target, &[], body.to_string().as_bytes()).await;
        assert_eq!(answer.status == 400, refused, "{}", answer.text());
        assert_eq!(answer.text().contains("`first_name` is null"), refused, "{}", answer.text());
    }
    assert_eq!(world.vendor.writes(), ["POST /api/v1/users/u001"]);
    let answer = world.send("DELETE", "/unified/user-directory/users?{account}&id=u003", &[], b"").await;
    assert_eq!((answer.status, &answer.json()["id"]), (200, &json!("u003")), "{}", answer.text());
    assert_eq!(world.send("DELETE", "/unified/user-directory/users?{account}", &[], b"").await.status, 400);
}

#[tokio::test]
async fn a_plan_sends_nothing_and_keeps_nothing() {
    let world = World::new().await;
    let target = format!("{DEACTIVATE}&truto_dry_run=true");
    let headers = [("idempotency-key", "k1")];
    let answer = world.send("POST", &target, &headers, br#"{"user_id":"u001"}"#).await;
    assert_eq!((answer.status, answer.header("x-userdir-effect")), (200, Some("planned")));
    let plan = &answer.json()["plan"];
    assert_eq!(plan[0]["method"], "POST");
    assert!(plan[0]["url"].as_str().unwrap().contains("/lifecycle/deactivate"));
    assert!(world.vendor.writes().is_empty() && audit(&world).await.is_empty());
    // the key is free for the real thing
    let answer = world.send("POST", DEACTIVATE, &headers, br#"{"user_id":"u001"}"#).await;
    assert_eq!((answer.header("x-userdir-effect"), answer.header("idempotent-replayed")), (Some("applied"), None));
    let answer = world.send("POST", &target, &[], br#"{"user_id":"u001"}"#).await;
    assert_eq!((answer.header("x-userdir-effect"), &answer.json()["plan"]), (Some("already"), &json!([])));
}

#[tokio::test]
async fn the_audit_has_what_was_intended_and_what_came_of_it() {
    let world = World::new().await;
    let headers = [("x-request-id", "req-77"), ("idempotency-key", "k1")];
    world.send("POST", DEACTIVATE, &headers, br#"{"user_id":"u001"}"#).await;
    world.post(DEACTIVATE, &json!({"user_id": "u001"})).await;
    world.vendor.fault("POST /api/v1/users/u002/lifecycle", refusal(403, "E0000006", "no"));
    world.post(DEACTIVATE, &json!({"user_id": "u002"})).await;
    let rows = audit(&world).await;
    assert_eq!(effects(&rows), ["intended", "sent", "applied", "already", "intended", "refused", "failed"]);
    let (intended, sent) = (&rows[0], &rows[1]);
    assert_eq!(
        (intended.action.as_str(), intended.targets.as_slice()),
        ("users/deactivate", ["u001".to_owned()].as_slice())
    );
    assert!(intended.actor.starts_with("token:") && intended.idempotency_key.is_some());
    assert_eq!(intended.request_id.as_deref(), Some("req-77"));
    assert!(intended.details["url"].as_str().unwrap().ends_with("/users/u001/lifecycle/deactivate"));
    assert_eq!((sent.intended, sent.vendor_status), (Some(intended.sequence), Some(200)));
    assert_eq!(sent.vendor_request_ids, ["okta-req-1"]);
    assert_eq!((rows[5].vendor_status, &rows[6].details["error"]), (Some(403), &json!("permission")));
    // what was wrong before anything was asked is no write
    world.post(DEACTIVATE, &json!({})).await;
    world.post(DEACTIVATE, &json!({"user_id": "a/b"})).await;
    assert_eq!(audit(&world).await.len(), 7);
    assert!(world.store.verify_audit(None).await.unwrap().holds());

    // ids, and nothing about a person
    world.post(CREATE, &maya()).await;
    let text = serde_json::to_string(&audit(&world).await).unwrap();
    assert!(!text.contains("maya@") && !text.contains("Ortiz"), "{text}");
    assert_eq!(audit(&world).await.last().unwrap().targets, ["new1"]);
}

#[tokio::test]
async fn a_key_runs_once_however_many_send_it_at_once() {
    let world = Arc::new(World::new().await);
    world.vendor.slow(Duration::from_millis(30));
    let body = maya().to_string();
    let request = world.request(&world.token, "POST", CREATE, &[("idempotency-key", "create-maya")], body.as_bytes());
    let sent = (0..32).map(|_| {
        let (world, request) = (world.clone(), request.clone());
        tokio::spawn(async move { world.raw(request).await })
    });
    let answers = futures_util::future::join_all(sent).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    for answer in &answers {
        assert_eq!((answer.status, &answer.json()["id"]), (200, &json!("new1")), "{}", answer.text());
        assert_eq!(answer.header("x-userdir-effect"), Some("applied"));
    }
    let replayed = answers.iter().filter(|answer| answer.header("idempotent-replayed") == Some("true")).count();
    assert_eq!((replayed, world.vendor.writes().len()), (31, 1));

    // the same key with another body, path or account
    let other = maya().to_string().replace("Ortiz", "Lee");
    let answer = world.send("POST", CREATE, &[("idempotency-key", "create-maya")], other.as_bytes()).await;
    assert_eq!(answer.status, 422);
    answer.problem();
    let answer = world.send("POST", DEACTIVATE, &[("idempotency-key", "create-maya")], br#"{"user_id":"u001"}"#).await;
    assert_eq!((answer.status, answer.header("idempotent-replayed")), (200, None));
    // the order of members is no other body
    let turned = r#"{"emails":[{"email":"maya@example.com"}],"username":"maya@example.com","last_name":"Ortiz","first_name":"Maya"}"#;
    let answer = world.send("POST", CREATE, &[("idempotency-key", "create-maya")], turned.as_bytes()).await;
    assert_eq!(answer.header("idempotent-replayed"), Some("true"));
    for key in ["", "k\u{fc}", &"k".repeat(256)] {
        assert_eq!(world.send("POST", CREATE, &[("idempotency-key", key)], body.as_bytes()).await.status, 400, "{key}");
    }
}

#[tokio::test]
async fn a_refusal_gives_the_key_back() {
    let world = World::new().await;
    let send = async || world.send("POST", DEACTIVATE, &[("idempotency-key", "k1")], br#"{"user_id":"u001"}"#).await;
    for (status, expected) in [(403, 403), (401, 401), (400, 400), (409, 409)] {
        world.vendor.fault("POST /api/v1/users/u001/lifecycle", refusal(status, "E0", "no"));
        let answer = send().await;
        assert_eq!(answer.status, expected, "{}", answer.text());
    }
    assert_eq!(send().await.header("x-userdir-effect"), Some("applied"));
    assert_eq!(send().await.header("idempotent-replayed"), Some("true"));
}

#[tokio::test]
async fn a_second_request_waits_up_to_its_own_end() {
    let world = Arc::new(World::with(3, |config| config.limits.request_time = Duration::from_secs(2)).await);
    world.vendor.slow(Duration::from_millis(900));
    let send = |world: Arc<World>| async move {
        world.send("POST", DEACTIVATE, &[("idempotency-key", "k1")], br#"{"user_id":"u001"}"#).await
    };
    let first = tokio::spawn(send(world.clone()));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let second = send(world.clone()).await;
    let first = first.await.unwrap();
    // the first one ends, whichever way; the second says 409 or gives the same answer, and never runs by itself
    assert!(
        second.status == 409 && second.header("retry-after").is_some() || second.status == first.status,
        "{}",
        second.text()
    );
    assert!(world.vendor.writes().len() <= 1);
}

#[tokio::test]
async fn an_unknown_outcome_is_a_500_and_settled_by_reading() {
    let world = World::new().await;
    // the create is lost: nothing was made, and no answer came
    world.vendor.fault("POST /api/v1/users", refusal(503, "E0", "down"));
    let key = [("idempotency-key", "k1")];
    let body = maya().to_string();
    let answer = world.send("POST", CREATE, &key, body.as_bytes()).await;
    assert_eq!(answer.status, 500);
    let problem = answer.problem();
    assert_eq!(
        (&problem["details"]["outcome"], &problem["truto_is_remote_error"]),
        (&json!("unknown"), &json!(true)),
        "{problem}"
    );
    assert_eq!(effects(&audit(&world).await), ["intended", "unknown", "unknown"]);

    // the same once more, with the key and without: it is too soon for a search to show it, so nothing is sent
    for headers in [&key[..], &[]] {
        let answer = world.send("POST", CREATE, headers, body.as_bytes()).await;
        assert_eq!((answer.status, &answer.problem()["details"]["outcome"]), (500, &json!("unknown")));
    }
    assert_eq!(world.vendor.writes().len(), 1);

    // and the key stays with its request
    let other = body.replace("Ortiz", "Lee");
    assert_eq!(world.send("POST", CREATE, &key, other.as_bytes()).await.status, 422);
    let passed_through = format!("{CREATE}&remote_query[activate]=false");
    assert_eq!(world.send("POST", &passed_through, &key, body.as_bytes()).await.status, 422);

    // who has looked may send it
    let headers = [("idempotency-key", "k1"), ("x-userdir-send-again", "true")];
    let answer = world.send("POST", CREATE, &headers, body.as_bytes()).await;
    assert_eq!((answer.status, answer.header("x-userdir-effect")), (200, Some("applied")), "{}", answer.text());
    assert_eq!(world.vendor.writes().len(), 2);
    assert_eq!(world.send("POST", CREATE, &key, body.as_bytes()).await.header("idempotent-replayed"), Some("true"));
}

#[tokio::test]
async fn a_lost_answer_is_found_by_the_next_identical_write() {
    let world = World::new().await;
    // both the write and the reading after it get no answer, but it was done
    world.vendor.fault("POST /api/v1/users/u001/lifecycle", VendorAnswer::empty(503));
    world.vendor.fault(
        "GET /api/v1/users/u001",
        VendorAnswer::json(200, json!({"id": "u001", "status": "ACTIVE", "profile": {}}).to_string()),
    );
    world.vendor.fault("GET /api/v1/users/u001", refusal(403, "E0000006", "no"));
    let answer = world.send("POST", DEACTIVATE, &[("idempotency-key", "k1")], br#"{"user_id":"u001"}"#).await;
    assert_eq!((answer.status, &answer.problem()["details"]["outcome"]), (500, &json!("unknown")), "{}", answer.text());
    world.vendor.set_status("u001", "DEPROVISIONED");
    let answer = world.send("POST", DEACTIVATE, &[("idempotency-key", "k1")], br#"{"user_id":"u001"}"#).await;
    assert_eq!((answer.status, answer.header("x-userdir-effect")), (200, Some("already")), "{}", answer.text());
    assert_eq!(world.vendor.writes().len(), 1);
}

#[tokio::test]
async fn what_reading_shows_as_not_done_is_sent_again() {
    let world = World::new().await;
    world.vendor.fault("POST /api/v1/users/u001/lifecycle", VendorAnswer::empty(503));
    let answer = world.post(DEACTIVATE, &json!({"user_id": "u001"})).await;
    assert_eq!(answer.status, 500, "{}", answer.text());
    let answer = world.post(DEACTIVATE, &json!({"user_id": "u001"})).await;
    assert_eq!((answer.status, answer.header("x-userdir-effect")), (200, Some("applied")), "{}", answer.text());
    assert_eq!(world.vendor.writes().len(), 2);
}

#[tokio::test]
async fn a_write_that_a_server_died_with_is_not_sent_again_blindly() {
    // reading shows that it was done
    let world = died_with(CREATE, &maya()).await;
    let answer = world.post(CREATE, &maya()).await;
    assert_eq!((answer.status, &answer.json()["id"]), (200, &json!("new1")), "{}", answer.text());
    assert_eq!(world.vendor.writes().len(), 1);

    // nothing can be read
    let world = died_with(EXPIRE, &json!({})).await;
    let answer = world.post(EXPIRE, &json!({})).await;
    assert_eq!((answer.status, &answer.problem()["details"]["outcome"]), (500, &json!("unknown")));
    assert_eq!(world.vendor.writes().len(), 1);
    let answer = world.send("POST", EXPIRE, &[("x-userdir-send-again", "true")], b"{}").await;
    assert!(answer.status < 500 && world.vendor.writes().len() == 2, "{}", answer.text());
    world.post(EXPIRE, &json!({})).await;
    assert_eq!(world.vendor.writes().len(), 3, "known again");
}

/// As after `kill -9`, with the vendor's answer on its way: nothing of the server runs on, and the next one has the store
/// alone.
async fn died_with(target: &str, body: &Value) -> World {
    let (folder, vendor) = (Arc::new(tempfile::tempdir().unwrap()), Vendor::start(5).await);
    let dies = tokio::runtime::Runtime::new().unwrap();
    let world = dies.spawn(World::on(folder.clone(), vendor.clone(), |_| {})).await.unwrap();
    vendor.late(Duration::from_secs(600));
    let request = world.request(&world.token, "POST", target, &[], body.to_string().as_bytes());
    dies.spawn(async move { world.raw(request).await });
    while vendor.writes().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    dies.shutdown_background();
    vendor.late(Duration::ZERO);
    World::on(folder, vendor, |_| {}).await
}

#[tokio::test]
async fn the_same_write_twice_at_one_moment_is_sent_one_after_the_other() {
    let world = World::new().await;
    world.vendor.late(Duration::from_millis(100));
    let body = json!({});
    let (one, other) = tokio::join!(world.post(EXPIRE, &body), world.post(EXPIRE, &body));
    assert_eq!(one.status, other.status);
    assert!(one.status < 500 && world.vendor.writes().len() == 2, "{}", other.text());
    // what the vendor refused is known
    world.vendor.fault("POST /api/v1/users/u001/lifecycle", refusal(403, "E0000006", "no"));
    assert_eq!(world.post(EXPIRE, &json!({})).await.status, 403);
    assert!(world.post(EXPIRE, &json!({})).await.status < 500);
    assert_eq!(world.vendor.writes().len(), 4);
    // and says nothing of one before it
    world.vendor.fault("POST /api/v1/users/u001/lifecycle", VendorAnswer::empty(503));
    assert_eq!(world.post(EXPIRE, &body).await.status, 500);
    world.vendor.fault("POST /api/v1/users/u001/lifecycle", refusal(403, "E0000006", "no"));
    assert_eq!(world.send("POST", EXPIRE, &[("x-userdir-send-again", "true")], b"{}").await.status, 403);
    assert_eq!(world.post(EXPIRE, &body).await.problem()["details"]["outcome"], "unknown");
    assert_eq!(world.vendor.writes().len(), 6);
}

/// That reading does not show it does not mean that the vendor has not done it.
#[tokio::test]
async fn what_the_vendor_accepted_is_not_sent_again() {
    let world = World::new().await;
    let key = [("idempotency-key", "k1")];
    let send = async |headers: &[(&str, &str)]| {
        world.vendor.fault("POST /api/v1/users/u001/lifecycle", VendorAnswer::json(200, "{}"));
        let answer = world.send("POST", DEACTIVATE, headers, br#"{"user_id":"u001"}"#).await;
        (answer.status, answer.problem()["details"]["outcome"].clone())
    };
    for headers in [&key[..], &key[..], &[]] {
        assert_eq!(send(headers).await, (500, json!("unknown")));
        assert_eq!(world.vendor.writes().len(), 1);
    }
    assert_eq!(send(&[("x-userdir-send-again", "true")]).await.0, 500);
    assert_eq!(world.vendor.writes().len(), 2, "who has looked may send it");
    world.vendor.set_status("u001", "DEPROVISIONED");
    let answer = world.send("POST", DEACTIVATE, &key, br#"{"user_id":"u001"}"#).await;
    assert_eq!((answer.status, answer.header("x-userdir-effect")), (200, Some("already")), "{}", answer.text());
}

#[tokio::test]
async fn a_write_is_finished_although_its_client_goes_away() {
    let world = World::new().await;
    world.vendor.slow(Duration::from_millis(200));
    let request =
        world.request(&world.token, "POST", DEACTIVATE, &[("idempotency-key", "k1")], br#"{"user_id":"u001"}"#);
    {
        use tokio::io::AsyncWriteExt;
        let mut stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
        stream.write_all(&request).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let answer = world.raw(request).await;
    assert_eq!((answer.status, answer.header("idempotent-replayed")), (200, Some("true")), "{}", answer.text());
    assert_eq!(world.vendor.writes().len(), 1);
    assert_eq!(effects(&audit(&world).await), ["intended", "sent", "applied"]);
}

#[tokio::test]
async fn partly_done_is_a_500_that_says_which_part() {
    let world = World::new().await;
    let roles = json!({"id": "u001", "roles": [{"id": "HELP_DESK_ADMIN"}, {"id": "REPORT_ADMIN"}]});
    world.vendor.fault("DELETE /api/v1/users/u001/roles/ra-REPORT_ADMIN", refusal(403, "E0000006", "no"));
    let answer = world.post("/unified/user-directory/users/unassign-role?{account}", &roles).await;
    assert_eq!(answer.status, 500, "{}", answer.text());
    let steps = &answer.problem()["details"]["steps"];
    assert_eq!((&steps[0]["target"], &steps[0]["effect"]), (&json!("HELP_DESK_ADMIN"), &json!("applied")));
    assert_eq!(steps[1]["target"], "REPORT_ADMIN");
    assert!(steps[1]["error"].is_string());
    let answer = world.post("/unified/user-directory/users/unassign-role?{account}", &roles).await;
    assert_eq!(answer.status, 200, "a repeat finishes the rest: {}", answer.text());
}

#[tokio::test]
async fn a_sandbox_is_only_read() {
    let world = World::new().await;
    world.store.update_account("okta-test", userdir_store::AccountChange::default().is_sandbox(true)).await.unwrap();
    let answer = world.post(DEACTIVATE, &json!({"user_id": "u001"})).await;
    assert_eq!(answer.status, 405);
    answer.problem();
    assert_eq!(world.get("/unified/user-directory/users/u001?{account}").await.status, 200);
    assert_eq!(world.post(&format!("{DEACTIVATE}&truto_dry_run=true"), &json!({"user_id": "u001"})).await.status, 200);
    assert!(world.vendor.writes().is_empty());
}

#[tokio::test]
async fn scopes_say_who_may_what() {
    let world = World::new().await;
    let (reader, writer) = (world.token(Scope::Read).await, world.token(Scope::Write).await);
    let list = "/unified/user-directory/users?{account}";
    for (token, method, target, status) in [
        (&reader, "GET", list, 200),
        (&reader, "POST", DEACTIVATE, 403),
        (&reader, "GET", "/metrics", 403),
        (&writer, "GET", list, 200),
        (&writer, "POST", DEACTIVATE, 200),
        (&writer, "GET", "/metrics", 403),
        (&world.token, "GET", "/metrics", 200),
    ] {
        let answer = world
            .as_token(token, method, target, &[], if method == "POST" { br#"{"user_id":"u001"}"# } else { b"" })
            .await;
        assert_eq!(answer.status, status, "{method} {target}: {}", answer.text());
    }
    let dry = format!("{DEACTIVATE}&truto_dry_run=true");
    assert_eq!(world.as_token(&reader, "POST", &dry, &[], br#"{"user_id":"u001"}"#).await.status, 403);
}
