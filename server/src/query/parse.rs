//! From the text of a query to a tree of values.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use super::Query;
use crate::config::Limits;

/// What is wrong with a query.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    TooMany(usize),
    TooDeep(String, usize),
    Brackets(String),
    Mixed(String),
    NoText,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::TooMany(most) => write!(f, "it has more than {most} parameters"),
            Fault::TooDeep(name, most) => write!(f, "`{name}` has more than {most} pairs of brackets"),
            Fault::Brackets(name) => write!(f, "the brackets of `{name}` do not match"),
            Fault::Mixed(name) => write!(f, "`{name}` is given both as one value and as a list or object"),
            Fault::NoText => f.write_str("it holds bytes that are no UTF-8"),
        }
    }
}

/// What stands in a pair of brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    /// `[]`: one more.
    Push,
    /// `[name]` or `[0]`.
    Named(String),
}

/// What stands under a name.
#[derive(Debug)]
enum Node {
    /// One value, or the same name several times.
    Values(Vec<String>),
    /// Brackets.
    Branch(Vec<(Segment, Node)>),
}

/// Names and values, decoded, in the order they came.
pub(super) fn pairs(text: &str, limits: &Limits) -> impl Iterator<Item = Result<(String, String), Fault>> {
    let most = limits.query_pairs;
    text.split('&').filter(|pair| !pair.is_empty()).enumerate().map(move |(at, pair)| {
        if at >= most {
            return Err(Fault::TooMany(most));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decoded(name)?, decoded(value)?))
    })
}

pub(super) fn parse(text: &str, limits: &Limits) -> Result<Query, Fault> {
    let mut root: Vec<(Segment, Node)> = Vec::new();
    let mut remote = Vec::new();
    for pair in pairs(text, limits) {
        let (name, value) = pair?;
        if let Some(inside) = name.strip_prefix("remote_query[") {
            remote.push((remote_name(&name, inside)?, value));
            continue;
        }
        if is_nothing(&value) {
            continue;
        }
        let path = segments(&name, limits.query_depth)?;
        insert(&mut root, &path, value).map_err(|()| Fault::Mixed(head(&name)))?;
    }
    let mut members = Map::new();
    for (segment, node) in root {
        let Segment::Named(name) = segment else { continue };
        let value = value(node).map_err(|()| Fault::Mixed(shortened(&name)))?;
        members.insert(name, value);
    }
    Ok(Query { members, remote })
}

/// What clients send for nothing: TypeScript an empty value, Python its word. `null` is sent by none of them for nothing: it
/// is somebody's name, or a mistake, which must not read as no filter.
fn is_nothing(value: &str) -> bool {
    matches!(value, "" | "None")
}

fn decoded(text: &str) -> Result<String, Fault> {
    let text: Cow<'_, str> = if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    percent_decode(text.as_bytes()).decode_utf8().map(Cow::into_owned).map_err(|_| Fault::NoText)
}

/// The vendor's own name of a parameter: `foo` of `remote_query[foo]`, `foo[bar]` of `remote_query[foo][bar]`.
fn remote_name(name: &str, inside: &str) -> Result<String, Fault> {
    match inside.split_once(']') {
        Some((first, rest)) if !first.is_empty() => Ok(format!("{first}{rest}")),
        _ => Err(Fault::Brackets(shortened(name))),
    }
}

/// The name before the brackets, and what stands in each pair.
fn segments(name: &str, deepest: usize) -> Result<Vec<Segment>, Fault> {
    let wrong = || Fault::Brackets(shortened(name));
    let (head, mut rest) = match name.find('[') {
        Some(at) => name.split_at(at),
        None => (name, ""),
    };
    if head.is_empty() || head.contains(']') {
        return Err(wrong());
    }
    let mut path = vec![Segment::Named(head.to_owned())];
    while !rest.is_empty() {
        if path.len() > deepest {
            return Err(Fault::TooDeep(shortened(name), deepest));
        }
        let (inside, after) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).ok_or_else(wrong)?;
        if inside.contains('[') {
            return Err(wrong());
        }
        path.push(if inside.is_empty() { Segment::Push } else { Segment::Named(inside.to_owned()) });
        rest = after;
    }
    Ok(path)
}

