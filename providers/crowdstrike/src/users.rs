//! Users: list, get, create, update, delete. Falcon has no call that changes a user's status.

use serde_json::json;
use serde_json::value::RawValue;
use userdir_core::action::*;
use userdir_core::http::Request;
use userdir_core::reply::Unreadable;
use userdir_core::{Call, Effect, Error, Mapped, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Email, User, UserWorkspace};

use crate::assignments::USERS_A_PAGE;
use crate::entities::{Entities, QUERY, id, made, the_one};
use crate::fql::{Fql, sort};
use crate::{CrowdStrike, cid, map, wire};

pub(crate) static USERS: Entities = Entities {
    ask: |falcon, ids| falcon.http.post("user-management/entities/users/GET/v1").json(&json!({ "ids": ids })),
    most: 5000,
    id: |raw| Ok(serde_json::from_str::<wire::User>(raw.get())?.uuid),
};

/// A user as it is shown, its id and its home CID.
pub(crate) fn homed(raw: &RawValue) -> Mapped<(Box<RawValue>, String, Option<String>)> {
    let user: wire::User = serde_json::from_str(raw.get())?;
    Ok((raw.to_owned(), user.uuid.to_string(), user.cid.map(|cid| cid.to_string())))
}

#[async_trait]
impl ListUsers for CrowdStrike {
    async fn list_users(&self, call: &Call, request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        let filter = &request.filter;
        if let Some(group) = &filter.group_id {
            return self.members_page(call, group, filter).await;
        }
        let users = self.user_ids(&filter.sort_by).query_if("filter", expression(filter)?).primary();
        let mut times = UserFilter::default();
        (times.created_at, times.updated_at) = (filter.created_at, filter.updated_at);
        if let Some(role) = &filter.role_id {
            let slice = users.counted_slice(call, &request, &USERS_A_PAGE).await?;
            let holders = self.holders(call, &slice.each(id)?, role, filter.workspace_id.as_deref()).await?;
            return Ok(holders.next(slice.next).rechecked(times));
        }
        let slice = users.slice(call, request.cursor.as_deref(), request.wanted, &QUERY).await?;
        let list = self.show(call, &USERS, &slice.each(id)?, None).await?;
        Ok(Page::<User>::of_body(list.into(), "", map::user).after(&slice).rechecked(times))
    }
}

/// Falcon's expression of a filter. It has none for times, which are checked on what is shown.
fn expression(filter: &UserFilter) -> Result<Option<String>> {
    let mut fql = Fql::default();
    for logins in [&filter.username, &filter.emails].into_iter().flatten() {
        // values are compared letter by letter, and logins are kept in lower case
        fql.any_of("uid", logins.values().iter().map(|login| login.to_lowercase()))?;
    }
    fql.matching("first_name", &filter.first_name)?;
    fql.matching("last_name", &filter.last_name)?;
    fql.matching("name", &filter.name)?;
    if let Some(status) = &filter.status {
        fql.any_of("status", status.values().iter().map(|word| word.to_lowercase()))?;
    }
    if let Some(home) = &filter.organization_id {
        fql.any_of("cid", [cid::check(home)?])?;
    }
    if let Some(assigned) = &filter.workspace_id {
        fql.any_of("assigned_cids", [cid::check(assigned)?])?;
    }
    fql.build()
}

impl CrowdStrike {
    /// The list of all users' ids.
    pub(crate) fn user_ids(&self, by: &Option<SortBy>) -> Request {
        let sort = sort(by, "uid", &[("username", "uid"), ("emails", "uid")]);
        self.get("user-management/queries/users/v1").query("sort", sort)
    }

    /// Of these users those who hold the role, at the CID that is named, else at the account's or the user's home.
    async fn holders(&self, call: &Call, ids: &[String], role: &str, cid: Option<&str>) -> Result<Page<User<'static>>> {
        let cid = cid.or(self.cid.as_deref());
        let mut holders = Vec::new();
        for (raw, uuid, home) in self.show_each(call, &USERS, ids, None, homed).await? {
            let held = self.held_of_listed(call, &uuid, cid.or(home.as_deref()), Some(role), |_| Ok(())).await?;
            if !held.is_empty() {
                holders.push(raw);
            }
        }
        let list = serde_json::to_vec(&holders)
            .map_err(|error| Error::unexpected("the users cannot be listed").caused_by(error))?;
        Ok(Page::<User>::of_body(list.into(), "", map::user))
    }

    /// The members of a group; Falcon neither filters nor sorts them.
    async fn members_page(&self, call: &Call, group: &str, filter: &UserFilter) -> Result<Page<User<'static>>> {
        if filter.sort_by.is_some() || filter.workspace_id.is_some() {
            return Err(Error::invalid("`sort_by` and `workspace_id` do not work together with `group_id`"));
        }
        let ids = self.members(call, group).await?;
        if let Some(role) = &filter.role_id {
            return Ok(self.holders(call, &ids, role, None).await?.rechecked(filter.clone()));
        }
        let list = self.show(call, &USERS, &ids, None).await?;
        Ok(Page::<User>::of_body(list.into(), "", map::user).rechecked(filter.clone()))
    }

    /// The home CID of a user; `NotFound` where there is no such user.
    pub(crate) async fn home(&self, call: &Call, uuid: &str) -> Result<Option<String>> {
        let shown = the_one(call, &USERS, self.ask(&USERS, uuid), uuid).await?;
        Ok(shown.json::<wire::User>()?.cid.map(|cid| cid.to_string()))
    }
}

