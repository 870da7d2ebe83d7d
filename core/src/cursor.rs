//! Cursors as callers get them: opaque, versioned, authenticated, bound to account, provider, action and filters.
//!
//! A cursor may hold the vendor's next address, so it is signed: one that was changed, or made for another account or
//! other filters, is refused before any call.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::action::ListAction;
use crate::error::{Error, Result};
use crate::mapping::digest;

/// Where a list stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// The vendor's cursor of the page to go on with; none is the first page.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Items of that page that are delivered already.
    #[serde(rename = "k", default)]
    pub skip: u32,
    /// Id of the last item delivered.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Items delivered so far, before any filter of ours.
    #[serde(rename = "n", default)]
    pub seen: u64,
    /// The exact total that the vendor said last.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// What tells the page that was read last from others.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u64>,
    /// Finds out whether the vendor's cursors go round in a circle.
    #[serde(rename = "b", default)]
    pub trail: Trail,
}

/// Brent's way of finding a circle: a milestone that every cursor is compared with, and that is set anew after 1, 2, 4 …
/// steps. A caller who asks page by page has no list of all cursors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trail {
    #[serde(rename = "m")]
    milestone: u64,
    #[serde(rename = "s")]
    steps: u32,
}

impl Trail {
    /// Takes a step to a cursor; whether it is the milestone again.
    pub fn meets(&mut self, cursor: &str) -> bool {
        let at = digest(cursor);
        let is_again = self.steps > 0 && at == self.milestone;
        self.steps = self.steps.saturating_add(1);
        if self.steps.is_power_of_two() {
            self.milestone = at;
        }
        is_again
    }
}

/// What tells a page from others: its first and last id and how many items there are, as a number that is the same in
/// every process.
pub(crate) fn mark(first: &str, last: &str, count: usize) -> u64 {
    digest(&format!("{} {count} {first}{last}", first.len()))
}

/// Version of the cursor's form: the first byte.
const VERSION: u8 = 1;
/// Bytes of the MAC that are kept.
const MAC_BYTES: usize = 16;

/// What a cursor is bound to.
pub(crate) struct Binding<'r> {
    pub key: &'r [u8; 32],
    pub account: &'r str,
    pub provider: &'static str,
}

impl Binding<'_> {
    fn mac(&self, list: &str, filter: &[u8], payload: &[u8]) -> Result<[u8; MAC_BYTES]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key)
            .map_err(|error| Error::config("the cursor key cannot be used").caused_by(error))?;
        for part in
            [self.account.as_bytes(), self.provider.as_bytes(), list.as_bytes(), &Sha256::digest(filter), payload]
        {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let full = mac.finalize().into_bytes();
        let mut short = [0; MAC_BYTES];
        short.iter_mut().zip(full).for_each(|(to, from)| *to = from);
        Ok(short)
    }

    /// The cursor of a position in a list action.
    pub fn seal<F: ListAction>(&self, filter: &F, position: &Position) -> Result<String> {
        self.seal_for(F::ACTION.info().function, &written(filter)?, position)
    }

    /// The position of a list action's cursor.
    pub fn open<F: ListAction>(&self, filter: &F, cursor: &str) -> Result<Position> {
        self.open_for(F::ACTION.info().function, &written(filter)?, cursor)
    }

    /// The cursor of a position in any list, with the bytes that say what it is narrowed by.
    pub fn seal_for(&self, list: &str, filter: &[u8], position: &Position) -> Result<String> {
        let payload = serde_json::to_vec(position)
            .map_err(|error| Error::invalid("the cursor cannot be written").caused_by(error))?;
        let mut bytes = vec![VERSION];
        bytes.extend(self.mac(list, filter, &payload)?);
        bytes.extend(payload);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The position of such a cursor.
    pub fn open_for(&self, list: &str, filter: &[u8], cursor: &str) -> Result<Position> {
        let wrong = |why: &str| {
            Error::invalid(format!("the cursor {why}"))
                .hint("start again without a cursor, with the same account and filters")
        };
        let bytes = URL_SAFE_NO_PAD.decode(cursor.trim()).map_err(|_| wrong("is not one of ours"))?;
        let Some((version, rest)) = bytes.split_first() else { return Err(wrong("is empty")) };
        if *version != VERSION {
            return Err(wrong("was made by another version"));
        }
        let Some((mac, payload)) = rest.split_at_checked(MAC_BYTES) else { return Err(wrong("is cut off")) };
        let expected = self.mac(list, filter, payload)?;
        // compared in constant time: every byte is looked at
        if mac.iter().zip(expected).fold(0, |differs, (a, b)| differs | (a ^ b)) != 0 {
            return Err(wrong("was changed, or made for another account, action or filter"));
        }
        serde_json::from_slice(payload).map_err(|_| wrong("cannot be read"))
    }
}

