//! Checks the checks: makes one fault of `xtask/mutations/` after the other in a copy of the workspace, and sees whether
//! the tests find it. See CONTRIBUTING.md.
//!
//! `seeds.rs` reads the faults, `suites.rs` says which tests are theirs, `workshop.rs` has the copy, `report.rs` writes
//! `docs/mutations.md`.

mod report;
mod seeds;
mod suites;
mod workshop;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use seeds::Seed;
use suites::Suite;
use workshop::{Ended, Workshop};

/// What to do.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Only faults whose `<list>/<name>` holds this.
    #[arg(long)]
    only: Option<String>,
    /// Also those that have been found before.
    #[arg(long)]
    again: bool,
    /// Run nothing: write docs/mutations.md from what was run.
    #[arg(long)]
    report: bool,
}

/// What became of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Fate {
    /// A test failed.
    Found,
    /// A test ran on and on.
    Hung,
    /// All tests passed.
    Survived,
    /// It does not compile, and is no fault that anybody could have.
    Unbuilt,
}

/// What is kept of a fault that was tried.
#[derive(Debug, Serialize, Deserialize)]
struct Trial {
    /// Of the faulty file: another one is another fault.
    fingerprint: String,
    fate: Fate,
    /// The tests that found it.
    by: Option<String>,
    /// What they said.
    how: String,
    seconds: u64,
}

/// What was tried so far, by fault.
type Trials = BTreeMap<String, Trial>;

/// Tries the faults, or writes the report.
pub fn run(root: &Path, options: &Options) -> Result<()> {
    let seeds = seeds::read(root)?;
    let mut trials = read(root)?;
    if options.report {
        return report::write(root, &seeds, &trials);
    }
    let workshop = Workshop::open(root)?;
    let mut green = HashSet::new();
    let chosen: Vec<&Seed> =
        seeds.iter().filter(|seed| options.only.as_ref().is_none_or(|only| seed.id.contains(only))).collect();
    for (number, seed) in chosen.iter().enumerate() {
        let path = workshop.tree.join(&seed.file);
        let sound = fs::read_to_string(&path).with_context(|| format!("cannot read {}", seed.file))?;
        let faulty = seed.sow(&sound)?;
        let fingerprint = seeds::fingerprint(&faulty);
        let known = trials.get(&seed.id).filter(|trial| trial.fingerprint == fingerprint);
        // a test that is new may find what survived
        if !options.again && known.is_some_and(|trial| matches!(trial.fate, Fate::Found | Fate::Hung)) {
            continue;
        }
        let suites = suites::of(&seed.file)?;
        check_green(&workshop, &suites, &mut green)?;
        fs::write(&path, &faulty)?;
        let began = Instant::now();
        let tried = try_one(&workshop, &suites);
        fs::write(&path, &sound)?;
        let (fate, by, how) = tried?;
        let trial = Trial { fingerprint, fate, by: by.map(str::to_owned), how, seconds: began.elapsed().as_secs() };
        println!("{}/{} {}: {}", number + 1, chosen.len(), seed.id, told(&trial));
        trials.insert(seed.id.clone(), trial);
        keep(root, &trials)?;
    }
    let fate = |seed: &&&Seed| trials.get(&seed.id).map(|trial| trial.fate);
    let unbuilt = chosen.iter().filter(|seed| fate(seed) == Some(Fate::Unbuilt)).count();
    ensure!(unbuilt == 0, "{unbuilt} of the faults do not compile; mend them");
    let survivors = chosen.iter().filter(|seed| fate(seed) == Some(Fate::Survived) && seed.excuse.is_none());
    match survivors.map(|seed| seed.id.as_str()).collect::<Vec<_>>().as_slice() {
        [] => Ok(()),
        survivors => bail!("no test finds {}", survivors.join(", ")),
    }
}

/// Runs the suites without any fault, each once: red tests would find everything.
fn check_green(workshop: &Workshop, suites: &[Suite], green: &mut HashSet<Suite>) -> Result<()> {
    for suite in suites {
        if green.insert(suite.clone()) {
            match workshop.run(suite)? {
                Ended::Green => {}
                Ended::Red(how) | Ended::Unbuilt(how) => bail!("without any fault, {}: {how}", suite.shown()),
                Ended::Hung => bail!("without any fault, {} does not end", suite.shown()),
            }
        }
    }
    Ok(())
}

/// Runs the suites until one finds the fault.
fn try_one(workshop: &Workshop, suites: &[Suite]) -> Result<(Fate, Option<&'static str>, String)> {
    for suite in suites {
        match workshop.run(suite)? {
            Ended::Green => {}
            Ended::Red(how) => return Ok((Fate::Found, Some(suite.name), how)),
            Ended::Hung => return Ok((Fate::Hung, Some(suite.name), String::new())),
            Ended::Unbuilt(how) => return Ok((Fate::Unbuilt, None, how)),
        }
    }
    Ok((Fate::Survived, None, String::new()))
}

fn told(trial: &Trial) -> String {
    let by = trial.by.as_deref().unwrap_or_default();
    let what = match trial.fate {
        Fate::Found => format!("found by {by}: {}", trial.how),
        Fate::Hung => format!("found by {by}, which did not end"),
        Fate::Survived => "SURVIVED".to_owned(),
        Fate::Unbuilt => format!("DOES NOT COMPILE: {}", trial.how),
    };
    format!("{what} ({} s)", trial.seconds)
}

fn file(root: &Path) -> PathBuf {
    root.join("target/mutate/results.json")
}

fn read(root: &Path) -> Result<Trials> {
    match fs::read(file(root)) {
        Ok(text) => serde_json::from_slice(&text).context("target/mutate/results.json cannot be read; remove it"),
        Err(_) => Ok(Trials::new()),
    }
}

/// Keeps what was tried, so that a run that is broken off can go on.
fn keep(root: &Path, trials: &Trials) -> Result<()> {
    fs::write(file(root), serde_json::to_vec_pretty(trials)?).context("cannot write target/mutate/results.json")
}
