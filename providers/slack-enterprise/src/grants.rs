//! Giving and taking roles: system and custom roles by assignment, account types by making somebody an administrator, an
//! owner or a member. Everything is looked at before anything is changed.

use userdir_core::action::*;
use userdir_core::http::Request;
use userdir_core::reply::Steps;
use userdir_core::{Call, Effect, Error, ErrorKind, Reply, Result, async_trait};
use userdir_schema::{User, UserOrganization, UserRole};

use crate::catalogue::{self, AccountType};
use crate::roles::{self, ADD, ADMINS, GUESTS, REMOVE};
use crate::users::read_info;
use crate::{SlackEnterprise, map, one_id, taken, wire};

/// A role as the caller names it.
#[derive(PartialEq)]
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

/// The input, read before any call.
struct Asked<'r> {
    user_id: &'r str,
    /// The workspace, the organization, or for assigned roles a channel.
    place: &'r str,
    /// Each once, however it is called: two words for one role are one change.
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
        let organizations = organizations.as_deref().unwrap_or_default();
        let mut asked = Asked { user_id, place, roles: Vec::new(), organizations };
        for role in roles {
            let named = Named::read(role, place)?;
            if asked.roles.iter().all(|(_, known)| *known != named) {
                asked.roles.push((called(role), named));
            }
        }
        if !place.starts_with(['E', 'T']) && (asked.names_type() || !place.starts_with('C')) {
            return Err(Error::invalid("`workspace_id` must be a workspace (T…) or the organization (E…)").about(place));
        }
        Ok(asked)
    }

    fn names_type(&self) -> bool {
        self.roles.iter().any(|(_, named)| !matches!(named, Named::Role(_)))
    }

    fn is_at_org(&self) -> bool {
        self.place.starts_with('E')
    }
}

impl SlackEnterprise {
    /// Refuses a place that is not there: a mistyped one would read as one where nothing is held.
    async fn check_place(&self, call: &Call, asked: &Asked<'_>, user: &wire::User<'_>) -> Result<()> {
        let named = asked.organizations.iter().filter_map(|it| it.id.as_deref()).filter(|id| !id.is_empty());
        let named: Vec<&str> = named.chain(asked.is_at_org().then_some(asked.place)).collect();
        if !named.is_empty() {
            let own = match user.organization() {
                Some(own) => Some(own),
                None => self.organization(call).await?,
            };
            if let Some(other) = named.into_iter().find(|id| Some(*id) != own) {
                return Err(Error::not_found("this is not the organization of the user").about(other));
            }
        }
        if asked.place.starts_with('T') && !user.is_in(asked.place) {
            let team = self.team(asked.place).read(call).await.map_err(|error| error.about(asked.place))?;
            team.json::<wire::Success>()?;
        }
        Ok(())
    }

    /// Which of the named roles the user holds there.
    async fn held_there(&self, call: &Call, asked: &Asked<'_>) -> Result<Vec<String>> {
        let ids =
            asked.roles.iter().filter_map(|(_, named)| if let Named::Role(id) = named { Some(*id) } else { None });
        let ids: Vec<&str> = ids.collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.assignments(&ids, Some(asked.place)).all(call, &roles::ASSIGNMENTS, roles::read).await;
        let rows = rows.map_err(|error| error.about(ids.join(",")))?;
        let is_own = |row: &wire::Assignment| row.user_id == asked.user_id && row.entity_id == asked.place;
        Ok(rows.into_iter().filter(is_own).map(|row| row.role_id).collect())
    }

