//! What a run found: the matrix of provider, action and check, and every failure.
//!
//! As JSON ([`Report::json`]) its shape is stable; `docs/conformance.md` describes it. Members may be added, and values of
//! `checks` and `rule`; none is taken away or changes what it means.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};
use userdir::Action;
use userdir_stand_in::case::SourceKind;

use crate::faults::Faults;
use crate::round_trip::RoundTrip;
use crate::rules::Rule;
use crate::specs::Deviation;

/// What a run found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The providers, sorted by slug.
    pub providers: Vec<ProviderReport>,
}

/// What was found about a provider.
#[derive(Clone, Debug, Serialize)]
pub struct ProviderReport {
    /// Its slug.
    pub slug: &'static str,
    /// Whether there was a description of the vendor's to hold it against.
    pub is_described: bool,
    /// Every action of the table.
    pub actions: Vec<ActionReport>,
    /// Differences from the vendor's description that are excused, with the reasons.
    pub deviations: Vec<Deviation>,
    /// What is wrong with the provider or its fixtures as a whole.
    pub failures: Vec<String>,
}

/// What was found about an action.
#[derive(Clone, Debug, Serialize)]
pub struct ActionReport {
    /// The action.
    pub action: Action,
    /// Whether the provider implements it.
    pub implemented: bool,
    /// Why not, as the provider says.
    pub reason: Option<&'static str>,
    /// The checks that were run and how they ended; none for an action that is not implemented.
    pub checks: BTreeMap<Check, State>,
    /// Its cases.
    pub cases: Vec<CaseReport>,
    /// Rules it is excused from.
    pub excuses: Vec<Excuse>,
    /// Members of answers without which its cases say that nothing can be told: null there may be an error.
    pub needs: BTreeSet<String>,
    /// Rules that do not hold.
    pub failures: Vec<RuleFailure>,
    /// Requests that were found in the vendor's description.
    pub described: usize,
    /// What is not as the vendor's description says.
    pub undescribed: Vec<String>,
    /// Faults that were derived from its cases and played.
    pub faults: usize,
    /// What did not hold under them.
    pub faulty: Vec<String>,
    /// What did not hold at a vendor with a memory.
    pub round_trip: Vec<String>,
}

/// A check: a column of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The fixture cases and the rules about them.
    Fixtures,
    /// What must hold when something goes wrong, derived from the cases.
    Faults,
    /// Requests and answers against the vendor's own description.
    Description,
    /// The way there and back at a vendor with a memory.
    RoundTrip,
}

impl Check {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Check::Fixtures => "fixtures",
            Check::Faults => "faults",
            Check::Description => "description",
            Check::RoundTrip => "round_trip",
        }
    }

    /// Its letter in the short matrix; the fixtures have that of their source.
    fn letter(self) -> &'static str {
        match self {
            Check::Fixtures => "",
            Check::Faults => "f",
            Check::Description => "s",
            Check::RoundTrip => "t",
        }
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// All holds.
    Passed,
    /// Something does not.
    Failed,
}

impl State {
    /// `Passed` if so.
    pub fn of(passed: bool) -> State {
        if passed { State::Passed } else { State::Failed }
    }

    fn mark(self) -> &'static str {
        match self {
            State::Passed => "✓",
            State::Failed => "✗",
        }
    }
}

/// What was found about a case.
#[derive(Clone, Debug, Serialize)]
pub struct CaseReport {
    /// Its folder.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// What stands behind it.
    pub source: SourceKind,
    /// Whether it holds.
    pub passed: bool,
    /// Why not.
    pub failures: Vec<String>,
}

/// A rule that need not hold.
#[derive(Clone, Debug, Serialize)]
pub struct Excuse {
    /// The rule.
    pub rule: Rule,
    /// Why not.
    pub reason: String,
}

/// A rule that does not hold.
#[derive(Clone, Debug, Serialize)]
pub struct RuleFailure {
    /// The rule.
    pub rule: Rule,
    /// What is missing or wrong.
    pub message: String,
}

impl Report {
    /// Whether nothing falls short.
    pub fn is_green(&self) -> bool {
        self.failures().is_empty()
    }

