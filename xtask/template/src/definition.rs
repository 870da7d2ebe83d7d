//! What the vendor needs, does and lacks, as data.

use userdir_core::action::Action;
use userdir_core::definition::{ActionFacts, Consistency, Definition, Lack, Scheme, Setting};

/// The provider's own page.
pub static DEFINITION: Definition = Definition {
    slug: "{{slug}}",
    aliases: &[],
    name: "{{Name}}",
    documentation: "https://example.com/docs",
    settings: &[
        Setting::url("base_url", "Address", &[], "address of the API").required(),
        Setting::secret("api_token", "API token", "where to get it"),
    ],
    schemes: &[Scheme { name: "api_token", needs: &["api_token"] }],
    actions: &[ActionFacts::new(Action::ListUsers), ActionFacts::new(Action::GetUser)],
    lacks: &[Lack { actions: LACKING, because: "nobody has looked yet whether the vendor can" }],
    notes: &[],
    consistency: Consistency::Immediate,
};

/// Say why the vendor does not have these, or implement them.
const LACKING: &[Action] = &[
    Action::CreateUser, Action::UpdateUser, Action::DeleteUser, Action::AssignRole, Action::UnassignRole,
    Action::DeactivateUser, Action::ActivateUser, Action::SuspendUser, Action::UnsuspendUser, Action::DowngradeUser,
    Action::ListGroups, Action::GetGroup, Action::CreateGroup, Action::UpdateGroup, Action::DeleteGroup,
    Action::AddUserToGroup, Action::RemoveUserFromGroup, Action::ListRoles, Action::GetRole, Action::CreateRole,
    Action::UpdateRole, Action::DeleteRole, Action::ListLicenses, Action::GetLicense, Action::ListOrganizations,
    Action::GetOrganization, Action::UpdateOrganization, Action::DeleteOrganization, Action::ListWorkspaces,
    Action::GetWorkspace, Action::ListActivities, Action::GetActivity, Action::ListMe, Action::ListRoleAssignments,
    Action::GetRoleAssignment, Action::DeleteRoleAssignment, Action::ListBilling, Action::ListUtilization,
];
