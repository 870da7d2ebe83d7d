//! Vendor tokens that rotate: each refresh token is good for one use, and one that is used up ends the whole family.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use userdir_stand_in::{Answer, Handler, Received, StandIn, async_trait};
use userdir_store::{Account, NewAccount, Store};

use crate::world::World;

/// A Salesforce that is none: it gives tokens out and takes the last one.
#[derive(Clone)]
pub struct Rotating {
    state: Arc<Mutex<State>>,
    delay: Duration,
    base: String,
    _running: Option<Arc<StandIn>>,
}

#[derive(Default)]
struct State {
    /// The refresh token that counts.
    refresh: String,
    /// What was used to get a token, in order.
    used: Vec<String>,
    /// Tokens given out.
    given: usize,
    /// Somebody used a refresh token that is used up.
    broken: bool,
    /// The access token is over before its time.
    ended: bool,
    /// The next call with a token is answered that the server is down.
    down: bool,
}

impl Rotating {
    /// The first refresh token is `rt0`; a token takes this long.
    pub async fn start(delay: Duration) -> Rotating {
        let state = State { refresh: "rt0".into(), ..State::default() };
        let vendor = Rotating { state: Arc::new(Mutex::new(state)), delay, base: String::new(), _running: None };
        let running = StandIn::serve(Arc::new(vendor.clone())).await.unwrap();
        Rotating { base: running.base_url(), _running: Some(Arc::new(running)), ..vendor }
    }

    /// What was used to get tokens, in order.
    pub fn used(&self) -> Vec<String> {
        self.state.lock().unwrap().used.clone()
    }

    /// Ends the access token that was given out last.
    pub fn end_token(&self) {
        self.state.lock().unwrap().ended = true;
    }

    /// A person has signed in anew: this refresh token counts from now on.
    fn sign_in(&self, refresh: &str) {
        self.state.lock().unwrap().refresh = refresh.to_owned();
    }

    pub async fn connect(&self, store: &dyn Store, name: &str) -> Account {
        let new = NewAccount::new(name, "salesforce", "acme").set("base_url", &self.base).set("client_id", "app");
        let new = new.secret("client_secret", "canary-client").secret("refresh_token", "rt0");
        store.create_account(new).await.unwrap()
    }
}

#[async_trait]
impl Handler for Rotating {
    async fn handle(&self, request: Received) -> Answer {
        if request.path != "/services/oauth2/token" {
            let mut state = self.state.lock().unwrap();
            if std::mem::take(&mut state.down) {
                return Answer::json(500, "[]");
            }
            let current = format!("Bearer at{}", state.given);
            let is_good = request.header("authorization") == Some(&current) && !state.broken && !state.ended;
            return Answer::json(if is_good { 200 } else { 401 }, json!([]).to_string());
        }
        tokio::time::sleep(self.delay).await;
        let mut state = self.state.lock().unwrap();
        let form: Vec<(String, String)> = url::form_urlencoded::parse(&request.body).into_owned().collect();
        let sent = form.iter().find(|(name, _)| name == "refresh_token").map(|(_, value)| value.clone());
        let sent = sent.unwrap_or_default();
        state.used.push(sent.clone());
        if sent != state.refresh || state.broken {
            state.broken = true;
            return Answer::json(400, json!({"error": "invalid_grant"}).to_string());
        }
        (state.given, state.ended) = (state.given + 1, false);
        state.refresh = format!("rt{}", state.given);
        let here = format!("http://{}", request.header("host").unwrap());
        let token = json!({
            "access_token": format!("at{}", state.given), "refresh_token": state.refresh, "instance_url": here,
            "token_type": "Bearer",
        });
        Answer::json(200, token.to_string())
    }
}

const ANYTHING: &str = "/proxy/limits?integrated_account_id=sf";

async fn patch(world: &World, context: Value) {
    let body = json!({"context": context}).to_string();
    let answer = world.send("PATCH", "/integrated-account/sf", &[], body.as_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn a_changed_setting_does_not_lose_a_rotated_token() {
    let world = World::new().await;
    let vendor = Rotating::start(Duration::ZERO).await;
    vendor.connect(world.store.as_ref(), "sf").await;
    let first = world.get(ANYTHING).await;
    assert_eq!(first.status, 200, "{}", first.text());
    for context in [
        json!({"user_types": "all"}),
        json!({"freeze_when_blocked": true, "user_types": null}),
        json!({"base_url": vendor.base.replace("127.0.0.1", "localhost")}),
    ] {
        patch(&world, context.clone()).await;
        assert_eq!(world.get(ANYTHING).await.status, 200, "{context}: {:?}", vendor.used());
    }
    assert_eq!(vendor.used(), ["rt0", "rt1", "rt2", "rt3"]);
    // new credentials are those that count
    vendor.sign_in("fresh");
    patch(&world, json!({"refresh_token": "fresh"})).await;
    assert_eq!(world.get(ANYTHING).await.status, 200);
    assert_eq!(vendor.used().last().unwrap(), "fresh");
}

/// What the first try has rotated is not asked for again: the one that was typed in is used up.
#[tokio::test]
async fn a_link_that_is_tried_again_goes_on_with_the_token_of_the_first_try() {
    let world = World::new().await;
    let vendor = Rotating::start(Duration::from_millis(100)).await;
    let path = link(&world).await;
    vendor.state.lock().unwrap().down = true;
    // two at the same moment have one token, and one of them is told that the vendor is down
    let (one, other) = tokio::join!(submit(&world, &path, &vendor), submit(&world, &path, &vendor));
    assert_eq!((one.max(other), vendor.used()), (422, vec!["rt0".to_owned()]));
    if one.min(other) == 422 {
        assert_eq!(submit(&world, &path, &vendor).await, 200);
    }
    works_with_the_next_token(&world, &vendor).await;
}

#[tokio::test]
async fn what_a_try_has_rotated_outlives_the_server() {
    let mut world = World::new().await;
    let vendor = Rotating::start(Duration::ZERO).await;
    let path = link(&world).await;
    vendor.state.lock().unwrap().down = true;
    assert_eq!(submit(&world, &path, &vendor).await, 422);
    world.stop().await;
    let world = World::on(world.folder.clone(), world.vendor.clone(), |_| {}).await;
    assert_eq!(submit(&world, &path, &vendor).await, 200, "{:?}", vendor.used());
    works_with_the_next_token(&world, &vendor).await;
}

async fn link(world: &World) -> String {
    let made = world.post("/link-token", &json!({"tenant_id": "acme", "integration": "salesforce"})).await.json();
    made["link_path"].as_str().unwrap().to_owned()
}

/// The status of a link's page.
async fn submit(world: &World, path: &str, vendor: &Rotating) -> u16 {
    let fields = [
        ("method", "refresh_token"),
        ("base_url", &vendor.base),
        ("client_id", "app"),
        ("client_secret", "canary-client"),
        ("refresh_token", "rt0"),
    ];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    world.as_token("", "POST", path, &headers, form.as_bytes()).await.status
}

async fn works_with_the_next_token(world: &World, vendor: &Rotating) {
    let accounts = world.get("/integrated-account?integration.name=salesforce").await.json();
    let id = accounts["result"][0]["id"].as_str().unwrap();
    vendor.end_token();
    assert_eq!(world.get(&format!("/proxy/limits?integrated_account_id={id}")).await.status, 200);
    assert_eq!(vendor.used(), ["rt0", "rt1"]);
}
