//! The providers that are compiled in, one row each. `cargo xtask new-provider` adds a row to each table, sorted.

use userdir_core::Registration;

/// The registrations. Naming them here keeps the linker from dropping a crate that nobody else names.
pub static LINKED: &[&Registration] = &[
    #[cfg(feature = "crowdstrike")]
    &userdir_crowdstrike::REGISTRATION,
    #[cfg(feature = "okta")]
    &userdir_okta::REGISTRATION,
    #[cfg(feature = "pagerduty")]
    &userdir_pagerduty::REGISTRATION,
    #[cfg(feature = "scim")]
    &userdir_scim::REGISTRATION,
];

/// Slugs that can be compiled in, for the message about one that is not.
pub static KNOWN: &[&str] = &["crowdstrike", "okta", "pagerduty", "scim"];

/// The fixture cases of the providers, by slug.
#[cfg(feature = "fixtures")]
pub static FIXTURES: &[(&str, &include_dir::Dir<'static>)] = &[
    #[cfg(feature = "crowdstrike")]
    ("crowdstrike", &userdir_crowdstrike::FIXTURES),
    #[cfg(feature = "okta")]
    ("okta", &userdir_okta::FIXTURES),
    #[cfg(feature = "pagerduty")]
    ("pagerduty", &userdir_pagerduty::FIXTURES),
    #[cfg(feature = "scim")]
    ("scim", &userdir_scim::FIXTURES),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_holds_exactly_the_linked_ones() {
        let mut linked: Vec<&str> = LINKED.iter().map(|registration| registration.definition.slug).collect();
        let mut registered: Vec<&str> = userdir_core::inventory::iter::<&'static Registration>
            .into_iter()
            .map(|registration| registration.definition.slug)
            .collect();
        registered.sort_unstable();
        linked.sort_unstable();
        assert_eq!(registered, linked, "each provider registers itself once and has one row");
        assert!(linked.iter().all(|slug| KNOWN.contains(slug)));
        let registry = crate::Registry::compiled_in();
        let held: Vec<&str> = registry.providers().iter().map(|registration| registration.definition.slug).collect();
        assert_eq!(held, linked, "and the registry has them, sorted");
    }

    #[test]
    fn no_two_providers_answer_to_one_name() {
        let mut names: Vec<&str> = LINKED
            .iter()
            .flat_map(|registration| {
                registration.definition.aliases.iter().copied().chain([registration.definition.slug])
            })
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
