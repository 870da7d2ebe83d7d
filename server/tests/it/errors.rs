//! Every error of the contract, with its status and its body.

use serde_json::{Value, json};
use userdir_stand_in::Answer;
use userdir_store::{AccountStatus, NewAccount, Scope};

use crate::vendor::{SECRET, refusal};
use crate::world::World;

const USER: &str = "/unified/user-directory/users/u001?{account}";

#[tokio::test]
async fn the_order_of_checks_is_who_which_what_and_how() {
    let world = World::new().await;
    // everything is wrong: the first that is said is who asks, and so on
    let target =
        |account: &str| format!("/unified/user-directory/users/downgrade?integrated_account_id={account}&limit=x");
    let send = async |token: &str, target: String| world.as_token(token, "POST", &target, &[], b"{").await.status;
    assert_eq!(send("wrong", target("nobody")).await, 401);
    let reader = world.token(Scope::Read).await;
    assert_eq!(send(&reader, target("nobody")).await, 403);
    // a query that cannot be read names no account
    let unreadable = target("okta-test").replace("limit=x", "a[b=1");
    assert_eq!(send("wrong", unreadable.clone()).await, 401);
    assert_eq!(send(&reader, unreadable.clone()).await, 403);
    assert_eq!(send(&world.token, unreadable).await, 400);
    assert_eq!(send(&world.token, target("nobody")).await, 404);
    assert_eq!(send(&world.token, target("okta-test")).await, 501);
    assert_eq!(send(&world.token, target("okta-test").replace("downgrade", "deactivate")).await, 400);
    assert!(world.vendor.asked().is_empty());
    // nothing is read of a body that its sender may not send
    let large = format!("content-length: {}", 100 << 20);
    for (token, status) in [("wrong", 401), (reader.as_str(), 403)] {
        let head = format!(
            "POST /integrated-account HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n{large}\r\n\r\n"
        );
        assert_eq!(world.raw(head).await.status, status);
    }
}

#[tokio::test]
async fn a_missing_account_and_missing_fields_are_named() {
    let world = World::new().await;
    let problem = world.get("/unified/user-directory/users").await.problem();
    assert_eq!(
        problem["truto_error_insight"]["missing_required_query_parameters"]["value"],
        json!(["integrated_account_id"])
    );
    let problem = world.post("/unified/user-directory/users?{account}", &json!({"title": "x"})).await.problem();
    let insight = &problem["truto_error_insight"]["missing_required_body_fields"];
    assert_eq!(insight["value"], json!(["first_name", "last_name", "emails"]), "{problem}");
    assert!(insight["description"].is_string() && problem.get("truto_is_remote_error").is_none());
    let problem = world.post("/unified/user-directory/users/deactivate?{account}", &json!({})).await.problem();
    assert_eq!(problem["truto_error_insight"]["missing_required_body_fields"]["value"], json!(["user_id"]));
    let problem = world
        .post("/unified/user-directory/users/deactivate?{account}", &json!({"user_id": "u1", "colour": 1}))
        .await
        .problem();
    assert!(problem["message"].as_str().unwrap().contains("`colour`"));
    let text = world.send("POST", "/unified/user-directory/users/deactivate?{account}", &[], b"{\"user_id\": ").await;
    assert!(text.problem()["message"].as_str().unwrap().contains("no JSON"));
    assert!(world.vendor.asked().is_empty());
}

#[tokio::test]
async fn two_accounts_in_one_request_are_none() {
    let world = World::new().await;
    let other = crate::world::connect(world.store.as_ref(), "okta-other", world.vendor.base()).await;
    let deactivate = async |named: Value| {
        let body = json!({"user_id": "u001", "integrated_account_id": named});
        world.post("/unified/user-directory/users/deactivate?{account}", &body).await
    };
    for named in [json!(other.id), json!("okta-other"), json!("nobody"), json!(7), json!(["okta-test"])] {
        let answer = deactivate(named.clone()).await;
        assert_eq!(answer.status, 400, "{named}: {}", answer.text());
        assert!(answer.problem()["message"].as_str().unwrap().contains("integrated_account_id"));
    }
    let twice = format!("/proxy/users/u001?{{account}}&integrated_account_id={}", other.id);
    assert_eq!(world.send("DELETE", &twice, &[], b"").await.status, 400);
    assert!(world.vendor.asked().is_empty());
    // the same one by its other name, and a place left empty, are no contradiction
    for named in [json!("okta-test"), json!(world.account.id), json!(""), Value::Null] {
        assert_eq!(deactivate(named.clone()).await.status, 200, "{named}");
    }
}

