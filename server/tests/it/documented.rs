//! The four actions of the public documentation, at every vendor that has them, each by the bytes of five clients. The
//! vendor is a stand-in that plays the provider's fixture to the letter: it takes the requests of the fixture, in order, and
//! nothing else.

use serde_json::{Map, Value};
use userdir::{Action, FIXTURES};
use userdir_stand_in::{Files, Fixtures, StandIn};
use userdir_store::NewAccount;

use crate::world::World;

/// What stands in for the vendor's secrets.
const SECRET: &str = "documented-secret";

/// The parameters that the documentation puts into the query.
const IN_QUERY: [&str; 7] = ["id", "roles", "workspace_id", "actor", "user_id", "license_id", "role_id"];

#[tokio::test]
async fn unassign_role() {
    let named = ["blackline", "crowdstrike", "elastic-cloud", "jumpcloud", "slack-enterprise", "teamviewer"];
    over_http("users/unassign-role", Action::UnassignRole, &named).await;
}

#[tokio::test]
async fn remove_user() {
    // the documentation counts six and names none; these are those of the roles and seats that it names elsewhere
    let named = ["blackline", "crowdstrike", "jumpcloud", "pagerduty", "salesforce", "segment"];
    let named = [&named[..], &["slack-enterprise", "teamviewer", "vanta", "zoom"]].concat();
    over_http("groups/remove-user", Action::RemoveUserFromGroup, &named).await;
}

#[tokio::test]
async fn deactivate() {
    over_http("users/deactivate", Action::DeactivateUser, &["okta", "vanta"]).await;
}

#[tokio::test]
async fn downgrade() {
    over_http("users/downgrade", Action::DowngradeUser, &["pagerduty", "salesforce", "segment", "zoom"]).await;
}

/// Carries out the normal case of an action at every vendor that has it, which those named must, by each client.
async fn over_http(path: &str, action: Action, named: &[&str]) {
    let world = World::new().await;
    let registry = userdir::Registry::compiled_in();
    let have = registry.providers().iter().filter(|registration| (registration.actions)().contains(action));
    let have: Vec<&str> = have.map(|registration| registration.definition.slug).collect();
    assert!(named.iter().all(|slug| have.contains(slug)), "{named:?}: {have:?}");
    for slug in have {
        let (_, folder) = FIXTURES.iter().find(|(known, _)| *known == slug).unwrap();
        let fixtures = Fixtures::read(&Files::embedded(folder).unwrap());
        let case = fixtures.case(action.info().function, "normal").unwrap();
        for client in CLIENTS {
            let vendor = StandIn::play(case, SECRET).await.unwrap();
            let account = connect(&world, slug, client.name, vendor.script().account.as_ref().unwrap()).await;
            let input = &vendor.script().call.input;
            let answer = world.raw((client.request)(&world, &account, path, input)).await;
            let whom = ["group_id", "id", "user_id"].iter().find_map(|name| input.get(*name)).cloned();
            let played = vendor.finish();
            let said = format!("{slug}, {}: {}", client.name, answer.text());
            assert_eq!((played.mismatches.as_slice(), played.unused.as_slice()), (&[][..], &[][..]), "{said}");
            assert_eq!((answer.status, answer.header("x-userdir-effect")), (200, Some("applied")), "{said}");
            assert_eq!(answer.json()["id"], whom.unwrap(), "{said}");
        }
    }
}

/// An account of its own: no token is left from the one before.
async fn connect(world: &World, slug: &str, client: &str, given: &userdir_stand_in::Account) -> String {
    let name = format!("{slug}-{client}");
    let new = NewAccount::new(&name, slug, "acme");
    let new = given.settings.iter().fold(new, |new, (key, value)| new.set(key, value));
    let new = given.secrets.iter().fold(new, |new, (key, value)| new.secret(key, value.as_str()));
    world.store.create_account(new).await.unwrap();
    name
}

/// A client by what it sends.
struct Client {
    name: &'static str,
    request: fn(&World, &str, &str, &Map<String, Value>) -> String,
}

