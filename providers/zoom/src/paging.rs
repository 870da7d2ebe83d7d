//! Lists: page tokens, and several passes that make up one list.
//!
//! Zoom's page tokens hold for the very same question alone, its page size too, so the size that a list began with goes
//! along in our cursor. Some lists are asked for in passes: users by status, logs by month.

use userdir_core::http::{Next, Paging, Request, Slice, TotalAt};
use userdir_core::{Call, Error, ErrorKind, Result, Total};

/// Zoom's largest page that is documented everywhere.
const MOST: u32 = 300;

/// A list that belongs to one resource, or is read whole.
pub(crate) const fn paged(items: &'static str) -> Paging {
    Paging {
        items,
        limit: "page_size",
        max: MOST,
        next: Next::BodyCursor { path: "next_page_token", parameter: "next_page_token" },
        total: TotalAt::Body("total_records"),
    }
}

/// Where in a list a page is. Written as `pass|page size|items of the pass seen|token`.
pub(crate) struct Place<'c> {
    /// The pass; empty at the very beginning.
    pub pass: &'c str,
    size: u32,
    seen: u64,
    token: Option<&'c str>,
}

impl<'c> Place<'c> {
    /// Reads our cursor.
    pub fn of(cursor: Option<&'c str>, wanted: Option<u32>) -> Result<Place<'c>> {
        let Some(cursor) = cursor else {
            return Ok(Place { pass: "", size: wanted.unwrap_or(MOST).clamp(1, MOST), seen: 0, token: None });
        };
        let mut parts = cursor.splitn(4, '|');
        let mut part = || parts.next().ok_or_else(not_ours);
        let (pass, size, seen, token) = (part()?, part()?, part()?, part()?);
        Ok(Place {
            pass,
            size: size.parse().map_err(|_| not_ours())?,
            seen: seen.parse().map_err(|_| not_ours())?,
            token: Some(token).filter(|token| !token.is_empty()),
        })
    }

    /// Reads the page, and says where the list goes on: with Zoom's token, else in the `next` pass. A pass that ends before
    /// its total makes the list incomplete.
    pub async fn read(
        &self,
        call: &Call,
        request: Request,
        items: &'static str,
        pass: &str,
        next: Option<String>,
    ) -> Result<(Slice, Option<String>)> {
        let paging = Paging { max: self.size, ..paged(items) };
        let slice = request.slice(call, self.token, None, &paging).await?;
        let came = slice.each(|_| Ok(()))?.len() as u64;
        let seen = self.seen + came;
        let size = self.size;
        if let Some(token) = &slice.next {
            let next = format!("{pass}|{size}|{seen}|{token}");
            return Ok((slice, Some(next)));
        }
        match slice.total {
            Some(Total::Exact(total)) if seen < total => {
                let message = format!("Zoom says there are {total} of one kind and gave {seen}");
                Err(Error::new(ErrorKind::Incomplete, message).hint("list again; if it stays so, ask Zoom"))
            }
            _ => Ok((slice, next.map(|pass| format!("{pass}|{size}|0|")))),
        }
    }
}

fn not_ours() -> Error {
    Error::invalid("the cursor is not one of this list")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_keeps_the_size_that_the_list_began_with() {
        let first = Place::of(None, Some(5)).unwrap();
        assert_eq!((first.pass, first.size, first.seen, first.token), ("", 5, 0, None));
        let later = Place::of(Some("inactive|5|10|a|b="), Some(2)).unwrap();
        assert_eq!((later.pass, later.size, later.seen, later.token), ("inactive", 5, 10, Some("a|b=")));
        assert_eq!(Place::of(Some("pending|300|0|"), None).unwrap().token, None);
        assert!(Place::of(Some("pending"), None).is_err() && Place::of(Some("a|b|c|d"), None).is_err());
    }
}
