//! The harness is green where all is well, and says what is wrong for each thing that can be.

#![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod support;

use std::path::{Path, PathBuf};

use support::{mute, toy};
use userdir::Registration;
use userdir_harness::{Options, Report, bless, run_dir, run_files};
use userdir_stand_in::Files;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/toy")
}

fn good() -> Files {
    Files::open(&folder()).unwrap()
}

/// The good files, with a piece of one replaced.
fn with(path: &str, from: &str, to: &str) -> Files {
    let mut files = good();
    let text = files.get(path).unwrap().to_owned();
    assert!(text.contains(from), "{path} holds no `{from}`:\n{text}");
    files.insert(path, text.replacen(from, to, 1));
    files
}

fn without(folder: &str) -> Files {
    let mut files = good();
    let gone: Vec<String> =
        files.iter().map(|(path, _)| path.to_owned()).filter(|path| path.starts_with(folder)).collect();
    assert!(!gone.is_empty());
    gone.iter().for_each(|path| drop(files.remove(path)));
    files
}

fn failures_of(registration: &'static Registration, files: &Files) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(run_files(registration, files)).failures()
}

/// The folders in which something differs from the good files: playing the others again would show nothing.
fn changed(files: &Files) -> Files {
    fn folder(path: &str) -> &str {
        path.split('/').next().unwrap_or_default()
    }
    let good = good();
    let added = files.iter().filter(|(path, text)| good.get(path) != Some(text));
    let removed = good.iter().filter(|(path, _)| files.get(path).is_none());
    let folders: Vec<&str> = added.chain(removed).map(|(path, _)| folder(path)).collect();
    let of_all = folders.iter().any(|folder| folder.ends_with(".toml"));
    let mut kept = Files::default();
    for (path, text) in
        files.iter().filter(|(path, _)| !path.contains('/') || folders.contains(&folder(path)) || of_all)
    {
        kept.insert(path, text);
    }
    kept
}

/// The run fails, and some failure holds all these pieces.
fn fails(files: &Files, pieces: &[&str]) {
    let failures = failures_of(&toy::REGISTRATION, &changed(files));
    let found = failures.iter().any(|failure| pieces.iter().all(|piece| failure.contains(piece)));
    assert!(found, "no failure with {pieces:?} in\n{}", failures.join("\n"));
}

#[tokio::test]
async fn a_good_provider_is_green() {
    let report = run_dir(&toy::REGISTRATION, &folder(), &Options::default()).await.unwrap();
    assert!(report.is_green(), "{}", report.table());
    let json = report.json();
    assert_eq!(json["green"], true);
    let action = &json["providers"][0]["actions"][0];
    assert_eq!(action["action"], "users/list");
    assert_eq!(action["checks"]["fixtures"], "passed");
    assert_eq!(action["cases"][1]["source"], "documented");
    assert!(report.table().contains("✓ 1 documented, 3 written"), "{}", report.table());
    assert!(report.matrix().contains("| `users/list` | df |"), "{}", report.matrix());
    assert!(report.matrix().contains("| `users/update` | — |"), "{}", report.matrix());
    assert!(report.markdown().contains("| `users/list` | ✓ 1 documented, 3 written |"), "{}", report.markdown());
    assert!(report.markdown().contains("it is a toy"));
}

