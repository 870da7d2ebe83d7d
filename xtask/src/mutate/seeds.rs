//! The seeded faults: mistakes that somebody could make, as data in `xtask/mutations/*.toml`.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// A fault: a text in a file, and what somebody could have written there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    /// What it is called; unique together with the name of its list.
    pub name: String,
    /// What is wrong with it, in a line.
    pub what: String,
    /// The file, from the root of the workspace.
    pub file: String,
    /// A text that is there once.
    pub find: String,
    /// What stands there instead.
    pub replace: String,
    /// Why no test can tell, where none can.
    pub excuse: Option<String>,
    /// `<list>/<name>`.
    #[serde(skip)]
    pub id: String,
}

/// A list: one file, named by its provider or crate.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    fault: Vec<Seed>,
}

/// All seeds, list by list.
pub fn read(root: &Path) -> Result<Vec<Seed>> {
    let folder = root.join("xtask/mutations");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut lists = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    lists.sort();
    let mut seeds: Vec<Seed> = Vec::new();
    for path in lists {
        let list = path.file_stem().unwrap_or_default().to_string_lossy();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let read: List = toml::from_str(&text).with_context(|| format!("{} is no list of faults", path.display()))?;
        for mut seed in read.fault {
            seed.id = format!("{list}/{}", seed.name);
            ensure!(seeds.iter().all(|other| other.id != seed.id), "there are two faults `{}`", seed.id);
            seeds.push(seed);
        }
    }
    Ok(seeds)
}

impl Seed {
    /// The text of the file with the fault in it.
    pub fn sow(&self, text: &str) -> Result<String> {
        ensure!(self.find != self.replace, "`{}` changes nothing", self.id);
        match text.matches(&self.find).count() {
            1 => Ok(text.replacen(&self.find, &self.replace, 1)),
            0 => bail!("`{}` is stale: {} does not have what it replaces any more", self.id, self.file),
            more => bail!("`{}` is not clear: {} has what it replaces {more} times", self.id, self.file),
        }
    }

    /// The list that it stands in.
    pub fn list(&self) -> &str {
        self.id.split_once('/').map_or(self.id.as_str(), |(list, _)| list)
    }
}

/// Tells one faulty file from another.
pub fn fingerprint(faulty: &str) -> String {
    let mut hasher = DefaultHasher::new();
    faulty.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::mutate::suites;
    use crate::root;

    #[test]
    fn every_seed_still_applies() {
        let seeds = read(&root()).unwrap();
        assert!(seeds.len() >= 60, "only {}", seeds.len());
        for seed in &seeds {
            let text = fs::read_to_string(root().join(&seed.file)).unwrap_or_else(|_| panic!("{}", seed.file));
            seed.sow(&text).unwrap();
            assert!(!suites::of(&seed.file).unwrap().is_empty());
            assert!(seed.excuse.as_ref().is_none_or(|excuse| !excuse.trim().is_empty()), "{}", seed.id);
        }
    }

    #[test]
    fn every_provider_has_some() {
        let mut many = BTreeMap::<String, usize>::new();
        for seed in read(&root()).unwrap() {
            *many.entry(seed.list().to_owned()).or_default() += 1;
        }
        for slug in userdir::KNOWN {
            let has = many.get(*slug).copied().unwrap_or_default();
            assert!(has >= 3, "xtask/mutations/{slug}.toml has {has} faults of at least 3 that its fixtures must find");
        }
    }

    #[test]
    fn a_seed_that_fits_nowhere_or_twice_is_refused() {
        let seed = |find: &str, replace: &str| Seed {
            name: "n".into(),
            what: String::new(),
            file: "f".into(),
            find: find.into(),
            replace: replace.into(),
            excuse: None,
            id: "l/n".into(),
        };
        assert_eq!(seed("b", "x").sow("abc").unwrap(), "axc");
        for (find, replace) in [("d", "x"), ("a", "a"), ("aa", "x")] {
            assert!(seed(find, replace).sow("aaaa").is_err(), "{find}");
        }
    }
}
