//! Requests that no action makes: to a path that a caller wrote, on the account's own origin, with the account's
//! authentication. They are what the server's proxy is made of.

use std::fmt;

use percent_encoding::percent_decode_str;
use reqwest::Method;
use serde_json::value::RawValue;

use super::request::Request;
use super::{Answer, Http, Next, Paging};
use crate::call::Call;
use crate::cursor::{Binding, Position};
use crate::error::{Error, Result};
use crate::page::Counted;

/// Where a vendor's own resources stand, and how it pages a list of them.
#[derive(Clone, Copy, Debug)]
pub struct Resources {
    /// Path from the base address to them, such as `api/v1`; empty where they stand right below it.
    pub root: &'static str,
    /// How its lists are paged.
    pub paging: Paging,
}

impl Resources {
    /// Right below the base address; a list is a JSON array, and a `Link` header leads on.
    pub const PLAIN: Resources = Resources { root: "", paging: Paging { next: Next::LinkHeader, ..Paging::whole("") } };
}

/// A path below an account's base address that a caller wrote, checked: it cannot lead anywhere else, however it is
/// read. Percent-encodings are kept as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreePath(String);

/// Times a path is decoded: a vendor's proxies may do it more than once.
const DECODINGS: usize = 4;

impl FreePath {
    /// Checks a path, percent-encoded as in an address and without its leading slash.
    ///
    /// # Errors
    /// `InvalidRequest` for an empty path, `.`, `..` and `//` (also encoded, also twice), backslashes, control characters, a
    /// host or scheme in front, and encodings that encode nothing.
    pub fn parse(text: &str) -> Result<FreePath> {
        match fault(text) {
            Some(fault) => Err(Error::invalid(format!("the path {fault}"))
                .hint("give a path below the account's own address, such as `users/42`")),
            None => Ok(FreePath(text.to_owned())),
        }
    }

    /// The same below a folder such as `api/v1`, unless it is there already.
    #[must_use]
    pub fn below(self, root: &str) -> FreePath {
        let is_below = self.0.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if root.is_empty() || is_below { self } else { FreePath(format!("{root}/{}", self.0)) }
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is wrong with a path, in any of the readings that it can have on its way.
fn fault(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("is empty");
    }
    if text.contains(['?', '#']) {
        return Some("holds `?` or `#`");
    }
    if !encodings_are_whole(text) {
        return Some("holds a `%` that encodes nothing");
    }
    let mut reading = text.to_owned();
    for _ in 0..DECODINGS {
        if let Some(fault) = fault_of_reading(&reading) {
            return Some(fault);
        }
        let Ok(decoded) = percent_decode_str(&reading).decode_utf8() else {
            return Some("holds bytes that are no UTF-8");
        };
        if decoded == reading {
            return None;
        }
        reading = decoded.into_owned();
    }
    Some("is encoded too many times")
}

fn fault_of_reading(path: &str) -> Option<&'static str> {
    if path.chars().any(char::is_control) {
        return Some("holds control characters");
    }
    if path.contains('\\') {
        return Some("holds a backslash");
    }
    // a reader of addresses trims, and what stands behind the space becomes the beginning
    if path.trim() != path {
        return Some("begins or ends with a space");
    }
    if path.starts_with('/') || path.contains("//") {
        return Some("holds `//`");
    }
    let mut segments = path.split('/');
    if segments.clone().next().unwrap_or_default().contains([':', '@']) {
        return Some("begins with a host or a scheme");
    }
    // some servers cut a segment at `;` before they look at it, and one that decodes twice at `?` and `#`
    let name = |segment: &str| segment.split([';', '?', '#']).next().unwrap_or_default().trim().to_owned();
    segments.any(|segment| matches!(name(segment).as_str(), "." | "..")).then_some("holds `.` or `..`")
}

fn encodings_are_whole(text: &str) -> bool {
    let mut pieces = text.split('%');
    pieces.next();
    pieces.all(|piece| piece.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
}

/// A GET of a caller's own path.
#[derive(Clone, Copy, Debug)]
pub struct FreeGet<'a> {
    /// Where.
    pub path: &'a FreePath,
    /// The vendor's own query parameters.
    pub query: &'a [(String, String)],
    /// Items wanted on a page, where it is a list.
    pub limit: Option<u32>,
    /// Where to go on, from the page before.
    pub cursor: Option<&'a str>,
}

/// What a GET of a caller's own path was answered with.
#[derive(Debug)]
pub enum Found {
    /// A page of a list, as this vendor pages lists.
    List {
        /// The vendor's items, byte for byte.
        items: Vec<Box<RawValue>>,
        /// Where to go on; none when the list is complete.
        next_cursor: Option<String>,
        /// The vendor's answer.
        answer: Answer,
    },
    /// Anything else.
    Other(Answer),
}

