//! What belongs to the account as a whole: its base roles, its name, and whose credentials these are.

use userdir_core::action::*;
use userdir_core::{Call, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Organization, Role, User};

use crate::map::{self, BASE_ROLES};
use crate::{PagerDuty, refused_as_wrong, wire};

#[async_trait]
impl ListRoles for PagerDuty {
    /// No call lists them.
    async fn list_roles(&self, _: &Call, _: PageRequest<RoleFilter>) -> Result<Page<Role<'static>>> {
        Ok(Page::of_values(BASE_ROLES.iter().map(|(id, name)| map::base_role(id, name)).collect()))
    }
}

#[async_trait]
impl GetRole for PagerDuty {
    async fn get_role(&self, _: &Call, input: GetRoleInput) -> Result<Reply<Role<'static>>> {
        match BASE_ROLES.iter().find(|(id, _)| *id == input.id) {
            Some((id, name)) => Ok(Reply::read(map::base_role(id, name))),
            None => Err(Error::not_found("PagerDuty has no such base role").about(input.id)),
        }
    }
}

#[async_trait]
impl ListOrganizations for PagerDuty {
    /// The account has no endpoint; any user's address in the console names it, and there is always the owner.
    async fn list_organizations(
        &self,
        call: &Call,
        _: PageRequest<OrganizationFilter>,
    ) -> Result<Page<Organization<'static>>> {
        let answer = self.get("users").query("limit", "1").primary().read(call).await?;
        let wire::UsersAnswer { users } = answer.json()?;
        let address = users.first().and_then(|user| user.html_url.as_deref());
        let name = address.and_then(map::subdomain);
        let name = name.ok_or_else(|| Error::unexpected("PagerDuty shows no address that names the account"))?;
        Ok(Page::of_values(vec![map::organization(name)]))
    }
}

#[async_trait]
impl ListMe for PagerDuty {
    async fn list_me(&self, call: &Call, _: PageRequest<MeFilter>) -> Result<Page<User<'static>>> {
        let hint = "an account's key acts for nobody: connect with the key or token of a user";
        let answer = self.get("users/me").query("include[]", "contact_methods").primary().read(call).await;
        Ok(Page::of_values(vec![answer.map_err(refused_as_wrong(hint))?.map_at("user", map::user)?]))
    }
}
