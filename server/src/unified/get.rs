//! One resource.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use serde_json::Value;
use userdir::observer::Recorder;
use userdir::schema::Resource;

use super::Ask;
use super::exchanges::{Last, debug};
use super::input::Input;
use super::list::with_debug;
use super::shape::{Excluded, normalized};
use crate::answer::Answer;
use crate::params::{Common, Format};
use crate::problem::Problem;

pub(super) async fn get(mut ask: Ask) -> Result<Response, Problem> {
    let input = Input::merge(ask.id.take(), std::mem::take(&mut ask.query).rest(), Default::default())?;
    if ask.common.skip_api_call {
        return Ok(skipped(&ask.common).into_response());
    }
    let (heads, view) = (ask.heads.clone(), View::new(&ask.common));
    let fields = ask.common.exclude.iter().filter(|field| !field.contains('.')).cloned();
    let call = ask.common.apply(ask.state.call()).without_fields(fields).observed_by(heads.clone());
    let reply = ask.directory.call_json(&view.watch(call), ask.action, Value::Object(input.members)).await?;
    let answer = view.answer(&ask.common, ask.action.resource(), reply.value.get(), |text| text);
    Ok(heads.put(answer).into_response())
}

/// What is answered without asking the vendor.
pub(super) fn skipped(common: &Common) -> Answer {
    Answer::json(if common.format == Format::Debug { r#"{"result":null,"debug":null}"# } else { "null" })
}

/// The form in which one resource is answered, and who has to watch for it.
pub(super) enum View {
    Plain,
    Raw(Arc<Last>),
    Debug(Arc<Recorder>),
}

impl View {
    pub fn new(common: &Common) -> View {
        match common.format {
            Format::Raw | Format::Stream => View::Raw(Arc::default()),
            Format::Debug => View::Debug(Arc::default()),
            Format::Unified | Format::Normalized => View::Plain,
        }
    }

    /// The call, watched.
    pub fn watch(&self, call: userdir::Call) -> userdir::Call {
        match self {
            View::Plain => call,
            View::Raw(last) => call.observed_by(last.clone()),
            View::Debug(recorder) => call.observed_by(recorder.clone()),
        }
    }

    /// The answer; `finish` has the last word on the unified text.
    pub fn answer(
        &self,
        common: &Common,
        resource: Resource,
        text: &str,
        finish: impl FnOnce(String) -> String,
    ) -> Answer {
        if let View::Raw(last) = self {
            return last.answer();
        }
        let mut exclude = common.exclude.clone();
        if common.ignore_remote_data {
            exclude.push("remote_data".to_owned());
        }
        let complete = (common.format == Format::Normalized).then(|| normalized(resource, text));
        let text = Excluded::new(&exclude).apply(complete.as_deref().unwrap_or(text)).into_owned();
        let text = finish(text);
        match self {
            View::Debug(recorder) => Answer::json(with_debug(&text, &debug(recorder, None))),
            _ => Answer::json(text),
        }
    }
}
