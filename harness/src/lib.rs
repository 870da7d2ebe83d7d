//! Runs providers through their fixture cases and says what falls short.
//!
//! A case plays a vendor and makes one call, through the same entrance as the server: by name and JSON. Compared is
//! everything: each request the provider made, in order, and no other; the output, exactly, and under the unified
//! schema; effect, steps, notes, plan and error. The account's secrets are searched for in all that comes out, down to
//! the log at its finest. Nothing waits: the clock is the case's own, and begins at 2026-01-01T00:00:00Z.
//!
//! Read it in this order: [`userdir_stand_in::case`] for the format of a case, `attempt.rs` for how one is played,
//! [`Rule`] for what the cases of an action must show together, and [`report`] for what comes out.
//!
//! From the cases that pass, `faults/` derives what must hold when something goes wrong; `specs/` holds requests and
//! answers against the vendor's own description. [`round_trip()`] asks for more than fixtures can show: it sends a provider
//! to a vendor with a memory, and holds what the provider says against what the vendor has. A further check starts in
//! `provider.rs` and ends as a further [`Check`](report::Check) of the report.

mod attempt;
mod bless;
mod compare;
mod faults;
mod leak;
mod provider;
pub mod report;
mod round_trip;
mod rules;
mod scan;
mod specs;
mod world;

use std::path::{Path, PathBuf};

use userdir::{Error, FIXTURES, Registration, Registry};
use userdir_stand_in::Files;
use userdir_stand_in::fixtures::Fault;

pub use bless::{Blessed, bless};
pub use report::Report;
pub use round_trip::{RoundTrip, Step, round_trip};
pub use rules::Rule;

use attempt::Subject;
use specs::Specs;

/// What to run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Slugs of providers; none for all.
    pub providers: Vec<String>,
    /// Folder with the vendors' own descriptions, to check requests and answers against.
    pub specs: Option<PathBuf>,
    /// Only the cases as they stand, which is quick.
    pub without_faults: bool,
}

/// Why there is no report at all. What a provider does wrong is in the report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HarnessError {
    /// There is no such provider in this program.
    #[error("{0}")]
    Provider(#[from] Error),
    /// A fixture file cannot be read.
    #[error("{0}")]
    Fixtures(#[from] Fault),
    /// An expected file cannot be written.
    #[error("`{path}` cannot be written: {why}")]
    Bless {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// A vendor's description cannot be read, or there is no such folder.
    #[error("{0}")]
    Specs(String),
}

/// Runs the compiled-in providers through the fixtures embedded in them.
///
/// # Errors
/// Where a named provider is not compiled in, or its fixtures are no texts.
pub async fn run(registry: &Registry, options: &Options) -> Result<Report, HarnessError> {
    if let Some(folder) = options.specs.as_deref().filter(|folder| !folder.is_dir()) {
        return Err(HarnessError::Specs(format!(
            "there is no folder `{}` with vendors' descriptions",
            folder.display()
        )));
    }
    let mut chosen = registry.providers().to_vec();
    if !options.providers.is_empty() {
        let named = options.providers.iter().map(|slug| Ok(registry.get(slug)?.definition.slug));
        let named = named.collect::<Result<Vec<_>, HarnessError>>()?;
        chosen.retain(|registration| named.contains(&registration.definition.slug));
    }
    let specs = chosen.iter().map(|it| options.specs_of(it)).collect::<Result<Vec<_>, _>>()?;
    options.held_against(&chosen, &specs)?;
    let mut report = Report::default();
    for (registration, specs) in chosen.into_iter().zip(specs) {
        let embedded = FIXTURES.iter().find(|(slug, _)| *slug == registration.definition.slug);
        let files = embedded.map(|(_, dir)| Files::embedded(dir)).transpose()?.unwrap_or_default();
        let subject = Subject { registry: (**registry).clone(), registration };
        report.providers.push(provider::report(&subject, &files, specs.as_ref(), options.without_faults).await);
    }
    Ok(report)
}

impl Options {
    /// The descriptions of one provider, where a folder is named.
    fn specs_of(&self, registration: &Registration) -> Result<Option<Specs>, HarnessError> {
        let slug = registration.definition.slug;
        let specs = self.specs.as_deref().map(|folder| Specs::open(&folder.join(slug))).transpose();
        specs.map_err(|error| HarnessError::Specs(format!("{slug}: {error}")))
    }

    /// A folder is named to be used: each provider that is named must have a description there, else one of all.
    fn held_against(&self, chosen: &[&Registration], specs: &[Option<Specs>]) -> Result<(), HarnessError> {
        let Some(folder) = self.specs.as_deref().map(Path::display) else { return Ok(()) };
        let is_there = |specs: &Option<Specs>| specs.as_ref().is_some_and(|specs| !specs.is_empty());
        let missing = chosen.iter().zip(specs).find(|(_, specs)| !is_there(specs)).map(|(it, _)| it.definition.slug);
        Err(HarnessError::Specs(match missing {
            Some(slug) if !self.providers.is_empty() => format!("no description of {slug} in `{folder}`"),
            Some(_) if !specs.iter().any(is_there) => {
                format!("no description in `{folder}`: they are looked for in a folder a provider, named by its slug")
            }
            _ => return Ok(()),
        }))
    }
}

/// Runs one provider through the fixtures of a folder.
///
/// # Errors
/// What cannot be read.
pub async fn run_dir(
    registration: &'static Registration,
    fixtures: &Path,
    options: &Options,
) -> Result<Report, HarnessError> {
    let specs = options.specs_of(registration)?;
    Ok(run_with(registration, &Files::open(fixtures)?, specs.as_ref(), options.without_faults).await)
}

/// Runs one provider through the cases of these fixtures as they stand.
pub async fn run_files(registration: &'static Registration, files: &Files) -> Report {
    run_with(registration, files, None, true).await
}

async fn run_with(
    registration: &'static Registration,
    files: &Files,
    specs: Option<&Specs>,
    without_faults: bool,
) -> Report {
    let subject = Subject { registry: userdir::registry::Registry::collect(&[registration], &[]), registration };
    Report { providers: vec![provider::report(&subject, files, specs, without_faults).await] }
}
