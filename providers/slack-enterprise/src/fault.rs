//! What Slack's refusals mean. The Web API tells them with HTTP 200 and `ok: false`, SCIM with a status and a `detail`.

use serde_json::Value;
use userdir_core::ErrorKind;
use userdir_core::http::{Answer, Fault};

use crate::wire::Failure;

/// Reads a refusal out of an answer of any status.
pub fn fault(answer: &Answer) -> Option<Fault> {
    let said: Failure = answer.json().ok()?;
    let refused = said.ok == Some(false);
    if !refused && answer.is_success() {
        return None;
    }
    let code = said.code().or_else(|| refused.then(|| "unknown_error".to_owned()))?;
    // with HTTP 200 an error without a kind would read as a success
    let otherwise = answer.is_success().then_some(ErrorKind::InvalidRequest);
    Some(Fault {
        message: Some(said.message(&code)),
        kind: kind(&code).or(otherwise),
        code: Some(code),
        ..Fault::default()
    })
}

impl Failure {
    fn code(&self) -> Option<String> {
        let v1 = self.errors.as_ref().and_then(|errors| errors.get("description"));
        let said = [self.error.as_ref(), self.detail.as_ref(), v1];
        said.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).next()
    }

    /// The code, the scope that is missing, and what Slack says of single arguments, users and entities.
    fn message(&self, code: &str) -> String {
        let mut parts = vec![code.to_owned()];
        parts.extend(self.needed.as_ref().and_then(Value::as_str).map(|scope| format!("needed: {scope}")));
        let messages = self.response_metadata.as_ref().and_then(|metadata| metadata.get("messages"));
        parts.extend(texts(messages, |message| message.as_str()));
        for rejected in [&self.rejected_users, &self.rejected_entities] {
            parts.extend(texts(rejected.as_ref(), |one| one.get("error").and_then(Value::as_str)));
        }
        parts.join("; ")
    }
}

fn texts(list: Option<&Value>, text: impl Fn(&Value) -> Option<&str>) -> Vec<String> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(|item| text(item).map(str::to_owned)).collect()
}

/// The kind of a code. One that is not here has the kind of its status.
fn kind(code: &str) -> Option<ErrorKind> {
    Some(match code {
        "not_authed"
        | "invalid_auth"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "invalid_authentication"
        | "missing_authentication" => ErrorKind::Authentication,
        "missing_scope"
        | "no_permission"
        | "not_an_admin"
        | "not_an_owner"
        | "not_allowed_token_type"
        | "access_denied"
        | "org_login_required"
        | "feature_not_enabled"
        | "enterprise_is_restricted"
        | "permission_denied"
        | "invalid_permissions"
        | "invalid_actor"
        | "cannot_modify_role_admin"
        | "cannot_modify_primary_owner"
        | "cannot_modify_owner"
        | "cannot_disable_primary_owner"
        | "plan_upgrade_required"
        | "paid_teams_only"
        | "plus_teams_only"
        | "non_org_teams_only"
        | "user_not_visible" => ErrorKind::Permission,
        "user_not_found" | "users_not_found" | "team_not_found" | "no_such_subteam" | "no_such_user"
        | "no_such_group" | "invalid_role_id" => ErrorKind::NotFound,
        // two writes on one object at a time are refused like a limit
        "ratelimited" | "rate_limited" | "too_many_requests" | "resource_locked" => ErrorKind::RateLimited,
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" => ErrorKind::Unavailable,
        "email_taken"
        | "username_taken"
        | "name_already_exists"
        | "handle_already_exists"
        | "user_must_be_in_workspace"
        | "user_already_team_member"
        | "invalid_role_for_user"
        | "cannot_make_user_guest"
        | "no_users_provided"
        | "idp_group_linked_to_channels"
        | "cannot_set_org_admin_to_regular_at_workspace_level"
        | "cannot_set_this_guest_to_regular_at_team_level" => ErrorKind::Conflict,
        code if code.starts_with("failed_") => ErrorKind::Conflict,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(json: &str) -> String {
        let said: Failure = serde_json::from_str(json).unwrap();
        said.message(&said.code().unwrap())
    }

    #[test]
    fn every_shape_of_a_refusal_is_read() {
        for (json, says) in [
            (
                r#"{"ok": false, "error": "missing_scope", "needed": "admin.users:write"}"#,
                "missing_scope; needed: admin.users:write",
            ),
            (r#"{"detail": "user_not_found", "status": "404"}"#, "user_not_found"),
            (r#"{"detail": "user_not_found", "status": 404}"#, "user_not_found"),
            (r#"{"Errors": {"description": "user_not_found", "code": 404}}"#, "user_not_found"),
            (
                r#"{"ok": false, "error": "failed_for_some_entities", "rejected_entities": [{"id": "E0", "error": "invalid_auth"}], "rejected_users": []}"#,
                "failed_for_some_entities; invalid_auth",
            ),
        ] {
            assert_eq!(message(json), says);
        }
    }

    #[test]
    fn codes_have_kinds() {
        assert_eq!(kind("failed_for_some_users"), Some(ErrorKind::Conflict));
        assert_eq!(kind("ratelimited"), Some(ErrorKind::RateLimited));
        assert_eq!(kind("cannot_set_this_guest_to_regular_at_team_level"), Some(ErrorKind::Conflict));
        assert_eq!(kind("cannot_modify_primary_owner"), Some(ErrorKind::Permission));
        assert_eq!(kind("cannot_disable_primary_owner"), Some(ErrorKind::Permission));
        assert_eq!(kind("something_new"), None);
    }
}
