//! Roles and licences. SCIM has neither as things of their own: they are values of `roles` and `entitlements` on users,
//! so what there is is found by reading the users.

use std::collections::{BTreeMap, HashSet};

use serde_json::value::RawValue;
use serde_json::{Value, json};
use userdir_core::action::*;
use userdir_core::reply::Step;
use userdir_core::scim::{self, Object, replace};
use userdir_core::{Call, Effect, Error, Mapped, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{License, Role, RoleAssignment, User, UserRole};

use crate::paging::{Listing, incomplete};
use crate::patch::{Form, Target, add, holds, items, remove_where, value_of};
use crate::wire::{Holder, ListHead};
use crate::{Scim, map};

fn unreadable(error: serde_json::Error) -> Error {
    Error::unexpected("a user of the server cannot be read").caused_by(error)
}

/// What a user holds, mapped; items without a value are none.
fn held<R>(holder: &Holder<'_>, attribute: &str, map: impl Fn(&RawValue) -> Mapped<Option<R>>) -> Result<Vec<R>> {
    let items = holder.items(attribute).map_err(unreadable)?;
    items.into_iter().filter_map(|raw| map(raw).transpose()).collect::<Mapped<Vec<R>>>().map_err(unreadable)
}

/// The users of a page.
fn holders<'p>(head: &ListHead<'p>) -> Result<Vec<Holder<'p>>> {
    let users = head.resources.iter().flatten();
    users.map(|raw| serde_json::from_str(raw.get())).collect::<Mapped<_>>().map_err(unreadable)
}

impl Scim {
    /// What one user holds.
    async fn held_by<R>(
        &self,
        call: &Call,
        user_id: &str,
        attribute: &str,
        map: impl Fn(&RawValue) -> Mapped<Option<R>>,
    ) -> Result<Vec<R>> {
        let answer = self.http.get("Users").id(user_id).primary().read(call).await?;
        held(&answer.json()?, attribute, map)
    }

    /// The different things that users hold, found by reading every user; sorted by id.
    async fn held_by_all<R>(
        &self,
        call: &Call,
        attribute: &'static str,
        map: fn(&RawValue) -> Mapped<Option<R>>,
        id: fn(&R) -> &str,
    ) -> Result<Vec<R>> {
        let listing = Listing { at: "Users", only: Some(attribute), ..Listing::default() };
        let mut request = PageRequest::first(UserFilter::default());
        let (mut found, mut seen) = (BTreeMap::new(), HashSet::new());
        loop {
            let (page, next) = self.list(call, &request, &listing, scim::user).await?;
            let head = ListHead::of(&page)?;
            let holders = holders(&head)?;
            for holder in &holders {
                for item in held(holder, attribute, map)? {
                    found.entry(id(&item).to_owned()).or_insert(item);
                }
            }
            // people and not items: one that comes twice hides one that is missed
            let before = seen.len();
            seen.extend(holders.iter().map(|holder| holder.id.0.to_string()));
            if !holders.is_empty() && seen.len() == before {
                return Err(Error::unexpected("the server sent the same page twice; going on would never end"));
            }
            let Some(next) = next else {
                let came = seen.len() as u64;
                return match head.total() {
                    Some(total) if came < total => Err(incomplete(came, total)),
                    _ => Ok(found.into_values().collect()),
                };
            };
            request.cursor = Some(next);
        }
    }
}

#[async_trait]
impl ListRoles for Scim {
    async fn list_roles(&self, call: &Call, request: PageRequest<RoleFilter>) -> Result<Page<Role<'static>>> {
        let roles = match &request.filter.user_id {
            Some(user) => self.held_by(call, user, "roles", map::role).await?,
            None => self.held_by_all(call, "roles", map::role, |role| role.id.as_str()).await?,
        };
        Ok(Page::of_values(roles))
    }
}

