//! Looks for the account's secrets in everything that comes out of a call.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde_json::Value;
use userdir::observer::{Exchange, Observer, Verdict, WriteOutcome, WriteStep};
use userdir::{Error, Result, async_trait};
use userdir_stand_in::Script;

/// What stands in for `{{secret}}`: long enough to be found, and nothing that could stand there by chance.
pub(crate) const CANARY: &str = "canary-7Qd2xVb9-secret";

/// Shorter secrets could stand anywhere by chance.
const SHORTEST: usize = 8;

/// The texts that must not be seen.
#[derive(Debug)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// The canary, the secrets of the account, a new user's password, and the tokens that the vendor gives.
    pub fn of(script: &Script) -> Secrets {
        let mut texts = vec![CANARY.to_owned()];
        let given = script.account.iter().flat_map(|account| account.secrets.values());
        // of a key in several lines each line is one secret; its first and last are public
        texts.extend(
            given.flat_map(|secret| secret.lines()).filter(|line| !line.starts_with("-----")).map(str::to_owned),
        );
        texts.extend(script.call.input.get("password").and_then(Value::as_str).map(str::to_owned));
        for exchange in &script.exchanges {
            let answer: Value =
                exchange.response.text.as_deref().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
            let tokens =
                ["access_token", "refresh_token", "id_token"].map(|name| answer.get(name).and_then(Value::as_str));
            texts.extend(tokens.into_iter().flatten().map(str::to_owned));
        }
        texts.retain(|text| text.len() >= SHORTEST);
        let encoded: Vec<String> = texts.iter().flat_map(|text| in_base64(text)).collect();
        texts.extend(encoded);
        Secrets(texts)
    }

    /// Says so where a text holds one.
    pub fn find(&self, what: &str, text: &str) -> Option<String> {
        self.0.iter().any(|secret| text.contains(secret)).then(|| format!("a secret is seen in {what}"))
    }

    /// The same for all that an error says to anybody.
    pub fn find_in_error(&self, error: &Error) -> Vec<String> {
        let mut texts =
            vec![("the error's message", error.to_string()), ("the error's `Debug`", format!("{error:#?}"))];
        texts.push(("the error's hint", error.next_step().unwrap_or_default().to_owned()));
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            texts.push(("the error's cause", format!("{error} {error:?}")));
            cause = error.source();
        }
        if let Some(answer) = error.vendor() {
            let said = format!("{:?} {:?} {:?}", answer.code, answer.message, answer.headers);
            texts.push(("the vendor's answer", said + &String::from_utf8_lossy(&answer.body)));
        }
        texts.iter().filter_map(|(what, text)| self.find(what, text)).collect()
    }
}

/// How a text looks inside a longer one that is written as base64: it may begin at each of three places.
fn in_base64(text: &str) -> Vec<String> {
    let inside = |shift: usize| {
        let encoded = STANDARD_NO_PAD.encode([" ".repeat(shift).as_str(), text].concat());
        // the letters at either end depend on the neighbours
        let from = [0, 2, 3].get(shift).copied().unwrap_or_default();
        let to = (shift + text.len()) * 8 / 6;
        encoded.get(from..to).map(str::to_owned)
    };
    (0..3).filter_map(inside).collect()
}

/// Watches a call and keeps all that observers are shown.
#[derive(Default)]
pub(crate) struct Watcher {
    texts: Mutex<Vec<(&'static str, String)>>,
    writes: Mutex<Vec<WriteStep>>,
    taken: Mutex<BTreeSet<u32>>,
}

impl Watcher {
    fn keep(&self, what: &'static str, text: String) {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).push((what, text));
    }

    /// What was shown.
    pub fn texts(&self) -> Vec<(&'static str, String)> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The writes, in order.
    pub fn writes(&self) -> Vec<WriteStep> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Numbers of the writes that the vendor took.
    pub fn taken(&self) -> BTreeSet<u32> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Observer for Watcher {
    async fn before_write(&self, step: &WriteStep) -> Result<Verdict> {
        self.keep(
            "a write shown to observers",
            format!("{step:?} {}", serde_json::to_string(step).unwrap_or_default()),
        );
        self.writes.lock().unwrap_or_else(PoisonError::into_inner).push(step.clone());
        Ok(Verdict::Send)
    }

    async fn after_write(&self, step: &WriteStep, outcome: WriteOutcome<'_>) {
        if matches!(outcome, WriteOutcome::Sent { .. }) {
            self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(step.step);
        }
    }

    fn wants_exchanges(&self) -> bool {
        true
    }

    fn exchange(&self, exchange: Exchange) {
        let text = format!("{exchange:?} {}", String::from_utf8_lossy(&exchange.response_body));
        self.keep("an exchange shown to observers", text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_base64_wherever_it_begins() {
        for before in ["", "a", "ab", "abc", "admin:"] {
            for after in ["", "x", "xy", "xyz"] {
                let encoded = STANDARD_NO_PAD.encode(format!("{before}{CANARY}{after}"));
                assert!(in_base64(CANARY).iter().any(|part| encoded.contains(part)), "{before} {after}");
            }
        }
        assert!(in_base64(CANARY).iter().all(|part| part.len() > 20));
    }
}
