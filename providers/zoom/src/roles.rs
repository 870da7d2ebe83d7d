//! Roles. A user has exactly one: giving another replaces it, and taking it away makes the user a member.

use serde_json::{Value, json};
use userdir_core::action::*;
use userdir_core::http::{Next, Paging, TotalAt};
use userdir_core::reply::Steps;
use userdir_core::{Call, Effect, Error, ErrorKind, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Role, RoleAssignment, User};

use crate::paging::paged;
use crate::wire::{ADMIN, MEMBER, OWNER};
use crate::{Zoom, map, passes, wire};

/// All roles come in one answer.
pub(crate) const ROLES: Paging =
    Paging { items: "roles", limit: "", max: u32::MAX, next: Next::Whole, total: TotalAt::Body("total_records") };

#[async_trait]
impl ListRoles for Zoom {
    async fn list_roles(&self, call: &Call, request: PageRequest<RoleFilter>) -> Result<Page<Role<'static>>> {
        self.http.get("roles").page(call, &request, &ROLES, map::role).await
    }
}

#[async_trait]
impl GetRole for Zoom {
    async fn get_role(&self, call: &Call, input: GetRoleInput) -> Result<Reply<Role<'static>>> {
        let answer = self.http.get("roles").id(&input.id).primary().read(call).await?;
        Ok(Reply::read(answer.map(map::role)?))
    }
}

