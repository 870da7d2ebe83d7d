//! What fixtures cannot show, since each makes one call of one account: the names of groups are read again by the next one,
//! and accounts of one application share its token.

// a helper may stop at the first surprise: `clippy.toml` allows it within test functions alone
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use userdir_core::action::UserFilter;
use userdir_core::{Call, Directory, Registry, Runtime, Settings};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

/// Plays a list with one item, once.
async fn list(server: &MockServer, path: &str, item: Value) {
    let page = json!({ "results": { "data": [item], "pageInfo": { "hasNextPage": false, "endCursor": "c1" } } });
    let list = Mock::given(matchers::method("GET")).and(matchers::path(path));
    list.respond_with(ResponseTemplate::new(200).set_body_json(page)).up_to_n_times(1).mount(server).await;
}

fn runtime() -> Runtime {
    Runtime::builder().allow_private_networks(true).build().unwrap()
}

async fn connected(server: &MockServer, runtime: &Runtime) -> Directory {
    let token = json!({ "access_token": "t1", "token_type": "Bearer", "expires_in": 3600 });
    let address = Mock::given(matchers::method("POST")).and(matchers::path("/oauth/token"));
    address.respond_with(ResponseTemplate::new(200).set_body_json(token)).mount(server).await;
    let settings = Settings::new().set("base_url", format!("{}/v1", server.uri())).set("client_id", "app");
    let registry = Registry::collect(&[&userdir_vanta::REGISTRATION], &[]);
    registry.connect_with("vanta", settings.secret("client_secret", "secret"), runtime).unwrap()
}

/// The names of the first user's groups.
async fn names(vanta: &Directory) -> Vec<String> {
    let users = vanta.list(&Call::new(), UserFilter::default(), 10, None).await.unwrap();
    let groups = users.items.into_iter().next().unwrap().groups.unwrap();
    groups.into_iter().map(|group| group.name.unwrap().to_string()).collect()
}

#[tokio::test]
async fn a_group_that_is_renamed_has_its_new_name_in_the_next_list() {
    let server = MockServer::start().await;
    let vanta = connected(&server, &runtime()).await;
    for name in ["Engineering", "Platform"] {
        list(&server, "/v1/groups", json!({ "id": "g1", "name": name })).await;
        list(&server, "/v1/people", json!({ "id": "p1", "groupIds": ["g1"] })).await;
        assert_eq!(names(&vanta).await, [name]);
    }
}

#[tokio::test]
async fn accounts_of_one_application_share_its_token() {
    let (server, runtime) = (MockServer::start().await, runtime());
    for account in ["a", "b"] {
        let vanta = connected(&server, &runtime.for_account(account)).await;
        list(&server, "/v1/groups", json!({ "id": "g1", "name": "Engineering" })).await;
        list(&server, "/v1/people", json!({ "id": "p1", "groupIds": ["g1"] })).await;
        assert_eq!(names(&vanta).await, ["Engineering"]);
    }
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.iter().filter(|request| request.url.path() == "/oauth/token").count(), 1);
}