    /// Everything that falls short, one text each, with provider, action and case in front.
    pub fn failures(&self) -> Vec<String> {
        self.providers.iter().flat_map(ProviderReport::all_failures).collect()
    }

    /// The whole report as JSON.
    pub fn json(&self) -> Value {
        json!({ "green": self.is_green(), "providers": self.providers })
    }

    /// The matrix for a terminal, the failures below it.
    pub fn table(&self) -> String {
        let mut rows = vec![["provider".to_owned(), "action".to_owned()].into_iter().chain(self.columns()).collect()];
        for provider in &self.providers {
            for action in &provider.actions {
                let mut row = vec![provider.slug.to_owned(), action.action.to_string()];
                match action.reason {
                    Some(reason) if !action.implemented => row.push(format!("— {reason}")),
                    _ => row.extend(self.checks().into_iter().map(|check| action.cell(check))),
                }
                rows.push(row);
            }
        }
        let mut text = padded(&rows);
        let failures = self.failures();
        text.push_str(&match failures.len() {
            0 => "\nnothing falls short\n".to_owned(),
            1 => "\n1 falls short:\n".to_owned(),
            many => format!("\n{many} fall short:\n"),
        });
        failures.iter().for_each(|failure| {
            let _ = writeln!(text, "  {failure}");
        });
        text
    }

    /// The matrix in short, as Markdown: an action a row, a provider a column; a letter for each thing that stands behind a
    /// cell.
    pub fn matrix(&self) -> String {
        let slugs: Vec<&str> = self.providers.iter().map(|provider| provider.slug).collect();
        let mut text = format!("| | {} |\n|---|{}\n", slugs.join(" | "), ":-:|".repeat(slugs.len()));
        for action in Action::ALL {
            let cells = self.providers.iter().map(|provider| {
                let found = provider.actions.iter().find(|it| it.action == *action && it.implemented);
                found.map_or("—".to_owned(), ActionReport::letters)
            });
            let _ = writeln!(text, "| `{action}` | {} |", cells.collect::<Vec<_>>().join(" | "));
        }
        text
    }

    /// The matrix in full, as Markdown: a section a provider, with what stands behind each action and what the vendor lacks.
    pub fn markdown(&self) -> String {
        self.providers.iter().map(|provider| provider.markdown(&self.checks())).collect::<Vec<_>>().join("\n")
    }

    /// The checks that were run anywhere.
    fn checks(&self) -> BTreeSet<Check> {
        let actions = self.providers.iter().flat_map(|provider| &provider.actions);
        let mut checks: BTreeSet<Check> = actions.flat_map(|action| action.checks.keys().copied()).collect();
        checks.insert(Check::Fixtures);
        checks
    }

    fn columns(&self) -> impl Iterator<Item = String> {
        self.checks().into_iter().map(|check| check.as_str().to_owned())
    }
}

impl ProviderReport {
    fn all_failures(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.failures.iter().map(|text| format!("{}: {text}", self.slug)).collect();
        for action in &self.actions {
            let place = format!("{}: {}", self.slug, action.action);
            lines.extend(action.failures.iter().map(|it| format!("{place}: {}: {}", it.rule, it.message)));
            let others = action.faulty.iter().chain(&action.undescribed).chain(&action.round_trip);
            lines.extend(others.map(|text| format!("{place}: {text}")));
            for case in &action.cases {
                lines.extend(case.failures.iter().map(|text| format!("{place}: case {}: {text}", case.name)));
            }
        }
        lines
    }

