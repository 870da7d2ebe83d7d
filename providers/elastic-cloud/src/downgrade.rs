//! The downgrade to a viewer.

use userdir_core::action::*;
use userdir_core::reply::Steps;
use userdir_core::{Call, Effect, Error, ErrorKind, Reply, Result, async_trait};
use userdir_schema::{User, UserRole};

use crate::ElasticCloud;
use crate::roles::{Scope, id_of};
use crate::seats::{HIDDEN, Wanted, is_viewer, not_visible, refuse_invitation};
use crate::wire::{Entry, RoleAssignments};

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
        if !role.id.as_deref().is_some_and(is_viewer) || !matches!(scope, Scope::Deployment | Scope::Project(_)) {
            return Err(Error::invalid("a downgrade makes a viewer of deployments or projects")
                .about(input.role_id.unwrap_or_default())
                .hint("give deployment-viewer, or such as elasticsearch-viewer"));
        }
        let organization = self.organization(call, input.organization_id.as_deref()).await?;
        let viewer = Wanted::of(&role, &organization)?;
        let members = self.members(call, &organization).await?;
        let held = &members.find(&input.user_id)?.assignments;
        let custom = custom_roles(&viewer, held);
        let told = |reply: Reply<User<'static>>| match custom.as_slice() {
            [] => reply,
            roles => reply.note(format!("stays: custom roles {}", roles.join(", "))),
        };
        let stronger = stronger(&viewer, &scope, held)?;
        if stronger.is_empty() {
            let is_viewer = held.each().any(|(scope, entry)| viewer.is_of(&scope, entry));
            let is_so = if viewer.workspace.is_some() { viewer.is_covered(held) } else { is_viewer };
            return match (is_so, members.shows_all()) {
                (true, true) => Ok(told(Reply::sent(&input.user_id).with_effect(Effect::Already))),
                (_, false) => Err(not_visible()),
                (false, true) => Err(Error::new(
                    ErrorKind::Conflict,
                    "the user holds no predefined role here that is stronger than a viewer's",
                )
                .hint("`userdir users assign-role` makes a viewer; `userdir users unassign-role` takes custom roles")),
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
        let mut taken = Ok(taken);
        let mut given = self.give(&input.user_id, &giving).then().write(call).await.map(Effect::of_write);
        if matches!(given, Ok(Effect::Applied)) {
            // core is content with the viewer's role at any place; the rest is to be seen here
            let now = self.members(call, &organization).await?;
            let now = &now.find(&input.user_id)?.assignments;
            if !self::stronger(&viewer, &scope, now)?.is_empty() {
                taken = Err(Error::unexpected("the vendor accepted it, but they are still held"));
            }
            if !is_given(&viewer, &giving, now) {
                given = Err(Error::unexpected("the vendor accepted it, and the members do not show it"));
            }
        }
        let mut steps = Steps::default();
        steps.add("take the stronger roles away", taken);
        steps.add(format!("give {}", viewer.id), given);
        let reply = steps.finish(told(Reply::sent(&input.user_id))).map_err(|error| match error.kind() {
            ErrorKind::PartlyDone => {
                error.hint("look at what the user holds; `userdir users assign-role` gives a viewer's role")
            }
            _ => error,
        })?;
        Ok(if members.shows_all() { reply } else { reply.note(HIDDEN) })
    }
}

/// Whether the viewer's role is held at every place where it was to be given.
fn is_given(viewer: &Wanted, giving: &RoleAssignments, now: &RoleAssignments) -> bool {
    let is_held = |workspace| Wanted { workspace, ..viewer.clone() }.is_covered(now);
    giving.each().all(|(_, entry)| match entry.is_everywhere() {
        true => is_held(None),
        false => entry.places().all(|place| is_held(Some(place.clone()))),
    })
}

/// The custom roles in a viewer's entries: what they allow is not known, and they stay.
fn custom_roles(viewer: &Wanted, held: &RoleAssignments) -> Vec<String> {
    let of_viewer = held.each().filter(|(scope, entry)| viewer.names(scope, entry));
    of_viewer.flat_map(|(_, entry)| entry.application_roles.iter().flatten().cloned()).collect()
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
