//! The providers that are compiled in, one row each. `cargo xtask new-provider` adds a row to each table, sorted.

use userdir_core::Registration;

/// The registrations. Naming them here keeps the linker from dropping a crate that nobody else names.
pub static LINKED: &[&Registration] = &[
    #[cfg(feature = "okta")]
    &userdir_okta::REGISTRATION,
    #[cfg(feature = "scim")]
    &userdir_scim::REGISTRATION,
];

/// Slugs that can be compiled in, for the message about one that is not.
pub static KNOWN: &[&str] = &["okta", "scim"];

/// The fixture cases of the providers, by slug.
#[cfg(feature = "fixtures")]
pub static FIXTURES: &[(&str, &include_dir::Dir<'static>)] = &[
    #[cfg(feature = "okta")]
    ("okta", &userdir_okta::FIXTURES),
    #[cfg(feature = "scim")]
    ("scim", &userdir_scim::FIXTURES),
];
