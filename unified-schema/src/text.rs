//! Text that is borrowed from the vendor's answer where it can be, and owned where it cannot.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

use crate::IntoOwned;

/// A string of the directory: a slice of the answer it was read from, or a string of its own.
///
/// Unlike `Cow<str>` it borrows wherever it stands, also inside `Option`, `Vec` and maps.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same text, free of what it was read from.
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }

    /// Whether the text is a slice of something else, not a copy.
    pub fn is_borrowed(&self) -> bool {
        matches!(self.0, Cow::Borrowed(_))
    }
}

impl IntoOwned for Text<'_> {
    type Owned = Text<'static>;

    fn into_owned(self) -> Text<'static> {
        Text::into_owned(self)
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Lets maps keyed by `Text` be asked with a plain `&str`.
impl Borrow<str> for Text<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Text(Cow::Borrowed(text))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Text(Cow::Owned(text))
    }
}

impl<'a> From<Cow<'a, str>> for Text<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Text(text)
    }
}

impl From<Text<'_>> for String {
    fn from(text: Text<'_>) -> Self {
        text.0.into_owned()
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

// Borrowing wherever possible has a price: `Text<'static>` is not `DeserializeOwned`. What is to be
// owned is read borrowed and then made owned; readers and `Value`s give a `Text<'static>` directly.
impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text::from(text))
    }

    // Reached for strings with escapes and for readers: there is nothing to borrow from.
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text::from(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Text<'de>, E> {
        Ok(Text::from(text))
    }
}

impl JsonSchema for Text<'_> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn borrows_also_inside_options_lists_and_maps() {
        let text: Text = serde_json::from_str(r#""Ada""#).unwrap();
        assert!(text.is_borrowed());
        let text: Option<Text> = serde_json::from_str(r#""Ada""#).unwrap();
        assert!(text.unwrap().is_borrowed());
        let texts: Vec<Text> = serde_json::from_str(r#"["Ada", "Grace"]"#).unwrap();
        assert!(texts.iter().all(Text::is_borrowed));
        let map: BTreeMap<Text, Text> = serde_json::from_str(r#"{"a": "b"}"#).unwrap();
        assert!(map.iter().all(|(k, v)| k.is_borrowed() && v.is_borrowed()));
        assert_eq!(map.get("a").unwrap(), "b");
    }

    #[test]
    fn owns_what_it_cannot_borrow() {
        let text: Text = serde_json::from_str(r#""A\u0064a""#).unwrap();
        assert_eq!(text, "Ada");
        assert!(!text.is_borrowed());
        let mut reader = serde_json::Deserializer::from_reader(&br#""Ada""#[..]);
        let text: Text<'static> = Text::deserialize(&mut reader).unwrap();
        assert_eq!(text, "Ada");
        let text: Text<'static> = Text::deserialize(serde_json::json!("Ada")).unwrap();
        assert_eq!(text, *"Ada");
    }

    #[test]
    fn is_text_and_nothing_else() {
        assert!(serde_json::from_str::<Text>("7").is_err());
        assert_eq!(serde_json::to_string(&Text::from("ä\"")).unwrap(), r#""ä\"""#);
        assert_eq!(format!("{:>4} {:?}", Text::from("a"), Text::from("b")), r#"   a "b""#);
    }
}
