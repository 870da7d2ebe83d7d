//! Rewrites the expected files of a provider from what comes out now; the diff is then reviewed like code.

use std::path::{Path, PathBuf};

use serde_json::Value;
use userdir::{Registration, registry::Registry};
use userdir_stand_in::{Files, Fixtures};

use crate::attempt::Subject;
use crate::{HarnessError, provider};

/// The file that is made where a case names it and it is not there yet.
const EXPECTED: &str = "expected.json";

/// Rewrites outputs and plans below `fixtures` where they differ, and gives the files that it wrote.
///
/// Only a case that asked the vendor exactly what it says is rewritten: a wrong request is never blessed.
///
/// # Errors
/// A file that cannot be read or written.
pub async fn bless(registration: &'static Registration, fixtures: &Path) -> Result<Vec<PathBuf>, HarnessError> {
    let mut files = Files::open(fixtures)?;
    let named: Vec<String> = files
        .iter()
        .filter(|(path, text)| path.ends_with("/case.toml") && text.contains(&format!("\"{EXPECTED}\"")))
        .map(|(path, _)| path.replace("case.toml", EXPECTED))
        .collect();
    for path in named {
        if files.get(&path).is_none() {
            files.insert(path, "null");
        }
    }
    let subject = Subject { registry: Registry::collect(&[registration], &[]), registration };
    let read = Fixtures::read(&files);
    let mut written = Vec::new();
    for tried in provider::try_all(&subject, &read).await {
        if !tried.ran.as_scripted || !tried.case.is_success() {
            continue;
        }
        let pairs = [(&tried.case.output_file, &tried.ran.output), (&tried.case.plan_file, &tried.ran.plan)];
        for (file, value) in pairs {
            if let (Some(file), Some(value)) = (file, value)
                && files.get(file).and_then(|text| serde_json::from_str::<Value>(text).ok()).as_ref() != Some(value)
            {
                let path = fixtures.join(file);
                let wrong = |error: String| HarnessError::Bless { path: path.display().to_string(), why: error };
                let text = serde_json::to_string_pretty(value).map_err(|error| wrong(error.to_string()))?;
                std::fs::write(&path, text + "\n").map_err(|error| wrong(error.to_string()))?;
                written.push(path);
            }
        }
    }
    Ok(written)
}
