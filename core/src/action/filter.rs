//! What each list can be narrowed by: one struct a list action.
//!
//! As JSON a filter is what the query string of the wire API says once its brackets are read:
//! `{"status": "active", "created_at": {"gt": "2026-01-01T00:00:00Z"}}`. A filter that a provider cannot honour is an
//! error before any call, never ignored; each definition lists those that work.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;
use userdir_schema::{Activity, DateTime, Group, Unified, User};

/// Values of which one must match: `eq` is one, `in` several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match {
    any_of: Vec<String>,
}

impl Match {
    /// Any of these.
    pub fn any_of(values: impl IntoIterator<Item = impl Into<String>>) -> Match {
        Match { any_of: values.into_iter().map(Into::into).collect() }
    }

    /// The values; never empty when it came from JSON.
    pub fn values(&self) -> &[String] {
        &self.any_of
    }

    /// The value, where there is exactly one.
    pub fn single(&self) -> Option<&str> {
        match self.any_of.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// Whether `word` is one of the values, upper and lower case being the same.
    pub fn takes(&self, word: &str) -> bool {
        self.any_of.iter().any(|value| value.eq_ignore_ascii_case(word))
    }
}

impl<T: Into<String>> From<T> for Match {
    fn from(value: T) -> Match {
        Match { any_of: vec![value.into()] }
    }
}

impl Serialize for Match {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.any_of.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Match {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Match, D::Error> {
        let mut any_of = Vec::new();
        collect(Value::deserialize(deserializer)?, &mut any_of).map_err(de::Error::custom)?;
        if any_of.is_empty() {
            return Err(de::Error::custom("a filter needs a value"));
        }
        Ok(Match { any_of })
    }
}

/// Takes the spellings clients have: a word, a list, `{"eq": …}`, `{"in": "a,b"}`, and objects with an `id` or `email`.
fn collect(value: Value, into: &mut Vec<String>) -> Result<(), String> {
    match value {
        Value::String(text) if text.is_empty() => return Err("a filter needs a value".into()),
        Value::String(text) => into.push(text),
        Value::Bool(flag) => into.push(flag.to_string()),
        Value::Number(number) => into.push(number.to_string()),
        Value::Array(items) => {
            for item in items {
                collect(item, into)?;
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value) {
                    ("in", Value::String(list)) => into.extend(list.split(',').map(|word| word.trim().to_owned())),
                    ("eq" | "in" | "id" | "email", value) => collect(value, into)?,
                    ("is_primary" | "type" | "name", _) => {}
                    (other, _) => return Err(format!("unknown operator `{other}`; known are `eq` and `in`")),
                }
            }
        }
        Value::Null => return Err("a filter needs a value".into()),
    }
    Ok(())
}

/// A span of time; each end is optional. A bare time means exactly then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DateRange {
    /// Exactly then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eq: Option<DateTime>,
    /// After.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gt: Option<DateTime>,
    /// At or after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gte: Option<DateTime>,
    /// Before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lt: Option<DateTime>,
    /// At or before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lte: Option<DateTime>,
}

impl DateRange {
    /// After this time.
    pub fn after(time: DateTime) -> DateRange {
        DateRange { gt: Some(time), ..DateRange::default() }
    }

    /// The ends that are given, with the operator words of SCIM and its kin: `eq`, `gt`, `ge`, `lt`, `le`.
    pub fn ends(&self) -> impl Iterator<Item = (&'static str, DateTime)> {
        [("eq", self.eq), ("gt", self.gt), ("ge", self.gte), ("lt", self.lt), ("le", self.lte)]
            .into_iter()
            .filter_map(|(op, time)| time.map(|time| (op, time)))
    }

    /// Whether `time` lies in it; an unknown time does not.
    pub fn takes(&self, time: Option<DateTime>) -> bool {
        let Some(time) = time else { return self.ends().next().is_none() };
        self.ends().all(|(op, end)| match op {
            "eq" => time == end,
            "gt" => time > end,
            "ge" => time >= end,
            "lt" => time < end,
            _ => time <= end,
        })
    }
}

impl<'de> Deserialize<'de> for DateRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DateRange, D::Error> {
        fn time<E: de::Error>(value: &Value) -> Result<DateTime, E> {
            value.as_str().and_then(DateTime::parse).ok_or_else(|| {
                E::custom(format!("{value} is no time; write it as RFC 3339, such as 2026-01-31T09:00:00Z"))
            })
        }
        let mut range = DateRange::default();
        match Value::deserialize(deserializer)? {
            Value::Object(members) => {
                for (op, value) in &members {
                    let end = Some(time(value)?);
                    match op.as_str() {
                        "eq" => range.eq = end,
                        "gt" => range.gt = end,
                        "gte" => range.gte = end,
                        "lt" => range.lt = end,
                        "lte" => range.lte = end,
                        other => {
                            return Err(de::Error::custom(format!(
                                "unknown operator `{other}`; known are `eq`, `gt`, `gte`, `lt`, `lte`"
                            )));
                        }
                    }
                }
            }
            value => range.eq = Some(time(&value)?),
        }
        Ok(range)
    }
}

