//! Segment's JSON as it is on the wire, field for field. Unknown fields and enum values are fine; everything that Segment
//! may leave out is optional. Documented at <https://docs.segmentapis.com/>.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use userdir_core::{Error, Result};
use userdir_schema::Text;

/// Every answer is wrapped.
#[derive(Debug, Deserialize)]
pub struct Wrapped<T> {
    pub data: T,
}

/// `GET /users/{userId}`; rows of lists are without permissions.
#[derive(Debug, Deserialize)]
pub struct User<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    /// May be empty.
    pub name: Option<Text<'a>>,
    pub email: Option<Text<'a>>,
    pub permissions: Option<Vec<Permission>>,
}

/// The answer of one user, of what writes look at.
#[derive(Debug, Deserialize)]
pub struct UserAnswer {
    pub user: Holder,
}

/// A user as writes look at one.
#[derive(Debug, Deserialize)]
pub struct Holder {
    pub id: String,
    pub email: Option<String>,
    permissions: Option<Vec<Permission>>,
}

impl Holder {
    /// What the user may do. A list that is not shown is not an empty one, a role without its name may be the owner's, and
    /// one that is held on nothing could not be put back.
    pub fn permissions(&self) -> Result<&[Permission]> {
        let is_whole = |it: &Permission| it.role_name.is_some() && !it.resources.is_empty();
        let shown = self.permissions.as_deref().filter(|shown| shown.iter().all(is_whole));
        shown.ok_or_else(|| {
            Error::unexpected(
                "Segment does not show the user's permissions with the names of their roles and what they are held on",
            )
            .about(self.id.clone())
            .hint("look at the user's access in Segment's console, and change it there")
        })
    }
}

/// The answer of one user or group, of which only the permissions are looked at.
#[derive(Debug, Deserialize)]
pub struct HoldsAnswer<'a> {
    #[serde(borrow, alias = "userGroup")]
    pub user: Holds<'a>,
}

/// Permissions as they came, and whose they are.
#[derive(Debug, Deserialize)]
pub struct Holds<'a> {
    pub id: String,
    #[serde(borrow)]
    pub permissions: Option<Vec<&'a RawValue>>,
}

/// A role, and what it is held on.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    pub role_id: String,
    #[serde(skip_serializing)]
    pub role_name: Option<String>,
    /// Segment may leave it out; what it means then is not documented.
    #[serde(default)]
    pub resources: Vec<Resource>,
    /// Segment shows labels here too, and takes them back on resources alone.
    #[serde(default, skip_serializing)]
    pub labels: Vec<Value>,
}

/// What a role is held on. Labels narrow it, on a workspace alone.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Resource {
    pub id: String,
    pub r#type: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Value>,
}

/// The type of the resource that is the workspace.
pub const WORKSPACE: &str = "WORKSPACE";
/// Name of the role that may do everything.
pub const OWNER: &str = "Workspace Owner";

/// A row of `GET /groups`.
#[derive(Debug, Deserialize)]
pub struct Group<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub name: Option<Text<'a>>,
}

/// A row of `GET /roles`.
#[derive(Debug, Deserialize)]
pub struct Role<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub name: Option<Text<'a>>,
    pub description: Option<Text<'a>>,
}

/// The answer of `GET /`.
#[derive(Debug, Deserialize)]
pub struct WorkspaceAnswer {
    pub workspace: Workspace,
}

/// The workspace of the token.
#[derive(Clone, Debug, Deserialize)]
pub struct Workspace {
    pub id: String,
    pub name: Option<String>,
}

/// A row of `GET /audit-events`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEvent<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    /// ISO 8601, with a space in place of the `T` in examples.
    pub timestamp: Option<Text<'a>>,
    pub r#type: Option<Text<'a>>,
    /// Such as `public-api-token/TJ7z8cg6`.
    pub actor: Option<Text<'a>>,
    pub resource_id: Option<Text<'a>>,
    pub resource_type: Option<Text<'a>>,
}

/// The error body.
#[derive(Debug, Deserialize)]
pub struct Faults {
    pub errors: Vec<FaultItem>,
}

#[derive(Debug, Deserialize)]
pub struct FaultItem {
    pub r#type: Option<String>,
    message: Option<String>,
    field: Option<String>,
    pub data: Option<FaultData>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FaultData {
    pub ms_before_next: Option<f64>,
}

impl Faults {
    /// Segment's words.
    pub fn message(&self) -> String {
        let words = self.errors.iter().map(|fault| {
            let message = fault.message.as_deref().unwrap_or_default();
            fault.field.as_ref().map_or_else(|| message.to_owned(), |field| format!("{field}: {message}"))
        });
        words.collect::<Vec<_>>().join("; ")
    }
}
