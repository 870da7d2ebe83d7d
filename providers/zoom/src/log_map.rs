//! Zoom's two logs, mapped: what was done, and who signed in. Neither has ids.

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use userdir_core::Mapped;
use userdir_core::mapping;
use userdir_schema::{Action, Activity, Actor, Context, DateTime, Text};

use crate::wire;

/// An id that is the same whenever the entry is read.
fn id(parts: &[&Option<Text<'_>>]) -> Text<'static> {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.as_deref().unwrap_or_default());
        digest.update([0]);
    }
    digest.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

/// Zoom names people by their address, which it takes for an id too.
fn actor(name: Option<Text<'_>>) -> Option<Actor<'_>> {
    let name = name.filter(|name| !name.is_empty())?;
    Some(mapping::actor(name.contains('@'), Some(name)))
}

/// An entry of the operation logs.
pub fn operation(raw: &RawValue) -> Mapped<Activity<'_>> {
    let it: wire::OperationLog = serde_json::from_str(raw.get())?;
    // as Zoom's filter has it, in which a word may have an underscore
    let kind = it.category_type.map(|kind| kind.to_lowercase().replace(' ', "_"));
    let detail = it.operation_detail.as_deref().unwrap_or_default();
    Ok(Activity {
        id: id(&[&it.time, &it.operator, &it.operation_detail]),
        action: it.action.map(|word| action(word, kind.as_deref(), detail)),
        description: it.operation_detail,
        entity_type: kind.map(Text::from),
        actor: actor(it.operator),
        created_at: it.time.as_deref().and_then(DateTime::parse),
        ..Activity::default()
    })
}

fn action<'a>(word: Text<'a>, kind: Option<&str>, detail: &str) -> Action<'a> {
    let of_user = kind == Some("user");
    match word.to_ascii_lowercase().as_str() {
        "add" | "create" if of_user => Action::UserCreated,
        "update" if of_user && detail.to_ascii_lowercase().starts_with("deactivate user") => Action::UserDeactivated,
        "update" if of_user => Action::UserUpdated,
        "delete" if of_user => Action::UserDeleted,
        "add" | "create" => Action::Create,
        "update" => Action::Updated,
        "delete" => Action::Destroy,
        _ => word.into(),
    }
}

/// An entry of the report of who signed in and out.
pub fn sign_in(raw: &RawValue) -> Mapped<Activity<'_>> {
    let it: wire::SignIn = serde_json::from_str(raw.get())?;
    let client = [&it.client_type, &it.version].into_iter().flatten().map(|text| text.as_str());
    let client: Vec<&str> = client.filter(|text| !matches!(*text, "" | "-")).collect();
    Ok(Activity {
        id: id(&[&it.time, &it.email, &it.r#type, &it.ip_address, &it.client_type]),
        action: it.r#type.map(|word| match word.as_str() {
            "Sign in" => Action::Login,
            "Sign out" => Action::Logout,
            _ => word.into(),
        }),
        actor: actor(it.email),
        context: Some(Context {
            ip_address: it.ip_address,
            user_agent: (!client.is_empty()).then(|| client.join(" ").into()),
            ..Context::default()
        }),
        created_at: it.time.as_deref().and_then(DateTime::parse),
        ..Activity::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_entry_has_the_same_id_whenever_it_is_read() {
        let read = |time: &str| {
            let json = format!(r#"{{"time": "{time}", "operator": "noa@example.com", "operation_detail": "x"}}"#);
            operation(raw(&json)).unwrap().id.to_string()
        };
        assert_eq!(read("2026-01-01T00:00:00Z"), read("2026-01-01T00:00:00Z"));
        assert_ne!(read("2026-01-01T00:00:00Z"), read("2026-01-01T00:00:01Z"));
    }

    #[test]
    fn words_of_users_have_a_meaning() {
        let of = |word: &'static str, kind, detail| action(word.into(), Some(kind), detail).as_str().to_owned();
        assert_eq!(of("Update", "user", "Deactivate User maya@example.com"), "user_deactivated");
        assert_eq!(of("delete", "user", ""), "user_deleted");
        assert_eq!(of("Add", "im", ""), "create");
        assert_eq!(of("Export", "user", ""), "Export");
        let entry = operation(raw(r#"{"category_type": "User Settings"}"#)).unwrap();
        assert_eq!(entry.entity_type.as_deref(), Some("user_settings"));
    }
}
