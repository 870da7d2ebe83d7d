//! Own limits: requests in a time per token and per account, tries of a link, and requests under way, in all and per
//! account.
//!
//! A rate of N in ten seconds refills as time goes by, and N may come at once: a caller that was quiet gets up to twice N
//! through in the ten seconds after, and N from then on.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::header::HeaderName;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::config::Limits;
use crate::problem::Problem;

/// The time that rates are counted in.
const WINDOW: Duration = Duration::from_secs(10);
/// Tries of one link, and the time that they are counted in: each asks the vendor, for somebody who has no token.
const LINK_TRIES: (NonZeroU32, Duration) = (NonZeroU32::MIN.saturating_add(9), Duration::from_secs(600));
/// Accounts remembered before those without a request are forgotten.
const ACCOUNTS: usize = 1024;

/// Lists of all pages in one answer that are held at once.
const WHOLE_LISTS: usize = 4;
/// Large bodies that are held at once before it is known which account they are for.
const LARGE_BODIES: usize = 16;

/// The limits of one server.
pub struct Limiter {
    tokens: Option<Rate>,
    accounts: Option<Rate>,
    links: Rate,
    slots: Mutex<HashMap<Uuid, Arc<Slots>>>,
    most: usize,
    all: Arc<Semaphore>,
    whole_lists: Arc<Semaphore>,
    large_bodies: Arc<Semaphore>,
}

/// Requests in a time for each of several callers.
struct Rate {
    limiter: DefaultKeyedRateLimiter<Uuid>,
    most: NonZeroU32,
    window: Duration,
}

/// Requests of one account under way, and those that wait to be.
struct Slots {
    running: Arc<Semaphore>,
    waiting: Semaphore,
}

/// The right to be under way; given back when it is dropped.
#[derive(Debug)]
pub struct Permit {
    _held: OwnedSemaphorePermit,
}

impl Limiter {
    /// With these bounds.
    pub fn new(limits: &Limits) -> Limiter {
        Limiter {
            tokens: limits.token_rate.map(|most| Rate::new(most, WINDOW)),
            accounts: limits.account_rate.map(|most| Rate::new(most, WINDOW)),
            links: Rate::new(LINK_TRIES.0, LINK_TRIES.1),
            slots: Mutex::default(),
            most: limits.account_in_flight.max(1),
            all: Arc::new(Semaphore::new(limits.in_flight)),
            whole_lists: Arc::new(Semaphore::new(WHOLE_LISTS)),
            large_bodies: Arc::new(Semaphore::new(LARGE_BODIES)),
        }
    }

    /// Counts a request of a token.
    ///
    /// # Errors
    /// 429.
    pub fn token(&self, token: Uuid) -> Result<(), Problem> {
        self.tokens.as_ref().map_or(Ok(()), |rate| rate.check(token, "token"))
    }

    /// Counts a try of a link.
    ///
    /// # Errors
    /// 429.
    pub fn link(&self, secret: &str) -> Result<(), Problem> {
        // its hash stands for it: the value itself is kept nowhere
        let mut id = [0; 16];
        id.iter_mut().zip(Sha256::digest(secret)).for_each(|(to, from)| *to = from);
        self.links.check(Uuid::from_bytes(id), "link")
    }

    /// Counts a request to an account, and waits until it may be under way. As many as may be under way may wait, so that
    /// an account with a slow vendor cannot take up the whole server.
    ///
    /// # Errors
    /// 429.
    pub async fn account(&self, account: Uuid, longest: Duration) -> Result<Permit, Problem> {
        self.accounts.as_ref().map_or(Ok(()), |rate| rate.check(account, "account"))?;
        let slots = self.slots(account);
        if let Ok(held) = slots.running.clone().try_acquire_owned() {
            return Ok(Permit { _held: held });
        }
        let busy = || Problem::too_many("too many requests to this account are under way", Duration::from_secs(1));
        let _place = slots.waiting.try_acquire().map_err(|_| busy())?;
        match tokio::time::timeout(longest, slots.running.clone().acquire_owned()).await {
            Ok(Ok(held)) => Ok(Permit { _held: held }),
            _ => Err(busy()),
        }
    }

    /// Takes one of the places of the whole server.
    ///
    /// # Errors
    /// 429 where there is none: whoever is under way shall end first.
    pub fn enter(&self) -> Result<Permit, Problem> {
        let held = self.all.clone().try_acquire_owned();
        let held = held.map_err(|_| Problem::too_many("the server is busy", Duration::from_secs(1)))?;
        Ok(Permit { _held: held })
    }

