//! What an attacker sends, and what is answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use userdir_stand_in::Answer as VendorAnswer;
use userdir_store::{NewAccount, NewApiToken, Scope};

use crate::client;
use crate::world::{World, connect};

const USERS: &str = "/unified/user-directory/users?{account}";

#[tokio::test]
async fn a_token_reaches_what_it_is_for_and_no_longer_than_it_lives() {
    let world = World::new().await;
    let other = connect(world.store.as_ref(), "okta-other", world.vendor.base()).await;
    let secret = |made: userdir_store::CreatedApiToken| made.secret.expose_secret().to_owned();
    let make = async |new: NewApiToken| secret(world.store.create_api_token(new).await.unwrap());

    let of_other = make(NewApiToken::new("other", Scope::Write).accounts([other.id])).await;
    // an account that it may not see reads as one that is not there
    let answer = world.as_token(&of_other, "GET", USERS, &[], b"").await;
    let nobody = world
        .as_token(
            &of_other,
            "GET",
            &USERS.replace("{account}", &format!("integrated_account_id={}", uuid::Uuid::new_v4())),
            &[],
            b"",
        )
        .await;
    assert_eq!((answer.status, nobody.status), (404, 404));
    assert_eq!(
        world
            .as_token(&of_other, "GET", "/unified/user-directory/users?integrated_account_id=okta-other", &[], b"")
            .await
            .status,
        200
    );

    let short = jiff::Timestamp::now() + Duration::from_millis(300);
    let expiring = make(NewApiToken::new("expiring", Scope::Read).expires_at(short)).await;
    assert_eq!(world.as_token(&expiring, "GET", USERS, &[], b"").await.status, 200);
    tokio::time::sleep(Duration::from_millis(400)).await;
    let revoked = make(NewApiToken::new("revoked", Scope::Read)).await;
    world.store.revoke_api_token("revoked", None).await.unwrap();

    let issued = world.store.create_account_token(other.id, None, None).await.unwrap();
    let account_token = issued.secret.expose_secret();
    assert_eq!(world.as_token(account_token, "GET", "/unified/user-directory/users", &[], b"").await.status, 200);
    assert_eq!(world.as_token(account_token, "GET", USERS, &[], b"").await.status, 404);
    assert_eq!(world.as_token(account_token, "GET", "/metrics", &[], b"").await.status, 403);

    let cut = &world.token[..world.token.len() - 1];
    let longer = format!("{}x", world.token);
    for token in
        ["", "x", "ud_", "uda_", cut, &longer, &expiring, &revoked, &"y".repeat(10_000), "ud_\u{fc}", "' OR 1=1 --"]
    {
        let answer = world.as_token(token, "GET", USERS, &[], b"").await;
        assert_eq!(answer.status, 401, "{token}");
        assert!(answer.header("www-authenticate").is_some());
        answer.problem();
    }
    for header in ["Basic abc", "Bearer", "bearer", "Token x"] {
        let bytes = format!("GET /ping HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: {header}\r\n\r\n");
        assert_eq!(world.raw(bytes).await.status, 401, "{header}");
    }
}

