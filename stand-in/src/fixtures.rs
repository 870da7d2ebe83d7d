//! All fixtures of a provider: `account.toml`, `skip.toml` and the cases, embedded in its crate or on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use include_dir::{Dir, DirEntry};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::case::{Account, Case};

/// How to connect in every case that does not say so itself.
const ACCOUNT: &str = "account.toml";

/// Excuses from rules.
const SKIP: &str = "skip.toml";

/// Where requests and answers may differ from the vendor's own description.
const DEVIATIONS: &str = "deviations.toml";

/// What is wrong with a fixture file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {what}")]
pub struct Fault {
    /// The file, from the fixtures' root.
    pub file: String,
    /// What is wrong.
    pub what: String,
}

impl Fault {
    pub(crate) fn new(file: &str, what: impl ToString) -> Fault {
        Fault { file: file.to_owned(), what: what.to_string() }
    }
}

/// A folder of texts, by path from its root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files(BTreeMap<String, String>);

impl Files {
    /// Those embedded in a program.
    ///
    /// # Errors
    /// A file that is no text.
    pub fn embedded(dir: &Dir<'_>) -> Result<Files, Fault> {
        let mut files = Files::default();
        files.embed(dir)?;
        Ok(files)
    }

    fn embed(&mut self, dir: &Dir<'_>) -> Result<(), Fault> {
        for entry in dir.entries() {
            match entry {
                DirEntry::Dir(dir) => self.embed(dir)?,
                DirEntry::File(file) => {
                    let path = file.path().to_string_lossy().replace('\\', "/");
                    let text = file.contents_utf8().ok_or_else(|| Fault::new(&path, "is no text"))?;
                    self.insert(path, text);
                }
            }
        }
        Ok(())
    }

    /// Those of a folder on disk.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn open(root: &Path) -> Result<Files, Fault> {
        let mut files = Files::default();
        files.load(root, "")?;
        Ok(files)
    }

    fn load(&mut self, folder: &Path, prefix: &str) -> Result<(), Fault> {
        let wrong = |error: std::io::Error| Fault::new(&folder.display().to_string(), error);
        for entry in std::fs::read_dir(folder).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                self.load(&entry.path(), &format!("{path}/"))?;
            } else {
                let text = std::fs::read_to_string(entry.path()).map_err(|error| Fault::new(&path, error))?;
                self.insert(path, text);
            }
        }
        Ok(())
    }

    /// The text of a file.
    pub fn get(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// Puts a file in, or another text into it.
    pub fn insert(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.0.insert(path.into(), text.into());
    }

    /// Takes a file out.
    pub fn remove(&mut self, path: &str) -> Option<String> {
        self.0.remove(path)
    }

    /// Paths and texts, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    pub(crate) fn toml<T: DeserializeOwned>(&self, path: &str) -> Result<T, Fault> {
        let text = self.get(path).ok_or_else(|| Fault::new(path, "is missing"))?;
        toml::from_str(text).map_err(|error| Fault::new(path, error.to_string().trim_end()))
    }
}

/// An excuse from one rule for one action.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skip {
    /// Function name of the action.
    pub action: String,
    /// Name of the rule.
    pub rule: String,
    /// Why the rule cannot hold here.
    pub reason: String,
}

/// The file `skip.toml`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SkipFile {
    #[serde(default, rename = "skip")]
    skips: Vec<Skip>,
}

/// A difference from the vendor's own description that is the description's fault, or on purpose.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    /// The operation, such as `GET /users`; `GET /reports/*` stands for all that begin so. Or the description's file.
    pub operation: String,
    /// A piece of what is told of the difference.
    pub what: String,
    /// Why it is right all the same.
    pub reason: String,
    /// Where that is said.
    pub source: String,
}

/// The file `deviations.toml`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeviationFile {
    #[serde(default, rename = "deviation")]
    deviations: Vec<Deviation>,
}

/// The fixtures of a provider.
#[derive(Clone, Debug, Default)]
pub struct Fixtures {
    /// The cases, by action and name.
    pub cases: Vec<Case>,
    /// How to connect in every case that does not say so itself.
    pub account: Option<Account>,
    /// The excuses.
    pub skips: Vec<Skip>,
    /// Where they may differ from the vendor's own description.
    pub deviations: Vec<Deviation>,
    /// What cannot be read, or is read by nothing.
    pub faults: Vec<Fault>,
}

impl Fixtures {
    /// Reads all; what is wrong with one case does not keep the others from being read.
    pub fn read(files: &Files) -> Fixtures {
        let mut fixtures = Fixtures::default();
        fixtures.account = fixtures.keep(files.toml(ACCOUNT));
        if files.get(SKIP).is_some() {
            let file: Option<SkipFile> = fixtures.keep(files.toml(SKIP));
            fixtures.skips = file.unwrap_or_default().skips;
        }
        if files.get(DEVIATIONS).is_some() {
            let file: Option<DeviationFile> = fixtures.keep(files.toml(DEVIATIONS));
            fixtures.deviations = file.unwrap_or_default().deviations;
        }
        // a folder without a case may hold what its neighbours share
        let folders = files.iter().filter_map(|(path, _)| path.strip_suffix("/case.toml")?.split_once('/'));
        let mut used = BTreeSet::from([ACCOUNT, SKIP, DEVIATIONS].map(str::to_owned));
        for (action, name) in folders {
            let Some(mut case) = fixtures.keep(Case::read(files, action, name)) else {
                // what a broken case would use is not known
                let prefix = format!("{action}/{name}/");
                used.extend(
                    files.iter().filter(|(path, _)| path.starts_with(&prefix)).map(|(path, _)| path.to_owned()),
                );
                continue;
            };
            if case.script.account.is_none() {
                case.script.account.clone_from(&fixtures.account);
            }
            used.extend(case.files.iter().cloned());
            fixtures.cases.push(case);
        }
        let unused = files.iter().filter(|(path, _)| !used.contains(*path));
        fixtures.faults.extend(unused.map(|(path, _)| Fault::new(path, "no case uses it")));
        fixtures
    }

    /// The case of this action and name.
    pub fn case(&self, action: &str, name: &str) -> Option<&Case> {
        self.cases.iter().find(|case| case.action == action && case.name == name)
    }

    fn keep<T>(&mut self, read: Result<T, Fault>) -> Option<T> {
        read.map_err(|fault| self.faults.push(fault)).ok()
    }
}
