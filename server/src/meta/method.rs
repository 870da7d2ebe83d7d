//! What one method of the unified API takes and gives, in general or at one provider, as JSON Schemas.

use serde_json::{Map, Value, json};
use userdir::action::{Action, ActionKind};
use userdir::definition::{ActionFacts, Definition, Place};
use userdir::schema::json_schema;

use super::common::Common;

/// A method, in general or at one provider.
#[derive(Clone, Copy)]
pub struct Method {
    action: Action,
    definition: Option<&'static Definition>,
}

/// Where a member of an input stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Query,
    Body,
}

impl Method {
    /// In general.
    pub fn general(action: Action) -> Method {
        Method { action, definition: None }
    }

    /// At one provider: with the members that its vendor takes and needs, and no others.
    pub fn of(definition: &'static Definition, action: Action) -> Method {
        Method { action, definition: Some(definition) }
    }

    /// The action.
    pub fn action(&self) -> Action {
        self.action
    }

    /// What the provider's definition says of it.
    pub fn facts(&self) -> Option<&'static ActionFacts> {
        self.definition.and_then(|definition| definition.facts(self.action))
    }

    /// One line on what it does.
    pub fn summary(&self) -> &'static str {
        self.action.info().summary.trim()
    }

    /// What it does, with what is peculiar about it at the provider.
    pub fn description(&self) -> String {
        match self.facts().and_then(|facts| facts.note) {
            Some(note) => format!("{} {note}", self.summary()),
            None => self.summary().to_owned(),
        }
    }

    /// Its path, `{id}` standing for an id.
    pub fn path(&self) -> String {
        let info = self.action.info();
        let base = format!("/unified/user-directory/{}", info.resource);
        match info.method {
            "list" | "create" => base,
            "get" | "update" | "delete" => format!("{base}/{{id}}"),
            method => format!("{base}/{method}"),
        }
    }

    /// Whether its path holds the id.
    pub fn has_id_in_path(&self) -> bool {
        matches!(self.action.info().method, "get" | "update" | "delete")
    }

    /// The members that it needs, wherever they stand.
    pub fn required(&self) -> Vec<&'static str> {
        let mut names: Vec<&str> = self.action.info().required.iter().map(|name| plain(name)).collect();
        let own = self.facts().map(|facts| facts.required).unwrap_or_default();
        names.extend(own.iter().map(|required| required.name));
        names.dedup();
        names
    }

    /// Names and schemas of the members that it takes.
    pub fn members(&self) -> Vec<(&'static str, Value)> {
        let info = self.action.info();
        let schema = (info.input_schema)();
        let takes = |name: &str| match (self.definition, self.facts()) {
            (None, _) => true,
            (Some(_), None) => self.required().contains(&name),
            (Some(_), Some(facts)) if info.kind == ActionKind::List => {
                facts.filters.contains(&name) || sorts(facts, name)
            }
            (Some(_), Some(facts)) => self.required().contains(&name) || facts.accepts.contains(&name),
        };
        let names = info.members.iter().map(|name| plain(name)).filter(|name| takes(name));
        names
            .map(|name| {
                let mut member = schema.get("properties").and_then(|all| all.get(name)).cloned().unwrap_or_default();
                tidy(&mut member);
                if let (Some(facts), "sort_by") = (self.facts(), name) {
                    member = sort_schema(facts.sort);
                }
                (name, member)
            })
            .collect()
    }

    fn place(&self, name: &str) -> Where {
        let own = self.facts().and_then(|facts| facts.required.iter().find(|required| required.name == name));
        let by_verb = if matches!(self.action.info().verb, "POST" | "PATCH") { Where::Body } else { Where::Query };
        match own.map(|required| required.place) {
            Some(Place::Query) => Where::Query,
            Some(Place::Body) => Where::Body,
            _ if self.has_id_in_path() && name == "id" => Where::Query,
            _ => by_verb,
        }
    }

    fn object(&self, at: Where, mut properties: Map<String, Value>) -> Value {
        let mut required = Vec::new();
        for (name, schema) in self.members().into_iter().filter(|(name, _)| self.place(name) == at) {
            properties.insert(name.to_owned(), schema);
            if self.required().contains(&name) {
                required.push(name);
            }
        }
        let mut object = json!({"type": "object", "properties": properties});
        if let (false, Some(members)) = (required.is_empty(), object.as_object_mut()) {
            members.insert("required".to_owned(), json!(required));
        }
        object
    }

    /// The schema of its query, the parameters of every call among it.
    pub fn query_schema(&self) -> Value {
        let common = Common::of(self.action).map(|common| {
            let mut schema = common.kind.schema();
            describe(&mut schema, common.description);
            (common.name.to_owned(), schema)
        });
        self.object(Where::Query, common.collect())
    }

    /// The schema of its body; none where it takes none.
    pub fn body_schema(&self) -> Option<Value> {
        let takes_body = matches!(self.action.info().verb, "POST" | "PATCH");
        takes_body.then(|| {
            let remote_data =
                json!({"type": "object", "description": "Goes to the vendor as it is, and wins over the other fields."});
            self.object(Where::Body, Map::from_iter([("remote_data".to_owned(), remote_data)]))
        })
    }

    /// The schema of its resource.
    pub fn resource_schema(&self) -> Value {
        let mut schema = json_schema(self.action.resource()).to_value();
        if let Some(members) = schema.as_object_mut() {
            members.remove("$schema");
        }
        schema
    }

    /// The schema of its answer.
    pub fn response_schema(&self) -> Value {
        match (self.action.info().kind, self.action.info().method) {
            (ActionKind::List, _) => json!({
                "type": "object",
                "properties": {
                    "result": {"type": "array", "items": self.resource_schema()},
                    "next_cursor": {"type": ["string", "null"]},
                    "prev_cursor": {"type": ["string", "null"]},
                    "result_count": {"type": "integer"},
                    "is_partial_response": {"type": "boolean"},
                },
                "required": ["result", "next_cursor"],
            }),
            (_, "delete") => json!({"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}),
            _ => self.resource_schema(),
        }
    }
}

/// A name as JSON has it.
fn plain(name: &'static str) -> &'static str {
    name.trim_start_matches("r#")
}

fn sorts(facts: &ActionFacts, name: &str) -> bool {
    name == "sort_by" && !facts.sort.is_empty()
}

fn sort_schema(fields: &[&str]) -> Value {
    let direction = json!({"type": "string", "enum": ["asc", "desc"]});
    let properties: Map<String, Value> = fields.iter().map(|field| ((*field).to_owned(), direction.clone())).collect();
    json!({"type": "object", "description": "Order.", "properties": properties, "additionalProperties": false, "maxProperties": 1})
}

/// Adds a description.
pub fn describe(schema: &mut Value, description: &str) {
    if let Some(members) = schema.as_object_mut() {
        members.insert("description".to_owned(), json!(description));
    }
}

/// Takes out what the types say and the wire does not: defaults, and null for "not given".
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.remove("default");
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    members.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type") != Some(&json!("null")));
                if let [Value::Object(only)] = choices.as_slice() {
                    let only = only.clone();
                    members.remove("anyOf");
                    members.extend(only);
                }
            }
            members.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_where_the_documentation_has_them() {
        let update = Method::general(Action::UpdateUser);
        assert_eq!(update.path(), "/unified/user-directory/users/{id}");
        assert_eq!(update.query_schema()["required"], json!(["id"]));
        let body = update.body_schema().unwrap();
        assert_eq!(body["properties"]["title"]["type"], "string");
        assert!(body["properties"]["title"]["description"].is_string());
        assert!(body["properties"].get("id").is_none() && body.get("required").is_none());

        let unassign = Method::general(Action::UnassignRole);
        assert_eq!(unassign.path(), "/unified/user-directory/users/unassign-role");
        assert_eq!(unassign.body_schema().unwrap()["required"], json!(["id", "roles"]));
        let list = Method::general(Action::ListUsers);
        assert_eq!(list.query_schema()["properties"]["created_at"]["properties"]["gte"]["format"], "date-time");
        assert!(list.body_schema().is_none());
        assert_eq!(list.query_schema()["properties"]["limit"]["type"], "integer");
    }

    #[test]
    fn no_schema_speaks_of_null_for_what_is_not_given() {
        for action in Action::ALL {
            let method = Method::general(*action);
            let text = format!("{}{:?}", method.query_schema(), method.body_schema());
            assert!(!text.contains("\"default\"") && !text.contains("\"null\""), "{action}: {text}");
        }
    }
}
