//! What an error says besides its kind: whether to try again, what became of a write, who says it, and how far a call got.

use std::{fmt, time::Duration};

use serde::Serialize;

use crate::http::Rate;
use crate::reply::Step;

/// Whether trying again can help, and what was tried already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryState {
    /// The same call will fail again.
    #[default]
    Never,
    /// Later, after this pause where the vendor named one.
    Later(Option<Duration>),
    /// It was tried this many times in all.
    GaveUp {
        /// Requests sent.
        attempts: u32,
    },
}

/// What is known about a write that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing was changed: the request did not leave, or the vendor refused it.
    #[default]
    NotDone,
    /// Some of its steps were carried out, and some were not: [`Details::Steps`] says which.
    Partly,
    /// The request left and no clear answer came back: it may have been carried out.
    Unknown,
}

/// Who says it.
#[derive(Clone, Default)]
pub enum Origin {
    /// Our own check.
    #[default]
    Own,
    /// The vendor's answer.
    Vendor(Box<VendorAnswer>),
}

/// A vendor's refusal as it came: for `raw_response` of the server, never for a message.
#[derive(Clone)]
pub struct VendorAnswer {
    /// HTTP status.
    pub status: u16,
    /// Headers by allow-list: content type, request ids, `Retry-After`, rate limits.
    pub headers: Vec<(String, String)>,
    /// What they say of the vendor's limits.
    pub rate: Rate,
    /// The body, at most 64 KiB, the account's secrets masked.
    pub body: Vec<u8>,
    /// The vendor's own error code, such as Okta's `E0000007`.
    pub code: Option<String>,
    /// The vendor's own words.
    pub message: Option<String>,
    /// The vendor's id of this exchange, for its support.
    pub request_id: Option<String>,
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Own => f.write_str("Own"),
            Origin::Vendor(answer) => f
                .debug_struct("Vendor")
                .field("status", &answer.status)
                .field("code", &answer.code)
                .field("request_id", &answer.request_id)
                .finish_non_exhaustive(),
        }
    }
}

/// What more there is to say, by kind.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Details {
    /// Nothing.
    #[default]
    None,
    /// The scopes this action needs at the vendor ([`ErrorKind::Permission`](super::ErrorKind::Permission)).
    Scopes(Vec<String>),
    /// Names of required parameters that are missing, by the place where the vendor's documentation has them.
    Missing {
        /// Names that belong into the query.
        query: Vec<String>,
        /// Names that belong into the body.
        body: Vec<String>,
    },
    /// How far a list got ([`ErrorKind::Incomplete`](super::ErrorKind::Incomplete), or any error in the middle of one).
    List {
        /// Items handed on before the error.
        delivered: u64,
        /// Items the vendor said there are.
        expected: Option<u64>,
        /// Number of the page that failed, from 1.
        at: u64,
    },
    /// What each step did ([`ErrorKind::PartlyDone`](super::ErrorKind::PartlyDone)).
    Steps {
        /// Steps that are done.
        done: Vec<Step>,
        /// Steps that are not.
        failed: Vec<Step>,
    },
}
