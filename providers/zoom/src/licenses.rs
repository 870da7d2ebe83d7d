//! Licences. Zoom has no catalogue: the types of users stand for seats, and what else exists is what users hold.

use std::collections::BTreeMap;

use userdir_core::action::*;
use userdir_core::{Call, Error, ErrorKind, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::License;

use crate::paging::paged;
use crate::{Zoom, map, passes, wire};

#[async_trait]
impl ListLicenses for Zoom {
    async fn list_licenses(&self, call: &Call, request: PageRequest<LicenseFilter>) -> Result<Page<License<'static>>> {
        let Some(user) = &request.filter.user_id else { return Ok(Page::of_values(self.licenses(call).await?)) };
        let answer = self.http.get("users").id(user).primary().read(call).await?;
        Zoom::refuse_other_names(user, &answer.json()?)?;
        let user: userdir_schema::User = answer.map(map::user)?;
        let held = user.licenses.unwrap_or_default().into_iter();
        let held = held.filter_map(|license| Some(map::license(license.id?, license.name?)));
        Ok(Page::of_values(held.collect()))
    }
}

#[async_trait]
impl GetLicense for Zoom {
    async fn get_license(&self, call: &Call, input: GetLicenseInput) -> Result<Reply<License<'static>>> {
        let found = self.licenses(call).await?.into_iter().find(|license| license.id == input.id.as_str());
        found.map(Reply::read).ok_or_else(|| Error::not_found("nobody holds such a licence").about(input.id))
    }
}

impl Zoom {
    /// The seats with their numbers, and each further licence that somebody holds.
    async fn licenses(&self, call: &Call) -> Result<Vec<License<'static>>> {
        let numbers = self.numbers(call).await?;
        let seats = map::SEATS.iter().map(|(_, id, name)| {
            let (available, assigned) = numbers.get(id).copied().unwrap_or_default();
            License {
                available_quantity: available.map(Into::into),
                assigned_quantity: assigned.map(Into::into),
                is_paid: Some(matches!(*id, "licensed" | "on_prem")),
                ..map::license(*id, *name)
            }
        });
        let mut holders: BTreeMap<String, Vec<String>> = BTreeMap::new();
        // the inactive ones once more: who was deactivated in between was in no list before
        for status in passes::statuses(None)?.into_iter().chain([passes::INACTIVE]) {
            let users = self.of_status(status, None);
            holders.extend(users.all(call, &paged("users"), map::listed_licenses).await?);
        }
        let mut held: BTreeMap<String, u64> = BTreeMap::new();
        for id in holders.into_values().flatten() {
            *held.entry(id).or_default() += 1;
        }
        let held = held
            .into_iter()
            .map(|(id, number)| License { assigned_quantity: Some(number.into()), ..map::license(id.clone(), id) });
        Ok(seats.chain(held).collect())
    }

    /// Seats there are and seats given, by id: of the plan, or, where that may not be read, as users are counted.
    async fn numbers(&self, call: &Call) -> Result<BTreeMap<&'static str, (Option<u64>, Option<u64>)>> {
        match self.http.get("accounts/me/plans/usage").primary().read(call).await {
            Ok(answer) => {
                let usage: wire::PlansUsage = answer.json()?;
                let base = usage.of("plan_base");
                let sum = |member: &str| {
                    let numbers: Vec<u64> = base.iter().filter_map(|plan| plan.get(member)?.as_u64()).collect();
                    (!numbers.is_empty()).then(|| numbers.iter().sum())
                };
                return Ok(BTreeMap::from([("licensed", (sum("hosts"), sum("usage")))]));
            }
            Err(error) if error.kind() == ErrorKind::Permission => {}
            Err(error) => return Err(error),
        }
        match self.http.get("users/summary").read(call).await {
            Ok(answer) => {
                let summary: wire::Summary = answer.json()?;
                Ok(BTreeMap::from([
                    ("basic", (None, summary.basic_users_count)),
                    ("licensed", (None, summary.licensed_users_count)),
                    ("on_prem", (None, summary.on_prem_users_count)),
                ]))
            }
            Err(error) if error.kind() == ErrorKind::Permission => Ok(BTreeMap::new()),
            Err(error) => Err(error),
        }
    }
}
