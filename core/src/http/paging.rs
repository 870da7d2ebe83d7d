//! How vendors page, as data.

use reqwest::header::HeaderMap;
use url::Url;

use crate::action::ListAction;
use crate::call::Call;
use crate::error::{Error, ErrorKind, Result};
use crate::page::{Counted, MapItem, NextPage, Page, PageRequest, Total};

use super::Answer;
use super::request::Request;

/// How a list is paged.
#[derive(Clone, Copy, Debug)]
pub struct Paging {
    /// Where the items are in the body, with dots; empty when the body itself is the list.
    pub items: &'static str,
    /// Name of the parameter for the page size; empty when there is none.
    pub limit: &'static str,
    /// Largest page size that the vendor gives.
    pub max: u32,
    /// How to go on.
    pub next: Next,
    /// Where the vendor says how many there are.
    pub total: TotalAt,
}

/// How to go on after a page.
#[derive(Clone, Copy, Debug)]
pub enum Next {
    /// All comes in one answer.
    Whole,
    /// RFC 8288 `Link: <…>; rel="next"`.
    LinkHeader,
    /// A full address in the body.
    BodyLink {
        /// Where.
        path: &'static str,
    },
    /// The same, at a vendor of which it is not known that every page but the last has it: a full page without it may be a
    /// list that was cut, and is an error. Pages are always asked for at their largest, and so a full one is rare.
    BodyLinkOrShort {
        /// Where.
        path: &'static str,
    },
    /// A cursor in the body, sent back as a parameter.
    BodyCursor {
        /// Where.
        path: &'static str,
        /// Name of the parameter.
        parameter: &'static str,
    },
    /// The same, at a vendor whose cursors hold for one page size alone.
    BodyCursorSized {
        /// Where.
        path: &'static str,
        /// Name of the parameter.
        parameter: &'static str,
    },
    /// A cursor in the body that counts only while a flag beside it is true: the last page has a cursor too.
    BodyCursorWhile {
        /// Where the flag is.
        more: &'static str,
        /// Where the cursor is.
        path: &'static str,
        /// Name of the parameter.
        parameter: &'static str,
    },
    /// A number of items to pass over.
    Offset {
        /// Name of the parameter.
        parameter: &'static str,
        /// Number of the very first item: 0, or 1 for SCIM's `startIndex`.
        first: u64,
    },
    /// The same, at a vendor that shows no item beyond a certain number.
    OffsetWithin {
        /// Name of the parameter.
        parameter: &'static str,
        /// Number of the very first item.
        first: u64,
        /// Items that can be reached.
        window: u64,
        /// Where the body says whether there are more; empty where it does not.
        more: &'static str,
        /// Where it says how many items it takes a page for, which is then the step; empty where it does not.
        size: &'static str,
    },
    /// A number of the page.
    PageNumber {
        /// Name of the parameter.
        parameter: &'static str,
        /// Number of the first page.
        first: u64,
    },
}

/// Where the vendor says how many items there are.
#[derive(Clone, Copy, Debug)]
pub enum TotalAt {
    /// Nowhere.
    Nowhere,
    /// In the body, with dots.
    Body(&'static str),
    /// In a header.
    Header(&'static str),
}

impl Paging {
    /// Everything in one answer, at `items`.
    pub const fn whole(items: &'static str) -> Paging {
        Paging { items, limit: "", max: u32::MAX, next: Next::Whole, total: TotalAt::Nowhere }
    }

    /// Items to ask the vendor for: what is still wanted, at most its maximum.
    pub fn size(&self, wanted: Option<u32>) -> u32 {
        wanted.unwrap_or(self.max).clamp(1, self.max)
    }

    /// The parameter that says where a page begins.
    pub(super) fn position(&self) -> Option<&'static str> {
        match self.next {
            Next::BodyCursor { parameter, .. }
            | Next::BodyCursorSized { parameter, .. }
            | Next::BodyCursorWhile { parameter, .. }
            | Next::Offset { parameter, .. }
            | Next::OffsetWithin { parameter, .. }
            | Next::PageNumber { parameter, .. } => Some(parameter),
            Next::Whole | Next::LinkHeader | Next::BodyLink { .. } | Next::BodyLinkOrShort { .. } => None,
        }
    }

    /// Where a vendor that counts says whether there are more, and how many items it takes a page for.
    pub(super) fn told(&self) -> (&'static str, &'static str) {
        match self.next {
            Next::OffsetWithin { more, size, .. } => (more, size),
            _ => ("", ""),
        }
    }

    /// The parameters that belong to paging and cannot be passed through.
    fn parameters(&self) -> impl Iterator<Item = &'static str> {
        [self.limit, self.position().unwrap_or_default()].into_iter().filter(|name| !name.is_empty())
    }

