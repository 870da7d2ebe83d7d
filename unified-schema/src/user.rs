//! People: users, what is known about them and what they hold.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};

use crate::record::record;
use crate::{DateTime, RemoteData, Status, Text};

record! {
    /// A person's (or a robot's) account in a directory.
    ///
    /// A list that is left out is not known; an empty list says that there are none.
    pub struct User<'a> {
        required {
            /// The vendor's id of the user.
            id: Text<'a>,
        }
        /// The id of the user in another system, as the vendor keeps it.
        external_id: Text<'a>,
        /// More ids of the user, by name: employee number, cost centre and the like.
        #[serde(default, deserialize_with = "identifiers")]
        identifiers: BTreeMap<Text<'a>, Text<'a>>,
        /// Given name.
        first_name: Text<'a>,
        /// Family name.
        last_name: Text<'a>,
        /// Job title.
        title: Text<'a>,
        /// Full name, as it is shown.
        name: Text<'a>,
        /// The name the user signs in with.
        username: Text<'a>,
        /// E-mail addresses.
        emails: Vec<Email<'a>>,
        /// Telephone numbers.
        phones: Vec<Phone<'a>>,
        /// Where the account stands.
        status: Status<'a>,
        /// Whether the e-mail address was proven to be the user's.
        is_email_verified: bool,
        /// Whether a second factor is set up.
        is_2fa_enabled: bool,
        /// The roles the user holds.
        roles: Vec<UserRole<'a>>,
        /// The organizations the user belongs to.
        organizations: Vec<UserOrganization<'a>>,
        /// The vendor's word for the sort of user.
        user_type: Text<'a>,
        /// The licenses the user was given.
        licenses: Vec<UserLicense<'a>>,
        /// The groups the user is in.
        groups: Vec<UserGroup<'a>>,
        /// The workspaces the user can enter.
        workspaces: Vec<UserWorkspace<'a>>,
        /// Address of a picture.
        avatar: Text<'a>,
        /// Time zone, in the vendor's spelling.
        timezone: Text<'a>,
        /// Languages, in the vendor's spelling.
        languages: Vec<Text<'a>>,
        /// A few words about the person.
        bio: Text<'a>,
        /// When the account was made.
        created_at: DateTime,
        /// When it was last changed.
        updated_at: DateTime,
        /// When the user last did anything.
        last_active_at: DateTime,
        /// When the user last signed in.
        last_login_at: DateTime,
        /// When `status` last changed.
        status_changed_at: DateTime,
        /// When the account became usable.
        activated_at: DateTime,
        /// Pages about the user.
        urls: Vec<Url<'a>>,
        /// The user in the vendor's own words.
        remote_data: RemoteData<'a>,
    }
}

/// The user behind a connection (resource `me`): a [`User`] like any other.
pub type Me<'a> = User<'a>;

// Debug output ends up in logs, so the types that tell about a person print no names and no addresses.
impl fmt::Debug for User<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("id", &self.id).finish_non_exhaustive()
    }
}

record! {
    /// An e-mail address of a user.
    pub struct Email<'a> {
        /// The address.
        email: Text<'a>,
        /// What it is used for: work, home, ….
        r#type: Text<'a>,
        /// Whether it is the one to write to.
        is_primary: bool,
    }
}

impl fmt::Debug for Email<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Email")
            .field("type", &self.r#type)
            .field("is_primary", &self.is_primary)
            .finish_non_exhaustive()
    }
}

record! {
    /// A telephone number of a user.
    pub struct Phone<'a> {
        /// The number.
        number: Text<'a>,
        /// What to dial after it.
        extension: Text<'a>,
        /// What it is used for: work, mobile, ….
        r#type: Text<'a>,
    }
}

impl fmt::Debug for Phone<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phone").field("type", &self.r#type).finish_non_exhaustive()
    }
}

record! {
    /// A page about a user.
    pub struct Url<'a> {
        /// Its address.
        url: Text<'a>,
        /// What sort of page it is.
        r#type: Text<'a>,
    }
}

impl fmt::Debug for Url<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Url").field("type", &self.r#type).finish_non_exhaustive()
    }
}

record! {
    /// A role a user holds, and where.
    #[derive(Debug)]
    pub struct UserRole<'a> {
        /// The vendor's id of the role.
        id: Text<'a>,
        /// What the role is called.
        name: Text<'a>,
        /// Id of the group it is held in.
        group: Text<'a>,
        /// Id of the organization it is held in.
        organization: Text<'a>,
        /// Id of the workspace it is held in.
        workspace: Text<'a>,
    }
}

