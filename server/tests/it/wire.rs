//! The nine rules that hold for the public clients, each by the bytes that they send.

use serde_json::{Value, json};
use userdir_stand_in::Case;
use userdir_store::NewAccount;

use crate::client::Answer;
use crate::vendor::refusal;
use crate::world::World;

/// The head that the Python SDK sends.
fn python(world: &World, line: &str, body: &str) -> String {
    format!(
        "{line} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         User-Agent: python-httpx/0.27\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        world.address,
        world.token,
        body.len()
    )
}

/// The head that the TypeScript SDK sends.
fn typescript(world: &World, line: &str, body: &str) -> String {
    let length = if line.starts_with("GET") { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    format!(
        "{line} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nAuthorization: Bearer {}\r\nAccept: application/json\r\n\
         User-Agent: truto-ts-sdk/2.0.12\r\n{length}{}\r\n{body}",
        world.address,
        world.token,
        if body.starts_with('{') { "Content-Type: application/json\r\n" } else { "" },
    )
}

fn ids(answer: &Answer) -> Vec<String> {
    answer.json()["result"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn rule_1_slashes_collapse_and_a_bare_question_mark_is_nothing() {
    let world = World::new().await;
    for line in ["GET //ping?", "GET /ping?", "GET ///ping", "GET /ping/"] {
        assert_eq!(world.raw(python(&world, line, "")).await.status, 200, "{line}");
    }
    let account = world.account.id;
    let line = format!("GET //unified///user-directory/users//?integrated_account_id={account}&limit=1");
    assert_eq!(ids(&world.raw(typescript(&world, &line, "")).await), ["u000"]);
}

#[tokio::test]
async fn rule_2_every_spelling_of_arrays_spaces_and_of_nothing_is_read() {
    let world = World::new().await;
    let account = world.account.id;
    for excluded in [
        "truto_exclude_fields%5B0%5D=status&truto_exclude_fields%5B1%5D=remote_data",
        "truto_exclude_fields%5B%5D=status&truto_exclude_fields%5B%5D=remote_data",
        "truto_exclude_fields[]=status&truto_exclude_fields[]=remote_data",
        "truto_exclude_fields=status,remote_data",
    ] {
        let line = format!("GET /unified/user-directory/users?integrated_account_id={account}&next_cursor=&{excluded}");
        let body = world.raw(typescript(&world, &line, "")).await.json();
        assert!(
            body["result"][1].get("status").is_none() && body["result"][1].get("remote_data").is_none(),
            "{excluded}"
        );
        assert_eq!(body["result"].as_array().unwrap().len(), 5);
    }
    for (name, spelled) in [("Maya Lee", "Maya+Lee"), ("Maya Lee", "Maya%20Lee"), ("Maya+Lee", "Maya%2BLee")] {
        world.vendor.forget();
        let line = format!(
            "GET /unified/user-directory/users?integrated_account_id={account}&first_name={spelled}&status=None"
        );
        assert_eq!(world.raw(python(&world, &line, "")).await.status, 200);
        let asked = world.vendor.asked();
        assert!(asked[0].contains(&format!("profile.firstName eq \"{name}\"")), "{asked:?}");
    }
}

#[tokio::test]
async fn rule_3_a_body_is_json_whatever_its_type_says() {
    let world = World::new().await;
    let body = r#"{"user_id":"u001"}"#;
    for content_type in ["application/x-www-form-urlencoded", "text/plain;charset=UTF-8", "application/octet-stream"] {
        world.vendor.set_status("u001", "ACTIVE");
        let headers = [("content-type", content_type)];
        let answer =
            world.send("POST", "/unified/user-directory/users/deactivate?{account}", &headers, body.as_bytes()).await;
        assert_eq!((answer.status, answer.header("x-userdir-effect")), (200, Some("applied")), "{}", answer.text());
        assert_eq!(world.vendor.status("u001"), "DEPROVISIONED");
    }
    // and a GET may say that it has one
    let line = format!("GET /unified/user-directory/users/u001?integrated_account_id={}", world.account.id);
    assert_eq!(world.raw(python(&world, &line, "")).await.json()["id"], "u001");

    let headers = [("content-type", "multipart/form-data; boundary=b")];
    let answer = world.send("POST", "/unified/user-directory/users/deactivate?{account}", &headers, b"--b--").await;
    assert_eq!(answer.status, 400);
    assert!(answer.problem()["details"]["hint"].as_str().unwrap().contains("truto_body_passthrough"));

    let answer = world
        .send("PATCH", "/unified/user-directory/users/u002?{account}&truto_body_passthrough=true", &headers, b"--b--")
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(world.vendor.writes().iter().any(|line| line == "POST /api/v1/users/u002"));
}

#[tokio::test]
async fn rule_4_lists_end_with_null_and_never_with_an_empty_page() {
    let world = World::with(7, |_| {}).await;
    let (mut cursor, mut seen, mut pages) = (String::new(), Vec::new(), 0);
    loop {
        let answer =
            world.get(&format!("/unified/user-directory/users?{{account}}&limit=3&next_cursor={cursor}")).await;
        let body = answer.json();
        let found = ids(&answer);
        assert!(!found.is_empty(), "an empty page");
        assert_eq!(body["result_count"], found.len());
        assert_eq!((&body["prev_cursor"], &body["is_partial_response"]), (&Value::Null, &json!(true)));
        seen.extend(found);
        pages += 1;
        match body["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!((seen.len(), pages), (7, 3));
    assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{cursor}");
}

#[tokio::test]
async fn rule_5_every_answer_says_that_it_is_json() {
    let world = World::new().await;
    for (method, target, status) in [
        ("GET", "/nothing/here", 404),
        ("PUT", "/unified/user-directory/users", 405),
        ("GET", "/unified/user-directory/users", 400),
        ("GET", "/unified/user-directory/nobody?{account}", 404),
        ("GET", "/unified/user-directory/users/%ff?{account}", 400),
        ("POST", "/unified/user-directory/users/downgrade?{account}", 501),
        ("GET", "/unified/user-directory/users?{account}&a[b=1", 400),
    ] {
        let answer = world.send(method, target, &[], b"").await;
        assert_eq!(answer.status, status, "{method} {target}: {}", answer.text());
        answer.problem();
    }
    assert_eq!(world.as_token("", "GET", "/ping", &[], b"").await.problem()["error"], "Unauthorized");
    let allowed = world.send("PUT", "/unified/user-directory/users", &[], b"").await;
    assert!(allowed.header("allow").unwrap_or_default().contains("PATCH"), "{:?}", allowed.headers);
}

#[tokio::test]
async fn rule_6_the_wait_of_a_429_is_a_number_of_seconds() {
    let world = World::with(1, |config| config.limits.request_time = std::time::Duration::from_secs(2)).await;
    let date = "Fri, 31 Dec 2100 23:59:59 GMT";
    world.vendor.fault("GET /api/v1/users/u000", refusal(429, "E0000047", "too many").header("retry-after", date));
    let answer = world.get("/unified/user-directory/users/u000?{account}").await;
    assert_eq!(answer.status, 429);
    assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);

    let world = World::with(1, |config| config.limits.token_rate = std::num::NonZeroU32::new(2)).await;
    let mut answer = world.get("/ping").await;
    for _ in 0..3 {
        answer = world.get("/ping").await;
    }
    assert_eq!(answer.status, 429);
    assert!((1..=10).contains(&answer.header("retry-after").unwrap().parse::<u64>().unwrap()));
    assert_eq!(answer.header("ratelimit-limit"), Some("2;w=10"));
    answer.problem();
}

#[tokio::test]
async fn rule_7_a_write_bears_a_repeat() {
    let world = World::new().await;
    for effect in ["applied", "already", "already"] {
        let answer =
            world.post("/unified/user-directory/users/deactivate?{account}", &json!({"user_id": "u001"})).await;
        assert_eq!((answer.status, answer.header("x-userdir-effect")), (200, Some(effect)), "{}", answer.text());
    }
    assert_eq!(world.vendor.writes().len(), 1);
}

#[tokio::test]
async fn rule_8_a_slash_in_an_id_is_written_encoded() {
    let world = World::new().await;
    let case = Case::read(
        &userdir_stand_in::Files::embedded(userdir::FIXTURES.iter().find(|(slug, _)| *slug == "scim").unwrap().1)
            .unwrap(),
        "get_user",
        "slash-allowed",
    );
    let playing = userdir_stand_in::StandIn::play(&case.unwrap(), "secret").await.unwrap();
    let base = format!("{}/scim/v2/", playing.base_url());
    let new = NewAccount::new("scim-test", "scim", "acme").set("base_url", base).set("slashes_in_ids", "true");
    world.store.create_account(new.secret("bearer_token", "secret")).await.unwrap();
    let target = "/unified/user-directory/users/team%2Fmaya%40example.com?integrated_account_id=scim-test";
    let answer = world.get(target).await;
    assert_eq!((answer.status, &answer.json()["id"]), (200, &json!("team/maya@example.com")), "{}", answer.text());
    // one that is not encoded is a longer path
    assert_eq!(world.get("/unified/user-directory/users/a/b?{account}").await.status, 404);
    // and a vendor whose ids have none never sees one
    let answer = world.get("/unified/user-directory/users/a%2Fb?{account}").await;
    assert_eq!(answer.status, 400);
    assert!(world.vendor.asked().is_empty());
}

#[tokio::test]
async fn rule_9_methods_have_two_spellings() {
    let world = World::new().await;
    let account = world.account.id;
    for (method, role) in [("unassign-role", "HELP_DESK_ADMIN"), ("unassign_role", "REPORT_ADMIN")] {
        let line = format!(
            "POST /unified/user-directory/users/{method}?integrated_account_id={account}&id=u001&roles%5B0%5D%5Bid%5D={role}"
        );
        let body = format!(r#"{{"id":"u001","roles":[{{"id":"{role}"}}]}}"#);
        let answer = world.raw(typescript(&world, &line, &body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let told = answer.json();
        assert_eq!(told["userdir"]["effect"], "applied");
        assert!(!told["roles"].to_string().contains(role), "{told}");
    }
    for method in ["remove-user", "remove_user", "remove"] {
        let target = format!("/unified/user-directory/groups/{method}?{{account}}");
        let answer = world.post(&target, &json!({"group_id": "g1", "user_id": "u002"})).await;
        assert_eq!((answer.status, &answer.json()["id"]), (200, &json!("g1")), "{}", answer.text());
    }
    let answer = world.get("/unified/user-directory/role-assignments?{account}&limit=1").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// The requests of the public documentation, as curl sends them.
#[tokio::test]
async fn the_documented_curl_lines_work() {
    let world = World::new().await;
    let curl = |path: &str, body: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\nAuthorization: Bearer {}\r\n\
             Content-Length: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n{body}",
            world.address,
            world.token,
            body.len()
        )
    };
    let account = world.account.id;
    for (path, body, status) in [
        ("users/unassign-role", r#"{"id": "u001", "roles": [{"id": "HELP_DESK_ADMIN"}]}"#, 200),
        ("users/unassign_role", r#"{"id": "u001", "roles": [{"id": "REPORT_ADMIN"}]}"#, 200),
        ("groups/remove-user", r#"{"group_id": "g1", "user_id": "u001"}"#, 200),
        ("users/deactivate", r#"{"user_id": "u001"}"#, 200),
        ("users/downgrade", r#"{"user_id": "u001", "role_id": "r1"}"#, 501),
    ] {
        let answer =
            world.raw(curl(&format!("/unified/user-directory/{path}?integrated_account_id={account}"), body)).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        if status == 501 {
            let problem = answer.problem();
            assert!(problem["message"].as_str().unwrap().contains("Okta has no seats"), "{problem}");
        }
    }
}
