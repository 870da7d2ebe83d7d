//! From a request's `context` to settings that are checked, and a connection to try them out.

use std::sync::Arc;

use serde_json::{Map, Value};
use userdir::definition::{Definition, Scheme, SettingKind};
use userdir::{Directory, Settings};
use userdir_store::credentials::{self, StoreCredentials};
use userdir_store::{AccountChange, NewAccount, TRIALS};
use uuid::Uuid;

use crate::problem::Problem;
use crate::state::AppState;

/// What a request says of settings and secrets.
#[derive(Debug, Default)]
pub struct Context {
    /// Those that are given.
    pub given: Settings,
    /// Those that are to be taken away: given as null.
    pub removed: Vec<String>,
}

impl Context {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.given.keys().next().is_none() && self.removed.is_empty()
    }
}

/// Reads a `context`: each member a text, number or boolean by its key in the definition, null to take it away.
///
/// # Errors
/// 400 that names each member that is none of these. A key that the definition does not have is found by its check.
pub fn read(definition: &Definition, members: Map<String, Value>) -> Result<Context, Problem> {
    let mut context = Context::default();
    let mut faults = Vec::new();
    for (key, value) in members {
        let is_secret = definition.setting(&key).is_some_and(|setting| setting.kind == SettingKind::Secret);
        let text = match value {
            Value::Null => {
                context.removed.push(key);
                continue;
            }
            Value::String(text) => text,
            Value::Bool(flag) => flag.to_string(),
            Value::Number(number) => number.to_string(),
            // a key file is JSON itself
            value @ Value::Object(_) if is_secret => value.to_string(),
            _ => {
                faults.push(format!("`{key}` must be a text"));
                continue;
            }
        };
        let given = std::mem::take(&mut context.given);
        context.given = if is_secret { given.secret(key, text) } else { given.set(key, text) };
    }
    if faults.is_empty() { Ok(context) } else { Err(Problem::bad_request(format!("`context`: {}", faults.join("; ")))) }
}

/// `over` on top of `under`, without what is taken away.
pub fn merged(under: &Settings, over: &Context) -> Settings {
    let stays = |key: &str| !over.given.has(key) && !over.removed.iter().any(|removed| removed == key);
    let plain = under.plain().iter().filter(|(key, _)| stays(key));
    let secret = under.secrets().iter().filter(|(key, _)| stays(key));
    let kept = plain.fold(Settings::new(), |all, (key, value)| all.set(key, value));
    let kept = secret.fold(kept, |all, (key, value)| all.secret(key, value.expose()));
    let with = over.given.plain().iter().fold(kept, |all, (key, value)| all.set(key, value));
    over.given.secrets().iter().fold(with, |all, (key, value)| all.secret(key, value.expose()))
}

/// Words of the wire contract that name no way of one provider: whatever is complete is taken.
pub const GENERAL_METHODS: &[&str] = &["oauth2", "api_key", "basic"];

/// Checks settings, and finds the way to authenticate that they are complete for.
///
/// # Errors
/// 400 that names each setting that is wrong or missing, or a way that is not the one that would be taken.
pub fn scheme(
    definition: &'static Definition,
    settings: &Settings,
    method: Option<&str>,
) -> Result<&'static Scheme, Problem> {
    let wanted = match method {
        None => None,
        Some(name) => match definition.schemes.iter().find(|scheme| scheme.name == name) {
            Some(scheme) => Some(scheme),
            None if GENERAL_METHODS.contains(&name) => None,
            None => {
                let ways: Vec<String> = definition.schemes.iter().map(|scheme| format!("`{}`", scheme.name)).collect();
                return Err(Problem::bad_request(format!(
                    "there is no `authentication_method` `{name}`; {} has {}",
                    definition.slug,
                    ways.join(", ")
                )));
            }
        },
    };
    if let Some(wanted) = wanted {
        let missing: Vec<String> =
            wanted.needs.iter().filter(|key| !settings.has(key)).map(|key| format!("`{key}`")).collect();
        if !missing.is_empty() {
            return Err(Problem::bad_request(format!("{} missing for `{}`", missing.join(", "), wanted.name)));
        }
    }
    let taken = definition.check(settings)?;
    match wanted {
        Some(wanted) if wanted.name != taken.name => {
            let keys: Vec<String> = taken.needs.iter().map(|key| format!("`{key}`")).collect();
            Err(Problem::bad_request(format!(
                "{} would be taken for `{}`, and `{}` is asked for",
                keys.join(", "),
                taken.name,
                wanted.name
            ))
            .hint("leave them out of `context`, or give them as null to take them away"))
        }
        _ => Ok(taken),
    }
}

