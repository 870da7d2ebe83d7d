//! Limits cut vendor pages, cursors go on where they were cut, and each item comes exactly once.

use serde_json::{Value, json};
use userdir_core::action::*;
use userdir_core::runtime::Limits;
use userdir_core::{Action, Call, Directory, ErrorKind};
use wiremock::ResponseTemplate;

use crate::world::*;

/// A vendor of `n` users that honours the page size, up to ten.
fn vendor(how: &'static str, n: u32) -> impl Fn(&str, &str, usize) -> ResponseTemplate + Send + Sync {
    move |_, path, _| {
        let number = |name: &str| param(path, name).and_then(|text| text.parse::<u32>().ok());
        let size = number("limit").unwrap_or(10).min(10);
        let start = match how {
            "offset" => number("startIndex").unwrap(),
            "page" => (number("page").unwrap() - 1) * size + 1,
            _ => number("cursor").unwrap_or(1),
        };
        let end = (start + size).min(n + 1);
        let next = (end <= n).then(|| end.to_string());
        ok(json!({ "items": users(start.min(n + 1)..end), "next": next, "total": n }))
    }
}

async fn walk(directory: &Directory, limits: &[u32]) -> Result<Vec<String>, userdir_core::Error> {
    let (mut ids, mut cursor) = (Vec::new(), None::<String>);
    for limit in limits.iter().cycle().take(200) {
        let page = directory.list_users(&Call::new(), UserFilter::default(), *limit, cursor.as_deref()).await?;
        assert!(page.items.len() <= *limit as usize);
        assert!(!page.items.is_empty() || page.next_cursor.is_none(), "an empty page with a cursor");
        ids.extend(page.items.iter().map(|user| user.id.to_string()));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(ids);
        }
    }
    panic!("it never ends: {ids:?}");
}

fn everybody(n: u32) -> Vec<String> {
    (1..=n).map(|n| format!("u{n}")).collect()
}

#[tokio::test]
async fn each_item_comes_once_whatever_the_limits() {
    for how in ["cursor", "offset", "page"] {
        for limits in [&[1][..], &[3], &[10], &[25], &[1000], &[5, 7, 2, 25], &[4, 10], &[25, 3], &[12, 1, 8]] {
            let world = World::paging(how).await;
            world.serve(vendor(how, 33)).await;
            assert_eq!(walk(&world.directory, limits).await.unwrap(), everybody(33), "{how} {limits:?}");
        }
    }
}

/// Pages that overlap do not make up for somebody who is missing, nor do calls hide from each other that the total fell.
#[tokio::test]
async fn limited_pages_miss_whom_one_list_misses() {
    let vendor = |pages: [(std::ops::Range<u32>, u32); 3]| {
        move |_: &str, path: &str, _: usize| {
            let at = param(path, "cursor").map_or(0, |at| at.parse::<usize>().unwrap());
            let (ids, total) = pages[at].clone();
            ok(json!({ "items": users(ids), "next": (at < 2).then(|| (at + 1).to_string()), "total": total }))
        }
    };
    for how in ["one by one", "three at once"] {
        let limits: &[u32] = if how == "one by one" { &[3] } else { &[9] };
        let world = World::paging("cursor").await;
        world.serve(vendor([(1..4, 7), (3..6, 7), (7..8, 7)])).await;
        assert_eq!(walk(&world.directory, limits).await.unwrap_err().kind(), ErrorKind::Incomplete, "{how}");
        let world = World::paging("cursor").await;
        world.serve(vendor([(1..4, 7), (2..5, 7), (7..8, 7)])).await;
        assert_eq!(walk(&world.directory, limits).await.unwrap_err().kind(), ErrorKind::Incomplete, "{how}: by two");
    }
    let world = World::paging("offset").await;
    world
        .serve(|_, path, _| match param(path, "startIndex").as_deref() {
            Some("1") => ok(json!({ "items": users(1..4), "total": 9 })),
            Some("4") => ok(json!({ "items": users(4..7), "total": 12 })),
            _ => ok(json!({ "items": users(8..11), "total": 10 })),
        })
        .await;
    assert_eq!(walk(&world.directory, &[3]).await.unwrap_err().kind(), ErrorKind::Incomplete, "it grew and shrank");
}

