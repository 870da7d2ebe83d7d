//! What callers give: ids, fields, filters, passed-through parameters and paths of their own. No text makes a request
//! leave the account's host, or its path mean something else.
//!
//! An input is two bytes for a fixture case, whose answers are given, and then the texts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use userdir::http::FreePath;
use userdir_fuzz::{plant, Known, World, SEPARATOR};

fuzz_target!(init: plant(seeds(World::of_all())), |data: &[u8]| {
    let world = World::of_all();
    let Some((case, rest)) = world.choose(data) else { return };
    let Ok(rest) = std::str::from_utf8(rest) else { return };
    let texts: Vec<&str> = rest.split(char::from(SEPARATOR)).collect();
    act(world, case, &texts);
    pass(world, case, texts[0]);
});

/// The case with these texts in place of its own.
fn act(world: &World, case: &Known, texts: &[&str]) {
    let mut input = Value::Object(case.script.call.input.clone());
    let mut texts = texts.iter().cycle();
    put(&mut input, &mut texts);
    let query = texts.clone().zip(texts.skip(1)).take(1).map(|(name, value)| (name.to_string(), value.to_string()));
    let call = case.call().remote_query(query.collect());
    let _ = world.play(case.answers(), world.call(case, &call, input));
}

fn put<'t>(value: &mut Value, texts: &mut impl Iterator<Item = &'t &'t str>) {
    match value {
        Value::String(text) => *text = texts.next().unwrap_or(&"").to_string(),
        Value::Array(items) => items.iter_mut().for_each(|item| put(item, texts)),
        Value::Object(members) => members.values_mut().for_each(|member| put(member, texts)),
        _ => {}
    }
}

/// A request to a caller's own path, as the server's proxy makes it.
fn pass(world: &World, case: &Known, path: &str) {
    let Ok(path) = FreePath::parse(path) else { return };
    let Ok(directory) = world.connect(case) else { return };
    let path = path.below(directory.resources().root);
    let call = case.call();
    let get = directory.http().free("GET".parse().expect("a method"), &path);
    let _ = world.play(case.answers(), get.read(&call));
}

/// Every case with texts of its own, and with one that tries to get out.
fn seeds(world: &World) -> Vec<Vec<u8>> {
    let seed = |(number, case): (usize, &Known)| {
        let mut texts = Vec::new();
        collect(&Value::Object(case.script.call.input.clone()), &mut texts);
        if number % 16 == 0 {
            texts.insert(0, "../..//evil.example/?a=b#c".to_owned());
        }
        let mut seed = (number as u16).to_be_bytes().to_vec();
        seed.extend(texts.join(&char::from(SEPARATOR).to_string()).bytes());
        seed
    };
    world.cases.iter().enumerate().map(seed).collect()
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(members) => members.values().for_each(|member| collect(member, texts)),
        _ => {}
    }
}
