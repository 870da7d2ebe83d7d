//! What each list can be narrowed by: one struct a list action.
//!
//! As JSON a filter is what the query string of the wire API says once its brackets are read:
//! `{"status": "active", "created_at": {"gt": "2026-01-01T00:00:00Z"}}`. A filter that a provider cannot honour is an
//! error before any call, never ignored; each definition lists those that work.

mod lists;
mod recheck;
mod values;

pub use lists::*;
pub use recheck::Recheck;
pub use values::{DateRange, Match, SortBy};
