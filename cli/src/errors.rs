//! What went wrong, for people and for programs, and the exit code.

use std::{fmt::Write, io, process::ExitCode};

use serde_json::{Value, json};
use userdir::{Details, Error, ErrorKind, Outcome, RetryState};
use userdir_store::StoreError;

use crate::output::clean;

/// A result with a [`Failure`].
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// The library says so: a wrong flag too.
    Action(Error),
    /// The store says so.
    Store(StoreError),
    /// Stdout could not be written.
    Output(io::Error),
    /// It was told already what; only the exit code is left.
    Told(u8),
}

/// Wrong usage.
pub fn usage(message: impl Into<String>) -> Failure {
    Failure::Action(Error::invalid(message.into()))
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Action(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::Store(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Output(error)
    }
}

impl Failure {
    /// Adds what to do next.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Failure {
        match self {
            Failure::Action(error) => Failure::Action(error.hint(hint.into())),
            other => other,
        }
    }

    /// Whether whoever read stdout has seen enough.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The exit code: 2 is anything wrong before a vendor call.
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Action(error) => match error.kind() {
                ErrorKind::InvalidRequest | ErrorKind::Config if error.vendor().is_none() => 2,
                ErrorKind::Refused => 3,
                ErrorKind::NotSupported => 4,
                ErrorKind::PartlyDone => 5,
                _ => 1,
            },
            Failure::Store(
                StoreError::NotFound { .. }
                | StoreError::NameTaken { .. }
                | StoreError::InvalidName { .. }
                | StoreError::InvalidKey { .. }
                | StoreError::InvalidSecret { .. }
                | StoreError::InvalidUrl { .. }
                | StoreError::KeyNotGiven
                | StoreError::KeyUsedBefore
                | StoreError::RotationUnderway
                | StoreError::CopyElsewhere
                | StoreError::FileExists { .. },
            ) => 2,
            Failure::Store(_) => 1,
            Failure::Output(_) if self.is_broken_pipe() => 0,
            Failure::Output(_) => 1,
            Failure::Told(code) => *code,
        }
    }

    /// What happened, to whom, what the vendor said, and what to do next.
    pub fn human(&self) -> String {
        match self {
            Failure::Action(error) => about_action(error),
            Failure::Store(error) => format!("error: {error}\n"),
            Failure::Output(error) => format!("error: cannot write the output: {error}\n"),
            Failure::Told(_) => String::new(),
        }
    }

    /// The same for programs.
    pub fn json(&self) -> Value {
        match self {
            Failure::Action(error) => json!({"error": action_json(error)}),
            Failure::Store(error) => json!({"error": self.own_json(store_kind(error), error.to_string())}),
            Failure::Output(error) => json!({"error": self.own_json("output", error.to_string())}),
            Failure::Told(_) => Value::Null,
        }
    }

    /// What no action says, in the shape of what one says. Whether anything was done is known where it is wrong usage.
    fn own_json(&self, kind: &str, message: String) -> Value {
        let mut told = action_json(&Error::invalid(message));
        if let Some(told) = told.as_object_mut() {
            told.insert("kind".into(), kind.into());
            told.insert("outcome".into(), json!((self.exit_code() == 2).then_some(Outcome::NotDone)));
        }
        told
    }

    /// Tells it on stderr and gives the exit code. A reader that went away is no failure.
    pub fn report(&self, for_people: bool) -> ExitCode {
        match self {
            Failure::Told(_) => {}
            _ if self.is_broken_pipe() => {}
            _ if for_people => eprint!("{}", self.human()),
            _ => eprintln!("{}", self.json()),
        }
        ExitCode::from(self.exit_code())
    }
}

fn store_kind(error: &StoreError) -> &'static str {
    match error {
        StoreError::NotFound { .. }
        | StoreError::NameTaken { .. }
        | StoreError::InvalidName { .. }
        | StoreError::InvalidSecret { .. }
        | StoreError::InvalidUrl { .. }
        | StoreError::CopyElsewhere
        | StoreError::FileExists { .. } => "config",
        StoreError::AuditBroken { .. } => "audit",
        StoreError::WrongKey { .. }
        | StoreError::KeyRetired { .. }
        | StoreError::KeyUsedBefore
        | StoreError::KeyNotGiven
        | StoreError::RotationUnderway
        | StoreError::KeyFileMissing { .. }
        | StoreError::InvalidKey { .. }
        | StoreError::KeyFileExposed { .. } => "key",
        _ => "store",
    }
}

fn about_action(error: &Error) -> String {
    let mut text = format!("error: {}\n", clean(&error.to_string()));
    // writing to a String does not fail
    if let Some(vendor) = error.vendor() {
        let _ = write!(text, "the vendor said: {}", vendor.status);
        for word in [&vendor.code, &vendor.message].into_iter().flatten() {
            let _ = write!(text, " {}", clean(word));
        }
        if let Some(id) = &vendor.request_id {
            let _ = write!(text, " (request id {})", clean(id));
        }
        text.push('\n');
    }
    if let Details::Steps { done, failed } = error.details() {
        for step in done.iter().chain(failed) {
            let word = step.effect.map_or("failed", |effect| effect.as_str());
            let why = step.error.as_deref().map(|why| format!(": {}", clean(why))).unwrap_or_default();
            let _ = writeln!(text, "  {} {word}{why}", clean(&step.target));
        }
    }
    if let RetryState::Later(Some(pause)) = error.retry() {
        let _ = writeln!(text, "the vendor asks to wait {} seconds", pause.as_secs());
    }
    if let Some(hint) = hint(error) {
        let _ = writeln!(text, "hint: {hint}");
    }
    text
}

