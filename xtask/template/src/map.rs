//! From the vendor's JSON to the unified schema: pure functions, no calls.

use serde_json::value::RawValue;
use userdir_core::Mapped;
use userdir_schema::{Email, Status, User};

use crate::wire;

/// A user.
pub fn user(raw: &RawValue) -> Mapped<User<'_>> {
    let it: wire::User = serde_json::from_str(raw.get())?;
    Ok(User {
        id: it.id,
        emails: it.email.map(|email| vec![Email { email: Some(email), is_primary: Some(true), ..Email::default() }]),
        status: it.active.map(|active| if active { Status::Active } else { Status::Inactive }),
        ..User::default()
    })
}
