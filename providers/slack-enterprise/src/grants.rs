//! Giving and taking roles: system and custom roles by assignment, account types by making somebody an administrator, an
//! owner or a member. Everything is looked at before anything is changed.

use userdir_core::action::*;
use userdir_core::http::{Answer, Request};
use userdir_core::reply::Steps;
use userdir_core::{Call, Effect, Error, ErrorKind, Reply, Result, async_trait};
use userdir_schema::{User, UserOrganization, UserRole};

use crate::catalogue::{self, AccountType};
use crate::users::read_info;
use crate::{SlackEnterprise, map, one_id, roles, wire};

/// A role as the caller names it.
enum Named<'r> {
    /// A system or custom role, by its id.
    Role(&'r str),
    /// An account type.
    Type(AccountType),
    /// A guest of whichever kind.
    Guest,
}

impl Named<'_> {
    /// What is named, before anything is asked: a word that Slack does not have is a mistake, and no "already".
    fn read<'r>(role: &'r UserRole<'_>, place: &str) -> Result<Named<'r>> {
        let word = called(role);
        // a channel is shown as a role's group
        let own_places = [&role.workspace, &role.organization, &role.group].into_iter().flatten();
        if own_places.filter(|own| !own.is_empty()).any(|own| *own != place) {
            return Err(Error::invalid("a role names another place than `workspace_id`").about(word));
        }
        if let Some(id) = catalogue::system_role(word) {
            return Ok(Named::Role(id));
        }
        if word.starts_with("Rl") {
            one_id("roles[].id", word)?;
            return Ok(Named::Role(word));
        }
        match AccountType::by_word(word) {
            _ if word.eq_ignore_ascii_case(catalogue::GUEST) => Ok(Named::Guest),
            Some(AccountType::PrimaryOwner) => Err(refuse_primary_owner().about(word)),
            Some(AccountType::Member) => {
                Err(Error::invalid("`member` is what everybody is; it can be neither given nor taken"))
            }
            Some(account) => Ok(Named::Type(account)),
            None => Err(Error::invalid("unknown role; nothing was changed")
                .about(word)
                .hint("`userdir roles list` shows the ids")),
        }
    }

    /// Whether somebody of this account type is what is named.
    fn is(&self, held: AccountType) -> bool {
        match self {
            Named::Role(_) => false,
            Named::Type(account) => *account == held,
            Named::Guest => held.is_guest(),
        }
    }

    fn is_guest(&self) -> bool {
        matches!(self, Named::Guest) || matches!(self, Named::Type(account) if account.is_guest())
    }
}

/// What the caller calls the role: its id, else its name.
pub(crate) fn called<'r>(role: &'r UserRole<'_>) -> &'r str {
    role.id.as_deref().or(role.name.as_deref()).unwrap_or_default()
}

fn refuse_primary_owner() -> Error {
    Error::refused("the primary owner cannot be changed here")
        .hint("the primary owner hands it over in Slack's own settings")
}

/// Who is to get or lose roles, and where.
struct Subject<'s> {
    user: &'s wire::User<'s>,
    /// The workspace, the organization, or for assigned roles a channel.
    place: &'s str,
}

impl Subject<'_> {
    fn is_at_org(&self) -> bool {
        self.place.starts_with('E')
    }

    /// Whether the user is in that workspace.
    fn is_there(&self) -> bool {
        let teams = self.user.enterprise_user.as_ref().and_then(|org| org.teams.as_ref());
        teams.is_some_and(|teams| teams.iter().any(|id| *id == self.place))
    }

    /// The account type in the organization.
    fn in_org(&self) -> Result<AccountType> {
        map::account_type_in_org(self.user).ok_or_else(untold)
    }
}

/// The input, read before any call.
struct Asked<'r> {
    user_id: &'r str,
    place: &'r str,
    roles: Vec<(&'r str, Named<'r>)>,
    organizations: &'r [UserOrganization<'static>],
}

impl<'r> Asked<'r> {
    fn read(
        user_id: &'r str,
        place: &'r Option<String>,
        roles: &'r [UserRole<'static>],
        organizations: &'r Option<Vec<UserOrganization<'static>>>,
    ) -> Result<Asked<'r>> {
        let place = place.as_deref().unwrap_or_default();
        one_id("id", user_id)?;
        one_id("workspace_id", place)?;
        let roles: Vec<_> =
            roles.iter().map(|role| Ok((called(role), Named::read(role, place)?))).collect::<Result<_>>()?;
        let needs_type = roles.iter().any(|(_, named)| !matches!(named, Named::Role(_)));
        if !place.starts_with(['E', 'T']) && (needs_type || !place.starts_with('C')) {
            return Err(Error::invalid("`workspace_id` must be a workspace (T…) or the organization (E…)").about(place));
        }
        Ok(Asked { user_id, place, roles, organizations: organizations.as_deref().unwrap_or_default() })
    }

    fn names_types(&self) -> bool {
        self.roles.iter().any(|(_, named)| !matches!(named, Named::Role(_)))
    }
}