#[async_trait]
impl GetUser for CrowdStrike {
    /// The user, and with a call each the roles and the groups. What the credentials may not read stays unknown.
    async fn get_user(&self, call: &Call, input: GetUserInput) -> Result<Reply<User<'static>>> {
        let request = self.ask(&USERS, &input.id).primary();
        let mut user: User = the_one(call, &USERS, request, &input.id).await?.map(map::user)?;
        let (uuid, home) = (user.id.to_string(), map::home(&user));
        let mut unknown = Unreadable::default();
        if call.wants("roles") || call.wants("workspaces") {
            let held = self.roles_shown(call, &uuid, home).await;
            if let Some(roles) = unknown.known("roles", held)? {
                let places = user.workspaces.get_or_insert_default();
                for cid in roles.iter().filter_map(|role| role.workspace.as_ref()) {
                    if !places.iter().any(|known| known.id.as_ref() == Some(cid)) {
                        places.push(UserWorkspace { id: Some(cid.clone()), name: None });
                    }
                }
                user.roles = Some(roles);
            }
        }
        if call.wants("groups") {
            let groups = unknown.known("groups", self.groups_of(call, &uuid).await)?;
            user.groups = groups.map(|ids| ids.into_iter().map(map::user_group).collect());
        }
        Ok(unknown.note(Reply::read(user)))
    }
}

/// The one address that a login is.
fn login(input: &CreateUserInput) -> Result<&str> {
    let address = match input.emails.as_deref() {
        Some([Email { email: Some(address), .. }]) => address.as_str(),
        _ => return Err(Error::invalid("`emails` takes one address here: Falcon keeps the login and no other")),
    };
    match input.username.as_deref() {
        Some(name) if !name.eq_ignore_ascii_case(address) => {
            Err(Error::invalid("`username` and `emails` differ: at Falcon the address is the login"))
        }
        _ => Ok(address),
    }
}

#[async_trait]
impl CreateUser for CrowdStrike {
    /// Without a password Falcon mails an activation link, unless the customer signs in elsewhere.
    async fn create_user(&self, call: &Call, input: CreateUserInput) -> Result<Reply<User<'static>>> {
        let home = input.organization_id.as_deref().map(cid::check).transpose()?.or(self.cid.as_deref());
        let body = wire::NewUser {
            uid: login(&input)?,
            first_name: input.first_name.as_deref(),
            last_name: input.last_name.as_deref(),
            cid: home,
            password: input.password.as_ref().map(Password::expose),
        };
        let request = self.http.post("user-management/entities/users/v1").json(&body).primary();
        let Some(answer) = request.write(call).await? else { return Ok(Reply::planned()) };
        Ok(Reply::applied(made(&answer)?.map(map::user)?))
    }
}

#[async_trait]
impl UpdateUser for CrowdStrike {
    /// Falcon wants both names, so the one that is not given is read first.
    async fn update_user(&self, call: &Call, input: UpdateUserInput) -> Result<Reply<User<'static>>> {
        let (mut first, mut last) = (input.first_name, input.last_name);
        if first.is_none() || last.is_none() {
            let request = self.ask(&USERS, &input.id);
            let user: User = the_one(call, &USERS, request, &input.id).await?.map(map::user)?;
            first = first.or(user.first_name.map(|name| name.to_string()));
            last = last.or(user.last_name.map(|name| name.to_string()));
        }
        let names = json!({ "first_name": first.unwrap_or_default(), "last_name": last.unwrap_or_default() });
        let request = self.http.patch("user-management/entities/users/v1").query("user_uuid", &input.id).json(&names);
        request.guarding(&["user_uuid"]).idempotent().primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DeleteUser for CrowdStrike {
    async fn delete_user(&self, call: &Call, input: DeleteUserInput) -> Result<Reply<User<'static>>> {
        let request = self.delete("user-management/entities/users/v1").query("user_uuid", &input.id);
        match request.guarding(&["user_uuid"]).primary().write(call).await {
            // core has just seen the user: gone in between
            Err(error) if error.was_missing() => Ok(Reply::sent(&input.id).with_effect(Effect::Already)),
            sent => sent.map(|_| Reply::sent(&input.id)),
        }
    }
}