    fn markdown(&self, checks: &BTreeSet<Check>) -> String {
        let heads: Vec<&str> = checks.iter().map(|check| check.as_str()).collect();
        let mut text =
            format!("## {}\n\n| action | {} |\n|---|{}\n", self.slug, heads.join(" | "), "---|".repeat(heads.len()));
        for action in self.actions.iter().filter(|action| action.implemented) {
            let cells: Vec<String> = checks.iter().map(|check| action.cell(*check)).collect();
            let _ = writeln!(text, "| `{}` | {} |", action.action, cells.join(" | "));
        }
        let excuses = self.actions.iter().flat_map(|action| action.excuses.iter().map(move |it| (action.action, it)));
        let excuses: Vec<String> =
            excuses.map(|(action, it)| format!("- `{action}`, {}: {}", it.rule, it.reason)).collect();
        if !excuses.is_empty() {
            let _ = write!(text, "\nExcused from a rule:\n\n{}\n", excuses.join("\n"));
        }
        let needs = self.actions.iter().flat_map(|action| action.needs.iter().map(move |it| (action.action, it)));
        let needs: Vec<String> = needs.map(|(action, member)| format!("- `{action}`: `{member}`")).collect();
        if !needs.is_empty() {
            let _ = write!(
                text,
                "\nAn error, and no success with less in it, where this is null:\n\n{}\n",
                needs.join("\n")
            );
        }
        if !self.deviations.is_empty() {
            text.push_str("\nWhere the vendor's description is not followed:\n\n");
        }
        for it in &self.deviations {
            let _ = writeln!(text, "- `{}`, {}: {} ({})", it.operation, it.what, it.reason, it.source);
        }
        let lacking = self.lacking();
        if !lacking.is_empty() {
            text.push_str("\nNot there, because:\n\n");
        }
        for (reason, actions) in lacking {
            let names: Vec<String> = actions.iter().map(|action| format!("`{action}`")).collect();
            let _ = writeln!(text, "- {}: {reason}", names.join(", "));
        }
        text
    }

    /// What is not implemented, by reason, in the order of the table.
    fn lacking(&self) -> Vec<(&'static str, Vec<Action>)> {
        let mut lacking: Vec<(&'static str, Vec<Action>)> = Vec::new();
        for action in self.actions.iter().filter(|action| !action.implemented) {
            let reason = action.reason.unwrap_or("no reason is given");
            match lacking.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, actions)) => actions.push(action.action),
                None => lacking.push((reason, vec![action.action])),
            }
        }
        lacking
    }
}

impl ActionReport {
    /// Takes in how the provider came through its round trip; an action that is no part of it has none.
    pub(crate) fn travelled(&mut self, trip: &RoundTrip) {
        let Some(step) = trip.steps.iter().find(|step| step.action == self.action) else { return };
        self.round_trip = step.failures.clone();
        self.checks.insert(Check::RoundTrip, State::of(step.failures.is_empty()));
    }

    /// Takes in what faults showed; an action without a success has none.
    pub(crate) fn struck(&mut self, faults: Option<&Faults>) {
        let Some(faults) = faults else { return };
        (self.faults, self.faulty) = (faults.played, faults.failures.clone());
        self.checks.insert(Check::Faults, State::of(self.faulty.is_empty()));
    }

    /// What stands behind the action, a letter each; a cross where something falls short.
    fn letters(&self) -> String {
        if self.checks.values().any(|state| *state == State::Failed) {
            return State::Failed.mark().to_owned();
        }
        let source = self.cases.iter().map(|case| case.source).min().map_or("", SourceKind::as_str);
        let source = source.get(..1).unwrap_or_default();
        std::iter::once(source).chain(self.checks.keys().map(|check| check.letter())).collect()
    }

    /// How a check ended, and what stands behind it.
    fn cell(&self, check: Check) -> String {
        let Some(state) = self.checks.get(&check) else { return "—".into() };
        match check {
            Check::Description => return format!("{} {} requests", state.mark(), self.described),
            Check::Faults => return format!("{} {}", state.mark(), self.faults),
            Check::RoundTrip => return state.mark().to_owned(),
            Check::Fixtures => {}
        }
        let mut kinds: BTreeMap<SourceKind, usize> = BTreeMap::new();
        self.cases.iter().for_each(|case| *kinds.entry(case.source).or_default() += 1);
        let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {}", kind.as_str())).collect();
        format!("{} {}", state.mark(), kinds.join(", ")).trim_end().to_owned()
    }
}

fn padded(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter(|row| row.len() > column + 1).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().enumerate().map(|(column, cell)| format!("{cell:<width$}", width = width(column)));
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    text
}
