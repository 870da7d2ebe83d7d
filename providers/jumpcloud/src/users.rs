//! Directory users: get, create, update, delete.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};
use userdir_core::action::*;
use userdir_core::http::Answer;
use userdir_core::mapping::no_room;
use userdir_core::reply::Unreadable;
use userdir_core::{Call, Error, ErrorKind, Reply, Result, async_trait};
use userdir_schema::{Email, Phone, Text, User, UserGroup, UserOrganization};

use crate::administrators::Catalogue;
use crate::{GRAPH, JumpCloud, given, map, noted, wire};

#[async_trait]
impl GetUser for JumpCloud {
    /// The user, and with a call each what else is wanted: groups, the organization's name. Where roles are wanted, the id
    /// of an administrator who is no directory user will do.
    async fn get_user(&self, call: &Call, input: GetUserInput) -> Result<Reply<User<'static>>> {
        let answer = match self.v1.get("systemusers").id(&input.id).primary().read(call).await {
            Err(error) if error.kind() == ErrorKind::NotFound && call.wants("roles") => {
                let answer = self.v1.get("users").id(&input.id).read(call).await?;
                let roles = self.catalogue(call).await?;
                return Ok(told(Reply::read(answer.map(map::administrators(roles))?)));
            }
            answer => answer?,
        };
        let mut unknown = Unreadable::default();
        let mut user: User = self.named_user(call, &answer).await?;
        // what confirms a change of roles are those of the administrator that was changed: the link may be stale, or hidden
        if call.confirms::<AssignRoleInput>().is_some_and(|input| !input.roles.is_empty()) {
            let roles = self.catalogue(call).await?;
            let administrator = self.administrator_of(call, &answer.json()?, &roles).await?;
            let organization = organization_id(&user).map(Text::from);
            let held = administrator.into_iter().flat_map(|one| one.held);
            user.roles = Some(held.map(|role| map::user_role(role, &organization)).collect());
        }
        if call.wants("groups") {
            user.groups = unknown.known("groups", beside(self.groups_of(call, &input.id).await))?;
        }
        if call.wants("organizations")
            && let Some(id) = organization_id(&user)
        {
            let organization = unknown.known("organizations.name", beside(self.organization(call, &id).await))?;
            let name = organization.and_then(|organization| organization.name);
            user.organizations = Some(vec![UserOrganization { id: Some(id.into()), name }]);
        }
        Ok(told(unknown.note(Reply::read(user))))
    }
}

/// Says where the id of a role is not known.
fn told(reply: Reply<User<'static>>) -> Reply<User<'static>> {
    match reply.value.roles.iter().flatten().any(|role| role.id.is_none()) {
        true => reply.note("roles without an id are not in the list of roles, or it may not be read"),
        false => reply,
    }
}

/// What is read beside a user: where it is not found, the user is there all the same.
fn beside<T>(read: Result<T>) -> Result<T> {
    read.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Error::not_supported("JumpCloud does not find it").caused_by(error),
        _ => error,
    })
}

fn organization_id(user: &User<'_>) -> Option<String> {
    user.organizations.iter().flatten().find_map(|organization| organization.id.as_ref().map(Text::to_string))
}

impl JumpCloud {
    /// A directory user of an answer. The list of roles is read only for those who hold any.
    async fn named_user(&self, call: &Call, answer: &Answer) -> Result<User<'static>> {
        let is_administrator = answer.json::<wire::SystemUser>()?.admin.is_some();
        let roles = if is_administrator { self.catalogue(call).await? } else { Arc::<Catalogue>::default() };
        answer.map(map::users(roles))
    }

    /// The groups of a user. JumpCloud lists their ids; the names are in the list of groups.
    async fn groups_of(&self, call: &Call, user: &str) -> Result<Vec<UserGroup<'static>>> {
        let ids = self.v2.get("users").id(user).path("memberof");
        let ids = ids.all(call, &GRAPH, |raw| serde_json::from_str::<wire::Object>(raw.get()).map(|it| it.id)).await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let groups = self.v2.get("usergroups").query("sort", "name").all(call, &GRAPH, |raw| {
            let group: wire::Group = serde_json::from_str(raw.get())?;
            Ok((group.id.to_string(), group.name.map(String::from)))
        });
        let names: HashMap<String, Option<String>> = groups.await?.into_iter().collect();
        let named = |id: String| {
            let name = names.get(&id).cloned().flatten().map(Text::from);
            UserGroup { name, id: Some(id.into()), ..UserGroup::default() }
        };
        Ok(ids.into_iter().map(named).collect())
    }
}

