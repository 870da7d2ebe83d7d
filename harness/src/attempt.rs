//! One case, played: connects to a stand-in, calls as the server would, and compares all that comes out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use serde_json::Value;
use tokio::time::timeout;
use userdir::action::ActionKind;
use userdir::observer::{PlanStep, WriteStep};
use userdir::registry::Registry;
use userdir::{Action, Call, Directory, Error, Registration, Result, Settings, Step};
use userdir_stand_in::case::{Account, BASE, SECRET, replace};
use userdir_stand_in::{Case, Received, Script, StandIn};

use crate::compare;
use crate::leak::{CANARY, Secrets, Watcher};
use crate::world::{self, Log, VirtualClock};

/// The longest that a case may take: nothing in it really waits.
const LONGEST: Duration = Duration::from_secs(60);

/// Pages that a resumed list may have.
const PAGES: usize = 1000;

/// The provider that is tried.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub registry: Registry,
    pub registration: &'static Registration,
}

/// How a case went.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    /// What is wrong; none where the case holds.
    pub failures: Vec<String>,
    /// What came out, address and secret under their names again.
    pub came: Option<Came>,
    /// What would have been written, in plan mode.
    pub plan: Option<Value>,
    /// Whether exactly the expected requests were made.
    pub as_scripted: bool,
    /// How many requests were made.
    pub requests: usize,
    /// The requests that carried the probe.
    pub carried: Vec<Received>,
    /// How long it waited in all.
    pub waited: Duration,
    /// The writes, as observers were shown them.
    pub writes: Vec<WriteStep>,
    /// Numbers of those that the vendor took.
    pub taken: BTreeSet<u32>,
}

/// What a call gave.
#[derive(Debug)]
pub(crate) struct Came {
    pub output: Value,
    pub effect: Option<&'static str>,
    pub steps: Vec<Step>,
    pub notes: Vec<String>,
    pub is_partial: bool,
    pub plan: Vec<PlanStep>,
    cursors: Vec<String>,
}

/// Plays a case.
pub(crate) async fn play(subject: &Subject, action: Action, case: &Case, probe: Option<&'static str>) -> Ran {
    let (subject, case) = (subject.clone(), case.clone());
    let played = apart(move |log| async move { attempt(&subject, action, &case, probe, &log).await }).await;
    played.unwrap_or_else(|what| Ran { failures: vec![what], ..Ran::default() })
}

/// Runs something on a thread and a runtime of its own, so that all it does, spawned tasks too, is in its own log.
pub(crate) async fn apart<T, F>(what: impl FnOnce(Log) -> F + Send + 'static) -> std::result::Result<T, String>
where
    T: Send + 'static,
    F: Future<Output = std::result::Result<T, String>>,
{
    let played = tokio::task::spawn_blocking(move || {
        let log = Log::default();
        tracing::dispatcher::with_default(&log.dispatch(), || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| format!("no runtime for the case: {error}"))?;
            // inside, so that the time limit is counted by this runtime
            let ran = runtime.block_on(async { timeout(LONGEST, what(log)).await });
            ran.map_err(|_| format!("took longer than {LONGEST:?}"))?
        })
    });
    played.await.map_err(|error| format!("the provider panicked: {error}"))?
}

async fn attempt(
    subject: &Subject,
    action: Action,
    case: &Case,
    probe: Option<&'static str>,
    log: &Log,
) -> std::result::Result<Ran, String> {
    let playing = StandIn::play_counting(case, CANARY, probe).await.map_err(|error| format!("no stand-in: {error}"))?;
    let (base, mut script) = (playing.base_url(), playing.script().clone());
    if let Some(probe) = probe {
        script.call.remote_query.insert(probe.into(), userdir_stand_in::case::OneOrMany::One("1".into()));
    }
    let watcher = Arc::new(Watcher::default());
    let call = call_of(&script).observed_by(watcher.clone());
    let clock = Arc::<VirtualClock>::default();
    let came = run(subject, action, &script, &call, clock.clone(), None).await;
    let played = playing.finish();

    let mut failures: Vec<String> =
        played.mismatches.iter().map(|mismatch| format!("unexpected request: {mismatch}")).collect();
    failures.extend(played.unused.iter().map(|exchange| format!("never asked for: {exchange}")));
    let as_scripted = failures.is_empty();
    failures.extend(compare::call(action, &script));
    failures.extend(compare::result(action, &script.expect, &came));
    failures.extend(compare::waited(&script.expect, &clock.waits()));
    failures.extend(leaks(&Secrets::of(&script), &came, &watcher, log));

    let names = [(base.as_str(), BASE), (CANARY, SECRET)];
    let failures =
        failures.into_iter().map(|text| names.iter().fold(text, |text, (value, name)| text.replace(value, name)));
    let came = came.ok().map(|came| unfilled(came, &names));
    let plan = came.as_ref().map(|came| {
        let mut plan = compare::plan(&came.plan);
        replace(&mut plan, &names);
        plan
    });
    Ok(Ran {
        failures: failures.collect(),
        plan,
        came,
        waited: clock.waits().iter().sum(),
        writes: watcher.writes(),
        taken: watcher.taken(),
        as_scripted,
        requests: played.requests.len(),
        carried: played.carried.iter().filter_map(|index| played.requests.get(*index).cloned()).collect(),
    })
}