#[async_trait]
impl ListLicenses for Scim {
    async fn list_licenses(&self, call: &Call, request: PageRequest<LicenseFilter>) -> Result<Page<License<'static>>> {
        let licenses = match &request.filter.user_id {
            Some(user) => self.held_by(call, user, "entitlements", map::license).await?,
            None => self.held_by_all(call, "entitlements", map::license, |license| license.id.as_str()).await?,
        };
        Ok(Page::of_values(licenses))
    }
}

/// The ids of the roles of an input, each once.
fn ids<'r>(roles: &'r [UserRole<'_>]) -> Result<Vec<&'r str>> {
    let mut ids = Vec::new();
    for role in roles {
        let id = role.id.as_deref().ok_or_else(|| {
            Error::invalid("a role needs its `id`: the `value` that the server has")
                .hint("`userdir roles list` shows them")
        })?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// A reply with a step for each role: `effect` for those that were changed.
fn reply(user_id: &str, ids: &[&str], changed: &[&str], effect: Effect) -> Reply<User<'static>> {
    let effect = |id| if changed.contains(id) { effect } else { Effect::Already };
    Reply::sent(user_id).with_steps(ids.iter().map(|id| Step::done(*id, effect(id))).collect())
}

#[async_trait]
impl AssignRole for Scim {
    /// Reads what is held first, since not every server merges what is there twice; all in one change.
    async fn assign_role(&self, call: &Call, input: AssignRoleInput) -> Result<Reply<User<'static>>> {
        let ids = ids(&input.roles)?;
        let target = Target { at: "Users", id: &input.id };
        let user = self.whole(call, target).await?;
        let held = items(&user, "roles");
        let missing: Vec<&str> = ids.iter().copied().filter(|id| !holds(&user, "roles", id)).collect();
        if missing.is_empty() {
            return Ok(reply(&input.id, &ids, &missing, Effect::Already));
        }
        // old servers have plain words
        let has_words = held.iter().any(Value::is_string);
        let item = |id: &&str| if has_words { json!(id) } else { json!({ "value": id }) };
        let new: Vec<Value> = missing.iter().map(item).collect();
        let all: Vec<Value> = held.into_iter().chain(new.clone()).collect();
        let forms = [Form::Patch(vec![add("roles", new)]), Form::Patch(vec![replace("roles", all)])];
        let is_done = |user: &Object| missing.iter().all(|id| holds(user, "roles", id));
        let effect = self.change(call, target, &self.habits.add_role, &forms, is_done).await?;
        Ok(reply(&input.id, &ids, &missing, effect))
    }
}

impl Scim {
    /// Takes those of the roles away that the user holds; gives which.
    async fn take_away<'r>(&self, call: &Call, user_id: &str, ids: &[&'r str]) -> Result<(Vec<&'r str>, Effect)> {
        let target = Target { at: "Users", id: user_id };
        let user = self.whole(call, target).await?;
        let gone: Vec<&str> = ids.iter().copied().filter(|id| holds(&user, "roles", id)).collect();
        if gone.is_empty() {
            return Ok((gone, Effect::Already));
        }
        let is_gone = |item: &Value| value_of(item).is_some_and(|id| gone.contains(&id));
        let rest: Vec<Value> = items(&user, "roles").into_iter().filter(|item| !is_gone(item)).collect();
        let forms = [
            Form::FilterPath(gone.iter().map(|id| remove_where("roles", id)).collect()),
            Form::Patch(vec![replace("roles", rest)]),
            // last, since it may take more away than is named
            Form::Items("roles", gone.clone()),
        ];
        let is_done = |user: &Object| !gone.iter().any(|id| holds(user, "roles", id));
        let effect = self.change(call, target, &self.habits.remove_role, &forms, is_done).await?;
        Ok((gone, effect))
    }
}

