//! Zoom's JSON as it is on the wire, field for field. Unknown fields and enum values are fine; everything that Zoom may leave
//! out is optional. Documented at <https://developers.zoom.us/docs/api/>.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use userdir_core::{Error, Mapped, Result};
use userdir_schema::Text;

/// `GET /users/{userId}`; a row of `GET /users` and of the members of groups and roles has less.
#[derive(Debug, Deserialize)]
pub struct User<'a> {
    /// A pending user has none: the address is the only handle.
    #[serde(borrow)]
    pub id: Option<Text<'a>>,
    pub email: Option<Text<'a>>,
    pub first_name: Option<Text<'a>>,
    pub last_name: Option<Text<'a>>,
    pub display_name: Option<Text<'a>>,
    pub job_title: Option<Text<'a>>,
    pub r#type: Option<i64>,
    pub status: Option<Text<'a>>,
    /// 1 or 0, of the address.
    pub verified: Option<i64>,
    pub role_id: Option<Text<'a>>,
    pub role_name: Option<Text<'a>>,
    pub group_ids: Option<Vec<Text<'a>>>,
    pub employee_unique_id: Option<Text<'a>>,
    pub account_id: Option<Text<'a>>,
    pub jid: Option<Text<'a>>,
    pub cms_user_id: Option<Text<'a>>,
    pub company: Option<Text<'a>>,
    pub phone_numbers: Option<Vec<PhoneNumber<'a>>>,
    pub pic_url: Option<Text<'a>>,
    pub timezone: Option<Text<'a>>,
    pub language: Option<Text<'a>>,
    pub personal_meeting_url: Option<Text<'a>>,
    pub vanity_url: Option<Text<'a>>,
    /// Deprecated: the time of the current login type.
    pub created_at: Option<Text<'a>>,
    pub user_created_at: Option<Text<'a>>,
    pub last_login_time: Option<Text<'a>>,
    pub license_info_list: Option<Vec<LicenseInfo<'a>>>,
    pub plan_united_type: Option<&'a RawValue>,
    pub zoom_one_type: Option<&'a RawValue>,
}

impl<'a> User<'a> {
    /// The id, or what stands for it.
    pub fn handle(&self) -> Option<&Text<'a>> {
        self.id.as_ref().filter(|id| !id.is_empty()).or(self.email.as_ref())
    }

    /// Refuses the account's owner, of whom Zoom does not do this.
    pub fn refuse_owner(&self, what: &str) -> Result<()> {
        match self.role_id.as_deref() {
            Some(OWNER) => Err(Error::refused(format!("this is the account's owner, {what}"))
                .hint("hand the account over in Zoom's console first")),
            _ => Ok(()),
        }
    }

    /// The bundles that are listed.
    pub fn bundles(&self) -> Vec<String> {
        let listed = self.license_info_list.iter().flatten().filter(|info| info.is_bundle());
        listed.filter_map(LicenseInfo::id).collect()
    }

    /// What is listed beyond the type. Two of a kind, of two subscriptions, are one.
    pub fn listed(&self) -> Vec<String> {
        let mut ids = Vec::new();
        for id in self.license_info_list.iter().flatten().filter_map(LicenseInfo::id) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
    }

    /// Signs of a bundle beside the list: what older accounts have.
    pub fn shows_older_bundle(&self) -> bool {
        let says =
            |raw: Option<&RawValue>| raw.is_some_and(|raw| !matches!(raw.get(), "null" | "\"\"" | "0" | "\"0\""));
        says(self.plan_united_type) || says(self.zoom_one_type)
    }
}

/// What stands for a user's id in a list.
pub fn handle(raw: &RawValue) -> Mapped<String> {
    let it: User = serde_json::from_str(raw.get())?;
    Ok(it.handle().map(Text::to_string).unwrap_or_default())
}

/// An object of the members that are given.
pub fn given<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// The built-in roles.
pub const OWNER: &str = "0";
pub const ADMIN: &str = "1";
pub const MEMBER: &str = "2";

/// Basic, the type without a licence.
pub const BASIC: i64 = 1;

#[derive(Debug, Deserialize)]
pub struct PhoneNumber<'a> {
    #[serde(borrow)]
    pub code: Option<Text<'a>>,
    pub label: Option<Text<'a>>,
    pub number: Option<Text<'a>>,
}

/// A licence beyond the type, such as a bundle. Newer than the description of 2021.
#[derive(Debug, Deserialize)]
pub struct LicenseInfo<'a> {
    #[serde(borrow)]
    pub license_type: Option<Text<'a>>,
    pub license_option: Option<&'a RawValue>,
}

