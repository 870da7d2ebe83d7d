//! Giving and taking roles, and the downgrade to a viewer.
//!
//! One call gives or takes all that an action names. Whether such a call is all or nothing is unverified: where it is
//! refused, the member is read again to tell what was done.

use userdir_core::action::*;
use userdir_core::http::Request;
use userdir_core::reply::Steps;
use userdir_core::{Call, Effect, Error, ErrorKind, Outcome, Reply, Result, async_trait};
use userdir_schema::{User, UserOrganization, UserRole};

use crate::ElasticCloud;
use crate::map::INVITATION;
use crate::roles::{OWNER, Scope, id_of, scope_of};
use crate::wire::{Entry, RoleAssignments};

/// A role that is to be given or taken.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    id: String,
    organization: String,
    /// One deployment or project; none for wherever the role is held, or for everywhere.
    workspace: Option<String>,
}

impl Wanted {
    /// From the input; `organization` where the role names none.
    pub fn of(role: &UserRole<'_>, organization: &str) -> Result<Wanted> {
        let id = role.id.as_deref().or(role.name.as_deref());
        let id = id.ok_or_else(|| Error::invalid("each of `roles` needs its `id`"))?.to_owned();
        let workspace = role.workspace.as_ref().map(ToString::to_string);
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
        let organization = role.organization.as_deref().unwrap_or(organization).to_owned();
        Ok(Wanted { id, organization, workspace })
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

    fn names(&self, scope: &Scope, entry: &Entry) -> bool {
        *scope != Scope::Platform
            && id_of(scope, &entry.role_id) == self.id
            && entry.organization_id.as_deref().is_none_or(|id| id == self.organization)
    }

    /// The entries that are held of it, as they are listed; with a workspace that one alone.
    fn held(&self, assignments: &RoleAssignments) -> Result<Vec<(Scope, Entry)>> {
        let named = assignments.each().filter(|(scope, entry)| self.names(scope, entry));
        let Some(workspace) = &self.workspace else {
            return Ok(named.map(|(scope, entry)| (scope, entry.clone())).collect());
        };
        let mut found = Vec::new();
        for (scope, entry) in named {
            if entry.is_everywhere() {
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

    /// Whether the role is held where it is wanted.
    fn is_covered(&self, assignments: &RoleAssignments) -> bool {
        assignments.each().filter(|(scope, entry)| self.names(scope, entry)).any(|(scope, entry)| {
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
fn refuse_invitation(user: &str) -> Result<()> {
    match user.starts_with(INVITATION) {
        false => Ok(()),
        true => Err(Error::invalid("the roles of an invitation cannot be changed")
            .hint("cancel it with `userdir users delete`, and invite again with other roles")),
    }
}

/// The organization that the input names.
fn named<'o>(organizations: &'o Option<Vec<UserOrganization<'static>>>) -> Option<&'o str> {
    organizations.as_ref()?.first()?.id.as_deref()
}

/// A key that does not see everything cannot tell "is not held" from "may not be seen".
fn not_visible() -> Error {
    Error::new(ErrorKind::Permission, "no such role is visible to this key, which does not see all")
        .hint("use the key of an organization owner (organization-admin) to be certain")
}

impl ElasticCloud {
    fn give(&self, user: &str, body: &RoleAssignments) -> Request {
        self.http.post("users").id(user).path("role_assignments").json(body).guarding(SCOPES)
    }

    fn take(&self, user: &str, body: &RoleAssignments) -> Request {
        self.http.delete("users").id(user).path("role_assignments").json(body).guarding(SCOPES)
    }

    /// The roles wanted, and the organization whose members are read.
    async fn wanted(
        &self,
        call: &Call,
        roles: &[UserRole<'static>],
        organization: Option<&str>,
    ) -> Result<(Vec<Wanted>, String)> {
        let of_role = roles.iter().find_map(|role| role.organization.as_deref());
        for role in roles {
            Wanted::of(role, "")?;
        }
        let organization = self.organization(call, organization.or(of_role)).await?;
        let wanted = roles.iter().map(|role| Wanted::of(role, &organization)).collect::<Result<_>>()?;
        Ok((wanted, organization))
    }

    /// What became of each role after the one call for all: the same for each, or what reading again shows.
    async fn each_effect(
        &self,
        call: &Call,
        sent: Result<Effect>,
        (organization, user): (&str, &str),
        wanted: &[Wanted],
        is_done: impl Fn(&Wanted, &RoleAssignments) -> bool,
    ) -> Result<Vec<Result<Effect>>> {
        let error = match sent {
            Ok(effect) => return Ok(wanted.iter().map(|_| Ok(effect)).collect()),
            Err(error) if wanted.len() < 2 || error.vendor().is_none() || error.outcome() == Outcome::Unknown => {
                return Err(error);
            }
            Err(error) => error,
        };
        let now = self.members(call, organization).await?;
        let now = &now.find(user)?.assignments;
        let refused = || {
            let again = Error::new(error.kind(), error.message().to_owned());
            match error.vendor() {
                Some(answer) => again.from_vendor(answer.clone()),
                None => again,
            }
        };
        let effect = |wanted| if is_done(wanted, now) { Ok(Effect::Applied) } else { Err(refused()) };
        Ok(wanted.iter().map(effect).collect())
    }

    /// Takes roles away: each entry as it is listed.
    pub(crate) async fn take_roles(
        &self,
        call: &Call,
        organization: &str,
        user: &str,
        wanted: Vec<Wanted>,
    ) -> Result<Steps> {
        let members = self.members(call, organization).await?;
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
            let effects = self.each_effect(call, sent, (organization, user), &taken, is_done).await?;
            for (wanted, effect) in taken.iter().zip(effects) {
                steps.add(wanted.target(), effect);
            }
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
        let (wanted, organization) = self.wanted(call, &input.roles, named(&input.organizations)).await?;
        let members = self.members(call, &organization).await?;
        let held = &members.find(&input.id)?.assignments;
        let (covered, missing): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|wanted| wanted.is_covered(held));
        let mut steps = Steps::default();
        for wanted in covered {
            steps.add(wanted.target(), Ok(Effect::Already));
        }
        if !missing.is_empty() {
            let sent = self.give(&input.id, &body_of(&missing)?).primary().write(call).await.map(Effect::of_write);
            let effects =
                self.each_effect(call, sent, (&organization, &input.id), &missing, Wanted::is_covered).await?;
            for (wanted, effect) in missing.iter().zip(effects) {
                steps.add(wanted.target(), effect);
            }
        }
        steps.finish(Reply::sent(&input.id))
    }
}

#[async_trait]
impl UnassignRole for ElasticCloud {
    async fn unassign_role(&self, call: &Call, input: UnassignRoleInput) -> Result<Reply<User<'static>>> {
        refuse_invitation(&input.id)?;
        let (wanted, organization) = self.wanted(call, &input.roles, named(&input.organizations)).await?;
        self.take_roles(call, &organization, &input.id, wanted).await?.finish(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DowngradeUser for ElasticCloud {
    /// Takes the stronger roles of the viewer's scope away and gives the viewer's role at the same places. In between the
    /// user has less than that.
    async fn downgrade_user(&self, call: &Call, input: DowngradeUserInput) -> Result<Reply<User<'static>>> {
        refuse_invitation(&input.user_id)?;
        let role = UserRole {
            id: input.role_id.clone().map(Into::into),
            workspace: input.workspace_id.clone().map(Into::into),
            ..UserRole::default()
        };
        let scope = Wanted::of(&role, "")?.scope()?;
        let is_viewer = role.id.as_deref().is_some_and(|id| id.ends_with("-viewer"));
        if !is_viewer || !matches!(scope, Scope::Deployment | Scope::Project(_)) {
            return Err(Error::invalid("a downgrade makes a viewer of deployments or projects")
                .about(input.role_id.unwrap_or_default())
                .hint("give deployment-viewer, or such as elasticsearch-viewer"));
        }
        let organization = self.organization(call, input.organization_id.as_deref()).await?;
        let viewer = Wanted::of(&role, &organization)?;
        let members = self.members(call, &organization).await?;
        let held = &members.find(&input.user_id)?.assignments;
        let stronger = stronger(&viewer, &scope, held)?;
        if stronger.is_empty() {
            let is_viewer = held.each().any(|(scope, entry)| viewer.names(&scope, entry));
            let is_so = if viewer.workspace.is_some() { viewer.is_covered(held) } else { is_viewer };
            return match (is_so, members.shows_all()) {
                (true, true) => Ok(Reply::sent(&input.user_id).with_effect(Effect::Already)),
                (_, false) => Err(not_visible()),
                (false, true) => {
                    Err(Error::new(ErrorKind::Conflict, "the user holds no role here that is stronger than a viewer's")
                        .hint("`userdir users assign-role` makes a viewer"))
                }
            };
        }
        let mut taking = RoleAssignments::default();
        let mut giving = RoleAssignments::default();
        for entry in &stronger {
            taking.push(&scope, entry.clone());
            let bare =
                Entry { role_id: viewer.id.clone(), organization_id: Some(organization.clone()), ..Entry::default() };
            let places = entry.places().cloned().collect();
            giving.push(&scope, if entry.is_everywhere() { bare.everywhere() } else { bare.at(&scope, places) });
        }
        let taken = self.take(&input.user_id, &taking).primary().write(call).await.map(Effect::of_write)?;
        let given = self.give(&input.user_id, &giving).then().write(call).await.map(Effect::of_write);
        // core looks for the viewer's role; that the others are gone is to be seen here
        let is_gone = taken == Effect::Planned
            || given.is_err()
            || self.stronger_now(call, &input.user_id, &viewer, &scope).await?.is_empty();
        let still_held = || Error::unexpected("the vendor accepted it, but they are still held");
        let mut steps = Steps::default();
        steps.add("take the stronger roles away", if is_gone { Ok(taken) } else { Err(still_held()) });
        steps.add(format!("give {}", viewer.id), given);
        steps.finish(Reply::sent(&input.user_id)).map_err(|error| match error.kind() {
            ErrorKind::PartlyDone => {
                error.hint("look at what the user holds; `userdir users assign-role` gives a viewer's role")
            }
            _ => error,
        })
    }
}

impl ElasticCloud {
    async fn stronger_now(&self, call: &Call, user: &str, viewer: &Wanted, scope: &Scope) -> Result<Vec<Entry>> {
        let members = self.members(call, &viewer.organization).await?;
        stronger(viewer, scope, &members.find(user)?.assignments)
    }
}

/// The entries of a scope that are no viewer's, at the viewer's workspace where one is named.
fn stronger(viewer: &Wanted, scope: &Scope, held: &RoleAssignments) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for (of, entry) in held.each().filter(|(of, _)| of == scope) {
        let role = Wanted { id: id_of(&of, &entry.role_id), ..viewer.clone() };
        if role.id != viewer.id {
            let mut alone = RoleAssignments::default();
            alone.push(&of, entry.clone());
            entries.extend(role.held(&alone)?.into_iter().map(|(_, entry)| entry));
        }
    }
    Ok(entries)
}
