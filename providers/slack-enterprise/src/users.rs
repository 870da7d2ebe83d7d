//! Users: list and get.

use std::collections::HashSet;

use serde_json::value::RawValue;
use userdir_core::action::*;
use userdir_core::http::{Answer, Paging, Passes};
use userdir_core::reply::Unreadable;
use userdir_core::scim::ScimFilter;
use userdir_core::{Call, Error, ErrorKind, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::User;

use crate::catalogue::{self, AccountType};
use crate::map::{self, Listed};
use crate::{SlackEnterprise, by_cursor, by_index, roles, wire};

/// Of the organization, or of one workspace.
pub(crate) const USERS: Paging = by_cursor("users", 100);
const SCIM_USERS: Paging = by_index(1000);
/// People who are read one by one, a page.
const ONE_BY_ONE: u32 = 20;

/// Slack shows deactivated people and active ones apart. The deactivated come first: who is activated in between is then
/// shown twice, and not left out.
const PASSES: [&str; 2] = [INACTIVE, "active"];
const INACTIVE: &str = "inactive";

/// The passes that a filter of status wants.
fn wanted(status: &Option<Match>) -> Result<Vec<&'static str>> {
    let Some(status) = status else { return Ok(PASSES.to_vec()) };
    let is_known = |given: &str| PASSES.iter().any(|pass| given.eq_ignore_ascii_case(pass));
    if let Some(other) = status.values().iter().find(|given| !is_known(given)) {
        return Err(Error::invalid(format!("status `{other}` cannot be listed"))
            .hint("Slack's list tells `active` and `inactive` apart"));
    }
    Ok(PASSES.into_iter().filter(|pass| status.takes(pass)).collect())
}

#[async_trait]
impl ListUsers for SlackEnterprise {
    async fn list_users(&self, call: &Call, mut request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        let passes = wanted(&request.filter.status)?;
        // `users.info` tells invited people apart, whom the list has among the active
        if let Some(status) = request.filter.status.as_mut().filter(|status| status.takes("active")) {
            *status = Match::any_of(status.values().iter().map(String::as_str).chain(["invited"]));
        }
        let filter = &request.filter;
        if let Some(group) = &filter.group_id {
            refuse_beside(
                "group_id",
                &[("workspace_id", filter.workspace_id.is_some()), ("role_id", filter.role_id.is_some())],
            )?;
            let members = self.member_ids(call, group).await?;
            return self.one_by_one(call, members, &request).await;
        }
        let assigned = |word| catalogue::system_role(word).or(Some(word).filter(|id| id.starts_with("Rl")));
        if let Some(role) = filter.role_id.as_deref().and_then(assigned) {
            let place = filter.workspace_id.as_deref();
            let held = self.assignments(&[role], place).primary().all(call, &roles::ASSIGNMENTS, roles::read).await?;
            // what is listed is not taken at Slack's word
            let is_it =
                |row: &wire::Assignment| row.role_id == role && place.is_none_or(|place| row.entity_id == place);
            let holders = held.into_iter().filter(is_it).map(|row| row.user_id).collect();
            return self.one_by_one(call, holders, &request).await;
        }
        // one that is not there would read as one that nobody holds
        let is_type = |word: &&str| AccountType::by_word(word).is_some_and(|account| account.id() == *word);
        if let Some(word) = filter.role_id.as_deref().filter(|word| !is_type(word)) {
            return Err(Error::invalid("unknown role").about(word).hint("`userdir roles list` shows the ids"));
        }
        let is_narrow = filter.workspace_id.is_none() && filter.role_id.is_none() && filter.created_at.is_none();
        match (&filter.emails, &filter.username) {
            (Some(emails), None) if is_narrow && request.cursor.is_none() => {
                self.by_email(call, emails, &passes, &request).await
            }
            (None, Some(names)) if is_narrow => self.by_username(call, names, &request).await,
            _ => self.scan(call, &passes, &request).await,
        }
    }
}

/// What cannot be told from the people that such a list shows.
fn refuse_beside(what: &str, filters: &[(&str, bool)]) -> Result<()> {
    match filters.iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((name, _)) => Err(Error::invalid(format!("`{name}` does not work together with `{what}`"))),
    }
}

