//! What JumpCloud needs, does and lacks, as data.

use userdir_core::action::Action;
use userdir_core::definition::{ActionFacts, Consistency, Definition, Required, Scheme, Setting, body, lack};

/// JumpCloud's own page.
pub static DEFINITION: Definition = Definition {
    slug: "jumpcloud",
    aliases: &[],
    name: "JumpCloud",
    documentation: "https://docs.jumpcloud.com/api/",
    settings: &[
        Setting::choice("region", "Region", &["us", "eu", "in"], "where the organization is; it decides the addresses").default("us"),
        Setting::secret("api_key", "API key", "of an administrator: the menu at the top right > API Settings"),
        Setting::text("client_id", "Client id", "of a service account, instead of an API key"),
        Setting::secret("client_secret", "Client secret", "of the service account"),
        Setting::text("organization_id", "Organization id", "sent as x-org-id; needed where the credentials reach several organizations"),
        Setting::url("base_url", "Address of API v1", HOSTS, "by default the region's, such as https://console.jumpcloud.com/api"),
        Setting::url("v2_base_url", "Address of API v2", HOSTS, "by default `v2` below that of v1"),
        Setting::url("insights_base_url", "Address of Directory Insights", HOSTS, "by default the region's, such as https://api.jumpcloud.com/insights/directory/v1"),
        Setting::url("token_url", "Token address", HOSTS, "for a service account; by default the region's, such as https://admin-oauth.id.jumpcloud.com/oauth2/token"),
    ],
    schemes: &[
        Scheme { name: "api_key", needs: &["api_key"] },
        Scheme { name: "client_credentials", needs: &["client_id", "client_secret"] },
    ],
    actions: &[
        ActionFacts::new(Action::ListUsers)
            .filters(&["first_name", "last_name", "name", "username", "emails", "status", "user_type", "created_at", "group_id", "role_id", "sort_by"])
            .sort(&["created_at", "username", "emails", "first_name", "last_name", "status"])
            .scopes(READ)
            .partial()
            .note("filters compare letter by letter, but for addresses; `name` and `status` are compared here, on the whole list; with `group_id` each member costs a call, and `role_id` does not work with it"),
        ActionFacts::new(Action::GetUser)
            .scopes(READ)
            .note("the id of an administrator who is no directory user will do, too"),
        ActionFacts::new(Action::CreateUser)
            .required(&[body("username"), body("emails")])
            .accepts(&["first_name", "last_name", "name", "title", "phones", "password", "user_type", "bio", "status"])
            .scopes(MANAGE)
            .note("without `status` the organization's default state for manual entry applies"),
        ActionFacts::new(Action::UpdateUser)
            .accepts(&["username", "emails", "first_name", "last_name", "name", "title", "phones", "password", "user_type", "bio", "status"])
            .scopes(MANAGE)
            .note("a staged user is activated by users/activate, not by `status`"),
        ActionFacts::new(Action::DeleteUser)
            .scopes(MANAGE)
            .note("takes the account off the user's devices and cannot be undone; an administrator of the same address stays"),
        ActionFacts::new(Action::DeactivateUser).scopes(MANAGE).note(BLOCKED),
        ActionFacts::new(Action::SuspendUser).scopes(MANAGE).note(BLOCKED),
        ActionFacts::new(Action::ActivateUser)
            .scopes(MANAGE)
            .note("a staged user is activated without a mail; pass `email: true` through to send one"),
        ActionFacts::new(Action::UnsuspendUser).scopes(MANAGE),
        ActionFacts::new(Action::AssignRole)
            .required(ROLES_OF_USER)
            .accepts(&["organizations"])
            .places(&["organization"])
            .scopes(BILLING)
            .note("roles are those of the administrator with the user's address; where there is none, one is invited by mail, with multi-factor authentication"),
        ActionFacts::new(Action::UnassignRole)
            .required(ROLES_OF_USER)
            .accepts(&["organizations"])
            .places(&["organization"])
            .scopes(BILLING)
            .note("roles are those of the administrator that is linked to the user; one whose last role is taken is removed, and the directory user stays. Ends the administrator's console sessions"),
        ActionFacts::new(Action::ListGroups).filters(&["name", "user_id", "sort_by"]).sort(&["name"]).scopes(READ),
        ActionFacts::new(Action::GetGroup).scopes(READ),
        ActionFacts::new(Action::CreateGroup).required(&[body("name")]).accepts(&["description"]).scopes(MANAGE),
        ActionFacts::new(Action::UpdateGroup).accepts(&["name", "description"]).scopes(MANAGE),
        ActionFacts::new(Action::DeleteGroup).scopes(MANAGE),
        ActionFacts::new(Action::AddUserToGroup).required(MEMBERSHIP).scopes(MANAGE).note(RULED),
        ActionFacts::new(Action::RemoveUserFromGroup).required(MEMBERSHIP).scopes(MANAGE).note(RULED),
        ActionFacts::new(Action::ListRoles).scopes(ADMINISTRATOR),
        ActionFacts::new(Action::GetRole).scopes(ADMINISTRATOR),
        ActionFacts::new(Action::CreateRole)
            .required(&[body("name"), body("permissions")])
            .accepts(&["description"])
            .scopes(BILLING)
            .note("`permissions` are JumpCloud's scopes"),
        ActionFacts::new(Action::UpdateRole).accepts(&["name", "description", "permissions"]).scopes(BILLING),
        ActionFacts::new(Action::DeleteRole).scopes(BILLING),
        ActionFacts::new(Action::ListRoleAssignments)
            .filters(&["user_id", "role_id"])
            .scopes(ADMINISTRATOR)
            .note("every administrator's roles, with administrators who are no directory users; ids are `<administrator id>:<role id>`"),
        ActionFacts::new(Action::GetRoleAssignment).scopes(ADMINISTRATOR),
        ActionFacts::new(Action::DeleteRoleAssignment).scopes(BILLING).note("as users/unassign-role"),
        ActionFacts::new(Action::ListLicenses)
            .filters(&["organization_id"])
            .scopes(READ)
            .note("the products of the organization's plan: JumpCloud assigns no seats"),
        ActionFacts::new(Action::GetLicense).accepts(&["organization_id"]).scopes(READ),
        ActionFacts::new(Action::ListOrganizations).filters(&["name"]).scopes(READ).partial(),
        ActionFacts::new(Action::GetOrganization).scopes(READ),
        ActionFacts::new(Action::ListActivities)
            .filters(&["action", "actor_id", "entity", "entity_type", "ip_address", "created_at", "product"])
            .scopes(READ)
            .note("Directory Insights, oldest first; without `created_at` the 90 days that JumpCloud keeps. `product` is one of its services, such as `sso` or `all`; by default `directory`"),
        ActionFacts::new(Action::ListMe).scopes(READ).note("the administrator whose API key the account has"),
    ],
    lacks: &[
        lack(&[Action::DowngradeUser], "JumpCloud has no seats that could be cheaper; take administrator roles away with users/unassign-role"),
        lack(&[Action::GetActivity], "Directory Insights answers queries and has no read of one event"),
        lack(&[Action::UpdateOrganization, Action::DeleteOrganization], "an organization is changed in JumpCloud's console"),
        lack(&[Action::ListWorkspaces, Action::GetWorkspace], "JumpCloud has no workspaces"),
        lack(&[Action::ListBilling, Action::ListUtilization], "JumpCloud's API has a price list, but no bills and no usage reports"),
    ],
    notes: &[
        "A role is an administrator role. A directory user holds those of the administrator with the same address; a key that \
         may not see that link shows no roles with users/list and users/get.",
        "Suspending, deactivating or deleting a directory user does not touch the administrator of the same address; the reply \
         says so where there is one.",
        "userdir refuses to take roles from the administrator whose API key the account has, and to take `Administrator with \
         Billing` from the last one who can use it. Nor does it take the last role from an administrator of an MSP (one that \
         shows a `provider`): removing it would take it out of every organization.",
        "Between reading an administrator's roles and writing them back nobody else should change them: JumpCloud offers no \
         protection. What is there afterwards is read and compared.",
        "Unverified: the calls for listing, reading, creating and deleting administrators (taken from JumpCloud's own command \
         line and PowerShell module, not from its reference); that `roles` of an administrator holds ids; `users/getSelf` with \
         a service account (not offered); what a 409 on deleting a user means; the words for a user that exists already; that \
         an empty text empties a field; filtering by `created`; which administrator role each action needs, but for changes of \
         administrators; whether limits are told in headers (a Retry-After is honoured).",
    ],
    consistency: Consistency::Immediate,
};

const HOSTS: &[&str] = &["*.jumpcloud.com"];

/// Administrator roles in place of scopes; below `Administrator with Billing` they are unverified in detail.
const READ: &[&str] = &["Read Only"];
const MANAGE: &[&str] = &["Manager"];
const ADMINISTRATOR: &[&str] = &["Administrator"];
const BILLING: &[&str] = &["Administrator with Billing"];

const BLOCKED: &str = "the state SUSPENDED: no access to anything, devices included; groups and data stay. Deactivating and \
                       suspending are the same here";
const RULED: &str =
    "refused where a rule fills the group, unless the user is exempt from it: the rule would undo the change";

const ROLES_OF_USER: &[Required] = &[body("id"), body("roles")];
const MEMBERSHIP: &[Required] = &[body("group_id"), body("user_id")];