#[async_trait]
impl UnassignRole for Scim {
    async fn unassign_role(&self, call: &Call, input: UnassignRoleInput) -> Result<Reply<User<'static>>> {
        let ids = ids(&input.roles)?;
        let (gone, effect) = self.take_away(call, &input.id, &ids).await?;
        let reply = reply(&input.id, &ids, &gone, effect);
        match ids.iter().find(|id| !gone.contains(id)) {
            Some(id) => {
                Ok(reply.note(format!("`{id}` is not held; SCIM has no list of roles that tells a mistyped one")))
            }
            None => Ok(reply),
        }
    }
}

/// Which assignments a filter asks for, beyond the user.
fn of_user(holder: &Holder<'_>, filter: &RoleAssignmentFilter) -> Result<Vec<RoleAssignment<'static>>> {
    let mut assignments = held(holder, "roles", |raw| map::role_assignment(&holder.id.0, raw))?;
    if let Some(role) = &filter.role_id {
        assignments.retain(|held| held.role_id.as_deref() == Some(role));
    }
    Ok(assignments)
}

#[async_trait]
impl ListRoleAssignments for Scim {
    /// A user's roles, or those of a page of users.
    async fn list_role_assignments(
        &self,
        call: &Call,
        request: PageRequest<RoleAssignmentFilter>,
    ) -> Result<Page<RoleAssignment<'static>>> {
        if let Some(user) = &request.filter.user_id {
            let answer = self.http.get("Users").id(user).primary().read(call).await?;
            return Ok(Page::of_values(of_user(&answer.json()?, &request.filter)?));
        }
        let listing = Listing { at: "Users", only: Some("roles"), ..Listing::default() };
        // how many users came before stands in the cursor where there is a total: core counts assignments, which have none
        let counted = |cursor: &str| {
            let (before, cursor) = cursor.split_once('|')?;
            Some((before.parse::<u64>().ok()?, Some(cursor.to_owned())))
        };
        let counted = request.cursor.as_deref().and_then(counted);
        let (before, cursor) = counted.unwrap_or_else(|| (0, request.cursor.clone()));
        let users = PageRequest::first(UserFilter::default()).at(cursor);
        let (page, next) = self.list(call, &users, &listing, scim::user).await?;
        let head = ListHead::of(&page)?;
        let came = before + head.came();
        let next = match (head.total(), next) {
            (Some(total), None) if came < total => return Err(incomplete(came, total)),
            (Some(total), Some(_)) if came > total => {
                return Err(Error::unexpected(format!("the server says there are {total} and goes on after {came}")));
            }
            (Some(_), Some(next)) => Some(format!("{came}|{next}")),
            (_, next) => next,
        };
        let mut assignments = Vec::new();
        for holder in holders(&head)? {
            assignments.extend(of_user(&holder, &request.filter)?);
        }
        Ok(Page::of_values(assignments).next(next))
    }
}

/// Takes an assignment's id apart: user and role.
fn parts(id: &str) -> Result<(&str, &str)> {
    id.split_once(':').ok_or_else(|| {
        Error::invalid("an id of a role assignment is `<user id>:<role>`")
            .hint("take it from `userdir role-assignments list`")
    })
}

#[async_trait]
impl GetRoleAssignment for Scim {
    async fn get_role_assignment(
        &self,
        call: &Call,
        input: GetRoleAssignmentInput,
    ) -> Result<Reply<RoleAssignment<'static>>> {
        let (user, role) = parts(&input.id)?;
        let answer = self.http.get("Users").id(user).primary().read(call).await?;
        let wanted = RoleAssignmentFilter::default().role_id(role);
        let found = of_user(&answer.json()?, &wanted)?.into_iter().next();
        found.map(Reply::read).ok_or_else(|| Error::not_found("the user does not hold the role").about(role))
    }
}

#[async_trait]
impl DeleteRoleAssignment for Scim {
    async fn delete_role_assignment(
        &self,
        call: &Call,
        input: DeleteRoleAssignmentInput,
    ) -> Result<Reply<RoleAssignment<'static>>> {
        let (user, role) = parts(&input.id)?;
        let (_, effect) = self.take_away(call, user, &[role]).await?;
        Ok(Reply::sent(&input.id).with_effect(effect))
    }
}