#[async_trait]
impl CreateRole for Zoom {
    async fn create_role(&self, call: &Call, input: CreateRoleInput) -> Result<Reply<Role<'static>>> {
        let body = wire::given([
            ("name", input.name.map(Value::from)),
            ("description", input.description.map(Value::from)),
            ("privileges", input.permissions.map(Value::from)),
        ]);
        match self.http.post("roles").json(&body).primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(answer.map(map::role)?)),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl UpdateRole for Zoom {
    async fn update_role(&self, call: &Call, input: UpdateRoleInput) -> Result<Reply<Role<'static>>> {
        refuse_built_in(&input.id)?;
        let body =
            wire::given([("name", input.name.map(Value::from)), ("description", input.description.map(Value::from))]);
        self.http.patch("roles").id(&input.id).json(&body).idempotent().primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DeleteRole for Zoom {
    async fn delete_role(&self, call: &Call, input: DeleteRoleInput) -> Result<Reply<Role<'static>>> {
        refuse_built_in(&input.id)?;
        self.http.delete("roles").id(&input.id).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

fn refuse_built_in(id: &str) -> Result<()> {
    match [OWNER, ADMIN, MEMBER].contains(&id) {
        true => Err(Error::refused("a built-in role of Zoom is neither changed nor deleted").about(id)),
        false => Ok(()),
    }
}

/// How Zoom names a member in a body: by id, and who has none yet by address.
pub(crate) fn member(user: &str) -> Value {
    if user.contains('@') { json!({ "email": user }) } else { json!({ "id": user }) }
}

/// Owner and member are neither given nor taken.
fn refuse_owner_and_member(id: &str) -> Result<()> {
    match id {
        OWNER => Err(Error::refused("the role of the owner is neither given nor taken through Zoom's API")
            .about(id)
            .hint("hand the account over in Zoom's console")),
        MEMBER => {
            Err(Error::refused("the role of a member is neither given nor taken: it is what is left without another")
                .about(id)
                .hint("take the present role away: `userdir users unassign-role`"))
        }
        _ => Ok(()),
    }
}

#[async_trait]
impl AssignRole for Zoom {
    async fn assign_role(&self, call: &Call, input: AssignRoleInput) -> Result<Reply<User<'static>>> {
        let [role] = input.roles.as_slice() else {
            return Err(Error::invalid("`roles` does not fit: a Zoom user has exactly one role"));
        };
        let role = role.id.as_deref().unwrap_or_default();
        refuse_owner_and_member(role)?;
        let answer = self.http.get("users").id(&input.id).read(call).await?;
        let user: wire::User = answer.json()?;
        Zoom::refuse_other_names(&input.id, &user)?;
        if user.role_id.as_deref() == Some(role) {
            return Ok(Reply::sent(&input.id).with_effect(Effect::Already));
        }
        user.refuse_owner("whose role is not replaced")?;
        let request = self.http.post("roles").id(role).path("members");
        let request = request.json(&json!({ "members": [member(&input.id)] })).guarding(&["members"]).primary();
        let Some(answer) = request.write(call).await? else { return Ok(Reply::planned()) };
        let added: wire::Added = answer.json()?;
        // Zoom leaves out whom it did not add
        let ids = added.ids.unwrap_or_default();
        if ids.is_empty() || user.id.is_some() && !ids.split(',').any(|id| id.trim() == input.id) {
            return Err(
                Error::new(ErrorKind::Conflict, "Zoom said yes and did not add the user to the role").about(role)
            );
        }
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl UnassignRole for Zoom {
    /// At most one of the roles named can be the user's. Afterwards the user is a member.
    async fn unassign_role(&self, call: &Call, input: UnassignRoleInput) -> Result<Reply<User<'static>>> {
        let wanted: Vec<&str> = input.roles.iter().map(|role| role.id.as_deref().unwrap_or_default()).collect();
        wanted.iter().try_for_each(|role| refuse_owner_and_member(role))?;
        let answer = self.http.get("users").id(&input.id).read(call).await?;
        let user: wire::User = answer.json()?;
        Zoom::refuse_other_names(&input.id, &user)?;
        let Some(held) = user.role_id.as_deref() else {
            return Err(Error::refused("Zoom does not show the user's role; nothing was changed").about(input.id));
        };
        for role in &wanted {
            // a role that is not held must be one: a mistyped id must not read as taken away
            if *role != held {
                self.http.get("roles").id(role).read(call).await.map_err(|error| error.about(*role))?;
            }
        }
        let mut steps = Steps::default();
        for role in wanted {
            let effect = match role == held {
                true => self.take_role(call, role, &input.id).await,
                false => Ok(Effect::Already),
            };
            steps.add(role, effect);
        }
        steps.finish(Reply::sent(&input.id))
    }
}

impl Zoom {
    async fn take_role(&self, call: &Call, role: &str, user: &str) -> Result<Effect> {
        match self.http.delete("roles").id(role).path("members").id(user).primary().write(call).await {
            Ok(Some(_)) => Ok(Effect::Applied),
            Ok(None) => Ok(Effect::Planned),
            // held a moment ago: taken away in between; the reading afterwards decides. A role that is gone is an error
            Err(error) if error.was_missing() && error.vendor_code() != Some("1034") => Ok(Effect::Already),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl ListRoleAssignments for Zoom {
    /// The members of a role, one user's role, or everybody's.
    async fn list_role_assignments(
        &self,
        call: &Call,
        request: PageRequest<RoleAssignmentFilter>,
    ) -> Result<Page<RoleAssignment<'static>>> {
        let filter = &request.filter;
        if let Some(user) = &filter.user_id {
            let answer = self.http.get("users").id(user).primary().read(call).await?;
            Zoom::refuse_other_names(user, &answer.json()?)?;
            // a pending user may be named in another case than Zoom shows
            let mut filter = filter.clone();
            filter.user_id = None;
            return Ok(Page::of_values(vec![answer.map(map::role_of_user)?]).rechecked(filter));
        }
        if let Some(role) = &filter.role_id {
            let members = self.http.get("roles").id(role).path("members");
            return members.page(call, &request, &paged("members"), map::OfRole(role.clone())).await;
        }
        let statuses = passes::statuses(None)?;
        let Some(users) = self.by_status(call, &request, None, &statuses).await? else {
            return Ok(Page::of_values(Vec::new()));
        };
        Ok(Page::<RoleAssignment<'static>>::of_body(users.answer.body, "users", map::role_of_user).next(users.next))
    }
}
