//! `userdir demo`: the whole server on an empty machine, with one account per compiled-in provider, each against a
//! stand-in vendor inside this process: one with a memory where there is one, so that a change is seen in the next list,
//! else one that replays the provider's fixtures. Nothing leaves this machine, and nothing of it is there afterwards.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use userdir::runtime::RuntimeBuilder;
use userdir::{Action, Error, FIXTURES, Registration, Registry, Runtime, STAND_INS};
use userdir_server::{Server, ServerConfig};
use userdir_stand_in::memory::Stage;
use userdir_stand_in::{Account, Files, Fixtures, Replaying, StandIn};
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
}

/// The secret of the stand-in vendors.
const SECRET: &str = "demo-secret";
/// The writes that the public documentation names; the first that some provider shows is the sample.
const WRITES: &[Action] =
    &[Action::DeactivateUser, Action::UnassignRole, Action::DowngradeUser, Action::RemoveUserFromGroup];

/// A provider that is played, and its account.
struct Played {
    registration: &'static Registration,
    fixtures: Fixtures,
    account: String,
    /// Held as long as the server runs.
    vendor: Vendor,
}

/// The vendor of a provider.
enum Vendor {
    /// It knows what was written.
    Remembering(Arc<Stage>, StandIn),
    /// It replays the provider's fixtures.
    Replaying(Replaying),
}

impl Vendor {
    async fn start(slug: &str, fixtures: &Fixtures) -> std::io::Result<Vendor> {
        let Some((_, new)) = STAND_INS.iter().find(|(name, _)| *name == slug) else {
            return Ok(Vendor::Replaying(StandIn::replay(fixtures, SECRET).await?));
        };
        let (stand_in, stage) = StandIn::remembering(*new).await?;
        Ok(Vendor::Remembering(stage, stand_in))
    }

    /// How to connect to it.
    fn account(&self, fixtures: &Fixtures) -> Account {
        match self {
            Vendor::Replaying(replaying) => replaying.account().clone(),
            Vendor::Remembering(_, stand_in) => {
                let account = fixtures.account.clone().unwrap_or_default();
                account.filled(&stand_in.base_url(), SECRET)
            }
        }
    }
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
    tell(&session.registry, &all, &address, token.secret.expose_secret())?;
    let stop = told_to_stop();
    eprintln!("listening on {address}");
    Ok(server.run(stop).await?)
}

/// The stand-ins are on loopback.
fn runtime() -> RuntimeBuilder {
    Runtime::builder().allow_private_networks(true)
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
    let vendor = Vendor::start(slug, &fixtures).await?;
    let account = format!("{slug}-demo");
    let given = vendor.account(&fixtures);
    let new = NewAccount::new(&account, slug, "demo");
    let new = given.settings.iter().fold(new, |new, (key, value)| new.set(key, value));
    let new = given.secrets.iter().fold(new, |new, (key, value)| new.secret(key, value.as_str()));
    store.create_account(new).await?;
    store.update_account(&account, AccountChange::default().status(AccountStatus::Active)).await?;
    Ok(Played { registration, fixtures, account, vendor })
}

impl Played {
    /// What an action can be tried with: at a vendor with a memory the last one who may sign in is deactivated, at others
    /// the fixtures' normal case is called, where it can be replayed.
    fn sample(&self, action: Action) -> Option<Map<String, Value>> {
        let able = (self.registration.actions)();
        if !able.contains(action) || !able.contains(Action::ListUsers) {
            return None;
        }
        match &self.vendor {
            Vendor::Remembering(stage, _) if action == Action::DeactivateUser => {
                let directory = stage.directory();
                let (id, _) = directory.people.iter().rfind(|(_, person)| !person.blocked)?;
                Some(Map::from_iter([("user_id".to_owned(), id.clone().into())]))
            }
            Vendor::Remembering(..) => None,
            Vendor::Replaying(_) => {
                let case = self.fixtures.case(action.info().function, "normal")?;
                let is_plain = case.script.account == self.fixtures.account && case.script.call.remote_data.is_empty();
                is_plain.then(|| case.script.call.input.clone())
            }
        }
    }
}

/// Says what there is and how to try it.
fn tell(registry: &Registry, all: &[Played], address: &str, token: &str) -> Result<()> {
    let count = registry.providers().len();
    let accounts: Vec<&str> = all.iter().map(|played| played.account.as_str()).collect();
    let mut out = output::stdout();
    writeln!(
        out,
        "The whole server, with {count} accounts. Each vendor is a stand-in inside this process.\n{}\n\
         Nothing leaves this machine, and nothing of it is there afterwards.\n",
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
    Ok(out.flush()?)
}

/// What the stand-ins do.
fn playing(all: &[Played]) -> String {
    let remembering = all.iter().filter(|played| matches!(played.vendor, Vendor::Remembering(..)));
    let remembering: Vec<&str> = remembering.map(|played| played.registration.definition.slug).collect();
    match remembering.as_slice() {
        [] => "They replay the fixtures of their provider.".to_owned(),
        some => format!("{} have a memory; others replay the fixtures of their provider.", some.join(", ")),
    }
}

/// Names, a few a line.
fn wrapped(names: &[&str]) -> String {
    names.chunks(5).map(|names| names.join("  ")).collect::<Vec<_>>().join("\n          ")
}

/// Three commands that work when pasted.
fn lines(all: &[Played], address: &str, token: &str) -> Vec<String> {
    // a vendor with a memory shows most
    let remembers = |played: &&Played| matches!(played.vendor, Vendor::Remembering(..));
    let (first, then): (Vec<&Played>, Vec<&Played>) = all.iter().partition(remembers);
    let sample = WRITES.iter().find_map(|action| {
        let shown = first.iter().chain(&then);
        shown.into_iter().find_map(|played| Some((*played, *action, played.sample(*action)?)))
    });
    let Some((played, action, input)) = sample else { return Vec::new() };
    let account = &played.account;
    let authorized = format!("curl -s -H 'Authorization: Bearer {token}'");
    let list = format!("{authorized} '{address}/unified/user-directory/users?integrated_account_id={account}'");
    let info = action.info();
    let write = format!(
        "{authorized} -X POST '{address}/unified/user-directory/{}/{}?integrated_account_id={account}' -d '{}'",
        info.resource,
        info.method,
        Value::Object(input)
    );
    vec![list, write.clone(), write]
}
