//! A list ends complete, or with an error that says how far it got. Never with fewer items.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};
use userdir_core::action::*;
use userdir_core::http::{Next, Paging, TotalAt};
use userdir_core::{Call, Details, Error, ErrorKind};
use wiremock::ResponseTemplate;

use crate::world::*;

/// All items of the list, and the error it ended with.
async fn all(world: &World) -> (Vec<String>, Option<Error>) {
    let mut stream = world.directory.stream_users(&Call::new(), UserFilter::default());
    let (mut ids, mut error) = (Vec::new(), None);
    while let Some(item) = stream.next().await {
        match item {
            Ok(user) => ids.push(user.id.to_string()),
            Err(fault) => error = Some(fault),
        }
    }
    (ids, error)
}

/// The error, which must say that exactly the items handed on were delivered.
async fn short(world: &World) -> (usize, Error) {
    let (ids, error) = all(world).await;
    let error = error.expect("a short list passed for a complete one");
    match error.details() {
        Details::List { delivered, .. } => assert_eq!(*delivered, ids.len() as u64, "{error}"),
        other => panic!("it does not say how far it got: {other:?}"),
    }
    (ids.len(), error)
}

fn page(items: Vec<Value>, next: Option<&str>, total: Option<u64>) -> ResponseTemplate {
    ok(json!({ "items": items, "next": next, "total": total }))
}

/// Three pages of ten by cursor; `second` answers the one in the middle.
async fn by_cursor(second: impl Fn() -> ResponseTemplate + Send + Sync + 'static) -> World {
    let world = World::paging("cursor").await;
    world
        .serve(move |_, path, _| match param(path, "cursor").as_deref() {
            None => page(users(1..11), Some("two"), Some(30)),
            Some("two") => second(),
            _ => page(users(21..31), None, Some(30)),
        })
        .await;
    world
}

#[tokio::test]
async fn every_way_of_paging_reads_everything_once() {
    for how in ["link", "body_link", "or_short", "cursor", "offset", "page"] {
        let world = World::paging(how).await;
        let uri = world.server.uri();
        world
            .serve(move |_, path, _| {
                let number = |name: &str| param(path, name).and_then(|text| text.parse::<u32>().ok());
                let start = match how {
                    "offset" => number("startIndex").unwrap(),
                    "page" => (number("page").unwrap() - 1) * 10 + 1,
                    _ => number("cursor").unwrap_or(1),
                };
                let end = (start + 10).min(26);
                let next = (end < 26).then(|| match how {
                    "link" | "body_link" | "or_short" => format!("{uri}/users?cursor={end}&ids=1,2"),
                    _ => end.to_string(),
                });
                let items = users(start..end);
                if how == "link" {
                    let answer = ok(Value::from(items)).insert_header("x-total", "25");
                    let answer = answer.append_header("link", format!("<{uri}/users>; rel=\"self\"").as_str());
                    return match next {
                        Some(next) => answer.append_header("link", format!("<{next}>; rel=\"next\"").as_str()),
                        None => answer,
                    };
                }
                page(items, next.as_deref(), Some(25))
            })
            .await;
        let (ids, error) = all(&world).await;
        assert!(error.is_none(), "{how}: {error:?}");
        assert_eq!(ids, (1..26).map(|n| format!("u{n}")).collect::<Vec<_>>(), "{how}");
        assert_eq!(world.requests().await.len(), 3, "{how}");
    }
}

#[tokio::test]
async fn a_full_page_that_names_no_next_one_is_no_end_where_that_is_not_known() {
    for (came, error) in [(9, None), (10, Some(ErrorKind::Incomplete))] {
        let world = World::paging("or_short").await;
        world.serve(move |_, _, _| page(users(1..came + 1), None, None)).await;
        assert_eq!(all(&world).await.1.map(|error| error.kind()), error, "{came}");
    }
}

