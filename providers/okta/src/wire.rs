//! Okta's JSON as it is on the wire, field for field. Unknown fields and enum values are fine; everything that Okta may
//! leave out is optional.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use userdir_core::Mapped;
use userdir_schema::Text;

/// <https://developer.okta.com/docs/api/openapi/okta-management/management/tag/User/>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub status: Option<Text<'a>>,
    pub transitioning_to_status: Option<Text<'a>>,
    pub created: Option<Text<'a>>,
    pub activated: Option<Text<'a>>,
    pub status_changed: Option<Text<'a>>,
    pub last_login: Option<Text<'a>>,
    pub last_updated: Option<Text<'a>>,
    pub realm_id: Option<Text<'a>>,
    pub r#type: Option<UserType<'a>>,
    #[serde(default)]
    pub profile: Profile<'a>,
    pub credentials: Option<Credentials<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct UserType<'a> {
    #[serde(borrow)]
    pub id: Option<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Profile<'a> {
    #[serde(borrow)]
    pub login: Option<Text<'a>>,
    pub first_name: Option<Text<'a>>,
    pub last_name: Option<Text<'a>>,
    pub display_name: Option<Text<'a>>,
    pub title: Option<Text<'a>>,
    pub email: Option<Text<'a>>,
    pub second_email: Option<Text<'a>>,
    pub primary_phone: Option<Text<'a>>,
    pub mobile_phone: Option<Text<'a>>,
    pub profile_url: Option<Text<'a>>,
    pub preferred_language: Option<Text<'a>>,
    pub timezone: Option<Text<'a>>,
    pub user_type: Option<Text<'a>>,
    pub employee_number: Option<Text<'a>>,
    pub manager_id: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct Credentials<'a> {
    #[serde(borrow)]
    pub emails: Option<Vec<CredentialEmail<'a>>>,
}

#[derive(Debug, Deserialize)]
pub struct CredentialEmail<'a> {
    #[serde(borrow)]
    pub value: Option<Text<'a>>,
    pub status: Option<Text<'a>>,
}

/// <https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Group/>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub created: Option<Text<'a>>,
    pub last_updated: Option<Text<'a>>,
    #[serde(default)]
    pub profile: GroupProfile<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GroupProfile<'a> {
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    pub description: Option<Text<'a>>,
}

/// A custom role: <https://developer.okta.com/docs/api/openapi/okta-management/management/tag/RoleECustom/>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomRole<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub label: Option<Text<'a>>,
    pub description: Option<Text<'a>>,
    pub created: Option<Text<'a>>,
    pub last_updated: Option<Text<'a>>,
}

/// A role held by a user or group: <https://developer.okta.com/docs/api/openapi/okta-management/management/tag/RoleAssignmentAUser/>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleAssignment<'a> {
    /// The assignment's id, not a role's; the same for every user with newer standard roles.
    #[serde(borrow)]
    pub id: Text<'a>,
    pub label: Option<Text<'a>>,
    /// `CUSTOM`, or the standard role's type.
    pub r#type: Option<Text<'a>>,
    /// The custom role.
    pub role: Option<Text<'a>>,
    #[serde(rename = "resource-set")]
    pub resource_set: Option<Text<'a>>,
    /// `USER`, or `GROUP` where it comes through a group.
    pub assignment_type: Option<Text<'a>>,
    pub created: Option<Text<'a>>,
    pub last_updated: Option<Text<'a>>,
    #[serde(rename = "_links")]
    pub links: Option<Assigned>,
}

/// Links of an assignment.
#[derive(Debug, Deserialize)]
pub struct Assigned {
    /// Whoever holds it: the user, or the group through which it comes.
    pub assignee: Option<Link>,
}

impl RoleAssignment<'static> {
    /// A row of a list.
    pub fn read(raw: &RawValue) -> Mapped<RoleAssignment<'static>> {
        let it: RoleAssignment = serde_json::from_str(raw.get())?;
        let text = |text: Option<Text<'_>>| text.map(Text::into_owned);
        Ok(RoleAssignment {
            id: it.id.into_owned(),
            label: text(it.label),
            r#type: text(it.r#type),
            role: text(it.role),
            resource_set: text(it.resource_set),
            assignment_type: text(it.assignment_type),
            created: text(it.created),
            last_updated: text(it.last_updated),
            links: it.links,
        })
    }
}

impl<'a> RoleAssignment<'a> {
    /// What the unified schema has as the role's id: the custom role, else the standard type.
    pub fn role_id(&self) -> Option<&Text<'a>> {
        let is_custom = self.r#type.as_deref() == Some("CUSTOM");
        if is_custom { self.role.as_ref() } else { self.r#type.as_ref() }
    }

