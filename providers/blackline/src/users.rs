//! Users: list, get, create, update, deactivate, activate, and the user that the account itself is.

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use userdir_core::action::*;
use userdir_core::http::Request;
use userdir_core::mapping::no_room;
use userdir_core::reply::Unreadable;
use userdir_core::{Call, Error, ErrorKind, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Email, Phone, Text, User};

use crate::{BlackLine, assumed, map, wire};

#[async_trait]
impl ListUsers for BlackLine {
    /// BlackLine is known to filter by `isActive` alone; the rest is left out afterwards.
    async fn list_users(&self, call: &Call, request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        let filter = &request.filter;
        if let Some(team) = &filter.group_id {
            check_members_filter(filter)?;
            return self.page(call, self.http.get("v1/teams").id(team).path("users"), &request, map::user).await;
        }
        let users = match filter.status.as_ref().map(active) {
            // nobody is ever shown in another status
            Some(Wanted::Nobody) => return Ok(Page::of_values(Vec::new())),
            Some(Wanted::Only(active)) => self.http.get("v1/users").query("filter", assumed::is_active(active)),
            None | Some(Wanted::Everybody) => self.http.get("v1/users"),
        };
        Ok(self.page(call, users, &request, map::user).await?.rechecked(filter.clone()))
    }
}

enum Wanted {
    Nobody,
    Everybody,
    Only(bool),
}

/// Whom a filter by status wants.
fn active(status: &Match) -> Wanted {
    match (status.takes("active"), status.takes("inactive")) {
        (true, true) => Wanted::Everybody,
        (false, false) => Wanted::Nobody,
        (active, _) => Wanted::Only(active),
    }
}

/// What a team's list shows of its users is unverified, so nothing is left out by it.
fn check_members_filter(filter: &UserFilter) -> Result<()> {
    let mut rest = filter.clone();
    rest.group_id = None;
    if rest == UserFilter::default() {
        return Ok(());
    }
    Err(Error::invalid("no other filter works together with `group_id`")
        .hint("list the users with the other filters, or the team without them"))
}

impl BlackLine {
    /// A user of this id.
    pub(crate) async fn user(&self, call: &Call, id: &str) -> Result<User<'static>> {
        let raw = self.find(call, id, assumed::read_user(&self.http, id)).await?;
        map::owned_user(&raw).map_err(unreadable)
    }

    /// BlackLine's object of a user. That one user can be read is assumed; where it is not found the list decides.
    async fn find(&self, call: &Call, id: &str, request: Request) -> Result<Box<RawValue>> {
        let error = match request.read(call).await {
            Ok(answer) => return Ok(answer.json::<&RawValue>()?.to_owned()),
            Err(error) if is_missing(&error) => error,
            Err(error) => return Err(error),
        };
        let all =
            self.whole(call, || self.http.get("v1/users"), |raw| Ok((map::user(raw)?.id.to_string(), raw.to_owned())));
        let found = all.await?.into_iter().find(|(found, _)| found == id);
        match found {
            Some((_, raw)) => Ok(raw),
            None if error.kind() == ErrorKind::NotFound => Err(error),
            None => Err(Error::not_found("the list of users has nobody of this id")),
        }
    }
}

/// Not found, or no such call.
fn is_missing(error: &Error) -> bool {
    error.vendor().is_some_and(|answer| matches!(answer.status, 404 | 405))
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::unexpected("a user cannot be read: it has another shape than known").caused_by(error)
}

#[async_trait]
impl GetUser for BlackLine {
    /// The user, and with a call each what else is wanted: roles with their products, teams, entities.
    async fn get_user(&self, call: &Call, input: GetUserInput) -> Result<Reply<User<'static>>> {
        let id = &input.id;
        let raw = self.find(call, id, assumed::read_user(&self.http, id).primary()).await?;
        let mut user = map::owned_user(&raw).map_err(unreadable)?;
        let mut unknown = Unreadable::default();
        if ["roles", "licenses", "organizations"].iter().any(|field| call.wants(field))
            && let Some(pairs) = unknown.known("roles", self.pairs(call, id).await)?
        {
            self.show_pairs(call, &mut user, &pairs).await?;
        }
        if call.wants("groups") {
            let teams = self.whole(call, || self.http.get("v1/users").id(id).path("teams"), map::user_team);
            user.groups = unknown.known("groups", teams.await)?;
        }
        if call.wants("workspaces") {
            let entities = self.whole(call, || self.http.get("v1/users").id(id).path("entities"), map::user_entity);
            user.workspaces = unknown.known("workspaces", entities.await)?;
        }
        Ok(unknown.note(Reply::read(user)))
    }
}