#[tokio::test]
async fn sizes_have_an_end() {
    let world = World::new().await;
    let many = "a=1&".repeat(10_000);
    let answer = world.get(&format!("{USERS}&{many}")).await;
    assert_eq!(answer.status, 400);
    assert!(answer.problem()["message"].as_str().unwrap().contains("more than 1000 parameters"));
    let deep = format!("a{}=1", "[b]".repeat(1_000));
    assert_eq!(world.get(&format!("{USERS}&{deep}")).await.status, 400);
    let deep = format!("a{}{}=1", "%5B".repeat(1_000), "%5D".repeat(1_000));
    assert_eq!(world.get(&format!("{USERS}&{deep}")).await.status, 400);
    let nested = format!("{{\"user_id\":{}1{}}}", "[".repeat(1_000), "]".repeat(1_000));
    let answer = world.send("POST", "/unified/user-directory/users/deactivate?{account}", &[], nested.as_bytes()).await;
    assert_eq!(answer.status, 400);
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(200_000));
    assert!(matches!(world.raw(long).await.status, 414 | 431));
    let headers = "x-a: b\r\n".repeat(5_000);
    assert_eq!(world.raw(format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{headers}\r\n")).await.status, 431);
    assert!(world.vendor.asked().is_empty());
}

#[tokio::test]
async fn fields_to_leave_out_are_no_way_to_use_up_the_stack() {
    let world = World::new().await;
    let deep = vec!["a"; 30_000].join(".");
    for target in [&format!("{USERS}&truto_exclude_fields={deep}"), &format!("{USERS}&truto_exclude_fields[]={deep}")] {
        let answer = world.get(target).await;
        assert_eq!(answer.status, 400);
        assert!(answer.problem()["message"].as_str().unwrap().contains("truto_exclude_fields"));
    }
    let write = format!("/unified/user-directory/users/deactivate?{{account}}&truto_exclude_fields={deep}");
    assert_eq!(world.post(&write, &json!({"user_id": "u001"})).await.status, 400);
    assert!(world.vendor.asked().is_empty());

    // what a vendor sends has no end of its own either
    let lists = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let user = format!(r#"{{"id":"u001","status":"ACTIVE","profile":{{"a":{lists}}}}}"#);
    world.vendor.fault("GET /api/v1/users/u001", VendorAnswer::json(200, user));
    let target =
        "/unified/user-directory/users/u001?{account}&truto_exclude_fields=remote_data.profile.a.b,roles,groups";
    let answer = world.get(target).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.text().contains(&lists), "what is too deep to look into stays as it is");
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let world = World::new().await;
    let head = |framing: &str| {
        format!(
            "POST /unified/user-directory/users/deactivate?integrated_account_id={} HTTP/1.1\r\nhost: x\r\n\
             authorization: Bearer {}\r\nconnection: close\r\n{framing}\r\n\r\n",
            world.account.id, world.token
        )
    };
    for framing in [format!("content-length: {}", 100 << 20), "transfer-encoding: chunked".to_owned()] {
        let mut stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
        stream.write_all(head(&framing).as_bytes()).await.unwrap();
        let (mut from, mut to) = stream.into_split();
        let chunk: Vec<u8> = if framing.starts_with("transfer") {
            [format!("{:x}\r\n", 1 << 20).as_bytes(), &vec![b' '; 1 << 20], b"\r\n"].concat()
        } else {
            vec![b' '; 1 << 20]
        };
        let writing = tokio::spawn(async move {
            let mut sent = 0;
            while sent < 100 && to.write_all(&chunk).await.is_ok() {
                sent += 1;
            }
            sent
        });
        let mut came = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(20), from.read_to_end(&mut came)).await;
        let answer = client::parse(&came);
        assert_eq!(answer.status, 413, "{framing}");
        answer.problem();
        drop(from);
        assert!(writing.await.unwrap() < 100, "{framing}: all of it was taken");
    }
    // who asks first is told without having sent any of it
    let asks = head(&format!("expect: 100-continue\r\ncontent-length: {}", 100 << 20));
    assert_eq!(world.raw(asks).await.status, 413);
    assert_eq!(world.get("/ping").await.status, 200);
}

#[tokio::test]
async fn a_connection_that_says_nothing_ends() {
    let world = World::with(3, |config| {
        config.limits.head_time = Duration::from_millis(500);
        config.metrics_listen = Some(([127, 0, 0, 1], 0).into());
    })
    .await;
    let whole = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", world.address);
    for address in [world.address, world.metrics.unwrap()] {
        // silent, half a head, what may become HTTP/2, and nothing more after an answer
        for said in ["", "GET /healthz HTTP/1.1\r\nhost: x\r\n", "PRI * HT", whole.as_str()] {
            let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
            stream.write_all(said.as_bytes()).await.unwrap();
            let mut came = Vec::new();
            let ended = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut came)).await;
            assert!(ended.is_ok(), "{address} keeps {said:?} open");
        }
    }
}

#[tokio::test]
async fn connections_have_an_end() {
    let world = World::with(3, |config| config.limits.connections = 2).await;
    let whole = world.request("", "GET", "/healthz", &[], b"");
    let held = [world.address; 2].map(tokio::net::TcpStream::connect);
    let held = futures_util::future::try_join_all(held).await.unwrap();
    let mut third = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let mut came = Vec::new();
    // closed without a word; writing to it may fail already
    let _ = third.write_all(&whole).await;
    let _ = tokio::time::timeout(Duration::from_secs(5), third.read_to_end(&mut came)).await.unwrap();
    assert!(came.is_empty(), "{}", String::from_utf8_lossy(&came));
    drop(held);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(world.raw(whole).await.status, 200);
}

