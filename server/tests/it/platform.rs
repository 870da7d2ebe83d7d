//! Accounts, tokens and the other platform routes.

use serde_json::{Value, json};
use userdir_store::{AccountChange, AuditQuery, LinkTarget, NewApiToken, Scope};

use crate::vendor::{SECRET, refusal};
use crate::world::World;

fn new_account(world: &World) -> Value {
    json!({
        "integration": "okta", "tenant_id": "acme", "name": "okta-new", "authentication_method": "api_key",
        "context": {"base_url": world.vendor.base(), "api_token": SECRET},
    })
}

#[tokio::test]
async fn an_account_is_created_read_changed_and_deleted() {
    let world = World::new().await;
    let made = world.post("/integrated-account", &new_account(&world)).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let account = made.json();
    assert!(!made.text().contains(SECRET));
    let id = account["id"].as_str().unwrap();
    assert!(uuid::Uuid::try_parse(id).is_ok());
    assert_eq!(account["status"], "connecting");
    assert_eq!(account["context"], json!({"base_url": world.vendor.base()}));
    assert_eq!(account["secret_keys"], json!(["api_token"]));
    assert_eq!(account["integration"]["name"], "okta");
    assert_eq!(account["authentication_method"], "api_key");
    assert_eq!(account["is_sandbox"], false);
    assert!(world.vendor.asked().is_empty(), "creating asks the vendor nothing");

    for named in [id, "okta-new"] {
        assert_eq!(world.get(&format!("/integrated-account/{named}?")).await.json()["id"], id);
    }
    let users = world.get("/unified/user-directory/users?integrated_account_id=okta-new&limit=2").await;
    assert_eq!(users.status, 200, "{}", users.text());
    assert_eq!(
        world.get("/integrated-account/okta-new").await.json()["status"],
        "active",
        "a call has shown that it works"
    );

    let patched = world
        .send(
            "PATCH",
            "/integrated-account/okta-new?",
            &[],
            br#"{"context":{"scopes":"okta.users.read"},"tenant_id":"globex"}"#,
        )
        .await;
    assert_eq!(patched.status, 200, "{}", patched.text());
    let patched = patched.json();
    assert_eq!(patched["tenant_id"], "globex");
    assert_eq!(patched["context"]["scopes"], "okta.users.read");
    assert_eq!(patched["context"]["base_url"], world.vendor.base(), "the top level is merged");
    assert_eq!(patched["secret_keys"], json!(["api_token"]), "secrets stay");
    let users = world.get("/unified/user-directory/users?integrated_account_id=okta-new&limit=1").await;
    assert_eq!(users.status, 200, "{}", users.text());

    let deleted = world.send("DELETE", &format!("/integrated-account/{id}?"), &[], b"").await;
    assert_eq!((deleted.status, deleted.json()), (200, json!({"id": id})));
    assert_eq!(world.get(&format!("/integrated-account/{id}")).await.problem()["statusCode"], 404);
    let rows = world.store.audit(&AuditQuery::new(id.parse().unwrap())).await.unwrap().rows;
    let actions: Vec<&str> = rows.iter().rev().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["integrated-account/create", "integrated-account/update", "integrated-account/delete"]);
    assert!(rows.iter().all(|row| row.actor.starts_with("token:") && row.request_id.is_some()));
}

