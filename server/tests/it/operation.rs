//! Running it: health, numbers, the log of requests, stopping.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use userdir_store::LogFilter;

use crate::client;
use crate::world::World;

#[tokio::test]
async fn health_is_open_and_the_numbers_are_not() {
    let world = World::with(3, |config| config.metrics_listen = Some(([127, 0, 0, 1], 0).into())).await;
    for path in ["/healthz", "/readyz"] {
        let answer = world.as_token("", "GET", path, &[], b"").await;
        assert_eq!((answer.status, answer.json()), (200, json!({"status": "ok"})), "{path}");
    }
    world.get("/unified/user-directory/users?{account}").await;
    world.get("/unified/user-directory/users/u001?{account}").await;
    assert_eq!(world.as_token("", "GET", "/metrics", &[], b"").await.status, 401);
    let text = world.get("/metrics").await.text();
    for line in [
        r#"userdir_http_requests_total{route="/unified/user-directory/{resource}",method="GET",provider="okta",action="users/list",status="200"} 1"#,
        r#"userdir_vendor_requests_total{provider="okta",status="200"}"#,
        "userdir_http_request_duration_seconds_bucket",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("u001") && !text.contains(&world.account.id.to_string()), "labels are bounded: {text}");
    let alone = world.metrics.unwrap();
    let answer = client::send(alone, b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert_eq!(answer.status, 200);
    let answer = client::send(alone, b"GET /ping HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn requests_are_logged_without_a_person() {
    let mut world = World::new().await;
    world.get("/unified/user-directory/users?{account}&limit=2&username=maya@example.com").await;
    world.get("/unified/user-directory/users/maya@example.com?{account}").await;
    world.get("/unified/user-directory/users?integrated_account_id=nobody").await;
    world.stop().await;
    let entries = world.store.log(&LogFilter::default()).await.unwrap().entries;
    let lines: Vec<_> =
        entries.iter().rev().map(|e| (e.resource.as_str(), e.method.as_str(), e.status, e.result_count)).collect();
    assert_eq!(lines, [("users", "list", 200, Some(0)), ("users", "get", 404, None)]);
    let text = serde_json::to_string(&entries).unwrap();
    assert!(!text.contains("maya"), "{text}");
    assert_eq!((entries[0].integration.as_str(), entries[0].tenant_id.as_str()), ("okta", "acme"));
}

#[tokio::test]
async fn what_is_under_way_is_finished_before_the_end() {
    let mut world = World::new().await;
    world.vendor.slow(Duration::from_millis(300));
    let bytes = world.request(
        &world.token,
        "POST",
        "/unified/user-directory/users/deactivate?{account}",
        &[],
        br#"{"user_id":"u001"}"#,
    );
    let address = world.address;
    let under_way = tokio::spawn(async move { client::send(address, &bytes).await });
    tokio::time::sleep(Duration::from_millis(150)).await;
    world.stop().await;
    let answer = under_way.await.unwrap();
    assert_eq!((answer.status, answer.header("x-userdir-effect")), (200, Some("applied")), "{}", answer.text());
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn another_server_on_the_same_store_goes_on_where_this_one_stopped() {
    let mut world = World::new().await;
    let body = br#"{"user_id":"u001"}"#;
    let target = "/unified/user-directory/users/deactivate?{account}";
    world.send("POST", target, &[("idempotency-key", "k1")], body).await;
    let cursor = world.get("/unified/user-directory/users?{account}&limit=2").await.json()["next_cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    world.stop().await;
    let (folder, vendor) = (world.folder.clone(), world.vendor.clone());
    drop(world);
    let world = World::on(folder, vendor, |_| {}).await;
    let answer = world.send("POST", target, &[("idempotency-key", "k1")], body).await;
    assert_eq!((answer.status, answer.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(
        world.get(&format!("/unified/user-directory/users?{{account}}&limit=2&next_cursor={cursor}")).await.status,
        200
    );
}

#[tokio::test]
async fn a_stream_is_read_no_faster_than_it_is_taken() {
    let world = Arc::new(World::with(3_000, |_| {}).await);
    world.vendor.pad(20_000);
    let request = world.request(
        &world.token,
        "GET",
        "/unified/user-directory/users?{account}&truto_response_format=stream",
        &[],
        b"",
    );
    let mut stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, &request).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let asked = world.vendor.asked().len();
    // 15 pages of 4 MB: what is not taken is not asked for
    assert!(asked < 8, "{asked} pages were read that nobody took");
    drop(stream);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(world.vendor.asked().len() <= asked + 1, "nobody reads on when the client is gone");
}

#[tokio::test]
async fn it_speaks_tls_itself() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let mut world = World::with(3, |config| config.tls = Some(userdir_server::config::Tls { certificate, key })).await;

    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
    let request = world.request(&world.token, "GET", "/unified/user-directory/users/u001?{account}", &[], b"");
    let answer = client::over(stream, &request).await;
    assert_eq!((answer.status, &answer.json()["id"]), (200, &json!("u001")));
    // plain bytes are no TLS
    let mut stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut came = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut came).await;
    assert!(!came.starts_with(b"HTTP/1.1 200"));
    world.stop().await;
}

#[tokio::test]
async fn a_request_whose_client_went_away_is_on_the_log_and_counted() {
    use tokio::io::AsyncWriteExt;
    let world = World::new().await;
    world.vendor.slow(Duration::from_millis(300));
    let deactivate = "/unified/user-directory/users/deactivate?{account}";
    for request in [
        world.request(&world.token, "GET", "/unified/user-directory/users?{account}", &[], b""),
        world.request(&world.token, "POST", deactivate, &[], br#"{"user_id":"u001"}"#),
    ] {
        let mut stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
        stream.write_all(&request).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut told = Vec::new();
    for _ in 0..100 {
        let page = world.store.log(&LogFilter::default().account(world.account.id)).await.unwrap();
        told = page.entries.iter().map(|entry| (entry.method.clone(), entry.status)).collect();
        if told.len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    told.sort();
    assert_eq!(told, [("deactivate".to_owned(), 499), ("list".to_owned(), 499)]);
    let numbers = world.get("/metrics").await.text();
    assert!(numbers.contains(r#"action="users/deactivate",status="499"} 1"#), "{numbers}");
}

#[tokio::test]
async fn the_master_key_changes_under_a_running_server() {
    let world = World::new().await;
    let deactivate = "/unified/user-directory/users/deactivate?{account}";
    let send = async |world: &World, key: &str, id: &str| {
        let body = json!({"user_id": id}).to_string();
        world.send("POST", deactivate, &[("idempotency-key", key)], body.as_bytes()).await
    };
    assert_eq!(send(&world, "before", "u001").await.status, 200);
    let fresh = json!({"api_token": crate::vendor::SECRET}).to_string();
    let using = async {
        for _ in 0..15 {
            let changed = world.send("PATCH", "/integrated-account/okta-test/credentials", &[], fresh.as_bytes()).await;
            assert_eq!(changed.status, 200, "{}", changed.text());
            // connected anew, with secrets that are opened anew
            assert_eq!(world.get("/unified/user-directory/users/u001?{account}").await.status, 200);
            assert_eq!(send(&world, "before", "u001").await.header("idempotent-replayed"), Some("true"));
        }
    };
    let changing = userdir_store::rotate_key_file(world.folder.path(), userdir_store::HANDOVER);
    let ((), changed) = tokio::join!(using, changing);
    assert!(changed.unwrap().rotation.handover_until.is_some());

    // one that starts now has the new key alone; both go on
    let other = World::on(world.folder.clone(), world.vendor.clone(), |_| {}).await;
    for (at, key) in [(&world, "one"), (&other, "other")] {
        let id = if key == "one" { "u002" } else { "u003" };
        assert_eq!(send(at, "before", "u001").await.header("idempotent-replayed"), Some("true"));
        assert_eq!(send(at, key, id).await.header("x-userdir-effect"), Some("applied"));
        assert_eq!(at.as_token("", "GET", "/readyz", &[], b"").await.status, 200);
    }
    assert_eq!(send(&other, "one", "u002").await.header("idempotent-replayed"), Some("true"));
    assert!(other.store.verify_audit(None).await.unwrap().holds());
    assert_eq!(world.vendor.writes().len(), 3);
}

/// The database of a world, for somebody else who has it in hand.
async fn database(world: &World) -> sqlx::SqliteConnection {
    let path = format!("sqlite:{}", world.folder.path().join("userdir.db").display());
    <sqlx::SqliteConnection as sqlx::Connection>::connect(&path).await.unwrap()
}

async fn run(database: &mut sqlx::SqliteConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(database).await.unwrap();
}

#[tokio::test]
async fn a_busy_store_says_to_come_again_and_nothing_was_sent() {
    let world = World::new().await;
    let mut database = database(&world).await;
    run(&mut database, "BEGIN IMMEDIATE").await;
    let body = json!({"user_id": "u001"});
    let write = world.post("/unified/user-directory/users/deactivate?{account}", &body);
    let change = world.send("PATCH", "/integrated-account/okta-test", &[], br#"{"tenant_id":"other"}"#);
    let (write, change) = tokio::join!(write, change);
    for answer in [&write, &change] {
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{}", answer.text());
        answer.problem();
    }
    assert!(world.vendor.writes().is_empty());
    run(&mut database, "ROLLBACK").await;
    let again = world.post("/unified/user-directory/users/deactivate?{account}", &body).await;
    assert_eq!((again.status, again.header("x-userdir-effect")), (200, Some("applied")));
}

/// Should the server end now, the next one must not take the run for one of which nothing was sent.
#[tokio::test]
async fn the_run_of_a_key_is_marked_as_sent_while_the_vendor_is_at_it() {
    let world = Arc::new(World::new().await);
    let mut database = database(&world).await;
    world.vendor.slow(Duration::from_millis(200));
    let at = world.clone();
    let write = tokio::spawn(async move {
        let target = "/unified/user-directory/users/deactivate?{account}";
        at.send("POST", target, &[("idempotency-key", "k1")], br#"{"user_id":"u001"}"#).await
    });
    let mut states = std::collections::BTreeSet::new();
    while !write.is_finished() {
        let state = sqlx::query_scalar::<_, String>("SELECT state FROM idempotent_runs").fetch_optional(&mut database);
        states.extend(state.await.unwrap());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(write.await.unwrap().status, 200);
    assert!(states.contains("sent"), "{states:?}");
}

#[tokio::test]
async fn whoever_asks_whether_it_is_ready_asks_the_store_once_in_a_while() {
    let world = World::new().await;
    let ready = async || world.as_token("", "GET", "/readyz", &[], b"").await.status;
    assert_eq!(ready().await, 200);
    let mut database = database(&world).await;
    run(&mut database, "ALTER TABLE key_ring RENAME TO elsewhere").await;
    assert_eq!(ready().await, 200, "asked a moment ago");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let away = world.as_token("", "GET", "/readyz", &[], b"").await;
    assert_eq!((away.problem()["statusCode"].clone(), away.header("retry-after")), (json!(503), Some("1")));
    run(&mut database, "ALTER TABLE elsewhere RENAME TO key_ring").await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(ready().await, 200);
}
