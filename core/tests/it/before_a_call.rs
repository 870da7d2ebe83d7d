//! Bad input gets a clear error before anything reaches the vendor.

use serde_json::{Value, json};
use userdir_core::{Action, Call, Details, Error, ErrorKind, Settings};

use crate::world::*;

/// The error of a call by name, and that no request was made.
async fn refused(world: &World, action: Action, input: Value) -> Error {
    let call = Call::new();
    let error = match action.info().kind {
        userdir_core::ActionKind::List => {
            world.directory.list_json(&call, action, input.clone(), 5, None).await.map(drop).unwrap_err()
        }
        _ => world.directory.call_json(&call, action, input.clone()).await.map(drop).unwrap_err(),
    };
    assert!(world.requests().await.is_empty(), "{action} {input} reached the vendor");
    error
}

async fn invalid(action: Action, input: Value) -> Error {
    let error = refused(&World::new().await, action, input).await;
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    assert_eq!((error.provider(), error.action()), (Some("acme"), Some(action)), "{error}");
    error
}

fn connect(settings: Settings) -> Error {
    let clock = Default::default();
    let runtime = builder(&clock).allow_private_networks(false).build().unwrap();
    registry().connect_with("acme", settings, &runtime).unwrap_err()
}

fn with(base: &str) -> Settings {
    settings(base)
}

#[test]
fn an_unknown_provider_lists_the_compiled_in_ones() {
    let error = registry().connect("nope", Settings::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("`nope`") && error.message().contains("`acme`, `slow`"), "{error}");
    let error = registry().connect("okta", Settings::new()).unwrap_err();
    assert!(error.message().contains("not compiled in"), "{error}");
    assert_eq!(registry().get("acme_inc").unwrap().definition.slug, "acme");
}

#[test]
fn every_wrong_setting_is_named() {
    let error = connect(Settings::new().set("tokn", "x").set("paging", "sideways").set("totals", "yes"));
    assert_eq!((error.kind(), error.provider()), (ErrorKind::Config, Some("acme")));
    for part in
        ["`tokn` is no setting", "`base_url` is missing", "`paging` is `sideways`", "`totals` is `yes`", "`token`"]
    {
        assert!(error.message().contains(part), "{part}: {error}");
    }
    let error = connect(Settings::new().set("base_url", "https://a.acme.example").set("client_id", "app"));
    assert!(error.message().contains("`client_secret`"), "{error}");
}