    /// Takes one of the few places for lists of all pages in one answer, which are held in memory until they are whole.
    ///
    /// # Errors
    /// 429.
    pub fn whole_list(&self) -> Result<Permit, Problem> {
        let held = self.whole_lists.clone().try_acquire_owned().map_err(|_| {
            Problem::too_many("too many lists of all pages are under way", Duration::from_secs(5))
                .hint("ask for it with `truto_response_format=stream`")
        })?;
        Ok(Permit { _held: held })
    }

    /// Takes one of the few places for large bodies that have to be read before it is known which account they are for.
    ///
    /// # Errors
    /// 429.
    pub fn large_body(&self) -> Result<Permit, Problem> {
        let held = self.large_bodies.clone().try_acquire_owned().map_err(|_| {
            Problem::too_many("too many large bodies are under way", Duration::from_secs(1))
                .hint("name the account in the query")
        })?;
        Ok(Permit { _held: held })
    }

    /// Forgets who has not asked for a while; to be called now and then.
    pub fn tidy(&self) {
        for rate in [self.tokens.as_ref(), self.accounts.as_ref(), Some(&self.links)].into_iter().flatten() {
            rate.limiter.retain_recent();
        }
    }

    fn slots(&self, account: Uuid) -> Arc<Slots> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= ACCOUNTS {
            let most = self.most;
            slots.retain(|_, slots| Arc::strong_count(slots) > 1 || slots.running.available_permits() < most);
        }
        let new =
            || Arc::new(Slots { running: Arc::new(Semaphore::new(self.most)), waiting: Semaphore::new(self.most) });
        slots.entry(account).or_insert_with(new).clone()
    }
}

impl Rate {
    fn new(most: NonZeroU32, window: Duration) -> Rate {
        let one = window / most.get();
        let quota = Quota::with_period(one).unwrap_or(Quota::per_second(most)).allow_burst(most);
        Rate { limiter: DefaultKeyedRateLimiter::keyed(quota), most, window }
    }

    fn check(&self, key: Uuid, of: &str) -> Result<(), Problem> {
        let Err(not_until) = self.limiter.check_key(&key) else { return Ok(()) };
        let pause = not_until.wait_time_from(DefaultClock::default().now());
        let (seconds, most) = (self.window.as_secs(), self.most);
        let problem = Problem::too_many(format!("more than {most} requests in {seconds} seconds by one {of}"), pause);
        Err(problem
            .header(HeaderName::from_static("ratelimit-limit"), &format!("{most};w={seconds}"))
            .header(HeaderName::from_static("ratelimit-remaining"), "0")
            .header(HeaderName::from_static("ratelimit-reset"), &pause.as_secs().saturating_add(1).to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(change: impl FnOnce(&mut Limits)) -> Limiter {
        let mut limits = Limits::default();
        change(&mut limits);
        Limiter::new(&limits)
    }

    #[test]
    fn each_token_has_a_rate_of_its_own() {
        let limiter = limiter(|limits| limits.token_rate = NonZeroU32::new(3));
        let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
        for _ in 0..3 {
            limiter.token(a).unwrap();
        }
        assert_eq!(limiter.token(a).unwrap_err().status(), 429);
        limiter.token(b).unwrap();
    }

    #[test]
    fn a_link_is_tried_so_often() {
        let limiter = limiter(|limits| limits.token_rate = None);
        for _ in 0..LINK_TRIES.0.get() {
            limiter.link("udl_one").unwrap();
        }
        assert_eq!(limiter.link("udl_one").unwrap_err().status(), 429);
        limiter.link("udl_other").unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_takes_up_its_own_places_alone() {
        let limiter = limiter(|limits| (limits.account_in_flight, limits.account_rate) = (2, None));
        let (slow, other) = (Uuid::new_v4(), Uuid::new_v4());
        let soon = Duration::from_secs(1);
        let held = [limiter.account(slow, soon).await.unwrap(), limiter.account(slow, soon).await.unwrap()];
        limiter.account(other, soon).await.unwrap();
        // two may wait, a third one may not
        let (first, second, third) =
            tokio::join!(limiter.account(slow, soon), limiter.account(slow, soon), limiter.account(slow, soon));
        assert!(first.is_err() && second.is_err() && third.is_err());
        drop(held);
        limiter.account(slow, soon).await.unwrap();
    }
}
