//! The promises of the core, held against a vendor of the tests' own. Each module is one promise.

// helpers too may stop at the first surprise: `clippy.toml` allows it within test functions alone
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod before_a_call;
mod egress;
mod free;
mod http;
mod laws;
mod limits_and_cursors;
mod lists;
mod network;
mod observers;
mod plans;
mod retry;
mod secrets;
mod slow;
mod tokens;
mod vendor;
mod world;
mod writes;
