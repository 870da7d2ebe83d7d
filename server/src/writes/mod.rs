//! One write on its way: audited, run once for its key, never repeated silently, finished although its client went away.
//!
//! Unified routes, proxy and custom calls all go through [`Write::run`]. What is sent to the vendor passes the `Guard`,
//! which holds back what may have been carried out already and marks the run of the key as sent, and then the audit.

mod guard;
mod key;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::HeaderName;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::time::Instant;
use tracing::Instrument;
use userdir::{Call, Effect, Outcome};
use userdir_store::{Account, AuditContext, AuditObserver, EarlierWrites, IdempotencyTicket};

use crate::answer::Answer;
use crate::auth::Principal;
use crate::deadline;
use crate::problem::Problem;
use crate::state::AppState;

use guard::Guard;
pub use key::{Key, body_hash};

/// The header that says what a write did.
pub const EFFECT: HeaderName = HeaderName::from_static("x-userdir-effect");
/// The header of an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Whether the client has looked, and wants it sent although an earlier one like it may have been carried out.
pub fn is_to_be_sent_again(headers: &HeaderMap) -> bool {
    headers.get("x-userdir-send-again").is_some_and(|value| value == "true")
}

/// Time for what has to be kept after the deadline of the call itself.
const SLACK: Duration = Duration::from_secs(15);

/// A write that is about to be made.
pub struct Write {
    /// What every handler shares.
    pub state: AppState,
    /// Who asks.
    pub principal: Principal,
    /// At which account.
    pub account: Account,
    /// What it is, for the audit: `users/deactivate`, `proxy/users`.
    pub action: String,
    /// Ids of whom it is about.
    pub targets: Vec<String>,
    /// Id of the request.
    pub request_id: String,
    /// The `Idempotency-Key`, and what it holds for.
    pub key: Option<Key>,
    /// What is known of earlier ones like it.
    pub earlier: EarlierWrites,
}

/// What a write came to.
pub struct Done {
    /// The answer to give.
    pub answer: Answer,
    /// What was done, as reading the vendor has confirmed it; none where nothing was read.
    pub effect: Option<Effect>,
    /// Ids that came with the answer, such as that of what was created.
    pub targets: Vec<String>,
}

impl Write {
    /// Runs it once. `act` makes it with the call it is given, to which observers are added here.
    ///
    /// It runs on when the client goes away: a write that was begun is finished and kept.
    ///
    /// # Errors
    /// Those of `act`; 405 for a sandbox account, 409 and 422 for a key that is in use.
    pub async fn run<F, Fut>(self, call: Call, act: F) -> Result<Answer, Problem>
    where
        F: FnOnce(Call) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Done, Problem>> + Send + 'static,
    {
        if call.is_plan() {
            return act(call).await.map(|done| done.answer);
        }
        if self.account.is_sandbox {
            let message = format!("account `{}` is a sandbox; nothing is changed through it", self.account.name);
            return Err(
                Problem::new(StatusCode::METHOD_NOT_ALLOWED, message).hint("`truto_dry_run=true` shows the plan")
            );
        }
        let tasks = self.state.tasks().clone();
        let left = deadline::left(self.state.limits().request_time);
        let to_end = deadline::within(Instant::now() + left, self.run_to_end(call, act));
        let task = tasks.spawn(to_end.instrument(tracing::Span::current()));
        match tokio::time::timeout(left + SLACK, task).await {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => {
                tracing::error!(%error, "a write broke off");
                Err(Problem::unknown("the write broke off"))
            }
            Err(_) => Err(Problem::unknown("the write is still under way")),
        }
    }

    async fn run_to_end<F, Fut>(self, call: Call, act: F) -> Result<Answer, Problem>
    where
        F: FnOnce(Call) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Done, Problem>> + Send + 'static,
    {
        let begun = match &self.key {
            Some(key) => key.begin(&self.state, self.account.id).await?,
            None => key::Begun::default(),
        };
        if let Some(answer) = begun.replay {
            return Ok(Answer::from(answer).header(REPLAYED, "true"));
        }
        // waiting for another run of the key has cost time
        let call = call.deadline(deadline::left(self.state.limits().request_time));
        let write = Arc::new(self);
        let guard = Arc::new(Guard::new(write.clone(), begun.ticket, begun.unclear));
        let audit = Arc::new(AuditObserver::new(write.state.store().clone(), write.audited()));
        let result = act(call.observed_by(guard.clone()).observed_by(audit.clone())).await;
        write.conclude(&guard, &audit, result).await
    }

    /// Keeps what it came to, in the audit and under its key.
    async fn conclude(
        &self,
        guard: &Guard,
        audit: &AuditObserver,
        result: Result<Done, Problem>,
    ) -> Result<Answer, Problem> {
        let result = result.map_err(|problem| if audit.has_sent() { problem.after_a_part() } else { problem });
        let ended = match &result {
            Ok(done) => {
                audit.found(done.targets.iter().cloned());
                match done.effect {
                    Some(effect) => audit.finish(Ok(effect)).await,
                    // the row of the request itself says that it was sent, and more is not known
                    None => Ok(()),
                }
            }
            Err(problem) => audit.finish(Err(&problem.cause())).await,
        };
        if let Err(error) = ended {
            tracing::error!(%error, account = %self.account.id, action = self.action, "the outcome of a write cannot be kept in the audit");
        }
        if result.as_ref().is_err_and(|problem| problem.outcome() == Outcome::Unknown) {
            self.earlier.note_accepted().await;
        }
        if let Some(ticket) = guard.ticket() {
            self.settle(&ticket, guard.is_unclear(), &result).await;
        }
        result.map(|done| done.answer)
    }

    /// Ends the run of a key.
    async fn settle(&self, ticket: &IdempotencyTicket, is_unclear: bool, result: &Result<Done, Problem>) {
        let store = self.state.store();
        let ended = match result {
            Ok(done) => store.finish_idempotent(ticket, &key::kept(&done.answer)).await,
            // nobody knows what became of the first run until reading shows it
            Err(problem) if problem.outcome() == Outcome::Unknown || is_unclear => store.mark_unknown(ticket).await,
            Err(_) => store.release_idempotent(ticket).await,
        };
        if let Err(error) = ended {
            tracing::error!(%error, account = %self.account.id, "the answer to an idempotency key cannot be kept");
        }
    }

    /// What the rows of the audit say of it.
    fn audited(&self) -> AuditContext {
        let mut context = AuditContext::new(self.account.id, self.principal.actor(), &self.action, &Value::Null);
        context.targets.clone_from(&self.targets);
        context.idempotency_key = self.key.as_ref().map(Key::hash);
        context.request_id = Some(self.request_id.clone());
        context
    }
}
