//! The vendor's own object, carried along byte for byte.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::IntoOwned;

/// What the vendor itself said about a thing, exactly as it came: key order, number spelling and
/// escapes included.
#[derive(Clone)]
pub struct RemoteData<'a>(Cow<'a, RawValue>);

impl<'a> RemoteData<'a> {
    /// The JSON text.
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// Reads the JSON as a type of one's own.
    pub fn parse<'s, T: Deserialize<'s>>(&'s self) -> serde_json::Result<T> {
        serde_json::from_str(self.get())
    }

    /// The same bytes, free of the answer they were read from.
    pub fn into_owned(self) -> RemoteData<'static> {
        RemoteData(Cow::Owned(self.0.into_owned()))
    }
}

impl IntoOwned for RemoteData<'_> {
    type Owned = RemoteData<'static>;

    fn into_owned(self) -> RemoteData<'static> {
        RemoteData::into_owned(self)
    }
}

impl<'a> From<&'a RawValue> for RemoteData<'a> {
    fn from(raw: &'a RawValue) -> Self {
        RemoteData(Cow::Borrowed(raw))
    }
}

impl From<Box<RawValue>> for RemoteData<'_> {
    fn from(raw: Box<RawValue>) -> Self {
        RemoteData(Cow::Owned(raw))
    }
}

/// Equal when the text is equal; a different key order is a different text.
impl PartialEq for RemoteData<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for RemoteData<'_> {}

/// Prints the length only: the content is other people's data and has no place in a log.
impl fmt::Debug for RemoteData<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteData({} bytes)", self.get().len())
    }
}

impl Serialize for RemoteData<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

// Reads an owned copy, which works from every source. Providers, who have the vendor's bytes at
// hand, borrow through `From<&RawValue>` instead.
impl<'de> Deserialize<'de> for RemoteData<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self::from)
    }
}

impl JsonSchema for RemoteData<'_> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "RemoteData".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::User;

    const ODD: &str = r#"{"z":1, "a": 123456789012345678901234567890.10,"s":"\u00e4\/", "a":null }"#;

    #[test]
    fn keeps_every_byte_both_ways() {
        let json = format!(r#"{{"id":"1","remote_data":{ODD}}}"#);
        let user: User = serde_json::from_str(&json).unwrap();
        assert_eq!(user.remote_data.as_ref().unwrap().get(), ODD);
        assert_eq!(serde_json::to_string(&user).unwrap(), json);
    }

    #[test]
    fn borrows_from_raw_values_and_can_let_go() {
        let raw: &RawValue = serde_json::from_str(ODD).unwrap();
        let data = RemoteData::from(raw);
        assert_eq!(data.get().as_ptr(), raw.get().as_ptr());
        assert_eq!(data.clone().into_owned(), data);
    }

    #[test]
    fn parses_into_other_types_by_borrowing() {
        #[derive(serde::Deserialize)]
        struct Z {
            z: u8,
        }
        let raw: &RawValue = serde_json::from_str(r#"{"z":7}"#).unwrap();
        assert_eq!(RemoteData::from(raw).parse::<Z>().unwrap().z, 7);
    }

    #[test]
    fn debug_shows_no_content() {
        let raw: &RawValue = serde_json::from_str(r#"{"name":"Ada"}"#).unwrap();
        assert_eq!(format!("{:?}", RemoteData::from(raw)), "RemoteData(14 bytes)");
    }
}
