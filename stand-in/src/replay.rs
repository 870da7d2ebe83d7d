//! Replays all fixtures of a provider at once, for people to try things out: any request that some case shows is answered
//! as that case has it, in whatever order it comes.
//!
//! Where several cases show a request, the one is taken whose requests before it are those that just came. A write goes on
//! in the case that shows it, so that the reading after it sees the change; and from then on the same
//! reading is answered the same way, until another write changes it. What no case shows is answered 501. A vendor with a
//! memory may be asked before: what it does not know is replayed.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::case::{ANY, Account, Case, Exchange, Request, Script, Values};
use crate::diff;
use crate::fixtures::Fixtures;
use crate::memory::Stage;
use crate::play::answer;
use crate::server::{Answer, Handler, Port, Received, StandIn};

/// Actions that come before others: what they take away is there in the beginning, and what others give is not.
const TAKING: &[&str] = &["remove_user_from_group", "unassign_role", "deactivate_user", "downgrade_user"];

/// A provider's fixtures, played in any order.
#[derive(Debug)]
pub struct Replaying {
    stand_in: StandIn,
    account: Account,
}

impl Replaying {
    /// The address of the stand-in.
    pub fn base_url(&self) -> String {
        self.stand_in.base_url()
    }

    /// How to connect to it.
    pub fn account(&self) -> &Account {
        &self.account
    }
}

impl StandIn {
    /// Replays these fixtures to whoever connects as `account.toml` says; `secret` stands in for `{{secret}}`. `memory` is
    /// asked before them.
    ///
    /// # Errors
    /// Where there is no free port.
    pub async fn replay(fixtures: &Fixtures, secret: &str, memory: Option<Arc<Stage>>) -> std::io::Result<Replaying> {
        let port = Port::take().await?;
        let base = port.base_url();
        let scripts: Vec<(&Case, Script)> = fixtures
            .cases
            .iter()
            .filter(|case| is_replayed(case, fixtures.account.as_ref()))
            .map(|case| (case, case.script.filled(&base, secret)))
            .collect();
        let account = fixtures.account.as_ref().map(|account| account.filled(&base, secret)).unwrap_or_default();
        let replay = Arc::new(Replay { memory, ..Replay::new(&scripts) });
        Ok(Replaying { stand_in: port.serve(replay), account })
    }
}

/// Whether a case shows how the vendor answers when all is well, to the account that everybody uses.
fn is_replayed(case: &Case, account: Option<&Account>) -> bool {
    let call = &case.script.call;
    let is_plain = call.remote_data.is_empty() && call.remote_query.is_empty() && call.without_fields.is_empty();
    let is_well = case.script.exchanges.iter().all(|it| !matches!(it.response.status, 401 | 403 | 429 | 500..));
    case.is_success() && !call.plan && is_plain && is_well && case.script.account.as_ref() == account
}

/// Where an exchange stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    case: usize,
    at: usize,
}

#[derive(Debug)]
struct Played {
    exchanges: Vec<Exchange>,
    is_read: bool,
    /// From which exchange on the case has changed something; none for reads.
    changes_at: Option<usize>,
    /// Cases to try first have the lowest.
    rank: (u8, String),
}

/// The handler.
#[derive(Debug)]
struct Replay {
    memory: Option<Arc<Stage>>,
    cases: Vec<Played>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Where the case of the last write goes on; several where it may be one of several.
    going: Vec<Place>,
    /// Readings that a write has changed.
    changed: HashMap<String, Place>,
    /// What came last, the newest at the end.
    before: VecDeque<Received>,
}

/// Requests that are remembered: more than any case has.
const REMEMBERED: usize = 64;

impl Replay {
    fn new(scripts: &[(&Case, Script)]) -> Replay {
        let is_read = |case: &Case| case.action.starts_with("list_") || case.action.starts_with("get_");
        let named = |request: &Request| (request.method.clone(), request.path.clone());
        let reads: BTreeSet<(String, String)> = scripts
            .iter()
            .filter(|(case, _)| is_read(case))
            .flat_map(|(_, script)| script.exchanges.iter().map(|exchange| named(&exchange.request)))
            .collect();
        let changes = |exchange: &Exchange| {
            exchange.request.method != "GET"
                && !reads.contains(&named(&exchange.request))
                && !is_token(&exchange.request)
        };
        let cases = scripts.iter().map(|(case, script)| {
            let is_read = is_read(case);
            let changes_at = if is_read { None } else { script.exchanges.iter().position(changes) };
            let is_usual = case.name == "normal" || case.name == "two-pages";
            let is_taking = TAKING.contains(&case.action.as_str());
            let rank = u8::from(!is_usual) * 4 + u8::from(!is_read) * 2 + u8::from(!is_taking);
            let rank = (rank, format!("{}/{}", case.action, case.name));
            Played { exchanges: script.exchanges.clone(), is_read, changes_at, rank }
        });
        let mut cases: Vec<Played> = cases.collect();
        cases.sort_by(|a, b| a.rank.cmp(&b.rank));
        Replay { memory: None, cases, state: Mutex::default() }
    }

    fn exchange(&self, place: Place) -> Option<&Exchange> {
        self.cases.get(place.case)?.exchanges.get(place.at)
    }

    fn fits(&self, place: Place, request: &Received) -> Option<usize> {
        let is_read = self.cases.get(place.case)?.is_read;
        fits(&self.exchange(place)?.request, request, is_read)
    }