#[test]
fn requests_are_compared_strictly() {
    let list = "list_users/normal/case.toml";
    fails(&with(list, r#"limit = "2" }"#, r#"limit = "3" }"#), &["users/list: case normal", "query `limit`: expected"]);
    fails(&with(list, r#"limit = "2" }"#, r#"limit = "2", more = "1" }"#), &["query `more`: missing"]);
    fails(&with(list, r#", cursor = "c1""#, ""), &["query `cursor`: not expected"]);
    fails(&with(list, "\"GET\"", "\"POST\""), &["method: expected POST, got GET"]);
    fails(&with(list, "\"/users\"", "\"/people\""), &["path: expected /people"]);
    fails(&with(list, "Toy {{secret}}", "Toi {{secret}}"), &["header `authorization`: expected", "Toy {{secret}}"]);
    fails(&with(list, "Toy {{secret}}", ""), &["header `authorization`: expected []"]);
    let create = "create_user/normal/case.toml";
    fails(&with(create, "body = { name = \"Dora\"", "body = { name = \"Nora\""), &["body $.name: expected \"Nora\""]);
    fails(&with("create_user/conflict/body.json", "null", "1"), &["body $.password"]);
    fails(&with("deactivate_user/normal/case.toml", "deactivate\" }", "deactivate\", body = {} }"), &["expected JSON"]);
}

#[test]
fn every_exchange_is_used_and_none_is_missing() {
    let extra = "[[exchange]]\nrequest = { method = \"GET\", path = \"/x\" }\nresponse = { status = 200 }\n[expect]";
    fails(&with("get_user/normal/case.toml", "[expect]", extra), &["never asked for: exchange 2 (GET /x)"]);
    let case = "deactivate_user/normal/case.toml";
    let text = good().get(case).unwrap().to_owned();
    let last = text.rfind("[[exchange]]").unwrap();
    let expect = text.find("[expect]").unwrap();
    let mut files = good();
    files.insert(case, [&text[..last], &text[expect..]].concat());
    fails(&files, &["unexpected request: GET /users/u1", "no exchange left"]);
}

#[test]
fn results_are_compared_strictly() {
    let list = "list_users/normal";
    fails(&with(&format!("{list}/expected.json"), "\"Ada\"", "\"Eda\""), &["output $[0].name: expected \"Eda\""]);
    fails(&with(&format!("{list}/case.toml"), "is_partial = true", "is_partial = false"), &["is_partial"]);
    let case = "deactivate_user/normal/case.toml";
    fails(&with(case, "effect = \"applied\"", "effect = \"pending\""), &["effect: expected `pending`, got `applied`"]);
    fails(&with(case, "effect = \"applied\"", ""), &["names its `effect`"]);
    fails(&with(case, "notes = []", "notes = [\"x\"]"), &["notes: expected"]);
    fails(&with(case, "notes = []", "steps = [{ target = \"r1\" }]"), &["steps $[0]: missing"]);
    fails(&with("deactivate_user/planned/plan.json", "POST", "PUT"), &["plan $[0].method"]);
    fails(&with("get_user/missing/case.toml", "not_found", "conflict"), &["error kind: expected `conflict`"]);
    fails(&with("get_user/missing/case.toml", "target = \"u9\"", "target = \"u8\""), &["error target"]);
    fails(&with("list_users/refused/case.toml", "\"T401\", message", "\"T4\", message"), &["error code"]);
    fails(&with("list_users/refused/case.toml", "\"credentials\"", "\"nothing\""), &["error message"]);
    fails(&with("deactivate_user/missing/case.toml", "vendor = false", "vendor = true"), &["error vendor"]);
    fails(&with("get_user/normal/case.toml", "status = 200", "status = 404"), &["it failed as `not_found`"]);
}

#[test]
fn each_rule_is_missed() {
    fails(&without("get_user/normal/"), &["users/get: normal: there is no success in `fixtures/get_user/normal`"]);
    fails(&without("get_user/missing/"), &["users/get: empty_or_missing"]);
    fails(&without("get_user/missing/"), &["users/get: vendor_error"]);
    fails(&without("list_users/empty/"), &["users/list: empty_or_missing"]);
    fails(&without("list_users/refused/"), &["users/list: vendor_error"]);
    fails(&without("deactivate_user/already/"), &["users/deactivate: already"]);
    fails(&without("deactivate_user/missing/"), &["users/deactivate: empty_or_missing"]);
    fails(&without("create_user/conflict/"), &["users/create: already"]);
    fails(&without("create_user/conflict/"), &["users/create: empty_or_missing"]);
    let mut one_page = without("list_users/normal/");
    one_page.remove("list_users/resumed/case.toml");
    fails(&one_page, &["users/list: two_pages"]);
    fails(&without("account.toml"), &["account.toml: is missing"]);
}

#[test]
fn a_write_needs_a_reading_and_a_primary_request() {
    let mut files = Files::default();
    files.insert("account.toml", good().get("account.toml").unwrap());
    let case = "title = \"t\"\nsource = { kind = \"written\" }\ncall = { input = { user_id = \"u1\" } }\n\
        [[exchange]]\nrequest = { method = \"POST\", path = \"/users/u1/deactivate\" }\nresponse = { status = 204 }\n\
        [expect]\noutput = { id = \"u1\" }\neffect = \"applied\"\nnotes = [\"nothing it shows confirms it\"]\n";
    files.insert("deactivate_user/normal/case.toml", case);
    let failures = failures_of(&mute::REGISTRATION, &files).join("\n");
    for piece in
        ["confirming_read: no confirming read", "primary: no vendor request", "users/activate is not implemented"]
    {
        assert!(failures.contains(piece), "no `{piece}` in\n{failures}");
    }
    assert!(!failures.contains("case normal"), "{failures}");
}

#[test]
fn what_is_passed_through_goes_into_one_request() {
    let mut files = Files::default();
    files.insert("account.toml", good().get("account.toml").unwrap());
    let exchange = "[[exchange]]\nrequest = { method = \"POST\", path = \"/users/twice/deactivate\" }\nresponse = { status = 204 }\n";
    let head = "title = \"t\"\nsource = { kind = \"written\" }\ncall = { input = { user_id = \"twice\" } }\n";
    let tail = "[expect]\noutput = { id = \"twice\" }\neffect = \"applied\"\n";
    files.insert("deactivate_user/normal/case.toml", [head, exchange, exchange, tail].concat());
    let failures = failures_of(&mute::REGISTRATION, &files).join("\n");
    assert!(
        failures.contains("primary: several vendor requests carry `remote_query`: POST /users/twice"),
        "{failures}"
    );
}

#[test]
fn a_panic_is_a_failure() {
    let case = "get_user/missing/case.toml";
    fails(&with(case, "{ id = \"u9\" }", "{ id = \"panic\" }"), &["the provider panicked"]);
}

#[test]
fn excuses_are_few_and_needed() {
    let skip =
        |action: &str, rule: &str| format!("[[skip]]\naction = \"{action}\"\nrule = \"{rule}\"\nreason = \"r\"\n");
    let mut files = without("deactivate_user/already/");
    files.insert("skip.toml", skip("deactivate_user", "already"));
    assert_eq!(failures_of(&toy::REGISTRATION, &files), Vec::<String>::new());
    let mut files = good();
    files.insert("skip.toml", skip("deactivate_user", "already"));
    fails(&files, &["`deactivate_user` needs no excuse from `already`"]);
    files.insert("skip.toml", skip("promote_user", "already"));
    fails(&files, &["no action `promote_user`"]);
    files.insert("skip.toml", skip("get_user", "luck"));
    fails(&files, &["no rule `luck`"]);
    files.insert("skip.toml", skip("get_user", "normal").replace("\"r\"", "\" \""));
    fails(&files, &["has no reason"]);
}

#[test]
fn excuses_from_a_description_are_policed() {
    let mut files = good();
    let deviation = |of: &str, what: &str, reason: &str, source: &str| {
        format!(
            "[[deviation]]\noperation = \"{of}\"\nwhat = \"{what}\"\nreason = \"{reason}\"\nsource = \"{source}\"\n"
        )
    };
    for (deviation, lack) in [
        (deviation(" ", "x", "r", "s"), "has no operation"),
        (deviation("GET /users", "", "r", "s"), "has no what"),
        (deviation("GET /users", "x", "", "s"), "has no reason"),
        (deviation("GET /users", "x", "r", ""), "has no source"),
        (deviation("GET /*", "x", "r", "s"), "is about everything"),
        (deviation("*", "x", "r", "s"), "is about everything"),
    ] {
        files.insert("deviations.toml", deviation);
        fails(&files, &["deviations.toml", lack]);
    }
}

#[test]
fn files_are_read_strictly() {
    let case = "get_user/normal/case.toml";
    fails(&with(case, "title =", "titel = 1\ntitle ="), &[case, "unknown field `titel`"]);
    fails(&with(case, "method =", "verb = \"GET\", method ="), &[case, "unknown field `verb`"]);
    fails(&with(case, "kind = \"written\"", "kind = \"documented\""), &[case, "needs `url` and `seen`"]);
    fails(&with(case, "[call]", "[call]\nresume = true"), &[case, "`resume` needs a `limit`"]);
    fails(&with(case, "[call]", "[call]\nlimit = 2"), &["only lists have a `limit`"]);
    fails(&with(case, "[expect]", "[expect]\nerror = { kind = \"config\" }"), &["either `output` or `error`"]);
    fails(&with("account.toml", "[secrets]", "[secret]"), &["account.toml", "unknown field `secret`"]);
    let mut files = good();
    files.insert("get_user/normal/left-over.json", "{}");
    fails(&files, &["get_user/normal/left-over.json: no case uses it"]);
    files.insert("update_user/normal/case.toml", good().get(case).unwrap());
    fails(&files, &["does not implement users/update"]);
    files.insert("promote_user/normal/case.toml", good().get(case).unwrap());
    fails(&files, &["no action `promote_user`; folders are named as"]);
    fails(&without("list_users/normal/page-1.json"), &["there is no file `page-1.json`"]);
}

#[test]
fn secrets_are_found() {
    let case = "get_user/normal/case.toml";
    let mut files = with(case, "json = { id = \"u1\"", "json = { name = \"{{secret}}\", id = \"u1\"");
    fails(&files, &["a secret is seen in the output"]);
    files = with(case, "{ id = \"u1\" }", "{ id = \"{{secret}}\" }");
    fails(&files, &["a secret is seen in"]);
    fails(&with("get_user/missing/case.toml", "{ id = \"u9\" }", "{ id = \"{{secret}}\" }"), &["the error's message"]);
    // the second page is asked for by a task of its own: its lines are in the log too
    let list = "list_users/resumed/case.toml";
    fails(&with(list, "group_id = \"g1\"", "group_id = \"{{secret}}\""), &["a secret is seen in the log", "listing"]);
    let normal = "[[exchange]]";
    let given = "[call]\ninput = { group_id = \"{{secret}}\" }\n[[exchange]]";
    fails(&with("list_users/normal/case.toml", normal, given), &["case normal: a secret is seen in the log"]);
    let answer = "name = \"Dora\" } }\n\n[expect]";
    let echo = answer.replace("Dora", "pass-of-dora");
    fails(&with("create_user/normal/case.toml", answer, &echo), &["a secret is seen in the output"]);
    fails(&with(case, "title = \"", "title = \"of maya@acme.io: "), &[case, "may be somebody's"]);
    fails(
        &with("account.toml", "{{secret}}", "0123456789abcdef0123456789abcdef01234567"),
        &["looks like a token in hex"],
    );
}

#[tokio::test]
async fn expected_files_are_blessed_only_after_the_right_requests() {
    let folder = tempfile::tempdir().unwrap();
    let files = with("list_users/normal/expected.json", "\"Ada\"", "\"Eda\"");
    for (path, text) in files.iter() {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let expected = folder.path().join("list_users/normal/expected.json");
    let blessed = async || bless(&toy::REGISTRATION, folder.path()).await.unwrap();
    assert_eq!(blessed().await.written, std::slice::from_ref(&expected));
    let report = run_dir(&toy::REGISTRATION, folder.path(), &Options::default()).await.unwrap();
    assert!(report.is_green(), "{}", report.table());
    assert!(blessed().await.written.is_empty());

    // one that is not there yet is told, and made
    std::fs::remove_file(&expected).unwrap();
    let report = run_dir(&toy::REGISTRATION, folder.path(), &Options::default()).await.unwrap();
    let failures = report.failures();
    let is_told = |one: &String| one.contains("case normal: there is no `expected.json` with the output yet");
    assert!(matches!(failures.as_slice(), [one] if is_told(one)), "{failures:?}");
    assert_eq!(blessed().await.written, std::slice::from_ref(&expected));

    let case = folder.path().join("list_users/normal/case.toml");
    std::fs::write(&case, std::fs::read_to_string(&case).unwrap().replace("cursor = \"c1\"", "cursor = \"c2\""))
        .unwrap();
    std::fs::remove_file(&expected).unwrap();
    let left = blessed().await;
    assert!(left.written.is_empty());
    assert!(matches!(left.left_out.as_slice(), [one] if one.starts_with("list_users/normal: unexpected request")));
}

#[tokio::test]
async fn a_run_says_what_it_cannot_do() {
    let registry = userdir::Registry::compiled_in();
    let options = Options { providers: vec!["nope".into()], ..Options::default() };
    assert!(userdir_harness::run(&registry, &options).await.unwrap_err().to_string().contains("unknown provider"));
    let options = Options { specs: Some("specs".into()), ..Options::default() };
    assert!(userdir_harness::run(&registry, &options).await.is_err());
    assert!(Report::default().is_green());

    // a folder is named to be used
    let specs = tempfile::tempdir().unwrap();
    let mut options = Options { specs: Some(specs.path().to_owned()), without_faults: true, ..Options::default() };
    let told = async |options: &Options| userdir_harness::run(&registry, options).await.unwrap_err().to_string();
    assert!(told(&options).await.contains("no description in"));
    options.providers = vec!["okta".into()];
    assert!(told(&options).await.contains("no description of okta in"));
    std::fs::create_dir(specs.path().join("okta")).unwrap();
    let empty = "{ \"openapi\": \"3.1.0\", \"paths\": {} }";
    std::fs::write(specs.path().join("okta/okta.json"), empty).unwrap();
    let report = userdir_harness::run(&registry, &options).await.unwrap();
    assert!(!report.is_green() && report.providers.iter().all(|it| it.is_described));

    let options = Options { providers: vec!["okta".into()], ..Options::default() };
    let report = userdir_harness::run(&registry, &options).await.unwrap();
    assert_eq!(report.providers.iter().map(|provider| provider.slug).collect::<Vec<_>>(), ["okta"]);
}
