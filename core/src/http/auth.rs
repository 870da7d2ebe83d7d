//! Ways to authenticate, as values.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::Answer;
use super::token::{Discovery, Grant, Tokens};
use crate::error::{Error, Result};
use crate::settings::Secret;

/// How requests are authenticated.
#[derive(Debug)]
pub enum Auth {
    /// A header that stays the same.
    Header(HeaderName, HeaderValue),
    /// A token that is fetched, shared and renewed.
    Token(Box<Tokens>),
}

impl Auth {
    /// `Authorization: Bearer …`.
    ///
    /// # Errors
    /// `Config` where the secret cannot stand in a header.
    pub fn bearer(token: &Secret) -> Result<Auth> {
        Auth::authorization("Bearer ", token)
    }

    /// `Authorization:` with a prefix such as `SSWS `.
    ///
    /// # Errors
    /// As [`Auth::bearer`].
    pub fn authorization(prefix: &str, secret: &Secret) -> Result<Auth> {
        Auth::header("authorization", prefix, secret)
    }

    /// Any header, with a prefix before the secret.
    ///
    /// # Errors
    /// As [`Auth::bearer`]; also where `name` is no header's name.
    pub fn header(name: &str, prefix: &str, secret: &Secret) -> Result<Auth> {
        let name = HeaderName::try_from(name).map_err(|_| Error::config(format!("`{name}` is no name of a header")))?;
        Ok(Auth::Header(name, sensitive(format!("{prefix}{}", secret.expose().trim()))?))
    }

    /// `Authorization: Basic …` of RFC 7617.
    ///
    /// # Errors
    /// As [`Auth::bearer`].
    pub fn basic(username: &str, password: &Secret) -> Result<Auth> {
        Ok(Auth::Header(AUTHORIZATION, basic(username, password)?))
    }

    /// A token of this grant, sent as `Authorization: Bearer …`.
    pub fn token(grant: Grant) -> Auth {
        Auth::Token(Box::new(Tokens::new(grant)))
    }

    /// Takes the API's address from the token's answer. Nothing for a header that stays the same.
    #[must_use]
    pub fn discovering(mut self, discovery: Discovery) -> Auth {
        if let Auth::Token(tokens) = &mut self {
            tokens.discovery = Some(discovery);
        }
        self
    }

    /// How long a token is taken to live whose answer does not say. Nothing for a header that stays the same.
    #[must_use]
    pub fn lasting(mut self, lifetime: Duration) -> Auth {
        if let Auth::Token(tokens) = &mut self {
            tokens.lifetime = Some(lifetime);
        }
        self
    }

    /// Takes from the token's answer the id of the user whose it is. Nothing for a header that stays the same.
    #[must_use]
    pub fn telling_user(mut self, read: fn(&Answer) -> Option<String>) -> Auth {
        if let Auth::Token(tokens) = &mut self {
            tokens.user = read;
        }
        self
    }

    /// Keeps the token of a client for all accounts that are connected as it: at vendors where a new token ends the one
    /// before, they would end each other's. Nothing for a header that stays the same.
    #[must_use]
    pub fn one_per_client(mut self) -> Auth {
        if let Auth::Token(tokens) = &mut self {
            tokens.client = tokens.grant.client();
        }
        self
    }

    /// Refuses a token with fewer scopes than asked for, at vendors that leave out what was not granted without a word.
    /// Nothing for a header that stays the same.
    #[must_use]
    pub fn checking_scopes(mut self) -> Auth {
        if let Auth::Token(tokens) = &mut self {
            tokens.checks_scopes = true;
        }
        self
    }
}

pub(crate) fn basic(username: &str, password: &Secret) -> Result<HeaderValue> {
    sensitive(format!("Basic {}", STANDARD.encode(format!("{username}:{}", password.expose()))))
}

/// A header value that is printed nowhere.
pub(crate) fn sensitive(value: String) -> Result<HeaderValue> {
    let mut value = HeaderValue::try_from(value).map_err(|_| {
        Error::config("the secret holds characters that cannot stand in a header, such as a line break")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_with_a_line_break_is_refused_and_none_is_printed() {
        assert!(Auth::bearer(&Secret::from("canary\r\nx-evil: 1")).is_err());
        let auth = Auth::authorization("SSWS ", &Secret::from("canary-secret\n")).unwrap();
        assert!(!format!("{auth:?}").contains("canary"));
        let Auth::Header(name, value) = auth else { panic!() };
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("authorization", "SSWS canary-secret"));
    }
}
