//! The protocol of a write: look, act, look again.
//!
//! Before: a subject that does not exist is `NotFound`, one that is so already gets no write. After: the reading decides
//! between `applied` and `pending`, and a vendor that said yes and did nothing is an error. A write whose outcome is
//! unknown is settled by the same reading and never sent again.

use futures_util::TryStreamExt;
use serde::Serialize;
use serde_json::{Map, Value};
use userdir_schema::{Unified, User};

use super::Directory;
use crate::action::*;
use crate::call::Call;
use crate::definition::{ActionFacts, Consistency};
use crate::error::{Error, ErrorKind, Outcome, Result};
use crate::reply::{Effect, Reply};

/// What the confirming read of a write says. Of a create: whether what the vendor shows under its name is new.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Confirmation<T> {
    /// The resource as read; none where the vendor does not show it.
    pub value: Option<T>,
    /// Whether the effect is there.
    pub shows: Shows,
}

impl<T> Confirmation<T> {
    fn unknown() -> Confirmation<T> {
        Confirmation { value: None, shows: Shows::Unknown }
    }
}

impl Directory {
    /// Makes a change: looks, acts, looks again.
    ///
    /// # Errors
    /// `NotSupported`, `InvalidRequest`, `NotFound` for a subject that does not exist, or the vendor's; `outcome()` tells
    /// whether it may have been carried out.
    pub async fn write<I: WriteAction>(&self, call: &Call, input: I) -> Result<Reply<I::Output>> {
        let input = self.ready(call, I::ACTION, input)?;
        let about = input.subject().unwrap_or_default().to_owned();
        let mut reply = self.run(&call.acting(), input).await.map_err(|error| {
            let error = self.explain(error, I::ACTION);
            if about.is_empty() { error } else { error.about(about) }
        })?;
        reply.value = match call.keep_remote_data.dropped {
            true => reply.value.without_remote_data(),
            // some vendors echo the password that they were sent
            false => reply.value.with_remote_data(|raw| self.http().masked(call, raw)),
        };
        Ok(reply)
    }

    /// Reads the vendor and tells whether the effect of a write is there. Changes nothing.
    ///
    /// # Errors
    /// Those of the read.
    pub async fn confirm<I: WriteAction>(&self, call: &Call, input: &I) -> Result<Confirmation<I::Output>> {
        let input = self.ready(call, I::ACTION, input.clone())?;
        self.look_for_effect(call, &input).await.map_err(|error| self.explain(error, I::ACTION))
    }

    /// What reading says of a write that may have been carried out.
    async fn look_for_effect<I: WriteAction>(&self, call: &Call, input: &I) -> Result<Confirmation<I::Output>> {
        let mut seen = match input.subject() {
            Some(_) => self.look(call, input).await?,
            None => self.look_for_new(call, input).await?,
        };
        if seen.shows == Shows::Yes && self.facts(I::ACTION).is_some_and(|facts| !facts.settles) {
            seen.shows = Shows::Unknown;
        }
        Ok(seen)
    }

    async fn run<I: WriteAction>(&self, call: &Call, input: I) -> Result<Reply<I::Output>> {
        let subject = input.subject().map(str::to_owned);
        let before = match (&subject, I::confirm()) {
            (None, _) | (_, Confirm::After { .. }) => Confirmation::unknown(),
            _ => self.look(call, &input).await?,
        };
        if before.shows != Shows::Unknown && before.value.is_none() {
            return Err(nothing_there());
        }
        if let (Shows::Yes, Some(value)) = (before.shows, &before.value) {
            return Ok(Reply::already(value.clone()));
        }
        let Some(acting) = input.clone().call(self.provider(), call) else {
            return Err(self.definition().not_supported(I::ACTION));
        };
        match acting.await {
            Ok(reply) if call.is_plan() || call.tally.any_planned() => self.planned(call, &input, before, reply).await,
            Ok(reply) => self.verify(call, &input, before.shows, reply).await,
            // an error of a later step does not make an earlier one clear
            Err(error) if error.outcome() == Outcome::Unknown || call.tally.any_unclear() => {
                self.settle(call, &input, before.shows, error.with_outcome(Outcome::Unknown)).await
            }
            // the vendor took a write of this action before the error came: "nothing was changed" would be wrong
            Err(error) if call.tally.any_accepted() && error.kind() != ErrorKind::PartlyDone => {
                self.settle(call, &input, before.shows, error.with_outcome(Outcome::Unknown)).await
            }
            Err(error) => Err(error),
        }
    }

