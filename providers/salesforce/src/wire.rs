//! Salesforce's JSON as it is on the wire, field for field. A query answers only the fields it names; a reference that
//! is empty is null. Unknown fields and words are fine.

use serde::Deserialize;
use serde_json::value::RawValue;
use userdir_schema::Text;

/// The answer of a query.
#[derive(Debug, Deserialize)]
pub struct Records<'a> {
    /// The records of this page.
    #[serde(borrow)]
    pub records: Vec<&'a RawValue>,
}

/// What a query's answer says of its end.
#[derive(Debug, Deserialize)]
pub struct End {
    pub done: bool,
}

/// The answer of a create.
#[derive(Debug, Deserialize)]
pub struct Created {
    pub id: String,
}

/// What a token's answer says besides the token.
#[derive(Debug, Deserialize)]
pub struct Granted {
    pub instance_url: Option<String>,
    /// An address that ends in the ids of the organization and the user.
    pub id: Option<String>,
}

/// One of the array of errors that every refused data call answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Error {
    pub error_code: String,
    pub message: Option<String>,
}

/// <https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_user.htm>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct User<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub username: Option<Text<'a>>,
    pub first_name: Option<Text<'a>>,
    pub last_name: Option<Text<'a>>,
    pub name: Option<Text<'a>>,
    pub alias: Option<Text<'a>>,
    pub email: Option<Text<'a>>,
    pub title: Option<Text<'a>>,
    pub phone: Option<Text<'a>>,
    pub mobile_phone: Option<Text<'a>>,
    pub extension: Option<Text<'a>>,
    pub fax: Option<Text<'a>>,
    pub is_active: Option<bool>,
    pub user_type: Option<Text<'a>>,
    pub federation_identifier: Option<Text<'a>>,
    pub employee_number: Option<Text<'a>>,
    pub about_me: Option<Text<'a>>,
    pub time_zone_sid_key: Option<Text<'a>>,
    pub language_locale_key: Option<Text<'a>>,
    pub full_photo_url: Option<Text<'a>>,
    pub profile_id: Option<Text<'a>>,
    pub profile: Option<Profile<'a>>,
    pub user_role_id: Option<Text<'a>>,
    pub user_role: Option<Named<'a>>,
    pub last_login_date: Option<Text<'a>>,
    pub created_date: Option<Text<'a>>,
    pub last_modified_date: Option<Text<'a>>,
}

/// A user's profile, which decides the licence.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Profile<'a> {
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    pub user_license_id: Option<Text<'a>>,
    pub user_license: Option<Named<'a>>,
}

/// A reference of which the name is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Named<'a> {
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    pub label: Option<Text<'a>>,
    pub master_label: Option<Text<'a>>,
    pub namespace_prefix: Option<Text<'a>>,
}

impl<'a> Named<'a> {
    /// Whichever name the object has.
    pub fn any(self) -> Option<Text<'a>> {
        self.name.or(self.label).or(self.master_label).or(self.namespace_prefix)
    }
}

/// <https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_userlogin.htm>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UserLogin {
    pub id: String,
    pub user_id: String,
    pub is_frozen: bool,
}

/// <https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_permissionsetassignment.htm>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SetAssignment<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub assignee_id: Text<'a>,
    pub permission_set_id: Option<Text<'a>>,
    pub permission_set: Option<Named<'a>>,
    pub permission_set_group_id: Option<Text<'a>>,
    pub permission_set_group: Option<Named<'a>>,
    pub is_active: Option<bool>,
    pub is_revoked: Option<bool>,
}

impl<'a> SetAssignment<'a> {
    /// Whether it has expired or was revoked, and gives nothing any more.
    pub fn is_over(&self) -> bool {
        self.is_active == Some(false) || self.is_revoked == Some(true)
    }

    /// The group where the assignment is of one, else the set.
    pub fn role_id(&self) -> Option<&Text<'a>> {
        self.permission_set_group_id.as_ref().or(self.permission_set_id.as_ref())
    }
}

/// <https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_group.htm>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Group<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub name: Option<Text<'a>>,
    pub description: Option<Text<'a>>,
    pub r#type: Option<Text<'a>>,
    pub created_date: Option<Text<'a>>,
    pub last_modified_date: Option<Text<'a>>,
}

/// <https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_groupmember.htm>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GroupMember<'a> {
    #[serde(borrow)]
    pub group_id: Text<'a>,
    pub group: Option<Named<'a>>,
    pub user_or_group_id: Text<'a>,
}

/// A profile, hierarchy role, permission set or group of sets.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Role<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub name: Option<Text<'a>>,
    pub label: Option<Text<'a>>,
    pub master_label: Option<Text<'a>>,
    pub description: Option<Text<'a>>,
    pub rollup_description: Option<Text<'a>>,
    pub created_date: Option<Text<'a>>,
    pub last_modified_date: Option<Text<'a>>,
}

/// A user licence, permission set licence or licence of a managed package.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct License<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub name: Option<Text<'a>>,
    pub master_label: Option<Text<'a>>,
    pub namespace_prefix: Option<Text<'a>>,
    pub status: Option<Text<'a>>,
    pub total_licenses: Option<i64>,
    pub allowed_licenses: Option<i64>,
    pub used_licenses: Option<i64>,
}

/// A licence as a user has it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HeldLicense<'a> {
    #[serde(borrow)]
    pub assignee_id: Option<Text<'a>>,
    pub permission_set_license_id: Option<Text<'a>>,
    pub permission_set_license: Option<Named<'a>>,
    pub package_license_id: Option<Text<'a>>,
    pub package_license: Option<Named<'a>>,
}

/// <https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_organization.htm>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Organization<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub name: Option<Text<'a>>,
    pub created_date: Option<Text<'a>>,
}

/// What a new user has where nothing else is said.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Locale {
    pub default_locale_sid_key: String,
    pub language_locale_key: String,
    pub time_zone_sid_key: String,
}

/// <https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_setupaudittrail.htm>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SetupChange<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub action: Option<Text<'a>>,
    pub section: Option<Text<'a>>,
    pub display: Option<Text<'a>>,
    pub created_by_id: Option<Text<'a>>,
    pub created_date: Option<Text<'a>>,
}

/// <https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_loginhistory.htm>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SignIn<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub user_id: Option<Text<'a>>,
    pub login_time: Option<Text<'a>>,
    pub login_type: Option<Text<'a>>,
    pub status: Option<Text<'a>>,
    pub source_ip: Option<Text<'a>>,
    pub browser: Option<Text<'a>>,
}

/// Who the token acts for.
#[derive(Debug, Deserialize)]
pub struct UserInfo {
    pub user_id: String,
}