impl SlackEnterprise {
    /// Refuses a place that is not there: a mistyped one would read as one where nothing is held.
    async fn check_place(&self, call: &Call, asked: &Asked<'_>, subject: &Subject<'_>) -> Result<()> {
        let named = asked.organizations.iter().filter_map(|it| it.id.as_deref()).filter(|id| !id.is_empty());
        let place = Some(asked.place).filter(|place| place.starts_with('E'));
        let named: Vec<&str> = named.chain(place).collect();
        if !named.is_empty() {
            let own = match subject.user.enterprise_user.as_ref().and_then(|org| org.enterprise_id.as_deref()) {
                Some(own) => Some(own),
                None => self.organization(call).await?,
            };
            if let Some(other) = named.into_iter().find(|id| Some(*id) != own) {
                return Err(Error::not_found("this is not the organization of the user").about(other));
            }
        }
        if asked.place.starts_with('T') && !subject.is_there() {
            self.team(asked.place).read(call).await.map_err(|error| error.about(asked.place))?;
        }
        Ok(())
    }

    /// Which of the named roles the user holds there.
    async fn held_there(&self, call: &Call, asked: &Asked<'_>) -> Result<Vec<String>> {
        let ids: Vec<&str> = asked
            .roles
            .iter()
            .filter_map(|(_, named)| if let Named::Role(id) = named { Some(*id) } else { None })
            .collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.assignments(&ids, Some(asked.place)).all(call, &roles::ASSIGNMENTS, roles::read).await;
        let rows = rows.map_err(|error| error.about(ids.join(",")))?;
        let is_own = |row: &wire::Assignment| row.user_id == asked.user_id && row.entity_id == asked.place;
        Ok(rows.into_iter().filter(is_own).map(|row| row.role_id).collect())
    }

    /// The account type that somebody has there.
    async fn type_there(&self, call: &Call, subject: &Subject<'_>, with_guests: bool) -> Result<AccountType> {
        if subject.is_at_org() {
            return subject.in_org();
        }
        if subject.user.deleted == Some(true) {
            return Err(Error::new(
                ErrorKind::Conflict,
                "the user is deactivated, and Slack's lists do not tell what a deactivated person is in a workspace",
            )
            .hint("activate the user first"));
        }
        let mut people = self.admins(call, subject.place).await?;
        if with_guests {
            people.extend(self.guests(call, subject.place).await?);
        }
        let found = people.into_iter().find(|(id, _)| *id == subject.user.id.as_str());
        found.map_or(Ok(AccountType::Member), |(_, account)| account.ok_or_else(untold))
    }

    /// `admin.users.setRegular` and its like.
    fn set(&self, method: &'static str, asked: &Asked<'_>) -> Request {
        let fields = [("team_id", asked.place), ("user_id", asked.user_id)];
        self.web.post(method).form(fields).guarding(&["team_id", "user_id"])
    }
}

/// A step.
struct Change<'r> {
    /// What it is about.
    target: String,
    /// The role that it takes away.
    takes: Option<&'r str>,
    /// The call; none where it is so already.
    request: Option<Request>,
}

impl<'r> Change<'r> {
    fn of(target: impl Into<String>, request: Option<Request>) -> Change<'r> {
        Change { target: target.into(), takes: None, request }
    }
}

impl SlackEnterprise {
    /// Sends the changes in order. What comes after one that failed is tried only where it may fare better.
    async fn send(&self, call: &Call, asked: &Asked<'_>, changes: Vec<Change<'_>>) -> Steps {
        let mut steps = Steps::default();
        for Change { target, takes, request } in changes {
            let effect = match request {
                None => Ok(Effect::Already),
                Some(request) => {
                    let sent = steps.send(call, request).await;
                    match takes {
                        Some(role) => self.removed(call, [role, asked.place, asked.user_id], sent).await,
                        None => given(sent),
                    }
                }
            };
            match effect {
                // done in the organization, and not in all of its workspaces
                Err(error) if error.vendor_code().is_some_and(|code| code.ends_with("_on_workspaces")) => {
                    steps.add(target.clone(), Ok(Effect::Applied));
                    steps.add(format!("{target} in every workspace"), Err(error));
                }
                effect => steps.add(target, effect),
            }
        }
        steps
    }
}

