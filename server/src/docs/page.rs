//! The HTML of the documentation: the OpenAPI document operation by operation, and the model at one integration.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Map, Value};

use super::style::STYLE;
use crate::meta::model::Model;

fn page(title: &str, content: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { h1 { (title) } (content) } }
        }
    }
    .into_string()
}

/// The whole document.
pub fn document(document: &Value) -> String {
    let info = at(document, "/info");
    let operations = operations(document);
    let tags: Vec<&Value> = at(document, "/tags").as_array().into_iter().flatten().collect();
    page(
        &format!("{} {}", text(at(info, "/title")), text(at(info, "/version"))),
        &html! {
            p { (prose(text(at(info, "/description")))) }
            p { "For programs: " a href="/openapi.json" { "/openapi.json" } }
            nav class="contents" aria-label="Contents" {
                ul { @for tag in &tags { li { a href=(format!("#tag-{}", text(at(tag, "/name")))) { (text(at(tag, "/name"))) } } } }
            }
            @for tag in &tags {
                h2 id=(format!("tag-{}", text(at(tag, "/name")))) { (text(at(tag, "/name"))) }
                p { (prose(text(at(tag, "/description")))) }
                @for operation in operations.iter().filter(|operation| operation.tag() == text(at(tag, "/name"))) {
                    (section(document, operation))
                }
            }
            h2 id="schemas" { "Schemas" }
            @for (name, schema) in object(at(document, "/components/schemas")) {
                details id=(format!("schema-{name}")) { summary { code { (name) } } (described(schema)) }
            }
        },
    )
}

/// An operation with its place.
struct Operation<'d> {
    verb: &'d str,
    path: &'d str,
    it: &'d Value,
    shared: &'d Value,
}

impl<'d> Operation<'d> {
    fn tag(&self) -> &'d str {
        text(at(self.it, "/tags/0"))
    }

    fn parameters(&self) -> impl Iterator<Item = &'d Value> {
        let own = at(self.it, "/parameters").as_array().into_iter().flatten();
        self.shared.as_array().into_iter().flatten().chain(own)
    }
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut found = Vec::new();
    for (path, item) in object(at(document, "/paths")) {
        for (verb, it) in object(item).filter(|(verb, _)| *verb != "parameters") {
            found.push(Operation { verb, path, it, shared: at(item, "/parameters") });
        }
    }
    found
}

fn section(document: &Value, operation: &Operation<'_>) -> Markup {
    let it = operation.it;
    let bodies: Vec<(&str, &Value)> = object(at(resolve(document, at(it, "/requestBody")), "/content")).collect();
    html! {
        details id=(text(at(it, "/operationId"))) {
            summary {
                span class="verb" { (operation.verb.to_uppercase()) }
                code { (operation.path) }
                span class="quiet" { " — " (text(at(it, "/summary"))) }
            }
            @if let Some(description) = at(it, "/description").as_str() { p { (prose(description)) } }
            @if operation.parameters().next().is_some() {
                h4 { "Parameters" }
                table {
                    thead { tr { th { "name" } th { "in" } th { "type" } th { "meaning" } } }
                    tbody {
                        @for parameter in operation.parameters().map(|parameter| resolve(document, parameter)) {
                            tr {
                                td { code { (text(at(parameter, "/name"))) } @if *at(parameter, "/required") == true { " *" } }
                                td { (text(at(parameter, "/in"))) }
                                td { (kind(at(parameter, "/schema"))) }
                                td { (prose(text(at(parameter, "/description")))) }
                            }
                        }
                    }
                }
            }
            @for (content_type, body) in bodies {
                h4 { "Body " span class="quiet" { (content_type) } }
                (described(at(body, "/schema")))
            }
            h4 { "Answers" }
            table {
                thead { tr { th { "status" } th { "meaning" } th { "body" } } }
                tbody {
                    @for (status, answer) in object(at(it, "/responses")) {
                        @let answer = resolve(document, answer);
                        tr {
                            td { (status) }
                            td { (prose(text(at(answer, "/description")))) }
                            td { @for (content_type, body) in object(at(answer, "/content")) { (link(at(body, "/schema"))) " " span class="quiet" { (content_type) } br; } }
                        }
                    }
                }
            }
        }
    }
}

