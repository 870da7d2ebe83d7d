//! Who asks, and what that allows.
//!
//! Handlers take one of three: [`Principal`] where any token will do, [`Caller`] where reading and changing are apart,
//! [`Admin`]. Each refuses before a query or body is looked at.

use std::borrow::Cow;
use std::collections::BTreeSet;

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::Method;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use userdir_store::{AccountToken, ApiToken, Scope};
use uuid::Uuid;

use crate::problem::Problem;
use crate::state::AppState;

/// Who asks: the owner of the token that the request carries.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The API token; of an account token the one that asked for it.
    pub token: Option<Uuid>,
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
    Accounts(BTreeSet<Uuid>),
    /// An account token: this one, which need not be named.
    Account(Uuid),
}

impl From<ApiToken> for Principal {
    fn from(token: ApiToken) -> Principal {
        let reach = token.accounts.map_or(Reach::All, Reach::Accounts);
        Principal { token: Some(token.id), scope: token.scope, reach }
    }
}

impl From<AccountToken> for Principal {
    fn from(token: AccountToken) -> Principal {
        Principal { token: token.issued_by, scope: Scope::Write, reach: Reach::Account(token.account) }
    }
}

impl Principal {
    /// Who it is, for the audit.
    pub fn actor(&self) -> String {
        match (self.token, &self.reach) {
            (Some(token), Reach::Account(_)) => format!("account-token:{token}"),
            (Some(token), _) => format!("token:{token}"),
            (None, _) => "account-token".to_owned(),
        }
    }

    /// Itself, where it has this scope.
    fn having(self, scope: Scope) -> Result<Principal, Problem> {
        if self.scope.allows(scope) {
            return Ok(self);
        }
        let has = self.scope;
        Err(Problem::forbidden(format!("this needs a token with the scope `{scope}`; yours has `{has}`")))
    }

    /// Whether it reaches an account.
    pub fn sees(&self, account: Uuid) -> bool {
        match &self.reach {
            Reach::All => true,
            Reach::Accounts(accounts) => accounts.contains(&account),
            Reach::Account(own) => *own == account,
        }
    }

    /// Whether it reaches all that an API token does.
    pub fn sees_token(&self, token: &ApiToken) -> bool {
        match &self.reach {
            Reach::All => true,
            Reach::Accounts(own) => token.accounts.as_ref().is_some_and(|accounts| accounts.is_subset(own)),
            Reach::Account(_) => false,
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

    /// Whether it is known which account a request is about: it names one, or the token is an account's.
    pub(crate) fn is_about_one(&self, named: Option<&str>) -> bool {
        named.is_some() || matches!(self.reach, Reach::Account(_))
    }

    /// Whose requests are counted together.
    fn counted_as(&self) -> Uuid {
        match (self.token, &self.reach) {
            (Some(token), _) => token,
            (None, Reach::Account(account)) => *account,
            (None, _) => Uuid::nil(),
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
        let principal = find(state, token).await?;
        let principal = principal.ok_or_else(|| Problem::unauthorized("the token is wrong, revoked or expired"))?;
        state.limiter().token(principal.counted_as())?;
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        if matches!(principal.reach, Reach::Account(_)) && !is_of_one_account(route) {
            return Err(Problem::forbidden("a token for one account is for that account's directory alone"));
        }
        parts.extensions.insert(principal.clone());
        Ok(principal)
    }
}

/// Whether an account token reaches a route: those of its account's directory, and no other that may come.
fn is_of_one_account(route: &str) -> bool {
    let own = ["/unified/user-directory/", "/proxy/", "/custom/"];
    own.iter().any(|own| route.starts_with(own)) || route == "/integrated-account/me"
}

/// Who asks, with a token that may read where something is read, and change where something is changed.
#[derive(Clone, Debug)]
pub struct Caller(pub Principal);

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Caller, Problem> {
        let is_read = matches!(parts.method, Method::GET | Method::HEAD);
        let principal = Principal::from_request_parts(parts, state).await?;
        principal.having(if is_read { Scope::Read } else { Scope::Write }).map(Caller)
    }
}

/// Who asks, with an administrator's token.
#[derive(Clone, Debug)]
pub struct Admin(pub Principal);

impl FromRequestParts<AppState> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Admin, Problem> {
        Principal::from_request_parts(parts, state).await?.having(Scope::Admin).map(Admin)
    }
}

fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Finds the owner of a token.
async fn find(state: &AppState, token: &str) -> Result<Option<Principal>, Problem> {
    if token.starts_with(ACCOUNT_TOKEN)
        && let Some(found) = state.store().find_account_token(token).await?
    {
        return Ok(Some(found.into()));
    }
    Ok(state.store().find_api_token(token).await?.map(Principal::from))
}

/// How the value of an account token begins.
const ACCOUNT_TOKEN: &str = "uda_";
