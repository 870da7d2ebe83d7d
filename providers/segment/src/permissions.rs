//! Permissions of users: downgrade, assign and unassign roles.
//!
//! Segment replaces the whole list at once. So it is read, changed, put back and read again; a permission that somebody
//! else adds between that reading and the write is lost, which no call of Segment's prevents.

use serde_json::json;
use userdir_core::action::*;
use userdir_core::http::Request;
use userdir_core::reply::Step;
use userdir_core::{Call, Effect, Error, ErrorKind, Outcome, Reply, Result, async_trait};
use userdir_schema::{User, UserGroup, UserRole};

use crate::users::refuse_invitation;
use crate::wire::{Holder, Permission};
use crate::{Segment, access, map, of_a_change};

/// A role that is named, and the workspace if one is.
#[derive(PartialEq)]
pub(crate) struct Wanted<'r> {
    pub id: &'r str,
    pub workspace: Option<&'r str>,
}

/// Reads roles, each once, with the workspace it names or `general`. Two workspaces cannot both be the token's.
pub(crate) fn wanted<'r>(roles: &'r [UserRole<'static>], general: Option<&'r str>) -> Result<Vec<Wanted<'r>>> {
    let mut wanted: Vec<Wanted<'r>> = Vec::new();
    for role in roles {
        let id = role.id.as_deref().unwrap_or_default();
        let role = Wanted { id, workspace: role.workspace.as_deref().or(general) };
        if !wanted.contains(&role) {
            wanted.push(role);
        }
    }
    let mut named = wanted.iter().filter_map(|role| role.workspace);
    let first = named.next();
    match named.find(|other| Some(*other) != first) {
        None if wanted.iter().all(|role| !role.id.trim().is_empty()) => Ok(wanted),
        None => Err(Error::invalid("each of `roles` needs its `id`")),
        Some(other) => Err(Error::invalid("a token is of one workspace, and several are named").about(other)),
    }
}

impl Segment {
    /// Puts the list in place of the user's, and proves it: what was meant to stay must still be there. Never an empty
    /// list, and never one that leaves the workspace without an owner.
    async fn replace(&self, call: &Call, user: &Holder, permissions: &[Permission]) -> Result<Reply<User<'static>>> {
        if permissions.is_empty() {
            // what Segment makes of an empty list is not documented
            return Err(Error::refused("the user would have no permission left; nothing was changed")
                .hint("move the user to Minimal Workspace Access with users/downgrade, or remove the user"));
        }
        let before = user.permissions()?;
        if access::loses_owner(before, permissions) {
            self.refuse_last_owner(call, user).await?;
            // that took a call a user: what was granted meanwhile must not be lost
            if !access::are_same(before, self.holder(call, &user.id).await?.permissions()?) {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    "somebody else has just changed the user's permissions; nothing was changed",
                )
                .about(user.id.clone())
                .hint("try again"));
            }
        }
        let request = self.http.put("users").id(&user.id).path("permissions");
        let request = request.json(&json!({ "permissions": permissions })).guarding(&["permissions"]);
        let request = request.precondition("the permissions are those read just before").primary();
        self.proven(call, &user.id, request, |shown| {
            let failed = access::differences(before, permissions, shown);
            if failed.is_empty() {
                return Ok(());
            }
            let failed = failed.into_iter().map(|(what, why)| Step::failed(what, why));
            Err(Error::partly_done(vec![Step::done("permissions", Effect::Applied)], failed.collect())
                .about(user.id.clone())
                .hint("look at the user's access in Segment's console"))
        })
        .await
    }

    /// Sends a change and reads the user again. A user shows roles on sources without a place, so that core's reading
    /// cannot tell a role on the workspace from one there, and settles nothing; `proof` can.
    async fn proven(
        &self,
        call: &Call,
        user_id: &str,
        request: Request,
        proof: impl Fn(&[Permission]) -> Result<()> + Send,
    ) -> Result<Reply<User<'static>>> {
        let lost = match request.write(call).await.map_err(of_a_change) {
            Ok(None) => return Ok(Reply::planned()),
            Ok(Some(_)) => None,
            Err(error) if error.outcome() == Outcome::Unknown => Some(error),
            Err(error) => return Err(error),
        };
        let shown = self.holder(call, user_id).await;
        match (shown.and_then(|shown| proof(shown.permissions()?)), lost) {
            (Ok(()), None) => Ok(Reply::sent(user_id)),
            (Ok(()), Some(_)) => Ok(Reply::sent(user_id)
                .note("no clear answer came from Segment; reading the user again shows that it is done")),
            (Err(_), Some(lost)) => Err(lost),
            (Err(unproven), None) => Err(unproven),
        }
    }

    /// The user's groups, by which a user may do more than the own permissions say.
    pub(crate) async fn groups_of(&self, call: &Call, user_id: &str) -> Result<Vec<UserGroup<'static>>> {
        let groups = self.http.get("users").id(user_id).path("groups");
        groups.all(call, &self.paged("data.groups"), map::user_group).await
    }
}

