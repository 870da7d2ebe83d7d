//! Look, act, look again.

use serde_json::{Value, json};
use userdir_core::action::*;
use userdir_core::{Action, Call, Effect, ErrorKind, Outcome};
use wiremock::ResponseTemplate;

use crate::world::*;

fn maya(status: &str) -> Value {
    json!({ "id": "u1", "name": "Maya", "status": status })
}

/// A vendor with one user whose status changes when a write comes, and what that write is answered.
async fn stateful(world: &World, takes_effect: bool, answer: impl Fn() -> ResponseTemplate + Send + Sync + 'static) {
    let state = std::sync::Mutex::new("active");
    world
        .serve(move |method, path, _| {
            let mut state = state.lock().unwrap();
            match method {
                "GET" if path == "/users/u1" => ok(maya(&state)),
                "GET" => status(404),
                _ => {
                    if takes_effect {
                        *state = "inactive";
                    }
                    answer()
                }
            }
        })
        .await;
}

fn deactivate() -> DeactivateUserInput {
    DeactivateUserInput::new("u1")
}

fn new_user() -> CreateUserInput {
    CreateUserInput::new().name("Maya").username("maya").organization_id("o1")
}

#[tokio::test]
async fn a_write_looks_acts_and_looks_again() {
    let world = World::new().await;
    stateful(&world, true, || ok(json!({}))).await;
    let reply = world.directory.deactivate_user(&Call::new(), deactivate()).await.unwrap();
    assert_eq!(reply.effect, Effect::Applied);
    assert_eq!(reply.value.status.unwrap().as_str(), "inactive");
    assert_eq!(world.lines().await, ["GET /users/u1", "POST /users/u1/deactivate", "GET /users/u1"]);

    let again = world.directory.deactivate_user(&Call::new(), deactivate()).await.unwrap();
    assert_eq!(again.effect, Effect::Already);
    assert_eq!(world.writes().await.len(), 1, "what is so already gets no write");
}

/// A get that shows one tenant's roles must show those of the tenant that was written to.
#[tokio::test]
async fn the_reading_knows_what_it_confirms() {
    let world = World::new().await;
    world.serve(|_, _, _| ok(maya("active"))).await;
    let role = userdir_schema::UserRole { id: Some("r1".into()), ..Default::default() };
    let input = AssignRoleInput::new("u1", vec![role]).workspace_id("w1");
    world.directory.assign_role(&Call::new(), input).await.unwrap();
    assert_eq!(world.lines().await, ["PUT /users/u1/roles/r1", "GET /users/u1?in=w1"]);
}

#[tokio::test]
async fn who_does_not_exist_is_not_found_before_any_write() {
    let world = World::new().await;
    stateful(&world, true, || ok(json!({}))).await;
    let call = Call::new();
    let errors = [
        world.directory.deactivate_user(&call, DeactivateUserInput::new("nope")).await.unwrap_err(),
        world.directory.delete_user(&call, DeleteUserInput::new("nope")).await.unwrap_err(),
        world.directory.update_user(&call, UpdateUserInput::new("nope").title("x")).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.kind(), error.target()), (ErrorKind::NotFound, Some("nope")), "{error}");
    }
    let passing = Call::new().remote_data(json!({ "department": "X" }).as_object().unwrap().clone());
    let error = world.directory.update_user(&passing, UpdateUserInput::new("nope").title("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "whatever is passed through: {error}");
    assert!(world.writes().await.is_empty());
}

#[tokio::test]
async fn a_vendor_that_says_yes_and_does_nothing_is_found_out() {
    let world = World::new().await;
    stateful(&world, false, || ok(json!({}))).await;
    let error = world.directory.deactivate_user(&Call::new(), deactivate()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::UnexpectedResponse, Outcome::Unknown));

    let slow = World::of("slow", |settings| settings).await;
    stateful(&slow, false, || ok(json!({}))).await;
    let reply = slow.directory.deactivate_user(&Call::new(), deactivate()).await.unwrap();
    assert_eq!(reply.effect, Effect::Pending);
    assert!(!reply.notes.is_empty());
}

