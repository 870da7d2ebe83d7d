//! The event log.

use userdir_core::action::*;
use userdir_core::{Call, Error, ErrorKind, Page, PageRequest, Result, async_trait};
use userdir_schema::Activity;

use crate::{PAGES, Vanta, map};

#[async_trait]
impl ListActivities for Vanta {
    async fn list_activities(
        &self,
        call: &Call,
        request: PageRequest<ActivityFilter>,
    ) -> Result<Page<Activity<'static>>> {
        match self.http.get("event-logs").page(call, &request, &PAGES, map::event).await {
            // the endpoint is newer than others, and not there for everybody
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let refused = Error::not_supported("this Vanta account does not offer its event log by API");
                Err(match error.vendor() {
                    Some(answer) => refused.from_vendor(answer.clone()),
                    None => refused,
                })
            }
            read => read,
        }
    }
}
