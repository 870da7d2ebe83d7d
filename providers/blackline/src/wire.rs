//! BlackLine's JSON, as far as independent integrations show it: BlackLine publishes no description. Unknown fields are
//! fine; everything that may be left out is optional. Shapes that nobody shows are in `assumed.rs`.

use serde::{Deserialize, Serialize};
use userdir_schema::Text;

/// An id: a number for users, teams and roles, a text for products. Either is understood everywhere.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Id<'a> {
    Number(i64),
    #[serde(borrow)]
    Text(Text<'a>),
}

impl<'a> From<Id<'a>> for Text<'a> {
    fn from(id: Id<'a>) -> Text<'a> {
        match id {
            Id::Number(number) => number.to_string().into(),
            Id::Text(text) => text,
        }
    }
}

/// A user: Saviynt's and Veza's pages on BlackLine, and SailPoint's developer community (thread 201012).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User<'a> {
    #[serde(borrow)]
    pub id: Id<'a>,
    pub login_id: Option<Text<'a>>,
    pub first_name: Option<Text<'a>>,
    pub last_name: Option<Text<'a>>,
    pub full_name: Option<Text<'a>>,
    pub email: Option<Text<'a>>,
    pub is_active: Option<bool>,
    pub job_title: Option<Text<'a>>,
    pub phone_number: Option<Text<'a>>,
    #[serde(borrow)]
    pub time_zone_id: Option<Id<'a>>,
    pub last_updated: Option<Text<'a>>,
}

/// A team, a role or an entity.
#[derive(Debug, Deserialize)]
pub struct Named<'a> {
    #[serde(borrow)]
    pub id: Id<'a>,
    pub name: Option<Text<'a>>,
}

/// An error body, of which nothing is documented.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Error {
    pub error_code: Option<String>,
    pub message: Option<String>,
    pub error_description: Option<String>,
    pub error: Option<String>,
    pub title: Option<String>,
    pub detail: Option<String>,
    /// Texts, or something around them.
    pub errors: Option<serde_json::Value>,
}

/// The body of a create, with all fields that integrations send, as they send them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewUser {
    pub login_id: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: String,
    pub is_active: bool,
    pub job_title: Option<String>,
    pub supervisor: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone_id: Option<i64>,
    pub phone_number: Option<String>,
    pub annual_hours: i64,
    pub allow_user_mentions: bool,
    pub allow_user_to_edit_journal_config: bool,
    pub allow_user_to_edit_intercompany_config: bool,
    pub allow_adhoc_matching: bool,
    pub allow_intercompany_settlement: bool,
    pub requires_journal_reviewer: bool,
    pub allow_user_to_access_journal_analyser: bool,
    pub reference_field1: Option<String>,
    pub reference_field2: Option<String>,
    pub reference_field3: Option<String>,
}

/// Those without which a user is not whole.
pub const NEEDED: &[&str] = &["loginId", "firstName", "lastName", "email", "isActive"];

/// Names of the fields of a user that can be written: those of [`NewUser`].
pub const WRITABLE: &[&str] = &[
    "loginId",
    "firstName",
    "lastName",
    "email",
    "isActive",
    "jobTitle",
    "supervisor",
    "timeZoneId",
    "phoneNumber",
    "annualHours",
    "allowUserMentions",
    "allowUserToEditJournalConfig",
    "allowUserToEditIntercompanyConfig",
    "allowAdhocMatching",
    "allowIntercompanySettlement",
    "requiresJournalReviewer",
    "allowUserToAccessJournalAnalyser",
    "referenceField1",
    "referenceField2",
    "referenceField3",
];