/// Whatever is wrong, the rules of the method are told with it; to a proxied request there are none.
#[tokio::test]
async fn what_one_of_two_places_must_have_is_a_hint() {
    let world = World::new().await;
    let new = NewAccount::new("segment", "segment", "acme").set("base_url", world.vendor.base());
    world.store.create_account(new.secret("api_token", SECRET)).await.unwrap();
    let downgrade = "/unified/user-directory/users/downgrade?integrated_account_id=segment";
    let whole = json!({"user_id": "u1", "role_id": "r1", "workspace_id": "w1"});
    for (target, body) in [(downgrade.to_owned(), json!({})), (format!("{downgrade}&limit=x"), whole)] {
        let problem = world.post(&target, &body).await.problem();
        let insight = &problem["truto_error_insight"];
        let rule = |name: &str| insight[name]["value"]["user_id"].as_str().unwrap_or_default().to_owned();
        assert_eq!(problem["statusCode"], 400);
        assert_eq!(rule("conditionally_required_query_parameters"), "required unless the body has it", "{problem}");
        assert_eq!(rule("conditionally_required_body_fields"), "required unless the query has it", "{problem}");
    }
    let without = world.get("/unified/user-directory/users?{account}&limit=x").await.problem();
    assert!(without.get("truto_error_insight").is_none(), "{without}");

    for (status, insight) in [(404, None), (429, None), (403, Some("forbidden_error"))] {
        world.vendor.fault("POST /api/v1/users/u001", refusal(status, "E0", "no").header("retry-after", "200"));
        let problem = world.post("/proxy/users/u001?{account}", &json!({})).await.problem();
        assert_eq!((&problem["statusCode"], &problem["truto_is_remote_error"]), (&json!(status), &json!(true)));
        let told = problem.get("truto_error_insight").and_then(Value::as_object);
        assert_eq!(told.and_then(|told| told.keys().next()).map(String::as_str), insight, "{problem}");
    }
}

#[tokio::test]
async fn a_vendors_refusal_is_handed_on_with_what_it_said() {
    let world = World::new().await;
    for (status, code, expected) in [
        (400, "E0000001", 400),
        (403, "E0000006", 403),
        (404, "E0000007", 404),
        (409, "E0000001", 409),
        (422, "E0000001", 422),
        (418, "E0000001", 418),
        (500, "E0000009", 502),
        (302, "E0", 502),
    ] {
        world.vendor.fault(
            "GET /api/v1/users/u001",
            refusal(status, code, "in the vendor's words").header("x-rate-limit-remaining", "3"),
        );
        let answer = world.get(USER).await;
        assert_eq!(answer.status, expected, "{status}: {}", answer.text());
        let problem = answer.problem();
        assert_eq!(problem["truto_is_remote_error"], true);
        assert_eq!(
            (&problem["raw_response"]["errorCode"], &problem["message"]),
            (&json!(code), &json!("in the vendor's words"))
        );
        assert!(problem["truto_error_insight"]["remote_error"]["description"].is_string());
        assert_eq!(
            (answer.header("ratelimit-remaining"), answer.header("x-okta-request-id")),
            (Some("3"), Some("okta-req-1"))
        );
        assert_eq!(problem["details"]["vendor"]["status"], status);
    }
    world.vendor.fault("GET /api/v1/users/u001", Answer { body: "<html>no".into(), ..Answer::empty(400) });
    assert_eq!(world.get(USER).await.problem()["raw_response"], "<html>no");
}

#[tokio::test]
async fn refused_credentials_show_at_the_account_until_they_work() {
    let world = World::new().await;
    world.vendor.fault("GET /api/v1/users/u001", refusal(401, "E0000011", "Invalid token provided"));
    let answer = world.get(USER).await;
    assert_eq!((answer.status, &answer.problem()["truto_is_remote_error"]), (401, &json!(true)));
    let account = world.store.account("okta-test").await.unwrap();
    assert_eq!(
        (account.status, account.last_error.as_deref()),
        (AccountStatus::NeedsReauth, Some("Invalid token provided"))
    );
    assert_eq!(world.get(USER).await.status, 200);
    let account = world.store.account("okta-test").await.unwrap();
    assert_eq!((account.status, account.last_error), (AccountStatus::Active, None));
}

