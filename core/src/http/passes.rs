//! Lists that are asked for in several passes, such as users by status or a log by month, or of whose items others are made.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use serde_json::value::RawValue;

use super::{Paging, Request, Slice};
use crate::call::Call;
use crate::error::{Error, ErrorKind, Result};
use crate::mapping::digest;
use crate::page::{Mapped, PageRequest, Total};

/// Where in a list of several passes a page is. Its cursor is
/// `pass|items of the pass seen|their total|page size|digest of the last item|vendor's cursor`.
#[derive(Debug)]
pub struct Pass<'c> {
    /// Name of the pass; empty at the very beginning of the list.
    pub name: &'c str,
    seen: u64,
    /// What the vendor said of the number of items of the pass; none where it says nothing.
    total: Option<u64>,
    /// What was wanted at the beginning: a pass that begins when little is missing must not go on in small pages.
    size: Option<u32>,
    /// Stands for the last item of the page before.
    last: Option<u64>,
    cursor: Option<&'c str>,
}

impl<'c> Pass<'c> {
    /// Reads the cursor that [`Pass::read`] gave.
    ///
    /// # Errors
    /// `InvalidRequest`.
    pub fn of(cursor: Option<&'c str>) -> Result<Pass<'c>> {
        let Some(cursor) = cursor else {
            return Ok(Pass { name: "", seen: 0, total: None, size: None, last: None, cursor: None });
        };
        let read = || {
            let mut parts = cursor.splitn(6, '|');
            let (name, seen, total) = (parts.next()?, parts.next()?, parts.next()?);
            let (size, last, cursor) = (parts.next()?, parts.next()?, parts.next()?);
            Some(Pass {
                name,
                seen: seen.parse().ok()?,
                total: optional(total)?,
                size: optional(size)?,
                last: optional(last)?,
                cursor: Some(cursor).filter(|cursor| !cursor.is_empty()),
            })
        };
        read().ok_or_else(|| Error::invalid("the cursor is not one of this list"))
    }

    /// Reads the page, and says where the list goes on: in this pass, which is called `name` (no `|` in it), else in the
    /// pass `next`.
    ///
    /// # Errors
    /// As [`Request::slice`]; `Incomplete` where the pass ends before its total, or the total falls while it is read by
    /// position: no later pass could tell.
    pub async fn read(
        &self,
        call: &Call,
        request: Request,
        wanted: Option<u32>,
        paging: &Paging,
        name: &str,
        next: Option<String>,
    ) -> Result<(Slice, Option<String>)> {
        let wanted = if self.name.is_empty() { wanted } else { self.size };
        let size = text(wanted);
        let slice = request.slice(call, self.cursor, wanted, paging).await?;
        let items = slice.each(|item| Ok(digest(item.get())))?;
        let seen = self.seen + self.new_of(&items);
        let total = match slice.total {
            Some(Total::Exact(total)) => Some(total),
            _ => self.total,
        };
        self.check(slice.counts, total, seen, slice.next.is_none())?;
        let next = match &slice.next {
            Some(cursor) => {
                let (total, last) = (text(total), text(items.last().copied().or(self.last)));
                Some(format!("{name}|{seen}|{total}|{size}|{last}|{cursor}"))
            }
            None => next.map(|next| format!("{next}|0||{size}||")),
        };
        Ok((slice, next))
    }

    /// How many items of a page are new: pages that overlap must not make up the number for an item that was lost.
    fn new_of(&self, items: &[u64]) -> u64 {
        let again = items.iter().position(|item| Some(*item) == self.last).map_or(0, |last| last + 1);
        items.iter().skip(again).collect::<HashSet<_>>().len() as u64
    }

    /// Refuses a pass that ends before its total, and one that shrank while it was read by position.
    fn check(&self, counts: bool, total: Option<u64>, seen: u64, is_end: bool) -> Result<()> {
        let Some(total) = total else { return Ok(()) };
        let message = if counts && self.total.is_some_and(|before| total < before) {
            "the directory shrank while it was read by position; items may have been passed over".to_owned()
        } else if is_end && seen < total {
            format!("the vendor says there are {total} in one part of the list and gave {seen}")
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::Incomplete, message).hint("list again; if it stays so, ask the vendor"))
    }
}

/// What may be left empty in a cursor; none where it cannot be read.
fn optional<T: FromStr>(text: &str) -> Option<Option<T>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A list in passes whose items move from one to another while it is read, such as users by status.
#[derive(Clone, Copy, Debug)]
pub struct Passes<'p> {
    /// Names of the passes, in the order in which items move on: who does so comes twice at worst.
    pub names: &'p [&'static str],
    /// The one that they move back to. Who does so between two passes is in neither; so it is looked at once more at the
    /// end, unless it is the last, and must be the same.
    pub again: &'static str,
}