/// A field to sort by and the direction: `{"name": "asc"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortBy {
    /// Field of the unified schema.
    pub field: String,
    /// Largest first.
    pub descending: bool,
}

impl Serialize for SortBy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(&self.field, if self.descending { "desc" } else { "asc" })])
    }
}

impl<'de> Deserialize<'de> for SortBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SortBy, D::Error> {
        let wrong = || de::Error::custom("`sort_by` takes one field and `asc` or `desc`, such as {\"name\": \"asc\"}");
        let (field, direction) = match Value::deserialize(deserializer)? {
            Value::String(field) => (field, "asc".to_owned()),
            Value::Object(members) if members.len() == 1 => {
                let (field, direction) = members.into_iter().next().ok_or_else(wrong)?;
                (field, direction.as_str().unwrap_or_default().to_owned())
            }
            _ => return Err(wrong()),
        };
        match direction.as_str() {
            "asc" => Ok(SortBy { field, descending: false }),
            "desc" => Ok(SortBy { field, descending: true }),
            _ => Err(wrong()),
        }
    }
}

/// Declares the filter of a list.
macro_rules! filter {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident : $ty:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$fdoc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$ty>,)*
        }

        impl $name {
            $(
                $(#[$fdoc])*
                #[must_use]
                pub fn $field(mut self, value: impl Into<$ty>) -> $name {
                    self.$field = Some(value.into());
                    self
                }
            )*
        }

        impl $crate::action::Input for $name {
            const MEMBERS: &'static [&'static str] = &[$(stringify!($field)),*];
            const REQUIRED: &'static [&'static str] = &[];

            fn subject(&self) -> Option<&str> {
                None
            }
        }
    };
}

filter! {
    /// Which users to list.
    UserFilter {
        /// Given name.
        first_name: Match,
        /// Family name.
        last_name: Match,
        /// Full name.
        name: Match,
        /// Login name.
        username: Match,
        /// One of these e-mail addresses.
        emails: Match,
        /// Id of the user elsewhere.
        external_id: Match,
        /// Unified status, or the vendor's own word.
        status: Match,
        /// Kind of user.
        user_type: Match,
        /// Created then.
        created_at: DateRange,
        /// Last changed then.
        updated_at: DateRange,
        /// Members of this group.
        group_id: String,
        /// Holders of this role.
        role_id: String,
        /// Members of this workspace.
        workspace_id: String,
        /// Members of this organization.
        organization_id: String,
        /// Order.
        sort_by: SortBy,
    }
}

filter! {
    /// Which groups to list.
    GroupFilter {
        /// Name.
        name: Match,
        /// Description.
        description: Match,
        /// Kind of group.
        group_type: Match,
        /// Groups this user is a member of.
        user_id: String,
        /// Groups of this workspace.
        workspace_id: String,
        /// Groups of this organization.
        organization_id: String,
        /// Leave out what is no group, where a vendor mixes them.
        is_group: bool,
        /// Groups inside groups too.
        include_nested: bool,
        /// A filter in the vendor's language.
        filter: String,
        /// Created then.
        created_at: DateRange,
        /// Last changed then.
        updated_at: DateRange,
        /// Order.
        sort_by: SortBy,
    }
}

filter! {
    /// Which roles to list.
    RoleFilter {
        /// Roles this user holds.
        user_id: String,
        /// Roles of this group.
        group_id: String,
        /// Roles of this workspace.
        workspace_id: String,
        /// Roles of this organization.
        organization_id: String,
    }
}

filter! {
    /// Which licences to list.
    LicenseFilter {
        /// Licences this user has.
        user_id: String,
        /// Status.
        status: Match,
        /// Licences of this organization.
        organization_id: String,
        /// Licences of this workspace.
        workspace_id: String,
        /// Product, where a vendor has several.
        product: String,
    }
}

filter! {
    /// Which organizations to list.
    OrganizationFilter {
        /// Name.
        name: Match,
        /// Organizations of this user.
        user_id: String,
        /// Created then.
        created_at: DateRange,
        /// Last changed then.
        updated_at: DateRange,
        /// Order.
        sort_by: SortBy,
    }
}

filter! {
    /// Which workspaces to list.
    WorkspaceFilter {
        /// Name.
        name: Match,
        /// Description.
        description: Match,
        /// Status.
        status: Match,
        /// Workspaces of this organization.
        organization_id: String,
        /// Workspaces of this group.
        group_id: String,
        /// Workspaces inside this one.
        workspace_id: String,
        /// Workspaces inside workspaces too.
        include_nested: bool,
        /// Product, where a vendor has several.
        product: String,
        /// Last changed then.
        updated_at: DateRange,
        /// Order.
        sort_by: SortBy,
    }
}

filter! {
    /// Which activities to list.
    ActivityFilter {
        /// What was done.
        action: Match,
        /// Id of who did it.
        actor_id: String,
        /// Id of the thing it was done to.
        entity: String,
        /// Kind of that thing.
        entity_type: String,
        /// Address it came from.
        ip_address: String,
        /// When.
        created_at: DateRange,
        /// Organization it happened in.
        organization_id: String,
        /// Product, where a vendor has several.
        product: String,
    }
}

