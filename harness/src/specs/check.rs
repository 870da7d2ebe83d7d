//! One exchange against its operation.

use serde_json::{Map, Value};
use userdir_stand_in::case::{ANY, Exchange, OneOrMany, Request, Response, Values};

use super::document::{Document, Operation};
use super::schema::{self, Way};

/// What the descriptions say of an exchange.
pub(crate) struct Described {
    /// Whether an operation was found.
    pub is_found: bool,
    /// The operation as deviations name it: method and template, else method and path.
    pub operation: String,
    /// What is not as described.
    pub faults: Vec<String>,
    /// The description's file.
    pub document: String,
    /// What is wrong with the description as a whole.
    pub flaws: Vec<String>,
}

/// Compares an exchange with the operation that fits best; among equals with the one that fits without a fault.
pub(crate) fn exchange(documents: &[Document], exchange: &Exchange) -> Described {
    let request = &exchange.request;
    let path = request.path.strip_prefix(userdir_stand_in::case::BASE).unwrap_or(&request.path);
    let mut found: Vec<_> = documents.iter().filter_map(|document| document.find(&request.method, path)).collect();
    found.sort_by_key(|(fit, _)| *fit);
    let best = found.first().map(|(fit, _)| *fit);
    let judged = found.iter().filter(|(fit, _)| Some(*fit) == best).map(|(_, operation)| {
        let mut faults = parameters(operation, request);
        faults.extend(body(operation, request));
        faults.extend(response(operation, &exchange.response));
        let pointer = operation.pointer();
        Described {
            is_found: true,
            operation: format!("{} {}", request.method, operation.template),
            faults: faults.into_iter().map(|fault| format!("{fault} ({pointer})")).collect(),
            document: operation.document.name.clone(),
            flaws: operation.flaws(),
        }
    });
    judged.min_by_key(|described| described.faults.len() + described.flaws.len()).unwrap_or_else(|| Described {
        is_found: false,
        operation: format!("{} {path}", request.method),
        faults: vec!["no description has this operation".to_owned()],
        document: String::new(),
        flaws: Vec::new(),
    })
}

fn text<'v>(it: &'v Map<String, Value>, key: &str) -> &'v str {
    it.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn is_true(it: &Map<String, Value>, key: &str) -> bool {
    it.get(key) == Some(&Value::Bool(true))
}

fn parameters(operation: &Operation<'_>, request: &Request) -> Vec<String> {
    let declared: Vec<_> = operation.parameters().into_iter().filter(|it| text(it, "in") == "query").collect();
    let names = |it: &Map<String, Value>, sent: &str| is_name(text(it, "name"), sent);
    let mut faults = Vec::new();
    for (name, values) in &request.query {
        let Some(parameter) = declared.iter().find(|it| names(it, name)) else {
            faults.push(format!("query parameter `{name}` is not described"));
            continue;
        };
        let schema = parameter.get("schema").cloned().unwrap_or_else(|| Value::Object((*parameter).clone()));
        for value in values.values() {
            if !fits(operation.document, &schema, value) {
                faults.push(format!("query parameter `{name}` cannot be `{value}`"));
            }
        }
    }
    for parameter in declared.iter().filter(|it| is_true(it, "required")) {
        if !request.query.keys().any(|sent| names(parameter, sent)) {
            faults.push(format!("required query parameter `{}` is missing", text(parameter, "name")));
        }
    }
    faults
}

/// Whether a parameter may be sent under this name: arrays and objects have brackets, dots or numbers behind.
fn is_name(declared: &str, sent: &str) -> bool {
    let plain = declared.trim_end_matches("[]");
    sent == declared
        || sent
            .strip_prefix(plain)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('[') || rest.starts_with('.'))
}

/// Whether a text can be a value of the schema.
fn fits(document: &Document, schema: &Value, value: &str) -> bool {
    let schema = document.resolve(schema);
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default();
    let schema_fits = |value: Value| schema::faults(document, schema, Way::Request, &value).is_empty();
    match kind {
        "array" => {
            let items = schema.get("items").cloned().unwrap_or(Value::Bool(true));
            value.split(',').all(|item| fits(document, &items, item))
        }
        "object" => true,
        "integer" | "number" => value.parse::<serde_json::Number>().is_ok_and(|number| schema_fits(number.into())),
        "boolean" => matches!(value, "true" | "false"),
        "string" => schema_fits(value.into()),
        _ => true,
    }
}

