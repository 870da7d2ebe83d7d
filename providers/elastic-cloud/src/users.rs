//! Users: members, and those who are invited. Elastic Cloud reads neither by id: the whole list comes and is looked
//! through.

use serde_json::value::RawValue;
use userdir_core::action::*;
use userdir_core::http::{Answer, Request};
use userdir_core::{Call, Effect, Error, ErrorKind, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Text, User};

use crate::ElasticCloud;
use crate::map::{self, INVITATION};
use crate::roles::OWNER;
use crate::seats::{Wanted, body_of, named, one_of, own};
use crate::wire::{self, RoleAssignments};

/// A member as far as roles go.
#[derive(Debug)]
pub(crate) struct Holder {
    pub user: String,
    pub assignments: RoleAssignments,
}

impl Holder {
    fn is_owner(&self) -> bool {
        self.assignments.organization.iter().any(|entry| entry.role_id == OWNER)
    }
}

/// The members as one key sees them.
#[derive(Debug)]
pub(crate) struct Members(Vec<Holder>);

impl Members {
    pub fn iter(&self) -> impl Iterator<Item = &Holder> {
        self.0.iter()
    }

    pub fn find(&self, user: &str) -> Result<&Holder> {
        let found = self.0.iter().find(|member| member.user == user);
        found.ok_or_else(|| Error::not_found("the organization has no such member").about(user))
    }

    /// Whether the key sees every assignment. A key sees those that it may manage; owners, of whom each organization has
    /// one at least, are managed by an owner's key alone.
    pub fn shows_all(&self) -> bool {
        self.0.iter().any(Holder::is_owner)
    }

    /// Refuses to leave the organization without an owner.
    pub fn refuse_last_owner(&self, user: &str) -> Result<()> {
        let (own, others): (Vec<_>, Vec<_>) = self.iter().filter(|it| it.is_owner()).partition(|it| it.user == user);
        match own.is_empty() || !others.is_empty() {
            true => Ok(()),
            false => Err(Error::refused("this is the last owner of the organization")
                .about(user)
                .hint("make somebody else an owner first")),
        }
    }
}

impl ElasticCloud {
    pub(crate) fn list_of(&self, organization: &str, what: &'static str) -> Request {
        self.http.get("organizations").id(organization).path(what)
    }

    /// The members with their roles.
    pub(crate) async fn members(&self, call: &Call, organization: &str) -> Result<Members> {
        Members::read(&self.list_of(organization, "members").read(call).await?)
    }
}

impl Members {
    /// From the answer of the list.
    pub fn read(answer: &Answer) -> Result<Members> {
        let list: wire::Members<wire::Member> = answer.json()?;
        let holder = |member: wire::Member| Holder {
            user: member.user_id.to_string(),
            assignments: member.role_assignments.unwrap_or_default(),
        };
        Ok(Members(list.members.into_iter().map(holder).collect()))
    }
}

/// The cursor of the second part of a list of users.
const INVITED: &str = "invitations";
/// The same, where this key may not be shown all that is held.
const INVITED_AND_HIDDEN: &str = "invitations, hidden";
/// The cursor after all that this key is shown of who holds which role.
pub(crate) const HIDDEN: &str = "hidden";

/// The end of a list of holders that this key may not see whole.
pub(crate) fn hidden() -> Error {
    let message = "roles that this key may not manage are not shown, so others may hold them too";
    Error::new(ErrorKind::Incomplete, message).hint("use an organization owner's key, which sees all")
}

/// The words that users show, and those of which there are none.
const STATUSES: &[&str] = &["active", "invited", "expired", "inactive", "deleted"];

#[async_trait]
impl ListUsers for ElasticCloud {
    /// The members, and then those who are invited. All filters are applied here.
    async fn list_users(&self, call: &Call, request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        let filter = &request.filter;
        let words = filter.status.iter().flat_map(|status| status.values());
        let is_unknown = |word: &&String| !STATUSES.iter().any(|known| known.eq_ignore_ascii_case(word));
        if let Some(word) = words.into_iter().find(is_unknown) {
            return Err(Error::invalid(format!("status `{word}` is unknown here"))
                .hint("the words are active, invited and expired"));
        }
        let organization = self.organization(call, filter.organization_id.as_deref()).await?;
        let page = match request.cursor.as_deref() {
            None => {
                let answer = self.list_of(&organization, "members").primary().read(call).await?;
                let by_role = filter.role_id.is_some() || filter.workspace_id.is_some();
                let is_hidden = by_role && !Members::read(&answer)?.shows_all();
                let next = if is_hidden { INVITED_AND_HIDDEN } else { INVITED };
                Page::<User<'static>>::of_body(answer.body, "members", map::member).next(Some(next.to_owned()))
            }
            Some(HIDDEN) => return Err(hidden()),
            Some(part) => {
                let answer = self.list_of(&organization, INVITED).read(call).await?;
                let next = (part == INVITED_AND_HIDDEN).then(|| HIDDEN.to_owned());
                Page::<User<'static>>::of_body(answer.body, "invitations", map::invitation).next(next)
            }
        };
        Ok(page.rechecked(filter.clone()))
    }
}