filter! {
    /// Nothing to narrow by: it is one user.
    MeFilter {}
}

filter! {
    /// Which role assignments to list.
    RoleAssignmentFilter {
        /// Of this user.
        user_id: String,
        /// Of this group.
        group_id: String,
        /// Of this role.
        role_id: String,
        /// In this workspace.
        workspace_id: String,
        /// In this organization.
        organization_id: String,
    }
}

filter! {
    /// Which bills to list.
    BillingFilter {
        /// Of this organization.
        organization_id: String,
    }
}

filter! {
    /// Which reports to list.
    UtilizationFilter {
        /// Kind of report.
        r#type: Match,
        /// About this user.
        user_id: String,
        /// About this organization.
        organization_id: String,
        /// About this span.
        created_at: DateRange,
    }
}

/// A filter that can be checked on an item, for vendors whose servers honour filters at their pleasure.
///
/// Members that the item cannot tell (a group it belongs to, a role) are taken as honoured by the vendor.
pub trait Recheck<T: Unified>: Send + Sync {
    /// Whether `item` passes.
    fn keeps(&self, item: &T::Of<'_>) -> bool;
}

/// Whether an optional filter takes an optional word.
fn word(filter: &Option<Match>, word: Option<&str>) -> bool {
    filter.as_ref().is_none_or(|filter| word.is_some_and(|word| filter.takes(word)))
}

/// Whether an optional span takes a time.
fn span(filter: &Option<DateRange>, time: Option<DateTime>) -> bool {
    filter.is_none_or(|range| range.takes(time))
}

impl Recheck<User<'static>> for UserFilter {
    fn keeps(&self, user: &User<'_>) -> bool {
        word(&self.first_name, user.first_name.as_deref())
            && word(&self.last_name, user.last_name.as_deref())
            && word(&self.name, user.name.as_deref())
            && word(&self.username, user.username.as_deref())
            && word(&self.external_id, user.external_id.as_deref())
            && word(&self.user_type, user.user_type.as_deref())
            && word(&self.status, user.status.as_ref().map(|status| status.as_str()))
            && self.emails.as_ref().is_none_or(|wanted| {
                let mut emails = user.emails.iter().flatten().filter_map(|email| email.email.as_deref());
                emails.any(|email| wanted.takes(email))
            })
            && span(&self.created_at, user.created_at)
            && span(&self.updated_at, user.updated_at)
    }
}

impl Recheck<Group<'static>> for GroupFilter {
    fn keeps(&self, group: &Group<'_>) -> bool {
        word(&self.name, group.name.as_deref())
            && word(&self.description, group.description.as_deref())
            && word(&self.group_type, group.group_type.as_ref().map(|kind| kind.as_str()))
            && span(&self.created_at, group.created_at)
            && span(&self.updated_at, group.updated_at)
    }
}

impl Recheck<Activity<'static>> for ActivityFilter {
    fn keeps(&self, activity: &Activity<'_>) -> bool {
        word(&self.action, activity.action.as_ref().map(|action| action.as_str()))
            && span(&self.created_at, activity.created_at)
            && self.entity_type.as_ref().is_none_or(|kind| activity.entity_type.as_deref() == Some(kind.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<UserFilter, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn every_spelling_of_a_value_is_read() {
        for json in [
            r#"{"status": "active"}"#,
            r#"{"status": {"eq": "active"}}"#,
            r#"{"status": ["active"]}"#,
            r#"{"status": {"in": "active"}}"#,
        ] {
            assert_eq!(parse(json).unwrap(), UserFilter::default().status("active"), "{json}");
        }
        let emails = parse(r#"{"emails": [{"email": "a@example.com"}, "b@example.com"]}"#).unwrap();
        assert_eq!(emails.emails.unwrap().values(), ["a@example.com", "b@example.com"]);
    }

    #[test]
    fn wrong_values_are_named() {
        assert!(parse(r#"{"status": {"like": "a"}}"#).unwrap_err().contains("`like`"));
        assert!(parse(r#"{"created_at": "yesterday"}"#).unwrap_err().contains("RFC 3339"));
        assert!(parse(r#"{"status": ""}"#).unwrap_err().contains("needs a value"));
    }

    #[test]
    fn spans_have_two_ends() {
        let filter = parse(r#"{"created_at": {"gte": "2026-01-01T00:00:00Z", "lt": "2026-02-01T00:00:00Z"}}"#).unwrap();
        let range = filter.created_at.unwrap();
        assert!(range.takes(DateTime::parse("2026-01-01T00:00:00Z")));
        assert!(!range.takes(DateTime::parse("2026-02-01T00:00:00Z")));
        assert!(!range.takes(None));
    }

    #[test]
    fn a_user_is_checked_against_the_filter() {
        let user = User { username: Some("maya".into()), status: Some("active".into()), ..User::with_id("u1") };
        assert!(UserFilter::default().username("MAYA").keeps(&user));
        assert!(!UserFilter::default().status("inactive").keeps(&user));
        assert!(UserFilter::default().group_id("g1").keeps(&user));
    }
}
