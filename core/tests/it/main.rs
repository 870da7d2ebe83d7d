//! The promises of the core, held against a vendor of the tests' own. Each module is one promise.

mod before_a_call;
mod egress;
mod http;
mod laws;
mod limits_and_cursors;
mod lists;
mod network;
mod observers;
mod plans;
mod retry;
mod secrets;
mod tokens;
mod vendor;
mod world;
mod writes;
