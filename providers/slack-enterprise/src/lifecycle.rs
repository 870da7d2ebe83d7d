//! Creating, changing, deactivating and activating users, and making a member a guest: all by SCIM.

use serde_json::{Value, json};
use userdir_core::action::*;
use userdir_core::http::Answer;
use userdir_core::mapping::no_room;
use userdir_core::scim::{self, patch, replace, replacing};
use userdir_core::{Call, Effect, Error, ErrorKind, Reply, Result, async_trait};
use userdir_schema::{Email, Phone, Status, User};

use crate::catalogue::AccountType;
use crate::grants::untold;
use crate::users::read_info;
use crate::{SlackEnterprise, map, one_id};

/// Slack erases nobody: deleted is deactivated.
pub fn is_deactivated(user: &User<'_>) -> Shows {
    Shows::from_option(user.status.as_ref().map(|status| *status == Status::Inactive))
}

/// The longest login name.
const USERNAME: usize = 21;

/// Refuses what Slack keeps no place for.
fn check(username: Option<&str>, emails: Option<&[Email<'_>]>, phones: Option<&[Phone<'_>]>) -> Result<()> {
    if username.is_some_and(|name| name.chars().count() > USERNAME || name.to_lowercase() != name) {
        return Err(Error::invalid(format!("`username` must be in lower case, of {USERNAME} characters at most")));
    }
    let are_two = |emails: &[Email<'_>]| {
        matches!(emails.len(), 1 | 2) && emails.iter().filter(|email| email.is_primary == Some(true)).count() <= 1
    };
    if emails.is_some_and(|emails| !are_two(emails)) {
        return Err(no_room("emails", "Slack", "one or two addresses, of which one is primary"));
    }
    match phones.is_some_and(|phones| phones.iter().any(|phone| phone.extension.is_some())) {
        true => Err(no_room("phones", "Slack", "no extensions")),
        false => Ok(()),
    }
}

#[async_trait]
impl CreateUser for SlackEnterprise {
    async fn create_user(&self, call: &Call, input: CreateUserInput) -> Result<Reply<User<'static>>> {
        check(input.username.as_deref(), input.emails.as_deref(), input.phones.as_deref())?;
        let mut body = scim::attributes(&input)?;
        body.insert("schemas".to_owned(), json!([scim::USER]));
        match self.scim.post("Users").json(&body).primary().write(call).await? {
            Some(answer) => Ok(Reply::applied(answer.map(map::scim_user)?)),
            None => Ok(Reply::planned()),
        }
    }
}

#[async_trait]
impl UpdateUser for SlackEnterprise {
    /// A partial update: `PUT` would clear what is left out.
    async fn update_user(&self, call: &Call, input: UpdateUserInput) -> Result<Reply<User<'static>>> {
        check(input.username.as_deref(), input.emails.as_deref(), input.phones.as_deref())?;
        let operations = replacing(&scim::attributes(&input)?);
        if operations.is_empty() {
            return Err(Error::invalid("nothing is given that is to change")
                .hint("`remote_data` alone changes nothing: SCIM's operations are made of the members of the action"));
        }
        self.scim_patch("Users", &input.id, &patch(operations)).idempotent().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

impl SlackEnterprise {
    /// SCIM's `DELETE`, which deactivates, and may be repeated.
    async fn deactivate(&self, call: &Call, user_id: &str) -> Result<Reply<User<'static>>> {
        self.refuse_own(call, user_id).await?;
        let answer = self.info(user_id).read(call).await?;
        if map::account_type_in_org(&read_info(&answer, user_id)?) == Some(AccountType::PrimaryOwner) {
            return Err(Error::refused("this is the primary owner of the organization")
                .hint("let the primary owner hand the organization over first"));
        }
        self.scim.delete("Users").id(user_id).primary().write(call).await?;
        // `active` turns false only after a while
        Ok(Reply::sent(user_id))
    }
}

#[async_trait]
impl DeleteUser for SlackEnterprise {
    async fn delete_user(&self, call: &Call, input: DeleteUserInput) -> Result<Reply<User<'static>>> {
        self.deactivate(call, &input.id).await
    }
}

#[async_trait]
impl DeactivateUser for SlackEnterprise {
    async fn deactivate_user(&self, call: &Call, input: DeactivateUserInput) -> Result<Reply<User<'static>>> {
        self.deactivate(call, &input.user_id).await
    }
}

#[async_trait]
impl ActivateUser for SlackEnterprise {
    async fn activate_user(&self, call: &Call, input: ActivateUserInput) -> Result<Reply<User<'static>>> {
        self.scim_patch("Users", &input.user_id, &patch(vec![replace("active", true)])).write(call).await?;
        Ok(Reply::sent(&input.user_id))
    }
}

/// The extension that makes somebody a guest.
const GUEST: &str = "urn:ietf:params:scim:schemas:extension:slack:guest:2.0:User";

/// Making somebody a guest of several channels, in the order to try: that Slack takes the extension as a path is unverified.
fn guest_forms() -> [Value; 2] {
    [
        patch(json!([{ "op": "add", "path": GUEST, "value": { "type": "multi" } }])),
        patch(json!([{ "op": "add", "value": { (GUEST): { "type": "multi" } } }])),
    ]
}

#[async_trait]
impl DowngradeUser for SlackEnterprise {
    /// A member becomes a guest of several channels. SCIM would activate a deactivated one with it, so that is refused.
    async fn downgrade_user(&self, call: &Call, input: DowngradeUserInput) -> Result<Reply<User<'static>>> {
        let wanted = AccountType::Restricted.id();
        if input.role_id.as_deref() != Some(wanted) {
            return Err(Error::invalid(format!("`role_id` must be `{wanted}`: a multi-channel guest"))
                .hint("to make an owner or administrator a member, use users/unassign-role"));
        }
        one_id("user_id", &input.user_id)?;
        let answer = self.info(&input.user_id).read(call).await?;
        let user = read_info(&answer, &input.user_id)?;
        let refuse = |why: &'static str| Err(Error::refused(why).about(&input.user_id));
        match map::account_type_in_org(&user).ok_or_else(untold)? {
            AccountType::Restricted => {
                return Ok(Reply::sent(&input.user_id).with_effect(Effect::Already));
            }
            _ if user.deleted == Some(true) => {
                return refuse("the user is deactivated, and becoming a guest would activate the account again");
            }
            AccountType::UltraRestricted => return refuse("the user is a single-channel guest, which is less already"),
            AccountType::PrimaryOwner | AccountType::Owner | AccountType::Admin => {
                return refuse("an owner or administrator cannot become a guest; take that role away first");
            }
            AccountType::Member => {}
        }
        self.first_taken(call, "Users", &input.user_id, &guest_forms()).await?;
        Ok(Reply::sent(&input.user_id))
    }
}

impl SlackEnterprise {
    /// Sends the first form of a SCIM patch, and the next one only where Slack refuses it as wrong, which changes nothing.
    /// None in plan mode.
    pub(crate) async fn first_taken(
        &self,
        call: &Call,
        at: &'static str,
        id: &str,
        forms: &[Value],
    ) -> Result<Option<Answer>> {
        let mut refused = None;
        for form in forms {
            match self.scim_patch(at, id, form).write(call).await {
                Err(error) if error.kind() == ErrorKind::InvalidRequest && error.vendor().is_some() => {
                    refused = Some(error);
                }
                sent => return sent,
            }
        }
        Err(refused.unwrap_or_else(|| Error::unexpected("no form of the change is left")))
    }
}
