//! What fixtures cannot show: the address that comes with the token, where the account names none; and which answer a list
//! is about.

// a helper may stop at the first surprise: `clippy.toml` allows it within test functions alone
#![allow(clippy::unwrap_used)]

use serde_json::json;
use std::sync::Arc;

use userdir_core::action::{GetRoleInput, UserFilter};
use userdir_core::observer::Recorder;
use userdir_core::{Call, Registry, Runtime, Settings};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

/// Plays the token address; its answer names `api_url`.
async fn token_address(api_url: &str) -> MockServer {
    let server = MockServer::start().await;
    let granted = json!({ "access_token": "t1", "token_type": "bearer", "expires_in": 3600, "api_url": api_url });
    let token = Mock::given(matchers::method("POST")).and(matchers::path("/oauth/token"));
    token.respond_with(ResponseTemplate::new(200).set_body_json(granted)).mount(&server).await;
    server
}

/// Plays the API.
async fn api() -> MockServer {
    let server = MockServer::start().await;
    let role = Mock::given(matchers::path("/v2/roles/1")).and(matchers::header("authorization", "Bearer t1"));
    role.respond_with(ResponseTemplate::new(200).set_body_json(json!({ "id": "1", "name": "Admin" })))
        .mount(&server)
        .await;
    server
}

fn settings(token_address: &MockServer) -> Settings {
    let settings = Settings::new().set("account_id", "a1").set("client_id", "app").secret("client_secret", "secret");
    settings.set("token_url", format!("{}/oauth/token", token_address.uri()))
}

async fn read(settings: Settings) {
    let runtime = Runtime::builder().allow_private_networks(true).build().unwrap();
    let registry = Registry::collect(&[&userdir_zoom::REGISTRATION], &[]);
    let zoom = registry.connect_with("zoom", settings, &runtime).unwrap();
    assert_eq!(zoom.get_role(&Call::new(), GetRoleInput::new("1")).await.unwrap().value.id, "1");
}

#[tokio::test]
async fn the_api_is_where_the_token_says_unless_the_account_says_otherwise() {
    let (region, own) = (api().await, api().await);
    let token_address = token_address(&region.uri()).await;
    read(settings(&token_address)).await;
    let asked = |server: MockServer| async move { server.received_requests().await.unwrap().len() };
    read(settings(&token_address).set("base_url", format!("{}/v2", own.uri()))).await;
    assert_eq!((asked(region).await, asked(own).await), (1, 1));
}

#[tokio::test]
async fn the_last_page_is_of_the_active_users_and_not_the_second_look_at_the_inactive_ones() {
    let server = MockServer::start().await;
    for (status, id) in [("pending", "p1"), ("inactive", "i1"), ("active", "a1")] {
        let users = json!({ "users": [{ "id": id, "status": status }], "total_records": 1, "next_page_token": "" });
        let asked = matchers::query_param("status", status);
        let list = Mock::given(matchers::path("/v2/users")).and(asked).and(matchers::query_param("x", "1"));
        list.respond_with(ResponseTemplate::new(200).set_body_json(users)).mount(&server).await;
    }
    let runtime = Runtime::builder().allow_private_networks(true).build().unwrap();
    let settings = Settings::new().set("base_url", format!("{}/v2", server.uri())).secret("access_token", "t1");
    let registry = Registry::collect(&[&userdir_zoom::REGISTRATION], &[]);
    let zoom = registry.connect_with("zoom", settings, &runtime).unwrap();
    let recorder = Arc::new(Recorder::default());
    let call = Call::new().observed_by(recorder.clone()).remote_query(vec![("x".into(), "1".into())]);
    let call = call.without_fields(["roles".to_owned(), "groups".to_owned()]);
    let users = zoom.list(&call, UserFilter::default(), 10, None).await.unwrap();
    assert_eq!(users.items.len(), 3);
    let exchanges = recorder.exchanges();
    let asked: Vec<_> = exchanges.iter().map(|it| (it.url.contains("status=inactive"), it.is_primary)).collect();
    assert_eq!(asked, [(false, true), (true, true), (false, true), (true, false)]);
}
