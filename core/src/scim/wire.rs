//! SCIM's JSON as it is on the wire, field for field, and as tolerant as its servers are different: null is absent, a
//! single item is a list of one, a bare word is an item, an id may be a number.

#![expect(missing_docs, reason = "the fields are the attributes of RFC 7643")]

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use userdir_schema::Text;

use crate::mapping::filled;

/// RFC 7643 §4.1, with the enterprise extension of §4.3.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User<'a> {
    #[serde(borrow)]
    pub id: Word<'a>,
    pub external_id: Option<Word<'a>>,
    pub user_name: Option<Word<'a>>,
    pub name: Option<Name<'a>>,
    pub display_name: Option<Text<'a>>,
    pub profile_url: Option<Text<'a>>,
    pub title: Option<Text<'a>>,
    pub user_type: Option<Text<'a>>,
    pub preferred_language: Option<Text<'a>>,
    pub timezone: Option<Text<'a>>,
    pub active: Option<Word<'a>>,
    #[serde(default)]
    pub emails: Many<Item<'a>>,
    #[serde(default)]
    pub phone_numbers: Many<Item<'a>>,
    #[serde(default)]
    pub photos: Many<Item<'a>>,
    #[serde(default)]
    pub roles: Many<Item<'a>>,
    #[serde(default)]
    pub entitlements: Many<Item<'a>>,
    /// Left out by servers that do not fill it, whether or not the user is in a group.
    pub groups: Option<Many<Item<'a>>>,
    #[serde(rename = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")]
    pub enterprise: Option<Enterprise<'a>>,
    pub meta: Option<Meta<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Name<'a> {
    #[serde(borrow)]
    pub formatted: Option<Text<'a>>,
    pub family_name: Option<Text<'a>>,
    pub given_name: Option<Text<'a>>,
}

/// RFC 7643 §4.3.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Enterprise<'a> {
    #[serde(borrow)]
    pub employee_number: Option<Word<'a>>,
    pub organization: Option<Text<'a>>,
}

/// RFC 7643 §3.1. `location` is not read: it may be relative, or on another host.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta<'a> {
    #[serde(borrow)]
    pub created: Option<Text<'a>>,
    pub last_modified: Option<Text<'a>>,
}

/// RFC 7643 §4.2, without the members.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group<'a> {
    #[serde(borrow)]
    pub id: Word<'a>,
    pub display_name: Option<Text<'a>>,
    pub meta: Option<Meta<'a>>,
}

/// An item of a multi-valued attribute (RFC 7643 §2.4), or a member of a group.
#[derive(Debug, Default)]
pub struct Item<'a> {
    pub value: Option<Text<'a>>,
    pub display: Option<Text<'a>>,
    pub r#type: Option<Text<'a>>,
    pub primary: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ItemFields<'a> {
    #[serde(borrow)]
    value: Option<Word<'a>>,
    display: Option<Text<'a>>,
    /// GitHub's name for `display` in a member.
    display_name: Option<Text<'a>>,
    r#type: Option<Text<'a>>,
    primary: Option<Word<'a>>,
    #[serde(rename = "$ref", alias = "$+ref")]
    reference: Option<Text<'a>>,
}

impl<'a> From<ItemFields<'a>> for Item<'a> {
    fn from(it: ItemFields<'a>) -> Item<'a> {
        let id_of = |reference: Text<'a>| reference.rsplit('/').next().map(|id| Text::from(id.to_owned()));
        Item {
            value: it.value.map(|value| value.0).or_else(|| it.reference.and_then(id_of)),
            display: it.display.or(it.display_name),
            r#type: it.r#type,
            primary: it.primary.map(|word| word.is_true()),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Item<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Of;
        impl<'de> Visitor<'de> for Of {
            type Value = Item<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an item or a word")
            }

            fn visit_borrowed_str<E>(self, word: &'de str) -> Result<Item<'de>, E> {
                Ok(Item { value: Some(word.into()), ..Item::default() })
            }

            fn visit_str<E>(self, word: &str) -> Result<Item<'de>, E> {
                Ok(Item { value: Some(word.to_owned().into()), ..Item::default() })
            }

            fn visit_unit<E>(self) -> Result<Item<'de>, E> {
                Ok(Item::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Item<'de>, A::Error> {
                ItemFields::deserialize(MapAccessDeserializer::new(map)).map(Item::from)
            }
        }
        deserializer.deserialize_any(Of)
    }
}

