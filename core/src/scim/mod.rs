//! SCIM (RFC 7643, RFC 7644) as vendors speak it, alone or beside an API of their own: its JSON as it is on the wire
//! ([`wire`]), from it to the unified schema, from input to its attributes, and its filters.

mod filter;
mod map;
pub mod wire;
mod write;

pub use filter::{ScimFilter, quoted};
pub use map::{group, is_address, member, user};
pub use write::{GROUP, Object, USER, attributes, patch, replace, replacing};
