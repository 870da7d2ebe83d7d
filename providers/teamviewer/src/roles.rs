//! The catalogue of roles. There is no read of one: the list is whole, and it is looked for there.

use serde_json::json;
use userdir_core::action::*;
use userdir_core::http::{Answer, Paging};
use userdir_core::{Call, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::Role;

use crate::{TeamViewer, map, wire};

const ROLES: &str = "api/v1/userroles";

impl TeamViewer {
    /// All roles.
    pub(crate) async fn roles(&self, call: &Call) -> Result<Vec<Role<'static>>> {
        let answer = self.http.get(ROLES).read(call).await?;
        let roles: wire::Roles = answer.json()?;
        roles.roles.into_iter().map(|raw| answer.part(raw).map(map::role)).collect()
    }
}

/// The ids of all roles.
pub(crate) fn ids(answer: &Answer) -> Result<Vec<String>> {
    let roles: wire::Roles = answer.json()?;
    roles.roles.into_iter().map(|raw| Ok(answer.part(raw).json::<wire::Role>()?.id.to_string())).collect()
}

/// One role out of the list.
fn find(answer: &Answer, id: &str) -> Result<Answer> {
    let roles: wire::Roles = answer.json()?;
    for raw in roles.roles {
        let shown = answer.part(raw);
        if shown.json::<wire::Role>()?.id == id {
            return Ok(shown);
        }
    }
    Err(Error::not_found("there is no such role").about(id))
}

#[async_trait]
impl ListRoles for TeamViewer {
    async fn list_roles(&self, call: &Call, request: PageRequest<RoleFilter>) -> Result<Page<Role<'static>>> {
        self.http.get(ROLES).page(call, &request, &Paging::whole("Roles"), map::role).await
    }
}

#[async_trait]
impl GetRole for TeamViewer {
    async fn get_role(&self, call: &Call, input: GetRoleInput) -> Result<Reply<Role<'static>>> {
        let answer = self.http.get(ROLES).primary().read(call).await?;
        Ok(Reply::read(find(&answer, &input.id)?.map(map::role)?))
    }
}

#[async_trait]
impl CreateRole for TeamViewer {
    async fn create_role(&self, call: &Call, input: CreateRoleInput) -> Result<Reply<Role<'static>>> {
        let body = json!({ "Name": input.name, "Permissions": input.permissions });
        let Some(answer) = self.http.post(ROLES).json(&body).primary().write(call).await? else {
            return Ok(Reply::planned());
        };
        let made: wire::NewRole = answer.json()?;
        Ok(Reply::applied(answer.part(made.role).map(map::role)?))
    }
}

#[async_trait]
impl UpdateRole for TeamViewer {
    /// Name and permissions are both wanted, so what is not given is read first.
    async fn update_role(&self, call: &Call, input: UpdateRoleInput) -> Result<Reply<Role<'static>>> {
        let answer = self.http.get(ROLES).read(call).await?;
        let shown = find(&answer, &input.id)?;
        let current: wire::Role = shown.json()?;
        let permissions = input.permissions.unwrap_or_else(|| {
            let held = current.permissions.unwrap_or_default().into_iter();
            held.filter_map(|(name, is_given)| (is_given == true).then_some(name)).collect()
        });
        let name = input.name.as_deref().or(current.name.as_deref());
        let body = json!({ "UserRoleId": input.id, "Name": name, "Permissions": permissions });
        self.http.put(ROLES).json(&body).guarding(&["UserRoleId"]).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DeleteRole for TeamViewer {
    async fn delete_role(&self, call: &Call, input: DeleteRoleInput) -> Result<Reply<Role<'static>>> {
        let delete = self.http.delete(ROLES).query("userRoleId", &input.id).guarding(&["userRoleId"]);
        delete.primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}
