//! The `userdir` command: the directories of a company's apps from a terminal or a script.
//!
//! `args.rs` has the command tree, `resources.rs` runs the actions of the table, `accounts.rs`, `tokens.rs`, `audit.rs`,
//! `keys.rs` and `providers.rs` the rest; `session.rs` has what they share, `output/` prints data, `errors.rs` everything that went wrong.

mod accounts;
mod args;
mod audit;
mod backup;
mod conformance;
mod demo;
mod errors;
mod input;
mod keys;
mod members;
mod openapi;
mod output;
mod progress;
mod providers;
mod resources;
mod secret;
mod serve;
mod session;
mod tokens;

use std::io::IsTerminal;
use std::{io, process::ExitCode};

use clap::{ArgMatches, FromArgMatches};
use tracing_subscriber::EnvFilter;
use userdir::Action;
use userdir::schema::{Resource, json_schema};

use crate::args::{Fixed, Format, Globals};
use crate::errors::{Failure, Result, usage};
use crate::session::Session;

fn main() -> ExitCode {
    let matches = match args::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return wrong_arguments(&error),
    };
    let globals = match Globals::from_arg_matches(&matches) {
        Ok(globals) => globals,
        Err(error) => return wrong_arguments(&error),
    };
    let format = output::format(globals.format);
    match run(globals, format, &matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(format == Format::Table),
    }
}

fn run(globals: Globals, format: Format, matches: &ArgMatches) -> Result<()> {
    // a server has a log of its own
    if matches.subcommand_name() != Some("serve") {
        logging(&globals)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async { dispatch(&Session::new(globals, format), matches).await })
}

async fn dispatch(session: &Session, matches: &ArgMatches) -> Result<()> {
    if session.format == Format::Markdown && matches.subcommand_name() != Some("conformance") {
        return Err(
            usage("`--format markdown` is for `userdir conformance` alone").hint("choose table, json, ndjson or csv")
        );
    }
    if let Some((name, inside)) = matches.subcommand()
        && let Ok(resource) = name.parse::<Resource>()
    {
        // a resource that can only be listed needs no second word
        let (method, flags) = inside.subcommand().unwrap_or(("list", inside));
        let action =
            Action::find(resource.as_str(), method).ok_or_else(|| usage(format!("there is no `{name} {method}`")))?;
        return resources::run(session, action, flags).await;
    }
    match Fixed::from_arg_matches(matches).map_err(|error| usage(error.to_string()))? {
        Fixed::Providers { slug } => providers::run(session, slug.as_deref()),
        Fixed::Accounts(command) => accounts::run(session, &command).await,
        Fixed::Tokens(command) => tokens::run(session, &command).await,
        Fixed::Audit(command) => audit::run(session, &command).await,
        Fixed::Keys(command) => keys::run(session, &command).await,
        Fixed::Backup { file } => backup::backup(session, &file).await,
        Fixed::Restore { file } => backup::restore(session, &file).await,
        Fixed::Conformance { providers, specs, without_faults } => {
            conformance::run(session, providers, specs, without_faults).await
        }
        Fixed::Demo(demo) => demo::run(session, &demo).await,
        Fixed::Serve(serve) => serve::run(session, &serve).await,
        Fixed::Openapi => openapi::run(),
        Fixed::Schema { resource } => schema(&resource),
        Fixed::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut args::command(), "userdir", &mut script);
            output::line(String::from_utf8_lossy(&script).trim_end())
        }
    }
}

fn schema(resource: &str) -> Result<()> {
    let resource: Resource = resource.parse().map_err(|error| usage(format!("{error}")))?;
    let text = serde_json::to_string_pretty(&json_schema(resource)).map_err(io::Error::from)?;
    output::line(&text)
}

/// Logs go to stderr, and only where they are asked for.
fn logging(globals: &Globals) -> Result<()> {
    let filter = match (&globals.log, globals.verbose) {
        (Some(filter), _) => filter.clone(),
        (None, 0) => return Ok(()),
        (None, 1) => "warn,userdir=debug,userdir_core=debug".to_owned(),
        (None, _) => "info,userdir=trace,userdir_core=trace".to_owned(),
    };
    let filter = EnvFilter::try_new(&filter).map_err(|error| usage(format!("--log `{filter}`: {error}")))?;
    let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(io::stderr).init();
    Ok(())
}

/// Help and version are no errors; what is one is told in the format that was asked for.
fn wrong_arguments(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return if error.print().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if output::format(asked_format()) == Format::Table {
        let _ = error.print();
        return ExitCode::from(2);
    }
    let text = error.to_string();
    let message = text.trim().trim_start_matches("error: ");
    let (message, rest) = message.split_once("\n\n").unwrap_or((message, ""));
    let failure: Failure = usage(one_line(message));
    let failure = if rest.is_empty() { failure } else { failure.hint(one_line(rest)) };
    failure.report(false)
}

/// A text without its line feeds and indents.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The format, where the arguments could not be read.
fn asked_format() -> Option<Format> {
    let words: Vec<String> = std::env::args().collect();
    let mut asked = words.iter().zip(words.iter().skip(1)).filter(|(flag, _)| *flag == "--format");
    let apart = asked.next().map(|(_, value)| value.as_str());
    let value = apart.or_else(|| words.iter().find_map(|word| word.strip_prefix("--format=")))?;
    clap::ValueEnum::from_str(value, true).ok()
}
