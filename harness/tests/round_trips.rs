//! Every provider whose vendor has a memory in the stand-in: the whole trip, and all that can go wrong on it.

use userdir::Registry;
use userdir_harness::round_trip;
use userdir_stand_in::memory::VENDORS;

#[tokio::test]
async fn what_is_said_is_so() {
    let registry = Registry::compiled_in();
    let mut failures = Vec::new();
    for (slug, _) in VENDORS {
        let registration = registry.get(slug).unwrap_or_else(|error| panic!("{error}"));
        let trip = round_trip(registration).await.unwrap_or_else(|| panic!("{slug} was not sent on its trip"));
        assert!(trip.steps.len() > 8, "{slug} does too little: {:?}", trip.steps);
        failures.extend(trip.failures());
    }
    assert!(failures.is_empty(), "{} fall short:\n  {}\n", failures.len(), failures.join("\n  "));
}