#[tokio::test]
async fn line_breaks_reach_no_header() {
    let world = World::new().await;
    let target = "/unified/user-directory/users/u1%0d%0aX-Evil:%201?{account}";
    let answer = world.get(target).await;
    assert_eq!(answer.status, 400);
    assert!(answer.header("x-evil").is_none() && world.vendor.asked().is_empty());
    let answer = world.get(&format!("{USERS}&next_cursor=%0d%0aX-Evil:1")).await;
    assert_eq!((answer.status, answer.header("x-evil")), (400, None));
    let answer = world.send("GET", "/ping", &[("x-request-id", "a\"} {\"b")], b"").await;
    assert_ne!(answer.header("x-request-id"), Some("a\"} {\"b"));
    let answer = world.get(&format!("{USERS}&remote_query[x]=%0d%0aHost:evil&limit=1")).await;
    assert_eq!(answer.status, 200);
    assert!(world.vendor.asked()[0].contains("x=\r\nHost:evil"), "encoded on its way: {:?}", world.vendor.asked());
}

#[tokio::test]
async fn addresses_inside_are_refused_without_leave() {
    let world = World::new().await;
    let strict = userdir::Runtime::builder();
    let mut config = userdir_server::ServerConfig::default();
    config.listen = ([127, 0, 0, 1], 0).into();
    let server = userdir_server::Server::bind(world.store.clone(), userdir::Registry::compiled_in(), strict, config)
        .await
        .unwrap();
    let address = server.address();
    let running = tokio::spawn(server.run(std::future::pending()));
    for (at, base) in [
        "https://169.254.169.254/latest",
        "https://[::1]:1",
        "https://[::ffff:127.0.0.1]",
        "https://0.0.0.0",
        "https://2130706433",
        "https://0177.0.0.1",
        "https://0x7f.1",
        "https://127.1",
        "https://10.0.0.1",
        "https://[fd00::1]",
        "https://localhost",
        "http://acme.okta.com",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("inside-{at}");
        world
            .store
            .create_account(NewAccount::new(&name, "okta", "t").set("base_url", base).secret("api_token", "t"))
            .await
            .unwrap();
        let target = format!("/unified/user-directory/users/u1?integrated_account_id={name}");
        let answer = client::send(address, &world.request(&world.token, "GET", &target, &[], b"")).await;
        assert_eq!(answer.status, 403, "{base}: {}", answer.text());
        assert_eq!(answer.problem()["details"]["kind"], "refused", "{base}");
    }
    running.abort();
}

#[tokio::test]
async fn a_bomb_from_the_vendor_is_an_error_of_the_vendors() {
    let world = World::new().await;
    // 200 MB of spaces, as a gzip of 200 KB
    let bomb = gzip_of_spaces(200);
    assert!(bomb.len() < 1 << 20);
    let answer = VendorAnswer { body: bomb.into(), ..VendorAnswer::json(200, "") }.header("content-encoding", "gzip");
    world.vendor.fault("GET /api/v1/users/u001", answer);
    let answer = world.get("/unified/user-directory/users/u001?{account}").await;
    assert_eq!(answer.status, 502, "{}", answer.text());
    assert!(answer.problem()["message"].as_str().unwrap().contains("larger than"));
}

/// So many MiB of spaces.
fn gzip_of_spaces(mib: usize) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let chunk = vec![b' '; 1 << 20];
    for _ in 0..mib {
        encoder.write_all(&chunk).unwrap();
    }
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_slow_vendor_starves_nobody_else() {
    let world = Arc::new(
        World::with(3, |config| {
            config.limits.account_in_flight = 4;
            config.limits.in_flight = 32;
            config.limits.request_time = Duration::from_secs(5);
        })
        .await,
    );
    let quick = crate::vendor::Vendor::start(3).await;
    connect(world.store.as_ref(), "quick", quick.base()).await;
    world.vendor.slow(Duration::from_secs(3));
    let slow: Vec<_> = (0..16)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move { world.get("/unified/user-directory/users/u001?{account}&truto_exclude_fields=roles,groups,licenses,is_2fa_enabled,organizations").await.status })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    for _ in 0..10 {
        let begun = Instant::now();
        let answer = world.get("/unified/user-directory/users/u001?integrated_account_id=quick").await;
        assert_eq!(answer.status, 200);
        assert!(begun.elapsed() < Duration::from_millis(1500), "{:?}", begun.elapsed());
    }
    let mut statuses = Vec::new();
    for task in slow {
        statuses.push(task.await.unwrap());
    }
    // four at once, four that wait; the others are told to come back
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 8, "{statuses:?}");
    assert!(statuses.iter().filter(|status| **status == 200).count() >= 4, "{statuses:?}");
}

