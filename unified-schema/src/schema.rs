//! The schema as JSON Schema, and as the plain list of its fields.

use std::fmt;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value};

use crate::{
    Activity, Bill, Group, License, Organization, Resource, Role, RoleAssignment, User, Utilization, Workspace,
};

/// The JSON Schema (2020-12) of a resource, in one piece without references.
pub fn json_schema(resource: Resource) -> Schema {
    match resource {
        Resource::Users | Resource::Me => schema_of::<User>(),
        Resource::Groups => schema_of::<Group>(),
        Resource::Roles => schema_of::<Role>(),
        Resource::Licenses => schema_of::<License>(),
        Resource::Organizations => schema_of::<Organization>(),
        Resource::Workspaces => schema_of::<Workspace>(),
        Resource::Activities => schema_of::<Activity>(),
        Resource::RoleAssignments => schema_of::<RoleAssignment>(),
        Resource::Billing => schema_of::<Bill>(),
        Resource::Utilization => schema_of::<Utilization>(),
    }
}

/// The JSON Schema (2020-12) of any type, in one piece without references.
pub fn schema_of<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>()
}

/// A field of a resource, with all that the schema demands of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldPath {
    /// Where it stands: `emails[].email`, `actor.user.id`.
    pub path: String,
    /// Its JSON type; a list is the type of its items and `[]`.
    pub json_type: String,
    /// The format of a string, `date-time` for one.
    pub format: Option<String>,
    /// The words with a meaning. Others are allowed.
    pub enum_values: Vec<String>,
    /// Whether it is always there.
    pub required: bool,
}

/// One line: path, type, format, words, `required`; `-` where there is nothing to say.
impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.enum_values.join("|");
        let words = if words.is_empty() { "-" } else { &words };
        let format = self.format.as_deref().unwrap_or("-");
        let required = if self.required { "required" } else { "-" };
        write!(f, "{}  {}  {format}  {words}  {required}", self.path, self.json_type)
    }
}

/// All fields of a resource, sorted by name, inner fields right after the one they are in.
pub fn field_paths(resource: Resource) -> Vec<FieldPath> {
    let mut fields = Vec::new();
    if let Some(schema) = json_schema(resource).as_object() {
        collect(schema, "", &mut fields);
    }
    fields
}

fn collect(object: &Map<String, Value>, prefix: &str, fields: &mut Vec<FieldPath>) {
    let required = strings(object.get("required"));
    let Some(properties) = object.get("properties").and_then(Value::as_object) else {
        return;
    };
    for (name, schema) in properties {
        let Some(schema) = schema.as_object() else {
            continue;
        };
        let schema = not_null(schema);
        let items = schema.get("items").and_then(Value::as_object).map(not_null);
        let (inner, list) = items.map_or((schema, ""), |items| (items, "[]"));
        let path = format!("{prefix}{name}");
        let below = format!("{path}{list}.");
        fields.push(FieldPath {
            path,
            json_type: format!("{}{list}", type_of(inner)),
            format: schema.get("format").and_then(Value::as_str).map(str::to_owned),
            enum_values: strings(schema.get("examples")),
            required: required.contains(name),
        });
        collect(inner, &below, fields);
    }
}

/// Optional objects are `anyOf` the object and null: this takes the object.
fn not_null(schema: &Map<String, Value>) -> &Map<String, Value> {
    let choices = schema.get("anyOf").and_then(Value::as_array);
    let mut choices = choices.into_iter().flatten().filter_map(Value::as_object);
    choices.find(|choice| type_of(choice) != "null").unwrap_or(schema)
}

/// The type besides null.
fn type_of(schema: &Map<String, Value>) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("null")
        }
        _ => "any",
    }
}

fn strings(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The lines of the contract, single-spaced.
    fn contract() -> BTreeSet<String> {
        let lines = include_str!("../contract/fields.txt").lines();
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join("  ")).collect()
    }

    #[test]
    fn the_schema_is_the_contract() {
        let contract = contract();
        let schema: BTreeSet<String> = Resource::ALL
            .iter()
            .flat_map(|resource| field_paths(*resource).into_iter().map(move |field| format!("{resource}  {field}")))
            .collect();
        let missing: Vec<_> = contract.difference(&schema).collect();
        let extra: Vec<_> = schema.difference(&contract).collect();
        assert!(missing.is_empty() && extra.is_empty(), "missing: {missing:#?}\nextra: {extra:#?}");
        assert_eq!(schema.len(), 210);
    }

    #[test]
    fn every_resource_has_a_self_contained_schema() {
        for resource in Resource::ALL {
            let schema = json_schema(*resource);
            let text = serde_json::to_string_pretty(&schema).unwrap();
            println!("{resource}: {text}");
            assert_eq!(schema.get("$schema").unwrap(), "https://json-schema.org/draft/2020-12/schema");
            assert!(schema.get("title").is_some_and(Value::is_string));
            assert_eq!(schema.get("type").unwrap(), "object");
            assert!(!text.contains("$ref"), "{resource}");
        }
    }

    #[test]
    fn every_field_is_described() {
        fn check(schema: &Value, path: &str) {
            for (name, field) in schema["properties"].as_object().into_iter().flatten() {
                let path = format!("{path}.{name}");
                assert!(field["description"].is_string(), "{path}");
                check(&field["items"], &path);
            }
        }
        for resource in Resource::ALL {
            check(json_schema(*resource).as_value(), resource.as_str());
        }
    }
}
