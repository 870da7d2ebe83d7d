//! A vendor over HTTP that is none: it plays what a fixture case says, or asks a [`Handler`] that keeps state.
//!
//! Read it in this order:
//!
//! 1. [`case`]: the format of a fixture case, and [`fixtures`]: all cases of a provider, embedded or from disk.
//! 2. [`play`]: exchanges strictly in order; a request that is not the next one is answered 599 and remembered.
//! 3. [`replay`]: all cases at once and in any order, for people to try things out.
//! 4. [`memory`]: vendors with a memory, and what can go wrong at one.
//! 5. [`server`]: the small HTTP server on loopback beneath them.
//!
//! ```no_run
//! # async fn sample(case: &userdir_stand_in::Case) -> Result<(), Box<dyn std::error::Error>> {
//! let playing = userdir_stand_in::StandIn::play(case, "canary-secret").await?;
//! println!("the vendor is at {}", playing.base_url());
//! // … calls …
//! let played = playing.finish();
//! assert!(played.mismatches.is_empty() && played.unused.is_empty());
//! # Ok(())
//! # }
//! ```

pub mod case;
pub mod diff;
pub mod fixtures;
pub mod memory;
pub mod play;
mod read;
pub mod replay;
pub mod server;
mod wire;

pub use async_trait::async_trait;
pub use case::{Account, Case, Script};
pub use fixtures::{Files, Fixtures};
pub use play::{Played, Playing};
pub use replay::Replaying;
pub use server::{Answer, Break, Handler, Port, Received, StandIn};
