//! Cases on the audit: what shows, and what cannot be hidden.

use serde_json::json;
use userdir_store::{
    AccountChange, AuditKind, AuditQuery, AuditReport, AuditRow, ChainReport, Deed, NewApiToken, NewAuditRow,
    NewLinkToken, STORE_CHAIN, Scope, Store, StoreError,
};
use uuid::Uuid;

use super::{Lab, okta};

fn intended(account: Uuid) -> NewAuditRow {
    NewAuditRow::new(account, AuditKind::Intended, "cli", "users/deactivate").targets(["u1".to_owned()])
}

fn outcome(account: Uuid, of: i64) -> NewAuditRow {
    let mut row = NewAuditRow::new(account, AuditKind::Outcome, "cli", "users/deactivate").of(of).effect("sent");
    row.vendor_status = Some(200);
    row.vendor_request_ids = vec!["req-1".into()];
    row.idempotency_key = Some([0xab; 32]);
    row.request_id = Some("r-1".into());
    row.targets(["u1".to_owned()]).detail("step", 1)
}

/// `n` rows in the chain of a new account.
async fn chain(store: &dyn Store, n: i64) -> Uuid {
    let account = Uuid::new_v4();
    for i in 1..=n {
        let row = if i % 2 == 1 { intended(account) } else { outcome(account, i - 1) };
        assert_eq!(store.append_audit(row).await.unwrap(), i);
    }
    account
}

/// All rows of a chain, the oldest first.
async fn rows(store: &dyn Store, account: Uuid) -> Vec<AuditRow> {
    let mut rows = store.audit(&AuditQuery::new(account)).await.unwrap().rows;
    rows.reverse();
    rows
}

fn report(report: &AuditReport, account: Uuid) -> ChainReport {
    report.chains.iter().find(|chain| chain.account == account).unwrap().clone()
}

/// The fault of one chain, which both ways of checking find.
async fn fault(store: &dyn Store, account: Uuid) -> (i64, String) {
    let all = store.verify_audit(None).await.unwrap();
    let one = store.verify_audit(Some(account)).await.unwrap();
    assert!(!all.holds() && !one.holds(), "{all:?}");
    assert_eq!(report(&all, account), report(&one, account));
    let fault = report(&one, account).fault.unwrap();
    (fault.sequence, fault.what)
}

pub async fn append_and_read(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = chain(&*store, 2).await;
    let page = lab.open().await.audit(&AuditQuery::new(account)).await.unwrap();
    assert_eq!((page.rows.len(), page.next), (2, None));
    let row = &page.rows[0];
    assert_eq!((row.sequence, row.kind, row.account), (2, AuditKind::Outcome, account));
    assert_eq!((row.actor.as_str(), row.action.as_str()), ("cli", "users/deactivate"));
    assert_eq!((row.intended, row.effect.as_deref(), row.vendor_status), (Some(1), Some("sent"), Some(200)));
    assert_eq!((&row.targets[..], &row.vendor_request_ids[..]), (&["u1".to_owned()][..], &["req-1".to_owned()][..]));
    assert_eq!(row.idempotency_key.as_deref(), Some("ab".repeat(32).as_str()));
    assert_eq!((row.request_id.as_deref(), json!(row.details)), (Some("r-1"), json!({"step": 1})));
    assert_eq!((page.rows[1].sequence, page.rows[1].kind), (1, AuditKind::Intended));
    assert!(page.rows[0].at >= page.rows[1].at);
    let nobody = store.audit(&AuditQuery::new(Uuid::new_v4())).await.unwrap();
    assert!(nobody.rows.is_empty());
}

pub async fn pages(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = chain(&*store, 7).await;
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let mut query = AuditQuery::new(account).limit(3);
        query.before = before;
        let page = store.audit(&query).await.unwrap();
        seen.extend(page.rows.iter().map(|row| row.sequence));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    let all = store.audit(&AuditQuery::new(account)).await.unwrap();
    let range = userdir_store::TimeRange { gt: Some(all.rows[3].at), ..Default::default() };
    let late = store.audit(&AuditQuery::new(account).at(range)).await.unwrap();
    assert_eq!(late.rows, all.rows[..3]);
}

