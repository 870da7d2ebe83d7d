//! Faults that are derived from the cases find what the cases alone do not show.

#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use std::path::{Path, PathBuf};

use support::{careless, toy};
use userdir::Registration;
use userdir_harness::{Options, Report, run_dir};
use userdir_stand_in::Files;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/toy")
}

async fn report(registration: &'static Registration) -> Report {
    run_dir(registration, &folder(), &Options::default()).await.unwrap()
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
        ("users/deactivate", "403 at exchange 1", "it is called `already`"),
        ("users/deactivate", "case normal: `status` is null", "it is called `already`"),
        ("users/deactivate", "404 at exchange 1", "who is meant is not there"),
        ("users/list", "case normal: `users.name` is null", "it failed"),
        ("users/list", "case normal: `users.status` is null", "read as `active`"),
        ("users/list", "case normal: unknown word as status", "read as `active`"),
        ("users/get", "unknown word as status", "read as `active`"),
        ("users/list", "403 at exchange 1", "it was tried 3 times"),
        // each meets a later page, whatever the arithmetic
        ("users/list", "401 at exchange 2", "a list that lacks something"),
        ("users/list", "409 at exchange 2", "a list that lacks something"),
        ("users/list", "500 at exchange 2", "a list that lacks something"),
        ("users/list", "redirect to a foreign host at exchange 2", "a list that lacks something"),
        ("users/list", "429 for a day at exchange 2", "a list that lacks something"),
    ] {
        let is_it = |failure: &&String| [action, fault, what].iter().all(|piece| failure.contains(piece));
        assert!(failures.iter().any(|failure| is_it(&failure)), "{action} {fault} {what}: {failures:#?}");
    }
}

#[tokio::test]
async fn what_a_case_needs_is_needed() {
    let copy = tempfile::tempdir().unwrap();
    for (path, text) in Files::open(&folder()).unwrap().iter() {
        let needs = if path == "list_users/normal/case.toml" { "needs = [\"users.name\"]\n" } else { "" };
        let path = copy.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, format!("{needs}{text}")).unwrap();
    }
    let failures = run_dir(&toy::REGISTRATION, copy.path(), &Options::default()).await.unwrap().failures();
    let excess = |failure: &String| {
        failure.contains("users/list: case normal: `users.name` is null") && failure.contains("told without it")
    };
    assert!(failures.len() == 1 && failures.iter().all(excess), "{failures:#?}");
}
