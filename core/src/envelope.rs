//! What a list's body says besides its items, read in one pass and without a tree in between.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::page::Total;

/// Where things are in a list's body: paths have dots, an empty one means none (for `items`: the body itself).
#[derive(Clone, Copy, Default)]
pub(crate) struct Paths {
    pub items: &'static str,
    pub next: &'static str,
    pub more: &'static str,
    pub total: &'static str,
    pub size: &'static str,
}

/// What a list's body says, read in one pass.
#[derive(Default)]
pub(crate) struct Envelope<'p> {
    pub items: Vec<&'p RawValue>,
    pub next: Option<String>,
    /// The flag that says whether `next` counts.
    pub more: Option<bool>,
    pub total: Option<Total>,
    /// How many items the vendor takes the page for.
    pub size: Option<u64>,
    /// Whether there was a list at all.
    has_items: bool,
}

impl<'p> Envelope<'p> {
    /// Reads what is at the paths. A list that is null is empty, and so is one that is missing where the body says that
    /// there are none, or goes on; any other body without its list is none.
    pub fn read(body: &'p [u8], paths: &Paths) -> serde_json::Result<Envelope<'p>> {
        let mut envelope = Envelope::default();
        let mut json = serde_json::Deserializer::from_slice(body);
        if paths.items.is_empty() {
            envelope.items = serde::Deserialize::deserialize(&mut json)?;
        } else {
            Walk { paths: *paths, into: &mut envelope }.deserialize(&mut json)?;
            if !(envelope.has_items || envelope.total == Some(Total::Exact(0)) || envelope.next.is_some()) {
                return Err(serde_json::Error::custom("there is no list"));
            }
        }
        json.end()?;
        Ok(envelope)
    }
}

/// Walks down the members that the paths name.
struct Walk<'e, 'p> {
    paths: Paths,
    into: &'e mut Envelope<'p>,
}

/// What is left of a path behind `member`: nothing when it is another one, `Some("")` when it ends here.
fn behind(path: &'static str, member: &str) -> Option<&'static str> {
    let rest = path.strip_prefix(member)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('.') }
}

impl<'p> DeserializeSeed<'p> for Walk<'_, 'p> {
    type Value = ();

    fn deserialize<D: Deserializer<'p>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'p> Visitor<'p> for Walk<'_, 'p> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'p>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(member) = map.next_key::<std::borrow::Cow<'p, str>>()? {
            let Paths { items, next, more, total, size } = self.paths;
            let [items, next, more, total, size] = [items, next, more, total, size].map(|path| behind(path, &member));
            if items == Some("") {
                self.into.items = map.next_value::<Option<Vec<&RawValue>>>()?.unwrap_or_default();
                self.into.has_items = true;
            } else if next == Some("") {
                self.into.next = text(map.next_value()?).map_err(A::Error::custom)?;
            } else if more == Some("") {
                self.into.more = map.next_value()?;
            } else if total == Some("") {
                let number = text(map.next_value()?).ok().flatten().and_then(|number| number.parse().ok());
                self.into.total = number.map(Total::Exact);
            } else if size == Some("") {
                self.into.size = map.next_value()?;
            } else if items.or(next).or(more).or(total).or(size).is_some() {
                let [items, next, more, total, size] =
                    [items, next, more, total, size].map(|path| path.unwrap_or_default());
                let raw: &RawValue = map.next_value()?;
                if raw.get().starts_with('{') {
                    let mut json = serde_json::Deserializer::from_str(raw.get());
                    let walk = Walk { paths: Paths { items, next, more, total, size }, into: self.into };
                    walk.deserialize(&mut json).map_err(A::Error::custom)?;
                }
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// A word or number as text; null, false and empty as nothing. Anything else is no cursor, and must not read as the end.
fn text(raw: &RawValue) -> Result<Option<String>, &'static str> {
    match serde_json::from_str(raw.get()) {
        Ok(Value::String(text)) => Ok((!text.is_empty()).then_some(text)),
        Ok(Value::Number(number)) => Ok(Some(number.to_string())),
        Ok(Value::Null | Value::Bool(false)) => Ok(None),
        _ => Err("neither a text nor a number"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(items: &'static str, next: &'static str, total: &'static str) -> Paths {
        Paths { items, next, total, ..Paths::default() }
    }

    fn read<'p>(
        body: &'p str,
        items: &'static str,
        next: &'static str,
        total: &'static str,
    ) -> (Vec<&'p str>, Option<String>, Option<u64>) {
        let envelope = Envelope::read(body.as_bytes(), &paths(items, next, total)).unwrap();
        let total = envelope.total.map(|total| match total {
            Total::Exact(total) | Total::Estimate(total) => total,
        });
        (envelope.items.iter().map(|raw| raw.get()).collect(), envelope.next, total)
    }

    #[test]
    fn an_envelope_is_read_in_any_order() {
        assert_eq!(read(r#"[{"a":1}, 2]"#, "", "", ""), (vec![r#"{"a":1}"#, "2"], None, None));
        assert_eq!(
            read(
                r#"{"totalResults": "3", "x": [1], "Resources": [{}], "nextCursor": "c"}"#,
                "Resources",
                "nextCursor",
                "totalResults"
            ),
            (vec!["{}"], Some("c".into()), Some(3))
        );
        assert_eq!(
            read(r#"{"_links": {"next": {"href": "u"}}, "roles": null}"#, "roles", "_links.next.href", ""),
            (vec![], Some("u".into()), None)
        );
        assert_eq!(
            read(
                r#"{"data": {"users": [1, 2], "pagination": {"next": ""}}}"#,
                "data.users",
                "data.pagination.next",
                ""
            ),
            (vec!["1", "2"], None, None)
        );
        assert_eq!(read(r#"{"totalResults": 0}"#, "Resources", "", "totalResults"), (vec![], None, Some(0)));
    }

    #[test]
    fn what_is_no_list_is_an_error_and_never_an_empty_list() {
        for body in ["", "<html>", "[1, 2", "[] x", r#"{"Resources": {}}"#, "null", "{}", r#"{"error": "x"}"#] {
            assert!(Envelope::read(body.as_bytes(), &paths("Resources", "", "")).is_err(), "{body:?}");
        }
        assert!(Envelope::read(b"{}", &paths("", "", "")).is_err());
    }

    #[test]
    fn a_cursor_of_another_shape_is_an_error_and_never_the_end() {
        for next in [r#"{"href": "x"}"#, "[1]", "true"] {
            let body = format!(r#"{{"items": [], "next": {next}}}"#);
            assert!(Envelope::read(body.as_bytes(), &paths("items", "next", "")).is_err(), "{next}");
        }
        for next in ["null", "false", "\"\""] {
            let body = format!(r#"{{"items": [], "next": {next}}}"#);
            assert_eq!(Envelope::read(body.as_bytes(), &paths("items", "next", "")).unwrap().next, None, "{next}");
        }
    }
}