/// Empty pages that are passed over before a page with items must come.
const EMPTY_PAGES: u32 = 50;

impl Http {
    /// A request to a caller's own path. The account's secrets are masked in its answer, and of the answer's headers those
    /// stay that may be shown.
    pub fn free(&self, method: Method, path: &FreePath) -> Request {
        Request::free(self, method, path.as_str())
    }

    /// Sends a GET to a caller's own path and sees whether it is answered with a list. One vendor page; empty ones that
    /// lead on are passed over.
    ///
    /// # Errors
    /// As any read; `InvalidRequest` for a cursor that is not for this list.
    pub async fn find(&self, call: &Call, get: FreeGet<'_>, paging: &Paging) -> Result<Found> {
        let binding = self.binding();
        let bound_to = serde_json::to_vec(&(get.path.as_str(), get.query))
            .map_err(|error| Error::invalid("the query cannot be written").caused_by(error))?;
        let mut at = match get.cursor.filter(|cursor| !cursor.is_empty()) {
            Some(cursor) => binding.open_for(LIST, &bound_to, cursor)?.vendor,
            None => None,
        };
        for _ in 0..EMPTY_PAGES {
            let request = self.page_of(get, paging, at.as_deref())?;
            let address = request.origin();
            let counted = counted(get, paging, at.as_deref());
            let size = size_of(get, paging, at.as_deref());
            let sent = paging.sent(request.read(call).await?, &address, counted, size)?;
            let Ok(envelope) = sent.next.envelope(&sent.answer.body, paging.items, sent.total_at) else {
                return Ok(Found::Other(sent.answer));
            };
            let next = sent.next.cursor(&envelope, envelope.items.len(), sent.total.or(envelope.total));
            match next {
                Some(next) if at.as_ref() == Some(&next) => {
                    return Err(Error::unexpected("the vendor's cursor repeats; going on would never end"));
                }
                Some(next) if envelope.items.is_empty() => at = Some(next),
                next => {
                    let seal = |vendor| {
                        binding.seal_for(LIST, &bound_to, &Position { vendor: Some(vendor), ..Position::default() })
                    };
                    let next_cursor = next.map(seal).transpose()?;
                    let items = envelope.items.into_iter().map(ToOwned::to_owned).collect();
                    return Ok(Found::List { items, next_cursor, answer: sent.answer });
                }
            }
        }
        Err(Error::unexpected(format!("the vendor sent {EMPTY_PAGES} empty pages that all lead on")))
    }

    fn page_of(&self, get: FreeGet<'_>, paging: &Paging, at: Option<&str>) -> Result<Request> {
        let mut request = self.free(Method::GET, get.path);
        let by_link = matches!(paging.next, Next::LinkHeader | Next::BodyLink { .. } | Next::BodyLinkOrShort { .. });
        if let Some(address) = at.filter(|_| by_link) {
            return request.follow(address);
        }
        let own = at.and_then(|_| paging.position()).unwrap_or_default();
        for (name, value) in get.query.iter().filter(|(name, _)| name != own) {
            request = request.query(name.clone(), value.clone());
        }
        if get.limit.is_some() && !paging.limit.is_empty() && given(get, paging.limit).is_none() {
            request = request.query(paging.limit, size_of(get, paging, at).to_string());
        }
        Ok(match at.filter(|_| !own.is_empty()) {
            Some(at) => request.query(own, place(paging, at)),
            None => request,
        })
    }

    fn binding(&self) -> Binding<'_> {
        let runtime = &self.0.runtime;
        Binding { key: &runtime.shared.cursor_key, account: runtime.account(), provider: self.0.provider }
    }
}

/// What cursors of free lists are bound to besides path and query.
const LIST: &str = "free";

/// A query parameter of the caller's own.
fn given<'g>(get: FreeGet<'g>, name: &str) -> Option<&'g str> {
    get.query.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}

/// What of a position goes to the vendor: some positions say the size of the page too.
fn place<'a>(paging: &Paging, at: &'a str) -> &'a str {
    match paging.next {
        Next::PageNumber { .. } => at.split_once(':').map_or(at, |(number, _)| number),
        Next::BodyCursorSized { .. } => at.split_once(':').map_or(at, |(_, cursor)| cursor),
        _ => at,
    }
}

