//! JumpCloud's JSON as it is on the wire, field for field. Unknown fields and words are fine; everything that JumpCloud
//! may leave out is optional.

use serde::Deserialize;
use userdir_schema::Text;

/// A directory user: <https://docs.jumpcloud.com/api/1.0/index.html#tag/Systemusers>
#[derive(Debug, Deserialize)]
pub struct SystemUser<'a> {
    #[serde(borrow)]
    pub _id: Option<Text<'a>>,
    pub id: Option<Text<'a>>,
    pub username: Option<Text<'a>>,
    pub email: Option<Text<'a>>,
    #[serde(rename = "alternateEmail")]
    pub alternate_email: Option<Text<'a>>,
    #[serde(rename = "recoveryEmail")]
    pub recovery_email: Option<RecoveryEmail<'a>>,
    pub firstname: Option<Text<'a>>,
    pub lastname: Option<Text<'a>>,
    pub displayname: Option<Text<'a>>,
    #[serde(rename = "jobTitle")]
    pub job_title: Option<Text<'a>>,
    #[serde(rename = "employeeIdentifier")]
    pub employee_identifier: Option<Text<'a>>,
    #[serde(rename = "employeeType")]
    pub employee_type: Option<Text<'a>>,
    pub description: Option<Text<'a>>,
    #[serde(rename = "phoneNumbers")]
    pub phone_numbers: Option<Vec<PhoneNumber<'a>>>,
    /// `STAGED`, `ACTIVATED` or `SUSPENDED`.
    pub state: Option<Text<'a>>,
    pub activated: Option<bool>,
    pub suspended: Option<bool>,
    pub account_locked: Option<bool>,
    pub account_locked_date: Option<Text<'a>>,
    pub mfa: Option<Mfa>,
    #[serde(rename = "mfaEnrollment")]
    pub mfa_enrollment: Option<MfaEnrollment<'a>>,
    pub totp_enabled: Option<bool>,
    pub unix_uid: Option<i64>,
    #[serde(rename = "managedAppleId")]
    pub managed_apple_id: Option<Text<'a>>,
    pub external_dn: Option<Text<'a>>,
    pub externally_managed: Option<bool>,
    pub organization: Option<Text<'a>>,
    pub created: Option<Text<'a>>,
    /// The administrator with the same address; null or missing for others.
    pub admin: Option<LinkedAdministrator<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct RecoveryEmail<'a> {
    #[serde(borrow)]
    pub address: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct PhoneNumber<'a> {
    #[serde(borrow)]
    pub number: Option<Text<'a>>,
    pub r#type: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct Mfa {
    pub configured: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MfaEnrollment<'a> {
    #[serde(borrow)]
    pub overall_status: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkedAdministrator<'a> {
    #[serde(borrow)]
    pub id: Option<Text<'a>>,
    pub role_name: Option<Text<'a>>,
    pub role_names: Option<Vec<Text<'a>>>,
}

/// An administrator of the console, which v1 calls a user. Only its `PUT` is described in public:
/// <https://docs.jumpcloud.com/api/1.0/index.html#tag/Users>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Administrator<'a> {
    #[serde(borrow, rename = "_id")]
    pub id: Text<'a>,
    pub email: Option<Text<'a>>,
    pub firstname: Option<Text<'a>>,
    pub lastname: Option<Text<'a>>,
    pub organization: Option<Text<'a>>,
    /// The MSP, of an administrator who may reach several organizations.
    pub provider: Option<Text<'a>>,
    /// Id of the one role.
    pub role: Option<Text<'a>>,
    /// Name of the one role; `Multi Role` where there are several.
    pub role_name: Option<Text<'a>>,
    pub roles: Option<Vec<Text<'a>>>,
    pub role_names: Option<Vec<Text<'a>>>,
    pub totp_enrolled: Option<bool>,
    pub suspended: Option<bool>,
    pub users_time_zone: Option<Text<'a>>,
    pub created: Option<Text<'a>>,
}