const CLIENTS: [Client; 5] = [
    Client { name: "curl", request: curl },
    Client { name: "fetch", request: fetch },
    Client { name: "requests", request: requests },
    Client { name: "typescript-sdk", request: typescript_sdk },
    Client { name: "python-sdk", request: python_sdk },
];

/// `curl -d`, with the brackets of the documentation and everything in the body too.
fn curl(world: &World, account: &str, path: &str, input: &Map<String, Value>) -> String {
    let query = query(input, &|index| format!("[{index}]"), &|name| name.to_owned());
    let head = "User-Agent: curl/8.5.0\r\nAccept: */*\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    post(world, account, path, &query, head, &Value::Object(input.clone()))
}

/// `fetch` of Node.js with a text for a body: it says that it is text.
fn fetch(world: &World, account: &str, path: &str, input: &Map<String, Value>) -> String {
    let head = "accept: */*\r\naccept-language: *\r\nsec-fetch-mode: cors\r\nuser-agent: node\r\n\
                accept-encoding: gzip, deflate\r\ncontent-type: text/plain;charset=UTF-8\r\n";
    post(world, account, path, &query(input, &|index| format!("[{index}]"), &encoded), head, &body(input))
}

/// `requests.post(url, json=…)`.
fn requests(world: &World, account: &str, path: &str, input: &Map<String, Value>) -> String {
    let head = "User-Agent: python-requests/2.32.3\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\n\
                Content-Type: application/json\r\n";
    post(world, account, path, &query(input, &|_| "[]".to_owned(), &encoded), head, &body(input))
}

/// `unifiedApi.customMethod(method, body, query)`.
fn typescript_sdk(world: &World, account: &str, path: &str, input: &Map<String, Value>) -> String {
    let head = "Accept: application/json\r\nUser-Agent: truto-ts-sdk/2.0.12\r\nContent-Type: application/json\r\n";
    post(world, account, path, &query(input, &|index| format!("[{index}]"), &encoded), head, &body(input))
}

/// The Python SDK's own helper for POST; its `custom_method` cannot send.
fn python_sdk(world: &World, account: &str, path: &str, input: &Map<String, Value>) -> String {
    let head = "Accept: */*\r\nAccept-Encoding: gzip, deflate\r\nUser-Agent: python-httpx/0.27.0\r\n\
                Content-Type: application/json\r\n";
    post(world, account, path, &query(input, &|_| "[]".to_owned(), &encoded), head, &body(input))
}

fn post(world: &World, account: &str, path: &str, query: &str, head: &str, body: &Value) -> String {
    let body = body.to_string();
    format!(
        "POST /unified/user-directory/{path}?integrated_account_id={account}{query} HTTP/1.1\r\nHost: {}\r\n\
         Authorization: Bearer {}\r\n{head}Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        world.address,
        world.token,
        body.len()
    )
}

/// What the documentation does not put into the query alone.
fn body(input: &Map<String, Value>) -> Value {
    let mut body = input.clone();
    body.retain(|name, _| !matches!(name.as_str(), "actor" | "license_id"));
    body.into()
}

/// The members that the documentation has in the query, in a client's own spelling of arrays and names.
fn query(input: &Map<String, Value>, index: &dyn Fn(usize) -> String, name: &dyn Fn(&str) -> String) -> String {
    // a group's action has everything in its body
    let in_query = |member: &str| IN_QUERY.contains(&member) && !input.contains_key("group_id");
    let mut query = String::new();
    for (member, value) in input.iter().filter(|(member, _)| in_query(member)) {
        match value {
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    for (key, value) in item.as_object().unwrap() {
                        let spelled = name(&format!("{member}{}[{key}]", index(at)));
                        query += &format!("&{spelled}={}", value.as_str().unwrap());
                    }
                }
            }
            value => query += &format!("&{}={}", name(member), value.as_str().unwrap()),
        }
    }
    query
}

fn encoded(name: &str) -> String {
    name.replace('[', "%5B").replace(']', "%5D")
}
