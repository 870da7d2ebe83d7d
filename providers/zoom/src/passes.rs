//! Users status by status. Zoom lists those of one status at a time, and people move on while the list is read.

use serde_json::value::RawValue;
use userdir_core::action::Match;
use userdir_core::http::{Pass, Request, Seen, Slice};
use userdir_core::mapping::digest;
use userdir_core::{Call, Error, Mapped, PageRequest, Result};

use crate::paging::paged;
use crate::{Zoom, wire};

/// Zoom's word for those whom nobody lets in.
pub(crate) const INACTIVE: &str = "inactive";
const ACTIVE: &str = "active";

/// The statuses, unified and as Zoom calls them. In the order in which people move on: who accepts or is activated while
/// the list is read comes twice at worst.
const STATUSES: &[(&str, &str)] = &[("invited", "pending"), ("inactive", INACTIVE), ("active", ACTIVE)];

/// The statuses to ask for, in Zoom's words.
pub(crate) fn statuses(wanted: Option<&Match>) -> Result<Vec<&'static str>> {
    let words = wanted.map(Match::values).unwrap_or_default();
    // Zoom shows no deleted users
    let is_none = |word: &&String| *word != "deleted" && !STATUSES.iter().any(|(unified, _)| unified == word);
    if let Some(word) = words.iter().find(is_none) {
        return Err(Error::invalid(format!(
            "`{word}` is no status; it must be one of `active`, `inactive`, `invited`"
        )));
    }
    let is_wanted = |unified: &str| wanted.is_none_or(|wanted| wanted.takes(unified));
    Ok(STATUSES.iter().filter(|(unified, _)| is_wanted(unified)).map(|(_, own)| *own).collect())
}

impl Zoom {
    /// The users of a status.
    pub(crate) fn of_status(&self, status: &str, role: Option<&str>) -> Request {
        self.http.get("users").query("status", status).query_if("role_id", role).guarding(&["status", "role_id"])
    }

    /// A page of the users of these statuses, and where to go on; none where there are no statuses. Who is deactivated
    /// after the look at the inactive ones and before that at the active ones is in neither. So those who are inactive are
    /// looked at once more at the end, and must be the same. The cursor is `who was inactive:cursor of the pass`.
    ///
    /// # Errors
    /// `Incomplete` where they are not.
    pub(crate) async fn by_status<F: Sync>(
        &self,
        call: &Call,
        request: &PageRequest<F>,
        role: Option<&str>,
        statuses: &[&'static str],
    ) -> Result<Option<(Slice, Option<String>)>> {
        let (seen, cursor) = request.cursor.as_deref().and_then(|cursor| cursor.split_once(':')).unzip();
        let pass = Pass::of(cursor)?;
        let at = statuses.iter().position(|status| *status == pass.name).unwrap_or_default();
        let Some(status) = statuses.get(at) else { return Ok(None) };
        let next = statuses.get(at + 1).map(|status| (*status).to_owned());
        let users = self.of_status(status, role).primary();
        let (slice, next) = pass.read(call, users, request.wanted, &paged("users"), status, next).await?;
        let mut seen: Seen = seen.and_then(|seen| seen.parse().ok()).unwrap_or_default();
        if *status == INACTIVE {
            seen = seen.with(slice.each(mark)?);
        }
        if next.is_none() && *status == ACTIVE && statuses.contains(&INACTIVE) {
            seen.still(self.of_status(INACTIVE, role).primary().all(call, &paged("users"), mark).await?)?;
        }
        Ok(Some((slice, next.map(|next| format!("{seen}:{next}")))))
    }
}

/// Stands for a user, and is the same in every process.
fn mark(raw: &RawValue) -> Mapped<u64> {
    let it: wire::User = serde_json::from_str(raw.get())?;
    Ok(digest(it.handle().map(|handle| handle.as_str()).unwrap_or_default()))
}
