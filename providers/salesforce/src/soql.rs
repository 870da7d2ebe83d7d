//! Queries in SOQL, Salesforce's query language.
//!
//! The REST API has no bound parameters: every value that comes from outside goes through [`text`], [`prefix`] or
//! [`time`]; names of objects, fields and the order are literals of this crate.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;

use userdir_core::action::{DateRange, Match};
use userdir_schema::DateTime;

/// A query under construction.
#[derive(Clone, Debug)]
pub struct Query {
    fields: Cow<'static, str>,
    /// What else to ask for, one after the other.
    or: VecDeque<Cow<'static, str>>,
    object: &'static str,
    conditions: Vec<String>,
    order: &'static str,
}

impl Query {
    /// `SELECT fields FROM object`.
    pub fn new(fields: impl Into<Cow<'static, str>>, object: &'static str) -> Query {
        Query { fields: fields.into(), or: VecDeque::new(), object, conditions: Vec::new(), order: "" }
    }

    /// What to ask for instead where a field is hidden from the token's user, which fails the whole query.
    pub fn or(mut self, fields: impl Into<Cow<'static, str>>) -> Query {
        self.or.push_back(fields.into());
        self
    }

    /// The same query for the next choice of fields.
    pub fn shorter(&self) -> Option<Query> {
        let mut query = self.clone();
        query.fields = query.or.pop_front()?;
        Some(query)
    }

    /// A condition as it is; those with `OR` inside must bring their brackets.
    pub fn and(mut self, condition: impl Into<String>) -> Query {
        self.conditions.push(condition.into());
        self
    }

    /// The field is this.
    pub fn is(self, field: &str, value: &str) -> Query {
        self.and(format!("{field} = {}", text(value)))
    }

    /// The field is one of these.
    pub fn any_of<'v>(self, field: &str, values: impl IntoIterator<Item = &'v str>) -> Query {
        let values: Vec<String> = values.into_iter().map(text).collect();
        match values.as_slice() {
            [one] => self.and(format!("{field} = {one}")),
            many => self.and(format!("{field} IN ({})", many.join(", "))),
        }
    }

    /// The field is one of the filter's values, where it is given.
    pub fn matching(self, field: &str, filter: &Option<Match>) -> Query {
        match filter {
            Some(filter) => self.any_of(field, filter.values().iter().map(String::as_str)),
            None => self,
        }
    }

    /// The field begins with one of the filter's values, where it is given.
    pub fn beginning(self, field: &str, filter: &Option<Match>) -> Query {
        let Some(filter) = filter else { return self };
        let clauses: Vec<String> =
            filter.values().iter().map(|value| format!("{field} LIKE {}", prefix(value))).collect();
        match clauses.as_slice() {
            [one] => self.and(one.clone()),
            many => self.and(format!("({})", many.join(" OR "))),
        }
    }

    /// The field lies in the span, where it is given.
    pub fn within(mut self, field: &str, range: &Option<DateRange>) -> Query {
        for (op, end) in range.iter().flat_map(DateRange::ends) {
            let op = match op {
                "eq" => "=",
                "gt" => ">",
                "ge" => ">=",
                "lt" => "<",
                _ => "<=",
            };
            self = self.and(format!("{field} {op} {}", time(end)));
        }
        self
    }

    /// `ORDER BY`.
    pub fn order(mut self, order: &'static str) -> Query {
        self.order = order;
        self
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SELECT {} FROM {}", self.fields, self.object)?;
        if !self.conditions.is_empty() {
            write!(f, " WHERE {}", self.conditions.join(" AND "))?;
        }
        if !self.order.is_empty() {
            write!(f, " ORDER BY {}", self.order)?;
        }
        Ok(())
    }
}

/// A text in quotes. Any backslash that starts none of the known sequences is an error to Salesforce.
pub fn text(value: &str) -> String {
    format!("'{}'", escaped(value))
}

/// A pattern of `LIKE`: what begins with this, `%` and `_` standing for themselves.
pub fn prefix(value: &str) -> String {
    format!("'{}%'", escaped(value).replace('%', "\\%").replace('_', "\\_"))
}

