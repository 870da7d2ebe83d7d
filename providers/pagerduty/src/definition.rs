//! What PagerDuty needs, does and lacks, as data.

use userdir_core::action::Action;
use userdir_core::definition::{ActionFacts, Consistency, Definition, Scheme, Setting, body, lack, query};

/// PagerDuty's own page.
pub static DEFINITION: Definition = Definition {
    slug: "pagerduty",
    aliases: &[],
    name: "PagerDuty",
    documentation: "https://developer.pagerduty.com/api-reference/",
    settings: &[
        Setting::choice("region", "Service region", &["us", "eu"], "where the account is").default("us"),
        Setting::url("base_url", "API address", &["api.pagerduty.com", "api.eu.pagerduty.com"], "that of the region, if left out"),
        Setting::secret("api_key", "API key", "Integrations > API Access Keys (of the account), or My Profile > User Settings (of a user)"),
        Setting::text("from", "In whose name", "e-mail address of a user of the account, sent with each change; an account's key needs it to create users"),
        Setting::secret("access_token", "Access token", "an OAuth token that something else keeps fresh"),
        Setting::text("client_id", "Client id", "of an app of yours; give client_secret and subdomain, or refresh_token, too"),
        Setting::secret("client_secret", "Client secret", "of the app"),
        Setting::text("subdomain", "Subdomain", "`acme` of acme.pagerduty.com, for an app that acts for itself"),
        Setting::text("scopes", "Scopes", "what such an app asks for, separated by spaces; all of them must be granted to it").default(SCOPES),
        Setting::secret("refresh_token", "Refresh token", "of the user that the app acts for"),
        Setting::url("token_url", "Token address", &["identity.pagerduty.com"], "where tokens come from").default("https://identity.pagerduty.com/oauth/token"),
    ],
    schemes: &[
        Scheme { name: "api_key", needs: &["api_key"] },
        Scheme { name: "access_token", needs: &["access_token"] },
        Scheme { name: "client_credentials", needs: &["client_id", "client_secret", "subdomain"] },
        Scheme { name: "refresh_token", needs: &["client_id", "client_secret", "refresh_token"] },
    ],
    actions: &[
        ActionFacts::new(Action::ListUsers)
            .filters(&["name", "username", "emails", "status", "user_type", "group_id", "role_id"])
            .scopes(&["users.read", "users:contact_methods.read", "teams.read"])
            .partial()
            .note("team roles and licences cost calls of their own: see users/get; role_assignments and utilization have everybody's at once. `role_id` is a base role"),
        ActionFacts::new(Action::GetUser)
            .scopes(&["users.read", "users:contact_methods.read", "teams.read", "licenses.read"])
            .note("team roles cost a call a team"),
        ActionFacts::new(Action::CreateUser)
            .required(&[body("name"), body("emails")])
            .accepts(&["title", "timezone", "bio", "roles", "licenses"])
            .scopes(&["users.read", "users.write", "licenses.read"])
            .note("PagerDuty mails an invitation, and chooses a licence where none is given"),
        ActionFacts::new(Action::UpdateUser)
            .accepts(&["name", "emails", "title", "timezone", "bio"])
            .scopes(WRITE_USERS)
            .note("role and licence: users/assign-role and users/downgrade"),
        ActionFacts::new(Action::DeleteUser)
            .scopes(WRITE_USERS)
            .note("for good; incidents are reassigned by and by. The account owner cannot be deleted"),
        ActionFacts::new(Action::AssignRole)
            .places(&["group"])
            .scopes(SEATS)
            .note("replaces the base role, which the held licence must allow; with `roles[].group` the role in that team"),
        ActionFacts::new(Action::DowngradeUser)
            .required(&[query("user_id"), query("license_id"), query("role_id")])
            .scopes(SEATS)
            .note("sets licence and base role together, after a look at the licence's roles and free seats; team roles, schedules and escalation policies stay"),
        ActionFacts::new(Action::ListGroups).filters(&["name", "user_id"]).scopes(&["teams.read", "users.read"]),
        ActionFacts::new(Action::GetGroup).scopes(&["teams.read"]),
        ActionFacts::new(Action::CreateGroup).required(&[body("name")]).accepts(&["description"]).scopes(TEAMS),
        ActionFacts::new(Action::UpdateGroup).accepts(&["name", "description"]).scopes(TEAMS),
        ActionFacts::new(Action::DeleteGroup)
            .scopes(TEAMS)
            .note("refused while escalation policies, services, schedules or subteams belong to the team"),
        ActionFacts::new(Action::AddUserToGroup).scopes(MEMBERSHIP).note("as a responder; users/assign-role gives another role in the team"),
        ActionFacts::new(Action::RemoveUserFromGroup)
            .scopes(MEMBERSHIP)
            .note("refused while the user is on an escalation policy of the team"),
        ActionFacts::new(Action::ListRoles).note("the base roles; a team has `observer`, `responder` and `manager`"),
        ActionFacts::new(Action::GetRole),
        ActionFacts::new(Action::ListRoleAssignments)
            .filters(&["group_id", "user_id", "role_id"])
            .scopes(&["users.read", "teams.read"])
            .note("base roles, under the user's id, and `role_id` is one; with `group_id` the roles in that team, under `<team>:<user>`"),
        ActionFacts::new(Action::ListLicenses)
            .filters(&["user_id"])
            .scopes(&["licenses.read"])
            .note("`available_quantity` is given and left together, and absent where there is no end of it"),
        ActionFacts::new(Action::GetLicense).scopes(&["licenses.read"]),
        ActionFacts::new(Action::ListUtilization)
            .filters(&["type"])
            .scopes(&["licenses.read"])
            .note("one report, `licenses`: who holds which seat, a user a row; with the key of an administrator"),
        ActionFacts::new(Action::ListOrganizations).scopes(&["users.read"]).note("the account, by its subdomain"),
        ActionFacts::new(Action::ListActivities)
            .filters(&["action", "actor_id", "entity", "entity_type", "created_at"])
            .scopes(&["audit_records.read"])
            .note("without a begin in `created_at` 31 days; PagerDuty keeps twelve months, and the plan must have the audit trail"),
        ActionFacts::new(Action::ListMe).scopes(&["users.read", "users:contact_methods.read"]),
    ],
    lacks: &[
        lack(
            &[Action::DeactivateUser, Action::ActivateUser, Action::SuspendUser, Action::UnsuspendUser],
            "PagerDuty has no sign-in block: users/downgrade moves somebody to a stakeholder's seat, and users/delete is for good",
        ),
        lack(
            &[Action::UnassignRole],
            "a user always has one base role, and a member one role in the team: users/assign-role or users/downgrade replace it, groups/remove-user ends a membership",
        ),
        lack(&[Action::CreateRole, Action::UpdateRole, Action::DeleteRole], "PagerDuty's roles are fixed"),
        lack(
            &[Action::GetRoleAssignment, Action::DeleteRoleAssignment],
            "PagerDuty's roles are part of users and memberships and have no ids of their own",
        ),
        lack(
            &[Action::GetOrganization, Action::UpdateOrganization, Action::DeleteOrganization],
            "there is one account, and PagerDuty shows no more of it than its subdomain",
        ),
        lack(&[Action::ListWorkspaces, Action::GetWorkspace], "PagerDuty has no workspaces"),
        lack(&[Action::GetActivity], "PagerDuty's audit trail is a list and has no read of one record"),
        lack(&[Action::ListBilling], "PagerDuty's API has no bills"),
    ],
    notes: &[
        "A list shows its first 10,000 items; one that is longer ends in an error that says so. Narrow users by `group_id`.",
        "`name` and `username` of users are searched for with one word, and compared exactly here. That the search finds \
         addresses is not documented; PagerDuty's own Terraform provider relies on it. It finds none among the contact \
         methods, so `emails` reads every user: `username` is quicker.",
        "The account owner can be neither made, changed nor deleted through the API: userdir refuses it before any write.",
        "The secret addresses of a user's calendar are taken out of `remote_data`.",
        "Unverified: what removing somebody who is no member answers (each action looks first); the default team role; the \
         console's names of roles; 402 or 403 for a plan without audit trail; whether `From` matters for updates.",
    ],
    consistency: Consistency::Immediate,
};

/// What an app asks for when the account does not say.
const SCOPES: &str =
    "users.read users.write users:contact_methods.read teams.read teams.write licenses.read audit_records.read";

/// Every change is read again.
const TEAMS: &[&str] = &["teams.read", "teams.write"];
const WRITE_USERS: &[&str] = &["users.read", "users.write"];
/// Role and licence are read before and after.
const SEATS: &[&str] = &["users.read", "users.write", "teams.read", "teams.write", "licenses.read"];
/// Whether a user is in a team is read from the user.
const MEMBERSHIP: &[&str] = &["teams.read", "teams.write", "users.read"];
