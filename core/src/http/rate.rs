//! Rate limits: what the vendor's headers say, and waiting before it has to say no.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use reqwest::header::HeaderMap;

/// How a vendor tells of its limits.
#[derive(Debug)]
pub struct RateHeaders {
    /// Requests left in the window.
    pub remaining: &'static str,
    /// When the window ends.
    pub reset: &'static str,
    /// How `reset` is written.
    pub reset_as: Reset,
    /// How long to wait after a 429; `Retry-After` of RFC 9110 is read in any case.
    pub retry_after: Option<(&'static str, Reset)>,
}

/// How a time to wait until is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// Seconds since 1970.
    EpochSeconds,
    /// Milliseconds since 1970.
    EpochMillis,
    /// Seconds from now.
    Seconds,
    /// Milliseconds from now.
    Millis,
    /// A date, as in HTTP headers (RFC 9110) and mail (RFC 5322).
    Date,
}

impl RateHeaders {
    /// The names most vendors use: `X-RateLimit-Remaining` and `X-RateLimit-Reset` in epoch seconds.
    pub const COMMON: RateHeaders = RateHeaders {
        remaining: "x-ratelimit-remaining",
        reset: "x-ratelimit-reset",
        reset_as: Reset::EpochSeconds,
        retry_after: None,
    };

    /// None but `Retry-After`.
    pub const NONE: RateHeaders =
        RateHeaders { remaining: "", reset: "", reset_as: Reset::EpochSeconds, retry_after: None };

    /// What an answer's headers say, given the time of day.
    pub(crate) fn read(&self, headers: &HeaderMap, now: Timestamp) -> Rate {
        // A vendor's epoch is its own clock's: compare it with the `Date` it sends.
        let now = header(headers, "date").and_then(http_date).unwrap_or(now);
        let reset = header(headers, self.reset).and_then(|text| self.reset_as.pause(text, now));
        let own = self.retry_after.and_then(|(name, form)| form.pause(header(headers, name)?, now));
        Rate {
            remaining: header(headers, self.remaining)
                .and_then(|text| text.parse::<f64>().ok())
                .map(|n| n.max(0.0) as u64),
            reset,
            retry_after: retry_after(headers, now).or(own),
        }
    }
}

/// What one answer says of limits, whatever the vendor writes it as.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rate {
    /// Requests left in the window.
    pub remaining: Option<u64>,
    /// Time until the window ends.
    pub reset: Option<Duration>,
    /// How long the vendor asks to wait.
    pub retry_after: Option<Duration>,
}

impl Rate {
    /// How long to wait after a refusal: as the vendor asks, or until the window ends.
    pub fn pause(&self) -> Option<Duration> {
        self.retry_after.or(self.reset)
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// `Retry-After`: seconds (some vendors write a fraction) or a date (some write it as RFC 3339).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = header(headers, "retry-after")?;
    match text.parse::<f64>() {
        Ok(seconds) => seconds_from_now(seconds),
        Err(_) => http_date(text).or_else(|| text.parse().ok()).map(|then| until(then, now)),
    }
}

fn seconds_from_now(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds.max(0.0)).ok()
}

fn http_date(text: &str) -> Option<Timestamp> {
    httpdate::parse_http_date(text).ok().and_then(|time| Timestamp::try_from(time).ok())
}

fn until(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(then.duration_since(now)).unwrap_or(Duration::ZERO)
}

impl Reset {
    fn pause(self, text: &str, now: Timestamp) -> Option<Duration> {
        if self == Reset::Date {
            return http_date(text).map(|then| until(then, now));
        }
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite())?;
        match self {
            Reset::Seconds => seconds_from_now(number),
            Reset::Millis => seconds_from_now(number / 1e3),
            Reset::EpochSeconds => Timestamp::from_second(number as i64).ok().map(|then| until(then, now)),
            Reset::EpochMillis => Timestamp::from_millisecond(number as i64).ok().map(|then| until(then, now)),
            Reset::Date => None,
        }
    }
}

/// Holds requests back while the vendor's window is used up. One for each account; windows are kept by endpoint.
#[derive(Debug, Default)]
pub(crate) struct Pacer {
    /// When each endpoint is open again, by the clock's monotonic reading.
    closed: Mutex<HashMap<String, Duration>>,
}

/// Endpoints remembered at most; the keys are path templates, so there are few.
const ENDPOINTS: usize = 256;

impl Pacer {
    /// How long to wait before a request to this endpoint.
    pub fn wait(&self, endpoint: &str, now: Duration) -> Duration {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        closed.get(endpoint).map_or(Duration::ZERO, |until| until.saturating_sub(now))
    }