    /// Nothing was sent: the resource as it is now.
    async fn planned<I: WriteAction>(
        &self,
        call: &Call,
        input: &I,
        before: Confirmation<I::Output>,
        reply: Reply<I::Output>,
    ) -> Result<Reply<I::Output>> {
        // a provider that saw that it is so already planned nothing
        let effect = if reply.effect == Effect::Already { Effect::Already } else { Effect::Planned };
        let now = match before.value {
            None if input.subject().is_some() => match self.look(call, input).await? {
                // a plan about nobody must not read as one that could be carried out
                Confirmation { value: None, shows } if shows != Shows::Unknown => return Err(nothing_there()),
                seen => seen.value,
            },
            value => value,
        };
        Ok(Reply { value: now.unwrap_or(reply.value), effect, ..reply })
    }

    /// Looks again after the vendor said yes.
    async fn verify<I: WriteAction>(
        &self,
        call: &Call,
        input: &I,
        before: Shows,
        mut reply: Reply<I::Output>,
    ) -> Result<Reply<I::Output>> {
        if reply.effect == Effect::Already && call.tally.any_unclear() {
            reply = reply.with_effect(Effect::Applied);
            reply = reply.note("a first try had no answer from the vendor, and a second one found it done");
        }
        let after = match input.subject() {
            Some(_) => self.look(call, input).await,
            None => self.look_at_new(call, input, &reply.value).await,
        };
        let after = match after {
            Ok(after) => after,
            Err(error) => {
                // the change is made; that it cannot be read now must not look like a failure, nor be told as it was before
                return Ok(reply.note(format!("done, but it could not be read back: {error}")));
            }
        };
        // what it was to become is not there to be looked at
        let is_gone = reply.effect == Effect::Pending && input.subject().is_some() && after.value.is_none();
        let is_gone = is_gone && after.shows != Shows::Unknown && I::ACTION.info().method != "delete";
        if is_gone {
            reply = reply.note("reading it again, the vendor has no such thing any more");
        }
        let shows = match after.shows {
            // under way before already, and so nothing that this call has begun
            Shows::Underway if before == Shows::Underway && reply.effect == Effect::Applied => Shows::No,
            shows => shows,
        };
        match shows {
            Shows::Yes | Shows::Partly => {
                if !is_gone {
                    reply = reply.turning(Effect::Pending, Effect::Applied);
                }
                if after.shows == Shows::Partly {
                    reply = reply.note("the vendor accepted it; a part of it is not shown, and so not confirmed");
                }
            }
            Shows::Underway => reply = reply.turning(Effect::Applied, Effect::Pending).with_effect(Effect::Pending),
            Shows::Unknown => {
                let why = self.facts(I::ACTION).and_then(|facts| facts.unconfirmed);
                reply = reply.note(why.unwrap_or("the vendor accepted it; nothing it shows confirms it"));
            }
            // no write was accepted that a lag could hide
            Shows::No if reply.effect == Effect::Already => {
                return Err(Error::unexpected(
                    "the vendor says that it is so already, and reading it does not show it",
                )
                .with_outcome(Outcome::Unknown)
                .hint("look at the vendor's own console"));
            }
            Shows::No if reply.effect == Effect::Pending || self.definition().consistency == Consistency::Lagging => {
                reply = reply.turning(Effect::Applied, Effect::Pending).with_effect(Effect::Pending);
                reply = reply.note("the vendor accepted it and does not show it yet");
            }
            Shows::No => {
                return Err(Error::unexpected("the vendor accepted the change, but reading it again does not show it")
                    .with_outcome(Outcome::Unknown)
                    .hint("look at the vendor's own console before repeating it"));
            }
        }
        let id = reply.value.own_id().to_owned();
        reply.value = match after.value {
            _ if I::ACTION.info().method == "delete" => I::Output::with_id(input.subject().unwrap_or(&id)),
            Some(value) => value,
            None => reply.value,
        };
        Ok(reply)
    }

    /// Finds out what became of a write that left without an answer.
    async fn settle<I: WriteAction>(
        &self,
        call: &Call,
        input: &I,
        before: Shows,
        error: Error,
    ) -> Result<Reply<I::Output>> {
        let unknown = |error: Error| {
            let hint = match input.subject() {
                Some(_) => "look before repeating it: a repeat of this command looks first and leaves what is done",
                // nothing tells a new one from one of the same name
                None => "look for it before repeating it: a repeat may make a second one",
            };
            error.hint(hint)
        };
        match self.look_for_effect(call, input).await {
            Ok(Confirmation { shows: Shows::Yes, value }) => {
                let value = value.unwrap_or_else(|| I::Output::with_id(input.subject().unwrap_or_default()));
                Ok(Reply::applied(value).note(format!(
                    "no clear answer came from the vendor ({}); reading it again shows that it is done",
                    error.kind().as_str()
                )))
            }
            Ok(Confirmation { shows: Shows::Underway, value: Some(value) }) if before != Shows::Underway => {
                Ok(Reply::pending(value)
                    .note("no clear answer came from the vendor; reading it again shows that it is under way"))
            }
            _ => Err(unknown(error)),
        }
    }

