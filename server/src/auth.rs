//! Who asks, and what that allows.

use std::borrow::Cow;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use uuid::Uuid;

use crate::problem::Problem;
use crate::state::AppState;

/// What a token allows. Each scope includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// GET.
    Read,
    /// Every unified, proxy and custom call, dry runs too.
    Write,
    /// Accounts, tokens, link tokens, metrics, audit.
    Admin,
}

impl Scope {
    /// The word, as stored and as on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Write => "write",
            Scope::Admin => "admin",
        }
    }
}

/// Who asks: the owner of the token that the request carries.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Id of the token.
    pub token_id: Uuid,
    /// Name of the token.
    pub name: String,
    /// What it allows.
    pub scope: Scope,
    /// Which accounts it reaches.
    pub reach: Reach,
}

/// Which accounts a token reaches.
#[derive(Clone, Debug)]
pub enum Reach {
    /// All.
    All,
    /// Those of the list.
    Accounts(Vec<Uuid>),
    /// An account token: this one, which need not be named.
    Account(Uuid),
}

impl Principal {
    /// Refuses a principal without this scope. An account token is none of the platform's, so it never is `Admin`.
    ///
    /// # Errors
    /// 403.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.scope >= scope {
            return Ok(());
        }
        let (needed, has) = (scope.as_str(), self.scope.as_str());
        Err(Problem::forbidden(format!("this needs a token with the scope `{needed}`; yours has `{has}`")))
    }

    /// Whether it reaches an account.
    pub fn sees(&self, account: Uuid) -> bool {
        match &self.reach {
            Reach::All => true,
            Reach::Accounts(accounts) => accounts.contains(&account),
            Reach::Account(own) => *own == account,
        }
    }

    /// The account a request is about: the one it names, or the account token's own.
    pub(crate) fn names<'n>(&self, named: Option<&'n str>) -> Result<Cow<'n, str>, Problem> {
        match (named, &self.reach) {
            (Some(named), _) => Ok(Cow::Borrowed(named)),
            (None, Reach::Account(own)) => Ok(Cow::Owned(own.to_string())),
            (None, _) => Err(Problem::missing_account()),
        }
    }
}

impl FromRequestParts<AppState> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Principal, Problem> {
        if let Some(known) = parts.extensions.get::<Principal>() {
            return Ok(known.clone());
        }
        let token = bearer(parts).ok_or_else(|| Problem::unauthorized("no token is given"))?;
        let principal = find(state, token).await?.ok_or_else(|| Problem::unauthorized("the token is not known"))?;
        parts.extensions.insert(principal.clone());
        Ok(principal)
    }
}

fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Finds the owner of a token.
async fn find(_state: &AppState, _token: &str) -> Result<Option<Principal>, Problem> {
    // the store keeps tokens with its next version; until then nobody has one
    Ok(None)
}
