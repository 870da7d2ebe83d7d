//! The organization, and the administrator whose token this is.

use userdir_core::action::*;
use userdir_core::{Call, Page, PageRequest, Result, async_trait};
use userdir_schema::{Organization, User};

use crate::{Okta, map};

impl Okta {
    /// The one organization behind the address.
    pub(crate) async fn organization(&self, call: &Call) -> Result<Organization<'static>> {
        self.http.get("api/v1/org").read(call).await?.map(map::org)
    }
}

#[async_trait]
impl ListOrganizations for Okta {
    async fn list_organizations(
        &self,
        call: &Call,
        _: PageRequest<OrganizationFilter>,
    ) -> Result<Page<Organization<'static>>> {
        let answer = self.http.get("api/v1/org").primary().read(call).await?;
        Ok(Page::of_values(vec![answer.map(map::org)?]))
    }
}

#[async_trait]
impl ListMe for Okta {
    async fn list_me(&self, call: &Call, _: PageRequest<MeFilter>) -> Result<Page<User<'static>>> {
        let answer = self.http.get("api/v1/users/me").primary().read(call).await?;
        Ok(Page::of_values(vec![answer.map(map::user)?]))
    }
}
