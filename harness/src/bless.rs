//! Rewrites the expected files of a provider from what comes out now; the diff is then reviewed like code.

use std::path::{Path, PathBuf};

use serde_json::Value;
use userdir::{Registration, registry::Registry};
use userdir_stand_in::{Files, Fixtures};

use crate::attempt::Subject;
use crate::{HarnessError, provider};

/// What was written, and what was not.
#[derive(Clone, Debug, Default)]
pub struct Blessed {
    /// The files that were written.
    pub written: Vec<PathBuf>,
    /// The cases whose files were left as they are, and why.
    pub left_out: Vec<String>,
}

/// Writes outputs and plans below `fixtures` where they differ or are not there yet.
///
/// Only a case that asked the vendor exactly what it says is rewritten: a wrong request is never blessed.
///
/// # Errors
/// A file that cannot be read or written.
pub async fn bless(registration: &'static Registration, fixtures: &Path) -> Result<Blessed, HarnessError> {
    let files = Files::open(fixtures)?;
    let subject = Subject { registry: Registry::collect(&[registration], &[]), registration };
    let read = Fixtures::read(&files);
    let mut blessed = Blessed { left_out: read.faults.iter().map(ToString::to_string).collect(), ..Blessed::default() };
    for tried in provider::try_all(&subject, &read).await.iter().filter(|tried| tried.case.is_success()) {
        if !tried.ran.as_scripted || tried.ran.came.is_none() {
            let why = tried.ran.failures.first().map_or("", String::as_str);
            blessed.left_out.push(format!("{}/{}: {why}", tried.case.action, tried.case.name));
            continue;
        }
        let output = tried.ran.came.as_ref().map(|came| &came.output);
        let pairs = [(&tried.case.output_file, output), (&tried.case.plan_file, tried.ran.plan.as_ref())];
        for (file, value) in pairs {
            if let (Some(file), Some(value)) = (file, value)
                && files.get(file).and_then(|text| serde_json::from_str::<Value>(text).ok()).as_ref() != Some(value)
            {
                let path = fixtures.join(file);
                let wrong = |error: String| HarnessError::Bless { path: path.display().to_string(), why: error };
                let text = serde_json::to_string_pretty(value).map_err(|error| wrong(error.to_string()))?;
                std::fs::write(&path, text + "\n").map_err(|error| wrong(error.to_string()))?;
                blessed.written.push(path);
            }
        }
    }
    Ok(blessed)
}