    /// The confirming read.
    async fn look<I: WriteAction>(&self, call: &Call, input: &I) -> Result<Confirmation<I::Output>> {
        match I::confirm() {
            Confirm::Created => Ok(Confirmation::unknown()),
            Confirm::Get { fields, shows } | Confirm::After { fields, shows } => {
                let Some(id) = input.subject() else { return Ok(Confirmation::unknown()) };
                let reading = call.reading(fields).confirming(object(input));
                let Some(value) = self.read::<I::Output>(&reading, id).await? else {
                    return Ok(Confirmation::unknown());
                };
                let own = value.as_ref().zip(self.facts(I::ACTION).and_then(|facts| facts.shows));
                let shows = match own.and_then(|(value, predicate)| predicate.judge(value)) {
                    Some(shows) => shows,
                    None => shows(input, value.as_ref()),
                };
                // who is not there is not, whatever is passed through
                let shows = if value.is_some() { with_passed(call, I::ACTION, shows) } else { shows };
                Ok(Confirmation { value, shows })
            }
            Confirm::Membership { wanted } => self.look_at_membership(call, input, wanted).await,
        }
    }

    /// Reads a resource: the outer option is none where the provider cannot, the inner where the vendor has none.
    async fn read<T: Gettable>(&self, call: &Call, id: &str) -> Result<Option<Option<T>>> {
        let Some(reading) = T::get(self.provider(), call, id) else { return Ok(None) };
        if self.provider().refuses(T::GET).is_some() {
            return Ok(None);
        }
        match reading.await {
            Ok(reply) => Ok(Some(Some(reply.value))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Some(None)),
            Err(error) => Err(error),
        }
    }

    /// The group, and whether the user is in it: by the user's groups, else by the group's users.
    async fn look_at_membership<I: WriteAction>(
        &self,
        call: &Call,
        input: &I,
        wanted: bool,
    ) -> Result<Confirmation<I::Output>> {
        let Some(Members { group_id, user_id }) = Members::of(input) else { return Ok(Confirmation::unknown()) };
        // the input says where the group is meant, to vendors whose ids need it
        let reading = call.reading(confirm::PROFILE).confirming(object(input));
        let Some(group) = self.read::<I::Output>(&reading, &group_id).await? else {
            return Ok(Confirmation::unknown());
        };
        let Some(group) = group else {
            return Err(Error::not_found("the vendor has no such group").about(group_id));
        };
        // as the vendor writes it, which may be in another way than the caller
        let own_id = group.own_id().to_owned();
        let filters = |action| self.facts(action).map(|facts| facts.filters).unwrap_or_default();
        let able = self.actions();
        let member = if able.contains(Action::ListGroups) && filters(Action::ListGroups).contains(&"user_id") {
            let mut has_groups = false;
            let groups = self.stream(&reading, GroupFilter::default().user_id(&user_id));
            let found = groups.try_any(|group| {
                has_groups = true;
                std::future::ready(group.id == own_id.as_str() || group.id == group_id.as_str())
            });
            let found = found.await.map_err(|error| missing_user(error, &user_id))?;
            // to some vendors a mistyped id is a user without groups
            if !has_groups {
                self.find_user(call, &user_id).await?;
            }
            found
        } else if able.contains(Action::ListUsers) && filters(Action::ListUsers).contains(&"group_id") {
            let among = async |id: &str| {
                let users = self.stream(&reading, UserFilter::default().group_id(&group_id));
                users.try_any(|user| std::future::ready(user.id == id)).await
            };
            let is_listed = match among(&user_id).await {
                // this connection shows no members: nothing tells
                Err(error) if error.kind() == ErrorKind::NotSupported => {
                    return Ok(Confirmation { value: Some(group), shows: Shows::Unknown });
                }
                listed => listed?,
            };
            match is_listed {
                true => true,
                // a group's list does not tell a stranger from a mistyped id, nor from one written in another way
                false => match self.find_user(call, &user_id).await? {
                    Some(user) if user.id != user_id.as_str() => among(&user.id).await?,
                    _ => false,
                },
            }
        } else {
            return Ok(Confirmation { value: Some(group), shows: Shows::Unknown });
        };
        Ok(Confirmation { value: Some(group), shows: with_passed(call, I::ACTION, Shows::from(member == wanted)) })
    }