    /// Refuses such a one in `remote_query`; every primary page is looked at so. For a list that asks something else first.
    ///
    /// # Errors
    /// `InvalidRequest`, with the name.
    pub fn refuse_passed(&self, call: &Call) -> Result<()> {
        let is_passed = |name: &&str| call.passes_through && call.remote_query.iter().any(|(key, _)| key == name);
        match self.parameters().find(is_passed) {
            None => Ok(()),
            Some(name) => Err(Error::invalid(format!("`remote_query` names `{name}`, which belongs to paging"))
                .hint("use `limit` and `next_cursor`")),
        }
    }
}

impl Request {
    /// Sends the request as a list's page, as the primary one of the action.
    ///
    /// # Errors
    /// As any read; `InvalidRequest` where `remote_query` names a paging parameter; `UnexpectedResponse` where the next
    /// link is on a foreign host.
    pub async fn page<F: ListAction>(
        self,
        call: &Call,
        request: &PageRequest<F>,
        paging: &Paging,
        map: impl MapItem<F::Output>,
    ) -> Result<Page<F::Output>> {
        let sent = self.primary().send_page(call, request.cursor.as_deref(), request.wanted, paging).await?;
        Ok(Page::of_body(sent.answer.body, paging.items, map)
            .then(sent.next)
            .total(sent.total)
            .total_in_body(sent.total_at))
    }

    /// Adds the paging parameters and sends it.
    pub(super) async fn send_page(
        self,
        call: &Call,
        cursor: Option<&str>,
        wanted: Option<u32>,
        paging: &Paging,
    ) -> Result<SentPage> {
        if self.is_primary() {
            paging.refuse_passed(call)?;
        }
        // `page:size`: pages that are counted keep their size, else their numbers would mean other items
        let (at, kept_size) = match cursor.map(|cursor| cursor.split_once(':').unwrap_or((cursor, ""))) {
            Some((at, size)) => (Some(at), size.parse().ok()),
            None => (None, None),
        };
        // `size:cursor`, for the same reason
        let (kept_size, cursor) = match (paging.next, cursor) {
            (Next::BodyCursorSized { .. }, Some(cursor)) => {
                let (size, cursor) = cursor.split_once(':').ok_or_else(not_a_number)?;
                (Some(size.parse().map_err(|_| not_a_number())?), Some(cursor))
            }
            _ => (kept_size, cursor),
        };
        let at = |first: u64| at.map_or(Ok(first), |at| at.parse::<u64>().map_err(|_| not_a_number()));
        let size = match paging.next {
            Next::PageNumber { .. } | Next::BodyCursorSized { .. } => kept_size.unwrap_or_else(|| paging.size(wanted)),
            Next::OffsetWithin { first, window, .. } => {
                let left = window.saturating_sub(at(first)?.saturating_sub(first));
                if left == 0 {
                    return Err(beyond(window));
                }
                paging.size(wanted).min(u32::try_from(left).unwrap_or(u32::MAX))
            }
            Next::BodyLinkOrShort { .. } => paging.max,
            _ => paging.size(wanted),
        };
        let mut sent = self;
        if !paging.limit.is_empty() {
            sent = sent.parameter(paging.limit, size.to_string());
        }
        let mut counted = None;
        sent = match (paging.next, cursor) {
            (Next::LinkHeader | Next::BodyLink { .. } | Next::BodyLinkOrShort { .. }, Some(url)) => sent.follow(url)?,
            (
                Next::BodyCursor { parameter, .. }
                | Next::BodyCursorSized { parameter, .. }
                | Next::BodyCursorWhile { parameter, .. },
                Some(cursor),
            ) => sent.parameter(parameter, cursor),
            (Next::Offset { parameter, first } | Next::OffsetWithin { parameter, first, .. }, _) => {
                let at = at(first)?;
                counted = Some(Counted { at, first, pages: false, size: u64::from(size), told: paging.told() });
                sent.parameter(parameter, at.to_string())
            }
            (Next::PageNumber { parameter, first }, _) => {
                let at = at(first)?;
                counted = Some(Counted { at, first, pages: true, size: u64::from(size), told: ("", "") });
                sent.parameter(parameter, at.to_string())
            }
            _ => sent,
        };
        let origin = sent.origin();
        paging.sent(sent.read(call).await?, &origin, counted, size)
    }
}

