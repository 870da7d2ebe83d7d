//! Chores of the project: `cargo xtask new-provider NAME` makes a provider crate, `cargo xtask bless NAME` writes what its
//! cases give into their expected files, `cargo xtask docs` writes what is generated in the docs,
//! `cargo xtask docs --check` says what is stale, and `cargo xtask mutate` sees whether the tests find seeded faults.

mod docs;
mod mutate;
mod new_provider;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Chores of the project")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Make a provider crate: its folder, and the rows in `userdir/`.
    NewProvider {
        /// Slug: lower-case letters, digits and hyphens, such as `slack-enterprise`.
        slug: String,
        /// Name of the product [default: the slug with capitals].
        #[arg(long)]
        name: Option<String>,
    },
    /// Write what a provider's cases give into the expected files they name. Read the difference like code.
    Bless {
        /// Slug of the provider.
        slug: String,
    },
    /// Write the generated parts of the docs: the matrix in the README, and `docs/openapi.json`.
    Docs {
        /// Write nothing; exit 1 where something is stale.
        #[arg(long)]
        check: bool,
    },
    /// Make the faults of xtask/mutations, one after the other in a copy of the workspace, and see whether the tests find
    /// them. Exit 1 where they do not.
    Mutate(mutate::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().chore {
        Chore::NewProvider { slug, name } => new_provider::run(&root(), &slug, name.as_deref()),
        Chore::Bless { slug } => bless(&root(), &slug),
        Chore::Docs { check } => docs::run(&root(), check),
        Chore::Mutate(options) => mutate::run(&root(), &options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn bless(root: &Path, slug: &str) -> anyhow::Result<()> {
    let registration = userdir::Registry::compiled_in().get(slug)?;
    let fixtures = root.join("providers").join(registration.definition.slug).join("fixtures");
    let runtime = tokio::runtime::Runtime::new()?;
    let blessed = runtime.block_on(userdir_harness::bless(registration, &fixtures))?;
    for path in &blessed.written {
        println!("wrote {}", path.strip_prefix(root).unwrap_or(path).display());
    }
    for case in &blessed.left_out {
        println!("left out: {case}");
    }
    Ok(())
}

/// The workspace that cargo runs this program in; a copy of it that shares the build would be another.
fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let package = Path::new(&package);
    package.parent().unwrap_or(package).to_path_buf()
}
