//! The tokens with which programs call the server.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::{Deed, StoreError};

/// What a token may do. Each scope holds the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Read the directories.
    Read,
    /// Change them too.
    Write,
    /// Look after accounts, tokens and the audit too.
    Admin,
}

impl Scope {
    /// All of them, the narrowest first.
    pub const ALL: [Scope; 3] = [Scope::Read, Scope::Write, Scope::Admin];

    /// The word, as stored and as on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// Whether a token of this scope may do what `needed` asks for.
    pub fn allows(self, needed: Scope) -> bool {
        self >= needed
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = StoreError;

    fn from_str(word: &str) -> Result<Self, StoreError> {
        let known = Self::ALL.into_iter().find(|scope| scope.as_str() == word);
        known.ok_or_else(|| StoreError::UnknownScope { word: word.to_owned() })
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What it takes to make an API token.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NewApiToken {
    /// What people call it; unique among the tokens that are not revoked.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// The accounts it may use; none stands for all.
    pub accounts: Option<BTreeSet<Uuid>>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// Its value, where the operator chose it; else one is made of 256 random bits.
    pub secret: Option<SecretString>,
    /// What the audit says of it; none leaves no row.
    pub deed: Option<Deed>,
}

impl NewApiToken {
    /// A token for all accounts that never expires.
    pub fn new(name: impl Into<String>, scope: Scope) -> Self {
        Self { name: name.into(), scope, accounts: None, expires_at: None, secret: None, deed: None }
    }

    /// Only for these accounts.
    pub fn accounts(mut self, accounts: impl IntoIterator<Item = Uuid>) -> Self {
        self.accounts = Some(accounts.into_iter().collect());
        self
    }

    /// Ends at this time.
    pub fn expires_at(mut self, at: Timestamp) -> Self {
        self.expires_at = Some(at);
        self
    }

    /// With a row in the audit.
    pub fn audited(mut self, deed: Deed) -> Self {
        self.deed = Some(deed);
        self
    }

    /// With this value.
    pub fn secret(mut self, secret: impl Into<SecretString>) -> Self {
        self.secret = Some(secret.into());
        self
    }
}

/// An API token without its value, which nobody has but whom it was given to: the store keeps a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ApiToken {
    /// Given by the store, never used twice.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// The accounts it may use; none stands for all.
    pub accounts: Option<BTreeSet<Uuid>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl ApiToken {
    /// Whether it may use this account.
    pub fn reaches(&self, account: Uuid) -> bool {
        self.accounts.as_ref().is_none_or(|accounts| accounts.contains(&account))
    }

    /// Whether it works at this time.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| end > now)
    }
}

/// A new API token, and the only sight of its value.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CreatedApiToken {
    /// What is kept.
    pub token: ApiToken,
    /// Its value, such as `ud_…`. It cannot be shown again.
    pub secret: SecretString,
}
