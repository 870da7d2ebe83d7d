//! Giving and taking roles.
//!
//! One call gives or takes all that an action names. Whether such a call is all or nothing is unverified: where it is
//! refused, the member is read again to tell what was done.

use userdir_core::action::*;
use userdir_core::http::Request;
use userdir_core::reply::Steps;
use userdir_core::{Call, Effect, Error, ErrorKind, Outcome, Reply, Result, async_trait};
use userdir_schema::{User, UserOrganization, UserRole};

use crate::ElasticCloud;
use crate::map::{INVITATION, user_roles};
use crate::roles::{self, OWNER, Scope, id_of, scope_of};
use crate::users::Members;
use crate::wire::{Entry, RoleAssignments};

/// A role that is to be given or taken.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub id: String,
    /// Empty until it is known, see [`Wanted::within`].
    pub organization: String,
    /// One deployment or project; none for wherever the role is held, or for everywhere.
    pub workspace: Option<String>,
    /// Taking it leaves what is held at other places.
    pub is_one: bool,
}

impl Wanted {
    /// From the input, to be taken: an id that tells no scope may be held all the same.
    pub fn of(role: &UserRole<'_>) -> Result<Wanted> {
        let id = role.id.as_deref().or(role.name.as_deref());
        let id = id.ok_or_else(|| Error::invalid("each of `roles` needs its `id`"))?.to_owned();
        let workspace = role.workspace.as_deref().map(str::trim).filter(|place| !place.is_empty()).map(str::to_owned);
        match (scope_of(&id), &workspace) {
            (Some(Scope::Platform), _) => {
                return Err(Error::invalid("roles of the platform are not given or taken here").about(id));
            }
            (Some(Scope::Organization), Some(_)) => {
                return Err(Error::invalid("this role is held in the organization and in no workspace")
                    .about(id)
                    .hint("leave `workspace` out"));
            }
            _ => {}
        }
        Ok(Wanted { id, organization: String::new(), workspace, is_one: false })
    }

    /// From the input, to be given.
    pub fn new(role: &UserRole<'_>) -> Result<Wanted> {
        let wanted = Wanted::of(role)?;
        wanted.scope().map(|_| wanted)
    }

    /// In this organization.
    pub fn within(self, organization: &str) -> Wanted {
        Wanted { organization: organization.to_owned(), ..self }
    }

    /// The same as one assignment, apart from those at other places.
    pub fn there_alone(self) -> Wanted {
        Wanted { is_one: true, ..self }
    }

    /// Whether it may be held at places that a key does not see.
    fn is_anywhere(&self) -> bool {
        self.workspace.is_none() && scope_of(&self.id) != Some(Scope::Organization)
    }

    /// Where the role belongs.
    pub fn scope(&self) -> Result<Scope> {
        scope_of(&self.id).ok_or_else(|| self.unknown())
    }

    fn unknown(&self) -> Error {
        Error::invalid("unknown role; nothing was changed")
            .about(&self.id)
            .hint("`userdir roles list` shows the ids, such as deployment-viewer")
    }

    /// What steps call it.
    fn target(&self) -> String {
        match &self.workspace {
            Some(workspace) => format!("{} ({workspace})", self.id),
            None => self.id.clone(),
        }
    }

    /// Whether a place is the one that is named: ids are in lower case, however they are typed.
    fn is_at(&self, place: &str) -> bool {
        self.workspace.as_deref().is_some_and(|workspace| workspace.eq_ignore_ascii_case(place))
    }

    /// Whether a place is named at which the role is not held, and at which it is.
    fn elsewhere(&self, assignments: &RoleAssignments) -> Option<String> {
        let named = assignments.each().filter(|(scope, entry)| self.names(scope, entry));
        let places: Vec<&str> = named.flat_map(|(_, entry)| entry.places()).map(String::as_str).collect();
        let is_there = self.workspace.is_none() || places.iter().any(|place| self.is_at(place));
        (!is_there && !places.is_empty())
            .then(|| format!("{} is not held there; it is at {}", self.target(), places.join(", ")))
    }

    pub fn names(&self, scope: &Scope, entry: &Entry) -> bool {
        *scope != Scope::Platform
            && id_of(scope, &entry.role_id) == self.id
            && entry.organization_id.as_deref().is_none_or(|id| id == self.organization)
    }

