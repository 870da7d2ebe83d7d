//! PagerDuty's JSON as it is on the wire, field for field. Unknown fields and enum values are fine; everything that
//! PagerDuty may leave out is optional. Documented at <https://developer.pagerduty.com/api-reference/>.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use userdir_schema::Text;

/// `GET /users/{id}`
#[derive(Debug, Deserialize)]
pub struct User<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub name: Option<Text<'a>>,
    pub email: Option<Text<'a>>,
    /// The base role.
    pub role: Option<Text<'a>>,
    pub time_zone: Option<Text<'a>>,
    pub job_title: Option<Text<'a>>,
    pub description: Option<Text<'a>>,
    pub avatar_url: Option<Text<'a>>,
    pub html_url: Option<Text<'a>>,
    pub invitation_sent: Option<bool>,
    pub teams: Option<Vec<Reference<'a>>>,
    pub contact_methods: Option<Vec<ContactMethod<'a>>>,
}

/// What stands for another resource; `summary` is its name.
#[derive(Debug, Deserialize)]
pub struct Reference<'a> {
    #[serde(borrow)]
    pub id: Option<Text<'a>>,
    pub r#type: Option<Text<'a>>,
    pub summary: Option<Text<'a>>,
}

/// Whole where it was asked for, else a reference without address.
#[derive(Debug, Deserialize)]
pub struct ContactMethod<'a> {
    #[serde(borrow)]
    pub r#type: Option<Text<'a>>,
    pub label: Option<Text<'a>>,
    pub address: Option<Text<'a>>,
    pub country_code: Option<&'a RawValue>,
}

/// `GET /teams/{id}`
#[derive(Debug, Deserialize)]
pub struct Team<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub name: Option<Text<'a>>,
    pub summary: Option<Text<'a>>,
    pub description: Option<Text<'a>>,
    pub html_url: Option<Text<'a>>,
}

/// A row of `GET /teams/{id}/members`
#[derive(Debug, Deserialize)]
pub struct Member<'a> {
    #[serde(borrow)]
    pub user: Reference<'a>,
    pub role: Option<Text<'a>>,
}

/// A row of `GET /licenses`; without numbers of seats where somebody holds it.
#[derive(Debug, Deserialize)]
pub struct License {
    pub id: String,
    pub name: Option<String>,
    pub description: Option<String>,
    /// Seats used.
    pub current_value: Option<u64>,
    /// Seats left; none is unlimited.
    pub allocations_available: Option<i64>,
    pub valid_roles: Option<Vec<String>>,
    pub role_group: Option<String>,
}

/// A row of `GET /license_allocations`
#[derive(Debug, Deserialize)]
pub struct Allocation<'a> {
    pub license: License,
    #[serde(borrow)]
    pub user: Reference<'a>,
    pub allocated_at: Option<Text<'a>>,
}

/// A row of `GET /audit/records`
#[derive(Debug, Deserialize)]
pub struct AuditRecord<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub execution_time: Option<Text<'a>>,
    pub execution_context: Option<ExecutionContext<'a>>,
    pub actors: Option<Vec<Reference<'a>>>,
    pub method: Option<Method<'a>>,
    pub root_resource: Option<Reference<'a>>,
    pub action: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct ExecutionContext<'a> {
    #[serde(borrow)]
    pub remote_address: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct Method<'a> {
    #[serde(borrow)]
    pub r#type: Option<Text<'a>>,
}

/// The error body.
#[derive(Debug, Deserialize)]
pub struct Fault {
    pub error: ErrorBody,
}

#[derive(Debug, Deserialize)]
pub struct ErrorBody {
    message: Option<String>,
    pub code: Option<i64>,
    /// Documented as a list of texts; it may be missing or null.
    errors: Option<Value>,
}

impl ErrorBody {
    /// What is wrong in detail.
    pub fn errors(&self) -> impl Iterator<Item = &str> {
        self.errors.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str)
    }

    /// PagerDuty's words, with the details.
    pub fn message(&self) -> String {
        self.message.as_deref().into_iter().chain(self.errors()).collect::<Vec<_>>().join(": ")
    }
}

/// The body of a create or update, inside `user`. Name and address go along with every update.
#[derive(Debug, Serialize)]
pub struct WriteUser<'a> {
    pub r#type: &'static str,
    pub name: &'a str,
    pub email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<LicenseReference<'a>>,
}

/// PagerDuty takes it and never shows it on a user.
#[derive(Debug, Serialize)]
pub struct LicenseReference<'a> {
    id: &'a str,
    r#type: &'static str,
}

impl<'a> LicenseReference<'a> {
    pub fn to(id: &'a str) -> LicenseReference<'a> {
        LicenseReference { id, r#type: "license_reference" }
    }
}

/// The answer of one user, of the fields that writes look at.
#[derive(Debug, Deserialize)]
pub struct UserAnswer<'a> {
    #[serde(borrow)]
    pub user: User<'a>,
}

/// The answer of one licence.
#[derive(Debug, Deserialize)]
pub struct LicenseAnswer {
    pub license: License,
}

/// The answer of all licences.
#[derive(Debug, Deserialize)]
pub struct LicensesAnswer {
    pub licenses: Vec<License>,
}

/// The answer of one team, whole: what is not changed goes back as it came.
#[derive(Debug, Deserialize)]
pub struct TeamAnswer {
    pub team: Map<String, Value>,
}

/// The answer of users, of which only an address is looked at.
#[derive(Debug, Deserialize)]
pub struct UsersAnswer<'a> {
    #[serde(borrow)]
    pub users: Vec<User<'a>>,
}
