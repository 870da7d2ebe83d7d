//! One error type for every crate: what happened, to whom, and what to do next.
//!
//! Callers branch on [`ErrorKind`]; people read the message. What the vendor answered is kept apart in [`Origin`]
//! and printed by neither `Display` nor `Debug`: it may hold other people's data.

mod details;
mod kind;

use std::{borrow::Cow, fmt};

pub use details::{Details, Origin, Outcome, RetryState, VendorAnswer};
pub use kind::ErrorKind;

use crate::action::Action;
use crate::reply::{Effect, Step};

/// A result with the library's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The error of every call. See the module page.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    hint: Option<Cow<'static, str>>,
    provider: Option<&'static str>,
    action: Option<Action>,
    target: Option<String>,
    origin: Origin,
    retry: RetryState,
    outcome: Outcome,
    details: Details,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind; `message` says what happened, in lower case, without a full stop.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Error {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            hint: None,
            provider: None,
            action: None,
            target: None,
            origin: Origin::Own,
            retry: RetryState::Never,
            outcome: Outcome::NotDone,
            details: Details::None,
            source: None,
        }))
    }

    /// A wrong or missing setting of the account.
    pub fn config(message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::Config, message)
    }

    /// Wrong input, found before any call.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::InvalidRequest, message)
    }

    /// The thing does not exist.
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::NotFound, message)
    }

    /// An answer that makes no sense.
    pub fn unexpected(message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::UnexpectedResponse, message)
    }

    /// This vendor or connection cannot do it, because of `reason`.
    pub fn not_supported(reason: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::NotSupported, reason)
    }

    /// A guard refuses to send this.
    pub fn refused(message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::Refused, message)
    }

    /// Some steps done, some not.
    pub fn partly_done(done: Vec<Step>, failed: Vec<Step>) -> Error {
        let names = |steps: &[Step]| steps.iter().map(|s| s.target.as_str()).collect::<Vec<_>>().join(", ");
        let has = |effect| done.iter().any(|step| step.effect == Some(effect));
        let is_changed = has(Effect::Applied) || has(Effect::Pending);
        let (done_for, failed_for) = (names(&done), names(&failed));
        let (message, hint) = match has(Effect::Planned) {
            true => (
                format!("only a part can be done: it would be for {done_for}; not for {failed_for}. Nothing was sent"),
                "leave out what cannot be done",
            ),
            false => (
                format!("partly done: done for {done_for}; not for {failed_for}"),
                "repeat the same call: it finishes the rest and leaves what is done",
            ),
        };
        Error::new(ErrorKind::PartlyDone, message)
            .hint(hint)
            .with_details(Details::Steps { done, failed })
            .with_outcome(if is_changed { Outcome::Partly } else { Outcome::NotDone })
    }

    /// Adds to the message.
    #[must_use]
    pub(crate) fn and_so(mut self, more: &str) -> Error {
        self.0.message = format!("{}{more}", self.0.message).into();
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Error {
        self.0.hint = Some(hint.into());
        self
    }

    /// Whether the vendor has no such thing, and had none before this call: what was not found because an earlier try of the
    /// same request was carried out does not count, and is settled by reading.
    pub fn was_missing(&self) -> bool {
        self.kind() == ErrorKind::NotFound && self.outcome() != Outcome::Unknown
    }

    /// Names the thing the call is about, unless it is named already.
    #[must_use]
    pub fn about(mut self, target: impl Into<String>) -> Error {
        self.0.target.get_or_insert(target.into());
        self
    }

    /// Names provider and action, unless they are named already.
    #[must_use]
    pub fn during(mut self, provider: &'static str, action: Action) -> Error {
        self.0.provider.get_or_insert(provider);
        self.0.action.get_or_insert(action);
        self
    }

    /// Names the provider, unless it is named already.
    #[must_use]
    pub fn of_provider(mut self, provider: &'static str) -> Error {
        self.0.provider.get_or_insert(provider);
        self
    }

    /// Keeps the cause, for `source()`.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        self.0.source = Some(source.into());
        self
    }

    /// Marks it as the vendor's.
    #[must_use]
    pub fn from_vendor(mut self, answer: VendorAnswer) -> Error {
        self.0.origin = Origin::Vendor(Box::new(answer));
        self
    }

    /// Sets whether a repeat can help.
    #[must_use]
    pub fn with_retry(mut self, retry: RetryState) -> Error {
        self.0.retry = retry;
        self
    }

    /// Says that a write may have been carried out.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Error {
        self.0.outcome = outcome;
        self
    }

    /// Adds what the kind has more to say.
    #[must_use]
    pub fn with_details(mut self, details: Details) -> Error {
        self.0.details = details;
        self
    }

    /// What sort of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message alone, without provider, action and hint.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do next.
    pub fn next_step(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Slug of the provider.
    pub fn provider(&self) -> Option<&'static str> {
        self.0.provider
    }

    /// The action that failed.
    pub fn action(&self) -> Option<Action> {
        self.0.action
    }

    /// Id of the thing the call was about.
    pub fn target(&self) -> Option<&str> {
        self.0.target.as_deref()
    }

    /// Who says it.
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// The vendor's answer, when the error is the vendor's.
    pub fn vendor(&self) -> Option<&VendorAnswer> {
        match &self.0.origin {
            Origin::Own => None,
            Origin::Vendor(answer) => Some(answer),
        }
    }

    /// The vendor's own error code.
    pub fn vendor_code(&self) -> Option<&str> {
        self.vendor()?.code.as_deref()
    }

    /// Whether a repeat can help.
    pub fn retry(&self) -> RetryState {
        self.0.retry
    }

    /// Whether a write may have been carried out.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// What the kind has more to say.
    pub fn details(&self) -> &Details {
        &self.0.details
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let it = &self.0;
        if let Some(provider) = it.provider {
            write!(f, "{provider}: ")?;
        }
        if let Some(action) = it.action {
            write!(f, "{action}: ")?;
        }
        f.write_str(&it.message)?;
        if let Some(target) = &it.target {
            write!(f, " (`{target}`)")?;
        }
        if it.outcome == Outcome::Unknown {
            f.write_str("; whether the vendor carried it out is unknown")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let it = &self.0;
        f.debug_struct("Error")
            .field("kind", &it.kind)
            .field("message", &it.message)
            .field("hint", &it.hint)
            .field("provider", &it.provider)
            .field("action", &it.action)
            .field("target", &it.target)
            .field("origin", &it.origin)
            .field("retry", &it.retry)
            .field("outcome", &it.outcome)
            .field("details", &it.details)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|s| s as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_words_are_in_neither_text() {
        let error = Error::not_found("no such user").from_vendor(VendorAnswer {
            status: 404,
            headers: vec![],
            rate: Default::default(),
            body: b"canary-body".to_vec(),
            code: Some("E0000007".into()),
            message: Some("canary-message".into()),
            request_id: None,
        });
        let texts = format!("{error} {error:?}");
        assert!(!texts.contains("canary"), "{texts}");
        assert!(texts.contains("E0000007"));
    }

    #[test]
    fn the_message_says_who_what_and_whom() {
        let error = Error::not_found("no such user").during("okta", Action::GetUser).about("00u1");
        assert_eq!(error.to_string(), "okta: users/get: no such user (`00u1`)");
    }
}
