//! Creates, updates, deletes, and everything with a name of its own.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use userdir::{Call, Effect, Reply};
use userdir_store::{EarlierWrites, target_ids};

use super::Ask;
use super::get::{View, skipped};
use super::input::Input;
use super::shape::with_member;
use crate::answer::Answer;
use crate::problem::Problem;
use crate::writes::{self, Done, EFFECT, Key, Write};

pub(super) async fn write(mut ask: Ask) -> Result<Response, Problem> {
    let passed = ask.common.body_passthrough;
    let body = if passed { Map::new() } else { ask.given.take_members()? };
    let path = path(&ask);
    let input = Input::merge(ask.id.take(), std::mem::take(&mut ask.query).rest(), body)?;
    if ask.common.skip_api_call {
        return Ok(skipped(&ask.common).into_response());
    }
    let call = if ask.common.dry_run { ask.state.plan() } else { ask.state.call() };
    let mut call = ask.common.apply(call).remote_data(input.remote_data.clone());
    if passed {
        let content_type = ask.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        call = call.with_body(content_type.map(str::to_owned), ask.given.bytes.to_vec());
    }
    let input_value = Value::Object(input.members);
    let asked = json!([input.remote_data, ask.common.remote_query, passed]);
    let hash = writes::body_hash([&input_value, &asked], &ask.given.bytes);
    let again = writes::is_to_be_sent_again(&ask.headers);
    let store = ask.state.store().clone();
    let earlier = EarlierWrites::of_action(store, ask.account.id, &ask.directory, ask.action, &input_value);
    let write = Write {
        state: ask.state.clone(),
        principal: ask.principal.clone(),
        account: ask.account.clone(),
        action: ask.action.to_string(),
        targets: target_ids(&input_value),
        request_id: ask.request_id.clone(),
        key: Key::of(&ask.headers, path, hash)?,
        earlier: earlier.send_again(again),
    };
    let answer = write.run(call, move |call| act(ask, call, input_value)).await?;
    Ok(answer.into_response())
}

/// Method and path, spelled in one way.
fn path(ask: &Ask) -> String {
    let info = ask.action.info();
    let id = ask.id.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
    format!("{} {}/{}{id}", info.verb, info.resource, info.method)
}

async fn act(ask: Ask, call: Call, input: Value) -> Result<Done, Problem> {
    let (heads, view) = (ask.heads.clone(), View::new(&ask.common));
    let call = view.watch(call.observed_by(heads.clone()));
    let reply = ask.directory.call_json(&call, ask.action, input).await?;
    if call.is_plan() {
        let answer = planned(&call, &reply);
        return Ok(Done { answer, effect: Some(reply.effect), targets: Vec::new() });
    }
    let told = json!({"effect": reply.effect, "steps": reply.steps, "notes": reply.notes}).to_string();
    let finish = |text: String| with_member(&text, "userdir", &told);
    let answer = view.answer(&ask.common, ask.action.resource(), reply.value.get(), finish);
    let id = serde_json::from_str::<Value>(reply.value.get())
        .ok()
        .and_then(|value| Some(value.get("id")?.as_str()?.to_owned()));
    Ok(Done {
        answer: heads.put(answer).header(EFFECT, reply.effect.as_str()),
        effect: Some(reply.effect),
        targets: id.into_iter().filter(|id| !id.is_empty()).collect(),
    })
}

/// What would be sent.
fn planned(call: &Call, reply: &Reply<Box<serde_json::value::RawValue>>) -> Answer {
    let plan = if reply.effect == Effect::Already { Vec::new() } else { call.planned() };
    let told = json!({"effect": reply.effect, "steps": reply.steps, "notes": reply.notes});
    Answer::value(&json!({"plan": plan, "userdir": told})).header(EFFECT, reply.effect.as_str())
}