/// The invitation of an id, and its token.
fn invited<'a>(list: &wire::Invitations<&'a RawValue>, id: &str) -> Option<(&'a RawValue, Text<'a>)> {
    list.invitations.iter().find_map(|raw| {
        let it: wire::Invitation<'a> = serde_json::from_str(raw.get()).ok()?;
        (map::invitation_id(&it.token) == id).then_some((*raw, it.token))
    })
}

/// In a confirming read: the organization that the write names.
fn written_in(call: &Call) -> Result<Option<String>> {
    let input = call.confirms::<GetUserInput>().unwrap_or_default();
    let changed = call.confirms::<UnassignRoleInput>().unwrap_or_default();
    Ok(input.organization_id.or(named(&changed.roles, &changed.organizations)?.map(str::to_owned)))
}

#[async_trait]
impl GetUser for ElasticCloud {
    async fn get_user(&self, call: &Call, input: GetUserInput) -> Result<Reply<User<'static>>> {
        let id = input.organization_id.or(written_in(call)?);
        let organization = self.organization(call, id.as_deref()).await?;
        let missing = || Error::not_found("the organization has nobody of this id");
        if input.id.starts_with(INVITATION) {
            let answer = self.list_of(&organization, INVITED).primary().read(call).await?;
            let list: wire::Invitations<&RawValue> = answer.json()?;
            let (found, _) = invited(&list, &input.id).ok_or_else(missing)?;
            return Ok(Reply::read(answer.part(found).map(map::invitation)?));
        }
        let answer = self.list_of(&organization, "members").primary().read(call).await?;
        let list: wire::Members<&RawValue> = answer.json()?;
        let is_it = |raw: &&&RawValue| {
            serde_json::from_str::<wire::Member<'_>>(raw.get()).is_ok_and(|it| it.user_id == input.id.as_str())
        };
        let found = list.members.iter().find(is_it).ok_or_else(missing)?;
        let reply = Reply::read(answer.part(found).map(map::member)?);
        Ok(match call.wants("roles") && !Members::read(&answer)?.shows_all() {
            true => reply.note("roles that this key may not manage are not shown; an owner's key sees all"),
            false => reply,
        })
    }
}

#[async_trait]
impl CreateUser for ElasticCloud {
    /// An invitation; the person becomes a member by accepting it.
    async fn create_user(&self, call: &Call, input: CreateUserInput) -> Result<Reply<User<'static>>> {
        let email = match input.emails.as_deref() {
            Some([email]) => email.email.as_ref().map(ToString::to_string),
            _ => None,
        };
        let Some(email) = email else {
            return Err(Error::invalid("an invitation takes exactly one of `emails`"));
        };
        let roles = input.roles.as_deref().unwrap_or_default();
        let named = one_of(input.organization_id.as_deref().into_iter().chain(own(roles)))?;
        let (wanted, organization) = self.wanted(call, roles, Wanted::new, named).await?;
        let role_assignments = if wanted.is_empty() { None } else { Some(body_of(&wanted)?) };
        let body = wire::NewInvitation { emails: vec![email], role_assignments };
        let invite = self.http.post("organizations").id(&organization).path(INVITED).json(&body);
        let Some(answer) = invite.guarding(&["emails", "role_assignments"]).primary().write(call).await? else {
            return Ok(Reply::planned());
        };
        let made: wire::Invitations<&RawValue> = answer.json()?;
        let invitation = made.invitations.first().ok_or_else(|| Error::unexpected("no invitation was answered"))?;
        Ok(Reply::applied(answer.part(invitation).map(map::invitation)?))
    }
}

#[async_trait]
impl DeleteUser for ElasticCloud {
    /// Ends a membership, or cancels an invitation.
    async fn delete_user(&self, call: &Call, input: DeleteUserInput) -> Result<Reply<User<'static>>> {
        let organization = self.organization(call, input.organization_id.as_deref()).await?;
        let delete = self.http.delete("organizations").id(&organization);
        let delete = match input.id.starts_with(INVITATION) {
            true => {
                let answer = self.list_of(&organization, INVITED).read(call).await?;
                let list: wire::Invitations<&RawValue> = answer.json()?;
                // there a moment ago
                let Some((_, token)) = invited(&list, &input.id) else {
                    return Ok(Reply::sent(&input.id).with_effect(Effect::Already));
                };
                // whoever reads the audit could join
                call.mask(&token);
                delete.path(INVITED).id(&token)
            }
            false => {
                self.members(call, &organization).await?.refuse_last_owner(&input.id)?;
                delete.path("members").id(&input.id)
            }
        };
        let effect = match delete.primary().write(call).await {
            // there a moment ago
            Err(error) if error.was_missing() => Effect::Already,
            sent => Effect::of_write(sent?),
        };
        Ok(Reply::sent(&input.id).with_effect(effect))
    }
}
