//! Which providers are compiled in, and how a provider becomes one.
//!
//! A provider implements [`Connect`] and the action traits its vendor allows, and registers itself with
//! [`provider!`](crate::provider). The slots of what it can do are filled by the compiler: for each action a
//! [`Probe`] has an inherent function that is there only if the type implements the trait, and [`Absent`] has a
//! function of the same name that gives nothing; the inherent one wins where its bound holds.

use std::{fmt, marker::PhantomData, sync::Arc};

use async_trait::async_trait;

use crate::action::*;
use crate::call::Call;
use crate::definition::{Definition, SettingKind};
use crate::directory::Directory;
use crate::error::{Error, Result};
use crate::http::{Connection, Http, Resources};
use crate::runtime::Runtime;
use crate::settings::Settings;

/// What every provider writes itself.
#[async_trait]
pub trait Connect: Sized + Send + Sync + 'static {
    /// Makes the provider from settings that [`Definition::check`] has passed. Sends nothing.
    fn connect(connection: Connection) -> Result<Self>;

    /// The cheapest call that proves the credentials.
    async fn check(&self, call: &Call) -> Result<()>;

    /// Its HTTP side, for requests that no action makes: the server's proxy.
    fn http(&self) -> &Http;

    /// Where the vendor's own resources stand and how their lists are paged, for the same.
    fn resources(&self) -> Resources {
        Resources::PLAIN
    }

    /// Why this very connection cannot do an action that the vendor has (a server without groups, a service app
    /// without "me").
    fn refuses(&self, _action: Action) -> Option<String> {
        None
    }

    /// Which ids may be sent; a vendor whose ids hold slashes, or have several spellings, says so.
    fn id_rule(&self) -> IdRule {
        IdRule::Plain
    }
}

/// Which ids may be sent. They are percent-encoded as one path segment in any case.
#[derive(Clone, Copy, Debug)]
pub enum IdRule {
    /// No `/`, `?`, `#`, `\`, `%`, no dots alone, no control characters: such an id is a mistake or an attack.
    Plain,
    /// Anything but dots alone and control characters.
    Any,
    /// What this function knows, in the one spelling that it gives: for vendors whose ids have a form of their own, and
    /// who take one id in several spellings. Core puts ids of the input into that spelling before anything is compared.
    Form(fn(&str) -> Option<String>),
}

impl IdRule {
    /// Why an id may not be sent.
    pub fn fault(self, id: &str) -> Option<&'static str> {
        if id.trim().is_empty() {
            return Some("is empty");
        }
        if id.chars().any(char::is_control) {
            return Some("holds control characters");
        }
        if id == "." || id.contains("..") {
            return Some("holds `..`");
        }
        if id.len() > 1024 {
            return Some("is longer than 1,024 bytes");
        }
        match self {
            IdRule::Any => None,
            IdRule::Plain => id.contains(['/', '?', '#', '\\', '%']).then_some("holds one of `/ ? # \\ %`"),
            IdRule::Form(spelling) => spelling(id).is_none().then_some("is no id of this vendor"),
        }
    }

    /// The spelling to use in place of this one.
    pub(crate) fn respelled(self, id: &str) -> Option<String> {
        match self {
            IdRule::Plain | IdRule::Any => None,
            IdRule::Form(spelling) => spelling(id).filter(|spelled| spelled != id),
        }
    }
}

macro_rules! define_slots {
    ([] $($(#[doc = $doc:literal])* $kind:ident $trait:ident . $method:ident $($stream:ident)? ($input:ident) -> $output:ident
        = $verb:ident $resource:literal $name:literal $(, shown by $confirm:expr)?;)*) => {
        /// What a provider can do: a view for each action whose trait it implements.
        #[derive(Clone, Copy, Default)]
        pub struct Slots<'p> {
            $($(#[doc = $doc])* pub $method: Option<&'p dyn $trait>,)*
        }

        impl Slots<'_> {
            /// The actions whose slots are filled.
            pub fn actions(&self) -> ActionSet {
                ActionSet::EMPTY $(.with(Action::$trait, self.$method.is_some()))*
            }
        }

        $(
            impl<T: $trait> Probe<T> {
                /// There, because the type implements the trait.
                pub fn $method() -> Option<for<'p> fn(&'p T) -> &'p (dyn $trait + 'p)> {
                    Some(|provider| provider)
                }
            }
        )*

        /// What [`Probe`] falls back to where the type does not implement a trait.
        pub trait Absent {
            /// The provider.
            type Provider;
            $(
                /// Nothing, because the type does not implement the trait.
                fn $method() -> Option<for<'p> fn(&'p Self::Provider) -> &'p (dyn $trait + 'p)> {
                    None
                }
            )*
        }
    };
}