impl LicenseInfo<'_> {
    /// `type:option`; Zoom has no id for it.
    pub fn id(&self) -> Option<String> {
        let kind = self.license_type.as_ref()?;
        let option = self.license_option.map(|raw| raw.get().trim_matches('"')).filter(|option| *option != "null");
        Some(option.map_or_else(|| kind.to_string(), |option| format!("{kind}:{option}")))
    }

    fn is_bundle(&self) -> bool {
        self.license_type.as_deref().is_some_and(|kind| kind.contains("BUNDLE"))
    }
}

/// `GET /users`, of which only the first is looked at.
#[derive(Debug, Deserialize)]
pub struct UsersAnswer<'a> {
    #[serde(borrow)]
    pub users: Vec<User<'a>>,
}

/// A group or a role.
#[derive(Debug, Deserialize)]
pub struct Named<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub name: Option<Text<'a>>,
    pub description: Option<Text<'a>>,
}

/// The answer to adding a member: a list of ids with commas.
#[derive(Debug, Deserialize)]
pub struct Added {
    pub ids: Option<String>,
}

/// `GET /accounts/me/plans/usage`. The base plan is documented as a list and shown as an object.
#[derive(Debug, Deserialize)]
pub struct PlansUsage {
    #[serde(flatten)]
    pub plans: serde_json::Map<String, Value>,
}

impl PlansUsage {
    /// The plans of a name, one or several.
    pub fn of(&self, name: &str) -> Vec<&Value> {
        match self.plans.get(name) {
            Some(Value::Array(plans)) => plans.iter().collect(),
            Some(plan @ Value::Object(_)) => vec![plan],
            _ => Vec::new(),
        }
    }
}

/// `GET /users/summary`. Newer than the description of 2021.
#[derive(Debug, Deserialize)]
pub struct Summary {
    pub licensed_users_count: Option<u64>,
    pub basic_users_count: Option<u64>,
    pub on_prem_users_count: Option<u64>,
}

/// `GET /report/billing`.
#[derive(Debug, Deserialize)]
pub struct BillingReports<'a> {
    #[serde(borrow)]
    pub billing_reports: Option<Vec<&'a RawValue>>,
    pub currency: Option<Text<'a>>,
}

/// A row of it.
#[derive(Debug, Deserialize)]
pub struct BillingReport<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub start_date: Option<Text<'a>>,
    pub end_date: Option<Text<'a>>,
    pub total_amount: Option<Text<'a>>,
    pub tax_amount: Option<Text<'a>>,
    pub r#type: Option<i64>,
}

/// A row of `GET /report/operationlogs`.
#[derive(Debug, Deserialize)]
pub struct OperationLog<'a> {
    #[serde(borrow)]
    pub time: Option<Text<'a>>,
    pub operator: Option<Text<'a>>,
    pub category_type: Option<Text<'a>>,
    pub action: Option<Text<'a>>,
    pub operation_detail: Option<Text<'a>>,
}

/// A row of `GET /report/activities`.
#[derive(Debug, Deserialize)]
pub struct SignIn<'a> {
    #[serde(borrow)]
    pub email: Option<Text<'a>>,
    pub time: Option<Text<'a>>,
    pub r#type: Option<Text<'a>>,
    pub ip_address: Option<Text<'a>>,
    pub client_type: Option<Text<'a>>,
    pub version: Option<Text<'a>>,
}

/// What the token's answer says beyond RFC 6749.
#[derive(Debug, Deserialize)]
pub struct Granted {
    pub api_url: Option<String>,
}

/// The error body. Both members are always there; nothing else that Zoom answers has them.
#[derive(Debug, Deserialize)]
pub struct Fault {
    pub code: i64,
    message: String,
    #[serde(default)]
    errors: Vec<FieldFault>,
}

#[derive(Debug, Deserialize)]
struct FieldFault {
    field: Option<String>,
    message: Option<String>,
}

impl Fault {
    /// Whether the text holds these words.
    pub fn says(&self, words: &str) -> bool {
        self.message.to_ascii_lowercase().contains(words)
    }

    /// Zoom's words, with the fields that are wrong.
    pub fn message(&self) -> String {
        let fields = self.errors.iter().map(|fault| {
            format!(
                "; {}: {}",
                fault.field.as_deref().unwrap_or_default(),
                fault.message.as_deref().unwrap_or_default()
            )
        });
        std::iter::once(self.message.clone()).chain(fields).collect()
    }
}
