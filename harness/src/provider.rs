//! One provider through all of its fixtures.

use futures_util::{StreamExt, stream};
use std::collections::BTreeSet;
use userdir::{Action, Definition};
use userdir_stand_in::{Case, Files, Fixtures};

use crate::attempt::{self, Ran, Subject};
use crate::faults;
use crate::report::{ActionReport, CaseReport, Check, Excuse, ProviderReport, RuleFailure, State};
use crate::round_trip::round_trip;
use crate::rules::{Evidence, NORMAL, Rule};
use crate::scan;
use crate::specs::{self, Judged, Specs};

/// The query parameter that is passed through to find the primary request.
const PROBE: &str = "userdir_probe";

/// A case, how it went, and for a normal case how it went with the probe.
pub(crate) struct Tried<'f> {
    pub action: Action,
    pub case: &'f Case,
    pub ran: Ran,
    probed: Option<Ran>,
}

/// Plays every case of an action that the provider implements.
pub(crate) async fn try_all<'f>(subject: &Subject, fixtures: &'f Fixtures) -> Vec<Tried<'f>> {
    let able = (subject.registration.actions)();
    let cases = fixtures.cases.iter().filter_map(|case| {
        let action = Action::by_function(&case.action).filter(|action| able.contains(*action))?;
        Some(async move {
            let ran = attempt::play(subject, action, case, None).await;
            let probed = match case.name == NORMAL && case.is_success() && ran.failures.is_empty() {
                true => Some(attempt::play(subject, action, case, Some(PROBE)).await),
                false => None,
            };
            Tried { action, case, ran, probed }
        })
    });
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    // boxed one by one, since the compiler cannot see that a stream of such futures is `Send`
    stream::iter(cases.map(futures_util::FutureExt::boxed).collect::<Vec<_>>()).buffered(at_once).collect().await
}

/// Plays and judges everything.
pub(crate) async fn report(
    subject: &Subject,
    files: &Files,
    specs: Option<&Specs>,
    without_faults: bool,
) -> ProviderReport {
    let definition = subject.registration.definition;
    let able = (subject.registration.actions)();
    let fixtures = Fixtures::read(files);
    let tried = try_all(subject, &fixtures).await;

    let mut failures: Vec<String> = fixtures.faults.iter().map(ToString::to_string).collect();
    failures.extend(scan::scan(files));
    for case in &fixtures.cases {
        match Action::by_function(&case.action) {
            None => failures.push(format!(
                "{}/{}: there is no action `{}`; folders are named as `list_users` is",
                case.action, case.name, case.action
            )),
            Some(action) if !able.contains(action) => {
                failures.push(format!("{}/{}: the provider does not implement {action}", case.action, case.name));
            }
            Some(_) => {}
        }
    }
    failures.extend(fixtures.deviations.iter().filter_map(specs::lack).map(|lack| format!("deviations.toml: {lack}")));
    let excuses = Excuses::read(&fixtures, &mut failures);
    let struck = if without_faults { Default::default() } else { faults::strike(subject, &tried).await };
    let trip = if without_faults { None } else { round_trip(subject.registration).await };
    let judged = specs.filter(|specs| !specs.is_empty()).map(|specs| specs.judge(&fixtures));
    let actions: Vec<ActionReport> = Action::ALL
        .iter()
        .map(|action| {
            let implemented = able.contains(*action);
            let mut report = ActionReport {
                action: *action,
                implemented,
                reason: definition.lack(*action).filter(|_| !implemented),
                checks: Default::default(),
                cases: Vec::new(),
                excuses: Vec::new(),
                needs: BTreeSet::new(),
                failures: Vec::new(),
                described: 0,
                undescribed: Vec::new(),
                faults: 0,
                faulty: Vec::new(),
                round_trip: Vec::new(),
            };
            failures.extend(reason_fault(definition, *action, implemented));
            if implemented {
                let tried: Vec<&Tried> = tried.iter().filter(|tried| tried.action == *action).collect();
                judge(subject, &tried, &excuses, &mut report);
                describe(judged.as_ref(), &mut report);
                report.struck(struck.get(action));
                trip.iter().for_each(|trip| report.travelled(trip));
            }
            report
        })
        .collect();
    for (action, rule, _) in &excuses.0 {
        let is_used = actions.iter().any(|it| it.action == *action && it.excuses.iter().any(|it| it.rule == *rule));
        if !is_used {
            failures.push(format!("skip.toml: `{}` needs no excuse from `{rule}`", action.info().function));
        }
    }
    let mut deviations = Vec::new();
    if let Some(judged) = judged {
        let unused = judged.unused.iter();
        failures.extend(unused.map(|it| format!("deviations.toml: `{}` `{}` is not needed", it.operation, it.what)));
        deviations = judged.used;
    }
    let is_described = specs.is_some_and(|specs| !specs.is_empty());
    ProviderReport { slug: definition.slug, is_described, actions, deviations, failures }
}

