//! The vendors' own API descriptions: OpenAPI 3.0 and 3.1, and Swagger 2.0.
//!
//! Every request that a case expects is looked up in the descriptions of its provider's folder, and checked: path, query
//! parameters, body, and the answer against its schema. The files are the vendors' and no part of this project; a folder
//! with one folder a slug is named by `--specs` or `USERDIR_SPECS_DIR`.
//!
//! `document.rs` finds the operation, `schema.rs` turns a description's schema into JSON Schema, `check.rs` compares, and
//! `deviations.rs` has what a provider is excused from because the description itself is wrong or says nothing.

mod check;
mod deviations;
mod document;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use userdir_stand_in::Fixtures;

pub use deviations::Deviation;
pub(crate) use deviations::lack;

use deviations::Deviations;
use document::Document;

/// The descriptions of one vendor.
#[derive(Debug, Default)]
pub(crate) struct Specs {
    documents: Vec<Document>,
}

/// Something that a case says and the descriptions do not.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// The action of the case.
    pub action: String,
    /// What it is, with the case and the pointer into the description.
    pub text: String,
}

/// What the descriptions say of a provider's cases.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// What is not excused.
    pub findings: Vec<Finding>,
    /// Exchanges that were found in a description, by action.
    pub checked: BTreeMap<String, usize>,
    /// The excuses that were needed, and those that were not.
    pub used: Vec<Deviation>,
    pub unused: Vec<Deviation>,
}

impl Specs {
    /// Reads the descriptions in a folder; what is no description there is passed over.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn open(folder: &Path) -> Result<Specs, String> {
        let mut paths: Vec<_> = match fs::read_dir(folder) {
            Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
            // a vendor without any description
            Err(_) => return Ok(Specs::default()),
        };
        paths.sort();
        let mut documents = Vec::new();
        for path in paths {
            documents.extend(Document::read(&path)?);
        }
        Ok(Specs { documents })
    }

    /// Whether there is anything to compare with.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// Compares every exchange of every case.
    pub fn judge(&self, fixtures: &Fixtures) -> Judged {
        let mut deviations = Deviations::new(&fixtures.deviations);
        let mut judged = Judged::default();
        // what is wrong with a description is told once, and not by every request
        let mut told = BTreeSet::new();
        for case in &fixtures.cases {
            for (number, exchange) in case.script.exchanges.iter().enumerate() {
                let described = check::exchange(&self.documents, exchange);
                if described.is_found {
                    *judged.checked.entry(case.action.clone()).or_default() += 1;
                }
                let mut find = |about: &str, what: &str| {
                    if !deviations.excuse(about, what) {
                        let text = format!("case {}: request {}: {about}: {what}", case.name, number + 1);
                        judged.findings.push(Finding { action: case.action.clone(), text });
                    }
                };
                described.faults.iter().for_each(|what| find(&described.operation, what));
                for flaw in described.flaws {
                    if told.insert((described.document.clone(), flaw.clone())) {
                        find(&described.document, &flaw);
                    }
                }
            }
        }
        (judged.used, judged.unused) = deviations.into_parts();
        judged
    }
}
