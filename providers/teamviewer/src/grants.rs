//! Roles given and taken. A user's list of roles has those through groups too; who holds a role directly is told by the
//! account assignments, which are read before a change and again after it.

use std::collections::BTreeSet;

use serde_json::json;
use serde_json::value::RawValue;
use userdir_core::action::*;
use userdir_core::http::{Next, Paging, Request, TotalAt};
use userdir_core::mapping::filled;
use userdir_core::reply::Steps;
use userdir_core::{Call, Effect, Error, ErrorKind, Mapped, Outcome, Reply, Result, async_trait};
use userdir_schema::{Role, User, UserOrganization, UserRole};

use crate::lists::GROUPS;
use crate::{TeamViewer, ids, wire};

/// The roles of a user.
const ROLES_OF_USER: Paging = Paging { items: "assignedRoleIds", ..GROUPS };
/// The holders of a role.
const HOLDERS: Paging = Paging {
    items: "AssignedToUsers",
    limit: "",
    max: u32::MAX,
    next: Next::BodyCursor { path: "ContinuationToken", parameter: "continuationToken" },
    total: TotalAt::Nowhere,
};
const GROUP_HOLDERS: Paging = Paging { items: "AssignedToGroups", ..HOLDERS };

fn text(raw: &RawValue) -> Mapped<String> {
    serde_json::from_str(raw.get())
}

impl TeamViewer {
    /// The ids of a user's roles, direct ones and those through groups.
    pub(crate) async fn roles_of(&self, call: &Call, user: &str) -> Result<Vec<String>> {
        self.user_at(self.http.get("api/v1/users"), user)?.path("userroles").all(call, &ROLES_OF_USER, text).await
    }

    /// The same before a change: a user without roles is looked for, since a mistyped id must not read as one.
    async fn roles_of_somebody(&self, call: &Call, user: &str) -> Result<Vec<String>> {
        let roles = self.roles_of(call, user).await?;
        if roles.is_empty() {
            self.user_at(self.http.get("api/v1/users"), user)?.read(call).await?;
        }
        Ok(roles)
    }

    /// The list of the users who hold a role directly.
    pub(crate) fn holders_at(&self, role: &str) -> Request {
        self.http.get("api/v1/userroles/assignments/account").query("userRoleId", role)
    }

    /// The list of the groups that hold a role.
    pub(crate) fn group_holders_at(&self, role: &str) -> Request {
        self.http.get("api/v1/userroles/assignments/usergroups").query("userRoleId", role)
    }

    async fn holds(&self, call: &Call, user: &str, role: &str) -> Result<bool> {
        Ok(holders(call, self.holders_at(role)).await?.contains(user))
    }

    /// The one role of a group.
    async fn role_of_group(&self, call: &Call, group: i64) -> Result<Option<String>> {
        let answer = self.http.get("api/v1/usergroups").id(&group.to_string()).path("userroles").read(call).await?;
        Ok(answer.json::<Option<wire::GroupRole>>()?.and_then(|held| held.assigned_role_id))
    }

