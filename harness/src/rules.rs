//! What the cases of an implemented action must show together, beyond holding each by itself.

use std::fmt;

use userdir::action::{ActionKind, ActionSet};
use userdir::{Action, Definition};
use userdir_stand_in::Case;

use crate::attempt::Ran;

/// A rule; `skip.toml` excuses from it by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// There is a success named `normal`.
    Normal,
    /// Lists: one that is empty. Gets and writes: a subject that does not exist. Creates: an input that is refused.
    EmptyOrMissing,
    /// Lists: one of two pages at least.
    TwoPages,
    /// Writes: one that is so already. Creates: one that conflicts.
    Already,
    /// An error with the vendor's own answer.
    VendorError,
    /// Writes: the provider can read what shows the effect, or says why nothing does.
    ConfirmingRead,
    /// What the caller passes through goes into one vendor request.
    Primary,
}

impl Rule {
    /// All of them.
    pub const ALL: &'static [Rule] = &[
        Rule::Normal,
        Rule::EmptyOrMissing,
        Rule::TwoPages,
        Rule::Already,
        Rule::VendorError,
        Rule::ConfirmingRead,
        Rule::Primary,
    ];

    /// Its name in `skip.toml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Rule::Normal => "normal",
            Rule::EmptyOrMissing => "empty_or_missing",
            Rule::TwoPages => "two_pages",
            Rule::Already => "already",
            Rule::VendorError => "vendor_error",
            Rule::ConfirmingRead => "confirming_read",
            Rule::Primary => "primary",
        }
    }

    /// Finds it by name.
    pub fn by_name(name: &str) -> Option<Rule> {
        Rule::ALL.iter().copied().find(|rule| rule.as_str() == name)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What the rules look at.
pub(crate) struct Evidence<'e> {
    pub action: Action,
    pub able: ActionSet,
    pub definition: &'static Definition,
    /// The cases of the action.
    pub cases: &'e [&'e Case],
    /// How the normal case went with a probe passed through; none where it fails already without.
    pub probed: Option<&'e Ran>,
}

impl Evidence<'_> {
    /// Why a rule does not hold; none where it does or is about other actions.
    pub fn against(&self, rule: Rule) -> Option<String> {
        let kind = self.action.info().kind;
        let creates = self.action.info().method == "create";
        let deletes = self.action.info().method == "delete";
        match rule {
            Rule::Normal => {
                let normal = |case: &Case| {
                    case.name == NORMAL && case.is_success() && !case.script.call.plan && has_effect(case)
                };
                let folder = self.action.info().function;
                self.needs(normal, &format!("there is no success in `fixtures/{folder}/{NORMAL}`"))
            }
            Rule::EmptyOrMissing if kind == ActionKind::List => {
                let is_empty = |case: &Case| {
                    case.script.expect.output.as_ref().and_then(|output| output.as_array()).is_some_and(Vec::is_empty)
                };
                self.needs(is_empty, "there is no case of an empty list, `output = []`")
            }
            Rule::EmptyOrMissing if creates => {
                let refused = |case: &Case| {
                    fails_as(case, "conflict")
                        || fails_as(case, "invalid_request") && error_of(case).and_then(|e| e.vendor) != Some(true)
                };
                self.needs(refused, "there is no case of an input refused by us (`invalid_request`) or a `conflict`")
            }
            Rule::EmptyOrMissing => self.needs(
                |case| fails_as(case, "not_found"),
                "there is no case of a subject that does not exist, `not_found`",
            ),
            Rule::TwoPages if kind == ActionKind::List => {
                self.needs(has_two_pages, "there is no success of two pages at least")
            }
            Rule::Already if creates => self.needs(
                |case| fails_as(case, "conflict"),
                "there is no case of something that is there already, `conflict`",
            ),
            Rule::Already if kind == ActionKind::Write && !deletes => {
                let already = |case: &Case| case.script.expect.effect.as_deref() == Some("already");
                self.needs(already, "there is no case of effect `already`")
            }
            Rule::VendorError => {
                let refused = |case: &Case| error_of(case).is_some_and(|error| error.vendor == Some(true));
                self.needs(refused, "there is no case of the vendor's own error, `vendor = true`")
            }
            Rule::ConfirmingRead if kind == ActionKind::Write => self.confirming_read(),
            Rule::Primary => self.primary(),
            Rule::TwoPages | Rule::Already | Rule::ConfirmingRead => None,
        }
    }

    fn needs(&self, holds: impl Fn(&Case) -> bool, else_: &str) -> Option<String> {
        (!self.cases.iter().any(|case| holds(case))).then(|| else_.to_owned())
    }

    /// The reading that core makes after the write: the subject's or the new resource's get; for a membership the user's
    /// groups, else the group's users, too.
    fn confirming_read(&self) -> Option<String> {
        let facts = |action: Action| self.definition.facts(action);
        if facts(self.action).is_some_and(|facts| facts.unconfirmed.is_some()) {
            return None;
        }
        let getter = Action::find(self.action.info().resource, "get");
        if !getter.is_some_and(|getter| self.able.contains(getter)) {
            return Some(format!("no confirming read: `{}` has no get", self.action.info().resource));
        }
        let filters =
            |action, filter| self.able.contains(action) && facts(action).is_some_and(|f| f.filters.contains(&filter));
        let is_membership = matches!(self.action, Action::AddUserToGroup | Action::RemoveUserFromGroup);
        if is_membership && !filters(Action::ListGroups, "user_id") && !filters(Action::ListUsers, "group_id") {
            return Some(
                "no confirming read: neither groups by `user_id` nor users by `group_id` can be listed".into(),
            );
        }
        None
    }

    fn primary(&self) -> Option<String> {
        let probed = self.probed?;
        if probed.requests == 0 {
            return None;
        }
        let places: Vec<String> = probed.carried.iter().map(|it| format!("{} {}", it.method, it.path)).collect();
        match places.as_slice() {
            [] => Some(format!(
                "no vendor request carries `remote_query`: none is `.primary()`{}",
                first(&probed.failures)
            )),
            [_] => None,
            // each page of a list may carry it
            [one, rest @ ..] if self.action.info().kind == ActionKind::List && rest.iter().all(|it| it == one) => None,
            _ => Some(format!("several vendor requests carry `remote_query`: {}", places.join(", "))),
        }
    }
}

/// Name of the case that each action has.
pub(crate) const NORMAL: &str = "normal";

fn has_effect(case: &Case) -> bool {
    // a write that finds nothing to do is no normal one
    case.script.expect.effect.as_deref() != Some("already")
}

fn error_of(case: &Case) -> Option<&userdir_stand_in::case::ExpectedError> {
    case.script.expect.error.as_ref()
}

fn fails_as(case: &Case, kind: &str) -> bool {
    error_of(case).is_some_and(|error| error.kind == kind)
}

/// Two answered requests to the same place that ask for different things: page and next page.
fn has_two_pages(case: &Case) -> bool {
    let answered: Vec<_> =
        case.script.exchanges.iter().filter(|it| it.response.status < 300).map(|it| &it.request).collect();
    case.is_success()
        && answered.iter().enumerate().any(|(index, one)| {
            answered.iter().skip(index + 1).any(|other| {
                (&one.method, &one.path) == (&other.method, &other.path)
                    && (&one.query, &one.body, &one.form) != (&other.query, &other.body, &other.form)
            })
        })
}

fn first(failures: &[String]) -> String {
    failures.first().map(|failure| format!(" ({failure})")).unwrap_or_default()
}
