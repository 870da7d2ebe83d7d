//! Requests that no action makes: they stay on the account's own origin, carry its authentication, and page.

use serde_json::json;
use userdir_core::http::{Found, FreeGet, FreePath, Method};
use userdir_core::{Call, Directory, ErrorKind, Outcome};

use crate::world::*;

async fn find(
    directory: &Directory,
    path: &str,
    query: &[(&str, &str)],
    cursor: Option<&str>,
) -> userdir_core::Result<(Vec<String>, Option<String>)> {
    let path = FreePath::parse(path)?.below(directory.resources().root);
    let query: Vec<(String, String)> = query.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let get = FreeGet { path: &path, query: &query, limit: Some(2), cursor };
    match directory.http().find(&Call::new(), get, &directory.resources().paging).await? {
        Found::List { items, next_cursor, .. } => {
            Ok((items.iter().map(|item| item.get().to_owned()).collect(), next_cursor))
        }
        Found::Other(answer) => Ok((vec![String::from_utf8_lossy(&answer.body).into_owned()], None)),
    }
}

#[tokio::test]
async fn a_list_is_read_page_by_page_however_the_vendor_pages() {
    for how in ["link", "body_link", "cursor", "offset", "page"] {
        let world = World::paging(how).await;
        let uri = world.server.uri();
        world
            .serve(move |_, path, _| {
                let number = |name| param(path, name).and_then(|text| text.parse::<u32>().ok());
                let first = number("startIndex").or(number("page").map(|page| page * 2 - 1)).or(number("cursor"));
                let first = first.unwrap_or(1);
                let next = (first == 1).then_some(3);
                let link = format!("{uri}/v1/users?q=a%20b&cursor=3");
                let items: Vec<u32> = if first == 1 { vec![1, 2] } else { vec![3] };
                match how {
                    "link" if next.is_some() => {
                        ok(json!(items)).insert_header("link", format!("<{link}>; rel=\"next\""))
                    }
                    "link" => ok(json!(items)),
                    "body_link" => ok(json!({ "items": items, "next": next.map(|_| link.clone()) })),
                    _ => ok(json!({ "items": items, "next": next, "total": 3 })),
                }
            })
            .await;
        let (items, next) = find(&world.directory, "users", &[("q", "a b")], None).await.unwrap();
        assert_eq!(items, ["1", "2"], "{how}");
        let next = next.expect(how);
        let (items, end) = find(&world.directory, "users", &[("q", "a b")], Some(&next)).await.unwrap();
        assert_eq!((items, end), (vec!["3".to_owned()], None), "{how}");
        assert!(world.lines().await.iter().all(|line| line.starts_with("GET /v1/users?q=a%20b")), "{how}");
        for (path, query) in [("groups", "a b"), ("users", "c")] {
            let error = find(&world.directory, path, &[("q", query)], Some(&next)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{how}: a cursor is for one path and query");
        }
        assert!(world.requests().await.iter().all(|request| request.headers["x-acme-key"] == "Key canary-token"));
    }
}

#[tokio::test]
async fn what_is_no_list_comes_as_it_is_without_secrets() {
    let world = World::paging("cursor").await;
    world
        .serve(|_, _, _| {
            ok(json!({ "echo": "Key canary-token", "id": "1" }))
                .insert_header("set-cookie", "sid=1")
                .insert_header("x-request-id", "r1")
        })
        .await;
    let (found, next) = find(&world.directory, "users/1", &[], None).await.unwrap();
    assert_eq!((found, next), (vec![r#"{"echo":"***","id":"1"}"#.to_owned()], None));
    let path = FreePath::parse("users/1").unwrap();
    let answer = world.directory.http().free(Method::GET, &path).read(&Call::new()).await.unwrap();
    assert_eq!(answer.header("set-cookie"), None);
    assert_eq!(answer.header("x-request-id"), Some("r1"));
}

#[tokio::test]
async fn a_write_is_sent_as_it_came_and_passes_the_observers() {
    let world = World::new().await;
    world.serve(|_, _, _| ok(json!({ "ok": true }))).await;
    let path = FreePath::parse("things/a%2Fb").unwrap();
    let write = |call: Call, body: &str| {
        let request = world.directory.http().free(Method::POST, &path).bytes(Some("text/plain"), body.into());
        async move { request.write(&call).await.unwrap() }
    };
    let plan = Call::plan();
    assert!(write(plan.clone(), r#"{"password":"x"}"#).await.is_none());
    let planned = plan.planned();
    assert!(planned[0].url.ends_with("/things/a%2Fb"), "{}", planned[0].url);
    assert_eq!(planned[0].body.as_ref().unwrap().get(), r#"{"password":"x"}"#);
    assert!(world.requests().await.is_empty());
    write(Call::new(), "a=1").await.unwrap();
    let requests = world.requests().await;
    assert_eq!(
        (requests[0].headers["content-type"].to_str().unwrap(), &*requests[0].body),
        ("text/plain", &b"a=1"[..])
    );
}

/// What the second DELETE does is the vendor's to say: it may be another thing than the first.
#[tokio::test]
async fn a_write_whose_answer_was_lost_is_not_sent_again() {
    for method in [Method::PUT, Method::DELETE, Method::POST, Method::PATCH] {
        let raw = Raw::start(vec![Act::Close]).await;
        let (directory, _) = raw.directory("acme");
        let path = FreePath::parse("users/1").unwrap();
        let error = directory.http().free(method.clone(), &path).write(&Call::new()).await.unwrap_err();
        assert_eq!((error.outcome(), raw.count(method.as_str())), (Outcome::Unknown, 1), "{method}");
    }
}

#[tokio::test]
async fn empty_pages_are_passed_over_and_do_not_go_on_for_ever() {
    let world = World::paging("cursor").await;
    world
        .serve(|_, path, _| match param(path, "cursor").as_deref() {
            None => ok(json!({ "items": [], "next": "2" })),
            Some("2") => ok(json!({ "items": [7], "next": "3" })),
            _ => ok(json!({ "items": [], "next": "3" })),
        })
        .await;
    let (items, next) = find(&world.directory, "users", &[], None).await.unwrap();
    assert_eq!(items, ["7"]);
    let error = find(&world.directory, "users", &[], next.as_deref()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
}