    /// Refuses another company than the token's.
    async fn check_places(
        &self,
        call: &Call,
        roles: &[UserRole<'static>],
        organizations: &Option<Vec<UserOrganization<'static>>>,
        steps: &mut Steps,
    ) -> Result<()> {
        if organizations.iter().flatten().any(|it| it.id.is_none()) {
            return Err(Error::invalid("an organization (company) is named by its `id`; nothing was changed"));
        }
        let of_roles = roles.iter().filter_map(|role| role.organization.as_deref());
        let named = organizations.iter().flatten().filter_map(|it| it.id.as_deref()).chain(of_roles);
        let named: Vec<&str> = named.filter(|id| !id.is_empty()).collect();
        if named.is_empty() {
            return Ok(());
        }
        let Some(company) = self.company_if_shown(call).await? else {
            steps.note("TeamViewer does not show this token its company: the one that is named could not be compared");
            return Ok(());
        };
        match named.iter().find(|id| **id != company.company_id.to_string()) {
            None => Ok(()),
            Some(other) => Err(Error::invalid("this is not the company of the token").about(*other)),
        }
    }

    /// Takes a group's one role away, from every member.
    pub(crate) fn unassign_group(&self, group: Option<i64>) -> Request {
        let post = self.http.post("api/v1/userroles/unassign/usergroup").json(&json!({ "UserGroupId": group }));
        post.guarding(&["UserGroupId"])
    }

    /// A word that is no role is a mistake, and must not read as "already taken away".
    pub(crate) async fn refuse_unknown(&self, call: &Call, roles: &[&str]) -> Result<()> {
        if roles.is_empty() {
            return Ok(());
        }
        let catalogue = self.roles(call).await?;
        match roles.iter().find(|role| !catalogue.iter().any(|known| known.id == **role)) {
            None => Ok(()),
            Some(role) => Err(Error::invalid("unknown role; nothing was changed")
                .about(*role)
                .hint("`userdir roles list` shows the ids")),
        }
    }

    /// The roles by their ids, each once; one that has but a name is looked up.
    async fn named(&self, call: &Call, roles: &[UserRole<'static>]) -> Result<Vec<Named>> {
        let mut catalogue = None;
        let mut named: Vec<Named> = Vec::new();
        for role in roles {
            let (id, called) = match (filled(role.id.clone()), filled(role.name.clone())) {
                (Some(id), _) => (id.to_string(), id),
                (None, Some(name)) => {
                    if catalogue.is_none() {
                        catalogue = Some(self.roles(call).await?);
                    }
                    (find_by_name(catalogue.as_deref().unwrap_or_default(), &name)?, name)
                }
                (None, None) => return Err(Error::invalid("each of `roles` needs its `id`, or its `name`")),
            };
            let group = filled(role.group.clone()).map(|group| ids::group(&group)).transpose()?;
            if !named.iter().any(|known| known.id == id && known.group == group) {
                let shown = group.map_or_else(|| called.to_string(), |group| format!("{called} of group {group}"));
                named.push(Named { id, shown, group });
            }
        }
        Ok(named)
    }

    /// What became of a role that was given or taken: the account assignments must show it.
    async fn read_back(&self, call: &Call, user: &str, role: &Named, gives: bool) -> Result<Effect> {
        let holds = self.holds(call, user, &role.id).await.map_err(|error| error.with_outcome(Outcome::Unknown))?;
        match holds == gives {
            true => Ok(Effect::Applied),
            false => {
                Err(Error::unexpected("TeamViewer accepted the change, and its account assignments do not show it")
                    .about(&role.id)
                    .with_outcome(Outcome::Unknown)
                    .hint("look at the Management Console before repeating it"))
            }
        }
    }

    /// Gives or takes roles in one PUT, and gives those of which it is seen. A yes to several proves none of them, so each
    /// has a step of its own.
    async fn change_roles<'n>(
        &self,
        call: &Call,
        user: &str,
        roles: &'n [Named],
        changes: wire::UserChanges<'_>,
        steps: &mut Steps,
    ) -> Result<Vec<&'n Named>> {
        let mut changed = Vec::new();
        if roles.is_empty() {
            return Ok(changed);
        }
        let sent = steps.send(call, self.put(user, &changes)?).await;
        if !matches!(sent, Ok(Some(_))) {
            steps.add_all(shown(roles), sent.map(Effect::of_write));
            return Ok(changed);
        }
        for role in roles {
            let effect = self.read_back(call, user, role, changes.assign.is_some()).await;
            if effect.is_ok() {
                changed.push(role);
            }
            steps.add(&role.shown, effect);
        }
        Ok(changed)
    }
}

/// The users of such a list, by id.
pub(crate) async fn holders(call: &Call, list: Request) -> Result<BTreeSet<String>> {
    Ok(list.all(call, &HOLDERS, text).await?.into_iter().collect())
}

/// The groups of such a list, by number.
pub(crate) async fn group_holders(call: &Call, list: Request) -> Result<BTreeSet<i64>> {
    Ok(list.all(call, &GROUP_HOLDERS, |raw| serde_json::from_str(raw.get())).await?.into_iter().collect())
}

/// A role that was named, by its id.
#[derive(Debug)]
struct Named {
    id: String,
    /// What the steps call it.
    shown: String,
    /// The group whose role it is.
    group: Option<i64>,
}

fn find_by_name(catalogue: &[Role<'static>], name: &str) -> Result<String> {
    let mut found = catalogue.iter().filter(|role| role.name.as_deref() == Some(name));
    match (found.next(), found.next()) {
        (Some(role), None) => Ok(role.id.to_string()),
        (None, _) => Err(Error::invalid("no role has this name; nothing was changed")
            .about(name)
            .hint("`userdir roles list` shows names and ids")),
        (Some(_), Some(_)) => Err(Error::invalid("several roles have this name; give the id").about(name)),
    }
}

fn ids_of(roles: &[Named]) -> Option<Vec<&str>> {
    (!roles.is_empty()).then(|| roles.iter().map(|role| role.id.as_str()).collect())
}

fn shown(roles: &[Named]) -> impl Iterator<Item = &str> {
    roles.iter().map(|role| role.shown.as_str())
}

fn through_a_group() -> Error {
    Error::new(ErrorKind::Conflict, "the role comes through a user group and is not taken from one user")
        .hint("take the user out of the group, or the role from the group: name that in `roles[].group`")
}

#[async_trait]
impl AssignRole for TeamViewer {
    /// One PUT with all that is not held directly.
    async fn assign_role(&self, call: &Call, input: AssignRoleInput) -> Result<Reply<User<'static>>> {
        let user = ids::user(&input.id)?;
        let (roles, mut steps, mut new) = (input.placed_roles(), Steps::default(), Vec::new());
        self.check_places(call, &roles, &input.organizations, &mut steps).await?;
        let named = self.named(call, &roles).await?;
        let held = self.roles_of_somebody(call, &user).await?;
        for role in named {
            if held.contains(&role.id) && self.holds(call, &user, &role.id).await? {
                steps.add(&role.shown, Ok(Effect::Already));
            } else {
                new.push(role);
            }
        }
        self.refuse_unknown(call, &ids_of(&new).unwrap_or_default()).await?;
        let changes = wire::UserChanges { assign: ids_of(&new), ..Default::default() };
        self.change_roles(call, &user, &new, changes, &mut steps).await?;
        steps.finish(Reply::sent(&user))
    }
}