    pub fn comes_through_a_group(&self) -> bool {
        self.assignment_type.as_deref() == Some("GROUP")
    }

    /// The group through which a user's role comes.
    pub fn group(&self) -> Option<Text<'static>> {
        let assignee = self.links.as_ref().filter(|_| self.comes_through_a_group())?.assignee.as_ref()?;
        assignee.href.rsplit('/').next().map(|id| id.to_owned().into())
    }
}

/// An element of `GET /api/v1/iam/assignees/users`.
#[derive(Debug, Deserialize)]
pub struct Assignees {
    pub value: Option<Vec<Assignee>>,
    #[serde(rename = "_links")]
    pub links: Option<Links>,
}

#[derive(Debug, Deserialize)]
pub struct Assignee {
    pub id: String,
}

#[derive(Debug, Deserialize)]
pub struct Links {
    pub next: Option<Link>,
}

#[derive(Debug, Deserialize)]
pub struct Link {
    pub href: String,
}

/// <https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Application/>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct App<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub label: Option<Text<'a>>,
    pub name: Option<Text<'a>>,
    pub status: Option<Text<'a>>,
    pub created: Option<Text<'a>>,
    pub last_updated: Option<Text<'a>>,
}

/// A tile on a user's dashboard. Its own `id` is the user's.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppLink<'a> {
    #[serde(borrow)]
    pub app_instance_id: Text<'a>,
    pub label: Option<Text<'a>>,
}

/// <https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserFactor/>
#[derive(Debug, Deserialize)]
pub struct Factor {
    pub status: Option<String>,
}

/// <https://developer.okta.com/docs/api/openapi/okta-management/management/tag/OrgSettingGeneral/>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Org<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub company_name: Option<Text<'a>>,
    pub created: Option<Text<'a>>,
    pub last_updated: Option<Text<'a>>,
}

/// <https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEvent<'a> {
    #[serde(borrow)]
    pub uuid: Text<'a>,
    pub published: Option<Text<'a>>,
    pub event_type: Option<Text<'a>>,
    pub display_message: Option<Text<'a>>,
    pub actor: Option<Party<'a>>,
    pub client: Option<Client<'a>>,
    pub target: Option<Vec<Party<'a>>>,
}

#[derive(Debug, Deserialize)]
pub struct Party<'a> {
    #[serde(borrow)]
    pub id: Option<Text<'a>>,
    pub r#type: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Client<'a> {
    #[serde(borrow)]
    pub user_agent: Option<UserAgent<'a>>,
    pub ip_address: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserAgent<'a> {
    #[serde(borrow)]
    pub raw_user_agent: Option<Text<'a>>,
}

/// <https://developer.okta.com/docs/reference/error-codes/>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Error {
    pub error_code: String,
    pub error_summary: Option<String>,
    #[serde(default)]
    pub error_causes: Vec<ErrorCause>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorCause {
    pub error_summary: Option<String>,
}

impl Error {
    /// Summary and causes in one line.
    pub fn message(&self) -> String {
        let causes = self.error_causes.iter().filter_map(|cause| cause.error_summary.as_deref());
        self.error_summary.as_deref().into_iter().chain(causes).collect::<Vec<_>>().join("; ")
    }

    /// Whether the object is there already.
    pub fn says_exists(&self) -> bool {
        self.error_causes
            .iter()
            .filter_map(|cause| cause.error_summary.as_deref())
            .any(|cause| cause.contains("already exists"))
    }
}

/// The fields of a user that Okta sets: only those given are sent, and only those sent change. Those that stand for a
/// list are emptied with `null`.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewProfile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_email: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_phone: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile_phone: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_language: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_url: Option<Option<String>>,
}

impl NewProfile {
    /// A new user has nothing to be emptied.
    pub fn leave_out_empty(&mut self) {
        let lists = [
            &mut self.second_email,
            &mut self.primary_phone,
            &mut self.mobile_phone,
            &mut self.preferred_language,
            &mut self.profile_url,
        ];
        for list in lists {
            list.take_if(|value| value.is_none());
        }
    }
}

/// The body of a create or a partial update.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WriteUser {
    pub profile: NewProfile,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<NewCredentials>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_ids: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
pub struct NewCredentials {
    pub password: NewPassword,
}

#[derive(Debug, Serialize)]
pub struct NewPassword {
    pub value: userdir_core::action::Password,
}
