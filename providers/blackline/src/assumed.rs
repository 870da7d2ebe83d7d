//! What no public source shows, each thing once: calls, names and readings that a developer with access to BlackLine's
//! portal can correct here. [`DEFINITION`](crate::DEFINITION)'s notes repeat the list for administrators.

use serde::Deserialize;
use userdir_core::http::{Http, Request};
use userdir_schema::UserRole;

use crate::wire::Id;

/// Unverified: reading one user. Where it is not found the list of users decides, so a wrong guess costs time alone.
pub fn read_user(http: &Http, id: &str) -> Request {
    http.get("v1/users").id(id)
}

/// Unverified: changing a user, and that the whole user is sent. What is there afterwards is read and compared.
pub fn change_user(http: &Http, id: &str) -> Request {
    http.put("v1/users").id(id)
}

/// Unverified: where a list says how it goes on (one note of a third party). A full page without it is an error, since the
/// list may go on.
pub const NEXT_LINK: &str = "nextLink";

/// Unverified: the form with `false`; `isActive eq true` is known. What comes is compared.
pub fn is_active(active: bool) -> String {
    format!("isActive eq {active}")
}

/// Unverified: the names in the list of a user's roles. They are those of the request that gives roles.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldPair<'a> {
    #[serde(borrow)]
    pub role_id: Id<'a>,
    #[serde(borrow)]
    pub product_id: Id<'a>,
}

/// Our reading, unverified: a role's organization is the product that it is held in, because BlackLine's call needs a role
/// and a product and the unified action has roles and organizations.
pub fn product<'r>(role: &'r UserRole<'_>) -> Option<&'r str> {
    role.organization.as_deref()
}

/// Unverified: that a bad token is told this way too, besides 401 (one integration handles it).
pub fn says_token_is_bad(status: u16, text: &str) -> bool {
    status == 400 && text.contains("Authentication failed")
}
