//! A connected provider: each action as a method, and what core does around it.
//!
//! Before any vendor call (`check.rs`): is there such an action here (501), are all members known, given and sane (400).
//! Lists (`list.rs`): across pages, complete or an error. Writes (`write.rs`): look, act, look again. And everything by
//! name and JSON (`by_name.rs`), for the server, the command line and the harness.

mod by_name;
mod check;
mod list;
mod write;

use std::{fmt, sync::Arc};

use futures_util::Stream;
use userdir_schema::{
    Activity, Bill, Group, License, Organization, Role, RoleAssignment, User, Utilization, Workspace,
};

pub use by_name::{JsonItems, JsonPage};
pub use list::ListPage;
pub use write::Confirmation;

use crate::action::*;
use crate::call::Call;
use crate::definition::Definition;
use crate::error::{Error, Result};
use crate::http::{Http, Resources};
use crate::registry::UserDirectoryProvider;
use crate::reply::Reply;
use crate::runtime::Runtime;

/// A connected provider. Cheap to clone.
#[derive(Clone)]
pub struct Directory {
    inner: Arc<Inner>,
}

struct Inner {
    provider: Arc<dyn UserDirectoryProvider>,
    runtime: Runtime,
}

impl Directory {
    /// Around a connected provider.
    pub fn new(provider: Arc<dyn UserDirectoryProvider>, runtime: Runtime) -> Directory {
        Directory { inner: Arc::new(Inner { provider, runtime }) }
    }

    /// The provider's own page.
    pub fn definition(&self) -> &'static Definition {
        self.provider().definition()
    }

    /// What the provider can do on this very connection.
    pub fn actions(&self) -> ActionSet {
        let provider = self.provider();
        let able = provider.slots().actions();
        able.iter().fold(ActionSet::EMPTY, |set, action| set.with(action, provider.refuses(action).is_none()))
    }

    /// Proves the credentials with the vendor's cheapest call.
    ///
    /// # Errors
    /// The vendor's refusal.
    pub async fn check(&self, call: &Call) -> Result<()> {
        self.provider().check(call).await.map_err(|error| error.of_provider(self.slug()))
    }

    /// Fetches a new token where the account has one, whether the old one still works or not. Nothing where its credentials
    /// stay the same.
    ///
    /// # Errors
    /// The refusal of the token address.
    pub async fn renew_credentials(&self, call: &Call) -> Result<()> {
        self.provider().http().renew(call).await.map_err(|error| error.of_provider(self.slug()))
    }

    /// Its HTTP side, for requests that no action makes.
    pub fn http(&self) -> &Http {
        self.provider().http()
    }

    /// Where the vendor's own resources stand and how their lists are paged, for the same.
    pub fn resources(&self) -> Resources {
        self.provider().resources()
    }

    /// Reads one resource.
    ///
    /// # Errors
    /// `NotSupported`, `InvalidRequest`, or the vendor's.
    pub async fn get<I: GetAction>(&self, call: &Call, input: I) -> Result<Reply<I::Output>> {
        let input = self.ready(call, I::ACTION, input)?;
        let about = input.subject().unwrap_or_default().to_owned();
        let Some(reply) = input.call(self.provider(), call) else {
            return Err(self.definition().not_supported(I::ACTION));
        };
        reply.await.map_err(|error| self.explain(error, I::ACTION).about(about))
    }

    fn provider(&self) -> &dyn UserDirectoryProvider {
        self.inner.provider.as_ref()
    }

    fn slug(&self) -> &'static str {
        self.definition().slug
    }

    /// Names provider and action, and the scopes where the vendor says they are missing.
    fn explain(&self, error: Error, action: Action) -> Error {
        let error = error.during(self.slug(), action);
        let scopes = self.definition().facts(action).map(|facts| facts.scopes).unwrap_or_default();
        if error.kind() != crate::ErrorKind::Permission || scopes.is_empty() {
            return error;
        }
        let names = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        error
            .hint(format!("this action needs {}", crate::definition::quoted(scopes)))
            .with_details(crate::Details::Scopes(names))
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory")
            .field("provider", &self.slug())
            .field("account", &self.inner.runtime.account())
            .finish()
    }
}

macro_rules! define_methods {
    ([] $($(#[doc = $doc:literal])* $kind:ident $trait:ident . $method:ident $($stream:ident)? ($input:ident) -> $output:ident
        = $verb:ident $resource:literal $name:literal $(, shown by $confirm:expr)?;)*) => {
        impl Directory {
            $(define_methods!(@ [$(#[doc = $doc])*] $kind $method $($stream)? ($input) -> $output);)*
        }
    };
    (@ [$(#[doc = $doc:literal])*] list $method:ident $stream:ident ($filter:ident) -> $output:ident) => {
        $(#[doc = $doc])*
        ///
        /// One page of at most `limit` items, filled from several vendor pages where needed, and the cursor to go on with.
        pub async fn $method(&self, call: &Call, filter: $filter, limit: u32, cursor: Option<&str>) -> Result<ListPage<$output<'static>>> {
            self.list(call, filter, limit, cursor).await
        }

        $(#[doc = $doc])*
        ///
        /// All pages, item by item. The stream ends complete, or with an error that says how far it got.
        pub fn $stream(&self, call: &Call, filter: $filter) -> impl Stream<Item = Result<$output<'static>>> + Send + Unpin + use<> {
            self.stream(call, filter)
        }
    };
    (@ [$(#[doc = $doc:literal])*] get $method:ident ($input:ident) -> $output:ident) => {
        $(#[doc = $doc])*
        pub async fn $method(&self, call: &Call, input: $input) -> Result<Reply<$output<'static>>> {
            self.get(call, input).await
        }
    };
    (@ [$(#[doc = $doc:literal])*] write $method:ident ($input:ident) -> $output:ident) => {
        $(#[doc = $doc])*
        pub async fn $method(&self, call: &Call, input: $input) -> Result<Reply<$output<'static>>> {
            self.write(call, input).await
        }
    };
}

crate::action_table! { [define_methods] }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_shared_between_threads_by_cloning() {
        fn is_shared<T: Clone + Send + Sync + 'static>() {}
        is_shared::<Directory>();
        is_shared::<Runtime>();
        is_shared::<Call>();
    }
}
