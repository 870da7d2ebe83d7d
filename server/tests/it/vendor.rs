//! An Okta that is none: it keeps users, roles, a group's members, and what it was asked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Semaphore;
use userdir_stand_in::{Answer, Handler, Received, StandIn, async_trait};

/// The account's secret; nobody may ever see it.
pub const SECRET: &str = "canary-secret-8f21c0";

/// What is answered in place of the usual, once.
type Fault = (&'static str, Answer);

#[derive(Default)]
struct State {
    users: BTreeMap<String, String>,
    logins: BTreeMap<String, String>,
    roles: BTreeMap<String, BTreeSet<String>>,
    members: BTreeSet<String>,
    asked: Vec<String>,
    faults: VecDeque<Fault>,
    delay: Duration,
    late: Duration,
    padding: usize,
}

/// The vendor; clones are the same one.
#[derive(Clone)]
pub struct Vendor {
    state: Arc<Mutex<State>>,
    /// Held back requests: each takes a permit that nobody gives back.
    gate: Arc<Semaphore>,
    base: String,
    _running: Option<Arc<StandIn>>,
}

impl Vendor {
    /// With users `u000` and so on: `u000` is deactivated, the others active.
    pub async fn start(users: usize) -> Vendor {
        let mut state = State::default();
        for number in 0..users {
            let status = if number == 0 { "DEPROVISIONED" } else { "ACTIVE" };
            state.users.insert(format!("u{number:03}"), status.to_owned());
        }
        state.members.extend(["u001".to_owned(), "u002".to_owned()]);
        state.roles.insert("u001".into(), BTreeSet::from(["HELP_DESK_ADMIN".to_owned(), "REPORT_ADMIN".to_owned()]));
        let gate = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        let vendor = Vendor { state: Arc::new(Mutex::new(state)), gate, base: String::new(), _running: None };
        let running = StandIn::serve(Arc::new(vendor.clone())).await.unwrap();
        Vendor { base: running.base_url(), _running: Some(Arc::new(running)), ..vendor }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// Answers the next request that begins like this with something else.
    pub fn fault(&self, line: &'static str, answer: Answer) {
        self.state.lock().unwrap().faults.push_back((line, answer));
    }

    /// Takes this long for every answer.
    pub fn slow(&self, delay: Duration) {
        self.state.lock().unwrap().delay = delay;
    }

    /// Does what is written at once, and takes this long for the answer.
    pub fn late(&self, delay: Duration) {
        self.state.lock().unwrap().late = delay;
    }

    /// Makes every user this much larger.
    pub fn pad(&self, bytes: usize) {
        self.state.lock().unwrap().padding = bytes;
    }

    /// What it was asked: `METHOD path?query`.
    pub fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }

    /// What it was asked that was no read.
    pub fn writes(&self) -> Vec<String> {
        self.asked().into_iter().filter(|line| !line.starts_with("GET")).collect()
    }

    /// Forgets what it was asked.
    pub fn forget(&self) {
        self.state.lock().unwrap().asked.clear();
    }

    pub fn status(&self, user: &str) -> String {
        self.state.lock().unwrap().users.get(user).cloned().unwrap_or_default()
    }

    pub fn set_status(&self, user: &str, status: &str) {
        self.state.lock().unwrap().users.insert(user.to_owned(), status.to_owned());
    }
}

/// Okta's error body.
pub fn refusal(status: u16, code: &str, words: &str) -> Answer {
    let body = json!({"errorCode": code, "errorSummary": words, "errorId": "oae"}).to_string();
    Answer::json(status, body).header("x-okta-request-id", "okta-req-1")
}

#[async_trait]
impl Handler for Vendor {
    async fn handle(&self, request: Received) -> Answer {
        let delay = self.state.lock().unwrap().delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let _passed = self.gate.acquire().await.unwrap();
        let answer = self.answer(&request);
        let late = self.state.lock().unwrap().late;
        if request.method != "GET" && !late.is_zero() {
            tokio::time::sleep(late).await;
        }
        answer
    }
}

impl Vendor {
    fn answer(&self, request: &Received) -> Answer {
        let mut state = self.state.lock().unwrap();
        let query: Vec<String> = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let line = format!("{} {}{query}", request.method, request.path);
        state.asked.push(line.clone());
        if request.header("authorization") != Some(&format!("SSWS {SECRET}")) {
            return refusal(401, "E0000011", "Invalid token provided");
        }
        if let Some(at) = state.faults.iter().position(|(begins, _)| line.starts_with(begins))
            && let Some((_, answer)) = state.faults.remove(at)
        {
            return answer;
        }
        let path: Vec<&str> = request.path.trim_start_matches("/api/v1/").split('/').collect();
        let answer = state.route(request, &path, &self.base);
        answer
            .header("x-rate-limit-limit", "600")
            .header("x-rate-limit-remaining", "598")
            .header("x-okta-request-id", "okta-req-1")
    }
}

impl State {
    fn route(&mut self, request: &Received, path: &[&str], base: &str) -> Answer {
        let ok = |value: Value| Answer::json(200, value.to_string());
        let missing = || refusal(404, "E0000007", "Not found: Resource not found");
        match (request.method.as_str(), path) {
            ("GET", ["users"]) => self.list(request, base),
            ("GET", ["users", "me"]) => ok(self.user("u999")),
            ("GET", ["users", id]) if self.users.contains_key(*id) => ok(self.user(id)),
            ("GET", ["users", id, rest @ ..]) if self.users.contains_key(*id) => match rest {
                ["roles"] => {
                    let held = self.roles.get(*id).cloned().unwrap_or_default();
                    ok(held.iter().map(|role| json!({"id": format!("ra-{role}"), "label": role, "type": role, "status": "ACTIVE", "assignmentType": "USER"})).collect())
                }
                ["groups"] if self.members.contains(*id) => ok(json!([group()])),
                _ => ok(json!([])),
            },
            ("POST", ["users"]) => {
                let body = request.json().unwrap_or_default();
                let login = body["profile"]["login"].as_str().unwrap_or_default().to_owned();
                if login.is_empty() {
                    return refusal(400, "E0000001", "Api validation failed: login");
                }
                let id = format!("new{}", self.logins.len() + 1);
                self.users.insert(id.clone(), "PROVISIONED".into());
                self.logins.insert(login, id.clone());
                ok(self.user(&id))
            }
            ("POST", ["users", id]) if self.users.contains_key(*id) => ok(self.user(id)),
            ("POST", ["users", id, "lifecycle", what]) if self.users.contains_key(*id) => {
                let status = match *what {
                    "deactivate" => "DEPROVISIONED",
                    "suspend" => "SUSPENDED",
                    _ => "ACTIVE",
                };
                self.users.insert((*id).to_owned(), status.to_owned());
                ok(json!({}))
            }
            ("DELETE", ["users", id]) => match self.users.get(*id).map(String::as_str) {
                Some("DEPROVISIONED") => {
                    self.users.remove(*id);
                    Answer::empty(204)
                }
                Some(_) => {
                    self.users.insert((*id).to_owned(), "DEPROVISIONED".into());
                    Answer::empty(204)
                }
                None => missing(),
            },
            ("DELETE", ["users", id, "roles", role]) => {
                let role = role.trim_start_matches("ra-");
                self.roles.entry((*id).to_owned()).or_default().remove(role);
                Answer::empty(204)
            }
            ("GET", ["groups", "g1"]) => ok(group()),
            ("DELETE", ["groups", "g1", "users", id]) => {
                self.members.remove(*id);
                Answer::empty(204)
            }
            ("PUT", ["groups", "g1", "users", id]) => {
                self.members.insert((*id).to_owned());
                Answer::empty(204)
            }
            ("GET", ["groups"]) => ok(json!([group()])),
            ("GET", ["org"]) => ok(json!({"id": "o1", "companyName": "Acme"})),
            ("GET", ["iam", "assignees", "users"]) => ok(json!({"value": []})),
            _ => missing(),
        }
    }

    fn list(&self, request: &Received, base: &str) -> Answer {
        let filter = request.query("filter").unwrap_or_default().replace('+', " ");
        let filter = filter.as_str();
        if let Some((_, login)) = filter.split_once("profile.login eq \"") {
            let login = login.split('"').next().unwrap_or_default();
            let found: Vec<Value> = self.logins.get(login).map(|id| self.user(id)).into_iter().collect();
            return Answer::json(200, Value::Array(found).to_string());
        }
        let limit = request.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(200).min(200);
        let after = request.query("after").unwrap_or_default();
        let wanted = |status: &str| filter.is_empty() || filter.contains(&format!("status eq \"{status}\""));
        let all: Vec<&String> = self.users.iter().filter(|(_, status)| wanted(status)).map(|(id, _)| id).collect();
        let from = all.iter().position(|id| id.as_str() > after).unwrap_or(all.len());
        let page: Vec<&String> = all.iter().skip(from).take(limit).copied().collect();
        let body: Vec<Value> = page.iter().map(|id| self.user(id)).collect();
        let answer = Answer::json(200, Value::Array(body).to_string());
        match page.last() {
            Some(last) if from + page.len() < all.len() => {
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                query.append_pair("after", last).append_pair("limit", &limit.to_string()).append_pair("filter", filter);
                answer.header("link", format!("<{base}/api/v1/users?{}>; rel=\"next\"", query.finish()))
            }
            _ => answer,
        }
    }

    fn user(&self, id: &str) -> Value {
        let login = self.logins.iter().find(|(_, known)| *known == id).map(|(login, _)| login.clone());
        let mail = login.unwrap_or_else(|| format!("{id}@example.com"));
        json!({
            "id": id,
            "status": self.users.get(id).map_or("ACTIVE", String::as_str),
            "created": jiff::Timestamp::now().to_string(),
            "profile": {
                "firstName": "Maya", "lastName": "Ortiz", "email": mail, "login": mail,
                "padding": "x".repeat(self.padding),
            },
        })
    }
}

fn group() -> Value {
    json!({"id": "g1", "type": "OKTA_GROUP", "profile": {"name": "West Coast", "description": "all of it"}})
}
