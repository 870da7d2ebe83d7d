//! The vendor to which it happens: plays the exchanges of a case in order, but for the one that is struck.

use std::sync::{Mutex, PoisonError};

use userdir_stand_in::case::{Exchange, Script};
use userdir_stand_in::play::{self, UNEXPECTED};
use userdir_stand_in::{Answer, Handler, Received, async_trait};

use super::Spoil;
use super::interruption::Interruption;

/// What the vendor saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// All requests.
    pub requests: Vec<Received>,
    /// Requests that no exchange of the case expects.
    pub strange: Vec<String>,
    /// How often the struck exchange was asked for, before it was answered well.
    pub struck: usize,
    /// Requests that came to a foreign host.
    pub elsewhere: usize,
    /// The exchanges, address and secret filled in.
    exchanges: Vec<Exchange>,
}

impl Seen {
    /// The exchange at this place, address and secret filled in.
    pub fn filled(&self, at: usize) -> Option<&Exchange> {
        self.exchanges.get(at)
    }
}

/// The vendor.
pub(super) struct Struck {
    exchanges: Vec<Exchange>,
    /// What happens, where, and the answer then.
    spoil: Option<(&'static Interruption, usize, Answer)>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: usize,
    seen: Seen,
}

impl Struck {
    pub fn new(script: &Script, spoil: &Spoil, foreign: &str) -> Struck {
        let spoil = match spoil {
            Spoil::Interrupted(interruption, at) => script
                .exchanges
                .get(*at)
                .and_then(|exchange| Some((*interruption, *at, (interruption.answer)(exchange, foreign)?))),
            Spoil::Rewritten(_) => None,
        };
        Struck { exchanges: script.exchanges.clone(), spoil, state: Mutex::default() }
    }

    /// What was seen; to be asked at the end.
    pub fn seen(&self) -> Seen {
        let seen = std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).seen);
        Seen { exchanges: self.exchanges.clone(), ..seen }
    }

    fn fits(&self, at: usize, request: &Received) -> bool {
        self.exchanges.get(at).is_some_and(|exchange| play::differences(&exchange.request, request).is_empty())
    }

    /// The exchange that answers a request: the next one; once something has happened, one that comes later, such as the
    /// reading that settles a lost answer, or one that came before, such as the fetch of a token.
    fn find(&self, state: &State, request: &Received) -> Option<usize> {
        if self.fits(state.next, request) {
            return Some(state.next);
        }
        let (interruption, at, _) = self.spoil.as_ref()?;
        if state.seen.struck == 0 {
            return None;
        }
        // nothing was answered since, so nothing has changed
        if state.next <= *at && self.fits(*at, request) {
            return Some(*at);
        }
        let mut later = (at + 1..self.exchanges.len()).filter(|place| self.fits(*place, request));
        let mut before = (0..=*at).rev().filter(|place| self.fits(*place, request));
        match interruption.is_unread() || interruption.refuses() {
            true => before.next().or_else(|| later.next()),
            false => later.next().or_else(|| before.next()),
        }
    }

    /// Whether the next request is one that the vendor must not read.
    fn is_deaf(&self, state: &State) -> bool {
        let unread = self.spoil.as_ref().filter(|(interruption, _, _)| interruption.is_unread());
        unread.is_some_and(|(_, at, _)| *at == state.next && state.seen.struck == 0)
    }
}

#[async_trait]
impl Handler for Struck {
    async fn handle(&self, request: Received) -> Answer {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let found = self.find(&state, &request);
        state.seen.requests.push(request.clone());
        let Some(place) = found else {
            state.seen.strange.push(format!("{} {}", request.method, request.path));
            return Answer::json(UNEXPECTED, "{}");
        };
        if let Some((interruption, at, answer)) = &self.spoil
            && *at == place
            && !interruption.is_unread()
            && (state.seen.struck == 0 || !interruption.once)
        {
            state.seen.struck += 1;
            return answer.clone();
        }
        state.next = state.next.max(place + 1);
        let answer = self.exchanges.get(place).map_or_else(|| Answer::empty(UNEXPECTED), play::answer);
        // so that the next request needs a connection, which is not taken
        if self.is_deaf(&state) { answer.header("connection", "close") } else { answer }
    }

    fn admits(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_deaf(&state) {
            state.seen.struck += 1;
            return false;
        }
        true
    }
}

/// A host that has nothing to do with the account.
#[derive(Default)]
pub(super) struct Bystander(Mutex<usize>);

impl Bystander {
    pub fn requests(&self) -> usize {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Handler for Bystander {
    async fn handle(&self, _request: Received) -> Answer {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Answer::json(200, "[]")
    }
}