/// Whoever waits for a slow account holds no large body meanwhile.
#[tokio::test]
async fn a_large_body_is_read_when_its_account_has_a_place() {
    let world = Arc::new(World::with(3, |config| config.limits.account_in_flight = 1).await);
    world.vendor.slow(Duration::from_secs(3));
    // one under way, one that waits
    let held: Vec<_> = (0..2)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move { world.get("/proxy/users/u001?{account}").await.status })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let account = format!("integrated_account_id={}", world.account.id);
    for target in ["/unified/user-directory/users/deactivate", "/proxy/users/u001"] {
        let head = format!(
            "POST {target}?{account} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nconnection: close\r\n\
             content-length: 1000000\r\n\r\n",
            world.token
        );
        let answer = tokio::time::timeout(Duration::from_secs(1), world.raw(head)).await;
        assert_eq!(answer.expect("the body is waited for").status, 429, "{target}");
    }
    for held in held {
        held.await.unwrap();
    }
}

/// A write goes on when its client goes away, and so does its place among those of its account.
#[tokio::test]
async fn a_proxied_write_keeps_its_place_to_its_end() {
    let world = World::with(3, |config| config.limits.account_in_flight = 1).await;
    world.vendor.slow(Duration::from_millis(800));
    let begun = Instant::now();
    {
        let mut stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
        let request = world.request(&world.token, "POST", "/proxy/users/u001?{account}", &[], b"{}");
        stream.write_all(&request).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(world.get("/proxy/users/u001?{account}").await.status, 200);
    assert!(begun.elapsed() >= Duration::from_millis(1600), "both were under way at once: {:?}", begun.elapsed());
    assert_eq!(world.vendor.asked().len(), 2);
}

#[tokio::test]
async fn a_list_that_is_held_in_memory_has_an_end() {
    let world = World::with(400, |_| {}).await;
    world.vendor.pad(100_000);
    let page = world.get(&format!("{USERS}&limit=400")).await;
    assert_eq!(page.status, 502, "{}", page.body.len());
    assert!(page.problem()["message"].as_str().unwrap().contains("larger than 32 MiB"));
    let whole = world.get(&format!("{USERS}&truto_ignore_limit=true")).await;
    assert_eq!(whole.status, 400, "{}", whole.body.len());
    assert!(whole.problem()["details"]["hint"].as_str().unwrap().contains("stream"));
    assert_eq!(world.get(&format!("{USERS}&limit=100")).await.json()["result_count"], 100);
}

#[tokio::test]
async fn requests_of_one_account_in_a_time_have_an_end() {
    let world = World::with(3, |config| config.limits.account_rate = std::num::NonZeroU32::new(5)).await;
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(world.get(&format!("{USERS}&limit=1")).await.status);
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429, 429]);
    assert_eq!(world.post("/integrated-account/okta-test/check", &json!({})).await.status, 429, "checks count too");
    let other = connect(world.store.as_ref(), "okta-other", world.vendor.base()).await;
    assert_eq!(
        world.get(&format!("/unified/user-directory/users?integrated_account_id={}", other.id)).await.status,
        200
    );
}

#[tokio::test]
async fn ids_that_lead_elsewhere_are_refused() {
    let world = World::new().await;
    for id in ["..", "%2e%2e", "..%2f..%2fadmin", "u1%3fadmin=1", "u1%23", "u1%5c..", "%00", "%20"] {
        let answer = world.get(&format!("/unified/user-directory/users/{id}?{{account}}")).await;
        assert!(matches!(answer.status, 400 | 404), "{id}: {}", answer.text());
    }
    let answer =
        world.post("/unified/user-directory/users/deactivate?{account}", &json!({"user_id": "../groups/g1"})).await;
    assert_eq!(answer.status, 400);
    assert!(world.vendor.asked().is_empty(), "{:?}", world.vendor.asked());
}
