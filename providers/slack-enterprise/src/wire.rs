//! Slack's JSON as it is on the wire, field for field: the Web API's, SCIM's and the audit log's. Unknown fields and words
//! are fine; everything that Slack may leave out is optional.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use userdir_core::scim::wire::Item;
use userdir_schema::{DateTime, Text};

/// What a refusal says: `{"ok": false, "error": …}` of the Web API, with HTTP 200 too; `detail` of SCIM v2; `Errors` of
/// SCIM v1, which v2 is thought to answer as well.
///
/// <https://docs.slack.dev/apis/web-api/#errors>, <https://docs.slack.dev/reference/scim-api/>
#[derive(Debug, Deserialize)]
pub struct Failure {
    pub ok: Option<bool>,
    pub error: Option<Value>,
    pub needed: Option<Value>,
    pub response_metadata: Option<Value>,
    pub rejected_users: Option<Value>,
    pub rejected_entities: Option<Value>,
    pub detail: Option<Value>,
    #[serde(rename = "Errors")]
    pub errors: Option<Value>,
}

/// What every answer of the Web API says (`false` is a refusal, and no answer by then); a page that is none of Slack's does
/// not.
#[derive(Debug, Deserialize)]
pub struct Success {
    #[serde(rename = "ok")]
    _ok: bool,
}

/// <https://docs.slack.dev/reference/methods/auth.test>
#[derive(Debug, Deserialize)]
pub struct Identity {
    pub user_id: String,
    /// Name of the organization, where `team_id` is its id.
    pub team: Option<String>,
    pub team_id: Option<String>,
    pub enterprise_id: Option<String>,
    pub is_enterprise_install: Option<bool>,
}

impl Identity {
    /// Whether the app is installed on the organization: a token of a workspace may name the organization too.
    pub fn is_of_organization(&self) -> bool {
        self.enterprise_id.is_some() && self.is_enterprise_install == Some(true)
    }
}

/// An element of <https://docs.slack.dev/reference/methods/admin.users.list>.
#[derive(Debug, Deserialize)]
pub struct ListedUser<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub email: Option<Text<'a>>,
    pub username: Option<Text<'a>>,
    pub full_name: Option<Text<'a>>,
    pub is_primary_owner: Option<bool>,
    pub is_owner: Option<bool>,
    pub is_admin: Option<bool>,
    pub is_ultra_restricted: Option<bool>,
    pub is_restricted: Option<bool>,
    pub is_bot: Option<bool>,
    pub is_active: Option<bool>,
    pub has_2fa: Option<bool>,
    /// Ids or names of system roles: which of the two is unverified.
    pub roles: Option<Vec<Text<'a>>>,
    pub workspaces: Option<Vec<Text<'a>>>,
    #[serde(default, deserialize_with = "epoch")]
    pub date_created: Option<DateTime>,
    #[serde(default, deserialize_with = "epoch")]
    pub deactivated_ts: Option<DateTime>,
    #[serde(default, deserialize_with = "epoch")]
    pub last_active_ts: Option<DateTime>,
}

/// <https://docs.slack.dev/reference/methods/users.info>
#[derive(Debug, Deserialize)]
pub struct Info<'a> {
    #[serde(borrow)]
    pub user: User<'a>,
}

/// The `user` of `users.info` and `users.lookupByEmail`.
#[derive(Debug, Deserialize)]
pub struct User<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub team_id: Option<Text<'a>>,
    pub name: Option<Text<'a>>,
    pub deleted: Option<bool>,
    pub real_name: Option<Text<'a>>,
    pub tz: Option<Text<'a>>,
    pub locale: Option<Text<'a>>,
    #[serde(default)]
    pub profile: Profile<'a>,
    pub is_primary_owner: Option<bool>,
    pub is_owner: Option<bool>,
    pub is_admin: Option<bool>,
    pub is_ultra_restricted: Option<bool>,
    pub is_restricted: Option<bool>,
    pub is_bot: Option<bool>,
    pub is_invited_user: Option<bool>,
    pub is_email_confirmed: Option<bool>,
    pub has_2fa: Option<bool>,
    #[serde(default, deserialize_with = "epoch")]
    pub updated: Option<DateTime>,
    pub enterprise_user: Option<EnterpriseUser<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Profile<'a> {
    #[serde(borrow)]
    pub title: Option<Text<'a>>,
    pub phone: Option<Text<'a>>,
    pub first_name: Option<Text<'a>>,
    pub last_name: Option<Text<'a>>,
    pub email: Option<Text<'a>>,
    pub image_512: Option<Text<'a>>,
    pub image_192: Option<Text<'a>>,
}

/// What somebody is in the organization, not in one workspace.
#[derive(Debug, Deserialize)]
pub struct EnterpriseUser<'a> {
    #[serde(borrow)]
    pub enterprise_id: Option<Text<'a>>,
    pub enterprise_name: Option<Text<'a>>,
    pub is_primary_owner: Option<bool>,
    pub is_owner: Option<bool>,
    pub is_admin: Option<bool>,
    pub teams: Option<Vec<Text<'a>>>,
}