/// The body of the fields given, or an error where they have no place at JumpCloud: left out silently they would look set.
/// The two inputs have the same fields and no common type.
macro_rules! body {
    ($input:expr, $emails:expr, $states:expr) => {{
        let input = &$input;
        let emails: Addresses = $emails;
        given(json!({
            "username": input.username,
            "email": emails.work,
            "alternateEmail": emails.alternate,
            "recoveryEmail": emails.recovery.map(|address| json!({ "address": address })),
            "firstname": input.first_name,
            "lastname": input.last_name,
            "displayname": input.name,
            "jobTitle": input.title,
            "employeeType": input.user_type,
            "description": input.bio,
            "phoneNumbers": numbers(&input.phones)?,
            "password": input.password,
            "state": state(&input.status, $states)?,
        }))
    }};
}

#[async_trait]
impl CreateUser for JumpCloud {
    async fn create_user(&self, call: &Call, input: CreateUserInput) -> Result<Reply<User<'static>>> {
        let states = [("active", "ACTIVATED"), ("invited", "STAGED"), ("inactive", "SUSPENDED")];
        let mut body = body!(input, addresses(&input.emails)?, &states);
        // a new user has nothing to be emptied
        body.retain(|_, value| *value != "");
        match self.v1.post("systemusers").json(&body).primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(self.named_user(call, &answer).await?)),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl UpdateUser for JumpCloud {
    /// `PUT` changes what is sent, and no more.
    async fn update_user(&self, call: &Call, input: UpdateUserInput) -> Result<Reply<User<'static>>> {
        let mut emails = addresses(&input.emails)?;
        let recovery = emails.recovery.take();
        let mut body = body!(input, emails, &[("active", "ACTIVATED"), ("inactive", "SUSPENDED")]);
        if input.emails.is_some() {
            self.check_recovery(call, &input.id, recovery).await?;
        }
        let suspends = input.status.map(|status| status == "inactive");
        if suspends == Some(false) {
            self.refuse_staged(call, &input.id).await?;
        }
        body.extend(suspends.map(|suspends| ("suspended".to_owned(), suspends.into())));
        let change = self.v1.put("systemusers").id(&input.id).json(&body);
        // the state goes with its flag, and the recovery address cannot be changed
        let answer = change.guarding(&["state", "suspended", "recoveryEmail"]).primary().write(call).await?;
        let reply = Reply::sent(&input.id);
        Ok(if suspends == Some(true) { noted(reply, answer) } else { reply })
    }
}

impl JumpCloud {
    /// The recovery address is the user's own affair: it can be set with a new user and not be changed.
    async fn check_recovery(&self, call: &Call, id: &str, wanted: Option<String>) -> Result<()> {
        let answer = self.v1.get("systemusers").id(id).read(call).await?;
        let user: wire::SystemUser = answer.json()?;
        let current = user.recovery_email.and_then(|email| email.address).filter(|address| !address.is_empty());
        let same = match (&wanted, &current) {
            (Some(wanted), Some(current)) => wanted.eq_ignore_ascii_case(current),
            (wanted, current) => wanted.is_none() && current.is_none(),
        };
        if same {
            return Ok(());
        }
        Err(Error::invalid("the address of type `recovery` cannot be changed here").hint(match current {
            Some(_) => "list it in `emails` as the user shows it",
            None => "leave it out: the user has none",
        }))
    }
}

