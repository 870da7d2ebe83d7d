//! The HTML of the link page. Everything is escaped by the templates; secrets are never written into it.

use maud::{DOCTYPE, Markup, html};
use url::Url;
use userdir::Registration;
use userdir::definition::SettingKind;

use super::form::{Field, Form};
use crate::docs::style::STYLE;

/// A page that asks nothing.
pub enum Notice {
    /// The account is connected.
    Connected,
    /// The token has been used.
    Used,
    /// The token's time is over.
    Expired,
    /// There is no such token.
    Unknown,
    /// The link was tried too often in a short time.
    TooOften,
    /// The server cannot answer now.
    Busy,
}

fn page(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) }
                style { (maud::PreEscaped(STYLE)) }
            }
            body class="narrow" { main { h1 { (title) } (content) } }
        }
    }
}

/// A page that asks nothing.
pub fn notice(notice: Notice) -> Markup {
    let (title, text) = match notice {
        Notice::Connected => ("Connected", "The account is connected. You can close this page."),
        Notice::Used => ("This link was used", "A link connects one account, once. Ask for a new one."),
        Notice::Expired => ("This link is too old", "A link can be used for seven days. Ask for a new one."),
        Notice::Unknown => ("There is no such link", "Check that the address is complete, or ask for a new link."),
        Notice::TooOften => ("Too many tries", "Check what you want to give, and try again in a few minutes."),
        Notice::Busy => ("Not now", "The server cannot answer now. Try again in a minute."),
    };
    page(title, &html! { p { (text) } })
}

/// Lets choose a provider.
pub fn choose(providers: &[&'static Registration], redirect: Option<&Url>) -> Markup {
    page(
        "Connect an account",
        &html! {
            p { "Which application is it?" }
            ul class="choices" {
                @for known in providers {
                    li { a href=(format!("?integration={}", known.definition.slug)) { (known.definition.name) } }
                }
            }
            (onwards(redirect.and_then(Url::host_str)))
        },
    )
}

/// Asks for settings and secrets.
pub fn form(form: &Form, faults: &[String]) -> Markup {
    let definition = form.definition;
    let title = if form.is_reconnect { "Reconnect" } else { "Connect" };
    page(
        &format!("{title} {}", definition.name),
        &html! {
            @if !faults.is_empty() {
                div class="faults" role="alert" {
                    p { "This did not work:" }
                    ul { @for fault in faults { li { (fault) } } }
                }
            }
            @if definition.schemes.len() > 1 {
                nav class="tabs" aria-label="Ways to authenticate" {
                    @for scheme in definition.schemes {
                        @let address = format!("?integration={}&method={}", definition.slug, scheme.name);
                        a href=(address) aria-current=[(scheme.name == form.scheme.name).then_some("page")] { (words(scheme.name)) }
                    }
                }
            }
            form method="post" autocomplete="off" {
                input type="hidden" name="integration" value=(definition.slug);
                input type="hidden" name="method" value=(form.scheme.name);
                @for asked in &form.fields { (field(form, asked)) }
                button type="submit" { (title) }
            }
            p class="quiet" {
                a href=(definition.documentation) rel="noreferrer" { "Documentation of " (definition.name) }
                @if form.may_choose { " · " a href="?" { "Another application" } }
            }
            (onwards(form.onwards.as_deref()))
        },
    )
}

fn field(form: &Form, asked: &Field) -> Markup {
    let setting = asked.setting;
    let id = format!("field-{}", setting.key);
    let help = format!("help-{}", setting.key);
    let value = form.values.get(setting.key).map(String::as_str).or(setting.default);
    html! {
        div class="field" {
            label for=(id) { (setting.title) @if !asked.required { span class="quiet" { " (optional)" } } }
            @match setting.kind {
                SettingKind::Choice(choices) => {
                    select id=(id) name=(setting.key) aria-describedby=(help) {
                        @if !asked.required && setting.default.is_none() { option value="" {} }
                        @for word in choices { option value=(word) selected[value == Some(word)] { (word) } }
                    }
                }
                SettingKind::Flag => {
                    select id=(id) name=(setting.key) aria-describedby=(help) {
                        @for word in ["false", "true"] { option value=(word) selected[value == Some(word)] { (word) } }
                    }
                }
                SettingKind::Secret if is_long(setting.key) => {
                    textarea id=(id) name=(setting.key) rows="4" spellcheck="false" autocomplete="off" required[asked.required] aria-describedby=(help) {}
                }
                SettingKind::Secret => {
                    input id=(id) name=(setting.key) type="password" autocomplete="new-password" required[asked.required] aria-describedby=(help);
                }
                SettingKind::Text | SettingKind::Url { .. } => {
                    @let kind = if matches!(setting.kind, SettingKind::Text) { "text" } else { "url" };
                    input id=(id) name=(setting.key) type=(kind) value=[value] spellcheck="false" autocomplete="off" required[asked.required] aria-describedby=(help);
                }
            }
            p id=(help) class="help" { (setting.help) }
        }
    }
}

/// Whether a secret has lines, which a password field would lose.
fn is_long(key: &str) -> bool {
    ["private_key", "certificate", "key_file", "credentials"].iter().any(|part| key.contains(part))
}

fn onwards(host: Option<&str>) -> Markup {
    html! { @if let Some(host) = host { p class="quiet" { "Afterwards this page leads to " strong { (host) } "." } } }
}

/// A name as people read it.
fn words(name: &str) -> String {
    name.replace('_', " ")
}
