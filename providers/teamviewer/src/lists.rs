//! Lists of users: everybody in one answer, the members of a group, the holders of a role.

use std::collections::{BTreeMap, BTreeSet};

use userdir_core::action::*;
use userdir_core::http::{Next, Paging, TotalAt};
use userdir_core::{Call, Error, ErrorKind, Page, PageRequest, Result, async_trait};
use userdir_schema::User;

use crate::{TeamViewer, grants, ids, map, wire};

/// Pages of the calls about groups. How many a page may hold is not documented, so the vendor chooses.
pub(crate) const GROUPS: Paging = Paging {
    items: "resources",
    limit: "",
    max: u32::MAX,
    next: Next::BodyCursor { path: "nextPaginationToken", parameter: "paginationToken" },
    total: TotalAt::Nowhere,
};

/// What the list of a group's members does not show.
const BEYOND_MEMBERS: &[&str] = &[
    "username",
    "emails",
    "first_name",
    "last_name",
    "status",
    "is_2fa_enabled",
    "last_active_at",
    "roles",
    "licenses",
    "organizations",
];

#[async_trait]
impl ListUsers for TeamViewer {
    async fn list_users(&self, call: &Call, request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        let filter = &request.filter;
        // those two are looked up; the rest can be told from what is listed
        let mut rest = filter.clone();
        (rest.group_id, rest.role_id) = (None, None);
        let ids = match (&filter.group_id, &filter.role_id) {
            (Some(_), Some(_)) => return Err(Error::invalid("`group_id` and `role_id` do not work together")),
            (Some(group), None) => {
                let group = ids::group(group)?.to_string();
                if rest == UserFilter::default() && !BEYOND_MEMBERS.iter().any(|field| call.wants(field)) {
                    let members = self.http.get("api/v1/usergroups").id(&group).path("members");
                    return members.page(call, &request, &GROUPS, map::member).await;
                }
                Some(self.members(call, &group).await?)
            }
            (None, Some(role)) => {
                let mut holders = grants::holders(call, self.holders_at(role)).await?;
                for group in grants::group_holders(call, self.group_holders_at(role)).await? {
                    holders.extend(self.members(call, &group.to_string()).await?);
                }
                if holders.is_empty() {
                    self.refuse_unknown(call, &[role.as_str()]).await?;
                }
                Some(holders)
            }
            (None, None) => None,
        };
        let company = if call.wants("organizations") || call.wants("licenses") {
            self.company_if_shown(call).await?
        } else {
            None
        };
        let everybody = self.http.get("api/v1/users").query("full_list", "true");
        let Some(ids) = ids else {
            let users = everybody.query_if("email", emails(filter)).query_if("name", name(filter));
            let page = users.page(call, &request, &Paging::whole("users"), map::InCompany(company)).await?;
            // `name` finds parts of names too
            return Ok(page.rechecked(rest));
        };
        let answer = everybody.primary().read(call).await?;
        let everybody: wire::Users = answer.json()?;
        let mut by_id = BTreeMap::new();
        for raw in everybody.users {
            let user: wire::User = read_user(raw.get())?;
            by_id.insert(user.id.to_string(), raw.get());
        }
        let mut found = Vec::new();
        for id in ids {
            match by_id.remove(&id) {
                Some(user) => found.push(user.to_owned()),
                None => found.push(self.user_text(call, &id).await?),
            }
        }
        let list = format!("[{}]", found.join(","));
        Ok(Page::<User>::of_body(list.into_bytes().into(), "", map::InCompany(company)).rechecked(rest))
    }
}

fn read_user(text: &str) -> Result<wire::User<'_>> {
    serde_json::from_str(text).map_err(|error| Error::unexpected("a user of the list cannot be read").caused_by(error))
}

/// The addresses asked for, in one parameter; none where that cannot be written, and then everybody is looked through.
fn emails(filter: &UserFilter) -> Option<String> {
    let wanted = filter.emails.as_ref().or(filter.username.as_ref())?.values();
    wanted.iter().all(|email| !email.contains(',')).then(|| wanted.join(","))
}

fn name(filter: &UserFilter) -> Option<&str> {
    filter.name.as_ref()?.single()
}

impl TeamViewer {
    /// The ids of a group's members.
    pub(crate) async fn members(&self, call: &Call, group: &str) -> Result<BTreeSet<String>> {
        let members = self.http.get("api/v1/usergroups").id(group).path("members");
        let id = |raw: &serde_json::value::RawValue| {
            serde_json::from_str::<wire::Member>(raw.get()).map(|member| ids::of_account(member.account_id))
        };
        Ok(members.all(call, &GROUPS, id).await?.into_iter().collect())
    }

    /// Somebody who is listed elsewhere and not among the users.
    async fn user_text(&self, call: &Call, id: &str) -> Result<String> {
        match self.user_at(self.http.get("api/v1/users"), id)?.read(call).await {
            Ok(answer) => Ok(answer.json::<&serde_json::value::RawValue>()?.get().to_owned()),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(Error::new(ErrorKind::Incomplete, "TeamViewer lists somebody and does not show the user")
                    .about(id)
                    .hint("the user may have been deleted in between; list again"))
            }
            Err(error) => Err(error),
        }
    }
}