impl Passes<'_> {
    /// The page that is asked for, with the name of its pass; the slice says where the list goes on. None where there are no
    /// passes. `list` asks for a pass, whose items `id` tells apart. The cursor is `who was there:cursor of the pass`.
    ///
    /// # Errors
    /// As [`Pass::read`]; `Incomplete` where the second look finds others.
    pub async fn page<F: Sync>(
        &self,
        call: &Call,
        request: &PageRequest<F>,
        paging: &Paging,
        list: impl Fn(&'static str) -> Request,
        id: impl Fn(&RawValue) -> Mapped<String> + Send + Sync,
    ) -> Result<Option<(&'static str, Slice)>> {
        let (seen, cursor) = request.cursor.as_deref().and_then(|cursor| cursor.split_once(':')).unzip();
        let mut seen: Seen = seen.and_then(|seen| seen.parse().ok()).unwrap_or_default();
        let pass = Pass::of(cursor)?;
        let at = self.names.iter().position(|name| *name == pass.name).unwrap_or_default();
        let Some(name) = self.names.get(at).copied() else { return Ok(None) };
        let next = self.names.get(at + 1).map(|next| (*next).to_owned());
        let mark = |item: &RawValue| Ok(digest(&id(item)?));
        let page = pass.read(call, list(name).primary(), request.wanted, paging, name, next);
        let (mut slice, cursor) = page.await?;
        if name == self.again {
            seen = seen.with(slice.each(mark)?);
        } else if cursor.is_none() && self.names.contains(&self.again) {
            seen.still(list(self.again).primary_again().all(call, paging, mark).await?)?;
        }
        // the total is that of the pass, and was compared
        (slice.next, slice.total) = (cursor.map(|cursor| format!("{seen}:{cursor}")), None);
        Ok(Some((name, slice)))
    }
}

/// Who was in a pass, in whatever order, as a number that a cursor can hold. Who moves from one pass to another while the
/// list is read may be in neither: a pass that is read once more at the end tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen(u64);

impl Seen {
    /// With these as well, each as its [`digest`](crate::mapping::digest).
    #[must_use]
    fn with(self, digests: Vec<u64>) -> Seen {
        Seen(digests.into_iter().fold(self.0, u64::wrapping_add))
    }

    /// Compares them with those who are there at the end.
    ///
    /// # Errors
    /// `Incomplete` where they are others.
    fn still(self, digests: Vec<u64>) -> Result<()> {
        match Seen::default().with(digests) == self {
            true => Ok(()),
            false => {
                let what = "somebody was deactivated or activated while the list was read, and may be missing";
                Err(Error::new(ErrorKind::Incomplete, what).hint("list again"))
            }
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Seen {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> std::result::Result<Seen, Self::Err> {
        text.parse().map(Seen)
    }
}

impl Request {
    /// Sends the request for one page of a list of whose items others are made, such as users whose roles are listed. The
    /// vendor's total does not count what is made, so it is compared here.
    ///
    /// # Errors
    /// As [`Pass::read`].
    pub async fn counted_slice<F>(self, call: &Call, request: &PageRequest<F>, paging: &Paging) -> Result<Slice> {
        let pass = Pass::of(request.cursor.as_deref())?;
        let (mut slice, next) = pass.read(call, self, request.wanted, paging, "", None).await?;
        slice.next = next;
        Ok(slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_seen_is_the_same_in_any_order_and_no_other() {
        let seen = Seen::default().with(vec![1, u64::MAX]).with(vec![7]);
        assert_eq!(seen.to_string().parse(), Ok(seen));
        assert!(seen.still(vec![7, 1, u64::MAX]).is_ok());
        assert_eq!(seen.still(vec![7, 1]).unwrap_err().kind(), ErrorKind::Incomplete);
    }

    #[test]
    fn a_cursor_is_read_back() {
        let pass = Pass::of(Some("inactive|10|12|5|7|a|b=")).unwrap();
        assert_eq!((pass.name, pass.seen, pass.total), ("inactive", 10, Some(12)));
        assert_eq!((pass.size, pass.last, pass.cursor), (Some(5), Some(7), Some("a|b=")));
        let pass = Pass::of(Some("pending|0||||")).unwrap();
        assert_eq!((pass.total, pass.size, pass.last, pass.cursor), (None, None, None, None));
        assert_eq!(Pass::of(None).unwrap().name, "");
        for foreign in ["", "pending", "pending|x||||", "a|1|b|||", "a|1||b||", "a|1|||b|", "a|1|2|3|4"] {
            assert!(Pass::of(Some(foreign)).is_err(), "{foreign}");
        }
    }

    #[test]
    fn what_comes_twice_counts_once() {
        let pass = |cursor| Pass::of(Some(cursor)).unwrap();
        assert_eq!(pass("|2|3||7|c").new_of(&[7]), 0, "the page before ended with it");
        assert_eq!(pass("|2|3||7|c").new_of(&[6, 7, 8]), 1);
        assert_eq!(pass("|2|3||7|c").new_of(&[8, 9, 9]), 2);
        assert_eq!(pass("|0||||").new_of(&[7, 8]), 2);
    }

    #[test]
    fn an_end_before_the_total_and_a_total_that_falls_are_no_whole_list() {
        let at = |cursor| Pass::of(cursor).unwrap();
        let (first, later) = (at(None), at(Some("|100|243|||100")));
        let kind = |checked: Result<()>| checked.map_err(|error| error.kind());
        assert_eq!(kind(first.check(true, Some(243), 100, false)), Ok(()));
        assert_eq!(kind(later.check(true, Some(243), 100, true)), Err(ErrorKind::Incomplete), "an empty page");
        assert_eq!(kind(later.check(true, Some(243), 243, true)), Ok(()));
        assert_eq!(kind(later.check(true, Some(300), 200, false)), Ok(()), "more came in between");
        assert_eq!(kind(later.check(true, Some(242), 200, false)), Err(ErrorKind::Incomplete), "somebody went");
        assert_eq!(kind(later.check(false, Some(242), 242, true)), Ok(()), "a cursor passes nobody over");
        assert_eq!(kind(later.check(true, None, 200, true)), Ok(()), "nobody counts");
    }
}
