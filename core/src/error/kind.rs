//! What sort of failure there is.

use serde::Serialize;

/// What sort of failure it is. The table of HTTP statuses is [`ErrorKind::from_status`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// A missing or malformed setting of the account.
    Config,
    /// The vendor refused the credentials.
    Authentication,
    /// The vendor knows the caller and does not allow the call.
    Permission,
    /// The thing the call is about does not exist at the vendor.
    NotFound,
    /// The thing is already there, or in a state that forbids the change.
    Conflict,
    /// The input is wrong: by our own checks before any call, or by the vendor's.
    InvalidRequest,
    /// The vendor asks to wait longer than the call may.
    RateLimited,
    /// The vendor is reached and has no answer now (5xx).
    Unavailable,
    /// No answer within the time the call had.
    Timeout,
    /// No connection, or it broke.
    Transport,
    /// The vendor's answer makes no sense: not JSON, another shape, a page that repeats, a foreign next link.
    UnexpectedResponse,
    /// This vendor, or this connection, cannot do it.
    NotSupported,
    /// A list that is known to be short.
    Incomplete,
    /// Some steps of one action were done and some were not.
    PartlyDone,
    /// A guard of ours refused: egress, the last owner, one's own administrator.
    Refused,
}

impl ErrorKind {
    /// The one table from HTTP status to kind. A vendor's `fault` reader may override single answers, never this table.
    pub fn from_status(status: u16) -> ErrorKind {
        match status {
            400 | 405 | 411 | 413 | 414 | 415 | 422 => ErrorKind::InvalidRequest,
            401 => ErrorKind::Authentication,
            402 | 403 => ErrorKind::Permission,
            404 | 410 => ErrorKind::NotFound,
            408 => ErrorKind::Timeout,
            409 | 412 => ErrorKind::Conflict,
            429 => ErrorKind::RateLimited,
            501 => ErrorKind::NotSupported,
            500 | 502..=599 => ErrorKind::Unavailable,
            _ => ErrorKind::UnexpectedResponse,
        }
    }

    /// The word used in messages and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorKind::Config => "config",
            ErrorKind::Authentication => "authentication",
            ErrorKind::Permission => "permission",
            ErrorKind::NotFound => "not_found",
            ErrorKind::Conflict => "conflict",
            ErrorKind::InvalidRequest => "invalid_request",
            ErrorKind::RateLimited => "rate_limited",
            ErrorKind::Unavailable => "unavailable",
            ErrorKind::Timeout => "timeout",
            ErrorKind::Transport => "transport",
            ErrorKind::UnexpectedResponse => "unexpected_response",
            ErrorKind::NotSupported => "not_supported",
            ErrorKind::Incomplete => "incomplete",
            ErrorKind::PartlyDone => "partly_done",
            ErrorKind::Refused => "refused",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_kind() {
        for (status, kind) in [
            (400, ErrorKind::InvalidRequest),
            (401, ErrorKind::Authentication),
            (403, ErrorKind::Permission),
            (404, ErrorKind::NotFound),
            (409, ErrorKind::Conflict),
            (412, ErrorKind::Conflict),
            (422, ErrorKind::InvalidRequest),
            (429, ErrorKind::RateLimited),
            (500, ErrorKind::Unavailable),
            (501, ErrorKind::NotSupported),
            (503, ErrorKind::Unavailable),
            (302, ErrorKind::UnexpectedResponse),
        ] {
            assert_eq!(ErrorKind::from_status(status), kind, "{status}");
        }
    }
}
