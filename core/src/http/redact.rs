//! Keeps secrets out of whatever is shown.

use std::borrow::Cow;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{HeaderMap, HeaderValue};

use super::request::ENCODED;
use crate::settings::{Secret, Settings};

/// Shorter secrets are not searched for: masking `a` would mask everything.
const SHORTEST: usize = 4;
/// Lines of a key file from this length on are secrets of their own.
const KEY_LINE: usize = 16;

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
        if secret.expose().trim().contains('\n') {
            let lines = secret.expose().lines().map(str::trim);
            lines.filter(|line| line.len() >= KEY_LINE && !line.starts_with("--")).for_each(|line| self.add_text(line));
        }
    }

    /// Adds what an `Authorization` header or its like holds, with and without its first word.
    pub fn add_credential(&mut self, value: &HeaderValue) {
        let Ok(text) = value.to_str() else { return };
        self.add_text(text);
        if let Some((_, credential)) = text.split_once(' ') {
            self.add_text(credential);
        }
    }

    pub fn add_text(&mut self, secret: &str) {
        let secret = secret.trim();
        if secret.len() < SHORTEST {
            return;
        }
        let json = serde_json::to_string(secret).unwrap_or_default();
        let json = json.trim_start_matches('"').strip_suffix('"').unwrap_or(secret).to_owned();
        let encoded = [NON_ALPHANUMERIC, ENCODED].map(|set| utf8_percent_encode(secret, set).to_string());
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let spellings = [secret.to_owned(), json.replace('/', "\\/"), json, html.replace('\'', "&#39;"), html]
            .into_iter()
            .chain(encoded.iter().map(|text| lower_escapes(text)))
            .chain([lower_escapes(&form), form])
            .chain(encoded.clone())
            .chain([STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].map(|engine| engine.encode(secret)));
        for spelling in spellings {
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

    /// Bytes without secrets, whether the rest of them is text or not.
    pub fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut shown = Vec::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            shown.extend_from_slice(self.text(chunk.valid()).as_bytes());
            shown.extend_from_slice(chunk.invalid());
        }
        shown
    }

    /// JSON without secrets: in texts alone, so that it stays JSON.
    pub fn json(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => *text = self.text(text).into_owned(),
            serde_json::Value::Array(items) => items.iter_mut().for_each(|item| self.json(item)),
            serde_json::Value::Object(members) => members.values_mut().for_each(|member| self.json(member)),
            _ => {}
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

/// `%2F` as some write it: `%2f`.
fn lower_escapes(text: &str) -> String {
    let mut left = 0;
    let lower = |c: char| {
        if c == '%' {
            left = 3;
        }
        left = i32::max(left - 1, -1);
        if left >= 0 { c.to_ascii_lowercase() } else { c }
    };
    text.chars().map(lower).collect()
}

/// Whether a header may be shown: none that carries a credential or a cookie.
fn is_shown(name: &str) -> bool {
    const SHOWN: &[&str] = &[
        "accept",
        "content-type",
        "content-length",
        "content-disposition",
        "location",
        "date",
        "retry-after",
        "link",
        "etag",
        "x-total-count",
        "prefer",
        "if-match",
    ];
    let parts = ["rate-limit", "ratelimit", "request-id", "trace"];
    SHOWN.contains(&name) || parts.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_in_every_spelling() {
        let settings = Settings::new().set("username", "admin").secret("password", "p\"ss/wörd").secret("short", "abc");
        let redactor = Redactor::of(&settings);
        let basic = STANDARD.encode("admin:p\"ss/wörd");
        for text in [
            "p\"ss/wörd",
            "p%22ss%2Fw%C3%B6rd",
            "p%22ss%2fw%c3%b6rd",
            r#"{"echo":"p\"ss/wörd"}"#,
            r#"{"echo":"p\"ss\/wörd"}"#,
            "<b>p&quot;ss/wörd</b>",
            &basic,
        ] {
            let shown = redactor.text(text);
            assert!(shown.contains("***") && !shown.contains("ss/w"), "{shown}");
        }
        assert_eq!(redactor.text("abc"), "abc");

        let mut redactor = Redactor::default();
        redactor.add_text("a-b c/d~e");
        for text in ["a-b%20c%2Fd~e", "a-b+c%2Fd%7Ee", "a%2db%20c%2fd%7ee", "YS1iIGMvZH5l"] {
            assert_eq!(redactor.text(text), "***", "{text}");
        }
        assert_eq!(lower_escapes("A%2FB%C3%B6"), "A%2fB%c3%b6");
    }

    #[test]
    fn bytes_that_are_no_text_are_masked_too() {
        let mut redactor = Redactor::default();
        redactor.add_text("canary-secret");
        assert_eq!(redactor.bytes(b"\xff canary-secret \xe4"), b"\xff *** \xe4");
    }

    #[test]
    fn a_key_is_masked_line_by_line_and_a_credential_without_its_scheme() {
        let key =
            "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nAoIBAQC7VJTUt9Us8cKj\n-----END PRIVATE KEY-----\n";
        let redactor = Redactor::of(&Settings::new().secret("private_key", key));
        assert_eq!(redactor.text("at AoIBAQC7VJTUt9Us8cKj"), "at ***");
        let mut redactor = Redactor::default();
        redactor.add_credential(&HeaderValue::from_static("Bearer canary-token"));
        assert_eq!(redactor.text("token canary-token is bad"), "token *** is bad");
    }

    #[test]
    fn headers_are_shown_by_allow_list() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "SSWS x".parse().unwrap());
        headers.insert("set-cookie", "sid=1".parse().unwrap());
        headers.insert("x-corporate-key", "k".parse().unwrap());
        headers.insert("x-okta-request-id", "req1".parse().unwrap());
        assert_eq!(Redactor::default().headers(&headers), [("x-okta-request-id".to_owned(), "req1".to_owned())]);
    }
}
