//! `userdir demo`: the main job, at vendors that are played inside this process from the providers' fixtures.

use std::io::{IsTerminal, Write};

use futures_util::StreamExt;
use serde_json::Value;
use userdir::schema::Resource;
use userdir::{Action, Call, Directory, FIXTURES, Registration, Runtime, Settings};
use userdir_stand_in::{Case, Files, Fixtures, Played, Playing, StandIn};

use crate::args::Format;
use crate::errors::{Failure, Result};
use crate::output::{self, ListWriter};
use crate::providers;
use crate::session::Session;

/// Characters of a request that are shown.
const LONGEST: usize = 96;

/// The secret of the stand-in accounts.
const SECRET: &str = "demo-secret";

/// Plays every compiled-in provider.
///
/// # Errors
/// Where a provider does not do what its fixtures say.
pub async fn run(session: &Session) -> Result<()> {
    say(
        "Each vendor below is a stand-in inside this process, played from the provider's fixtures.\nNothing leaves this machine.",
    )?;
    for registration in session.registry.providers() {
        let slug = registration.definition.slug;
        let embedded = FIXTURES.iter().find(|(name, _)| *name == slug);
        let files = embedded.map(|(_, dir)| Files::embedded(dir)).transpose();
        let files = files.map_err(|fault| broken(slug, &fault.to_string()))?.unwrap_or_default();
        let demo = Demo { session, registration, account: format!("{slug}-demo") };
        demo.play(&Fixtures::read(&files)).await?;
    }
    next_steps(session)
}

/// The demo of one provider.
struct Demo<'s> {
    session: &'s Session,
    registration: &'static Registration,
    account: String,
}

impl Demo<'_> {
    async fn play(&self, fixtures: &Fixtures) -> Result<()> {
        say(&format!("\n{}", heading(self.registration.definition.name)))?;
        match fixtures.case("list_users", "two-pages") {
            Some(case) => self.list(case).await?,
            None => say("no fixtures to play yet")?,
        }
        for (name, remark) in [("normal", ""), ("already", "  # once more")] {
            if let Some(case) = fixtures.case("deactivate_user", name) {
                self.deactivate(case, remark).await?;
            }
        }
        Ok(())
    }

    async fn list(&self, case: &Case) -> Result<()> {
        say(&command(&format!("userdir users list --all --account {}", self.account)))?;
        let (playing, directory) = self.connect(case).await?;
        let mut writer = ListWriter::new(Format::Table, Resource::Users);
        let filter = Value::Object(playing.script().call.input.clone());
        let mut pages = directory.stream_json(&self.session.call(), Action::ListUsers, filter);
        while let Some(items) = pages.next().await {
            writer.page(&items?)?;
        }
        let count = writer.count();
        writer.complete()?;
        let played = self.finish(playing)?;
        say(&faint(&format!("{count} users, all of them; asked:\n{}", asked(&played))))
    }

    async fn deactivate(&self, case: &Case, remark: &str) -> Result<()> {
        let (playing, directory) = self.connect(case).await?;
        let input = Value::Object(playing.script().call.input.clone());
        let id = ["user_id", "id"].iter().find_map(|name| input.get(*name)?.as_str()).unwrap_or_default();
        say(&command(&format!("userdir users deactivate {id} --account {}{remark}", self.account)))?;
        let call: Call = self.session.call();
        let reply = directory.call_json(&call, Action::DeactivateUser, input.clone()).await?;
        say(&output::sentence(&self.account, Action::DeactivateUser, &input, &reply))?;
        let played = self.finish(playing)?;
        say(&faint(&format!("asked:\n{}", asked(&played))))
    }

    async fn connect(&self, case: &Case) -> Result<(Playing, Directory)> {
        let playing = StandIn::play(case, SECRET).await?;
        let account = playing.script().account.clone().unwrap_or_default();
        let settings = account.settings.into_iter().fold(Settings::new(), |all, (key, value)| all.set(key, value));
        let settings = account.secrets.into_iter().fold(settings, |all, (key, value)| all.secret(key, value));
        let runtime = Runtime::builder().allow_private_networks(true).account(self.account.as_str()).build()?;
        let slug = self.registration.definition.slug;
        Ok((playing, self.session.registry.connect_with(slug, settings, &runtime)?))
    }

    fn finish(&self, playing: Playing) -> Result<Played> {
        let played = playing.finish();
        match played.mismatches.first().or(played.unused.first()) {
            None => Ok(played),
            Some(what) => Err(broken(self.registration.definition.slug, what)),
        }
    }
}

/// The requests that the stand-in had, one a line.
fn asked(played: &Played) -> String {
    let line = |request: &userdir_stand_in::Received| {
        let query: Vec<String> = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let line = format!("  {} {}{query}", request.method, request.path);
        match line.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
            None => line,
        }
    };
    played.requests.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn next_steps(session: &Session) -> Result<()> {
    say(&format!("\n{}", heading("Next: a real account")))?;
    for registration in session.registry.providers() {
        let definition = registration.definition;
        say(&format!("  userdir providers {}\n  {}", definition.slug, providers::example(definition)))?;
    }
    say("  userdir users list --all\n  userdir users deactivate ID --dry-run")
}

fn broken(slug: &str, what: &str) -> Failure {
    userdir::Error::unexpected(format!("the demo of `{slug}` does not go as its fixtures say: {what}")).into()
}

fn say(text: &str) -> Result<()> {
    let mut out = output::stdout();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

fn heading(text: &str) -> String {
    styled("1", &format!("{text}\n{}", "─".repeat(text.chars().count())))
}

fn command(text: &str) -> String {
    format!("\n{}", styled("1", &format!("$ {text}")))
}

fn faint(text: &str) -> String {
    styled("2", text)
}

/// Text in a style, where stdout can show one.
fn styled(code: &str, text: &str) -> String {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if plain || !std::io::stdout().is_terminal() { text.to_owned() } else { format!("\u{1b}[{code}m{text}\u{1b}[0m") }
}