/// How many items a page is asked for.
fn size_of(get: FreeGet<'_>, paging: &Paging, at: Option<&str>) -> u32 {
    let kept = match paging.next {
        Next::BodyCursorSized { .. } => at.and_then(|at| at.split_once(':')?.0.parse().ok()),
        _ => None,
    };
    let own = given(get, paging.limit).and_then(|size| size.parse().ok());
    kept.or(own).unwrap_or_else(|| paging.size(get.limit))
}

/// Where a page stands at a vendor that counts.
fn counted(get: FreeGet<'_>, paging: &Paging, at: Option<&str>) -> Option<Counted> {
    let (parameter, first, pages) = match paging.next {
        Next::Offset { parameter, first } | Next::OffsetWithin { parameter, first, .. } => (parameter, first, false),
        Next::PageNumber { parameter, first } => (parameter, first, true),
        _ => return None,
    };
    let (at, size) = at.and_then(|at| at.split_once(':')).unwrap_or((at.unwrap_or_default(), ""));
    let at = at.parse().ok().or_else(|| given(get, parameter)?.parse().ok()).unwrap_or(first);
    let own = given(get, paging.limit).and_then(|size| size.parse().ok());
    let asked = || own.or(get.limit.map(|limit| u64::from(paging.size(Some(limit)))));
    // where nobody asked for a size, pages are counted by the vendor's own, and only an empty one is the end
    let size = size.parse().ok().or_else(asked).unwrap_or(1);
    Some(Counted { at, first, pages, size, told: paging.told() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    #[test]
    fn a_path_cannot_lead_elsewhere() {
        for path in [
            "",
            "/",
            "//evil.example",
            "/users",
            "users//x",
            "..",
            "../x",
            "users/..",
            "users/../x",
            "users/%2e%2e/x",
            "users/.%2E/x",
            "users/%252e%252e/x",
            "users%2f..%2fx",
            "users%2F%2Fx",
            "./x",
            "users/..;/x",
            "users/..%3Fx",
            "..%23",
            "users\\..\\x",
            "users%5c..",
            "https://evil.example/x",
            "https:/evil.example",
            "https%3A%2F%2Fevil.example",
            "@evil.example",
            "me@evil.example/x",
            "%40evil.example",
            "users%0d%0aHost: evil",
            "users%00",
            "users\n",
            "users%7f",
            " /users",
            "%20/users",
            "users%2520",
            "%C2%A0/users",
            "users?x=1",
            "users#x",
            "users%zz",
            "users%",
            "users%2",
            "%c0%ae%c0%ae/x",
            "%25252525252e",
        ] {
            let error = FreePath::parse(path).unwrap_err();
            assert!(error.to_string().starts_with("the path "), "{path:?}: {error}");
        }
        for path in [
            "users",
            "users/",
            "api/v1/users/maya@example.com",
            "users/a%2Fb",
            "users/a%20b",
            "Schemas/urn:ietf:params:scim",
            "a..b/c",
            "users/%C3%BC",
            "users/x;v=1",
            "users/100%25",
        ] {
            assert_eq!(FreePath::parse(path).unwrap().as_str(), path);
        }
    }

    #[test]
    fn a_folder_is_put_in_front_once() {
        let below = |path: &str| FreePath::parse(path).unwrap().below("api/v1").to_string();
        assert_eq!(below("users/1"), "api/v1/users/1");
        assert_eq!(below("api/v1/users/1"), "api/v1/users/1");
        assert_eq!(below("api/v1x"), "api/v1/api/v1x");
        assert_eq!(FreePath::parse("Users").unwrap().below("").as_str(), "Users");
    }

    fn paths() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just(".."),
            Just("."),
            Just("/"),
            Just("%2e"),
            Just("%2F"),
            Just("%25"),
            Just("\\"),
            Just("%5C"),
            Just(":"),
            Just("@"),
            Just("?"),
            Just("#"),
            Just(";"),
            Just("users"),
            Just("https:"),
            Just("evil.example"),
            Just("%00"),
            Just("%3F"),
            Just("%23"),
            Just("%3B"),
        ];
        let piece = prop_oneof![4 => piece.prop_map(str::to_owned), 1 => ".{0,4}"];
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_is_taken_stays_below_the_base_in_every_reading(path in paths()) {
            let Ok(path) = FreePath::parse(&path) else { return Ok(()) };
            let base = Url::parse("https://acme.example/base/").unwrap();
            let mut reading = path.to_string();
            for _ in 0..DECODINGS {
                let url = base.join(&reading).unwrap();
                prop_assert_eq!(url.origin(), base.origin(), "{}", url);
                prop_assert!(url.path().starts_with("/base/"), "{}", url);
                reading = percent_decode_str(&reading).decode_utf8().unwrap().into_owned();
            }
        }
    }
}
