//! Users and invitations: list, get, create (which invites), delete (which removes from the workspace).

use serde_json::json;
use serde_json::value::RawValue;
use userdir_core::action::*;
use userdir_core::http::Pass;
use userdir_core::page::MapItem;
use userdir_core::{Call, Effect, Error, ErrorKind, Mapped, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Email, User, UserWorkspace};

use crate::{Segment, access, map, of_a_change, wire};

#[async_trait]
impl ListUsers for Segment {
    /// The invitations that are open, and then users: whoever accepts meanwhile is there twice and never not at all. Segment
    /// filters nothing.
    async fn list_users(&self, call: &Call, request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        let filter = &request.filter;
        let wants = |status: &str| filter.status.as_ref().is_none_or(|wanted| wanted.takes(status));
        let pass = Pass::of(request.cursor.as_deref())?;
        let (users, invites) = (wants("active"), wants("invited"));
        if invites && pass.name != USERS {
            let (list, items) = match &filter.group_id {
                Some(group) => (self.http.get("groups").id(group).path("invites"), "data.emails"),
                None => (self.http.get("invites"), "data.invites"),
            };
            // what is passed through goes to one of the lists
            let list = if users { list } else { list.primary() };
            let (paging, next) = (self.paged(items), users.then(|| USERS.to_owned()));
            let (slice, next) = pass.read(call, list, request.wanted, &paging, INVITES, next).await?;
            let emails: Vec<String> = slice.each(|raw| serde_json::from_str(raw.get()))?;
            let workspace = self.of_users(call, emails.is_empty()).await?;
            let invited = emails.into_iter().map(|email| User { workspaces: workspace.clone(), ..map::invite(email) });
            return Ok(Page::of_values(invited.collect()).next(next).rechecked(filter.clone()));
        }
        if !users {
            return Ok(Page::of_values(Vec::new()));
        }
        let list = match &filter.group_id {
            Some(group) => self.http.get("groups").id(group).path("users"),
            None => self.http.get("users"),
        };
        let paging = self.paged("data.users");
        let (slice, next) = pass.read(call, list.primary(), request.wanted, &paging, USERS, None).await?;
        let is_empty = slice.each(|_| Ok(()))?.is_empty();
        let map = InWorkspace(self.of_users(call, is_empty).await?);
        let page = Page::<User<'static>>::of_body(slice.answer.body, "data.users", map);
        Ok(page.next(next).rechecked(filter.clone()))
    }
}

/// Names of the passes.
const INVITES: &str = "invites";
const USERS: &str = "users";

/// Maps users of the token's workspace.
struct InWorkspace(Option<Vec<UserWorkspace<'static>>>);

impl MapItem<User<'static>> for InWorkspace {
    fn map<'a>(&self, raw: &'a RawValue) -> Mapped<User<'a>> {
        Ok(User { workspaces: self.0.clone(), ..map::user(raw)? })
    }
}

impl Segment {
    /// The workspace as users show it, where that is wanted.
    async fn of_users(&self, call: &Call, is_empty: bool) -> Result<Option<Vec<UserWorkspace<'static>>>> {
        match !is_empty && call.wants("workspaces") {
            true => Ok(Some(vec![map::user_workspace(self.workspace(call).await?)])),
            false => Ok(None),
        }
    }

    /// A user with permissions.
    pub(crate) async fn holder(&self, call: &Call, user_id: &str) -> Result<wire::Holder> {
        refuse_invitation(user_id)?;
        let answer = self.http.get("users").id(user_id).read(call).await?;
        let it: wire::Wrapped<wire::UserAnswer> = answer.json()?;
        Ok(it.data.user)
    }

    /// Refuses to take the last owner's access: nobody could give it back. Costs a call a user, up to the next owner.
    pub(crate) async fn refuse_last_owner(&self, call: &Call, user: &wire::Holder) -> Result<()> {
        let id = |raw: &RawValue| Ok(map::user(raw)?.id.to_string());
        let users = self.http.get("users").all(call, &self.paged("data.users"), id).await?;
        for id in users.iter().filter(|id| **id != user.id) {
            if access::is_owner(self.holder(call, id).await?.permissions()?) {
                return Ok(());
            }
        }
        Err(Error::refused("this is the only user with the role Workspace Owner")
            .hint("give another user that role first; an owner by a user group alone does not count here"))
    }

    /// The addresses that are invited.
    async fn invites(&self, call: &Call) -> Result<Vec<String>> {
        let paging = self.paged("data.invites");
        self.http.get("invites").all(call, &paging, |raw| serde_json::from_str(raw.get())).await
    }
}

