//! Lists: filters, limits, cursors.

use serde_json::json;

use crate::world::World;

const USERS: &str = "/unified/user-directory/users?{account}";

#[tokio::test]
async fn a_page_is_filled_from_several_of_the_vendors() {
    let world = World::with(450, |_| {}).await;
    let body = world.get(&format!("{USERS}&limit=5000&truto_ignore_remote_data=true")).await.json();
    assert_eq!((&body["result_count"], world.vendor.asked().len()), (&json!(450), 3));
    world.vendor.forget();
    assert_eq!(world.get(USERS).await.json()["result_count"], 100);
    assert!(world.vendor.asked()[0].contains("limit=100"), "{:?}", world.vendor.asked());
}

#[tokio::test]
async fn filters_work_or_are_refused() {
    let world = World::new().await;
    let inactive = world.get(&format!("{USERS}&status=inactive")).await.json();
    assert_eq!((&inactive["result_count"], &inactive["result"][0]["id"]), (&json!(1), &json!("u000")));
    for spelled in ["status[in]=active,inactive", "status[]=active&status[]=inactive", "status=active&status=inactive"]
    {
        assert_eq!(world.get(&format!("{USERS}&{spelled}")).await.json()["result_count"], 5, "{spelled}");
    }
    // nobody has this one, and it is no way to say nothing
    let answer = world.get(&format!("{USERS}&status=null")).await;
    assert!(answer.status == 400 || answer.json()["result_count"] == 0, "{}", answer.text());
    world.vendor.forget();
    for (spelled, word) in [
        ("external_id=e1", "`external_id`"),
        ("favourite=1", "`favourite`"),
        ("sort_by[bio]=asc", "`bio`"),
        ("created_at[near]=x", "created_at"),
        // one id that is made of two would be nobody's, and its list empty
        ("group_id[in]=g1,g2", "group_id"),
        ("group_id[]=g1&group_id[]=g2", "group_id"),
    ] {
        let answer = world.get(&format!("{USERS}&{spelled}")).await;
        let message = answer.problem()["message"].to_string();
        assert_eq!(answer.status, 400, "{spelled}");
        assert!(message.contains(word), "{message}");
    }
    assert!(world.vendor.asked().is_empty(), "told before anything is asked");
    let sorted = world.get(&format!("{USERS}&sort_by[created_at]=desc&created_at[gt]=2026-01-01T00:00:00Z")).await;
    assert_eq!(sorted.status, 200);
    assert!(world.vendor.asked()[0].contains("sortOrder=desc"), "{:?}", world.vendor.asked());
}

#[tokio::test]
async fn a_cursor_is_bound_to_account_and_filters() {
    let world = World::with(5, |_| {}).await;
    let other = crate::world::connect(world.store.as_ref(), "okta-other", world.vendor.base()).await;
    let body = world.get(&format!("{USERS}&limit=2")).await.json();
    let cursor = body["next_cursor"].as_str().unwrap();
    for target in [
        format!("{USERS}&status=active&next_cursor={cursor}"),
        format!("/unified/user-directory/users?integrated_account_id={}&next_cursor={cursor}", other.id),
        format!("/unified/user-directory/groups?{{account}}&next_cursor={cursor}"),
        format!("{USERS}&next_cursor={cursor}x"),
        format!("{USERS}&next_cursor=nonsense"),
    ] {
        assert_eq!(world.get(&target).await.status, 400, "{target}");
    }
    // the limit may change between pages
    let rest = world.get(&format!("{USERS}&limit=50&next_cursor={cursor}")).await.json();
    assert_eq!((&rest["result_count"], &rest["next_cursor"]), (&json!(3), &serde_json::Value::Null));
}

#[tokio::test]
async fn me_is_a_list() {
    let world = World::new().await;
    let body = world.get("/unified/user-directory/me?{account}").await.json();
    assert_eq!((&body["result"][0]["id"], &body["result_count"]), (&json!("u999"), &json!(1)));
}

#[tokio::test]
async fn parameters_of_lists_do_no_harm_elsewhere() {
    let world = World::new().await;
    let answer = world.get("/unified/user-directory/users/u001?{account}&limit=5&next_cursor=&truto_key_by=id").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}