fn body(operation: &Operation<'_>, request: &Request) -> Vec<String> {
    match (described_body(operation), &request.body, &request.form) {
        (_, None, None) => match described_body(operation) {
            Some(body) if body.is_required => vec!["the required body is missing".to_owned()],
            _ => Vec::new(),
        },
        (None, _, _) => vec!["a body is not described".to_owned()],
        (Some(described), Some(sent), _) => {
            let Some(schema) = described.schema else { return Vec::new() };
            let faults = schema::faults(operation.document, &schema, Way::Request, sent);
            faults.into_iter().map(|fault| format!("body {fault}")).collect()
        }
        (Some(described), None, Some(form)) => form_faults(operation, &described, form),
    }
}

struct DescribedBody {
    schema: Option<Value>,
    is_required: bool,
}

fn described_body(operation: &Operation<'_>) -> Option<DescribedBody> {
    let document = operation.document;
    if document.is_swagger() {
        let parameters = operation.parameters();
        if let Some(body) = parameters.iter().find(|it| text(it, "in") == "body") {
            return Some(DescribedBody { schema: body.get("schema").cloned(), is_required: is_true(body, "required") });
        }
        let fields: Vec<_> = parameters.into_iter().filter(|it| text(it, "in") == "formData").collect();
        let named = |it: &&Map<String, Value>| (text(it, "name").to_owned(), Value::Object((*it).clone()));
        let required = fields.iter().filter(|it| is_true(it, "required")).map(|it| text(it, "name").into());
        let schema = serde_json::json!({
            "properties": fields.iter().map(named).collect::<Map<String, Value>>(),
            "required": required.collect::<Vec<Value>>(),
        });
        return (!fields.is_empty()).then_some(DescribedBody { schema: Some(schema), is_required: false });
    }
    let body = document.resolve(operation.value.get("requestBody")?);
    let is_required = body.get("required") == Some(&Value::Bool(true));
    Some(DescribedBody { schema: content_schema(body.get("content")), is_required })
}

/// The schema of the JSON content, else of any.
fn content_schema(content: Option<&Value>) -> Option<Value> {
    let content = content?.as_object()?;
    let json = content.iter().find(|(kind, _)| kind.contains("json"));
    json.or_else(|| content.iter().next())?.1.get("schema").cloned()
}

fn form_faults(operation: &Operation<'_>, described: &DescribedBody, form: &Values) -> Vec<String> {
    let Some(schema) = &described.schema else { return Vec::new() };
    let schema = operation.document.resolve(schema);
    let mut properties = Map::new();
    collect_properties(operation.document, schema, &mut properties, 0);
    let mut faults = Vec::new();
    for (name, values) in form {
        match properties.get(name) {
            None => faults.push(format!("form field `{name}` is not described")),
            Some(property) => {
                let wrong = values.values().iter().filter(|value| *value != ANY);
                let mut wrong = wrong.filter(|value| !fits(operation.document, property, value));
                faults.extend(wrong.next().map(|value| format!("form field `{name}` cannot be `{value}`")));
            }
        }
    }
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    faults.extend(
        required.filter(|name| !form.contains_key(*name)).map(|name| format!("form field `{name}` is missing")),
    );
    faults
}

/// The properties of a schema and of those it is put together from.
fn collect_properties(document: &Document, schema: &Value, into: &mut Map<String, Value>, depth: u32) {
    let schema = document.resolve(schema);
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        into.extend(properties.iter().map(|(name, it)| (name.clone(), it.clone())));
    }
    for list in ["allOf", "anyOf", "oneOf"] {
        let parts = schema.get(list).and_then(Value::as_array).into_iter().flatten();
        parts.filter(|_| depth < 8).for_each(|part| collect_properties(document, part, into, depth + 1));
    }
}

fn response(operation: &Operation<'_>, response: &Response) -> Vec<String> {
    let document = operation.document;
    let described = operation.value.get("responses").and_then(Value::as_object);
    let status = response.status;
    let class = format!("{}XX", status / 100);
    let found = described.and_then(|all| all.get(&status.to_string()).or_else(|| all.get(&class)));
    let Some(found) = found else {
        // descriptions leave errors out, or sum them up; that is no fault of the answer
        return if (200..300).contains(&status) {
            vec![format!("an answer of {status} is not described")]
        } else {
            Vec::new()
        };
    };
    let found = document.resolve(found);
    let schema =
        if document.is_swagger() { found.get("schema").cloned() } else { content_schema(found.get("content")) };
    let sent = response.text.as_deref().filter(|text| !text.trim().is_empty());
    let (Some(schema), Some(sent)) = (schema, sent) else { return Vec::new() };
    let is_json = !matches!(response.headers.get("content-type"), Some(OneOrMany::One(kind)) if !kind.contains("json"));
    if !is_json {
        return Vec::new();
    }
    let Ok(sent) = serde_json::from_str(sent) else { return vec!["the answer is not JSON".to_owned()] };
    let faults = schema::faults(document, &schema, Way::Response, &sent);
    faults.into_iter().map(|fault| format!("answer {status} {fault}")).collect()
}
