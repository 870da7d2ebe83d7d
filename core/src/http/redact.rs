//! Keeps secrets out of whatever is shown.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::HeaderMap;

use crate::settings::{Secret, Settings};

/// Shorter secrets are not searched for: masking `a` would mask everything.
const SHORTEST: usize = 4;

/// Knows an account's secrets and takes them out of texts, in each spelling they could come back in.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    spellings: Vec<String>,
}

impl Redactor {
    pub fn of(settings: &Settings) -> Redactor {
        let mut redactor = Redactor::default();
        for secret in settings.secrets().values() {
            redactor.add(secret);
        }
        if let (Some(user), Some(password)) = (settings.get_secret("username"), settings.get_secret("password")) {
            redactor.add_text(&STANDARD.encode(format!("{}:{}", user.expose(), password.expose())));
        }
        redactor
    }

    fn add(&mut self, secret: &Secret) {
        self.add_text(secret.expose());
    }

    pub fn add_text(&mut self, secret: &str) {
        let secret = secret.trim();
        if secret.len() < SHORTEST {
            return;
        }
        let json = serde_json::to_string(secret).unwrap_or_default();
        for spelling in [
            secret.to_owned(),
            utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
            json.trim_matches('"').to_owned(),
            STANDARD.encode(secret),
        ] {
            if !self.spellings.contains(&spelling) {
                self.spellings.push(spelling);
            }
        }
        // the longest first, so that a secret inside another does not leave the other's rest
        self.spellings.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
    }

    /// The text without secrets.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        for spelling in &self.spellings {
            if text.contains(spelling.as_str()) {
                text = Cow::Owned(text.replace(spelling.as_str(), "***"));
            }
        }
        text
    }

    /// Bytes without secrets; bytes that are not text have none.
    pub fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.text(text).into_owned().into_bytes(),
            Err(_) => bytes.to_vec(),
        }
    }

    /// Headers that may be shown, by allow-list.
    pub fn headers(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        headers
            .iter()
            .filter(|(name, _)| is_shown(name.as_str()))
            .filter_map(|(name, value)| Some((name.to_string(), self.text(value.to_str().ok()?).into_owned())))
            .collect()
    }
}

/// Whether a header may be shown: none that carries a credential or a cookie.
fn is_shown(name: &str) -> bool {
    const SHOWN: &[&str] = &[
        "accept",
        "content-type",
        "content-length",
        "date",
        "retry-after",
        "link",
        "etag",
        "x-total-count",
        "prefer",
        "if-match",
    ];
    SHOWN.contains(&name) || name.contains("rate") || name.contains("request-id") || name.contains("trace")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_in_every_spelling() {
        let settings = Settings::new().set("username", "admin").secret("password", "p\"ss/wörd").secret("short", "abc");
        let redactor = Redactor::of(&settings);
        let basic = STANDARD.encode("admin:p\"ss/wörd");
        for text in ["p\"ss/wörd", "p%22ss%2Fw%C3%B6rd", r#"{"echo":"p\"ss/wörd"}"#, &basic] {
            let shown = redactor.text(text);
            assert!(shown.contains("***") && !shown.contains("ss/w"), "{shown}");
        }
        assert_eq!(redactor.text("abc"), "abc");
    }

    #[test]
    fn headers_are_shown_by_allow_list() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "SSWS x".parse().unwrap());
        headers.insert("set-cookie", "sid=1".parse().unwrap());
        headers.insert("x-okta-request-id", "req1".parse().unwrap());
        assert_eq!(Redactor::default().headers(&headers), [("x-okta-request-id".to_owned(), "req1".to_owned())]);
    }
}
