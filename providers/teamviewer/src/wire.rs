//! TeamViewer's JSON as it is on the wire, field for field: snake case for users, camel case for groups, Pascal case for
//! roles. Unknown fields and values are fine; everything but ids may be missing.
//! The shapes are those of <https://webapi.teamviewer.com/api/v1/docs/index>.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use userdir_schema::Text;

/// The error body.
#[derive(Debug, Deserialize)]
pub struct Error {
    pub error: String,
    pub error_description: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Ping {
    pub token_valid: Option<bool>,
}

/// `GetUserResponse`
#[derive(Debug, Deserialize)]
pub struct User<'a> {
    /// `u` and the number of the account.
    #[serde(borrow)]
    pub id: Text<'a>,
    pub name: Option<Text<'a>>,
    pub email: Option<Text<'a>>,
    /// Missing in the short list.
    pub active: Option<bool>,
    pub tfa_enabled: Option<bool>,
    pub last_access_date: Option<Text<'a>>,
    #[serde(rename = "userRoleId")]
    pub user_role_id: Option<Text<'a>>,
    pub activated_license_id: Option<Text<'a>>,
    pub activated_license_name: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct Users<'a> {
    #[serde(borrow)]
    pub users: Vec<&'a RawValue>,
}

/// `UsersPostParameters`
#[derive(Serialize)]
pub struct NewUser<'a> {
    pub email: &'a str,
    pub name: &'a str,
    pub language: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<&'a str>,
    #[serde(rename = "userRoleId", skip_serializing_if = "Option::is_none")]
    pub user_role_id: Option<&'a str>,
}

/// `UsersPutParameters`: what is not sent does not change.
#[derive(Default, Serialize)]
pub struct UserChanges<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    #[serde(rename = "AssignUserRoleIds", skip_serializing_if = "Option::is_none")]
    pub assign: Option<Vec<&'a str>>,
    #[serde(rename = "UnassignUserRoleIds", skip_serializing_if = "Option::is_none")]
    pub unassign: Option<Vec<&'a str>>,
}

/// `GetAccountResponse`: the owner of the token.
#[derive(Debug, Deserialize)]
pub struct Account<'a> {
    #[serde(borrow)]
    pub userid: Text<'a>,
    pub email: Option<Text<'a>>,
    pub name: Option<Text<'a>>,
    pub email_validated: Option<bool>,
    pub email_language: Option<Text<'a>>,
    pub profilepicture_url: Option<Text<'a>>,
}

/// `UserGroupModel`
#[derive(Debug, Deserialize)]
pub struct Group<'a> {
    pub id: i64,
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
}

/// `UserGroupMemberModel`
#[derive(Debug, Deserialize)]
pub struct Member<'a> {
    /// The number of the account, without the `u`.
    #[serde(rename = "accountId")]
    pub account_id: i64,
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
}

/// `GetUserGroupsAssignedUserRoleResponse`: a group has one role at most.
#[derive(Debug, Deserialize)]
pub struct GroupRole {
    #[serde(rename = "assignedRoleId")]
    pub assigned_role_id: Option<String>,
}

/// `CompanyUserRoleUiModel`; the vendor's own tests write the keys in lower case too.
#[derive(Debug, Deserialize)]
pub struct Role<'a> {
    #[serde(rename = "Id", alias = "id", borrow)]
    pub id: Text<'a>,
    #[serde(rename = "Name", alias = "name")]
    pub name: Option<Text<'a>>,
    #[serde(rename = "Permissions", alias = "permissions")]
    /// By name, whether it is given; what is neither true nor false is none that is known.
    pub permissions: Option<BTreeMap<String, Value>>,
}

/// `GetUserRolesResponse`
#[derive(Debug, Deserialize)]
pub struct Roles<'a> {
    #[serde(rename = "Roles", borrow)]
    pub roles: Vec<&'a RawValue>,
}

/// `UserRoleManagementResponse`
#[derive(Debug, Deserialize)]
pub struct NewRole<'a> {
    #[serde(rename = "Role", borrow)]
    pub role: &'a RawValue,
}

/// `GET /company`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Company {
    pub company_id: i64,
    pub company_name: Option<String>,
    pub created_at: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Licenses<'a> {
    #[serde(borrow)]
    pub available_licenses: Vec<&'a RawValue>,
}

/// An element of `GET /company/license`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct License<'a> {
    #[serde(borrow)]
    pub license_id: Text<'a>,
    pub license_name: Option<Text<'a>>,
    pub display_name: Option<Text<'a>>,
    pub is_active: Option<bool>,
    pub assigned_users: Option<u64>,
    pub max_assignments: Option<u64>,
}

/// An element of `POST /EventLogging`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Event<'a> {
    #[serde(borrow)]
    pub event_name: Option<Text<'a>>,
    pub event_type: Option<Text<'a>>,
    pub timestamp: Option<Text<'a>>,
    pub affected_item: Option<Text<'a>>,
    pub author: Option<Text<'a>>,
    pub event_details: Option<Vec<EventDetail>>,
}

/// What an event changed.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct EventDetail {
    pub property_name: Value,
    pub old_value: Value,
    pub new_value: Value,
}

#[derive(Debug, Deserialize)]
pub struct EventPage {
    #[serde(rename = "ContinuationToken")]
    pub continuation_token: Option<String>,
}
