//! The list policy: which pages to ask for, and what to do where a server does not take what was asked.
//!
//! By index (RFC 7644 §3.4.2.4) the next page is where the items received end; by cursor (RFC 9865) it is where the
//! server says. A server that answers the other way is followed. A filter is a wish: where it is refused, or nothing
//! comes and the server may just not know the attribute, the list is read whole and filtered here.

use serde::{Deserialize, Serialize};
use userdir_core::action::ListAction;
use userdir_core::http::{Next, Paging, TotalAt};
use userdir_core::page::MapItem;
use userdir_core::scim::wire::Word;
use userdir_core::{Call, Error, ErrorKind, Page, PageRequest, Result};

use crate::Scim;
use crate::wire::ListHead;

/// How lists are paged by index, for requests that no action makes.
pub const LISTS: Paging = Paging {
    items: "Resources",
    limit: "count",
    max: 1000,
    next: Next::Offset { parameter: "startIndex", first: 1 },
    total: TotalAt::Body("totalResults"),
};

/// A list to ask for.
#[derive(Debug, Default)]
pub struct Listing {
    /// `Users` or `Groups`.
    pub at: &'static str,
    /// Attributes to leave out.
    pub excluded: Option<&'static str>,
    /// The only attribute wanted.
    pub only: Option<&'static str>,
    /// A filter in SCIM's language.
    pub filter: Option<String>,
    /// Whether every server knows the filter, so that nothing found means that there is nothing.
    pub is_sure: bool,
}

/// Where a list stands; as JSON it is the cursor that core keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// The filter is off, and the list is read whole.
    scans: bool,
    at: At,
}

/// How to ask for a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum At {
    /// By the number of its first item, from 1, and the total that the page before told.
    Index(u64, Option<u64>),
    /// By cursor, the first being empty; the page size must stay the same.
    Cursor(String, u32),
    /// Without any paging parameter.
    Whole,
}

fn number(word: &Option<Word<'_>>) -> Option<u64> {
    word.as_ref()?.0.parse().ok()
}