/// The name of a schema, as a link; its type where it has no name.
fn link(schema: &Value) -> Markup {
    if let Some(name) = at(schema, "/$ref").as_str().and_then(|path| path.rsplit('/').next()) {
        return html! { a href=(format!("#schema-{name}")) { code { (name) } } };
    }
    for members in ["anyOf", "oneOf", "allOf"] {
        if let Some(choices) = schema.get(members).and_then(Value::as_array) {
            let between = if members == "allOf" { " and " } else { " or " };
            return html! { @for (at, choice) in choices.iter().enumerate() { @if at > 0 { (between) } (link(choice)) } };
        }
    }
    kind(schema)
}

/// The type of a schema in a few words.
fn kind(schema: &Value) -> Markup {
    if at(schema, "/$ref").is_string() {
        return link(schema);
    }
    let word = match at(schema, "/type") {
        Value::String(word) => word.clone(),
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    };
    html! {
        (word)
        @if let Some(format) = at(schema, "/format").as_str() { " (" (format) ")" }
        @if let Some(words) = at(schema, "/enum").as_array() {
            ": " @for (at, word) in words.iter().enumerate() { @if at > 0 { ", " } code { (text(word)) } }
        }
        @if at(schema, "/items").is_object() { " of " (kind(at(schema, "/items"))) }
    }
}

/// A schema with its members.
fn described(schema: &Value) -> Markup {
    if at(schema, "/$ref").is_string() {
        return html! { p { (link(schema)) } };
    }
    let required: Vec<&str> = at(schema, "/required").as_array().into_iter().flatten().map(text).collect();
    html! {
        @if let Some(description) = at(schema, "/description").as_str() { p { (prose(description)) } }
        @for members in ["anyOf", "oneOf", "allOf"] {
            @for choice in schema.get(members).and_then(Value::as_array).into_iter().flatten() { (described(choice)) }
        }
        @if object(at(schema, "/properties")).next().is_some() {
            table {
                thead { tr { th { "member" } th { "type" } th { "meaning" } } }
                tbody { (rows(at(schema, "/properties"), &required, "")) }
            }
        }
    }
}

/// The members of a schema, inner ones with their path.
fn rows(properties: &Value, required: &[&str], prefix: &str) -> Markup {
    html! {
        @for (name, member) in object(properties) {
            @let path = format!("{prefix}{name}");
            tr {
                td { code { (path) } @if required.contains(&name) { " *" } }
                td { (kind(member)) }
                td { (prose(text(at(member, "/description")))) }
            }
            @if object(at(member, "/properties")).next().is_some() { (rows(at(member, "/properties"), &[], &format!("{path}."))) }
            @if object(at(member, "/items/properties")).next().is_some() {
                (rows(at(member, "/items/properties"), &[], &format!("{path}[].")))
            }
        }
    }
}

/// The model at one integration.
pub fn model(model: &Model) -> String {
    let definition = model.definition();
    page(
        definition.name,
        &html! {
            p { a href=(definition.documentation) rel="noreferrer" { (definition.documentation) } }
            @for method in model.methods() {
                @let info = method.action().info();
                h2 id=(info.function) { code { (method.action().to_string()) } }
                p { (prose(&method.description())) }
                p { span class="verb" { (info.verb) } code { (method.path()) } }
                table {
                    thead { tr { th { "member" } th { "type" } th { "meaning" } } }
                    tbody {
                        @for (name, schema) in method.members() {
                            tr {
                                td { code { (name) } @if method.required().contains(&name) { " *" } }
                                td { (kind(&schema)) }
                                td { (prose(text(at(&schema, "/description")))) }
                            }
                        }
                    }
                }
            }
            h2 { "Not supported" }
            ul { @for (action, because) in model.lacks() { li { code { (action.to_string()) } ": " (because) } } }
            h2 { "Notes" }
            ul { @for note in definition.notes { li { (prose(note)) } } }
        },
    )
}

/// Text in which backticks mark code.
fn prose(words: &str) -> Markup {
    html! {
        @for (at, part) in words.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn object(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(name, value)| (name.as_str(), value))
}

/// What a reference stands for.
fn resolve<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let pointer = at(value, "/$ref").as_str().and_then(|path| path.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

/// What stands at a pointer of RFC 6901; null where there is nothing.
fn at<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}