fn written<F: ListAction>(filter: &F) -> Result<Vec<u8>> {
    serde_json::to_vec(filter).map_err(|error| Error::invalid("the filter cannot be written").caused_by(error))
}

#[cfg(test)]
mod tests {
    use proptest::{option, prelude::*};

    use super::*;
    use crate::action::{GroupFilter, UserFilter};

    #[test]
    fn a_cursor_is_bound_to_what_it_was_made_for() {
        let key = [7; 32];
        let binding = Binding { key: &key, account: "a", provider: "okta" };
        let position =
            Position { vendor: Some("https://acme.okta.com/next".into()), skip: 3, seen: 203, ..Position::default() };
        let filter = UserFilter::default().status("active");
        let cursor = binding.seal(&filter, &position).unwrap();
        assert_eq!(binding.open(&filter, &cursor).unwrap(), position);
        assert!(cursor.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)));

        assert!(binding.open(&UserFilter::default(), &cursor).is_err(), "other filter");
        assert!(binding.open(&GroupFilter::default(), &cursor).is_err(), "other action");
        assert!(Binding { account: "b", ..binding }.open(&filter, &cursor).is_err(), "other account");
        assert!(
            Binding { provider: "scim", key: &key, account: "a" }.open(&filter, &cursor).is_err(),
            "other provider"
        );
        assert!(Binding { key: &[8; 32], account: "a", provider: "okta" }.open(&filter, &cursor).is_err(), "other key");
    }

    #[test]
    fn a_changed_cursor_is_refused() {
        let binding = Binding { key: &[7; 32], account: "a", provider: "okta" };
        let filter = UserFilter::default();
        let cursor = binding.seal(&filter, &Position::default()).unwrap();
        for at in 0..cursor.len() {
            let mut changed = cursor.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert!(binding.open(&filter, &String::from_utf8(changed).unwrap()).is_err(), "at {at}");
        }
        for cursor in ["", "nope", "AA", "%%"] {
            assert!(binding.open(&filter, cursor).is_err(), "{cursor}");
        }
    }

    fn positions() -> impl Strategy<Value = Position> {
        let (text, number) = (option::of(".*"), option::of(any::<u64>()));
        (text.clone(), any::<u32>(), text, any::<u64>(), number.clone(), number).prop_map(
            |(vendor, skip, last, seen, total, page)| Position {
                vendor,
                skip,
                last,
                seen,
                total,
                page,
                trail: Trail { milestone: seen, steps: skip },
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_as_it_was_and_for_nothing_else(
            position in positions(), account in ".*", list in ".*", filter in any::<Vec<u8>>(), other in ".+",
        ) {
            let binding = Binding { key: &[7; 32], account: &account, provider: "okta" };
            let cursor = binding.seal_for(&list, &filter, &position).unwrap();
            prop_assert_eq!(binding.open_for(&list, &filter, &cursor).unwrap(), position);

            let (list_of_other, account_of_other) = (list.clone() + &other, account.clone() + &other);
            prop_assert!(binding.open_for(&list_of_other, &filter, &cursor).is_err());
            prop_assert!(binding.open_for(&list, &[&filter, other.as_bytes()].concat(), &cursor).is_err());
            let elsewhere = Binding { account: &account_of_other, ..binding };
            prop_assert!(elsewhere.open_for(&list, &filter, &cursor).is_err());
        }

        #[test]
        fn what_nobody_sealed_does_not_open(text in ".*", bytes in any::<Vec<u8>>()) {
            let binding = Binding { key: &[7; 32], account: "a", provider: "okta" };
            let sealed_like = [&[VERSION][..], &bytes].concat();
            for cursor in [text, URL_SAFE_NO_PAD.encode(bytes), URL_SAFE_NO_PAD.encode(sealed_like)] {
                prop_assert!(binding.open_for("list", b"", &cursor).is_err(), "{}", cursor);
            }
        }
    }

    #[test]
    fn a_circle_of_any_length_is_found() {
        for length in 1..20_usize {
            for before in 0..10 {
                let mut trail = Trail::default();
                let mut cursors = (0..before).chain((before..before + length).cycle()).take(300);
                let found = cursors.position(|cursor| trail.meets(&cursor.to_string()));
                assert!(found.is_some_and(|steps| steps <= 4 * (before + length)), "{before} {length}: {found:?}");
            }
        }
        let mut trail = Trail::default();
        assert!(!(0..10_000).any(|cursor| trail.meets(&cursor.to_string())));
    }
}
