//! Users: get, create, update, delete, deactivate, activate. Changes are answered 204, and core reads again.

use userdir_core::action::*;
use userdir_core::http::Request;
use userdir_core::mapping::{check_length, is_active};
use userdir_core::reply::Unreadable;
use userdir_core::{Call, Effect, Error, Outcome, Reply, Result, async_trait};
use userdir_schema::{Email, Text, User, UserRole};

use crate::{TeamViewer, ids, map, wire};

/// What locks somebody out and what changes roles; the vendor matches names without case, and its own module writes both.
const DECIDED: &[&str] =
    &["active", "AssignUserRoleIds", "UnassignUserRoleIds", "assignUserRoleIds", "unassignUserRoleIds"];

#[async_trait]
impl GetUser for TeamViewer {
    /// The user, and with a call each the roles with their names, and the company.
    async fn get_user(&self, call: &Call, input: GetUserInput) -> Result<Reply<User<'static>>> {
        let answer = self.user_at(self.http.get("api/v1/users"), &input.id)?.primary().read(call).await?;
        let mut user: User = answer.map(map::user)?;
        let mut unknown = Unreadable::default();
        if call.wants("roles") {
            user.roles = unknown.known("roles", self.named_roles(call, &user.id).await)?;
        }
        if (call.wants("organizations") || call.wants("licenses"))
            && let Some(company) = unknown.known("organizations", self.company(call).await)?
        {
            user = map::of_company(user, &company);
        }
        Ok(unknown.note(Reply::read(user)))
    }
}

impl TeamViewer {
    /// The roles of a user, direct ones and those through groups; names where the catalogue may be read.
    async fn named_roles(&self, call: &Call, user: &str) -> Result<Vec<UserRole<'static>>> {
        let held = self.roles_of(call, user).await?;
        let catalogue = match held.is_empty() {
            true => Vec::new(),
            false => self.roles(call).await?,
        };
        let named = |id: String| {
            let name = catalogue.iter().find(|role| role.id == id.as_str()).and_then(|role| role.name.clone());
            UserRole { id: Some(id.into()), name, ..UserRole::default() }
        };
        Ok(held.into_iter().map(named).collect())
    }

    /// The PUT of changes: only what is sent changes. Whether somebody is locked out, and which roles change, is looked at before.
    pub(crate) fn put(&self, user: &str, changes: &wire::UserChanges<'_>) -> Result<Request> {
        let request = self.user_at(self.http.put("api/v1/users"), user)?.json(changes);
        Ok(request.guarding(DECIDED).primary())
    }
}

/// The one address that TeamViewer keeps, which is the login too.
fn address<'i>(emails: &'i Option<Vec<Email<'static>>>, username: &'i Option<String>) -> Result<Option<&'i str>> {
    let address = match emails.as_deref() {
        None => None,
        Some([Email { email: Some(address), .. }]) => Some(address.as_str()),
        Some(_) => return Err(Error::invalid("`emails` takes one address here: TeamViewer keeps no other")),
    };
    match (address, username.as_deref()) {
        (Some(address), Some(name)) if !name.eq_ignore_ascii_case(address) => {
            Err(Error::invalid("`username` and `emails` differ: at TeamViewer the address is the login"))
        }
        (address, name) => Ok(address.or(name)),
    }
}

/// The one name that TeamViewer keeps, put together from its parts where it is not given. It is taken apart again at the
/// first space, so that a given name with a space would not come back.
fn full_name(name: &Option<String>, first: Option<&str>, last: Option<&str>) -> Result<Option<String>> {
    let joined = match (first, last) {
        (None, None) => None,
        (Some(first), _) if first.trim().contains(' ') => {
            return Err(Error::invalid(
                "`first_name` has a space: TeamViewer keeps one name and splits it at the first",
            )
            .hint("give `name`"));
        }
        (first, last) => Some([first, last].into_iter().flatten().collect::<Vec<_>>().join(" ")),
    };
    match (name, joined) {
        (Some(name), Some(joined)) if *name != joined => {
            Err(Error::invalid("`name` is not `first_name` and `last_name` together: TeamViewer keeps one name"))
        }
        (name, joined) => {
            let name = name.clone().or(joined);
            check_length("name", name.as_deref(), 2..=50)?;
            Ok(name)
        }
    }
}

/// The role of a new user; there is room for one.
fn first_role<'i>(roles: &'i Option<Vec<UserRole<'static>>>) -> Result<Option<&'i str>> {
    match roles.as_deref() {
        None | Some([]) => Ok(None),
        Some([UserRole { id: Some(id), .. }]) => Ok(Some(id.as_str())),
        Some(_) => {
            Err(Error::invalid("`roles` takes one role with its `id` here; give the others with users/assign-role"))
        }
    }
}

