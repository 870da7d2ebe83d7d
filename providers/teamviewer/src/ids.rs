//! Ids. A user is `u` and a number, a group a number; calls about groups want a user's bare number.

use userdir_core::{Error, Result};

/// The number of a user's account, from either spelling. Anything else is refused: without an id the address of a user is
/// that of the company, and deleting that deletes everybody.
pub(crate) fn account(id: &str) -> Result<i64> {
    number(id.strip_prefix('u').unwrap_or(id)).ok_or_else(|| {
        Error::invalid("a user's id is `u` and a number").about(id).hint("`userdir users list` shows them")
    })
}

/// A user's id as the API writes it.
pub(crate) fn user(id: &str) -> Result<String> {
    account(id).map(of_account)
}

/// The same, of an account's number.
pub(crate) fn of_account(number: i64) -> String {
    format!("u{number}")
}

/// A group's number.
pub(crate) fn group(id: &str) -> Result<i64> {
    number(id).ok_or_else(|| {
        Error::invalid("a user group's id is a number").about(id).hint("`userdir groups list` shows them")
    })
}

fn number(digits: &str) -> Option<i64> {
    let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_one_user() {
        assert_eq!(user("u123456789").unwrap(), "u123456789");
        assert_eq!(user("123456789").unwrap(), "u123456789");
        assert_eq!(account("u123456789").unwrap(), 123_456_789);
    }

    #[test]
    fn nothing_else_is_a_user() {
        for wrong in ["", "u", "uu1", "U1", "u1/tfa", "u-1", "u+1", "u1.0", "me", "u99999999999999999999"] {
            assert!(user(wrong).is_err(), "{wrong}");
        }
        assert!(group("u1").is_err());
        assert_eq!(group("1001").unwrap(), 1001);
    }
}
