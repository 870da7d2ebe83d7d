//! What the targets share: every provider, connected to a vendor that answers what the input says.
//!
//! The vendor stands behind an HTTP proxy, as which a stand-in plays. So a request to any host arrives here, and one that
//! leaves the account's own is seen, whatever its address. Time passes only where somebody waits.

use std::collections::VecDeque;
use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::TryStreamExt;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use userdir::action::ActionKind;
use userdir::definition::SettingKind;
use userdir::runtime::MemoryCredentials;
use userdir::{Action, Call, Clock, Directory, Registration, Registry, Result, Runtime, Settings, FIXTURES};
use userdir_stand_in::case::Script;
use userdir_stand_in::{async_trait, Answer, Case, Files, Fixtures, Handler, Received, StandIn};

/// The host of every account.
pub const HOST: &str = "vendor.example";
const SECRET: &str = "fuzz-secret";
/// Between the parts of an input.
pub const SEPARATOR: u8 = 0;

/// A case of a provider's fixtures, its address and secret filled in.
pub struct Known {
    pub registration: &'static Registration,
    pub action: Action,
    pub script: Script,
}

/// All providers and their vendor.
pub struct World {
    tokio: tokio::runtime::Runtime,
    shared: Runtime,
    registry: Registry,
    vendor: Arc<Vendor>,
    _stand_in: StandIn,
    /// The cases of all providers, in an order that stays.
    pub cases: Vec<Known>,
}

impl World {
    /// The one of this process.
    pub fn of_all() -> &'static World {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(World::new)
    }

    fn new() -> World {
        let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let vendor = Arc::new(Vendor::default());
        let stand_in = tokio.block_on(StandIn::serve(vendor.clone())).expect("a free port");
        // before there is a second thread
        for scheme in ["http_proxy", "https_proxy"] {
            std::env::set_var(scheme, stand_in.base_url());
        }
        let shared = Runtime::builder()
            .clock(Arc::new(VirtualClock::default()))
            .random(|| 0.0)
            .allow_private_networks(true)
            .system_proxy(true)
            .account("fuzz")
            .build()
            .expect("a runtime for accounts");
        let registry = Registry::compiled_in();
        let cases = registry.providers().iter().flat_map(|registration| known(registration)).collect();
        World { tokio, shared, registry, vendor, _stand_in: stand_in, cases }
    }

    /// The case that the first two bytes of an input choose, and the rest of the input.
    pub fn choose<'i>(&self, input: &'i [u8]) -> Option<(&Known, &'i [u8])> {
        let (choice, rest) = input.split_first_chunk::<2>()?;
        let at = usize::from(u16::from_be_bytes(*choice));
        Some((self.cases.get(at % self.cases.len())?, rest))
    }

    /// The account of a case, connected anew: nothing is left of the input before.
    pub fn connect(&self, case: &Known) -> Result<Directory> {
        let account = case.script.account.clone().unwrap_or_default();
        let settings = account.settings.iter().fold(Settings::new(), |settings, (key, value)| settings.set(key, value));
        let secrets = account.secrets.iter();
        let settings = secrets.fold(settings, |settings, (key, value)| settings.secret(key, value.as_str()));
        let runtime = self.shared.with_credentials(Arc::new(MemoryCredentials::default()));
        self.registry.connect_with(case.registration.definition.slug, settings, &runtime)
    }

    /// Runs a call against a vendor that gives these answers in turn, and then refuses; gives what it was asked.
    ///
    /// No request may have gone to another host, or to an address that means something else at another reading.
    pub fn play<T>(&self, answers: Vec<Answer>, call: impl Future<Output = T>) -> (T, Vec<Received>) {
        self.vendor.prepare(answers);
        let came = self.tokio.block_on(call);
        let seen = self.vendor.seen();
        seen.iter().for_each(stays);
        (came, seen)
    }

    /// Makes the call of a case with another input, as the server would.
    pub async fn call(&self, case: &Known, call: &Call, input: Value) -> Result<()> {
        let directory = self.connect(case)?;
        if case.action.info().kind != ActionKind::List {
            let reply = directory.call_json(call, case.action, input).await?;
            return is_json(reply.value.get());
        }
        let mut pages = directory.stream_json(call, case.action, input);
        while let Some(page) = pages.try_next().await? {
            page.lines().try_for_each(is_json)?;
        }
        Ok(())
    }
}