impl SlackEnterprise {
    /// A page of `admin.users.list`. Who is deactivated after the look at the deactivated people and before that at the active
    /// ones is in neither: so the deactivated are looked at once more at the end, and must be the same.
    ///
    /// # Errors
    /// `Incomplete` where they are not.
    async fn scan(
        &self,
        call: &Call,
        passes: &[&'static str],
        request: &PageRequest<UserFilter>,
    ) -> Result<Page<User<'static>>> {
        let mut filter = request.filter.clone();
        // of these some narrow the list, and all are looked at here
        let narrow = match filter.role_id.as_deref() {
            Some("admin") => Some("include_admins"),
            Some("owner" | "primary_owner") => Some("include_owners"),
            Some("restricted" | "ultra_restricted") if filter.workspace_id.is_some() => Some("only_guests"),
            _ => None,
        };
        // who is deactivated shows no workspace any more: Slack's own filter is taken at its word
        let workspace = filter.workspace_id.take();
        let organization = match workspace {
            Some(_) => None,
            None => self.organization(call).await?.map(str::to_owned),
        };
        let people = |pass: &str| {
            let is_active = if pass == INACTIVE { "false" } else { "true" };
            let team = workspace.as_deref().map(|id| ("team_id", id));
            let arguments = [("is_active", is_active)].into_iter().chain(team).chain(narrow.map(|name| (name, "true")));
            self.ask("admin.users.list", arguments)
        };
        let id = |raw: &RawValue| Ok(serde_json::from_str::<wire::ListedUser>(raw.get())?.id.to_string());
        let passes = Passes { names: passes, again: INACTIVE };
        let Some((pass, slice)) = passes.page(call, request, &USERS, people, id).await? else {
            return Ok(Page::of_values(Vec::new()));
        };
        let next = slice.next;
        let map = Listed { workspace: workspace.clone(), organization, are_active: pass != INACTIVE };
        Ok(Page::of_body(slice.answer.body, USERS.items, map).next(next).rechecked(filter))
    }

    /// Who has one of the addresses. Whom Slack looks up is not certain, and it refuses it to some tokens of organizations:
    /// where somebody is not found so, the list is looked through.
    async fn by_email(
        &self,
        call: &Call,
        emails: &Match,
        passes: &[&'static str],
        request: &PageRequest<UserFilter>,
    ) -> Result<Page<User<'static>>> {
        let mut found = Vec::new();
        for email in emails.values() {
            match self.web.get("users.lookupByEmail").query("email", email).primary().read(call).await {
                Ok(answer) => found.push(answer.map_at("user", map::user)?),
                Err(error)
                    if error.kind() == ErrorKind::NotFound
                        || error.vendor_code() == Some("enterprise_is_restricted") =>
                {
                    return self.scan(call, passes, request).await;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Page::of_values(once(found)).rechecked(request.filter.clone()))
    }

    /// Who has one of the login names, by SCIM: the one filter of its v2 that is known to work.
    async fn by_username(
        &self,
        call: &Call,
        names: &Match,
        request: &PageRequest<UserFilter>,
    ) -> Result<Page<User<'static>>> {
        let mut found = Vec::new();
        for name in names.values() {
            let mut filter = ScimFilter::default();
            filter.any_of("userName", [name.as_str()]);
            let users = self.scim.get("Users").query("filter", filter.to_string()).primary();
            found.extend(users.all(call, &SCIM_USERS, map::owned_scim_user).await?);
        }
        Ok(Page::of_values(once(found)).rechecked(request.filter.clone()))
    }

    /// A page of people who are known by id alone, in the order of their ids. Where no more is wanted than who they are,
    /// nobody is read.
    async fn one_by_one(
        &self,
        call: &Call,
        mut ids: Vec<String>,
        request: &PageRequest<UserFilter>,
    ) -> Result<Page<User<'static>>> {
        let mut filter = request.filter.clone();
        let list = if filter.group_id.is_some() { "group_id" } else { "role_id" };
        refuse_beside(list, &[("created_at", filter.created_at.is_some())])?;
        // Slack's own lists are taken at their word
        (filter.group_id, filter.role_id, filter.workspace_id) = (None, None, None);
        ids.sort_unstable();
        ids.dedup();
        let bare = |id: &String| User { id: id.clone().into(), ..User::default() };
        if filter == UserFilter::default() && !call.wants("emails") && !call.wants("status") {
            return Ok(Page::of_values(ids.iter().map(bare).collect()));
        }
        let after = request.cursor.as_deref().unwrap_or_default();
        let mut left = ids.iter().filter(|id| id.as_str() > after);
        let mut page: Vec<User> = Vec::new();
        for id in left.by_ref().take(request.wanted.unwrap_or(ONE_BY_ONE).clamp(1, ONE_BY_ONE) as usize) {
            page.push(match self.info(id).read(call).await {
                Ok(answer) => answer.map_at("user", map::user)?,
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                // a member all the same, and never left out
                Err(_) if filter == UserFilter::default() => bare(id),
                Err(error) => {
                    let why = "somebody of this list cannot be read, and may be among those that are asked for";
                    let error = Error::new(ErrorKind::Incomplete, why).about(id).caused_by(error);
                    return Err(error.hint(format!("list by `{list}` alone")));
                }
            });
        }
        let next = left.next().and(page.last()).map(|last| last.id.to_string());
        Ok(Page::of_values(page).next(next).rechecked(filter))
    }

