//! Lists across pages: streams, limits, cursors, and completeness.
//!
//! A list ends complete, or with an error that says where it stopped. Where the vendor gives an exact total, it is
//! compared with the number of different ids; a repeated page or cursor is an error.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, RandomState};

use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use tokio::task::JoinHandle;
use userdir_schema::{IntoOwned, Unified};

use super::Directory;
use crate::action::ListAction;
use crate::call::Call;
use crate::cursor::{Binding, Position, mark};
use crate::error::{Details, Error, ErrorKind, Result};
use crate::page::{Opened, Page, PageRequest, Sink, Total};

/// One page as the caller asked for it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListPage<T> {
    /// At most as many as asked for; never empty while there is a cursor.
    pub items: Vec<T>,
    /// Where to go on; none when the list is complete.
    pub next_cursor: Option<String>,
    /// The vendor's list shows fewer fields than its get.
    pub is_partial: bool,
}

/// Keeps items, owned.
struct Owned<T>(Vec<T>);

impl<T: Unified> Sink<T> for Owned<T> {
    fn take(&mut self, item: T::Of<'_>) -> Result<()> {
        self.0.push(item.into_owned());
        Ok(())
    }
}

impl Directory {
    /// One page of at most `limit` items.
    ///
    /// # Errors
    /// As the action's; `InvalidRequest` for a cursor that is not for this list.
    pub async fn list<F: ListAction>(
        &self,
        call: &Call,
        filter: F,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<ListPage<F::Output>> {
        let mut sink = Owned(Vec::new());
        let next_cursor = self.fill(call, filter, limit, cursor, &mut sink).await?;
        Ok(ListPage { items: sink.0, next_cursor, is_partial: self.is_partial::<F>() })
    }

    /// All items, page by page.
    pub fn stream<F: ListAction>(
        &self,
        call: &Call,
        filter: F,
    ) -> impl Stream<Item = Result<F::Output>> + Send + Unpin + use<F> {
        let pages = self.pages(call, filter, || Owned::<F::Output>(Vec::new()));
        pages.map_ok(|owned| stream::iter(owned.0.into_iter().map(Ok))).try_flatten().boxed()
    }

    /// Fills a sink with at most `limit` items and gives the cursor to go on with.
    pub(super) async fn fill<F: ListAction>(
        &self,
        call: &Call,
        filter: F,
        limit: u32,
        cursor: Option<&str>,
        sink: &mut (impl Sink<F::Output> + Send),
    ) -> Result<Option<String>> {
        let mut walk = self.walk(call, filter, cursor)?;
        let mut left = limit.max(1);
        while left > 0 && !walk.ended {
            let taken = walk.step(Some(left), sink).await?;
            left -= taken.min(left);
        }
        walk.next_cursor()
    }

    /// Reads one vendor page, whole, and gives the cursor to go on behind it.
    pub(super) async fn one_page<F: ListAction>(
        &self,
        call: &Call,
        filter: F,
        wanted: u32,
        cursor: Option<&str>,
    ) -> Result<Option<String>> {
        let mut walk = self.walk(call, filter, cursor)?;
        walk.pass(wanted.max(1)).await.map_err(|error| self.explain(error, F::ACTION))?;
        walk.next_cursor()
    }

    /// A list that stands at a cursor.
    fn walk<F: ListAction>(&self, call: &Call, filter: F, cursor: Option<&str>) -> Result<Walk<F>> {
        let filter = self.ready(call, F::ACTION, filter)?;
        let position = match cursor.filter(|cursor| !cursor.is_empty()) {
            Some(cursor) => {
                self.binding().open(&filter, cursor).map_err(|error| error.during(self.slug(), F::ACTION))?
            }
            None => Position::default(),
        };
        Ok(Walk::new(self.clone(), call.clone(), filter, position))
    }

    /// A stream of sinks, one a vendor page, with the next page asked for while this one is mapped.
    pub(super) fn pages<F, S>(
        &self,
        call: &Call,
        filter: F,
        new: fn() -> S,
    ) -> impl Stream<Item = Result<S>> + Send + use<F, S>
    where
        F: ListAction,
        S: Sink<F::Output> + Send + 'static,
    {
        let (ready, filter) = match self.ready(call, F::ACTION, filter) {
            Ok(filter) => (Ok(()), filter),
            Err(error) => (Err(error), F::default()),
        };
        let walk = Walk::new(self.clone(), call.clone(), filter, Position::default());
        stream::try_unfold((walk, Some(ready), new), |(mut walk, ready, new)| async move {
            if let Some(ready) = ready {
                ready?;
            }
            if walk.ended {
                // what came is handed on first, and then said to be short
                return walk.short.take().map_or(Ok(None), Err);
            }
            let mut sink = new();
            walk.step(None, &mut sink).await?;
            Ok(Some((sink, (walk, None, new))))
        })
    }

    fn binding(&self) -> Binding<'_> {
        let runtime = &self.inner.runtime;
        Binding { key: &runtime.shared.cursor_key, account: runtime.account(), provider: self.slug() }
    }

