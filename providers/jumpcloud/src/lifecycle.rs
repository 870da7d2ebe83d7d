//! Lifecycle of users: deactivate, activate, suspend, unsuspend.
//!
//! JumpCloud has one way to block a user, the state `SUSPENDED`; deactivating and suspending are the same here.

use serde_json::json;
use userdir_core::action::*;
use userdir_core::{Call, Effect, Error, ErrorKind, Reply, Result, async_trait};
use userdir_schema::User;

use crate::{JumpCloud, noted, wire};

impl JumpCloud {
    /// Sets the state. `suspended` must agree with it.
    async fn set(&self, call: &Call, user_id: &str, suspended: bool) -> Result<Reply<User<'static>>> {
        let state = if suspended { "SUSPENDED" } else { "ACTIVATED" };
        let change = self.v1.put("systemusers").id(user_id).json(&json!({ "state": state, "suspended": suspended }));
        let answer = change.guarding(&["state", "suspended"]).primary().write(call).await?;
        let reply = Reply::sent(user_id);
        Ok(if suspended { noted(reply, answer) } else { reply })
    }

    /// The user's state in JumpCloud's own word; empty for older users, who have none.
    async fn state(&self, call: &Call, user_id: &str) -> Result<String> {
        let answer = self.v1.get("systemusers").id(user_id).read(call).await?;
        let user: wire::SystemUser = answer.json()?;
        Ok(user.state.map(String::from).unwrap_or_default())
    }

    /// Refuses to let in a staged user, who is activated by a call of its own.
    pub(crate) async fn refuse_staged(&self, call: &Call, user_id: &str) -> Result<()> {
        match self.state(call, user_id).await?.as_str() {
            "STAGED" => Err(Error::new(ErrorKind::Conflict, "the user is staged, not suspended")
                .hint("`userdir users activate` activates a staged user")),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl DeactivateUser for JumpCloud {
    async fn deactivate_user(&self, call: &Call, input: DeactivateUserInput) -> Result<Reply<User<'static>>> {
        self.set(call, &input.user_id, true).await
    }
}

#[async_trait]
impl SuspendUser for JumpCloud {
    async fn suspend_user(&self, call: &Call, input: SuspendUserInput) -> Result<Reply<User<'static>>> {
        self.set(call, &input.user_id, true).await
    }
}

#[async_trait]
impl ActivateUser for JumpCloud {
    /// A staged user has a call of its own, which is told to send no mail.
    async fn activate_user(&self, call: &Call, input: ActivateUserInput) -> Result<Reply<User<'static>>> {
        let id = &input.user_id;
        if self.state(call, id).await? != "STAGED" {
            return self.set(call, id, false).await;
        }
        let activation = self.v1.post("systemusers").id(id).path("state/activate").json(&json!({ "email": false }));
        match activation.idempotent().primary().write(call).await {
            // no longer staged: the state says whether that is what was wanted
            Err(error) if error.kind() == ErrorKind::Conflict => match self.state(call, id).await?.as_str() {
                "ACTIVATED" => Ok(Reply::sent(id).with_effect(Effect::Already)),
                _ => Err(error),
            },
            sent => sent.map(|_| Reply::sent(id)),
        }
    }
}

#[async_trait]
impl UnsuspendUser for JumpCloud {
    async fn unsuspend_user(&self, call: &Call, input: UnsuspendUserInput) -> Result<Reply<User<'static>>> {
        self.refuse_staged(call, &input.user_id).await?;
        self.set(call, &input.user_id, false).await
    }
}