    /// The exchanges that may answer a request, the best first.
    fn find(&self, state: &State, request: &Received) -> Vec<Place> {
        let is_it = |place: &Place| self.fits(*place, request).is_some();
        let going: Vec<Place> = state.going.iter().copied().filter(is_it).collect();
        if !going.is_empty() {
            return going;
        }
        if let Some(changed) = state.changed.get(&signature(request)) {
            return vec![*changed];
        }
        let places = self.cases.iter().enumerate().flat_map(|(case, played)| {
            // what comes after a change is not so before it
            let end = played.changes_at.map_or(played.exchanges.len(), |at| at + 1);
            (0..end.min(played.exchanges.len())).map(move |at| Place { case, at })
        });
        let fitting = places.filter_map(|place| Some(((self.fits(place, request)?, self.led_to(place, state)), place)));
        let fitting: Vec<_> = fitting.collect();
        let best = fitting.iter().map(|(how, _)| *how).max();
        fitting.into_iter().filter(|(how, _)| Some(*how) == best).map(|(_, place)| place).collect()
    }

    /// Whether a case has changed something when it has come so far.
    fn has_changed(&self, place: Place) -> bool {
        self.cases.get(place.case).and_then(|played| played.changes_at).is_some_and(|at| place.at >= at)
    }

    /// How many of the exchanges before it were just played.
    fn led_to(&self, place: Place, state: &State) -> usize {
        let earlier = (0..place.at).rev().map(|at| Place { at, ..place });
        earlier.zip(state.before.iter().rev()).take_while(|(place, came)| self.fits(*place, came).is_some()).count()
    }
}

#[async_trait]
impl Handler for Replay {
    async fn handle(&self, request: Received) -> Answer {
        if let Some(memory) = &self.memory {
            let answer = memory.handle(request.clone()).await;
            if answer.status != 501 {
                return answer;
            }
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let found = self.find(&state, &request);
        state.before.push_back(request.clone());
        if state.before.len() > REMEMBERED {
            state.before.pop_front();
        }
        let Some((place, exchange)) = found.first().and_then(|place| Some((*place, self.exchange(*place)?))) else {
            let what = format!("the stand-in knows no answer to {} {}", request.method, request.path);
            let body =
                json!({ "message": what, "hint": "it replays the provider's fixtures; use ids that its lists show" });
            return Answer::json(501, body.to_string());
        };
        if self.has_changed(place) {
            if request.method == "GET" {
                state.changed.insert(signature(&request), place);
            }
            let further = found.iter().filter(|place| self.has_changed(**place));
            state.going = further.map(|place| Place { at: place.at + 1, ..*place }).collect();
        }
        answer(exchange)
    }
}

/// What makes two readings the same.
fn signature(request: &Received) -> String {
    let query: Vec<String> = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let body = String::from_utf8_lossy(&request.body);
    format!("{} {}?{} {body}", request.method, request.path, query.join("&"))
}

/// Whether it asks for a token.
fn is_token(request: &Request) -> bool {
    let has = |name: &str| {
        request.form.as_ref().is_some_and(|form| form.contains_key(name))
            || request.body.as_ref().and_then(Value::as_object).is_some_and(|body| body.contains_key(name))
    };
    has("grant_type") || has("client_secret")
}

/// How well a request is the one of an exchange: the number of values that are the same; none where it is another.
/// Numbers in the query may differ, and those in the body of a reading: they are sizes of pages.
fn fits(expected: &Request, actual: &Received, is_read: bool) -> Option<usize> {
    if expected.method != actual.method || expected.path != actual.path || !agree(&expected.query, &actual.query) {
        return None;
    }
    let in_body = match (&expected.body, &expected.form) {
        (Some(body), _) if is_read => agrees(body, &actual.json()?)?,
        (Some(body), _) => diff::json(body, &actual.json()?).is_empty().then_some(0)?,
        (None, Some(form)) => {
            let fields: Vec<(String, String)> = url::form_urlencoded::parse(&actual.body).into_owned().collect();
            agree(form, &fields).then_some(0)?
        }
        (None, None) => actual.body.is_empty().then_some(0)?,
    };
    let same = |(name, value): &&(String, String)| {
        expected.query.get(name).is_some_and(|wanted| wanted.values().contains(value))
    };
    Some(in_body + actual.query.iter().filter(same).count())
}

/// The same of two bodies.
fn agrees(expected: &Value, actual: &Value) -> Option<usize> {
    match (expected, actual) {
        (Value::Number(_), Value::Number(_)) => Some(usize::from(expected == actual)),
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            expected.iter().zip(actual).map(|(wanted, got)| agrees(wanted, got)).sum()
        }
        (Value::Object(expected), Value::Object(actual)) if expected.len() == actual.len() => {
            expected.iter().map(|(name, wanted)| agrees(wanted, actual.get(name)?)).sum()
        }
        _ => (expected == actual).then_some(0),
    }
}

fn agree(expected: &Values, actual: &[(String, String)]) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let wanted: Vec<(&str, &str)> = expected
        .iter()
        .flat_map(|(name, values)| values.values().iter().map(move |value| (name.as_str(), value.as_str())))
        .collect();
    let same = |(name, wanted): &(&str, &str), got: &(String, String)| {
        *name == got.0 && (*wanted == got.1 || *wanted == ANY || is_number(wanted) && is_number(&got.1))
    };
    wanted.len() == actual.len()
        && wanted.iter().all(|wanted| actual.iter().any(|got| same(wanted, got)))
        && actual.iter().all(|got| wanted.iter().any(|wanted| same(wanted, got)))
}
