//! One vendor page: the vendor's bytes, where its items are, and the mapping to apply to each.
//!
//! Items are borrowed slices of the body: they are parsed once, into the vendor's wire struct, and kept raw as
//! `remote_data`. A provider makes one page; core makes streams, fills, cuts and writes (see `directory/list.rs`).

use std::{fmt, sync::Arc};

use bytes::Bytes;
use serde::de::Error as _;
use serde_json::value::RawValue;
use userdir_schema::{RemoteData, Unified};

use crate::action::Recheck;
use crate::envelope::{Envelope, Paths};
use crate::error::{Error, ErrorKind, Result};
use crate::http::Slice;

/// What a list action is asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PageRequest<F> {
    /// What to narrow by; only filters of the definition's list are set.
    pub filter: F,
    /// How many items are still wanted; none for all. The vendor's own maximum is a matter of [`Paging`](crate::http::Paging).
    pub wanted: Option<u32>,
    /// The vendor's cursor, from the page before; none for the first page.
    pub cursor: Option<String>,
}

impl<F> PageRequest<F> {
    /// The first page.
    pub fn first(filter: F) -> PageRequest<F> {
        PageRequest { filter, wanted: None, cursor: None }
    }

    /// The page at a cursor.
    #[must_use]
    pub fn at(mut self, cursor: Option<String>) -> PageRequest<F> {
        self.cursor = cursor;
        self
    }

    /// With a number of items that are wanted.
    #[must_use]
    pub fn wanting(mut self, wanted: Option<u32>) -> PageRequest<F> {
        self.wanted = wanted;
        self
    }
}

/// How many items the vendor says there are in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// It counts.
    Exact(u64),
    /// It guesses; nothing is concluded from it.
    Estimate(u64),
}

/// The result of mapping one item.
pub type Mapped<T> = std::result::Result<T, serde_json::Error>;

/// A mapping from a vendor's item to the unified resource: a plain function `fn(&RawValue) -> Mapped<User<'_>>`.
pub trait MapItem<T: Unified>: Send + Sync + 'static {
    /// Maps one item, borrowing from it.
    fn map<'a>(&self, raw: &'a RawValue) -> Mapped<T::Of<'a>>;
}

impl<T, F> MapItem<T> for F
where
    T: Unified,
    F: for<'a> Fn(&'a RawValue) -> Mapped<T::Of<'a>> + Send + Sync + 'static,
{
    fn map<'a>(&self, raw: &'a RawValue) -> Mapped<T::Of<'a>> {
        self(raw)
    }
}

