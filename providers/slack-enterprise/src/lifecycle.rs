//! Creating, changing, deactivating and activating users, and making a member a guest: all by SCIM.

use serde_json::{Map, Value, json};
use userdir_core::action::*;
use userdir_core::http::Request;
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

/// The body of a SCIM patch.
pub(crate) fn patch(operations: Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
}

/// SCIM's attributes of the fields given, by path. The two inputs have the same fields and no common type.
macro_rules! attributes {
    ($input:expr) => {{
        let input = &$input;
        let text = |text: &Option<String>| text.clone().map(Value::from);
        let given: Vec<(&'static str, Option<Value>)> = vec![
            ("userName", username(&input.username)?),
            ("name.givenName", text(&input.first_name)),
            ("name.familyName", text(&input.last_name)),
            ("title", text(&input.title)),
            ("timezone", text(&input.timezone)),
            ("emails", input.emails.as_deref().map(emails).transpose()?),
            ("phoneNumbers", input.phones.as_deref().map(phones).transpose()?),
        ];
        given.into_iter().filter_map(|(path, value)| Some((path, value?)))
    }};
}

/// The longest login name.
const USERNAME: usize = 21;

fn username(name: &Option<String>) -> Result<Option<Value>> {
    match name {
        Some(name) if name.chars().count() > USERNAME || name.to_lowercase() != *name => {
            Err(Error::invalid(format!("`username` must be in lower case, of {USERNAME} characters at most")))
        }
        name => Ok(name.clone().map(Value::from)),
    }
}

fn emails(emails: &[Email<'static>]) -> Result<Value> {
    let is_primary = |email: &Email<'_>| email.is_primary == Some(true);
    if emails.is_empty() || emails.len() > 2 || emails.iter().filter(|email| is_primary(email)).count() > 1 {
        return Err(Error::invalid("`emails` do not fit: Slack keeps one or two addresses, of which one is primary"));
    }
    let first = emails.iter().position(is_primary).unwrap_or(0);
    let items = emails.iter().enumerate().map(|(index, email)| {
        let mut item = json!({ "value": email.email, "primary": index == first });
        if let (Some(kind), Some(item)) = (&email.r#type, item.as_object_mut()) {
            item.insert("type".to_owned(), kind.as_str().into());
        }
        item
    });
    Ok(items.collect())
}

fn phones(phones: &[Phone<'static>]) -> Result<Value> {
    if phones.iter().any(|phone| phone.extension.is_some()) {
        return Err(Error::invalid("`phones` do not fit: Slack keeps no extensions"));
    }
    Ok(phones.iter().map(|phone| json!({ "value": phone.number, "type": phone.r#type })).collect())
}

#[async_trait]
impl CreateUser for SlackEnterprise {
    async fn create_user(&self, call: &Call, input: CreateUserInput) -> Result<Reply<User<'static>>> {
        let mut body = Map::new();
        body.insert("schemas".to_owned(), json!(["urn:ietf:params:scim:schemas:core:2.0:User"]));
        for (path, value) in attributes!(input) {
            match path.split_once('.') {
                None => drop(body.insert(path.to_owned(), value)),
                Some((outer, inner)) => {
                    let outer = body.entry(outer).or_insert_with(|| json!({}));
                    outer.as_object_mut().map(|outer| outer.insert(inner.to_owned(), value));
                }
            }
        }
        body.extend(input.external_id.map(|id| ("externalId".to_owned(), id.into())));
        body.extend(input.password.map(|password| ("password".to_owned(), password.expose().into())));
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
        let replace = |(path, value)| json!({ "op": "replace", "path": path, "value": value });
        let operations: Value = attributes!(input).map(replace).collect();
        self.patch_user(&input.id, &patch(operations)).idempotent().write(call).await?;
        Ok(Reply::sent(&input.id))
    }
}

impl SlackEnterprise {
    /// The operations decide what changes, `active` too: others would go past the checks.
    fn patch_user(&self, user_id: &str, body: &Value) -> Request {
        self.scim.patch("Users").id(user_id).json(body).guarding(&["Operations"]).primary()
    }

    /// SCIM's `DELETE`, which deactivates, and may be repeated.
    async fn deactivate(&self, call: &Call, user_id: &str) -> Result<Reply<User<'static>>> {
        self.refuse_own(call, user_id).await?;
        let answer = self.info(user_id).read(call).await?;
        if map::account_type_in_org(&read_info(&answer)?) == Some(AccountType::PrimaryOwner) {
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
        let body = patch(json!([{ "op": "replace", "path": "active", "value": true }]));
        self.patch_user(&input.user_id, &body).write(call).await?;
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
        let user = read_info(&answer)?;
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
    ) -> Result<Option<userdir_core::http::Answer>> {
        let mut refused = None;
        for form in forms {
            let request = self.scim.patch(at).id(id).json(form).guarding(&["Operations"]).primary();
            match request.write(call).await {
                Err(error) if error.kind() == ErrorKind::InvalidRequest && error.vendor().is_some() => {
                    refused = Some(error);
                }
                sent => return sent,
            }
        }
        Err(refused.unwrap_or_else(|| Error::unexpected("no form of the change is left")))
    }
}
