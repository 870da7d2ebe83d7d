//! Faults derived from the cases: each success is played again with something going wrong, and the harness knows what must
//! hold then. A contributor writes none of it.
//!
//! Read `interruption.rs` for what can happen to one exchange and `rewrite.rs` for what can be strange about the answers;
//! `vendor.rs` plays the vendor to which it happens, and `verdict.rs` says what must hold.
//!
//! Every fault strikes every success once at least; of an action's cases those that are the first to show an exchange have
//! every fault at it. More would repeat what is known.

mod interruption;
mod rewrite;
mod vendor;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use userdir::observer::WriteStep;
use userdir::{Action, Result};
use userdir_stand_in::case::{BASE, Exchange, Request, SECRET, Script};
use userdir_stand_in::play::differences;
use userdir_stand_in::{Port, Received};

use crate::attempt::{self, Came, Subject};
use crate::leak::{CANARY, Secrets, Watcher};
use crate::provider::Tried;
use crate::world::{Log, VirtualClock};

use interruption::Interruption;
use vendor::Struck;

/// The longest that a request may take while a vendor stalls. Real time: it is the network's, not the clock's.
const STALL: Duration = Duration::from_millis(1500);

/// Plays that wait for nothing but the network, at the same time.
const STALLING: usize = 64;

/// What the faults of an action showed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// How many were played.
    pub played: usize,
    /// What did not hold.
    pub failures: Vec<String>,
}

/// One case, spoiled in one way.
struct Trial<'t> {
    action: Action,
    case: &'t str,
    /// The case's script, as the provider's account sees it without address and secret.
    script: &'t Script,
    spoil: Spoil,
    /// The writes of the case, as the undisturbed run showed them.
    writes: &'t [WriteStep],
    /// Numbers of those that the vendor took.
    taken: &'t BTreeSet<u32>,
}