impl<'a> Item<'a> {
    /// What it stands for, by its `value`, and its name: the `display`, or the value once more. None without a value.
    pub fn named(self) -> Option<(Text<'a>, Text<'a>)> {
        let id = filled(self.value)?;
        let name = filled(self.display).unwrap_or_else(|| id.clone());
        Some((id, name))
    }
}

/// A word that may be written as a number, a boolean, or an object with the word as its `value`.
#[derive(Clone, Debug)]
pub struct Word<'a>(pub Text<'a>);

impl Word<'_> {
    /// Some servers write booleans as strings.
    pub fn is_true(&self) -> bool {
        self.0.eq_ignore_ascii_case("true")
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Of;
        impl<'de> Visitor<'de> for Of {
            type Value = Word<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word")
            }

            fn visit_borrowed_str<E>(self, word: &'de str) -> Result<Word<'de>, E> {
                Ok(Word(word.into()))
            }

            fn visit_str<E>(self, word: &str) -> Result<Word<'de>, E> {
                Ok(Word(word.to_owned().into()))
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Word<'de>, E> {
                Ok(Word(if flag { "true" } else { "false" }.into()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Word<'de>, E> {
                Ok(Word(number.to_string().into()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Word<'de>, E> {
                Ok(Word(number.to_string().into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Word<'de>, A::Error> {
                let item = ItemFields::deserialize(MapAccessDeserializer::new(map))?;
                item.value.ok_or_else(|| A::Error::custom("an object without `value`"))
            }
        }
        deserializer.deserialize_any(Of)
    }
}

/// A list that may be null, or its only item.
#[derive(Debug)]
pub struct Many<T>(pub Vec<T>);

impl<T> Default for Many<T> {
    fn default() -> Many<T> {
        Many(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Of<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Of<T> {
            type Value = Many<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Many<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Many(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Many<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|item| Many(vec![item]))
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Many<T>, E> {
                if word.is_empty() {
                    return Ok(Many::default());
                }
                T::deserialize(StrDeserializer::new(word)).map(|item| Many(vec![item]))
            }

            fn visit_unit<E>(self) -> Result<Many<T>, E> {
                Ok(Many::default())
            }
        }
        deserializer.deserialize_any(Of(PhantomData))
    }
}

/// RFC 7644 §3.12, or SCIM 1.1's `{"Errors": …}`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Error<'a> {
    #[serde(borrow)]
    pub scim_type: Option<Text<'a>>,
    pub detail: Option<Text<'a>>,
    #[serde(rename = "Errors")]
    pub errors: Many<OldError<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct OldError<'a> {
    #[serde(borrow)]
    pub description: Option<Text<'a>>,
}

impl Error<'_> {
    /// What the server says, in one line.
    pub fn message(&self) -> Option<String> {
        let old = self.errors.0.iter().filter_map(|error| error.description.as_deref());
        let texts: Vec<&str> = self.detail.as_deref().into_iter().chain(old).filter(|text| !text.is_empty()).collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_read_in_every_shape() {
        let read = |json: &str| {
            let error: Error = serde_json::from_str(json).unwrap();
            (error.scim_type.as_ref().map(Text::to_string), error.message())
        };
        let taken = || Some("taken".to_owned());
        assert_eq!(
            read(r#"{"status": 409, "scimType": "uniqueness", "detail": "taken", "x": {}}"#),
            (Some("uniqueness".into()), taken())
        );
        assert_eq!(read(r#"{"Errors": [{"description": "taken", "code": 409}]}"#), (None, taken()));
        assert_eq!(read(r#"{"Errors": {"description": "taken"}}"#), (None, taken()));
        assert_eq!(read(r#"{"status": "501", "detail": ""}"#), (None, None));
    }

    #[test]
    fn a_list_may_be_null_or_its_only_item() {
        let values = |json: &str| {
            let Many(items): Many<Item> = serde_json::from_str(json).unwrap();
            items.into_iter().map(|item| item.value.unwrap().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(values(r#"[{"value": "a"}, "b", {"value": 3}]"#), ["a", "b", "3"]);
        assert_eq!(values(r#"{"value": "a"}"#), ["a"]);
        assert_eq!(values(r#""a""#), ["a"]);
        assert!(values("null").is_empty() && values(r#""""#).is_empty());
    }
}
