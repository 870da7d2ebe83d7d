//! One description, and the way from a request to its operation.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

/// A description.
#[derive(Debug)]
pub(crate) struct Document {
    /// File name, for messages.
    pub name: String,
    /// All of it.
    pub root: Value,
    /// Paths of the servers, without a slash at the end.
    bases: Vec<String>,
}

/// An operation of a description.
pub(crate) struct Operation<'d> {
    pub document: &'d Document,
    /// Its path, with `{names}`.
    pub template: &'d str,
    /// What the request has before that, where no server has this path.
    pub stray: Option<String>,
    method: &'d str,
    item: &'d Value,
    pub value: &'d Value,
}

/// How well an operation fits a request; the lowest is best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fit {
    /// Whether no server has the path before the template, and how long that is.
    stray: Option<usize>,
    /// Segments that are parameters.
    parameters: usize,
}

impl Document {
    /// Reads a file; none where it is no description.
    ///
    /// # Errors
    /// What says that it is one and cannot be read.
    pub fn read(path: &Path) -> Result<Option<Document>, String> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let wrong = |error: &dyn std::fmt::Display| format!("`{name}` cannot be read: {error}");
        let is_yaml = matches!(path.extension().and_then(|it| it.to_str()), Some("yaml" | "yml"));
        if !is_yaml && path.extension().is_none_or(|it| it != "json") {
            return Ok(None);
        }
        let text = fs::read_to_string(path).map_err(|error| wrong(&error))?;
        let root: Value = match is_yaml {
            true => serde_saphyr::from_str(&text).map_err(|error| wrong(&error))?,
            false => serde_json::from_str(&text).map_err(|error| wrong(&error))?,
        };
        let is_description = root.get("paths").is_some_and(Value::is_object)
            && (root.get("openapi").is_some() || root.get("swagger").is_some());
        let bases = bases(&root).unwrap_or_else(|| vec![String::new()]);
        Ok(is_description.then_some(Document { name, root, bases }))
    }

    /// The operation of a request, and how well it fits.
    pub fn find(&self, method: &str, path: &str) -> Option<(Fit, Operation<'_>)> {
        let method = method.to_ascii_lowercase();
        let paths = self.root.get("paths")?.as_object()?;
        let found = paths.iter().filter_map(|(template, item)| {
            let (method, value) = item.as_object()?.get_key_value(&method)?;
            let own = [value, item].iter().find_map(|it| bases(it));
            let (fit, stray) = fit(own.as_ref().unwrap_or(&self.bases), template, path)?;
            Some((fit, Operation { document: self, template, stray, method, item, value }))
        });
        found.min_by_key(|(fit, _)| *fit)
    }

    /// What a local reference names.
    pub fn at(&self, reference: &str) -> Option<&Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }

    /// The value itself, or what it refers to.
    pub fn resolve<'v>(&'v self, mut value: &'v Value) -> &'v Value {
        for _ in 0..16 {
            match value.get("$ref").and_then(Value::as_str).and_then(|reference| self.at(reference)) {
                Some(named) => value = named,
                None => break,
            }
        }
        value
    }

    /// The references that can be reached from a value and lead nowhere in this file.
    pub fn dangling<'v>(&'v self, value: &'v Value, seen: &mut BTreeSet<&'v str>, found: &mut BTreeSet<&'v str>) {
        match value {
            Value::Object(object) => {
                if let Some(reference) = object.get("$ref").and_then(Value::as_str)
                    && seen.insert(reference)
                {
                    match self.at(reference) {
                        Some(named) => self.dangling(named, seen, found),
                        None => drop(found.insert(reference)),
                    }
                }
                // an example may look like anything
                let parts = object.iter().filter(|(name, _)| !matches!(name.as_str(), "example" | "examples"));
                parts.for_each(|(_, part)| self.dangling(part, seen, found));
            }
            Value::Array(items) => items.iter().for_each(|item| self.dangling(item, seen, found)),
            _ => {}
        }
    }

    pub fn is_swagger(&self) -> bool {
        self.root.get("swagger").is_some()
    }
}

impl<'d> Operation<'d> {
    /// The pointer to it, for people: file and place.
    pub fn pointer(&self) -> String {
        let path = self.template.replace('~', "~0").replace('/', "~1");
        format!("{}#/paths/{path}/{}", self.document.name, self.method)
    }

    /// What is wrong with the description itself where it speaks of this operation.
    pub fn flaws(&self) -> Vec<String> {
        let stray = self.stray.iter().map(|path| format!("no server has the path `{path}/`"));
        let (mut seen, mut found) = (BTreeSet::new(), BTreeSet::new());
        let parameters = self.item.get("parameters");
        parameters.into_iter().chain([self.value]).for_each(|it| self.document.dangling(it, &mut seen, &mut found));
        stray.chain(found.iter().map(|reference| format!("`{reference}` is nowhere"))).collect()
    }

    /// Its parameters, those of the path too.
    pub fn parameters(&self) -> Vec<&'d Map<String, Value>> {
        let of = |value: &'d Value| value.get("parameters").and_then(Value::as_array).into_iter().flatten();
        of(self.item).chain(of(self.value)).filter_map(|it| self.document.resolve(it).as_object()).collect()
    }
}

/// How a template fits a path, and what comes before it where none of the servers has that path.
fn fit(bases: &[String], template: &str, path: &str) -> Option<(Fit, Option<String>)> {
    // a template may have a query of its own, to tell apart what HTTP does not
    let template = template.split('?').next().unwrap_or_default();
    let (wanted, got) = (segments(template), segments(path));
    let before = got.len().checked_sub(wanted.len())?;
    let (prefix, rest) = got.split_at_checked(before)?;
    let mut parameters = 0;
    for (wanted, got) in wanted.iter().zip(rest) {
        if wanted.contains('{') {
            parameters += 1;
        } else if wanted != got {
            return None;
        }
    }
    let prefix = prefix.iter().map(|segment| format!("/{segment}")).collect::<String>();
    let stray = (!bases.contains(&prefix)).then_some(prefix);
    // a template of nothing but names fits everything
    let is_fit = stray.is_none() || parameters < wanted.len();
    is_fit.then(|| (Fit { stray: stray.as_ref().map(|_| before), parameters }, stray))
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|segment| !segment.is_empty()).collect()
}

/// The paths of the servers that a description, a path or an operation names; none where it names none.
fn bases(it: &Value) -> Option<Vec<String>> {
    let clean = |path: &str| path.trim_end_matches('/').to_owned();
    if let Some(base) = it.get("basePath").and_then(Value::as_str) {
        return Some(vec![clean(base)]);
    }
    let urls = it.get("servers")?.as_array()?.iter().filter_map(|server| server.get("url")?.as_str());
    let paths = urls.map(|url| {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        clean(rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or_default())
    });
    Some(paths.collect()).filter(|all: &Vec<String>| !all.is_empty())
}