#[test]
fn a_wrong_address_is_refused_while_connecting() {
    for (base, kind) in [
        ("not an address", ErrorKind::Config),
        ("acme", ErrorKind::Config),
        ("mailto:a@acme.example", ErrorKind::Config),
        ("https://a.acme.example/?x=1", ErrorKind::Config),
        ("https://a.acme.example/#x", ErrorKind::Config),
        ("https://acme.example.evil.test", ErrorKind::Config),
        ("https://evilacme.example", ErrorKind::Config),
        ("http://a.acme.example", ErrorKind::Refused),
        ("https://127.0.0.1", ErrorKind::Refused),
        ("https://[::1]", ErrorKind::Refused),
        ("https://2130706433", ErrorKind::Refused),
        ("https://169.254.169.254", ErrorKind::Refused),
        ("https://10.0.0.1", ErrorKind::Refused),
        ("https://localhost", ErrorKind::Refused),
        ("ftp://a.acme.example", ErrorKind::Refused),
        ("https://user:canary-pass@a.acme.example", ErrorKind::Refused),
        ("user:canary-pass@a.acme.example", ErrorKind::Config),
    ] {
        let error = connect(with(base));
        assert_eq!(error.kind(), kind, "{base}: {error}");
        assert_eq!(error.provider(), Some("acme"), "{base}: {error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        assert!(error.next_step().is_some() || error.message().contains("must be one of"), "{base}: {error:?}");
    }
    let clock = Default::default();
    let runtime = builder(&clock).allow_private_networks(false).build().unwrap();
    registry().connect_with("acme", with("https://a.acme.example/base/"), &runtime).unwrap();
}

#[tokio::test]
async fn an_id_that_would_leave_its_segment_is_refused() {
    for id in ["", " ", "a/b", "a?b", "..", "a/../b", "a#b", "a%2fb", "a\\b", "a\u{0}b", "a\nb", &"x".repeat(2000)] {
        for (action, member) in [
            (Action::GetUser, "id"),
            (Action::DeleteUser, "id"),
            (Action::DeactivateUser, "user_id"),
            (Action::UpdateUser, "id"),
        ] {
            let error = invalid(action, json!({ member: id })).await;
            assert!(error.message().contains(member), "{id:?}: {error}");
        }
        invalid(Action::RemoveUserFromGroup, json!({ "group_id": "g1", "user_id": id })).await;
        invalid(Action::RemoveUserFromGroup, json!({ "group_id": id, "user_id": "u1" })).await;
        invalid(Action::ListGroups, json!({ "user_id": id })).await;
        invalid(Action::AssignRole, json!({ "id": "u1", "roles": [{ "id": id }] })).await;
    }
    let slow = World::of("slow", |settings| settings).await;
    slow.serve(|_, _, _| ok(json!({ "id": "x" }))).await;
    for id in ["..", ".", "", "a\nb"] {
        let fault = slow.directory.call_json(&Call::new(), Action::GetUser, json!({ "id": id })).await.unwrap_err();
        assert_eq!(fault.kind(), ErrorKind::InvalidRequest);
    }
    assert!(slow.requests().await.is_empty());
    slow.directory.call_json(&Call::new(), Action::GetUser, json!({ "id": "a/b?c" })).await.unwrap();
    assert_eq!(slow.lines().await, ["GET /users/a%2Fb%3Fc"]);
}

#[tokio::test]
async fn an_unknown_filter_names_those_that_work() {
    for filter in ["colour", "title", "external_id", "created_at"] {
        let error = invalid(Action::ListUsers, json!({ filter: "2026-01-01T00:00:00Z" })).await;
        assert!(error.message().contains(filter) && error.message().contains("`username`"), "{error}");
    }
    let error = invalid(Action::ListUsers, json!({ "sort_by": { "title": "asc" } })).await;
    assert!(error.message().contains("`name`"), "{error}");
    invalid(Action::ListUsers, json!({ "sort_by": { "name": "upwards" } })).await;
    invalid(Action::ListUsers, json!({ "status": { "like": "a" } })).await;
    invalid(Action::ListUsers, json!({ "status": "" })).await;
    invalid(Action::ListUsers, json!([])).await;
}

#[tokio::test]
async fn a_member_that_would_be_dropped_is_refused() {
    let error = invalid(Action::UpdateUser, json!({ "id": "u1", "colour": "red" })).await;
    assert!(error.message().contains("`colour`") && error.message().contains("`title`"), "{error}");
    let error = invalid(Action::UpdateUser, json!({ "id": "u1", "timezone": "UTC" })).await;
    assert!(error.message().contains("`timezone` cannot be set here"), "{error}");
    let error = invalid(Action::CreateUser, json!({ "colour": "red" })).await;
    assert!(error.message().contains("`name`"), "what is required works too: {error}");
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_named_and_a_password_not_repeated() {
    let error = invalid(Action::UpdateUser, json!({ "id": "u1", "name": "M", "title": 5 })).await;
    assert!(error.message().contains("`title`"), "{error}");
    let error = invalid(Action::UpdateUser, json!({ "id": "u1", "password": 48151623 })).await;
    assert!(error.message().contains("`password`"), "{error}");
    assert!(!format!("{error} {error:?}").contains("48151623"), "{error}");
    for input in [json!("u1"), json!(["u1"]), json!(5)] {
        invalid(Action::GetUser, input).await;
    }
}

#[tokio::test]
async fn what_is_missing_is_named_by_its_place() {
    let error = invalid(Action::CreateUser, json!({ "username": "maya" })).await;
    let Details::Missing { query, body } = error.details() else { panic!("{error:?}") };
    assert_eq!((&query[..], &body[..]), (&["organization_id".to_owned()][..], &["name".to_owned()][..]));
    let error = invalid(Action::AssignRole, json!({ "id": "u1", "roles": [] })).await;
    assert!(error.message().contains("`roles` is required"), "{error}");
    let error = invalid(Action::GetUser, Value::Null).await;
    assert!(error.message().contains("`id` is required"), "{error}");
    invalid(Action::GetUser, json!({ "id": null })).await;
}

#[tokio::test]
async fn what_the_vendor_lacks_is_501_before_400() {
    let world = World::new().await;
    for (action, reason) in [
        (Action::SuspendUser, "acme never suspends"),
        (Action::ListLicenses, "does not implement it yet"),
        (Action::DeleteGroup, "does not implement it yet"),
    ] {
        for input in [json!({ "rubbish": true }), json!("rubbish"), Value::Null, json!({ "id": "../.." })] {
            let error = refused(&world, action, input).await;
            assert_eq!(error.kind(), ErrorKind::NotSupported, "{error}");
            assert!(error.message().contains(reason), "{error}");
        }
    }
    let slow = World::of("slow", |settings| settings).await;
    let error = refused(&slow, Action::DeleteUser, json!({ "rubbish": true })).await;
    assert_eq!(error.kind(), ErrorKind::NotSupported);
    assert!(error.message().contains("this account may not delete"), "{error}");
    assert!(!slow.directory.actions().contains(Action::DeleteUser));
    assert!(slow.directory.actions().contains(Action::GetUser));
}

#[tokio::test]
async fn an_action_called_as_another_kind_is_named() {
    let world = World::new().await;
    let error = world.directory.list_json(&Call::new(), Action::GetUser, Value::Null, 5, None).await.unwrap_err();
    assert!(error.message().contains("`users/get` is no list"), "{error}");
    let error = world.directory.call_json(&Call::new(), Action::ListUsers, Value::Null).await.unwrap_err();
    assert!(error.message().contains("`users/list` is a list"), "{error}");
}

/// A user who was read is sent back with one member changed.
#[tokio::test]
async fn read_only_members_may_be_echoed_and_not_changed() {
    let world = World::new().await;
    world
        .serve(|_, _, before| {
            let title = if before < 2 { "Chef" } else { "Director" };
            ok(json!({ "id": "u1", "title": title, "created": "2026-01-01T00:00:00Z" }))
        })
        .await;
    let echo = json!({ "user_id": "u1", "title": "Director", "created_at": "2026-01-01T00:00:00Z" });
    let call = Call::new().remote_query(vec![("tag".into(), "1".into())]);
    world.directory.call_json(&call, Action::UpdateUser, echo).await.unwrap();
    assert_eq!(world.writes().await, ["PATCH /users/u1?notify=no&tag=1"]);
    assert!(world.lines().await.iter().all(|line| !line.starts_with("GET") || !line.contains("tag")));

    let changed = json!({ "id": "u1", "title": "x", "created_at": "2027-01-01T00:00:00Z" });
    let error = world.directory.call_json(&Call::new(), Action::UpdateUser, changed).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(error.message().contains("`created_at` is read-only"), "{error}");
    assert_eq!(world.writes().await.len(), 1);

    // what is wrong besides is told before the echo is looked up
    let created = "2026-01-01T00:00:00Z";
    for input in [
        json!({ "id": "u1", "colour": "red", "created_at": created }),
        json!({ "id": "a/b", "created_at": created }),
        json!({ "created_at": created }),
        json!({ "id": "u1", "timezone": "UTC", "created_at": created }),
    ] {
        let error = invalid(Action::UpdateUser, input).await;
        assert!(!error.message().contains("created_at"), "{error}");
    }
}

/// Dropped, it would look carried out.
#[tokio::test]
async fn a_null_in_an_update_is_refused_and_elsewhere_is_not_given() {
    let world = World::new().await;
    world.serve(|_, _, _| ok(json!({ "id": "u1", "name": "M", "status": "inactive" }))).await;
    for input in [
        json!({ "id": "u1", "title": null }),
        json!({ "id": "u1", "name": "M", "title": null }),
        json!({ "user_id": "u1", "id": null, "title": null }),
    ] {
        let error = invalid(Action::UpdateUser, input.clone()).await;
        assert!(error.message().contains("`title` is null"), "{input}: {error}");
        world.directory.confirm_json(&Call::new(), Action::UpdateUser, input).await.unwrap_err();
    }
    assert!(invalid(Action::UpdateUser, json!({ "id": "u1", "titel": null })).await.message().contains("`titel`"));
    assert!(world.lines().await.is_empty());

    // what the vendor does not have either is an echo
    let echo = json!({ "id": "u1", "name": "M", "last_login_at": null, "user_id": null });
    world.directory.call_json(&Call::new(), Action::UpdateUser, echo).await.unwrap();
    for input in [json!({ "user_id": "u1", "actor": null }), json!({ "user_id": "u1", "id": null })] {
        world.directory.call_json(&Call::new(), Action::DeactivateUser, input).await.unwrap();
    }
    let created = json!({ "name": "M", "title": null, "emails": null });
    let error = world.directory.call_json(&Call::new(), Action::CreateUser, created).await.err();
    assert!(error.is_none_or(|error| !error.message().contains("null")));
}

/// Passed over, the role would be given everywhere.
#[tokio::test]
async fn a_role_in_a_place_that_the_vendor_does_not_know_is_refused() {
    for place in ["group", "organization"] {
        let error = invalid(Action::AssignRole, json!({ "id": "u1", "roles": [{ "id": "r1", place: "p1" }] })).await;
        assert!(error.message().contains(&format!("`roles[].{place}`")), "{error}");
        assert_eq!(error.target(), Some("p1"));
    }
    let world = World::new().await;
    world.serve(|_, _, _| ok(json!({ "id": "u1", "roles": [{ "id": "r1", "workspace": "w1" }] }))).await;
    for role in [json!({ "id": "r1", "workspace": "w1" }), json!({ "id": "r1", "group": "", "organization": null })] {
        let input = json!({ "id": "u1", "roles": [role] });
        world.directory.call_json(&Call::new(), Action::AssignRole, input).await.unwrap();
    }
}

#[tokio::test]
async fn id_and_user_id_are_the_same_on_users() {
    let world = World::new().await;
    world.serve(|_, _, _| ok(json!({ "id": "u1", "status": "inactive" }))).await;
    let call = Call::new();
    for (action, input) in [
        (Action::GetUser, json!({ "user_id": "u1" })),
        (Action::DeactivateUser, json!({ "id": "u1" })),
        (Action::DeactivateUser, json!({ "id": "u1", "user_id": "u1" })),
    ] {
        world.directory.call_json(&call, action, input).await.unwrap();
    }
    let error = invalid(Action::GetUser, json!({ "id": "u1", "user_id": "u2" })).await;
    assert!(error.message().contains("differ"), "{error}");
}

/// The id that an HR system has for a user never stands in an address.
#[tokio::test]
async fn an_external_id_may_hold_anything() {
    let world = World::new().await;
    world.serve(|_, _, _| ok(json!({ "id": "u1" }))).await;
    let input = json!({ "id": "u1", "external_id": "EMP/42" });
    world.directory.call_json(&Call::new(), Action::UpdateUser, input).await.unwrap();
}
