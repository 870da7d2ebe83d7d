//! The catalogue of roles: profiles, the hierarchy's roles, permission sets, and groups of sets.

use userdir_core::action::*;
use userdir_core::{Call, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::Role;

use crate::id::RoleKind;
use crate::query::{Part, named};
use crate::soql::Query;
use crate::{Salesforce, map};

const KINDS: [RoleKind; 4] =
    [RoleKind::Profile, RoleKind::UserRole, RoleKind::PermissionSet, RoleKind::PermissionSetGroup];

fn roles(kind: RoleKind) -> Query {
    let of = |fields: &'static str| Query::new(fields, kind.object());
    match kind {
        RoleKind::Profile => {
            of("Id, Name, Description, UserType, UserLicenseId, UserLicense.Name, CreatedDate, LastModifiedDate")
        }
        RoleKind::UserRole => of("Id, Name, DeveloperName, ParentRoleId, RollupDescription, LastModifiedDate"),
        // without the hidden set of each profile, and the one that stands for each group of sets
        RoleKind::PermissionSet => of("Id, Name, Label, Description, Type, IsCustom, IsOwnedByProfile, LicenseId, \
            PermissionSetGroupId, NamespacePrefix, CreatedDate, LastModifiedDate")
        .and("IsOwnedByProfile = false")
        .and("PermissionSetGroupId = null"),
        RoleKind::PermissionSetGroup => of("Id, DeveloperName, MasterLabel, Description, Status, NamespacePrefix, \
            CreatedDate, LastModifiedDate"),
    }
}

#[async_trait]
impl ListRoles for Salesforce {
    async fn list_roles(&self, call: &Call, request: PageRequest<RoleFilter>) -> Result<Page<Role<'static>>> {
        let parts = KINDS.map(|kind| Part::<Role> { query: roles(kind).order("Id"), map: map::role });
        self.parts(call, &request, parts.into()).await
    }
}

impl Salesforce {
    /// Refuses a role that there is not.
    pub(crate) async fn find_role(&self, call: &Call, id: &str) -> Result<()> {
        let query = roles(RoleKind::of(id)?).is("Id", id);
        self.one(call, &query).await.map(drop).map_err(|error| error.about(id))
    }
}

#[async_trait]
impl GetRole for Salesforce {
    async fn get_role(&self, call: &Call, input: GetRoleInput) -> Result<Reply<Role<'static>>> {
        let query = roles(RoleKind::of(&input.id)?).is("Id", &input.id);
        Ok(Reply::read(self.get(call, &query).await?.map(map::role)?))
    }
}

/// Only the hierarchy's roles are made here: what a profile or a permission set allows is decided in Setup.
fn hierarchy_only(id: &str) -> Result<()> {
    match RoleKind::of(id)? {
        RoleKind::UserRole => Ok(()),
        _ => Err(Error::invalid("only roles of the hierarchy (`00E…`) are changed here").about(id).hint("use Setup")),
    }
}

/// Where a hierarchy role has its description.
const DESCRIPTION: &str = "RollupDescription";

#[async_trait]
impl CreateRole for Salesforce {
    async fn create_role(&self, call: &Call, input: CreateRoleInput) -> Result<Reply<Role<'static>>> {
        self.created(call, "UserRole", &named(input.name, input.description, DESCRIPTION)).await
    }
}

#[async_trait]
impl UpdateRole for Salesforce {
    async fn update_role(&self, call: &Call, input: UpdateRoleInput) -> Result<Reply<Role<'static>>> {
        hierarchy_only(&input.id)?;
        self.updated(call, "UserRole", &input.id, &named(input.name, input.description, DESCRIPTION)).await
    }
}

#[async_trait]
impl DeleteRole for Salesforce {
    async fn delete_role(&self, call: &Call, input: DeleteRoleInput) -> Result<Reply<Role<'static>>> {
        hierarchy_only(&input.id)?;
        self.deleted(call, "UserRole", &input.id).await
    }
}
