//! Lifecycle of users: deactivate, activate, suspend and unsuspend (freezing the sign-in), and delete, which is
//! deactivating, since Salesforce keeps every user.

use serde_json::json;
use userdir_core::action::*;
use userdir_core::reply::{Steps, Unreadable};
use userdir_core::{Call, Effect, Error, ErrorKind, Reply, Result, async_trait};
use userdir_schema::{Status, Unified, User};

use crate::map::FROZEN;
use crate::soql::Query;
use crate::{Salesforce, id, map, wire};

/// Cannot sign in and takes no licence; frozen is on the way there, since the licence is still held. Without a status the
/// user is active, and may be frozen.
pub fn is_deactivated(user: &User<'_>) -> Shows {
    match &user.status {
        Some(Status::Inactive) => Shows::Yes,
        Some(status) if status.as_str() == FROZEN => Shows::Underway,
        _ => Shows::No,
    }
}

/// Frozen; deactivated is something else.
pub fn is_frozen(user: &User<'_>) -> Shows {
    Shows::from_option(user.status.as_ref().map(|status| status.as_str() == FROZEN))
}

impl Salesforce {
    /// The user as it is now, without what stands in other objects. The names are for a note.
    pub(crate) async fn current(&self, call: &Call, user: &str) -> Result<User<'static>> {
        id::expect(user, id::USER, "a user")?;
        let fields =
            "Id, IsActive, ProfileId, Profile.Name, Profile.UserLicenseId, Profile.UserLicense.Name, UserRoleId";
        let query = Query::new(fields, "User").or("Id, IsActive, ProfileId, UserRoleId").is("Id", user);
        self.one(call, &query).await?.map(map::user)
    }

    async fn is_active(&self, call: &Call, user: &str) -> Result<bool> {
        let status = self.current(call, user).await?.status;
        let status = status.ok_or_else(|| Error::unexpected("the vendor does not say whether the user is active"))?;
        Ok(status == Status::Active)
    }

    /// The user's sign-in; one who was never made able to sign in has none.
    async fn login(&self, call: &Call, user: &str) -> Result<Option<wire::UserLogin>> {
        let query = Query::new("Id, UserId, IsFrozen", "UserLogin").is("UserId", user);
        Ok(self.rows(call, &query, map::login).await?.into_iter().next())
    }

    /// Refuses to lock out the user whose token this is: nothing could undo it through the same token.
    pub(crate) async fn refuse_own(&self, call: &Call, user: &str) -> Result<()> {
        let own = match self.own.get() {
            Some(own) => own.clone(),
            None => {
                let own = match self.own_id(call).await {
                    Ok(own) => Some(own),
                    // a token without the scope cannot be guarded here; Salesforce has guards of its own
                    Err(error) if matches!(error.kind(), ErrorKind::Permission | ErrorKind::NotFound) => None,
                    Err(error) => return Err(error),
                };
                let _ = self.own.set(own.clone());
                own
            }
        };
        if own.as_deref() == Some(user) {
            return Err(Error::refused("this is the user whose token the account has")
                .hint("connect as another user; this connection would end with its own"));
        }
        Ok(())
    }

    /// Freezes the sign-in of one whom Salesforce does not deactivate, because of `block`.
    async fn freeze_instead(&self, call: &Call, user: &str, block: Error) -> Result<Reply<User<'static>>> {
        let Some(login) = self.login(call, user).await? else { return Err(block) };
        if !login.is_frozen {
            self.update("UserLogin", &login.id, &json!({ "IsFrozen": true })).write(call).await?;
        }
        let code = block.vendor_code().unwrap_or("no code").to_owned();
        Ok(Reply::pending(User::with_id(user)).note(format!(
            "Salesforce does not deactivate this user ({code}), so the sign-in is frozen; the licence is still held: \
             clear what blocks it, and deactivate again"
        )))
    }

    async fn deactivate(&self, call: &Call, user: &str, may_freeze: bool) -> Result<Reply<User<'static>>> {
        id::expect(user, id::USER, "a user")?;
        self.refuse_own(call, user).await?;
        match self.update("User", user, &json!({ "IsActive": false })).primary().write(call).await {
            Ok(_) => Ok(Reply::sent(user)),
            Err(block) if !is_block(&block) => Err(block),
            // frozen, nobody could sign in to undo it either
            Err(block) if block.vendor_code() == Some("CANNOT_DISABLE_LAST_ADMIN") => {
                Err(block.hint("make somebody else an administrator first"))
            }
            Err(block) if may_freeze => self.freeze_instead(call, user, block).await,
            Err(block) => Err(block.hint(
                "the user may be a default owner, or named in a setting: clear that in Setup, \
                 or suspend the user (or set `freeze_when_blocked`) to freeze the sign-in",
            )),
        }
    }
}