pub async fn chains_are_apart(lab: &dyn Lab) {
    let store = lab.open().await;
    let (a, b) = (chain(&*store, 2).await, chain(&*store, 1).await);
    let mut accounts = store.audited_accounts().await.unwrap();
    accounts.sort();
    let mut expected = vec![STORE_CHAIN, a, b];
    expected.sort();
    assert_eq!(accounts, expected);
    let report = store.verify_audit(Some(a)).await.unwrap();
    assert!(report.holds() && report.chains.len() == 1);
    assert_eq!(store.verify_audit(None).await.unwrap().chains.len(), 3);
}

pub async fn outlives_the_account(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = store.create_account(okta("a")).await.unwrap().id;
    store.append_audit(intended(account)).await.unwrap();
    store.remove_account("a", None).await.unwrap();
    assert_eq!(store.audit(&AuditQuery::new(account)).await.unwrap().rows.len(), 1);
    store.append_audit(outcome(account, 1)).await.unwrap();
    assert!(store.verify_audit(None).await.unwrap().holds());
}

pub async fn concurrent_appends(lab: &dyn Lab) {
    let accounts = [Uuid::new_v4(), Uuid::new_v4()];
    let mut tasks = tokio::task::JoinSet::new();
    for i in 0..32 {
        let store = lab.open().await;
        let account = accounts[i % 2];
        tasks.spawn(async move {
            store.append_audit(intended(account)).await.unwrap();
            store.append_audit(intended(account)).await.unwrap();
        });
    }
    tasks.join_all().await;
    let report = lab.open().await.verify_audit(None).await.unwrap();
    assert!(report.holds(), "{report:?}");
    let rows: Vec<i64> = report.chains.iter().map(|chain| chain.rows).collect();
    assert_eq!(rows.iter().filter(|rows| **rows == 32).count(), 2, "no row lost: {rows:?}");
}

pub async fn holds_and_shows_open(lab: &dyn Lab) {
    let store = lab.open().await;
    let begun = store.verify_audit(None).await.unwrap().chains;
    assert_eq!(begun.iter().map(|chain| (chain.account, chain.rows)).collect::<Vec<_>>(), [(STORE_CHAIN, 1)]);
    let account = chain(&*store, 5).await;
    let chain = report(&store.verify_audit(None).await.unwrap(), account);
    assert_eq!((chain.rows, chain.open, chain.fault), (5, vec![5], None));
    let head = chain.head.unwrap();
    store.append_audit(outcome(account, 5)).await.unwrap();
    let chain = report(&store.verify_audit(None).await.unwrap(), account);
    assert_eq!((chain.rows, chain.open), (6, vec![]));
    assert_ne!(chain.head.unwrap(), head);
    assert!(store.verify_audit(Some(Uuid::new_v4())).await.unwrap().chains.is_empty());
}

pub async fn changed(lab: &dyn Lab) {
    for change in [
        "actor = 'somebody else'",
        "targets = '[\"u2\"]'",
        "at = '2026-01-01T00:00:00.000000Z'",
        "effect = NULL",
        "vendor_status = 404",
        "details = '{}'",
        "mac = (SELECT mac FROM audit_heads WHERE audit_heads.account_id = audit_rows.account_id)",
    ] {
        let store = lab.open().await;
        let account = chain(&*store, 6).await;
        lab.run(&format!("UPDATE audit_rows SET {change} WHERE account_id = '{account}' AND sequence = 4")).await;
        let (sequence, what) = fault(&*store, account).await;
        assert!(sequence == 4 && what.contains("changed"), "{change}: {sequence} {what}");
    }
}

pub async fn removed(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = chain(&*store, 6).await;
    lab.run(&format!("DELETE FROM audit_rows WHERE account_id = '{account}' AND sequence = 3")).await;
    assert_eq!(fault(&*store, account).await, (3, "this row is missing".to_owned()));
    // closing the gap does not help
    for sequence in 4..=6 {
        lab.run(&format!(
            "UPDATE audit_rows SET sequence = {} WHERE account_id = '{account}' AND sequence = {sequence}",
            sequence - 1
        ))
        .await;
    }
    assert_eq!(fault(&*store, account).await.0, 3);
}

pub async fn reordered(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = chain(&*store, 6).await;
    for (from, to) in [(2, 99), (4, 2), (99, 4)] {
        lab.run(&format!("UPDATE audit_rows SET sequence = {to} WHERE account_id = '{account}' AND sequence = {from}"))
            .await;
    }
    assert_eq!(fault(&*store, account).await.0, 2);
}

