//! From Vanta's JSON to the unified schema: pure functions, no calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;
use userdir_core::Mapped;
use userdir_core::http::Names;
use userdir_core::mapping::{self, filled, time};
use userdir_core::page::MapItem;
use userdir_schema::{Activity, Actor, Email, Group, Status, Text, User, UserGroup};

use crate::wire;

/// A person. Vanta knows employees, and no login accounts: the status is that of the employment.
pub fn person(raw: &RawValue) -> Mapped<User<'_>> {
    let it: wire::Person = serde_json::from_str(raw.get())?;
    let employment = it.employment;
    let is_former = employment.status.as_deref() == Some("FORMER");
    let address = filled(it.email_address);
    let email = address.map(|address| Email {
        email: Some(address),
        // the one address that Vanta has is the one at work
        r#type: Some("work".into()),
        is_primary: Some(true),
    });
    let identifiers: BTreeMap<_, _> = filled(it.user_id).map(|id| ("vanta_user_id".into(), id)).into_iter().collect();
    let group = |id| UserGroup { id: Some(id), ..UserGroup::default() };
    Ok(User {
        id: it.id,
        identifiers: Some(identifiers),
        first_name: filled(it.name.first),
        last_name: filled(it.name.last),
        name: filled(it.name.display),
        title: filled(employment.job_title),
        emails: Some(email.into_iter().collect()),
        status: employment.status.map(status),
        groups: it.group_ids.map(|ids| ids.into_iter().map(group).collect()),
        activated_at: time(employment.start_date),
        status_changed_at: time(employment.end_date).filter(|_| is_former),
        ..User::default()
    })
}

/// `UPCOMING` and `ON_LEAVE` have no unified word: nobody was invited, and who is on leave comes back.
fn status(word: Text<'_>) -> Status<'_> {
    match word.as_str() {
        "CURRENT" => Status::Active,
        "FORMER" | "INACTIVE" => Status::Inactive,
        _ => Status::Other(word),
    }
}

/// Maps people of a list, with the names of their groups.
pub struct Named(pub Arc<Names>);

impl MapItem<User<'static>> for Named {
    fn map<'a>(&self, raw: &'a RawValue) -> Mapped<User<'a>> {
        let mut user = person(raw)?;
        self.name_groups(&mut user);
        Ok(user)
    }
}

impl Named {
    /// Puts the names in that are known.
    pub fn name_groups(&self, user: &mut User<'_>) {
        for group in user.groups.iter_mut().flatten() {
            group.name = group.id.as_deref().and_then(|id| Some(self.0.get(id)?.clone().into()));
        }
    }
}

/// A group.
pub fn group(raw: &RawValue) -> Mapped<Group<'_>> {
    let it: wire::Group = serde_json::from_str(raw.get())?;
    Ok(Group {
        id: it.id,
        name: filled(it.name),
        group_type: Some("group".into()),
        created_at: time(it.creation_date),
        ..Group::default()
    })
}

/// An event. Vanta's own word stays where no unified one is documented.
pub fn event(raw: &RawValue) -> Mapped<Activity<'_>> {
    let it: wire::Event = serde_json::from_str(raw.get())?;
    let target = it.targets.into_iter().flatten().next();
    let (entity, entity_type) = target.map_or((None, None), |target| (target.id, target.r#type));
    Ok(Activity {
        id: it.id,
        actor: it.actor.map(actor),
        action: it.action.map(|word| match word.as_str() {
            "LOGIN_USER" => "login".into(),
            _ => word.into(),
        }),
        entity,
        entity_type,
        created_at: time(it.date),
        ..Activity::default()
    })
}

/// People act as users; the API, SCIM, agents and Vanta itself do not.
fn actor(party: wire::Party<'_>) -> Actor<'_> {
    let is_user = matches!(party.r#type.as_deref(), Some("USER" | "VANTA_EXCHANGE_USER"));
    mapping::actor(is_user, party.id)
}

#[cfg(test)]
mod tests {
    use userdir_schema::ActorType;

    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_bare_person_is_enough_and_unknown_words_pass() {
        let user = person(raw(r#"{"id": "65e1", "employment": {"status": "SECONDED"}, "newField": {}}"#)).unwrap();
        assert_eq!(user.status, Some(Status::Other("SECONDED".into())));
        assert_eq!((user.emails, user.groups), (Some(vec![]), None));
    }

    #[test]
    fn only_who_left_has_an_end() {
        let ends = |status: &str| {
            let json = format!(
                r#"{{"id": "1", "employment": {{"status": "{status}", "endDate": "2026-01-02T00:00:00.000Z"}}}}"#
            );
            person(raw(&json)).unwrap().status_changed_at.is_some()
        };
        assert!(ends("FORMER"));
        assert!(!ends("CURRENT"), "an end that is to come");
    }

    #[test]
    fn who_acts_is_told_from_what_acts() {
        let by = |kind: &str| {
            let json = format!(r#"{{"id": "1", "actor": {{"id": "a", "type": "{kind}"}}}}"#);
            event(raw(&json)).unwrap().actor.unwrap().r#type.unwrap().into_owned()
        };
        assert_eq!(
            (by("USER"), by("API"), by("SOMETHING_NEW")),
            (ActorType::User, ActorType::System, ActorType::System)
        );
    }
}
