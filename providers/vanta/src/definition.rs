//! What Vanta needs, does and lacks, as data.

use userdir_core::action::{Action, OwnPredicate};
use userdir_core::definition::{ActionFacts, Consistency, Definition, Scheme, Setting, body, lack, query};

use crate::people;

/// Vanta's own page.
pub static DEFINITION: Definition = Definition {
    slug: "vanta",
    aliases: &[],
    name: "Vanta",
    documentation: "https://developer.vanta.com/",
    settings: &[
        Setting::url("base_url", "Vanta address", &["*.vanta.com", "*.vanta-gov.com"], "for Vanta Gov https://api.vanta-gov.com/v1; tokens come from the same host")
            .default("https://api.vanta.com/v1"),
        Setting::text("client_id", "Client id", "of an application of the type \"Manage Vanta\", made in Vanta's developer console"),
        Setting::secret("client_secret", "Client secret", "of that application"),
    ],
    schemes: &[Scheme { name: "client_credentials", needs: &["client_id", "client_secret"] }],
    actions: &[
        ActionFacts::new(Action::ListUsers)
            .filters(&["emails", "name", "first_name", "last_name", "status", "group_id"])
            .scopes(READ)
            .note("people that Vanta tracks, not accounts that it gives; `status` is that of the employment, in unified or in Vanta's words. But for `group_id` all people are read, and filtered here"),
        ActionFacts::new(Action::GetUser).scopes(READ),
        ActionFacts::new(Action::UpdateUser)
            .accepts(&["first_name", "last_name"])
            .scopes(WRITE)
            .note("the integration that a name comes from may overwrite it; `remote_data` takes `employment.startDate` too. No `groups`: Vanta changes them one by one, in groups/add-user and groups/remove-user"),
        ActionFacts::new(Action::DeactivateUser)
            .required(&[
                query("actor"),
                body("user_id"),
            ])
            .scopes(WRITE)
            .shows(OwnPredicate::User(people::is_offboarded))
            .note("records the offboarding of a former employee, with `actor`, the id of a person, as the one who did it; an address is refused, since this cannot be undone and users/list with `emails` shows whose id it is. It ends no employment and disables no account elsewhere, and cannot be undone"),
        ActionFacts::new(Action::ListGroups).filters(&["name", "created_at"]).scopes(READ),
        ActionFacts::new(Action::GetGroup).scopes(READ),
        ActionFacts::new(Action::AddUserToGroup).scopes(WRITE).note(IMPORTED),
        ActionFacts::new(Action::RemoveUserFromGroup).scopes(WRITE).note(IMPORTED),
        ActionFacts::new(Action::ListActivities).scopes(READ).note("not every account has it"),
    ],
    lacks: &[
        lack(&[Action::CreateUser], "people come to Vanta from the HR system, the identity provider, SCIM or its console"),
        lack(&[Action::DeleteUser], "Vanta keeps the record of everybody who was there; users/deactivate records an offboarding"),
        lack(&[Action::ActivateUser], "who comes back comes from the HR system or the identity provider, and an offboarding has no undo"),
        lack(&[Action::SuspendUser, Action::UnsuspendUser], "Vanta gives no accounts that could be blocked; a leave is something else"),
        lack(&[Action::DowngradeUser], "its people have no seats"),
        lack(
            &[
                Action::AssignRole, Action::UnassignRole, Action::ListRoles, Action::GetRole, Action::CreateRole,
                Action::UpdateRole, Action::DeleteRole, Action::ListRoleAssignments, Action::GetRoleAssignment,
                Action::DeleteRoleAssignment,
            ],
            "Vanta's API does not show the roles of its own console",
        ),
        lack(&[Action::CreateGroup, Action::UpdateGroup, Action::DeleteGroup], "Vanta's API changes the members of groups, and not the groups"),
        lack(&[Action::ListLicenses, Action::GetLicense], "Vanta's API shows no licences"),
        lack(
            &[
                Action::ListOrganizations, Action::GetOrganization, Action::UpdateOrganization,
                Action::DeleteOrganization,
            ],
            "Vanta's API does not show the organization",
        ),
        lack(&[Action::ListWorkspaces, Action::GetWorkspace], "Vanta's API shows no workspaces"),
        lack(&[Action::GetActivity], "Vanta's event log is a list and has no read of one event"),
        lack(&[Action::ListMe], "an application acts for nobody"),
        lack(&[Action::ListBilling, Action::ListUtilization], "Vanta's API has no bills and no usage reports"),
    ],
    notes: &[
        "An application has one live token: whoever else fetches one with the same client id ends it. Accounts of one \
         application share the token, in all processes on the same store; give userdir an application of its own.",
        "Vanta allows 50 requests a minute; a list has 100 people a page.",
        "Unverified: the shape of error bodies (all usual ones are read); whether `Retry-After` comes with a 429; what the event \
         log can be filtered by (nothing is sent); what Vanta answers for a member who is none, a second adding, or a group \
         that an identity provider owns; how soon an offboarding shows (until it does it is `pending`).",
    ],
    consistency: Consistency::Lagging,
};

const READ: &[&str] = &["vanta-api.all:read"];
const WRITE: &[&str] = &["vanta-api.all:read", "vanta-api.all:write"];
const IMPORTED: &str = "groups that an identity provider owns are changed there";
