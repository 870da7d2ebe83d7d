//! Which tests are there to find a fault, by where it is.

use anyhow::{Context, Result, bail};

/// Tests that are run with one command.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Suite {
    /// What the report calls it.
    pub name: &'static str,
    /// What follows `cargo test`.
    pub arguments: Vec<String>,
    /// What is set in its environment.
    pub environment: Vec<(&'static str, &'static str)>,
}

impl Suite {
    /// The command.
    pub fn shown(&self) -> String {
        let variables: String = self.environment.iter().map(|(name, value)| format!("{name}={value} ")).collect();
        format!("{variables}cargo test {}", self.arguments.join(" "))
    }
}

/// The tests of a file, those first that are quick.
pub fn of(file: &str) -> Result<Vec<Suite>> {
    let (folder, rest) = file.split_once('/').with_context(|| format!("`{file}` is in no crate"))?;
    Ok(match folder {
        "providers" => {
            let slug = rest.split('/').next().unwrap_or_default();
            let slug = userdir::KNOWN.iter().find(|known| **known == slug);
            let slug = slug.with_context(|| format!("`{file}` belongs to no provider"))?;
            vec![cases(slug), own(slug), faults(slug)]
        }
        "core" => vec![own("core"), cases("okta"), cases("scim"), faults("okta"), faults("scim")],
        "store" => vec![own("store"), tests("the server's tests", "server")],
        "server" => vec![own("server"), tests("the command line's tests", "cli")],
        "cli" => vec![own("cli")],
        _ => bail!("no tests are known that could find a fault in `{file}`"),
    })
}

/// The cases of a provider as they stand.
fn cases(slug: &'static str) -> Suite {
    let mut suite = Suite { name: "fixture cases", ..faults(slug) };
    suite.environment.push(("USERDIR_WITHOUT_FAULTS", "1"));
    suite
}

/// The cases with all that can go wrong, and the round trip.
fn faults(slug: &'static str) -> Suite {
    Suite {
        name: "faults derived from the cases, or the round trip",
        arguments: ["-p", "userdir-harness", "--test", "providers"].map(str::to_owned).to_vec(),
        environment: vec![("USERDIR_PROVIDER", slug)],
    }
}

fn own(name: &str) -> Suite {
    tests("the crate's own tests", name)
}

fn tests(called: &'static str, name: &str) -> Suite {
    let arguments = vec!["-p".to_owned(), format!("userdir-{name}"), "--tests".to_owned()];
    Suite { name: called, arguments, environment: Vec::new() }
}