/// Puts a value where its path says. `Err` where something of another shape stands there.
fn insert(branch: &mut Vec<(Segment, Node)>, path: &[Segment], value: String) -> Result<(), ()> {
    let Some((segment, rest)) = path.split_first() else { return Err(()) };
    let there = match segment {
        Segment::Named(_) => branch.iter_mut().find(|(other, _)| other == segment),
        // `a[][k]`: the item before, unless it has this already
        Segment::Push if !rest.is_empty() => {
            branch.last_mut().filter(|(other, node)| *other == Segment::Push && !has(node, rest))
        }
        Segment::Push => None,
    };
    match (there, rest.is_empty()) {
        (Some((_, Node::Values(values))), true) => values.push(value),
        (Some((_, Node::Branch(inside))), false) => insert(inside, rest, value)?,
        (Some(_), _) => return Err(()),
        (None, true) => branch.push((segment.clone(), Node::Values(vec![value]))),
        (None, false) => {
            let mut inside = Vec::new();
            insert(&mut inside, rest, value)?;
            branch.push((segment.clone(), Node::Branch(inside)));
        }
    }
    Ok(())
}

/// Whether a value stands at this path. One more item of a list is never there already.
fn has(node: &Node, path: &[Segment]) -> bool {
    let Some((segment, rest)) = path.split_first() else { return true };
    match node {
        Node::Values(_) => true,
        Node::Branch(inside) => match segment {
            Segment::Push => false,
            segment => inside.iter().any(|(other, node)| other == segment && has(node, rest)),
        },
    }
}

/// The JSON of a node: brackets that are empty or numbers are an array, others an object.
fn value(node: Node) -> Result<Value, ()> {
    let inside = match node {
        Node::Values(mut values) if values.len() == 1 => {
            return Ok(values.pop().map(Value::String).unwrap_or_default());
        }
        Node::Values(values) => return Ok(values.into_iter().map(Value::String).collect()),
        Node::Branch(inside) => inside,
    };
    let index = |segment: &Segment| match segment {
        // after those that have a number, in the order they came
        Segment::Push => Some(u64::MAX),
        Segment::Named(name) if name.bytes().all(|byte| byte.is_ascii_digit()) => name.parse().ok(),
        Segment::Named(_) => None,
    };
    let indexes: Option<Vec<u64>> = inside.iter().map(|(segment, _)| index(segment)).collect();
    if let Some(indexes) = indexes {
        let mut items: Vec<(u64, Node)> = indexes.into_iter().zip(inside.into_iter().map(|(_, node)| node)).collect();
        items.sort_by_key(|(index, _)| *index);
        return items.into_iter().map(|(_, node)| value(node)).collect();
    }
    let mut members = Map::new();
    for (segment, node) in inside {
        let Segment::Named(name) = segment else { return Err(()) };
        members.insert(name, value(node)?);
    }
    Ok(Value::Object(members))
}

/// The name before the brackets.
fn head(name: &str) -> String {
    shortened(name.split_once('[').map_or(name, |(head, _)| head))
}