#[tokio::test]
async fn an_unknown_outcome_is_settled_by_reading() {
    let world = World::new().await;
    stateful(&world, true, || status(504)).await;
    let reply = world.directory.deactivate_user(&Call::new(), deactivate()).await.unwrap();
    assert_eq!(reply.effect, Effect::Applied);
    assert!(reply.notes[0].contains("reading it again shows that it is done"), "{:?}", reply.notes);
    assert_eq!(world.writes().await.len(), 1);

    let world = World::new().await;
    stateful(&world, false, || status(504)).await;
    let error = world.directory.deactivate_user(&Call::new(), deactivate()).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!(world.writes().await.len(), 1);
    assert!(error.next_step().unwrap().contains("look before repeating"), "{error:?}");
}

/// What is shown may have been so before, in a way that the reading cannot tell from the new one.
#[tokio::test]
async fn a_reading_that_cannot_tell_settles_nothing() {
    let world = World::new().await;
    world
        .serve(|method, _, _| match method {
            "PATCH" => status(504),
            _ => ok(json!({ "id": "u1", "name": "Maya", "title": "Director" })),
        })
        .await;
    let input = UpdateUserInput::new("u1").title("Director");
    assert_eq!(world.directory.confirm(&Call::new(), &input).await.unwrap().shows, Shows::Unknown);
    let error = world.directory.update_user(&Call::new(), input.title("Lead")).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
}

/// That one member is so already says nothing of another that the vendor does not show.
#[tokio::test]
async fn an_update_of_what_is_not_shown_is_sent() {
    let world = World::new().await;
    world.serve(|_, _, _| ok(json!({ "id": "u1", "name": "Maya", "title": "Lead" }))).await;
    let same = || UpdateUserInput::new("u1").title("Lead");
    assert_eq!(world.directory.update_user(&Call::new(), same()).await.unwrap().effect, Effect::Already);

    let passing = Call::new().remote_data(json!({ "department": "X" }).as_object().unwrap().clone());
    for (number, (call, input)) in (1..).zip([
        (Call::new(), same().password("Brand-new-1")),
        (Call::new(), same().external_id("x-7")),
        (passing, same()),
    ]) {
        let reply = world.directory.update_user(&call, input).await.unwrap();
        assert_eq!((reply.effect, world.writes().await.len()), (Effect::Applied, number));
        assert!(reply.notes.iter().any(|note| note.contains("not confirmed")), "{:?}", reply.notes);
    }
    // nor does it settle one without an answer
    let input = same().password("Brand-new-1");
    assert_eq!(world.directory.confirm(&Call::new(), &input).await.unwrap().shows, Shows::Partly);
}

#[tokio::test]
async fn a_refusal_changes_nothing_and_says_so() {
    for (code, kind) in [
        (400, ErrorKind::InvalidRequest),
        (403, ErrorKind::Permission),
        (409, ErrorKind::Conflict),
        (501, ErrorKind::NotSupported),
    ] {
        let world = World::new().await;
        stateful(&world, false, move || status(code)).await;
        let error = world.directory.deactivate_user(&Call::new(), deactivate()).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (kind, Outcome::NotDone));
        assert_eq!(world.lines().await.len(), 2, "nothing to read again");
    }
}

#[tokio::test]
async fn a_reading_that_fails_after_a_success_leaves_it_a_success() {
    let world = World::new().await;
    world
        .serve(|method, _, before| match (method, before) {
            ("GET", 0) => ok(maya("active")),
            ("GET", _) => status(500),
            _ => ok(json!({})),
        })
        .await;
    let reply = world.directory.deactivate_user(&Call::new(), deactivate()).await.unwrap();
    assert_eq!(reply.effect, Effect::Applied);
    assert!(reply.notes[0].contains("could not be read back"), "{:?}", reply.notes);
    // as it was before would look as if nothing had been done
    assert_eq!((reply.value.id.as_str(), reply.value.status, reply.value.name), ("u1", None, None));
}

#[tokio::test]
async fn what_was_created_is_read_by_the_id_that_was_answered() {
    let world = World::new().await;
    world.serve(|method, _, _| ok(if method == "POST" { json!({ "id": "u1" }) } else { maya("active") })).await;
    let reply = world.directory.create_user(&Call::new(), new_user()).await.unwrap();
    assert_eq!((reply.effect, reply.value.name.unwrap().as_str()), (Effect::Applied, "Maya"));
    assert_eq!(world.lines().await, ["POST /users", "GET /users/u1"]);
}