#[tokio::test]
async fn wrong_and_missing_settings_are_each_named_and_no_secret_comes_back() {
    let world = World::new().await;
    let cases = [
        (json!({}), vec!["`integration`, `tenant_id` are required"]),
        (json!({"integration": "okta", "tenant_id": "t"}), vec!["`base_url` is missing", "`api_token`"]),
        (json!({"integration": "nope", "tenant_id": "t"}), vec!["there is no integration `nope`", "`okta`"]),
        (
            json!({"integration": "okta", "tenant_id": "t", "context": {"base_ur": "x", "api_token": "canary-1"}}),
            vec!["`base_ur` is no setting of okta", "`base_url` is missing"],
        ),
        (
            json!({"integration": "okta", "tenant_id": "t", "context": {"base_url": ["canary-1"], "api_token": {"a": 1}}}),
            vec!["`base_url` must be a text"],
        ),
        (json!({"integration": "okta", "tenant_id": "t", "context": "canary-1"}), vec!["`context` has a wrong type"]),
        (json!({"integration": "okta", "tenant_id": "t", "tenent": 1}), vec!["no member `tenent`"]),
        (
            json!({"integration": "okta", "tenant_id": "t", "authentication_method": "magic",
                "context": {"base_url": "https://acme.okta.com", "api_token": "canary-1"}}),
            vec!["`magic`", "`private_key_jwt`"],
        ),
        (
            json!({"integration": "okta", "tenant_id": "t", "authentication_method": "private_key_jwt",
                "context": {"base_url": "https://acme.okta.com", "api_token": "canary-1"}}),
            vec!["`client_id`", "`private_key`", "`key_id`"],
        ),
        (
            json!({"integration": "okta", "tenant_id": "t", "region": "mars",
                "context": {"base_url": "https://acme.okta.com", "api_token": "canary-1"}}),
            vec!["no setting `region`"],
        ),
        (
            json!({"integration": "okta", "tenant_id": "t", "context": {"base_url": "ftp://acme.okta.com", "api_token": "canary-1"}}),
            vec!["`ftp` is no scheme"],
        ),
    ];
    for (body, words) in cases {
        let answer = world.post("/integrated-account", &body).await;
        let problem = answer.problem();
        assert!(matches!(answer.status, 400 | 403), "{body}: {problem}");
        for word in words {
            assert!(problem["message"].as_str().unwrap().contains(word), "{body}: {problem}");
        }
        assert!(!answer.text().contains("canary"), "{body}: {problem}");
    }
    let empty = world.post("/integrated-account", &json!({})).await.problem();
    let insight = &empty["truto_error_insight"]["missing_required_body_fields"]["value"];
    assert_eq!(*insight, json!(["integration", "tenant_id"]));
}

#[tokio::test]
async fn names_are_unique_and_made_where_none_is_given() {
    let world = World::new().await;
    let mut body = new_account(&world);
    assert_eq!(world.post("/integrated-account", &body).await.status, 200);
    let taken = world.post("/integrated-account", &body).await;
    assert_eq!(taken.status, 409, "{}", taken.text());
    body.as_object_mut().unwrap().remove("name");
    let integration = world.get("/environment-integration").await.json()["result"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["integration"]["name"] == "okta")
        .unwrap()["id"]
        .clone();
    body.as_object_mut().unwrap().remove("integration");
    body["environment_integration_id"] = integration;
    let (one, other) =
        (world.post("/integrated-account", &body).await.json(), world.post("/integrated-account", &body).await.json());
    assert!(one["name"].as_str().unwrap().starts_with("okta-"));
    assert_ne!(one["name"], other["name"]);
    let rename = json!({"name": "okta-new"}).to_string();
    let path = format!("/integrated-account/{}", one["id"].as_str().unwrap());
    assert_eq!(world.send("PATCH", &path, &[], rename.as_bytes()).await.status, 409);
}

