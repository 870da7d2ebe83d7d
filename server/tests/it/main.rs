//! The server as clients meet it: bytes in, bytes out, on a store and against a vendor of the tests' own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod attacks;
mod client;
mod documented;
mod errors;
mod formats;
mod link;
mod lists;
mod meta;
mod openapi;
mod operation;
mod platform;
#[path = "../../../store/tests/support/postgres.rs"]
mod postgres_server;
mod proxy;
mod replicas;
mod tokens;
mod vendor;
mod wire;
mod world;
mod writes;
