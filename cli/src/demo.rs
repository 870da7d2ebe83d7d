//! `userdir demo`: the whole server on an empty machine, with one account per compiled-in provider, each against a
//! stand-in vendor inside this process. It replays the provider's fixtures; where there is a vendor with a memory that one
//! is asked first, so that a change is seen in the next list. Nothing leaves this machine, and nothing of it is there
//! afterwards.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use userdir::runtime::{RuntimeBuilder, SystemClock};
use userdir::{Action, Clock, Error, FIXTURES, Registration, Runtime, STAND_INS, async_trait};
use userdir_server::{Server, ServerConfig};
use userdir_stand_in::case::BEGIN;
use userdir_stand_in::memory::Stage;
use userdir_stand_in::{Files, Fixtures, Replaying, StandIn};
use userdir_store::{AccountChange, AccountStatus, KeySource, NewAccount, NewApiToken, Scope, Store, open_sqlite};

use crate::errors::{Failure, Result};
use crate::output;
use crate::serve::told_to_stop;
use crate::session::Session;

/// Where the demo is served.
#[derive(Args, Clone, Debug)]
pub struct Demo {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7070")]
    listen: SocketAddr,
    /// Show calls that take a role away, remove from a group, deactivate and downgrade, at each vendor that can.
    #[arg(long)]
    samples: bool,
}

/// The secret of the stand-in vendors.
const SECRET: &str = "demo-secret";
/// The writes that the public documentation names; the first that some provider shows is the sample.
const WRITES: &[Action] =
    &[Action::DeactivateUser, Action::DowngradeUser, Action::UnassignRole, Action::RemoveUserFromGroup];

/// A provider that is played, and its account.
struct Played {
    registration: &'static Registration,
    fixtures: Fixtures,
    account: String,
    /// It knows what was written.
    memory: Option<Arc<Stage>>,
    /// Held as long as the server runs.
    _vendor: Replaying,
}

/// Serves until it is told to stop.
///
/// # Errors
/// An address that cannot be had; fixtures that cannot be read.
pub async fn run(session: &Session, demo: &Demo) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let store = Arc::new(open_sqlite(folder.path(), KeySource::File).await?);
    let mut all = Vec::new();
    for registration in session.registry.providers() {
        all.push(play(registration, store.as_ref()).await?);
    }
    let token = store.create_api_token(NewApiToken::new("demo", Scope::Admin)).await?;
    let server = Server::bind(store, session.registry.clone(), runtime(), config(demo)).await;
    let server = server.map_err(|error| Error::config(error.to_string()))?;
    let address = format!("http://{}", server.address());
    tell(&all, &address, token.secret.expose_secret(), demo.samples)?;
    let stop = told_to_stop();
    eprintln!("listening on {address}");
    Ok(server.run(stop).await?)
}

/// The stand-ins are on loopback, and know what was asked of them at the time of the fixtures.
fn runtime() -> RuntimeBuilder {
    Runtime::builder().allow_private_networks(true).clock(Arc::new(Begin(SystemClock::default())))
}

/// The time of day at which every fixture begins, for good: what asks for the last month asks for theirs.
struct Begin(SystemClock);

#[async_trait]
impl Clock for Begin {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(BEGIN).unwrap_or_default()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    async fn sleep(&self, pause: Duration) {
        self.0.sleep(pause).await;
    }
}

fn config(demo: &Demo) -> ServerConfig {
    let mut config = ServerConfig::default();
    config.listen = demo.listen;
    config.limits.token_rate = None;
    config.limits.account_rate = None;
    config
}

/// Starts a vendor and connects an account to it.
async fn play(registration: &'static Registration, store: &dyn Store) -> Result<Played> {
    let slug = registration.definition.slug;
    let broken = |what: String| Failure::from(Error::unexpected(format!("the fixtures of `{slug}`: {what}")));
    let embedded = FIXTURES.iter().find(|(name, _)| *name == slug);
    let files = embedded.map(|(_, dir)| Files::embedded(dir)).transpose();
    let fixtures = Fixtures::read(&files.map_err(|fault| broken(fault.to_string()))?.unwrap_or_default());
    let memory = STAND_INS.iter().find(|(name, _)| *name == slug).map(|(_, new)| Arc::new(Stage::new(new())));
    let vendor = StandIn::replay(&fixtures, SECRET, memory.clone()).await?;
    let account = format!("{slug}-demo");
    let given = vendor.account();
    let new = NewAccount::new(&account, slug, "demo");
    let new = given.settings.iter().fold(new, |new, (key, value)| new.set(key, value));
    let new = given.secrets.iter().fold(new, |new, (key, value)| new.secret(key, value.as_str()));
    store.create_account(new).await?;
    store.update_account(&account, AccountChange::default().status(AccountStatus::Active)).await?;
    Ok(Played { registration, fixtures, account, memory, _vendor: vendor })
}

