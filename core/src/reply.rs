//! What an action answers: the value, what was done, and to whom.

use serde::Serialize;
use userdir_schema::Unified;

use crate::call::Call;
use crate::error::{Details, Error, ErrorKind, Outcome, Result};
use crate::http::{Answer, Request};

/// What a call did at the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effect {
    /// Nothing: the action only reads.
    Read,
    /// The change was made, and reading the vendor again shows it (or [`Reply::notes`] says why that could not be seen).
    Applied,
    /// The vendor shows that it is so already; nothing was sent.
    Already,
    /// Plan mode: nothing was sent.
    Planned,
    /// The vendor accepted the change and does not show it yet.
    Pending,
}

impl Effect {
    /// The word of the header `x-userdir-effect`.
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Read => "read",
            Effect::Applied => "applied",
            Effect::Already => "already",
            Effect::Planned => "planned",
            Effect::Pending => "pending",
        }
    }

    /// The effect of a write that was sent, or in plan mode was not.
    pub fn of_write(answer: Option<Answer>) -> Effect {
        if answer.is_some() { Effect::Applied } else { Effect::Planned }
    }

    /// The same of a delete: what is gone by now was there a moment ago.
    ///
    /// # Errors
    /// Those of the delete but that nothing was there.
    pub fn of_delete(sent: Result<Option<Answer>>) -> Result<Effect> {
        match sent {
            Err(error) if error.was_missing() => Ok(Effect::Already),
            sent => sent.map(Effect::of_write),
        }
    }

    /// The effect of several steps: `already` only if all were, `planned` and `pending` if any is, else `applied`.
    pub fn of_steps<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Effect {
        let effects: Vec<Effect> = steps.into_iter().filter_map(|step| step.effect).collect();
        if effects.iter().all(|e| *e == Effect::Already) {
            Effect::Already
        } else if effects.contains(&Effect::Planned) {
            Effect::Planned
        } else if effects.contains(&Effect::Pending) {
            Effect::Pending
        } else {
            Effect::Applied
        }
    }
}

/// One step of an action that has several, such as one role of `users/unassign-role`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What the step was about, such as a role id.
    pub target: String,
    /// What it did; none where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Step {
    /// A step that did this.
    pub fn done(target: impl Into<String>, effect: Effect) -> Step {
        Step { target: target.into(), effect: Some(effect), error: None }
    }

    /// A step that failed.
    pub fn failed(target: impl Into<String>, error: impl std::fmt::Display) -> Step {
        Step { target: target.into(), effect: None, error: Some(error.to_string()) }
    }
}

/// Collects the steps of an action that has several, such as one vendor call a role.
///
/// ```
/// # use userdir_core::{Call, Effect, Reply, http::Http, reply::Steps};
/// # use userdir_schema::User;
/// # async fn sample(http: &Http, call: &Call) -> userdir_core::Result<Reply<User<'static>>> {
/// let mut steps = Steps::default();
/// for role in ["r1", "r2"] {
///     let sent = steps.send(call, http.delete("users/u1/roles").id(role)).await;
///     steps.add(role, sent.map(Effect::of_write));
/// }
/// steps.finish(Reply::sent("u1"))
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Steps {
    done: Vec<Step>,
    failed: Vec<Step>,
    error: Option<Error>,
    has_sent: bool,
    notes: Vec<&'static str>,
}

impl Steps {
    /// Sends the request of a step, the first one as the primary request of the action. Nothing is sent after an error
    /// that the next step would meet too. None in plan mode, as of every write.
    ///
    /// # Errors
    /// Those of the write, and [`Steps::not_tried`].
    pub async fn send(&mut self, call: &Call, request: Request) -> Result<Option<Answer>> {
        if !self.go_on() {
            return self.not_tried();
        }
        let is_first = !std::mem::replace(&mut self.has_sent, true);
        if is_first { request.primary() } else { request }.write(call).await
    }

