//! Organizations, and the products of their plans, which stand for licences: JumpCloud assigns no seats.

use userdir_core::action::*;
use userdir_core::http::Request;
use userdir_core::{Call, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{License, Organization};

use crate::{COUNTED, JumpCloud, map, wire};

#[async_trait]
impl ListOrganizations for JumpCloud {
    async fn list_organizations(
        &self,
        call: &Call,
        request: PageRequest<OrganizationFilter>,
    ) -> Result<Page<Organization<'static>>> {
        // of all that the credentials reach: the header that chooses one belongs to other calls
        let organizations = self.list_all_organizations();
        let page = organizations.page(call, &request, &COUNTED, map::organization).await?;
        Ok(page.rechecked(request.filter.clone()))
    }
}

#[async_trait]
impl GetOrganization for JumpCloud {
    async fn get_organization(&self, call: &Call, input: GetOrganizationInput) -> Result<Reply<Organization<'static>>> {
        let answer = self.v1.http.get("organizations").id(&input.id).primary().read(call).await?;
        Ok(Reply::read(answer.map(map::organization)?))
    }
}

impl JumpCloud {
    /// In an order in which the pages fit together.
    fn list_all_organizations(&self) -> Request {
        self.v1.http.get("organizations").query("sort", "_id")
    }

    pub(crate) async fn organization(&self, call: &Call, id: &str) -> Result<Organization<'static>> {
        self.v1.http.get("organizations").id(id).read(call).await?.map(map::organization)
    }

    /// The products of the organization's plan: the one named, the account's own, or the only one there is.
    async fn products(&self, call: &Call, named: Option<&str>) -> Result<Vec<License<'static>>> {
        let id = match named.or(self.v1.organization.as_deref()) {
            Some(id) => id.to_owned(),
            None => {
                let all = self.list_all_organizations().all(call, &COUNTED, |raw| {
                    serde_json::from_str(raw.get()).map(|it: wire::Organization| it.id.to_string())
                });
                match all.await?.as_slice() {
                    [one] => one.clone(),
                    [] => return Err(Error::not_found("the credentials reach no organization")),
                    _ => {
                        return Err(Error::invalid("the credentials reach several organizations")
                            .hint("name one with `organization_id`"));
                    }
                }
            }
        };
        let plan = self.v1.http.get("organizations").id(&id).query("fields", "entitlement").primary();
        let answer = plan.read(call).await?;
        let plan: wire::Plan = answer.json()?;
        let products = plan.entitlement.and_then(|entitlement| entitlement.entitlement_products);
        let mapped = products.into_iter().flatten().map(map::license).collect::<Result<Vec<_>, _>>();
        mapped.map_err(|error| Error::unexpected("a product of the plan cannot be read").caused_by(error))
    }
}

#[async_trait]
impl ListLicenses for JumpCloud {
    async fn list_licenses(&self, call: &Call, request: PageRequest<LicenseFilter>) -> Result<Page<License<'static>>> {
        Ok(Page::of_values(self.products(call, request.filter.organization_id.as_deref()).await?))
    }
}

#[async_trait]
impl GetLicense for JumpCloud {
    async fn get_license(&self, call: &Call, input: GetLicenseInput) -> Result<Reply<License<'static>>> {
        let products = self.products(call, input.organization_id.as_deref()).await?;
        let found = products.into_iter().find(|product| product.id == input.id.as_str());
        found.map(Reply::read).ok_or_else(|| Error::not_found("the plan has no such product"))
    }
}