    /// `users.info` of a user.
    pub(crate) fn info(&self, user_id: &str) -> userdir_core::http::Request {
        self.web.get("users.info").query("user", user_id).query("include_locale", "true")
    }
}

#[async_trait]
impl GetUser for SlackEnterprise {
    /// The user by `users.info`; by SCIM what only SCIM tells; and with calls of their own roles, groups, the plan and the
    /// names of workspaces. What the token may not read stays unknown, with a note.
    async fn get_user(&self, call: &Call, input: GetUserInput) -> Result<Reply<User<'static>>> {
        let answer = self.info(&input.id).primary().read(call).await?;
        let mut user: User = answer.map_at("user", map::user)?;
        let (mut unknown, mut is_in_scim) = (Unreadable::default(), true);
        if call.wants("profile") {
            let scim = match self.scim.get("Users").id(&input.id).read(call).await {
                // SCIM does not have everybody
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    is_in_scim = false;
                    None
                }
                read => unknown.known("what SCIM tells", read)?,
            };
            if let Some(answer) = scim {
                fill(&mut user, answer.map(map::scim_user)?);
            }
        }
        let (id, teams) = (user.id.to_string(), answer.json::<wire::Info>()?.user.teams());
        // a list that is known in part is not known: short, it would read as whole
        if call.wants("roles") {
            let held = self.held_roles(call, &id, &teams).await;
            user.roles = unknown.known("roles", held)?.zip(user.roles).map(both);
            roles::called_so(call, user.roles.as_deref_mut().unwrap_or_default());
        }
        if call.wants("groups") {
            let held = self.user_groups_of(call, &id, &teams).await;
            user.groups = unknown.known("groups", held)?.zip(user.groups).map(both);
        }
        if call.wants("licenses") {
            user.licenses = unknown.known("licenses", self.license_of(call, &id, &teams).await)?;
        }
        if call.wants("workspaces") && !teams.is_empty() {
            let names = self.workspace_names(call).await;
            if let Some(names) = unknown.known("names of workspaces", names)? {
                for workspace in user.workspaces.iter_mut().flatten() {
                    workspace.name = workspace.id.as_deref().and_then(|id| Some(names.get(id)?.clone().into()));
                }
            }
        }
        let reply = unknown.note(Reply::read(user));
        Ok(if is_in_scim {
            reply
        } else {
            reply.note("SCIM does not have this user: what SCIM alone tells is not shown")
        })
    }
}

fn both<T>((mut more, mut list): (Vec<T>, Vec<T>)) -> Vec<T> {
    list.append(&mut more);
    list
}

/// What only SCIM tells, and what it tells better.
fn fill(user: &mut User<'static>, scim: User<'static>) {
    (user.external_id, user.identifiers) = (scim.external_id, scim.identifiers);
    (user.groups, user.created_at, user.urls) = (scim.groups, scim.created_at, scim.urls);
    user.emails = scim.emails.filter(|emails| !emails.is_empty()).or(user.emails.take());
    user.phones = scim.phones.filter(|phones| !phones.is_empty()).or(user.phones.take());
}

/// The `user` of an answer about the person of this id, as Slack has it.
///
/// # Errors
/// `InvalidRequest` where Slack calls the person by another id: whoever is compared with one of two ids may be missed.
pub(crate) fn read_info<'a>(answer: &'a Answer, id: &str) -> Result<wire::User<'a>> {
    let user = answer.json::<wire::Info>()?.user;
    match user.id == id {
        true => Ok(user),
        false => Err(Error::invalid("Slack calls this person by another id; nothing was changed")
            .about(id)
            .hint(format!("the id is `{}`", user.id))),
    }
}

/// Each person once: several words may be those of one.
fn once(mut people: Vec<User<'static>>) -> Vec<User<'static>> {
    let mut seen = HashSet::new();
    people.retain(|user| seen.insert(user.id.clone()));
    people
}
