//! From a description's schema to JSON Schema 2020-12: references become `$defs`, `nullable` and the like what they mean.
//!
//! Two things are read more widely than they are written. In answers any value may be null: descriptions seldom say which,
//! vendors send them, and providers must bear them. And `oneOf` means `anyOf`: descriptions use it for kinds of a thing whose
//! schemas overlap, told apart by a discriminator.

use std::collections::BTreeMap;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value, json};

use super::document::Document;

/// Which way the data goes: what is read-only is not sent, what is write-only does not come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Request,
    Response,
}

/// In what a value is not as its schema says: places and reasons, few of them.
pub(crate) fn faults(document: &Document, schema: &Value, way: Way, value: &Value) -> Vec<String> {
    let validator = match validator(document, schema, way) {
        Ok(validator) => validator,
        Err(error) => return vec![format!("the description's schema cannot be read: {error}")],
    };
    validator.iter_errors(value).take(5).flat_map(|error| told(&error)).collect()
}

fn wants_null(error: &ValidationError<'_>) -> bool {
    error.masked().to_string().ends_with("is not of type \"null\"")
}

/// What an error says; of a choice the faults of the part that comes nearest.
fn told(error: &ValidationError<'_>) -> Vec<String> {
    if let ValidationErrorKind::AnyOf { context } = error.kind()
        // that it could have been null as well is no news
        && let Some(nearest) = context.iter().filter(|errors| !errors.iter().all(wants_null)).min_by_key(|it| it.len())
    {
        return nearest.iter().take(3).flat_map(told).collect();
    }
    // an object would fill the line, and hide what is wrong with it
    let is_large = error.instance().is_object() || error.instance().is_array();
    let reason = if is_large { error.masked().to_string() } else { error.to_string() };
    vec![format!("`{}`: {reason}", error.instance_path())]
}

fn validator(document: &Document, schema: &Value, way: Way) -> Result<Validator, String> {
    let mut conversion = Conversion { document, way, names: BTreeMap::new(), definitions: Map::new() };
    let mut root = conversion.convert(schema);
    if let Value::Object(root) = &mut root {
        root.insert("$defs".into(), Value::Object(conversion.definitions));
    }
    jsonschema::draft202012::options().build(&root).map_err(|error| error.to_string())
}

struct Conversion<'d> {
    document: &'d Document,
    way: Way,
    names: BTreeMap<String, String>,
    definitions: Map<String, Value>,
}

/// Keywords whose value is a schema, a list of schemas, or schemas by name.
const ONE: &[&str] = &["items", "additionalProperties", "not", "contains", "propertyNames"];
const LIST: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];
const NAMED: &[&str] = &["properties", "patternProperties"];
/// Keywords that are taken as they are.
const PLAIN: &[&str] = &[
    "enum",
    "const",
    "maximum",
    "minimum",
    "maxLength",
    "minLength",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxProperties",
    "minProperties",
    "multipleOf",
];

impl Conversion<'_> {
    fn convert(&mut self, schema: &Value) -> Value {
        let Some(schema) = schema.as_object() else { return schema.clone() };
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return json!({ "$ref": format!("#/$defs/{}", self.name(reference)) });
        }
        let mut out = Map::new();
        for (key, value) in schema {
            let key = key.as_str();
            if ONE.contains(&key) {
                out.insert(key.into(), self.convert(value));
            } else if LIST.contains(&key) {
                let all = value.as_array().into_iter().flatten().map(|it| self.convert(it)).collect();
                out.insert(if key == "oneOf" { "anyOf" } else { key }.into(), Value::Array(all));
            } else if NAMED.contains(&key) {
                let all = value.as_object().into_iter().flatten();
                let all = all.map(|(name, it)| (name.clone(), self.convert(it))).collect();
                out.insert(key.into(), Value::Object(all));
            } else if PLAIN.contains(&key) {
                out.insert(key.into(), value.clone());
            }
        }
        // a pattern is the vendor's regular expression, in whatever dialect; a format is a hint
        self.required(schema, &mut out);
        bounds(schema, &mut out);
        types(schema, self.way, &mut out);
        Value::Object(out)
    }

    /// The name of a definition, made where it is new.
    fn name(&mut self, reference: &str) -> String {
        if let Some(name) = self.names.get(reference) {
            return name.clone();
        }
        let name = format!("d{}", self.names.len());
        self.names.insert(reference.to_owned(), name.clone());
        let found = self.document.at(reference).cloned().unwrap_or(Value::Bool(true));
        let converted = self.convert(&found);
        self.definitions.insert(name.clone(), converted);
        name
    }

    fn required(&self, schema: &Map<String, Value>, out: &mut Map<String, Value>) {
        let Some(names) = schema.get("required").and_then(Value::as_array) else { return };
        let other_way = if self.way == Way::Request { "readOnly" } else { "writeOnly" };
        let goes = |name: &&Value| {
            let property = name.as_str().and_then(|name| schema.get("properties")?.get(name));
            property.and_then(|it| self.document.resolve(it).get(other_way)) != Some(&Value::Bool(true))
        };
        out.insert("required".into(), names.iter().filter(goes).cloned().collect());
    }
}

/// OpenAPI 3.0 says with a flag what JSON Schema says with a number.
fn bounds(schema: &Map<String, Value>, out: &mut Map<String, Value>) {
    for (flag, bound) in [("exclusiveMaximum", "maximum"), ("exclusiveMinimum", "minimum")] {
        match schema.get(flag) {
            Some(Value::Bool(true)) => {
                if let Some(number) = out.remove(bound) {
                    out.insert(flag.into(), number);
                }
            }
            Some(number) if number.is_number() => drop(out.insert(flag.into(), number.clone())),
            _ => {}
        }
    }
}

fn types(schema: &Map<String, Value>, way: Way, out: &mut Map<String, Value>) {
    let said = ["nullable", "x-nullable"].iter().any(|key| schema.get(*key) == Some(&Value::Bool(true)));
    let nullable = said || way == Way::Response;
    match schema.get("type") {
        Some(Value::String(kind)) if kind == "file" => {}
        Some(kind) if !nullable => drop(out.insert("type".into(), kind.clone())),
        Some(Value::Array(kinds)) => {
            let kinds = kinds.iter().cloned().chain([Value::from("null")]).collect();
            out.insert("type".into(), Value::Array(kinds));
        }
        Some(kind) => drop(out.insert("type".into(), json!([kind, "null"]))),
        None => {}
    }
    if nullable {
        if let Some(Value::Array(values)) = out.get_mut("enum") {
            values.push(Value::Null);
        }
        if !schema.contains_key("type") {
            let inner = Value::Object(std::mem::take(out));
            out.insert("anyOf".into(), json!([inner, { "type": "null" }]));
        }
    }
}
