//! The roles there are: system roles, account types, and custom roles. No call lists them.

use userdir_schema::{Role, Text, UserRole};

/// The roles that Slack defines: id, name, and whether it can be given at a workspace too, and not at the organization alone.
///
/// <https://docs.slack.dev/reference/methods/admin.roles.addAssignments>
const SYSTEM_ROLES: &[(&str, &str, bool)] = &[
    ("Rl01", "Channel Admin", true),
    ("Rl02", "Role Admin", true),
    ("Rl03", "User Admin", true),
    ("Rl04", "Legal Holds Admin", false),
    ("Rl05", "Conversation Admin", true),
    ("Rl09", "DLP Admin", false),
    ("Rl0A", "Channel Manager", true),
    ("Rl0B", "Slack Platform Developer", true),
    ("Rl0C", "Audit Logs Admin", true),
    ("Rl0D", "Integrations Manager", false),
    ("Rl0E", "Message Activity Manager", false),
    ("Rl0F", "Exports Admin", false),
    ("Rl0G", "Sales Admin", false),
    ("Rl0J", "Security Admin", false),
    ("Rl0K", "Workflow Admin", false),
    ("Rl0L", "Analytics Admin", true),
];

/// Newer pages of Slack's call Rl04 so.
const COMPLIANCE_ADMIN: (&str, &str) = ("Rl04", "Compliance Admin");

/// What callers call a guest of either kind.
pub const GUEST: &str = "guest";

/// What somebody is, in the organization or in a workspace: exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountType {
    PrimaryOwner,
    Owner,
    Admin,
    /// A guest of one channel.
    UltraRestricted,
    /// A guest of several channels.
    Restricted,
    Member,
}

impl AccountType {
    const ALL: [AccountType; 6] = [
        AccountType::PrimaryOwner,
        AccountType::Owner,
        AccountType::Admin,
        AccountType::UltraRestricted,
        AccountType::Restricted,
        AccountType::Member,
    ];

    /// From Slack's flags, in the order of [`AccountType::ALL`]: an owner may be flagged as an administrator too, and a
    /// guest of one channel as one of several. None where no flag is set and one of them is missing.
    pub fn of(flags: [Option<bool>; 5]) -> Option<AccountType> {
        match flags.iter().position(|flag| *flag == Some(true)) {
            Some(index) => AccountType::ALL.get(index).copied(),
            // Slack shows none of deactivated people
            None if flags.iter().all(Option::is_none) || flags.iter().all(Option::is_some) => Some(AccountType::Member),
            None => None,
        }
    }

    pub fn by_word(word: &str) -> Option<AccountType> {
        AccountType::ALL.into_iter().find(|it| it.id().eq_ignore_ascii_case(word))
    }

    /// Slack's word in its flags.
    pub fn id(self) -> &'static str {
        match self {
            AccountType::PrimaryOwner => "primary_owner",
            AccountType::Owner => "owner",
            AccountType::Admin => "admin",
            AccountType::UltraRestricted => "ultra_restricted",
            AccountType::Restricted => "restricted",
            AccountType::Member => "member",
        }
    }

    fn name(self) -> &'static str {
        match self {
            AccountType::PrimaryOwner => "Primary Owner",
            AccountType::Owner => "Owner",
            AccountType::Admin => "Admin",
            AccountType::UltraRestricted => "Single-Channel Guest",
            AccountType::Restricted => "Multi-Channel Guest",
            AccountType::Member => "Member",
        }
    }

    pub fn is_guest(self) -> bool {
        matches!(self, AccountType::UltraRestricted | AccountType::Restricted)
    }

    /// The role as a user holds it, without its place.
    pub fn role(self) -> UserRole<'static> {
        UserRole { id: Some(self.id().into()), name: Some(self.name().into()), ..UserRole::default() }
    }
}

/// The id of a system role that is called so, by id or by name.
pub fn system_role(called: &str) -> Option<&'static str> {
    let (newer_id, newer_name) = COMPLIANCE_ADMIN;
    let known = SYSTEM_ROLES.iter().find(|(id, name, _)| *id == called || name.eq_ignore_ascii_case(called));
    known.map(|(id, ..)| *id).or_else(|| newer_name.eq_ignore_ascii_case(called).then_some(newer_id))
}

/// Whether a role that is shown with this id may be called so too.
pub fn is_called(id: &str, word: &str) -> bool {
    let is_guest = AccountType::by_word(id).is_some_and(AccountType::is_guest);
    is_guest && word.eq_ignore_ascii_case(GUEST) || system_role(word) == Some(id)
}

/// A role as a user holds it, by an id or a name of Slack's.
pub fn named(word: Text<'_>) -> UserRole<'_> {
    match SYSTEM_ROLES.iter().find(|(id, ..)| Some(*id) == system_role(&word)) {
        Some((id, name, _)) => UserRole { id: Some((*id).into()), name: Some((*name).into()), ..UserRole::default() },
        None => UserRole { id: Some(word), ..UserRole::default() },
    }
}

/// The role of this id, where it is one that is always there.
pub fn role(id: &str) -> Option<Role<'static>> {
    roles().find(|role| role.id == id)
}

/// The roles that are always there.
pub fn roles() -> impl Iterator<Item = Role<'static>> {
    let role = |id: &'static str, name: &'static str, kind: &'static str, in_workspaces: bool| Role {
        id: id.into(),
        name: Some(name.into()),
        r#type: Some(kind.into()),
        applicable_in: Some(if in_workspaces { "workspace" } else { "organization" }.into()),
        ..Role::default()
    };
    let system = SYSTEM_ROLES.iter().map(move |(id, name, in_workspaces)| role(id, name, "system", *in_workspaces));
    system.chain(AccountType::ALL.into_iter().map(move |it| role(it.id(), it.name(), "account_type", true)))
}

/// A role of the organization's own making: its id is all that Slack tells.
pub fn custom_role(id: String) -> Role<'static> {
    Role { id: id.into(), r#type: Some("custom".into()), ..Role::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_found_by_id_and_name() {
        assert_eq!(system_role("Rl0C"), Some("Rl0C"));
        assert_eq!(system_role("audit logs admin"), Some("Rl0C"));
        assert_eq!(system_role("Compliance Admin"), Some("Rl04"));
        assert_eq!(system_role("rl0c"), None, "ids are exact");
        assert_eq!(named("Rl9Z".into()).id.unwrap(), "Rl9Z");
    }

    #[test]
    fn the_strongest_flag_counts() {
        let yes = Some(true);
        assert_eq!(AccountType::of([None, yes, yes, None, None]), Some(AccountType::Owner));
        assert_eq!(AccountType::of([None, None, None, yes, yes]), Some(AccountType::UltraRestricted));
        assert_eq!(AccountType::of([Some(false); 5]), Some(AccountType::Member));
        let no = Some(false);
        assert_eq!(AccountType::of([no, no, None, no, no]), None);
    }
}