/// Answers a create with `answer`; the list by login name shows `found`.
async fn create(
    answer: ResponseTemplate,
    found: Vec<Value>,
) -> (World, userdir_core::Result<userdir_core::Reply<userdir_schema::User<'static>>>) {
    let world = World::new().await;
    world
        .serve(move |method, path, _| match (method, path.split_once('?')) {
            ("POST", _) => answer.clone(),
            (_, Some(("/users", query))) => {
                assert!(query.contains("username=maya"), "{query}");
                ok(json!({ "items": found }))
            }
            _ => found.first().map_or(status(404), |user| ok(user.clone())),
        })
        .await;
    let reply = world.directory.create_user(&Call::new(), new_user()).await;
    (world, reply)
}

#[tokio::test]
async fn a_create_without_an_answer_is_settled_by_what_the_caller_named_it() {
    let there = json!({ "id": "u7", "username": "maya", "name": "Maya", "created": "2027-01-15T07:59:00Z" });
    let (world, reply) = create(status(504), vec![there.clone()]).await;
    let reply = reply.unwrap();
    assert_eq!((reply.effect, reply.value.id.as_str()), (Effect::Applied, "u7"));
    assert_eq!(world.writes().await.len(), 1);

    for found in [vec![], vec![there.clone(), json!({ "id": "u8", "username": "maya" })]] {
        let (_, reply) = create(status(504), found).await;
        assert_eq!(reply.unwrap_err().outcome(), Outcome::Unknown);
    }
}

/// Somebody of that name who was there before is not what the lost create made.
#[tokio::test]
async fn somebody_who_was_there_before_does_not_settle_a_create() {
    for other in [
        json!({ "id": "u7", "username": "maya", "name": "Maya", "created": "2020-01-01T00:00:00Z" }),
        json!({ "id": "u7", "username": "maya", "name": "Another Maya", "created": "2027-01-15T07:59:00Z" }),
        // when it was made is not shown
        json!({ "id": "u7", "username": "maya", "name": "Maya" }),
        // it has no name
        json!({ "id": "u7", "username": "maya", "created": "2027-01-15T07:59:00Z" }),
    ] {
        let (_, reply) = create(status(504), vec![other]).await;
        assert_eq!(reply.unwrap_err().outcome(), Outcome::Unknown);
    }
    let fresh = json!({ "id": "u7", "username": "maya", "name": "Maya", "created": "2027-01-15T07:59:00Z" });
    assert!(create(status(504), vec![fresh]).await.1.is_ok());
}

/// The vendor took it; that its answer makes no sense does not mean that nothing was changed.
#[tokio::test]
async fn a_write_whose_answer_cannot_be_read_was_not_refused() {
    let html = || ResponseTemplate::new(201).set_body_raw("<html>", "text/html");
    let (_, reply) = create(html(), vec![]).await;
    let error = reply.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::UnexpectedResponse, Outcome::Unknown), "{error}");

    let made = json!({ "id": "u7", "username": "maya", "name": "Maya", "created": "2027-01-15T07:59:00Z" });
    let (_, reply) = create(html(), vec![made]).await;
    assert_eq!(reply.unwrap().value.id, "u7");
}

#[tokio::test]
async fn a_redirect_after_a_write_leaves_it_unknown() {
    let world = World::new().await;
    stateful(&world, false, || status(302).insert_header("location", "/login")).await;
    let error = world.directory.deactivate_user(&Call::new(), deactivate()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::UnexpectedResponse, Outcome::Unknown), "{error}");
    assert!(world.lines().await.iter().all(|line| !line.contains("login")));
}

#[tokio::test]
async fn a_fault_inside_a_200_is_a_refusal() {
    let world = World::new().await;
    stateful(&world, false, || ok(json!({ "code": "gone", "message": "no such user" }))).await;
    let error = world.directory.deactivate_user(&Call::new(), deactivate()).await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::NotFound, Some("gone")));
}

/// The first of two writes was taken and the second refused: "nothing was changed" would be a lie.
#[tokio::test]
async fn an_error_after_a_write_that_was_taken_is_not_nothing_done() {
    let world = World::new().await;
    world
        .serve(|method, _, _| match method {
            "DELETE" => status(403),
            _ => ok(maya("active")),
        })
        .await;
    let error = world.directory.delete_user(&Call::new(), DeleteUserInput::new("u1")).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Permission, Outcome::Unknown));
}

