//! Giving and taking roles.
//!
//! One call gives or takes all that an action names. Whether such a call is all or nothing is unverified: where it is
//! refused, the member is read again to tell what was done.

use userdir_core::action::*;
use userdir_core::http::Request;
use userdir_core::mapping::filled;
use userdir_core::reply::Steps;
use userdir_core::{Call, Effect, Error, ErrorKind, Outcome, Reply, Result, async_trait};
use userdir_schema::{User, UserOrganization, UserRole};

use crate::ElasticCloud;
use crate::map::INVITATION;
use crate::roles::{OWNER, Scope, id_of, scope_of};
use crate::users::Members;
use crate::wire::{Entry, RoleAssignments};

/// A role that is to be given or taken.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub id: String,
    pub organization: String,
    /// One deployment or project; none for wherever the role is held, or for everywhere.
    pub workspace: Option<String>,
    /// Taking it leaves what is held at other places.
    pub is_one: bool,
}

impl Wanted {
    /// From the input; `organization` where the role names none.
    pub fn of(role: &UserRole<'_>, organization: &str) -> Result<Wanted> {
        let id = role.id.as_deref().or(role.name.as_deref());
        let id = id.ok_or_else(|| Error::invalid("each of `roles` needs its `id`"))?.to_owned();
        let workspace = filled(role.workspace.clone()).map(|place| place.to_string());
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
        let organization = role.organization.as_deref().filter(|id| !id.is_empty()).unwrap_or(organization).to_owned();
        Ok(Wanted { id, organization, workspace, is_one: false })
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
        scope_of(&self.id).ok_or_else(|| {
            Error::invalid("unknown role; nothing was changed")
                .about(&self.id)
                .hint("`userdir roles list` shows the ids, such as deployment-viewer")
        })
    }

    /// What steps call it.
    fn target(&self) -> String {
        match &self.workspace {
            Some(workspace) => format!("{} ({workspace})", self.id),
            None => self.id.clone(),
        }
    }

    pub fn names(&self, scope: &Scope, entry: &Entry) -> bool {
        *scope != Scope::Platform
            && id_of(scope, &entry.role_id) == self.id
            && entry.organization_id.as_deref().is_none_or(|id| id == self.organization)
    }

    /// The entries that are held of it, as they are listed; with a workspace that one alone.
    pub fn held(&self, assignments: &RoleAssignments) -> Result<Vec<(Scope, Entry)>> {
        let named = assignments.each().filter(|(scope, entry)| self.names(scope, entry));
        let Some(workspace) = &self.workspace else {
            let named = named.filter(|(_, entry)| !self.is_one || entry.places().next().is_none());
            return Ok(named.map(|(scope, entry)| (scope, entry.clone())).collect());
        };
        let mut found = Vec::new();
        for (scope, entry) in named {
            if entry.is_everywhere() && !self.is_one {
                return Err(Error::refused("the role is held everywhere and cannot be taken away at one workspace")
                    .about(self.target())
                    .hint("take it away without `workspace`, and assign it where it is to stay"));
            }
            if entry.places().any(|place| place == workspace) {
                let narrowed = entry.at(&scope, vec![workspace.clone()]);
                found.push((scope, narrowed));
            }
        }
        Ok(found)
    }

    /// Whether an entry is of the role itself: a viewer's with custom roles inside stands for those.
    pub fn is_of(&self, scope: &Scope, entry: &Entry) -> bool {
        self.names(scope, entry) && !(is_viewer(&self.id) && entry.has_roles_inside())
    }

    /// Whether the role is held where it is wanted.
    pub fn is_covered(&self, assignments: &RoleAssignments) -> bool {
        assignments.each().filter(|(scope, entry)| self.is_of(scope, entry)).any(|(scope, entry)| {
            scope == Scope::Organization
                || entry.is_everywhere()
                || self.workspace.as_ref().is_some_and(|wanted| entry.places().any(|place| place == wanted))
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

/// The one organization that the input names: the members of one are read, and what is in another would be passed over.
pub(crate) fn named<'i>(
    roles: &'i [UserRole<'static>],
    organizations: &'i Option<Vec<UserOrganization<'static>>>,
) -> Result<Option<&'i str>> {
    let of_roles = roles.iter().filter_map(|role| role.organization.as_deref());
    let named = organizations.iter().flatten().filter_map(|it| it.id.as_deref());
    let mut named = named.chain(of_roles).filter(|id| !id.is_empty());
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
    async fn wanted(
        &self,
        call: &Call,
        roles: &[UserRole<'static>],
        organizations: &Option<Vec<UserOrganization<'static>>>,
    ) -> Result<(Vec<Wanted>, String)> {
        for role in roles {
            Wanted::of(role, "")?;
        }
        let organization = self.organization(call, named(roles, organizations)?).await?;
        let wanted = roles.iter().map(|role| Wanted::of(role, &organization)).collect::<Result<_>>()?;
        Ok((wanted, organization))
    }

    /// Adds what became of each role after the one call for all. A yes to several proves none of them, and core is content
    /// with a role at any place; a refusal may have come after some. Both are told by reading again.
    async fn add_effects(
        &self,
        call: &Call,
        sent: Result<Effect>,
        (organization, user): (&str, &str),
        wanted: &[Wanted],
        steps: &mut Steps,
        is_done: impl Fn(&Wanted, &RoleAssignments) -> bool,
    ) {
        let is_told = match &sent {
            Ok(effect) => *effect != Effect::Applied,
            Err(error) => wanted.len() < 2 || error.vendor().is_none() || error.outcome() == Outcome::Unknown,
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
        for wanted in wanted {
            let effect = if is_done(wanted, &member.assignments) { Ok(Effect::Applied) } else { Err(again()) };
            steps.add(wanted.target(), effect);
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
                wanted.scope()?;
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
            let is_done = |wanted: &Wanted, now: &RoleAssignments| wanted.held(now).is_ok_and(|held| held.is_empty());
            self.add_effects(call, sent, (organization, user), &taken, &mut steps, is_done).await;
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
        for role in &input.roles {
            Wanted::of(role, "")?.scope()?;
        }
        let (wanted, organization) = self.wanted(call, &input.roles, &input.organizations).await?;
        let members = self.members(call, &organization).await?;
        let held = &members.find(&input.id)?.assignments;
        let (covered, missing): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|wanted| wanted.is_covered(held));
        let mut steps = Steps::default();
        for wanted in covered {
            steps.add(wanted.target(), Ok(Effect::Already));
        }
        if !missing.is_empty() {
            let sent = self.give(&input.id, &body_of(&missing)?).primary().write(call).await.map(Effect::of_write);
            let subject = (organization.as_str(), input.id.as_str());
            self.add_effects(call, sent, subject, &missing, &mut steps, Wanted::is_covered).await;
        }
        steps.finish(Reply::sent(&input.id))
    }
}

#[async_trait]
impl UnassignRole for ElasticCloud {
    async fn unassign_role(&self, call: &Call, input: UnassignRoleInput) -> Result<Reply<User<'static>>> {
        refuse_invitation(&input.id)?;
        let (wanted, organization) = self.wanted(call, &input.roles, &input.organizations).await?;
        let members = self.members(call, &organization).await?;
        let may_stay = !members.shows_all() && wanted.iter().any(Wanted::is_anywhere);
        let steps = self.take_roles(call, &organization, &members, &input.id, wanted).await?;
        let reply = steps.finish(Reply::sent(&input.id))?;
        Ok(if may_stay { reply.note(HIDDEN) } else { reply })
    }
}
