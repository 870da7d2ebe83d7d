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

impl Trial {
    fn is_found(&self) -> bool {
        matches!(self.fate, Fate::Found | Fate::Hung)
    }
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
    let chosen: Vec<&Seed> =
        seeds.iter().filter(|seed| options.only.as_ref().is_none_or(|only| seed.id.contains(only))).collect();
    let mut left = Vec::new();
    let mut green = HashSet::new();
    for (number, seed) in (1..).zip(&chosen) {
        let sown = Sown::of(seed, &workshop)?;
        let known = trials.get(&seed.id).filter(|trial| trial.fingerprint == sown.fingerprint);
        // a test that is new may find what survived
        if options.again || !known.is_some_and(Trial::is_found) {
            // while all is sound these need no build of their own
            check_green(&workshop, sown.suites.iter().take(1), &mut green)?;
            left.push((number, sown));
        }
    }
    // those first of which it is not known that anything finds them
    left.sort_by_key(|(_, sown)| trials.get(&sown.seed.id).is_some_and(Trial::is_found));
    for (number, sown) in left {
        let trial = sown.try_it(&workshop, &mut green)?;
        println!("{number}/{} {}: {}", chosen.len(), sown.seed.id, told(&trial));
        trials.insert(sown.seed.id.clone(), trial);
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

/// A fault with its file as it is and as it would be.
struct Sown<'s> {
    seed: &'s Seed,
    path: PathBuf,
    sound: String,
    faulty: String,
    fingerprint: String,
    suites: Vec<Suite>,
}

impl<'s> Sown<'s> {
    fn of(seed: &'s Seed, workshop: &Workshop) -> Result<Sown<'s>> {
        let path = workshop.tree.join(&seed.file);
        let sound = fs::read_to_string(&path).with_context(|| format!("cannot read {}", seed.file))?;
        let faulty = seed.sow(&sound)?;
        let fingerprint = seeds::fingerprint(&faulty);
        Ok(Sown { seed, path, sound, faulty, fingerprint, suites: suites::of(&seed.file)? })
    }

    /// Makes the fault, and runs the suites until one finds it.
    fn try_it(&self, workshop: &Workshop, green: &mut HashSet<Suite>) -> Result<Trial> {
        let began = Instant::now();
        fs::write(&self.path, &self.faulty)?;
        let ended = self.run_suites(workshop);
        fs::write(&self.path, &self.sound)?;
        let seconds = began.elapsed().as_secs();
        let trial = |fate, by: Option<&Suite>, how| Trial {
            fingerprint: self.fingerprint.clone(),
            fate,
            by: by.map(|suite| suite.name.to_owned()),
            how,
            seconds,
        };
        let (suite, trial) = match ended? {
            (_, Ended::Green) => return Ok(trial(Fate::Survived, None, String::new())),
            (_, Ended::Unbuilt(how)) => return Ok(trial(Fate::Unbuilt, None, how)),
            (suite, Ended::Red(how)) => (suite, trial(Fate::Found, suite, how)),
            (suite, Ended::Hung) => (suite, trial(Fate::Hung, suite, String::new())),
        };
        // tests that are red anyway have found nothing
        check_green(workshop, suite, green)?;
        Ok(trial)
    }

    /// Runs the suites up to the first that is not green, and says how the last one ended.
    fn run_suites(&self, workshop: &Workshop) -> Result<(Option<&Suite>, Ended)> {
        for suite in &self.suites {
            match workshop.run(suite)? {
                Ended::Green => {}
                ended => return Ok((Some(suite), ended)),
            }
        }
        Ok((None, Ended::Green))
    }
}

/// Runs suites without any fault, each once.
fn check_green<'a>(
    workshop: &Workshop,
    suites: impl IntoIterator<Item = &'a Suite>,
    green: &mut HashSet<Suite>,
) -> Result<()> {
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
