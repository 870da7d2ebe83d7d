//! `userdir conformance`: the compiled-in providers against their fixtures.

use std::path::PathBuf;

use userdir_harness::{HarnessError, Options};

use crate::args::Format;
use crate::errors::{Failure, Result, usage};
use crate::output;
use crate::progress::Progress;
use crate::session::Session;

/// Runs the harness and prints its report.
///
/// # Errors
/// Wrong usage; exit code 1 where anything falls short.
pub async fn run(
    session: &Session,
    providers: Vec<String>,
    specs: Option<PathBuf>,
    without_faults: bool,
) -> Result<()> {
    // set and empty is not set
    let named = || std::env::var_os("USERDIR_SPECS_DIR").filter(|folder| !folder.is_empty());
    let specs = specs.or_else(|| named().map(PathBuf::from));
    if specs.is_none() {
        // programs expect nothing on stderr but an error
        if session.format == Format::Table {
            eprintln!("left out: the vendors' own descriptions; name a folder with `--specs` or USERDIR_SPECS_DIR");
        }
    }
    let progress = Progress::start(if without_faults {
        "playing the fixtures…"
    } else {
        "playing the fixtures, and what can go wrong…"
    });
    let folder = specs.clone();
    let options = Options { providers, specs, without_faults };
    let report = userdir_harness::run(&session.registry, &options).await.map_err(|error| match error {
        HarnessError::Provider(error) => Failure::Action(error),
        other => usage(other.to_string()),
    })?;
    drop(progress);
    let undescribed: Vec<&str> = report.providers.iter().filter(|it| !it.is_described).map(|it| it.slug).collect();
    if let Some(folder) = folder.filter(|_| session.format == Format::Table && !undescribed.is_empty()) {
        eprintln!("no description in `{}`: {}", folder.display(), undescribed.join(", "));
    }
    let text = match session.format {
        Format::Table => report.table(),
        Format::Markdown => report.markdown(),
        Format::Json | Format::Ndjson => report.json().to_string(),
        Format::Csv => return Err(usage("`conformance` has no CSV").hint("choose table, json or ndjson")),
    };
    output::line(text.trim_end())?;
    // what falls short stands in the report
    if report.is_green() { Ok(()) } else { Err(Failure::Told(1)) }
}