pub async fn cut_off(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = chain(&*store, 6).await;
    lab.run(&format!("DELETE FROM audit_rows WHERE account_id = '{account}' AND sequence > 4")).await;
    let (sequence, what) = fault(&*store, account).await;
    assert!(sequence == 5 && what.contains("cut off") && what.contains('6'), "{what}");
}

pub async fn cut_off_with_head_changed(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = chain(&*store, 6).await;
    lab.run(&format!("DELETE FROM audit_rows WHERE account_id = '{account}' AND sequence > 4")).await;
    lab.run(&format!(
        "UPDATE audit_heads SET sequence = 4, last_mac = (SELECT mac FROM audit_rows WHERE account_id = '{account}' \
         AND sequence = 4) WHERE account_id = '{account}'"
    ))
    .await;
    let (sequence, what) = fault(&*store, account).await;
    assert!(sequence == 5 && what.contains("head was changed"), "{what}");
}

pub async fn head_removed(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = chain(&*store, 2).await;
    lab.run(&format!("DELETE FROM audit_heads WHERE account_id = '{account}'")).await;
    let (sequence, what) = fault(&*store, account).await;
    assert!(sequence == 3 && what.contains("head is missing"), "{what}");
}

pub async fn whole_chain_removed(lab: &dyn Lab) {
    let store = lab.open().await;
    let (account, other) = (chain(&*store, 2).await, chain(&*store, 2).await);
    lab.run(&format!("DELETE FROM audit_rows WHERE account_id = '{account}'")).await;
    lab.run(&format!("DELETE FROM audit_heads WHERE account_id = '{account}'")).await;
    assert_eq!(fault(&*store, account).await.0, 1);
    assert!(report(&store.verify_audit(None).await.unwrap(), other).fault.is_none());
    // and nothing hides that by starting anew
    store.append_audit(intended(account)).await.unwrap();
    let report = store.verify_audit(None).await.unwrap();
    assert!(!report.holds(), "{report:?}");
}

/// What no chain shows by itself, and an earlier check does.
pub async fn cut_off_with_an_older_head_put_back(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = chain(&*store, 2).await;
    lab.run(&format!("CREATE TABLE saved AS SELECT * FROM audit_heads WHERE account_id = '{account}'")).await;
    store.append_audit(intended(account)).await.unwrap();
    let earlier = store.verify_audit(None).await.unwrap().chains;
    assert!(store.verify_audit_since(None, &earlier).await.unwrap().holds());
    lab.run(&format!(
        "DELETE FROM audit_rows WHERE account_id = '{account}' AND sequence = 3; \
         DELETE FROM audit_heads WHERE account_id = '{account}'; INSERT INTO audit_heads SELECT * FROM saved"
    ))
    .await;
    let checked = report(&store.verify_audit(Some(account)).await.unwrap(), account);
    assert_eq!((checked.rows, checked.fault), (2, None));
    let since = async || report(&store.verify_audit_since(Some(account), &earlier).await.unwrap(), account);
    let fault = since().await.fault.unwrap();
    assert!(fault.sequence == 3 && fault.what.contains("found 3 rows"), "{fault:?}");
    // as many rows as there were, and more, are not the same ones
    for _ in 0..2 {
        store.append_audit(intended(account)).await.unwrap();
        let fault = since().await.fault.unwrap();
        assert!(fault.sequence == 3 && fault.what.contains("not the row"), "{fault:?}");
    }
    // nor is a chain there that was taken away with every word about it
    lab.run("DELETE FROM audit_rows; DELETE FROM audit_heads").await;
    assert!(since().await.fault.is_some());
    assert!(store.verify_audit_since(None, &earlier).await.unwrap().chains.iter().all(|chain| chain.fault.is_some()));
}

/// Taken away as a whole, it is missed, and nothing hides that by starting anew.
pub async fn taken_away_whole(lab: &dyn Lab) {
    let store = lab.open().await;
    assert!(store.verify_audit(None).await.unwrap().holds());
    chain(&*store, 2).await;
    lab.run("DELETE FROM audit_rows; DELETE FROM audit_heads").await;
    let broken = async || report(&store.verify_audit(None).await.unwrap(), STORE_CHAIN).fault.is_some();
    assert!(broken().await);
    chain(&*store, 2).await;
    assert!(broken().await);
}

