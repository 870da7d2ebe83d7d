//! What Salesforce needs, does and lacks, as data.

use userdir_core::action::{Action, OwnPredicate};
use userdir_core::definition::{ActionFacts, Consistency, Definition, Scheme, Setting, body, lack, query};

use crate::lifecycle;

/// Hosts of Salesforce. Those of government and China are unverified.
pub const HOSTS: &[&str] =
    &["*.salesforce.com", "*.force.com", "*.salesforce.mil", "*.crmforce.mil", "*.sfcrmproducts.cn"];

/// Salesforce's own page.
pub static DEFINITION: Definition = Definition {
    slug: "salesforce",
    aliases: &[],
    name: "Salesforce",
    documentation: "https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/",
    settings: &[
        Setting::url("base_url", "My Domain address", HOSTS, "the organization's own address, such as https://acme.my.salesforce.com").required(),
        Setting::text("client_id", "Consumer key", "consumer key of the connected app or external client app"),
        Setting::secret("client_secret", "Consumer secret", "consumer secret; without a refresh token the app must allow client credentials and name the user to run as"),
        Setting::secret("refresh_token", "Refresh token", "from a sign-in through the app's authorization code flow, in place of client credentials"),
        Setting::text("username", "User name", "with private_key: the user to act as"),
        Setting::secret("private_key", "Private key", "RSA, as PEM, of the certificate uploaded to the app"),
        Setting::text("audience", "Audience", "with private_key: https://test.salesforce.com for a sandbox").default("https://login.salesforce.com"),
        Setting::url("token_url", "Token address", HOSTS, "where tokens are fetched, where that is not below base_url"),
        Setting::text("api_version", "API version", "version of the REST API; from 62.0 on groups have a description").default("60.0"),
        Setting::text("user_types", "Kinds of users", "kinds of users in lists, by comma; `all` shows portal, guest and system users too").default("Standard"),
        Setting::flag("freeze_when_blocked", "Freeze where deactivating is blocked", "`true`: where Salesforce refuses to deactivate a user, the sign-in is frozen instead").default("false"),
    ],
    schemes: &[
        Scheme { name: "refresh_token", needs: &["client_id", "client_secret", "refresh_token"] },
        Scheme { name: "jwt_bearer", needs: &["client_id", "username", "private_key"] },
        Scheme { name: "client_credentials", needs: &["client_id", "client_secret"] },
    ],
    actions: &[
        ActionFacts::new(Action::ListUsers)
            .filters(&["emails", "username", "name", "status", "user_type", "created_at", "updated_at", "role_id", "group_id", "sort_by"])
            .sort(&["created_at", "updated_at", "last_login_at", "username", "name"])
            .scopes(READ)
            .note("users of type Standard unless `user_type` or the setting `user_types` says otherwise; `name` finds what begins with it; where a field is hidden from the token's user, others may be missing too"),
        ActionFacts::new(Action::GetUser).scopes(READ),
        ActionFacts::new(Action::CreateUser)
            .required(&[body("last_name"), body("emails"), body("roles")])
            .accepts(&["first_name", "username", "title", "external_id", "phones", "timezone", "languages", "bio"])
            .scopes(MANAGE_USERS)
            .note("`roles` holds the profile (00e…), and a hierarchy role (00E…) if one likes; without `username` it is the address, and user names are unique over all of Salesforce"),
        ActionFacts::new(Action::UpdateUser)
            .accepts(&["first_name", "last_name", "username", "emails", "title", "external_id", "phones", "timezone", "languages", "bio"])
            .scopes(MANAGE_USERS)
            .note("the organization may ask the user to confirm a new address first: `pending` until then"),
        ActionFacts::new(Action::DeleteUser)
            .scopes(MANAGE_USERS)
            .shows(OwnPredicate::User(lifecycle::is_deactivated))
            .note("Salesforce deletes no user: the user is deactivated"),
        ActionFacts::new(Action::AssignRole)
            .scopes(ASSIGN)
            .note("a profile or hierarchy role takes the place of the one before; permission sets and groups of sets are added"),
        ActionFacts::new(Action::UnassignRole)
            .scopes(ASSIGN)
            .note("a profile cannot be taken away; a set that is held through a group of sets goes with the group"),
        ActionFacts::new(Action::DeactivateUser)
            .scopes(MANAGE_USERS)
            .shows(OwnPredicate::User(lifecycle::is_deactivated))
            .note("frees the licence; where Salesforce refuses and `freeze_when_blocked` is set, the sign-in is frozen and the answer is `pending`, but never the last administrator's"),
        ActionFacts::new(Action::ActivateUser).scopes(MANAGE_USERS).note("takes a licence again, and thaws a frozen sign-in where the token's user may see it"),
        ActionFacts::new(Action::SuspendUser)
            .scopes(FREEZE)
            .shows(OwnPredicate::User(lifecycle::is_frozen))
            .note("freezes the sign-in; the licence stays taken"),
        ActionFacts::new(Action::UnsuspendUser).scopes(FREEZE),
        ActionFacts::new(Action::DowngradeUser)
            .required(&[query("user_id"), query("role_id")])
            .scopes(MANAGE_USERS)
            .note("`role_id` is a profile (00e…), which decides the licence, or a hierarchy role (00E…); permission sets and their licences stay"),
        ActionFacts::new(Action::ListGroups)
            .filters(&["name", "group_type", "user_id", "created_at", "updated_at"])
            .scopes(READ)
            .note("public groups; `group_type` `Queue` lists queues, and `user_id` the groups and queues that the user is directly in"),
        ActionFacts::new(Action::GetGroup).scopes(READ),
        ActionFacts::new(Action::CreateGroup).required(&[body("name")]).accepts(&["description"]).scopes(MANAGE_GROUPS),
        ActionFacts::new(Action::UpdateGroup).accepts(&["name", "description"]).scopes(MANAGE_GROUPS),
        ActionFacts::new(Action::DeleteGroup).scopes(MANAGE_GROUPS),
        ActionFacts::new(Action::AddUserToGroup).scopes(MANAGE_GROUPS),
        ActionFacts::new(Action::RemoveUserFromGroup)
            .scopes(MANAGE_GROUPS)
            .note("direct membership alone: what comes through a group inside the group or through the hierarchy stays"),
        ActionFacts::new(Action::ListRoles).scopes(READ).note("profiles, hierarchy roles, permission sets, permission set groups; `type` tells which"),
        ActionFacts::new(Action::GetRole).scopes(READ),
        ActionFacts::new(Action::CreateRole).required(&[body("name")]).accepts(&["description"]).scopes(&["Manage Roles"]).note("a hierarchy role"),
        ActionFacts::new(Action::UpdateRole).accepts(&["name", "description"]).scopes(&["Manage Roles"]).note("hierarchy roles alone"),
        ActionFacts::new(Action::DeleteRole).scopes(&["Manage Roles"]).note("hierarchy roles alone"),
        ActionFacts::new(Action::ListRoleAssignments)
            .filters(&["user_id", "role_id"])
            .scopes(READ)
            .note("of every kind of user; profile and hierarchy role have ids `<user id>:<role id>`"),
        ActionFacts::new(Action::GetRoleAssignment).scopes(READ),
        ActionFacts::new(Action::DeleteRoleAssignment).scopes(ASSIGN).note("not of a profile"),
        ActionFacts::new(Action::ListLicenses)
            .filters(&["status", "user_id"])
            .scopes(READ)
            .note("user licences, permission set licences, licences of managed packages"),
        ActionFacts::new(Action::GetLicense).scopes(READ),
        ActionFacts::new(Action::ListOrganizations).scopes(READ),
        ActionFacts::new(Action::GetOrganization).scopes(READ),
        ActionFacts::new(Action::UpdateOrganization).accepts(&["name"]).scopes(&["Modify All Data"]),
        ActionFacts::new(Action::ListActivities)
            .filters(&["action", "actor_id", "created_at"])
            .scopes(&["View Setup and Configuration", "Manage Users"])
            .note("changes in Setup, then sign-ins (`login`, `login_failed`), each newest first"),
        ActionFacts::new(Action::ListMe).scopes(&["openid"]),
    ],
    lacks: &[
        lack(&[Action::GetActivity], "Salesforce's logs are lists; sign-ins cannot be looked up by id"),
        lack(&[Action::DeleteOrganization], "an organization is closed by Salesforce, not through its API"),
        lack(&[Action::ListWorkspaces, Action::GetWorkspace], "a Salesforce organization has no workspaces"),
        lack(&[Action::ListBilling, Action::ListUtilization], "Salesforce's REST API has no bills and no usage reports"),
    ],
    notes: &[
        "Feature licences, such as Marketing User, are no rows of `licenses`: they are fields of a user, of which each \
         organization has others, and no call lists them.",
        "What `scopes` names are permissions of the token's user: there are no scopes an object, only `api` (and `openid`, to \
         know the token's own user where its answer does not name that).",
        "The day's quota comes as 403 REQUEST_LIMIT_EXCEEDED, without a time; it is told at once and not waited for.",
        "The user whose token the account has is not deactivated, suspended, moved to another profile or stripped of roles: \
         userdir refuses it. Where neither the token's answer nor `userinfo` (scope `openid`) names that user, Salesforce's own \
         guards are left.",
        "After an organization moved, nobody is at its old address: a new token is fetched then, which says the new one.",
        "Unverified: what a downgrade elsewhere means by `role_id` (a profile is the usual case); the codes by which \
         Salesforce blocks deactivating; the prefix of permission set groups (0PG); -1 for unlimited licences; the permissions \
         for hierarchy roles, the organization and freezing; hosts of government and China; how long sessions (two hours), \
         list positions (two days, ten at once) and logs (180 days, six months) last; the length of an address (16 kB); \
         whether a new user is mailed; whether an assignment that is over stays listed (it gives its user no role, and lists of \
         assignments show it); \
         whether the picture's address opens without a session.",
    ],
    consistency: Consistency::Immediate,
};

const READ: &[&str] = &["API Enabled", "View Setup and Configuration"];
const MANAGE_USERS: &[&str] = &["Manage Internal Users"];
const MANAGE_GROUPS: &[&str] = &["Manage Users"];
const ASSIGN: &[&str] = &["Assign Permission Sets", "View Setup and Configuration", "Manage Internal Users"];
const FREEZE: &[&str] = &["Freeze Users"];
