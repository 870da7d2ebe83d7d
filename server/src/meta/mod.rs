//! What can be called, for programs and people: the meta routes, tools and capabilities, all made from the table of
//! actions, the schema and the definitions.

pub mod common;
pub mod method;
pub mod model;
mod routes;
mod tools;

pub use model::settings;
pub use routes::routes;
pub use tools::{AccountCapability, Capabilities, Tool, capabilities, tools};
