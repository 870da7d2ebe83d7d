//! Plays the exchanges of a case, strictly in order.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use serde_json::json;

use crate::case::{ANY, BASE, Case, Exchange, Request, SECRET, Script, Values};
use crate::diff;
use crate::server::{Answer, Handler, Port, Received, StandIn};

/// The status of an answer to a request that no exchange expects: no vendor sends it.
pub const UNEXPECTED: u16 = 599;

impl StandIn {
    /// Plays a case; `secret` stands in for `{{secret}}`.
    ///
    /// # Errors
    /// Where there is no free port.
    pub async fn play(case: &Case, secret: &str) -> io::Result<Playing> {
        StandIn::play_counting(case, secret, None).await
    }

    /// The same, passing over one query parameter and noting which requests carried it.
    ///
    /// # Errors
    /// Where there is no free port.
    pub async fn play_counting(case: &Case, secret: &str, parameter: Option<&str>) -> io::Result<Playing> {
        let port = Port::take().await?;
        let base = port.base_url();
        let script = case.script.filled(&base, secret);
        let play = Arc::new(Play {
            exchanges: script.exchanges.clone(),
            parameter: parameter.map(str::to_owned),
            names: [(base, BASE), (secret.to_owned(), SECRET)],
            state: Mutex::default(),
        });
        Ok(Playing { stand_in: port.serve(play.clone()), script, play })
    }
}

/// A case that is being played.
#[derive(Debug)]
pub struct Playing {
    stand_in: StandIn,
    script: Script,
    play: Arc<Play>,
}

impl Playing {
    /// The address of the stand-in.
    pub fn base_url(&self) -> String {
        self.stand_in.base_url()
    }

    /// What the case says, address and secret filled in.
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// Ends it and says how it went.
    pub fn finish(self) -> Played {
        let mut state = self.play.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = std::mem::take(&mut *state);
        let left = self.play.exchanges.iter().enumerate().skip(state.next);
        Played {
            mismatches: state.mismatches,
            unused: left.map(|(index, exchange)| numbered(index, &exchange.request)).collect(),
            requests: state.requests,
            carried: state.carried,
        }
    }
}

/// How a case went on the wire.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// Requests that were not the next one expected, each with its differences.
    pub mismatches: Vec<String>,
    /// Exchanges that were not asked for.
    pub unused: Vec<String>,
    /// What came, in order.
    pub requests: Vec<Received>,
    /// Which of the requests carried the counted parameter.
    pub carried: Vec<usize>,
}