    /// Whether a next step makes sense: not after an error that the next one would meet too.
    pub fn go_on(&self) -> bool {
        self.error.as_ref().is_none_or(|error| {
            matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::InvalidRequest | ErrorKind::Permission
            )
        })
    }

    /// The error of a step that was not tried.
    pub fn not_tried<T>(&self) -> Result<T> {
        Err(Error::new(ErrorKind::Unavailable, "not tried, after the failure before it"))
    }

    /// Adds what a step came to.
    pub fn add(&mut self, target: impl Into<String>, effect: Result<Effect>) {
        match effect {
            Ok(effect) => self.done.push(Step::done(target, effect)),
            Err(error) => {
                self.failed.push(Step::failed(target, &error));
                // the first one, but for one that leaves open what became of its step: that one weighs more
                match &self.error {
                    Some(first) if first.outcome() == Outcome::Unknown || error.outcome() != Outcome::Unknown => {}
                    _ => self.error = Some(error),
                }
            }
        }
    }

    /// Adds a note for the reply.
    pub fn note(&mut self, note: &'static str) {
        self.notes.push(note);
    }

    /// Adds what one vendor call came to that was about several things, such as several roles at once: all or none.
    pub fn add_all(&mut self, targets: impl IntoIterator<Item = impl Into<String>>, effect: Result<Effect>) {
        let mut effect = effect;
        for target in targets {
            let others = match &effect {
                Ok(effect) => Ok(*effect),
                Err(error) => Err(Error::new(error.kind(), "refused together with the others of its call")
                    .with_outcome(error.outcome())),
            };
            self.add(target, std::mem::replace(&mut effect, others));
        }
    }

    /// Whether no step has failed so far.
    pub fn are_well(&self) -> bool {
        self.error.is_none()
    }

    /// The reply with its steps; the error itself, with all steps, where nothing was done; `PartlyDone` where some was and
    /// some was not.
    ///
    /// # Errors
    /// As said.
    pub fn finish<T>(self, reply: Reply<T>) -> Result<Reply<T>> {
        match self.error {
            None => Ok(self.notes.into_iter().fold(reply.with_steps(self.done), Reply::note)),
            Some(error) if self.done.is_empty() && self.failed.len() == 1 => Err(error),
            Some(error) if self.done.is_empty() => {
                Err(error.with_details(Details::Steps { done: self.done, failed: self.failed }))
            }
            Some(error) => {
                let outcome = error.outcome();
                let partly = Error::partly_done(self.done, self.failed).caused_by(error);
                Err(if outcome == Outcome::Unknown { partly.with_outcome(outcome) } else { partly })
            }
        }
    }
}

