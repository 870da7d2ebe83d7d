//! Users status by status. Zoom lists those of one status at a time, and people move on while the list is read.

use userdir_core::action::Match;
use userdir_core::http::{Passes, Request, Slice};
use userdir_core::{Call, Error, PageRequest, Result};

use crate::paging::paged;
use crate::{Zoom, wire};

/// Zoom's word for those whom nobody lets in.
pub(crate) const INACTIVE: &str = "inactive";

/// The statuses, unified and as Zoom calls them. In the order in which people move on: who accepts or is activated while
/// the list is read comes twice at worst.
const STATUSES: &[(&str, &str)] = &[("invited", "pending"), ("inactive", INACTIVE), ("active", "active")];

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

    /// A page of the users of these statuses; none where there are no statuses. Who is deactivated after the look at the
    /// inactive ones and before that at the active ones would be in neither.
    ///
    /// # Errors
    /// `Incomplete` where the inactive ones are others at the end.
    pub(crate) async fn by_status<F: Sync>(
        &self,
        call: &Call,
        request: &PageRequest<F>,
        role: Option<&str>,
        statuses: &[&'static str],
    ) -> Result<Option<Slice>> {
        let (passes, users) = (Passes { names: statuses, again: INACTIVE }, paged("users"));
        let page = passes.page(call, request, &users, |status| self.of_status(status, role), wire::handle);
        Ok(page.await?.map(|(_, page)| page))
    }
}
