//! What it costs, as ratios to a floor.
//!
//! - `cargo run --release -p userdir-bench --bin mapping`: one page of users from vendor bytes to NDJSON, against a bare
//!   scan of the same bytes; with structs that borrow and with structs that own.
//! - `cargo run --release -p userdir-bench --bin vendor -- COUNT`: an Okta that has that many users, on loopback; prints
//!   its address. `userdir users list --all --format ndjson` is measured against it.
//! - `cargo run --release -p userdir-bench --bin server`: what the server adds to a `users get`: the library's call against
//!   the same call over HTTP, p50 and p99, and requests per second and core.
//! - `cargo run --release -p userdir-bench --bin floor -- URL`: a client that downloads the same pages and counts bytes.
//!
//! `benches/list.sh` runs `vendor` and `floor` together and prints time and peak memory.

use std::fmt::Write;

/// A user as Okta sends it, about 1.4 kB.
pub fn user(number: usize) -> String {
    let template = include_str!("user.json");
    let compact: String = template.lines().map(str::trim_start).collect();
    compact.replace("{n}", &format!("{number:06}"))
}

/// A page of users.
pub fn page(first: usize, count: usize) -> String {
    let mut page = String::from("[");
    for number in first..first + count {
        let separator = if number == first { "" } else { "," };
        // writing to a string does not fail
        let _ = write!(page, "{separator}{}", user(number));
    }
    page.push(']');
    page
}
