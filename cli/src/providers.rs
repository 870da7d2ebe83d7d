//! `userdir providers`: what is compiled in, and what it can do, from the registry alone.

use std::fmt::Write;

use serde_json::{Value, json};
use userdir::definition::{Definition, SettingKind};
use userdir::{Action, Registration};

use crate::args::Format;
use crate::errors::Result;
use crate::output;
use crate::session::Session;

/// Columns of the list.
const COLUMNS: &[&str] = &["slug", "name", "can", "authentication", "documentation"];

/// All providers, or one in full.
///
/// # Errors
/// Wrong usage where there is no such provider.
pub fn run(session: &Session, slug: Option<&str>) -> Result<()> {
    match slug {
        Some(slug) => {
            let registration = session.registry.get(slug)?;
            match session.format {
                Format::Table => output::line(&page(registration)),
                format => output::object(format, COLUMNS, &in_full(registration).to_string()),
            }
        }
        None => {
            let values: Vec<Value> = match session.format {
                Format::Table | Format::Csv => session.registry.providers().iter().map(|it| in_short(it)).collect(),
                _ => session.registry.providers().iter().map(|it| in_full(it)).collect(),
            };
            output::records(session.format, COLUMNS, &values)
        }
    }
}

fn in_short(registration: &Registration) -> Value {
    let definition = registration.definition;
    let can = (registration.actions)().iter().count();
    json!({
        "slug": definition.slug,
        "name": definition.name,
        "can": format!("{can} of {} actions", Action::ALL.len()),
        "authentication": definition.schemes.iter().map(|scheme| scheme.name).collect::<Vec<_>>(),
        "documentation": definition.documentation,
    })
}

fn in_full(registration: &Registration) -> Value {
    let definition = registration.definition;
    let able = (registration.actions)();
    let settings = definition.settings.iter().map(|setting| {
        let (kind, choices) = kind(setting.kind);
        json!({
            "key": setting.key,
            "title": setting.title,
            "kind": kind,
            "choices": choices,
            "required": setting.required,
            "default": setting.default,
            "help": setting.help,
        })
    });
    let actions = able.iter().map(|action| {
        let facts = definition.facts(action);
        let required = facts.map(|facts| facts.required).unwrap_or_default();
        let required = action.info().required.iter().copied().chain(required.iter().map(|required| required.name));
        json!({
            "action": action,
            "kind": action.info().kind,
            "summary": action.info().summary.trim(),
            "required": unique(required),
            "accepts": facts.map(|facts| facts.accepts),
            "filters": facts.map(|facts| facts.filters),
            "sort": facts.map(|facts| facts.sort),
            "scopes": facts.map(|facts| facts.scopes),
            "note": facts.and_then(|facts| facts.note),
            "unconfirmed": facts.and_then(|facts| facts.unconfirmed),
        })
    });
    let lacks = Action::ALL.iter().filter(|action| !able.contains(**action));
    let lacks = lacks.map(|action| json!({"action": action, "because": because(definition, *action)}));
    json!({
        "slug": definition.slug,
        "aliases": definition.aliases,
        "name": definition.name,
        "documentation": definition.documentation,
        "authentication": definition.schemes.iter().map(|s| json!({"name": s.name, "needs": s.needs})).collect::<Value>(),
        "settings": settings.collect::<Value>(),
        "actions": actions.collect::<Value>(),
        "lacks": lacks.collect::<Value>(),
        "notes": definition.notes,
    })
}

fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut unique = Vec::new();
    for name in names {
        if !unique.contains(&name) {
            unique.push(name);
        }
    }
    unique
}

fn kind(kind: SettingKind) -> (&'static str, &'static [&'static str]) {
    match kind {
        SettingKind::Text => ("text", &[]),
        SettingKind::Url { hosts } => ("url", hosts),
        SettingKind::Secret => ("secret", &[]),
        SettingKind::Choice(words) => ("choice", words),
        SettingKind::Flag => ("flag", &["true", "false"]),
    }
}

fn because(definition: &Definition, action: Action) -> &'static str {
    definition.lack(action).unwrap_or("this provider does not implement it yet")
}

/// The readable page of one provider.
fn page(registration: &Registration) -> String {
    let definition = registration.definition;
    let able = (registration.actions)();
    // writing to a String does not fail
    let mut text = format!("{} (`{}`)\n{}\n", definition.name, definition.slug, definition.documentation);

    let _ = writeln!(text, "\nSETTINGS");
    for setting in definition.settings {
        let (kind, choices) = kind(setting.kind);
        let needed = if setting.required { ", required" } else { "" };
        let default = setting.default.map(|value| format!(", else `{value}`")).unwrap_or_default();
        let choices = if choices.is_empty() { String::new() } else { format!(": {}", choices.join(", ")) };
        let _ = writeln!(text, "  {} ({kind}{choices}{needed}{default})\n      {}", setting.key, setting.help);
    }

    let _ = writeln!(text, "\nAUTHENTICATION, one of");
    for scheme in definition.schemes {
        let _ = writeln!(text, "  {}: {}", scheme.name, scheme.needs.join(" + "));
    }

    let _ = writeln!(text, "\nACTIONS");
    for action in able.iter() {
        let _ = writeln!(text, "  {action}");
        let Some(facts) = definition.facts(action) else { continue };
        let needs: Vec<&str> = facts.required.iter().map(|required| required.name).collect();
        for (name, words) in [
            ("needs", needs.as_slice()),
            ("takes", facts.accepts),
            ("filters", facts.filters),
            ("sorts by", facts.sort),
            ("scopes", facts.scopes),
        ] {
            if !words.is_empty() {
                let _ = writeln!(text, "      {name}: {}", words.join(", "));
            }
        }
        for note in [facts.note, facts.unconfirmed].into_iter().flatten() {
            let _ = writeln!(text, "      note: {note}");
        }
    }

    let lacks: Vec<Action> = Action::ALL.iter().copied().filter(|action| !able.contains(*action)).collect();
    if !lacks.is_empty() {
        let _ = writeln!(text, "\nNOT THERE");
    }
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for action in lacks {
        let reason = because(definition, action);
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, actions)) => actions.push(action.to_string()),
            None => reasons.push((reason, vec![action.to_string()])),
        }
    }
    for (reason, actions) in reasons {
        let _ = writeln!(text, "  {}\n      because {reason}", actions.join(", "));
    }

    if !definition.notes.is_empty() {
        let _ = writeln!(text, "\nNOTES");
    }
    for note in definition.notes {
        let _ = writeln!(text, "  - {note}");
    }
    let _ = write!(text, "\nCONNECT\n  {}", example(definition));
    text
}

/// A command line that connects an account.
pub fn example(definition: &Definition) -> String {
    let mut line = format!("userdir accounts add {} --name my-{}", definition.slug, definition.slug);
    let needs = definition.schemes.first().map(|scheme| scheme.needs).unwrap_or_default();
    let wanted = definition.settings.iter().filter(|setting| setting.required || needs.contains(&setting.key));
    for setting in wanted {
        let _ = match setting.kind {
            SettingKind::Secret => write!(line, " --secret {}=env:{}", setting.key, setting.key.to_uppercase()),
            _ => write!(line, " --set {}=…", setting.key),
        };
    }
    line
}
