//! All items of a list, one a line, as the vendor's pages come in; the last line says whether they are all.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use userdir::Call;
use userdir::directory::JsonItems;

use super::Ask;
use super::list::{Items, spared};
use crate::problem::Problem;

const NDJSON: (HeaderName, HeaderValue) = (CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
/// How long a client may leave a page lying before the list is given up.
const STALLED: Duration = Duration::from_secs(60);

pub(super) async fn stream(ask: Ask, filter: Value) -> Result<Response, Problem> {
    // no deadline: each request to the vendor has its own
    let call = ask.common.apply(Call::new().cancelled_by(ask.state.stopping().child_token()));
    let call = spared(&ask.common, &filter, call).observed_by(ask.heads.clone());
    let mut pages = ask.directory.stream_json(&call, ask.action, filter);
    // what fails before anything is delivered is an error like any other
    let first = match pages.next().await {
        Some(Err(error)) => return Err(error.into()),
        first => first,
    };
    let (sender, receiver) = mpsc::channel::<Bytes>(1);
    let tasks = ask.state.tasks().clone();
    tasks.spawn(produce(ask, stream::iter(first).chain(pages).boxed(), sender));
    let lines = stream::unfold(Some(receiver), |receiver| async {
        let mut receiver = receiver?;
        match receiver.recv().await {
            // an empty chunk is the mark that the trailer is out
            Some(chunk) if chunk.is_empty() => None,
            Some(chunk) => Some((Ok(chunk), Some(receiver))),
            None => Some((Err(io::Error::other("the list was cut off")), None)),
        }
    });
    Ok(([NDJSON], Body::from_stream(lines)).into_response())
}

/// Reads pages and hands them on, no faster than the client takes them. Holds the account's place until it is done.
async fn produce(ask: Ask, mut pages: BoxStream<'static, userdir::Result<JsonItems>>, sender: mpsc::Sender<Bytes>) {
    let items = Items::new(&ask.common, ask.action);
    let mut count = 0;
    let trailer = loop {
        let page = tokio::select! {
            page = pages.next() => page,
            () = sender.closed() => return,
        };
        match page {
            None => break json!({"complete": true, "count": count}),
            Some(Err(error)) => {
                let problem = Problem::from(error);
                tracing::warn!(account = %ask.account.id, action = %ask.action, count, status = problem.status().as_u16(), "a stream broke off");
                break json!({"complete": false, "count": count, "error": problem.body()});
            }
            Some(Ok(page)) if page.count == 0 => {}
            Some(Ok(page)) => {
                count += page.count;
                let mut text = String::with_capacity(page.text.len());
                for line in page.lines() {
                    items.shaped(line, &mut text);
                    text.push('\n');
                }
                if sender.send_timeout(text.into(), STALLED).await.is_err() {
                    return;
                }
            }
        }
    };
    let trailer = format!("{}\n", json!({"userdir_trailer": trailer}));
    for chunk in [Bytes::from(trailer), Bytes::new()] {
        if sender.send_timeout(chunk, STALLED).await.is_err() {
            return;
        }
    }
}
