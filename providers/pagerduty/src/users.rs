//! Users: list, get, create, update, delete. There is no way to block one.

use serde_json::json;
use userdir_core::action::*;
use userdir_core::http::Answer;
use userdir_core::mapping::check_length;
use userdir_core::reply::{Step, Unreadable};
use userdir_core::{Call, Effect, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Email, User, UserLicense, UserRole};

use crate::seats::kept;
use crate::{PagerDuty, map, paged, refused_as_wrong, wire};

#[async_trait]
impl ListUsers for PagerDuty {
    /// Team and search words are PagerDuty's filters; the rest can be told from what it shows.
    async fn list_users(&self, call: &Call, request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        let filter = &request.filter;
        if let Some(role) = &filter.role_id {
            crate::seats::base_role(role)?;
        }
        let mut users = self.get("users").query("total", "true");
        if let Some(team) = &filter.group_id {
            // a mistyped team must not read as an empty one
            if request.cursor.is_none() {
                self.get("teams").id(team).read(call).await?;
            }
            users = users.query("team_ids[]", team);
        }
        // one search word, which may find too much: every user is looked at again. Addresses among the contact methods it
        // does not find, so that `emails` are compared here alone
        let words = [&filter.username, &filter.name];
        let users = users.query_if("query", words.into_iter().flatten().find_map(Match::single));
        let users = users.query_if("include[]", contact_methods(call, filter.emails.is_some()));
        Ok(users.page(call, &request, &paged("users"), map::user).await?.rechecked(request.filter.clone()))
    }
}

/// Further addresses and phone numbers come with the contact methods.
fn contact_methods(call: &Call, by_address: bool) -> Option<&'static str> {
    (by_address || call.wants("emails") || call.wants("phones")).then_some("contact_methods")
}

#[async_trait]
impl GetUser for PagerDuty {
    /// The user; with a call a team the roles there, and with one call the licence. What the credentials may not read
    /// stays unknown, with a note.
    async fn get_user(&self, call: &Call, input: GetUserInput) -> Result<Reply<User<'static>>> {
        let user = self.get("users").id(&input.id).query_if("include[]", contact_methods(call, false));
        let mut user: User = user.primary().read(call).await?.map_at("user", map::user)?;
        let mut unreadable = Unreadable::default();
        if call.wants("roles") {
            let teams = user.groups.iter().flatten().filter_map(|team| team.id.as_deref());
            let in_teams = unreadable.known("team roles", self.team_roles(call, &user.id, teams).await)?;
            user.roles.get_or_insert_default().extend(in_teams.unwrap_or_default());
        }
        if call.wants("licenses")
            && let Some(license) = unreadable.known("licenses", self.license_of(call, &user.id).await)?
        {
            let (license, group) = license.map(map::user_license).unzip();
            user.licenses = Some(license.into_iter().collect());
            user.user_type = group.flatten().or(user.user_type);
        }
        Ok(unreadable.note(Reply::read(user)))
    }
}

impl PagerDuty {
    /// The user's role in each of these teams, which the teams' lists of members alone show.
    async fn team_roles(
        &self,
        call: &Call,
        user_id: &str,
        teams: impl Iterator<Item = &str> + Send,
    ) -> Result<Vec<UserRole<'static>>> {
        let mut roles = Vec::new();
        for team in teams {
            let role = self.members(call, team).await?.into_iter().find(|(id, _)| id == user_id);
            roles.extend(role.and_then(|(_, role)| Some(map::team_role(role?, team))));
        }
        Ok(roles)
    }

    /// Who is in a team, with their roles there.
    pub(crate) async fn members(&self, call: &Call, team: &str) -> Result<Vec<(String, Option<String>)>> {
        let members = self.get("teams").id(team).path("members").query("total", "true");
        members.all(call, &paged("members"), map::member).await
    }

    /// The new user, if role and licence are as they were asked for.
    async fn created(
        &self,
        call: &Call,
        answer: &Answer,
        role: Option<&str>,
        license: Option<&str>,
    ) -> Result<Reply<User<'static>>> {
        let user: User = answer.map_at("user", map::user)?;
        let wire::UserAnswer { user: shown } = answer.json()?;
        let mut failed = Vec::new();
        match (role, shown.role.as_deref()) {
            (Some(role), Some(now)) if now != role => {
                failed.push(Step::failed(role, format!("PagerDuty made the user a `{now}`")));
            }
            _ => {}
        }
        let mut reply = Reply::applied(user);
        if let Some(license) = license {
            match self.license_of(call, &shown.id).await {
                Ok(held) if held.as_ref().is_some_and(|held| held.id == license) => {}
                Ok(_) => failed.push(Step::failed(license, "PagerDuty does not show it as the user's licence")),
                Err(error) => reply = reply.note(format!("the user's licence could not be read back: {error}")),
            }
        }
        if failed.is_empty() {
            return Ok(reply);
        }
        Err(Error::partly_done(vec![Step::done(shown.id.to_string(), Effect::Applied)], failed)
            .about(shown.id.to_string())
            .hint("the user is there now: users/downgrade sets role and licence"))
    }
}