    /// Refuses a user that the vendor does not have; none where the provider cannot tell.
    async fn find_user(&self, call: &Call, user_id: &str) -> Result<Option<User<'static>>> {
        match self.read::<User<'static>>(&call.reading(confirm::STATUS), user_id).await? {
            Some(None) => Err(missing_user(Error::not_found(""), user_id)),
            Some(user) => Ok(user),
            None => Ok(None),
        }
    }

    /// Reads what was created, by the id that the vendor answered; the input says where it was made.
    async fn look_at_new<I: WriteAction>(
        &self,
        call: &Call,
        input: &I,
        new: &I::Output,
    ) -> Result<Confirmation<I::Output>> {
        let id = new.own_id();
        if id.is_empty() {
            return Ok(Confirmation::unknown());
        }
        match self.read::<I::Output>(&call.reading(confirm::PROFILE).confirming(object(input)), id).await? {
            Some(Some(value)) => Ok(Confirmation { value: Some(value), shows: Shows::Yes }),
            Some(None) => Ok(Confirmation { value: None, shows: Shows::No }),
            None => Ok(Confirmation::unknown()),
        }
    }

    /// Looks for something whose creation had no answer: by login name or address, by the group's name.
    async fn look_for_new<I: WriteAction>(&self, call: &Call, input: &I) -> Result<Confirmation<I::Output>> {
        let Some((action, filter)) = self.natural_key(input) else { return Ok(Confirmation::unknown()) };
        let page = self.list_json(&call.reading(confirm::PROFILE), action, filter, 2, None).await?;
        if page.items.count == 0 && self.definition().consistency == Consistency::Immediate {
            return Ok(Confirmation { value: None, shows: Shows::No });
        }
        let line = page.items.lines().next().unwrap_or_default();
        let Ok(Value::Object(found)) = serde_json::from_str(line) else { return Ok(Confirmation::unknown()) };
        match (page.items.count, found.get("id").and_then(Value::as_str)) {
            (1, Some(id)) => {
                let seen = self.look_at_new(call, input, &I::Output::with_id(id)).await?;
                // the same address or name, but somebody else, or somebody who was there before
                let is_it = seen.value.as_ref().is_some_and(|value| confirm::is_new(input, value, self.now()));
                Ok(if is_it { seen } else { Confirmation::unknown() })
            }
            _ => Ok(Confirmation::unknown()),
        }
    }

    /// The list and filter that find a new resource by what the caller named it.
    fn natural_key<I: WriteAction>(&self, input: &I) -> Option<(Action, Value)> {
        let given = object(input)?;
        let (action, keys): (Action, &[&str]) = match I::ACTION {
            Action::CreateUser => (Action::ListUsers, &["username", "emails"]),
            Action::CreateGroup => (Action::ListGroups, &["name"]),
            _ => return None,
        };
        let filters = self.facts(action)?.filters;
        let key = keys.iter().find(|key| filters.contains(key) && given.contains_key(**key))?;
        Some((action, Value::Object(Map::from_iter([((*key).to_owned(), given.get(*key)?.clone())]))))
    }

    fn now(&self) -> userdir_schema::DateTime {
        self.inner.runtime.shared.clock.now().into()
    }

    fn facts(&self, action: Action) -> Option<&'static ActionFacts> {
        self.definition().facts(action)
    }
}

/// What is passed through to the vendor besides the input is never seen to be so; and an update may be other than the
/// input says, since it wins over mapped fields.
fn with_passed(call: &Call, action: Action, shows: Shows) -> Shows {
    let passes = !call.remote_data.is_empty() || call.body.is_some();
    match shows {
        Shows::Yes if passes => Shows::Partly,
        Shows::No if passes && action.info().method == "update" => Shows::Unknown,
        shows => shows,
    }
}

fn nothing_there() -> Error {
    Error::not_found("the vendor has no such thing").hint("check the id; nothing was changed")
}

/// Who should be in which group.
struct Members {
    group_id: String,
    user_id: String,
}

impl Members {
    fn of(input: &impl Serialize) -> Option<Members> {
        let given = object(input)?;
        let text = |name: &str| given.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Members { group_id: text("group_id")?, user_id: text("user_id")? })
    }
}

fn object(input: &impl Serialize) -> Option<Map<String, Value>> {
    match serde_json::to_value(input) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// A list of a user's groups that is not found means that the user is not.
fn missing_user(error: Error, user_id: &str) -> Error {
    if error.kind() == ErrorKind::NotFound {
        Error::not_found("the vendor has no such user").about(user_id.to_owned())
    } else {
        error
    }
}