impl Paging {
    /// What an answer says of its page and of the next one. `origin` is where it was asked for, `size` how many items.
    pub(super) fn sent(&self, answer: Answer, origin: &Url, counted: Option<Counted>, size: u32) -> Result<SentPage> {
        let next = match (self.next, counted) {
            (_, Some(counted)) => NextPage::Counted(counted),
            (Next::LinkHeader, _) => next_link(&answer.headers, origin)?.map_or(NextPage::None, NextPage::At),
            (Next::BodyLink { path } | Next::BodyCursor { path, .. }, _) => NextPage::InBody(path),
            (Next::BodyLinkOrShort { path }, _) => NextPage::InBodyOrShort { path, size },
            (Next::BodyCursorSized { path, .. }, _) => NextPage::InBodySized { path, size },
            (Next::BodyCursorWhile { more, path, .. }, _) => NextPage::InBodyWhile { more, path },
            _ => NextPage::None,
        };
        let (mut total, mut total_at) = (None, "");
        match self.total {
            TotalAt::Nowhere => {}
            TotalAt::Body(path) => total_at = path,
            TotalAt::Header(name) => {
                total = answer
                    .headers
                    .get(name)
                    .and_then(|value| value.to_str().ok()?.trim().parse().ok())
                    .map(Total::Exact);
            }
        }
        Ok(SentPage { answer, next, total, total_at })
    }
}

/// A page as it was answered.
pub(super) struct SentPage {
    pub answer: Answer,
    pub next: NextPage,
    pub total: Option<Total>,
    pub total_at: &'static str,
}

/// The vendor would refuse what comes next: the list cannot be read to its end.
fn beyond(window: u64) -> Error {
    Error::new(
        ErrorKind::Incomplete,
        format!("the vendor shows only the first {window} items of a list, and there are more"),
    )
    .hint("narrow the list with a filter, and read it in parts")
}

fn not_a_number() -> Error {
    Error::invalid("the cursor holds no number")
}

/// The `next` link of an answer. There may be several `Link` lines, several links in a line, and commas in an address.
pub(crate) fn next_link(headers: &HeaderMap, origin: &Url) -> Result<Option<String>> {
    for line in headers.get_all("link") {
        let line = std::str::from_utf8(line.as_bytes())
            .map_err(|_| Error::unexpected("the vendor's Link header cannot be read"))?;
        if let Some(target) = next_of(line) {
            let url = origin.join(target).map_err(|_| Error::unexpected("the vendor's next link is no address"))?;
            same_origin(origin, &url)?;
            return Ok(Some(url.into()));
        }
    }
    Ok(None)
}

/// Refuses an address that is not on the account's own origin: the credential would go there.
pub(crate) fn same_origin(own: &Url, other: &Url) -> Result<()> {
    if own.origin() == other.origin() {
        return Ok(());
    }
    Err(Error::unexpected(format!(
        "the vendor's next link is on another host, `{}`; it was not followed",
        other.host_str().unwrap_or_default()
    ))
    .hint("if the vendor is behind a proxy of yours, make the proxy rewrite its links"))
}