#[tokio::test]
async fn a_page_that_fails_in_the_middle_ends_the_list_with_its_error() {
    for (code, kind) in [
        (500, ErrorKind::Unavailable),
        (503, ErrorKind::Unavailable),
        (401, ErrorKind::Authentication),
        (404, ErrorKind::NotFound),
        (429, ErrorKind::RateLimited),
    ] {
        let world = by_cursor(move || status(code)).await;
        let (delivered, error) = short(&world).await;
        assert_eq!((delivered, error.kind()), (10, kind), "{error}");
        assert!(error.message().contains("page 2 after 10 items and is not complete"), "{error}");
    }
}

#[tokio::test]
async fn a_page_that_is_no_list_is_an_error() {
    let html = || status(200).set_body_raw("<html>Sign in</html>", "text/html");
    let bodies: [fn() -> ResponseTemplate; 7] = [
        || ok(json!({})),
        || ok(json!({ "message": "try later" })),
        || ok(json!({ "items": {} })),
        || ok(json!([])),
        || status(200).set_body_raw("", "application/json"),
        || status(200).set_body_raw(r#"{"items": [{"id": "u11"}"#, "application/json"),
        || status(204),
    ];
    let world = by_cursor(html).await;
    assert_eq!(short(&world).await.1.kind(), ErrorKind::UnexpectedResponse);
    for (n, body) in bodies.into_iter().enumerate() {
        let world = by_cursor(body).await;
        let (delivered, error) = short(&world).await;
        assert_eq!((delivered, error.kind()), (10, ErrorKind::UnexpectedResponse), "{n}: {error}");
    }
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_an_error_and_its_page_is_not_handed_on() {
    let broken = || {
        let mut items = users(11..21);
        items[5] = json!({ "name": "without an id" });
        page(items, Some("three"), Some(30))
    };
    let (delivered, error) = short(&by_cursor(broken).await).await;
    assert_eq!((delivered, error.kind()), (10, ErrorKind::UnexpectedResponse));
}

#[tokio::test]
async fn a_cursor_that_repeats_is_an_error() {
    let (delivered, error) = short(&by_cursor(|| page(users(11..21), Some("two"), Some(30))).await).await;
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
    assert!(delivered <= 10, "{delivered}");
    assert!(error.message().contains("repeats"), "{error}");
}

#[tokio::test]
async fn a_cursor_of_another_shape_is_not_the_end() {
    let (_, error) = short(&by_cursor(|| ok(json!({ "items": users(11..21), "next": { "href": "x" } }))).await).await;
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
}

#[tokio::test]
async fn a_page_that_repeats_is_an_error() {
    let (delivered, error) = short(&by_cursor(|| page(users(1..11), Some("three"), Some(30))).await).await;
    assert_eq!((delivered, error.kind()), (10, ErrorKind::UnexpectedResponse));
    assert!(error.message().contains("same page"), "{error}");
}

/// How a list that belongs to a resource is paged.
const ROWS: Paging = Paging {
    items: "rows",
    limit: "limit",
    max: 10,
    next: Next::Offset { parameter: "offset", first: 0 },
    total: TotalAt::Body("total"),
};

/// Lists that belong to a resource have rows of any shape; a server that passes over the offset is found by them.
#[tokio::test]
async fn a_page_of_rows_that_repeats_is_an_error() {
    let world = World::new().await;
    world.serve(|_, _, _| ok(json!({ "rows": users(1..11), "total": 20 }))).await;
    let rows = world.directory.http().get("rows").all(&Call::new(), &ROWS, |raw| Ok(raw.get().to_owned())).await;
    assert_eq!(rows.unwrap_err().kind(), ErrorKind::UnexpectedResponse);
}

/// What holds for the lists of the actions holds for those that belong to a resource.
#[tokio::test]
async fn rows_that_are_passed_over_are_missed() {
    let rows = async |second: std::ops::Range<u32>, total: u32| {
        let world = World::new().await;
        world
            .serve(move |_, path, _| match param(path, "offset").as_deref() {
                Some("0") => ok(json!({ "rows": users(1..11), "total": 20 })),
                Some("10") => ok(json!({ "rows": users(second.clone()), "total": total })),
                _ => ok(json!({ "rows": [], "total": total })),
            })
            .await;
        world.directory.http().get("rows").all(&Call::new(), &ROWS, |raw| Ok(raw.get().to_owned())).await
    };
    assert_eq!(rows(11..21, 20).await.unwrap().len(), 20);
    assert_eq!(rows(12..21, 19).await.unwrap_err().kind(), ErrorKind::Incomplete, "the total fell");
    assert_eq!(rows(10..20, 20).await.unwrap_err().kind(), ErrorKind::Incomplete, "one came twice");
}

#[tokio::test]
async fn a_total_that_does_not_agree_is_incomplete_and_what_came_is_handed_on() {
    let world = World::paging("cursor").await;
    world
        .serve(|_, path, _| match param(path, "cursor") {
            None => page(users(1..11), Some("two"), Some(20)),
            _ => page(users(11..20), None, Some(20)),
        })
        .await;
    let (delivered, error) = short(&world).await;
    assert_eq!((delivered, error.kind()), (19, ErrorKind::Incomplete));
    assert!(matches!(error.details(), Details::List { expected: Some(20), at: 2, .. }), "{:?}", error.details());
    assert!(error.to_string().starts_with("acme: users/list: "), "{error}");
}

/// Distinct ids count: a vendor that shows one user twice in place of another has not shown everybody.
#[tokio::test]
async fn duplicates_do_not_make_up_for_missing_items() {
    let world = World::paging("cursor").await;
    world
        .serve(|_, path, _| match param(path, "cursor") {
            None => page(users(1..11), Some("two"), Some(20)),
            _ => page(users(10..20), None, Some(20)),
        })
        .await;
    assert_eq!(short(&world).await.1.kind(), ErrorKind::Incomplete);
}

/// Some vendors say the total on the first page alone.
#[tokio::test]
async fn a_total_that_is_said_once_counts_to_the_end() {
    let world = World::paging("cursor").await;
    world
        .serve(|_, path, _| match param(path, "cursor") {
            None => page(users(1..11), Some("two"), Some(20)),
            _ => page(users(10..20), None, None),
        })
        .await;
    assert_eq!(short(&world).await.1.kind(), ErrorKind::Incomplete);
}

#[tokio::test]
async fn a_total_that_falls_while_reading_by_offset_is_incomplete() {
    let world = World::paging("offset").await;
    world
        .serve(|_, path, _| match param(path, "startIndex").as_deref() {
            Some("1") => page(users(1..11), None, Some(25)),
            _ => page(users(12..22), None, Some(24)),
        })
        .await;
    let (delivered, error) = short(&world).await;
    assert_eq!((delivered, error.kind()), (10, ErrorKind::Incomplete));
    assert!(error.message().contains("shrank"), "{error}");
}

#[tokio::test]
async fn a_total_that_grows_is_fine() {
    let world = World::paging("offset").await;
    world
        .serve(|_, path, _| match param(path, "startIndex").as_deref() {
            Some("1") => page(users(1..11), None, Some(20)),
            Some("11") => page(users(11..21), None, Some(21)),
            _ => page(users(21..22), None, Some(21)),
        })
        .await;
    let (ids, error) = all(&world).await;
    assert_eq!((ids.len(), error.is_none()), (21, true), "{error:?}");
}

#[tokio::test]
async fn an_offset_vendor_that_gives_less_than_it_promised_is_incomplete() {
    let world = World::paging("offset").await;
    world
        .serve(|_, path, _| match param(path, "startIndex").as_deref() {
            Some("1") => page(users(1..11), None, Some(25)),
            _ => page(vec![], None, Some(25)),
        })
        .await;
    let (delivered, error) = short(&world).await;
    assert_eq!((delivered, error.kind()), (10, ErrorKind::Incomplete));
}

#[tokio::test]
async fn an_empty_page_in_the_middle_goes_on() {
    let world = World::paging("cursor").await;
    world
        .serve(|_, path, _| match param(path, "cursor").as_deref() {
            None => page(users(1..11), Some("two"), Some(20)),
            Some("two") => page(vec![], Some("three"), Some(20)),
            _ => page(users(11..21), None, Some(20)),
        })
        .await;
    let (ids, error) = all(&world).await;
    assert_eq!((ids.len(), error.is_none()), (20, true), "{error:?}");
}

#[tokio::test]
async fn an_empty_list_is_complete() {
    for body in [json!({ "items": [], "total": 0 }), json!({ "items": null }), json!({ "total": 0 })] {
        let world = World::paging("cursor").await;
        let answer = ok(body.clone());
        world.serve(move |_, _, _| answer.clone()).await;
        let (ids, error) = all(&world).await;
        assert_eq!((ids.len(), error.is_none()), (0, true), "{body}: {error:?}");
    }
}

#[tokio::test]
async fn a_next_link_on_a_foreign_host_is_not_followed() {
    for how in ["link", "body_link"] {
        let foreign = wiremock::MockServer::start().await;
        let evil = format!("{}/users?cursor=2", foreign.uri());
        let world = World::paging(how).await;
        world
            .serve(move |_, _, _| match how {
                "link" => ok(Value::from(users(1..11))).insert_header("link", format!("<{evil}>; rel=next").as_str()),
                _ => page(users(1..11), Some(&evil), None),
            })
            .await;
        let (ids, error) = all(&world).await;
        let error = error.expect("a short list passed for a complete one");
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{how}");
        assert!(ids.len() <= 10 && error.message().contains("another host"), "{how}: {error}");
        assert!(foreign.received_requests().await.unwrap().is_empty(), "the credential went to a foreign host");
    }
}

#[tokio::test]
async fn a_relative_next_link_is_followed() {
    for how in ["link", "body_link"] {
        for link in ["/users?cursor=2", "?cursor=2", "users?cursor=2"] {
            let world = World::paging(how).await;
            world
                .serve(move |_, path, _| {
                    let next = param(path, "cursor").is_none().then_some(link);
                    let items = if next.is_some() { users(1..11) } else { users(11..13) };
                    match (how, next) {
                        ("link", Some(next)) => {
                            ok(Value::from(items)).insert_header("link", format!("<{next}>; rel=next").as_str())
                        }
                        ("link", None) => ok(Value::from(items)),
                        _ => page(items, next, None),
                    }
                })
                .await;
            let (ids, error) = all(&world).await;
            assert_eq!((ids.len(), error.is_none()), (12, true), "{how} {link}: {error:?}");
        }
    }
}

/// Not every Link header is ASCII; one that is not must not read as the end.
#[tokio::test]
async fn a_link_header_in_utf8_is_read() {
    let body = serde_json::to_string(&users(1..11)).unwrap();
    let first = |link: &str| {
        say(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nlink: <{link}>; rel=\"next\"\r\nconnection: close\r\n\r\n{body}",
            body.len()
        ))
    };
    let last = serde_json::to_string(&users(11..13)).unwrap();
    let raw = Raw::start(vec![first("/users?cursor=2&q=Zoë"), json_answer(&last)]).await;
    let clock = std::sync::Arc::new(TestClock::default());
    let linked = settings(&raw.uri).set("paging", "link");
    let directory = registry().connect_with("acme", linked, &builder(&clock).build().unwrap()).unwrap();
    let found: Vec<_> = directory.stream_users(&Call::new(), UserFilter::default()).collect().await;
    assert_eq!(found.iter().filter(|item| item.is_ok()).count(), 12, "{found:?}");
}

/// Nobody waits for the next page any more: it is not read to its end.
#[tokio::test]
async fn a_stream_that_is_dropped_stops_reading() {
    let world = World::paging("cursor").await;
    world
        .serve(|_, path, before| match param(path, "cursor") {
            None => page(users(1..11), Some("two"), None),
            // a page that would be asked for again and again
            _ if before < 50 => status(503),
            _ => page(users(11..21), None, None),
        })
        .await;
    let mut stream = world.directory.stream_users(&Call::new(), UserFilter::default());
    assert!(stream.next().await.unwrap().is_ok());
    drop(stream);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let asked = world.requests().await.len();
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(world.requests().await.len(), asked);
    assert!(asked < 6, "the page was asked for {} times although nobody waits for it", asked - 1);
}

#[tokio::test]
async fn the_next_page_is_asked_for_while_this_one_is_handed_on() {
    let world = by_cursor(|| page(users(11..21), Some("three"), Some(30))).await;
    let mut stream = world.directory.stream_users(&Call::new(), UserFilter::default());
    assert!(stream.next().await.unwrap().is_ok());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(world.requests().await.len(), 2);
}

#[tokio::test]
async fn a_cursor_beside_a_flag_counts_only_while_the_flag_says_so() {
    let world = World::paging("while").await;
    world
        .serve(|_, target, _| match param(target, "cursor").as_deref() {
            None => ok(json!({ "items": users(1..=2), "info": { "end": "c1", "more": true }, "total": 3 })),
            Some("c1") => ok(json!({ "items": users(3..=3), "info": { "end": "c2", "more": false }, "total": 3 })),
            Some(_) => status(500),
        })
        .await;
    let all: Vec<_> = world.directory.stream_users(&Call::new(), UserFilter::default()).collect().await;
    assert_eq!(all.into_iter().filter_map(Result::ok).count(), 3);
    assert_eq!(world.requests().await.len(), 2, "the last page's cursor is not followed");

    for info in [json!({ "end": null, "more": true }), json!({ "end": "c1" }), json!({})] {
        let world = World::paging("while").await;
        world.serve(move |_, _, _| ok(json!({ "items": users(1..=2), "info": info }))).await;
        let all: Vec<_> = world.directory.stream_users(&Call::new(), UserFilter::default()).collect().await;
        assert!(all.iter().any(Result::is_err), "such a page must not read as the end");
    }
}

#[tokio::test]
async fn one_vendor_page_is_read_whole_and_led_on_from() {
    let world = by_cursor(|| page(users(11..21), Some("three"), Some(30))).await;
    let call = Call::new();
    let list = |cursor: Option<String>| {
        let (directory, call) = (world.directory.clone(), call.clone());
        async move { directory.vendor_page(&call, Action::ListUsers, json!({}), 4, cursor.as_deref()).await }
    };
    let second = list(None).await.unwrap();
    assert_eq!(world.requests().await.len(), 1, "one page, also where it holds more than wanted");
    let third = list(second.clone()).await.unwrap();
    assert_eq!(list(third).await.unwrap(), None);
    let users = world.directory.list_users(&call, UserFilter::default(), 1000, second.as_deref()).await.unwrap();
    assert_eq!(users.items.len(), 20, "the cursor is one of all lists");

    // a cursor into the middle of a page leads to the whole of it
    let middle = world.directory.list_users(&call, UserFilter::default(), 13, None).await.unwrap().next_cursor;
    let third = list(middle).await.unwrap();
    assert_eq!(list(third).await.unwrap(), None);
}

/// A vendor that shows 25 items at most: it would answer 400 beyond.
#[tokio::test]
async fn a_list_beyond_the_vendors_window_ends_in_an_error_that_says_so() {
    for (there, whole) in [(25u32, true), (26, false), (400, false)] {
        let world = World::paging("window").await;
        let give = move |_: &str, path: &str, _: usize| {
            let number = |name: &str| param(path, name).unwrap().parse::<u32>().unwrap();
            let (start, limit) = (number("startIndex"), number("limit"));
            if start + limit > 26 {
                return status(400);
            }
            page(users(start..(start + limit).min(there + 1)), None, Some(u64::from(there)))
        };
        world.serve(give).await;
        let (ids, error) = all(&world).await;
        assert_eq!((ids.len(), error.is_none()), (25, whole), "{there}");
        if let Some(error) = error {
            assert_eq!(error.kind(), ErrorKind::Incomplete);
            assert!(error.message().contains("only the first 25 items"), "{error}");
            assert!(
                matches!(error.details(), Details::List { delivered: 25, expected: Some(total), .. } if *total == u64::from(there))
            );
        }
    }
}
