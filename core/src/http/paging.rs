//! How vendors page, as data.

use std::collections::HashSet;

use reqwest::header::HeaderMap;
use serde_json::value::RawValue;
use url::Url;

use crate::action::ListAction;
use crate::call::Call;
use crate::error::{Error, Result};
use crate::page::{Counted, MapItem, Mapped, Page, PageRequest, Total};

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
    /// A cursor in the body, sent back as a parameter.
    BodyCursor {
        /// Where.
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

    /// The parameters that belong to paging and cannot be passed through.
    fn parameters(&self) -> impl Iterator<Item = &'static str> {
        let own = match self.next {
            Next::BodyCursor { parameter, .. }
            | Next::Offset { parameter, .. }
            | Next::PageNumber { parameter, .. } => parameter,
            Next::Whole | Next::LinkHeader | Next::BodyLink { .. } => "",
        };
        [self.limit, own].into_iter().filter(|name| !name.is_empty())
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
        let passed = |name: &&str| call.passes_through && call.remote_query.iter().any(|(key, _)| key == name);
        if let Some(name) = paging.parameters().find(passed) {
            return Err(Error::invalid(format!("`remote_query` names `{name}`, which belongs to paging"))
                .hint("use `limit` and `next_cursor`"));
        }
        // `page:size`: pages that are counted keep their size, else their numbers would mean other items
        let (at, kept_size) =
            match request.cursor.as_deref().map(|cursor| cursor.split_once(':').unwrap_or((cursor, ""))) {
                Some((at, size)) => (Some(at), size.parse().ok()),
                None => (None, None),
            };
        let size = match paging.next {
            Next::PageNumber { .. } => kept_size.unwrap_or_else(|| paging.size(request.wanted)),
            _ => paging.size(request.wanted),
        };
        let at = |first: u64| at.map_or(Ok(first), |at| at.parse::<u64>().map_err(|_| not_a_number()));
        let mut sent = self.primary();
        if !paging.limit.is_empty() {
            sent = sent.query(paging.limit, size.to_string());
        }
        let mut counted = None;
        sent = match (paging.next, &request.cursor) {
            (Next::LinkHeader | Next::BodyLink { .. }, Some(url)) => sent.follow(url)?,
            (Next::BodyCursor { parameter, .. }, Some(cursor)) => sent.query(parameter, cursor),
            (Next::Offset { parameter, first }, _) => {
                let at = at(first)?;
                counted = Some(Counted { at, first, pages: false, size: u64::from(size) });
                sent.query(parameter, at.to_string())
            }
            (Next::PageNumber { parameter, first }, _) => {
                let at = at(first)?;
                counted = Some(Counted { at, first, pages: true, size: u64::from(size) });
                sent.query(parameter, at.to_string())
            }
            _ => sent,
        };
        let origin = sent.origin();
        let answer = sent.read(call).await?;
        let mut page = Page::of_body(answer.body.clone(), paging.items, map);
        page = match (paging.next, counted) {
            (_, Some(counted)) => page.counted(counted),
            (Next::LinkHeader, _) => page.next(next_link(&answer.headers, &origin)?),
            (Next::BodyLink { path } | Next::BodyCursor { path, .. }, _) => page.next_in_body(path),
            _ => page,
        };
        Ok(match paging.total {
            TotalAt::Nowhere => page,
            TotalAt::Body(path) => page.total_in_body(path),
            TotalAt::Header(name) => {
                let total = answer.headers.get(name).and_then(|value| value.to_str().ok()?.trim().parse().ok());
                page.total(total.map(Total::Exact))
            }
        })
    }
}

impl Request {
    /// Reads a list that belongs to a resource, such as a user's groups, whole: next links are followed to the end.
    ///
    /// # Errors
    /// As any read; a list that cannot be read to its end is an error and never a shorter list.
    pub async fn all<R>(self, call: &Call, map: impl Fn(&RawValue) -> Mapped<R> + Send + Sync) -> Result<Vec<R>> {
        let following = self.following();
        let (mut request, mut rows, mut seen) = (self, Vec::new(), HashSet::new());
        loop {
            let address = request.origin();
            let answer = request.read(call).await?;
            rows.extend(answer.each(&map)?);
            let Some(next) = next_link(&answer.headers, &address)? else { return Ok(rows) };
            request = following(&next)?;
            if !seen.insert(next) {
                return Err(Error::unexpected("the vendor's cursor repeats; going on would never end"));
            }
        }
    }
}

fn not_a_number() -> Error {
    Error::invalid("the cursor holds no number")
}

/// The `next` link of an answer. There may be several `Link` lines, several links in a line, and commas in an address.
pub(super) fn next_link(headers: &HeaderMap, origin: &Url) -> Result<Option<String>> {
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

    #[test]
    fn the_vendor_is_asked_for_what_is_missing() {
        let paging = Paging { limit: "limit", max: 200, ..Paging::whole("") };
        assert_eq!(
            (paging.size(None), paging.size(Some(3)), paging.size(Some(1000)), paging.size(Some(0))),
            (200, 3, 200, 1)
        );
    }
}
