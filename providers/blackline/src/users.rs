//! Users: list, get, create, update, deactivate, activate, and the user that the account itself is.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use userdir_core::action::*;
use userdir_core::http::Request;
use userdir_core::mapping::{is_active, no_room};
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
            let members = self.http.get("v1/teams").id(team).path("users");
            return members.page(call, &request, &self.lists, map::user).await;
        }
        let users = match filter.status.as_ref().map(active) {
            // nobody is ever shown in another status
            Some(Wanted::Nobody) => return Ok(Page::of_values(Vec::new())),
            Some(Wanted::Only(active)) => self.http.get("v1/users").query("filter", assumed::is_active(active)),
            None | Some(Wanted::Everybody) => self.http.get("v1/users"),
        };
        Ok(users.page(call, &request, &self.lists, map::user).await?.rechecked(request.filter))
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
        map::own(&raw, &map::user).map_err(unreadable)
    }

    /// BlackLine's object of a user. That one user can be read is assumed; where it is not found the list decides.
    async fn find(&self, call: &Call, id: &str, request: Request) -> Result<Box<RawValue>> {
        let error = match request.read(call).await {
            Ok(answer) => return Ok(answer.json::<&RawValue>()?.to_owned()),
            Err(error) if is_missing(&error) => error,
            Err(error) => return Err(error),
        };
        let all = self.http.get("v1/users").all(call, &self.lists, |raw| Ok((map::id(raw)?, raw.to_owned())));
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
        let mut user: User = map::own(&raw, &map::user).map_err(unreadable)?;
        let mut unknown = Unreadable::default();
        if ["roles", "licenses", "organizations"].iter().any(|field| call.wants(field))
            && let Some(pairs) = unknown.known("roles", self.pairs(call, id).await)?
        {
            self.show_pairs(call, &mut user, &pairs).await?;
        }
        if call.wants("groups") {
            let teams = self.http.get("v1/users").id(id).path("teams").all(call, &self.lists, map::user_team);
            user.groups = unknown.known("groups", teams.await)?;
        }
        if call.wants("workspaces") {
            let entities = self.http.get("v1/users").id(id).path("entities").all(call, &self.lists, map::user_entity);
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
        let login = input.username.unwrap_or_else(|| email.clone());
        // all fields that integrations send, as they send them
        let mut body = json!({
            "loginId": login,
            "firstName": input.first_name,
            "lastName": input.last_name,
            "email": email,
            "isActive": is_active(input.status.as_deref())?.unwrap_or(false),
            "jobTitle": input.title,
            "supervisor": null,
            "phoneNumber": number(&input.phones)?.flatten(),
            "annualHours": 0,
            "allowUserMentions": true,
            "allowUserToEditJournalConfig": false,
            "allowUserToEditIntercompanyConfig": false,
            "allowAdhocMatching": false,
            "allowIntercompanySettlement": false,
            "requiresJournalReviewer": false,
            "allowUserToAccessJournalAnalyser": false,
            "referenceField1": null,
            "referenceField2": null,
            "referenceField3": null,
        });
        if let (Some(zone), Some(body)) = (time_zone(&input.timezone)?, body.as_object_mut()) {
            body.insert("timeZoneId".to_owned(), zone.into());
        }
        self.refuse_taken(call, &login).await?;
        match self.http.post("v1/users").json(&body).guarding(&["loginId"]).primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(answer.map(map::user)?)),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl UpdateUser for BlackLine {
    async fn update_user(&self, call: &Call, input: UpdateUserInput) -> Result<Reply<User<'static>>> {
        let active = is_active(input.status.as_deref())?;
        let is_other = |login: &String| !login.eq_ignore_ascii_case(&self.username);
        let locks_out = active == Some(false) || input.username.as_ref().is_some_and(is_other);
        let mut changes: Vec<(&str, Value)> = Vec::new();
        changes.extend(input.username.map(|login| ("loginId", login.into())));
        changes.extend(input.first_name.map(|name| ("firstName", name.into())));
        changes.extend(input.last_name.map(|name| ("lastName", name.into())));
        changes.extend(address(&input.emails)?.map(|email| ("email", email.into())));
        changes.extend(input.title.map(|title| ("jobTitle", title.into())));
        changes.extend(number(&input.phones)?.map(|number| ("phoneNumber", number.into())));
        changes.extend(time_zone(&input.timezone)?.map(|zone| ("timeZoneId", zone.into())));
        changes.extend(active.map(|active| ("isActive", active.into())));
        self.change(call, &input.id, changes, locks_out).await
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
    /// Refuses a login that somebody has: a second POST may change that user instead of making one.
    async fn refuse_taken(&self, call: &Call, login: &str) -> Result<()> {
        let id_if_taken = |raw: &RawValue| {
            let user = map::user(raw)?;
            let is_taken = user.username.as_deref().is_some_and(|taken| taken.eq_ignore_ascii_case(login));
            Ok(is_taken.then(|| user.id.to_string()))
        };
        let users = self.http.get("v1/users").all(call, &self.lists, id_if_taken).await?;
        match users.into_iter().flatten().next() {
            None => Ok(()),
            Some(id) => Err(Error::new(ErrorKind::Conflict, "somebody has this login; nothing was changed")
                .about(id)
                .hint("give another `username`, or change that user with users/update")),
        }
    }

    /// Reads the user and sends it back whole with what changes, by the call that is assumed for it.
    async fn change(
        &self,
        call: &Call,
        id: &str,
        changes: Vec<(&str, Value)>,
        locks_out: bool,
    ) -> Result<Reply<User<'static>>> {
        let raw = self.find(call, id, assumed::read_user(&self.http, id)).await?;
        let user = map::user(&raw).map_err(unreadable)?;
        let is_own = if locks_out { self.refuse_own(&user)? } else { None };
        let mut body: Map<String, Value> = serde_json::from_str(raw.get()).map_err(unreadable)?;
        // the list may show a part of a user, and what is left out would be emptied
        if let Some(name) = wire::NEEDED.iter().find(|name| !body.contains_key(**name)) {
            return Err(Error::not_supported(format!(
                "BlackLine does not show the user's `{name}`, so the user cannot be sent back whole"
            ))
            .hint("change the user in BlackLine itself"));
        }
        body.retain(|name, _| !wire::READ_ONLY.contains(&name.as_str()));
        body.extend(changes.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let request = assumed::change_user(&self.http, id).json(&body);
        match request.guarding(&["id", "isActive", "loginId"]).primary().write(call).await {
            Ok(_) => Ok(is_own.into_iter().fold(Reply::sent(id), Reply::note)),
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
        let page = self.http.get("v1/users").page(call, &request, &self.lists, map::user).await?;
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

/// A number of BlackLine's own table of time zones.
fn time_zone(zone: &Option<String>) -> Result<Option<i64>> {
    let Some(zone) = zone else { return Ok(None) };
    zone.trim().parse().map(Some).map_err(|_| {
        Error::invalid(format!("`timezone` is `{zone}`; BlackLine has numbers for time zones"))
            .hint("take the number from a user who is in that zone")
    })
}
