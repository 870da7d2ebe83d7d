//! Cases on the log of requests.

use jiff::{SignedDuration, Timestamp};
use userdir_store::{LogEntry, LogFilter, Store, StoreError, TimeRange};
use uuid::Uuid;

use super::Lab;

fn at(hour: i64) -> Timestamp {
    "2026-11-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hour)
}

fn entry(hour: i64, account: Uuid, tenant: &str) -> LogEntry {
    LogEntry {
        timestamp: at(hour),
        account,
        tenant_id: tenant.into(),
        integration: "okta".into(),
        request_type: "unified".into(),
        resource: "users".into(),
        method: "list".into(),
        http_method: "GET".into(),
        status: 200,
        duration_ms: 12,
        result_count: Some(u64::try_from(hour).unwrap()),
    }
}

async fn hours(store: &dyn Store, filter: LogFilter) -> Vec<u64> {
    store.log(&filter).await.unwrap().entries.into_iter().map(|entry| entry.result_count.unwrap()).collect()
}

pub async fn newest_first(lab: &dyn Lab) {
    let store = lab.open().await;
    let account = Uuid::new_v4();
    store.append_log(&[entry(1, account, "acme"), entry(3, account, "acme")]).await.unwrap();
    let write = LogEntry { result_count: None, method: "deactivate".into(), ..entry(2, account, "acme") };
    store.append_log(std::slice::from_ref(&write)).await.unwrap();
    let page = lab.open().await.log(&LogFilter::default()).await.unwrap();
    assert_eq!(page.entries, [entry(3, account, "acme"), write, entry(1, account, "acme")]);
    assert_eq!(page.next_cursor, None);
    let json = serde_json::to_value(&page.entries[0]).unwrap();
    assert_eq!(json["integrated_account_id"], account.to_string());
    assert_eq!((&json["http_status_code"], &json["duration"]), (&200.into(), &12.into()));
}

pub async fn filters(lab: &dyn Lab) {
    let store = lab.open().await;
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    let scim = LogEntry { integration: "scim".into(), ..entry(3, b, "other") };
    store.append_log(&[entry(1, a, "acme"), entry(2, b, "acme"), scim]).await.unwrap();
    let all = LogFilter::default();
    assert_eq!(hours(&*store, all.clone().account(a)).await, [1]);
    assert_eq!(hours(&*store, all.clone().tenant_id("acme")).await, [2, 1]);
    assert_eq!(hours(&*store, all.clone().integration("scim")).await, [3]);
    let mut several = all.clone().account(a);
    several.account = Some(vec![a, b]);
    several.integration = Some(vec!["scim".into(), "x".into()]);
    assert_eq!(hours(&*store, several).await, [3]);
    let range = |gt, lt| TimeRange { gt: Some(at(gt)), lt: Some(at(lt)), ..Default::default() };
    assert_eq!(hours(&*store, all.clone().created_at(range(1, 3))).await, [2]);
    let closed = TimeRange { gte: Some(at(1)), lte: Some(at(2)), ..Default::default() };
    assert_eq!(hours(&*store, all.created_at(closed)).await, [2, 1]);
}

pub async fn pages(lab: &dyn Lab) {
    let store = lab.open().await;
    // several at one moment
    let entries: Vec<LogEntry> =
        (0..250).map(|i| LogEntry { timestamp: at(i / 50), ..entry(i, Uuid::nil(), "acme") }).collect();
    store.append_log(&entries).await.unwrap();
    let (mut seen, mut cursor, mut sizes) = (Vec::new(), None, Vec::new());
    loop {
        let mut filter = LogFilter::default().limit(1000);
        filter.cursor = cursor;
        let page = store.log(&filter).await.unwrap();
        sizes.push(page.entries.len());
        seen.extend(page.entries.into_iter().map(|entry| entry.result_count.unwrap()));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [100, 100, 50], "100 at most");
    assert_eq!(seen, (0..250).rev().collect::<Vec<u64>>());
    let error = store.log(&LogFilter::default().cursor("x")).await.unwrap_err();
    assert!(matches!(error, StoreError::InvalidCursor), "{error}");
}

pub async fn swept_after_a_month(lab: &dyn Lab) {
    let store = lab.open().await;
    let days_ago = |days: i64| Timestamp::now() - SignedDuration::from_hours(24 * days);
    let aged = |days: i64| LogEntry { timestamp: days_ago(days), ..entry(days, Uuid::nil(), "acme") };
    let entries: Vec<LogEntry> = (0..5000).map(|_| aged(32)).chain([aged(30), aged(0)]).collect();
    store.append_log(&entries).await.unwrap();
    assert_eq!(store.sweep().await.unwrap().log_entries, 5000);
    assert_eq!(hours(&*store, LogFilter::default()).await, [0, 30]);
}
