//! Lists that are not what an action lists: ids to be looked up, and rows that belong to a resource, such as a user's groups.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use serde_json::value::RawValue;

use crate::call::Call;
use crate::cursor::mark;
use crate::envelope::{Envelope, Paths};
use crate::error::{Details, Error, ErrorKind, Result};
use crate::page::{Mapped, NextPage, Total, not_a_list};

use super::request::Request;
use super::{Answer, Paging};

impl Request {
    /// Sends the request for one page of a list whose items are not what the action lists: ids to be looked up, or rows
    /// that belong to a resource.
    ///
    /// # Errors
    /// As [`Request::page`].
    pub async fn slice(self, call: &Call, cursor: Option<&str>, wanted: Option<u32>, paging: &Paging) -> Result<Slice> {
        let sent = self.send_page(call, cursor, wanted, paging).await?;
        let envelope = sent.next.envelope(&sent.answer.body, paging.items, sent.total_at)?;
        let total = sent.total.or(envelope.total);
        let ends = envelope.items.first().zip(envelope.items.last());
        Ok(Slice {
            mark: ends.map(|(first, last)| mark(first.get(), last.get(), envelope.items.len())),
            next: sent.next.cursor(&envelope, envelope.items.len(), total),
            total,
            counts: matches!(sent.next, NextPage::Counted(_)),
            items: paging.items,
            answer: sent.answer,
        })
    }

    /// Reads a list that belongs to a resource, such as a user's groups, whole: to the last page.
    ///
    /// # Errors
    /// As any read; a list that cannot be read to its end is an error and never a shorter list.
    pub async fn all<R>(
        mut self,
        call: &Call,
        paging: &Paging,
        map: impl Fn(&RawValue) -> Mapped<R> + Send + Sync,
    ) -> Result<Vec<R>> {
        let (mut rows, mut cursor, mut check) = (Vec::new(), None::<String>, Check::default());
        loop {
            let slice = self.again().slice(call, cursor.as_deref(), None, paging).await?;
            check.page(&slice)?;
            for (hash, row) in slice.each(|item| Ok((check.hash.hash_one(item.get()), map(item)?)))? {
                check.items.insert(hash);
                rows.push(row);
            }
            let Some(next) = slice.next else {
                return check.end().map(|()| rows);
            };
            cursor = Some(next);
        }
    }
}

/// One page of a list whose items are not what the action lists.
#[derive(Debug)]
pub struct Slice {
    /// The vendor's answer.
    pub answer: Answer,
    /// Where to go on; none at the end.
    pub next: Option<String>,
    /// What the vendor says of the number of all items.
    pub total: Option<Total>,
    /// Whether the list is read by position.
    pub(crate) counts: bool,
    /// What tells it from other pages; none where it is empty.
    mark: Option<u64>,
    items: &'static str,
}

impl Slice {
    /// The items, mapped. An item that cannot be read fails the whole: a list must not be short without a word.
    ///
    /// # Errors
    /// `UnexpectedResponse`.
    pub fn each<R>(&self, map: impl Fn(&RawValue) -> Mapped<R>) -> Result<Vec<R>> {
        let envelope = Envelope::read(&self.answer.body, &Paths { items: self.items, ..Paths::default() });
        let items = envelope.map_err(not_a_list)?.items;
        items.into_iter().map(map).collect::<Mapped<Vec<R>>>().map_err(not_a_list)
    }
}

/// Whether a list that belongs to a resource is whole: the same as of the lists of the actions.
#[derive(Default)]
struct Check {
    hash: RandomState,
    pages: HashSet<u64>,
    cursors: HashSet<String>,
    /// Different items, as hashes.
    items: HashSet<u64>,
    total: Option<u64>,
}

impl Check {
    /// Refuses loops, and lists that shrink while they are read by position.
    fn page(&mut self, slice: &Slice) -> Result<()> {
        if slice.mark.is_some_and(|page| !self.pages.insert(page)) {
            return Err(Error::unexpected("the vendor sent the same page twice; going on would never end"));
        }
        if slice.next.as_ref().is_some_and(|next| !self.cursors.insert(next.clone())) {
            return Err(Error::unexpected("the vendor's cursor repeats; going on would never end"));
        }
        if let Some(Total::Exact(total)) = slice.total {
            let last = self.total.replace(total);
            if slice.counts && last.is_some_and(|last| total < last) {
                return Err(short(self.items.len() as u64, total));
            }
        }
        Ok(())
    }

    /// Compares what came with what the vendor said there is.
    fn end(&self) -> Result<()> {
        let came = self.items.len() as u64;
        self.total.filter(|total| came < *total).map_or(Ok(()), |total| Err(short(came, total)))
    }
}

fn short(came: u64, total: u64) -> Error {
    let details = Details::List { delivered: came, expected: Some(total), at: 0 };
    Error::new(ErrorKind::Incomplete, format!("the vendor says there are {total} and gave {came}"))
        .with_details(details)
        .hint("try again; if it stays so, ask the vendor")
}