/// The vendor's "no such member" is the doing of the first try, whose answer was lost: "already" would say that this call
/// changed nothing.
#[tokio::test]
async fn what_an_unanswered_try_did_is_not_so_already() {
    let world = World::new().await;
    let tries = std::sync::atomic::AtomicUsize::new(0);
    world
        .serve(move |method, path, _| {
            let tried = tries.load(std::sync::atomic::Ordering::Relaxed);
            match (method, path.split('?').next().unwrap()) {
                ("DELETE", _) => {
                    tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    status(if tried == 0 { 503 } else { 404 })
                }
                ("GET", "/groups/g1") => ok(json!({ "id": "g1", "name": "Finance" })),
                ("GET", "/users/u1/groups") if tried == 0 => ok(json!({ "items": [{ "id": "g1" }], "next": null })),
                ("GET", "/users/u1/groups") => ok(json!({ "items": [], "next": null })),
                _ => ok(maya("active")),
            }
        })
        .await;
    let input = RemoveUserFromGroupInput::new("g1", "u1");
    let reply = world.directory.remove_user_from_group(&Call::new(), input.clone()).await.unwrap();
    assert_eq!(reply.effect, Effect::Applied, "{:?}", world.lines().await);
    assert_eq!((world.writes().await.len(), reply.notes.len()), (2, 1));
    let again = world.directory.remove_user_from_group(&Call::new(), input).await.unwrap();
    assert_eq!(again.effect, Effect::Already);
}

#[tokio::test]
async fn a_deleted_user_is_an_id_and_nothing_else() {
    let world = World::new().await;
    world
        .serve(|method, _, before| match (method, before) {
            ("GET", 0) => ok(maya("active")),
            ("GET", _) => status(404),
            _ => status(204),
        })
        .await;
    let reply = world.directory.delete_user(&Call::new(), DeleteUserInput::new("u1")).await.unwrap();
    assert_eq!((reply.effect, serde_json::to_value(reply.value).unwrap()), (Effect::Applied, json!({ "id": "u1" })));
}

#[tokio::test]
async fn where_nothing_can_be_read_the_definition_says_so() {
    let world = World::new().await;
    world.serve(|_, _, _| status(204)).await;
    let input = DeleteRoleAssignmentInput::new("a1");
    let reply = world.directory.delete_role_assignment(&Call::new(), input).await.unwrap();
    assert_eq!((reply.effect, &reply.notes[..]), (Effect::Applied, &["acme shows no assignments".to_owned()][..]));
    assert_eq!(world.lines().await, ["DELETE /assignments/a1"]);
}

/// The vendor's own object is for predicates too; that the caller does not want it must not blind them.
#[tokio::test]
async fn without_remote_data_a_write_is_confirmed_all_the_same() {
    let world = World::new().await;
    stateful(&world, true, || ok(json!({}))).await;
    let call = Call::new().without_remote_data();
    let reply = world.directory.deactivate_user(&call, deactivate()).await.unwrap();
    assert_eq!(reply.effect, Effect::Applied);
    assert!(reply.value.remote_data.is_none());
    let with = world.directory.deactivate_user(&Call::new(), deactivate()).await.unwrap();
    assert!(with.value.remote_data.is_some());
}

mod membership {
    use super::*;