/// PagerDuty keeps one login address; others are contact methods, which have endpoints of their own.
fn address<'i>(emails: &'i [Email<'_>]) -> Result<&'i str> {
    match emails {
        [Email { email: Some(address), r#type, is_primary }]
            if *is_primary != Some(false) && r#type.as_deref().is_none_or(|kind| kind == "work") =>
        {
            Ok(address)
        }
        _ => Err(Error::invalid("`emails` does not fit: PagerDuty keeps one address to sign in with, of type `work`")),
    }
}

/// Refuses texts that PagerDuty would refuse, before any call.
fn check_lengths(name: Option<&str>, email: Option<&str>, title: Option<&str>) -> Result<()> {
    check_length("name", name, 1..=100)?;
    check_length("emails", email, 6..=100)?;
    check_length("title", title, 0..=100)
}

#[async_trait]
impl CreateUser for PagerDuty {
    /// PagerDuty mails an invitation. Without a licence it chooses one.
    async fn create_user(&self, call: &Call, input: CreateUserInput) -> Result<Reply<User<'static>>> {
        let (name, email) =
            (input.name.as_deref().unwrap_or_default(), address(input.emails.as_deref().unwrap_or_default())?);
        check_lengths(Some(name), Some(email), input.title.as_deref())?;
        let role = match input.roles.as_deref() {
            None => None,
            Some([UserRole { id: Some(id), group: None, .. }]) => Some(crate::seats::assignable(id)?),
            Some(_) => return Err(Error::invalid("`roles` does not fit: a user has exactly one base role")),
        };
        let license = match input.licenses.as_deref() {
            None => None,
            Some([UserLicense { id: Some(id), .. }]) => Some(id.as_str()),
            Some(_) => return Err(Error::invalid("`licenses` does not fit: a user has exactly one licence")),
        };
        if let Some(license) = license {
            self.check_license(call, license, role, None).await?;
        }
        let user = wire::WriteUser {
            r#type: "user",
            name,
            email,
            role,
            time_zone: input.timezone.as_deref(),
            job_title: input.title.as_deref(),
            description: input.bio.as_deref(),
            license: license.map(wire::LicenseReference::to),
        };
        let request = self.change(self.http.post("users").json(&json!({ "user": user })));
        match request.guarding(&["user"]).primary().write(call).await {
            Ok(Some(answer)) => self.created(call, &answer, role, license).await,
            Ok(None) => Ok(Reply::planned()),
            Err(error) if self.from.is_none() => Err(refused_as_wrong(
                "an account's key needs the setting `from`: the e-mail of a user of the account",
            )(error)),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl UpdateUser for PagerDuty {
    /// Name and address go along in every update, as PagerDuty's schema wants it.
    async fn update_user(&self, call: &Call, input: UpdateUserInput) -> Result<Reply<User<'static>>> {
        let email = input.emails.as_deref().map(address).transpose()?;
        check_lengths(input.name.as_deref(), email, input.title.as_deref())?;
        let answer = self.get("users").id(&input.id).read(call).await?;
        let wire::UserAnswer { user } = answer.json()?;
        let user = wire::WriteUser {
            name: kept("name", input.name.as_deref().or(user.name.as_deref()))?,
            email: kept("address", email.or(user.email.as_deref()))?,
            time_zone: input.timezone.as_deref(),
            job_title: input.title.as_deref(),
            description: input.bio.as_deref(),
            r#type: "user",
            role: None,
            license: None,
        };
        let request = self.http.put("users").id(&input.id).json(&json!({ "user": user }));
        self.change(request).guarding(&["user"]).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DeleteUser for PagerDuty {
    async fn delete_user(&self, call: &Call, input: DeleteUserInput) -> Result<Reply<User<'static>>> {
        let answer = self.get("users").id(&input.id).read(call).await?;
        let wire::UserAnswer { user } = answer.json()?;
        crate::seats::refuse_owner(&user)?;
        match self.change(self.http.delete("users").id(&input.id)).primary().write(call).await {
            // there a moment ago: gone in between
            Err(error) if error.was_missing() => Ok(Reply::sent(&input.id).with_effect(Effect::Already)),
            Err(error) => {
                Err(refused_as_wrong("a user with open incidents is not deleted: reassign them first")(error))
            }
            Ok(_) => Ok(Reply::sent(&input.id).note("PagerDuty reassigns the user's incidents by and by")),
        }
    }
}
