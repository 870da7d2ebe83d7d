//! Lifecycle of users: deactivate, activate, suspend, unsuspend.
//!
//! Okta's statuses are finer than the unified ones (suspended is not deactivated, locked out is not suspended), so each
//! action has a predicate of its own on what Okta shows.

use userdir_core::action::*;
use userdir_core::{Call, Effect, Error, ErrorKind, Reply, Result, async_trait};
use userdir_schema::User;

use crate::{Okta, wire};

/// What Okta's own status says.
fn judge(user: &User<'_>, yes: &[&str], on_its_way: &[&str]) -> Shows {
    let Some(raw) = &user.remote_data else { return Shows::Unknown };
    let Ok(wire) = serde_json::from_str::<wire::User>(raw.get()) else { return Shows::Unknown };
    let is = |word: &Option<userdir_schema::Text<'_>>, words: &[&str]| {
        word.as_deref().is_some_and(|word| words.contains(&word))
    };
    if is(&wire.status, yes) {
        Shows::Yes
    } else if is(&wire.transitioning_to_status, yes)
        || is(&wire.transitioning_to_status, on_its_way)
        || is(&wire.status, on_its_way)
    {
        Shows::Underway
    } else {
        Shows::No
    }
}

/// Deactivated; suspended is not enough.
pub fn is_deactivated(user: &User<'_>) -> Shows {
    judge(user, &["DEPROVISIONED"], &[])
}

/// Can sign in; one who has yet to set a password is on the way.
pub fn is_activated(user: &User<'_>) -> Shows {
    judge(user, &["ACTIVE", "PASSWORD_EXPIRED"], &["PROVISIONED", "RECOVERY", "ACTIVATING"])
}

/// Suspended; deactivated is something else.
pub fn is_suspended(user: &User<'_>) -> Shows {
    judge(user, &["SUSPENDED"], &[])
}

/// Not suspended any more.
pub fn is_active(user: &User<'_>) -> Shows {
    judge(user, &["ACTIVE", "PASSWORD_EXPIRED", "RECOVERY", "LOCKED_OUT"], &[])
}

impl Okta {
    /// Sends a lifecycle call. The wrong state, which Okta tells as a failed validation, is a conflict.
    async fn lifecycle(
        &self,
        call: &Call,
        user_id: &str,
        what: &'static str,
        mail: Option<bool>,
    ) -> Result<Reply<User<'static>>> {
        let request = self.http.post("api/v1/users").id(user_id).path("lifecycle").path(what);
        let request = request.query_if("sendEmail", mail.map(|mail| mail.to_string()));
        let request = request.guarding(&["sendEmail"]).primary();
        match request.write(call).await {
            Ok(_) => Ok(Reply::sent(user_id)),
            Err(error) if error.vendor_code() == Some("E0000001") => {
                let conflict = Error::new(ErrorKind::Conflict, format!("the user's status does not allow to {what}"))
                    .hint("read the user and look at `remote_data.status`");
                Err(match error.vendor() {
                    Some(answer) => conflict.from_vendor(answer.clone()),
                    None => conflict,
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Refuses to lock out the administrator whose token this is: the token would die, and nothing could undo it.
    pub(crate) async fn refuse_own(&self, call: &Call, user_id: &str) -> Result<()> {
        if self.is_service_app {
            return Ok(());
        }
        if self.own.get().is_none() {
            let own = match self.http.get("api/v1/users/me").read(call).await {
                Ok(answer) => Some(answer.json::<wire::User>().map(|user| Own::of(&user))?),
                // a token that may not read its own user cannot be guarded
                Err(error) if matches!(error.kind(), ErrorKind::Permission | ErrorKind::NotFound) => None,
                Err(error) => return Err(error),
            };
            let _ = self.own.set(own);
        }
        match self.own.get() {
            Some(Some(own)) if own.is(user_id) => {
                Err(Error::refused("this is the administrator whose API token the account has")
                    .hint("use another administrator's token; this one would end with its owner"))
            }
            _ => Ok(()),
        }
    }
}

/// The administrator whose token this is. Okta takes a login, or its part before the `@`, in place of an id.
#[derive(Debug)]
pub(crate) struct Own {
    id: String,
    login: String,
}

impl Own {
    fn of(user: &wire::User<'_>) -> Own {
        Own { id: user.id.to_string(), login: user.profile.login.as_deref().unwrap_or_default().to_owned() }
    }

    fn is(&self, named: &str) -> bool {
        let short = self.login.split('@').next().unwrap_or_default();
        named == self.id || ["me", &self.login, short].iter().any(|name| name.eq_ignore_ascii_case(named))
    }
}

#[async_trait]
impl DeactivateUser for Okta {
    async fn deactivate_user(&self, call: &Call, input: DeactivateUserInput) -> Result<Reply<User<'static>>> {
        self.refuse_own(call, &input.user_id).await?;
        match self.lifecycle(call, &input.user_id, "deactivate", Some(false)).await {
            // Core has just read the user: not found now means deactivated in between. The reading afterwards decides.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Ok(Reply::sent(&input.user_id).with_effect(Effect::Already))
            }
            sent => sent,
        }
    }
}

#[async_trait]
impl ActivateUser for Okta {
    async fn activate_user(&self, call: &Call, input: ActivateUserInput) -> Result<Reply<User<'static>>> {
        let (what, mail) = match self.status(call, &input.user_id).await?.as_str() {
            "PROVISIONED" | "RECOVERY" => ("reactivate", Some(true)),
            "SUSPENDED" => ("unsuspend", None),
            "LOCKED_OUT" => ("unlock", None),
            _ => ("activate", Some(true)),
        };
        match self.lifecycle(call, &input.user_id, what, mail).await {
            // active already, or being activated
            Err(error) if matches!(error.vendor_code(), Some("E0000016")) => {
                Ok(Reply::sent(&input.user_id).with_effect(Effect::Already))
            }
            Err(error) if matches!(error.vendor_code(), Some("E0000112")) => {
                Ok(Reply::sent(&input.user_id).with_effect(Effect::Pending))
            }
            // invited once more, and under way as before until the person answers
            Ok(reply) if what == "reactivate" && reply.effect == Effect::Applied => {
                Ok(reply.with_effect(Effect::Pending))
            }
            sent => sent,
        }
    }
}

#[async_trait]
impl SuspendUser for Okta {
    async fn suspend_user(&self, call: &Call, input: SuspendUserInput) -> Result<Reply<User<'static>>> {
        self.refuse_own(call, &input.user_id).await?;
        self.lifecycle(call, &input.user_id, "suspend", None).await
    }
}

#[async_trait]
impl UnsuspendUser for Okta {
    async fn unsuspend_user(&self, call: &Call, input: UnsuspendUserInput) -> Result<Reply<User<'static>>> {
        self.lifecycle(call, &input.user_id, "unsuspend", None).await
    }
}