    pub(super) fn is_partial<F: ListAction>(&self) -> bool {
        self.definition().facts(F::ACTION).is_some_and(|facts| facts.partial)
    }
}

/// A list on its way through the pages.
struct Walk<F: ListAction> {
    directory: Directory,
    call: Call,
    filter: F,
    position: Position,
    /// The page after this one, already asked for.
    prefetched: Option<Prefetch<Page<F::Output>>>,
    /// Pages read so far.
    pages: u64,
    /// Items delivered by the calls before this one, and by this one.
    before: u64,
    delivered: u64,
    last_total: Option<u64>,
    seen: Seen,
    ended: bool,
    /// Why the list is short although every page came.
    short: Option<Error>,
}

/// A page that is being read. It ends with the list, so that nothing is asked for that nobody waits for.
struct Prefetch<T>(JoinHandle<Result<T>>);

impl<T> Drop for Prefetch<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What was seen, as hashes: of cursors and pages always (8 bytes a page), of ids only where there is an exact total
/// to compare with (8 bytes an item).
#[derive(Default)]
struct Seen {
    hash: RandomState,
    cursors: HashSet<u64>,
    pages: HashSet<u64>,
    ids: HashSet<u64>,
    /// Whether the ids of all pages so far are in.
    has_all_ids: bool,
}

impl Seen {
    fn hash(&self, what: impl Hash) -> u64 {
        self.hash.hash_one(what)
    }
}

impl<F: ListAction> Walk<F> {
    fn new(directory: Directory, call: Call, filter: F, position: Position) -> Walk<F> {
        let mut seen = Seen { has_all_ids: position.seen == 0, ..Seen::default() };
        // a cursor that leads to itself is a loop, also from one limited page to the next
        if let Some(cursor) = &position.vendor {
            let hash = seen.hash(cursor);
            seen.cursors.insert(hash);
        }
        let before = position.seen;
        Walk {
            directory,
            call,
            filter,
            position,
            prefetched: None,
            pages: 0,
            before,
            delivered: 0,
            last_total: None,
            seen,
            ended: false,
            short: None,
        }
    }

    /// The cursor to go on with; none at the end.
    fn next_cursor(&mut self) -> Result<Option<String>> {
        match self.short.take() {
            Some(error) => Err(error),
            None if self.ended => Ok(None),
            None => self.directory.binding().seal(&self.filter, &self.position).map(Some),
        }
    }

    /// Goes over one vendor page without looking at its items.
    async fn pass(&mut self, wanted: u32) -> Result<()> {
        self.pages += 1;
        let page = self.fetch(self.position.vendor.clone(), Some(wanted)).await?;
        let opened = page.open()?;
        self.check_page(&page, &opened)?;
        // a cursor into the middle of a page leads to the whole of it
        self.position.seen = self.position.seen.saturating_sub(u64::from(self.position.skip)) + opened.len() as u64;
        self.position.last = None;
        self.seen.has_all_ids = false;
        self.go_on(&opened);
        Ok(())
    }

    /// Stands before the next page, or at the end.
    fn go_on(&mut self, opened: &Opened<'_, F::Output>) {
        self.position.skip = 0;
        self.position.vendor = opened.next.clone();
        if opened.next.is_none() {
            self.short = self.check_end().map(|error| self.directory.explain(error, F::ACTION));
            self.ended = true;
        }
    }

