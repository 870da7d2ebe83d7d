//! How Zoom pages.

use userdir_core::http::{Next, Paging, TotalAt};

/// Page tokens hold for the very same question alone, its page size too. 300 is the largest that is documented everywhere.
pub(crate) const fn paged(items: &'static str) -> Paging {
    Paging {
        items,
        limit: "page_size",
        max: 300,
        next: Next::BodyCursorSized { path: "next_page_token", parameter: "next_page_token" },
        total: TotalAt::Body("total_records"),
    }
}
