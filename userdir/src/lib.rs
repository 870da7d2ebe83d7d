//! One API over the user directories of the apps a company runs on.
//!
//! Choose providers with Cargo features, one per provider and named by its slug; `all-providers` takes all. This crate
//! re-exports the schema and the core, so that one dependency is enough.
//!
//! ```no_run
//! # #[cfg(feature = "okta")]
//! # async fn sample(url: &str, token: String, user_id: &str) -> userdir::Result<()> {
//! use futures_util::StreamExt;
//! use userdir::action::{DeactivateUserInput, UserFilter};
//! use userdir::{Call, Settings};
//!
//! let registry = userdir::Registry::compiled_in();
//! let okta = registry.connect("okta", Settings::new().set("base_url", url).secret("api_token", token))?;
//! let call = Call::new();
//! let mut users = okta.stream_users(&call, UserFilter::default()); // a stream of results, page by page
//! while let Some(user) = users.next().await {
//!     println!("{}", user?.id);
//! }
//! let reply = okta.deactivate_user(&call, DeactivateUserInput::new(user_id)).await?;
//! println!("{} is {:?}", reply.value.id, reply.effect);
//! # Ok(())
//! # }
//! ```

mod linked;

use std::ops::Deref;

pub use userdir_core::*;
pub use userdir_schema as schema;

#[cfg(feature = "fixtures")]
pub use linked::FIXTURES;
#[cfg(feature = "stand-in")]
pub use linked::STAND_INS;
pub use linked::{KNOWN, LINKED};

/// The providers compiled into this program; everything else it can do is in [`userdir_core::Registry`].
#[derive(Clone, Debug)]
pub struct Registry(userdir_core::Registry);

impl Registry {
    /// All of them: those of the [`LINKED`] table, and any that another crate registered.
    pub fn compiled_in() -> Registry {
        Registry(userdir_core::Registry::collect(LINKED, KNOWN))
    }
}

impl Deref for Registry {
    type Target = userdir_core::Registry;

    fn deref(&self) -> &userdir_core::Registry {
        &self.0
    }
}
