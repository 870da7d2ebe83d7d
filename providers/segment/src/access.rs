//! Lists of permissions, taken apart and put together. Segment replaces a user's whole list at once, so what is not meant to
//! change must go back as it came.

use std::collections::BTreeSet;

use serde_json::Value;
use userdir_core::{Error, Result};

use crate::wire::{OWNER, Permission, Resource, WORKSPACE};

/// Whether somebody may do everything in the workspace.
pub fn is_owner(permissions: &[Permission]) -> bool {
    owner_role(permissions).is_some()
}

/// Each role on each resource.
pub fn each(permissions: &[Permission]) -> impl Iterator<Item = (&Permission, &Resource)> {
    permissions.iter().flat_map(|permission| permission.resources.iter().map(move |resource| (permission, resource)))
}

/// The id of the owner's role, as an owner shows it.
fn owner_role(permissions: &[Permission]) -> Option<&str> {
    let mut owners =
        each(permissions).filter(|(held, resource)| held.role_name.as_deref() == Some(OWNER) && is_workspace(resource));
    owners.next().map(|(held, _)| held.role_id.as_str())
}

/// Whether an owner would be none any more. A list that is to be written has no names of roles.
pub fn loses_owner(before: &[Permission], after: &[Permission]) -> bool {
    let keeps = |role: &str| each(after).any(|(held, resource)| held.role_id == role && is_workspace(resource));
    owner_role(before).is_some_and(|role| !keeps(role))
}

fn is_workspace(resource: &Resource) -> bool {
    resource.r#type == WORKSPACE
}

