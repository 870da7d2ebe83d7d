//! Tokens: fetched once for all, stored before they are used, renewed once after a 401.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use userdir_core::action::*;
use userdir_core::runtime::{Limits, SystemClock};
use userdir_core::{Call, ErrorKind, Outcome, Settings};
use wiremock::matchers::{method, path};
use wiremock::{Mock, Request, ResponseTemplate};

use crate::world::*;

fn oauth(settings: Settings) -> Settings {
    let base = settings.get("base_url").unwrap().to_owned();
    Settings::new().set("base_url", base).set("client_id", "app").secret("client_secret", "canary-client")
}

fn refreshing(settings: Settings) -> Settings {
    oauth(settings).secret("refresh_token", "canary-refresh-0")
}

async fn world(store: &Arc<TestStore>, change: fn(Settings) -> Settings) -> World {
    let store = store.clone();
    World::built("acme", change, |builder| builder.credentials(store)).await
}

/// Tokens `t1`, `t2`, … with refresh tokens `r1`, `r2`, …; gives the number given out.
async fn issue(world: &World) -> Arc<AtomicUsize> {
    let given = Arc::new(AtomicUsize::new(0));
    let count = given.clone();
    let answer = move |_: &Request| {
        let n = count.fetch_add(1, Ordering::SeqCst) + 1;
        ok(json!({ "access_token": format!("t{n}"), "refresh_token": format!("r{n}"), "token_type": "Bearer", "expires_in": "3600" }))
            .set_delay(Duration::from_millis(30))
    };
    Mock::given(method("POST")).and(path("/token")).respond_with(answer).mount(&world.server).await;
    given
}

/// Takes these tokens and refuses others.
async fn accept(world: &World, tokens: &'static [&'static str]) {
    let answer = move |request: &Request| {
        let sent = request.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        match tokens.iter().any(|token| sent == format!("Bearer {token}")) {
            true => ok(json!({ "id": "u1" })),
            false => status(401),
        }
    };
    Mock::given(method("GET")).respond_with(answer).mount(&world.server).await;
}

async fn get(world: &World) -> userdir_core::Result<()> {
    world.directory.get_user(&Call::new(), GetUserInput::new("u1")).await.map(drop)
}

fn forms(requests: &[Request]) -> Vec<String> {
    let tokens = requests.iter().filter(|request| request.url.path() == "/token");
    tokens.map(|request| String::from_utf8_lossy(&request.body).into_owned()).collect()
}

