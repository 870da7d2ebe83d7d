//! The organization, and the user whose token this is.

use serde_json::{Map, Value};
use userdir_core::action::*;
use userdir_core::{Call, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Organization, User, UserOrganization};

use crate::soql::Query;
use crate::{Salesforce, id, map, wire};

fn organizations() -> Query {
    let fields = "Id, Name, OrganizationType, InstanceName, IsSandbox, NamespacePrefix, CreatedDate";
    Query::new(fields, "Organization")
}

impl Salesforce {
    /// The one organization, read once: users and groups name it.
    pub(crate) async fn own_organization(&self, call: &Call) -> Result<UserOrganization<'static>> {
        if let Some(known) = self.organization.get() {
            return Ok(known.clone());
        }
        let answer = self.one(call, self.select(&organizations(), Some(1))).await?;
        let read: Organization = answer.map(map::organization)?;
        let organization = UserOrganization { id: Some(read.id), name: read.name };
        Ok(self.organization.get_or_init(|| organization).clone())
    }

    /// Id of the user whose token this is.
    pub(crate) async fn own_id(&self, call: &Call) -> Result<String> {
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
        self.page(call, &request, &organizations(), map::organization).await
    }
}

#[async_trait]
impl GetOrganization for Salesforce {
    async fn get_organization(&self, call: &Call, input: GetOrganizationInput) -> Result<Reply<Organization<'static>>> {
        id::expect(&input.id, id::ORGANIZATION, "an organization")?;
        let query = organizations().is("Id", &input.id);
        let answer = self.one(call, self.select(&query, Some(1)).primary()).await?;
        Ok(Reply::read(answer.map(map::organization)?))
    }
}

#[async_trait]
impl UpdateOrganization for Salesforce {
    async fn update_organization(
        &self,
        call: &Call,
        input: UpdateOrganizationInput,
    ) -> Result<Reply<Organization<'static>>> {
        let name = input.name.map(|name| ("Name".to_owned(), Value::from(name)));
        let fields: Map<String, Value> = name.into_iter().collect();
        self.update("Organization", &input.id, &fields).primary().write(call).await?;
        Ok(Reply::sent(&input.id))
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
