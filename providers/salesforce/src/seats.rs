//! Giving and taking roles, and the downgrade. A profile and a hierarchy role are fields of the user, of which there is
//! one each; a permission set, or a group of sets, is an assignment with an id of its own.

use serde_json::value::RawValue;
use serde_json::{Value, json};
use userdir_core::action::*;
use userdir_core::http::Request;
use userdir_core::reply::Steps;
use userdir_core::{Call, Effect, Error, Reply, Result, async_trait};
use userdir_schema::{User, UserRole};

use crate::id::RoleKind;
use crate::users::sets;
use crate::{Salesforce, effect_of_create, wire};

/// An assignment of a permission set, or of a group of sets.
struct Assigned {
    assignment: String,
    role: String,
    is_over: bool,
}

/// The roles of an input with what they are.
fn kinds<'r>(roles: &'r [UserRole<'static>]) -> Result<Vec<(RoleKind, &'r str)>> {
    let kind = |role: &'r UserRole<'static>| {
        let id = role.id.as_deref().ok_or_else(|| Error::invalid("each of `roles` needs its `id`"))?;
        Ok((RoleKind::of(id)?, id))
    };
    roles.iter().map(kind).collect()
}

impl Salesforce {
    /// The permission sets, and groups of sets, that a user holds or held.
    async fn assigned(&self, call: &Call, user: &str) -> Result<Vec<Assigned>> {
        let assigned = |raw: &RawValue| {
            let it: wire::SetAssignment = serde_json::from_str(raw.get())?;
            let role = it.role_id().map(ToString::to_string).unwrap_or_default();
            Ok(Assigned { is_over: it.is_over(), assignment: it.id.to_string(), role })
        };
        self.rows(call, &sets().is("AssigneeId", user), assigned).await
    }

    /// The write that gives a role.
    fn giving(&self, user: &str, kind: RoleKind, role: &str) -> Request {
        let assign = |field: &str| {
            let assignment = Value::from_iter([("AssigneeId", user), (field, role)]);
            self.create("PermissionSetAssignment", &assignment)
        };
        match kind {
            RoleKind::Profile => self.update("User", user, &json!({ "ProfileId": role })),
            RoleKind::UserRole => self.update("User", user, &json!({ "UserRoleId": role })),
            RoleKind::PermissionSet => assign("PermissionSetId"),
            RoleKind::PermissionSetGroup => assign("PermissionSetGroupId"),
        }
    }
}

/// Whether a user holds a role: the profile and the hierarchy role are the user's own.
fn holds(user: &User<'_>, role: &str, assigned: &[Assigned]) -> bool {
    user.roles.iter().flatten().any(|held| held.id.as_deref() == Some(role))
        || assigned.iter().any(|assigned| assigned.role == role && !assigned.is_over)
}

#[async_trait]
impl AssignRole for Salesforce {
    /// One write a role; those already held are left alone. A profile, or hierarchy role, takes the place of the old one.
    async fn assign_role(&self, call: &Call, input: AssignRoleInput) -> Result<Reply<User<'static>>> {
        let roles = kinds(&input.roles)?;
        for (single, name) in [(RoleKind::Profile, "profile"), (RoleKind::UserRole, "hierarchy role")] {
            if roles.iter().filter(|(kind, _)| *kind == single).count() > 1 {
                return Err(Error::invalid(format!("a user has one {name}; name one")));
            }
        }
        let user = self.current(call, &input.id).await?;
        if roles.iter().any(|(kind, _)| *kind == RoleKind::Profile) {
            self.refuse_own(call, &input.id).await?;
        }
        let assigned = self.assigned(call, &input.id).await?;
        let mut steps = Steps::default();
        for (kind, role) in roles {
            let effect = match holds(&user, role, &assigned) {
                true => Ok(Effect::Already),
                false => effect_of_create(steps.send(call, self.giving(&input.id, kind, role)).await),
            };
            steps.add(role, effect);
        }
        steps.finish(Reply::sent(&input.id))
    }
}

#[async_trait]
impl UnassignRole for Salesforce {
    /// Reads what is held and takes away what is named of it.
    async fn unassign_role(&self, call: &Call, input: UnassignRoleInput) -> Result<Reply<User<'static>>> {
        let roles = kinds(&input.roles)?;
        if let Some((_, profile)) = roles.iter().find(|(kind, _)| *kind == RoleKind::Profile) {
            return Err(Error::invalid("a profile cannot be taken away: every user has one")
                .about(*profile)
                .hint("assign another profile: `userdir users assign-role`, or `downgrade`"));
        }
        let user = self.current(call, &input.id).await?;
        let assigned = self.assigned(call, &input.id).await?;
        for (_, role) in &roles {
            // an id that is nobody's must not read as "already taken away"
            if !holds(&user, role, &assigned) {
                self.find_role(call, role).await?;
            }
        }
        self.refuse_own(call, &input.id).await?;
        let mut steps = Steps::default();
        for (kind, role) in roles {
            let taking: Vec<Request> = match kind {
                RoleKind::UserRole if holds(&user, role, &[]) => {
                    vec![self.update("User", &input.id, &json!({ "UserRoleId": null }))]
                }
                _ => {
                    let rows = assigned.iter().filter(|assigned| assigned.role == role);
                    rows.map(|row| self.delete("PermissionSetAssignment", &row.assignment)).collect()
                }
            };
            if taking.is_empty() {
                steps.add(role, Ok(Effect::Already));
                let of_group = |of: &Assigned| matches!(RoleKind::of(&of.role), Ok(RoleKind::PermissionSetGroup));
                if kind == RoleKind::PermissionSet && assigned.iter().any(of_group) {
                    steps.note("a set may still be held through a group of sets: take the group away (0PG…)");
                }
            }
            for take in taking {
                let sent = steps.send(call, take).await;
                steps.add(role, Effect::of_delete(sent));
            }
        }
        steps.finish(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DowngradeUser for Salesforce {
    /// Another profile, and with it the licence, or another place in the hierarchy: one write.
    async fn downgrade_user(&self, call: &Call, input: DowngradeUserInput) -> Result<Reply<User<'static>>> {
        let role = input.role_id.as_deref().unwrap_or_default();
        let kind = RoleKind::of(role)?;
        if !matches!(kind, RoleKind::Profile | RoleKind::UserRole) {
            return Err(Error::invalid("a downgrade takes a profile (`00e…`) or a hierarchy role (`00E…`)").about(role));
        }
        let user = self.current(call, &input.user_id).await?;
        if holds(&user, role, &[]) {
            return Ok(Reply::sent(&input.user_id).with_effect(Effect::Already));
        }
        self.refuse_own(call, &input.user_id).await?;
        let sent = self.giving(&input.user_id, kind, role).primary().write(call).await;
        let effect = sent.map(Effect::of_write).map_err(|error| match error.vendor_code() {
            Some("FIELD_INTEGRITY_EXCEPTION") => error.hint(
                "the profile may not go with the licence that the user's permission sets need: take those away first",
            ),
            _ => error,
        })?;
        let reply = Reply::sent(&input.user_id).with_effect(effect);
        // the profile stands first
        let Some(before) = user.roles.into_iter().flatten().next().filter(|_| kind == RoleKind::Profile) else {
            return Ok(reply);
        };
        let license = user.licenses.into_iter().flatten().next().and_then(|license| license.name);
        Ok(reply.note(format!(
            "the profile was `{}` with the licence `{}`; permission sets, their licences and groups stay",
            before.name.or(before.id).unwrap_or_default(),
            license.as_deref().unwrap_or("unknown")
        )))
    }
}