#[tokio::test]
async fn the_list_filters_and_pages() {
    let world = World::new().await;
    for (name, tenant, sandbox) in [("a", "acme", true), ("b", "globex", false), ("c", "globex", true)] {
        let mut body = new_account(&world);
        (body["name"], body["tenant_id"], body["is_sandbox"]) = (json!(name), json!(tenant), json!(sandbox));
        assert_eq!(world.post("/integrated-account", &body).await.status, 200);
    }
    let names = async |query: &str| {
        let list = world.get(&format!("/integrated-account?{query}")).await;
        assert_eq!(list.status, 200, "{query}: {}", list.text());
        let list = list.json();
        assert_eq!(list["next_cursor"], Value::Null);
        list["result"]
            .as_array()
            .unwrap()
            .iter()
            .map(|account| account["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("next_cursor=").await, ["okta-test", "a", "b", "c"]);
    assert_eq!(names("tenant_id=globex").await, ["b", "c"]);
    assert_eq!(names("tenant_id[eq]=globex&is_sandbox=true").await, ["c"]);
    assert_eq!(names("status=active").await, ["okta-test"]);
    assert_eq!(names("name[in]=a,c,nobody&tenant_id[in][]=globex&tenant_id[in][]=x").await, ["c"]);
    assert_eq!(names("status[in]=active,connecting&is_sandbox[in]=true").await, ["a", "c"]);
    assert_eq!(names("integration.name[in]=okta,scim&name[]=b&name[]=c").await, ["b", "c"]);
    assert_eq!(names("integration.name=okta&name=b").await, ["b"]);
    assert_eq!(names("integration.name=scim").await, [""; 0]);
    assert_eq!(names("created_at[gt]=2000-01-01T00:00:00Z&created_at[lt]=2001-01-01T00:00:00Z").await, [""; 0]);
    assert_eq!(names("updated_at[gte]=2000-01-01T00:00:00Z").await.len(), 4);
    let first = world.get("/integrated-account?limit=3").await.json();
    assert_eq!((first["result"].as_array().unwrap().len(), &first["limit"]), (3, &json!(3)));
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = world.get(&format!("/integrated-account?limit=3&next_cursor={cursor}")).await.json();
    assert_eq!((rest["result"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &Value::Null));
    for wrong in [
        "tenant=x",
        "created_at[like]=x",
        "created_at=soon",
        "is_sandbox=maybe",
        "limit=0",
        "next_cursor=xyz",
        "is_sandbox[in]=true,false",
        "name[eq]=a&name[in]=b",
        "name[like]=a",
        "name[in][x]=a",
    ] {
        let problem = world.get(&format!("/integrated-account?{wrong}")).await.problem();
        assert_eq!(problem["statusCode"], 400, "{wrong}: {problem}");
    }
}

#[tokio::test]
async fn credentials_are_changed_alone_and_proved() {
    let world = World::new().await;
    let path = "/integrated-account/okta-test";
    let check = async || world.send("POST", &format!("{path}/check"), &[], b"").await;
    assert_eq!((check().await.status, check().await.json()), (200, json!({"ok": true})));

    let wrong = world.send("PATCH", &format!("{path}/credentials"), &[], br#"{"api_token":"wrong-one"}"#).await;
    assert_eq!((wrong.status, &wrong.json()["status"]), (200, &json!("connecting")), "{}", wrong.text());
    let refused = check().await;
    let problem = refused.problem();
    assert_eq!((refused.status, &problem["truto_is_remote_error"]), (401, &json!(true)));
    assert_eq!(problem["raw_response"]["errorCode"], "E0000011");
    let account = world.get(path).await.json();
    assert_eq!(account["status"], "needs_reauth");
    assert!(account["last_error"].as_str().unwrap().contains("Invalid token"), "{account}");
    let users = world.get("/unified/user-directory/users?{account}").await;
    assert_eq!(users.problem()["statusCode"], 401, "calls keep giving 401");

    let back = json!({"context": {"api_token": SECRET}}).to_string();
    assert_eq!(world.send("PATCH", &format!("{path}/credentials"), &[], back.as_bytes()).await.status, 200);
    assert_eq!(check().await.status, 200);
    let account = world.get(path).await.json();
    assert_eq!((&account["status"], &account["last_error"]), (&json!("active"), &Value::Null));

    for wrong in [json!({"base_url": "https://evil.example"}), json!({}), json!({"nonsense": "x"})] {
        let answer = world.send("PATCH", &format!("{path}/credentials"), &[], wrong.to_string().as_bytes()).await;
        assert_eq!(answer.problem()["statusCode"], 400, "{wrong}");
    }
    for route in ["refresh-credentials", "run-post-install-actions"] {
        // the TypeScript SDK sends JSON as text
        let body = json!({"id": world.account.id}).to_string();
        let answer = world
            .send(
                "POST",
                &format!("//integrated-account/{route}?"),
                &[("content-type", "text/plain;charset=UTF-8")],
                body.as_bytes(),
            )
            .await;
        assert_eq!((answer.status, answer.json()), (200, json!({"success": true})), "{route}");
        assert_eq!(world.post(&format!("/integrated-account/{route}"), &json!({})).await.problem()["statusCode"], 400);
        assert_eq!(
            world.post(&format!("/integrated-account/{route}"), &json!({"id": "nobody"})).await.problem()["statusCode"],
            404
        );
    }
}

#[tokio::test]
async fn a_vendors_refusals_are_kept_with_the_account() {
    let world = World::new().await;
    world.vendor.fault("GET /api/v1/users", refusal(403, "E0000006", "You do not have permission"));
    let refused = world.get("/unified/user-directory/users?{account}").await;
    assert_eq!(
        refused.problem()["truto_error_insight"]["forbidden_error"]["value"]["missing_scopes"],
        json!(["okta.users.read"])
    );
    let account = world.get("/integrated-account/okta-test").await.json();
    assert_eq!(account["status"], "active", "a missing right is no broken connection");
    let last = &account["last_forbidden_error"];
    assert_eq!((&last["resource"], &last["method"]), (&json!("users"), &json!("list")));
    assert_eq!(last["missing_scopes"], json!(["okta.users.read"]));
    world.vendor.fault("GET /api/v1/groups", refusal(401, "E0000011", "Invalid token provided"));
    assert_eq!(world.get("/unified/user-directory/groups?{account}").await.problem()["statusCode"], 401);
    assert_eq!(world.get("/integrated-account/okta-test").await.json()["status"], "needs_reauth");
    assert_eq!(world.get("/unified/user-directory/groups?{account}").await.status, 200);
    assert_eq!(world.get("/integrated-account/okta-test").await.json()["status"], "active", "it healed");
}

/// What an old call shows is of the credentials that it was made with.
#[tokio::test]
async fn a_late_refusal_says_nothing_of_new_credentials() {
    let world = std::sync::Arc::new(World::new().await);
    world.vendor.slow(std::time::Duration::from_millis(400));
    world.vendor.fault("GET /api/v1/groups", refusal(401, "E0000011", "Invalid token provided"));
    let late = {
        let world = world.clone();
        tokio::spawn(async move { world.get("/unified/user-directory/groups?{account}").await.status })
    };
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let fresh = json!({"context": {"api_token": crate::vendor::SECRET}}).to_string();
    let target = "/integrated-account/okta-test/credentials";
    assert_eq!(world.send("PATCH", target, &[], fresh.as_bytes()).await.json()["status"], "connecting");
    assert_eq!(late.await.unwrap(), 401);
    let account = world.store.account("okta-test").await.unwrap();
    assert_eq!((account.status.as_str(), account.last_error), ("connecting", None));
}

#[tokio::test]
async fn an_account_token_reaches_its_account_and_nothing_else() {
    let world = World::new().await;
    let other = crate::world::connect(world.store.as_ref(), "okta-other", world.vendor.base()).await;
    let issued = world.post("/integrated-account/token?", &json!({"integrated_account_id": "okta-test"})).await.json();
    let token = issued["integrated_account_token"].as_str().unwrap();
    assert!(issued["expires_at"].is_string());
    let get = async |target: &str| world.as_token(token, "GET", target, &[], b"").await;
    assert_eq!(get("/unified/user-directory/users").await.status, 200, "it names its account by itself");
    assert_eq!(get("/proxy/users").await.status, 200);
    assert_eq!(get("/integrated-account/me").await.json()["name"], "okta-test");
    assert_eq!(
        get(&format!("/unified/user-directory/users?integrated_account_id={}", other.id)).await.problem()["statusCode"],
        404
    );
    for target in [
        "/integrated-account",
        "/integrated-account/okta-test",
        "/api-token",
        "/log",
        "/unified/meta/user-directory/okta",
    ] {
        assert_eq!(get(target).await.problem()["statusCode"], 403, "{target}");
    }
    let change = async |body: Value| {
        world.as_token(token, "PATCH", "/integrated-account/me", &[], body.to_string().as_bytes()).await
    };
    let moved = change(json!({"context": {"base_url": "https://evil.example"}})).await;
    assert_eq!(moved.problem()["statusCode"], 403, "the secrets would go there");
    assert_eq!(change(json!({"tenant_id": "x"})).await.problem()["statusCode"], 400);
    assert_eq!(
        change(json!({"context": {"scopes": "okta.users.read"}})).await.json()["context"]["scopes"],
        "okta.users.read"
    );
    assert_eq!(
        world.get("/integrated-account/me").await.problem()["statusCode"],
        400,
        "an API token has no account of its own"
    );
}

#[tokio::test]
async fn scopes_and_bound_tokens_hold_on_the_platform_routes() {
    let world = World::new().await;
    let (read, write) = (world.token(Scope::Read).await, world.token(Scope::Write).await);
    for token in [&read, &write] {
        for (method, target) in [
            ("GET", "/integrated-account"),
            ("POST", "/integrated-account"),
            ("GET", "/integrated-account/okta-test"),
            ("PATCH", "/integrated-account/okta-test"),
            ("DELETE", "/integrated-account/okta-test"),
            ("POST", "/integrated-account/token"),
            ("POST", "/link-token"),
            ("GET", "/api-token"),
            ("GET", "/log"),
            ("POST", "/integrated-account/okta-test/check"),
            ("POST", "/integrated-account/bulk-delete"),
        ] {
            assert_eq!(
                world.as_token(token, method, target, &[], b"{}").await.problem()["statusCode"],
                403,
                "{method} {target}"
            );
        }
        for target in [
            "/integration",
            "/environment",
            "/environment-integration",
            "/integrated-account/okta-test/tools",
            "/unified/user-directory/users/meta/list",
        ] {
            assert_eq!(world.as_token(token, "GET", target, &[], b"").await.status, 200, "{target}");
        }
    }
    let other = crate::world::connect(world.store.as_ref(), "okta-other", world.vendor.base()).await;
    let bound =
        world.store.create_api_token(NewApiToken::new("bound", Scope::Admin).accounts([other.id])).await.unwrap();
    let bound = secrecy::ExposeSecret::expose_secret(&bound.secret).to_owned();
    let as_bound =
        async |method: &str, target: &str, body: &[u8]| world.as_token(&bound, method, target, &[], body).await;
    let list = as_bound("GET", "/integrated-account?limit=1", b"").await.json();
    assert_eq!(list["result"][0]["name"], "okta-other");
    // of tokens it sees those that reach no more than it does
    let tokens = as_bound("GET", "/api-token", b"").await.json();
    let names: Vec<&str> = tokens["result"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["bound"]);
    let everywhere = world.get("/api-token").await.json()["result"].as_array().unwrap().clone();
    let all = everywhere.iter().find(|token| token["accounts"].is_null()).unwrap();
    for named in [&all["id"], &all["name"]] {
        let target = format!("/api-token/{}", named.as_str().unwrap());
        assert_eq!(as_bound("GET", &target, b"").await.problem()["statusCode"], 404);
    }
    assert_eq!(as_bound("GET", "/api-token/bound", b"").await.json()["name"], "bound");
    assert_eq!(as_bound("GET", "/integrated-account/okta-test", b"").await.problem()["statusCode"], 404);
    assert_eq!(as_bound("DELETE", "/integrated-account/okta-test", b"").await.problem()["statusCode"], 404);
    assert_eq!(
        as_bound("POST", "/integrated-account", new_account(&world).to_string().as_bytes()).await.problem()["statusCode"],
        403
    );
    assert_eq!(as_bound("POST", "/link-token", br#"{"tenant_id":"t"}"#).await.problem()["statusCode"], 403);
    let all = format!(r#"{{"ids":["{}","okta-test"]}}"#, other.id);
    assert_eq!(as_bound("POST", "/integrated-account/bulk-delete", all.as_bytes()).await.problem()["statusCode"], 404);
    assert_eq!(as_bound("GET", "/integrated-account/okta-other", b"").await.status, 200, "none was deleted");
    let answer =
        as_bound("POST", "/integrated-account/bulk-delete", format!(r#"{{"ids":["{}"]}}"#, other.id).as_bytes()).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"success": true})));
}

#[tokio::test]
async fn nothing_is_written_through_a_sandbox_account() {
    let world = World::new().await;
    let change = AccountChange::default().is_sandbox(true);
    world.store.update_account("okta-test", change).await.unwrap();
    let body = json!({"user_id": "u001"});
    for target in [
        "/unified/user-directory/users/deactivate?{account}",
        "/proxy/users/u001?{account}",
        "/custom/api/v1/users/u001?{account}",
    ] {
        assert_eq!(world.post(target, &body).await.problem()["statusCode"], 405, "{target}");
    }
    assert!(world.vendor.writes().is_empty());
    assert_eq!(world.get("/unified/user-directory/users?{account}").await.status, 200);
    let plan = world.post("/unified/user-directory/users/deactivate?{account}&truto_dry_run=true", &body).await;
    assert_eq!(plan.status, 200, "{}", plan.text());
}

#[tokio::test]
async fn tokens_integrations_and_the_environment_are_read() {
    let world = World::new().await;
    let tokens = world.get("/api-token?").await;
    let token = &tokens.json()["result"][0];
    assert!(token["name"].as_str().unwrap().starts_with("admin-") && token["scope"] == "admin", "{token}");
    assert!(!tokens.text().contains(&world.token));
    let one = world.get(&format!("/api-token/{}", token["id"].as_str().unwrap())).await.json();
    assert_eq!(one["id"], token["id"]);
    assert_eq!(world.get("/api-token/nobody").await.problem()["statusCode"], 404);

    let environment = world.get("/environment").await.json()["result"][0].clone();
    let account = world.get("/integrated-account/okta-test").await.json();
    assert_eq!(account["environment_id"], environment["id"]);
    assert_eq!(token["environment_id"], environment["id"]);
    let id = environment["id"].as_str().unwrap();
    assert_eq!(world.get(&format!("/environment/{id}")).await.json(), environment);
    assert_eq!(world.get("/environment/nowhere").await.problem()["statusCode"], 404);

    let installed = account["environment_integration_id"].as_str().unwrap();
    let installed = world.get(&format!("/environment-integration/{installed}")).await.json();
    assert_eq!((&installed["integration"]["name"], &installed["is_enabled"]), (&json!("okta"), &json!(true)));
    let integration = installed["integration_id"].as_str().unwrap();
    let okta = world.get(&format!("/integration/{integration}")).await.json();
    assert_eq!((&okta["name"], &okta["label"]), (&json!("okta"), &json!("Okta")));
    assert!(
        okta["settings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|setting| setting["key"] == "api_token" && setting["secret"] == true)
    );
    assert_eq!(world.get("/integration/okta").await.json(), okta);
    assert_eq!(world.get("/integration/nope").await.problem()["statusCode"], 404);
    assert_eq!(world.get("/ping?").await.status, 200);
}

#[tokio::test]
async fn the_log_tells_what_was_asked_without_naming_anybody() {
    let world = World::new().await;
    world.get("/unified/user-directory/users?{account}&limit=2").await;
    world.get("/unified/user-directory/users/u001?{account}").await;
    world.get("/proxy/users/maya@example.com?{account}").await;
    let log = async || world.get("/log?log_type=unified_proxy_api&{account}").await;
    let mut entries = Vec::new();
    for _ in 0..100 {
        entries = log().await.json()["result"].as_array().unwrap().clone();
        if entries.len() >= 3 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let told: Vec<(&str, &str, i64)> = entries
        .iter()
        .map(|entry| {
            (
                entry["resource"].as_str().unwrap(),
                entry["method"].as_str().unwrap(),
                entry["http_status_code"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(told, [("users", "get", 404), ("users", "get", 200), ("users", "list", 200)]);
    assert_eq!((&entries[2]["result_count"], &entries[0]["request_type"]), (&json!(2), &json!("proxy")));
    assert!(!log().await.text().contains("maya"));
    for wrong in ["log_type=mcp", "created_at[gt]=2001-01-01T00:00:00Z", "log_type_filter[x]=1", "x=1", "limit=0"] {
        assert_eq!(world.get(&format!("/log?{wrong}")).await.problem()["statusCode"], 400, "{wrong}");
    }
    assert_eq!(world.get("/log?log_type_filter[tenant_id]=nobody").await.json()["result"], json!([]));
    for (filters, found) in [
        ("integrated_account_id[in]=okta-test&log_type_filter[tenant_id][in]=x,acme&integration[in]=okta", 3),
        ("integrated_account_id[eq]=okta-test&tenant_id[in]=x,y", 0),
    ] {
        let log = world.get(&format!("/log?{filters}")).await.json();
        assert_eq!(log["result"].as_array().unwrap().len(), found, "{filters}");
    }
}

#[tokio::test]
async fn a_names_encoding_that_cannot_be_read_is_an_error_like_all_others() {
    let world = World::new().await;
    for target in ["/integrated-account/%ff", "/api-token/%ff", "/integration/%c3%28/capabilities"] {
        assert_eq!(world.get(target).await.problem()["statusCode"], 400, "{target}");
    }
}

#[tokio::test]
async fn a_link_token_is_made_for_a_tenant_or_an_account() {
    let world = World::new().await;
    let made = world.post("/link-token?", &json!({"tenant_id": "acme", "unified_model_id": "user-directory"})).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let token = made.json()["link_token"].as_str().unwrap().to_owned();
    assert!(token.len() >= 40);
    let userdir_store::Link::Open(link) = world.store.link_token(&token).await.unwrap() else { panic!() };
    assert_eq!(link.target, LinkTarget::NewAccount { tenant_id: "acme".into() });
    let reconnect = world
        .post("/link-token?", &json!({"integrated_account_id": "okta-test", "environment_unified_model_id": ["x"]}))
        .await;
    assert_eq!(reconnect.status, 200, "{}", reconnect.text());
    for wrong in [
        json!({}),
        json!({"tenant_id": "t", "integrated_account_id": "okta-test"}),
        json!({"tenant_id": "t", "integration": "nope"}),
        json!({"tenant_id": "t", "redirect_uri": "http://evil.example/cb"}),
        json!({"tenant_id": "t", "redirect_uri": "javascript:alert(1)"}),
        json!({"tenant_id": "t", "context": {"base_url": "https://x.example"}}),
        json!({"tenant_id": "t", "integration": "okta", "context": {"nonsense": "x"}}),
        json!({"tenant_id": "t", "integration": "okta", "context": {"api_token": "canary"}}),
        json!({"integrated_account_id": "okta-test", "integration": "scim"}),
        json!({"tenant_id": "t", "tenent": 1}),
    ] {
        let answer = world.post("/link-token", &wrong).await;
        assert_eq!(answer.problem()["statusCode"], 400, "{wrong}: {}", answer.text());
        assert!(!answer.text().contains("canary"));
    }
    assert_eq!(
        world.post("/link-token", &json!({"integrated_account_id": "nobody"})).await.problem()["statusCode"],
        404
    );
}