/// Takes items as they are mapped.
pub trait Sink<T: Unified> {
    /// Takes one; it may borrow from the page.
    fn take(&mut self, item: T::Of<'_>) -> Result<()>;
}

/// One vendor page.
pub struct Page<T: Unified> {
    before: Vec<T::Of<'static>>,
    content: Content<T>,
    next: NextPage,
    total: Option<Total>,
    total_path: &'static str,
    recheck: Option<Arc<dyn Recheck<T>>>,
    /// Position of the first item, for vendors that count.
    pub(crate) counts: bool,
}

enum Content<T: Unified> {
    Body { body: Bytes, items: &'static str, map: Arc<dyn MapItem<T>> },
    Values(Vec<T::Of<'static>>),
}

/// Where the next page is.
pub(crate) enum NextPage {
    /// There is none.
    None,
    /// Here.
    At(String),
    /// The body says: a cursor at this path.
    InBody(&'static str),
    /// The body says: a link at this path. Where there is none, a page of this size may not be the last.
    InBodyOrShort { path: &'static str, size: u32 },
    /// The body says: a cursor at this path, which holds for this page size.
    InBodySized { path: &'static str, size: u32 },
    /// The body says: a cursor at one path, which counts while there is `true` at another.
    InBodyWhile { more: &'static str, path: &'static str },
    /// After the items of this one, unless they reach the total.
    Counted(Counted),
}

impl NextPage {
    /// Reads the body's items and what it says of the total and of the next page.
    pub fn envelope<'p>(&self, body: &'p [u8], items: &'static str, total: &'static str) -> Result<Envelope<'p>> {
        let (next, more, size) = match *self {
            NextPage::InBody(path) | NextPage::InBodyOrShort { path, .. } | NextPage::InBodySized { path, .. } => {
                (path, "", "")
            }
            NextPage::InBodyWhile { more, path } => (path, more, ""),
            NextPage::Counted(Counted { told: (more, size), .. }) => ("", more, size),
            NextPage::None | NextPage::At(_) => ("", "", ""),
        };
        let mut envelope = Envelope::read(body, &Paths { items, next, more, total, size }).map_err(not_a_list)?;
        match (self, envelope.more) {
            (NextPage::InBodyOrShort { size, .. }, _)
                if envelope.next.is_none() && envelope.items.len() >= *size as usize =>
            {
                Err(cut(*size))
            }
            (NextPage::InBodyWhile { .. }, None) => {
                Err(Error::unexpected("the vendor's page does not say whether there are more"))
            }
            (NextPage::InBodyWhile { .. }, Some(true)) if envelope.next.is_none() => {
                Err(Error::unexpected("the vendor says that there are more and not where"))
            }
            (NextPage::InBodyWhile { .. }, Some(false)) => {
                envelope.next = None;
                Ok(envelope)
            }
            _ => Ok(envelope),
        }
    }

    /// Where the next page is, given that `came` items came in this one.
    pub fn cursor(&self, envelope: &Envelope<'_>, came: usize, total: Option<Total>) -> Option<String> {
        match self {
            NextPage::None => None,
            NextPage::At(cursor) => Some(cursor.clone()),
            NextPage::InBody(_) | NextPage::InBodyOrShort { .. } | NextPage::InBodyWhile { .. } => {
                envelope.next.clone()
            }
            NextPage::InBodySized { size, .. } => envelope.next.as_ref().map(|cursor| format!("{size}:{cursor}")),
            NextPage::Counted(counted) => match envelope.more {
                Some(false) => None,
                // an empty page of no size goes on where it began, which is seen to be a loop
                Some(true) => Some(counted.at.saturating_add(envelope.size.unwrap_or(came as u64)).to_string()),
                None => counted.next(came, total),
            },
        }
    }
}

/// How a counting vendor goes on.
#[derive(Clone, Copy)]
pub(crate) struct Counted {
    /// Number of the page's first item, or of the page.
    pub at: u64,
    /// Number of the vendor's very first.
    pub first: u64,
    /// Whether pages are counted instead of items.
    pub pages: bool,
    /// Items asked for.
    pub size: u64,
    /// Where the body says whether there are more, and how many items it takes a page for; empty where it does not.
    pub told: (&'static str, &'static str),
}

impl<T: Unified> Page<T> {
    /// Items of a body, at a path such as `Resources` (empty: the body itself is the list), mapped by `map`.
    pub fn of_body(body: Bytes, items: &'static str, map: impl MapItem<T>) -> Page<T> {
        Page::new(Content::Body { body, items, map: Arc::new(map) })
    }

    /// Items that the provider made itself, such as a fixed table of roles.
    pub fn of_values(values: Vec<T::Of<'static>>) -> Page<T> {
        Page::new(Content::Values(values))
    }

    fn new(content: Content<T>) -> Page<T> {
        Page {
            before: Vec::new(),
            content,
            next: NextPage::None,
            total: None,
            total_path: "",
            recheck: None,
            counts: false,
        }
    }

    /// Puts items that the provider made itself before those of the body, such as a fixed table of roles.
    #[must_use]
    pub fn preceded_by(mut self, values: Vec<T::Of<'static>>) -> Page<T> {
        self.before = values;
        self
    }

    /// Where the next page is; none ends the list.
    #[must_use]
    pub fn next(mut self, cursor: Option<String>) -> Page<T> {
        self.next = cursor.map_or(NextPage::None, NextPage::At);
        self
    }

    /// Goes on where a slice does, with its total: for items that were looked up by what the slice listed.
    #[must_use]
    pub fn after(mut self, slice: &Slice) -> Page<T> {
        self.counts = slice.counts;
        self.next(slice.next.clone()).total(slice.total)
    }

    pub(crate) fn then(mut self, next: NextPage) -> Page<T> {
        self.counts = matches!(next, NextPage::Counted(_));
        self.next = next;
        self
    }

    /// What the vendor says of the number of all items.
    #[must_use]
    pub fn total(mut self, total: Option<Total>) -> Page<T> {
        self.total = total;
        self
    }

    /// The exact total is in the body, at this path.
    #[must_use]
    pub(crate) fn total_in_body(mut self, path: &'static str) -> Page<T> {
        self.total_path = path;
        self
    }

    /// Drops items that the filter does not take, for vendors that honour filters at their pleasure.
    #[must_use]
    pub fn rechecked(mut self, filter: impl Recheck<T> + 'static) -> Page<T> {
        self.recheck = Some(Arc::new(filter));
        self
    }

    /// The vendor's bytes, as they came.
    pub fn body(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Body { body, .. } => Some(body),
            Content::Values(_) => None,
        }
    }

    /// Splits the body into items and reads what it says of total and next page.
    pub(crate) fn open(&self) -> Result<Opened<'_, T>> {
        let mut opened = match &self.content {
            Content::Values(values) => {
                Opened { page: self, items: Items::Values(values), next: None, total: self.total }
            }
            Content::Body { body, items, .. } => {
                let envelope = self.next.envelope(body, items, self.total_path)?;
                let total = self.total.or(envelope.total);
                let next = self.next.cursor(&envelope, envelope.items.len(), total);
                return Ok(Opened { page: self, items: Items::Raw(envelope.items), next, total });
            }
        };
        if let NextPage::At(cursor) = &self.next {
            opened.next = Some(cursor.clone());
        }
        Ok(opened)
    }
}

impl Counted {
    /// The cursor after `got` items: none when nothing came, or when the total is reached. Counted pages keep their size,
    /// which the cursor says too: `page:size`.
    pub(crate) fn next(self, got: usize, total: Option<Total>) -> Option<String> {
        let got = got as u64;
        let before = self.at.saturating_sub(self.first);
        let seen = if self.pages { before.saturating_mul(self.size) } else { before }.saturating_add(got);
        let more = match total {
            _ if got == 0 => false,
            Some(Total::Exact(total)) => seen < total,
            // without a total only an empty page is an end: the vendor's own maximum may be smaller than ours
            _ => true,
        };
        more.then(|| match self.pages {
            true => format!("{}:{}", self.at.saturating_add(1), self.size),
            false => self.at.saturating_add(got).to_string(),
        })
    }
}

/// The list may go on, and nothing says where.
fn cut(size: u32) -> Error {
    Error::new(
        ErrorKind::Incomplete,
        format!("the vendor gave a full page of {size} and no next one; there may be more"),
    )
    .hint("make the pages larger than the list, by the account's `page_size`, or narrow the list")
}

pub(crate) fn not_a_list(error: serde_json::Error) -> Error {
    Error::unexpected(format!("the vendor's list cannot be read: {}", Shape(&error)))
        .hint("check `base_url`; if it is right, the vendor changed its answer")
}

/// Says what is wrong with JSON without repeating any of it.
pub(crate) struct Shape<'e>(pub &'e serde_json::Error);

impl fmt::Display for Shape<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.0.classify() {
            serde_json::error::Category::Io | serde_json::error::Category::Syntax => "it is not JSON",
            serde_json::error::Category::Eof => "it ends in the middle",
            serde_json::error::Category::Data => "it has another shape than documented",
        };
        write!(f, "{what} (line {} column {})", self.0.line(), self.0.column())
    }
}

