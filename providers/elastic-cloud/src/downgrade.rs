//! The downgrade to a viewer.

use std::collections::BTreeSet;

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
        let viewer = Wanted::new(&role)?;
        let scope = viewer.scope()?;
        if !is_viewer(&viewer.id) || !matches!(scope, Scope::Deployment | Scope::Project(_)) {
            return Err(Error::invalid("a downgrade makes a viewer of deployments or projects")
                .about(viewer.id)
                .hint("give deployment-viewer, or such as elasticsearch-viewer"));
        }
        let organization = self.organization(call, input.organization_id.as_deref()).await?;
        let viewer = viewer.within(&organization);
        let members = self.members(call, &organization).await?;
        let held = &members.find(&input.user_id)?.assignments;
        let custom = custom_roles(&viewer, held);
        let told = |reply: Reply<User<'static>>| match custom.as_slice() {
            [] => reply,
            roles => reply.note(format!("stays: custom roles {}", roles.join(", "))),
        };
        let stronger = stronger(&viewer, &scope, held);
        let mut giving = RoleAssignments::default();
        for role in &stronger {
            for (_, entry) in role.held(held)? {
                let bare = Entry {
                    role_id: viewer.id.clone(),
                    organization_id: Some(organization.clone()),
                    ..Entry::default()
                };
                let places = entry.places().cloned().collect();
                giving.push(&scope, if entry.is_everywhere() { bare.everywhere() } else { bare.at(&scope, places) });
            }
        }
        if giving.is_empty() {
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
        let hint = "look at what the user holds; `userdir users assign-role` gives a viewer's role";
        let advised = |error: Error| if error.kind() == ErrorKind::PartlyDone { error.hint(hint) } else { error };
        let taken = self.take_roles(call, &organization, &members, &input.user_id, stronger).await?;
        let taken = taken.finish(Reply::<User>::sent(&input.user_id)).map_err(advised)?;
        let mut given = self.give(&input.user_id, &giving).then().write(call).await.map(Effect::of_write);
        if matches!(given, Ok(Effect::Applied)) {
            // core is content with the viewer's role at any place
            let now = self.members(call, &organization).await?;
            if !is_given(&viewer, &giving, &now.find(&input.user_id)?.assignments) {
                given = Err(Error::unexpected("the vendor accepted it, and the members do not show it"));
            }
        }
        let mut steps = Steps::default();
        steps.add("take the stronger roles away", Ok(taken.effect));
        steps.add(format!("give {}", viewer.id), given);
        let reply = steps.finish(told(Reply::sent(&input.user_id))).map_err(advised)?;
        let reply = taken.notes.into_iter().fold(reply, Reply::note);
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

/// The roles of a scope that are no viewer's, at the viewer's workspace where one is named.
fn stronger(viewer: &Wanted, scope: &Scope, held: &RoleAssignments) -> Vec<Wanted> {
    let ids = held.each().filter(|(of, _)| of == scope).map(|(of, entry)| id_of(&of, &entry.role_id));
    let ids: BTreeSet<String> = ids.filter(|id| *id != viewer.id).collect();
    let there = |role: &Wanted| !role.held(held).is_ok_and(|entries| entries.is_empty());
    ids.into_iter().map(|id| Wanted { id, ..viewer.clone() }).filter(there).collect()
}
