//! Lists of the platform: `{"result": […], "next_cursor": null, "limit": 5000}`, and the filters they take.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use userdir::schema::DateTime;
use userdir_store::TimeRange;

use crate::problem::Problem;
use crate::query::Query;

/// Items on a page, where nothing else is asked for, and at most.
pub const LIMIT: u32 = 5_000;

/// A list of the platform.
#[derive(Serialize, JsonSchema)]
pub struct PlatformList<T> {
    /// The items.
    pub result: Vec<T>,
    /// Where to go on; null on the last page.
    pub next_cursor: Option<String>,
    /// The size of the page that was asked for.
    pub limit: u32,
}

impl<T> PlatformList<T> {
    /// A list that fits on one page.
    pub fn whole(result: Vec<T>) -> PlatformList<T> {
        PlatformList { result, next_cursor: None, limit: LIMIT }
    }
}

/// `limit` of a query.
///
/// # Errors
/// 400 where it is no whole number from 1 on.
pub fn limit(query: &mut Query, most: u32) -> Result<u32, Problem> {
    Ok(query.number("limit")?.and_then(|number| u32::try_from(number).ok()).unwrap_or(most).min(most))
}

/// A filter of texts, any of which will do: one bare or as `[eq]`, several as `[in]`, with commas or as a list.
///
/// # Errors
/// 400 where it is something else.
pub fn texts(query: &mut Query, name: &str) -> Result<Option<Vec<String>>, Problem> {
    query.take(name).map(|value| words(name, value)).transpose()
}

/// The same, of a value that is read already.
///
/// # Errors
/// 400 where it is something else.
pub fn words(name: &str, value: Value) -> Result<Vec<String>, Problem> {
    let wrong = || {
        let ways = format!("`{name}=a`, `{name}[eq]=a` or `{name}[in]=a,b`");
        Problem::bad_request(format!("`{name}` takes texts alone, as {ways}"))
    };
    let listed = |value: Value| match value {
        Value::Array(items) => {
            let word = |item| if let Value::String(text) = item { Ok(text) } else { Err(wrong()) };
            items.into_iter().map(word).collect()
        }
        Value::String(text) => Ok(text.split(',').map(str::trim).map(str::to_owned).collect()),
        _ => Err(wrong()),
    };
    match value {
        Value::String(text) => Ok(vec![text]),
        Value::Array(_) => listed(value),
        Value::Object(mut operators) if operators.len() == 1 => {
            match (operators.remove("eq"), operators.remove("in")) {
                (Some(Value::String(text)), _) => Ok(vec![text]),
                (_, Some(value)) => listed(value),
                _ => Err(wrong()),
            }
        }
        _ => Err(wrong()),
    }
}

/// A span of time: `name[gt]`, `[gte]`, `[lt]`, `[lte]`, `[eq]`.
///
/// # Errors
/// 400 that names the operator or the time that is wrong.
pub fn range(query: &mut Query, name: &str) -> Result<TimeRange, Problem> {
    let time = |value: &Value| -> Result<Timestamp, Problem> {
        value.as_str().and_then(DateTime::parse).map(DateTime::timestamp).ok_or_else(|| {
            Problem::bad_request(format!("`{name}` holds no time; write it as RFC 3339, such as 2026-01-31T09:00:00Z"))
        })
    };
    let mut range = TimeRange::default();
    match query.take(name) {
        None => {}
        Some(Value::Object(operators)) => {
            for (operator, value) in &operators {
                let end = Some(time(value)?);
                match operator.as_str() {
                    "gt" => range.gt = end,
                    "gte" => range.gte = end,
                    "lt" => range.lt = end,
                    "lte" => range.lte = end,
                    "eq" => (range.gte, range.lte) = (end, end),
                    _ => {
                        let known = "`gt`, `gte`, `lt`, `lte`, `eq`";
                        return Err(Problem::bad_request(format!(
                            "`{name}` has an unknown operator; known are {known}"
                        )));
                    }
                }
            }
        }
        Some(value) => {
            let end = Some(time(&value)?);
            (range.gte, range.lte) = (end, end);
        }
    }
    Ok(range)
}

/// Refuses parameters that nobody took: a filter that does nothing would read as one that was honoured.
///
/// # Errors
/// 400 that names one and those there are.
pub fn nothing_left(query: &Query, known: &[&str]) -> Result<(), Problem> {
    match query.names().next() {
        None => Ok(()),
        Some(_) if known.is_empty() => Err(Problem::bad_request("this list takes no filters")),
        Some(name) => {
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            Err(Problem::bad_request(format!("there is no filter `{name}` here; what works is {}", known.join(", "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;

    #[test]
    fn spans_and_texts_are_read_and_wrong_ones_named() {
        let query = |text: &str| Query::parse(text, &Limits::default()).unwrap();
        let mut both = query("created_at[gt]=2026-01-01T00:00:00Z&created_at[lte]=2026-02-01&status[eq]=active&x=1");
        let span = range(&mut both, "created_at").unwrap();
        assert_eq!(span.gt, Some("2026-01-01T00:00:00Z".parse().unwrap()));
        assert_eq!(span.lte, Some("2026-02-01T00:00:00Z".parse().unwrap()));
        assert_eq!(texts(&mut both, "status").unwrap().unwrap(), ["active"]);
        assert!(nothing_left(&both, &["status"]).unwrap_err().message().contains("`x`"));
        assert!(range(&mut query("a[in]=x"), "a").is_err());
        assert!(range(&mut query("a=soon"), "a").is_err());
        for spelled in ["a[in]=x,%20y", "a[in][]=x&a[in][]=y", "a[in][0]=x&a[in][1]=y", "a[]=x&a[]=y", "a=x&a=y"] {
            assert_eq!(texts(&mut query(spelled), "a").unwrap().unwrap(), ["x", "y"], "{spelled}");
        }
        assert_eq!(texts(&mut query("a=x,y"), "a").unwrap().unwrap(), ["x,y"], "a bare value is one");
        for wrong in ["a[ne]=x", "a[eq]=x&a[in]=y", "a[in][k]=x", "a[eq][]=x&a[eq][]=y", "a[][k]=x"] {
            assert!(texts(&mut query(wrong), "a").is_err(), "{wrong}");
        }
        assert_eq!(limit(&mut query("limit=9999999999"), 100).unwrap(), 100);
        assert!(limit(&mut query("limit=0"), 100).is_err());
    }
}
