//! One page of 200 users from vendor bytes to NDJSON, against a bare scan.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use userdir_okta::map;
use userdir_schema::{IntoOwned, RemoteData, User};

const USERS: usize = 200;
const ROUNDS: usize = 300;

fn main() -> anyhow::Result<()> {
    let page = userdir_bench::page(0, USERS);
    let floor = best(|| scan(&page))?;
    println!("{USERS} users, {} bytes; best of {ROUNDS}; one core", page.len());
    show("scan only", floor, floor);
    show("split into raw items", best(|| split(&page).map(|items| drop(black_box(items))))?, floor);
    show("borrowed structs, to NDJSON", best(|| borrowed(&page))?, floor);
    show("owned structs, to NDJSON", best(|| owned(&page))?, floor);
    show("a JSON tree in between", best(|| tree(&page))?, floor);
    Ok(())
}

fn show(what: &str, time: Duration, floor: Duration) {
    let each = time.as_secs_f64() * 1e6 / USERS as f64;
    println!("{what:<30} {each:6.2} us/user  {:5.2} x", time.as_secs_f64() / floor.as_secs_f64());
}

fn best(mut run: impl FnMut() -> serde_json::Result<()>) -> serde_json::Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        run()?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}

fn scan(page: &str) -> serde_json::Result<()> {
    black_box(serde_json::from_str::<IgnoredAny>(page)?);
    Ok(())
}

fn split(page: &str) -> serde_json::Result<Vec<&RawValue>> {
    serde_json::from_str(page)
}

fn mapped(raw: &RawValue) -> serde_json::Result<User<'_>> {
    let mut user = map::user(raw)?;
    user.remote_data = Some(RemoteData::from(raw));
    Ok(user)
}

fn borrowed(page: &str) -> serde_json::Result<()> {
    let mut out = Vec::with_capacity(page.len() * 2);
    for raw in split(page)? {
        serde_json::to_writer(&mut out, &mapped(raw)?)?;
        out.push(b'\n');
    }
    black_box(out);
    Ok(())
}

fn owned(page: &str) -> serde_json::Result<()> {
    let mut out = Vec::with_capacity(page.len() * 2);
    for raw in split(page)? {
        serde_json::to_writer(&mut out, &mapped(raw)?.into_owned())?;
        out.push(b'\n');
    }
    black_box(out);
    Ok(())
}

fn tree(page: &str) -> serde_json::Result<()> {
    let mut out = Vec::with_capacity(page.len() * 2);
    let items: Vec<serde_json::Value> = serde_json::from_str(page)?;
    for item in items {
        let raw = serde_json::value::to_raw_value(&item)?;
        serde_json::to_writer(&mut out, &mapped(&raw)?)?;
        out.push(b'\n');
    }
    black_box(out);
    Ok(())
}
