//! What fixtures cannot show: a list longer than PagerDuty gives out.

#![allow(clippy::unwrap_used)]

use futures_util::StreamExt;
use serde_json::json;
use userdir_core::action::GroupFilter;
use userdir_core::{Call, Details, ErrorKind, Registry, Runtime, Settings};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

/// Plays PagerDuty with so many teams: 400 where offset and limit together pass 10,000.
fn teams(there: u64) -> impl Fn(&Request) -> ResponseTemplate {
    move |request| {
        let number = |name: &str| -> u64 {
            let (_, value) = request.url.query_pairs().find(|(key, _)| key == name).unwrap();
            value.parse().unwrap()
        };
        let (offset, limit) = (number("offset"), number("limit"));
        if offset + limit > 10_000 || limit > 100 {
            return ResponseTemplate::new(400);
        }
        let end = (offset + limit).min(there);
        let teams: Vec<_> = (offset..end).map(|n| json!({ "id": format!("PT{n}"), "type": "team" })).collect();
        ResponseTemplate::new(200).set_body_json(json!({
            "teams": teams, "limit": limit, "offset": offset, "more": end < there, "total": there
        }))
    }
}

/// How many teams come, and how the list ends.
async fn read(there: u64) -> (u64, Option<userdir_core::Error>) {
    let server = MockServer::start().await;
    Mock::given(matchers::path("/teams")).respond_with(teams(there)).mount(&server).await;
    let settings = Settings::new().set("base_url", server.uri()).secret("api_key", "key");
    let runtime = Runtime::builder().allow_private_networks(true).build().unwrap();
    let registry = Registry::collect(&[&userdir_pagerduty::REGISTRATION], &[]);
    let pagerduty = registry.connect_with("pagerduty", settings, &runtime).unwrap();
    let mut list = pagerduty.stream_groups(&Call::new(), GroupFilter::default());
    let (mut came, mut error) = (0, None);
    while let Some(team) = list.next().await {
        match team {
            Ok(_) => came += 1,
            Err(fault) => error = Some(fault),
        }
    }
    (came, error)
}

#[tokio::test]
async fn a_list_of_ten_thousand_is_complete_and_a_longer_one_says_that_it_is_not() {
    let (came, error) = read(10_000).await;
    assert!(came == 10_000 && error.is_none(), "{came}: {error:?}");
    let (came, error) = read(10_001).await;
    let error = error.unwrap();
    assert_eq!((came, error.kind()), (10_000, ErrorKind::Incomplete));
    assert!(error.to_string().contains("only the first 10000 items"), "{error}");
    assert!(matches!(error.details(), Details::List { delivered: 10_000, expected: Some(10_001), .. }), "{error:?}");
}
