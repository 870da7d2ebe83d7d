//! Seats and sign-in: deactivate, activate, downgrade.

use serde_json::json;
use userdir_core::action::*;
use userdir_core::reply::Step;
use userdir_core::{Call, Effect, Error, ErrorKind, Reply, Result, async_trait};
use userdir_schema::User;

use crate::wire::{ADMIN, BASIC};
use crate::{Zoom, wire};

#[async_trait]
impl DeactivateUser for Zoom {
    /// Blocks the sign-in. Zoom takes all licences away with it.
    async fn deactivate_user(&self, call: &Call, input: DeactivateUserInput) -> Result<Reply<User<'static>>> {
        let answer = self.http.get("users").id(&input.user_id).read(call).await?;
        let user: wire::User = answer.json()?;
        refuse_pending(&user)?;
        user.refuse_owner("whom Zoom does not deactivate")?;
        if user.role_id.as_deref() == Some(ADMIN) {
            return Err(Error::refused("this is an administrator, whom Zoom does not deactivate")
                .hint("take the role away first: `userdir users unassign-role`"));
        }
        self.change_status(call, &input.user_id, "deactivate").await?;
        Ok(Reply::sent(&input.user_id)
            .note("all licences go with the sign-in, add-ons too; activating does not give them back"))
    }
}

#[async_trait]
impl ActivateUser for Zoom {
    /// Lets the user sign in again, and buys nothing: the seat that deactivating took stays free.
    async fn activate_user(&self, call: &Call, input: ActivateUserInput) -> Result<Reply<User<'static>>> {
        let answer = self.http.get("users").id(&input.user_id).read(call).await?;
        refuse_pending(&answer.json()?)?;
        self.change_status(call, &input.user_id, "activate").await.map_err(|error| match error.vendor_code() {
            Some("2033" | "3412") => error.hint("the account has reached its number of basic users: remove one first"),
            _ => error,
        })?;
        Ok(Reply::sent(&input.user_id)
            .note("activating gives no licence: one that the user had before has to be given anew"))
    }
}

/// Who has not accepted can neither be blocked nor let in.
fn refuse_pending(user: &wire::User<'_>) -> Result<()> {
    match user.status.as_deref() {
        Some("pending") => Err(Error::refused("the user has not accepted the invitation yet")
            .hint("take the invitation back with `userdir users delete`")),
        _ => Ok(()),
    }
}

impl Zoom {
    async fn change_status(&self, call: &Call, user_id: &str, action: &'static str) -> Result<()> {
        let request = self.http.put("users").id(user_id).path("status").json(&json!({ "action": action }));
        request.guarding(&["action"]).primary().write(call).await.map(drop)
    }
}

/// Basic, by Zoom's own number, and without a bundle, which would hold its seat.
pub fn is_basic(user: &User<'_>) -> Shows {
    let wire = user.remote_data.as_ref().and_then(|raw| serde_json::from_str::<wire::User>(raw.get()).ok());
    Shows::from_option(wire.and_then(|user| Some(user.r#type? == BASIC && user.bundles().is_empty())))
}

#[async_trait]
impl DowngradeUser for Zoom {
    /// Looks at the type, makes the user basic, and looks again where a bundle or Zoom's answer leaves a doubt.
    async fn downgrade_user(&self, call: &Call, input: DowngradeUserInput) -> Result<Reply<User<'static>>> {
        let id = input.user_id.as_str();
        let answer = self.http.get("users").id(id).read(call).await?;
        let before: wire::User = answer.json()?;
        Zoom::refuse_other_names(id, &before)?;
        if before.r#type == Some(BASIC) {
            refuse_bundle(id, Effect::Already, &before)?;
            return Ok(Reply::sent(id).with_effect(Effect::Already));
        }
        refuse_without_seat(&before)?;
        let request = self.http.patch("users").id(id).json(&json!({ "type": BASIC }));
        let request = request.guarding(&["type", "plan_united_type", "zoom_one_type", "feature"]);
        let sent = request.precondition("the user has a seat").idempotent().primary().write(call).await;
        let not_paid = match sent {
            Ok(Some(_)) => None,
            Ok(None) => return Ok(Reply::planned().note(LOSES)),
            Err(error) if error.vendor_code() == Some("1109") => Some(error),
            Err(error) => return Err(explain(error)),
        };
        if not_paid.is_none() && before.bundles().is_empty() && !before.shows_older_bundle() {
            // the reading afterwards is core's
            return Ok(Reply::sent(id).note(LOSES));
        }
        let answer = self.http.get("users").id(id).read(call).await?;
        let after: wire::User = answer.json()?;
        let effect = match not_paid {
            // "not a paid user" counts only where it is so
            Some(error) if after.r#type != Some(BASIC) => return Err(error),
            Some(_) => Effect::Already,
            None => Effect::Applied,
        };
        if after.r#type == Some(BASIC) {
            refuse_bundle(id, effect, &after)?;
        }
        let reply = Reply::sent(id).with_effect(effect);
        let reply = if effect == Effect::Applied { reply.note(LOSES) } else { reply };
        Ok(if after.shows_older_bundle() { reply.note(OLDER_BUNDLE) } else { reply })
    }
}

const LOSES: &str = "meetings longer than 40 minutes, cloud recordings and add-ons such as webinars end with the licence; \
                     giving it back may not bring add-ons back";
const OLDER_BUNDLE: &str =
    "`plan_united_type` or `zoom_one_type` is still shown: check in Zoom's console that the bundle is free";

/// There is nothing to take, or not by this way.
fn refuse_without_seat(user: &wire::User<'_>) -> Result<()> {
    let reason = match (user.status.as_deref(), user.r#type) {
        (Some("inactive"), _) => "the user is inactive, and Zoom took the licence when that was done",
        (_, Some(4)) => "the user is unassigned (type 4): there is no licence to take, and basic would be more",
        (_, Some(99)) => "the user has no type (99), as pre-provisioned by single sign-on: there is no licence to take",
        (_, None) => "Zoom does not show the user's type",
        _ => return Ok(()),
    };
    Err(Error::refused(format!("{reason}; nothing was changed")))
}

/// The type alone does not free a seat that a bundle holds.
fn refuse_bundle(id: &str, effect: Effect, user: &wire::User<'_>) -> Result<()> {
    match user.bundles().as_slice() {
        [] => Ok(()),
        bundles => {
            let failed = bundles
                .iter()
                .map(|bundle| Step::failed(bundle, "Zoom still lists the bundle: take it off in Zoom's console"));
            Err(Error::partly_done(vec![Step::done("basic", effect)], failed.collect())
                .about(id)
                .hint("the user is basic, and the bundle still holds its seat: take it off in Zoom's console"))
        }
    }
}

fn explain(error: Error) -> Error {
    match error.vendor_code() {
        Some("200") => error.hint("a Zoom Room cannot be basic; or the plan or the token's role does not allow it"),
        Some("300") => error.hint("a user with upcoming Zoom Events keeps the licence: move the events first"),
        Some("2033" | "3412") => error.hint("the account has reached its number of basic users"),
        Some("2039") => error.hint("a Zoom One licence is taken off in Zoom's console"),
        _ if error.kind() == ErrorKind::Permission => error.hint("the token's role may not change types of users"),
        _ => error,
    }
}