    /// Reads one vendor page into the sink, up to `limit` items; gives how many the sink took.
    async fn step(&mut self, limit: Option<u32>, sink: &mut (impl Sink<F::Output> + Send)) -> Result<u32> {
        self.pages += 1;
        let delivered = self.delivered;
        match self.try_step(limit, sink).await {
            Ok(taken) => Ok(taken),
            Err(error) => {
                self.ended = true;
                self.prefetched = None;
                // a page that fails is not handed on at all
                self.delivered = delivered;
                Err(self.directory.explain(self.place(error), F::ACTION))
            }
        }
    }

    /// Says how far the list got, where it got anywhere.
    fn place(&self, error: Error) -> Error {
        if self.pages == 1 && self.delivered + self.before == 0 || !matches!(error.details(), Details::None) {
            return error;
        }
        let details = Details::List { delivered: self.delivered, expected: self.last_total, at: self.pages };
        let (page, before) = match self.before {
            0 => (format!("page {}", self.pages), String::new()),
            before => (format!("page {} of this call", self.pages), format!(", and {before} before it,")),
        };
        let far = format!("; the list stopped on {page} after {} items{before} and is not complete", self.delivered);
        error.and_so(&far).with_details(details)
    }

    async fn try_step(&mut self, limit: Option<u32>, sink: &mut (impl Sink<F::Output> + Send)) -> Result<u32> {
        let page = match self.prefetched.take() {
            Some(mut task) => (&mut task.0)
                .await
                .map_err(|error| Error::unexpected("reading the next page was cut off").caused_by(error))??,
            None => self.fetch(self.position.vendor.clone(), limit).await?,
        };
        let opened = page.open()?;
        self.check_page(&page, &opened)?;
        if limit.is_none()
            && let Some(next) = &opened.next
        {
            // asked for now, so that the vendor's wait and our mapping overlap
            let (directory, call, filter, next) =
                (self.directory.clone(), self.call.clone(), self.filter.clone(), next.clone());
            self.prefetched =
                Some(Prefetch(tokio::spawn(async move { fetch(&directory, &call, filter, Some(next), None).await })));
            tokio::task::yield_now().await;
        }
        let start = self.resume(&opened)?;
        let again = self.repeated(&opened)?;
        // ids are worth keeping only where there is a total to compare their number with
        self.seen.has_all_ids &= self.last_total.is_some() || opened.len() == 0;
        let mut taken = 0;
        let mut index = start;
        while index < opened.len() && limit.is_none_or(|limit| taken < limit) {
            let hash = &mut self.seen;
            let counting = hash.has_all_ids;
            let mut last = None;
            let keep_last = limit.is_some();
            let took = opened.with_item(index, !self.call.keep_remote_data.dropped, |item, kept| {
                let id = <F::Output as Unified>::id(&item);
                if counting {
                    let id = hash.hash.hash_one(id);
                    hash.ids.insert(id);
                }
                if keep_last {
                    last = Some(id.to_owned());
                }
                if kept { sink.take(item).map(|()| true) } else { Ok(false) }
            })?;
            index += 1;
            // what comes twice in a row is one
            let is_same = last.is_some() && last == self.position.last;
            self.position.seen += u64::from(index > again && !is_same);
            self.position.last = last;
            if took.transpose()? == Some(true) {
                taken += 1;
                self.delivered += 1;
            }
        }
        if index < opened.len() {
            self.position.skip = u32::try_from(index).unwrap_or(u32::MAX);
            return Ok(taken);
        }
        self.go_on(&opened);
        Ok(taken)
    }

    async fn fetch(&self, cursor: Option<String>, limit: Option<u32>) -> Result<Page<F::Output>> {
        // a page that is read again must be whole: what was passed over counts
        let wanted = limit.map(|limit| limit.saturating_add(self.position.skip));
        fetch(&self.directory, &self.call, self.filter.clone(), cursor, wanted).await
    }

