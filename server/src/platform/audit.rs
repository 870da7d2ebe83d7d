//! What the audit says of changes of the platform's own things. Vendor writes have rows of their own.

use userdir_store::Deed;

use crate::auth::Principal;
use crate::request_id::RequestId;

/// Done by a request of somebody.
pub fn deed(who: &Principal, request: &RequestId, action: &str) -> Deed {
    Deed::new(who.actor(), action).request(&request.0)
}

/// Done through the page of a link token.
pub fn by_link(request: &RequestId, action: &str) -> Deed {
    Deed::new("link", action).request(&request.0)
}