/// Puts what the vendor's description says of an action's cases into its report.
fn describe(judged: Option<&Judged>, report: &mut ActionReport) {
    let Some(judged) = judged else { return };
    let name = report.action.info().function;
    report.described = judged.checked.get(name).copied().unwrap_or_default();
    let findings = judged.findings.iter().filter(|finding| finding.action == name);
    report.undescribed = findings.map(|finding| finding.text.clone()).collect();
    // where no call of the action is in the description there is nothing that could hold
    if report.described > 0 || !report.undescribed.is_empty() {
        report.checks.insert(Check::Description, State::of(report.undescribed.is_empty()));
    }
}

/// Puts the cases, and the rules that they break together, into the report of their action.
fn judge(subject: &Subject, tried: &[&Tried<'_>], excuses: &Excuses, report: &mut ActionReport) {
    let cases: Vec<&Case> = tried.iter().map(|tried| tried.case).collect();
    report.needs = cases.iter().flat_map(|case| case.script.needs.iter().cloned()).collect();
    let evidence = Evidence {
        action: report.action,
        able: (subject.registration.actions)(),
        definition: subject.registration.definition,
        cases: &cases,
        probed: tried.iter().find_map(|tried| tried.probed.as_ref()),
    };
    for rule in Rule::ALL {
        let Some(message) = evidence.against(*rule) else { continue };
        match excuses.reason(report.action, *rule) {
            Some(reason) => report.excuses.push(Excuse { rule: *rule, reason: reason.to_owned() }),
            None => report.failures.push(RuleFailure { rule: *rule, message }),
        }
    }
    report.cases = tried
        .iter()
        .map(|tried| CaseReport {
            name: tried.case.name.clone(),
            title: tried.case.script.title.clone(),
            source: tried.case.script.source.kind,
            passed: tried.ran.failures.is_empty(),
            failures: tried.ran.failures.clone(),
        })
        .collect();
    let passed = report.failures.is_empty() && report.cases.iter().all(|case| case.passed);
    report.checks.insert(Check::Fixtures, State::of(passed));
}

/// An action is there, or there is a reason why it is not.
fn reason_fault(definition: &Definition, action: Action, implemented: bool) -> Option<String> {
    match (implemented, definition.lack(action)) {
        (false, None) => Some(format!("{action} is not implemented, and `lacks` does not say why")),
        (true, Some(_)) => Some(format!("{action} is implemented, and `lacks` says that it is not")),
        _ => None,
    }
}

/// What `skip.toml` excuses.
struct Excuses<'f>(Vec<(Action, Rule, &'f str)>);

impl<'f> Excuses<'f> {
    fn read(fixtures: &'f Fixtures, failures: &mut Vec<String>) -> Excuses<'f> {
        let mut excuses = Vec::new();
        for skip in &fixtures.skips {
            match (Action::by_function(&skip.action), Rule::by_name(&skip.rule)) {
                (None, _) => failures.push(format!("skip.toml: there is no action `{}`", skip.action)),
                (_, None) => failures.push(format!("skip.toml: there is no rule `{}`", skip.rule)),
                _ if skip.reason.trim().is_empty() => {
                    failures.push(format!("skip.toml: `{}` `{}` has no reason", skip.action, skip.rule));
                }
                (Some(action), Some(rule)) => excuses.push((action, rule, skip.reason.as_str())),
            }
        }
        Excuses(excuses)
    }

    fn reason(&self, action: Action, rule: Rule) -> Option<&'f str> {
        self.0.iter().find(|(its, of, _)| (*its, *of) == (action, rule)).map(|(_, _, reason)| *reason)
    }
}
