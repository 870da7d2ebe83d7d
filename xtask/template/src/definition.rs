//! What the vendor needs, does and lacks, as data.

use userdir_core::action::Action;
use userdir_core::definition::{ActionFacts, Consistency, Definition, Lack, Scheme, Setting};

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
        Lack { actions: &[Action::CreateUser, Action::UpdateUser, Action::DeleteUser], because: UNSEEN },
        Lack { actions: &[Action::DeactivateUser, Action::ActivateUser], because: UNSEEN },
        Lack { actions: &[Action::SuspendUser, Action::UnsuspendUser], because: UNSEEN },
        Lack { actions: &[Action::ListGroups, Action::GetGroup], because: UNSEEN },
        Lack { actions: &[Action::CreateGroup, Action::UpdateGroup, Action::DeleteGroup], because: UNSEEN },
        Lack { actions: &[Action::AddUserToGroup, Action::RemoveUserFromGroup], because: UNSEEN },
        Lack { actions: &[Action::ListRoles, Action::GetRole], because: UNSEEN },
        Lack { actions: &[Action::CreateRole, Action::UpdateRole, Action::DeleteRole], because: UNSEEN },
        Lack { actions: &[Action::AssignRole, Action::UnassignRole], because: UNSEEN },
        Lack { actions: &[Action::ListRoleAssignments, Action::GetRoleAssignment], because: UNSEEN },
        Lack { actions: &[Action::DeleteRoleAssignment], because: UNSEEN },
        Lack { actions: &[Action::ListLicenses, Action::GetLicense, Action::DowngradeUser], because: UNSEEN },
        Lack { actions: &[Action::ListOrganizations, Action::GetOrganization], because: UNSEEN },
        Lack { actions: &[Action::UpdateOrganization, Action::DeleteOrganization], because: UNSEEN },
        Lack { actions: &[Action::ListWorkspaces, Action::GetWorkspace], because: UNSEEN },
        Lack { actions: &[Action::ListActivities, Action::GetActivity], because: UNSEEN },
        Lack { actions: &[Action::ListMe], because: UNSEEN },
        Lack { actions: &[Action::ListBilling, Action::ListUtilization], because: UNSEEN },
    ],
    // what an administrator should know, and what no document of the vendor's says
    notes: &[],
    // `Lagging` where the vendor shows a write only after a while: then that is `pending`, and no error
    consistency: Consistency::Immediate,
};

/// Not a reason: it goes when somebody has looked.
const UNSEEN: &str = "nobody has looked yet whether the vendor can";
