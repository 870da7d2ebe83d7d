//! Faults derived from the cases: each success is played again with something going wrong, and the harness knows what must
//! hold then. A contributor writes none of it.
//!
//! Read `interruption.rs` for what can happen to one exchange and `rewrite.rs` for what can be strange about the answers;
//! `vendor.rs` plays the vendor to which it happens, and `verdict.rs` says what must hold.
//!
//! Every fault strikes every success once at least; of an action's cases those that are the first to show an exchange have
//! every fault at it, and the first list of several pages has every fault at a later one. More would repeat what is known.
//! What did not come to pass, such as an answer that nobody asked for any more, is not counted.

mod interruption;
mod rewrite;
mod rewritten;
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

use crate::attempt::{self, Came, Ran, Subject};
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
    /// The undisturbed run.
    ran: &'t Ran,
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

/// A fault that was played.
struct Played {
    action: Action,
    /// Whether anything of it came to pass.
    struck: bool,
    failures: Vec<String>,
}

/// Plays all faults of the cases that hold.
pub(crate) async fn strike(subject: &Subject, tried: &[Tried<'_>]) -> BTreeMap<Action, Faults> {
    let mut trials = Vec::new();
    let mut shown: BTreeSet<(Action, String)> = BTreeSet::new();
    let mut paged: BTreeSet<Action> = BTreeSet::new();
    let mut nulled: BTreeSet<(Action, String)> = BTreeSet::new();
    // those that change something first: where it was so before, most of what goes wrong says nothing of the writes
    let (already, changing): (Vec<_>, Vec<_>) = tried.iter().filter(|tried| is_struck(tried)).partition(is_already);
    for (number, tried) in changing.into_iter().chain(already).enumerate() {
        let script = &tried.case.script;
        let is_first: Vec<bool> =
            script.exchanges.iter().map(|exchange| shown.insert((tried.action, kind_of(exchange)))).collect();
        let mut later: Vec<usize> = rewrite::pages(script).into_iter().map(|(_, later)| later).collect();
        if !later.is_empty() && !paged.insert(tried.action) {
            later.clear();
        }
        let spoils = interruption::of(script, &is_first, &later, number).into_iter().chain(rewrite::of(
            tried.action,
            script,
            &mut nulled,
        ));
        trials.extend(spoils.map(|spoil| Trial {
            action: tried.action,
            case: &tried.case.name,
            script,
            spoil,
            ran: &tried.ran,
        }));
    }
    let (waiting, busy): (Vec<Trial>, Vec<Trial>) = trials.into_iter().partition(Trial::stalls);
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let (waiting, busy) =
        futures_util::future::join(play_all(subject, waiting, STALLING), play_all(subject, busy, at_once)).await;
    let mut faults: BTreeMap<Action, Faults> = BTreeMap::new();
    for played in waiting.into_iter().chain(busy) {
        let of_action = faults.entry(played.action).or_default();
        of_action.played += usize::from(played.struck);
        of_action.failures.extend(played.failures);
    }
    faults
}

/// Whether a case is one to spoil: it succeeds, and really goes to the vendor.
fn is_struck(tried: &Tried<'_>) -> bool {
    let script = &tried.case.script;
    tried.case.is_success() && tried.ran.failures.is_empty() && !script.call.plan && !script.exchanges.is_empty()
}

/// Whether a case finds that it is so already.
fn is_already(tried: &&Tried<'_>) -> bool {
    tried.ran.came.as_ref().is_some_and(|came| came.effect == Some("already"))
}

/// What exchanges of the same sort have in common: method and path, ids left out.
fn kind_of(exchange: &Exchange) -> String {
    let is_id = |part: &&str| part.bytes().any(|byte| byte.is_ascii_digit()) || part.contains(['%', '@']);
    let parts = exchange.request.path.split('/').map(|part| if is_id(&part) { "{id}" } else { part });
    format!("{} {}", exchange.request.method, parts.collect::<Vec<_>>().join("/"))
}

async fn play_all(subject: &Subject, trials: Vec<Trial<'_>>, at_once: usize) -> Vec<Played> {
    // boxed one by one, since the compiler cannot see that a stream of such futures is `Send`
    let played = trials.into_iter().map(|trial| futures_util::FutureExt::boxed(play(subject, trial)));
    stream::iter(played.collect::<Vec<_>>()).buffer_unordered(at_once).collect().await
}

async fn play(subject: &Subject, trial: Trial<'_>) -> Played {
    let (spoil, script, action) = (trial.spoil.clone(), trial.script.clone(), trial.action);
    let played = {
        let subject = subject.clone();
        attempt::apart(move |log| async move { attempt(&subject, action, script, spoil, &log).await }).await
    };
    let (struck, failures) = match played {
        // an earlier answer was enough, such as one that is kept
        Ok(outcome) if trial.interrupts() && outcome.seen.struck == 0 => (false, outcome.leaks),
        Ok(outcome) => (true, verdict::of(&trial, &outcome)),
        Err(what) => (true, vec![what]),
    };
    let place = format!("case {}: {}", trial.case, trial.name());
    let failures = failures.into_iter().map(|failure| format!("{place}: {failure}")).collect();
    Played { action, struck, failures }
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
    fn interrupts(&self) -> bool {
        matches!(self.spoil, Spoil::Interrupted(..))
    }

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
        let mut steps = self.ran.writes.iter().filter(|step| is_write(step, &request.method, &request.path));
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