/// A vendor that gives more than it is asked for: the page is cut, and read again.
#[tokio::test]
async fn a_page_that_is_cut_goes_on_behind_the_cut() {
    for how in ["cursor", "offset", "page", "body_link"] {
        for limits in [&[1][..], &[3], &[7, 2, 25], &[4, 10]] {
            let world = World::paging(how).await;
            world
                .serve(move |_, path, _| {
                    let number = |name: &str| param(path, name).and_then(|text| text.parse::<u32>().ok());
                    let start = match how {
                        "offset" => number("startIndex").unwrap(),
                        "page" => (number("page").unwrap() - 1) * 10 + 1,
                        _ => number("cursor").unwrap_or(1),
                    };
                    let end = (start + 10).min(24);
                    let next = (end < 24).then(|| match how {
                        "body_link" => format!("/users?cursor={end}"),
                        _ => end.to_string(),
                    });
                    ok(json!({ "items": users(start.min(24)..end), "next": next, "total": 23 }))
                })
                .await;
            assert_eq!(walk(&world.directory, limits).await.unwrap(), everybody(23), "{how} {limits:?}");
        }
    }
}

#[tokio::test]
async fn the_vendor_is_asked_for_what_is_missing_and_never_for_more_than_it_gives() {
    let world = World::paging("offset").await;
    world.serve(vendor("offset", 40)).await;
    let page = world.directory.list_users(&Call::new(), UserFilter::default(), 23, None).await.unwrap();
    assert_eq!(page.items.len(), 23);
    let sizes: Vec<_> = world.lines().await.iter().map(|line| param(line, "limit").unwrap()).collect();
    assert_eq!(sizes, ["10", "10", "3"]);
}

#[tokio::test]
async fn a_list_that_ends_on_the_limit_has_no_cursor() {
    let world = World::paging("cursor").await;
    world.serve(vendor("cursor", 20)).await;
    let page = world.directory.list_users(&Call::new(), UserFilter::default(), 20, None).await.unwrap();
    assert_eq!((page.items.len(), page.next_cursor), (20, None));
}

