//! Roles, and who holds which on what.

use userdir_core::action::*;
use userdir_core::http::{Pass, Request};
use userdir_core::{Call, Error, Mapped, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{IntoOwned, RemoteData, Role, RoleAssignment};

use crate::map::{self, Holder};
use crate::{Segment, wire};

#[async_trait]
impl ListRoles for Segment {
    async fn list_roles(&self, call: &Call, request: PageRequest<RoleFilter>) -> Result<Page<Role<'static>>> {
        self.http.get("roles").page(call, &request, &self.paged("data.roles"), map::role).await
    }
}

#[async_trait]
impl GetRole for Segment {
    /// No call reads one role.
    async fn get_role(&self, call: &Call, input: GetRoleInput) -> Result<Reply<Role<'static>>> {
        self.find_role(call, self.http.get("roles").primary(), &input.id).await.map(Reply::read)
    }
}

impl Segment {
    /// The role of this id, among all that the request lists.
    pub(crate) async fn find_role(&self, call: &Call, roles: Request, id: &str) -> Result<Role<'static>> {
        let owned = |raw: &_| Ok(Role { remote_data: Some(RemoteData::from(raw)), ..map::role(raw)? }.into_owned());
        let roles = roles.all(call, &self.paged("data.roles"), owned).await?;
        let found = roles.into_iter().find(|role| role.id == id);
        found.ok_or_else(|| Error::not_found("Segment has no such role").about(id))
    }
}

/// An assignment a permission and resource; none where no permissions are shown.
fn assignments(holder: Holder, held: &wire::Holds<'_>) -> Mapped<Option<Vec<RoleAssignment<'static>>>> {
    let Some(permissions) = &held.permissions else { return Ok(None) };
    let each = permissions.iter().map(|raw| map::assignments(holder, &held.id, raw));
    Ok(Some(each.collect::<Mapped<Vec<_>>>()?.into_iter().flatten().collect()))
}

/// Names of the passes.
const USERS: &str = "users";
const GROUPS: &str = "groups";

#[async_trait]
impl ListRoleAssignments for Segment {
    /// Of a user, of a group, or of everybody: users, a call each, and then user groups.
    async fn list_role_assignments(
        &self,
        call: &Call,
        request: PageRequest<RoleAssignmentFilter>,
    ) -> Result<Page<RoleAssignment<'static>>> {
        let filter = &request.filter;
        if let Some(workspace) = &filter.workspace_id {
            self.workspace_named(call, Some(workspace)).await?;
        }
        if let (Some(role), None) = (&filter.role_id, &request.cursor) {
            // a mistyped role must not read as one that nobody holds
            self.find_role(call, self.http.get("roles"), role).await?;
        }
        let page = match (&filter.user_id, &filter.group_id) {
            (Some(_), Some(_)) => return Err(Error::invalid("give `user_id` or `group_id`, not both")),
            (Some(user), None) => {
                crate::users::refuse_invitation(user)?;
                Page::of_values(self.held(call, Holder::User, user, Request::primary).await?)
            }
            (None, Some(group)) => Page::of_values(self.held(call, Holder::Group, group, Request::primary).await?),
            (None, None) => self.everybody(call, &request).await?,
        };
        Ok(page.rechecked(filter.clone()))
    }
}

/// `Request::primary` for the one call that takes what is passed through; else nothing.
type Mark = fn(Request) -> Request;

impl Segment {
    /// What a user or group holds; a group that shows no permissions gives none.
    async fn held(&self, call: &Call, holder: Holder, id: &str, mark: Mark) -> Result<Vec<RoleAssignment<'static>>> {
        let list = if holder == Holder::User { "users" } else { "groups" };
        let answer = mark(self.http.get(list).id(id)).read(call).await?;
        let it: wire::Wrapped<wire::HoldsAnswer<'_>> = answer.json()?;
        match assignments(holder, &it.data.user).map_err(strange)? {
            None if holder == Holder::User => {
                Err(Error::unexpected("Segment does not show the user's permissions").about(id))
            }
            held => Ok(held.unwrap_or_default()),
        }
    }

    async fn everybody(
        &self,
        call: &Call,
        request: &PageRequest<RoleAssignmentFilter>,
    ) -> Result<Page<RoleAssignment<'static>>> {
        let pass = Pass::of(request.cursor.as_deref())?;
        let mut held = Vec::new();
        if pass.name == GROUPS {
            let groups = self.http.get("groups");
            let paging = self.paged("data.userGroups");
            let (slice, next) = pass.read(call, groups, request.wanted, &paging, GROUPS, None).await?;
            let rows = slice.each(|raw| {
                let it: wire::Holds<'_> = serde_json::from_str(raw.get())?;
                Ok((assignments(Holder::Group, &it)?, it.id))
            })?;
            for (shown, group) in rows {
                held.extend(match shown {
                    Some(shown) => shown,
                    // a row may leave them out
                    None => self.held(call, Holder::Group, &group, |request| request).await?,
                });
            }
            return Ok(Page::of_values(held).next(next));
        }
        let users = self.http.get("users").primary();
        let (paging, next) = (self.paged("data.users"), Some(GROUPS.to_owned()));
        let (slice, next) = pass.read(call, users, request.wanted, &paging, USERS, next).await?;
        for user in slice.each(|raw| Ok(map::user(raw)?.id.to_string()))? {
            held.extend(self.held(call, Holder::User, &user, |request| request).await?);
        }
        Ok(Page::of_values(held).next(next))
    }
}

fn strange(error: serde_json::Error) -> Error {
    Error::unexpected("a permission of Segment's cannot be read").caused_by(error)
}
