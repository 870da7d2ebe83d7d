//! Lists that are asked for in several passes, such as users by status or a log by month.

use super::{Paging, Request, Slice};
use crate::call::Call;
use crate::error::{Error, ErrorKind, Result};
use crate::page::Total;

/// Where in a list of several passes a page is. Its cursor is `pass|items of the pass seen|page size|vendor's cursor`.
#[derive(Debug)]
pub struct Pass<'c> {
    /// Name of the pass; empty at the very beginning of the list.
    pub name: &'c str,
    seen: u64,
    /// What was wanted at the beginning: a pass that begins when little is missing must not go on in small pages.
    size: Option<u32>,
    cursor: Option<&'c str>,
}

impl<'c> Pass<'c> {
    /// Reads the cursor that [`Pass::read`] gave.
    ///
    /// # Errors
    /// `InvalidRequest`.
    pub fn of(cursor: Option<&'c str>) -> Result<Pass<'c>> {
        let Some(cursor) = cursor else { return Ok(Pass { name: "", seen: 0, size: None, cursor: None }) };
        let read = || {
            let mut parts = cursor.splitn(4, '|');
            let (name, seen, size, cursor) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
            let size = if size.is_empty() { None } else { Some(size.parse().ok()?) };
            Some(Pass {
                name,
                seen: seen.parse().ok()?,
                size,
                cursor: Some(cursor).filter(|cursor| !cursor.is_empty()),
            })
        };
        read().ok_or_else(|| Error::invalid("the cursor is not one of this list"))
    }

    /// Reads the page, and says where the list goes on: in this pass, which is called `name` (no `|` in it), else in the
    /// pass `next`.
    ///
    /// # Errors
    /// As [`Request::slice`]; `Incomplete` where the pass ends before its total, which no later pass could tell.
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
        let size = wanted.map(|wanted| wanted.to_string()).unwrap_or_default();
        let slice = request.slice(call, self.cursor, wanted, paging).await?;
        let seen = self.seen + slice.each(|_| Ok(()))?.len() as u64;
        let next = match (&slice.next, slice.total) {
            (Some(cursor), _) => Some(format!("{name}|{seen}|{size}|{cursor}")),
            (None, Some(Total::Exact(total))) if seen < total => {
                let message = format!("the vendor says there are {total} in one part of the list and gave {seen}");
                return Err(
                    Error::new(ErrorKind::Incomplete, message).hint("list again; if it stays so, ask the vendor")
                );
            }
            _ => next.map(|next| format!("{next}|0|{size}|")),
        };
        Ok((slice, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back() {
        let pass = Pass::of(Some("inactive|10|5|a|b=")).unwrap();
        assert_eq!((pass.name, pass.seen, pass.size, pass.cursor), ("inactive", 10, Some(5), Some("a|b=")));
        let pass = Pass::of(Some("pending|0||")).unwrap();
        assert_eq!((pass.size, pass.cursor), (None, None));
        assert_eq!(Pass::of(None).unwrap().name, "");
        for foreign in ["", "pending", "pending|x||", "a|1|b|", "a|1|2"] {
            assert!(Pass::of(Some(foreign)).is_err(), "{foreign}");
        }
    }
}
