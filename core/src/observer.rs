//! Who watches a call: one hook for every vendor write, and a look at every exchange.
//!
//! Plan mode, the recorder, the audit log and a journal are implementations of [`Observer`]; no provider knows which.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::{Error, Result};
use crate::http::Rate;

/// A write that is about to be sent, as it would go out: after merging, the account's secrets masked.
#[derive(Clone, Debug, Serialize)]
pub struct WriteStep {
    /// Number of the write within its call, from 1.
    pub step: u32,
    /// HTTP method.
    pub method: String,
    /// Full address.
    pub url: String,
    /// JSON body, or form fields as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Box<RawValue>>,
    /// SHA-256 over method, address and body as sent, in hex: two writes with the same one are the same write.
    pub fingerprint: String,
    /// Whether the vendor takes it twice without harm.
    pub idempotent: bool,
    /// The step whose answer this one needs: "then, with its result".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u32>,
    /// What must be so for the write to make sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precondition: Option<String>,
}

/// What an observer says before a write.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Send it.
    Send,
    /// Do not send it: it is noted.
    Planned,
    /// Do not send it: this is the answer it had.
    Known {
        /// HTTP status.
        status: u16,
        /// Body.
        body: Bytes,
    },
}

/// What became of a write.
#[derive(Debug)]
pub enum WriteOutcome<'a> {
    /// It was sent and answered with this status.
    Sent {
        /// HTTP status.
        status: u16,
        /// The vendor's id of the exchange.
        request_id: Option<&'a str>,
    },
    /// It did not leave, or the vendor refused it.
    NotSent(&'a Error),
    /// It left, and whether it was carried out is unknown.
    Unknown(&'a Error),
}

/// A request and its answer, credentials masked.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// HTTP method.
    pub method: String,
    /// Full address.
    pub url: String,
    /// Request headers.
    pub request_headers: Vec<(String, String)>,
    /// Request body as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_body: Option<String>,
    /// Status of the answer.
    pub status: u16,
    /// Headers of the answer.
    pub response_headers: Vec<(String, String)>,
    /// Body of the answer.
    #[serde(skip)]
    pub response_body: Bytes,
    /// What the answer says of the vendor's limits.
    #[serde(skip)]
    pub rate: Rate,
    /// Whether it is the one that the action is about, and not one that fills in a part of the resource.
    #[serde(skip)]
    pub is_primary: bool,
}

/// Watches a call. Every method has a default, so that an observer says only what it is about.
#[async_trait]
pub trait Observer: Send + Sync {
    /// Before a write. An error keeps it from being sent.
    async fn before_write(&self, _step: &WriteStep) -> Result<Verdict> {
        Ok(Verdict::Send)
    }

    /// After a write.
    async fn after_write(&self, _step: &WriteStep, _outcome: WriteOutcome<'_>) {}

    /// Whether [`Observer::exchange`] is wanted; what nobody wants is not built.
    fn wants_exchanges(&self) -> bool {
        false
    }

    /// Whether an exchange is to have its bodies; masking them costs time.
    fn wants_bodies(&self) -> bool {
        true
    }

    /// After any answered request, reads too.
    fn exchange(&self, _exchange: Exchange) {}
}

/// One step of a plan.
#[derive(Clone, Debug, Serialize)]
pub struct PlanStep {
    /// Number of the write, from 1.
    pub step: u32,
    /// HTTP method.
    pub method: String,
    /// Full address.
    pub url: String,
    /// The body as it would go out.
    pub body: Option<Box<RawValue>>,
    /// The step whose answer this one needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u32>,
    /// What must be so for the write to make sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precondition: Option<String>,
}

/// Plan mode: notes writes and sends none.
#[derive(Default)]
pub struct Plan {
    steps: Mutex<Vec<PlanStep>>,
}

impl Plan {
    /// What was noted.
    pub fn steps(&self) -> Vec<PlanStep> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Observer for Plan {
    async fn before_write(&self, write: &WriteStep) -> Result<Verdict> {
        let step = PlanStep {
            step: write.step,
            method: write.method.clone(),
            url: write.url.clone(),
            body: write.body.clone(),
            after: write.after,
            precondition: write.precondition.clone(),
        };
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).push(step);
        Ok(Verdict::Planned)
    }
}

/// Keeps raw exchanges, at most 1 MiB of them in all; the rest is counted.
#[derive(Default)]
pub struct Recorder {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    exchanges: Vec<Exchange>,
    bytes: usize,
    left_out: usize,
}

/// Bytes that a recorder holds.
const RECORDER_BYTES: usize = 1 << 20;

impl Recorder {
    /// What was kept, in order.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).exchanges.clone()
    }

    /// How many exchanges did not fit, as a whole or with their bodies.
    pub fn left_out(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).left_out
    }
}

#[async_trait]
impl Observer for Recorder {
    fn wants_exchanges(&self) -> bool {
        true
    }

    fn exchange(&self, mut exchange: Exchange) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let left = RECORDER_BYTES.saturating_sub(kept.bytes);
        let bodies = exchange.response_body.len() + exchange.request_body.as_ref().map_or(0, String::len);
        let mut size = exchange.size_without_bodies() + bodies;
        if size > left {
            kept.left_out += 1;
            exchange.response_body = Bytes::new();
            exchange.request_body = None;
            size -= bodies;
            if size > left {
                return;
            }
        }
        kept.bytes += size;
        kept.exchanges.push(exchange);
    }
}

impl Exchange {
    fn size_without_bodies(&self) -> usize {
        let headers = self.request_headers.iter().chain(&self.response_headers);
        size_of::<Exchange>() + self.url.len() + headers.map(|(name, value)| name.len() + value.len()).sum::<usize>()
    }
}
