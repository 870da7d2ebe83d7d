//! `userdir accounts`: connect vendors and look after the connections.

use std::io::IsTerminal;

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use userdir::definition::{Definition, SettingKind};
use userdir::{CredentialStore, Directory, ErrorKind, Settings, TokenOwner};
use userdir_store::credentials;
use userdir_store::{Account, AccountChange, AccountFilter, AccountStatus, NewAccount, Store, StoreError};

use crate::args::{Accounts, Format, Given};
use crate::errors::{Result, usage};
use crate::progress::Progress;
use crate::session::{self, Session};
use crate::{audit, input, output, secret};

/// Columns of the list.
const COLUMNS: &[&str] = &["name", "integration", "tenant_id", "status", "id", "updated_at"];

/// What is shown of one account.
const CARD: &[&str] = &[
    "name",
    "id",
    "integration",
    "tenant_id",
    "status",
    "last_error",
    "authentication_method",
    "settings",
    "secret_keys",
    "created_at",
    "updated_at",
];

/// Runs one of the commands.
///
/// # Errors
/// Wrong usage, the store's, or the vendor's.
pub async fn run(session: &Session, command: &Accounts) -> Result<()> {
    match command {
        Accounts::Add { provider, name, tenant_id, given } => add(session, provider, name, tenant_id, given).await,
        Accounts::List => list(session).await,
        Accounts::Show { account } => {
            let account = session.store().await?.account(account).await?;
            show(session, &account)
        }
        Accounts::Check { account } => check(session, account).await,
        Accounts::Update { account, rename, tenant_id, given } => {
            update(session, account, rename.as_deref(), tenant_id.as_deref(), given).await
        }
        Accounts::Remove { account, yes } => remove(session, account, *yes).await,
    }
}

async fn add(session: &Session, provider: &str, name: &str, tenant: &str, given: &Given) -> Result<()> {
    let definition = session.registry.get(provider)?.definition;
    let settings = read_given(definition, given)?;
    let scheme = definition.check(&settings)?;
    let store = session.store_or_new().await?;
    let (directory, tokens) = session.connect_new(store.clone(), definition.slug, settings.clone())?;
    if store.account(name).await.is_ok() {
        return Err(StoreError::NameTaken { what: "account", name: name.to_owned() }.into());
    }
    let checked = if given.no_check { Ok(()) } else { ask_vendor(session, &directory, name).await };
    // the refresh token that was given is used up by now, and the one in its place exists nowhere else
    let has_rotated =
        tokens.load(TokenOwner::Account(session::NEW)).await?.is_some_and(|token| token.refresh_token.is_some());
    let checked = match checked {
        Err(error) if has_rotated => {
            let kept = "the account is kept, since its refresh token has been renewed; try again with";
            Err(error.hint(format!("{kept} `userdir accounts check {name}`")))
        }
        Err(error) => return Err(error.into()),
        Ok(()) => Ok(()),
    };
    let new = NewAccount::new(name, definition.slug, tenant).authentication_method(scheme.name);
    let new = new.audited(audit::deed("integrated-account/create"));
    let new = settings.plain().iter().fold(new, |new, (key, value)| new.set(key, value));
    let new = settings.secrets().iter().fold(new, |new, (key, value)| new.secret(key, value.expose()));
    let mut account = store.create_account(new).await?;
    checked?;
    if !given.no_check {
        account = store.update_account(name, AccountChange::default().status(AccountStatus::Active)).await?;
    }
    if session.format == Format::Table {
        let checked = if given.no_check { "not checked" } else { "the vendor takes its credentials" };
        let next = format!("next: userdir users list --account {name}");
        return output::line(&format!("account `{name}` added ({}): {checked}\n{next}", definition.name));
    }
    show(session, &account)
}

async fn list(session: &Session) -> Result<()> {
    let accounts = match session.store_if_there().await? {
        Some(store) => store.accounts(&AccountFilter::default()).await?,
        None => Vec::new(),
    };
    if accounts.is_empty() && session.format == Format::Table {
        eprintln!("there are no accounts in `{}` yet", session.data_dir().display());
        eprintln!("hint: connect one with `userdir accounts add PROVIDER --name NAME`");
        return Ok(());
    }
    let values: Vec<Value> = accounts.iter().map(|account| json!(account)).collect();
    output::records(session.format, COLUMNS, &values)
}

fn show(session: &Session, account: &Account) -> Result<()> {
    if session.format != Format::Table {
        return output::object(session.format, COLUMNS, &json!(account).to_string());
    }
    let settings: Vec<String> = account.settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut value = json!(account);
    if let Value::Object(members) = &mut value {
        members.insert("settings".to_owned(), json!(settings));
    }
    output::object(Format::Table, CARD, &value.to_string())
}

async fn check(session: &Session, name: &str) -> Result<()> {
    let store = session.store().await?;
    let account = store.account(name).await?;
    let directory = session.connect(store.clone(), &account).await?;
    let asked = ask_vendor(session, &directory, &account.name).await;
    note_check(store.as_ref(), &account, &asked).await?;
    asked?;
    if session.format == Format::Table {
        return output::line(&format!("{}: the vendor takes its credentials", account.name));
    }
    output::line(&json!({"ok": true, "account": account.name, "id": account.id}).to_string())
}