fn action_json(error: &Error) -> Value {
    let vendor = error.vendor().map(|vendor| {
        json!({
            "status": vendor.status,
            "code": vendor.code,
            "message": vendor.message,
            "request_id": vendor.request_id,
        })
    });
    let details = match error.details() {
        Details::Scopes(scopes) => json!({"scopes": scopes}),
        Details::Missing { query, body } => json!({"missing_query": query, "missing_body": body}),
        Details::List { delivered, expected, at } => json!({"delivered": delivered, "expected": expected, "page": at}),
        Details::Steps { done, failed } => json!({"done": done, "failed": failed}),
        _ => Value::Null,
    };
    let (can_help, after_seconds, attempts) = match error.retry() {
        RetryState::Never => (false, None, None),
        RetryState::Later(pause) => (true, pause.map(|pause| pause.as_secs()), None),
        RetryState::GaveUp { attempts } => (true, None, Some(attempts)),
    };
    json!({
        "kind": error.kind(),
        "message": error.message(),
        "provider": error.provider(),
        "action": error.action(),
        "target": error.target(),
        "hint": hint(error),
        "vendor": vendor,
        "retry": {"can_help": can_help, "after_seconds": after_seconds, "attempts": attempts},
        "outcome": error.outcome(),
        "details": details,
    })
}

/// What to do about a write whose outcome is unknown.
const LOOK_FIRST: &str = "repeat the same command: it reads first and sends nothing twice; where reading cannot tell, look in the vendor's \
    own console, and if it was not done, repeat it with `--send-again`";

/// The error's own next step, or the usual one of its kind.
fn hint(error: &Error) -> Option<String> {
    if error.outcome() == Outcome::Unknown {
        return Some(LOOK_FIRST.to_owned());
    }
    if let Some(hint) = error.next_step() {
        return Some(clean(hint));
    }
    let usual = match error.kind() {
        ErrorKind::Authentication => "give new credentials with `userdir accounts update NAME --secret KEY=env:VAR`",
        ErrorKind::Permission => "let an administrator at the vendor give these credentials the right to do it",
        ErrorKind::RateLimited => "wait and repeat the command",
        ErrorKind::Unavailable => "the vendor has trouble; try again later",
        ErrorKind::Transport if error.outcome() == Outcome::NotDone => {
            "check the account's address and the network between (`HTTPS_PROXY`, `--ca-file`), then repeat the command"
        }
        _ => return None,
    };
    Some(usual.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use userdir::error::VendorAnswer;
    use userdir::{Action, Step};

    fn by_vendor(error: Error, status: u16) -> Error {
        error.from_vendor(VendorAnswer {
            status,
            headers: vec![],
            rate: Default::default(),
            body: vec![],
            code: Some("E0000001".into()),
            message: Some("Api validation\u{1b}[31m failed".into()),
            request_id: Some("req1".into()),
        })
    }

    #[test]
    fn each_failure_has_its_exit_code() {
        let step = || vec![Step::failed("r1", "no")];
        for (error, code) in [
            (Error::invalid("x"), 2),
            (Error::config("x"), 2),
            (by_vendor(Error::invalid("x"), 400), 1),
            (Error::not_found("x"), 1),
            (Error::new(ErrorKind::Incomplete, "x"), 1),
            (Error::new(ErrorKind::Transport, "x"), 1),
            (Error::refused("x"), 3),
            (Error::not_supported("x"), 4),
            (Error::partly_done(vec![], step()), 5),
        ] {
            assert_eq!(Failure::from(error).exit_code(), code);
        }
        let no_account = StoreError::NotFound { what: "account", name: "x".into() };
        assert_eq!(Failure::from(no_account).exit_code(), 2);
        let wrong_key = StoreError::WrongKey { database: "x".into() };
        assert_eq!(Failure::from(wrong_key).exit_code(), 1);
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::BrokenPipe)).exit_code(), 0);
    }

    #[test]
    fn every_failure_has_the_same_shape_for_programs() {
        let shape = |failure: Failure| {
            let json = failure.json();
            json["error"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        };
        let usual = shape(usage("x"));
        let no_account = Failure::Store(StoreError::NotFound { what: "account", name: "x".into() });
        assert_eq!(no_account.json()["error"]["outcome"], "not_done");
        assert_eq!(shape(no_account), usual);
        assert_eq!(shape(Failure::Output(io::Error::other("x"))), usual);
    }

    #[test]
    fn people_read_what_the_vendor_said_without_its_escapes() {
        let error =
            by_vendor(Error::invalid("the vendor refuses it"), 400).during("okta", Action::CreateUser).hint("h");
        let text = Failure::from(error).human();
        assert_eq!(
            text,
            "error: okta: users/create: the vendor refuses it\n\
             the vendor said: 400 E0000001 Api validation\u{fffd}[31m failed (request id req1)\n\
             hint: h\n"
        );
    }

    #[test]
    fn programs_read_all_of_it() {
        let error = by_vendor(Error::not_found("no such user"), 404).during("okta", Action::GetUser).about("00u1");
        let json = Failure::from(error).json();
        assert_eq!(json["error"]["kind"], "not_found");
        assert_eq!(json["error"]["action"], "users/get");
        assert_eq!(json["error"]["target"], "00u1");
        assert_eq!(json["error"]["vendor"]["status"], 404);
        assert_eq!(json["error"]["outcome"], "not_done");
    }
}
