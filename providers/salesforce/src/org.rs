//! The organization, and the user whose token this is.

use std::sync::PoisonError;

use userdir_core::action::*;
use userdir_core::{Call, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Organization, User, UserOrganization};

use crate::query::named;
use crate::soql::Query;
use crate::{Salesforce, id, map, wire};

fn organizations() -> Query {
    let fields = "Id, Name, OrganizationType, InstanceName, IsSandbox, NamespacePrefix, CreatedDate";
    Query::new(fields, "Organization")
}

impl Salesforce {
    /// The one organization, read once: users and groups name it.
    pub(crate) async fn own_organization(&self, call: &Call) -> Result<UserOrganization<'static>> {
        let known = || self.organization.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known().clone() {
            return Ok(known);
        }
        let read: Organization = self.one(call, &organizations()).await?.map(map::organization)?;
        Ok(known().insert(UserOrganization { id: Some(read.id), name: read.name }).clone())
    }

    /// Id of the user whose token this is: the token's answer says it, or another call.
    pub(crate) async fn own_id(&self, call: &Call) -> Result<String> {
        if let Some(own) = self.http.token_user(call).await? {
            return Ok(own);
        }
        let info: wire::UserInfo = self.http.get("services/oauth2/userinfo").read(call).await?.json()?;
        Ok(id::spelling(&info.user_id).unwrap_or(info.user_id))
    }
}

#[async_trait]
impl ListOrganizations for Salesforce {
    async fn list_organizations(
        &self,
        call: &Call,
        request: PageRequest<OrganizationFilter>,
    ) -> Result<Page<Organization<'static>>> {
        let slice = self.slice(call, &organizations(), request.cursor.as_deref(), request.wanted).await?;
        Ok(Page::<Organization>::of_body(slice.answer.body.clone(), "records", map::organization).after(&slice))
    }
}

#[async_trait]
impl GetOrganization for Salesforce {
    async fn get_organization(&self, call: &Call, input: GetOrganizationInput) -> Result<Reply<Organization<'static>>> {
        id::expect(&input.id, id::ORGANIZATION, "an organization")?;
        let query = organizations().is("Id", &input.id);
        Ok(Reply::read(self.get(call, &query).await?.map(map::organization)?))
    }
}

#[async_trait]
impl UpdateOrganization for Salesforce {
    async fn update_organization(
        &self,
        call: &Call,
        input: UpdateOrganizationInput,
    ) -> Result<Reply<Organization<'static>>> {
        let updated = self.updated(call, "Organization", &input.id, &named(input.name, None, "")).await;
        *self.organization.lock().unwrap_or_else(PoisonError::into_inner) = None;
        updated
    }
}

#[async_trait]
impl ListMe for Salesforce {
    /// The token says who; with client credentials it is the user that the app runs as.
    async fn list_me(&self, call: &Call, _: PageRequest<MeFilter>) -> Result<Page<User<'static>>> {
        let own = self.own_id(call).await?;
        Ok(Page::of_values(vec![self.user(call, &own).await?.value]))
    }
}
