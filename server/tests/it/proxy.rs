//! `/proxy` and `/custom`: the vendor's own API, and nobody else's.

use serde_json::{Value, json};
use userdir_stand_in::{Answer as VendorAnswer, Break};
use userdir_store::{AuditQuery, Scope};

use crate::vendor::{SECRET, refusal};
use crate::world::World;

#[tokio::test]
async fn a_list_comes_one_vendor_page_at_a_time_in_the_envelope() {
    let world = World::new().await;
    let first = world
        .get("/proxy/users?{account}&limit=2&search=profile.department%20eq%20%22a%2Bb%22&truto_exclude_fields[]=id")
        .await;
    assert_eq!(first.status, 200, "{}", first.text());
    let body = first.json();
    let ids: Vec<&str> = body["result"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap()).collect();
    assert_eq!((ids, &body["result_count"], &body["prev_cursor"]), (vec!["u000", "u001"], &json!(2), &Value::Null));
    let asked = world.vendor.asked();
    assert_eq!(
        asked,
        [r#"GET /api/v1/users?limit=2&search=profile.department eq "a+b""#],
        "the rest of the query goes on"
    );
    let target = "/proxy/users?{account}&limit=2&search=profile.department%20eq%20%22a%2Bb%22&next_cursor=";
    let (mut cursor, mut came) = (body["next_cursor"].as_str().unwrap().to_owned(), 2);
    while !cursor.is_empty() {
        let page = world.get(&format!("{target}{cursor}")).await.json();
        came += page["result"].as_array().unwrap().len();
        cursor = page["next_cursor"].as_str().unwrap_or_default().to_owned();
    }
    assert_eq!(came, 5);
    let foreign =
        world.get(&format!("/proxy/groups?{{account}}&next_cursor={}", body["next_cursor"].as_str().unwrap())).await;
    assert_eq!(foreign.problem()["statusCode"], 400, "a cursor is for one list");
}

#[tokio::test]
async fn one_thing_comes_as_the_vendor_sent_it() {
    let world = World::new().await;
    let user = world.get("/proxy/users/u001?{account}").await;
    assert_eq!((user.status, &user.json()["profile"]["firstName"]), (200, &json!("Maya")));
    assert_eq!(user.header("ratelimit-remaining"), Some("598"));
    assert_eq!(user.header("x-okta-request-id"), Some("okta-req-1"));
    assert_eq!(world.get("/proxy/api/v1/users/u001?{account}").await.json()["id"], "u001", "the whole path does too");
    let file = VendorAnswer {
        headers: vec![("content-type".into(), "text/html".into())],
        body: format!("<b>{SECRET}</b>").into(),
        ..VendorAnswer::empty(200)
    };
    world.vendor.fault("GET /api/v1/logo", file);
    let file = world.get("/proxy/logo?{account}").await;
    assert_eq!(
        (file.header("content-type"), file.text().as_str()),
        (Some("text/html"), "<b>***</b>"),
        "secrets are masked"
    );
    assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
    let custom = world.get("/custom/api/v1/users/u001?{account}").await.json();
    assert_eq!(
        (&custom["result"]["id"], &custom["next_cursor"], &custom["prev_cursor"]),
        (&json!("u001"), &Value::Null, &Value::Null)
    );
    let listed = world.get("/custom/api/v1/users?{account}&limit=2").await.json();
    assert_eq!(listed["result"].as_array().unwrap().len(), 2);
    assert!(listed["next_cursor"].is_string());
    let head = world.send("HEAD", "/proxy/users/u001?{account}", &[], b"").await;
    assert_eq!((head.status, head.body.len()), (404, 0), "the vendor of these tests knows no HEAD");
}

#[tokio::test]
async fn a_path_that_leads_elsewhere_is_refused_before_anything_is_sent() {
    let world = World::new().await;
    for kind in ["proxy", "custom"] {
        for path in [
            "../secret",
            "users/../../x",
            "%2e%2e/x",
            "users/%2E%2e/x",
            "%252e%252e/x",
            "..%2fx",
            "..%5cx",
            "/evil.example/x",
            "//evil.example/x",
            "@evil.example/x",
            "%40evil.example",
            "https://evil.example/x",
            "https:/evil.example/x",
            "https%3A%2F%2Fevil.example",
            "%2F%2Fevil.example",
            "users%5c..%5cx",
            "users/%0d%0aHost:%20evil",
            "users/%00",
            "users/%ff",
            "users//x",
            "./x",
            "users/%",
            "users/%zz",
        ] {
            let answer = world.get(&format!("/{kind}/{path}?{{account}}")).await;
            assert_eq!(answer.problem()["statusCode"], 400, "/{kind}/{path}");
            let answer = world.post(&format!("/{kind}/{path}?{{account}}"), &json!({})).await;
            assert_eq!(answer.problem()["statusCode"], 400, "POST /{kind}/{path}");
        }
        let backslash =
            world.raw(world.request(&world.token, "GET", &format!("/{kind}/users\\..\\x?{{account}}"), &[], b"")).await;
        assert!((400..500).contains(&backslash.status));
    }
    assert!(world.vendor.asked().is_empty(), "{:?}", world.vendor.asked());
    // what clients do by themselves is no attack
    assert_eq!(world.get("//custom/api/v1/users/u001?{account}").await.status, 200);
    assert_eq!(world.get("/proxy/users/u001%2Fx?{account}").await.problem()["statusCode"], 404);
    assert_eq!(
        world.vendor.asked().last().unwrap(),
        "GET /api/v1/users/u001%2Fx",
        "an encoded slash stays in its segment"
    );
}

#[tokio::test]
async fn nothing_is_sent_where_the_call_is_to_be_skipped_or_a_parameter_is_mistyped() {
    let world = World::new().await;
    for kind in ["proxy", "custom"] {
        let target = format!("/{kind}/api/v1/users/u001/lifecycle/deactivate?{{account}}");
        let skipped = world.post(&format!("{target}&truto_skip_api_call=true"), &json!({})).await;
        assert_eq!((skipped.status, skipped.json()), (200, Value::Null));
        for mistyped in ["truto_dryrun=true", "truto_dry_Run=true", "truto_super_query=x"] {
            let answer = world.post(&format!("{target}&{mistyped}"), &json!({})).await;
            assert_eq!(answer.problem()["statusCode"], 400, "{mistyped}");
        }
    }
    assert!(world.vendor.asked().is_empty(), "{:?}", world.vendor.asked());
}

#[tokio::test]
async fn a_header_with_a_line_break_does_not_come_through() {
    let world = World::new().await;
    let head = format!(
        "POST /proxy/users/u001?integrated_account_id={} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\ncontent-type: text/plain\rx-evil: 1\r\ncontent-length: 2\r\n\r\n{{}}",
        world.account.id, world.token
    );
    assert_eq!(world.raw(head).await.status, 400);
    assert!(world.vendor.asked().is_empty());
}

#[tokio::test]
async fn a_write_is_sent_as_it_came_audited_and_once_for_its_key() {
    let world = World::new().await;
    let target = "/proxy/users/u001/lifecycle/suspend?{account}&sendEmail=false";
    let key = [("idempotency-key", "k1"), ("content-type", "text/plain")];
    let first = world.send("POST", target, &key, b"{}").await;
    assert_eq!((first.status, first.header("x-userdir-effect")), (200, Some("applied")), "{}", first.text());
    let again = world.send("POST", target, &key, b"{}").await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(world.vendor.writes(), ["POST /api/v1/users/u001/lifecycle/suspend?sendEmail=false"]);
    assert_eq!(world.vendor.status("u001"), "SUSPENDED");
    assert_eq!(world.send("POST", target, &key, b"{\"x\":1}").await.problem()["statusCode"], 422);

    let rows = world.store.audit(&AuditQuery::new(world.account.id)).await.unwrap().rows;
    let told: Vec<(&str, Option<&str>)> =
        rows.iter().rev().map(|row| (row.action.as_str(), row.effect.as_deref())).collect();
    assert_eq!(told, [("proxy/users", None), ("proxy/users", Some("sent"))]);
    assert!(world.store.verify_audit(None).await.unwrap().holds());

    world.vendor.forget();
    let plan = world.send("PUT", "/custom/api/v1/groups/g1/users/u003?{account}&truto_dry_run=true", &[], b"").await;
    assert_eq!((plan.status, plan.header("x-userdir-effect")), (200, Some("planned")), "{}", plan.text());
    assert_eq!(plan.json()["plan"][0]["method"], "PUT");
    assert!(plan.json()["plan"][0]["url"].as_str().unwrap().ends_with("/api/v1/groups/g1/users/u003"));
    assert!(world.vendor.asked().is_empty());
    let done = world.send("PUT", "/custom/api/v1/groups/g1/users/u003?{account}", &[], b"").await;
    assert_eq!((done.status, done.body.len()), (204, 0));
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_not_sent_again() {
    let world = World::new().await;
    let reset = || VendorAnswer::empty(204).broken(Break::Reset);
    for (line, lost, key) in [
        ("DELETE /api/v1/users/u001", reset(), &[][..]),
        ("PUT /api/v1/users/u001", reset(), &[]),
        ("DELETE /api/v1/users/u002", VendorAnswer::empty(503), &[]),
        ("DELETE /api/v1/users/u003", reset(), &[("idempotency-key", "k1")]),
    ] {
        world.vendor.forget();
        world.vendor.fault(line, lost);
        let (method, path) = line.split_once(" /api/v1/").unwrap();
        let target = format!("/proxy/{path}?{{account}}");
        let answer = world.send(method, &target, key, b"").await;
        assert_eq!((answer.status, &answer.problem()["details"]["outcome"]), (500, &json!("unknown")), "{line}");
        assert_eq!(world.vendor.writes(), [line]);
        // and the same once more is held back: nothing shows what became of it
        let again = world.send(method, &target, key, b"").await;
        assert_eq!((again.status, world.vendor.writes().len()), (500, 1), "{}", again.text());
    }
}

#[tokio::test]
async fn the_audit_of_a_proxied_write_says_whom_and_no_address() {
    let world = World::new().await;
    let rows = async || world.store.audit(&AuditQuery::new(world.account.id)).await.unwrap().rows;
    world.vendor.fault("POST /api/v1/users", VendorAnswer::json(202, "{}"));
    let answer = world.send("POST", "/proxy/users/u001/lifecycle/reset_password?{account}", &[], b"{}").await;
    assert_eq!((answer.status, answer.header("x-userdir-effect")), (202, Some("pending")), "not done yet");
    assert_eq!(rows().await[0].targets, ["u001"]);
    world.send("DELETE", "/custom/api/v1/groups/g1/users/u002?{account}", &[], b"").await;
    assert_eq!(rows().await[0].targets, ["u002"]);
    world.send("POST", "/proxy/users?{account}", &[], b"{}").await;
    assert!(rows().await[0].targets.is_empty());
    // who has the address finds the rows about it, and nobody reads it there
    for path in ["users/maya@example.com", "users/maya%40example.com/lifecycle/suspend"] {
        world.send("POST", &format!("/proxy/{path}?{{account}}"), &[], b"{}").await;
    }
    world.post("/unified/user-directory/users/deactivate?{account}", &json!({"user_id": "maya@example.com"})).await;
    let rows = rows().await;
    let text = serde_json::to_string(&rows).unwrap();
    assert!(!text.contains("maya"), "{text}");
    let hash = "sha256:a813d5642c0c2fea";
    assert_eq!((&rows[0].targets[..], &rows[2].targets[..]), (&[hash.to_owned()][..], &[hash.to_owned()][..]));
    assert!(text.contains(&format!("/api/v1/users/{hash}/lifecycle/suspend")), "{text}");
}

#[tokio::test]
async fn a_query_is_read_as_everywhere() {
    let world = World::new().await;
    for spelled in ["true", "True", "1"] {
        let target = format!("/proxy/users/u001?{{account}}&truto_dry_run={spelled}");
        let plan = world.send("DELETE", &target, &[], b"").await;
        assert_eq!((plan.status, plan.header("x-userdir-effect")), (200, Some("planned")), "{spelled}");
    }
    let many = format!("/proxy/users?{{account}}&{}", "a=1&".repeat(2_000));
    for wrong in ["/proxy/users?{account}&truto_dry_run=yes", "/proxy/users?{account}&x=%ff", many.as_str()] {
        assert_eq!(world.get(wrong).await.problem()["statusCode"], 400, "{wrong}");
    }
    assert!(world.vendor.asked().is_empty());
}

#[tokio::test]
async fn bodies_go_through_in_every_form() {
    let world = World::new().await;
    let post = async |headers: &[(&str, &str)], query: &str, body: &[u8]| {
        world.send("POST", &format!("/proxy/users/u001?{{account}}{query}"), headers, body).await
    };
    assert_eq!(post(&[("content-type", "text/plain;charset=UTF-8")], "", br#"{"profile":{}}"#).await.status, 200);
    assert_eq!(post(&[("content-type", "application/x-www-form-urlencoded")], "", b"a=1&b=2").await.status, 200);
    assert_eq!(post(&[("content-type", "multipart/form-data; boundary=x")], "", b"--x--").await.status, 200);
    assert_eq!(
        post(&[("content-type", "application/json")], "&truto_body_passthrough=true", b"not json").await.status,
        200
    );
    assert_eq!(post(&[("content-type", "application/json")], "", b"not json").await.problem()["statusCode"], 400);
    let config = br#"{"methodConfig":{"path":"https://evil.example"}}"#;
    let refused = post(&[("content-type", "application/json")], "", config).await.problem();
    assert!(refused["message"].as_str().unwrap().contains("`methodConfig`"));
    assert_eq!(world.vendor.writes().len(), 4);
}

#[tokio::test]
async fn a_vendors_refusal_has_the_form_of_all_errors() {
    let world = World::new().await;
    let missing = world.get("/proxy/nothing?{account}").await;
    let problem = missing.problem();
    assert_eq!((missing.status, &problem["truto_is_remote_error"]), (404, &json!(true)));
    assert_eq!(problem["raw_response"]["errorCode"], "E0000007");
    world.vendor.fault("GET /api/v1/users", refusal(403, "E0000006", "You do not have permission"));
    let forbidden = world.get("/proxy/users?{account}").await.problem();
    assert!(forbidden["truto_error_insight"]["forbidden_error"].is_object());
    world.vendor.fault("GET /api/v1/users", refusal(429, "E0000047", "too many").header("x-rate-limit-reset", "1"));
    world.vendor.fault("GET /api/v1/slow", VendorAnswer::empty(302).header("location", "https://evil.example/"));
    assert_eq!(
        world.get("/proxy/slow?{account}").await.problem()["statusCode"],
        502,
        "a redirect elsewhere is not followed"
    );
    world.vendor.fault("GET /api/v1/groups", refusal(401, "E0000011", "Invalid token provided"));
    assert_eq!(world.get("/proxy/groups?{account}").await.status, 401);
    assert_eq!(world.get("/integrated-account/okta-test").await.json()["status"], "needs_reauth");
}

#[tokio::test]
async fn reads_need_a_read_token_and_writes_a_write_token() {
    let world = World::new().await;
    let read = world.token(Scope::Read).await;
    assert_eq!(world.as_token(&read, "GET", "/proxy/users?{account}", &[], b"").await.status, 200);
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let answer = world.as_token(&read, method, "/proxy/users/u001?{account}&truto_dry_run=true", &[], b"").await;
        assert_eq!(answer.problem()["statusCode"], 403, "{method}");
    }
    assert_eq!(world.as_token("", "GET", "/proxy/users?{account}", &[], b"").await.problem()["statusCode"], 401);
    assert_eq!(world.get("/proxy/users").await.problem()["statusCode"], 400, "no account is named");
    assert_eq!(world.get("/proxy/users?integrated_account_id=nobody").await.problem()["statusCode"], 404);
    assert_eq!(world.send("OPTIONS", "/proxy/users?{account}", &[], b"").await.status, 405);
    let many = format!("/proxy/users?{{account}}&{}", "a=1&".repeat(1_500));
    assert_eq!(world.get(&many).await.problem()["statusCode"], 400);
}
