//! The whole model at one integration: what it can do, what each method takes, and why the rest is not there.

use std::fmt::Write;

use serde_json::{Value, json};
use userdir::action::{Action, ActionKind};
use userdir::definition::{Definition, SettingKind};
use userdir::{ActionSet, Registration};

use super::method::Method;

/// The model at one integration.
pub struct Model {
    definition: &'static Definition,
    actions: ActionSet,
}

impl Model {
    /// At this one.
    pub fn of(registration: &'static Registration) -> Model {
        Model { definition: registration.definition, actions: (registration.actions)() }
    }

    /// The provider's own page.
    pub fn definition(&self) -> &'static Definition {
        self.definition
    }

    /// The methods that it has, in the order of the table.
    pub fn methods(&self) -> impl Iterator<Item = Method> {
        self.actions.iter().map(|action| Method::of(self.definition, action))
    }

    /// The methods that it lacks, with the reason.
    pub fn lacks(&self) -> impl Iterator<Item = (Action, &'static str)> {
        let missing = Action::ALL.iter().copied().filter(|action| !self.actions.contains(*action));
        missing
            .map(|action| (action, self.definition.lack(action).unwrap_or("this provider does not implement it yet")))
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        let methods: Vec<Value> = self.methods().map(|method| of_method(&method)).collect();
        let lacks: Vec<Value> = self
            .lacks()
            .map(|(action, because)| json!({"resource": action.info().resource, "method": action.info().method, "because": because}))
            .collect();
        json!({
            "model": "user-directory",
            "integration": {"name": self.definition.slug, "label": self.definition.name},
            "documentation_link": self.definition.documentation,
            "settings": settings(self.definition),
            "authentication_methods": self.definition.schemes.iter()
                .map(|scheme| json!({"name": scheme.name, "needs": scheme.needs})).collect::<Vec<_>>(),
            "methods": methods,
            "not_supported": lacks,
            "notes": self.definition.notes,
        })
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let definition = self.definition;
        let mut text = format!("# {}\n\n<{}>\n\n## Settings\n\n", definition.name, definition.documentation);
        text.push_str("| key | kind | required | help |\n|---|---|---|---|\n");
        for setting in definition.settings {
            let required = if setting.required { "yes" } else { "" };
            let _ =
                writeln!(text, "| `{}` | {} | {required} | {} |", setting.key, kind(setting.kind), cell(setting.help));
        }
        for method in self.methods() {
            let info = method.action().info();
            let _ = write!(
                text,
                "\n## `{}`\n\n`{} {}`\n\n{}\n",
                method.action(),
                info.verb,
                method.path(),
                method.description()
            );
            let _ = lines(&mut text, "Needs", &method.required());
            if let Some(facts) = method.facts() {
                let _ = lines(&mut text, "Takes", facts.accepts);
                let _ = lines(&mut text, "Filters", facts.filters);
                let _ = lines(&mut text, "Sorts by", facts.sort);
                let _ = lines(&mut text, "Scopes at the vendor", facts.scopes);
            }
        }
        text.push_str("\n## Not supported\n\n");
        for (action, because) in self.lacks() {
            let _ = writeln!(text, "- `{action}`: {because}");
        }
        text.push_str("\n## Notes\n\n");
        for note in definition.notes {
            let _ = writeln!(text, "- {note}");
        }
        text
    }
}

fn of_method(method: &Method) -> Value {
    let info = method.action().info();
    let facts = method.facts();
    json!({
        "resource": info.resource,
        "method": info.method,
        "http_method": info.verb,
        "path": method.path(),
        "description": method.description(),
        "required": method.required(),
        "query_schema": method.query_schema(),
        "request_body_schema": method.body_schema(),
        "response_schema": method.response_schema(),
        "scopes": facts.map(|facts| facts.scopes).unwrap_or_default(),
        "is_partial_response": info.kind == ActionKind::List && facts.is_some_and(|facts| facts.partial),
    })
}

/// What to ask for when an account is connected.
pub fn settings(definition: &Definition) -> Vec<Value> {
    let of_setting = |setting: &userdir::definition::Setting| {
        json!({
            "key": setting.key,
            "title": setting.title,
            "kind": kind(setting.kind),
            "required": setting.required,
            "secret": setting.kind == SettingKind::Secret,
            "choices": if let SettingKind::Choice(words) = setting.kind { json!(words) } else { Value::Null },
            "help": setting.help,
            "default": setting.default,
        })
    };
    definition.settings.iter().map(of_setting).collect()
}

fn kind(kind: SettingKind) -> &'static str {
    match kind {
        SettingKind::Text => "text",
        SettingKind::Url { .. } => "url",
        SettingKind::Secret => "secret",
        SettingKind::Choice(_) => "choice",
        SettingKind::Flag => "flag",
    }
}

fn lines(text: &mut String, what: &str, names: &[&str]) -> std::fmt::Result {
    if names.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    write!(text, "\n{what}: {}\n", names.join(", "))
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
