//! Salesforce's ids: 15 characters in which upper and lower case differ, or 18, with three check letters more that keep
//! them apart where case is lost. Both name the same record; answers have 18. One whose case was lost is taken for none.

use userdir_core::{Error, Result};

pub const USER: &str = "005";
pub const GROUP: &str = "00G";
pub const ORGANIZATION: &str = "00D";
pub const USER_LICENSE: &str = "100";
pub const PERMISSION_SET_LICENSE: &str = "0PL";
const PROFILE: &str = "00e";
/// Differs from a profile's by case alone.
const USER_ROLE: &str = "00E";
const PERMISSION_SET: &str = "0PS";
/// Unverified: in no description, but on every group of permission sets that was seen.
const PERMISSION_SET_GROUP: &str = "0PG";

/// The spelling of 18 characters, of a record's id or of the pair `user:role` that a profile or hierarchy role
/// is assigned by; none for what is no id.
pub fn spelling(id: &str) -> Option<String> {
    match id.split_once(':') {
        Some((user, role)) if user.starts_with(USER) => {
            Some(format!("{}:{}", with_check_letters(user)?, with_check_letters(role)?))
        }
        Some(_) => None,
        None => with_check_letters(id),
    }
}

fn with_check_letters(id: &str) -> Option<String> {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    if !matches!(id.len(), 15 | 18) || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let fifteen = id.get(..15)?;
    let letters = fifteen.as_bytes().chunks(5).map(|five| {
        // a letter for which of the five are capitals, the first being the lowest bit
        let capitals = five.iter().enumerate().map(|(bit, byte)| usize::from(byte.is_ascii_uppercase()) << bit);
        LETTERS.get(capitals.sum::<usize>()).copied().map(char::from)
    });
    let letters: String = letters.collect::<Option<_>>()?;
    let eighteen = format!("{fifteen}{letters}");
    (id == fifteen || id == eighteen).then_some(eighteen)
}

/// Refuses an id of something else, before any call.
pub fn expect(id: &str, prefix: &str, what: &str) -> Result<()> {
    if id.starts_with(prefix) && !id.contains(':') {
        return Ok(());
    }
    Err(Error::invalid(format!("this is no id of {what}: those begin with `{prefix}`")).about(id))
}

/// The four things that a role can be; an id's first letters tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleKind {
    /// Every user has exactly one; it decides the licence.
    Profile,
    /// A place in the hierarchy; a user has one or none.
    UserRole,
    /// A user may have many.
    PermissionSet,
    /// A user may have many.
    PermissionSetGroup,
}

impl RoleKind {
    /// What the role of this id is.
    pub fn of(id: &str) -> Result<RoleKind> {
        match id.get(..3) {
            Some(PROFILE) => Ok(RoleKind::Profile),
            Some(USER_ROLE) => Ok(RoleKind::UserRole),
            Some(PERMISSION_SET) => Ok(RoleKind::PermissionSet),
            Some(PERMISSION_SET_GROUP) => Ok(RoleKind::PermissionSetGroup),
            _ => Err(Error::invalid("this is no id of a role")
                .about(id)
                .hint("a profile's begins with `00e`, a hierarchy role's with `00E`, a permission set's with `0PS`, a permission set group's with `0PG`")),
        }
    }

    /// The word of [`Role::type`](userdir_schema::Role).
    pub fn word(self) -> &'static str {
        match self {
            RoleKind::Profile => "profile",
            RoleKind::UserRole => "user_role",
            RoleKind::PermissionSet => "permission_set",
            RoleKind::PermissionSetGroup => "permission_set_group",
        }
    }

    /// The object of its records.
    pub fn object(self) -> &'static str {
        match self {
            RoleKind::Profile => "Profile",
            RoleKind::UserRole => "UserRole",
            RoleKind::PermissionSet => "PermissionSet",
            RoleKind::PermissionSetGroup => "PermissionSetGroup",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_characters_become_the_eighteen_that_answers_have() {
        for eighteen in [
            "005xx000001SwiUAAS",
            "00exx000000abcdAAA",
            "00Dxx0000001gPLEAY",
            "0PSxx000000abcdGAA",
            "00Gxx000001abcdEAA",
        ] {
            assert_eq!(spelling(&eighteen[..15]).as_deref(), Some(eighteen));
            assert_eq!(spelling(eighteen).as_deref(), Some(eighteen));
        }
        assert_eq!(spelling("ABCDEABCDE12345").as_deref(), Some("ABCDEABCDE1234555A"));
        assert_eq!(
            spelling("005xx000001SwiU:00exx000000abcd").as_deref(),
            Some("005xx000001SwiUAAS:00exx000000abcdAAA")
        );
    }

    #[test]
    fn what_is_no_id_never_gets_into_a_query() {
        for id in [
            "",
            "005",
            "005xx000001Swi",
            "005xx000001SwiUA",
            "005xx000001Swi'",
            "005xx000001SwiU:",
            "005xx00000 SwiU",
            "005xx000001Swiü",
            "005XX000001SWIUAAS",
            "00exx0000lead01EQA",
            "00exx000000abcd:00exx000000abcd",
        ] {
            assert_eq!(spelling(id), None, "{id}");
        }
    }

    #[test]
    fn case_tells_a_profile_from_a_hierarchy_role() {
        assert_eq!(RoleKind::of("00exx000000abcdAAA").unwrap(), RoleKind::Profile);
        assert_eq!(RoleKind::of("00Exx000000abcdEAA").unwrap(), RoleKind::UserRole);
        assert!(RoleKind::of("005xx000001SwiUAAS").is_err());
        assert!(expect("00Gxx000001abcdEAA", USER, "a user").is_err());
    }
}