    /// Groups of `u1`, members of `g1`, and who exists.
    async fn vendor(world: &World, groups: &'static [&'static str], takes_effect: bool) {
        let member = std::sync::Mutex::new(groups.contains(&"g1"));
        world
            .serve(move |method, path, _| {
                let mut member = member.lock().unwrap();
                let path = path.split('?').next().unwrap_or_default();
                match (method, path) {
                    ("GET", "/groups/g1") => ok(json!({ "id": "g1", "name": "Ops" })),
                    // the second is another way to write the id
                    ("GET", "/users/u1" | "/users/maya") => ok(maya("active")),
                    ("GET", "/users/u1/groups") => {
                        let shown = groups
                            .iter()
                            .filter(|id| **id != "g1" || *member)
                            .chain((*member && !groups.contains(&"g1")).then_some(&"g1"));
                        ok(json!({ "items": shown.map(|id| json!({ "id": id })).collect::<Vec<_>>() }))
                    }
                    // a vendor to whom a mistyped id is a user without groups
                    ("GET", "/users/nope/groups") => ok(json!({ "items": [] })),
                    ("GET", "/groups/g1/members") => {
                        ok(json!({ "items": if *member { vec![maya("active")] } else { users([7, 8]) } }))
                    }
                    ("GET", _) => status(404),
                    (method, _) => {
                        if takes_effect {
                            *member = method == "PUT";
                        }
                        status(204)
                    }
                }
            })
            .await;
    }

    #[tokio::test]
    async fn by_the_users_groups() {
        let world = World::new().await;
        vendor(&world, &["g0", "g1"], true).await;
        let (call, input) = (Call::new(), RemoveUserFromGroupInput::new("g1", "u1"));
        let reply = world.directory.remove_user_from_group(&call, input.clone()).await.unwrap();
        assert_eq!((reply.effect, reply.value.name.unwrap().as_str()), (Effect::Applied, "Ops"));
        let reply = world.directory.remove_user_from_group(&call, input).await.unwrap();
        assert_eq!(reply.effect, Effect::Already);
        let reply = world.directory.add_user_to_group(&call, AddUserToGroupInput::new("g1", "u1")).await.unwrap();
        assert_eq!(reply.effect, Effect::Applied);
        assert_eq!(world.writes().await, ["DELETE /groups/g1/members/u1", "PUT /groups/g1/members/u1"]);
    }

    #[tokio::test]
    async fn by_the_groups_users() {
        let world = World::of("slow", |settings| settings).await;
        vendor(&world, &["g1"], true).await;
        let (call, input) = (Call::new(), RemoveUserFromGroupInput::new("g1", "u1"));
        let reply = world.directory.remove_user_from_group(&call, input.clone()).await.unwrap();
        assert_eq!(reply.effect, Effect::Applied);
        let reply = world.directory.remove_user_from_group(&call, input).await.unwrap();
        assert_eq!(reply.effect, Effect::Already);
        assert_eq!(world.writes().await.len(), 1);
    }

    /// A login, or an id without its prefix, in place of the id that the list shows.
    #[tokio::test]
    async fn an_id_written_in_another_way_is_the_same_user() {
        let world = World::of("slow", |settings| settings).await;
        vendor(&world, &["g1"], true).await;
        let (call, input) = (Call::new(), RemoveUserFromGroupInput::new("g1", "maya"));
        let reply = world.directory.remove_user_from_group(&call, input.clone()).await.unwrap();
        assert_eq!(reply.effect, Effect::Applied);
        let reply = world.directory.remove_user_from_group(&call, input).await.unwrap();
        assert_eq!(reply.effect, Effect::Already);
        assert_eq!(world.writes().await, ["DELETE /groups/g1/members/maya"]);
    }

    /// A mistyped id never reads as "is not in the group anyway".
    #[tokio::test]
    async fn a_mistyped_user_or_group_is_not_found() {
        for slug in ["acme", "slow"] {
            let world = World::of(slug, |settings| settings).await;
            vendor(&world, &["g0", "g1"], true).await;
            for (group, user) in [("g1", "nope"), ("nope", "u1")] {
                let input = RemoveUserFromGroupInput::new(group, user);
                let error = world.directory.remove_user_from_group(&Call::new(), input).await.unwrap_err();
                assert_eq!((error.kind(), error.target()), (ErrorKind::NotFound, Some("nope")), "{slug}: {error}");
            }
            assert!(world.writes().await.is_empty(), "{slug}");
        }
    }

    #[tokio::test]
    async fn one_that_did_not_change_is_found_out() {
        let world = World::new().await;
        vendor(&world, &["g0", "g1"], false).await;
        let input = RemoveUserFromGroupInput::new("g1", "u1");
        let error = world.directory.remove_user_from_group(&Call::new(), input).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
    }

    /// Where a vendor takes one id in several spellings, what is read shows the other one.
    #[tokio::test]
    async fn another_spelling_of_an_id_is_the_same_id() {
        let world = World::of("acme", |settings| settings.set("one_spelling", "true")).await;
        vendor(&world, &["g0", "g1"], true).await;
        let (call, input) = (Call::new(), RemoveUserFromGroupInput::new("G1", "U1"));
        assert_eq!(world.directory.confirm(&call, &input).await.unwrap().shows, Shows::No);
        let reply = world.directory.remove_user_from_group(&call, input.clone()).await.unwrap();
        assert_eq!((reply.effect, reply.value.id.as_str()), (Effect::Applied, "g1"));
        let reply = world.directory.remove_user_from_group(&call, input).await.unwrap();
        assert_eq!(reply.effect, Effect::Already);
        let groups = world.directory.list_groups(&call, GroupFilter::default().user_id("U1"), 5, None).await.unwrap();
        assert_eq!(groups.items.len(), 1);
        assert_eq!(world.writes().await, ["DELETE /groups/g1/members/u1"]);
        let error = world.directory.get_group(&call, GetGroupInput::new("gé")).await.unwrap_err();
        assert!(error.message().contains("no id of this vendor"), "{error}");
    }

    /// The call's own paging parameters are for its primary request; the confirming list must not trip over them.
    #[tokio::test]
    async fn a_remote_query_stays_with_the_write() {
        let world = World::new().await;
        vendor(&world, &["g0", "g1"], true).await;
        let call = Call::new().remote_query(vec![("limit".into(), "1".into())]);
        let input = RemoveUserFromGroupInput::new("g1", "u1");
        world.directory.remove_user_from_group(&call, input).await.unwrap();
        assert_eq!(world.writes().await, ["DELETE /groups/g1/members/u1?limit=1"]);
    }
}