    /// The entries that are held of it, as they are listed; with a workspace that one alone.
    pub fn held(&self, assignments: &RoleAssignments) -> Result<Vec<(Scope, Entry)>> {
        let named = assignments.each().filter(|(scope, entry)| self.names(scope, entry));
        if self.workspace.is_none() {
            let named = named.filter(|(_, entry)| !self.is_one || entry.places().next().is_none());
            return Ok(named.map(|(scope, entry)| (scope, entry.clone())).collect());
        }
        let mut found = Vec::new();
        for (scope, entry) in named {
            if entry.is_everywhere() && !self.is_one {
                return Err(Error::refused("the role is held everywhere and cannot be taken away at one workspace")
                    .about(self.target())
                    .hint("take it away without `workspace`, and assign it where it is to stay"));
            }
            if let Some(place) = entry.places().find(|place| self.is_at(place)) {
                let narrowed = entry.at(&scope, vec![place.clone()]);
                found.push((scope, narrowed));
            }
        }
        Ok(found)
    }

    /// After it was taken: the role, and whether it is gone; where it is gone at some places alone, each of them.
    fn gone(&self, before: &RoleAssignments, now: &RoleAssignments) -> Vec<(String, bool)> {
        let of_it = |assignments: &RoleAssignments| -> Result<Vec<UserRole<'static>>> {
            let mut alone = RoleAssignments::default();
            self.held(assignments)?.into_iter().for_each(|(scope, entry)| alone.push(&scope, entry));
            Ok(user_roles(&alone))
        };
        let (Ok(before), Ok(now)) = (of_it(before), of_it(now)) else { return vec![(self.target(), false)] };
        if before.iter().all(|role| now.contains(role)) || now.is_empty() {
            return vec![(self.target(), now.is_empty())];
        }
        let target =
            |role: &UserRole<'_>| format!("{} ({})", self.id, role.workspace.as_deref().unwrap_or("everywhere"));
        before.iter().map(|role| (target(role), !now.contains(role))).collect()
    }

    /// Whether an entry is of the role itself: a viewer's with custom roles inside stands for those.
    pub fn is_of(&self, scope: &Scope, entry: &Entry) -> bool {
        self.names(scope, entry) && !(is_viewer(&self.id) && entry.has_roles_inside())
    }

    /// Whether the role is held where it is wanted.
    pub fn is_covered(&self, assignments: &RoleAssignments) -> bool {
        assignments.each().filter(|(scope, entry)| self.is_of(scope, entry)).any(|(scope, entry)| {
            scope == Scope::Organization || entry.is_everywhere() || entry.places().any(|place| self.is_at(place))
        })
    }

    /// The entry that gives it.
    fn entry(&self) -> Result<(Scope, Entry)> {
        let scope = self.scope()?;
        let bare =
            Entry { role_id: self.id.clone(), organization_id: Some(self.organization.clone()), ..Entry::default() };
        let entry = match (&scope, &self.workspace) {
            (Scope::Organization | Scope::Platform, _) => bare,
            (_, None) => bare.everywhere(),
            (_, Some(workspace)) => bare.at(&scope, vec![workspace.clone()]),
        };
        Ok((scope, entry))
    }
}

/// The body that gives these roles.
pub(crate) fn body_of<'w>(wanted: impl IntoIterator<Item = &'w Wanted>) -> Result<RoleAssignments> {
    let mut body = RoleAssignments::default();
    for wanted in wanted {
        let (scope, entry) = wanted.entry()?;
        body.push(&scope, entry);
    }
    Ok(body)
}

/// An invitation's roles cannot be changed.
pub(crate) fn refuse_invitation(user: &str) -> Result<()> {
    match user.starts_with(INVITATION) {
        false => Ok(()),
        true => Err(Error::invalid("the roles of an invitation cannot be changed")
            .hint("cancel it with `userdir users delete`, and invite again with other roles")),
    }
}

pub(crate) fn is_viewer(id: &str) -> bool {
    id.ends_with("-viewer")
}

