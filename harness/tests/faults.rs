//! Faults that are derived from the cases find what the cases alone do not show.

#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use std::path::Path;

use support::{careless, toy};
use userdir::Registration;
use userdir_harness::{Options, Report, run_dir};

async fn report(registration: &'static Registration) -> Report {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/toy");
    run_dir(registration, &folder, &Options::default()).await.unwrap()
}

#[tokio::test]
async fn a_careful_provider_stands_every_fault() {
    let report = report(&toy::REGISTRATION).await;
    assert_eq!(report.failures(), Vec::<String>::new());
    let played: usize = report.providers.iter().flat_map(|it| &it.actions).map(|action| action.faults).sum();
    assert!(played > 200, "{played}");
}

#[tokio::test]
async fn what_only_faults_show_is_found() {
    let report = report(&careless::REGISTRATION).await;
    let cases = report.providers.iter().flat_map(|it| &it.actions).flat_map(|action| &action.cases);
    assert!(cases.into_iter().all(|case| case.passed), "the cases alone show nothing: {:?}", report.failures());
    let failures = report.failures();
    for (action, fault, what) in [
        ("users/list", "503 at exchange 2", "a list that lacks something was called complete"),
        ("users/list", "403 at exchange 2", "a list that lacks something was called complete"),
        ("users/get", "403 at exchange 1", "no note says so"),
        ("users/get", "unknown field", "it failed"),
        ("users/create", "connection reset after the request at exchange 1", "too often"),
        ("users/deactivate", "401 at exchange", "a secret is seen in the error's message"),
    ] {
        let is_it = |failure: &&String| [action, fault, what].iter().all(|piece| failure.contains(piece));
        assert!(failures.iter().any(|failure| is_it(&failure)), "{action} {fault} {what}: {failures:#?}");
    }
}
