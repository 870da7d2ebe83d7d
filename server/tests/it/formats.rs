//! The five forms of an answer, and the parameters that change one.

use serde_json::{Value, json};

use crate::vendor::{SECRET, refusal};
use crate::world::World;

const USERS: &str = "/unified/user-directory/users?{account}";

#[tokio::test]
async fn unified_is_the_mapped_resource_with_the_vendors_own() {
    let world = World::new().await;
    let user = world.get("/unified/user-directory/users/u001?{account}").await.json();
    assert_eq!((&user["status"], &user["first_name"]), (&json!("active"), &json!("Maya")));
    assert_eq!(user["remote_data"]["profile"]["login"], "u001@example.com");
    assert!(user.get("userdir").is_none());
    let user = world.get("/unified/user-directory/users/u001?{account}&truto_ignore_remote_data=true").await.json();
    assert!(user.get("remote_data").is_none());
}

#[tokio::test]
async fn normalized_has_every_field() {
    let world = World::new().await;
    for target in ["/unified/user-directory/users/u001?{account}", USERS] {
        let body =
            world.get(&format!("{target}&truto_response_format=normalized&truto_exclude_fields[]=bio")).await.json();
        let user = body.get("result").map_or(&body, |result| &result[1]);
        assert_eq!((&user["title"], &user["phones"]), (&Value::Null, &json!([])), "{user}");
        assert!(user.as_object().unwrap().contains_key("timezone") && user.get("bio").is_none());
    }
}

