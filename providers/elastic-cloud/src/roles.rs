//! The table of roles, which no call lists, and where a role belongs.

use userdir_schema::{Role, Text};

use crate::wire::{Entry, RoleAssignments};

/// What a role is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Operators of self-managed installations; never given or taken here.
    Platform,
    /// The organization.
    Organization,
    /// Deployments, all or some.
    Deployment,
    /// Serverless projects of a kind, all or some.
    Project(String),
}

impl Scope {
    /// The word of the unified schema.
    pub fn word(&self) -> &'static str {
        match self {
            Scope::Platform => "platform",
            Scope::Organization => "organization",
            Scope::Deployment => "deployment",
            Scope::Project(_) => "project",
        }
    }
}

/// The roles that Elastic Cloud documents: id and name.
pub const TABLE: &[(&str, &str)] = &[
    (OWNER, "Organization owner"),
    ("billing-admin", "Billing admin"),
    ("deployment-admin", "Admin"),
    ("deployment-editor", "Editor"),
    ("deployment-viewer", "Viewer"),
    ("elasticsearch-admin", "Admin"),
    ("elasticsearch-developer", "Developer"),
    ("elasticsearch-viewer", "Viewer"),
    ("observability-admin", "Admin"),
    ("observability-editor", "Editor"),
    ("observability-viewer", "Viewer"),
    ("security-admin", "Admin"),
    ("security-editor", "Editor"),
    ("security-viewer", "Viewer"),
    ("security-t1-analyst", "T1 analyst"),
    ("security-t2-analyst", "T2 analyst"),
    ("security-t3-analyst", "T3 analyst"),
    ("security-threat-intel-analyst", "Threat intel analyst"),
    ("security-rule-author", "Rule author"),
    ("security-soc-manager", "SOC manager"),
    ("security-endpoint-operations-analyst", "Endpoint operations analyst"),
    ("security-platform-engineer", "Platform engineer"),
    ("security-detections-admin", "Detections admin"),
    ("security-endpoint-policy-manager", "Endpoint policy manager"),
];

/// The role whose holders see and decide everything.
pub const OWNER: &str = "organization-admin";

/// Kinds of projects.
const KINDS: &[&str] = &["elasticsearch", "observability", "security", "workplaceai", "vectordb"];

/// Where a role of this id belongs; none where the id does not tell.
pub fn scope_of(id: &str) -> Option<Scope> {
    if matches!(id, OWNER | "billing-admin") {
        return Some(Scope::Organization);
    }
    match id.split_once('-')? {
        ("deployment", _) => Some(Scope::Deployment),
        ("platform", _) => Some(Scope::Platform),
        (kind, _) => KINDS.contains(&kind).then(|| Scope::Project(kind.to_owned())),
    }
}

/// The id of a role as the table writes it. Some listings have bare ids with underscores for projects: `t1_analyst` for
/// `security-t1-analyst`.
pub fn id_of(scope: &Scope, listed: &str) -> String {
    match scope {
        Scope::Project(kind) if !listed.starts_with(&format!("{kind}-")) => {
            format!("{kind}-{}", listed.replace('_', "-"))
        }
        _ => listed.to_owned(),
    }
}

/// The name of a role; none for one that is not in the table.
pub fn name_of(id: &str) -> Option<&'static str> {
    TABLE.iter().find(|(known, _)| *known == id).map(|(_, name)| *name)
}

/// A role, in the table or seen somewhere.
pub fn role(id: &str, scope: &Scope) -> Role<'static> {
    Role {
        id: id.to_owned().into(),
        name: Some(name_of(id).map_or_else(|| id.to_owned().into(), Text::from)),
        r#type: Some(scope.word().into()),
        ..Role::default()
    }
}

/// The roles of the table, and whatever else somebody holds.
pub fn all<'a>(seen: impl IntoIterator<Item = &'a RoleAssignments>) -> Vec<Role<'static>> {
    let mut all: Vec<_> = TABLE.iter().filter_map(|(id, _)| Some(role(id, &scope_of(id)?))).collect();
    for (scope, entry) in seen.into_iter().flat_map(RoleAssignments::each) {
        let id = id_of(&scope, &entry.role_id);
        if !all.iter().any(|role| role.id == id.as_str()) {
            all.push(role(&id, &scope));
        }
    }
    all
}

impl RoleAssignments {
    /// Every entry with its scope.
    pub fn each(&self) -> impl Iterator<Item = (Scope, &Entry)> {
        fn of(scope: Scope, entries: &[Entry]) -> impl Iterator<Item = (Scope, &Entry)> {
            entries.iter().map(move |entry| (scope.clone(), entry))
        }
        let projects = self.project.iter().flat_map(|(kind, entries)| of(Scope::Project(kind.clone()), entries));
        of(Scope::Platform, &self.platform)
            .chain(of(Scope::Organization, &self.organization))
            .chain(of(Scope::Deployment, &self.deployment))
            .chain(projects)
    }

    /// Adds an entry where it belongs, once.
    pub fn push(&mut self, scope: &Scope, entry: Entry) {
        let entries = match scope {
            Scope::Platform => &mut self.platform,
            Scope::Organization => &mut self.organization,
            Scope::Deployment => &mut self.deployment,
            Scope::Project(kind) => self.project.entry(kind.clone()).or_default(),
        };
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }

    /// Whether there is nothing in it that could be sent.
    pub fn is_empty(&self) -> bool {
        self.organization.is_empty() && self.deployment.is_empty() && self.project.values().all(Vec::is_empty)
    }
}

impl Entry {
    /// The deployments or projects of the entry.
    pub fn places(&self) -> impl Iterator<Item = &String> {
        self.deployment_ids.iter().chain(&self.project_ids).flatten()
    }

    /// Whether the role is held everywhere in its scope.
    pub fn is_everywhere(&self) -> bool {
        self.all == Some(true)
    }

    /// Whether it carries roles of the application, such as custom ones.
    pub fn has_roles_inside(&self) -> bool {
        self.application_roles.as_ref().is_some_and(|roles| !roles.is_empty())
    }

    /// The same entry for these places alone.
    pub fn at(&self, scope: &Scope, places: Vec<String>) -> Entry {
        let (deployment_ids, project_ids) = match scope {
            Scope::Deployment => (Some(places), None),
            _ => (None, Some(places)),
        };
        Entry { all: Some(false), deployment_ids, project_ids, ..self.clone() }
    }

    /// The same entry for all of its scope.
    pub fn everywhere(&self) -> Entry {
        Entry { all: Some(true), deployment_ids: None, project_ids: None, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_of_the_table_has_a_scope() {
        for (id, _) in TABLE {
            let scope = scope_of(id).unwrap();
            assert_ne!(scope, Scope::Platform, "{id}");
            assert_eq!(id_of(&scope, id), *id);
        }
        assert_eq!(scope_of("vectordb-viewer"), Some(Scope::Project("vectordb".into())));
        assert_eq!(scope_of("platform-admin"), Some(Scope::Platform));
        assert_eq!((scope_of("admin"), scope_of("nonsense-admin")), (None, None));
    }

    #[test]
    fn bare_ids_are_read_too() {
        let security = Scope::Project("security".into());
        assert_eq!(id_of(&security, "t1_analyst"), "security-t1-analyst");
        assert_eq!(id_of(&security, "security-t1-analyst"), "security-t1-analyst");
        assert_eq!(id_of(&Scope::Deployment, "deployment-viewer"), "deployment-viewer");
    }
}
