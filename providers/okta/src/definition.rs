//! What Okta needs, does and lacks, as data.

use userdir_core::action::{Action, OwnPredicate};
use userdir_core::definition::{ActionFacts, Consistency, Definition, Scheme, Setting, body, lack};

use crate::lifecycle;

/// Okta's own page.
pub static DEFINITION: Definition = Definition {
    slug: "okta",
    aliases: &[],
    name: "Okta",
    documentation: "https://developer.okta.com/docs/api/",
    settings: &[
        Setting::url("base_url", "Okta address", &[], "the organization's address, such as https://acme.okta.com (no `-admin`)").required(),
        Setting::secret("api_token", "API token", "Security > API > Tokens; it has the rights of the administrator who made it"),
        Setting::text("client_id", "Client id", "of an API service app; give private_key and key_id too"),
        Setting::secret("private_key", "Private key", "of the service app, PEM: RSA, or EC on P-256 or P-384"),
        Setting::text("key_id", "Key id", "`kid` of the public key at the service app"),
        Setting::text("scopes", "Scopes", "what to ask for as a service app, separated by spaces").default(SCOPES),
    ],
    schemes: &[
        Scheme { name: "api_token", needs: &["api_token"] },
        Scheme { name: "private_key_jwt", needs: &["client_id", "private_key", "key_id"] },
    ],
    actions: &[
        ActionFacts::new(Action::ListUsers)
            .filters(&["first_name", "last_name", "name", "username", "emails", "status", "user_type", "created_at", "updated_at", "group_id", "role_id", "sort_by"])
            .sort(&["created_at", "updated_at", "status", "username", "emails", "first_name", "last_name", "last_login_at"])
            .scopes(&["okta.users.read"])
            .note("Okta compares letter by letter: logins and addresses are asked for as given and in lower case, names as given; `name` is compared here, on the whole list, and with `role_id` each holder of any role costs a call or two")
            .partial(),
        ActionFacts::new(Action::GetUser).scopes(READ_USER),
        ActionFacts::new(Action::CreateUser)
            .required(&[body("first_name"), body("last_name"), body("emails")])
            .accepts(&["username", "password", "groups", "name", "title", "phones", "user_type", "timezone", "languages", "urls"])
            .scopes(&["okta.users.manage"])
            .note("the user is activated; without a password Okta sends an invitation"),
        ActionFacts::new(Action::UpdateUser)
            .accepts(&["first_name", "last_name", "emails", "username", "password", "name", "title", "phones", "user_type", "timezone", "languages", "urls"])
            .scopes(&["okta.users.manage"]),
        ActionFacts::new(Action::DeleteUser)
            .scopes(&["okta.users.manage"])
            .note("deactivates the user first if need be, and then deletes for good"),
        ActionFacts::new(Action::DeactivateUser)
            .scopes(&["okta.users.manage"])
            .shows(OwnPredicate::User(lifecycle::is_deactivated))
            .note("takes the user off all applications, which may destroy data there; suspending is the reversible way"),
        ActionFacts::new(Action::ActivateUser)
            .scopes(&["okta.users.manage"])
            .shows(OwnPredicate::User(lifecycle::is_activated))
            .note("staged, deactivated: activate; provisioned, recovering: reactivate; suspended: unsuspend; locked out: unlock. Okta mails the user where a password is to be set"),
        ActionFacts::new(Action::SuspendUser).scopes(&["okta.users.manage"]).shows(OwnPredicate::User(lifecycle::is_suspended)),
        ActionFacts::new(Action::UnsuspendUser).scopes(&["okta.users.manage"]).shows(OwnPredicate::User(lifecycle::is_active)),
        ActionFacts::new(Action::AssignRole)
            .places(&["organization"])
            .scopes(HELD_ROLES)
            .note("a role is a standard type such as HELP_DESK_ADMIN, or the id of a custom role; a custom role needs its resource set in `roles[].organization`"),
        ActionFacts::new(Action::UnassignRole)
            .places(&["organization"])
            .scopes(HELD_ROLES)
            .note("a role that comes through a group is not taken away here; take the user out of the group"),
        ActionFacts::new(Action::ListGroups)
            .filters(&["name", "group_type", "updated_at", "created_at", "user_id"])
            .scopes(&["okta.groups.read"]),
        ActionFacts::new(Action::GetGroup).scopes(&["okta.groups.read"]),
        ActionFacts::new(Action::CreateGroup).required(&[body("name")]).accepts(&["description"]).scopes(&["okta.groups.manage"]),
        ActionFacts::new(Action::UpdateGroup)
            .accepts(&["name", "description"])
            .scopes(&["okta.groups.manage"])
            .note("groups of type OKTA_GROUP alone; others belong to an application or to Okta"),
        ActionFacts::new(Action::DeleteGroup).scopes(&["okta.groups.manage"]),
        ActionFacts::new(Action::AddUserToGroup).scopes(MEMBERSHIP),
        ActionFacts::new(Action::RemoveUserFromGroup)
            .scopes(MEMBERSHIP)
            .note("a member placed by a group rule is thought to become an exclusion of that rule (unverified)"),
        ActionFacts::new(Action::ListRoles).scopes(&["okta.roles.read"]).note("the standard roles, then the custom ones"),
        ActionFacts::new(Action::GetRole).scopes(&["okta.roles.read"]),
        ActionFacts::new(Action::CreateRole)
            .required(&[body("name"), body("description"), body("permissions")])
            .scopes(&["okta.roles.manage"])
            .note("a custom role; `permissions` are Okta's, such as okta.users.read"),
        ActionFacts::new(Action::UpdateRole).accepts(&["name", "description"]).scopes(&["okta.roles.manage"]).note("custom roles alone"),
        ActionFacts::new(Action::DeleteRole).scopes(&["okta.roles.manage"]).note("custom roles alone"),
        ActionFacts::new(Action::ListRoleAssignments)
            .filters(&["user_id", "group_id"])
            .scopes(&["okta.roles.read"])
            .note("ids are `<user or group id>:<assignment id>`, since Okta's own are not unique; without a filter each user with a role costs one call, and groups are left out: ask for theirs with `group_id`"),
        ActionFacts::new(Action::GetRoleAssignment).scopes(&["okta.roles.read"]),
        ActionFacts::new(Action::DeleteRoleAssignment).scopes(&["okta.roles.manage"]),
        ActionFacts::new(Action::ListLicenses)
            .filters(&["status", "user_id"])
            .scopes(&["okta.apps.read"])
            .note("Okta has no seats; its applications stand for them. A user's are those with a tile on the dashboard"),
        ActionFacts::new(Action::GetLicense).scopes(&["okta.apps.read"]),
        ActionFacts::new(Action::ListOrganizations).scopes(&["okta.orgs.read"]),
        ActionFacts::new(Action::ListActivities)
            .filters(&["action", "actor_id", "entity", "created_at"])
            .scopes(&["okta.logs.read"])
            .note("without `created_at` the last seven days"),
        ActionFacts::new(Action::ListMe).scopes(&["okta.users.read"]),
    ],
    lacks: &[
        lack(&[Action::DowngradeUser], "Okta has no seats that could be cheaper; take administrator roles away with users/unassign-role"),
        lack(&[Action::GetActivity], "Okta's system log is a list and has no read of one event"),
        lack(&[Action::GetOrganization], "there is one organization, and the list shows it whole"),
        lack(&[Action::UpdateOrganization], "userdir does not offer it; the organization's profile is changed in Okta's console"),
        lack(&[Action::DeleteOrganization], "Okta's management API does not delete organizations"),
        lack(&[Action::ListWorkspaces, Action::GetWorkspace], "Okta has no workspaces"),
        lack(&[Action::ListBilling, Action::ListUtilization], "Okta's management API has no bills and no usage reports"),
    ],
    notes: &[
        "Lists of users ask for every status by name, because Okta leaves deactivated users out otherwise; a status that \
         Okta adds later would be left out until it is named here.",
        "`search` (used for created_at, user_type and sorting of users, and for every filter of groups) reads an index that \
         lags behind writes.",
        "`user_type` filters by the profile's userType; users without one show the id of their type there, and are not \
         found by it.",
        "An administrator cannot deactivate, suspend or delete the own account through the own token: userdir refuses it.",
        "Unverified: that adding or removing a member twice is answered 204; which error a group owned by an application \
         gives; whether Okta ever sends Retry-After (it is honoured if so); `users/me` under a service app (not offered); that \
         null empties a field of a profile in a partial update.",
        "DPoP-bound tokens are not supported: switch off \"require DPoP header\" at the service app.",
    ],
    consistency: Consistency::Immediate,
};

/// What a service app is asked to have when the account does not say.
const SCOPES: &str =
    "okta.users.manage okta.groups.manage okta.roles.manage okta.apps.read okta.logs.read okta.orgs.read";

const READ_USER: &[&str] = &["okta.users.read", "okta.roles.read", "okta.orgs.read"];

/// Whether a user is in a group is read from the user's groups.
const MEMBERSHIP: &[&str] = &["okta.groups.manage", "okta.users.read"];

/// What a user holds is read together with the user.
const HELD_ROLES: &[&str] = &["okta.roles.manage", "okta.users.read"];
