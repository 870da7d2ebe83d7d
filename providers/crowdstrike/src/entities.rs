//! How Falcon shows things: a query lists ids, a second call shows what they stand for.

use std::collections::HashMap;

use serde_json::value::RawValue;
use userdir_core::http::{Answer, Next, Paging, Request, TotalAt};
use userdir_core::{Call, Error, ErrorKind, Mapped, Outcome, Result};
use userdir_schema::Text;

use crate::{CrowdStrike, wire};

/// Lists of ids, and of a user's grants.
pub(crate) const QUERY: Paging = Paging {
    items: "resources",
    limit: "limit",
    max: 500,
    next: Next::Offset { parameter: "offset", first: 0 },
    total: TotalAt::Body("meta.pagination.total"),
};

/// The same of Flight Control, which does not say how large a page may be (100 is unverified).
pub(crate) const FLIGHT_CONTROL_QUERY: Paging = Paging { max: 100, ..QUERY };

/// An id in a list of ids.
pub(crate) fn id(raw: &RawValue) -> Mapped<String> {
    serde_json::from_str(raw.get())
}

/// How things of one kind are shown.
#[derive(Debug)]
pub(crate) struct Entities {
    /// The request that shows what these ids stand for.
    pub ask: fn(&CrowdStrike, &[String]) -> Request,
    /// Ids that one request takes.
    pub most: usize,
    /// The id of what is shown.
    pub id: fn(&RawValue) -> Mapped<Text<'_>>,
}

impl CrowdStrike {
    /// What these ids stand for, as one JSON list in their order: Falcon answers in any order. One that is not shown
    /// fails the whole, since a list must not be short without a word.
    pub(crate) async fn show(
        &self,
        call: &Call,
        kind: &Entities,
        ids: &[String],
        cid: Option<&str>,
    ) -> Result<Vec<u8>> {
        let mut list = b"[".to_vec();
        for ids in ids.chunks(kind.most) {
            let asked = (kind.ask)(self, ids).query_if("cid", cid).as_read().read(call).await;
            let answer = asked.map_err(vanished_where_missing)?;
            let by_id = shown(&answer, kind)?;
            for id in ids {
                let raw = by_id.get(id.as_str()).ok_or_else(vanished)?;
                if list.len() > 1 {
                    list.push(b',');
                }
                list.extend_from_slice(raw.get().as_bytes());
            }
        }
        list.push(b']');
        Ok(list)
    }

    /// The same, each mapped.
    pub(crate) async fn show_each<R>(
        &self,
        call: &Call,
        kind: &Entities,
        ids: &[String],
        cid: Option<&str>,
        map: fn(&RawValue) -> Mapped<R>,
    ) -> Result<Vec<R>> {
        let list = self.show(call, kind, ids, cid).await?;
        let read = serde_json::from_slice::<Vec<&RawValue>>(&list).and_then(|list| list.into_iter().map(map).collect());
        read.map_err(|error| Error::unexpected("what is shown cannot be read").caused_by(error))
    }

    /// The request that shows what one id stands for.
    pub(crate) fn ask(&self, kind: &Entities, id: &str) -> Request {
        (kind.ask)(self, &[id.to_owned()]).as_read()
    }
}

/// What an answer shows, by id.
fn shown<'a>(answer: &'a Answer, kind: &Entities) -> Result<HashMap<Text<'a>, &'a RawValue>> {
    let shown: wire::Resources = answer.json()?;
    let by_id = shown.resources.into_iter().flatten().map(|raw| Ok(((kind.id)(raw)?, raw))).collect::<Mapped<_>>();
    by_id.map_err(|error| Error::unexpected("something shown has no id").caused_by(error))
}

/// What the one id stands for that a request asks for. Falcon shows nothing of an id that it does not know; something of
/// another id, such as one in other letters, is not what was asked for.
pub(crate) async fn the_one(call: &Call, kind: &Entities, request: Request, id: &str) -> Result<Answer> {
    let answer = request.read(call).await.map_err(|error| error.about(id))?;
    let found = shown(&answer, kind)?.get(id).map(|raw| answer.part(raw));
    found.ok_or_else(|| Error::not_found("the vendor shows nothing of this id").about(id))
}

/// The first thing that an answer shows.
fn first(answer: &Answer) -> Result<Option<Answer>> {
    let shown: wire::Resources = answer.json()?;
    Ok(shown.resources.into_iter().flatten().next().map(|raw| answer.part(raw)))
}

/// The members of a group, or the groups of a user, as the first thing shown has them.
pub(crate) fn ids_of(answer: &Answer) -> Result<Vec<String>> {
    let members = first(answer)?.map(|shown| shown.json::<wire::Members>()).transpose()?;
    Ok(members.and_then(|members| members.ids).unwrap_or_default())
}

/// What was made, as the answer to its making shows it.
pub(crate) fn made(answer: &Answer) -> Result<Answer> {
    let nothing = || Error::unexpected("the vendor accepted it and shows nothing new").with_outcome(Outcome::Unknown);
    first(answer)?.ok_or_else(nothing)
}

fn vanished() -> Error {
    Error::new(ErrorKind::Incomplete, "Falcon listed an id and does not show what it stands for")
        .hint("it may have been deleted in between; list again")
}

/// The error about something that was listed: a list must not read as one of nobody.
pub(crate) fn vanished_where_missing(error: Error) -> Error {
    if error.kind() == ErrorKind::NotFound { vanished() } else { error }
}
