//! Meta routes, tools and capabilities.

use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn a_method_tells_what_it_takes_and_gives() {
    let world = World::new().await;
    let meta = world.get("/unified/user-directory/users/meta/list").await;
    assert_eq!(meta.status, 200, "{}", meta.text());
    let meta = meta.json();
    for member in [
        "method",
        "schema",
        "documentation_link",
        "response_mapping",
        "query_schema",
        "request_body_schema",
        "default_query",
        "default_body",
    ] {
        assert!(meta.get(member).is_some(), "{member}");
    }
    assert_eq!((&meta["method"], &meta["schema"]["title"]), (&json!("list"), &json!("User")));
    assert!(meta["query_schema"]["properties"]["limit"].is_object());

    let okta = world.get("/unified/user-directory/users/okta/meta/create").await.json();
    let body = &okta["request_body_schema"];
    assert_eq!(body["required"], json!(["first_name", "last_name", "emails"]));
    assert!(
        body["properties"]["title"].is_object() && body["properties"].get("bio").is_none(),
        "what Okta takes, and no more"
    );
    assert_eq!(okta["scopes"], json!(["okta.users.manage"]));
    assert!(okta["response_schema"]["properties"]["id"].is_object());
    let list = world.get("/unified/user-directory/users/okta/meta/list").await.json();
    assert_eq!(
        list["query_schema"]["properties"]["sort_by"]["properties"]["created_at"]["enum"],
        json!(["asc", "desc"])
    );
    assert!(list["query_schema"]["properties"].get("workspace_id").is_none());
    let of_account = world.get("/unified/user-directory/users/meta/create?{account}").await.json();
    assert_eq!(of_account, okta, "an account stands for its integration");
    assert_eq!(world.get("/unified/user-directory/users/meta/create?integrated_account_id=x").await.status, 404);
    // both spellings, as everywhere
    assert_eq!(world.get("/unified/user-directory/users/meta/unassign_role").await.json()["method"], "unassign-role");

    let lacking = world.get("/unified/user-directory/users/okta/meta/downgrade").await;
    assert_eq!(lacking.status, 501);
    assert!(lacking.problem()["message"].as_str().unwrap().contains("Okta has no seats"));
    for target in ["users/meta/promote", "nothing/meta/list", "users/nope/meta/list"] {
        assert_eq!(
            world.get(&format!("/unified/user-directory/{target}")).await.problem()["statusCode"],
            404,
            "{target}"
        );
    }
}

#[tokio::test]
async fn the_model_of_an_integration_comes_in_three_forms() {
    let world = World::new().await;
    let model = world.get("/unified/meta/user-directory/okta").await.json();
    assert_eq!(model["integration"]["name"], "okta");
    let deactivate =
        model["methods"].as_array().unwrap().iter().find(|method| method["method"] == "deactivate").unwrap();
    assert_eq!(deactivate["required"], json!(["user_id"]));
    assert!(model["not_supported"].as_array().unwrap().iter().any(|lack| lack["method"] == "downgrade"));
    let markdown = world.get("/unified/meta/user-directory/okta?format=md").await;
    assert!(markdown.header("content-type").unwrap().starts_with("text/markdown"));
    assert!(markdown.text().contains("## `users/deactivate`"));
    let page = world.get("/unified/meta/user-directory/okta?format=html").await;
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    assert!(page.text().contains("users/deactivate") && !page.text().contains("<script"));
    assert_eq!(world.get("/unified/meta/user-directory/okta?format=pdf").await.problem()["statusCode"], 400);
    assert_eq!(world.get("/unified/meta/user-directory/nope").await.problem()["statusCode"], 404);
}

#[tokio::test]
async fn tools_and_capabilities_are_what_the_account_can_do() {
    let world = World::new().await;
    let names = async |query: &str| -> Vec<String> {
        let tools = world.get(&format!("/integrated-account/okta-test/tools?{query}")).await.json();
        tools["result"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = names("").await;
    assert!(all.contains(&"okta_deactivate_user".to_owned()) && !all.contains(&"okta_downgrade_user".to_owned()));
    assert_eq!(names("methods=list%2Cget&tags=groups").await, ["okta_list_groups", "okta_get_group"]);
    assert!(names("methods=read").await.iter().all(|name| name.contains("_list_") || name.contains("_get_")));
    assert!(names("tags=write").await.contains(&"okta_unassign_role".to_owned()));
    let tools = world.get("/integrated-account/okta-test/tools?methods=unassign-role").await.json();
    let tool = &tools["result"][0];
    assert_eq!((&tool["resource"], &tool["required"]), (&json!("users"), &json!(["id", "roles"])));
    assert_eq!(tool["body_schema"]["required"], json!(["id", "roles"]));

    let account = world.get("/integrated-account/okta-test/capabilities").await.json();
    assert_eq!((&account["integration"], &account["account"]["status"]), (&json!("okta"), &json!("active")));
    let users = account["unified"].as_array().unwrap().iter().find(|it| it["resource"] == "users").unwrap();
    assert!(users["methods"].as_array().unwrap().contains(&json!("deactivate")));
    let general = world.get("/integration/okta/capabilities?resource=groups&methods=list").await.json();
    assert_eq!((&general["unified"][0]["methods"], &general["account"]), (&json!(["list"]), &Value::Null));
    assert_eq!(world.get("/integration/okta/capabilities?type=proxy").await.json()["unified"], json!([]));
    for wrong in ["type=x", "resource=x", "x=1"] {
        assert_eq!(
            world.get(&format!("/integration/okta/capabilities?{wrong}")).await.problem()["statusCode"],
            400,
            "{wrong}"
        );
    }
}
