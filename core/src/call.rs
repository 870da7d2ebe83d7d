//! What a call carries besides its input: deadline, cancellation, mode, what to pass through, who watches.
//!
//! Provider code does not handle any of it; the request builder does.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::action::Input;
use crate::observer::{Observer, Plan, PlanStep};

/// One call of one action. Cheap to clone; clones share steps and observers.
#[derive(Clone, Default)]
pub struct Call {
    /// How much time is left in all; none waits as long as the limits allow.
    pub(crate) time: Option<Duration>,
    pub(crate) cancellation: CancellationToken,
    pub(crate) remote_query: Arc<Vec<(String, String)>>,
    pub(crate) remote_data: Arc<Map<String, Value>>,
    /// The body of the primary vendor request, as the caller has it.
    pub(crate) body: Option<Arc<PassedBody>>,
    pub(crate) observers: Arc<Vec<Arc<dyn Observer>>>,
    pub(crate) plan: Option<Arc<Plan>>,
    pub(crate) keep_remote_data: Keep,
    pub(crate) fields: Fields,
    pub(crate) state: Arc<State>,
    /// What became of the writes of the action that this handle is for.
    pub(crate) tally: Arc<Tally>,
    /// Whether `remote_query` and `remote_data` apply to requests made with this handle.
    pub(crate) passes_through: bool,
    /// In a confirming read: the input of the write.
    confirms: Option<Arc<Map<String, Value>>>,
}

/// A body that goes to the vendor as it is.
pub(crate) struct PassedBody {
    pub content_type: Option<String>,
    pub bytes: Vec<u8>,
}

/// What clones share.
#[derive(Default)]
pub(crate) struct State {
    steps: AtomicU32,
    /// The moment the clock showed when the first request was made, for the deadline.
    started: Mutex<Option<Duration>>,
    /// Secrets of the input, such as a new user's password, to be masked in anything that is shown.
    masks: Mutex<Vec<String>>,
}

/// Counts the writes of one action.
#[derive(Default)]
pub(crate) struct Tally {
    planned: AtomicU32,
    accepted: AtomicU32,
    unclear: AtomicU32,
}

impl Tally {
    /// One was noted instead of sent.
    pub fn planned(&self) {
        self.planned.fetch_add(1, Ordering::Relaxed);
    }

    /// The vendor said yes to one.
    pub fn accepted(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    /// What became of one is unknown.
    pub fn unclear(&self) {
        self.unclear.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether any was noted instead of sent.
    pub fn any_planned(&self) -> bool {
        self.planned.load(Ordering::Relaxed) > 0
    }

    /// Whether the vendor said yes to any.
    pub fn any_accepted(&self) -> bool {
        self.accepted.load(Ordering::Relaxed) > 0
    }

    /// Whether it is unknown what became of any.
    pub fn any_unclear(&self) -> bool {
        self.unclear.load(Ordering::Relaxed) > 0
    }
}

/// Whether items keep the vendor's own object.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Keep {
    pub dropped: bool,
}

/// Which fields the caller wants, so that a provider spares the calls that only fill others.
#[derive(Clone, Default)]
pub(crate) enum Fields {
    #[default]
    All,
    Only(&'static [&'static str]),
    Without(Arc<BTreeSet<String>>),
}

impl Call {
    /// A call that applies what it says.
    pub fn new() -> Call {
        Call { passes_through: true, ..Call::default() }
    }

    /// A call in plan mode: reads go out, writes do not; [`Call::planned`] tells what would have been sent.
    pub fn plan() -> Call {
        Call { plan: Some(Arc::default()), ..Call::new() }
    }

    /// Ends the call after this time, counted from its first request.
    #[must_use]
    pub fn deadline(mut self, time: Duration) -> Call {
        self.time = Some(time);
        self
    }

    /// Ends reads and waits when the token is cancelled. A write that has left is waited for.
    #[must_use]
    pub fn cancelled_by(mut self, token: CancellationToken) -> Call {
        self.cancellation = token;
        self
    }

    /// Appends these to the query of the action's primary vendor request.
    #[must_use]
    pub fn remote_query(mut self, query: Vec<(String, String)>) -> Call {
        self.remote_query = Arc::new(query);
        self
    }

    /// Merges these into the body of the action's primary vendor request; they win over mapped fields.
    #[must_use]
    pub fn remote_data(mut self, data: Map<String, Value>) -> Call {
        self.remote_data = Arc::new(data);
        self
    }

    /// Sends these bytes as the body of the action's primary vendor request, in place of the mapped one. What the action
    /// is about still has to be in its input; what it sets need not.
    #[must_use]
    pub fn with_body(mut self, content_type: Option<String>, bytes: Vec<u8>) -> Call {
        self.body = Some(Arc::new(PassedBody { content_type, bytes }));
        self
    }

