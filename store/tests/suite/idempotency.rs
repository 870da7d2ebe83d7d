//! Cases on idempotent runs.

use std::time::Duration;

use userdir_store::{
    AuditKind, Begun, IdempotencyScope, IdempotencyTicket, NewAuditRow, Store, StoreError, StoredAnswer,
};
use uuid::Uuid;

use super::{Lab, okta};

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(20);
const BODY: [u8; 32] = [1; 32];

async fn scope(store: &dyn Store) -> IdempotencyScope {
    let account = store.create_account(okta("a")).await.unwrap().id;
    IdempotencyScope { account, path: "POST /unified/user-directory/users".into(), key: "key-1".into() }
}

async fn begin(store: &dyn Store, scope: &IdempotencyScope, ttl: Duration) -> Begun {
    store.begin_idempotent(scope, BODY, "one", ttl).await.unwrap()
}

async fn start(store: &dyn Store, scope: &IdempotencyScope, ttl: Duration) -> IdempotencyTicket {
    match begin(store, scope, ttl).await {
        Begun::Started(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

async fn unknown(store: &dyn Store, scope: &IdempotencyScope) -> IdempotencyTicket {
    match begin(store, scope, LONG).await {
        Begun::Unknown(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

fn answer() -> StoredAnswer {
    let headers = vec![("x-userdir-effect".into(), "applied".into())];
    StoredAnswer { status: 200, headers, body: b"{\"id\":\"canary-u1\"}\n\0\xff".to_vec() }
}

async fn ran_out() {
    tokio::time::sleep(SHORT * 3).await;
}

fn is_overtaken(result: Result<(), StoreError>) -> bool {
    matches!(result, Err(StoreError::RunOvertaken))
}

pub async fn runs_once(lab: &dyn Lab) {
    let store = lab.open().await;
    let scope = scope(&*store).await;
    let ticket = start(&*store, &scope, LONG).await;
    store.mark_sent(&ticket).await.unwrap();
    store.mark_sent(&ticket).await.unwrap();
    store.finish_idempotent(&ticket, &answer()).await.unwrap();
    assert_eq!(begin(&*store, &scope, LONG).await, Begun::Replay(answer()));
    let stranger = IdempotencyScope { account: Uuid::new_v4(), ..scope };
    let error = store.begin_idempotent(&stranger, BODY, "one", LONG).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { what: "account", .. }), "{error}");
}

pub async fn replays(lab: &dyn Lab) {
    let store = lab.open().await;
    let scope = scope(&*store).await;
    let ticket = start(&*store, &scope, SHORT).await;
    store.finish_idempotent(&ticket, &answer()).await.unwrap();
    ran_out().await;
    for _ in 0..3 {
        assert_eq!(begin(&*lab.open().await, &scope, LONG).await, Begun::Replay(answer()));
    }
    // the first answer stands
    let other = StoredAnswer { status: 500, ..answer() };
    store.finish_idempotent(&ticket, &other).await.unwrap();
    store.release_idempotent(&ticket).await.unwrap();
    store.mark_unknown(&ticket).await.unwrap();
    assert_eq!(begin(&*store, &scope, LONG).await, Begun::Replay(answer()));
}

pub async fn another_body(lab: &dyn Lab) {
    let store = lab.open().await;
    let scope = scope(&*store).await;
    let other = async || store.begin_idempotent(&scope, [2; 32], "two", LONG).await.unwrap();
    let ticket = start(&*store, &scope, LONG).await;
    assert_eq!(other().await, Begun::DifferentBody, "in flight");
    store.finish_idempotent(&ticket, &answer()).await.unwrap();
    assert_eq!(other().await, Begun::DifferentBody, "done");
    assert_eq!(begin(&*store, &scope, LONG).await, Begun::Replay(answer()));
}

pub async fn in_flight(lab: &dyn Lab) {
    let (one, two) = (lab.open().await, lab.open().await);
    let scope = scope(&*one).await;
    let ticket = start(&*one, &scope, LONG).await;
    assert_eq!(begin(&*two, &scope, LONG).await, Begun::InFlight);
    assert_eq!(begin(&*one, &scope, LONG).await, Begun::InFlight, "the same process has two requests");
    one.mark_sent(&ticket).await.unwrap();
    assert_eq!(begin(&*two, &scope, LONG).await, Begun::InFlight);
}

pub async fn released(lab: &dyn Lab) {
    let store = lab.open().await;
    let scope = scope(&*store).await;
    let first = start(&*store, &scope, LONG).await;
    store.release_idempotent(&first).await.unwrap();
    let second = start(&*store, &scope, LONG).await;
    assert_ne!(first, second);
    assert!(is_overtaken(store.mark_sent(&first).await));
    store.release_idempotent(&first).await.unwrap();
    assert_eq!(begin(&*store, &scope, LONG).await, Begun::InFlight, "an old ticket releases nothing");
    // sent and refused by the vendor
    store.mark_sent(&second).await.unwrap();
    store.release_idempotent(&second).await.unwrap();
    start(&*store, &scope, LONG).await;
}

pub async fn taken_over_before_sending(lab: &dyn Lab) {
    let (one, two) = (lab.open().await, lab.open().await);
    let scope = scope(&*one).await;
    let dead = start(&*one, &scope, SHORT).await;
    ran_out().await;
    let begun = two.begin_idempotent(&scope, [2; 32], "two", LONG).await.unwrap();
    let Begun::Started(next) = begun else { panic!("{begun:?}") };
    assert!(is_overtaken(one.mark_sent(&dead).await));
    assert!(is_overtaken(one.finish_idempotent(&dead, &answer()).await));
    two.mark_sent(&next).await.unwrap();
}

pub async fn unknown_after_sending(lab: &dyn Lab) {
    let (one, two) = (lab.open().await, lab.open().await);
    let scope = scope(&*one).await;
    let ticket = start(&*one, &scope, SHORT).await;
    one.mark_sent(&ticket).await.unwrap();
    ran_out().await;
    unknown(&*two, &scope).await;
    unknown(&*two, &scope).await;
    let other = two.begin_idempotent(&scope, [2; 32], "two", LONG).await.unwrap();
    assert_eq!(other, Begun::DifferentBody);
    assert!(is_overtaken(one.mark_sent(&ticket).await), "a holder that was slow sends nothing more");
    // but it may know the outcome
    one.finish_idempotent(&ticket, &answer()).await.unwrap();
    assert_eq!(begin(&*two, &scope, LONG).await, Begun::Replay(answer()));
}

pub async fn an_unknown_run_is_settled(lab: &dyn Lab) {
    let (one, two) = (lab.open().await, lab.open().await);
    let scope = scope(&*one).await;
    let ticket = start(&*one, &scope, SHORT).await;
    one.mark_sent(&ticket).await.unwrap();
    ran_out().await;
    let found = unknown(&*two, &scope).await;
    two.finish_idempotent(&found, &answer()).await.unwrap();
    assert_eq!(begin(&*one, &scope, LONG).await, Begun::Replay(answer()));
}

pub async fn an_overtaken_run_sends_nothing(lab: &dyn Lab) {
    let store = lab.open().await;
    let scope = scope(&*store).await;
    // late, but nobody else came: it may go on
    let late = start(&*store, &scope, SHORT).await;
    ran_out().await;
    store.mark_sent(&late).await.unwrap();
    store.finish_idempotent(&late, &answer()).await.unwrap();
}

pub async fn marked_unknown(lab: &dyn Lab) {
    let store = lab.open().await;
    let scope = scope(&*store).await;
    let ticket = start(&*store, &scope, LONG).await;
    store.mark_sent(&ticket).await.unwrap();
    store.mark_unknown(&ticket).await.unwrap();
    let found = unknown(&*store, &scope).await;
    // reading shows that it was not done: the key is free again
    store.release_idempotent(&found).await.unwrap();
    start(&*store, &scope, LONG).await;
    assert!(is_overtaken(store.mark_unknown(&ticket).await));
}

pub async fn scopes_are_apart(lab: &dyn Lab) {
    let store = lab.open().await;
    let first = scope(&*store).await;
    let account = store.create_account(okta("b")).await.unwrap().id;
    start(&*store, &first, LONG).await;
    start(&*store, &IdempotencyScope { account, ..first.clone() }, LONG).await;
    start(&*store, &IdempotencyScope { key: "key-2".into(), ..first.clone() }, LONG).await;
    start(&*store, &IdempotencyScope { path: "POST /other".into(), ..first.clone() }, LONG).await;
    // the border between path and key moves
    let moved = IdempotencyScope { path: format!("{}k", first.path), key: "ey-1".into(), ..first.clone() };
    start(&*store, &moved, LONG).await;
    assert_eq!(begin(&*store, &first, LONG).await, Begun::InFlight);
}

pub async fn answers_are_sealed(lab: &dyn Lab) {
    let store = lab.open().await;
    let scope = scope(&*store).await;
    let ticket = start(&*store, &scope, LONG).await;
    assert!(!format!("{ticket:?} {:?}", answer()).contains("canary"));
    store.finish_idempotent(&ticket, &answer()).await.unwrap();
    let other = IdempotencyScope { key: "key-2".into(), ..scope.clone() };
    let ticket = start(&*store, &other, LONG).await;
    store.finish_idempotent(&ticket, &StoredAnswer { status: 201, ..answer() }).await.unwrap();
    // in another run's place it does not open
    lab.run("UPDATE idempotent_runs SET answer = (SELECT answer FROM idempotent_runs ORDER BY scope LIMIT 1)").await;
    let mut damaged = 0;
    for scope in [&scope, &other] {
        let begun = store.begin_idempotent(scope, BODY, "one", LONG).await;
        damaged += usize::from(matches!(begun, Err(StoreError::Damaged { .. })));
    }
    assert_eq!(damaged, 1);
}

pub async fn kept_for_a_day(lab: &dyn Lab) {
    let store = lab.open().await;
    let scope = scope(&*store).await;
    let done = start(&*store, &scope, LONG).await;
    store.finish_idempotent(&done, &answer()).await.unwrap();
    assert_eq!(store.sweep().await.unwrap().idempotent, 0);
    lab.run("UPDATE idempotent_runs SET expires_at = '2026-01-01T00:00:00.000000Z'").await;
    let ticket = start(&*store, &scope, LONG).await;
    store.mark_sent(&ticket).await.unwrap();
    assert_eq!(store.sweep().await.unwrap().idempotent, 0, "one that runs is not swept");
    lab.run("UPDATE idempotent_runs SET expires_at = '2026-01-01T00:00:00.000000Z'").await;
    assert_eq!(store.sweep().await.unwrap().idempotent, 1);
}

pub async fn one_starts_across_replicas(lab: &dyn Lab) {
    let scope = scope(&*lab.open().await).await;
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..32 {
        let (store, scope) = (lab.open().await, scope.clone());
        tasks.spawn(async move { store.begin_idempotent(&scope, BODY, &format!("h{i}"), LONG).await.unwrap() });
    }
    let begun = tasks.join_all().await;
    assert_eq!(begun.iter().filter(|begun| matches!(begun, Begun::Started(_))).count(), 1);
    assert_eq!(begun.iter().filter(|begun| **begun == Begun::InFlight).count(), 31);

    // and so where a dead holder is taken over
    lab.run("UPDATE idempotent_runs SET lease_until = '2026-01-01T00:00:00.000000Z'").await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (store, scope) = (lab.open().await, scope.clone());
        tasks.spawn(async move { begin(&*store, &scope, LONG).await });
    }
    let begun = tasks.join_all().await;
    assert_eq!(begun.iter().filter(|begun| matches!(begun, Begun::Started(_))).count(), 1);
}

pub async fn unknown_writes(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = scope(&*store).await.account;
    let day = Duration::from_secs(24 * 60 * 60);
    assert_eq!(store.unknown_within(account, "f1", day).await.unwrap(), None);
    store.note_unknown(account, "f1").await.unwrap();
    let noted = lab.open().await.unknown_within(account, "f1", day).await.unwrap().unwrap();
    store.note_unknown(account, "f1").await.unwrap();
    assert!(store.unknown_within(account, "f1", day).await.unwrap().unwrap() > noted);
    assert_eq!(store.unknown_within(account, "f1", Duration::ZERO).await.unwrap(), None);
    assert_eq!(store.unknown_within(account, "f2", day).await.unwrap(), None);
    assert_eq!(store.unknown_within(Uuid::new_v4(), "f1", day).await.unwrap(), None);
    store.settle_unknown(account, "f1").await.unwrap();
    store.settle_unknown(account, "f1").await.unwrap();
    assert_eq!(store.unknown_within(account, "f1", day).await.unwrap(), None);
    store.note_unknown(account, "f1").await.unwrap();
    assert_eq!(store.sweep().await.unwrap().unknown_writes, 0);
    lab.run("UPDATE unknown_writes SET noted_at = '2026-01-01T00:00:00.000000Z'").await;
    assert_eq!(store.unknown_within(account, "f1", day).await.unwrap(), None);
    assert_eq!(store.sweep().await.unwrap().unknown_writes, 1);
    let error = store.note_unknown(Uuid::new_v4(), "f1").await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { what: "account", .. }), "{error}");
}

pub async fn a_write_is_noted_with_its_audit(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = scope(&*store).await.account;
    let append = async |account, kind| {
        let mut row = NewAuditRow::new(account, kind, "cli", "users/deactivate");
        row.write = Some("f1".into());
        store.append_audit(row).await
    };
    let noted = async || store.unknown_within(account, "f1", LONG).await.unwrap().is_some();
    append(account, AuditKind::Intended).await.unwrap();
    assert!(noted().await);
    append(account, AuditKind::Outcome).await.unwrap();
    assert!(!noted().await);
    // the account is gone: the write must not leave, and what became of one that has left is kept
    store.remove_account("a", None).await.unwrap();
    let error = append(account, AuditKind::Intended).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { what: "account", .. }), "{error}");
    assert_eq!(append(account, AuditKind::Outcome).await.unwrap(), 3, "and the one that failed left no row");
}

pub async fn gone_with_the_account(lab: &dyn Lab) {
    let store = lab.open().await;
    let scope = scope(&*store).await;
    let ticket = start(&*store, &scope, LONG).await;
    store.note_unknown(scope.account, "f1").await.unwrap();
    store.remove_account("a", None).await.unwrap();
    assert!(is_overtaken(store.mark_sent(&ticket).await));
    assert!(store.finish_idempotent(&ticket, &answer()).await.is_err());
}
