//! Lists: a page, all pages in one answer, one vendor page as it came.

use std::collections::HashSet;
use std::sync::Arc;

use axum::http::header::HeaderName;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde_json::{Map, Value, json};
use userdir::directory::JsonPage;
use userdir::observer::Recorder;
use userdir::{Action, Call};

use super::exchanges::{Last, OfList, debug};
use super::shape::{Excluded, normalized, quoted};
use super::{Ask, input, stream};
use crate::answer::Answer;
use crate::app::Count;
use crate::params::{Common, Format};
use crate::problem::Problem;

/// Where a `raw` list goes on.
const NEXT_CURSOR: HeaderName = HeaderName::from_static("x-userdir-next-cursor");
/// Items that one answer may hold.
const MOST_ITEMS: usize = 100_000;
/// Bytes that the items of one answer may have, whatever list it is: they are held in memory.
pub const MOST_BYTES: usize = 32 << 20;

pub(super) async fn list(mut ask: Ask) -> Result<Response, Problem> {
    check(&ask.common)?;
    let filter = Value::Object(input::filters(std::mem::take(&mut ask.query).rest()));
    if ask.common.skip_api_call {
        let envelope = Items::new(&ask.common, ask.action).envelope(None, false)?;
        let text = if ask.common.format == Format::Debug { with_debug(&envelope, &Value::Null) } else { envelope };
        return Ok(Answer::json(text).into_response());
    }
    let heads = ask.heads.clone();
    let call = spared(&ask.common, &filter, ask.common.apply(ask.state.call()));
    let call = call.observed_by(heads.clone());
    match ask.common.format {
        Format::Stream => stream::stream(ask, filter).await,
        Format::Raw => raw(&ask, call, filter).await.map(|answer| heads.put(answer).into_response()),
        _ if ask.common.ignore_limit => {
            let (items, is_partial) = whole(&ask, &call, filter).await?;
            let count = items.count;
            Ok(counted(heads.put(Answer::json(items.envelope(None, is_partial)?)), count))
        }
        format => {
            let recorder = Arc::new(Recorder::default());
            let call = if format == Format::Debug { call.observed_by(recorder.clone()) } else { call };
            let page = ask
                .directory
                .list_json(&call, ask.action, filter, ask.common.limit, ask.common.cursor.as_deref())
                .await?;
            let JsonPage { items: came, next_cursor, is_partial } = page;
            let mut items = Items::new(&ask.common, ask.action);
            came.lines().for_each(|line| items.add(line));
            // not held beside what is made of it
            drop(came);
            let (cursor, count) = (next_cursor.as_deref(), items.count);
            let envelope = items.envelope(cursor, is_partial)?;
            let text = match format {
                Format::Debug => {
                    let of_list = OfList { next_cursor: cursor, count };
                    with_debug(&envelope, &debug(&recorder, Some(of_list)))
                }
                _ => envelope,
            };
            Ok(counted(heads.put(Answer::json(text)), count))
        }
    }
}

/// The answer, with the number of its items for the log.
fn counted(answer: Answer, items: usize) -> Response {
    let mut response = answer.into_response();
    response.extensions_mut().insert(Count(items as u64));
    response
}

/// Parameters that do not go together.
fn check(common: &Common) -> Result<(), Problem> {
    let one_page = matches!(common.format, Format::Debug | Format::Raw);
    if common.ignore_limit && one_page {
        return Err(Problem::bad_request(
            "`truto_ignore_limit` does not go with `debug` and `raw`, which show one page",
        )
        .hint("leave one of them out"));
    }
    let over_all = common.format == Format::Stream || common.ignore_limit;
    if over_all && common.cursor.is_some() {
        return Err(Problem::bad_request("`next_cursor` does not go with a list of all pages").hint("leave it out"));
    }
    if common.key_by.is_some() && matches!(common.format, Format::Stream | Format::Raw) {
        return Err(Problem::bad_request("`truto_key_by` does not go with `stream` and `raw`"));
    }
    Ok(())
}

/// A call that spares what only fills fields that are left out. A filter may need what is not shown, so only a list
/// without one is spared anything.
pub(super) fn spared(common: &Common, filter: &Value, call: Call) -> Call {
    let whole = common.exclude.iter().filter(|field| !field.contains('.'));
    if filter.as_object().is_some_and(Map::is_empty) { call.without_fields(whole.cloned()) } else { call }
}

