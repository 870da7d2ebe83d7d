//! Times as the store keeps them: UTC, to the microsecond, as text whose order is the order of time.

use jiff::Timestamp;

/// Bounds of a time. Where several are given, all hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// Later than this.
    pub gt: Option<Timestamp>,
    /// At this time or later.
    pub gte: Option<Timestamp>,
    /// Earlier than this.
    pub lt: Option<Timestamp>,
    /// At this time or earlier.
    pub lte: Option<Timestamp>,
}

/// Cut to what is kept, so that what was answered is what will be read.
pub(crate) fn kept(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}

/// The text of a time: always as long, so that texts compare as times do.
pub(crate) fn to_text(time: Timestamp) -> String {
    format!("{time:.6}")
}