/// Collects the fields that a reading leaves unknown, because the credentials may not read them.
#[derive(Debug, Default)]
pub struct Unreadable(Vec<&'static str>);

impl Unreadable {
    /// What could be read; nothing where the credentials may not read it, or the customer's plan does not have it.
    ///
    /// # Errors
    /// Those of the read but `Permission` and `NotSupported`.
    pub fn known<T>(&mut self, field: &'static str, read: Result<T>) -> Result<Option<T>> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(error) if matches!(error.kind(), ErrorKind::Permission | ErrorKind::NotSupported) => {
                self.0.push(field);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The reply with a note that names them.
    pub fn note<T>(self, reply: Reply<T>) -> Reply<T> {
        match self.0.as_slice() {
            [] => reply,
            fields => reply
                .note(format!("not shown, because the credentials or the plan may not read it: {}", fields.join(", "))),
        }
    }
}

/// The answer of every action but the lists.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Reply<T> {
    /// The resource, as read after the change; after a delete its id alone; in plan mode as it is now.
    pub value: T,
    /// What was done.
    pub effect: Effect,
    /// What each step did, where there were several.
    pub steps: Vec<Step>,
    /// What an administrator should know: what stays, what lags, what could not be verified.
    pub notes: Vec<String>,
}

impl<T> Reply<T> {
    fn new(value: T, effect: Effect) -> Reply<T> {
        Reply { value, effect, steps: Vec::new(), notes: Vec::new() }
    }

    /// The answer of a read.
    pub fn read(value: T) -> Reply<T> {
        Reply::new(value, Effect::Read)
    }

    /// The change was made.
    pub fn applied(value: T) -> Reply<T> {
        Reply::new(value, Effect::Applied)
    }

    /// It was so already.
    pub fn already(value: T) -> Reply<T> {
        Reply::new(value, Effect::Already)
    }

    /// The vendor will do it by and by.
    pub fn pending(value: T) -> Reply<T> {
        Reply::new(value, Effect::Pending)
    }

    /// With another effect.
    #[must_use]
    pub fn with_effect(mut self, effect: Effect) -> Reply<T> {
        self.effect = effect;
        self
    }

    /// The same, where what had one effect has come to have another: the reply and each of its steps.
    #[must_use]
    pub(crate) fn turning(mut self, from: Effect, to: Effect) -> Reply<T> {
        let steps = self.steps.iter_mut().filter_map(|step| step.effect.as_mut());
        steps.chain([&mut self.effect]).filter(|effect| **effect == from).for_each(|effect| *effect = to);
        self
    }

    /// Adds the steps and takes the effect from them.
    #[must_use]
    pub fn with_steps(mut self, steps: Vec<Step>) -> Reply<T> {
        self.effect = Effect::of_steps(&steps);
        self.steps = steps;
        self
    }

    /// Adds a note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Reply<T> {
        self.notes.push(note.into());
        self
    }
}

impl<T: Unified> Reply<T> {
    /// The change was made and the vendor answered nothing but yes; core reads the resource afterwards.
    pub fn sent(id: &str) -> Reply<T> {
        Reply::applied(T::with_id(id))
    }

    /// Plan mode: nothing was sent; core puts in the resource as it is now.
    pub fn planned() -> Reply<T> {
        Reply::new(T::with_id(""), Effect::Planned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_done_and_some_not_is_an_error_of_its_own() {
        let mut steps = Steps::default();
        steps.add("r1", Ok(Effect::Applied));
        steps.add("r2", Err(Error::not_found("gone")));
        assert!(steps.go_on(), "one role that is not there does not stop the others");
        steps.add("r3", Err(Error::new(ErrorKind::Authentication, "refused")));
        let error = steps.finish(Reply::read(())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PartlyDone);
        assert!(error.to_string().contains("done for r1; not for r2, r3"), "{error}");

        let mut steps = Steps::default();
        steps.add("r1", Err(Error::new(ErrorKind::Authentication, "refused")));
        assert!(!steps.go_on());
        assert_eq!(steps.finish(Reply::read(())).unwrap_err().kind(), ErrorKind::Authentication);
    }

    #[test]
    fn what_one_call_does_is_done_for_all_or_for_none() {
        let mut steps = Steps::default();
        steps.add_all(["r1", "r2"], Ok(Effect::Applied));
        assert!(steps.are_well());
        steps.add_all(["r3", "r4"], Err(Error::new(ErrorKind::Permission, "refused")));
        assert!(!steps.are_well());
        let error = steps.finish(Reply::read(())).unwrap_err();
        assert!(error.to_string().contains("done for r1, r2; not for r3, r4"), "{error}");
    }

    #[test]
    fn steps_decide_the_effect() {
        let step = |effect| Step::done("r", effect);
        assert_eq!(Effect::of_steps(&[step(Effect::Already), step(Effect::Already)]), Effect::Already);
        assert_eq!(Effect::of_steps(&[step(Effect::Already), step(Effect::Applied)]), Effect::Applied);
        assert_eq!(Effect::of_steps(&[step(Effect::Pending), step(Effect::Applied)]), Effect::Pending);
    }
}
