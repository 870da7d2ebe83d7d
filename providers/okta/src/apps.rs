//! Applications, which stand for licences: Okta has no seats.

use userdir_core::action::*;
use userdir_core::http::{Next, Paging, TotalAt};
use userdir_core::scim::ScimFilter;
use userdir_core::{Call, Error, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::License;

use crate::{Okta, ROWS, map};

const APPS: Paging = Paging { items: "", limit: "limit", max: 200, next: Next::LinkHeader, total: TotalAt::Nowhere };

#[async_trait]
impl ListLicenses for Okta {
    async fn list_licenses(&self, call: &Call, request: PageRequest<LicenseFilter>) -> Result<Page<License<'static>>> {
        let filter = &request.filter;
        if let Some(user) = &filter.user_id {
            if filter.status.is_some() {
                return Err(Error::invalid("`status` does not work together with `user_id`")
                    .hint("Okta's list of a user's applications shows no status"));
            }
            let links =
                self.http.get("api/v1/users").id(user).path("appLinks").primary().all(call, &ROWS, map::app_link);
            return Ok(Page::of_values(map::one_an_app(links.await?)));
        }
        let mut expression = ScimFilter::default();
        if let Some(status) = &filter.status {
            let words: Vec<String> = status.values().iter().map(|word| word.to_uppercase()).collect();
            expression.any_of("status", words.iter().map(String::as_str));
        }
        self.http.get("api/v1/apps").query_if("filter", expression.build()).page(call, &request, &APPS, map::app).await
    }
}

#[async_trait]
impl GetLicense for Okta {
    async fn get_license(&self, call: &Call, input: GetLicenseInput) -> Result<Reply<License<'static>>> {
        let answer = self.http.get("api/v1/apps").id(&input.id).primary().read(call).await?;
        Ok(Reply::read(answer.map(map::app)?))
    }
}
