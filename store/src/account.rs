//! An account, and what creates and changes one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

use crate::{Deed, StoreError, TimeRange};

/// One connection to one vendor, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Account {
    /// Given by the store, never used twice.
    pub id: Uuid,
    /// The name people use; unique, and never readable as a UUID.
    pub name: String,
    /// The slug of the provider.
    pub integration: String,
    /// The operator's own word for whom the account belongs to.
    pub tenant_id: String,
    /// Which of the provider's authentication methods it uses, where more than one would fit.
    pub authentication_method: Option<String>,
    /// How the connection stands.
    pub status: AccountStatus,
    /// Whether it may be tried out on: writes are refused.
    pub is_sandbox: bool,
    /// The settings that are no secret.
    pub settings: BTreeMap<String, String>,
    /// The names of the secrets it has, sorted. The values come from [`Store::secrets`](crate::Store::secrets) alone.
    pub secret_keys: Vec<String>,
    /// Starts at 1 and grows with each change; what was built from an older revision is stale.
    pub revision: i64,
    /// The last thing that went wrong, for people.
    pub last_error: Option<String>,
    /// The last time the vendor said that the credentials may not do something.
    pub last_forbidden_error: Option<ForbiddenError>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Account {
    /// Whether this is its name or its UUID.
    pub fn is_called(&self, name_or_id: &str) -> bool {
        self.name == name_or_id || Uuid::try_parse(name_or_id).is_ok_and(|id| id == self.id)
    }
}

/// What the vendor did not allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForbiddenError {
    /// Such as `users`.
    pub resource: String,
    /// Such as `list`.
    pub method: String,
    /// The vendor's scopes that are missing, where that is known.
    pub missing_scopes: Vec<String>,
    /// When.
    pub occurred_at: Timestamp,
}

/// How a connection stands. The words are open: one that is not known here is kept as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccountStatus {
    /// Stored, not yet proved by a call to the vendor. Every account starts so.
    Connecting,
    /// Works.
    Active,
    /// The vendor refuses its credentials; a person has to give new ones.
    NeedsReauth,
    /// What was given did not pass the vendor's check.
    ValidationError,
    /// Connected, but what had to follow failed.
    PostInstallError,
    /// A word of a later version or of another program.
    Other(String),
}

impl AccountStatus {
    /// The word, as stored and as on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Connecting => "connecting",
            Self::Active => "active",
            Self::NeedsReauth => "needs_reauth",
            Self::ValidationError => "validation_error",
            Self::PostInstallError => "post_install_error",
            Self::Other(word) => word,
        }
    }
}

impl From<&str> for AccountStatus {
    fn from(word: &str) -> Self {
        match word {
            "connecting" => Self::Connecting,
            "active" => Self::Active,
            "needs_reauth" => Self::NeedsReauth,
            "validation_error" => Self::ValidationError,
            "post_install_error" => Self::PostInstallError,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for AccountStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for AccountStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What it takes to create an account.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NewAccount {
    /// The name people will use.
    pub name: String,
    /// The slug of the provider.
    pub integration: String,
    /// Whom the account belongs to.
    pub tenant_id: String,
    /// Which of the provider's authentication methods it uses.
    pub authentication_method: Option<String>,
    /// Whether it may be tried out on.
    pub is_sandbox: bool,
    /// The settings that are no secret.
    pub settings: BTreeMap<String, String>,
    /// The secrets, by their key in the provider's definition.
    pub secrets: BTreeMap<String, SecretString>,
    /// What the audit says of it; none leaves no row.
    pub deed: Option<Deed>,
}

impl NewAccount {
    /// An account with neither settings nor secrets yet.
    pub fn new(name: impl Into<String>, integration: impl Into<String>, tenant_id: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            integration: integration.into(),
            tenant_id: tenant_id.into(),
            authentication_method: None,
            is_sandbox: false,
            settings: BTreeMap::new(),
            secrets: BTreeMap::new(),
            deed: None,
        }
    }

    /// With a row in the audit.
    pub fn audited(mut self, deed: Deed) -> Self {
        self.deed = Some(deed);
        self
    }

    /// Names the authentication method.
    pub fn authentication_method(mut self, method: impl Into<String>) -> Self {
        self.authentication_method = Some(method.into());
        self
    }

    /// Makes it one that may be tried out on.
    pub fn sandbox(mut self) -> Self {
        self.is_sandbox = true;
        self
    }

    /// Adds a setting.
    pub fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.insert(key.into(), value.into());
        self
    }

    /// Adds a secret.
    pub fn secret(mut self, key: impl Into<String>, value: impl Into<SecretString>) -> Self {
        self.secrets.insert(key.into(), value.into());
        self
    }
}

/// A change of an account. What is not named stays as it is.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct AccountChange {
    /// A new name.
    pub name: Option<String>,
    /// A new tenant.
    pub tenant_id: Option<String>,
    /// A new status.
    pub status: Option<AccountStatus>,
    /// A new authentication method; `Some(None)` leaves it to the provider.
    pub authentication_method: Option<Option<String>>,
    /// Whether it may be tried out on.
    pub is_sandbox: Option<bool>,
    /// A new last error; `Some(None)` clears it.
    pub last_error: Option<Option<String>>,
    /// What the vendor did not allow; `Some(None)` clears it.
    pub last_forbidden_error: Option<Option<ForbiddenError>>,
    /// Settings to add or replace; the others stay.
    pub settings: BTreeMap<String, String>,
    /// Secrets to add or replace; the others stay.
    pub secrets: BTreeMap<String, SecretString>,
    /// Settings to remove, unless they are given anew.
    pub removed_settings: BTreeSet<String>,
    /// Secrets to remove, unless they are given anew.
    pub removed_secrets: BTreeSet<String>,
    /// The revision that it is a change of; none changes whatever is there.
    pub of_revision: Option<i64>,
    /// What the audit says of it; none leaves no row.
    pub deed: Option<Deed>,
}