#[tokio::test]
async fn raw_is_one_vendor_page_as_it_came() {
    let world = World::with(450, |_| {}).await;
    let first = world.get(&format!("{USERS}&truto_response_format=raw&limit=1000")).await;
    assert_eq!(first.status, 200);
    assert_eq!(first.json().as_array().unwrap().len(), 200, "the vendor's own page");
    assert_eq!(first.json()[0]["profile"]["login"], "u000@example.com");
    let mut cursor = first.header("x-userdir-next-cursor").unwrap().to_owned();
    let mut seen = 200;
    loop {
        let page = world.get(&format!("{USERS}&truto_response_format=raw&limit=1000&next_cursor={cursor}")).await;
        seen += page.json().as_array().unwrap().len();
        match page.header("x-userdir-next-cursor") {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!((seen, world.vendor.asked().len()), (450, 3));
    // the user, and none of what is asked for besides
    let user = world.get("/unified/user-directory/users/u001?{account}&truto_response_format=raw").await;
    assert_eq!(user.json()["profile"]["login"], "u001@example.com");
}

#[tokio::test]
async fn a_raw_page_may_be_large() {
    let world = World::with(200, |_| {}).await;
    world.vendor.pad(20_000);
    let page = world.get(&format!("{USERS}&truto_response_format=raw&limit=200")).await;
    assert!(page.body.len() > 4_000_000 && page.complete);
    assert_eq!(page.json().as_array().unwrap().len(), 200);
}

#[tokio::test]
async fn a_stream_goes_over_all_pages_and_says_whether_it_is_complete() {
    let world = World::with(450, |_| {}).await;
    let answer = world.get(&format!("{USERS}&truto_response_format=stream&truto_exclude_fields=remote_data")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/x-ndjson")));
    let lines: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 451);
    assert!(lines[0].get("remote_data").is_none());
    assert_eq!(lines[450], json!({"userdir_trailer": {"complete": true, "count": 450}}));

    world.vendor.fault("GET /api/v1/users?after", refusal(403, "E0000006", "no longer"));
    let answer = world.get(&format!("{USERS}&truto_response_format=stream")).await;
    assert_eq!(answer.status, 200);
    let text = answer.text();
    let trailer: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    let trailer = &trailer["userdir_trailer"];
    assert_eq!((&trailer["complete"], &trailer["count"]), (&json!(false), &json!(200)));
    assert_eq!(
        (&trailer["error"]["statusCode"], &trailer["error"]["truto_is_remote_error"]),
        (&json!(403), &json!(true))
    );
    assert_eq!(text.lines().count(), 201);

    // what fails before anything came is an error like any other
    world.vendor.fault("GET /api/v1/users", refusal(403, "E0000006", "no"));
    assert_eq!(world.get(&format!("{USERS}&truto_response_format=stream")).await.status, 403);
}

#[tokio::test]
async fn a_stream_of_one_resource_is_the_vendors_body() {
    let world = World::new().await;
    let answer = world.get("/unified/user-directory/groups/g1?{account}&truto_response_format=stream").await;
    assert_eq!(
        (answer.header("content-type"), &answer.json()["profile"]["name"]),
        (Some("application/json"), &json!("West Coast"))
    );
    // whatever it is, it is no page of this server's
    for format in ["stream", "raw"] {
        let target = format!("/unified/user-directory/groups/g1?{{account}}&truto_response_format={format}");
        let answer = world.get(&target).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{format}");
        assert!(answer.header("content-security-policy").unwrap().contains("sandbox"), "{format}");
    }
}

#[tokio::test]
async fn debug_shows_what_was_asked_and_no_credential() {
    let world = World::new().await;
    let answer = world.get(&format!("{USERS}&truto_response_format=debug&limit=2")).await;
    let text = answer.text();
    assert!(!text.contains(SECRET) && !text.to_ascii_lowercase().contains("ssws"), "{text}");
    let body = answer.json();
    assert_eq!(body["result"]["result"].as_array().unwrap().len(), 2);
    let debug = &body["debug"];
    assert!(debug["requestUrl"].as_str().unwrap().starts_with(&format!("{}/api/v1/users?", world.vendor.base())));
    assert_eq!((&debug["requestOptions"]["method"], &debug["resultCount"]), (&json!("GET"), &json!(2)));
    assert_eq!((&debug["isLooping"], &debug["isEmptyResult"]), (&json!(false), &json!(false)));
    assert_eq!(debug["nextCursor"], body["result"]["next_cursor"]);
    assert_eq!(debug["data"][0]["id"], "u000");
    assert_eq!(debug["responseHeaders"]["x-rate-limit-limit"], "600");

    let one = world.get("/unified/user-directory/users/u001?{account}&truto_response_format=debug").await.json();
    assert_eq!(one["result"]["id"], "u001");
    assert!(one["debug"]["requestUrl"].is_string() && one["debug"].get("nextCursor").is_none());
    let both = world.get(&format!("{USERS}&truto_response_format=debug&truto_ignore_limit=true")).await;
    assert_eq!(both.status, 400);
}

#[tokio::test]
async fn fields_are_left_out_inner_ones_too() {
    let world = World::new().await;
    let spelled = "truto_exclude_fields[]=emails.type&truto_exclude_fields[]=remote_data.profile&truto_exclude_fields[]=last_name";
    let body = world.get(&format!("{USERS}&{spelled}")).await.json();
    let user = &body["result"][1];
    assert!(user.get("last_name").is_none() && user["remote_data"].get("profile").is_none());
    assert!(user["emails"][0].get("email").is_some() && user["emails"][0].get("type").is_none(), "{user}");
    assert_eq!(user["remote_data"]["id"], "u001");
}

#[tokio::test]
async fn a_list_can_be_keyed() {
    let world = World::new().await;
    let body = world.get(&format!("{USERS}&truto_key_by=id&truto_exclude_fields=id&limit=2")).await.json();
    let names: Vec<&String> = body["result"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["u000", "u001"]);
    assert!(body["result"]["u001"].get("id").is_none());
    assert_eq!(body["result_count"], 2);
    // two under one key would be a short list
    for field in ["status", "nothing", "emails"] {
        let problem = world.get(&format!("{USERS}&truto_key_by={field}")).await;
        assert_eq!(problem.status, 400, "{field}");
        assert!(problem.problem()["message"].as_str().unwrap().contains(field));
    }
}

#[tokio::test]
async fn all_pages_fit_into_one_answer() {
    let world = World::with(450, |_| {}).await;
    let body =
        world.get(&format!("{USERS}&truto_ignore_limit=true&limit=3&truto_ignore_remote_data=true")).await.json();
    assert_eq!((body["result"].as_array().unwrap().len(), &body["next_cursor"]), (450, &Value::Null));
    assert_eq!((&body["result_count"], &body["is_partial_response"]), (&json!(450), &json!(true)));
    // a page that fails is an error and no shorter list
    world.vendor.fault("GET /api/v1/users?after", refusal(400, "E0000001", "no longer"));
    let answer = world.get(&format!("{USERS}&truto_ignore_limit=true")).await;
    let details = &answer.problem()["details"];
    assert_eq!((answer.status, &details["list"]["delivered"]), (400, &json!(200)));
    assert!(details["reason"].as_str().unwrap().contains("stopped on page 2"), "{details}");
}

#[tokio::test]
async fn nothing_is_asked_of_the_vendor_where_that_is_wanted() {
    let world = World::new().await;
    let list = world.get(&format!("{USERS}&truto_skip_api_call=true")).await.json();
    assert_eq!(
        list,
        json!({"result": [], "next_cursor": null, "prev_cursor": null, "result_count": 0, "is_partial_response": false})
    );
    let debug = world.get(&format!("{USERS}&truto_skip_api_call=true&truto_response_format=debug")).await.json();
    assert_eq!((&debug["result"]["result"], &debug["debug"]), (&json!([]), &Value::Null));
    assert_eq!(
        world.get("/unified/user-directory/users/u1?{account}&truto_skip_api_call=true").await.json(),
        Value::Null
    );
    let write = world
        .post(
            "/unified/user-directory/users/deactivate?{account}&truto_skip_api_call=true",
            &json!({"user_id": "u001"}),
        )
        .await;
    assert_eq!(write.json(), Value::Null);
    assert!(world.vendor.asked().is_empty());
}

#[tokio::test]
async fn what_is_for_the_vendor_goes_on_untouched() {
    let world = World::new().await;
    let target = "/unified/user-directory/users?{account}&remote_query%5Bfoo%5D=a+b&remote_query[expand][x]=1&limit=1";
    assert_eq!(world.get(target).await.status, 200);
    let asked = world.vendor.asked();
    assert!(asked[0].contains("foo=a b") && asked[0].contains("expand[x]=1"), "{asked:?}");
    let body = json!({"title": "Lead", "remote_data": {"profile": {"costCenter": "7"}}});
    let answer = world
        .send(
            "PATCH",
            "/unified/user-directory/users/u001?{account}&truto_dry_run=true",
            &[],
            body.to_string().as_bytes(),
        )
        .await;
    assert_eq!(answer.json()["plan"][0]["body"], json!({"profile": {"costCenter": "7"}}), "remote_data wins");
}
