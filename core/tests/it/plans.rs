//! Plan mode, and what a caller passes through to the vendor.

use serde_json::{Map, Value, json};
use userdir_core::action::*;
use userdir_core::{Call, Effect, ErrorKind};

use crate::world::*;

async fn world() -> World {
    let world = World::new().await;
    world
        .serve(|method, _, _| {
            ok(if method == "GET" { json!({ "id": "u1", "name": "Maya", "status": "active" }) } else { json!({}) })
        })
        .await;
    world
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[tokio::test]
async fn a_plan_reads_and_does_not_write() {
    let world = world().await;
    let call = Call::plan();
    let reply = world.directory.delete_user(&call, DeleteUserInput::new("u1")).await.unwrap();
    assert_eq!((reply.effect, reply.value.name.unwrap().as_str()), (Effect::Planned, "Maya"));
    assert!(world.writes().await.is_empty());
    assert_eq!(world.lines().await, ["GET /users/u1"]);

    let uri = world.server.uri();
    let steps = serde_json::to_value(call.planned()).unwrap();
    assert_eq!(
        steps,
        json!([
            { "step": 1, "method": "POST", "url": format!("{uri}/users/u1/sign-out"), "body": null },
            { "step": 2, "method": "DELETE", "url": format!("{uri}/users/u1"), "body": null, "after": 1 },
        ])
    );
}

#[tokio::test]
async fn a_plan_of_who_does_not_exist_is_not_found() {
    let world = World::new().await;
    world.serve(|_, _, _| status(404)).await;
    let error = world.directory.delete_user(&Call::plan(), DeleteUserInput::new("u1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_plan_shows_the_body_after_merging_and_masks_secrets() {
    let world = world().await;
    let call = Call::plan()
        .remote_query(vec![("dry run".into(), "a&b".into()), ("key".into(), "canary-token".into())])
        .remote_data(object(json!({ "title": "Chef", "new_password": { "value": "canary-nested" }, "n": 12345678 })));
    let input = UpdateUserInput::new("u1").name("M").title("Director").password("12345678");
    world.directory.update_user(&call, input).await.unwrap();
    let steps = call.planned();
    assert_eq!(steps.len(), 1);
    assert!(steps[0].url.ends_with("/users/u1?notify=no&dry%20run=a%26b&key=***"), "{}", steps[0].url);
    assert_eq!(steps[0].precondition.as_deref(), Some("the user is there"));
    let body: Value = serde_json::from_str(steps[0].body.as_ref().expect("the body is shown").get()).unwrap();
    assert_eq!((&body["name"], &body["title"], &body["password"]), (&json!("M"), &json!("Chef"), &json!("***")));
    let text = serde_json::to_string(&steps).unwrap();
    assert!(!text.contains("canary"), "{text}");
}

#[tokio::test]
async fn what_is_so_already_is_no_plan() {
    let world = World::new().await;
    world.serve(|_, _, _| ok(json!({ "id": "u1", "status": "inactive" }))).await;
    let call = Call::plan();
    let reply = world.directory.deactivate_user(&call, DeactivateUserInput::new("u1")).await.unwrap();
    assert_eq!((reply.effect, call.planned().len()), (Effect::Already, 0));
}

/// Where the provider itself finds that there is nothing to do, nothing is planned either.
#[tokio::test]
async fn a_provider_that_finds_nothing_to_do_plans_nothing() {
    let world = world().await;
    let role = |id: &'static str| userdir_schema::UserRole { id: Some(id.into()), ..Default::default() };
    let call = Call::plan();
    let reply = world.directory.assign_role(&call, AssignRoleInput::new("u1", vec![role("held")])).await.unwrap();
    assert_eq!((reply.effect, call.planned().len()), (Effect::Already, 0));

    let input = AssignRoleInput::new("u1", vec![role("held"), role("r2")]);
    let reply = world.directory.assign_role(&call, input).await.unwrap();
    assert_eq!((reply.effect, call.planned().len()), (Effect::Planned, 1));
    assert_eq!(reply.value.name.as_deref(), Some("Maya"), "the resource as it is now");
    assert!(world.writes().await.is_empty());
}

#[tokio::test]
async fn remote_data_and_query_go_to_the_primary_request_alone_and_win() {
    let world = world().await;
    let call = Call::new()
        .remote_query(vec![("tag".into(), "x y".into())])
        .remote_data(object(json!({ "title": "Chef", "extra": [1] })));
    let _ = world.directory.update_user(&call, UpdateUserInput::new("u1").title("Director")).await;
    let requests = world.requests().await;
    for request in &requests {
        let is_primary = request.method == "PATCH";
        assert_eq!(request.url.query().unwrap_or_default().contains("tag=x%20y"), is_primary, "{}", request.url);
        if is_primary {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            assert_eq!(body, json!({ "name": null, "title": "Chef", "extra": [1] }));
        } else {
            assert!(request.body.is_empty());
        }
    }
    assert_eq!(requests.len(), 3);

    // two writes, one of them primary
    let world = self::world().await;
    let call = Call::new().remote_data(object(json!({ "why": "left" })));
    let _ = world.directory.delete_user(&call, DeleteUserInput::new("u1")).await;
    let bodies: Vec<_> = world.requests().await.iter().map(|r| (r.method.to_string(), r.body.len())).collect();
    assert_eq!(bodies.iter().filter(|(_, size)| *size > 0).count(), 1);
    assert!(bodies.contains(&("DELETE".into(), json!({ "why": "left" }).to_string().len())));

    // what is read has no body to put it into
    let world = self::world().await;
    let error = world.directory.get_user(&call, GetUserInput::new("u1")).await.unwrap_err();
    assert_eq!((error.kind(), world.requests().await.len()), (ErrorKind::InvalidRequest, 0));
}

#[tokio::test]
async fn a_remote_query_may_not_name_what_belongs_to_paging() {
    for (how, name) in [("cursor", "limit"), ("cursor", "cursor"), ("offset", "startIndex"), ("page", "page")] {
        let world = World::paging(how).await;
        let call = Call::new().remote_query(vec![(name.into(), "1".into())]);
        let error = world.directory.list_users(&call, UserFilter::default(), 5, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.message().contains(&format!("`{name}`")), "{error}");
        assert!(world.requests().await.is_empty());
    }
}

#[tokio::test]
async fn a_body_is_passed_on_as_it_is() {
    let world = world().await;
    let body = b"--b\r\n\x00\xff\r\n--b--".to_vec();
    let call = Call::new().with_body(Some("multipart/form-data; boundary=b".into()), body.clone());
    world.directory.update_user(&call, UpdateUserInput::new("u1")).await.unwrap();
    let requests = world.requests().await;
    let sent = requests.iter().find(|request| request.method.as_str() != "GET").unwrap();
    assert_eq!(sent.body, body);
    assert_eq!(sent.headers["content-type"], "multipart/form-data; boundary=b");

    // what the action is about is still needed, and a request without a body takes none
    let error = world.directory.update_user(&call, UpdateUserInput::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let before = world.lines().await;
    let error = world.directory.delete_user(&call, DeleteUserInput::new("u1")).await.unwrap_err();
    assert!(error.to_string().contains("no body"), "{error}");
    assert_eq!(world.lines().await, before, "told before anything is asked");
    let both = call.remote_data(object(json!({ "a": 1 })));
    assert!(world.directory.update_user(&both, UpdateUserInput::new("u1")).await.is_err());
}

#[tokio::test]
async fn what_an_action_decides_cannot_be_passed_through() {
    let queries = [("emails", false), ("Emails.1", false), ("emails[]", false), ("emailsToo", true)];
    let queries = queries.map(|(name, passes)| (Call::new().remote_query(vec![(name.into(), "x".into())]), passes));
    let body = Call::new().remote_data(object(json!({ "emails": [] })));
    let passed = |body: &str| Call::new().with_body(Some("application/json".into()), body.into());
    let bodies =
        [(body, false), (passed(r#"{"Emails":["x"]}"#), false), (passed("x"), false), (passed(r#"{"x":1}"#), true)];
    for (call, passes) in queries.into_iter().chain(bodies) {
        let world = World::new().await;
        world
            .serve(
                |_, path, _| {
                    if path.contains("groups?") { ok(json!({ "items": [] })) } else { ok(json!({ "id": "x" })) }
                },
            )
            .await;
        let error = world.directory.add_user_to_group(&call, AddUserToGroupInput::new("g1", "u1")).await.unwrap_err();
        assert_eq!(error.kind() == ErrorKind::InvalidRequest, !passes, "{error}");
        assert_eq!(world.writes().await.is_empty(), !passes, "{error}");
    }
}