impl AccountChange {
    /// Changes the account only where it is as it was then: [`StoreError::AccountChanged`] where it is not.
    pub fn of_revision(mut self, revision: i64) -> Self {
        self.of_revision = Some(revision);
        self
    }

    /// With a row in the audit.
    pub fn audited(mut self, deed: Deed) -> Self {
        self.deed = Some(deed);
        self
    }

    /// Renames the account.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Gives it to another tenant.
    pub fn tenant_id(mut self, tenant_id: impl Into<String>) -> Self {
        self.tenant_id = Some(tenant_id.into());
        self
    }

    /// Sets the status.
    pub fn status(mut self, status: AccountStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Sets the last error, or clears it with `None`.
    pub fn last_error(mut self, error: Option<String>) -> Self {
        self.last_error = Some(error);
        self
    }

    /// Names the authentication method, or leaves it to the provider with `None`.
    pub fn authentication_method(mut self, method: Option<String>) -> Self {
        self.authentication_method = Some(method);
        self
    }

    /// Sets whether it may be tried out on.
    pub fn is_sandbox(mut self, is_sandbox: bool) -> Self {
        self.is_sandbox = Some(is_sandbox);
        self
    }

    /// Sets what the vendor did not allow, or clears it with `None`.
    pub fn last_forbidden_error(mut self, error: Option<ForbiddenError>) -> Self {
        self.last_forbidden_error = Some(error);
        self
    }

    /// Adds or replaces a setting.
    pub fn set(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.insert(key.into(), value.into());
        self
    }

    /// Adds or replaces a secret.
    pub fn secret(mut self, key: impl Into<String>, value: impl Into<SecretString>) -> Self {
        self.secrets.insert(key.into(), value.into());
        self
    }

    /// Removes a setting.
    pub fn unset(mut self, key: impl Into<String>) -> Self {
        self.removed_settings.insert(key.into());
        self
    }

    /// Removes a secret.
    pub fn unset_secret(mut self, key: impl Into<String>) -> Self {
        self.removed_secrets.insert(key.into());
        self
    }

    /// Whether it names nothing at all. Such a change leaves the revision alone.
    pub fn is_empty(&self) -> bool {
        let Self { name, tenant_id, status, authentication_method, is_sandbox, .. } = self;
        let Self { last_error, last_forbidden_error, settings, secrets, removed_settings, removed_secrets, .. } = self;
        name.is_none()
            && tenant_id.is_none()
            && status.is_none()
            && authentication_method.is_none()
            && is_sandbox.is_none()
            && last_error.is_none()
            && last_forbidden_error.is_none()
            && settings.is_empty()
            && secrets.is_empty()
            && removed_settings.is_empty()
            && removed_secrets.is_empty()
    }
}

/// Which accounts to list; the default is all. Where several are named, any of them will do.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct AccountFilter {
    /// Only those of these providers.
    pub integration: Option<Vec<String>>,
    /// Only those of these tenants.
    pub tenant_id: Option<Vec<String>>,
    /// Only those of these names.
    pub name: Option<Vec<String>>,
    /// Only those of these statuses.
    pub status: Option<Vec<AccountStatus>>,
    /// Only those that may be tried out on, or only the others.
    pub is_sandbox: Option<bool>,
    /// Only those created then.
    pub created_at: TimeRange,
    /// Only those last changed then.
    pub updated_at: TimeRange,
}

/// One page of accounts, the oldest first: an account that is renamed meanwhile is neither missed nor seen twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPage {
    /// The accounts.
    pub accounts: Vec<Account>,
    /// Where the next page starts; none on the last.
    pub next_cursor: Option<String>,
}

impl AccountFilter {
    /// Only those of this provider.
    pub fn integration(mut self, slug: impl Into<String>) -> Self {
        self.integration = Some(vec![slug.into()]);
        self
    }

    /// Only those of this tenant.
    pub fn tenant_id(mut self, tenant_id: impl Into<String>) -> Self {
        self.tenant_id = Some(vec![tenant_id.into()]);
        self
    }

    /// Only the one of this name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(vec![name.into()]);
        self
    }

    /// Only those of this status.
    pub fn status(mut self, status: AccountStatus) -> Self {
        self.status = Some(vec![status]);
        self
    }

    /// Only those that may be tried out on, or only the others.
    pub fn is_sandbox(mut self, is_sandbox: bool) -> Self {
        self.is_sandbox = Some(is_sandbox);
        self
    }

    /// Only those created then.
    pub fn created_at(mut self, range: TimeRange) -> Self {
        self.created_at = range;
        self
    }

    /// Only those last changed then.
    pub fn updated_at(mut self, range: TimeRange) -> Self {
        self.updated_at = range;
        self
    }
}

/// The longest name, in characters: it stands in tables, logs and addresses.
const LONGEST_NAME: usize = 200;

/// Refuses a name that could not be used everywhere an account or a token is named.
pub(crate) fn check_name(what: &'static str, name: &str) -> Result<(), StoreError> {
    let reason = if name.trim().is_empty() {
        "it is empty"
    } else if name.trim() != name {
        "it starts or ends with a space"
    } else if name.chars().any(char::is_control) {
        "it holds a control character"
    } else if name.chars().count() > LONGEST_NAME {
        "it is longer than 200 characters"
    } else if Uuid::try_parse(name).is_ok() {
        // both are looked up by name or UUID: one must never hide the other
        "it reads as a UUID"
    } else {
        return Ok(());
    };
    Err(StoreError::InvalidName { what, name: name.to_owned(), reason })
}
