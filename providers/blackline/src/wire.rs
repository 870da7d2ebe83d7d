//! BlackLine's JSON, as far as independent integrations show it: BlackLine publishes no description. Unknown fields are
//! fine; everything that may be left out is optional. Shapes that nobody shows are in `assumed.rs`.

use serde::Deserialize;
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

/// Those without which a user is not whole.
pub const NEEDED: &[&str] = &["loginId", "firstName", "lastName", "email", "isActive"];

/// Those that BlackLine itself decides. The others are sent back, since what is left out might be emptied.
pub const READ_ONLY: &[&str] = &["id", "fullName", "lastUpdated"];