/// The organizations that roles name themselves.
pub(crate) fn own<'i>(roles: &'i [UserRole<'static>]) -> impl Iterator<Item = &'i str> {
    roles.iter().filter_map(|role| role.organization.as_deref()).filter(|id| !id.is_empty())
}

/// The organization of a change: what the roles name, and what stands beside them where one names none.
pub(crate) fn named<'i>(
    roles: &'i [UserRole<'static>],
    organizations: &'i Option<Vec<UserOrganization<'static>>>,
) -> Result<Option<&'i str>> {
    let beside = organizations.iter().flatten().filter(|_| own(roles).count() < roles.len());
    one_of(beside.filter_map(|it| it.id.as_deref()).chain(own(roles)))
}

/// The one of these: the members of one organization are read, and what is in another would be passed over.
pub(crate) fn one_of<'i>(named: impl Iterator<Item = &'i str>) -> Result<Option<&'i str>> {
    let mut named = named.filter(|id| !id.is_empty());
    let first = named.next();
    match named.find(|id| Some(*id) != first) {
        None => Ok(first),
        Some(other) => {
            Err(Error::invalid("roles are changed in one organization at a time, and two are named").about(other))
        }
    }
}

/// Of a role that is taken wherever it is held, where the key does not see all.
pub(crate) const HIDDEN: &str =
    "where this key may not manage roles, such a role may be held still; an owner's key sees all";

fn not_shown() -> Error {
    Error::unexpected("the vendor accepted it, and the members do not show it").with_outcome(Outcome::Unknown)
}

/// A key that does not see everything cannot tell "is not held" from "may not be seen".
pub(crate) fn not_visible() -> Error {
    Error::new(ErrorKind::Permission, "no such role is visible to this key, which does not see all")
        .hint("use the key of an organization owner (organization-admin) to be certain")
}

impl ElasticCloud {
    pub(crate) fn give(&self, user: &str, body: &RoleAssignments) -> Request {
        self.http.post("users").id(user).path("role_assignments").json(body).guarding(SCOPES)
    }

    pub(crate) fn take(&self, user: &str, body: &RoleAssignments) -> Request {
        self.http.delete("users").id(user).path("role_assignments").json(body).guarding(SCOPES)
    }

