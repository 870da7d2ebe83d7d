//! The providers that are compiled in, one row each. `cargo xtask new-provider` adds a row to each table, sorted.

use userdir_core::Registration;

/// The registrations. Naming them here keeps the linker from dropping a crate that nobody else names.
pub static LINKED: &[&Registration] = &[
    #[cfg(feature = "blackline")]
    &userdir_blackline::REGISTRATION,
    #[cfg(feature = "crowdstrike")]
    &userdir_crowdstrike::REGISTRATION,
    #[cfg(feature = "elastic-cloud")]
    &userdir_elastic_cloud::REGISTRATION,
    #[cfg(feature = "jumpcloud")]
    &userdir_jumpcloud::REGISTRATION,
    #[cfg(feature = "okta")]
    &userdir_okta::REGISTRATION,
    #[cfg(feature = "pagerduty")]
    &userdir_pagerduty::REGISTRATION,
    #[cfg(feature = "salesforce")]
    &userdir_salesforce::REGISTRATION,
    #[cfg(feature = "scim")]
    &userdir_scim::REGISTRATION,
    #[cfg(feature = "segment")]
    &userdir_segment::REGISTRATION,
    #[cfg(feature = "slack-enterprise")]
    &userdir_slack_enterprise::REGISTRATION,
    #[cfg(feature = "teamviewer")]
    &userdir_teamviewer::REGISTRATION,
    #[cfg(feature = "vanta")]
    &userdir_vanta::REGISTRATION,
    #[cfg(feature = "zoom")]
    &userdir_zoom::REGISTRATION,
];

/// Slugs that can be compiled in, for the message about one that is not.
pub static KNOWN: &[&str] = &[
    "blackline",
    "crowdstrike",
    "elastic-cloud",
    "jumpcloud",
    "okta",
    "pagerduty",
    "salesforce",
    "scim",
    "segment",
    "slack-enterprise",
    "teamviewer",
    "vanta",
    "zoom",
];

/// The fixture cases of the providers, by slug.
#[cfg(feature = "fixtures")]
pub static FIXTURES: &[(&str, &include_dir::Dir<'static>)] = &[
    #[cfg(feature = "blackline")]
    ("blackline", &userdir_blackline::FIXTURES),
    #[cfg(feature = "crowdstrike")]
    ("crowdstrike", &userdir_crowdstrike::FIXTURES),
    #[cfg(feature = "elastic-cloud")]
    ("elastic-cloud", &userdir_elastic_cloud::FIXTURES),
    #[cfg(feature = "jumpcloud")]
    ("jumpcloud", &userdir_jumpcloud::FIXTURES),
    #[cfg(feature = "okta")]
    ("okta", &userdir_okta::FIXTURES),
    #[cfg(feature = "pagerduty")]
    ("pagerduty", &userdir_pagerduty::FIXTURES),
    #[cfg(feature = "salesforce")]
    ("salesforce", &userdir_salesforce::FIXTURES),
    #[cfg(feature = "scim")]
    ("scim", &userdir_scim::FIXTURES),
    #[cfg(feature = "segment")]
    ("segment", &userdir_segment::FIXTURES),
    #[cfg(feature = "slack-enterprise")]
    ("slack-enterprise", &userdir_slack_enterprise::FIXTURES),
    #[cfg(feature = "teamviewer")]
    ("teamviewer", &userdir_teamviewer::FIXTURES),
    #[cfg(feature = "vanta")]
    ("vanta", &userdir_vanta::FIXTURES),
    #[cfg(feature = "zoom")]
    ("zoom", &userdir_zoom::FIXTURES),
];

/// The vendors with a memory, by slug: a provider that has a `stand_in.rs` has a row here.
#[cfg(feature = "stand-in")]
pub static STAND_INS: &[(&str, userdir_stand_in::memory::New)] = &[
    #[cfg(feature = "jumpcloud")]
    ("jumpcloud", userdir_jumpcloud::stand_in::new),
    #[cfg(feature = "okta")]
    ("okta", userdir_okta::stand_in::new),
    #[cfg(feature = "pagerduty")]
    ("pagerduty", userdir_pagerduty::stand_in::new),
    #[cfg(feature = "scim")]
    ("scim", userdir_scim::stand_in::new),
    #[cfg(feature = "zoom")]
    ("zoom", userdir_zoom::stand_in::new),
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
