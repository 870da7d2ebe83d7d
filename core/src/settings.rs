//! What an account is connected with: settings, and secrets that print nothing.

use std::{collections::BTreeMap, fmt};

use secrecy::{ExposeSecret, SecretString};

/// A secret. `Debug` prints nothing of it; there is no `Display`.
#[derive(Clone, Default)]
pub struct Secret(SecretString);

impl Secret {
    /// The secret itself: for the authentication of a request, and for nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(text: T) -> Secret {
        Secret(SecretString::from(text.into()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Settings and secrets of an account, by the keys of the provider's definition.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    plain: BTreeMap<String, String>,
    secrets: BTreeMap<String, Secret>,
}

impl Settings {
    /// None yet.
    pub fn new() -> Settings {
        Settings::default()
    }

    /// Sets a setting that is not secret.
    #[must_use]
    pub fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Settings {
        self.plain.insert(key.into(), value.into());
        self
    }

    /// Sets a secret.
    #[must_use]
    pub fn secret(mut self, key: impl Into<String>, value: impl Into<Secret>) -> Settings {
        self.secrets.insert(key.into(), value.into());
        self
    }

    /// Takes a secret that was given as a plain setting for the secret it is, so that it is masked and printed nowhere.
    pub(crate) fn hide(&mut self, key: &str) {
        if let Some(value) = self.plain.remove(key) {
            self.secrets.entry(key.to_owned()).or_insert_with(|| value.into());
        }
    }

    /// A setting, trimmed; none where it is empty.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.plain.get(key).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// A secret; none where it is empty. A plain setting of that name will do, so that a key may be given either way.
    pub fn get_secret(&self, key: &str) -> Option<Secret> {
        let secret = self.secrets.get(key).cloned().or_else(|| self.plain.get(key).map(|v| Secret::from(v.clone())))?;
        (!secret.expose().trim().is_empty()).then_some(secret)
    }

    /// Whether it is given, as setting or as secret.
    pub fn has(&self, key: &str) -> bool {
        self.get_secret(key).is_some()
    }

    /// Keys that are given.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.plain.keys().chain(self.secrets.keys()).map(String::as_str)
    }

    /// The settings that are not secret.
    pub fn plain(&self) -> &BTreeMap<String, String> {
        &self.plain
    }

    /// The secrets.
    pub fn secrets(&self) -> &BTreeMap<String, Secret> {
        &self.secrets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_printed() {
        let settings = Settings::new().set("base_url", "https://acme.okta.com").secret("api_token", "canary-secret");
        assert!(!format!("{settings:?}").contains("canary"));
        assert_eq!(settings.get_secret("api_token").unwrap().expose(), "canary-secret");
        assert!(!settings.has("client_id"));
    }
}
