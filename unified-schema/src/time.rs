//! Points in time, whatever way the vendor writes them.

use std::borrow::Cow;
use std::fmt;

use jiff::tz::Offset;
use jiff::{Timestamp, civil};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

/// A point in time. It is written as RFC 3339 in UTC: `2024-09-01T10:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(Timestamp);

impl DateTime {
    /// Reads the spellings vendors use: RFC 3339 with any offset (its colon optional), a space in
    /// place of the `T` or before the offset, no zone at all (then UTC), a date alone (midnight UTC).
    pub fn parse(text: &str) -> Option<DateTime> {
        let text = text.trim();
        read(text).or_else(|| {
            // `2024-09-01 10:00:00 +0200` and `… UTC`: the part after the last space is a zone
            let (time, zone) = text.rsplit_once(' ')?;
            match zone {
                "UTC" | "GMT" => read(&format!("{time}Z")),
                _ if zone.starts_with(['+', '-']) => read(&format!("{time}{zone}")),
                _ => None,
            }
        })
    }

    /// Seconds since 1970; `None` beyond the years -9999 to 9999.
    pub fn from_unix_seconds(seconds: i64) -> Option<DateTime> {
        Timestamp::from_second(seconds).ok().map(DateTime)
    }

    /// Milliseconds since 1970; `None` beyond the years -9999 to 9999.
    pub fn from_unix_millis(millis: i64) -> Option<DateTime> {
        Timestamp::from_millisecond(millis).ok().map(DateTime)
    }

    /// The time as a `jiff` timestamp, to calculate with.
    pub fn timestamp(self) -> Timestamp {
        self.0
    }
}

fn read(text: &str) -> Option<DateTime> {
    let zoneless = || {
        let time: civil::DateTime = text.parse().ok()?;
        Offset::UTC.to_timestamp(time).ok()
    };
    text.parse().ok().or_else(zoneless).map(DateTime)
}

impl From<Timestamp> for DateTime {
    fn from(timestamp: Timestamp) -> Self {
        DateTime(timestamp)
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(DateTimeVisitor)
    }
}

struct DateTimeVisitor;

impl Visitor<'_> for DateTimeVisitor {
    type Value = DateTime;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date and time as in RFC 3339")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<DateTime, E> {
        DateTime::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

impl JsonSchema for DateTime {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "DateTime".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_vendors_write() {
        for (written, read) in [
            ("2024-09-01T10:00:00Z", "2024-09-01T10:00:00Z"),
            ("2024-09-01T10:00:00.000Z", "2024-09-01T10:00:00Z"),
            ("2024-09-01T10:00:00.125Z", "2024-09-01T10:00:00.125Z"),
            ("2024-09-01t10:00:00z", "2024-09-01T10:00:00Z"),
            ("2024-09-01T10:00:00+02:00", "2024-09-01T08:00:00Z"),
            ("2024-09-01T10:00:00-0530", "2024-09-01T15:30:00Z"),
            ("2024-09-01T10:00:00+0000", "2024-09-01T10:00:00Z"),
            ("2024-09-01T10:00:00.5+0000", "2024-09-01T10:00:00.5Z"),
            ("2024-09-01T10:00:00", "2024-09-01T10:00:00Z"),
            ("2024-09-01 10:00:00", "2024-09-01T10:00:00Z"),
            ("2024-09-01 10:00:00+00:00", "2024-09-01T10:00:00Z"),
            ("2024-09-01 10:00:00 +0200", "2024-09-01T08:00:00Z"),
            ("2024-09-01 10:00:00 UTC", "2024-09-01T10:00:00Z"),
            ("2024-09-01T10:00", "2024-09-01T10:00:00Z"),
            ("2024-09-01", "2024-09-01T00:00:00Z"),
            (" 2024-09-01 ", "2024-09-01T00:00:00Z"),
        ] {
            let time = DateTime::parse(written).map(|time| time.to_string());
            assert_eq!(time.as_deref(), Some(read), "{written}");
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        for written in ["", "never", "2024-13-01", "2024-09-01T25:00:00Z", "1725184800", "2024", "10:00:00"] {
            assert_eq!(DateTime::parse(written), None, "{written}");
        }
    }

    #[test]
    fn counts_from_1970() {
        let time = DateTime::parse("2024-09-01T10:00:00Z");
        assert_eq!(DateTime::from_unix_seconds(1_725_184_800), time);
        assert_eq!(DateTime::from_unix_millis(1_725_184_800_000), time);
        assert_eq!(DateTime::from_unix_seconds(i64::MAX), None);
        assert!(DateTime::from_unix_millis(1_725_184_800_001) > time);
    }

    #[test]
    fn is_rfc_3339_on_the_wire() {
        let time: DateTime = serde_json::from_str(r#""2024-09-01T10:00:00.250+02:00""#).unwrap();
        assert_eq!(serde_json::to_string(&time).unwrap(), r#""2024-09-01T08:00:00.25Z""#);
        assert!(serde_json::from_str::<DateTime>(r#""soon""#).is_err());
    }
}
