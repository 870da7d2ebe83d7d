//! Requests as they are on the wire.

use serde_json::json;
use userdir_core::Call;
use userdir_core::action::*;

use crate::world::*;

#[tokio::test]
async fn a_post_without_a_body_says_so() {
    let raw = Raw::start(vec![
        json_answer(r#"{"id": "u1", "status": "active"}"#),
        json_answer("{}"),
        json_answer(r#"{"id": "u1", "status": "inactive"}"#),
    ])
    .await;
    let (directory, _) = raw.directory("acme");
    directory.deactivate_user(&Call::new(), DeactivateUserInput::new("u1")).await.unwrap();
    let requests = raw.requests.lock().unwrap();
    let (get, post) = (requests[0].to_lowercase(), requests[1].to_lowercase());
    assert_eq!(post.matches("content-length: 0").count(), 1, "{post}");
    assert!(!post.contains("content-type"), "{post}");
    assert!(!get.contains("content-length"), "{get}");
}

#[tokio::test]
async fn headers_are_the_vendors() {
    let world = World::new().await;
    world.serve(|_, _, _| ok(json!({ "id": "u1", "title": "x" }))).await;
    let _ = world.directory.update_user(&Call::new(), UpdateUserInput::new("u1").title("y")).await;
    for request in world.requests().await {
        let header = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header("accept").as_deref(), Some("application/vnd.acme+json"));
        assert_eq!(header("x-acme-key").as_deref(), Some("Key canary-token"));
        assert!(header("user-agent").unwrap().starts_with("userdir/"));
        let typed = header("content-type");
        assert_eq!(typed.as_deref(), (request.method == "PATCH").then_some("application/vnd.acme+json"));
    }
}

#[tokio::test]
async fn an_id_is_one_segment() {
    for (id, segment) in [
        ("maya.ortiz@example.com", "maya.ortiz%40example.com"),
        ("a b", "a%20b"),
        ("Zoë", "Zo%C3%AB"),
        ("a:b;c=d&e+f", "a%3Ab%3Bc%3Dd%26e%2Bf"),
        ("...x", ""),
    ] {
        let world = World::new().await;
        world.serve(|_, _, _| ok(json!({ "id": "x" }))).await;
        let got = world.directory.get_user(&Call::new(), GetUserInput::new(id)).await;
        match segment {
            "" => assert!(got.is_err(), "{id}"),
            _ => assert_eq!(world.lines().await, [format!("GET /users/{segment}")]),
        }
    }
}

#[tokio::test]
async fn a_query_has_no_plus_for_a_space() {
    let world = World::new().await;
    world.serve(|_, _, _| ok(json!({ "items": [] }))).await;
    let filter = UserFilter::default().username("a b+c&d=é");
    world.directory.list_users(&Call::new(), filter, 3, None).await.unwrap();
    assert_eq!(world.lines().await, ["GET /users?username=a%20b%2Bc%26d%3D%C3%A9&limit=3"]);
}

#[tokio::test]
async fn a_base_address_may_have_a_path() {
    for (path, below) in
        [("", ""), ("/", ""), ("/scim/v2", "/scim/v2"), ("/scim/v2/", "/scim/v2"), ("/a%2Fb", "/a%2Fb")]
    {
        let world = World::new().await;
        world.serve(|_, _, _| ok(json!({ "id": "x" }))).await;
        let base = format!("{}{path}", world.server.uri());
        let runtime = builder(&world.clock).build().unwrap();
        let directory = registry().connect_with("acme", settings(&base), &runtime).unwrap();
        directory.get_user(&Call::new(), GetUserInput::new("u1")).await.unwrap();
        assert_eq!(world.lines().await, [format!("GET {below}/users/u1")], "{path}");
    }
}

#[tokio::test]
async fn a_check_names_the_provider() {
    let world = World::new().await;
    world.serve(|_, _, _| status(401)).await;
    let error = world.directory.check(&Call::new()).await.unwrap_err();
    assert_eq!(error.provider(), Some("acme"));
    assert!(error.next_step().unwrap().contains("credentials"));
}

#[tokio::test]
async fn a_page_to_sign_in_is_no_working_account() {
    for (body, is_well) in [("<!DOCTYPE html><title>Sign in</title>", false), ("", false), (r#"{"id": "me"}"#, true)] {
        let world = World::new().await;
        world.serve(move |_, _, _| wiremock::ResponseTemplate::new(200).set_body_string(body)).await;
        let checked = world.directory.check(&Call::new()).await;
        assert_eq!(checked.is_ok(), is_well, "{body}: {checked:?}");
    }
}

#[tokio::test]
async fn missing_scopes_are_named() {
    let world = World::new().await;
    world.serve(|_, _, _| status(403)).await;
    let error = world.directory.list_users(&Call::new(), UserFilter::default(), 3, None).await.unwrap_err();
    let userdir_core::Details::Scopes(scopes) = error.details() else { panic!("{error:?}") };
    assert_eq!(scopes, &["users.read"]);
}

#[tokio::test]
async fn an_answer_prints_no_body() {
    let world = World::new().await;
    world.serve(|_, _, _| status(404).set_body_json(json!({ "code": "E1", "message": "someone's data" }))).await;
    let error = world.directory.get_user(&Call::new(), GetUserInput::new("u1")).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("someone"), "{error:?}");
    let answer = error.vendor().unwrap();
    assert_eq!((answer.status, answer.message.as_deref()), (404, Some("someone's data")));
}
