//! A copy of the workspace in which faults are made, and the tests run on it.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::suites::Suite;

/// How long one suite may run; one that hangs has found something too.
const PATIENCE: Duration = Duration::from_secs(600);

/// Where faults are made.
pub struct Workshop {
    /// The copy.
    pub tree: PathBuf,
    /// What is built from it; apart, so that nobody waits for it.
    target: PathBuf,
    log: PathBuf,
}

/// How a suite ended.
pub enum Ended {
    /// All tests passed.
    Green,
    /// One did not: the first line that says what.
    Red(String),
    /// It went on for too long.
    Hung,
    /// It was not even built: the compiler's first error.
    Unbuilt(String),
}

impl Workshop {
    /// Brings the copy up to date with the files that are under version control or could be. What is the same is not
    /// touched, so that it is not built again.
    pub fn open(root: &Path) -> Result<Workshop> {
        let folder = root.join("target/mutate");
        let workshop =
            Workshop { tree: folder.join("tree"), target: folder.join("build"), log: folder.join("tests.log") };
        fs::create_dir_all(&workshop.tree).context("cannot make target/mutate/tree")?;
        let list = |arguments: &[&str]| -> Result<Vec<String>> {
            let listed = Command::new("git").arg("ls-files").arg("-z").args(arguments).current_dir(root).output()?;
            ensure!(listed.status.success(), "git cannot list the files");
            let names = String::from_utf8(listed.stdout).context("a file's name is no text")?;
            Ok(names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect())
        };
        for name in list(&["--cached", "--others", "--exclude-standard"])? {
            let (from, to) = (root.join(&name), workshop.tree.join(&name));
            let Ok(fresh) = fs::read(&from) else { continue };
            if fs::read(&to).is_ok_and(|there| there == fresh) {
                continue;
            }
            fs::create_dir_all(to.parent().unwrap_or(&workshop.tree))?;
            fs::write(&to, fresh).with_context(|| format!("cannot copy {name}"))?;
        }
        workshop.forget_others(root, &workshop.tree)?;
        Ok(workshop)
    }

    /// Takes out of the copy what is no longer in the workspace.
    fn forget_others(&self, root: &Path, folder: &Path) -> Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let inside = path.strip_prefix(&self.tree)?;
            if path.is_dir() {
                self.forget_others(root, &path)?;
            } else if !root.join(inside).exists() {
                fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(())
    }

    /// Builds a suite and runs it.
    pub fn run(&self, suite: &Suite) -> Result<Ended> {
        let built = self.cargo(suite, &["--no-run"], PATIENCE * 3)?;
        if !built.is_some_and(|status| status.success()) {
            return Ok(Ended::Unbuilt(self.line(|line| line.starts_with("error"))));
        }
        for _ in 0..2 {
            match self.cargo(suite, &[], PATIENCE)? {
                None => return Ok(Ended::Hung),
                Some(status) if status.success() => return Ok(Ended::Green),
                // a test that failed by chance has found nothing
                Some(_) => {}
            }
        }
        Ok(Ended::Red(self.failure()))
    }

    /// Runs `cargo test`; none where it took too long.
    fn cargo(&self, suite: &Suite, more: &[&str], patience: Duration) -> Result<Option<ExitStatus>> {
        let log = File::create(&self.log).context("cannot write the log")?;
        let mut command = Command::new("cargo");
        command.arg("test").args(&suite.arguments).args(more).current_dir(&self.tree);
        command.env("CARGO_TARGET_DIR", &self.target).env("CARGO_TERM_COLOR", "never");
        // quicker to write and to link, and nobody looks at a backtrace
        command.env("CARGO_PROFILE_DEV_DEBUG", "0");
        command.env_remove("USERDIR_PROVIDER").env_remove("USERDIR_WITHOUT_FAULTS").envs(suite.environment.clone());
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let mut child = command.spawn().context("cannot run cargo")?;
        let began = Instant::now();
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            if began.elapsed() > patience {
                // the tests are children of cargo, which would leave them behind
                Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status()?;
                child.wait()?;
                return Ok(None);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What the harness found first, or the name of the test that failed.
    fn failure(&self) -> String {
        let log = self.read_log();
        let mut lines = log.lines();
        let found = lines.find(|line| line.ends_with(" fall short:")).and_then(|_| lines.next());
        found.map_or_else(
            || self.line(|line| line.ends_with("... FAILED") || line.contains("panicked at")),
            |line| line.trim().to_owned(),
        )
    }

    /// The first line of the log of this kind.
    fn line(&self, is_it: impl Fn(&str) -> bool) -> String {
        self.read_log().lines().find(|line| is_it(line)).unwrap_or_default().trim().to_owned()
    }

    fn read_log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }
}
