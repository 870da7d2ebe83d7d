//! SCIM's JSON beyond what core reads of users and groups ([`userdir_core::scim::wire`]): lists, members, and what a user
//! holds.

use serde::Deserialize;
use serde_json::value::RawValue;
use userdir_core::scim::wire::Word;

/// The members of a group, which `map::member` reads one by one.
#[derive(Debug, Deserialize)]
pub struct Members<'a> {
    #[serde(borrow)]
    pub members: Option<&'a RawValue>,
}

/// What a user holds, each item in the server's own words.
#[derive(Debug, Deserialize)]
pub struct Holder<'a> {
    #[serde(borrow)]
    pub id: Word<'a>,
    #[serde(borrow)]
    roles: Option<&'a RawValue>,
    #[serde(borrow)]
    entitlements: Option<&'a RawValue>,
}

impl<'a> Holder<'a> {
    /// The items of `roles` or `entitlements`.
    pub fn items(&self, attribute: &str) -> serde_json::Result<Vec<&'a RawValue>> {
        match if attribute == "roles" { self.roles } else { self.entitlements } {
            Some(list) if list.get().starts_with('[') => serde_json::from_str(list.get()),
            Some(item) if item.get().starts_with(['{', '"']) => Ok(vec![item]),
            _ => Ok(Vec::new()),
        }
    }
}

/// What a list's answer says beside its items: RFC 7644 §3.4.2, RFC 9865 §2.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListHead<'a> {
    #[serde(borrow)]
    pub total_results: Option<Word<'a>>,
    pub start_index: Option<Word<'a>>,
    pub next_cursor: Option<Word<'a>>,
    #[serde(rename = "Resources", borrow)]
    pub resources: Option<Vec<&'a RawValue>>,
}
