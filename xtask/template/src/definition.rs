//! What the vendor needs, does and lacks, as data.

use userdir_core::action::Action;
use userdir_core::definition::{ActionFacts, Consistency, Definition, Scheme, Setting, lack};

/// The provider's own page.
pub static DEFINITION: Definition = Definition {
    slug: "{{slug}}",
    aliases: &[],
    name: "{{Name}}",
    documentation: "https://example.com/docs",
    // hosts such as "*.acme.com" in place of the empty list, where the vendor has its own
    settings: &[
        Setting::url("base_url", "Address", &[], "address of the API").required(),
        Setting::secret("api_token", "API token", "where to get it"),
    ],
    schemes: &[Scheme { name: "api_token", needs: &["api_token"] }],
    // filters, scopes and notes of what the crate does; what it does is told by the traits it implements
    actions: &[ActionFacts::new(Action::ListUsers), ActionFacts::new(Action::GetUser)],
    // each action that is not implemented, with the vendor's reason: callers read it after "because"
    lacks: &[
        lack(&[Action::CreateUser, Action::UpdateUser, Action::DeleteUser], UNSEEN),
        lack(&[Action::DeactivateUser, Action::ActivateUser], UNSEEN),
        lack(&[Action::SuspendUser, Action::UnsuspendUser], UNSEEN),
        lack(&[Action::ListGroups, Action::GetGroup], UNSEEN),
        lack(&[Action::CreateGroup, Action::UpdateGroup, Action::DeleteGroup], UNSEEN),
        lack(&[Action::AddUserToGroup, Action::RemoveUserFromGroup], UNSEEN),
        lack(&[Action::ListRoles, Action::GetRole], UNSEEN),
        lack(&[Action::CreateRole, Action::UpdateRole, Action::DeleteRole], UNSEEN),
        lack(&[Action::AssignRole, Action::UnassignRole], UNSEEN),
        lack(&[Action::ListRoleAssignments, Action::GetRoleAssignment], UNSEEN),
        lack(&[Action::DeleteRoleAssignment], UNSEEN),
        lack(&[Action::ListLicenses, Action::GetLicense, Action::DowngradeUser], UNSEEN),
        lack(&[Action::ListOrganizations, Action::GetOrganization], UNSEEN),
        lack(&[Action::UpdateOrganization, Action::DeleteOrganization], UNSEEN),
        lack(&[Action::ListWorkspaces, Action::GetWorkspace], UNSEEN),
        lack(&[Action::ListActivities, Action::GetActivity], UNSEEN),
        lack(&[Action::ListMe], UNSEEN),
        lack(&[Action::ListBilling, Action::ListUtilization], UNSEEN),
    ],
    // what an administrator should know, and what no document of the vendor's says
    notes: &[],
    // `Lagging` where the vendor shows a write only after a while: then that is `pending`, and no error
    consistency: Consistency::Immediate,
};

/// Not a reason: it goes when somebody has looked.
const UNSEEN: &str = "nobody has looked yet whether the vendor can";