#[async_trait]
impl CreateUser for TeamViewer {
    async fn create_user(&self, call: &Call, input: CreateUserInput) -> Result<Reply<User<'static>>> {
        let name = full_name(&input.name, input.first_name.as_deref(), input.last_name.as_deref())?
            .ok_or_else(|| Error::invalid("`name` is required, or `first_name` and `last_name`"))?;
        let language = match input.languages.as_deref() {
            Some([one]) => one,
            _ => {
                return Err(Error::invalid(
                    "`languages` takes one language here, such as `en`: that of the welcome mail",
                ));
            }
        };
        check_length("languages", Some(language), 2..=10)?;
        let email = address(&input.emails, &input.username)?.unwrap_or_default();
        let body = wire::NewUser {
            email,
            name: &name,
            language,
            password: input.password.as_ref().map(Password::expose),
            user_role_id: first_role(&input.roles)?,
        };
        match self.http.post("api/v1/users").json(&body).primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(answer.map(map::user)?)),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl UpdateUser for TeamViewer {
    /// A new address is shown once its owner has followed the link that TeamViewer mails.
    async fn update_user(&self, call: &Call, input: UpdateUserInput) -> Result<Reply<User<'static>>> {
        let email = address(&input.emails, &input.username)?;
        let active = is_active(input.status.as_deref())?;
        if active == Some(false) {
            self.refuse_owner(call, &ids::user(&input.id)?).await?;
        }
        let (mut first, mut last) = (input.first_name.clone(), input.last_name.clone());
        if input.name.is_none() && first.is_some() != last.is_some() {
            // the other part is kept
            let answer = self.user_at(self.http.get("api/v1/users"), &input.id)?.read(call).await?;
            let current: User = answer.map(map::user)?;
            let text = |text: Option<Text<'static>>| text.map(|text| text.to_string());
            first = first.or(text(current.first_name));
            last = last.or(text(current.last_name));
        }
        let name = full_name(&input.name, first.as_deref(), last.as_deref())?;
        let password = input.password.as_ref().map(Password::expose);
        let changes = wire::UserChanges { email, name: name.as_deref(), password, active, ..Default::default() };
        let sent = self.put(&input.id, &changes)?.write(call).await?;
        if email.is_some() && sent.is_some() && (name.is_some() || active.is_some()) {
            // while the address is not shown, core cannot tell that the rest is
            let answer = self.user_at(self.http.get("api/v1/users"), &input.id)?.read(call).await?;
            let now: wire::User = answer.json()?;
            let is_other = |name: &str| now.name.as_deref() != Some(name);
            if name.as_deref().is_some_and(is_other) || active.is_some() && now.active != active {
                return Err(Error::unexpected("TeamViewer accepted the change, and shows another name or status")
                    .with_outcome(Outcome::Unknown));
            }
        }
        let effect = if email.is_some() { Effect::Pending } else { Effect::Applied };
        let reply = Reply::sent(&input.id).with_effect(effect);
        Ok(if active == Some(false) { self.told(reply) } else { reply })
    }
}

#[async_trait]
impl DeleteUser for TeamViewer {
    /// Takes the user out of the company; the account stays, unless `remote_query` says `isPermanentDelete=true`.
    async fn delete_user(&self, call: &Call, input: DeleteUserInput) -> Result<Reply<User<'static>>> {
        self.refuse_owner(call, &ids::user(&input.id)?).await?;
        let request = self.user_at(self.http.delete("api/v1/users"), &input.id)?.primary();
        match request.write(call).await {
            // core has just seen the user: gone in between
            Err(error) if error.was_missing() => Ok(Reply::sent(&input.id).with_effect(Effect::Already)),
            sent => sent.map(|_| self.told(Reply::sent(&input.id))),
        }
    }
}

#[async_trait]
impl DeactivateUser for TeamViewer {
    async fn deactivate_user(&self, call: &Call, input: DeactivateUserInput) -> Result<Reply<User<'static>>> {
        self.refuse_owner(call, &ids::user(&input.user_id)?).await?;
        let changes = wire::UserChanges { active: Some(false), ..Default::default() };
        self.put(&input.user_id, &changes)?.write(call).await?;
        Ok(self.told(Reply::sent(&input.user_id)))
    }
}

#[async_trait]
impl ActivateUser for TeamViewer {
    async fn activate_user(&self, call: &Call, input: ActivateUserInput) -> Result<Reply<User<'static>>> {
        let changes = wire::UserChanges { active: Some(true), ..Default::default() };
        self.put(&input.user_id, &changes)?.write(call).await?;
        Ok(Reply::sent(&input.user_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_name() {
        let name = |name: Option<&str>, first, last| full_name(&name.map(str::to_owned), first, last);
        assert_eq!(name(None, Some("Maya"), Some("de la Ortiz")).unwrap().as_deref(), Some("Maya de la Ortiz"));
        assert_eq!(name(Some("Maya Ortiz"), Some("Maya"), Some("Ortiz")).unwrap().as_deref(), Some("Maya Ortiz"));
        assert_eq!(name(None, None, None).unwrap(), None);
        assert!(name(None, Some("Anna Maria"), Some("Ortiz")).is_err());
        assert!(name(Some("Maya"), Some("Maya"), Some("Ortiz")).is_err());
        assert!(name(Some("M"), None, None).is_err());
    }
}