/// The addresses by their places. A list replaces the one before, so an alternate address that it lacks is emptied.
#[derive(Default)]
struct Addresses {
    work: Option<String>,
    alternate: Option<String>,
    recovery: Option<String>,
}

fn addresses(emails: &Option<Vec<Email<'static>>>) -> Result<Addresses> {
    let Some(emails) = emails else { return Ok(Addresses::default()) };
    let is_first = |email: &Email<'_>| email.is_primary == Some(true);
    let first = emails.iter().position(is_first);
    let first = first.or_else(|| emails.iter().position(|email| email.r#type.as_deref() == Some("work"))).unwrap_or(0);
    let mut found = Addresses::default();
    for (index, email) in emails.iter().enumerate() {
        let place = match email.r#type.as_deref() {
            None | Some("work") if index == first => &mut found.work,
            None | Some("alternate") if index != first => &mut found.alternate,
            Some("recovery") if index != first => &mut found.recovery,
            _ => return Err(misfit()),
        };
        if place.is_some() {
            return Err(misfit());
        }
        *place = email.email.as_ref().map(Text::to_string);
    }
    if found.work.is_none() {
        return Err(Error::invalid("`emails` has no primary address, which JumpCloud needs"));
    }
    found.alternate.get_or_insert_default();
    Ok(found)
}

fn misfit() -> Error {
    no_room(
        "emails",
        "JumpCloud",
        "a primary address of type `work`, one of type `alternate` and one of type `recovery`",
    )
}

fn numbers(phones: &Option<Vec<Phone<'static>>>) -> Result<Option<Value>> {
    let Some(phones) = phones else { return Ok(None) };
    if phones.iter().any(|phone| phone.extension.is_some()) {
        return Err(no_room("phones", "JumpCloud", "numbers without extensions"));
    }
    Ok(Some(phones.iter().map(|phone| given(json!({ "number": phone.number, "type": phone.r#type }))).collect()))
}

/// JumpCloud's state for a unified status, where it can be set so.
fn state(status: &Option<String>, states: &[(&str, &'static str)]) -> Result<Option<&'static str>> {
    let Some(status) = status else { return Ok(None) };
    match states.iter().find(|(unified, _)| unified == status) {
        Some((_, state)) => Ok(Some(state)),
        None => {
            let words: Vec<String> = states.iter().map(|(unified, _)| format!("`{unified}`")).collect();
            Err(Error::invalid(format!("`status` is `{status}`; it must be one of {}", words.join(", "))))
        }
    }
}

#[async_trait]
impl DeleteUser for JumpCloud {
    /// One who is somebody's manager is refused at first; then those lose their manager.
    async fn delete_user(&self, call: &Call, input: DeleteUserInput) -> Result<Reply<User<'static>>> {
        let delete = || self.v1.delete("systemusers").id(&input.id).primary();
        let reply = Reply::sent(&input.id);
        match delete().write(call).await {
            Err(error) if error.kind() == ErrorKind::Conflict => {
                let sent = delete().query("cascade_manager", "null").write(call).await?;
                let reply = reply.note("those whose manager the user was have none now");
                Ok(noted(reply, sent))
            }
            sent => Ok(noted(reply, sent?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_have_no_place_are_refused() {
        let email = |address: &'static str, kind: Option<&'static str>| Email {
            email: Some(address.into()),
            r#type: kind.map(Text::from),
            is_primary: None,
        };
        let found = addresses(&Some(vec![email("a@example.com", None), email("b@example.com", None)])).unwrap();
        assert_eq!((found.work.as_deref(), found.alternate.as_deref()), (Some("a@example.com"), Some("b@example.com")));
        let found = addresses(&Some(vec![email("a@example.com", Some("work"))])).unwrap();
        assert_eq!(found.alternate.as_deref(), Some(""), "a list replaces the one before");
        for wrong in [
            vec![],
            vec![email("a@example.com", Some("home"))],
            vec![email("a@example.com", None), email("b@example.com", None), email("c@example.com", None)],
        ] {
            assert!(addresses(&Some(wrong)).is_err());
        }
    }
}