/// A name as a message shows it.
fn shortened(name: &str) -> String {
    match name.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Value {
        Value::Object(parse(text, &Limits::default()).unwrap().members)
    }

    fn fault(text: &str) -> Fault {
        parse(text, &Limits::default()).unwrap_err()
    }

    #[test]
    fn every_spelling_of_an_array_is_the_same_array() {
        for text in
            ["a[]=x&a[]=y", "a[0]=x&a[1]=y", "a=x&a=y", "a%5B%5D=x&a%5B%5D=y", "a%5b0%5d=x&a%5b1%5d=y", "a[1]=y&a[0]=x"]
        {
            assert_eq!(read(text), json!({"a": ["x", "y"]}), "{text}");
        }
        assert_eq!(read("a[]=x"), json!({"a": ["x"]}));
        assert_eq!(read("a[7]=x&a[99999999999999999]=y"), json!({"a": ["x", "y"]}));
    }

    #[test]
    fn every_spelling_of_objects_in_arrays_is_the_same() {
        for text in [
            "roles[0][id]=r1&roles[0][name]=n&roles[1][id]=r2",
            "roles[][id]=r1&roles[][name]=n&roles[][id]=r2",
            "roles%5B%5D%5Bid%5D=r1&roles%5B%5D%5Bname%5D=n&roles%5B%5D%5Bid%5D=r2",
        ] {
            assert_eq!(read(text), json!({"roles": [{"id": "r1", "name": "n"}, {"id": "r2"}]}), "{text}");
        }
        assert_eq!(read("a[][k][]=1&a[][k][]=2"), json!({"a": [{"k": ["1", "2"]}]}));
        assert_eq!(
            read("a[][b][c]=1&a[][b][d]=2&a[][b][c]=3"),
            json!({"a": [{"b": {"c": "1", "d": "2"}}, {"b": {"c": "3"}}]})
        );
    }

    #[test]
    fn objects_nest_and_spaces_have_two_spellings() {
        assert_eq!(read("foo[bar]=baz&foo[bar1][bar2]=x"), json!({"foo": {"bar": "baz", "bar1": {"bar2": "x"}}}));
        assert_eq!(read("a=x+y&b=x%20y&c=x%2By"), json!({"a": "x y", "b": "x y", "c": "x+y"}));
        assert_eq!(read("created_at[gt]=2026-01-01T00:00:00Z"), json!({"created_at": {"gt": "2026-01-01T00:00:00Z"}}));
    }

    #[test]
    fn nothing_has_several_spellings() {
        assert_eq!(read(""), json!({}));
        assert_eq!(read("&&x=&y=None&next_cursor=&a[]=&b&c[d]="), json!({}));
        assert_eq!(read("x=none&y=0&z=null"), json!({"x": "none", "y": "0", "z": "null"}));
    }

    #[test]
    fn the_vendors_own_parameters_are_left_as_they_came() {
        let query =
            parse("remote_query%5Bfoo%5D=&remote_query[page][size]=5&remote_query[f][]=a+b&x=1", &Limits::default())
                .unwrap();
        let expected = [("foo", ""), ("page[size]", "5"), ("f[]", "a b")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(query.remote, expected);
        assert_eq!(Value::Object(query.members), json!({"x": "1"}));
        assert_eq!(fault("remote_query[=x"), Fault::Brackets("remote_query[".into()));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for name in ["[", "]", "[a]", "a[", "a]", "a[b", "a[b]c", "a[[b]]", "a[b]]", "=x", "a[b[c]]"] {
            assert!(matches!(fault(&format!("{name}=x")), Fault::Brackets(_)), "{name}");
        }
        for text in ["a=1&a[b]=2", "a[b]=1&a=2", "a[0]=1&a[0][k]=2", "a[]=1&a[k]=2"] {
            assert_eq!(fault(text), Fault::Mixed("a".into()), "{text}");
        }
        assert_eq!(fault("a=%ff"), Fault::NoText);
    }

    #[test]
    fn there_is_an_end() {
        let many = "a=1&".repeat(10_000);
        assert_eq!(fault(&many), Fault::TooMany(1_000));
        let deep = format!("a{}=1", "[b]".repeat(1_000));
        assert!(matches!(fault(&deep), Fault::TooDeep(_, 8)));
        let nested = format!("a{}{}=1", "[".repeat(1_000), "]".repeat(1_000));
        assert!(matches!(fault(&nested), Fault::Brackets(_)));
    }

    /// A tree as clients build one: objects and arrays of words.
    fn trees() -> impl Strategy<Value = Value> {
        let word =
            "[a-zé &=+%/]{1,6}".prop_filter("no spelling of nothing", |word| !is_nothing(word)).prop_map(Value::String);
        word.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(Value::Array),
                prop::collection::btree_map("[a-z]{1,4}", inner, 1..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// As the TypeScript SDK writes it: indexes, brackets encoded.
    fn write(prefix: &str, value: &Value, into: &mut Vec<String>) {
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        match value {
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, item)| write(&format!("{prefix}[{at}]"), item, into))
            }
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| write(&format!("{prefix}[{name}]"), value, into))
            }
            value => into.push(format!("{}={}", encode(prefix), encode(value.as_str().unwrap_or_default()))),
        }
    }

    proptest! {
        #[test]
        fn what_a_client_writes_is_read_back(tree in trees()) {
            let mut pairs = Vec::new();
            write("a", &tree, &mut pairs);
            prop_assert_eq!(read(&pairs.join("&")), json!({"a": tree}));
        }

        #[test]
        fn no_text_ends_in_a_panic(text in r"([a-c\[\]0-2=&%+]|%5B|%5D|remote_query)*") {
            let _ = parse(&text, &Limits::default());
        }

        #[test]
        fn no_bytes_end_in_a_panic(text in ".*") {
            let _ = parse(&text, &Limits::default());
        }
    }
}
