//! Pieces that the mappings of several providers are made of, in both directions: from the vendor's values to the unified
//! schema, and of input that a vendor has no room for.

use std::ops::RangeInclusive;

use sha2::{Digest, Sha256};
use userdir_schema::{Actor, ActorType, ActorUser, DateTime, Text};

use crate::error::{Error, Result};

/// A time in any of the spellings of [`DateTime::parse`]; none where it has another.
pub fn time(text: Option<Text<'_>>) -> Option<DateTime> {
    DateTime::parse(&text?)
}

/// A value that is there: one that is empty is the same as none.
pub fn filled(text: Option<Text<'_>>) -> Option<Text<'_>> {
    text.filter(|text| !text.is_empty())
}

/// First and last name with a space between, or the one there is.
pub fn full_name<'a>(first: &Option<Text<'_>>, last: &Option<Text<'_>>) -> Option<Text<'a>> {
    let names: Vec<&str> =
        [first, last].into_iter().flatten().map(|name| name.as_str()).filter(|name| !name.is_empty()).collect();
    (!names.is_empty()).then(|| names.join(" ").into())
}

/// Stands for a text that itself must not be shown or kept: the same in every process, and no way back.
pub fn digest(text: &str) -> u64 {
    Sha256::digest(text).iter().take(8).fold(0, |digest, byte| digest << 8 | u64::from(*byte))
}

/// Who did something: a user, or else a system, of which no id is told.
pub fn actor(is_user: bool, id: Option<Text<'_>>) -> Actor<'_> {
    Actor {
        r#type: Some(if is_user { ActorType::User } else { ActorType::System }),
        user: is_user.then_some(ActorUser { id }),
    }
}

/// The error for a list of input that the vendor has no room for; `keeps` says what it has room for.
pub fn no_room(field: &str, vendor: &str, keeps: &str) -> Error {
    Error::invalid(format!("`{field}` do not fit: {vendor} keeps {keeps}"))
}

/// Refuses a text that is shorter or longer, in characters, than the vendor takes. One that is not given fits.
///
/// # Errors
/// `InvalidRequest`, naming the field.
pub fn check_length(field: &str, text: Option<&str>, takes: RangeInclusive<usize>) -> Result<()> {
    match text.map(|text| text.chars().count()) {
        Some(length) if !takes.contains(&length) => Err(Error::invalid(format!(
            "`{field}` has {length} characters; it must have {} to {}",
            takes.start(),
            takes.end()
        ))),
        _ => Ok(()),
    }
}

/// Whether the `status` of an input is active, at a vendor that knows active and inactive alone; none where it is not given.
///
/// # Errors
/// `InvalidRequest` for any other word.
pub fn is_active(status: Option<&str>) -> Result<Option<bool>> {
    match status {
        None => Ok(None),
        Some("active") => Ok(Some(true)),
        Some("inactive") => Ok(Some(false)),
        Some(other) => Err(Error::invalid(format!("`status` is `{other}`; here it is `active` or `inactive`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_what_is_filled() {
        let text = |text: &'static str| (text != "-").then(|| Text::from(text));
        for (first, last, name) in [("Maya", "Lee", "Maya Lee"), ("-", "Lee", "Lee"), ("Maya", "", "Maya")] {
            assert_eq!(full_name(&text(first), &text(last)), Some(name.into()));
        }
        assert_eq!(full_name(&text(""), &text("-")), None);
        assert_eq!((filled(text("")), filled(text("x"))), (None, text("x")));
    }

    #[test]
    fn a_system_shows_no_id() {
        assert_eq!(actor(false, Some("s1".into())).user, None);
        assert_eq!(actor(true, Some("u1".into())).user, Some(ActorUser { id: Some("u1".into()) }));
    }

    #[test]
    fn lengths_count_characters() {
        assert!(check_length("name", Some("ä€"), 2..=2).is_ok());
        assert!(check_length("name", None, 1..=2).is_ok());
        let error = check_length("name", Some("abc"), 0..=2).unwrap_err();
        assert_eq!(error.to_string(), "`name` has 3 characters; it must have 0 to 2");
    }
}
