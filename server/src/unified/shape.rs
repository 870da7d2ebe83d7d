//! Changes the JSON of a resource without rebuilding it: what is not touched stays as the bytes it was.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use userdir::schema::{Resource, field_paths};

/// The members of an object in the order they came.
pub struct Members<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'de>, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::with_capacity(map.size_hint().unwrap_or(16));
                while let Some(name) = map.next_key::<Name<'de>>()? {
                    members.push((name.0, map.next_value()?));
                }
                Ok(Members(members))
            }
        }

        /// A name, borrowed where it has no escapes.
        #[derive(serde::Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

        deserializer.deserialize_map(InOrder)
    }
}

/// The members of a text, where it is an object.
pub fn members(text: &str) -> Option<Members<'_>> {
    serde_json::from_str(text).ok()
}

/// A tree of fields: what to do with them and with those inside.
#[derive(Debug, Default)]
struct Tree {
    inner: BTreeMap<String, Tree>,
    /// Of a schema: it is a list.
    is_list: bool,
    /// Of fields to leave out: it goes as a whole.
    whole: bool,
}

impl Tree {
    fn add(&mut self, path: &str) {
        let mut at = self;
        for name in path.split('.').filter(|name| !name.is_empty()) {
            let name = name.trim_end_matches("[]");
            at = at.inner.entry(name.to_owned()).or_default();
        }
        at.whole = true;
    }
}

/// Fields to leave out.
#[derive(Debug, Default)]
pub struct Excluded(Tree);

impl Excluded {
    /// By their paths: `id`, `emails.type`, also `emails[].type`.
    pub fn new(paths: &[String]) -> Excluded {
        let mut tree = Tree::default();
        paths.iter().for_each(|path| tree.add(path));
        Excluded(tree)
    }

    /// The text of a resource without them.
    pub fn apply<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.0.inner.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        exclude(&self.0, text, DEEPEST, &mut out);
        Cow::Owned(out)
    }
}

/// Lists and objects that are looked into: those of the longest path, and a list at each. A vendor's own object may be
/// nested without end.
const DEEPEST: usize = 32;

fn exclude(tree: &Tree, text: &str, deep: usize, out: &mut String) {
    let Some(deep) = deep.checked_sub(1) else { return out.push_str(text) };
    if let Some(items) = list(text) {
        return write_list(&items, out, |item, out| exclude(tree, item, deep, out));
    }
    let Some(Members(members)) = members(text) else { return out.push_str(text) };
    let left = members.iter().filter(|(name, _)| tree.inner.get(name.as_ref()).is_none_or(|tree| !tree.whole));
    write_object(left.map(|(name, raw)| (name.as_ref(), Some(*raw))), out, |name, raw, out| {
        match tree.inner.get(name) {
            Some(tree) => exclude(tree, raw, deep, out),
            None => out.push_str(raw),
        }
    });
}

/// The text of a resource with every field of its schema, those the vendor has nothing for null or empty.
pub fn normalized(resource: Resource, text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    complete(schema(resource), text, &mut out);
    out
}

fn complete(tree: &Tree, text: &str, out: &mut String) {
    if tree.inner.is_empty() {
        return out.push_str(text);
    }
    if let Some(items) = list(text) {
        return write_list(&items, out, |item, out| complete(tree, item, out));
    }
    let Some(Members(members)) = members(text) else { return out.push_str(text) };
    let missing = tree.inner.keys().filter(|name| !members.iter().any(|(there, _)| there.as_ref() == *name));
    let there = members.iter().map(|(name, raw)| (name.as_ref(), Some(*raw)));
    write_object(there.chain(missing.map(|name| (name.as_str(), None))), out, |name, raw, out| {
        match tree.inner.get(name) {
            Some(tree) if raw.is_empty() => out.push_str(if tree.is_list { "[]" } else { "null" }),
            Some(tree) => complete(tree, raw, out),
            None => out.push_str(raw),
        }
    });
}