record! {
    /// An organization a user belongs to.
    #[derive(Debug)]
    pub struct UserOrganization<'a> {
        /// The vendor's id of the organization.
        id: Text<'a>,
        /// What the organization is called.
        name: Text<'a>,
    }
}

record! {
    /// A license a user was given.
    #[derive(Debug)]
    pub struct UserLicense<'a> {
        /// The vendor's id of the license.
        id: Text<'a>,
        /// What the license is called.
        name: Text<'a>,
        /// Id of the organization it comes from.
        organization: Text<'a>,
        /// When the user last made use of it.
        last_active_at: DateTime,
    }
}

record! {
    /// A group a user is in.
    #[derive(Debug)]
    pub struct UserGroup<'a> {
        /// The vendor's id of the group.
        id: Text<'a>,
        /// What the group is called.
        name: Text<'a>,
        /// Id of the organization the group is part of.
        organization: Text<'a>,
    }
}

record! {
    /// A workspace a user can enter.
    #[derive(Debug)]
    pub struct UserWorkspace<'a> {
        /// The vendor's id of the workspace.
        id: Text<'a>,
        /// What the workspace is called.
        name: Text<'a>,
    }
}

type Identifiers<'a> = BTreeMap<Text<'a>, Text<'a>>;

/// Reads an object of texts. Ids are often numbers at the source, so numbers and booleans count as
/// their text, and a null as not being there.
fn identifiers<'de: 'a, 'a, D: Deserializer<'de>>(from: D) -> Result<Option<Identifiers<'a>>, D::Error> {
    let map: Option<BTreeMap<Text<'a>, Option<Scalar<'a>>>> = Deserialize::deserialize(from)?;
    Ok(map.map(|map| map.into_iter().filter_map(|(name, id)| Some((name, id?.0))).collect()))
}

struct Scalar<'a>(Text<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number or a boolean")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar(text.into()))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar(text.to_owned().into()))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar(value.to_string().into()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar(value.to_string().into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Scalar<'de>, E> {
        Ok(Scalar(value.to_string().into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar(value.to_string().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: &str = r#"{
        "id": "00u1", "name": "Ada Lovelace", "nickname": "unknown field", "status": "SUSPENDED",
        "emails": [{"email": "ada@example.com", "is_primary": true}], "groups": [], "title": null,
        "identifiers": {"employee_number": 42, "remote": true, "badge": "b-7", "old": null},
        "created_at": "2024-09-01T12:00:00+02:00"
    }"#;

    #[test]
    fn borrows_all_the_way_down() {
        let user: User = serde_json::from_str(ADA).unwrap();
        assert!(user.id.is_borrowed());
        assert!(user.name.as_ref().unwrap().is_borrowed());
        assert!(user.emails.as_ref().unwrap()[0].email.as_ref().unwrap().is_borrowed());
        assert!(user.identifiers.as_ref().unwrap()["badge"].is_borrowed());
    }

    #[test]
    fn stands_on_its_own_when_owned() {
        let owned: User<'static> = {
            let answer = ADA.to_owned();
            let user: User = serde_json::from_str(&answer).unwrap();
            crate::IntoOwned::into_owned(user)
        };
        let mut reader = serde_json::Deserializer::from_reader(ADA.as_bytes());
        assert_eq!(owned, User::<'static>::deserialize(&mut reader).unwrap());
        let value: serde_json::Value = serde_json::from_str(ADA).unwrap();
        assert_eq!(owned, User::deserialize(&value).unwrap());
        assert_eq!(owned, User::<'static>::deserialize(value).unwrap());
    }

    #[test]
    fn tells_unknown_from_none_and_ignores_unknown_fields() {
        let user: User = serde_json::from_str(ADA).unwrap();
        assert_eq!(
            serde_json::to_string(&user).unwrap(),
            concat!(
                r#"{"id":"00u1","identifiers":{"badge":"b-7","employee_number":"42","remote":"true"},"#,
                r#""name":"Ada Lovelace","emails":[{"email":"ada@example.com","is_primary":true}],"#,
                r#""status":"SUSPENDED","groups":[],"created_at":"2024-09-01T10:00:00Z"}"#,
            )
        );
        assert!(serde_json::from_str::<User>(r#"{"name": "no id"}"#).is_err());
        assert!(serde_json::from_str::<User>(r#"{"id": "1", "identifiers": {"a": []}}"#).is_err());
    }

    #[test]
    fn debug_names_nobody() {
        let user: User = serde_json::from_str(ADA).unwrap();
        assert_eq!(format!("{user:?}"), r#"User { id: "00u1", .. }"#);
        let email = &user.emails.as_ref().unwrap()[0];
        assert_eq!(format!("{email:?}"), "Email { type: None, is_primary: Some(true), .. }");
    }
}
