//! From Zoom's JSON to the unified schema: pure functions, no calls. Logs are in `log_map.rs`.

use std::collections::BTreeMap;

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use userdir_core::Mapped;
use userdir_core::mapping::{filled, full_name, time};
use userdir_core::page::MapItem;
use userdir_schema::{
    Bill, Column, Email, Group, License, Organization, Phone, RemoteData, Role, RoleAssignment, Status, Text, Url,
    User, UserGroup, UserLicense, UserOrganization, UserRole, Utilization,
};

use crate::wire;

/// Zoom's types of users, which stand for seats: number, id, name.
pub const SEATS: &[(i64, &str, &str)] = &[
    (1, "basic", "Basic"),
    (2, "licensed", "Licensed"),
    (3, "on_prem", "On-prem"),
    (4, "unassigned", "Unassigned without Meetings Basic"),
    (99, "none", "None"),
];

/// The word for a type; a number that is new stays one.
fn seat(number: i64) -> (Text<'static>, Text<'static>) {
    match SEATS.iter().find(|(known, ..)| *known == number) {
        Some((_, id, name)) => ((*id).into(), (*name).into()),
        None => (number.to_string().into(), number.to_string().into()),
    }
}

/// A user, as far as the row tells; names of groups, and in lists of roles too, are put in by `names.rs`.
pub fn user(raw: &RawValue) -> Mapped<User<'_>> {
    let it: wire::User = serde_json::from_str(raw.get())?;
    let identifiers: BTreeMap<_, _> =
        [("account_id", &it.account_id), ("jid", &it.jid), ("cms_user_id", &it.cms_user_id)]
            .into_iter()
            .filter_map(|(name, value)| Some((Text::from(name), filled(value.clone())?)))
            .collect();
    let url = |url, kind: &'static str| filled(url).map(|url| Url { url: Some(url), r#type: Some(kind.into()) });
    let urls = [url(it.personal_meeting_url.clone(), "personal_meeting"), url(it.vanity_url.clone(), "vanity")];
    let urls: Vec<_> = urls.into_iter().flatten().collect();
    let licenses = licenses(&it);
    let handle = it.handle().cloned();
    Ok(User {
        id: handle.unwrap_or_default(),
        external_id: filled(it.employee_unique_id),
        identifiers: (!identifiers.is_empty()).then_some(identifiers),
        name: filled(it.display_name).or_else(|| full_name(&it.first_name, &it.last_name)),
        first_name: filled(it.first_name),
        last_name: filled(it.last_name),
        title: filled(it.job_title),
        emails: filled(it.email)
            .map(|email| vec![Email { email: Some(email), r#type: Some("work".into()), is_primary: Some(true) }]),
        phones: it.phone_numbers.map(|numbers| numbers.into_iter().filter_map(phone).collect()),
        status: it.status.map(status),
        is_email_verified: it.verified.map(|verified| verified == 1),
        roles: it.role_id.map(|id| vec![UserRole { id: Some(id), name: filled(it.role_name), ..UserRole::default() }]),
        organizations: filled(it.account_id)
            .map(|id| vec![UserOrganization { id: Some(id), name: filled(it.company) }]),
        user_type: it.r#type.map(|number| seat(number).0),
        licenses,
        groups: it
            .group_ids
            .map(|ids| ids.into_iter().map(|id| UserGroup { id: Some(id), ..UserGroup::default() }).collect()),
        avatar: filled(it.pic_url),
        timezone: filled(it.timezone),
        languages: filled(it.language).map(|language| vec![language]),
        created_at: time(it.user_created_at).or_else(|| time(it.created_at)),
        last_login_at: time(it.last_login_time),
        urls: (!urls.is_empty()).then_some(urls),
        remote_data: without_host_key(raw)?,
        ..User::default()
    })
}

/// Whoever has a user's host key takes over the user's meetings.
fn without_host_key(raw: &RawValue) -> Mapped<Option<RemoteData<'static>>> {
    if !raw.get().contains("host_key") {
        return Ok(None);
    }
    let mut members: Map<String, Value> = serde_json::from_str(raw.get())?;
    members.remove("host_key");
    to_raw_value(&members).map(|raw| Some(RemoteData::from(raw)))
}

fn status(word: Text<'_>) -> Status<'_> {
    match word.as_str() {
        "active" => Status::Active,
        "inactive" => Status::Inactive,
        "pending" => Status::Invited,
        _ => Status::Other(word),
    }
}

fn phone(it: wire::PhoneNumber<'_>) -> Option<Phone<'_>> {
    let number = filled(it.number)?;
    let number = it.code.map_or_else(|| number.clone(), |code| format!("{code}{number}").into());
    let label = filled(it.label).map(|label| label.to_lowercase().into());
    Some(Phone { number: Some(number), r#type: label, ..Phone::default() })
}

/// The seat, and what else is listed. Rows that tell no type tell nothing of licences.
fn licenses<'a>(it: &wire::User<'_>) -> Option<Vec<UserLicense<'a>>> {
    let (id, name) = seat(it.r#type?);
    let listed = it.listed().into_iter().map(Text::from);
    let listed = listed.map(|id| UserLicense { name: Some(id.clone()), id: Some(id), ..UserLicense::default() });
    let seat = UserLicense { id: Some(id), name: Some(name), ..UserLicense::default() };
    Some(std::iter::once(seat).chain(listed).collect())
}

/// A user, under the address that stays the same when an invitation is accepted, with the licences beyond the seat.
pub fn listed_licenses(raw: &RawValue) -> Mapped<(String, Vec<String>)> {
    let it: wire::User = serde_json::from_str(raw.get())?;
    let name = it.email.as_ref().or(it.id.as_ref()).map(Text::to_string);
    Ok((name.unwrap_or_default(), it.listed()))
}

/// A row of the synthetic list of licences.
pub fn license(id: impl Into<Text<'static>>, name: impl Into<Text<'static>>) -> License<'static> {
    License { id: id.into(), name: Some(name.into()), ..License::default() }
}

/// A group.
pub fn group(raw: &RawValue) -> Mapped<Group<'_>> {
    let it: wire::Named = serde_json::from_str(raw.get())?;
    Ok(Group { id: it.id, name: filled(it.name), group_type: Some("group".into()), ..Group::default() })
}

/// A role.
pub fn role(raw: &RawValue) -> Mapped<Role<'_>> {
    let it: wire::Named = serde_json::from_str(raw.get())?;
    Ok(Role { id: it.id, name: filled(it.name), description: filled(it.description), ..Role::default() })
}

/// The role that a user has. Zoom gives it no id; the user's will do, since there is one a user.
pub fn role_of_user(raw: &RawValue) -> Mapped<RoleAssignment<'_>> {
    let it: wire::User = serde_json::from_str(raw.get())?;
    let handle = it.handle().cloned().unwrap_or_default();
    Ok(RoleAssignment {
        id: handle.clone(),
        user_id: Some(handle),
        role_id: it.role_id,
        remote_data: without_host_key(raw)?,
        ..RoleAssignment::default()
    })
}