/// Asks the compiler which action traits `T` implements.
pub struct Probe<T>(PhantomData<T>);

impl<T> Absent for Probe<T> {
    type Provider = T;
}

crate::action_table! { [define_slots] }

/// A connected provider: its definition, and the slots. [`provider!`](crate::provider) implements it.
#[async_trait]
pub trait UserDirectoryProvider: Send + Sync + 'static {
    /// Its own page.
    fn definition(&self) -> &'static Definition;

    /// What it can do.
    fn slots(&self) -> Slots<'_>;

    /// See [`Connect::refuses`].
    fn refuses(&self, action: Action) -> Option<String>;

    /// See [`Connect::id_rule`].
    fn id_rule(&self) -> IdRule;

    /// See [`Connect::http`].
    fn http(&self) -> &Http;

    /// See [`Connect::resources`].
    fn resources(&self) -> Resources;

    /// See [`Connect::check`].
    async fn check(&self, call: &Call) -> Result<()>;
}

/// A provider as it is known without credentials.
pub struct Registration {
    /// Its own page.
    pub definition: &'static Definition,
    /// What its type can do.
    pub actions: fn() -> ActionSet,
    /// Makes a connected one.
    pub connect: fn(Connection) -> Result<Arc<dyn UserDirectoryProvider>>,
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registration").field(&self.definition.slug).finish()
    }
}

