//! Runs an action of the table: a list, a get or a write.

use std::sync::Arc;

use clap::ArgMatches;
use futures_util::StreamExt;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use userdir::directory::JsonPage;
use userdir::{Action, ActionKind, Call, Directory, Effect, Outcome, Reply};
use userdir_store::{Account, AuditContext, AuditObserver, EarlierWrites, Store};

use crate::args::Format;
use crate::audit;
use crate::errors::{Failure, Result};
use crate::input;
use crate::output::{self, ListWriter};
use crate::progress::Progress;
use crate::session::Session;

/// Runs it with its flags.
///
/// # Errors
/// Wrong usage, or those of the action.
pub async fn run(session: &Session, action: Action, matches: &ArgMatches) -> Result<()> {
    // what is wrong with the flags is told before the store is opened
    let run = Run::read(session, action, matches)?;
    let store = session.store().await?;
    let account = session.account(store.as_ref(), matches.get_one::<String>("account").map(String::as_str)).await?;
    let directory = session.connect(store.clone(), &account).await?;
    match action.info().kind {
        ActionKind::List => run.list(&directory, matches).await,
        ActionKind::Get => run.get(&directory).await,
        ActionKind::Write => run.write(&directory, &account, store).await,
    }
}

/// One action on its way.
struct Run<'s> {
    session: &'s Session,
    action: Action,
    call: Call,
    input: Value,
    send_again: bool,
}

impl<'s> Run<'s> {
    fn read(session: &'s Session, action: Action, matches: &ArgMatches) -> Result<Run<'s>> {
        let is_set = |flag| matches.try_get_one::<bool>(flag).ok().flatten().copied().unwrap_or_default();
        let input = match action.info().kind {
            ActionKind::List => input::filters(matches.get_many::<String>("filter").into_iter().flatten())?,
            ActionKind::Get | ActionKind::Write => input::object(action, matches)?,
        };
        let (query, data) = (input::remote_query(matches)?, input::remote_data(matches)?);
        let call = if is_set("dry-run") { session.plan() } else { session.call() };
        let call = call.remote_query(query).remote_data(data);
        let call = if is_set("no-remote-data") { call.without_remote_data() } else { call };
        Ok(Run { session, action, call, input, send_again: is_set("send-again") })
    }

    async fn list(self, directory: &Directory, matches: &ArgMatches) -> Result<()> {
        if matches.get_flag("all") {
            return self.list_all(directory).await;
        }
        let limit = matches.get_one::<u32>("limit").copied().unwrap_or(100);
        let cursor = matches.get_one::<String>("cursor").map(String::as_str);
        let progress = Progress::start(format!("{}…", self.action));
        let page = directory.list_json(&self.call, self.action, self.input.clone(), limit, cursor).await;
        drop(progress);
        match (self.session.format, page) {
            (Format::Json, page) => output::envelope(&page?),
            (Format::Table, Ok(page)) if self.action == Action::ListMe => self.card(page),
            (format, page) => {
                let mut writer = ListWriter::new(format, self.action.resource());
                match page {
                    Ok(page) => {
                        writer.page(&page.items)?;
                        page.next_cursor.map_or(Ok(()), |cursor| writer.goes_on(&cursor).map(drop))
                    }
                    Err(error) => broken(writer, error.into()),
                }
            }
        }
    }

    async fn list_all(self, directory: &Directory) -> Result<()> {
        let noun = self.action.info().resource.replace('_', " ");
        let mut writer = ListWriter::new(self.session.format, self.action.resource());
        let progress = Progress::start(format!("0 {noun}"));
        let mut pages = directory.stream_json(&self.call, self.action, self.input.clone());
        while let Some(page) = pages.next().await {
            match page {
                Ok(items) => progress.suspend(|| writer.page(&items))?,
                Err(error) => {
                    drop(progress);
                    return broken(writer, error.into());
                }
            }
            progress.say(format!("{} {noun}", writer.count()));
        }
        drop(progress);
        if self.session.format == Format::Table {
            eprintln!("{} {noun}, all of them", writer.count());
        }
        writer.complete()
    }

    /// Who one is, for people.
    fn card(&self, page: JsonPage) -> Result<()> {
        page.items.lines().try_for_each(|item| self.print(item))
    }

    async fn get(self, directory: &Directory) -> Result<()> {
        let reply = self.send(directory).await?;
        for note in &reply.notes {
            eprintln!("note: {}", output::clean(note));
        }
        self.print(reply.value.get())
    }

    async fn write(mut self, directory: &Directory, account: &Account, store: Arc<dyn Store>) -> Result<()> {
        let context = AuditContext::new(account.id, audit::ACTOR, self.action.to_string(), &self.input);
        let earlier = EarlierWrites::of_action(store.clone(), account.id, directory, self.action, &self.input);
        let earlier = Arc::new(earlier.send_again(self.send_again));
        let observer = Arc::new(AuditObserver::new(store, context));
        self.call = self.call.observed_by(earlier.clone()).observed_by(observer.clone());
        let sent = self.send(directory).await;
        if sent.as_ref().is_err_and(|error| error.outcome() == Outcome::Unknown) {
            earlier.note_accepted().await;
        }
        let effect = sent.as_ref().map(|reply| reply.effect);
        if let Err(error) = observer.finish(effect).await {
            // what was done must not look as if it had failed
            eprintln!("note: the audit does not have the outcome: {error}");
        }
        let reply = sent?;
        let account = account.name.as_str();
        let planned = self.call.is_plan();
        if self.session.format == Format::Table {
            let steps = self.call.planned();
            return output::line(&if planned {
                output::plan_text(account, self.action, &self.input, &reply, &steps)
            } else {
                output::sentence(account, self.action, &self.input, &reply)
            });
        }
        let told = json!({"effect": reply.effect, "steps": reply.steps, "notes": reply.notes});
        if planned {
            let plan = if reply.effect == Effect::Already { Vec::new() } else { self.call.planned() };
            return output::line(&json!({"plan": plan, "userdir": told}).to_string());
        }
        self.print(&with_member(reply.value.get(), "userdir", &told))
    }

    async fn send(&self, directory: &Directory) -> userdir::Result<Reply<Box<RawValue>>> {
        let _progress = Progress::start(format!("{}…", self.action));
        directory.call_json(&self.call, self.action, self.input.clone()).await
    }

    fn print(&self, object: &str) -> Result<()> {
        let columns = output::csv_columns(self.action.resource());
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        output::object(self.session.format, &columns, object)
    }
}

/// Ends the output of a list that broke off, and hands its failure on.
fn broken(writer: ListWriter, failure: Failure) -> Result<()> {
    writer.broken(&failure)?;
    Err(failure)
}

/// An object's text with one member more; its own bytes stay as they are.
fn with_member(object: &str, name: &str, value: &Value) -> String {
    let open = object.trim().strip_suffix('}').unwrap_or(object).trim_end();
    let comma = if open.ends_with('{') { "" } else { "," };
    format!("{open}{comma}{}:{value}}}", json!(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_added_to_the_text() {
        let told = json!({"effect": "applied"});
        assert_eq!(with_member(r#"{"id":"1"}"#, "userdir", &told), r#"{"id":"1","userdir":{"effect":"applied"}}"#);
        assert_eq!(with_member("{ }", "userdir", &told), r#"{"userdir":{"effect":"applied"}}"#);
    }
}
