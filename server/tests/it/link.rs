//! The page of a link token.

use base64::Engine;
use serde_json::{Value, json};
use sha2::Digest;
use url::form_urlencoded;
use userdir_store::{AuditQuery, STORE_CHAIN};

use crate::client::Answer;
use crate::vendor::SECRET;
use crate::world::World;

async fn link(world: &World, body: Value) -> String {
    let made = world.post("/link-token", &body).await;
    assert_eq!(made.status, 200, "{}", made.text());
    made.json()["link_path"].as_str().unwrap().to_owned()
}

/// As a browser does, without any token of the server.
async fn visit(world: &World, path: &str) -> Answer {
    world.as_token("", "GET", path, &[], b"").await
}

async fn fill(world: &World, path: &str, fields: &[(&str, &str)]) -> Answer {
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    world.as_token("", "POST", path, &[("content-type", "application/x-www-form-urlencoded")], form.as_bytes()).await
}

fn is_protected(page: &Answer) {
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"), "{policy}");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let page_text = page.text();
    let (_, style) = page_text.split_once("<style>").unwrap();
    let style = style.split_once("</style>").unwrap().0;
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style));
    assert!(policy.contains(&format!("'sha256-{hash}'")), "the policy allows the page's own style");
    let text = page_text.to_ascii_lowercase();
    for foreign in ["<script", "src=", "<link", "@import", "url(", "onclick", "javascript:"] {
        assert!(!text.contains(foreign), "{foreign}");
    }
}