#[tokio::test]
async fn items_dropped_by_our_own_filter_do_not_count_and_are_not_repeated() {
    let world = World::paging("cursor").await;
    world
        .serve(|_, path, _| {
            let start = param(path, "cursor").and_then(|text| text.parse::<u32>().ok()).unwrap_or(1);
            let mut items = users(start..start + 10);
            for item in items.iter_mut().step_by(2) {
                item["status"] = "inactive".into();
            }
            let next = (start < 21).then(|| (start + 10).to_string());
            ok(json!({ "items": items, "next": next, "total": 30 }))
        })
        .await;
    let filter = UserFilter::default().status("active");
    let (mut ids, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = world.directory.list_users(&Call::new(), filter.clone(), 4, cursor.as_deref()).await.unwrap();
        ids.extend(page.items.iter().map(|user| user.id.to_string()));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(ids, (1..=15).map(|n| format!("u{}", 2 * n)).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_last_item_that_is_gone_is_an_error_and_no_guess() {
    let world = World::paging("cursor").await;
    world
        .serve(|_, path, _| {
            // the page that is read again is asked for as a larger one
            let is_first = param(path, "limit").as_deref() == Some("4");
            let items = if is_first { users(1..11) } else { users((1..11).filter(|n| *n != 4)) };
            ok(json!({ "items": items, "next": null, "total": items.len() }))
        })
        .await;
    let list = |cursor: Option<String>| {
        let directory = world.directory.clone();
        async move { directory.list_users(&Call::new(), UserFilter::default(), 4, cursor.as_deref()).await }
    };
    let cursor = list(None).await.unwrap().next_cursor;
    let error = list(cursor).await.unwrap_err();
    assert!(error.message().contains("the list changed"), "{error}");
}

/// What moved within its page is found by its id.
#[tokio::test]
async fn a_page_in_which_things_moved_goes_on_behind_the_last_item() {
    let world = World::paging("cursor").await;
    world
        .serve(|_, path, _| {
            let is_first = param(path, "limit").as_deref() == Some("4");
            let items = if is_first { users(1..11) } else { users([99].into_iter().chain(1..11)) };
            ok(json!({ "items": items, "next": null }))
        })
        .await;
    let directory = &world.directory;
    let first = directory.list_users(&Call::new(), UserFilter::default(), 4, None).await.unwrap();
    let rest =
        directory.list_users(&Call::new(), UserFilter::default(), 50, first.next_cursor.as_deref()).await.unwrap();
    assert_eq!(rest.items.iter().map(|user| user.id.to_string()).collect::<Vec<_>>(), everybody(10)[4..]);
}

#[tokio::test]
async fn a_cursor_serves_its_own_list_alone() {
    let world = World::paging("cursor").await;
    world.serve(vendor("cursor", 40)).await;
    let cursor = world.directory.list_users(&Call::new(), UserFilter::default(), 5, None).await.unwrap().next_cursor;
    let cursor = cursor.as_deref();
    let sent = world.requests().await.len();
    let refused = |error: userdir_core::Error| {
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
        assert!(error.message().contains("cursor"), "{error}");
    };

    let filter = UserFilter::default().status("active");
    refused(world.directory.list_users(&Call::new(), filter, 5, cursor).await.unwrap_err());
    refused(world.directory.list_groups(&Call::new(), GroupFilter::default(), 5, cursor).await.unwrap_err());
    let runtime = builder(&world.clock).account("another").build().unwrap();
    let other = registry().connect_with("acme", settings(&world.server.uri()), &runtime).unwrap();
    refused(other.list_users(&Call::new(), UserFilter::default(), 5, cursor).await.unwrap_err());
    let slow = registry().connect_with("slow", settings(&world.server.uri()), &builder(&world.clock).build().unwrap());
    refused(slow.unwrap().list_users(&Call::new(), UserFilter::default(), 5, cursor).await.unwrap_err());
    refused(world.directory.list_users(&Call::new(), UserFilter::default(), 5, Some("rubbish")).await.unwrap_err());
    assert_eq!(world.requests().await.len(), sent, "nothing is asked for with a wrong cursor");

    // the same account after a restart, with the same key
    let again = registry().connect_with(
        "acme",
        settings(&world.server.uri()).set("paging", "cursor"),
        &builder(&world.clock).build().unwrap(),
    );
    again.unwrap().list_users(&Call::new(), UserFilter::default(), 5, cursor).await.unwrap();
}

/// From one limited page to the next each request is a list of its own; a loop shows all the same.
#[tokio::test]
async fn a_cursor_that_leads_to_itself_is_found_between_limited_pages() {
    let world = World::paging("cursor").await;
    world
        .serve(|_, path, before| {
            let first = if param(path, "cursor").is_none() { 1 } else { 100 + 10 * before as u32 };
            ok(json!({ "items": users(first..first + 10), "next": "again" }))
        })
        .await;
    let mut cursor = None::<String>;
    for _ in 0..20 {
        let page = world.directory.list_users(&Call::new(), UserFilter::default(), 10, cursor.as_deref()).await;
        match page {
            Ok(page) => cursor = page.next_cursor,
            Err(error) => return assert_eq!(error.kind(), ErrorKind::UnexpectedResponse),
        }
    }
    panic!("twenty pages of a vendor that goes in circles");
}

/// The numbers agree in the end, and ten people are missing.
#[tokio::test]
async fn a_page_that_repeats_is_found_between_limited_pages() {
    for how in ["offset", "page", "cursor"] {
        let world = World::paging(how).await;
        world
            .serve(|_, _, before| {
                let first = if before < 2 { 1 } else { 21 };
                let next = (before < 2).then(|| before.to_string());
                ok(json!({ "items": users(first..first + 10), "next": next, "total": 30 }))
            })
            .await;
        let error = walk(&world.directory, &[10]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{how}");
    }
}

#[tokio::test]
async fn a_resumed_list_is_compared_with_the_total_too() {
    let world = World::paging("cursor").await;
    world
        .serve(|_, path, _| match param(path, "cursor") {
            None => ok(json!({ "items": users(1..11), "next": "two", "total": 20 })),
            _ => ok(json!({ "items": users(11..19), "next": null, "total": 20 })),
        })
        .await;
    let error = walk(&world.directory, &[10]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
}

#[tokio::test]
async fn a_resumed_list_that_fails_at_once_says_how_far_it_got_before() {
    let world = World::paging("cursor").await;
    world
        .serve(|_, path, _| match param(path, "cursor") {
            None => ok(json!({ "items": users(1..11), "next": "two", "total": 20 })),
            _ => status(403),
        })
        .await;
    let error = walk(&world.directory, &[10]).await.unwrap_err();
    assert!(error.message().contains("after 0 items, and 10 before it,"), "{error}");
}

/// Somebody of the first page went before the second was asked for, which begins one too late then.
#[tokio::test]
async fn a_directory_that_shrinks_between_limited_pages_is_noticed() {
    let world = World::paging("offset").await;
    world
        .serve(|_, path, _| match param(path, "startIndex").as_deref() {
            Some("1") => ok(json!({ "items": users(1..11), "total": 25 })),
            Some("11") => ok(json!({ "items": users(12..22), "total": 24 })),
            _ => ok(json!({ "items": users(22..26), "total": 24 })),
        })
        .await;
    let error = walk(&world.directory, &[10]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
    assert!(error.message().contains("shrank"), "{error}");
}

#[tokio::test]
async fn a_list_of_which_the_vendor_shows_a_part_says_so() {
    let world = World::new().await;
    world.serve(|_, _, _| ok(json!({ "items": [], "next": null }))).await;
    let (call, action) = (Call::new(), userdir_core::Action::ListGroups);
    let groups = world.directory.list_groups(&call, GroupFilter::default(), 5, None).await.unwrap();
    let by_name = world.directory.list_json(&call, action, Value::Null, 5, None).await.unwrap();
    assert_eq!((groups.is_partial, by_name.is_partial), (true, true));
}

#[tokio::test]
async fn lists_by_name_are_json_lines() {
    let world = World::paging("cursor").await;
    world.serve(vendor("cursor", 12)).await;
    let action = userdir_core::Action::ListUsers;
    let page = world.directory.list_json(&Call::new(), action, Value::Null, 5, None).await.unwrap();
    assert_eq!((page.items.count, page.items.lines().count()), (5, 5));
    for line in page.items.lines() {
        assert!(serde_json::from_str::<Value>(line).unwrap()["remote_data"].is_object(), "{line}");
    }
    let bare = Call::new().without_remote_data();
    let page = world.directory.list_json(&bare, action, Value::Null, 5, None).await.unwrap();
    assert!(page.items.lines().all(|line| !line.contains("remote_data")));
}

#[tokio::test]
async fn a_get_leaves_the_vendors_own_object_out_too() {
    let world = World::new().await;
    world.serve(|_, _, _| ok(json!({ "id": "g1", "name": "Ops" }))).await;
    let kept = world.directory.get_group(&Call::new(), GetGroupInput::new("g1")).await.unwrap();
    assert!(kept.value.remote_data.is_some());
    let bare = Call::new().without_remote_data();
    let left_out = world.directory.get_group(&bare, GetGroupInput::new("g1")).await.unwrap();
    assert!(left_out.value.remote_data.is_none());
}

/// A vendor that takes a cursor back with the page size alone that it was given for.
#[tokio::test]
async fn a_cursor_that_holds_for_one_page_size_is_sent_back_with_it() {
    for limits in [&[1][..], &[3], &[25], &[5, 7, 2, 25], &[4, 10], &[25, 3], &[12, 1, 8]] {
        let world = World::paging("sized").await;
        world
            .serve(|_, path, _| {
                let size: u32 = param(path, "limit").unwrap().parse().unwrap();
                let (of, start) = match param(path, "cursor") {
                    Some(cursor) => {
                        let (of, start) = cursor.split_once('-').unwrap();
                        (of.parse().unwrap(), start.parse().unwrap())
                    }
                    None => (size, 1),
                };
                if of != size {
                    return status(400);
                }
                let end = (start + size).min(34);
                ok(json!({ "items": users(start..end), "next": (end < 34).then(|| format!("{size}-{end}")), "total": 33 }))
            })
            .await;
        assert_eq!(walk(&world.directory, limits).await.unwrap(), everybody(33), "{limits:?}");
    }
}

#[tokio::test]
async fn items_that_are_held_in_memory_have_an_end() {
    let bounds = Limits { items_bytes: 1 << 10, ..limits() };
    let world = World::built("acme", |settings| settings, |builder| builder.limits(bounds)).await;
    world.serve(|_, _, _| ok(json!({ "items": users(1..=50), "total": 50 }))).await;
    let list = async |limit| world.directory.list_json(&Call::new(), Action::ListUsers, Value::Null, limit, None).await;
    assert_eq!(list(5).await.unwrap().items.count, 5);
    let error = list(50).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
    assert!(error.message().contains("larger than") && error.next_step().is_some(), "{error}");
}

/// Page by page too, where no page knows the cursors of those before the last.
#[tokio::test]
async fn cursors_that_go_round_are_found_page_by_page() {
    for length in 2..6_u32 {
        let world = World::paging("cursor").await;
        world
            .serve(move |_, path, _| {
                let at = param(path, "cursor").map_or(0, |at| at.parse().unwrap());
                let next = if at == length { 1 } else { at + 1 };
                ok(json!({ "items": users(10 * at..10 * at + 10), "next": next.to_string() }))
            })
            .await;
        let error = walk(&world.directory, &[10]).await.unwrap_err();
        assert!(error.message().contains("repeats"), "{error}");
    }
}

/// One that comes twice in a row is no second one, wherever the pages are cut.
#[tokio::test]
async fn one_that_comes_twice_does_not_make_up_for_another() {
    for limit in [1, 2, 3] {
        let world = World::new().await;
        let twice = json!([{ "id": "u1" }, { "id": "u2" }, { "id": "u2" }]);
        world.serve(move |_, _, _| ok(json!({ "items": twice, "total": 3 }))).await;
        let error = walk(&world.directory, &[limit]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Incomplete, "limit {limit}");
    }
}