/// Codes that begin so are about what was sent, such as a caller's own field that there is not.
const OF_THE_REQUEST: [&str; 6] =
    ["INVALID_", "MALFORMED_", "JSON_PARSER_ERROR", "REQUIRED_FIELD_MISSING", "STRING_TOO_LONG", "DUPLICATE_"];

/// Whether Salesforce says that this user, as things are, is not to be deactivated. Which codes it uses is unverified;
/// limits, rights and missing users have codes of their own.
fn is_block(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidRequest | ErrorKind::Conflict)
        && error.vendor_code().is_some_and(|code| !OF_THE_REQUEST.iter().any(|of| code.starts_with(of)))
}

#[async_trait]
impl DeactivateUser for Salesforce {
    async fn deactivate_user(&self, call: &Call, input: DeactivateUserInput) -> Result<Reply<User<'static>>> {
        self.deactivate(call, &input.user_id, self.freeze_when_blocked).await
    }
}

#[async_trait]
impl DeleteUser for Salesforce {
    async fn delete_user(&self, call: &Call, input: DeleteUserInput) -> Result<Reply<User<'static>>> {
        let reply = self.deactivate(call, &input.id, false).await?;
        Ok(reply.note("Salesforce deletes no user: this one is deactivated, and the user name stays taken"))
    }
}

#[async_trait]
impl ActivateUser for Salesforce {
    /// Activates who is inactive, and thaws whose sign-in is frozen.
    async fn activate_user(&self, call: &Call, input: ActivateUserInput) -> Result<Reply<User<'static>>> {
        let user = &input.user_id;
        let is_active = self.is_active(call, user).await?;
        let login = self.login(call, user).await;
        let mut unreadable = Unreadable::default();
        // of one who is active the sign-in is all there is to do
        let login = if is_active { login? } else { unreadable.known("frozen sign-in", login)?.flatten() };
        let frozen = login.filter(|login| login.is_frozen);
        let mut steps = Steps::default();
        if !is_active {
            let activate = self.update("User", user, &json!({ "IsActive": true }));
            let sent = steps.send(call, activate).await;
            steps.add("activate", sent.map(Effect::of_write));
        }
        if let Some(login) = frozen {
            let thaw = self.update("UserLogin", &login.id, &json!({ "IsFrozen": false }));
            let sent = match steps.are_well() {
                true => steps.send(call, if is_active { thaw } else { thaw.then() }).await,
                // who is not let in stays frozen
                false => steps.not_tried(),
            };
            steps.add("unfreeze", sent.map(Effect::of_write));
        }
        steps.finish(unreadable.note(Reply::sent(user)))
    }
}

impl Salesforce {
    async fn set_frozen(&self, call: &Call, user: &str, frozen: bool) -> Result<Reply<User<'static>>> {
        let conflict = |what| Error::new(ErrorKind::Conflict, what);
        if !self.is_active(call, user).await? {
            return Err(
                conflict("the user is deactivated").hint("`userdir users activate` lets the user sign in again")
            );
        }
        let login = self.login(call, user).await?.ok_or_else(|| conflict("the user has no sign-in"))?;
        if login.is_frozen == frozen {
            return Ok(Reply::sent(user).with_effect(Effect::Already));
        }
        let sent = self.update("UserLogin", &login.id, &json!({ "IsFrozen": frozen })).primary().write(call).await?;
        Ok(Reply::sent(user).with_effect(Effect::of_write(sent)))
    }
}

#[async_trait]
impl SuspendUser for Salesforce {
    async fn suspend_user(&self, call: &Call, input: SuspendUserInput) -> Result<Reply<User<'static>>> {
        id::expect(&input.user_id, id::USER, "a user")?;
        self.refuse_own(call, &input.user_id).await?;
        self.set_frozen(call, &input.user_id, true).await
    }
}

#[async_trait]
impl UnsuspendUser for Salesforce {
    async fn unsuspend_user(&self, call: &Call, input: UnsuspendUserInput) -> Result<Reply<User<'static>>> {
        self.set_frozen(call, &input.user_id, false).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frozen_is_not_deactivated() {
        let user = |status: &'static str| User { status: Some(status.into()), ..User::with_id("005") };
        assert_eq!(is_deactivated(&user("inactive")), Shows::Yes);
        assert_eq!(is_deactivated(&user("frozen")), Shows::Underway);
        assert_eq!(is_deactivated(&user("active")), Shows::No);
        assert_eq!((is_frozen(&user("frozen")), is_frozen(&user("inactive"))), (Shows::Yes, Shows::No));
        assert_eq!(is_frozen(&User::with_id("005")), Shows::Unknown);
    }
}
