//! What a query says, in every spelling that clients have.
//!
//! `a=1`, `a[b][c]=1`, arrays as `a[]=1`, `a[0]=1` or a name repeated, objects in arrays as `a[0][k]=1` or `a[][k]=1`
//! (a new item when a key repeats), brackets percent-encoded or not, `+` and `%20` for a space. An empty value and
//! `None` are what clients send for nothing, and read as if they were not there. No crate reads all of these: those at
//! hand want indexes on objects in arrays.

mod parse;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde_json::{Map, Value};

use crate::config::Limits;
use crate::problem::Problem;
use crate::state::AppState;

/// The names and values of a query as they came, decoded.
///
/// # Errors
/// 400 that says what is wrong and where.
pub fn pairs(text: &str, limits: &Limits) -> impl Iterator<Item = Result<(String, String), Problem>> {
    parse::pairs(text, limits).map(|pair| pair.map_err(wrong))
}

fn wrong(fault: parse::Fault) -> Problem {
    Problem::bad_request(format!("the query is wrong: {fault}"))
}

/// What a boolean parameter says, in the spellings that clients have.
///
/// # Errors
/// 400 where it is neither `true` nor `false`.
pub fn flag(name: &str, text: &str) -> Result<bool, Problem> {
    match text {
        "false" | "0" | "False" => Ok(false),
        "true" | "1" | "True" => Ok(true),
        other => Err(Problem::bad_request(format!("`{name}` is `{other}`; it must be `true` or `false`"))),
    }
}

/// The parameters of a query, taken out one by one; what is left over belongs to the action.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    members: Map<String, Value>,
    /// `remote_query`, in the vendor's own spelling and order.
    remote: Vec<(String, String)>,
}

impl Query {
    /// Reads the part of an address behind the `?`.
    ///
    /// # Errors
    /// 400 that says what is wrong and where.
    pub fn parse(text: &str, limits: &Limits) -> Result<Query, Problem> {
        parse::parse(text, limits).map_err(wrong)
    }

    /// Takes a parameter out.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name)
    }

    /// Takes a text out.
    ///
    /// # Errors
    /// 400 where it is given more than once or has brackets.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Problem::bad_request(format!("`{name}` takes one value, without brackets"))),
        }
    }

    /// Takes a boolean out; false where it is not given.
    ///
    /// # Errors
    /// 400 where it is neither `true` nor `false`.
    pub fn flag(&mut self, name: &str) -> Result<bool, Problem> {
        self.text(name)?.map_or(Ok(false), |text| flag(name, &text))
    }

    /// Takes a number out.
    ///
    /// # Errors
    /// 400 where it is no whole number, or less than 1.
    pub fn number(&mut self, name: &str) -> Result<Option<u64>, Problem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.trim().parse::<u64>() {
            Ok(number) if number > 0 => Ok(Some(number)),
            // one that is merely too large for a number of ours is a large number
            Err(error) if *error.kind() == std::num::IntErrorKind::PosOverflow => Ok(Some(u64::MAX)),
            _ => Err(Problem::bad_request(format!("`{name}` is `{text}`; it must be a whole number from 1 on"))),
        }
    }

    /// Takes a list of words out: an array in either spelling, or one text with commas.
    ///
    /// # Errors
    /// 400 where it holds something else.
    pub fn words(&mut self, name: &str) -> Result<Vec<String>, Problem> {
        let wrong = || {
            Problem::bad_request(format!(
                "`{name}` takes a list of words, such as `{name}[]=a&{name}[]=b` or `{name}=a,b`"
            ))
        };
        let items = match self.take(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(text @ Value::String(_)) => vec![text],
            Some(_) => return Err(wrong()),
        };
        let mut words = Vec::new();
        for item in items {
            let Value::String(text) = item else { return Err(wrong()) };
            words.extend(text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned));
        }
        Ok(words)
    }

    /// `remote_query`: names and values for the vendor, as they came.
    pub fn remote(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.remote)
    }

    /// What nobody took.
    pub fn rest(self) -> Map<String, Value> {
        self.members
    }

    /// Names of what nobody took.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }
}

impl FromRequestParts<AppState> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Query, Problem> {
        Query::parse(parts.uri.query().unwrap_or_default(), state.limits())
    }
}