/// The fields of a resource's schema; those of its `remote_data` are the vendor's.
fn schema(resource: Resource) -> &'static Tree {
    static TREES: OnceLock<Vec<(Resource, Tree)>> = OnceLock::new();
    static EMPTY: Tree = Tree { inner: BTreeMap::new(), is_list: false, whole: false };
    let trees = TREES.get_or_init(|| Resource::ALL.iter().map(|resource| (*resource, tree_of(*resource))).collect());
    trees.iter().find(|(of, _)| *of == resource).map_or(&EMPTY, |(_, tree)| tree)
}

fn tree_of(resource: Resource) -> Tree {
    let mut tree = Tree::default();
    for field in field_paths(resource) {
        let mut at = &mut tree;
        for name in field.path.split('.') {
            at = at.inner.entry(name.trim_end_matches("[]").to_owned()).or_default();
        }
        at.is_list = field.json_type.ends_with("[]");
    }
    tree
}

fn list(text: &str) -> Option<Vec<&RawValue>> {
    text.trim_start().starts_with('[').then(|| serde_json::from_str(text).ok()).flatten()
}

fn write_list(items: &[&RawValue], out: &mut String, write: impl Fn(&str, &mut String)) {
    out.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(item.get(), out);
    }
    out.push(']');
}

fn write_object<'m>(
    members: impl Iterator<Item = (&'m str, Option<&'m RawValue>)>,
    out: &mut String,
    write: impl Fn(&str, &str, &mut String),
) {
    out.push('{');
    for (at, (name, raw)) in members.enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(&quoted(name));
        out.push(':');
        write(name, raw.map_or("", RawValue::get), out);
    }
    out.push('}');
}

/// A text as JSON.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The text of an object with one member more.
pub fn with_member(object: &str, name: &str, value: &str) -> String {
    let open = object.trim().strip_suffix('}').unwrap_or(object).trim_end();
    let comma = if open.ends_with('{') { "" } else { "," };
    format!("{open}{comma}{}:{value}}}", quoted(name))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn without(paths: &[&str], text: &str) -> String {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        Excluded::new(&paths).apply(text).into_owned()
    }

    #[test]
    fn fields_are_left_out_and_the_rest_stays_as_it_was() {
        let text = r#"{"id":"1","n":1.50,"emails":[{"email":"a","type":"work"},{"email":"b"}],"remote_data":{ "x" : 12345678901234567890123 }}"#;
        assert_eq!(
            without(&["id", "emails.type"], text),
            r#"{"n":1.50,"emails":[{"email":"a"},{"email":"b"}],"remote_data":{ "x" : 12345678901234567890123 }}"#
        );
        assert_eq!(
            without(&["emails[].email", "remote_data.x", "nothing", ""], text),
            r#"{"id":"1","n":1.50,"emails":[{"type":"work"},{}],"remote_data":{}}"#
        );
        assert_eq!(without(&[], text), text);
        assert_eq!(without(&["emails", "emails.type"], r#"{"emails":[]}"#), "{}");
        assert_eq!(without(&["id.deeper"], r#"{"id":"1"}"#), r#"{"id":"1"}"#);
    }

    #[test]
    fn a_normalized_resource_has_every_field() {
        let text = r#"{"id":"1","emails":[{"email":"a"}],"remote_data":{"x":1}}"#;
        let user: Value = serde_json::from_str(&normalized(Resource::Users, text)).unwrap();
        for field in field_paths(Resource::Users).iter().filter(|field| !field.path.contains('.')) {
            let value = user.get(&field.path).unwrap_or_else(|| panic!("{}", field.path));
            let empty = if field.json_type.ends_with("[]") { json!([]) } else { Value::Null };
            if !["id", "emails", "remote_data"].contains(&field.path.as_str()) {
                assert_eq!(*value, empty, "{}", field.path);
            }
        }
        assert_eq!(user["emails"][0]["email"], "a");
        assert!(user["emails"][0].as_object().unwrap().contains_key("type"));
        assert_eq!(user["remote_data"], json!({"x": 1}));
    }

    #[test]
    fn a_member_is_added_to_the_text() {
        assert_eq!(with_member(r#"{"id":"1"}"#, "userdir", "{}"), r#"{"id":"1","userdir":{}}"#);
        assert_eq!(with_member("{ }", "a", "1"), r#"{"a":1}"#);
    }
}