impl<'p> ListHead<'p> {
    /// What a page says.
    pub fn of<T: userdir_schema::Unified>(page: &'p Page<T>) -> Result<ListHead<'p>> {
        ListHead::read(page.body().map_or(&[], |body| body))
    }

    /// The same, of an answer. Without items it says how many there are, or it is no list.
    pub fn read(body: &'p [u8]) -> Result<ListHead<'p>> {
        let no_list = || {
            Error::unexpected("the server's answer is no list of SCIM")
                .hint("check `base_url`: it is everything before `/Users`")
        };
        let head: ListHead<'p> = serde_json::from_slice(body).map_err(|error| no_list().caused_by(error))?;
        if head.resources.is_none() && head.total_results.is_none() { Err(no_list()) } else { Ok(head) }
    }

    /// How many there are in all, as far as the server says.
    pub fn total(&self) -> Option<u64> {
        number(&self.total_results)
    }

    /// How many came.
    pub fn came(&self) -> u64 {
        self.resources.as_ref().map_or(0, Vec::len) as u64
    }

    /// Where the list goes on after the page that was asked for `at`.
    fn next(&self, at: &At, count: u32) -> Result<Option<At>> {
        let (came, total) = (self.came(), self.total());
        if let Some(cursor) = self.next_cursor.as_ref().filter(|cursor| !cursor.0.is_empty()) {
            return Ok(Some(At::Cursor(cursor.0.to_string(), count)));
        }
        match at {
            At::Index(first, before) => {
                if before.zip(total).is_some_and(|(before, total)| total < before) {
                    return Err(Error::new(
                        ErrorKind::Incomplete,
                        "the directory shrank while it was read by position; items may have been passed over",
                    )
                    .hint("list again"));
                }
                let go_on = |total| Some(At::Index(first + came, total));
                if *first > 1 && number(&self.start_index).is_some_and(|echoed| echoed != *first) {
                    return Err(Error::unexpected(format!(
                        "asked for `startIndex` {first}, the server sent another page"
                    ))
                    .hint("the server ignores `startIndex`; its list cannot be read to the end"));
                }
                // a total that counts the page alone looks like a list that fits: one page more shows it
                let fits_exactly = *first == 1 && came >= u64::from(count) && total == Some(came);
                match total {
                    Some(total) if came > 0 && total < first - 1 + came => Err(Error::new(
                        ErrorKind::Incomplete,
                        "`totalResults` is less than what came: the server counts each page by itself",
                    )
                    .hint("its list cannot be known to be complete; ask whoever makes the server")),
                    Some(_) if fits_exactly => Ok(go_on(total)),
                    Some(total) if came == 0 && *first <= total => Err(incomplete(first - 1, total)),
                    Some(of) => Ok(go_on(total).filter(|_| first - 1 + came < of)),
                    // no total: an empty page is the end
                    None => Ok(go_on(None).filter(|_| came > 0)),
                }
            }
            // the server does not know cursors and sent page one by index
            At::Cursor(cursor, _) if cursor.is_empty() && self.start_index.is_some() => {
                Ok(total.filter(|total| 0 < came && came < *total).map(|_| At::Index(1 + came, total)))
            }
            At::Cursor(..) | At::Whole => Ok(None),
        }
    }
}

/// The error of a list that ended before its total.
pub fn incomplete(came: u64, total: u64) -> Error {
    Error::new(ErrorKind::Incomplete, format!("the server says there are {total} and gave {came}")).hint("list again")
}

/// The status of the vendor's refusal.
fn status(error: &Error) -> Option<u16> {
    error.vendor().map(|answer| answer.status)
}

/// The server cannot do the filter.
fn refuses_filter(error: &Error) -> bool {
    match status(error) {
        Some(400) => matches!(error.vendor_code(), Some("invalidFilter" | "invalidSyntax")),
        status => status == Some(501),
    }
}

/// The server broke on the request; 501 is an answer, and after 502 to 504 core has tried again.
fn breaks(error: &Error) -> bool {
    status(error).is_some_and(|status| (500..600).contains(&status) && !matches!(status, 501..=504))
}

impl Scim {
    /// A page of a list, and the cursor to go on with.
    pub(crate) async fn list<F, M>(
        &self,
        call: &Call,
        request: &PageRequest<F>,
        listing: &Listing,
        map: M,
    ) -> Result<(Page<F::Output>, Option<String>)>
    where
        F: ListAction,
        M: MapItem<F::Output> + Copy,
    {
        LISTS.refuse_passed(call)?;
        let config = self.config(call).await?;
        let fetch = async |scans: bool, at: At| {
            let mut list = self.http.get(listing.at);
            list = list.query_if("filter", listing.filter.as_deref().filter(|_| !scans));
            list = list.query_if("attributes", listing.only).query_if("excludedAttributes", listing.excluded);
            // of what is filtered here a page may keep little: ask for whole ones
            let wanted = request.wanted.filter(|_| !scans).unwrap_or(config.max);
            let mut paging = Paging {
                items: "Resources",
                limit: "count",
                max: wanted.clamp(1, config.max),
                next: Next::Whole,
                total: TotalAt::Body("totalResults"),
            };
            let mut asked = PageRequest::first(request.filter.clone());
            match &at {
                At::Index(number, _) => {
                    paging.next = Next::Offset { parameter: "startIndex", first: 1 };
                    asked.cursor = Some(number.to_string());
                }
                At::Cursor(cursor, count) => {
                    paging.next = Next::BodyCursor { path: "nextCursor", parameter: "cursor" };
                    paging.max = if cursor.is_empty() { paging.max } else { *count };
                    asked.cursor = Some(cursor.clone());
                }
                At::Whole => paging.limit = "",
            }
            let page = list.page(call, &asked, &paging, map).await?;
            let (came, next) = {
                let head = ListHead::of(&page)?;
                (head.came(), head.next(&at, paging.max)?)
            };
            let next = next.map(|at| serde_json::to_string(&Place { scans, at })).transpose();
            let next = next.map_err(|error| Error::invalid("the cursor cannot be written").caused_by(error))?;
            Ok((page.next(next.clone()), came, next))
        };
        let first = async |scans: bool| {
            if config.by_cursor {
                match fetch(scans, At::Cursor(String::new(), 0)).await {
                    Err(error) if status(&error) == Some(501) => {}
                    fetched => return fetched,
                }
            }
            match fetch(scans, At::Index(1, None)).await {
                // canaille breaks as soon as it is asked for a page
                Err(error) if breaks(&error) => match fetch(scans, At::Whole).await {
                    Err(_) => Err(error),
                    fetched => fetched,
                },
                fetched => fetched,
            }
        };
        let is_filtered = listing.filter.is_some();
        let (page, _, next) = match &request.cursor {
            Some(cursor) => {
                let place: Place =
                    serde_json::from_str(cursor).map_err(|_| Error::invalid("the cursor is none of this list's"))?;
                fetch(place.scans, place.at).await?
            }
            None if is_filtered && config.filters => match first(false).await {
                Err(error) if refuses_filter(&error) => first(true).await?,
                Ok((_, 0, None)) if !listing.is_sure => first(true).await?,
                fetched => fetched?,
            },
            None => first(is_filtered).await?,
        };
        Ok((page, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(body: &str, at: At) -> Result<Option<At>> {
        serde_json::from_str::<ListHead>(body).unwrap().next(&at, 100)
    }

    fn index(number: u64) -> At {
        At::Index(number, None)
    }

    fn cursor(cursor: &str) -> At {
        At::Cursor(cursor.into(), 100)
    }

    #[test]
    fn the_next_page_begins_where_the_items_received_end() {
        let two = r#"{"totalResults": "5", "startIndex": 1, "itemsPerPage": 20, "Resources": [{}, {}]}"#;
        assert_eq!(next(two, index(1)).unwrap(), Some(At::Index(3, Some(5))));
        assert_eq!(next(r#"{"totalResults": 2, "Resources": [{}, {}]}"#, index(1)).unwrap(), None);
        assert_eq!(next(r#"{"totalResults": 0}"#, index(1)).unwrap(), None);
        assert_eq!(next(r#"{"Resources": [{}]}"#, index(1)).unwrap(), Some(index(2)), "no total");
        assert_eq!(next(r#"{"Resources": null}"#, index(2)).unwrap(), None);
    }

    /// A full page that is all there is, as far as the server says, is one or the other.
    #[test]
    fn a_total_that_counts_the_page_alone_is_no_total() {
        let page = |total: u32, came: usize| {
            format!(r#"{{"totalResults": {total}, "Resources": [{}]}}"#, vec!["{}"; came].join(","))
        };
        let read = |total, came, at| serde_json::from_str::<ListHead>(&page(total, came)).unwrap().next(&at, 3);
        assert_eq!(read(3, 3, index(1)).unwrap(), Some(At::Index(4, Some(3))));
        assert_eq!(read(3, 0, At::Index(4, Some(3))).unwrap(), None, "it was all");
        assert_eq!(read(3, 2, At::Index(4, Some(3))).unwrap_err().kind(), ErrorKind::Incomplete);
        assert_eq!(read(2, 2, index(1)).unwrap(), None, "not a full page");
    }

    /// What proves an account, too.
    #[test]
    fn what_is_no_list_is_an_error() {
        for other in ["<!DOCTYPE html>", "[]", "{}", r#"{"resourceType": "ServiceProviderConfig"}"#] {
            assert_eq!(ListHead::read(other.as_bytes()).unwrap_err().kind(), ErrorKind::UnexpectedResponse, "{other}");
        }
        assert!(ListHead::read(br#"{"totalResults": 0}"#).is_ok() && ListHead::read(br#"{"Resources": []}"#).is_ok());
    }

    #[test]
    fn a_list_that_cannot_end_well_is_an_error() {
        let ignored = next(r#"{"totalResults": 5, "startIndex": 1, "Resources": [{}]}"#, index(3));
        assert_eq!(ignored.unwrap_err().kind(), ErrorKind::UnexpectedResponse);
        let short = next(r#"{"totalResults": 5, "Resources": []}"#, index(3));
        assert_eq!(short.unwrap_err().kind(), ErrorKind::Incomplete);
        let shrunk = next(r#"{"totalResults": 4, "Resources": [{}]}"#, At::Index(3, Some(5)));
        assert_eq!(shrunk.unwrap_err().kind(), ErrorKind::Incomplete);
    }

    #[test]
    fn cursors_are_followed_whoever_asked() {
        let more = r#"{"totalResults": 5, "nextCursor": "n", "Resources": [{}]}"#;
        for at in [index(1), cursor(""), cursor("m"), At::Whole] {
            assert_eq!(next(more, at).unwrap(), Some(cursor("n")));
        }
        let ended = r#"{"totalResults": 5, "startIndex": 1, "nextCursor": "", "Resources": [{}]}"#;
        assert_eq!(next(ended, cursor("m")).unwrap(), None);
        assert_eq!(next(ended, cursor("")).unwrap(), Some(At::Index(2, Some(5))), "the cursor was ignored");
    }
}
