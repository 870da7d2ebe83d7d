//! Elastic Cloud's JSON as it is on the wire, field for field. Unknown fields, scopes and kinds of projects are fine; role
//! assignments keep them, since what is taken away is sent as it was listed.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use userdir_schema::Text;

/// `GET /organizations/{id}/members`, each read or as it came.
#[derive(Debug, Deserialize)]
pub struct Members<T> {
    pub members: Vec<T>,
}

/// A member of an organization.
#[derive(Debug, Deserialize)]
pub struct Member<'a> {
    #[serde(borrow)]
    pub user_id: Text<'a>,
    pub organization_id: Option<Text<'a>>,
    pub name: Option<Text<'a>>,
    pub email: Option<Text<'a>>,
    pub member_since: Option<Text<'a>>,
    pub role_assignments: Option<RoleAssignments>,
}

/// `GET /organizations/{id}/invitations`, and the answer of making one.
#[derive(Debug, Deserialize)]
pub struct Invitations<T> {
    pub invitations: Vec<T>,
}

/// An invitation that is open. Its token lets whoever has it join.
#[derive(Deserialize)]
pub struct Invitation<'a> {
    #[serde(borrow)]
    pub token: Text<'a>,
    pub email: Option<Text<'a>>,
    pub created_at: Option<Text<'a>>,
    pub accepted_at: Option<Text<'a>>,
    pub expired: Option<bool>,
    pub organization: Option<Organization<'a>>,
    pub role_assignments: Option<RoleAssignments>,
}

/// An organization.
#[derive(Debug, Deserialize)]
pub struct Organization<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub name: Option<Text<'a>>,
}

/// `GET /organizations`, as far as ids go.
#[derive(Debug, Deserialize)]
pub struct Organizations {
    pub organizations: Vec<Id>,
    #[serde(flatten)]
    pub after: After,
}

/// What a list says of a next page. How to send it back is unverified.
#[derive(Debug, Deserialize)]
pub struct After {
    pub next_page: Option<String>,
}

impl After {
    /// Whether there is more than the list shows.
    pub fn has_more(&self) -> bool {
        self.next_page.as_deref().is_some_and(|page| !page.is_empty())
    }
}

/// An id alone.
#[derive(Debug, Deserialize)]
pub struct Id {
    pub id: String,
}

/// A deployment or serverless project.
#[derive(Debug, Deserialize)]
pub struct Place<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub name: Option<Text<'a>>,
    pub metadata: Option<Metadata<'a>>,
}

/// What a project tells about itself; a deployment's is other.
#[derive(Debug, Deserialize)]
pub struct Metadata<'a> {
    #[serde(borrow)]
    pub created_at: Option<Text<'a>>,
}

/// The roles of a member or an invitation, by scope; the body of giving and taking. Never sent with `platform`, which is
/// for operators of self-managed installations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoleAssignments {
    #[serde(deserialize_with = "nullable", skip_serializing)]
    pub platform: Vec<Entry>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub organization: Vec<Entry>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub deployment: Vec<Entry>,
    /// By kind of project.
    #[serde(deserialize_with = "nullable_kinds", skip_serializing_if = "BTreeMap::is_empty")]
    pub project: BTreeMap<String, Vec<Entry>>,
}

/// One role, in one scope.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    pub role_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
    /// In every deployment, or every project of the kind; absent means no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment_ids: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_ids: Option<Vec<String>>,
    /// Roles inside the application, such as the custom roles of a project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_roles: Option<Vec<String>>,
    /// What was added since.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// Null is as good as nothing.
fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// The same of each kind of project.
fn nullable_kinds<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Vec<Entry>>, D::Error> {
    let kinds: BTreeMap<String, Option<Vec<Entry>>> = nullable(from)?;
    Ok(kinds.into_iter().filter_map(|(kind, entries)| Some((kind, entries?))).collect())
}

/// The body of an invitation.
#[derive(Debug, Serialize)]
pub struct NewInvitation {
    pub emails: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_assignments: Option<RoleAssignments>,
}

/// The body of every refusal.
#[derive(Debug, Deserialize)]
pub struct Errors {
    pub errors: Vec<Refusal>,
}

/// One of them.
#[derive(Debug, Deserialize)]
pub struct Refusal {
    pub code: String,
    pub message: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_listed_goes_back_as_it_came_and_platform_never_does() {
        let listed = json!({
            "platform": [{"role_id": "platform-admin"}],
            "organization": [{"organization_id": "1", "role_id": "billing-admin", "application_roles": []}],
            "deployment": null,
            "project": {"security": null, "vectordb": [{"organization_id": "1", "role_id": "vectordb-viewer", "all": false,
                "project_ids": ["p1"], "new_field": {"x": 1}}]}
        });
        let read: RoleAssignments = serde_json::from_value(listed.clone()).unwrap();
        assert_eq!(read.platform.len(), 1);
        let mut sent = listed;
        sent.as_object_mut().unwrap().retain(|name, _| name != "platform" && name != "deployment");
        sent["project"].as_object_mut().unwrap().retain(|kind, _| kind != "security");
        assert_eq!(serde_json::to_value(&read).unwrap(), sent);
    }
}
