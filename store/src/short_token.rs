//! Tokens that end by themselves: for one account, and for one connection attempt.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;
use uuid::Uuid;

use crate::Deed;

/// How long an account token works.
pub const ACCOUNT_TOKEN_LIFE: Duration = Duration::from_secs(15 * 60);

/// How long a link token can be used.
pub const LINK_TOKEN_LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A token that was made, and the only sight of its value: the store keeps a hash.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct IssuedToken {
    /// Its value: `uda_…` for one account, `udl_…` for a link.
    pub secret: SecretString,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A token for one account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountToken {
    /// The account.
    pub account: Uuid,
    /// The API token that asked for it: when that one ends or is revoked, this one ends too.
    pub issued_by: Option<Uuid>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What it takes to make a link token.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NewLinkToken {
    /// What the link leads to.
    pub target: LinkTarget,
    /// Whatever the server has to remember for the page. Sealed: it may hold settings and secrets.
    pub payload: Value,
    /// What the audit says of it; none leaves no row.
    pub deed: Option<Deed>,
}

impl NewLinkToken {
    /// For a new account of this tenant.
    pub fn tenant(tenant_id: impl Into<String>) -> Self {
        Self { target: LinkTarget::NewAccount { tenant_id: tenant_id.into() }, payload: Value::Null, deed: None }
    }

    /// For giving an account new credentials.
    pub fn reconnect(account: Uuid) -> Self {
        Self { target: LinkTarget::Reconnect { account }, payload: Value::Null, deed: None }
    }

    /// With a row in the audit: of the account, or of the store where there is none yet.
    pub fn audited(mut self, deed: Deed) -> Self {
        self.deed = Some(deed);
        self
    }

    /// Remembers this for the page.
    pub fn payload(mut self, payload: Value) -> Self {
        self.payload = payload;
        self
    }
}

/// What a link token leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkTarget {
    /// A new account.
    NewAccount {
        /// Whom it will belong to.
        tenant_id: String,
    },
    /// New credentials for an account.
    Reconnect {
        /// The account, which keeps its id.
        account: Uuid,
    },
}

/// A link token that can be used, or just was.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct LinkToken {
    /// What it leads to.
    pub target: LinkTarget,
    /// What the server remembered.
    pub payload: Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for LinkToken {
    /// Without the payload, which may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkToken").field("target", &self.target).finish_non_exhaustive()
    }
}

/// How a link token stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Link {
    /// It can be used; after redeeming: this caller has used it, and nobody else will.
    Open(Box<LinkToken>),
    /// Somebody has used it.
    Used,
    /// Its time is over.
    Expired,
    /// There is no such token, or it ended long ago.
    Unknown,
}
