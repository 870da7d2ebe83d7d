//! The calls that everything is made of: a query and its pages, one record, and the three writes of a record.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use userdir_core::action::ListAction;
use userdir_core::http::{Answer, Next, Paging, Request, Slice, TotalAt};
use userdir_core::{Call, Effect, Error, Mapped, Page, PageRequest, Reply, Result};
use userdir_schema::Unified;

use crate::soql::Query;
use crate::{Salesforce, wire};

/// Where the next page is says the body, as a path; the size is asked for in a header.
const RECORDS: Paging = Paging {
    items: "records",
    limit: "",
    max: 2000,
    next: Next::BodyLink { path: "nextRecordsUrl" },
    total: TotalAt::Body("totalSize"),
};

/// Ids in one query: the query stands in the address, which Salesforce takes up to some 16 kB (unverified).
const IDS: usize = 150;

/// Fields that actions look at before they write: passed through they would go past guards and checks.
const DECIDED: &[&str] = &[
    "IsActive",
    "IsFrozen",
    "ProfileId",
    "UserRoleId",
    "AssigneeId",
    "PermissionSetId",
    "PermissionSetGroupId",
    "GroupId",
    "UserOrGroupId",
];

/// One of several queries whose answers make one list.
pub(crate) struct Part<T: Unified> {
    pub query: Query,
    pub map: for<'a> fn(&'a RawValue) -> Mapped<T::Of<'a>>,
}

impl Salesforce {
    fn at_version(&self, request: Request) -> Request {
        request.id(&format!("v{}.0", self.version))
    }

    /// A query, unsent.
    pub(crate) fn select(&self, query: &Query, wanted: Option<u32>) -> Request {
        let size = RECORDS.size(wanted).max(200);
        self.at_version(self.http.get("services/data"))
            .path("query")
            .query("q", query.to_string())
            .header("sforce-query-options", &format!("batchSize={size}"))
            .guarding(&["q"])
    }

    /// One page of a query, as what the action is about.
    pub(crate) async fn slice(
        &self,
        call: &Call,
        query: &Query,
        cursor: Option<&str>,
        wanted: Option<u32>,
    ) -> Result<Slice> {
        let mut query = Cow::Borrowed(query);
        loop {
            let request = self.select(&query, wanted).primary();
            let slice = request.slice(call, cursor, wanted, &RECORDS).await;
            match shorter(&query, &slice) {
                Some(shorter) => query = Cow::Owned(shorter),
                None => return slice.map_err(explain),
            }
        }
    }

    /// One page of a list that several queries make, one after the other. The cursor is the query's number and the page's
    /// path; the total of one query says nothing of the list, so each must say that it is done.
    pub(crate) async fn parts<F: ListAction>(
        &self,
        call: &Call,
        request: &PageRequest<F>,
        parts: Vec<Part<F::Output>>,
    ) -> Result<Page<F::Output>> {
        let cursor = request.cursor.as_deref().unwrap_or("0 ");
        let at = cursor.split_once(' ').and_then(|(number, path)| Some((number.parse::<usize>().ok()?, path)));
        let Some((number, path)) = at else { return Err(Error::invalid("the cursor names no query")) };
        let Some(part) = parts.get(number) else { return Ok(Page::of_values(Vec::new())) };
        let slice = self.slice(call, &part.query, Some(path).filter(|path| !path.is_empty()), request.wanted).await?;
        let end: wire::End = slice.answer.json()?;
        let next = match (slice.next, number + 1) {
            (Some(path), _) => Some(format!("{number} {path}")),
            (None, _) if !end.done => {
                return Err(Error::unexpected("the vendor says that there are more and not where"));
            }
            (None, following) => (following < parts.len()).then(|| format!("{following} ")),
        };
        Ok(Page::of_body(slice.answer.body, RECORDS.items, part.map).next(next))
    }

    /// Every record of a query.
    pub(crate) async fn rows<R>(
        &self,
        call: &Call,
        query: &Query,
        map: impl Fn(&RawValue) -> Mapped<R> + Send + Sync,
    ) -> Result<Vec<R>> {
        let mut query = Cow::Borrowed(query);
        loop {
            let rows = self.select(&query, None).all(call, &RECORDS, &map).await;
            match shorter(&query, &rows) {
                Some(shorter) => query = Cow::Owned(shorter),
                None => return rows,
            }
        }
    }

    /// What belongs to these users, by user: `field` holds the user's id. Each thing is named once.
    pub(crate) async fn by_user<R: PartialEq>(
        &self,
        call: &Call,
        query: &Query,
        field: &str,
        users: &[String],
        map: impl Fn(&RawValue) -> Mapped<(String, R)> + Send + Sync,
    ) -> Result<HashMap<String, Vec<R>>> {
        let mut by_user: HashMap<String, Vec<R>> = HashMap::new();
        for some in users.chunks(IDS) {
            let query = query.clone().any_of(field, some.iter().map(String::as_str));
            for (user, row) in self.rows(call, &query, &map).await? {
                let rows = by_user.entry(user).or_default();
                if !rows.contains(&row) {
                    rows.push(row);
                }
            }
        }
        Ok(by_user)
    }

