//! What Slack needs, does and lacks, as data.

use userdir_core::action::{Action, OwnPredicate};
use userdir_core::definition::{ActionFacts, Consistency, Definition, Scheme, Setting, body, lack, query};

use crate::{groups, lifecycle};

/// Where Slack may be.
const HOSTS: &[&str] = &["slack.com", "*.slack.com", "slack-gov.com", "*.slack-gov.com"];

/// Slack Enterprise's own page.
pub static DEFINITION: Definition = Definition {
    slug: "slack-enterprise",
    aliases: &["slackenterprise"],
    name: "Slack Enterprise",
    documentation: "https://docs.slack.dev/admins/",
    settings: &[
        Setting::secret("api_token", "Token", "user token of an app installed on the organization (xoxp-…); never a bot token"),
        Setting::text("client_id", "Client id", "of an app with token rotation; give client_secret and refresh_token too"),
        Setting::secret("client_secret", "Client secret", "of that app"),
        Setting::secret("refresh_token", "Refresh token", "of the user token (xoxe-…); it is renewed with every use"),
        Setting::url("base_url", "Web API address", HOSTS, "for GovSlack https://slack-gov.com/api").default("https://slack.com/api"),
        Setting::url("scim_base_url", "SCIM address", HOSTS, "SCIM v2").default("https://api.slack.com/scim/v2"),
        Setting::url("audit_base_url", "Audit log address", HOSTS, "for `activities`").default("https://api.slack.com/audit/v1"),
        Setting::url("token_url", "Token address", HOSTS, "where tokens are rotated").default("https://slack.com/api/oauth.v2.access"),
    ],
    schemes: &[
        Scheme { name: "api_token", needs: &["api_token"] },
        Scheme { name: "refresh_token", needs: &["client_id", "client_secret", "refresh_token"] },
    ],
    actions: &[
        ActionFacts::new(Action::ListUsers)
            .filters(&["emails", "username", "status", "workspace_id", "role_id", "group_id", "created_at"])
            .scopes(&["admin.users:read"])
            .partial()
            .note("deactivated people first, then active ones, and then whether the deactivated are still the same: Slack shows them apart. With `group_id`, or the `role_id` of an assigned role, each person is read by itself. `status` cannot be `invited`, whom Slack lists among the active; there is no filter by `updated_at`, which its list does not show"),
        ActionFacts::new(Action::GetUser).scopes(&["users:read", "users:read.email"]),
        ActionFacts::new(Action::CreateUser)
            .required(&[body("username"), body("emails")])
            .accepts(&["first_name", "last_name", "title", "timezone", "phones", "external_id", "password"])
            .scopes(SCIM),
        ActionFacts::new(Action::UpdateUser)
            .accepts(&["username", "emails", "first_name", "last_name", "title", "timezone", "phones"])
            .scopes(SCIM)
            .note("an identity provider overwrites it at its next synchronization"),
        ActionFacts::new(Action::DeleteUser)
            .scopes(SCIM)
            .shows(OwnPredicate::User(lifecycle::is_deactivated))
            .note("Slack erases nobody: its DELETE deactivates the account in all workspaces, and it can be activated again"),
        ActionFacts::new(Action::DeactivateUser)
            .scopes(SCIM)
            .note("in all workspaces at once; an identity provider may activate the account again"),
        ActionFacts::new(Action::ActivateUser)
            .scopes(SCIM)
            .note("which workspaces come back is unverified; the account may cost a seat"),
        ActionFacts::new(Action::DowngradeUser)
            .required(&[query("role_id")])
            .scopes(SCIM)
            .note("a member becomes a multi-channel guest: `role_id` is `restricted`"),
        ActionFacts::new(Action::AssignRole)
            .required(&[query("id"), query("roles"), query("workspace_id")])
            .accepts(&["organizations"])
            .places(&["organization", "workspace", "group"])
            .scopes(GRANTS)
            .note("a role is an `Rl…` id or the name of a system role, or `owner`, `admin`; `workspace_id` is a workspace or the organization"),
        ActionFacts::new(Action::UnassignRole)
            .required(&[query("id"), query("roles"), query("workspace_id")])
            .accepts(&["organizations"])
            .places(&["organization", "workspace", "group"])
            .scopes(GRANTS)
            .note("a role is an `Rl…` id or the name of a system role, or `owner`, `admin`, and of guests `restricted`, `ultra_restricted`, `guest`: who loses one is a member then. `workspace_id` is a workspace or the organization. A role that comes through an IdP group stays: take the user out of the group"),
        ActionFacts::new(Action::ListGroups)
            .filters(&["name", "workspace_id", "created_at"])
            .scopes(GROUPS)
            .note("the IdP groups, then the user groups of each workspace, disabled ones too (`remote_data.date_delete`)"),
        ActionFacts::new(Action::GetGroup).accepts(&["workspace_id"]).scopes(GROUPS),
        ActionFacts::new(Action::CreateGroup)
            .required(&[body("name")])
            .accepts(&["description", "organization"])
            .scopes(WRITE_GROUPS)
            .note("an IdP group; with a workspace as `organization` a user group of that workspace"),
        ActionFacts::new(Action::UpdateGroup).accepts(&["name", "description"]).scopes(WRITE_GROUPS),
        ActionFacts::new(Action::DeleteGroup)
            .scopes(WRITE_GROUPS)
            .shows(OwnPredicate::Group(groups::is_disabled))
            .note("an IdP group is deleted for good; a user group is disabled, and can be enabled in Slack"),
        ActionFacts::new(Action::AddUserToGroup)
            .accepts(&["workspace_id"])
            .scopes(MEMBERS)
            .note("an IdP group that is tied to a workspace adds the person there too, which may cost a seat"),
        ActionFacts::new(Action::RemoveUserFromGroup).accepts(&["workspace_id"]).scopes(MEMBERS),
        ActionFacts::new(Action::ListRoles)
            .scopes(&["admin.roles:read"])
            .note("system roles, account types, and those custom roles that somebody holds: Slack lists no roles"),
        ActionFacts::new(Action::GetRole).scopes(&["admin.roles:read"]),
        ActionFacts::new(Action::ListRoleAssignments)
            .filters(&["user_id", "role_id", "workspace_id", "organization_id"])
            .scopes(&["admin.roles:read"])
            .note("of system and custom roles; owners and administrators are in the users' `roles`. `workspace` is the workspace, organization or channel it is for"),
        ActionFacts::new(Action::GetRoleAssignment).scopes(&["admin.roles:read"]),
        ActionFacts::new(Action::DeleteRoleAssignment).scopes(&["admin.roles:read", "admin.roles:write"]),
        ActionFacts::new(Action::ListLicenses)
            .filters(&["user_id"])
            .scopes(&["team.billing:read", "admin", "users:read"])
            .note("the plan stands for a licence: Slack tells no seats. With `user_id`, which alone needs `admin` and `users:read`, it is there where the user is billed"),
        ActionFacts::new(Action::GetLicense).scopes(&["team.billing:read"]),
        ActionFacts::new(Action::ListOrganizations).note("the one organization of the token"),
        ActionFacts::new(Action::GetOrganization),
        ActionFacts::new(Action::ListWorkspaces).scopes(&["admin.teams:read"]).partial(),
        ActionFacts::new(Action::GetWorkspace).scopes(&["admin.teams:read"]),
        ActionFacts::new(Action::ListActivities)
            .filters(&["action", "actor_id", "entity", "created_at"])
            .scopes(&["auditlogs:read"])
            .note("newest first; only the token of an owner of the organization may read it"),
        ActionFacts::new(Action::ListMe).scopes(&["users:read"]),
    ],
    lacks: &[
        lack(
            &[Action::SuspendUser, Action::UnsuspendUser],
            "Slack has no state beside active and deactivated; use users/deactivate and users/activate",
        ),
        lack(
            &[Action::CreateRole, Action::UpdateRole, Action::DeleteRole],
            "Slack's API cannot change what a role allows; custom roles are made in its console",
        ),
        lack(&[Action::UpdateOrganization, Action::DeleteOrganization], "a Slack organization is changed in its console"),
        lack(&[Action::GetActivity], "Slack's audit log is a list and has no read of one event"),
        lack(&[Action::ListBilling, Action::ListUtilization], "Slack's admin API has no bills and no usage reports"),
    ],
    notes: &[
        "Somebody who is deactivated or activated while users are listed may be missing: such a list ends in an error that says \
         so.",
        "The kind of a group is found by a SCIM read; a user group is then looked for in every workspace, once, unless \
         `workspace_id` names it.",
        "A user group cannot be emptied; Slack's update of one replaces its members, so two changes at once can undo each other.",
        "The primary owner, and the person whose token the account has, are refused where they would be locked out or \
         lose their account type.",
        "Unverified: whether `roles` of a listed user holds ids or names (both are read); what Slack answers to taking a \
         role that is not held (it is looked for first); whether a list of assignments refuses a custom role that is not there (where it does not, \
         taking such a role says `already`); the status codes of SCIM writes (any 2xx is taken) and of \
         refusals about owners; the path of the guest extension in a SCIM patch (without it second); the unquoted filter of \
         a member removal (the value form second); SCIM filters other than `userName eq` (not used); whom \
         `users.lookupByEmail` finds (where it does not find all, the whole list is looked through); SCIM and audit addresses of GovSlack; the words of plans; whether \
         membership-locked groups are refused; rate limits of SCIM groups.",
    ],
    consistency: Consistency::Lagging,
};

/// SCIM's own, and who is changed is looked at before and after by `users.info`.
const SCIM: &[&str] = &["admin", "users:read"];
const GRANTS: &[&str] = &[
    "admin.roles:read",
    "admin.roles:write",
    "admin.users:read",
    "admin.users:write",
    "admin.teams:read",
    "users:read",
];
const GROUPS: &[&str] = &["admin", "usergroups:read", "admin.teams:read"];
const WRITE_GROUPS: &[&str] = &["admin", "usergroups:read", "usergroups:write", "admin.teams:read"];
/// And who is no member is looked at: the id may be mistyped.
const MEMBERS: &[&str] = &["admin", "usergroups:read", "usergroups:write", "admin.teams:read", "users:read"];