#[tokio::test]
async fn a_missing_right_is_said_with_its_scopes_and_kept() {
    let world = World::new().await;
    world.vendor.fault("GET /api/v1/users?", refusal(403, "E0000006", "You do not have permission"));
    let problem = world.get("/unified/user-directory/users?{account}").await.problem();
    assert_eq!(
        problem["truto_error_insight"]["forbidden_error"]["value"]["missing_scopes"],
        json!(["okta.users.read"])
    );
    let account = world.store.account("okta-test").await.unwrap();
    let last = account.last_forbidden_error.unwrap();
    assert_eq!(
        (account.status, last.resource.as_str(), last.method.as_str()),
        (AccountStatus::Active, "users", "list")
    );
    assert_eq!(last.missing_scopes, ["okta.users.read"]);
}

#[tokio::test]
async fn a_used_up_limit_says_how_long() {
    let world = World::with(2, |config| config.limits.request_time = std::time::Duration::from_secs(2)).await;
    world.vendor.fault(
        "GET /api/v1/users/u001",
        refusal(429, "E0000047", "API call exceeded rate limit").header("retry-after", "30"),
    );
    let answer = world.get(USER).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("30")));
    assert!(answer.problem()["truto_error_insight"]["rate_limit_error"]["description"].is_string());
}

#[tokio::test]
async fn a_vendor_that_is_away_says_for_how_long() {
    let world = World::with(2, |config| config.limits.request_time = std::time::Duration::from_secs(2)).await;
    let in_a_minute = httpdate::fmt_http_date(std::time::SystemTime::now() + std::time::Duration::from_secs(60));
    for (said, expected) in [("30", 30..=30), ("29.5", 30..=30), (in_a_minute.as_str(), 57..=60)] {
        world.vendor.fault("GET /api/v1/users/u001", refusal(503, "E0", "maintenance").header("retry-after", said));
        let answer = world.get(USER).await;
        let told = answer.header("retry-after").and_then(|told| told.parse::<u64>().ok());
        assert_eq!(answer.status, 502, "{}", answer.text());
        assert!(told.is_some_and(|told| expected.contains(&told)), "{said}: {told:?}");
    }
    let proxied = refusal(503, "E0", "maintenance").header("retry-after", "30");
    world.vendor.fault("GET /api/v1/users/u001", proxied);
    assert_eq!(world.get("/proxy/users/u001?{account}").await.header("retry-after"), Some("30"));
}

#[tokio::test]
async fn a_vendor_that_does_not_answer_is_a_504_and_one_that_is_gone_a_502() {
    let world = World::with(2, |config| config.limits.request_time = std::time::Duration::from_millis(700)).await;
    world.vendor.slow(std::time::Duration::from_secs(5));
    let answer = world.get(USER).await;
    assert_eq!(answer.status, 504, "{}", answer.text());
    answer.problem();

    let gone = crate::world::connect(world.store.as_ref(), "okta-gone", "http://127.0.0.1:9").await;
    let answer = world.get(&format!("/unified/user-directory/users/u001?integrated_account_id={}", gone.id)).await;
    assert_eq!(answer.status, 502, "{}", answer.text());
    assert_eq!(answer.problem()["details"]["kind"], "transport");
}

#[tokio::test]
async fn what_some_provider_lacks_is_a_501_and_what_nobody_has_a_404() {
    let world = World::new().await;
    for (method, target) in
        [("GET", "workspaces?{account}"), ("GET", "activities/a1?{account}"), ("POST", "users/downgrade?{account}")]
    {
        let answer = world.send(method, &format!("/unified/user-directory/{target}"), &[], b"").await;
        assert_eq!(answer.status, 501, "{target}");
        let problem = answer.problem();
        assert!(problem["message"].as_str().unwrap().contains("because"), "{problem}");
    }
    for (method, target) in [
        ("POST", "users/promote?{account}"),
        ("POST", "users/create?{account}"),
        ("POST", "users/list?{account}"),
        ("DELETE", "users/u1/x?{account}"),
        ("POST", "me?{account}"),
    ] {
        assert_eq!(
            world.send(method, &format!("/unified/user-directory/{target}"), &[], b"").await.status,
            404,
            "{target}"
        );
    }
}

#[tokio::test]
async fn a_secret_is_in_no_answer() {
    let world = World::new().await;
    let echo = json!({"errorCode": "E0", "errorSummary": format!("token {SECRET} is bad"), "sent": SECRET}).to_string();
    world.vendor.fault("GET /api/v1/users/u001", Answer::json(400, echo));
    let answer = world.get(USER).await;
    assert!(!answer.text().contains(SECRET), "{}", answer.text());
    let problem = answer.problem();
    assert_eq!(problem["raw_response"]["sent"], Value::from("***"));
}