impl Known {
    /// The answers that the case has.
    pub fn answers(&self) -> Vec<Answer> {
        let responses = self.script.exchanges.iter().map(|exchange| &exchange.response);
        responses.map(|it| Answer::json(it.status, it.text.clone().unwrap_or_default())).collect()
    }

    /// A call as the case has it, with the time that a server gives it.
    pub fn call(&self) -> Call {
        let given = &self.script.call;
        let call = if given.plan { Call::plan() } else { Call::new() };
        let query = given.remote_query.iter();
        let query = query.flat_map(|(name, values)| values.values().iter().map(|value| (name.clone(), value.clone())));
        call.deadline(Duration::from_secs(100)).remote_query(query.collect()).remote_data(given.remote_data.clone())
    }
}

fn known(registration: &'static Registration) -> Vec<Known> {
    let slug = registration.definition.slug;
    let Some((_, dir)) = FIXTURES.iter().find(|(name, _)| *name == slug) else { return Vec::new() };
    let fixtures = Fixtures::read(&Files::embedded(dir).expect("fixtures that are texts"));
    let known = |case: &Case| {
        let action = Action::ALL.iter().find(|action| action.info().function == case.action)?;
        Some(Known { registration, action: *action, script: case.script.filled(&format!("http://{HOST}"), SECRET) })
    };
    fixtures.cases.iter().filter_map(known).collect()
}

fn is_json(text: &str) -> Result<()> {
    let read = serde_json::from_str::<Value>(text);
    read.unwrap_or_else(|error| panic!("what came out is no JSON: {error}: {text}"));
    Ok(())
}

/// That a request has stayed with its account: on its host, and at a path that reads the same everywhere.
fn stays(request: &Received) {
    let host = request.header("host").unwrap_or_default();
    let is_own = host == HOST && request.method != "CONNECT";
    assert!(is_own || is_a_vendors(host), "a request left to {host}: {request:?}");
    let read: Vec<String> =
        request.path.split('/').map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect();
    assert!(!read.iter().any(|part| part == "." || part == ".."), "a path leads elsewhere: {request:?}");
}

/// Whether a host is one that a definition names: a token's answer may lead there.
fn is_a_vendors(host: &str) -> bool {
    let host = host.split(':').next().unwrap_or_default();
    let matches = |pattern: &str| match pattern.strip_prefix('*') {
        Some(domain) => host.ends_with(domain),
        None => host == pattern,
    };
    let settings = userdir::LINKED.iter().flat_map(|registration| registration.definition.settings);
    let hosts = settings.flat_map(|setting| match setting.kind {
        SettingKind::Url { hosts } => hosts,
        _ => &[],
    });
    hosts.into_iter().any(|pattern| matches(pattern))
}

/// Writes seeds into the folder that `.ci/fuzz-run` names, before libFuzzer reads it.
pub fn plant(seeds: impl IntoIterator<Item = Vec<u8>>) {
    let Some(folder) = std::env::var_os("USERDIR_FUZZ_CORPUS") else { return };
    for (number, seed) in seeds.into_iter().enumerate() {
        std::fs::write(Path::new(&folder).join(format!("fixture-{number:04}")), seed).expect("a folder to write to");
    }
}

/// Answers as it is told, and keeps what it was asked.
#[derive(Default)]
struct Vendor(Mutex<(VecDeque<Answer>, Vec<Received>)>);

impl Vendor {
    fn prepare(&self, answers: Vec<Answer>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (answers.into(), Vec::new());
    }

    fn seen(&self) -> Vec<Received> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).1)
    }
}

#[async_trait]
impl Handler for Vendor {
    async fn handle(&self, request: Received) -> Answer {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.1.push(request);
        state.0.pop_front().unwrap_or_else(|| Answer::json(400, "{}"))
    }
}

/// Time that never really passes.
#[derive(Default)]
struct VirtualClock(Mutex<Duration>);

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let begin = Timestamp::constant(1_767_225_600, 0);
        begin.checked_add(self.monotonic()).unwrap_or(begin)
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn sleep(&self, pause: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // many inputs share one clock, which must not come to its end
        *now = now.saturating_add(pause.min(Duration::from_secs(3600)));
    }
}