pub async fn put_in_by_hand(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = chain(&*store, 2).await;
    let copy = "at, kind, actor, action, targets, intended, effect, vendor_status, vendor_request_ids, \
                idempotency_key, request_id, details, mac";
    lab.run(&format!(
        "INSERT INTO audit_rows (account_id, sequence, {copy}) SELECT account_id, 3, {copy} FROM audit_rows \
         WHERE account_id = '{account}' AND sequence = 2"
    ))
    .await;
    assert_eq!(fault(&*store, account).await.0, 3);
    // a chain of another account's rows
    let stranger = Uuid::new_v4();
    lab.run(&format!(
        "INSERT INTO audit_rows (account_id, sequence, {copy}) SELECT '{stranger}', 1, {copy} FROM audit_rows \
         WHERE account_id = '{account}' AND sequence = 1"
    ))
    .await;
    assert_eq!(fault(&*store, stranger).await.0, 1);
}

pub async fn nothing_is_appended_to_a_broken_head(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = chain(&*store, 2).await;
    lab.run(&format!("UPDATE audit_heads SET sequence = 1 WHERE account_id = '{account}'")).await;
    let error = store.append_audit(intended(account)).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    lab.run(&format!("DELETE FROM audit_heads WHERE account_id = '{account}'")).await;
    let error = store.append_audit(intended(account)).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "no second chain over the first: {error}");
}

/// A change and its row are one: both are there, or neither.
pub async fn changes_are_on_record_or_not_made(lab: &dyn Lab) {
    let store = lab.open().await;
    let deed = |action: &str| Deed::new("token:1", action).request("req-1");
    let account = store.create_account(okta("a").audited(deed("create"))).await.unwrap();
    let id = account.id.to_string();
    let change = AccountChange::default().set("x", "1").audited(deed("update"));
    store.update_account("a", change).await.unwrap();
    store.create_account_token(account.id, None, Some(&deed("token"))).await.unwrap();
    store.create_link_token(NewLinkToken::reconnect(account.id).audited(deed("link"))).await.unwrap();
    // what changes nothing, or cannot be done, is not on record
    store.update_account("a", AccountChange::default().audited(deed("nothing"))).await.unwrap();
    let other = store.create_account(okta("b")).await.unwrap();
    store.update_account("b", AccountChange::default().name("a").audited(deed("taken"))).await.unwrap_err();
    store.remove_account("nobody", Some(&deed("remove"))).await.unwrap_err();
    let rows = rows(&*store, account.id).await;
    let told: Vec<(&str, &str)> = rows.iter().map(|row| (row.actor.as_str(), row.action.as_str())).collect();
    assert_eq!(told, ["create", "update", "token", "link"].map(|action| ("token:1", action)));
    for row in &rows {
        assert_eq!((&row.targets, row.request_id.as_deref()), (&vec![id.clone()], Some("req-1")), "{}", row.action);
        assert_eq!((row.kind, row.effect.as_deref()), (AuditKind::Outcome, Some("applied")));
    }
    let made = NewApiToken::new("t", Scope::Read).audited(deed("api-token"));
    let token = store.create_first_api_token(made).await.unwrap().unwrap().token;
    for _ in 0..2 {
        store.revoke_api_token("t", Some(&deed("revoke"))).await.unwrap();
    }
    store.create_link_token(NewLinkToken::tenant("t").audited(deed("link"))).await.unwrap();
    let rows = self::rows(&*store, STORE_CHAIN).await;
    let told: Vec<(&str, bool)> =
        rows.iter().map(|row| (row.action.as_str(), row.targets == [token.id.to_string()])).collect();
    assert_eq!(
        told,
        [("store/create", false), ("audit/begin", false), ("api-token", true), ("revoke", true), ("link", false)]
    );

    // where the row cannot be appended, nothing is changed
    lab.run("UPDATE audit_heads SET mac = last_mac").await;
    store.update_account("a", AccountChange::default().set("x", "2").audited(deed("update"))).await.unwrap_err();
    store.remove_account("a", Some(&deed("remove"))).await.unwrap_err();
    store.create_account(okta("c").audited(deed("create"))).await.unwrap_err();
    store.create_api_token(NewApiToken::new("u", Scope::Read).audited(deed("api-token"))).await.unwrap_err();
    assert_eq!(store.account("a").await.unwrap().settings["x"], "1");
    let names: Vec<String> =
        store.accounts(&Default::default()).await.unwrap().into_iter().map(|account| account.name).collect();
    assert_eq!((names, store.api_tokens().await.unwrap().len()), (vec!["a".into(), "b".into()], 1));
    assert_eq!(store.account("b").await.unwrap().id, other.id);
}