    /// Learns from an answer: nothing left means closed until the window ends.
    pub fn observe(&self, endpoint: &str, rate: &Rate, now: Duration) {
        let (Some(0), Some(reset)) = (rate.remaining, rate.reset) else { return };
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if closed.len() >= ENDPOINTS {
            closed.retain(|_, until| *until > now);
        }
        closed.insert(endpoint.to_owned(), now.saturating_add(reset));
    }
}

/// The pause before another try: what the vendor asks for, and jitter on top, so that many workers do not wake
/// together. Without a hint: exponential from half a second to thirty, at full jitter.
pub(crate) fn back_off(attempt: u32, hint: Option<Duration>, random: f64) -> Duration {
    match hint {
        Some(hint) => hint.saturating_add(Duration::from_millis(500).mul_f64(random)),
        None => {
            let most = Duration::from_millis(500).saturating_mul(1 << attempt.min(6)).min(Duration::from_secs(30));
            Duration::from_millis(50) + most.mul_f64(random)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        for (text, seconds) in [
            ("1", 1.0),
            ("0", 0.0),
            ("1.5", 1.5),
            ("-3", 0.0),
            ("Fri, 15 Jan 2027 08:00:30 GMT", 30.0),
            ("2027-01-15T08:00:30Z", 30.0),
        ] {
            let rate = RateHeaders::COMMON.read(&headers(&[("retry-after", text)]), NOW);
            assert_eq!(rate.pause(), Some(Duration::from_secs_f64(seconds)), "{text}");
        }
        assert_eq!(RateHeaders::COMMON.read(&headers(&[("retry-after", "soon")]), NOW).pause(), None);
    }

    #[test]
    fn what_the_vendor_asks_for_counts_before_the_end_of_the_window() {
        let both = headers(&[("retry-after", "2"), ("x-ratelimit-reset", "1800000030")]);
        assert_eq!(RateHeaders::COMMON.read(&both, NOW).pause(), Some(Duration::from_secs(2)));
    }

    #[test]
    fn resets_are_read_in_every_form() {
        for (form, text, seconds) in [
            (Reset::EpochSeconds, "1800000012", 12),
            (Reset::EpochMillis, "1800000012000", 12),
            (Reset::Seconds, "12", 12),
            (Reset::Millis, "12000", 12),
            (Reset::EpochSeconds, "1700000000", 0),
            (Reset::Date, "Fri, 15 Jan 2027 08:00:12 GMT", 12),
        ] {
            assert_eq!(form.pause(text, NOW), Some(Duration::from_secs(seconds)), "{form:?}");
        }
        assert_eq!(Reset::EpochSeconds.pause("NaN", NOW), None);
    }

    #[test]
    fn the_vendors_own_clock_counts() {
        let sent = headers(&[("x-ratelimit-reset", "1800000100"), ("date", "Fri, 15 Jan 2027 08:01:10 GMT")]);
        assert_eq!(RateHeaders::COMMON.read(&sent, NOW).reset, Some(Duration::from_secs(30)));
    }

    #[test]
    fn a_used_up_window_holds_back_its_endpoint_alone() {
        let pacer = Pacer::default();
        let rate = Rate { remaining: Some(0), reset: Some(Duration::from_secs(9)), retry_after: None };
        pacer.observe("api/v1/users", &rate, Duration::from_secs(100));
        assert_eq!(pacer.wait("api/v1/users", Duration::from_secs(104)), Duration::from_secs(5));
        assert_eq!(pacer.wait("api/v1/users", Duration::from_secs(110)), Duration::ZERO);
        assert_eq!(pacer.wait("api/v1/groups", Duration::from_secs(104)), Duration::ZERO);
    }

    #[test]
    fn the_hint_is_never_undercut() {
        assert_eq!(back_off(1, Some(Duration::from_secs(1)), 0.0), Duration::from_secs(1));
        assert!(back_off(40, None, 0.999) <= Duration::from_secs(31));
    }

    #[test]
    fn an_absurd_wait_is_no_overflow() {
        for text in ["18446744073709551615", "1e19", "1e300", "inf", "NaN", "-inf"] {
            let rate = RateHeaders::COMMON.read(&headers(&[("retry-after", text), ("x-ratelimit-reset", text)]), NOW);
            back_off(1, rate.pause(), 0.999);
            back_off(1, Some(Duration::MAX), 0.999);
            let rate = Rate { remaining: Some(0), reset: Some(Duration::MAX), retry_after: None };
            Pacer::default().observe("x", &rate, Duration::from_secs(9));
        }
    }
}
