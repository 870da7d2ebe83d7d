//! What a server says about itself: `ServiceProviderConfig` and `ResourceTypes`, read when they are needed, once a
//! connection. Both are hints: missing, refused or unreadable, they leave the defaults.

use serde_json::Value;
use userdir_core::{Action, Call, Error, ErrorKind, Result};

use crate::Scim;

/// Items asked for at once, where the server does not want fewer.
const PAGE: u32 = 100;

/// What lists need to know of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Largest page.
    pub max: u32,
    /// Whether to page by the cursors of RFC 9865.
    pub by_cursor: bool,
    /// Whether to filter at the server.
    pub filters: bool,
}

impl Config {
    /// Reads a `ServiceProviderConfig`; whatever is not there or makes no sense is as if nothing were said.
    fn of(config: &Value) -> Config {
        let flag = |path| config.pointer(path).and_then(Value::as_bool);
        let size = |path| config.pointer(path).and_then(Value::as_u64).filter(|size| *size > 0);
        let max = [size("/filter/maxResults"), size("/pagination/maxPageSize")].into_iter().flatten().min();
        let prefers_index = config.pointer("/pagination/defaultPaginationMethod").and_then(Value::as_str)
            == Some("index")
            && flag("/pagination/index") != Some(false);
        Config {
            max: max.and_then(|max| u32::try_from(max).ok()).unwrap_or(PAGE).min(PAGE),
            by_cursor: flag("/pagination/cursor") == Some(true) && !prefers_index,
            filters: flag("/filter/supported") != Some(false),
        }
    }
}

/// Whether a list of resource types has groups; none where it lists nothing.
fn lists_groups(types: &Value) -> Option<bool> {
    let types = types.get("Resources").unwrap_or(types).as_array().filter(|types| !types.is_empty())?;
    let is = |of: &Value, member: &str, word: &str| of.get(member).and_then(Value::as_str) == Some(word);
    Some(types.iter().any(|of| is(of, "id", "Group") || is(of, "name", "Group")))
}

impl Scim {
    /// The server's `ServiceProviderConfig`.
    pub(crate) async fn config(&self, call: &Call) -> Result<Config> {
        if let Some(config) = self.config.get() {
            return Ok(*config);
        }
        let config = Config::of(&self.hint(call, "ServiceProviderConfig").await?);
        Ok(*self.config.get_or_init(|| config))
    }

    /// Explains an error: where something was not found, the server may have no groups at all.
    pub(crate) async fn without_groups(&self, call: &Call, error: Error) -> Error {
        if error.kind() != ErrorKind::NotFound {
            return error;
        }
        if self.has_groups.get().is_none() {
            match self.hint(call, "ResourceTypes").await {
                Ok(types) => drop(self.has_groups.set(lists_groups(&types))),
                Err(_) => return error,
            }
        }
        match self.refuses_groups(Action::ListGroups) {
            Some(because) => Error::not_supported(format!("not supported by this connection, because {because}")),
            None => error,
        }
    }

    /// Why an action cannot be had, where the server is known to have no groups.
    pub(crate) fn refuses_groups(&self, action: Action) -> Option<String> {
        (action.info().resource == "groups" && self.has_groups.get() == Some(&Some(false)))
            .then(|| "the server's ResourceTypes list users and no groups".to_owned())
    }

    /// Reads a discovery endpoint; null where the server has none that can be read.
    async fn hint(&self, call: &Call, path: &'static str) -> Result<Value> {
        match self.http.get(path).read(call).await {
            Ok(answer) => Ok(answer.json().unwrap_or_default()),
            Err(error) if error.vendor().is_some() && error.kind() != ErrorKind::RateLimited => Ok(Value::Null),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_server_that_says_nothing_has_the_defaults() {
        let plain = Config { max: 100, by_cursor: false, filters: true };
        for said in [Value::Null, json!({}), json!("<html>"), json!({"filter": {"maxResults": 0}, "pagination": null})]
        {
            assert_eq!(Config::of(&said), plain, "{said}");
        }
    }

    #[test]
    fn pages_and_cursors_are_as_the_server_wants() {
        let config = |pagination: Value| {
            Config::of(&json!({"filter": {"supported": false, "maxResults": 200}, "pagination": pagination}))
        };
        assert_eq!(config(json!({"maxPageSize": 50, "cursor": false})).max, 50);
        assert!(!config(json!({})).filters);
        assert!(config(json!({"cursor": true, "index": true})).by_cursor);
        assert!(!config(json!({"cursor": true, "index": true, "defaultPaginationMethod": "index"})).by_cursor);
        assert!(config(json!({"cursor": true, "index": false, "defaultPaginationMethod": "index"})).by_cursor);
    }

    #[test]
    fn only_a_list_of_types_can_lack_groups() {
        assert_eq!(lists_groups(&json!({"Resources": [{"id": "User"}]})), Some(false));
        assert_eq!(lists_groups(&json!([{"name": "User"}, {"name": "Group"}])), Some(true));
        assert_eq!(lists_groups(&json!({"Resources": []})), None);
        assert_eq!(lists_groups(&Value::Null), None);
    }
}