    /// The account type that somebody has there.
    async fn type_there(
        &self,
        call: &Call,
        asked: &Asked<'_>,
        user: &wire::User<'_>,
        lists: &[&[&'static str]],
    ) -> Result<AccountType> {
        if asked.is_at_org() {
            return in_org(user);
        }
        for only in lists {
            let people = self.types_in(call, asked.place, only).await?;
            if let Some((_, account)) = people.into_iter().find(|(id, _)| id == asked.user_id) {
                return account.ok_or_else(untold);
            }
        }
        Ok(AccountType::Member)
    }

    /// `admin.users.setRegular` and its like.
    fn set(&self, method: &'static str, asked: &Asked<'_>) -> Request {
        let fields = [("team_id", asked.place), ("user_id", asked.user_id)];
        self.web.post(method).form(fields).guarding(&["team_id", "user_id"])
    }
}

/// The account type in the organization.
fn in_org(user: &wire::User<'_>) -> Result<AccountType> {
    map::account_type_in_org(user).ok_or_else(untold)
}

/// That Slack leaves a flag out that says what somebody is.
pub(crate) fn untold() -> Error {
    Error::unexpected("Slack does not show whether the person is an owner, an administrator or a guest")
}

/// Refuses to guess what a deactivated person is: Slack's lists of a workspace leave them out, and `users.info` their flags.
fn refuse_deactivated(asked: &Asked<'_>, user: &wire::User<'_>) -> Result<()> {
    let is_told = asked.is_at_org() && map::flags_in_org(user).iter().any(Option::is_some);
    if user.deleted != Some(true) || is_told {
        return Ok(());
    }
    let why = "the user is deactivated, and Slack does not tell what a deactivated person is there";
    Err(Error::new(ErrorKind::Conflict, why).about(asked.place).hint("activate the user first"))
}

/// What somebody is in the whole organization is not changed at one workspace.
fn refuse_account_of_org(asked: &Asked<'_>, user: &wire::User<'_>) -> Result<()> {
    match in_org(user)? {
        AccountType::PrimaryOwner => Err(refuse_primary_owner()),
        account @ (AccountType::Owner | AccountType::Admin) if !asked.is_at_org() => {
            let org = user.organization().unwrap_or("E…");
            let why =
                format!("the user is `{}` of the whole organization, and not of the workspace alone", account.id());
            Err(Error::refused(why)
                .about(asked.place)
                .hint(format!("to change that, name the organization as `workspace_id`: {org}")))
        }
        _ => Ok(()),
    }
}

#[async_trait]
impl UnassignRole for SlackEnterprise {
    /// Lists what is held first; then one removal a role held, and for the account type one call that makes a member, only
    /// where the type named is the one held.
    async fn unassign_role(&self, call: &Call, input: UnassignRoleInput) -> Result<Reply<User<'static>>> {
        let asked = Asked::read(&input.id, &input.workspace_id, &input.roles, &input.organizations)?;
        let answer = self.info(asked.user_id).read(call).await?;
        let user = read_info(&answer, asked.user_id)?;
        self.check_place(call, &asked, &user).await?;
        let mut account = None;
        if asked.names_type() {
            self.refuse_own(call, asked.user_id).await?;
            refuse_deactivated(&asked, &user)?;
            refuse_account_of_org(&asked, &user)?;
            let names_guest = asked.roles.iter().any(|(_, named)| named.is_guest());
            let lists: &[_] = if names_guest { &[ADMINS, GUESTS] } else { &[ADMINS] };
            account = Some(self.type_there(call, &asked, &user, lists).await?);
            if account == Some(AccountType::PrimaryOwner) {
                return Err(refuse_primary_owner());
            }
        }
        let held = self.held_there(call, &asked).await?;
        let (mut steps, mut is_set) = (Steps::default(), false);
        for (role, named) in &asked.roles {
            let effect = match named {
                Named::Role(id) if held.iter().any(|held| held == id) => {
                    let one = [*id, asked.place, asked.user_id];
                    let sent = steps.send(call, self.change(REMOVE, one)).await;
                    self.removed(call, one, sent).await
                }
                named if account.is_some_and(|account| named.is(account)) => {
                    // `guest` and its kind are the one type
                    if std::mem::replace(&mut is_set, true) {
                        continue;
                    }
                    steps.send(call, self.set("admin.users.setRegular", &asked)).await.and_then(taken)
                }
                _ => Ok(Effect::Already),
            };
            steps.add(*role, effect);
        }
        let reply = steps.finish(Reply::sent(&input.id))?;
        Ok(match asked.place.starts_with('C') && held.is_empty() {
            true => reply.note("nothing is held at this channel; whether there is such a channel was not looked up"),
            false => reply,
        })
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
        let mut types = asked.roles.iter().filter(|(_, named)| matches!(named, Named::Type(_)));
        let (wanted, other) = (types.next(), types.next());
        if other.is_some() {
            return Err(Error::invalid("name one of `owner` and `admin`: somebody is one of them"));
        }
        let answer = self.info(asked.user_id).read(call).await?;
        let user = read_info(&answer, asked.user_id)?;
        self.check_place(call, &asked, &user).await?;
        let held = self.held_there(call, &asked).await?;
        let mut is_so = false;
        if let Some((role, named)) = wanted {
            refuse_deactivated(&asked, &user)?;
            match self.type_there(call, &asked, &user, &[ADMINS]).await? {
                account if named.is(account) => is_so = true,
                AccountType::PrimaryOwner => return Err(refuse_primary_owner()),
                AccountType::Owner => {
                    return Err(Error::refused("the user is an owner, which is more than an administrator")
                        .about(*role)
                        .hint("take `owner` away first"));
                }
                _ => {}
            }
        }
        let mut steps = Steps::default();
        for (role, named) in &asked.roles {
            let request = match named {
                Named::Role(id) if held.iter().any(|held| held == id) => None,
                Named::Role(id) => Some(self.change(ADD, [*id, asked.place, asked.user_id])),
                _ if is_so => None,
                Named::Type(AccountType::Owner) => {
                    let request = self.set("admin.users.setOwner", &asked);
                    // an owner must be in the workspace
                    let joins = !asked.is_at_org() && !user.is_in(asked.place);
                    if joins {
                        let sent = steps.send(call, self.set("admin.users.assign", &asked)).await;
                        steps.add(format!("join {}", asked.place), joined(sent.and_then(taken)));
                    }
                    Some(if joins { request.then() } else { request })
                }
                _ => Some(self.set("admin.users.setAdmin", &asked)),
            };
            let effect = match request {
                Some(request) => steps.send(call, request).await.and_then(taken),
                None => Ok(Effect::Already),
            };
            match effect {
                // done in the organization, and not in all of its workspaces
                Err(error) if error.vendor_code().is_some_and(|code| code.ends_with("_on_workspaces")) => {
                    steps.add(*role, Ok(Effect::Applied));
                    steps.add(format!("{role} in every workspace"), Err(error));
                }
                effect => steps.add(*role, effect),
            }
        }
        steps.finish(Reply::sent(&input.id))
    }
}

/// What became of adding somebody to a workspace.
fn joined(sent: Result<Effect>) -> Result<Effect> {
    match sent {
        Err(error) if error.vendor_code() == Some("user_already_team_member") => Ok(Effect::Already),
        sent => sent,
    }
}
