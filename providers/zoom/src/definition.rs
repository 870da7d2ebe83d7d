//! What Zoom needs, does and lacks, as data.

use userdir_core::action::{Action, OwnPredicate};
use userdir_core::definition::{ActionFacts, Consistency, Definition, Scheme, Setting, body, lack, query};

use crate::seats;

/// Where the API may be.
pub const API_HOSTS: &[&str] = &["*.zoom.us", "api.zoomgov.com"];

/// Zoom's own page. Scopes are the granular ones; README has the classic ones that older apps have instead.
pub static DEFINITION: Definition = Definition {
    slug: "zoom",
    aliases: &[],
    name: "Zoom",
    documentation: "https://developers.zoom.us/docs/api/",
    settings: &[
        Setting::text("account_id", "Account id", "of a Server-to-Server OAuth app, on its page App Credentials; groups show it as their organization"),
        Setting::text("client_id", "Client id", "of the app"),
        Setting::secret("client_secret", "Client secret", "of the app"),
        Setting::secret("refresh_token", "Refresh token", "instead of account_id: of the user that an OAuth app acts for"),
        Setting::secret("access_token", "Access token", "instead of an app: a token that something else keeps fresh"),
        Setting::url("base_url", "API address", API_HOSTS, "with its path, such as https://api-eu.zoom.us/v2; if left out, where the token says, else https://api.zoom.us/v2"),
        Setting::url("token_url", "Token address", &["zoom.us", "*.zoom.us", "zoomgov.com"], "where tokens come from").default("https://zoom.us/oauth/token"),
    ],
    schemes: &[
        Scheme { name: "server_to_server", needs: &["account_id", "client_id", "client_secret"] },
        Scheme { name: "refresh_token", needs: &["client_id", "client_secret", "refresh_token"] },
        Scheme { name: "access_token", needs: &["access_token"] },
    ],
    actions: &[
        ActionFacts::new(Action::ListUsers)
            .filters(&["first_name", "last_name", "name", "emails", "external_id", "status", "user_type", "created_at", "group_id", "role_id"])
            .scopes(LIST_USERS)
            .partial()
            .note("pending, inactive and active users, one after the other, and then whether the inactive ones are still the same; a pending user goes by the address"),
        ActionFacts::new(Action::GetUser).scopes(READ_USER),
        ActionFacts::new(Action::CreateUser)
            .required(&[body("emails")])
            .accepts(&["first_name", "last_name", "name", "user_type"])
            .scopes(&["user:write:user:admin", "user:read:user:admin"])
            .note("Zoom mails an invitation, and the user is pending until it is accepted; basic unless `user_type` is `licensed` or `on_prem`"),
        ActionFacts::new(Action::UpdateUser)
            .accepts(&["first_name", "last_name", "name", "title", "timezone", "languages"])
            .scopes(UPDATE_USER)
            .note("not the address, for which Zoom has a call of its own, nor phones, which it wants split by country: `remote_data` takes `phone_numbers` as Zoom has them"),
        ActionFacts::new(Action::DeleteUser)
            .scopes(&["user:delete:user:admin", "user:read:user:admin"])
            .note("takes the user off the account, who keeps a personal one (Zoom's default); `action=delete` in `remote_query` deletes for good. Neither can be undone"),
        ActionFacts::new(Action::DeactivateUser)
            .scopes(STATUS)
            .note("Zoom takes all licences away with it, add-ons too; owner and administrators are refused"),
        ActionFacts::new(Action::ActivateUser).scopes(STATUS).note("gives no licence back"),
        ActionFacts::new(Action::DowngradeUser)
            .required(&[query("user_id")])
            .scopes(UPDATE_USER)
            .shows(OwnPredicate::User(seats::is_basic))
            .note("to basic, the type without a licence; a bundle that Zoom still lists afterwards is partly done"),
        ActionFacts::new(Action::AssignRole).scopes(GIVE_ROLE).note("exactly one role, which replaces the present one; not owner (`0`) and member (`2`)"),
        ActionFacts::new(Action::UnassignRole).scopes(TAKE_ROLE).note("the user is a member afterwards; not owner (`0`) and member (`2`)"),
        ActionFacts::new(Action::ListGroups).filters(&["name"]).scopes(&["group:read:list_groups:admin"]),
        ActionFacts::new(Action::GetGroup).scopes(&["group:read:group:admin"]),
        ActionFacts::new(Action::CreateGroup).required(&[body("name")]).scopes(&["group:write:group:admin", "group:read:group:admin"]),
        ActionFacts::new(Action::UpdateGroup).required(&[body("name")]).scopes(&["group:update:group:admin", "group:read:group:admin"]),
        ActionFacts::new(Action::DeleteGroup).scopes(&["group:delete:group:admin", "group:read:group:admin"]).note("the members stay in the account"),
        ActionFacts::new(Action::AddUserToGroup).scopes(&["group:write:member:admin", "group:read:list_members:admin", "group:read:group:admin", "user:read:user:admin"]),
        ActionFacts::new(Action::RemoveUserFromGroup).scopes(&["group:delete:member:admin", "group:read:list_members:admin", "group:read:group:admin", "user:read:user:admin"]),
        ActionFacts::new(Action::ListRoles).scopes(&["role:read:list_roles:admin"]),
        ActionFacts::new(Action::GetRole).scopes(&["role:read:role:admin"]),
        ActionFacts::new(Action::CreateRole).required(&[body("name")]).accepts(&["description", "permissions"]).note("`permissions` are Zoom's privileges, such as User:Read"),
        ActionFacts::new(Action::UpdateRole).accepts(&["name", "description"]).note("not the built-in ones"),
        ActionFacts::new(Action::DeleteRole).note("not the built-in ones"),
        ActionFacts::new(Action::ListRoleAssignments)
            .filters(&["user_id", "role_id"])
            .scopes(&["user:read:list_users:admin", "role:read:list_members:admin", "user:read:user:admin"])
            .note("under the user's id, since there is one role a user"),
        ActionFacts::new(Action::ListLicenses)
            .filters(&["user_id"])
            .scopes(&["user:read:list_users:admin", "billing:read:plan_usage:admin", "user:read:summary:admin", "user:read:user:admin"])
            .note("the types of users stand for seats; what else users hold is found by reading every user"),
        ActionFacts::new(Action::GetLicense).scopes(LICENSES),
        ActionFacts::new(Action::ListOrganizations).scopes(&["user:read:list_users:admin", "user:read:user:admin"]).note("the account, as its owner shows it"),
        ActionFacts::new(Action::ListActivities)
            .filters(&["action", "entity_type", "created_at"])
            .scopes(&["report:read:operation_logs:admin", "report:read:admin"])
            .note("operation logs, and then who signed in and out; without a begin in `created_at` 30 days, and Zoom keeps six months. Ids are made from what an entry says"),
        ActionFacts::new(Action::ListBilling).scopes(&["report:read:admin"]).note("reports of department billing"),
        ActionFacts::new(Action::ListUtilization).filters(&["type"]).scopes(&["billing:read:plan_usage:admin"]).note("one report, `licenses`: hosts there are and hosts used, a plan a row"),
        ActionFacts::new(Action::ListMe).scopes(&["user:read:user"]),
    ],
    lacks: &[
        lack(&[Action::SuspendUser, Action::UnsuspendUser], "Zoom knows active and inactive alone: users/deactivate and users/activate"),
        lack(
            &[Action::GetRoleAssignment, Action::DeleteRoleAssignment],
            "a Zoom user has exactly one role, which has no id of its own: users/get shows it and users/unassign-role takes it away",
        ),
        lack(
            &[Action::GetOrganization, Action::UpdateOrganization, Action::DeleteOrganization],
            "there is one account, and Zoom's API shows it through its users alone",
        ),
        lack(&[Action::ListWorkspaces, Action::GetWorkspace], "Zoom has no workspaces"),
        lack(&[Action::GetActivity], "Zoom's logs are lists and their entries have no ids"),
    ],
    notes: &[
        "An address is no id here, nor is `me`, although Zoom takes them for one: refused, but for the address of a user who \
         has not accepted yet, so that nobody is taken for two. `users list --filter emails=…` finds the id.",
        "Somebody who is deactivated or activated while users are listed status by status may be missing: such a list ends in \
         an error that says so.",
        "A user's host key is taken out of `remote_data`.",
        "A daily limit is told at once, with the time at which Zoom answers again; a limit per second is waited out.",
        "Zoom works on one change of a user at a time and refuses another meanwhile, which is waited out and sent again. userdir \
         does not line up calls for the same user: make them one after the other.",
        "The last sign-in is up to three days late.",
        "Where single sign-on or SCIM manages users, it may undo a change at its next run.",
        "Unverified: whether basic alone takes a bundle off (Zoom is read again, and a bundle that is listed is partly done); \
         that a user falls back to member when a role is taken away; what assigning a role or adding a member twice answers; \
         changing a pending user by the address; the statuses of codes 4711 and 1109; whether the plan's usage may be read \
         with `me` by accounts without sub-accounts; the granular scopes of billing reports and of writing roles; the US \
         government's cloud.",
    ],
    consistency: Consistency::Immediate,
};

/// Names of roles and groups are read too; the members of a group, and users by address.
const LIST_USERS: &[&str] = &[
    "user:read:list_users:admin",
    "role:read:list_roles:admin",
    "group:read:list_groups:admin",
    "group:read:list_members:admin",
    "user:read:user:admin",
];
const READ_USER: &[&str] = &["user:read:user:admin", "group:read:list_groups:admin"];
const UPDATE_USER: &[&str] = &["user:update:user:admin", "user:read:user:admin"];
const STATUS: &[&str] = &["user:update:status:admin", "user:read:user:admin"];
const GIVE_ROLE: &[&str] = &["role:write:member:admin", "user:read:user:admin"];
const TAKE_ROLE: &[&str] = &["role:delete:member:admin", "role:read:role:admin", "user:read:user:admin"];
const LICENSES: &[&str] = &["user:read:list_users:admin", "billing:read:plan_usage:admin", "user:read:summary:admin"];