/// An administrator role: <https://docs.jumpcloud.com/api/2.0/index.html#tag/Roles>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Role<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub name: Option<Text<'a>>,
    pub description: Option<Text<'a>>,
    pub is_custom: Option<bool>,
}

/// A user group: <https://docs.jumpcloud.com/api/2.0/index.html#tag/User-Groups>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub name: Option<Text<'a>>,
    pub description: Option<Text<'a>>,
    pub organization_object_id: Option<Text<'a>>,
}

/// How a group comes by its members.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    pub membership_method: Option<String>,
    #[serde(default)]
    pub member_query_exemptions: Option<Vec<Object>>,
}

impl Membership {
    /// Whether a rule would undo a change of this user's membership.
    pub fn is_ruled(&self, user_id: &str) -> bool {
        let exempt = self.member_query_exemptions.iter().flatten().any(|object| object.id == user_id);
        self.membership_method.as_deref() == Some("DYNAMIC_AUTOMATED") && !exempt
    }
}

/// An object of the graph.
#[derive(Debug, Deserialize)]
pub struct Object {
    pub id: String,
}

/// A connection of the graph, such as from a group to its member.
#[derive(Debug, Deserialize)]
pub struct Connection {
    pub to: Object,
}

/// <https://docs.jumpcloud.com/api/1.0/index.html#tag/Organizations>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization<'a> {
    #[serde(borrow, rename = "_id")]
    pub id: Text<'a>,
    pub display_name: Option<Text<'a>>,
    pub created: Option<Text<'a>>,
    pub entitlement: Option<Entitlement<'a>>,
}

/// An organization of which `fields=entitlement` was asked for.
#[derive(Debug, Deserialize)]
pub struct Plan<'a> {
    #[serde(borrow)]
    pub entitlement: Option<Entitlement<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entitlement<'a> {
    #[serde(borrow)]
    pub entitlement_products: Option<Vec<&'a serde_json::value::RawValue>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Product<'a> {
    #[serde(borrow)]
    pub product_code: Text<'a>,
    pub name: Option<Text<'a>>,
}

/// An event of Directory Insights: <https://docs.jumpcloud.com/api/insights/directory/1.0/index.html>
#[derive(Debug, Deserialize)]
pub struct Event<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub event_type: Option<Text<'a>>,
    pub timestamp: Option<Text<'a>>,
    pub organization: Option<Text<'a>>,
    pub initiated_by: Option<Party<'a>>,
    pub resource: Option<Party<'a>>,
    pub client_ip: Option<Text<'a>>,
    /// In the word of some services; others say `user_agent`.
    pub useragent: Option<UserAgent<'a>>,
    pub user_agent: Option<UserAgent<'a>>,
    pub auth_method: Option<Text<'a>>,
    pub success: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub struct Party<'a> {
    #[serde(borrow)]
    pub id: Option<Text<'a>>,
    pub r#type: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct UserAgent<'a> {
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
}

/// An error body, of any of the three APIs.
#[derive(Debug, Deserialize)]
pub struct Error {
    pub message: Option<String>,
    pub error: Option<String>,
    /// The word that a program can go by.
    pub status: Option<String>,
    #[serde(default)]
    pub details: Option<Vec<Detail>>,
}

#[derive(Debug, Deserialize)]
pub struct Detail {
    #[serde(default, rename = "fieldViolationsList")]
    pub violations: Option<Vec<Violation>>,
}

#[derive(Debug, Deserialize)]
pub struct Violation {
    pub field: Option<String>,
    pub description: Option<String>,
}

impl Error {
    /// The message and which fields it is about, in one line.
    pub fn text(&self) -> Option<String> {
        let message = self.message.as_deref().or(self.error.as_deref())?;
        let violations = self.details.iter().flatten().flat_map(|detail| detail.violations.iter().flatten());
        let fields: Vec<String> = violations
            .filter_map(|it| {
                Some(format!("{}: {}", it.field.as_deref()?, it.description.as_deref().unwrap_or("wrong")))
            })
            .collect();
        Some(if fields.is_empty() { message.to_owned() } else { format!("{message} ({})", fields.join("; ")) })
    }
}
