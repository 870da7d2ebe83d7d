//! `docs/mutations.md`: which faults there are, and which tests find them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::seeds::{self, Seed};
use super::{Fate, Trial, Trials};

const HEAD: &str = "\
# Seeded faults

Are the checks any good? `xtask/mutations/` has faults that somebody could make: a wrong verb, a second page that is not
read, an error that is swallowed. `cargo xtask mutate` makes one after the other and runs the tests of the crate that it is
in; a fault is found where a test fails. This page is written by `cargo xtask mutate --report`.
";

/// Writes the page.
pub fn write(root: &Path, seeds: &[Seed], trials: &Trials) -> Result<()> {
    let (mut rows, mut untried, mut is_old) = (Vec::new(), Vec::new(), 0);
    for seed in seeds {
        let text = fs::read_to_string(root.join(&seed.file)).with_context(|| format!("cannot read {}", seed.file))?;
        let fingerprint = seeds::fingerprint(&seed.sow(&text)?);
        let Some(trial) = trials.get(&seed.id) else {
            untried.push(format!("- `{}`: {}.\n", seed.id, seed.what));
            continue;
        };
        ensure!(trial.fate != Fate::Unbuilt, "`{}` does not compile", seed.id);
        is_old += usize::from(trial.fingerprint != fingerprint);
        rows.push((seed, trial));
    }
    let mut page = page(&rows, is_old);
    if !untried.is_empty() {
        let _ = write!(page, "\n## Not tried yet\n\n{}", untried.concat());
    }
    fs::write(root.join("docs/mutations.md"), page).context("cannot write docs/mutations.md")?;
    println!("wrote docs/mutations.md");
    Ok(())
}

/// `is_old` is the number of those whose file has changed since they were tried.
fn page(rows: &[(&Seed, &Trial)], is_old: usize) -> String {
    let found = rows.iter().filter(|(_, trial)| trial.is_found()).count();
    let mut page = HEAD.to_owned();
    let share = (found * 1000 / rows.len().max(1)) as f64 / 10.0;
    let _ = write!(page, "\n{} faults, {found} found ({share} %).", rows.len());
    if is_old > 0 {
        let _ = write!(page, " {is_old} of them were tried before something else in their file was changed.");
    }
    page.push_str("\n\n");

    let mut by = BTreeMap::<&str, usize>::new();
    rows.iter().filter_map(|(_, trial)| trial.by.as_deref()).for_each(|name| *by.entry(name).or_default() += 1);
    page.push_str("| found by | faults |\n|---|---|\n");
    for (name, many) in by {
        let _ = writeln!(page, "| {name} | {many} |");
    }

    let mut lists = BTreeMap::<&str, Vec<(&Seed, &Trial)>>::new();
    rows.iter().for_each(|(seed, trial)| lists.entry(seed.list()).or_default().push((seed, trial)));
    page.push_str("\n| crate | faults | found |\n|---|---|---|\n");
    for (list, rows) in &lists {
        let found = rows.iter().filter(|(_, trial)| trial.is_found()).count();
        let _ = writeln!(page, "| {list} | {} | {found} |", rows.len());
    }

    page.push_str("\n## Not found\n\n");
    let survivors: Vec<_> = rows.iter().filter(|(_, trial)| trial.fate == Fate::Survived).collect();
    for (seed, _) in &survivors {
        let excuse = seed.excuse.as_deref().unwrap_or("A test was missing when it was tried");
        let _ = writeln!(page, "- `{}`: {}. {excuse}.", seed.id, seed.what);
    }
    if survivors.is_empty() {
        page.push_str("None.\n");
    }

    page.push_str("\n## All\n");
    for (list, rows) in &lists {
        let _ = write!(page, "\n### {list}\n\n| fault | found by |\n|---|---|\n");
        for (seed, trial) in rows {
            let by = match trial.fate {
                Fate::Hung => format!("{}, which did not end", trial.by.as_deref().unwrap_or_default()),
                _ => trial.by.clone().unwrap_or_else(|| "nothing".to_owned()),
            };
            let _ = writeln!(page, "| {} | {by} |", seed.what.replace('|', "\\|"));
        }
    }
    page
}
