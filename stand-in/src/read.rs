//! Reads a case and the files it names.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::case::{Case, OneOrMany, Response, Script, SourceKind};
use crate::fixtures::{Fault, Files};

impl Case {
    /// Reads `<action>/<name>/case.toml` and the files it names.
    ///
    /// # Errors
    /// What is wrong, and in which file.
    pub fn read(files: &Files, action: &str, name: &str) -> Result<Case, Fault> {
        let mut reader = Reader { files, folder: format!("{action}/{name}"), read: BTreeSet::new() };
        let path = format!("{}/case.toml", reader.folder);
        let mut script: Script = files.toml(&path)?;
        reader.read.insert(path.clone());
        script.check().map_err(|what| Fault::new(&path, what))?;
        for exchange in &mut script.exchanges {
            reader.value(&mut exchange.request.body)?;
            reader.response(&mut exchange.response)?;
        }
        let output_file = reader.expected(&mut script.expect.output)?;
        let plan_file = reader.expected(&mut script.expect.plan)?;
        Ok(Case { action: action.into(), name: name.into(), script, output_file, plan_file, files: reader.read })
    }
}

impl Script {
    fn check(&self) -> Result<(), String> {
        let source = &self.source;
        if source.kind != SourceKind::Written && (source.url.is_none() || source.seen.is_none()) {
            return Err("[source] needs `url` and `seen` unless its kind is `written`".into());
        }
        if self.call.resume && self.call.limit.is_none() {
            return Err("[call] `resume` needs a `limit`".into());
        }
        if self.expect.output.is_some() == self.expect.error.is_some() {
            return Err("[expect] needs either `output` or `error`".into());
        }
        for (number, exchange) in (1..).zip(&self.exchanges) {
            if exchange.request.body.is_some() && exchange.request.form.is_some() {
                return Err(format!("exchange {number}: a request has `body` or `form`, not both"));
            }
            let response = &exchange.response;
            if [response.body.is_some(), response.json.is_some(), response.text.is_some()]
                .iter()
                .filter(|b| **b)
                .count()
                > 1
            {
                return Err(format!("exchange {number}: a response has one of `body`, `json` and `text`"));
            }
        }
        Ok(())
    }
}

/// Reads the files that a case names.
struct Reader<'f> {
    files: &'f Files,
    folder: String,
    read: BTreeSet<String>,
}

impl Reader<'_> {
    /// Puts the JSON of a file in place of its name, and gives the file.
    fn value(&mut self, value: &mut Option<Value>) -> Result<Option<String>, Fault> {
        let Some(Value::String(name)) = value else { return Ok(None) };
        let (path, text) = self.text(name)?;
        let json = serde_json::from_str(text).map_err(|error| Fault::new(&path, format!("is not JSON: {error}")))?;
        *value = Some(json);
        Ok(Some(path))
    }

    /// The same of what must come out. The name of a file that is not there yet stays as it is.
    fn expected(&mut self, value: &mut Option<Value>) -> Result<Option<String>, Fault> {
        let Some(Value::String(name)) = value else { return Ok(None) };
        let path = self.path(name);
        if self.files.get(&path).is_none() { Ok(Some(path)) } else { self.value(value) }
    }

    /// Makes the body of a response a text, whatever it was given as.
    fn response(&mut self, response: &mut Response) -> Result<(), Fault> {
        let mut content_type = "text/plain";
        if let Some(json) = response.json.take() {
            response.text = Some(json.to_string());
            content_type = "application/json";
        }
        if let Some(name) = response.body.take() {
            let (path, text) = self.text(&name)?;
            response.text = Some(text.to_owned());
            content_type = if path.ends_with(".html") { "text/html" } else { "application/json" };
        }
        if response.text.is_some() && !response.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
            response.headers.insert("content-type".into(), OneOrMany::One(content_type.into()));
        }
        Ok(())
    }

    /// Where a file is that the case names, from the fixtures' root.
    fn path(&self, name: &str) -> String {
        let mut segments: Vec<&str> = self.folder.split('/').collect();
        for segment in name.split('/') {
            match segment {
                ".." => drop(segments.pop()),
                "." => {}
                _ => segments.push(segment),
            }
        }
        segments.join("/")
    }

    fn text(&mut self, name: &str) -> Result<(String, &str), Fault> {
        let path = self.path(name);
        let Some(text) = self.files.get(&path) else {
            return Err(Fault::new(&format!("{}/case.toml", self.folder), format!("there is no file `{name}`")));
        };
        self.read.insert(path.clone());
        Ok((path, text))
    }
}