/// A page that has been split.
pub(crate) struct Opened<'p, T: Unified> {
    page: &'p Page<T>,
    items: Items<'p, T>,
    pub next: Option<String>,
    pub total: Option<Total>,
}

enum Items<'p, T: Unified> {
    Raw(Vec<&'p RawValue>),
    Values(&'p [T::Of<'static>]),
}

impl<'p, T: Unified> Opened<'p, T>
where
    T::Of<'static>: Clone,
{
    /// Number of items, before any filter of ours.
    pub fn len(&self) -> usize {
        self.page.before.len() + self.came()
    }

    /// Number of items that the vendor sent.
    fn came(&self) -> usize {
        match &self.items {
            Items::Raw(items) => items.len(),
            Items::Values(items) => items.len(),
        }
    }

    /// Maps the item at `index` and hands it to `with`, together with whether our own filter takes it.
    pub fn with_item<R>(
        &self,
        index: usize,
        keep_raw: bool,
        with: impl FnOnce(T::Of<'_>, bool) -> R,
    ) -> Result<Option<R>> {
        let judge = |item: &T::Of<'_>| self.page.recheck.as_ref().is_none_or(|recheck| recheck.keeps(item));
        let before = &self.page.before;
        let made = match (&self.items, index.checked_sub(before.len())) {
            (_, None) => before.get(index),
            (Items::Values(items), Some(index)) => items.get(index),
            (Items::Raw(items), Some(index)) => {
                let (Some(raw), Content::Body { map, .. }) = (items.get(index).copied(), &self.page.content) else {
                    return Ok(None);
                };
                let item = map_one::<T>(raw, map.as_ref(), keep_raw).map_err(|error| {
                    let number = index + 1;
                    Error::unexpected(format!("item {number} of the vendor's page cannot be read: {}", Shape(&error)))
                })?;
                let kept = judge(&item);
                return Ok(Some(with(item, kept)));
            }
        };
        Ok(made.map(|item| {
            let (kept, mut item) = (judge(item), item.clone());
            if !keep_raw {
                T::set_remote_data(&mut item, None);
            }
            with(item, kept)
        }))
    }
}

/// Maps one raw item and puts the vendor's own bytes in, unless the mapping did.
pub(crate) fn map_one<'a, T: Unified>(raw: &'a RawValue, map: &dyn MapItem<T>, keep_raw: bool) -> Mapped<T::Of<'a>> {
    let mut item = map.map(raw)?;
    if T::id(&item).is_empty() {
        return Err(serde_json::Error::custom("an item without an id"));
    }
    if !keep_raw {
        T::set_remote_data(&mut item, None);
    } else if T::remote_data(&item).is_none() {
        T::set_remote_data(&mut item, Some(RemoteData::from(raw)));
    }
    Ok(item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_ends_at_the_total() {
        let items = Counted { at: 1, first: 1, pages: false, size: 100, told: ("", "") };
        assert_eq!(items.next(100, Some(Total::Exact(250))), Some("101".into()));
        assert_eq!(Counted { at: 201, ..items }.next(50, Some(Total::Exact(250))), None);
        assert_eq!(items.next(20, Some(Total::Exact(250))), Some("21".into()), "a short page is no end");
        assert_eq!(items.next(0, Some(Total::Exact(250))), None);
        assert_eq!(items.next(99, None), Some("100".into()), "without a total only an empty page is the end");
        let pages = Counted { pages: true, size: 30, ..items };
        assert_eq!(pages.next(30, Some(Total::Exact(31))), Some("2:30".into()));
    }

    #[test]
    fn what_the_vendor_says_of_its_pages_goes_before_counting() {
        let next = NextPage::Counted(Counted { at: 0, first: 0, pages: false, size: 100, told: ("more", "limit") });
        let cursor = |body: &str| {
            let envelope = next.envelope(body.as_bytes(), "users", "total").unwrap();
            next.cursor(&envelope, envelope.items.len(), envelope.total)
        };
        assert_eq!(cursor(r#"{"users": [1], "more": false, "limit": 100}"#), None);
        assert_eq!(cursor(r#"{"users": [1], "more": true, "limit": 25}"#), Some("25".into()), "some were left out");
        assert_eq!(cursor(r#"{"users": [], "more": true, "limit": 100}"#), Some("100".into()), "no end");
        assert_eq!(cursor(r#"{"users": [1], "more": true}"#), Some("1".into()), "no size: none is passed over");
        assert_eq!(cursor(r#"{"users": [1]}"#), Some("1".into()), "counted where nothing is said");
        assert!(next.envelope(br#"{"more": false, "limit": 100}"#, "users", "").is_err(), "there is no list");
    }
}