/// Maps members of this role.
pub struct OfRole(pub String);

impl MapItem<RoleAssignment<'static>> for OfRole {
    fn map<'a>(&self, raw: &'a RawValue) -> Mapped<RoleAssignment<'a>> {
        Ok(RoleAssignment { role_id: Some(self.0.clone().into()), ..role_of_user(raw)? })
    }
}

/// Maps groups of this account, where its id is known.
pub struct OfAccount(pub Option<String>);

impl MapItem<Group<'static>> for OfAccount {
    fn map<'a>(&self, raw: &'a RawValue) -> Mapped<Group<'a>> {
        Ok(Group { organization: self.0.clone().map(Text::from), ..group(raw)? })
    }
}

/// The account, as any of its users shows it.
pub fn organization(raw: &RawValue) -> Mapped<Organization<'_>> {
    let it: wire::User = serde_json::from_str(raw.get())?;
    Ok(Organization {
        id: it.account_id.unwrap_or_default(),
        name: filled(it.company),
        remote_data: without_host_key(raw)?,
        ..Organization::default()
    })
}

/// A billing report of a department.
pub fn bill(raw: &RawValue, currency: Option<&str>) -> Mapped<Bill<'static>> {
    let it: wire::BillingReport = serde_json::from_str(raw.get())?;
    let text = |text: Option<Text<'_>>| text.map(Text::into_owned);
    Ok(Bill {
        id: it.id.into_owned(),
        description: it.r#type.map(|kind| match kind {
            0 => "Detailed Billing Reports".into(),
            1 => "Custom Billing Reports".into(),
            other => format!("report of type {other}").into(),
        }),
        currency: currency.map(|currency| currency.to_owned().into()),
        total_amount: text(it.total_amount),
        tax_amount: text(it.tax_amount),
        start_date: text(it.start_date),
        end_date: text(it.end_date),
        remote_data: Some(raw.to_owned().into()),
        ..Bill::default()
    })
}

/// Name of the report of plan usage.
pub const LICENSES: &str = "licenses";