#[async_trait]
impl UnassignRole for SlackEnterprise {
    /// Lists what is held first; then one removal a role held, and for the account type one call that makes a member, only
    /// where the type named is the one held.
    async fn unassign_role(&self, call: &Call, input: UnassignRoleInput) -> Result<Reply<User<'static>>> {
        let asked = Asked::read(&input.id, &input.workspace_id, &input.roles, &input.organizations)?;
        let answer = self.info(asked.user_id).read(call).await?;
        let user = read_info(&answer)?;
        let subject = Subject { user: &user, place: asked.place };
        self.check_place(call, &asked, &subject).await?;
        let mut account = None;
        if asked.names_types() {
            self.refuse_own(call, asked.user_id).await?;
            refuse_account_of_org(&subject)?;
            let with_guests = asked.roles.iter().any(|(_, named)| named.is_guest());
            account = Some(self.type_there(call, &subject, with_guests).await?);
            if account == Some(AccountType::PrimaryOwner) {
                return Err(refuse_primary_owner());
            }
        }
        let held = self.held_there(call, &asked).await?;
        let mut changes: Vec<Change<'_>> = Vec::new();
        for (role, named) in &asked.roles {
            let mut takes = None;
            let request = match named {
                Named::Role(id) if held.iter().any(|held| held == id) => {
                    takes = Some(*id);
                    Some(self.removal(id, asked.place, asked.user_id))
                }
                Named::Role(_) => None,
                // once: two words may name the one type
                named => account
                    .filter(|account| named.is(*account))
                    .and_then(|_| account.take())
                    .map(|_| self.set("admin.users.setRegular", &asked)),
            };
            changes.push(Change { takes, ..Change::of(*role, request) });
        }
        let reply = self.send(call, &asked, changes).await.finish(Reply::sent(&input.id))?;
        Ok(match asked.place.starts_with('C') && held.is_empty() {
            true => reply.note("nothing is held at this channel; whether there is such a channel was not looked up"),
            false => reply,
        })
    }
}

/// That Slack leaves a flag out that says what somebody is.
pub(crate) fn untold() -> Error {
    Error::unexpected("Slack does not show whether the person is an owner, an administrator or a guest")
}

/// What somebody is in the whole organization is not changed at one workspace.
fn refuse_account_of_org(subject: &Subject<'_>) -> Result<()> {
    match subject.in_org()? {
        AccountType::PrimaryOwner => Err(refuse_primary_owner()),
        account @ (AccountType::Owner | AccountType::Admin) if !subject.is_at_org() => {
            let org = subject.user.enterprise_user.as_ref().and_then(|org| org.enterprise_id.as_deref());
            Err(Error::refused(format!(
                "the user is `{}` of the whole organization, and not of the workspace alone",
                account.id()
            ))
            .about(subject.place)
            .hint(format!("to change that, name the organization as `workspace_id`: {}", org.unwrap_or("E…"))))
        }
        _ => Ok(()),
    }
}

#[async_trait]
impl AssignRole for SlackEnterprise {
    /// Lists what is held first; then one call a role that is missing.
    async fn assign_role(&self, call: &Call, input: AssignRoleInput) -> Result<Reply<User<'static>>> {
        let asked = Asked::read(&input.id, &input.workspace_id, &input.roles, &input.organizations)?;
        if let Some((role, _)) = asked.roles.iter().find(|(_, named)| named.is_guest()) {
            return Err(Error::invalid("nobody is made a guest by a role").about(*role).hint("use users/downgrade"));
        }
        if asked.roles.iter().filter(|(_, named)| matches!(named, Named::Type(_))).count() > 1 {
            return Err(Error::invalid("name one of `owner` and `admin`: somebody is one of them"));
        }
        let answer = self.info(asked.user_id).read(call).await?;
        let user = read_info(&answer)?;
        let subject = Subject { user: &user, place: asked.place };
        self.check_place(call, &asked, &subject).await?;
        let held = self.held_there(call, &asked).await?;
        let mut changes: Vec<Change<'_>> = Vec::new();
        for (role, named) in &asked.roles {
            let request = match named {
                Named::Role(id) if held.iter().any(|held| held == id) => None,
                Named::Role(id) => Some(self.change("admin.roles.addAssignments", id, asked.place, asked.user_id)),
                Named::Type(wanted) => match self.type_there(call, &subject, false).await? {
                    held if held == *wanted => None,
                    AccountType::PrimaryOwner => return Err(refuse_primary_owner()),
                    AccountType::Owner => {
                        return Err(Error::refused("the user is an owner, which is more than an administrator")
                            .about(*role)
                            .hint("take `owner` away first"));
                    }
                    _ if *wanted == AccountType::Owner => {
                        // an owner must be in the workspace
                        if !subject.is_at_org() && !subject.is_there() {
                            let join = self.set("admin.users.assign", &asked);
                            changes.push(Change::of(format!("join {}", asked.place), Some(join)));
                        }
                        Some(self.set("admin.users.setOwner", &asked).then())
                    }
                    _ => Some(self.set("admin.users.setAdmin", &asked)),
                },
                Named::Guest => None,
            };
            changes.push(Change::of(*role, request));
        }
        self.send(call, &asked, changes).await.finish(Reply::sent(&input.id))
    }
}

fn given(sent: Result<Option<Answer>>) -> Result<Effect> {
    match sent {
        Err(error) if error.vendor_code() == Some("user_already_team_member") => Ok(Effect::Already),
        sent => sent.map(Effect::of_write),
    }
}