/// The vendor's body of one page as it came.
async fn raw(ask: &Ask, call: Call, filter: Value) -> Result<Answer, Problem> {
    let last = Arc::new(Last::default());
    let call = call.observed_by(last.clone());
    let cursor = ask.common.cursor.as_deref();
    let next = ask.directory.vendor_page(&call, ask.action, filter, ask.common.limit, cursor).await?;
    let answer = last.answer();
    Ok(match next {
        Some(next) => answer.header(NEXT_CURSOR, &next),
        None => answer,
    })
}

/// All pages. They are held here until the last one is in: an answer that has begun could no longer say that it is short.
async fn whole(ask: &Ask, call: &Call, filter: Value) -> Result<(Items, bool), Problem> {
    let _place = ask.state.limiter().whole_list()?;
    let mut pages = ask.directory.stream_json(call, ask.action, filter);
    let mut items = Items::new(&ask.common, ask.action);
    while let Some(page) = pages.next().await {
        page?.lines().for_each(|line| items.add(line));
        if items.count > MOST_ITEMS || items.text.len() > MOST_BYTES {
            let most = format!("{MOST_ITEMS} items or {} MiB", MOST_BYTES >> 20);
            return Err(Problem::bad_request(format!("the list is larger than one answer may be: {most}"))
                .hint("ask for it with `truto_response_format=stream`, which has no end"));
        }
    }
    let is_partial = ask.directory.definition().facts(ask.action).is_some_and(|facts| facts.partial);
    Ok((items, is_partial))
}

/// Items as they are asked for, written into the answer's own text one by one: no second copy of them is made.
pub(super) struct Items {
    excluded: Excluded,
    normalized: Option<userdir::schema::Resource>,
    /// The field by which they are found, and what they have there.
    key_by: Option<String>,
    seen: HashSet<String>,
    /// Why they cannot be found by it.
    fault: Option<&'static str>,
    text: String,
    count: usize,
}

impl Items {
    pub fn new(common: &Common, action: Action) -> Items {
        let mut exclude = common.exclude.clone();
        if common.ignore_remote_data {
            exclude.push("remote_data".to_owned());
        }
        Items {
            excluded: Excluded::new(&exclude),
            normalized: (common.format == Format::Normalized).then(|| action.resource()),
            key_by: common.key_by.clone(),
            seen: HashSet::new(),
            fault: None,
            text: format!(r#"{{"result":{}"#, if common.key_by.is_some() { '{' } else { '[' }),
            count: 0,
        }
    }

    /// One item in the form that is asked for.
    pub fn shaped(&self, item: &str, into: &mut String) {
        match self.normalized {
            Some(resource) => into.push_str(&self.excluded.apply(&normalized(resource, item))),
            None => into.push_str(&self.excluded.apply(item)),
        }
    }

    fn add(&mut self, item: &str) {
        let mut text = std::mem::take(&mut self.text);
        if self.count > 0 {
            text.push(',');
        }
        if let Some(field) = &self.key_by {
            let key = key(item, field);
            match key.filter(|key| self.seen.insert(key.clone())) {
                Some(key) => text.push_str(&quoted(&key)),
                None => drop(self.fault.get_or_insert("not every item has a text or number of its own there")),
            }
            text.push(':');
        }
        self.shaped(item, &mut text);
        self.text = text;
        self.count += 1;
    }

    /// The envelope of a list. Two items under one key would be one: that would be a short list, so it is refused.
    fn envelope(mut self, cursor: Option<&str>, is_partial: bool) -> Result<String, Problem> {
        if let (Some(field), Some(fault)) = (&self.key_by, self.fault) {
            return Err(Problem::bad_request(format!("the list cannot be keyed by `{field}`: {fault}"))
                .hint("key it by a field that every item has with a value of its own, such as `id`"));
        }
        let (end, count) = (if self.key_by.is_some() { '}' } else { ']' }, self.count);
        let cursor = cursor.map_or_else(|| "null".to_owned(), quoted);
        self.text.push_str(&format!(
            r#"{end},"next_cursor":{cursor},"prev_cursor":null,"result_count":{count},"is_partial_response":{is_partial}}}"#
        ));
        Ok(self.text)
    }
}

/// What an item has in a field; inner ones with dots.
fn key(item: &str, field: &str) -> Option<String> {
    let item: Value = serde_json::from_str(item).ok()?;
    match field.split('.').try_fold(&item, |at, name| at.get(name))? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What `debug` answers.
pub(super) fn with_debug(result: &str, debug: &Value) -> String {
    format!(r#"{{"result":{result},"debug":{}}}"#, json!(debug))
}
