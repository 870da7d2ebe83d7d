//! Which of a vendor's headers go on to the client, and in which form.

use std::time::Duration;

use axum::http::header::{HeaderName, HeaderValue};
use jiff::Timestamp;
use userdir::error::VendorAnswer;

/// A vendor's own request id, where its name would hide ours.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-userdir-vendor-request-id");

/// Limits in one form (`ratelimit-limit`, `-remaining`, `-reset` in seconds), and request ids. The rest of what core lets
/// through, such as content type and length, is about the vendor's body and not about ours.
pub fn forwarded(headers: &[(String, String)]) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    headers.iter().filter_map(|(name, value)| {
        let name = name.to_ascii_lowercase();
        let (name, value) = match limit(&name) {
            Some("ratelimit-reset") => (HeaderName::from_static("ratelimit-reset"), seconds(value)?.to_string()),
            Some(limit) => (HeaderName::from_static(limit), value.clone()),
            None if name == "x-request-id" => (REQUEST_ID, value.clone()),
            None if name.contains("request-id") || name.contains("trace") => {
                (HeaderName::try_from(name).ok()?, value.clone())
            }
            None => return None,
        };
        Some((name, HeaderValue::try_from(value).ok()?))
    })
}

/// The common name of a header about limits.
fn limit(name: &str) -> Option<&'static str> {
    let rest = name.strip_prefix("x-").unwrap_or(name);
    let rest = rest.strip_prefix("ratelimit-").or_else(|| rest.strip_prefix("rate-limit-"))?;
    match rest {
        "limit" => Some("ratelimit-limit"),
        "remaining" => Some("ratelimit-remaining"),
        "reset" => Some("ratelimit-reset"),
        _ => None,
    }
}

/// From here on a number of seconds is a time of day, and of milliseconds one too.
const EPOCH: f64 = 1e9;

/// Seconds until a limit is renewed, whatever the vendor counts in.
fn seconds(text: &str) -> Option<u64> {
    let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite())?;
    let number = if number >= EPOCH * 1e3 { number / 1e3 } else { number };
    let now = Timestamp::now().as_second() as f64;
    let seconds = if number >= EPOCH { number - now } else { number };
    Some(seconds.max(0.0).ceil() as u64)
}

/// The vendor's `Retry-After`, where it is a number.
pub fn retry_after(vendor: &VendorAnswer) -> Option<Duration> {
    let (_, value) = vendor.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    value.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_come_out_in_one_form() {
        let reset = (Timestamp::now().as_second() + 30).to_string();
        let headers = [
            ("x-rate-limit-limit", "600"),
            ("X-RateLimit-Remaining", "0"),
            ("x-rate-limit-reset", reset.as_str()),
            ("content-length", "12"),
            ("x-request-id", "theirs"),
            ("x-okta-request-id", "okta"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let forwarded: Vec<(String, String)> =
            forwarded(&headers).map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        let get = |name: &str| forwarded.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        assert_eq!(get("ratelimit-limit"), Some("600"));
        assert_eq!(get("ratelimit-remaining"), Some("0"));
        assert!((29..=31).contains(&get("ratelimit-reset").unwrap().parse::<u64>().unwrap()));
        assert_eq!(get("x-userdir-vendor-request-id"), Some("theirs"));
        assert_eq!(get("x-okta-request-id"), Some("okta"));
        assert_eq!((get("content-length"), get("x-request-id")), (None, None));
        assert_eq!(seconds("12.2"), Some(13));
        assert_eq!(seconds("soon"), None);
    }
}
