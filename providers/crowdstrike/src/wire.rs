//! Falcon's JSON as it is on the wire, field for field. Unknown fields and enum values are fine; everything but ids may
//! be missing. The shapes are those of <https://github.com/CrowdStrike/gofalcon/tree/main/falcon/models>.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use userdir_schema::Text;

/// The envelope of every answer, for its errors: they count whatever the status is, and whatever they look like.
#[derive(Debug, Deserialize)]
pub struct Envelope {
    #[serde(default)]
    pub errors: Value,
}

/// The same envelope, for what it holds.
#[derive(Debug, Deserialize)]
pub struct Resources<'a> {
    #[serde(borrow)]
    pub resources: Option<Vec<&'a RawValue>>,
}

/// `domain.User`
#[derive(Debug, Deserialize)]
pub struct User<'a> {
    #[serde(borrow)]
    pub uuid: Text<'a>,
    /// The login, which is an e-mail address.
    pub uid: Option<Text<'a>>,
    /// The home CID.
    pub cid: Option<Text<'a>>,
    pub first_name: Option<Text<'a>>,
    pub last_name: Option<Text<'a>>,
    pub status: Option<Text<'a>>,
    pub user_type: Option<Text<'a>>,
    pub factors: Option<Vec<IgnoredAny>>,
    pub created_at: Option<Text<'a>>,
    pub updated_at: Option<Text<'a>>,
    pub last_login_at: Option<Text<'a>>,
    pub access_granted_at: Option<Text<'a>>,
}

/// `domain.CreateUserRequest`
#[derive(Serialize)]
pub struct NewUser<'a> {
    pub uid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<&'a str>,
}

/// `flightcontrolapi.CombinedUserRolesResourceV2`: a role that a user holds at a CID.
#[derive(Debug, Deserialize)]
pub struct Grant {
    pub role_id: String,
    pub role_name: Option<String>,
    pub cid: Option<String>,
    /// Only on temporary grants.
    pub expires_at: Option<String>,
    pub user_group_id: Option<String>,
    pub cid_group_id: Option<String>,
}

impl Grant {
    /// When it ends by itself.
    pub fn until(&self) -> Option<&str> {
        self.expires_at.as_deref().filter(|time| !time.is_empty())
    }

    /// The Flight Control group it comes through.
    pub fn through(&self) -> Option<&str> {
        let groups = [&self.user_group_id, &self.cid_group_id];
        groups.into_iter().flatten().map(String::as_str).find(|id| !id.is_empty())
    }
}

/// `domain.Role`
#[derive(Debug, Deserialize)]
pub struct Role<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub display_name: Option<Text<'a>>,
    pub description: Option<Text<'a>>,
    /// `default` or `custom`.
    pub r#type: Option<Text<'a>>,
}

/// `flightcontrolapi.ProfileGroupV1`
#[derive(Debug, Deserialize)]
pub struct ProfileGroup<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub name: Option<Text<'a>>,
    pub description: Option<Text<'a>>,
    pub created_at: Option<Text<'a>>,
    pub updated_at: Option<Text<'a>>,
    /// What the group may, by CID.
    pub assignments: Option<BTreeMap<Text<'a>, IgnoredAny>>,
}

/// `flightcontrolapi.GroupUsersV1` and `domain.UserGroupMembers`, who is in a group; `flightcontrolapi.UserGroupsV1`, the
/// profile groups that a user is in.
#[derive(Debug, Deserialize)]
pub struct Members {
    #[serde(rename = "user_uuids", alias = "group_ids")]
    pub ids: Option<Vec<String>>,
}

/// `domain.UserGroup` of Flight Control
#[derive(Debug, Deserialize)]
pub struct UserGroup<'a> {
    #[serde(borrow)]
    pub user_group_id: Text<'a>,
    pub name: Option<Text<'a>>,
    pub description: Option<Text<'a>>,
    pub cid: Option<Text<'a>>,
}

/// `domain.ChildLink`: a child of a Flight Control parent.
#[derive(Debug, Deserialize)]
pub struct Child<'a> {
    #[serde(borrow)]
    pub child_cid: Text<'a>,
    pub name: Option<Text<'a>>,
    pub status: Option<Text<'a>>,
}