#[derive(Debug)]
struct Play {
    exchanges: Vec<Exchange>,
    parameter: Option<String>,
    /// Texts that are told by their name in the fixture.
    names: [(String, &'static str); 2],
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: usize,
    mismatches: Vec<String>,
    requests: Vec<Received>,
    carried: Vec<usize>,
}

#[async_trait]
impl Handler for Play {
    async fn handle(&self, mut request: Received) -> Answer {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(parameter) = &self.parameter {
            let before = request.query.len();
            request.query.retain(|(name, _)| name != parameter);
            if request.query.len() < before {
                let index = state.requests.len();
                state.carried.push(index);
            }
        }
        let next = self.exchanges.get(state.next);
        let differences = match next {
            Some(exchange) => differences(&exchange.request, &request),
            None => vec!["the fixture has no exchange left".to_owned()],
        };
        let answer = match next {
            Some(exchange) if differences.is_empty() => {
                state.next += 1;
                answer(exchange)
            }
            _ => {
                let expected = next.map(|exchange| numbered(state.next, &exchange.request));
                let differences: Vec<String> = differences.iter().map(|line| self.by_name(line)).collect();
                let text = told(&request, expected.as_deref(), &differences);
                if !state.mismatches.contains(&text) {
                    state.mismatches.push(text);
                }
                let body =
                    json!({"stand_in": "no exchange of the fixture expects this request", "differences": differences});
                Answer::json(UNEXPECTED, body.to_string())
            }
        };
        state.requests.push(request);
        answer
    }
}

impl Play {
    fn by_name(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (value, name)| text.replace(value, name))
    }
}

/// The answer that an exchange has.
pub fn answer(exchange: &Exchange) -> Answer {
    let response = &exchange.response;
    let mut answer = Answer::empty(response.status);
    answer.body = response.text.clone().unwrap_or_default().into();
    for (name, values) in &response.headers {
        for value in values.values() {
            answer = answer.header(name, value);
        }
    }
    answer
}

fn numbered(index: usize, request: &Request) -> String {
    format!("exchange {} ({} {})", index + 1, request.method, request.path)
}

fn told(request: &Received, expected: Option<&str>, differences: &[String]) -> String {
    let mut text = format!("{} {}", request.method, request.path);
    if let Some(expected) = expected {
        text.push_str(&format!(" is not {expected}"));
    }
    for difference in differences {
        text.push_str(&format!("\n    {difference}"));
    }
    text
}

/// In what a request is not the one expected; nothing where it is.
pub fn differences(expected: &Request, actual: &Received) -> Vec<String> {
    let mut lines = Vec::new();
    if expected.method != actual.method {
        lines.push(format!("method: expected {}, got {}", expected.method, actual.method));
    }
    if expected.path != actual.path {
        lines.push(format!("path: expected {}, got {}", expected.path, actual.path));
    }
    compare("query", &expected.query, &actual.query, &mut lines);
    headers(expected, actual, &mut lines);
    match (&expected.body, &expected.form) {
        (Some(body), _) => match actual.json() {
            Some(json) => lines.extend(diff::json(body, &json).into_iter().map(|line| format!("body {line}"))),
            None => lines.push(format!("body: expected JSON, got {}", brief(actual))),
        },
        (None, Some(form)) => {
            let fields: Vec<(String, String)> = url::form_urlencoded::parse(&actual.body).into_owned().collect();
            compare("form", form, &fields, &mut lines);
        }
        (None, None) if !actual.body.is_empty() => lines.push(format!("body: expected none, got {}", brief(actual))),
        (None, None) => {}
    }
    lines
}

/// Compares all values, by name; the order counts among those of one name.
fn compare(what: &str, expected: &Values, actual: &[(String, String)], lines: &mut Vec<String>) {
    let mut got: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in actual {
        got.entry(name).or_default().push(value);
    }
    for (name, wanted) in expected {
        match got.remove(name.as_str()) {
            Some(values) if agree(wanted.values(), &values) => {}
            Some(values) => lines.push(format!("{what} `{name}`: expected {:?}, got {values:?}", wanted.values())),
            None => lines.push(format!("{what} `{name}`: missing, expected {:?}", wanted.values())),
        }
    }
    lines.extend(got.iter().map(|(name, values)| format!("{what} `{name}`: not expected, got {values:?}")));
}

fn agree(wanted: &[String], got: &[&str]) -> bool {
    wanted.len() == got.len()
        && wanted.iter().zip(got).all(|(wanted, got)| wanted == got || wanted == ANY && !got.is_empty())
}

fn headers(expected: &Request, actual: &Received, lines: &mut Vec<String>) {
    let mut names_authorization = false;
    for (name, wanted) in &expected.headers {
        names_authorization |= name.eq_ignore_ascii_case("authorization");
        let got: Vec<&str> =
            actual.headers.get_all(name.as_str()).iter().filter_map(|value| value.to_str().ok()).collect();
        let wanted = if wanted.values() == [""] { &[] } else { wanted.values() };
        if !agree(wanted, &got) {
            lines.push(format!("header `{name}`: expected {wanted:?}, got {got:?}"));
        }
    }
    if !names_authorization && actual.header("authorization").is_none_or(str::is_empty) {
        lines.push("header `authorization`: missing (a fixture without it says `authorization = \"\"`)".to_owned());
    }
}

fn brief(actual: &Received) -> String {
    match String::from_utf8_lossy(&actual.body).chars().take(200).collect::<String>() {
        text if text.is_empty() => "none".into(),
        text => format!("`{text}`"),
    }
}