    /// Where to go on in a page that was read before: after the last item delivered, found by its id.
    fn resume(&self, opened: &Opened<'_, F::Output>) -> Result<usize> {
        let skip = self.position.skip as usize;
        if skip == 0 || self.is_last(opened, skip - 1)? {
            return Ok(skip);
        }
        self.after_last(opened)?.ok_or_else(|| {
            Error::invalid("the list changed: the last item delivered is no longer where the cursor points")
                .hint("start again without a cursor")
        })
    }

    /// How many items at the beginning of a page came with the page before: pages that overlap must not make up the number
    /// for an item that was lost. A list without limit keeps all ids, and not the last one.
    fn repeated(&self, opened: &Opened<'_, F::Output>) -> Result<usize> {
        if self.position.skip > 0 || self.last_total.is_none() {
            return Ok(0);
        }
        Ok(self.after_last(opened)?.unwrap_or_default())
    }

    /// The index behind the last item delivered, where the page has it.
    fn after_last(&self, opened: &Opened<'_, F::Output>) -> Result<Option<usize>> {
        if self.position.last.is_none() {
            return Ok(None);
        }
        for index in 0..opened.len() {
            if self.is_last(opened, index)? {
                return Ok(Some(index + 1));
            }
        }
        Ok(None)
    }

    fn is_last(&self, opened: &Opened<'_, F::Output>, index: usize) -> Result<bool> {
        let Some(last) = &self.position.last else { return Ok(false) };
        Ok(opened.with_item(index, false, |item, _| <F::Output as Unified>::id(&item) == last)? == Some(true))
    }

    /// Refuses loops, and lists that shrink while they are read by position.
    fn check_page(&mut self, page: &Page<F::Output>, opened: &Opened<'_, F::Output>) -> Result<()> {
        if let Some(next) = &opened.next {
            let hash = self.seen.hash(next);
            // a page that is gone on with was looked at before
            let goes_round = self.position.skip == 0 && self.position.trail.meets(next);
            if !self.seen.cursors.insert(hash) || goes_round {
                return Err(Error::unexpected("the vendor's cursor repeats; going on would never end"));
            }
        }
        if opened.len() > 0 && self.position.skip == 0 {
            let id = |index| -> Result<String> {
                let id = opened.with_item(index, false, |item, _| <F::Output as Unified>::id(&item).to_owned())?;
                Ok(id.unwrap_or_default())
            };
            let page = mark(&id(0)?, &id(opened.len() - 1)?, opened.len());
            // the page before may have been another call's: then the cursor knows it
            if !self.seen.pages.insert(page) || self.position.page.replace(page) == Some(page) {
                return Err(Error::unexpected("the vendor sent the same page twice; going on would never end"));
            }
        }
        if let Some(Total::Exact(total)) = opened.total {
            let last = self.last_total.or(self.position.total);
            self.last_total = Some(total);
            self.position.total = Some(total);
            if page.counts && last.is_some_and(|last| total < last) {
                let message = "the directory shrank while it was read by position; items may have been passed over";
                return Err(self.incomplete(message.to_owned(), total).hint("list again"));
            }
        }
        Ok(())
    }

    /// Compares what came with what the vendor said there is.
    fn check_end(&self) -> Option<Error> {
        // the last that was said: some vendors say it on the first page alone
        let total = self.last_total.or(self.position.total)?;
        // a list that was resumed knows of the ids of earlier pages the last one alone
        let came = if self.seen.has_all_ids { self.seen.ids.len() as u64 } else { self.position.seen };
        (came < total).then(|| {
            let message = format!("the vendor says there are {total} and gave {came}");
            self.incomplete(message, total).hint("list again; if it stays so, ask the vendor")
        })
    }

    fn incomplete(&self, message: String, expected: u64) -> Error {
        let details = Details::List { delivered: self.delivered, expected: Some(expected), at: self.pages };
        Error::new(ErrorKind::Incomplete, message).with_details(details)
    }
}

async fn fetch<F: ListAction>(
    directory: &Directory,
    call: &Call,
    filter: F,
    cursor: Option<String>,
    wanted: Option<u32>,
) -> Result<Page<F::Output>> {
    let request = PageRequest::first(filter).at(cursor).wanting(wanted);
    match F::page(directory.provider(), call, request) {
        Some(page) => page.await,
        None => Err(directory.definition().not_supported(F::ACTION)),
    }
}