/// In what way a case is spoiled.
#[derive(Clone)]
enum Spoil {
    /// Something happens to the exchange at this place.
    Interrupted(&'static Interruption, usize),
    /// The answers are others.
    Rewritten(rewrite::Rewrite),
}

/// How a spoiled case went.
struct Outcome {
    came: Result<Came>,
    /// What the vendor saw.
    seen: vendor::Seen,
    /// The waits between requests.
    waits: Vec<Duration>,
    leaks: Vec<String>,
}

/// Plays all faults of the cases that hold.
pub(crate) async fn strike(subject: &Subject, tried: &[Tried<'_>]) -> BTreeMap<Action, Faults> {
    let mut trials = Vec::new();
    let mut shown: BTreeSet<(Action, String)> = BTreeSet::new();
    for (number, tried) in tried.iter().filter(|tried| is_struck(tried)).enumerate() {
        let script = &tried.case.script;
        let is_first: Vec<bool> =
            script.exchanges.iter().map(|exchange| shown.insert((tried.action, kind_of(exchange)))).collect();
        let spoils = interruption::of(script, &is_first, number).into_iter().chain(rewrite::of(tried.action, script));
        trials.extend(spoils.map(|spoil| Trial {
            action: tried.action,
            case: &tried.case.name,
            script,
            spoil,
            writes: &tried.ran.writes,
            taken: &tried.ran.taken,
        }));
    }
    let (waiting, busy): (Vec<Trial>, Vec<Trial>) = trials.into_iter().partition(Trial::stalls);
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let (waiting, busy) =
        futures_util::future::join(play_all(subject, waiting, STALLING), play_all(subject, busy, at_once)).await;
    let mut faults: BTreeMap<Action, Faults> = BTreeMap::new();
    for (action, failures) in waiting.into_iter().chain(busy) {
        let of_action = faults.entry(action).or_default();
        of_action.played += 1;
        of_action.failures.extend(failures);
    }
    faults
}

/// Whether a case is one to spoil: it succeeds, and really goes to the vendor.
fn is_struck(tried: &Tried<'_>) -> bool {
    let script = &tried.case.script;
    tried.case.is_success() && tried.ran.failures.is_empty() && !script.call.plan && !script.exchanges.is_empty()
}

/// What exchanges of the same sort have in common: method and path, ids left out.
fn kind_of(exchange: &Exchange) -> String {
    let is_id = |part: &&str| part.bytes().any(|byte| byte.is_ascii_digit()) || part.contains(['%', '@']);
    let parts = exchange.request.path.split('/').map(|part| if is_id(&part) { "{id}" } else { part });
    format!("{} {}", exchange.request.method, parts.collect::<Vec<_>>().join("/"))
}

async fn play_all(subject: &Subject, trials: Vec<Trial<'_>>, at_once: usize) -> Vec<(Action, Vec<String>)> {
    // boxed one by one, since the compiler cannot see that a stream of such futures is `Send`
    let played = trials.into_iter().map(|trial| futures_util::FutureExt::boxed(play(subject, trial)));
    stream::iter(played.collect::<Vec<_>>()).buffer_unordered(at_once).collect().await
}

async fn play(subject: &Subject, trial: Trial<'_>) -> (Action, Vec<String>) {
    let (spoil, script, action) = (trial.spoil.clone(), trial.script.clone(), trial.action);
    let played = {
        let subject = subject.clone();
        attempt::apart(move |log| async move { attempt(&subject, action, script, spoil, &log).await }).await
    };
    let failures = match played {
        Ok(outcome) => verdict::of(&trial, &outcome),
        Err(what) => vec![what],
    };
    let place = format!("case {}: {}", trial.case, trial.name());
    (trial.action, failures.into_iter().map(|failure| format!("{place}: {failure}")).collect())
}

async fn attempt(
    subject: &Subject,
    action: Action,
    script: Script,
    spoil: Spoil,
    log: &Log,
) -> std::result::Result<Outcome, String> {
    let (stand_in, elsewhere) = (Port::take().await.map_err(broken)?, Port::take().await.map_err(broken)?);
    let script = match &spoil {
        Spoil::Interrupted(..) => script,
        Spoil::Rewritten(rewrite) => rewrite.apply(script, &elsewhere.base_url()),
    };
    let (base, foreign) = (stand_in.base_url(), elsewhere.base_url());
    let script = script.filled(&base, CANARY);
    let stalls = matches!(&spoil, Spoil::Interrupted(interruption, _) if interruption.stalls());
    let struck = Arc::new(Struck::new(&script, &spoil, &foreign));
    let bystander = Arc::new(vendor::Bystander::default());
    let (_vendor, _foreign) = (stand_in.serve(struck.clone()), elsewhere.serve(bystander.clone()));

    let watcher = Arc::new(Watcher::default());
    let clock = Arc::new(VirtualClock::default());
    let call = attempt::call_of(&script).observed_by(watcher.clone());
    let came = attempt::run(subject, action, &script, &call, clock.clone(), stalls.then_some(STALL)).await;
    let leaks = attempt::leaks(&Secrets::of(&script), &came, &watcher, log);
    let mut seen = struck.seen();
    seen.elsewhere = bystander.requests();
    let names = [(base.as_str(), BASE), (CANARY, SECRET)];
    let came = came.map(|came| attempt::unfilled(came, &names));
    Ok(Outcome { came, seen, waits: clock.waits(), leaks })
}

fn broken(error: std::io::Error) -> String {
    format!("no stand-in: {error}")
}

impl Trial<'_> {
    fn stalls(&self) -> bool {
        matches!(&self.spoil, Spoil::Interrupted(interruption, _) if interruption.stalls())
    }

    fn name(&self) -> String {
        match &self.spoil {
            Spoil::Interrupted(interruption, at) => format!("{} at exchange {}", interruption.name, at + 1),
            Spoil::Rewritten(rewrite) => rewrite.to_string(),
        }
    }

    /// The write that an exchange of the case is; none where it only reads.
    fn write_at(&self, at: usize) -> Option<&WriteStep> {
        let request = &self.script.exchanges.get(at)?.request;
        let mut steps = self.writes.iter().filter(|step| is_write(step, &request.method, &request.path));
        // several forms of one change differ in their bodies
        let body = |step: &&WriteStep| step.body.as_ref().and_then(|body| serde_json::from_str(body.get()).ok());
        steps.clone().find(|step| request.body.is_some() && body(step) == request.body).or_else(|| steps.next())
    }
}

/// Whether a request of this method and path is the write that observers were shown.
fn is_write(step: &WriteStep, method: &str, path: &str) -> bool {
    let address = step.url.split_once("://").map_or(step.url.as_str(), |(_, rest)| rest);
    let address = address.split(['?', '#']).next().unwrap_or_default();
    step.method == method && address.split_once('/').is_some_and(|(_, rest)| rest == path.trim_start_matches('/'))
}

/// How often an expected request was made.
fn times(requests: &[Received], expected: &Request) -> usize {
    requests.iter().filter(|request| differences(expected, request).is_empty()).count()
}
