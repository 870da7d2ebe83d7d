//! The catalogue of roles: profiles, the hierarchy's roles, permission sets, and groups of sets.

use serde_json::{Map, Value};
use userdir_core::action::*;
use userdir_core::http::Request;
use userdir_core::{Call, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Role, Unified};

use crate::id::RoleKind;
use crate::query::Part;
use crate::soql::Query;
use crate::{Salesforce, effect_of_delete, map, wire};

const KINDS: [RoleKind; 4] =
    [RoleKind::Profile, RoleKind::UserRole, RoleKind::PermissionSet, RoleKind::PermissionSetGroup];

type Roles = Part<Role<'static>>;

fn part(kind: RoleKind) -> Roles {
    let of = |fields: &'static str| Query::new(fields, kind.object());
    match kind {
        RoleKind::Profile => Roles {
            query: of(
                "Id, Name, Description, UserType, UserLicenseId, UserLicense.Name, CreatedDate, LastModifiedDate",
            ),
            map: map::profile,
        },
        RoleKind::UserRole => Roles {
            query: of("Id, Name, DeveloperName, ParentRoleId, RollupDescription, LastModifiedDate"),
            map: map::user_role,
        },
        // without the hidden set of each profile, and the one that stands for each group of sets
        RoleKind::PermissionSet => Roles {
            query: of("Id, Name, Label, Description, Type, IsCustom, IsOwnedByProfile, LicenseId, \
                PermissionSetGroupId, NamespacePrefix, CreatedDate, LastModifiedDate")
            .and("IsOwnedByProfile = false")
            .and("PermissionSetGroupId = null"),
            map: map::permission_set,
        },
        RoleKind::PermissionSetGroup => Roles {
            query: of("Id, DeveloperName, MasterLabel, Description, Status, NamespacePrefix, CreatedDate, \
                LastModifiedDate"),
            map: map::permission_set_group,
        },
    }
}

/// All four.
fn catalogue() -> Vec<Roles> {
    KINDS.into_iter().map(part).map(|part| Roles { query: part.query.order("Id"), map: part.map }).collect()
}

#[async_trait]
impl ListRoles for Salesforce {
    async fn list_roles(&self, call: &Call, request: PageRequest<RoleFilter>) -> Result<Page<Role<'static>>> {
        self.parts(call, &request, catalogue()).await
    }
}

impl Salesforce {
    fn role(&self, id: &str) -> Result<Request> {
        let query = part(RoleKind::of(id)?).query.is("Id", id);
        Ok(self.select(&query, Some(1)))
    }

    /// Refuses a role that there is not.
    pub(crate) async fn find_role(&self, call: &Call, id: &str) -> Result<()> {
        self.one(call, self.role(id)?).await.map(drop).map_err(|error| error.about(id))
    }
}

#[async_trait]
impl GetRole for Salesforce {
    async fn get_role(&self, call: &Call, input: GetRoleInput) -> Result<Reply<Role<'static>>> {
        let answer = self.one(call, self.role(&input.id)?.primary()).await?;
        Ok(Reply::read(answer.map(part(RoleKind::of(&input.id)?).map)?))
    }
}

/// Only the hierarchy's roles are made here: what a profile or a permission set allows is decided in Setup.
fn hierarchy_only(id: &str) -> Result<()> {
    match RoleKind::of(id)? {
        RoleKind::UserRole => Ok(()),
        _ => Err(Error::invalid("only roles of the hierarchy (`00E…`) are changed here").about(id).hint("use Setup")),
    }
}

fn fields(name: Option<String>, description: Option<String>) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.extend(name.map(|name| ("Name".to_owned(), Value::from(name))));
    fields.extend(description.map(|text| ("RollupDescription".to_owned(), Value::from(text))));
    fields
}

#[async_trait]
impl CreateRole for Salesforce {
    async fn create_role(&self, call: &Call, input: CreateRoleInput) -> Result<Reply<Role<'static>>> {
        let fields = fields(input.name, input.description);
        match self.create("UserRole", &fields).primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(Role::with_id(&answer.json::<wire::Created>()?.id))),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl UpdateRole for Salesforce {
    async fn update_role(&self, call: &Call, input: UpdateRoleInput) -> Result<Reply<Role<'static>>> {
        hierarchy_only(&input.id)?;
        let fields = fields(input.name, input.description);
        self.update("UserRole", &input.id, &fields).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DeleteRole for Salesforce {
    async fn delete_role(&self, call: &Call, input: DeleteRoleInput) -> Result<Reply<Role<'static>>> {
        hierarchy_only(&input.id)?;
        let effect = effect_of_delete(self.delete("UserRole", &input.id).primary().write(call).await)?;
        Ok(Reply::sent(&input.id).with_effect(effect))
    }
}
