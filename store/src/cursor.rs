//! Cursors of lists that are ordered by time: where a page stopped, as one word for clients.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use crate::{StoreError, time};

/// After the row of this time and id.
pub(crate) fn after(at: Timestamp, id: impl std::fmt::Display) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {id}", time::to_text(at)))
}

/// Time and id of a cursor.
pub(crate) fn read(cursor: &str) -> Result<(Timestamp, String), StoreError> {
    let text = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let parts = text.as_deref().and_then(|text| text.split_once(' '));
    let read = parts.and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())));
    read.ok_or(StoreError::InvalidCursor)
}
