//! The filter language of RFC 7644 §3.4.2.2, which several vendors speak: values quoted, clauses joined.

use std::fmt;

use userdir_schema::DateTime;

use crate::action::{DateRange, Match};

/// A filter under construction; clauses are joined by `and`.
#[derive(Clone, Debug, Default)]
pub struct ScimFilter {
    clauses: Vec<String>,
}

/// A value as the language has it: a JSON string.
pub fn quoted(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

impl ScimFilter {
    /// Adds a clause as it is; clauses with `or` inside must bring their brackets.
    pub fn clause(&mut self, clause: impl Into<String>) {
        self.clauses.push(clause.into());
    }

    /// `attribute eq value`, for any of the values.
    pub fn any_of<'v>(&mut self, attribute: &str, values: impl IntoIterator<Item = &'v str>) {
        let clauses: Vec<String> =
            values.into_iter().map(|value| format!("{attribute} eq {}", quoted(value))).collect();
        match clauses.as_slice() {
            [] => {}
            [one] => self.clause(one.clone()),
            _ => self.clause(format!("({})", clauses.join(" or "))),
        }
    }

    /// `attribute eq value`, where the filter is given.
    pub fn matching(&mut self, attribute: &str, filter: &Option<Match>) {
        if let Some(filter) = filter {
            self.any_of(attribute, filter.values().iter().map(String::as_str));
        }
    }

    /// The ends of a span, where it is given; `time` writes a time as the vendor wants it.
    pub fn within(&mut self, attribute: &str, range: &Option<DateRange>, time: impl Fn(DateTime) -> String) {
        for (op, end) in range.iter().flat_map(DateRange::ends) {
            self.clause(format!("{attribute} {op} {}", quoted(&time(end))));
        }
    }

    /// The whole filter; none where there is no clause.
    pub fn build(&self) -> Option<String> {
        (!self.clauses.is_empty()).then(|| self.to_string())
    }
}

impl fmt::Display for ScimFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.clauses.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_break_out() {
        let mut filter = ScimFilter::default();
        filter.matching("userName", &Some(Match::from("a\" or active eq true or \"")));
        assert_eq!(filter.build().unwrap(), r#"userName eq "a\" or active eq true or \"""#);
    }

    #[test]
    fn clauses_are_joined() {
        let mut filter = ScimFilter::default();
        assert_eq!(filter.build(), None);
        filter.any_of("status", ["ACTIVE", "SUSPENDED"]);
        filter.within("lastUpdated", &Some(DateRange::after(DateTime::from_unix_seconds(0).unwrap())), |time| {
            time.to_string()
        });
        assert_eq!(
            filter.build().unwrap(),
            r#"(status eq "ACTIVE" or status eq "SUSPENDED") and lastUpdated gt "1970-01-01T00:00:00Z""#
        );
    }

    proptest::proptest! {
        #[test]
        fn what_is_quoted_reads_back(text in ".*") {
            proptest::prop_assert_eq!(serde_json::from_str::<String>(&quoted(&text)).unwrap(), text);
        }
    }
}