#[tokio::test]
async fn confirm_reads_and_changes_nothing() {
    let world = World::new().await;
    stateful(&world, true, || ok(json!({}))).await;
    let seen = world.directory.confirm(&Call::new(), &deactivate()).await.unwrap();
    assert_eq!((seen.shows, seen.value.is_some()), (Shows::No, true));
    assert!(world.writes().await.is_empty());
}

#[tokio::test]
async fn steps_that_differ_are_partly_done() {
    let world = World::new().await;
    world
        .serve(|method, path, _| match (method, path) {
            ("PUT", path) if path.ends_with("r2") => status(404),
            _ => ok(maya("active")),
        })
        .await;
    let role = |id: &'static str| userdir_schema::UserRole { id: Some(id.into()), ..Default::default() };
    let input = AssignRoleInput::new("u1", vec![role("r1"), role("r2"), role("held")]);
    let error = world.directory.assign_role(&Call::new(), input).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PartlyDone);
    let userdir_core::Details::Steps { done, failed } = error.details() else { panic!("{error:?}") };
    assert_eq!((done.len(), failed.len()), (2, 1));
    assert_eq!(error.action(), Some(Action::AssignRole));
}

/// The refusal of one step must not hide that nobody knows what became of another.
#[tokio::test]
async fn a_step_whose_outcome_is_unknown_is_told_behind_one_that_was_refused() {
    let role = |id: &'static str| userdir_schema::UserRole { id: Some(id.into()), ..Default::default() };
    for (first, steps) in [("r2", (0, 2)), ("r1", (1, 1))] {
        let world = World::new().await;
        world
            .serve(|method, path, _| match (method, path) {
                ("PUT", path) if path.ends_with("r2") => status(404),
                ("PUT", path) if path.ends_with("lost") => status(504),
                _ => ok(maya("active")),
            })
            .await;
        let input = AssignRoleInput::new("u1", vec![role(first), role("lost")]);
        let error = world.directory.assign_role(&Call::new(), input).await.unwrap_err();
        let kind = if first == "r2" { ErrorKind::Unavailable } else { ErrorKind::PartlyDone };
        assert_eq!((error.kind(), error.outcome()), (kind, Outcome::Unknown), "{error}");
        let userdir_core::Details::Steps { done, failed } = error.details() else { panic!("{error:?}") };
        assert_eq!((done.len(), failed.len()), steps);
        assert_eq!(world.lines().await.last().unwrap(), "GET /users/u1", "it is looked for");
    }
}

#[tokio::test]
async fn whether_a_create_was_done_can_be_asked_without_doing_it() {
    let input = serde_json::to_value(new_user()).unwrap();
    let there = json!({ "id": "u7", "username": "maya", "name": "Maya", "created": "2027-01-15T07:59:00Z" });
    let other = json!({ "id": "u7", "username": "maya", "name": "Somebody else", "created": "2027-01-15T07:59:00Z" });
    for (found, shows) in [(vec![there], Shows::Yes), (vec![], Shows::No), (vec![other], Shows::Unknown)] {
        let (world, _) = create(status(500), found).await;
        let before = world.writes().await.len();
        let seen = world.directory.confirm_json(&Call::new(), Action::CreateUser, input.clone()).await.unwrap();
        assert_eq!((seen, world.writes().await.len()), (shows, before));
    }
}
