//! Users: list, get, create, update, delete.

use std::collections::HashSet;

use serde_json::{Value, json};
use userdir_core::action::*;
use userdir_core::mapping::check_length;
use userdir_core::{Call, Effect, Error, ErrorKind, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Email, User};

use crate::paging::paged;
use crate::{Zoom, map, passes, wire};

#[async_trait]
impl ListUsers for Zoom {
    /// Status by status. Addresses are asked for one by one, and the members of a group in a list of its own.
    async fn list_users(&self, call: &Call, request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        let filter = &request.filter;
        if let Some(group) = &filter.group_id {
            return self.members(call, &request, group).await;
        }
        if let Some(addresses) = &filter.emails {
            return self.by_address(call, filter, addresses).await;
        }
        let statuses = passes::statuses(filter.status.as_ref())?;
        let Some(users) = self.by_status(call, &request, filter.role_id.as_deref(), &statuses).await? else {
            return Ok(Page::of_values(Vec::new()));
        };
        let is_filled = !users.each(|_| Ok(()))?.is_empty();
        let named = self.named(call, is_filled, is_filled).await?;
        let page = Page::<User<'static>>::of_body(users.answer.body, "users", named);
        Ok(page.next(users.next).rechecked(filter.clone()))
    }
}

impl Zoom {
    /// The members of a group. Zoom tells little of each.
    async fn members(
        &self,
        call: &Call,
        request: &PageRequest<UserFilter>,
        group: &str,
    ) -> Result<Page<User<'static>>> {
        let filter = &request.filter;
        let shown = (&filter.status, &filter.role_id, &filter.external_id, &filter.created_at);
        if !matches!(shown, (None, None, None, None)) {
            return Err(Error::invalid("`group_id` works together with names, `emails` and `user_type` alone")
                .hint("Zoom's list of a group's members shows nothing else"));
        }
        let members = self.http.get("groups").id(group).path("members");
        Ok(members.page(call, request, &paged("members"), map::user).await?.rechecked(filter.clone()))
    }

    /// Zoom finds a user by the exact address; one of another account is as good as none.
    async fn by_address(&self, call: &Call, filter: &UserFilter, addresses: &Match) -> Result<Page<User<'static>>> {
        let mut users: Vec<User> = Vec::new();
        for (number, address) in addresses.values().iter().enumerate() {
            let request = self.http.get("users").id(address);
            let request = if number == 0 { request.primary() } else { request };
            match request.read(call).await {
                Ok(answer) => users.push(answer.map(map::user)?),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        // two spellings of an address
        let mut ids = HashSet::new();
        users.retain(|user| ids.insert(user.id.clone()));
        let named = self.named(call, !users.is_empty(), !users.is_empty()).await?;
        users.iter_mut().for_each(|user| named.fill(user));
        Ok(Page::of_values(users).rechecked(filter.clone()))
    }

    /// Zoom takes an address for an id, and `me` for the token's own user. Here an id is one: who is named in two ways would
    /// be taken for two.
    pub(crate) fn refuse_other_names(named: &str, user: &wire::User<'_>) -> Result<()> {
        match &user.id {
            Some(id) if !id.is_empty() && id.as_str() != named => {
                Err(Error::invalid("this is not the user's id; nothing was changed")
                    .about(named)
                    .hint(format!("the user's id is `{id}`; addresses are for users who have not accepted yet")))
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl GetUser for Zoom {
    async fn get_user(&self, call: &Call, input: GetUserInput) -> Result<Reply<User<'static>>> {
        let answer = self.http.get("users").id(&input.id).primary().read(call).await?;
        Zoom::refuse_other_names(&input.id, &answer.json()?)?;
        let mut user: User = answer.map(map::user)?;
        let has_groups = user.groups.as_ref().is_some_and(|groups| !groups.is_empty());
        self.named(call, false, has_groups).await?.fill(&mut user);
        Ok(Reply::read(user))
    }
}

#[async_trait]
impl CreateUser for Zoom {
    /// An invitation: the user is pending until it is accepted, and basic unless a seat is asked for.
    async fn create_user(&self, call: &Call, input: CreateUserInput) -> Result<Reply<User<'static>>> {
        let [Email { email: Some(email), is_primary, .. }] = input.emails.as_deref().unwrap_or_default() else {
            return Err(Error::invalid("`emails` does not fit: Zoom keeps one address, the one to sign in with"));
        };
        if *is_primary == Some(false) {
            return Err(Error::invalid("`emails` does not fit: the one address is the primary one"));
        }
        check_length("emails", Some(email), 0..=128)?;
        check_length("first_name", input.first_name.as_deref(), 0..=64)?;
        check_length("last_name", input.last_name.as_deref(), 0..=64)?;
        let kind = match input.user_type.as_deref() {
            None => wire::BASIC,
            Some(word) => {
                let known = map::SEATS.iter().find(|(number, id, _)| *id == word && *number <= 3);
                known.map(|(number, ..)| *number).ok_or_else(|| {
                    Error::invalid(format!(
                        "`{word}` is no `user_type` of a new user; it must be one of `basic`, `licensed`, `on_prem`"
                    ))
                })?
            }
        };
        let user_info = wire::given([
            ("email", Some(email.as_str().into())),
            ("type", Some(kind.into())),
            ("first_name", input.first_name.map(Value::from)),
            ("last_name", input.last_name.map(Value::from)),
            ("display_name", input.name.map(Value::from)),
        ]);
        let request = self.http.post("users").json(&json!({ "action": "create", "user_info": user_info }));
        match request.primary().write(call).await? {
            // a pending user may not be shown under the id that was answered
            Some(answer) => Ok(Reply::pending(answer.map(map::user)?)),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl UpdateUser for Zoom {
    async fn update_user(&self, call: &Call, input: UpdateUserInput) -> Result<Reply<User<'static>>> {
        check_length("first_name", input.first_name.as_deref(), 0..=64)?;
        check_length("last_name", input.last_name.as_deref(), 0..=64)?;
        check_length("title", input.title.as_deref(), 0..=128)?;
        let language = match input.languages.as_deref() {
            None => None,
            Some([language]) => Some(language.as_str()),
            Some(_) => return Err(Error::invalid("`languages` does not fit: Zoom keeps one language")),
        };
        let changes = wire::given([
            ("first_name", input.first_name.map(Value::from)),
            ("last_name", input.last_name.map(Value::from)),
            ("display_name", input.name.map(Value::from)),
            ("job_title", input.title.map(Value::from)),
            ("timezone", input.timezone.map(Value::from)),
            ("language", language.map(Value::from)),
        ]);
        self.http.patch("users").id(&input.id).json(&changes).idempotent().primary().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

#[async_trait]
impl DeleteUser for Zoom {
    /// Takes the user off the account: Zoom's own default, which leaves the person a personal account.
    async fn delete_user(&self, call: &Call, input: DeleteUserInput) -> Result<Reply<User<'static>>> {
        let answer = self.http.get("users").id(&input.id).read(call).await?;
        answer.json::<wire::User>()?.refuse_owner("whom Zoom does not let go")?;
        match self.http.delete("users").id(&input.id).primary().write(call).await {
            // there a moment ago: gone in between
            Err(error) if error.was_missing() => Ok(Reply::sent(&input.id).with_effect(Effect::Already)),
            Err(error) if matches!(error.vendor_code(), Some("1107" | "1117")) => Err(error.hint(
                "Zoom does not disassociate administrators and users of managed domains: take the role away first, or \
                 delete for good with `action=delete` in `remote_query`",
            )),
            sent => sent.map(|_| Reply::sent(&input.id)),
        }
    }
}
