//! Role assignments: who holds a role directly, and which groups do. They are listed by role.

use serde_json::json;
use userdir_core::action::*;
use userdir_core::{Call, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::RoleAssignment;

use crate::map::{self, Holder};
use crate::{TeamViewer, grants, ids};

/// Takes an id apart: `<role>:<user or group>`.
fn parts(id: &str) -> Result<(&str, Holder)> {
    let wrong = || {
        Error::invalid("an id of a role assignment is `<role>:<user or group>`")
            .about(id)
            .hint("take it from `userdir role-assignments list`")
    };
    let (role, holder) = id.split_once(':').filter(|(role, _)| !role.is_empty()).ok_or_else(wrong)?;
    let holder = match holder.starts_with('u') {
        true => Holder::User(ids::user(holder)?),
        false => Holder::Group(ids::group(holder)?),
    };
    Ok((role, holder))
}

#[async_trait]
impl ListRoleAssignments for TeamViewer {
    async fn list_role_assignments(
        &self,
        call: &Call,
        request: PageRequest<RoleAssignmentFilter>,
    ) -> Result<Page<RoleAssignment<'static>>> {
        let filter = &request.filter;
        let wanted = match (&filter.user_id, &filter.group_id) {
            (Some(_), Some(_)) => return Err(Error::invalid("give `user_id` or `group_id`, not both")),
            (Some(user), None) => Some(Holder::User(ids::user(user)?)),
            (None, Some(group)) => Some(Holder::Group(ids::group(group)?)),
            (None, None) => None,
        };
        let catalogue = self.http.get("api/v1/userroles").primary().read(call).await?;
        let mut roles = crate::roles::ids(&catalogue)?;
        if let Some(role) = &filter.role_id {
            roles.retain(|known| known == role);
            if roles.is_empty() {
                return Err(Error::not_found("there is no such role").about(role));
            }
        }
        let mut found = Vec::new();
        for role in &roles {
            let mut holders = Vec::new();
            if !matches!(wanted, Some(Holder::Group(_))) {
                holders.extend(grants::holders(call, self.holders_at(role)).await?.into_iter().map(Holder::User));
            }
            if !matches!(wanted, Some(Holder::User(_))) {
                let groups = grants::group_holders(call, self.group_holders_at(role)).await?;
                holders.extend(groups.into_iter().map(Holder::Group));
            }
            let of_wanted = holders.iter().filter(|holder| wanted.as_ref().is_none_or(|wanted| wanted == *holder));
            found.extend(of_wanted.map(|holder| map::assignment(role, holder)));
        }
        Ok(Page::of_values(found))
    }
}

#[async_trait]
impl GetRoleAssignment for TeamViewer {
    async fn get_role_assignment(
        &self,
        call: &Call,
        input: GetRoleAssignmentInput,
    ) -> Result<Reply<RoleAssignment<'static>>> {
        let (role, holder) = parts(&input.id)?;
        let is_held = match &holder {
            Holder::User(user) => grants::holders(call, self.holders_at(role).primary()).await?.contains(user),
            Holder::Group(group) => {
                grants::group_holders(call, self.group_holders_at(role).primary()).await?.contains(group)
            }
        };
        match is_held {
            true => Ok(Reply::read(map::assignment(role, &holder))),
            false => Err(Error::not_found("the role is not held so").about(input.id)),
        }
    }
}

#[async_trait]
impl DeleteRoleAssignment for TeamViewer {
    /// A group's role is every member's.
    async fn delete_role_assignment(
        &self,
        call: &Call,
        input: DeleteRoleAssignmentInput,
    ) -> Result<Reply<RoleAssignment<'static>>> {
        let (role, holder) = parts(&input.id)?;
        let request = match holder {
            Holder::User(user) => {
                self.refuse_owner(call, &user).await?;
                let body = json!({ "UserRoleId": role, "UserIds": [user] });
                let post = self.http.post("api/v1/userroles/unassign/account").json(&body);
                post.guarding(&["UserRoleId", "UserIds"])
            }
            Holder::Group(group) => self.unassign_group(Some(group)),
        };
        request.primary().write(call).await?;
        Ok(self.told(Reply::sent(&input.id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_back() {
        for holder in [Holder::User("u1".into()), Holder::Group(1001)] {
            let assignment = map::assignment("r1", &holder);
            assert_eq!(parts(&assignment.id).unwrap(), ("r1", holder));
        }
        for wrong in ["r1", ":u1", "r1:", "r1:u", "r1:u1:2"] {
            assert!(parts(wrong).is_err(), "{wrong}");
        }
    }
}