inventory::collect!(&'static Registration);

/// Makes a type a provider: `provider!(Okta, DEFINITION);`. Gives the crate its `REGISTRATION`.
#[macro_export]
macro_rules! provider {
    ($provider:ty, $definition:ident) => {
        $crate::action_table! { [$crate::__provider] $provider, $definition }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __provider {
    ([$provider:ty, $definition:ident] $($(#[doc = $doc:literal])* $kind:ident $trait:ident . $method:ident $($stream:ident)?
        ($input:ident) -> $output:ident = $verb:ident $resource:literal $name:literal $(, shown by $confirm:expr)?;)*) => {
        #[$crate::async_trait]
        impl $crate::registry::UserDirectoryProvider for $provider {
            fn definition(&self) -> &'static $crate::Definition {
                &$definition
            }

            fn slots(&self) -> $crate::registry::Slots<'_> {
                #[allow(unused_imports)]
                use $crate::registry::Absent as _;
                $crate::registry::Slots {
                    $($method: $crate::registry::Probe::<$provider>::$method().map(|view| view(self)),)*
                }
            }

            fn refuses(&self, action: $crate::Action) -> Option<String> {
                $crate::registry::Connect::refuses(self, action)
            }

            fn id_rule(&self) -> $crate::registry::IdRule {
                $crate::registry::Connect::id_rule(self)
            }

            fn http(&self) -> &$crate::http::Http {
                $crate::registry::Connect::http(self)
            }

            fn resources(&self) -> $crate::http::Resources {
                $crate::registry::Connect::resources(self)
            }

            async fn check(&self, call: &$crate::Call) -> $crate::Result<()> {
                $crate::registry::Connect::check(self, call).await
            }
        }

        /// This provider as it is known without credentials.
        pub static REGISTRATION: $crate::Registration = $crate::Registration {
            definition: &$definition,
            actions: || {
                #[allow(unused_imports)]
                use $crate::registry::Absent as _;
                $crate::action::ActionSet::EMPTY
                    $(.with($crate::Action::$trait, $crate::registry::Probe::<$provider>::$method().is_some()))*
            },
            connect: |connection| {
                let provider = <$provider as $crate::registry::Connect>::connect(connection)?;
                Ok(std::sync::Arc::new(provider))
            },
        };

        $crate::inventory::submit! { &REGISTRATION }
    };
}

/// The providers compiled in, sorted by slug.
#[derive(Clone, Debug)]
pub struct Registry {
    providers: Vec<&'static Registration>,
    /// Slugs that exist but may be compiled out.
    known: &'static [&'static str],
}

impl Registry {
    /// All that registered themselves, and all `linked` ones; `known` names slugs that can be compiled in.
    pub fn collect(linked: &[&'static Registration], known: &'static [&'static str]) -> Registry {
        let mut providers: Vec<_> = inventory::iter::<&'static Registration>.into_iter().copied().collect();
        providers.extend(linked);
        providers.sort_by_key(|registration| registration.definition.slug);
        providers.dedup_by_key(|registration| registration.definition.slug);
        Registry { providers, known }
    }

    /// The providers, sorted by slug.
    pub fn providers(&self) -> &[&'static Registration] {
        &self.providers
    }

    /// Finds a provider by slug or alias.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) that lists the compiled-in ones.
    pub fn get(&self, slug: &str) -> Result<&'static Registration> {
        let found = self.providers.iter().find(|registration| {
            let definition = registration.definition;
            definition.slug == slug || definition.aliases.contains(&slug)
        });
        found.copied().ok_or_else(|| {
            let there: Vec<&str> = self.providers.iter().map(|it| it.definition.slug).collect();
            let there = if there.is_empty() { "none".into() } else { crate::definition::quoted(&there) };
            if self.known.contains(&slug) {
                Error::config(format!("provider `{slug}` is not compiled in; compiled in: {there}"))
                    .hint(format!("build with the feature `{slug}`"))
            } else {
                Error::config(format!("unknown provider `{slug}`; compiled in: {there}"))
            }
        })
    }

    /// Connects with a [`Runtime`] of its own. Sends nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) that names each wrong or missing setting, or `Refused` by the
    /// egress guard.
    pub fn connect(&self, slug: &str, settings: Settings) -> Result<Directory> {
        self.connect_with(slug, settings, &Runtime::new()?)
    }

    /// Connects with a given runtime: client, clock, resolver, token store, account. Sends nothing.
    ///
    /// # Errors
    /// As [`Registry::connect`].
    pub fn connect_with(&self, slug: &str, mut settings: Settings, runtime: &Runtime) -> Result<Directory> {
        let registration = self.get(slug)?;
        let definition = registration.definition;
        let scheme = definition.check(&settings)?;
        for setting in definition.settings.iter().filter(|setting| setting.kind == SettingKind::Secret) {
            settings.hide(setting.key);
        }
        let runtime = runtime.named_after(definition.slug, &settings);
        let own = |error: Error| error.of_provider(definition.slug);
        let connection = Connection::new(definition, scheme, settings, runtime.clone()).map_err(own)?;
        let provider = (registration.connect)(connection).map_err(own)?;
        Ok(Directory::new(provider, runtime))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_would_leave_their_segment_are_refused() {
        for id in ["", " ", ".", "..", "a/../b", "a/b", "a?b", "a#b", "a\nb", "a%2fb", "a\\b"] {
            assert!(IdRule::Plain.fault(id).is_some(), "{id:?}");
        }
        for id in ["00u1", "maya.ortiz@example.com", "a b", "user:1", "Ünï"] {
            assert_eq!(IdRule::Plain.fault(id), None, "{id:?}");
        }
        assert_eq!(IdRule::Any.fault("a/b"), None);
        assert!(IdRule::Any.fault("a/../b").is_some());
    }

    #[test]
    fn a_vendors_own_form_has_one_spelling() {
        let rule = IdRule::Form(|id| id.starts_with(['u', 'U']).then(|| id.to_lowercase()));
        assert_eq!(rule.fault("g1"), Some("is no id of this vendor"));
        assert_eq!(rule.fault("u..1"), Some("holds `..`"));
        assert_eq!((rule.fault("U1"), rule.respelled("U1"), rule.respelled("u1")), (None, Some("u1".into()), None));
    }

    #[test]
    fn an_unknown_provider_lists_those_compiled_in() {
        let registry = Registry { providers: vec![], known: &["okta"] };
        assert!(registry.get("okta").unwrap_err().message().contains("not compiled in"));
        assert!(registry.get("nope").unwrap_err().message().contains("unknown provider `nope`"));
    }
}
