//! Users: list and get.

use serde_json::value::RawValue;
use userdir_core::action::*;
use userdir_core::http::{Answer, Paging, Seen};
use userdir_core::mapping::digest;
use userdir_core::reply::Unreadable;
use userdir_core::scim::ScimFilter;
use userdir_core::{Call, Error, ErrorKind, Mapped, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Text, User};

use crate::catalogue::{self, AccountType};
use crate::map::{self, Listed};
use crate::{SlackEnterprise, by_cursor, by_index, roles, wire};

/// Of the organization, or of one workspace.
pub(crate) const USERS: Paging = by_cursor("users", 100);
const SCIM_USERS: Paging = by_index(1000);
/// People who are read one by one, a page.
const ONE_BY_ONE: u32 = 20;

/// Slack shows active and deactivated people apart. The deactivated come first: who is activated in between is then shown
/// twice, and not left out.
#[derive(Clone, Copy, PartialEq)]
enum Pass {
    Inactive,
    Active,
}

impl Pass {
    const ALL: [Pass; 2] = [Pass::Inactive, Pass::Active];

    fn word(self) -> &'static str {
        if self == Pass::Active { "active" } else { "inactive" }
    }

    /// The passes that a filter of status wants.
    fn wanted(status: &Option<Match>) -> Result<Vec<Pass>> {
        let known = |word: &&String| ["active", "inactive"].iter().any(|known| known.eq_ignore_ascii_case(word));
        let Some(status) = status else { return Ok(Pass::ALL.to_vec()) };
        if let Some(other) = status.values().iter().find(|word| !known(word)) {
            return Err(Error::invalid(format!("status `{other}` cannot be listed"))
                .hint("Slack's list tells `active` and `inactive` apart"));
        }
        Ok(Pass::ALL.into_iter().filter(|pass| status.takes(pass.word())).collect())
    }

    /// Pass, the deactivated people seen, and Slack's cursor, of a cursor that [`Pass::cursor`] made.
    fn at(cursor: &str) -> Result<(Pass, Seen, Option<&str>)> {
        let read = || {
            let mut parts = cursor.splitn(3, ':');
            let (pass, seen, cursor) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
            let pass = Pass::ALL.into_iter().find(|it| it.word() == pass)?;
            Some((pass, seen, Some(cursor).filter(|cursor| !cursor.is_empty())))
        };
        read().ok_or_else(|| Error::invalid("the cursor is none of this list"))
    }

    fn cursor(self, seen: Seen, cursor: &str) -> String {
        format!("{}:{seen}:{cursor}", self.word())
    }
}

#[async_trait]
impl ListUsers for SlackEnterprise {
    async fn list_users(&self, call: &Call, request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        let filter = &request.filter;
        let passes = Pass::wanted(&filter.status)?;
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
            let held = self.assignments(&[role], filter.workspace_id.as_deref()).primary();
            let holders = held.all(call, &roles::ASSIGNMENTS, |raw| Ok(roles::read(raw)?.user_id)).await?;
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

/// Stands for a person, and is the same in every process.
fn mark(raw: &RawValue) -> Mapped<u64> {
    let it: wire::ListedUser = serde_json::from_str(raw.get())?;
    Ok(digest(&it.id))
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
        passes: &[Pass],
        request: &PageRequest<UserFilter>,
    ) -> Result<Page<User<'static>>> {
        let mut filter = request.filter.clone();
        let (pass, mut seen, cursor) = match request.cursor.as_deref() {
            Some(cursor) => Pass::at(cursor)?,
            None => (passes.first().copied().unwrap_or(Pass::Active), Seen::default(), None),
        };
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
        let people = |pass: Pass| {
            let is_active = if pass == Pass::Active { "true" } else { "false" };
            let team = workspace.as_deref().map(|id| ("team_id", id));
            let arguments = [("is_active", is_active)].into_iter().chain(team).chain(narrow.map(|name| (name, "true")));
            self.ask("admin.users.list", arguments).primary()
        };
        let slice = people(pass).slice(call, cursor, request.wanted, &USERS).await?;
        if pass == Pass::Inactive {
            seen = seen.with(slice.each(mark)?);
        }
        let next = match (&slice.next, pass) {
            (Some(cursor), _) => Some(pass.cursor(seen, cursor)),
            (None, Pass::Inactive) if passes.contains(&Pass::Active) => Some(Pass::Active.cursor(seen, "")),
            (None, Pass::Active) if passes.contains(&Pass::Inactive) => {
                seen.still(people(Pass::Inactive).all(call, &USERS, mark).await?)?;
                None
            }
            (None, _) => None,
        };
        let map = Listed { workspace, organization, are_active: pass == Pass::Active };
        Ok(Page::of_body(slice.answer.body.clone(), USERS.items, map).next(next).rechecked(filter))
    }

    /// Who has one of the addresses. Whom Slack looks up is not certain, and it refuses it to some tokens of organizations:
    /// where somebody is not found so, the list is looked through.
    async fn by_email(
        &self,
        call: &Call,
        emails: &Match,
        passes: &[Pass],
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
        Ok(Page::of_values(found).rechecked(request.filter.clone()))
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
        Ok(Page::of_values(found).rechecked(request.filter.clone()))
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
                // a member all the same, and never left out
                Err(error) if error.kind() == ErrorKind::NotFound => bare(id),
                Err(error) => return Err(error),
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
        let it: wire::Info = answer.json()?;
        let teams = it.user.enterprise_user.and_then(|org| org.teams).unwrap_or_default();
        let teams: Vec<String> = teams.iter().map(Text::to_string).collect();
        // a list that is known in part is not known: short, it would read as whole
        if call.wants("roles") {
            let held = self.held_roles(call, &input.id, &teams).await;
            user.roles = unknown.known("roles", held)?.zip(user.roles).map(both);
            roles::called_so(call, user.roles.as_deref_mut().unwrap_or_default());
        }
        if call.wants("groups") {
            let held = self.user_groups_of(call, &input.id, &teams).await;
            user.groups = unknown.known("groups", held)?.zip(user.groups).map(both);
        }
        if call.wants("licenses") {
            user.licenses = unknown.known("licenses", self.license_of(call, &input.id, &teams).await)?;
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

/// The `user` of an answer, as Slack has it.
pub(crate) fn read_info(answer: &Answer) -> Result<wire::User<'_>> {
    Ok(answer.json::<wire::Info>()?.user)
}
