//! `userdir demo`: the whole server on an empty machine, with one account per compiled-in provider, each against a
//! stand-in vendor inside this process that replays the provider's fixtures. Nothing leaves this machine, and nothing of
//! it is there afterwards.

use std::io::Write;
use std::net::SocketAddr;

use clap::Args;
use secrecy::ExposeSecret;
use serde_json::{Map, Value};
use userdir::runtime::RuntimeBuilder;
use userdir::{Action, Error, FIXTURES, Registration, Registry, Runtime};
use userdir_server::{Server, ServerConfig};
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
    _vendor: Replaying,
}

/// Serves until it is told to stop.
///
/// # Errors
/// An address that cannot be had; fixtures that cannot be read.
pub async fn run(session: &Session, demo: &Demo) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let store = std::sync::Arc::new(open_sqlite(folder.path(), KeySource::File).await?);
    let mut all = Vec::new();
    for registration in session.registry.providers() {
        all.push(play(registration, store.as_ref()).await?);
    }
    let token = store.create_api_token(NewApiToken::new("demo", Scope::Admin)).await?;
    let server = Server::bind(store, session.registry.clone(), runtime(), config(demo)).await;
    let server = server.map_err(|error| Error::config(error.to_string()))?;
    let address = format!("http://{}", server.address());
    tell(&session.registry, &all, &address, token.secret.expose_secret())?;
    eprintln!("listening on {address}");
    Ok(server.run(told_to_stop()).await?)
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
    let vendor = StandIn::replay(&fixtures, SECRET).await?;
    let account = format!("{slug}-demo");
    let given = vendor.account();
    let new = NewAccount::new(&account, slug, "demo");
    let new = given.settings.iter().fold(new, |new, (key, value)| new.set(key, value));
    let new = given.secrets.iter().fold(new, |new, (key, value)| new.secret(key, value.as_str()));
    store.create_account(new).await?;
    store.update_account(&account, AccountChange::default().status(AccountStatus::Active)).await?;
    Ok(Played { registration, fixtures, account, _vendor: vendor })
}

impl Played {
    /// What the fixtures' normal case of an action is called with, where it can be replayed.
    fn sample(&self, action: Action) -> Option<&Map<String, Value>> {
        let case = self.fixtures.case(action.info().function, "normal")?;
        let is_plain = case.script.account == self.fixtures.account && case.script.call.remote_data.is_empty();
        ((self.registration.actions)().contains(action) && is_plain).then_some(&case.script.call.input)
    }
}

/// Says what there is and how to try it.
fn tell(registry: &Registry, all: &[Played], address: &str, token: &str) -> Result<()> {
    let count = registry.providers().len();
    let accounts: Vec<&str> = all.iter().map(|played| played.account.as_str()).collect();
    let mut out = output::stdout();
    writeln!(
        out,
        "The whole server, with {count} accounts. Each vendor is a stand-in inside this process that replays the\n\
         provider's fixtures. Nothing leaves this machine, and nothing of it is there afterwards.\n"
    )?;
    writeln!(out, "address   {address}   (browse {address}/docs)")?;
    writeln!(out, "token     {token}")?;
    writeln!(out, "accounts  {}\n", wrapped(&accounts))?;
    writeln!(out, "Paste these into another terminal: people, one of them changed, and once more.\n")?;
    for line in lines(all, address, token) {
        writeln!(out, "{line}\n")?;
    }
    Ok(out.flush()?)
}

/// Names, a few a line.
fn wrapped(names: &[&str]) -> String {
    names.chunks(5).map(|names| names.join("  ")).collect::<Vec<_>>().join("\n          ")
}

/// Three commands that work when pasted.
fn lines(all: &[Played], address: &str, token: &str) -> Vec<String> {
    let sample = WRITES.iter().find_map(|action| {
        let shown = all.iter().filter(|played| (played.registration.actions)().contains(Action::ListUsers));
        shown.into_iter().find_map(|played| Some((played, *action, played.sample(*action)?)))
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
        Value::Object(input.clone())
    );
    vec![list, write.clone(), write]
}
