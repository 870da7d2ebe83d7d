//! The generated parts of the docs. In the README and in the pages of the providers they stand between marks such as
//! `<!-- matrix -->` and `<!-- /matrix -->`; `docs/providers.md` and `docs/openapi.json` are made as a whole. The matrix and
//! `docs/providers.md` also say what was held against the vendors' own descriptions, so they are made only where
//! `USERDIR_SPECS_DIR` names the folder with those.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use userdir::Registration;
use userdir::definition::{Definition, Setting, SettingKind};
use userdir_harness::{Options, Report};

/// What stands above the matrix in full.
const PROVIDERS_HEAD: &str = "\
# Providers

What each provider can do, and what stands behind it: the number of fixture cases, by where their shapes come from
(recorded from a vendor, documented by it, or written for the case); the faults that were derived from them; the requests
that were found in the vendor's own description; and a round trip at a stand-in with a memory. Made by the harness:
`userdir conformance`, see [conformance.md](conformance.md).

";

/// Writes what is stale, or says what is.
pub fn run(root: &Path, check: bool) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let registry = userdir::Registry::compiled_in();
    let mut pages = vec![("docs/openapi.json".to_owned(), userdir_server::openapi::text().to_owned())];
    match std::env::var_os("USERDIR_SPECS_DIR").map(PathBuf::from) {
        Some(specs) => {
            let options = Options { specs: Some(specs), ..Options::default() };
            let report = runtime.block_on(userdir_harness::run(&registry, &options))?;
            pages.push(("README.md".to_owned(), between("matrix", &read(root, "README.md")?, &report.matrix())?));
            pages.push(("docs/providers.md".to_owned(), providers(&report)));
        }
        None => {
            println!("left out: the matrix and docs/providers.md; USERDIR_SPECS_DIR names no folder with descriptions")
        }
    }
    for registration in registry.providers() {
        let file = format!("providers/{}/README.md", registration.definition.slug);
        let text = between("settings", &read(root, &file)?, &settings(registration.definition))?;
        pages.push((file, between("actions", &text, &actions(registration))?));
    }
    let mut stale = Vec::new();
    for (file, fresh) in pages {
        let path = root.join(&file);
        if fs::read_to_string(&path).is_ok_and(|text| text == fresh) {
            continue;
        }
        if check {
            stale.push(file);
        } else {
            fs::create_dir_all(path.parent().unwrap_or(root)).with_context(|| format!("no folder for {file}"))?;
            fs::write(&path, fresh).with_context(|| format!("cannot write {file}"))?;
            println!("wrote {file}");
        }
    }
    if !stale.is_empty() {
        bail!("stale: {}; write it anew with `cargo xtask docs`", stale.join(", "));
    }
    Ok(())
}

fn read(root: &Path, file: &str) -> Result<String> {
    fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"))
}

/// The text with `fresh` between the marks of this name.
fn between(name: &str, text: &str, fresh: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let (head, rest) = text.split_once(&begin).with_context(|| format!("a page has no `{begin}`"))?;
    let (_, tail) = rest.split_once(&end).with_context(|| format!("a page has no `{end}`"))?;
    Ok(format!("{head}{begin}\n{}\n{end}{tail}", fresh.trim_end()))
}

fn providers(report: &Report) -> String {
    format!("{PROVIDERS_HEAD}{}", report.markdown())
}

/// What to give when an account is connected.
fn settings(definition: &Definition) -> String {
    let mut text = String::from("| setting | what it is |\n|---|---|\n");
    for setting in definition.settings {
        let _ = writeln!(text, "| `{}` | {}{} |", setting.key, cell(setting.help), facts(setting));
    }
    let ways: Vec<String> = definition
        .schemes
        .iter()
        .map(|scheme| format!("`{}` ({})", scheme.name, code(scheme.needs).unwrap_or_else(|| "nothing".into())))
        .collect();
    let _ = write!(text, "\nWays to authenticate: {}.", ways.join(", or "));
    text
}

fn facts(setting: &Setting) -> String {
    let mut facts = Vec::new();
    match setting.kind {
        SettingKind::Secret => facts.push("secret".to_owned()),
        SettingKind::Choice(words) => facts.extend(code(words).map(|words| format!("one of {words}"))),
        SettingKind::Flag => facts.push("`true` or `false`".to_owned()),
        SettingKind::Url { hosts } => facts.extend(code(hosts).map(|hosts| format!("on {hosts}"))),
        SettingKind::Text => {}
    }
    if setting.required {
        facts.push("required".to_owned());
    }
    facts.extend(setting.default.map(|default| format!("by default `{default}`")));
    if facts.is_empty() { String::new() } else { format!(" ({})", facts.join("; ")) }
}

/// What can be done, and what it needs.
fn actions(registration: &Registration) -> String {
    let mut text = String::from("| action | scopes | filters | what to know |\n|---|---|---|---|\n");
    for action in (registration.actions)().iter() {
        let facts = registration.definition.facts(action);
        let words = |words: Option<&[&str]>| words.and_then(code).unwrap_or_default();
        let notes: Vec<&str> = facts.iter().flat_map(|it| [it.note, it.unconfirmed]).flatten().collect();
        let _ = writeln!(
            text,
            "| `{action}` | {} | {} | {} |",
            words(facts.map(|it| it.scopes)),
            words(facts.map(|it| it.filters)),
            cell(&notes.join("; ")),
        );
    }
    text
}

/// Words as code, with commas; none where there are none.
fn code(words: &[&str]) -> Option<String> {
    (!words.is_empty()).then(|| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "))
}

/// A text that can stand in a cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