/// The target of the link whose `rel` holds `next`, by RFC 8288.
fn next_of(line: &str) -> Option<&str> {
    let mut rest = line;
    loop {
        let (_, after) = rest.split_once('<')?;
        let (target, after) = after.split_once('>')?;
        let mut links = split_unquoted(after, ',');
        let parameters = links.next().unwrap_or_default();
        let more = after.get(parameters.len()..).unwrap_or_default();
        if split_unquoted(parameters, ';').any(is_next) {
            return Some(target);
        }
        rest = more;
    }
}

/// Splits at a separator, passing over quoted strings.
fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        !quoted && c == separator
    })
}

fn is_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    name.trim().eq_ignore_ascii_case("rel")
        && value.trim().trim_matches('"').split_ascii_whitespace().any(|rel| rel.eq_ignore_ascii_case("next"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn next_is_found_among_links_with_commas() {
        let line =
            r#"<https://a.example/u?ids=1,2>; rel="self", <https://a.example/u?after=3,4>; title="a, b"; rel="next""#;
        assert_eq!(next_of(line), Some("https://a.example/u?after=3,4"));
        assert_eq!(next_of(r#"<x>; rel="prev next""#), Some("x"));
        assert_eq!(next_of("<x>; REL=next"), Some("x"));
        for line in
            ["", "<x", r#"<x>; rel="self""#, "rel=next", r#"<x>; title="rel=next""#, r#"<x>; title="a; rel=next""#]
        {
            assert_eq!(next_of(line), None, "{line}");
        }
    }

    #[test]
    fn a_foreign_next_link_is_an_error() {
        let origin = Url::parse("https://acme.okta.com/api/v1/users").unwrap();
        let mut headers = HeaderMap::new();
        headers.append("link", r#"<https://acme.okta.com/api/v1/users?limit=2>; rel="self""#.parse().unwrap());
        headers.append("link", r#"<https://evil.example/api/v1/users?after=1>; rel="next""#.parse().unwrap());
        assert!(next_link(&headers, &origin).is_err());
        headers.remove("link");
        headers.append("link", r#"</api/v1/users?after=1>; rel="next""#.parse().unwrap());
        assert_eq!(next_link(&headers, &origin).unwrap().unwrap(), "https://acme.okta.com/api/v1/users?after=1");
    }

    /// Addresses that try to get out, more often than chance has them.
    fn targets() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("https:"),
            Just("http:"),
            Just("//"),
            Just("/"),
            Just("\\"),
            Just("@"),
            Just(":"),
            Just(":8443"),
            Just("acme.okta.com"),
            Just("evil.example"),
            Just(".."),
            Just("?after="),
            Just("#"),
            Just("%2F"),
            Just("\t"),
            Just("[::1]"),
            Just("u:p"),
        ];
        let piece = prop_oneof![4 => piece.prop_map(str::to_owned), 1 => "[^<>\\x00-\\x1f\\x7f]{0,6}"];
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_next_link_leads_to_another_origin(target in targets()) {
            let origin = Url::parse("https://acme.okta.com/api/v1/users").unwrap();
            let mut headers = HeaderMap::new();
            let Ok(line) = format!("<{target}>; rel=\"next\"").parse() else { return Ok(()) };
            headers.append("link", line);
            if let Ok(next) = next_link(&headers, &origin) {
                let next = Url::parse(&next.unwrap()).unwrap();
                prop_assert_eq!(next.origin(), origin.origin(), "{}", next);
            }
        }

        #[test]
        fn no_link_header_ends_in_a_panic(line in r#"([<>;,=" ]|rel|next|/u|[a-z])*"#) {
            next_of(&line);
        }
    }

    #[test]
    fn the_vendor_is_asked_for_what_is_missing() {
        let paging = Paging { limit: "limit", max: 200, ..Paging::whole("") };
        assert_eq!(
            (paging.size(None), paging.size(Some(3)), paging.size(Some(1000)), paging.size(Some(0))),
            (200, 3, 200, 1)
        );
    }
}