impl User<'_> {
    /// The workspaces that the user is in.
    pub fn teams(&self) -> Vec<String> {
        let teams = self.enterprise_user.iter().flat_map(|org| org.teams.iter().flatten());
        teams.map(Text::to_string).collect()
    }

    pub fn is_in(&self, workspace: &str) -> bool {
        self.teams().iter().any(|id| id == workspace)
    }

    /// The id of the user's organization.
    pub fn organization(&self) -> Option<&str> {
        self.enterprise_user.as_ref()?.enterprise_id.as_deref()
    }
}

/// What Slack says of a user by SCIM v2 beside the attributes of RFC 7643. Its `roles` are a profile text, and no role.
#[derive(Debug, Deserialize)]
pub struct ScimUser<'a> {
    pub active: Option<bool>,
    #[serde(rename = "urn:ietf:params:scim:schemas:extension:slack:guest:2.0:User", borrow)]
    pub guest: Option<Guest<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct Guest<'a> {
    #[serde(borrow)]
    pub r#type: Option<Text<'a>>,
}

/// The members of an IdP group, by SCIM v2.
#[derive(Debug, Deserialize)]
pub struct Members<'a> {
    #[serde(borrow)]
    pub members: Option<Vec<Item<'a>>>,
}

/// An element of <https://docs.slack.dev/reference/methods/usergroups.list>.
#[derive(Debug, Deserialize)]
pub struct UserGroup<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub team_id: Option<Text<'a>>,
    pub name: Option<Text<'a>>,
    pub description: Option<Text<'a>>,
    #[serde(default, deserialize_with = "epoch")]
    pub date_create: Option<DateTime>,
    #[serde(default, deserialize_with = "epoch")]
    pub date_update: Option<DateTime>,
    /// When it was disabled; none where it is not.
    #[serde(default, deserialize_with = "epoch")]
    pub date_delete: Option<DateTime>,
    /// `admin` or `owner` where Slack fills the group by itself.
    pub auto_type: Option<Text<'a>>,
    pub is_idp_group: Option<bool>,
    pub is_org_level: Option<bool>,
    pub users: Option<Vec<Text<'a>>>,
}

/// The answer of `usergroups.create`.
#[derive(Debug, Deserialize)]
pub struct NewUserGroup<'a> {
    #[serde(borrow)]
    pub usergroup: &'a RawValue,
}

/// An element of <https://docs.slack.dev/reference/methods/admin.roles.listAssignments>.
#[derive(Debug, Deserialize)]
pub struct Assignment {
    pub role_id: String,
    pub entity_id: String,
    pub user_id: String,
    #[serde(default, deserialize_with = "epoch")]
    pub date_create: Option<DateTime>,
}

/// <https://docs.slack.dev/reference/methods/team.billing.info>
#[derive(Debug, Deserialize)]
pub struct Billing<'a> {
    #[serde(borrow)]
    pub plan: Option<Text<'a>>,
}

/// <https://docs.slack.dev/reference/methods/team.billableInfo>
#[derive(Debug, Deserialize)]
pub struct BillableInfo {
    pub billable_info: BTreeMap<String, Billable>,
}

#[derive(Debug, Deserialize)]
pub struct Billable {
    pub billing_active: Option<bool>,
}

/// An element of <https://docs.slack.dev/reference/methods/admin.teams.list>, and the `team` of `admin.teams.settings.info`.
#[derive(Debug, Deserialize)]
pub struct Team<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub name: Option<Text<'a>>,
    pub enterprise_id: Option<Text<'a>>,
    pub enterprise_name: Option<Text<'a>>,
}

/// <https://docs.slack.dev/reference/audit-logs-api/methods-actions-reference>
#[derive(Debug, Deserialize)]
pub struct Entry<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(default, deserialize_with = "epoch")]
    pub date_create: Option<DateTime>,
    pub action: Option<Text<'a>>,
    pub actor: Option<Actor<'a>>,
    /// Its `type`, and what it is about under a member of that name.
    pub entity: Option<BTreeMap<Text<'a>, &'a RawValue>>,
    pub context: Option<Context<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct Actor<'a> {
    #[serde(borrow)]
    pub r#type: Option<Text<'a>>,
    pub user: Option<Party<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct Party<'a> {
    #[serde(borrow)]
    pub id: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct Context<'a> {
    #[serde(borrow)]
    pub location: Option<Location<'a>>,
    pub ua: Option<Text<'a>>,
    pub ip_address: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct Location<'a> {
    #[serde(borrow)]
    pub r#type: Option<Text<'a>>,
    pub id: Option<Text<'a>>,
}

/// Seconds since 1970, which some methods write as a text and with decimals; 0 stands for never.
fn epoch<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DateTime>, D::Error> {
    let seconds = match Option::<Value>::deserialize(from)? {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    Ok(seconds.filter(|seconds| *seconds > 0.0).and_then(|seconds| DateTime::from_unix_seconds(seconds as i64)))
}
