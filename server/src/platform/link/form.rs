//! What the page asks, and what came back.

use std::collections::BTreeMap;

use userdir::Settings;
use userdir::definition::{Definition, Scheme, Setting, SettingKind};
use userdir_store::LinkTarget;

use super::Attempt;
use crate::platform::connect::{self, Context};
use crate::problem::Problem;
use crate::state::AppState;

/// The form of one provider and one way to authenticate.
pub struct Form {
    pub definition: &'static Definition,
    pub scheme: &'static Scheme,
    /// What to ask for, in the definition's order.
    pub fields: Vec<Field>,
    /// What the fields hold when the page is shown: never a secret.
    pub values: BTreeMap<&'static str, String>,
    pub is_reconnect: bool,
    /// Whether the provider was chosen on the page.
    pub may_choose: bool,
    /// Host that the page leads to.
    pub onwards: Option<String>,
    /// What the page need not ask for.
    known: Context,
}

/// A field of the form.
pub struct Field {
    pub setting: &'static Setting,
    pub required: bool,
}

impl Form {
    /// The form of a provider. `method` names the way to authenticate; the first one otherwise.
    pub async fn of(
        state: &AppState,
        attempt: &Attempt,
        definition: &'static Definition,
        method: Option<&str>,
    ) -> Result<Form, Problem> {
        let known = connect::read(definition, attempt.remembered.context.clone())?;
        let mut values = BTreeMap::new();
        let mut stored_method = None;
        if let LinkTarget::Reconnect { account } = &attempt.token.target {
            let account = state.store().account(&account.to_string()).await?;
            stored_method = account.authentication_method.clone();
            if attempt.remembered.suggest {
                let plain = definition.settings.iter().filter(|setting| setting.kind != SettingKind::Secret);
                values.extend(
                    plain.filter_map(|setting| Some((setting.key, account.settings.get(setting.key)?.clone()))),
                );
            }
        }
        let named = |name: &str| definition.schemes.iter().find(|scheme| scheme.name == name);
        let scheme = method.and_then(named).or_else(|| stored_method.as_deref().and_then(named));
        let scheme = scheme.or(definition.schemes.first());
        let scheme = scheme.ok_or_else(|| Problem::bad_request("this integration has no way to authenticate"))?;
        Ok(Form {
            definition,
            scheme,
            fields: fields(definition, scheme, &known.given),
            values,
            is_reconnect: attempt.is_reconnect(),
            may_choose: attempt.remembered.integration.is_none(),
            onwards: attempt.redirect().and_then(|url| url.host_str().map(str::to_owned)),
            known,
        })
    }

    /// Reads what came: the settings to connect with, and what is missing, in words. What is not a secret is kept, to be
    /// shown again.
    pub fn read(&mut self, given: &BTreeMap<String, String>) -> Result<Settings, Vec<String>> {
        let mut settings = Settings::new();
        let mut missing = Vec::new();
        for Field { setting, required } in &self.fields {
            let value = given.get(setting.key).map(|value| value.trim()).filter(|value| !value.is_empty());
            let is_secret = setting.kind == SettingKind::Secret;
            match value {
                Some(value) if is_secret => settings = settings.secret(setting.key, value),
                Some(value) => {
                    self.values.insert(setting.key, value.to_owned());
                    settings = settings.set(setting.key, value);
                }
                None => {
                    self.values.remove(setting.key);
                    if *required {
                        missing.push(format!("{} is missing", setting.title));
                    }
                }
            }
        }
        if missing.is_empty() { Ok(connect::merged(&settings, &self.known)) } else { Err(missing) }
    }
}

/// What a way to authenticate needs, what every account needs, and what belongs to no other way; without what is known.
///
/// A secret must not go to an address that a visitor of the page has typed in. So those of an account that is
/// reconnected are asked for anew, and where the link knows one, no address is asked for.
fn fields(definition: &'static Definition, scheme: &Scheme, known: &Settings) -> Vec<Field> {
    let belongs_elsewhere = |key: &str| definition.schemes.iter().any(|other| other.needs.contains(&key));
    definition
        .settings
        .iter()
        .filter(|setting| !known.has(setting.key) && (known.secrets().is_empty() || !is_address(setting)))
        .filter_map(|setting| {
            let needed = scheme.needs.contains(&setting.key);
            let wanted = setting.required || needed || !belongs_elsewhere(setting.key);
            wanted.then_some(Field { setting, required: setting.required || needed })
        })
        .collect()
}

/// Whether a setting is an address.
pub fn is_address(setting: &Setting) -> bool {
    matches!(setting.kind, SettingKind::Url { .. })
}