#[async_trait]
impl CreateUser for BlackLine {
    /// A new user is inactive unless the caller says otherwise: integrations give roles and entities first.
    async fn create_user(&self, call: &Call, input: CreateUserInput) -> Result<Reply<User<'static>>> {
        let Some(email) = address(&input.emails)? else {
            return Err(Error::invalid("`emails` has no address"));
        };
        let body = wire::NewUser {
            login_id: input.username.or_else(|| Some(email.clone())),
            first_name: input.first_name,
            last_name: input.last_name,
            email,
            is_active: is_active(&input.status)?.unwrap_or(false),
            job_title: input.title,
            supervisor: None,
            time_zone_id: time_zone(&input.timezone)?,
            phone_number: number(&input.phones)?.flatten(),
            annual_hours: 0,
            allow_user_mentions: true,
            allow_user_to_edit_journal_config: false,
            allow_user_to_edit_intercompany_config: false,
            allow_adhoc_matching: false,
            allow_intercompany_settlement: false,
            requires_journal_reviewer: false,
            allow_user_to_access_journal_analyser: false,
            reference_field1: None,
            reference_field2: None,
            reference_field3: None,
        };
        match self.http.post("v1/users").json(&body).primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(answer.map(map::user)?)),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl UpdateUser for BlackLine {
    async fn update_user(&self, call: &Call, input: UpdateUserInput) -> Result<Reply<User<'static>>> {
        let mut changes: Vec<(&str, Value)> = Vec::new();
        changes.extend(input.username.map(|login| ("loginId", login.into())));
        changes.extend(input.first_name.map(|name| ("firstName", name.into())));
        changes.extend(input.last_name.map(|name| ("lastName", name.into())));
        changes.extend(address(&input.emails)?.map(|email| ("email", email.into())));
        changes.extend(input.title.map(|title| ("jobTitle", title.into())));
        changes.extend(number(&input.phones)?.map(|number| ("phoneNumber", number.into())));
        changes.extend(time_zone(&input.timezone)?.map(|zone| ("timeZoneId", zone.into())));
        let active = is_active(&input.status)?;
        changes.extend(active.map(|active| ("isActive", active.into())));
        self.change(call, &input.id, changes, active == Some(false)).await
    }
}

#[async_trait]
impl DeactivateUser for BlackLine {
    async fn deactivate_user(&self, call: &Call, input: DeactivateUserInput) -> Result<Reply<User<'static>>> {
        self.change(call, &input.user_id, vec![("isActive", false.into())], true).await
    }
}

#[async_trait]
impl ActivateUser for BlackLine {
    async fn activate_user(&self, call: &Call, input: ActivateUserInput) -> Result<Reply<User<'static>>> {
        self.change(call, &input.user_id, vec![("isActive", true.into())], false).await
    }
}

impl BlackLine {
    /// Reads the user and sends it back whole with what changes, by the call that is assumed for it.
    async fn change(
        &self,
        call: &Call,
        id: &str,
        changes: Vec<(&str, Value)>,
        blocks: bool,
    ) -> Result<Reply<User<'static>>> {
        let raw = self.find(call, id, assumed::read_user(&self.http, id)).await?;
        if blocks {
            self.refuse_own(&map::user(&raw).map_err(unreadable)?)?;
        }
        let mut body: Map<String, Value> = serde_json::from_str(raw.get()).map_err(unreadable)?;
        // the list may show a part of a user, and what is left out would be emptied
        if let Some(name) = wire::NEEDED.iter().find(|name| !body.contains_key(**name)) {
            return Err(Error::not_supported(format!(
                "BlackLine does not show the user's `{name}`, so the user cannot be sent back whole"
            ))
            .hint("change the user in BlackLine itself"));
        }
        body.retain(|name, _| wire::WRITABLE.contains(&name.as_str()));
        body.extend(changes.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let request = assumed::change_user(&self.http, id).json(&body);
        match request.guarding(&["id", "isActive"]).primary().write(call).await {
            Ok(_) => Ok(Reply::sent(id)),
            // the user is there: it is the call that is not
            Err(error) if is_missing(&error) => {
                let missing = Error::not_supported("this instance has no call to change a user where it was assumed")
                    .hint("change the user in BlackLine itself");
                Err(match error.vendor() {
                    Some(answer) => missing.from_vendor(answer.clone()),
                    None => missing,
                })
            }
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl ListMe for BlackLine {
    /// BlackLine does not say whose key it is; the list of users has the login that the account signs in with.
    async fn list_me(&self, call: &Call, request: PageRequest<MeFilter>) -> Result<Page<User<'static>>> {
        let page = self.page(call, self.http.get("v1/users"), &request, map::user).await?;
        Ok(page.rechecked(UserFilter::default().username(self.username.clone())))
    }
}

/// The one address.
fn address(emails: &Option<Vec<Email<'static>>>) -> Result<Option<String>> {
    match emails.as_deref() {
        None => Ok(None),
        Some([one]) => Ok(one.email.as_ref().map(Text::to_string)),
        Some(_) => Err(no_room("emails", "BlackLine", "exactly one address")),
    }
}

/// The one number; an empty list empties it.
fn number(phones: &Option<Vec<Phone<'static>>>) -> Result<Option<Option<String>>> {
    match phones.as_deref() {
        None => Ok(None),
        Some([]) => Ok(Some(None)),
        Some([one]) if one.extension.is_none() => Ok(Some(one.number.as_ref().map(Text::to_string))),
        Some(_) => Err(no_room("phones", "BlackLine", "one number, without an extension")),
    }
}

fn is_active(status: &Option<String>) -> Result<Option<bool>> {
    match status.as_deref() {
        None => Ok(None),
        Some("active") => Ok(Some(true)),
        Some("inactive") => Ok(Some(false)),
        Some(other) => Err(Error::invalid(format!("`status` is `{other}`; it must be `active` or `inactive`"))),
    }
}

/// A number of BlackLine's own table of time zones.
fn time_zone(zone: &Option<String>) -> Result<Option<i64>> {
    let Some(zone) = zone else { return Ok(None) };
    zone.trim().parse().map(Some).map_err(|_| {
        Error::invalid(format!("`timezone` is `{zone}`; BlackLine has numbers for time zones"))
            .hint("take the number from a user who is in that zone")
    })
}