/// A time, which stands without quotes; Salesforce keeps milliseconds.
pub fn time(time: DateTime) -> String {
    format!("{:.3}", time.timestamp()).replace(".000Z", "Z")
}

fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '\\' => escaped.push_str("\\\\"),
            '\'' => escaped.push_str("\\'"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '\u{8}' => escaped.push_str("\\b"),
            '\u{c}' => escaped.push_str("\\f"),
            control if control.is_control() => escaped.push_str(&format!("\\u{:04X}", u32::from(control))),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_value_ends_its_quotes() {
        assert_eq!(text("O'Brien"), r"'O\'Brien'");
        assert_eq!(text(r"\' OR Id != '"), r"'\\\' OR Id != \''");
        assert_eq!(text("a\"b\n\r\t\u{8}\u{c}\u{1}\u{85}"), r#"'a\"b\n\r\t\b\f\u0001\u0085'"#);
        assert_eq!(text("Ünï %_"), "'Ünï %_'");
        for value in ["'", "\\", "\\'", "'\\", "\\\\'"] {
            let inner = text(value);
            let inner = &inner[1..inner.len() - 1];
            let mut letters = inner.chars();
            while let Some(letter) = letters.next() {
                assert_ne!(letter, '\'', "{value}");
                if letter == '\\' {
                    assert!(letters.next().is_some(), "{value}");
                }
            }
        }
    }

    #[test]
    fn a_pattern_means_what_it_says() {
        assert_eq!(prefix("50%_'\\"), r"'50\%\_\'\\%'");
    }

    #[test]
    fn times_have_no_quotes_and_milliseconds_at_most() {
        let at = |text| time(DateTime::parse(text).unwrap());
        assert_eq!(at("2024-04-30T17:20:11+02:00"), "2024-04-30T15:20:11Z");
        assert_eq!(at("2024-04-30T15:20:11.123456Z"), "2024-04-30T15:20:11.123Z");
        assert_eq!(at("2024-04-30T15:20:11.000+0000"), "2024-04-30T15:20:11Z", "as answers write it");
    }

    /// What a quoted text means, by the SOQL reference; none where the quotes end early or a sequence is unknown.
    fn read_back(quoted: &str) -> Option<String> {
        let mut letters = quoted.strip_prefix('\'')?.strip_suffix('\'')?.chars();
        let mut text = String::new();
        while let Some(letter) = letters.next() {
            text.push(match letter {
                '\'' => return None,
                '\\' => match letters.next()? {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'u' => {
                        char::from_u32(u32::from_str_radix(&letters.by_ref().take(4).collect::<String>(), 16).ok()?)?
                    }
                    itself @ ('\\' | '\'' | '"' | '_' | '%') => itself,
                    _ => return None,
                },
                other => other,
            });
        }
        Some(text)
    }

    proptest! {
        #[test]
        fn what_is_quoted_reads_back(value in r#"(\PC|[\\'"%_]|[\x00-\x1f\x7f-\x9f])*"#) {
            prop_assert_eq!(read_back(&text(&value)), Some(value.clone()));
            prop_assert_eq!(read_back(&prefix(&value)), Some(format!("{value}%")));
        }

        #[test]
        fn of_a_pattern_only_the_end_is_open(value in r"[a'\\%_]{0,8}") {
            let pattern = prefix(&value);
            let mut letters = pattern.chars();
            let mut wild = 0;
            while let Some(letter) = letters.next() {
                match letter {
                    '\\' => drop(letters.next()),
                    '%' | '_' => wild += 1,
                    _ => {}
                }
            }
            prop_assert!(wild == 1 && pattern.ends_with("%'"), "{}", pattern);
        }
    }

    #[test]
    fn a_query_is_put_together() {
        let query = Query::new("Id", "User").any_of("Email", ["a'@example.com"]).any_of("Id", ["1", "2"]);
        let query = query.beginning("Name", &Some(Match::any_of(["A", "B_"]))).order("Id");
        assert_eq!(
            query.to_string(),
            r"SELECT Id FROM User WHERE Email = 'a\'@example.com' AND Id IN ('1', '2') AND (Name LIKE 'A%' OR Name LIKE 'B\_%') ORDER BY Id"
        );
    }
}