    /// The roles wanted, and the organization whose members are read.
    pub(crate) async fn wanted(
        &self,
        call: &Call,
        roles: &[UserRole<'static>],
        of: fn(&UserRole<'_>) -> Result<Wanted>,
        named: Option<&str>,
    ) -> Result<(Vec<Wanted>, String)> {
        let wanted = roles.iter().map(of).collect::<Result<Vec<_>>>()?;
        let organization = self.organization(call, named).await?;
        Ok((wanted.into_iter().map(|wanted| wanted.within(&organization)).collect(), organization))
    }

    /// Adds what became of each role after the one call for all of the body. A yes to several proves none of them, and core
    /// is content with a role at any place; a refusal may have come after some. Both are told by reading again.
    async fn add_effects(
        &self,
        call: &Call,
        (sent, body): (Result<Effect>, &RoleAssignments),
        (organization, user): (&str, &str),
        wanted: &[Wanted],
        steps: &mut Steps,
        told: impl Fn(&Wanted, &RoleAssignments) -> Vec<(String, bool)>,
    ) {
        let is_told = match &sent {
            Ok(effect) => *effect != Effect::Applied,
            Err(error) => user_roles(body).len() < 2 || error.vendor().is_none() || error.outcome() == Outcome::Unknown,
        };
        if is_told {
            return steps.add_all(wanted.iter().map(Wanted::target), sent);
        }
        let members = self.members(call, organization).await;
        let Some(member) = members.as_ref().ok().and_then(|members| members.find(user).ok()) else {
            // a yes is left to core, which looks as well, and not at each place
            steps.note("the members could not be read again, and a role may be another at its own place");
            let sent = sent.map_err(|error| error.with_outcome(Outcome::Unknown));
            return steps.add_all(wanted.iter().map(Wanted::target), sent);
        };
        let was_accepted = sent.is_ok();
        let error = sent.err().unwrap_or_else(not_shown);
        let again = || {
            let again = Error::new(error.kind(), error.message().to_owned()).with_outcome(error.outcome());
            match error.vendor() {
                Some(answer) => again.from_vendor(answer.clone()),
                None => again,
            }
        };
        if !was_accepted {
            steps.note("the vendor refused the call, and its members show that it was done");
        }
        for (target, is_done) in wanted.iter().flat_map(|wanted| told(wanted, &member.assignments)) {
            steps.add(target, if is_done { Ok(Effect::Applied) } else { Err(again()) });
        }
    }

    /// Takes roles away: each entry as it is listed.
    pub(crate) async fn take_roles(
        &self,
        call: &Call,
        organization: &str,
        members: &Members,
        user: &str,
        wanted: Vec<Wanted>,
    ) -> Result<Steps> {
        let held = &members.find(user)?.assignments;
        let mut body = RoleAssignments::default();
        let (mut taken, mut not_held) = (Vec::new(), Vec::new());
        for wanted in wanted {
            let entries = wanted.held(held)?;
            if entries.is_empty() {
                // a word that is no role must not read as "already taken away"
                let known = roles::all(members.iter().map(|member| &member.assignments));
                if !known.iter().any(|role| role.id == wanted.id.as_str()) {
                    return Err(wanted.unknown());
                }
                not_held.push(wanted);
                continue;
            }
            entries.into_iter().for_each(|(scope, entry)| body.push(&scope, entry));
            taken.push(wanted);
        }
        if body.organization.iter().any(|entry| entry.role_id == OWNER) {
            members.refuse_last_owner(user)?;
        }
        let mut steps = Steps::default();
        if !body.is_empty() {
            let sent = self.take(user, &body).primary().write(call).await.map(Effect::of_write);
            let told = |wanted: &Wanted, now: &RoleAssignments| wanted.gone(held, now);
            self.add_effects(call, (sent, &body), (organization, user), &taken, &mut steps, told).await;
        }
        for wanted in not_held {
            let effect = if members.shows_all() { Ok(Effect::Already) } else { Err(not_visible()) };
            steps.add(wanted.target(), effect);
        }
        Ok(steps)
    }
}

/// The members of a body of role assignments: what the action decides.
const SCOPES: &[&str] = &["platform", "organization", "deployment", "project"];

#[async_trait]
impl AssignRole for ElasticCloud {
    /// One call for what is not held yet. Without a workspace a role is given everywhere.
    async fn assign_role(&self, call: &Call, input: AssignRoleInput) -> Result<Reply<User<'static>>> {
        refuse_invitation(&input.id)?;
        let named = named(&input.roles, &input.organizations)?;
        let (wanted, organization) = self.wanted(call, &input.roles, Wanted::new, named).await?;
        let members = self.members(call, &organization).await?;
        let held = &members.find(&input.id)?.assignments;
        let (covered, missing): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|wanted| wanted.is_covered(held));
        let mut steps = Steps::default();
        for wanted in covered {
            steps.add(wanted.target(), Ok(Effect::Already));
        }
        if !missing.is_empty() {
            let body = body_of(&missing)?;
            let sent = self.give(&input.id, &body).primary().write(call).await.map(Effect::of_write);
            let subject = (organization.as_str(), input.id.as_str());
            let told = |wanted: &Wanted, now: &RoleAssignments| vec![(wanted.target(), wanted.is_covered(now))];
            self.add_effects(call, (sent, &body), subject, &missing, &mut steps, told).await;
        }
        steps.finish(Reply::sent(&input.id))
    }
}

#[async_trait]
impl UnassignRole for ElasticCloud {
    async fn unassign_role(&self, call: &Call, input: UnassignRoleInput) -> Result<Reply<User<'static>>> {
        refuse_invitation(&input.id)?;
        let named = named(&input.roles, &input.organizations)?;
        let (wanted, organization) = self.wanted(call, &input.roles, Wanted::of, named).await?;
        let members = self.members(call, &organization).await?;
        let held = &members.find(&input.id)?.assignments;
        let elsewhere: Vec<String> = wanted.iter().filter_map(|wanted| wanted.elsewhere(held)).collect();
        let may_stay = !members.shows_all() && wanted.iter().any(Wanted::is_anywhere);
        let steps = self.take_roles(call, &organization, &members, &input.id, wanted).await?;
        let reply = elsewhere.into_iter().fold(steps.finish(Reply::sent(&input.id))?, Reply::note);
        Ok(if may_stay { reply.note(HIDDEN) } else { reply })
    }
}