/// Connects with settings that are not stored yet, of the account that is to have them where there is one: its tokens are
/// used and kept. Those of one that is not there yet are kept for the next try with the same secrets, and for the account
/// that is created with them. Sends nothing.
///
/// # Errors
/// 400 for settings that are wrong, 403 for an address that the egress guard refuses.
pub fn trial(
    state: &AppState,
    definition: &Definition,
    settings: &Settings,
    account: Option<Uuid>,
) -> Result<Directory, Problem> {
    let store = state.store();
    let tokens = StoreCredentials::new(store.clone(), account.unwrap_or(TRIALS), settings);
    let slot = credentials::slot_of(store.as_ref(), settings);
    let runtime = state.runtime().for_account(slot).with_credentials(Arc::new(tokens));
    Ok(state.registry().connect_with(definition.slug, settings.clone(), &runtime)?)
}

/// An account to create, with these settings.
pub fn new_account(name: &str, definition: &Definition, tenant: &str, method: &str, settings: &Settings) -> NewAccount {
    let new = NewAccount::new(name, definition.slug, tenant).authentication_method(method);
    let new = settings.plain().iter().fold(new, |new, (key, value)| new.set(key, value));
    settings.secrets().iter().fold(new, |new, (key, value)| new.secret(key, value.expose()))
}

/// A change of an account's settings.
pub fn change(context: &Context) -> AccountChange {
    let change = AccountChange::default();
    let change = context.removed.iter().fold(change, |change, key| change.unset(key).unset_secret(key));
    let change = context.given.plain().iter().fold(change, |change, (key, value)| change.set(key, value));
    context.given.secrets().iter().fold(change, |change, (key, value)| change.secret(key, value.expose()))
}

/// A name for an account that was given none: the provider's, and enough to be the only one.
pub fn default_name(definition: &Definition) -> String {
    let id = Uuid::new_v4().simple().to_string();
    format!("{}-{}", definition.slug, id.get(..8).unwrap_or(&id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn okta() -> &'static Definition {
        userdir::Registry::compiled_in().get("okta").unwrap().definition
    }

    fn context(value: Value) -> Result<Context, Problem> {
        let Value::Object(members) = value else { panic!() };
        read(okta(), members)
    }

    #[test]
    fn secrets_are_told_apart_by_the_definition_and_null_takes_away() {
        let context =
            context(json!({"base_url": "https://acme.okta.com", "api_token": "t", "client_id": null})).unwrap();
        assert!(context.given.plain().contains_key("base_url") && context.given.secrets().contains_key("api_token"));
        assert_eq!(context.removed, ["client_id"]);
        let under = Settings::new().set("client_id", "c").secret("private_key", "k");
        let merged = merged(&under, &context);
        assert!(merged.has("api_token") && merged.has("private_key") && !merged.has("client_id"));
    }

    #[test]
    fn what_is_no_text_is_named_and_not_repeated() {
        let problem = context(json!({"base_url": ["canary"], "api_token": ["canary"]})).unwrap_err();
        assert_eq!(problem.message(), "`context`: `api_token` must be a text; `base_url` must be a text");
    }

    #[test]
    fn a_way_to_authenticate_that_is_named_is_the_one_that_is_taken() {
        let settings = Settings::new().set("base_url", "https://acme.okta.com").secret("api_token", "t");
        for method in [None, Some("api_token"), Some("api_key"), Some("oauth2")] {
            assert_eq!(scheme(okta(), &settings, method).unwrap().name, "api_token");
        }
        let problem = scheme(okta(), &settings, Some("private_key_jwt")).unwrap_err();
        assert_eq!(problem.message(), "`client_id`, `private_key`, `key_id` missing for `private_key_jwt`");
        assert!(scheme(okta(), &settings, Some("magic")).unwrap_err().message().contains("`private_key_jwt`"));
        let both = settings.set("client_id", "c").secret("private_key", "k").set("key_id", "i");
        let problem = scheme(okta(), &both, Some("private_key_jwt")).unwrap_err();
        assert!(problem.message().contains("`api_token` would be taken"), "{}", problem.message());
    }
}