/// Permissions and groups are a user's; an invitation has none of its own that could be changed.
pub(crate) fn refuse_invitation(user_id: &str) -> Result<()> {
    match map::invited(user_id) {
        None => Ok(()),
        Some(_) => Err(Error::invalid("this is an invitation, which has no user yet; nothing was changed")
            .about(user_id)
            .hint("take it back with `userdir users delete`, and invite anew")),
    }
}

#[async_trait]
impl GetUser for Segment {
    async fn get_user(&self, call: &Call, input: GetUserInput) -> Result<Reply<User<'static>>> {
        if let Some(email) = map::invited(&input.id) {
            let found = self.invites(call).await?.into_iter().find(|invited| invited.eq_ignore_ascii_case(email));
            let found = found.ok_or_else(|| Error::not_found("there is no such invitation").about(input.id.clone()))?;
            return Ok(Reply::read(User { workspaces: self.of_users(call, false).await?, ..map::invite(found) }));
        }
        let answer = self.http.get("users").id(&input.id).primary().read(call).await?;
        let mut user: User = answer.map_at("data.user", map::user)?;
        if call.wants("groups") {
            user.groups = Some(self.groups_of(call, &input.id).await?);
        }
        user.workspaces = self.of_users(call, false).await?;
        Ok(Reply::read(user))
    }
}

#[async_trait]
impl CreateUser for Segment {
    /// An invitation with roles on the workspace.
    async fn create_user(&self, call: &Call, input: CreateUserInput) -> Result<Reply<User<'static>>> {
        let email = match input.emails.as_deref() {
            Some([Email { email: Some(email), r#type, is_primary }])
                if *is_primary != Some(false) && r#type.as_deref().is_none_or(|kind| kind == "work") =>
            {
                email
            }
            _ => {
                return Err(Error::invalid("`emails` does not fit: an invitation goes to one address, of type `work`"));
            }
        };
        let roles = input.roles.unwrap_or_default();
        let roles = crate::permissions::wanted(&roles, None)?;
        let workspace = self.workspace_named(call, roles.iter().find_map(|role| role.workspace)).await?;
        self.refuse_known(call, email).await?;
        let permissions: Vec<_> = roles.iter().map(|role| access::on_workspace(role.id, &workspace.id)).collect();
        let body = json!({ "invites": [{ "email": email, "permissions": permissions }] });
        let request = self.http.post("invites").json(&body).guarding(&["invites"]).primary();
        match request.write(call).await.map_err(of_a_change)? {
            Some(_) => Ok(Reply::applied(map::invite(email.as_str().to_owned()))),
            None => Ok(Reply::planned()),
        }
    }
}

impl Segment {
    /// Refuses an address that is invited, or a user's: what Segment says to it is not documented.
    async fn refuse_known(&self, call: &Call, email: &str) -> Result<()> {
        let conflict = |what: &'static str| Err(Error::new(ErrorKind::Conflict, what));
        if self.invites(call).await?.iter().any(|invited| invited.eq_ignore_ascii_case(email)) {
            return conflict("the address is invited already");
        }
        let is_same = |raw: &RawValue| {
            let it: wire::User = serde_json::from_str(raw.get())?;
            Ok(it.email.is_some_and(|known| known.eq_ignore_ascii_case(email)))
        };
        match self.http.get("users").all(call, &self.paged("data.users"), is_same).await?.contains(&true) {
            true => conflict("the address is a user's already"),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl DeleteUser for Segment {
    /// Removes a user from the workspace, or takes an invitation back.
    async fn delete_user(&self, call: &Call, input: DeleteUserInput) -> Result<Reply<User<'static>>> {
        let (request, note) = match map::invited(&input.id) {
            Some(email) => (self.only("emails", email, self.http.delete("invites")), None),
            None => {
                let user = self.holder(call, &input.id).await?;
                if access::is_owner(user.permissions()?) {
                    self.refuse_last_owner(call, &user).await?;
                }
                let request = self.only("userIds", &input.id, self.http.delete("users"));
                (request, Some("permissions and group memberships are gone; the person's own Segment account stays"))
            }
        };
        let reply = match request.guarding(&["userIds", "emails"]).primary().write(call).await {
            // there a moment ago: gone in between
            Err(error) if error.was_missing() => Reply::sent(&input.id).with_effect(Effect::Already),
            sent => sent.map(|_| Reply::sent(&input.id)).map_err(of_a_change)?,
        };
        Ok(match note {
            Some(note) => reply.note(note),
            None => reply,
        })
    }
}