/// Keeps in the account what a check has shown of its credentials. Trouble on the way there says nothing of them.
async fn note_check(store: &dyn Store, account: &Account, asked: &userdir::Result<()>) -> Result<()> {
    let (status, error) = match asked {
        Ok(()) => (AccountStatus::Active, None),
        Err(error) if error.kind() == ErrorKind::Authentication => {
            (AccountStatus::NeedsReauth, Some(error.to_string()))
        }
        Err(_) => return Ok(()),
    };
    if account.status != status || account.last_error != error {
        let change = AccountChange::default().status(status).last_error(error).of_revision(account.revision);
        match store.update_account(&account.id.to_string(), change).await {
            // it says nothing of what the account is connected with by now
            Ok(_) | Err(StoreError::AccountChanged { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn update(
    session: &Session,
    name: &str,
    rename: Option<&str>,
    tenant: Option<&str>,
    given: &Given,
) -> Result<()> {
    let store = session.store().await?;
    let (account, settings) = credentials::open(store.as_ref(), name).await?;
    let definition = session.registry.get(&account.integration)?.definition;
    let fresh = read_given(definition, given)?;
    let mut change = AccountChange::default();
    change.name = rename.map(str::to_owned);
    change.tenant_id = tenant.map(str::to_owned);
    if fresh.keys().next().is_some() {
        let merged = merge(settings, &fresh);
        definition.check(&merged)?;
        let directory = session.connect_with(store.clone(), &account, merged)?;
        let status = if given.no_check {
            AccountStatus::Connecting
        } else {
            ask_vendor(session, &directory, &account.name).await?;
            AccountStatus::Active
        };
        change = change.status(status).last_error(None);
        change = fresh.plain().iter().fold(change, |change, (key, value)| change.set(key, value));
        change = fresh.secrets().iter().fold(change, |change, (key, value)| change.secret(key, value.expose()));
    }
    if change.is_empty() {
        return Err(usage("nothing to change is given").hint("give `--set`, `--secret`, `--rename` or `--tenant-id`"));
    }
    let change = change.of_revision(account.revision).audited(audit::deed("integrated-account/update"));
    let account = store.update_account(&account.id.to_string(), change).await?;
    if session.format == Format::Table {
        return output::line(&format!("account `{}` updated", account.name));
    }
    show(session, &account)
}

async fn remove(session: &Session, name: &str, yes: bool) -> Result<()> {
    let store = session.store().await?;
    let account = store.account(name).await?;
    if !yes && !std::io::stdin().is_terminal() {
        return Err(usage(format!("`{}` would be removed with its secrets, and there is nobody to ask", account.name))
            .hint("add `--yes` if that is meant"));
    }
    if !yes {
        eprint!(
            "remove account `{}` ({}) with its secrets? nothing changes at the vendor [y/N] ",
            account.name, account.integration
        );
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        if !matches!(answer.trim(), "y" | "Y" | "yes") {
            return Err(usage("nothing was removed"));
        }
    }
    store.remove_account(&account.id.to_string(), Some(&audit::deed("integrated-account/delete"))).await?;
    if session.format == Format::Table {
        return output::line(&format!("account `{}` removed; nothing was changed at the vendor", account.name));
    }
    output::line(&json!({"removed": true, "account": account.name, "id": account.id}).to_string())
}

/// The vendor's cheapest call.
async fn ask_vendor(session: &Session, directory: &Directory, name: &str) -> userdir::Result<()> {
    let _progress = Progress::start(format!("asking {} about `{name}`…", directory.definition().name));
    directory.check(&session.call()).await
}

/// What the flags give. A secret stays out of `--set`, which everybody on the machine can read.
fn read_given(definition: &Definition, given: &Given) -> Result<Settings> {
    let kind = |key: &str| definition.setting(key).map(|setting| setting.kind);
    let mut settings = Settings::new();
    for pair in &given.set {
        let (key, value) = input::key_value("--set", pair)?;
        if kind(&key) == Some(SettingKind::Secret) {
            return Err(usage(format!("`{key}` is a secret and is not taken from `--set`")).hint(format!(
                "give it as `--secret {key}=env:VAR`, `--secret {key}=file:PATH` or `--secret {key}=-`; the value given \
                 may be in your shell's history now"
            )));
        }
        settings = settings.set(key, value);
    }
    let mut secrets = Vec::new();
    for pair in &given.secret {
        secrets.push(input::key_value("--secret", pair)?);
    }
    secret::one_stdin(secrets.iter().map(|(_, source)| source.as_str()))?;
    for (key, source) in secrets {
        if kind(&key).is_some_and(|kind| kind != SettingKind::Secret) {
            return Err(usage(format!("`{key}` is no secret")).hint(format!("give it as `--set {key}=VALUE`")));
        }
        let value = secret::read(&format!("--secret {key}"), &source)?;
        settings = settings.secret(key, value.expose_secret());
    }
    Ok(settings)
}

/// `over` on top of `under`.
fn merge(under: Settings, over: &Settings) -> Settings {
    let merged = over.plain().iter().fold(under, |merged, (key, value)| merged.set(key, value));
    over.secrets().iter().fold(merged, |merged, (key, value)| merged.secret(key, value.expose()))
}
