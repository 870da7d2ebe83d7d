//! What belongs to the account as a whole: itself, its bills and plans, and whose credentials these are.

use userdir_core::action::*;
use userdir_core::{Call, Error, Page, PageRequest, Result, async_trait};
use userdir_schema::{Bill, Organization, User, Utilization};

use crate::{Zoom, map, wire};

#[async_trait]
impl ListOrganizations for Zoom {
    /// The account, as its owner shows it: no call reads it.
    async fn list_organizations(
        &self,
        call: &Call,
        _: PageRequest<OrganizationFilter>,
    ) -> Result<Page<Organization<'static>>> {
        let owners = self.http.get("users").query("role_id", wire::OWNER).query("page_size", "1").read(call).await?;
        let owners: wire::UsersAnswer = owners.json()?;
        let owner = owners.users.first().and_then(|owner| owner.handle());
        let owner = owner.ok_or_else(|| Error::unexpected("Zoom shows no owner of the account"))?;
        let answer = self.http.get("users").id(owner).primary().read(call).await?;
        Ok(Page::of_values(vec![answer.map(map::organization)?]))
    }
}

#[async_trait]
impl ListMe for Zoom {
    async fn list_me(&self, call: &Call, _: PageRequest<MeFilter>) -> Result<Page<User<'static>>> {
        let answer = self.http.get("users/me").primary().read(call).await?;
        Ok(Page::of_values(vec![answer.map(map::user)?]))
    }
}

#[async_trait]
impl ListBilling for Zoom {
    /// Reports of department billing. The currency stands beside them.
    async fn list_billing(&self, call: &Call, _: PageRequest<BillingFilter>) -> Result<Page<Bill<'static>>> {
        let answer = self.http.get("report/billing").primary().read(call).await?;
        let reports: wire::BillingReports = answer.json()?;
        let currency = reports.currency.as_deref();
        let bills = reports.billing_reports.unwrap_or_default().into_iter().map(|raw| map::bill(raw, currency));
        let bills = bills.collect::<Result<Vec<_>, _>>();
        Ok(Page::of_values(
            bills.map_err(|error| Error::unexpected("a bill of Zoom's cannot be read").caused_by(error))?,
        ))
    }
}

#[async_trait]
impl ListUtilization for Zoom {
    async fn list_utilization(
        &self,
        call: &Call,
        request: PageRequest<UtilizationFilter>,
    ) -> Result<Page<Utilization<'static>>> {
        if let Some(other) =
            request.filter.r#type.iter().flat_map(|kind| kind.values()).find(|kind| *kind != map::LICENSES)
        {
            return Err(Error::invalid(format!("Zoom has no report of type `{other}`, only `{}`", map::LICENSES)));
        }
        let answer = self.http.get("accounts/me/plans/usage").primary().read(call).await?;
        Ok(Page::of_values(vec![answer.map(map::plans)?]))
    }
}