/// With address and secret under their names again.
pub(crate) fn unfilled(mut came: Came, names: &[(&str, &str)]) -> Came {
    replace(&mut came.output, names);
    for (value, name) in names {
        came.notes.iter_mut().for_each(|note| *note = note.replace(value, name));
    }
    came
}

/// Everything a person or a program gets to see of the call, searched for secrets.
pub(crate) fn leaks(secrets: &Secrets, came: &Result<Came>, watcher: &Watcher, log: &Log) -> Vec<String> {
    let mut leaks = match came {
        Err(error) => secrets.find_in_error(error),
        Ok(came) => {
            let said = format!("{:?} {:?}", came.steps, came.notes);
            let texts = [
                ("the output", came.output.to_string()),
                ("a step or note", said),
                ("the plan", compare::plan(&came.plan).to_string()),
                ("a cursor", came.cursors.join(" ")),
            ];
            texts.iter().filter_map(|(what, text)| secrets.find(what, text)).collect()
        }
    };
    leaks.extend(watcher.texts().iter().filter_map(|(what, text)| secrets.find(what, text)));
    let log = log.text();
    leaks.extend(log.lines().find_map(|line| secrets.find("the log", line).map(|leak| format!("{leak}: {line}"))));
    leaks.dedup();
    leaks
}

pub(crate) fn call_of(script: &Script) -> Call {
    let given = &script.call;
    let query = given.remote_query.iter();
    let query = query.flat_map(|(name, values)| values.values().iter().map(|value| (name.clone(), value.clone())));
    let call = if given.plan { Call::plan() } else { Call::new() };
    call.remote_query(query.collect())
        .remote_data(given.remote_data.clone())
        .without_fields(given.without_fields.iter().cloned())
}

/// The account as the registry takes it.
pub(crate) fn settings_of(account: &Account) -> Settings {
    let settings = account.settings.iter().fold(Settings::new(), |settings, (key, value)| settings.set(key, value));
    account.secrets.iter().fold(settings, |settings, (key, value)| settings.secret(key, value.as_str()))
}

/// Connects and calls, by name and JSON as the server does.
pub(crate) async fn run(
    subject: &Subject,
    action: Action,
    script: &Script,
    call: &Call,
    clock: Arc<VirtualClock>,
    longest: Option<Duration>,
) -> Result<Came> {
    let runtime = world::runtime(clock, longest)?;
    let settings = settings_of(&script.account.clone().unwrap_or_default());
    let directory = subject.registry.connect_with(subject.registration.definition.slug, settings, &runtime)?;
    let input = Value::Object(script.call.input.clone());
    if action.info().kind == ActionKind::List {
        return list(&directory, action, script, call, input).await;
    }
    let reply = directory.call_json(call, action, input).await?;
    Ok(Came {
        output: parsed(reply.value.get())?,
        effect: Some(reply.effect.as_str()),
        steps: reply.steps,
        notes: reply.notes,
        is_partial: false,
        plan: call.planned(),
        cursors: Vec::new(),
    })
}

async fn list(directory: &Directory, action: Action, script: &Script, call: &Call, filter: Value) -> Result<Came> {
    let (mut items, mut cursors) = (Vec::new(), Vec::<String>::new());
    let mut is_partial = directory.definition().facts(action).is_some_and(|facts| facts.partial);
    match script.call.limit {
        None => {
            let mut pages = directory.stream_json(call, action, filter);
            while let Some(page) = pages.try_next().await? {
                items.extend(page.lines().map(parsed).collect::<Result<Vec<_>>>()?);
            }
        }
        Some(limit) => loop {
            let cursor = cursors.last().map(String::as_str);
            let page = directory.list_json(call, action, filter.clone(), limit, cursor).await?;
            if page.items.count > limit as usize {
                return Err(Error::unexpected(format!("{} items came, more than {limit}", page.items.count)));
            }
            items.extend(page.items.lines().map(parsed).collect::<Result<Vec<_>>>()?);
            is_partial = page.is_partial;
            cursors.extend(page.next_cursor.clone());
            if !script.call.resume || page.next_cursor.is_none() {
                break;
            }
            if cursors.len() > PAGES {
                return Err(Error::unexpected(format!("the list has no end after {PAGES} pages")));
            }
        },
    }
    let output = Value::Array(items);
    Ok(Came { output, effect: None, steps: vec![], notes: vec![], is_partial, plan: call.planned(), cursors })
}

fn parsed(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| Error::unexpected("what came out is not JSON").caused_by(error))
}