#[tokio::test]
async fn many_calls_fetch_one_token() {
    let store = Arc::default();
    let world = world(&store, oauth).await;
    let given = issue(&world).await;
    accept(&world, &["t1"]).await;
    let calls = (0..32).map(|_| {
        let directory = world.directory.clone();
        tokio::spawn(async move { directory.get_user(&Call::new(), GetUserInput::new("u1")).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!(given.load(Ordering::SeqCst), 1);
    assert_eq!(store.log(), ["lease", "commit t1"]);
}

#[tokio::test]
async fn a_401_renews_the_token_once_and_only_once() {
    let store = Arc::default();
    let first = world(&store, oauth).await;
    let given = issue(&first).await;
    accept(&first, &["t2"]).await;
    get(&first).await.unwrap();
    assert_eq!(given.load(Ordering::SeqCst), 2);

    let second = world(&Arc::default(), oauth).await;
    let given = issue(&second).await;
    accept(&second, &[]).await;
    let error = get(&second).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert_eq!(given.load(Ordering::SeqCst), 2, "a token refused twice is not fetched for ever");
    assert_eq!(second.lines().await.iter().filter(|line| line.starts_with("GET")).count(), 2);
}

#[tokio::test]
async fn a_static_credential_refused_is_not_tried_again() {
    let world = World::new().await;
    world.serve(|_, _, _| status(401)).await;
    let error = get(&world).await.unwrap_err();
    assert_eq!((error.kind(), world.requests().await.len()), (ErrorKind::Authentication, 1));
}

#[tokio::test]
async fn a_token_is_stored_before_it_is_used_and_the_rotated_one_is_sent_next() {
    let store: Arc<TestStore> = Arc::default();
    let world = world(&store, refreshing).await;
    issue(&world).await;
    let notes = store.clone();
    let used = move |request: &Request| {
        let token = request.headers.get("authorization").unwrap().to_str().unwrap().to_owned();
        notes.note(format!("use {token}"));
        if token == "Bearer t1" && notes.log().len() > 3 { status(401) } else { ok(json!({ "id": "u1" })) }
    };
    Mock::given(method("GET")).respond_with(used).mount(&world.server).await;
    get(&world).await.unwrap();
    get(&world).await.unwrap();
    assert_eq!(
        store.log(),
        ["lease", "commit t1", "use Bearer t1", "use Bearer t1", "lease", "commit t2", "use Bearer t2"]
    );
    let forms = forms(&world.requests().await);
    assert!(forms[0].contains("refresh_token=canary-refresh-0"), "{forms:?}");
    assert!(forms[1].contains("refresh_token=r1"), "{forms:?}");
}

/// Some vendors send a refresh token with the first answer alone.
#[tokio::test]
async fn a_token_that_is_about_to_end_is_renewed_by_the_refresh_token_that_came_last() {
    let world = world(&Arc::default(), refreshing).await;
    let given = AtomicUsize::new(0);
    let answer = move |_: &Request| {
        let n = given.fetch_add(1, Ordering::SeqCst) + 1;
        let refresh_token = (n == 1).then_some("r1");
        let token = json!({ "access_token": format!("t{n}"), "refresh_token": refresh_token, "expires_in": 30 });
        ok(token)
    };
    Mock::given(method("POST")).and(path("/token")).respond_with(answer).mount(&world.server).await;
    accept(&world, &["t1", "t2", "t3"]).await;
    for _ in 0..3 {
        get(&world).await.unwrap();
    }
    let forms = forms(&world.requests().await);
    let sent: Vec<bool> = forms.iter().map(|form| form.contains("refresh_token=r1")).collect();
    assert_eq!(sent, [false, true, true], "{forms:?}");
}

#[tokio::test]
async fn a_token_that_cannot_be_stored_is_not_used_and_not_lost() {
    let store: Arc<TestStore> = Arc::default();
    let world = world(&store, refreshing).await;
    let given = issue(&world).await;
    accept(&world, &["t1"]).await;
    store.commit_fails.store(true, Ordering::SeqCst);
    let error = get(&world).await.unwrap_err();
    assert!(error.message().contains("the store is full"), "{error}");
    assert!(world.lines().await.iter().all(|line| line == "POST /token"), "the token was used");
    assert_eq!(store.log(), ["lease", "release"]);

    // the refresh token before it is burned: the one in hand is stored now, and no new one asked for
    store.commit_fails.store(false, Ordering::SeqCst);
    get(&world).await.unwrap();
    assert_eq!(given.load(Ordering::SeqCst), 1);
    assert_eq!(store.token.lock().unwrap().clone().unwrap().refresh_token.unwrap().expose(), "r1");
}

#[tokio::test]
async fn a_token_that_another_process_fetches_is_waited_for() {
    let store: Arc<TestStore> = Arc::default();
    let world = world(&store, refreshing).await;
    let given = issue(&world).await;
    accept(&world, &["other"]).await;
    store.held.store(3, Ordering::SeqCst);
    *store.other.lock().unwrap() = Some(stored("other", Some("r9")));
    get(&world).await.unwrap();
    assert_eq!(given.load(Ordering::SeqCst), 0);
    assert_eq!(world.clock.sleeps().len(), 1);
}

#[tokio::test]
async fn a_lease_that_never_ends_is_not_waited_for_for_ever() {
    let store: Arc<TestStore> = Arc::default();
    let world = world(&store, oauth).await;
    store.held.store(u32::MAX, Ordering::SeqCst);
    let error = get(&world).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(world.requests().await.is_empty());
}

/// A slow vendor's token takes longer than a few seconds, and so does the lease of a process that ended in the midst of it.
#[tokio::test]
async fn another_process_has_as_much_time_as_a_fetch_may_take() {
    let store: Arc<TestStore> = Arc::default();
    let world = world(&store, refreshing).await;
    let given = issue(&world).await;
    accept(&world, &["t1"]).await;
    store.held.store(300, Ordering::SeqCst);
    get(&world).await.unwrap();
    assert_eq!(given.load(Ordering::SeqCst), 1);
    assert!(world.clock.sleeps().iter().sum::<Duration>() >= Duration::from_secs(60));
}

/// Whoever comes after the lease has ended would spend the same refresh token.
#[tokio::test]
async fn a_fetch_ends_before_its_lease_does() {
    let store: Arc<TestStore> = Arc::default();
    let world = world(&store, refreshing).await;
    world.serve(|_, _, _| status(429).insert_header("retry-after", "100")).await;
    let error = get(&world).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(world.requests().await.len(), 1);
    assert!(world.clock.sleeps().is_empty(), "{:?}", world.clock.sleeps());
    assert_eq!(store.log(), ["lease", "release"]);
}

/// Between the look into the store and the lease another process has used the refresh token up.
#[tokio::test]
async fn a_token_stored_before_the_lease_came_is_taken() {
    let store: Arc<TestStore> = Arc::default();
    let world = world(&store, refreshing).await;
    let given = issue(&world).await;
    accept(&world, &["other"]).await;
    *store.other.lock().unwrap() = Some(stored("other", Some("r9")));
    get(&world).await.unwrap();
    assert_eq!(given.load(Ordering::SeqCst), 0, "a refresh token that was used up was sent");
    assert_eq!(store.log(), ["lease", "release"]);
}

#[tokio::test]
async fn a_failed_fetch_gives_the_lease_back_and_is_told_as_it_was() {
    let store: Arc<TestStore> = Arc::default();
    let world = world(&store, oauth).await;
    store.release_fails.store(true, Ordering::SeqCst);
    world.serve(|_, _, _| status(400).set_body_json(json!({ "error": "invalid_client" }))).await;
    let error = get(&world).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    assert_eq!(error.vendor_code(), Some("invalid_client"));
    assert_eq!(store.log(), ["lease", "release"]);
}

/// A token request that broke says nothing about the write that wanted the token: that one was never sent.
#[tokio::test]
async fn a_write_whose_token_could_not_be_fetched_was_not_done() {
    for change in [oauth, refreshing] {
        let world = world(&Arc::default(), change).await;
        world.serve(|_, _, _| status(503)).await;
        let input = CreateUserInput::new().name("Maya").organization_id("o1");
        let error = world.directory.create_user(&Call::new(), input).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotDone, "{error}");
        assert!(world.lines().await.iter().all(|line| line == "POST /token"));
    }
}

/// Not every token address answers errors in the words of RFC 6749. Who has no token lacks no permission.
#[tokio::test]
async fn a_refusal_in_the_vendors_own_words_is_one_of_credentials() {
    let world = world(&Arc::default(), oauth).await;
    let refusal = ResponseTemplate::new(403).set_body_json(json!({ "code": "nope", "message": "who?" }));
    Mock::given(method("POST")).respond_with(refusal).mount(&world.server).await;
    let error = get(&world).await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Authentication, Some("nope")));
}

#[tokio::test]
async fn a_refresh_token_is_never_sent_twice_after_a_lost_answer() {
    let raw = Raw::start(vec![Act::Close]).await;
    let clock = Arc::new(TestClock::default());
    let directory =
        registry().connect_with("acme", refreshing(settings(&raw.uri)), &builder(&clock).build().unwrap()).unwrap();
    directory.get_user(&Call::new(), GetUserInput::new("u1")).await.unwrap_err();
    assert_eq!(raw.count("POST"), 1);
}

/// The caller is gone when the answer comes. The rotated token must be stored all the same.
#[tokio::test]
async fn a_caller_that_gives_up_does_not_lose_the_token() {
    let store: Arc<TestStore> = Arc::default();
    let world = world(&store, refreshing).await;
    let slow = ok(json!({ "access_token": "t1", "refresh_token": "r1" })).set_delay(Duration::from_millis(150));
    Mock::given(method("POST")).respond_with(slow).mount(&world.server).await;
    accept(&world, &["t1"]).await;
    let given_up = tokio::time::timeout(Duration::from_millis(50), get(&world)).await;
    assert!(given_up.is_err());
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert_eq!(store.log(), ["lease", "commit t1"]);
    get(&world).await.unwrap();
    assert_eq!(forms(&world.requests().await).len(), 1);
}

#[tokio::test]
async fn waiting_for_somebody_elses_fetch_ends_with_the_deadline() {
    let store: Arc<TestStore> = Arc::default();
    let patient = Limits { request_timeout: Duration::from_secs(15), ..limits() };
    let world = World::built("acme", oauth, |builder| builder.credentials(store.clone()).limits(patient)).await;
    let slow = ok(json!({ "access_token": "t1" })).set_delay(Duration::from_millis(900));
    Mock::given(method("POST")).respond_with(slow).mount(&world.server).await;
    accept(&world, &["t1"]).await;
    let directory = world.directory.clone();
    let patient = tokio::spawn(async move { directory.get_user(&Call::new(), GetUserInput::new("u1")).await });
    tokio::time::sleep(Duration::from_millis(30)).await;
    let hasty = Call::new().deadline(Duration::from_millis(80));
    let begun = std::time::Instant::now();
    let error = world.directory.get_user(&hasty, GetUserInput::new("u1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(begun.elapsed() < Duration::from_millis(800), "{:?}", begun.elapsed());
    patient.await.unwrap().unwrap();
}

/// Two connections that share a runtime which nobody named must not share a token: it would go to the wrong vendor.
#[tokio::test]
async fn two_unnamed_accounts_on_one_runtime_have_tokens_of_their_own() {
    let clock = Arc::new(TestClock::default());
    let runtime =
        userdir_core::Runtime::builder().clock(clock).allow_private_networks(true).limits(limits()).build().unwrap();
    let leaked = Arc::new(AtomicBool::new(false));
    // both at once: one that has ended leaves its port to the next, which then is the same vendor
    let servers = [wiremock::MockServer::start().await, wiremock::MockServer::start().await];
    for (n, server) in (1..).zip(&servers) {
        let token = ok(json!({ "access_token": format!("own-{n}") }));
        Mock::given(method("POST")).respond_with(token).mount(server).await;
        let seen = leaked.clone();
        let answer = move |request: &Request| -> ResponseTemplate {
            let own = format!("Bearer own-{n}");
            seen.fetch_or(request.headers.get("authorization").unwrap() != own.as_str(), Ordering::SeqCst);
            ok(json!({ "id": "u1" }))
        };
        Mock::given(method("GET")).respond_with(answer).mount(server).await;
        let directory = registry().connect_with("acme", oauth(settings(&server.uri())), &runtime).unwrap();
        directory.get_user(&Call::new(), GetUserInput::new("u1")).await.unwrap();
    }
    assert!(!leaked.load(Ordering::SeqCst), "one account's token went to the other's vendor");
}

#[tokio::test]
async fn a_token_can_be_asked_for_in_the_vendors_own_way() {
    for (grant, wanted) in [
        ("bare", "client_id=app&client_secret=canary-client"),
        (
            "json",
            r#"{"account_id":"a1","client_id":"app","client_secret":"canary-client","grant_type":"account_credentials"}"#,
        ),
        (
            "password",
            "grant_type=password&username=maya&password=canary-client&client_id=app&client_secret=canary-client",
        ),
    ] {
        let store = Arc::default();
        let store: &Arc<TestStore> = &store;
        let credentials = store.clone();
        let world = World::built(
            "acme",
            |settings| oauth(settings).set("grant", grant),
            |builder| builder.credentials(credentials),
        )
        .await;
        issue(&world).await;
        accept(&world, &["t1"]).await;
        get(&world).await.unwrap();
        assert_eq!(forms(&world.requests().await), [wanted], "{grant}");
    }
}

#[tokio::test]
async fn the_api_is_where_the_token_says() {
    let other = World::new().await;
    accept(&other, &["t1"]).await;
    let store: Arc<TestStore> = Arc::default();
    let credentials = store.clone();
    let world = World::built(
        "acme",
        |settings| oauth(settings).set("grant", "discover"),
        |builder| builder.credentials(credentials),
    )
    .await;
    let granted = ok(json!({ "access_token": "t1", "expires_in": 3600 }));
    let granted = granted.insert_header("x-region", other.server.uri().as_str());
    Mock::given(method("POST")).and(path("/token")).respond_with(granted).mount(&world.server).await;
    get(&world).await.unwrap();
    assert_eq!(world.lines().await, ["POST /token"], "nothing but the token is asked for at the first address");
    assert_eq!(other.requests().await.len(), 1);
    assert_eq!(world.directory.http().origin(&Call::new()).await.unwrap(), other.server.uri());
}

/// A vendor whose API moves while the token lives; the same token may be good at the new address.
#[tokio::test]
async fn an_api_that_moved_is_found_by_a_new_token() {
    for (first, second) in [("t1", "t2"), ("t1", "t1")] {
        let new = World::new().await;
        accept(&new, &["t1", "t2"]).await;
        let store: Arc<TestStore> = Arc::default();
        let world = discovering(&store).await;
        let given = tokens_at(&world, [(first, gone().await), (second, new.server.uri())]).await;
        get(&world).await.unwrap();
        assert_eq!((given.load(Ordering::SeqCst), new.requests().await.len()), (2, 1));
        assert!(world.clock.sleeps().is_empty(), "nothing to wait for");
        get(&world).await.unwrap();
        let input = CreateUserInput::new().name("Maya").organization_id("o1");
        let _ = world.directory.create_user(&Call::new(), input).await;
        assert_eq!(given.load(Ordering::SeqCst), 2, "it is known by now");
        let kept = store.token.lock().unwrap().clone().unwrap();
        assert_eq!(kept.base_url, Some(new.server.uri()), "for every process");
    }
}

/// Nothing was sent, so it is no matter whether the request may be repeated.
#[tokio::test]
async fn a_write_follows_an_api_that_moved() {
    let new = World::new().await;
    new.serve(|_, _, _| status(403)).await;
    let world = discovering(&Arc::default()).await;
    tokens_at(&world, [("t1", gone().await), ("t2", new.server.uri())]).await;
    let input = CreateUserInput::new().name("Maya").organization_id("o1");
    let error = world.directory.create_user(&Call::new(), input).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Permission, Outcome::NotDone));
    assert_eq!(new.writes().await.len(), 1);
}

#[tokio::test]
async fn an_api_that_is_gone_is_looked_for_once() {
    let world = discovering(&Arc::default()).await;
    let address = gone().await;
    let given = tokens_at(&world, [("t1", address.clone()), ("t2", address)]).await;
    assert_eq!(get(&world).await.unwrap_err().kind(), ErrorKind::Transport);
    assert_eq!(given.load(Ordering::SeqCst), 2);
}

async fn discovering(store: &Arc<TestStore>) -> World {
    world(store, |settings| oauth(settings).set("grant", "discover")).await
}

/// An address where nobody is.
async fn gone() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Gives out a token for one address, and then one for another; gives the number given out.
async fn tokens_at(world: &World, tokens: [(&'static str, String); 2]) -> Arc<AtomicUsize> {
    let given = Arc::new(AtomicUsize::new(0));
    let count = given.clone();
    let answer = move |_: &Request| {
        let (token, address) = &tokens[count.fetch_add(1, Ordering::SeqCst).min(1)];
        ok(json!({ "access_token": token })).insert_header("x-region", address.as_str())
    };
    Mock::given(method("POST")).and(path("/token")).respond_with(answer).mount(&world.server).await;
    given
}

/// Leave for private networks is for the address that the account has, and not for any that an answer may name.
#[tokio::test]
async fn no_token_goes_to_a_host_that_is_not_the_vendors() {
    let stranger = World::new().await;
    accept(&stranger, &["t1"]).await;
    let store: Arc<TestStore> = Arc::default();
    let change = |settings| oauth(settings).set("grant", "discover");
    let world = World::built("acme", change, |builder| builder.credentials(store)).await;
    let granted = ok(json!({ "access_token": "t1", "expires_in": 3600 }));
    let address = stranger.server.uri().replace("127.0.0.1", "localhost");
    let granted = granted.insert_header("x-region", address.as_str());
    Mock::given(method("POST")).and(path("/token")).respond_with(granted).mount(&world.server).await;
    let error = get(&world).await.unwrap_err();
    assert!(error.message().contains("`localhost` is no host of this vendor"), "{error}");
    assert_eq!((world.lines().await, stranger.requests().await.len()), (vec!["POST /token".to_owned()], 0));
}

#[tokio::test]
async fn a_token_that_lacks_scopes_is_refused_before_it_is_used() {
    for (granted, missing) in [("users.write openid", Some("`users.read`")), ("users.write users.read", None)] {
        let store: Arc<TestStore> = Arc::default();
        let credentials = store.clone();
        let change = |settings| oauth(settings).set("grant", "scopes");
        let world = World::built("acme", change, |builder| builder.credentials(credentials)).await;
        let token = ok(json!({ "access_token": "t1", "scope": granted }));
        Mock::given(method("POST")).respond_with(token).mount(&world.server).await;
        accept(&world, &["t1"]).await;
        match (get(&world).await, missing) {
            (Ok(_), None) => {}
            (Err(error), Some(missing)) => {
                assert_eq!(error.kind(), ErrorKind::Authentication);
                assert!(error.message().contains(missing), "{error}");
                assert_eq!(world.lines().await, ["POST /token"]);
            }
            (result, _) => panic!("{granted}: {result:?}"),
        }
    }
}

#[tokio::test]
async fn a_token_that_does_not_say_how_long_it_lives_lives_as_long_as_documented() {
    for (grant, fetches) in [("hour", 2), ("plain", 1)] {
        let world = World::of("acme", |settings| oauth(settings).set("grant", grant)).await;
        Mock::given(method("POST")).respond_with(ok(json!({ "access_token": "t1" }))).mount(&world.server).await;
        accept(&world, &["t1"]).await;
        get(&world).await.unwrap();
        world.clock.advance(Duration::from_secs(3600 - 120));
        get(&world).await.unwrap();
        world.clock.advance(Duration::from_secs(90));
        get(&world).await.unwrap();
        assert_eq!(forms(&world.requests().await).len(), fetches, "{grant}");
    }
}

/// A vendor where a new token ends the one before would else have them end each other's.
#[tokio::test]
async fn accounts_of_one_client_share_its_token() {
    for (grant, wanted) in [("one", 1), ("plain", 2)] {
        let world = World::of("acme", oauth).await;
        let given = issue(&world).await;
        accept(&world, &["t1", "t2"]).await;
        // who waits for the other's fetch sleeps, which takes no time by the tests' clock
        let runtime = builder(&Arc::default()).clock(Arc::new(SystemClock::default())).build().unwrap();
        let connect = |account: &'static str, client: &str| {
            let settings = oauth(settings(&world.server.uri())).set("grant", grant).set("client_id", client);
            registry().connect_with("acme", settings, &runtime.for_account(account)).unwrap()
        };
        let (a, b, stranger) = (connect("a", "app"), connect("b", "app"), connect("c", "other"));
        let read = async |directory: &userdir_core::Directory| {
            directory.get_user(&Call::new(), GetUserInput::new("u1")).await.map(drop)
        };
        let (first, second) = tokio::join!(read(&a), read(&b));
        assert_eq!((first.is_ok(), second.is_ok(), given.load(Ordering::SeqCst)), (true, true, wanted), "{grant:?}");
        // its token is refused here, and it is one of its own
        let _ = read(&stranger).await;
        assert!(given.load(Ordering::SeqCst) > wanted);
    }
}
