//! What TeamViewer needs, does and lacks, as data.

use userdir_core::action::Action;
use userdir_core::definition::{ActionFacts, Consistency, Definition, Scheme, Setting, body, lack};

/// TeamViewer's own page.
pub static DEFINITION: Definition = Definition {
    slug: "teamviewer",
    aliases: &[],
    name: "TeamViewer",
    documentation: "https://webapi.teamviewer.com/api/v1/docs/index",
    settings: &[
        Setting::secret("api_token", "Script token", "Management Console > Profile settings > Apps > Create script token, as an administrator of the company"),
        Setting::text("client_id", "Client id", "of an OAuth app, instead of a script token"),
        Setting::secret("client_secret", "Client secret", "of that app"),
        Setting::secret("refresh_token", "Refresh token", "that signing in to the app has given; later ones are kept by userdir"),
        Setting::url("base_url", "Address", HOSTS, "of the Web API, without /api/v1").default("https://webapi.teamviewer.com"),
        Setting::url("token_url", "Token address", HOSTS, "where tokens are renewed; without it /api/v1/oauth2/token at the API's address"),
    ],
    schemes: &[
        Scheme { name: "api_token", needs: &["api_token"] },
        Scheme { name: "refresh_token", needs: &["client_id", "client_secret", "refresh_token"] },
    ],
    actions: &[
        ActionFacts::new(Action::ListUsers)
            .filters(&["emails", "username", "name", "status", "group_id", "role_id"])
            .scopes(&["Users.Read", "user roles: view", "user groups: view"])
            .partial()
            .note("everybody comes in one answer; the list shows one role of a user at most, a get all of them; with `role_id` who holds it through a user group is listed too, which costs a call for each of those"),
        ActionFacts::new(Action::GetUser).scopes(READ).note("roles through user groups are among the roles; groups are not shown, since only a look into every group would tell"),
        ActionFacts::new(Action::CreateUser)
            .required(&[body("emails"), body("languages")])
            .accepts(&["username", "name", "first_name", "last_name", "password", "roles"])
            .scopes(&["Users.CreateUsers", "Users.CreateAdministrators"])
            .note("a welcome mail is sent in the language; the company's predefined role is given too, unless `remote_data` says ignorePredefinedRole"),
        ActionFacts::new(Action::UpdateUser)
            .accepts(&["emails", "username", "name", "first_name", "last_name", "password", "status"])
            .scopes(CHANGE)
            .unconfirmed("TeamViewer shows no passwords")
            .note("a new address is `pending` until its owner has followed the link that TeamViewer mails"),
        ActionFacts::new(Action::DeleteUser)
            .scopes(CHANGE)
            .note("takes the user out of the company; the account stays, unless `remote_query` says isPermanentDelete=true"),
        ActionFacts::new(Action::DeactivateUser).scopes(CHANGE),
        ActionFacts::new(Action::ActivateUser).scopes(CHANGE).note("may want a free seat (unverified)"),
        ActionFacts::new(Action::AssignRole)
            .accepts(&["organizations"])
            .places(&["organization"])
            .scopes(HOLDINGS)
            .settles_nothing(),
        ActionFacts::new(Action::UnassignRole)
            .accepts(&["organizations"])
            .places(&["organization", "group"])
            .scopes(&["Users.ModifyUsers", "Users.ModifyAdministrators", "Users.Read", "user roles: view and edit", "user groups: view"])
            // a user's list of roles does not overrule the account assignments
            .settles_nothing()
            .note("roles held directly; one that comes through a user group is an error, unless the group is named in `roles[].group`: then it is taken from the group, and from every member"),
        ActionFacts::new(Action::DowngradeUser)
            .required(&[body("role_id")])
            .scopes(HOLDINGS)
            .settles_nothing()
            .note("gives the role and takes every other one that is held directly; licences cannot be lowered by the API"),
        ActionFacts::new(Action::ListGroups).filters(&["name"]).scopes(GROUPS),
        ActionFacts::new(Action::GetGroup).scopes(GROUPS),
        ActionFacts::new(Action::CreateGroup).required(&[body("name")]).scopes(GROUPS),
        ActionFacts::new(Action::UpdateGroup).accepts(&["name"]).scopes(GROUPS),
        ActionFacts::new(Action::DeleteGroup).scopes(GROUPS),
        ActionFacts::new(Action::AddUserToGroup).scopes(GROUPS),
        ActionFacts::new(Action::RemoveUserFromGroup).scopes(GROUPS),
        ActionFacts::new(Action::ListRoles).scopes(ROLES),
        ActionFacts::new(Action::GetRole).scopes(ROLES),
        ActionFacts::new(Action::CreateRole).required(&[body("name"), body("permissions")]).scopes(ROLES).note("`permissions` are TeamViewer's, such as ManageUsers"),
        ActionFacts::new(Action::UpdateRole)
            .accepts(&["name", "permissions"])
            .scopes(ROLES)
            .unconfirmed("the unified role has no permissions; look at `remote_data.Permissions`"),
        ActionFacts::new(Action::DeleteRole).scopes(ROLES),
        ActionFacts::new(Action::ListRoleAssignments)
            .filters(&["role_id", "user_id", "group_id"])
            .scopes(ROLES)
            .note("ids are `<role>:<user or group>`, since TeamViewer has none; each role costs two calls"),
        ActionFacts::new(Action::GetRoleAssignment).scopes(ROLES),
        ActionFacts::new(Action::DeleteRoleAssignment).scopes(ROLES).note("a group's role is taken from every member"),
        ActionFacts::new(Action::ListLicenses).filters(&["status"]).scopes(COMPANY),
        ActionFacts::new(Action::GetLicense).scopes(COMPANY),
        ActionFacts::new(Action::ListOrganizations).scopes(COMPANY).note("the one company of the token"),
        ActionFacts::new(Action::GetOrganization).scopes(COMPANY),
        ActionFacts::new(Action::ListActivities)
            .filters(&["action", "entity", "entity_type", "created_at"])
            .scopes(&["event logging"])
            .note("without `created_at` the last seven days, and an end alone is refused; `entity` is the affected item as TeamViewer writes it, often a name; ids are made here"),
        ActionFacts::new(Action::ListMe).scopes(&["account management: view"]),
    ],
    lacks: &[
        lack(
            &[Action::SuspendUser, Action::UnsuspendUser],
            "TeamViewer knows active and inactive and nothing between; users/deactivate keeps all that the user has",
        ),
        lack(&[Action::UpdateOrganization], "what TeamViewer lets change at a company is not documented"),
        lack(&[Action::DeleteOrganization], "deleting a company deletes everybody in it, and is left to the console"),
        lack(&[Action::ListWorkspaces, Action::GetWorkspace], "TeamViewer has no workspaces"),
        lack(&[Action::GetActivity], "TeamViewer's event log is a list and has no read of one event"),
        lack(&[Action::ListBilling, Action::ListUtilization], "TeamViewer's Web API has no bills and no usage reports"),
    ],
    notes: &[
        "A user's id is `u` and a number, and the bare number is taken too. Anything else is refused: without an id the address \
         of a user is that of the company.",
        "User groups and roles need a plan of the Tensor class; TeamViewer answers `license_required` elsewhere.",
        "The owner of the account's token is neither deactivated nor deleted, and keeps its roles: the token would end with its \
         owner, and can do no more than its owner. Who is in a group whose role is taken is not looked at.",
        "The company, its licences, the event log and the check of a token are not in the vendor's description; its PowerShell \
         module calls them.",
        "Unverified: the statuses that go with the error codes (the code decides); the numbers and headers of the limits; how \
         many groups or members a page holds; whether a PUT with several roles is done as a whole; whether a refresh token is \
         replaced; what adding, giving or taking twice is answered (each is looked at first); what `maxAssignments` counts; the \
         names of the rights for groups and roles.",
    ],
    consistency: Consistency::Immediate,
};

/// The vendor's hosts.
const HOSTS: &[&str] = &["*.teamviewer.com"];

const READ: &[&str] = &["Users.Read", "user roles: view"];
const CHANGE: &[&str] = &["Users.ModifyUsers", "Users.ModifyAdministrators", "Users.Read"];
/// Roles are given and taken by a change of the user.
const HOLDINGS: &[&str] =
    &["Users.ModifyUsers", "Users.ModifyAdministrators", "Users.Read", "user roles: view and edit"];
const ROLES: &[&str] = &["user roles: view and edit", "Users.Read"];
const GROUPS: &[&str] = &["user groups: view and edit", "Users.Read"];
const COMPANY: &[&str] = &["company: view"];