#[async_trait]
impl DowngradeUser for Segment {
    /// The role in place of every other one on the workspace; permissions on sources and the like stay.
    async fn downgrade_user(&self, call: &Call, input: DowngradeUserInput) -> Result<Reply<User<'static>>> {
        let role = input.role_id.as_deref().unwrap_or_default();
        let workspace = self.workspace_named(call, input.workspace_id.as_deref()).await?;
        refuse_invitation(&input.user_id)?;
        // before the permissions, which are to be as fresh as can be when they are written
        let groups = self.groups_of(call, &input.user_id).await?;
        let user = self.holder(call, &input.user_id).await?;
        let held = user.permissions()?;
        let mut reply = match access::has_only_on_workspace(held, role, &workspace.id) {
            true => Reply::sent(&input.user_id).with_effect(Effect::Already),
            false => self.replace(call, &user, &access::downgraded(held, role, &workspace.id)?).await?,
        };
        let through = groups.iter().filter_map(|group| group.id.as_deref()).collect::<Vec<_>>().join(", ");
        if !through.is_empty() {
            reply = reply.note(format!("what the user has through the user groups {through} stays"));
        }
        let elsewhere = access::elsewhere(held).into_iter().collect::<Vec<_>>().join(", ");
        if !elsewhere.is_empty() {
            reply = reply.note(format!("what is held outside of workspaces stays: {elsewhere}"));
        }
        Ok(reply)
    }
}

#[async_trait]
impl AssignRole for Segment {
    /// Adds what is not held, in one call.
    async fn assign_role(&self, call: &Call, input: AssignRoleInput) -> Result<Reply<User<'static>>> {
        let roles = wanted(&input.roles, input.workspace_id.as_deref())?;
        let workspace = self.workspace_named(call, roles.iter().find_map(|role| role.workspace)).await?;
        let user = self.holder(call, &input.id).await?;
        let held = user.permissions()?;
        let is_held = |role: &Wanted<'_>| access::has_on_workspace(held, role.id, &workspace.id);
        let new: Vec<_> = roles
            .iter()
            .filter(|role| !is_held(role))
            .map(|role| access::on_workspace(role.id, &workspace.id))
            .collect();
        let reply = match new.is_empty() {
            true => Reply::sent(&input.id).with_effect(Effect::Already),
            false => {
                let request = self.http.post("users").id(&input.id).path("permissions");
                let request = request.json(&json!({ "permissions": new })).guarding(&["permissions"]).primary();
                let proof = |shown: &[Permission]| match roles
                    .iter()
                    .all(|role| access::has_on_workspace(shown, role.id, &workspace.id))
                {
                    true => Ok(()),
                    false => {
                        Err(Error::unexpected("Segment accepted the change, but reading it again does not show it"))
                    }
                };
                self.proven(call, &input.id, request, proof).await?
            }
        };
        let step = |role: &Wanted<'_>| Step::done(role.id, if is_held(role) { Effect::Already } else { reply.effect });
        let steps = roles.iter().map(step).collect();
        Ok(reply.with_steps(steps))
    }
}

/// What core's reading adds to a proof that a role is taken away: nothing. It cannot tell a role on the workspace from one
/// on a source; `replace` has read the permissions themselves.
pub(crate) fn is_proven(_: &User<'_>) -> Shows {
    Shows::Yes
}

#[async_trait]
impl UnassignRole for Segment {
    /// Takes roles away from the workspace where one is named, else from everything they are held on, in one call.
    async fn unassign_role(&self, call: &Call, input: UnassignRoleInput) -> Result<Reply<User<'static>>> {
        let roles = wanted(&input.roles, input.workspace_id.as_deref())?;
        self.workspace_named(call, roles.iter().find_map(|role| role.workspace)).await?;
        let user = self.holder(call, &input.id).await?;
        let mut rest = user.permissions()?.to_vec();
        let mut steps = Vec::new();
        for role in &roles {
            let before = access::each(&rest).count();
            rest = access::without_role(&rest, role.id, role.workspace)?;
            let is_held = access::each(&rest).count() < before;
            if !is_held {
                // a mistyped role must not read as taken away
                self.find_role(call, self.http.get("roles"), role.id).await?;
            }
            steps.push(Step::done(role.id, if is_held { Effect::Applied } else { Effect::Already }));
        }
        if Effect::of_steps(&steps) == Effect::Already {
            return Ok(Reply::sent(&input.id).with_steps(steps));
        }
        let reply = self.replace(call, &user, &rest).await?;
        for step in steps.iter_mut().filter(|step| step.effect == Some(Effect::Applied)) {
            step.effect = Some(reply.effect);
        }
        Ok(reply.with_steps(steps))
    }
}