    /// Shows writes and exchanges to an observer too.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn Observer>) -> Call {
        let mut observers = self.observers.to_vec();
        observers.push(observer);
        self.observers = Arc::new(observers);
        self
    }

    /// Leaves the vendor's own object out of the items.
    #[must_use]
    pub fn without_remote_data(mut self) -> Call {
        self.keep_remote_data = Keep { dropped: true };
        self
    }

    /// Leaves these fields out: a provider spares the calls that only fill them.
    #[must_use]
    pub fn without_fields(mut self, fields: impl IntoIterator<Item = String>) -> Call {
        self.fields = Fields::Without(Arc::new(fields.into_iter().collect()));
        self
    }

    /// Whether the caller wants this field; a provider asks before a call that only fills it.
    pub fn wants(&self, field: &str) -> bool {
        match &self.fields {
            Fields::All => true,
            Fields::Only(fields) => fields.contains(&field),
            Fields::Without(fields) => !fields.contains(field),
        }
    }

    /// What `remote_data` says of a member, for a provider that must know it before it acts: a guard that looks at the
    /// merged body, or a read that has to look where the write will be.
    pub fn passed(&self, member: &str) -> Option<&Value> {
        self.remote_data.get(member)
    }

    /// In a confirming read: the input of the write that it confirms. For a get that shows a part of what the vendor
    /// has, such as the roles in one tenant, and must show the part that was written.
    pub fn confirms<I: Input>(&self) -> Option<I> {
        let input = self.confirms.as_deref()?;
        I::deserialize(Value::Object(input.clone())).ok()
    }

    /// Whether the call is in plan mode.
    pub fn is_plan(&self) -> bool {
        self.plan.is_some()
    }

    /// What would have been sent, in plan mode.
    pub fn planned(&self) -> Vec<PlanStep> {
        self.plan.as_ref().map(|plan| plan.steps()).unwrap_or_default()
    }

    /// A handle for a confirming read: only the fields it looks at, nothing passed through, and the vendor's own object
    /// kept, since predicates of a provider look into it.
    #[must_use]
    pub(crate) fn reading(&self, fields: &'static [&'static str]) -> Call {
        Call { fields: Fields::Only(fields), keep_remote_data: Keep::default(), ..self.own_reading() }
    }

    /// The same, knowing the input of the write.
    #[must_use]
    pub(crate) fn confirming(mut self, input: Option<Map<String, Value>>) -> Call {
        self.confirms = input.map(Arc::new);
        self
    }

    /// A handle for a read of core's own: nothing is passed through.
    #[must_use]
    pub(crate) fn own_reading(&self) -> Call {
        Call { passes_through: false, ..self.clone() }
    }

    /// A handle for one write action, with a tally of its own.
    #[must_use]
    pub(crate) fn acting(&self) -> Call {
        Call { tally: Arc::default(), ..self.clone() }
    }

    /// The ordinal of the next write, from 1.
    pub(crate) fn next_step(&self) -> u32 {
        self.state.steps.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Time left, given the clock's monotonic reading.
    pub(crate) fn time_left(&self, now: Duration) -> Option<Duration> {
        let time = self.time?;
        let mut started = self.state.started.lock().unwrap_or_else(PoisonError::into_inner);
        let started = *started.get_or_insert(now);
        Some(time.saturating_sub(now.saturating_sub(started)))
    }

    /// Masks this text wherever the call shows something, such as an id that opens a door.
    pub fn mask(&self, secret: &str) {
        if !secret.is_empty() {
            let mut masks = self.state.masks.lock().unwrap_or_else(PoisonError::into_inner);
            if !masks.iter().any(|known| known == secret) {
                masks.push(secret.to_owned());
            }
        }
    }

    /// The texts to mask.
    pub(crate) fn masks(&self) -> Vec<String> {
        self.state.masks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("deadline", &self.time)
            .field("plan", &self.is_plan())
            .field("observers", &self.observers.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{AssignRoleInput, UnassignRoleInput};

    #[test]
    fn what_is_passed_through_can_be_looked_at() {
        let call = Call::new().remote_data(Map::from_iter([("cid".to_owned(), "c1".into())]));
        assert_eq!(call.passed("cid"), Some(&Value::from("c1")));
        assert_eq!(call.own_reading().passed("uuid"), None);
    }

    #[test]
    fn only_a_confirming_read_has_an_input() {
        assert_eq!(Call::new().confirms::<AssignRoleInput>(), None);
        let given = Map::from_iter([("id".to_owned(), "u1".into())]);
        let call = Call::new().reading(&[]).confirming(Some(given));
        assert_eq!(call.confirms::<UnassignRoleInput>().map(|input| input.id), Some("u1".to_owned()));
    }
}
