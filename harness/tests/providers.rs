//! Every linked provider through its own fixtures, as they stand on disk: what is embedded may be a build behind. Where
//! `USERDIR_SPECS_DIR` names a folder with the vendors' own descriptions, against those too; in CI the matrix in the README and
//! `docs/providers.md` must say what comes out, as far as it was played.
//!
//! `USERDIR_PROVIDER` picks one provider out, for the time that it is being worked on, and `USERDIR_WITHOUT_FAULTS` plays
//! the cases as they stand, which takes seconds.

use std::path::{Path, PathBuf};

use userdir::{Registry, STAND_INS};
use userdir_harness::report::Check;
use userdir_harness::{Options, Report, run_dir};

#[tokio::test]
async fn every_provider_is_green() {
    let providers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../providers");
    let specs = std::env::var_os("USERDIR_SPECS_DIR").map(PathBuf::from);
    if specs.is_none() {
        println!("left out: the vendors' own descriptions; USERDIR_SPECS_DIR names no folder with them");
    }
    let without_faults = std::env::var_os("USERDIR_WITHOUT_FAULTS").is_some();
    if without_faults {
        println!("left out: faults; USERDIR_WITHOUT_FAULTS says so");
    }
    let options = Options { specs, without_faults, ..Options::default() };
    let only = std::env::var("USERDIR_PROVIDER").ok();
    let (mut failures, mut all) = (Vec::new(), Report::default());
    for registration in Registry::compiled_in().providers() {
        if only.as_ref().is_some_and(|only| only != registration.definition.slug) {
            println!("left out: {}; USERDIR_PROVIDER names another", registration.definition.slug);
            continue;
        }
        let fixtures = providers.join(registration.definition.slug).join("fixtures");
        match run_dir(registration, &fixtures, &options).await {
            Ok(report) => {
                let actions: Vec<_> = report.providers.iter().flat_map(|provider| &provider.actions).collect();
                let (slug, faults) = (registration.definition.slug, actions.iter().map(|it| it.faults).sum::<usize>());
                let travelled = actions.iter().filter(|it| it.checks.contains_key(&Check::RoundTrip)).count();
                println!("{slug}: {faults} faults, {travelled} actions on a round trip");
                failures.extend(report.failures());
                if STAND_INS.iter().any(|(name, _)| *name == slug) && travelled < 8 && !without_faults {
                    failures.push(format!("{slug}: only {travelled} actions on its round trip"));
                }
                all.providers.extend(report.providers);
            }
            Err(error) => failures.push(format!("{}: {error}", registration.definition.slug)),
        }
    }
    assert!(failures.is_empty(), "{} fall short:\n  {}\n", failures.len(), failures.join("\n  "));
    if std::env::var_os("CI").is_some()
        && !without_faults
        && all.providers.len() == Registry::compiled_in().providers().len()
    {
        let read = |page: &str| std::fs::read_to_string(providers.join("..").join(page)).unwrap();
        let (readme, page) = (read("README.md"), read("docs/providers.md"));
        let is_fresh = match options.specs {
            Some(_) => readme.contains(all.matrix().trim_end()) && page.ends_with(&all.markdown()),
            None => short(&readme).contains(&short(&all.matrix())) && full(&page) == full(&all.markdown()),
        };
        assert!(is_fresh, "stale: run `cargo xtask docs`");
    }
}

/// The rows of a short matrix, without the letter of what depends on the vendors' own descriptions.
fn short(text: &str) -> String {
    let cell =
        |cell: &str| if cell.bytes().all(|it| b"rdwfst".contains(&it)) { cell.replace('s', "") } else { cell.into() };
    let rows = text.lines().filter(|line| line.starts_with("| `") || line.starts_with("| | "));
    rows.map(|row| row.trim_matches(['|', ' ']).split(" | ").map(cell).collect::<Vec<_>>().join("|") + "\n").collect()
}

/// The headings and rows of a full one, without the column of the descriptions.
fn full(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().filter(|line| line.starts_with("| `") || line.starts_with("## "));
    let is_kept = |cell: &&str| *cell != "—" && !cell.ends_with(" requests");
    rows.map(|row| row.trim_matches(['|', ' ']).split(" | ").filter(is_kept).collect()).collect()
}