#[tokio::test]
async fn somebody_without_a_token_connects_an_account() {
    let world = World::new().await;
    let path = link(&world, json!({"tenant_id": "acme"})).await;
    let choice = visit(&world, &path).await;
    assert_eq!(choice.status, 200);
    is_protected(&choice);
    assert!(choice.text().contains("?integration=okta") && choice.text().contains("SCIM 2.0"));

    let form = visit(&world, &format!("{path}?integration=okta")).await;
    is_protected(&form);
    let text = form.text();
    for part in [
        r#"name="base_url" type="url""#,
        r#"name="api_token" type="password""#,
        "Security &gt; API &gt; Tokens",
        "method=private_key_jwt",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains(r#"name="private_key""#), "settings of another way are not asked for");
    let other = visit(&world, &format!("{path}?integration=okta&method=private_key_jwt")).await.text();
    assert!(
        other.contains("<textarea") && other.contains(r#"name="key_id""#) && !other.contains(r#"name="api_token""#)
    );

    let done = fill(
        &world,
        &path,
        &[("integration", "okta"), ("method", "api_token"), ("base_url", world.vendor.base()), ("api_token", SECRET)],
    )
    .await;
    assert_eq!(done.status, 200, "{}", done.text());
    is_protected(&done);
    assert!(done.text().contains("Connected"));
    assert_eq!(world.vendor.asked(), ["GET /api/v1/users/me"], "the credentials were tried out");
    let accounts = world.get("/integrated-account?tenant_id=acme&status=active").await.json();
    let made =
        accounts["result"].as_array().unwrap().iter().find(|account| account["name"] != "okta-test").unwrap().clone();
    assert_eq!((&made["authentication_method"], &made["secret_keys"]), (&json!("api_token"), &json!(["api_token"])));
    let target = format!("/unified/user-directory/users?integrated_account_id={}", made["id"].as_str().unwrap());
    assert_eq!(world.get(&target).await.status, 200);

    let rows = world.store.audit(&AuditQuery::new(made["id"].as_str().unwrap().parse().unwrap())).await.unwrap().rows;
    assert_eq!(
        rows.iter().map(|row| (row.actor.as_str(), row.action.as_str())).collect::<Vec<_>>(),
        [("link", "link/connect")]
    );
    let rows = world.store.audit(&AuditQuery::new(STORE_CHAIN)).await.unwrap().rows;
    assert!(rows.iter().any(|row| row.action == "link-token/create" && row.actor.starts_with("token:")));
    assert!(world.store.verify_audit(None).await.unwrap().holds());

    for again in [visit(&world, &path).await, fill(&world, &path, &[("integration", "okta")]).await] {
        assert_eq!(again.status, 410);
        is_protected(&again);
    }
    let unknown = visit(&world, "/link/udl_nonsense").await;
    assert_eq!(unknown.status, 404);
    is_protected(&unknown);
}

#[tokio::test]
async fn what_is_wrong_is_shown_again_without_the_secrets() {
    let world = World::new().await;
    let path = link(&world, json!({"tenant_id": "acme", "integration": "okta"})).await;
    let evil = r#"https://acme.okta.com/"><script>alert(1)</script>"#;
    let shown =
        fill(&world, &path, &[("method", "api_token"), ("base_url", evil), ("api_token", "canary-typed-in")]).await;
    assert_eq!(shown.status, 422);
    is_protected(&shown);
    assert!(shown.text().contains("&lt;script&gt;"), "{}", shown.text());
    assert!(!shown.text().contains("canary"));

    let missing = fill(&world, &path, &[("method", "api_token"), ("base_url", "https://acme.okta.com")]).await;
    assert_eq!(missing.status, 422);
    assert!(missing.text().contains("API token is missing") && missing.text().contains("https://acme.okta.com"));

    let refused = fill(
        &world,
        &path,
        &[("method", "api_token"), ("base_url", world.vendor.base()), ("api_token", "canary-wrong")],
    )
    .await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("the vendor refused the credentials"), "{}", refused.text());
    assert!(!refused.text().contains("canary"));
    assert_eq!(
        world.get("/integrated-account").await.json()["result"].as_array().unwrap().len(),
        1,
        "nothing was kept"
    );
    // the link is still good
    let done =
        fill(&world, &path, &[("method", "api_token"), ("base_url", world.vendor.base()), ("api_token", SECRET)]).await;
    assert_eq!(done.status, 200, "{}", done.text());
}

#[tokio::test]
async fn the_page_leads_on_with_the_accounts_id() {
    let world = World::new().await;
    let body = json!({
        "tenant_id": "acme", "integration": "okta", "redirect_uri": "https://app.example/done?step=2",
        "context": {"base_url": world.vendor.base()},
    });
    let path = link(&world, body).await;
    let form = visit(&world, &path).await;
    assert!(form.text().contains("<strong>app.example</strong>"));
    assert!(form.header("content-security-policy").unwrap().contains("form-action 'self' https://app.example"));
    assert!(!form.text().contains(r#"name="base_url""#), "what the link knows is not asked for");
    let done = fill(&world, &path, &[("api_token", SECRET), ("base_url", "https://evil.example")]).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let to = done.header("location").unwrap();
    let id = to.strip_prefix("https://app.example/done?step=2&integrated_account_id=").unwrap();
    let account = world.get(&format!("/integrated-account/{id}")).await.json();
    assert_eq!(account["context"]["base_url"], world.vendor.base(), "and cannot be replaced by the page");
}

#[tokio::test]
async fn an_account_is_reconnected_and_keeps_its_id_and_not_its_secrets() {
    let world = World::new().await;
    let broken = json!({"api_token": "canary-old"}).to_string();
    world.send("PATCH", "/integrated-account/okta-test/credentials", &[], broken.as_bytes()).await;
    assert_eq!(world.get("/unified/user-directory/users?{account}").await.status, 401);
    let path = link(&world, json!({"integrated_account_id": "okta-test"})).await;
    let form = visit(&world, &path).await.text();
    assert!(form.contains("Reconnect Okta") && form.contains(world.vendor.base()), "its settings are suggested");
    assert!(!form.contains("canary"));
    // the stored secret never goes to an address that a visitor types in
    let stolen = fill(&world, &path, &[("method", "api_token"), ("base_url", "https://evil.example")]).await;
    assert_eq!(stolen.status, 422);
    assert!(stolen.text().contains("API token is missing"));
    let done =
        fill(&world, &path, &[("method", "api_token"), ("base_url", world.vendor.base()), ("api_token", SECRET)]).await;
    assert_eq!(done.status, 200, "{}", done.text());
    let account = world.get("/integrated-account/okta-test").await.json();
    assert_eq!((&account["id"], &account["status"]), (&json!(world.account.id.to_string()), &json!("active")));
    assert_eq!(world.get("/unified/user-directory/users?{account}").await.status, 200);
}

#[tokio::test]
async fn of_two_who_use_a_link_at_once_one_connects() {
    let world = World::new().await;
    let path = link(&world, json!({"tenant_id": "both", "integration": "okta"})).await;
    let fields = [("method", "api_token"), ("base_url", world.vendor.base()), ("api_token", SECRET)];
    world.vendor.slow(std::time::Duration::from_millis(200));
    let (one, other) = tokio::join!(fill(&world, &path, &fields), fill(&world, &path, &fields));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 410]);
    assert_eq!(world.get("/integrated-account?tenant_id=both").await.json()["result"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_form_that_is_too_large_or_no_form_is_refused() {
    let world = World::new().await;
    let path = link(&world, json!({"tenant_id": "acme", "integration": "okta"})).await;
    let large = vec![b'a'; 300 << 10];
    assert_eq!(world.as_token("", "POST", &path, &[], &large).await.status, 413);
    assert_eq!(world.as_token("", "POST", &path, &[], b"\xff\xfe%zz&&&=").await.status, 422);
    assert_eq!(world.as_token("", "PUT", &path, &[], b"").await.status, 405);
}

/// Each try asks a vendor, for somebody who has no token.
#[tokio::test]
async fn a_link_is_not_tried_without_end() {
    let world = World::new().await;
    let path = link(&world, json!({"tenant_id": "acme", "integration": "okta"})).await;
    let wrong = [("method", "api_token"), ("base_url", world.vendor.base()), ("api_token", "guess")];
    for _ in 0..10 {
        assert_eq!(fill(&world, &path, &wrong).await.status, 422);
    }
    world.vendor.forget();
    let page = fill(&world, &path, &wrong).await;
    assert_eq!((page.status, world.vendor.asked().len()), (429, 0));
    is_protected(&page);
    assert!(page.header("retry-after").is_some_and(|wait| wait.parse::<u64>().unwrap() <= 600));
    assert_eq!(visit(&world, &path).await.status, 200, "looking costs nothing");
    let other = link(&world, json!({"tenant_id": "acme", "integration": "okta"})).await;
    assert_eq!(fill(&world, &other, &wrong).await.status, 422);
}
