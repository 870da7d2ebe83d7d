//! The core of userdir: what can be done, how a vendor is asked, and what an answer is worth.
//!
//! Read it in this order:
//!
//! 1. [`action`]: the table of actions, from which nearly everything is made.
//! 2. [`definition`] and [`registry`]: what a provider says about itself, and how it becomes one.
//! 3. [`call`], [`reply`], [`page`], [`error`]: what goes into an action and what comes out.
//! 4. [`directory`]: a connected provider; the checks before a call, lists across pages, and the protocol of a write
//!    (look, act, look again).
//! 5. [`http`]: the vendor HTTP layer.
//! 6. [`mapping`]: what the mappings of several vendors share. [`scim`]: what those share that speak SCIM.
//!
//! Core knows no vendor. It sends nothing but what a provider asks for, and nothing at all while connecting.

pub mod action;
pub mod call;
mod cursor;
pub mod definition;
pub mod directory;
mod envelope;
pub mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod http;
pub mod mapping;
pub mod observer;
pub mod page;
pub mod registry;
pub mod reply;
pub mod runtime;
pub mod scim;
pub mod settings;

pub use action::{Action, ActionKind, ActionSet};
pub use call::Call;
pub use definition::Definition;
pub use directory::{Directory, ListPage};
pub use error::{Details, Error, ErrorKind, Origin, Outcome, Result, RetryState};
pub use page::{Mapped, Page, PageRequest, Total};
pub use registry::{Connect, IdRule, Registration, Registry};
pub use reply::{Effect, Reply, Step};
pub use runtime::{Clock, CredentialStore, Meter, Runtime, StoredToken, TokenOwner};
pub use settings::{Secret, Settings};

pub use async_trait::async_trait;
#[doc(hidden)]
pub use inventory;