    /// The record that a query by id finds, as if it had been answered alone.
    pub(crate) async fn one(&self, call: &Call, query: &Query) -> Result<Answer> {
        let mut query = Cow::Borrowed(query);
        loop {
            let answer = self.select(&query, Some(1)).read(call).await;
            match shorter(&query, &answer) {
                Some(shorter) => query = Cow::Owned(shorter),
                None => return first(&answer?),
            }
        }
    }

    /// The same, as what the action is about.
    pub(crate) async fn get(&self, call: &Call, query: &Query) -> Result<Answer> {
        first(&self.slice(call, query, None, Some(1)).await?.answer)
    }

    /// Refuses an id that is nobody's: a list narrowed by it must not read as one without items.
    pub(crate) async fn must_exist(&self, call: &Call, object: &'static str, id: &str) -> Result<()> {
        let query = Query::new("Id", object).is("Id", id);
        self.one(call, &query).await.map(drop).map_err(|error| error.about(id))
    }

    /// `POST` of a new record.
    pub(crate) fn create(&self, object: &'static str, record: &impl Serialize) -> Request {
        self.at_version(self.http.post("services/data")).path("sobjects").path(object).json(record).guarding(DECIDED)
    }

    /// `PATCH` of the fields given; twice does no harm.
    pub(crate) fn update(&self, object: &'static str, id: &str, fields: &impl Serialize) -> Request {
        let record = self.at_version(self.http.patch("services/data")).path("sobjects").path(object).id(id);
        record.json(fields).guarding(DECIDED).idempotent()
    }

    /// `DELETE` of a record.
    pub(crate) fn delete(&self, object: &'static str, id: &str) -> Request {
        self.at_version(self.http.delete("services/data")).path("sobjects").path(object).id(id)
    }

    /// Makes a record, as what the action is about.
    pub(crate) async fn created<T: Unified>(
        &self,
        call: &Call,
        object: &'static str,
        fields: &impl Serialize,
    ) -> Result<Reply<T>> {
        Ok(match self.create(object, fields).primary().write(call).await? {
            Some(answer) => Reply::sent(&answer.json::<wire::Created>()?.id),
            None => Reply::planned(),
        })
    }

    /// Changes a record, as what the action is about.
    pub(crate) async fn updated<T: Unified>(
        &self,
        call: &Call,
        object: &'static str,
        id: &str,
        fields: &impl Serialize,
    ) -> Result<Reply<T>> {
        let effect = Effect::of_write(self.update(object, id, fields).primary().write(call).await?);
        Ok(Reply::sent(id).with_effect(effect))
    }

    /// Deletes a record, as what the action is about.
    pub(crate) async fn deleted<T: Unified>(&self, call: &Call, object: &'static str, id: &str) -> Result<Reply<T>> {
        let effect = Effect::of_delete(self.delete(object, id).primary().write(call).await)?;
        Ok(Reply::sent(id).with_effect(effect))
    }
}

/// Fields of a name and a description.
pub(crate) fn named(name: Option<String>, description: Option<String>, place: &str) -> Map<String, Value> {
    let fields = [("Name", name), (place, description)].into_iter();
    fields.filter_map(|(field, text)| Some((field.to_owned(), text?.into()))).collect()
}

/// The query to send next: where the token's user may not see a field, the next choice of fields.
fn shorter<T>(query: &Query, sent: &Result<T>) -> Option<Query> {
    let is_hidden = sent.as_ref().is_err_and(|error| error.vendor_code() == Some("INVALID_FIELD"));
    if is_hidden { query.shorter() } else { None }
}

/// The first record of an answer.
fn first(answer: &Answer) -> Result<Answer> {
    let records: wire::Records = answer.json()?;
    let record = records.records.first().ok_or_else(|| Error::not_found("Salesforce has no such record"))?;
    Ok(answer.part(record))
}

/// Says what to do about a page's address that has ended.
fn explain(error: Error) -> Error {
    match error.vendor_code() {
        Some("INVALID_QUERY_LOCATOR") => {
            error.hint("Salesforce forgets where a list goes on after some days, or after ten newer lists; list again")
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ids_of_one_query_fit_into_an_address() {
        let query = crate::users::sets().any_of("AssigneeId", ["005000000000001AAA"; IDS]).to_string();
        let encoded: usize = query.chars().map(|c| if c.is_ascii_alphanumeric() { 1 } else { 3 }).sum();
        assert!(encoded < 16_000, "{encoded}");
    }
}
