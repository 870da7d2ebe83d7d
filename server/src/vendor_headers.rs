//! Which of a vendor's headers go on to the client, and in which form.

use std::time::Duration;

use axum::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use userdir::http::Rate;

/// A vendor's own request id, where its name would hide ours.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-userdir-vendor-request-id");

/// Limits in one form, as the provider reads them (`ratelimit-limit`, `-remaining`, `-reset` and `retry-after`, the last two
/// in whole seconds), and request ids. The rest of what core lets through, such as content type and length, is about the
/// vendor's body and not about ours.
pub fn forwarded(headers: &[(String, String)], rate: &Rate) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let read = [
        (HeaderName::from_static("ratelimit-remaining"), rate.remaining),
        (HeaderName::from_static("ratelimit-reset"), rate.reset.map(whole_seconds)),
        (RETRY_AFTER, rate.retry_after.map(whole_seconds)),
    ];
    let read = read.into_iter().filter_map(|(name, number)| Some((name, HeaderValue::from(number?))));
    let named = headers.iter().filter_map(|(name, value)| {
        let name = name.to_ascii_lowercase();
        let name = match name.as_str() {
            "ratelimit-limit" | "x-ratelimit-limit" | "x-rate-limit-limit" => {
                HeaderName::from_static("ratelimit-limit")
            }
            "x-request-id" => REQUEST_ID,
            _ if name.contains("request-id") || name.contains("trace") => HeaderName::try_from(name).ok()?,
            _ => return None,
        };
        Some((name, HeaderValue::try_from(value).ok()?))
    });
    named.chain(read)
}

/// A time as clients read it: they know no fractions, and none may come too early.
pub fn whole_seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_come_out_in_one_form() {
        let headers = [
            ("x-rate-limit-limit", "600"),
            ("X-RateLimit-Remaining", "7"),
            ("x-rate-limit-reset", "Thu, 01 Jan 2026 00:00:00 GMT"),
            ("content-length", "12"),
            ("x-request-id", "theirs"),
            ("x-okta-request-id", "okta"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let rate = Rate {
            remaining: Some(0),
            reset: Some(Duration::from_millis(11_200)),
            retry_after: Some(Duration::from_secs(30)),
        };
        let get = |rate: &Rate, name: &str| {
            let mut all = forwarded(&headers, rate);
            all.find(|(known, _)| known == name).map(|(_, value)| value.to_str().unwrap().to_owned())
        };
        for (name, value) in [
            ("ratelimit-limit", Some("600")),
            // what the provider reads counts, and not what a header looks like
            ("ratelimit-remaining", Some("0")),
            ("ratelimit-reset", Some("12")),
            ("retry-after", Some("30")),
            ("x-userdir-vendor-request-id", Some("theirs")),
            ("x-okta-request-id", Some("okta")),
            ("content-length", None),
            ("x-request-id", None),
        ] {
            assert_eq!(get(&rate, name).as_deref(), value, "{name}");
        }
        for name in ["ratelimit-remaining", "ratelimit-reset", "retry-after"] {
            assert_eq!(get(&Rate::default(), name), None, "{name}");
        }
    }
}
