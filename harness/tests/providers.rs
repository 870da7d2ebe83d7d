//! Every linked provider through its own fixtures, as they stand on disk: what is embedded may be a build behind.

use std::path::Path;

use userdir::Registry;
use userdir_harness::run_dir;

#[tokio::test]
async fn every_provider_is_green() {
    let providers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../providers");
    let mut failures = Vec::new();
    for registration in Registry::compiled_in().providers() {
        let fixtures = providers.join(registration.definition.slug).join("fixtures");
        match run_dir(registration, &fixtures).await {
            Ok(report) => failures.extend(report.failures()),
            Err(error) => failures.push(format!("{}: {error}", registration.definition.slug)),
        }
    }
    assert!(failures.is_empty(), "{} fall short:\n  {}\n", failures.len(), failures.join("\n  "));
}
