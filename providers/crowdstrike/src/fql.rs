//! Falcon Query Language: what a filter is written in.

use userdir_core::action::{Match, SortBy};
use userdir_core::{Error, Result};

/// Terms that all must hold.
#[derive(Debug, Default)]
pub(crate) struct Fql {
    terms: Vec<String>,
    properties: usize,
}

/// Properties that Falcon takes in one filter.
const MOST: usize = 20;

impl Fql {
    /// The field has one of these values, upper and lower case being different.
    pub fn any_of<V: AsRef<str>>(&mut self, field: &str, values: impl IntoIterator<Item = V>) -> Result<()> {
        let quoted = |value: V| quote(value.as_ref()).map(|value| format!("{field}:{value}"));
        let choices = values.into_iter().map(quoted).collect::<Result<Vec<_>>>()?;
        self.properties += choices.len();
        match choices.as_slice() {
            [one] => self.terms.push(one.clone()),
            several => self.terms.push(format!("({})", several.join(","))),
        }
        Ok(())
    }

    /// As [`Fql::any_of`], where the filter is set.
    pub fn matching(&mut self, field: &str, filter: &Option<Match>) -> Result<()> {
        filter.as_ref().map_or(Ok(()), |filter| self.any_of(field, filter.values()))
    }

    /// The whole expression; none where nothing is asked for.
    pub fn build(self) -> Result<Option<String>> {
        if self.properties > MOST {
            return Err(Error::invalid(format!("the filter has {} values; Falcon takes {MOST}", self.properties))
                .hint("ask in several calls"));
        }
        Ok((!self.terms.is_empty()).then(|| self.terms.join("+")))
    }
}

/// The order of a list. There is always one, so that pages by position fit together: without `sort_by` by `default`.
/// `fields` are those that Falcon calls otherwise.
pub(crate) fn sort(by: &Option<SortBy>, default: &'static str, fields: &[(&str, &'static str)]) -> String {
    let Some(by) = by else { return format!("{default}|asc") };
    let field = fields.iter().find(|(ours, _)| *ours == by.field).map_or(by.field.as_str(), |(_, its)| its);
    format!("{field}|{}", if by.descending { "desc" } else { "asc" })
}

/// A value in quotes. How a quote or a backslash is written inside is not documented, and `*` stands for anything: such
/// values are refused, since they could ask for somebody else.
fn quote(value: &str) -> Result<String> {
    if value.is_empty() || value.contains(['\'', '\\', '*']) || value.chars().any(char::is_control) {
        return Err(Error::invalid(
            "a filter of Falcon cannot hold `'`, `\\`, `*`, a control character or nothing at all",
        )
        .hint("filter by another field, such as `username`"));
    }
    Ok(format!("'{value}'"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn built(make: impl FnOnce(&mut Fql) -> Result<()>) -> Result<Option<String>> {
        let mut fql = Fql::default();
        make(&mut fql)?;
        fql.build()
    }

    #[test]
    fn terms_are_joined() {
        let fql = built(|fql| {
            fql.any_of("uid", ["maya@example.com", "noa@example.com"])?;
            fql.matching("status", &Some("active".into()))?;
            fql.matching("name", &None)
        });
        assert_eq!(fql.unwrap().unwrap(), "(uid:'maya@example.com',uid:'noa@example.com')+status:'active'");
        assert_eq!(built(|_| Ok(())).unwrap(), None);
    }

    #[test]
    fn what_cannot_be_written_safely_is_refused() {
        for value in ["O'Brien", "a\\", "*", "ma*", "", "a\nb", "x',cid:'y"] {
            assert!(built(|fql| fql.any_of("last_name", [value])).is_err(), "{value}");
        }
        // operators and separators mean nothing inside quotes
        assert_eq!(built(|fql| fql.any_of("name", ["A+B,(C)!"])).unwrap().unwrap(), "name:'A+B,(C)!'");
    }

    proptest! {
        #[test]
        fn a_value_is_refused_or_stands_between_its_quotes(value in r"(\PC|['\\*,+:()!~<>]|[\x00-\x1f\x7f])*") {
            let Ok(Some(fql)) = built(|fql| fql.any_of("name", [&value])) else { return Ok(()) };
            let inside = fql.strip_prefix("name:'").and_then(|rest| rest.strip_suffix('\''));
            prop_assert_eq!(inside, Some(value.as_str()));
            // nothing in it ends the quotes, and nothing stands for anything else
            prop_assert!(!value.is_empty() && !value.contains(['\'', '\\', '*']));
        }
    }

    #[test]
    fn no_more_than_falcon_takes() {
        let values: Vec<String> = (0..21).map(|n| n.to_string()).collect();
        assert!(built(|fql| fql.any_of("uid", &values)).is_err());
        assert!(built(|fql| fql.any_of("uid", &values[..20])).is_ok());
    }
}
