//! What the targets in `fuzz/` reach into: readers of what vendors and callers send, which nobody else calls by
//! themselves. No part of the interface.

use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;
use url::Url;

use crate::cursor::{Binding, Position};
use crate::http::rate::{Pacer, RateHeaders, back_off};
use crate::http::{Reset, paging};

const BINDING: Binding<'_> = Binding { key: &[7; 32], account: "fuzz", provider: "fuzz" };

/// Where these `Link` lines lead; none where nowhere, or to a place that is refused.
pub fn next_link(lines: &[&[u8]], origin: &Url) -> Option<String> {
    paging::next_link(&headers(lines.iter().map(|line| ("link", *line))), origin).ok()?
}

/// Reads what headers say of limits, and does with it what is done after an answer and before the next request.
pub fn pause(reset_as: Reset, lines: &[(&'static str, &[u8])]) {
    let now = Timestamp::UNIX_EPOCH;
    let names = RateHeaders { reset_as, retry_after: Some(("x-ratelimit-reset", reset_as)), ..RateHeaders::COMMON };
    let rate = names.read(&headers(lines.iter().copied()), now);
    let pacer = Pacer::default();
    pacer.observe("fuzz", &rate, Default::default());
    pacer.wait("fuzz", Default::default());
    back_off(1, rate.pause(), 0.999);
}

/// Whether a cursor opens that nobody sealed.
pub fn opens(cursor: &str) -> bool {
    BINDING.open_for("fuzz", b"", cursor).is_ok()
}

/// A position, sealed and opened again: before and after. None where the JSON is no position, or it cannot be sealed.
pub fn reopened(position: &[u8]) -> Option<(Value, Value)> {
    let before: Position = serde_json::from_slice(position).ok()?;
    let cursor = BINDING.seal_for("fuzz", position, &before).ok()?;
    let after = BINDING.open_for("fuzz", position, &cursor).ok();
    Some((serde_json::to_value(before).ok()?, serde_json::to_value(after).ok()?))
}

fn headers<'l>(lines: impl Iterator<Item = (&'static str, &'l [u8])>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, line) in lines {
        // what cannot be a header does not come as one
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(name, value);
        }
    }
    headers
}
