//! The company, its licences, and the owner of the token. The two addresses below `company` are not in the vendor's
//! description; its own PowerShell module calls them.

use userdir_core::action::*;
use userdir_core::http::Paging;
use userdir_core::reply::Unreadable;
use userdir_core::{Call, Error, ErrorKind, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{License, Organization, User};

use crate::{TeamViewer, map, wire};

impl TeamViewer {
    /// The one company of the token.
    ///
    /// # Errors
    /// `Permission` where the token may not see it.
    pub(crate) async fn company(&self, call: &Call) -> Result<wire::Company> {
        if let Some(known) = self.company.get() {
            return Ok(known.clone());
        }
        let company: wire::Company = self.http.get("api/v1/company").read(call).await?.json()?;
        Ok(self.company.get_or_init(|| company).clone())
    }

    /// The same for lists, which have no notes: none where the token may not see it.
    pub(crate) async fn company_if_shown(&self, call: &Call) -> Result<Option<wire::Company>> {
        Unreadable::default().known("company", self.company(call).await)
    }

    /// Refuses to lock out the owner of the token, and to take roles from it: the token can do no more than its owner, so that
    /// nothing could undo it.
    pub(crate) async fn refuse_owner(&self, call: &Call, user: &str) -> Result<()> {
        if self.owner.get().is_none() {
            let owner = match self.http.get("api/v1/account").read(call).await {
                Ok(answer) => Some(answer.json::<wire::Account>()?.userid.to_string()),
                // a token that may not read its own account cannot be guarded
                Err(error) if matches!(error.kind(), ErrorKind::Permission | ErrorKind::NotFound) => None,
                Err(error) => return Err(error),
            };
            let _ = self.owner.set(owner);
        }
        match self.owner.get() {
            Some(Some(owner)) if owner == user => Err(Error::refused("this is the owner of the account's token")
                .hint("use another administrator's token; this one can do no more than its owner")),
            _ => Ok(()),
        }
    }

    /// Says where [`TeamViewer::refuse_owner`] could not tell.
    pub(crate) fn told<T>(&self, reply: Reply<T>) -> Reply<T> {
        match self.owner.get() {
            Some(None) => reply
                .note("TeamViewer does not show this token its own account: whether the user is its owner could not be checked"),
            _ => reply,
        }
    }
}

#[async_trait]
impl ListOrganizations for TeamViewer {
    async fn list_organizations(
        &self,
        call: &Call,
        _: PageRequest<OrganizationFilter>,
    ) -> Result<Page<Organization<'static>>> {
        let answer = self.http.get("api/v1/company").primary().read(call).await?;
        Ok(Page::of_values(vec![answer.map(map::organization)?]))
    }
}

#[async_trait]
impl GetOrganization for TeamViewer {
    async fn get_organization(&self, call: &Call, input: GetOrganizationInput) -> Result<Reply<Organization<'static>>> {
        let answer = self.http.get("api/v1/company").primary().read(call).await?;
        let company: Organization = answer.map(map::organization)?;
        match company.id == input.id.as_str() {
            true => Ok(Reply::read(company)),
            false => Err(Error::not_found("the token is of another company").about(input.id)),
        }
    }
}

#[async_trait]
impl ListLicenses for TeamViewer {
    async fn list_licenses(&self, call: &Call, request: PageRequest<LicenseFilter>) -> Result<Page<License<'static>>> {
        let licenses = self.http.get("api/v1/company/license");
        let page = licenses.page(call, &request, &Paging::whole("available_licenses"), map::license).await?;
        Ok(page.rechecked(request.filter))
    }
}

#[async_trait]
impl GetLicense for TeamViewer {
    async fn get_license(&self, call: &Call, input: GetLicenseInput) -> Result<Reply<License<'static>>> {
        let answer = self.http.get("api/v1/company/license").primary().read(call).await?;
        let licenses: wire::Licenses = answer.json()?;
        for raw in licenses.available_licenses {
            let license: License = answer.part(raw).map(map::license)?;
            if license.id == input.id.as_str() {
                return Ok(Reply::read(license));
            }
        }
        Err(Error::not_found("the company has no such licence").about(input.id))
    }
}

#[async_trait]
impl ListMe for TeamViewer {
    async fn list_me(&self, call: &Call, _: PageRequest<MeFilter>) -> Result<Page<User<'static>>> {
        let answer = self.http.get("api/v1/account").primary().read(call).await?;
        Ok(Page::of_values(vec![answer.map(map::account)?]))
    }
}