#[async_trait]
impl UnassignRole for TeamViewer {
    /// One PUT for the roles held directly; a group's role only where the group is named, since it is every member's.
    async fn unassign_role(&self, call: &Call, input: UnassignRoleInput) -> Result<Reply<User<'static>>> {
        let user = ids::user(&input.id)?;
        let (roles, mut steps) = (input.placed_roles(), Steps::default());
        self.check_places(call, &roles, &input.organizations, &mut steps).await?;
        let named = self.named(call, &roles).await?;
        let held = self.roles_of_somebody(call, &user).await?;
        let (mut direct, mut of_groups, mut not_held, mut stay) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for role in named {
            let is_held = match role.group {
                Some(group) => self.holds_through(call, &user, &role.id, group).await?,
                None => held.contains(&role.id),
            };
            match role.group {
                _ if !is_held => not_held.push(role),
                Some(_) => of_groups.push(role),
                None if self.holds(call, &user, &role.id).await? => direct.push(role),
                None => stay.push(role),
            }
        }
        // named with its group too, and what becomes of it is told there
        stay.retain(|role: &Named| of_groups.iter().all(|of_group: &Named| of_group.id != role.id));
        self.refuse_unknown(call, &ids_of(&not_held).unwrap_or_default()).await?;
        if !direct.is_empty() || !of_groups.is_empty() {
            self.refuse_owner(call, &user).await?;
        }
        steps.add_all(shown(&not_held), Ok(Effect::Already));
        let changes = wire::UserChanges { unassign: ids_of(&direct), ..Default::default() };
        let mut taken = self.change_roles(call, &user, &direct, changes, &mut steps).await?;
        for role in &of_groups {
            let sent = steps.send(call, self.unassign_group(role.group)).await;
            if matches!(sent, Ok(Some(_))) {
                taken.push(role);
            }
            steps.add(&role.shown, sent.map(Effect::of_write));
        }
        if !taken.is_empty() {
            // held in another way too: that is no success
            match self.roles_of(call, &user).await {
                Ok(left) => {
                    for role in taken.into_iter().filter(|role| left.contains(&role.id)) {
                        let way = if role.group.is_some() { "in another way" } else { "through a user group" };
                        steps.add(format!("{} {way}", role.shown), Err(through_a_group()));
                    }
                }
                Err(error) => steps.add("a look at what is left", Err(error.with_outcome(Outcome::Unknown))),
            }
        }
        stay.iter().for_each(|role| steps.add(&role.shown, Err(through_a_group())));
        steps.finish(Reply::sent(&user)).map(|reply| self.told(reply))
    }
}

impl TeamViewer {
    /// Whether a role is a group's and the user is in the group.
    async fn holds_through(&self, call: &Call, user: &str, role: &str, group: i64) -> Result<bool> {
        if self.role_of_group(call, group).await?.as_deref() != Some(role) {
            return Ok(false);
        }
        match self.members(call, &group.to_string()).await?.contains(user) {
            true => Ok(true),
            false => Err(Error::invalid("the user is not in this group; nothing was changed").about(group.to_string())),
        }
    }
}

#[async_trait]
impl DowngradeUser for TeamViewer {
    /// One PUT that gives the role and takes the other direct ones.
    async fn downgrade_user(&self, call: &Call, input: DowngradeUserInput) -> Result<Reply<User<'static>>> {
        let user = ids::user(&input.user_id)?;
        let wanted = input.role_id.unwrap_or_default();
        let held = self.roles_of_somebody(call, &user).await?;
        let role = |id: &str| Named { id: id.to_owned(), shown: id.to_owned(), group: None };
        let (mut give, mut take, mut stay) = (vec![role(&wanted)], Vec::new(), Vec::new());
        for id in &held {
            match self.holds(call, &user, id).await? {
                true if *id == wanted => give.clear(),
                true => take.push(role(id)),
                false if *id != wanted => stay.push(id.as_str()),
                false => {}
            }
        }
        let told = |reply: Reply<User<'static>>| match stay.as_slice() {
            [] => reply,
            roles => reply.note(format!("stays, since it comes through a user group: {}", roles.join(", "))),
        };
        if give.is_empty() && take.is_empty() {
            return Ok(told(Reply::sent(&user).with_effect(Effect::Already)));
        }
        self.refuse_unknown(call, &ids_of(&give).unwrap_or_default()).await?;
        if !take.is_empty() {
            self.refuse_owner(call, &user).await?;
        }
        let changes = wire::UserChanges { assign: ids_of(&give), unassign: ids_of(&take), ..Default::default() };
        if self.put(&user, &changes)?.write(call).await?.is_some() {
            self.read_back(call, &user, &role(&wanted), true).await?;
            for role in &take {
                self.read_back(call, &user, role, false).await?;
            }
        }
        Ok(self.told(told(Reply::sent(&user))))
    }
}