/// The role on the workspace.
pub fn on_workspace(role: &str, workspace: &str) -> Permission {
    let resource = Resource { id: workspace.to_owned(), r#type: WORKSPACE.to_owned(), labels: Vec::new() };
    Permission { role_id: role.to_owned(), role_name: None, resources: vec![resource], labels: Vec::new() }
}

/// Whether the role is held on this workspace.
pub fn has_on_workspace(permissions: &[Permission], role: &str, workspace: &str) -> bool {
    each(permissions).any(|(held, resource)| held.role_id == role && is_workspace(resource) && resource.id == workspace)
}

/// Whether this role on this workspace is the only permission on any workspace.
pub fn has_only_on_workspace(permissions: &[Permission], role: &str, workspace: &str) -> bool {
    let on_workspaces = each(permissions).filter(|(_, resource)| is_workspace(resource));
    let mut held = on_workspaces.map(|(permission, resource)| permission.role_id == role && resource.id == workspace);
    held.next() == Some(true) && held.all(|same| same)
}

/// Everything but what `gone` takes; entries that hold several resources are split, and labels kept.
///
/// # Errors
/// `Refused` where Segment could not take back what is to be kept.
fn without(permissions: &[Permission], gone: impl Fn(&Permission, &Resource) -> bool) -> Result<Vec<Permission>> {
    let mut kept = Vec::new();
    for permission in permissions {
        let resources: Vec<Resource> =
            permission.resources.iter().filter(|resource| !gone(permission, resource)).cloned().collect();
        if resources.is_empty() {
            continue;
        }
        // shown beside the resources and taken back on them alone: lost labels would widen the access
        let has = |resource: &Resource, label: &Value| resource.labels.contains(label);
        if permission.labels.iter().any(|label| !resources.iter().all(|resource| has(resource, label))) {
            return Err(Error::refused("a permission of the user has labels that Segment's API does not take back")
                .about(permission.role_id.clone())
                .hint("change the user's access in Segment's console"));
        }
        kept.push(Permission { resources, ..permission.clone() });
    }
    Ok(kept)
}

/// The role on the workspace in place of every other one on a workspace; all else stays.
///
/// # Errors
/// As said.
pub fn downgraded(permissions: &[Permission], role: &str, workspace: &str) -> Result<Vec<Permission>> {
    let mut wanted = without(permissions, |_, resource| is_workspace(resource))?;
    // labels that narrow the very same role are no reason to widen it
    let held = without(permissions, |permission, resource| {
        permission.role_id != role || !is_workspace(resource) || resource.id != workspace
    })?;
    match held.is_empty() {
        true => wanted.push(on_workspace(role, workspace)),
        false => wanted.extend(held),
    }
    Ok(wanted)
}

/// All but the role: on this workspace, or on everything where none is named.
///
/// # Errors
/// As said.
pub fn without_role(permissions: &[Permission], role: &str, workspace: Option<&str>) -> Result<Vec<Permission>> {
    without(permissions, |permission, resource| {
        permission.role_id == role && workspace.is_none_or(|id| is_workspace(resource) && resource.id == id)
    })
}

/// The roles that are held on something that is no workspace, each with the kinds of it.
pub fn elsewhere(permissions: &[Permission]) -> BTreeSet<String> {
    let others = each(permissions).filter(|(_, resource)| !is_workspace(resource));
    others
        .map(|(held, resource)| format!("{} ({})", held.role_name.as_ref().unwrap_or(&held.role_id), resource.r#type))
        .collect()
}

/// Whether two lists allow the same.
pub fn are_same(one: &[Permission], other: &[Permission]) -> bool {
    flat(one) == flat(other)
}

/// What Segment shows otherwise than wanted: what is lost, and what is still there: of what was held `before`, or on a
/// workspace.
pub fn differences(before: &[Permission], wanted: &[Permission], shown: &[Permission]) -> Vec<(String, &'static str)> {
    let (before, wanted, shown) = (flat(before), flat(wanted), flat(shown));
    let lost = wanted.difference(&shown).map(|key| (key, "Segment does not show it any more"));
    let left = shown.difference(&wanted).filter(|key| key.kind == WORKSPACE || before.contains(key));
    let left = left.map(|key| (key, "Segment still shows it"));
    lost.chain(left).map(|(key, why)| (format!("{} on {} {}", key.role, key.kind, key.id), why)).collect()
}

/// One role on one resource, with its labels.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key<'p> {
    role: &'p str,
    kind: &'p str,
    id: &'p str,
    labels: Vec<(&'p str, &'p str)>,
}

fn flat(permissions: &[Permission]) -> BTreeSet<Key<'_>> {
    each(permissions)
        .map(|(permission, resource)| {
            let mut labels: Vec<_> =
                resource.labels.iter().map(|label| (member(label, "key"), member(label, "value"))).collect();
            labels.sort_unstable();
            Key { role: &permission.role_id, kind: &resource.r#type, id: &resource.id, labels }
        })
        .collect()
}

fn member<'l>(label: &'l Value, name: &str) -> &'l str {
    label.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permissions(json: &str) -> Vec<Permission> {
        serde_json::from_str(json).unwrap()
    }

    fn written(permissions: &[Permission]) -> String {
        serde_json::to_string(permissions).unwrap()
    }

    const MIXED: &str = r#"[
        {"roleId": "owner", "roleName": "Workspace Owner", "resources": [{"id": "w1", "type": "WORKSPACE", "labels": []}]},
        {"roleId": "source", "roleName": "Source Admin", "resources": [
            {"id": "s1", "type": "SOURCE"},
            {"id": "w1", "type": "WORKSPACE", "labels": [{"key": "env", "value": "prod", "description": "d"}]}]},
        {"roleId": "new", "roleName": "New", "resources": [{"id": "x1", "type": "GALAXY"}]}]"#;

    #[test]
    fn a_downgrade_splits_entries_and_keeps_all_that_is_on_no_workspace() {
        let wanted = downgraded(&permissions(MIXED), "minimal", "w1").unwrap();
        assert_eq!(
            written(&wanted),
            concat!(
                r#"[{"roleId":"source","resources":[{"id":"s1","type":"SOURCE"}]},"#,
                r#"{"roleId":"new","resources":[{"id":"x1","type":"GALAXY"}]},"#,
                r#"{"roleId":"minimal","resources":[{"id":"w1","type":"WORKSPACE"}]}]"#
            )
        );
    }

    #[test]
    fn labels_of_the_same_role_stay() {
        let wanted = downgraded(&permissions(MIXED), "source", "w1").unwrap();
        let label = r#""labels":[{"description":"d","key":"env","value":"prod"}]"#;
        assert!(
            written(&wanted).ends_with(&format!(
                r#"{{"roleId":"source","resources":[{{"id":"w1","type":"WORKSPACE",{label}}}]}}]"#
            ))
        );
    }

    #[test]
    fn taking_a_role_keeps_the_labels_of_the_others() {
        let rest = without_role(&permissions(MIXED), "owner", None).unwrap();
        assert!(written(&rest).contains(r#""labels":[{"description":"d","key":"env","value":"prod"}]"#));
        let rest = without_role(&permissions(MIXED), "source", Some("w1")).unwrap();
        assert!(written(&rest).contains(r#"{"roleId":"source","resources":[{"id":"s1","type":"SOURCE"}]}"#));
        assert_eq!((rest.len(), has_on_workspace(&rest, "source", "w1")), (3, false));
        assert_eq!(without_role(&permissions(MIXED), "source", None).unwrap().len(), 2);
    }

    #[test]
    fn labels_that_cannot_be_written_back_are_refused_where_they_would_be_lost() {
        let held = r#"[{"roleId": "a", "resources": [{"id": "w1", "type": "WORKSPACE", "labels": LABELS}], "labels": [{"key": "k", "value": "v"}]},
            {"roleId": "b", "resources": [{"id": "w1", "type": "WORKSPACE"}]}]"#;
        let bare = permissions(&held.replace("LABELS", "[]"));
        assert!(without_role(&bare, "b", None).is_err());
        assert!(without_role(&bare, "a", None).is_ok(), "what is taken away is not written back");
        assert!(downgraded(&bare, "c", "w1").is_ok());
        assert!(downgraded(&bare, "a", "w1").is_err(), "written without them it would be wider");
        let both = permissions(&held.replace("LABELS", r#"[{"key": "k", "value": "v"}]"#));
        assert!(without_role(&both, "b", None).is_ok(), "they stand on the resource too");
    }

    #[test]
    fn the_only_permission_on_a_workspace() {
        let is = |json: &str| has_only_on_workspace(&permissions(json), "m", "w1");
        assert!(is(
            r#"[{"roleId": "m", "resources": [{"id": "w1", "type": "WORKSPACE"}, {"id": "s", "type": "SOURCE"}]}]"#
        ));
        assert!(!is(
            r#"[{"roleId": "m", "resources": [{"id": "w1", "type": "WORKSPACE"}, {"id": "w2", "type": "WORKSPACE"}]}]"#
        ));
        assert!(!is(r#"[{"roleId": "m", "resources": [{"id": "s", "type": "SOURCE"}]}]"#));
        assert!(!is(MIXED) && !is("[]"));
    }

    #[test]
    fn what_is_shown_is_held_against_what_was_wanted() {
        let wanted = permissions(MIXED);
        assert!(differences(&wanted, &wanted, &permissions(MIXED)).is_empty());
        let shown = permissions(
            &MIXED.replace(r#""labels": [{"key": "env", "value": "prod", "description": "d"}]"#, r#""labels": []"#),
        );
        let found = differences(&wanted, &wanted, &shown);
        assert_eq!(found.len(), 2, "labels lost: the narrow one is gone and a wide one is there: {found:?}");
        let found = differences(&wanted, &wanted[1..], &wanted);
        assert_eq!(found, [("owner on WORKSPACE w1".to_owned(), "Segment still shows it")]);
        let found = differences(&wanted, &wanted[..2], &wanted);
        assert_eq!(found, [("new on GALAXY x1".to_owned(), "Segment still shows it")]);
        assert!(differences(&wanted[..2], &wanted[..2], &wanted).is_empty(), "added by somebody else meanwhile");
    }
}
