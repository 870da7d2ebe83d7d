//! Vanta's JSON as it is on the wire, field for field. Unknown fields and enum values are fine; everything that Vanta may
//! leave out is optional.

use serde::Deserialize;
use serde_json::Value;
use userdir_core::http::Fault;
use userdir_schema::Text;

/// <https://developer.vanta.com/reference/getperson>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    /// Of the account with which the person signs in to Vanta, and no id of a person.
    pub user_id: Option<Text<'a>>,
    pub email_address: Option<Text<'a>>,
    #[serde(default)]
    pub name: Name<'a>,
    #[serde(default)]
    pub employment: Employment<'a>,
    pub group_ids: Option<Vec<Text<'a>>>,
    pub tasks_summary: Option<TasksSummary<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Name<'a> {
    #[serde(borrow)]
    pub first: Option<Text<'a>>,
    pub last: Option<Text<'a>>,
    pub display: Option<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Employment<'a> {
    #[serde(borrow)]
    pub status: Option<Text<'a>>,
    pub start_date: Option<Text<'a>>,
    pub end_date: Option<Text<'a>>,
    pub job_title: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct TasksSummary<'a> {
    #[serde(borrow)]
    pub status: Option<Text<'a>>,
}

impl Person<'_> {
    /// Whether the offboarding is recorded.
    pub fn is_offboarded(&self) -> bool {
        let status = self.tasks_summary.as_ref().and_then(|tasks| tasks.status.as_deref());
        status == Some("OFFBOARDING_COMPLETE")
    }
}

/// <https://developer.vanta.com/reference/getgroup>
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub name: Option<Text<'a>>,
    pub creation_date: Option<Text<'a>>,
}

/// An item of `GET /event-logs`, which is newer than the description that is at hand.
#[derive(Debug, Deserialize)]
pub struct Event<'a> {
    #[serde(borrow)]
    pub id: Text<'a>,
    pub actor: Option<Party<'a>>,
    pub date: Option<Text<'a>>,
    pub action: Option<Text<'a>>,
    pub targets: Option<Vec<Party<'a>>>,
}

#[derive(Debug, Deserialize)]
pub struct Party<'a> {
    #[serde(borrow)]
    pub id: Option<Text<'a>>,
    pub r#type: Option<Text<'a>>,
}

/// The answer of a bulk call: `results` has one item for each of the request, in order. That of a list is an object.
#[derive(Debug, Deserialize)]
pub struct Bulk<'a> {
    #[serde(borrow)]
    results: Vec<BulkItem<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct BulkItem<'a> {
    #[serde(borrow)]
    pub status: Text<'a>,
    pub message: Option<Text<'a>>,
}

impl Bulk<'_> {
    fn items(body: &[u8]) -> Option<Vec<BulkItem<'_>>> {
        serde_json::from_slice::<Bulk>(body).ok().map(|bulk| bulk.results)
    }

    /// The first item that failed.
    pub fn failed_item(body: &[u8]) -> Option<BulkItem<'_>> {
        Bulk::items(body)?.into_iter().find(|item| item.status != SUCCESS)
    }

    /// Whether there is an item, and none that failed.
    pub fn says_success(body: &[u8]) -> bool {
        Bulk::items(body).is_some_and(|items| !items.is_empty() && items.iter().all(|item| item.status == SUCCESS))
    }
}

const SUCCESS: &str = "SUCCESS";
/// The other status: Vanta did not do it, and hardly says why.
pub const ERROR: &str = "ERROR";

/// An error body, in whichever of the usual shapes: Vanta documents none.
#[derive(Debug, Deserialize)]
pub struct Failure {
    message: Option<Value>,
    error: Option<Value>,
    error_description: Option<Value>,
    errors: Option<Vec<Value>>,
}

impl Failure {
    pub fn read(&self) -> Option<Fault> {
        let text = |value: &Value| -> Option<String> {
            value.as_str().or_else(|| value.get("message")?.as_str()).map(str::to_owned)
        };
        let code = self.error.as_ref().and_then(Value::as_str).map(str::to_owned);
        let said = [&self.message, &self.error_description, &self.error].into_iter().flatten().find_map(text);
        let message = said.or_else(|| {
            let errors: Vec<String> = self.errors.iter().flatten().filter_map(text).collect();
            (!errors.is_empty()).then(|| errors.join("; "))
        });
        (code.is_some() || message.is_some()).then(|| Fault { code, message, ..Fault::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_item_is_found_inside_a_success() {
        let failed =
            |body: &'static str| Bulk::failed_item(body.as_bytes()).map(|item| item.message.unwrap().to_string());
        let mixed = r#"{"results": [{"id": "1", "status": "SUCCESS"}, {"id": "2", "status": "ERROR", "message": "Invalid Input"}]}"#;
        assert_eq!(failed(mixed).as_deref(), Some("Invalid Input"));
        for body in [r#"{"results": [{"id": "1", "status": "SUCCESS"}]}"#, r#"{"results": {"data": []}}"#, "[]", ""] {
            assert!(Bulk::failed_item(body.as_bytes()).is_none(), "{body}");
        }
        assert!(Bulk::says_success(br#"{"results": [{"id": "1", "status": "SUCCESS"}]}"#));
        for body in [r#"{"results": []}"#, "{}", "", mixed] {
            assert!(!Bulk::says_success(body.as_bytes()), "{body}");
        }
    }

    #[test]
    fn errors_are_read_in_every_usual_shape() {
        for (body, code, message) in [
            (r#"{"message": "Person not found"}"#, None, Some("Person not found")),
            (r#"{"error": "invalid_client", "error_description": "no"}"#, Some("invalid_client"), Some("no")),
            (r#"{"error": {"message": "Person not found"}}"#, None, Some("Person not found")),
            (r#"{"errors": ["one", {"message": "two"}]}"#, None, Some("one; two")),
        ] {
            let fault = serde_json::from_str::<Failure>(body).unwrap().read().unwrap();
            assert_eq!((fault.code.as_deref(), fault.message.as_deref()), (code, message), "{body}");
        }
        assert!(serde_json::from_str::<Failure>(r#"{"x": 1}"#).unwrap().read().is_none());
    }
}