impl Played {
    /// What an action can be tried with: at a vendor with a memory somebody ordinary is taken, elsewhere whom
    /// the fixtures' normal case names, where it can be replayed.
    fn sample(&self, action: Action) -> Option<Map<String, Value>> {
        if !(self.registration.actions)().contains(action) {
            return None;
        }
        match &self.memory {
            Some(stage) => remembered(stage, action),
            None => {
                let case = self.fixtures.case(action.info().function, "normal")?;
                let is_plain = case.script.account == self.fixtures.account && case.script.call.remote_data.is_empty();
                is_plain.then(|| case.script.call.input.clone())
            }
        }
    }

    /// The call of an action as a line for a shell.
    fn line(&self, action: Action, input: Map<String, Value>, address: &str, token: &str) -> String {
        let (info, account) = (action.info(), &self.account);
        format!(
            "curl -s -H 'Authorization: Bearer {token}' -X POST \
             '{address}/unified/user-directory/{}/{}?integrated_account_id={account}' -d '{}'",
            info.resource,
            info.method,
            Value::Object(input)
        )
    }
}

/// The same at a vendor with a memory.
fn remembered(stage: &Stage, action: Action) -> Option<Map<String, Value>> {
    let directory = stage.directory();
    let mut ordinary = directory.ordinary();
    let (user, mut input) = match action {
        Action::DeactivateUser => (ordinary.next()?, Map::new()),
        // somebody else: the other one cannot sign in any more
        Action::DowngradeUser => (ordinary.nth(1)?, stage.particulars().downgrade),
        Action::UnassignRole => {
            let role = stage.particulars().role;
            let (holder, _) = directory.holders(role).next()?;
            return Some(Map::from_iter([
                ("id".to_owned(), holder.clone().into()),
                ("roles".to_owned(), json!([{ "id": role }])),
            ]));
        }
        Action::RemoveUserFromGroup => {
            let (group, team) = directory.groups.iter().next()?;
            let members = [("group_id", group), ("user_id", team.members.first()?)];
            return Some(members.map(|(name, id)| (name.to_owned(), id.clone().into())).into_iter().collect());
        }
        _ => return None,
    };
    input.insert("user_id".to_owned(), user.clone().into());
    Some(input)
}

/// Says what there is and how to try it.
fn tell(all: &[Played], address: &str, token: &str, samples: bool) -> Result<()> {
    let accounts: Vec<&str> = all.iter().map(|played| played.account.as_str()).collect();
    let mut out = output::stdout();
    writeln!(
        out,
        "The whole server, with {} accounts. Each vendor is a stand-in inside this process.\n{}\n\
         Nothing leaves this machine, and nothing of it is there afterwards.\n",
        all.len(),
        playing(all)
    )?;
    writeln!(out, "address   {address}   (browse {address}/docs)")?;
    writeln!(out, "token     {token}")?;
    writeln!(out, "accounts  {}\n", wrapped(&accounts))?;
    writeln!(
        out,
        "Paste these into another terminal: people, one of them changed, and once more. Then the first one again.\n"
    )?;
    for line in lines(all, address, token) {
        writeln!(out, "{line}\n")?;
    }
    if samples {
        writeln!(
            out,
            "And these at every vendor that can. Where one took the ground from another, start the demo anew.\n"
        )?;
        for (played, action, input) in WRITES.iter().flat_map(|action| samples_of(all, *action)) {
            writeln!(out, "{}\n", played.line(action, input, address, token))?;
        }
    }
    Ok(out.flush()?)
}

/// What the stand-ins do.
fn playing(all: &[Played]) -> String {
    let remembering = all.iter().filter(|played| played.memory.is_some());
    let remembering: Vec<&str> = remembering.map(|played| played.registration.definition.slug).collect();
    match remembering.as_slice() {
        [] => "They replay the fixtures of their provider.".to_owned(),
        some => format!("They replay the fixtures of their provider; {} remember what is changed.", some.join(", ")),
    }
}

/// Names, a few a line.
fn wrapped(names: &[&str]) -> String {
    names.chunks(5).map(|names| names.join("  ")).collect::<Vec<_>>().join("\n          ")
}

type Sample<'p> = (&'p Played, Action, Map<String, Value>);

/// Where an action can be tried. Vendors with a memory come first: they show most.
fn samples_of(all: &[Played], action: Action) -> impl Iterator<Item = Sample<'_>> {
    let (first, then): (Vec<&Played>, Vec<&Played>) = all.iter().partition(|played| played.memory.is_some());
    first.into_iter().chain(then).filter_map(move |played| Some((played, action, played.sample(action)?)))
}

/// Three commands that work when pasted.
fn lines(all: &[Played], address: &str, token: &str) -> Vec<String> {
    let mut samples = WRITES.iter().flat_map(|action| samples_of(all, *action));
    let listed = |played: &Played| (played.registration.actions)().contains(Action::ListUsers);
    let Some((played, action, input)) = samples.find(|(played, ..)| listed(played)) else { return Vec::new() };
    let list = format!(
        "curl -s -H 'Authorization: Bearer {token}' '{address}/unified/user-directory/users?integrated_account_id={}'",
        played.account
    );
    let write = played.line(action, input, address, token);
    vec![list, write.clone(), write]
}