/// How many hosts each plan has, and how many are used. What has no hosts, such as storage, goes into the metadata.
pub fn plans(raw: &RawValue) -> Mapped<Utilization<'_>> {
    let it: wire::PlansUsage = serde_json::from_str(raw.get())?;
    let column = |label: &'static str, description: &'static str| Column {
        label: Some(label.into()),
        description: Some(description.into()),
        ..Column::default()
    };
    let (mut rows, mut metadata) = (Vec::new(), Map::new());
    for (name, value) in &it.plans {
        let plans: Vec<&Value> = it.of(name).into_iter().filter(|plan| plan.get("hosts").is_some()).collect();
        if plans.is_empty() {
            metadata.insert(name.clone(), value.clone());
        }
        let member = |plan: &Value, member: &str| plan.get(member).cloned().unwrap_or_default();
        rows.extend(plans.into_iter().map(|plan| {
            vec![Value::from(name.as_str()), member(plan, "type"), member(plan, "hosts"), member(plan, "usage")]
        }));
    }
    Ok(Utilization {
        name: LICENSES.into(),
        columns: vec![
            column("plan", "the plan"),
            column("type", "its type, in Zoom's word"),
            column("hosts", "how many there are"),
            column("usage", "how many are used"),
        ],
        metadata: (!metadata.is_empty()).then_some(metadata),
        rows: Some(rows),
        ..Utilization::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_pending_user_goes_by_the_address() {
        let user = user(raw(r#"{"email": "ida@example.com", "type": 2, "status": "pending", "new": {}}"#)).unwrap();
        assert_eq!((user.id.as_str(), user.status), ("ida@example.com", Some(Status::Invited)));
        assert_eq!((user.groups, user.roles, user.phones, user.urls), (None, None, None, None));
    }

    #[test]
    fn types_that_are_new_stay_numbers() {
        let user = user(raw(r#"{"id": "u1", "type": 7, "status": "frozen"}"#)).unwrap();
        assert_eq!((user.user_type.as_deref(), user.status), (Some("7"), Some(Status::Other("frozen".into()))));
        assert_eq!(user.licenses.unwrap()[0].id.as_deref(), Some("7"));
    }

    #[test]
    fn the_seat_and_what_is_listed_are_licences() {
        let user = user(raw(r#"{"id": "u1", "type": 2, "license_info_list": [
                {"license_type": "ZOOM_WORKPLACE_BUNDLE", "license_option": 16, "subscription_id": "S"},
                {"license_type": "ZOOM_PHONE"}, {}]}"#))
        .unwrap();
        let licenses = user.licenses.unwrap();
        let ids: Vec<_> = licenses.iter().map(|license| license.id.as_deref().unwrap()).collect();
        assert_eq!(ids, ["licensed", "ZOOM_WORKPLACE_BUNDLE:16", "ZOOM_PHONE"]);
    }

    #[test]
    fn two_licences_of_a_kind_are_one_of_their_holder() {
        let json = r#"{"id": "u1", "email": "maya@example.com", "type": 2, "license_info_list": [
            {"license_type": "ZOOM_PHONE", "subscription_id": "A"}, {"license_type": "ZOOM_PHONE", "subscription_id": "B"}]}"#;
        assert_eq!(listed_licenses(raw(json)).unwrap(), ("maya@example.com".into(), vec!["ZOOM_PHONE".into()]));
        assert_eq!(user(raw(json)).unwrap().licenses.unwrap().len(), 2);
    }

    #[test]
    fn a_host_key_stays_out() {
        let json = r#"{"id": "u1", "host_key": "299438", "pmi": 1}"#;
        let kept = r#"{"id":"u1","pmi":1}"#;
        assert_eq!(user(raw(json)).unwrap().remote_data.unwrap().get(), kept);
        assert_eq!(organization(raw(json)).unwrap().remote_data.unwrap().get(), kept);
        assert_eq!(role_of_user(raw(json)).unwrap().remote_data.unwrap().get(), kept);
        assert_eq!(OfRole("1".into()).map(raw(json)).unwrap().remote_data.unwrap().get(), kept);
        assert_eq!(user(raw(r#"{"id": "u1"}"#)).unwrap().remote_data, None, "core keeps the vendor's own bytes");
    }

    #[test]
    fn bundles_are_told_in_three_ways() {
        let of = |json: &'static str| serde_json::from_str::<wire::User>(json).unwrap();
        let listed = of(r#"{"license_info_list": [{"license_type": "ZOOM_WORKPLACE_BUNDLE", "license_option": "16"},
            {"license_type": "ZOOM_PHONE", "license_option": null}]}"#);
        assert_eq!(listed.bundles(), ["ZOOM_WORKPLACE_BUNDLE:16"]);
        for (json, shows) in [
            (r#"{"plan_united_type": "1"}"#, true),
            (r#"{"zoom_one_type": 64}"#, true),
            (r#"{"plan_united_type": "", "zoom_one_type": 0}"#, false),
            (r#"{"plan_united_type": null}"#, false),
            ("{}", false),
        ] {
            assert_eq!(of(json).shows_older_bundle(), shows, "{json}");
        }
    }

    #[test]
    fn the_base_plan_may_be_a_list_or_an_object() {
        for base in
            [r#"{"type": "monthly", "hosts": 2, "usage": 1}"#, r#"[{"type": "monthly", "hosts": 2, "usage": 1}]"#]
        {
            let body = format!(r#"{{"plan_base": {base}, "plan_recording": {{"free_storage": "3 GB"}}}}"#);
            let report = plans(raw(&body)).unwrap();
            assert_eq!(serde_json::to_string(&report.rows).unwrap(), r#"[["plan_base","monthly",2,1]]"#);
            assert!(report.metadata.unwrap().contains_key("plan_recording"));
        }
    }
}
