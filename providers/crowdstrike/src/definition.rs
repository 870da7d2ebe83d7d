//! What Falcon needs, does and lacks, as data.

use userdir_core::action::Action;
use userdir_core::definition::{ActionFacts, Consistency, Definition, Scheme, Setting, body, lack};

/// Falcon's own page.
pub static DEFINITION: Definition = Definition {
    slug: "crowdstrike",
    aliases: &[],
    name: "CrowdStrike Falcon",
    documentation: "https://www.falconpy.io/Service-Collections/User-Management.html",
    settings: &[
        Setting::text("client_id", "Client id", "of an API client: Support and resources > API clients and keys"),
        Setting::secret("client_secret", "Client secret", "shown once, when the API client is made"),
        Setting::choice("region", "Cloud", REGIONS, "the customer's cloud; without it Falcon is asked, which the two of the government do not answer"),
        Setting::url("base_url", "Address", HOSTS, "of the API; an address other than the default is kept to").default(crate::US_1),
        Setting::url("token_url", "Token address", HOSTS, "where tokens are fetched; without it /oauth2/token at the API's address"),
        Setting::text("member_cid", "Child CID", "of a Flight Control parent: all calls are about this child alone"),
        Setting::text("cid", "CID", "where roles are given and taken when a call does not say; without it the user's home CID"),
        Setting::choice("group_source", "Groups", &["profile", "flight_control"], "which of Falcon's groups are meant: profile groups, or Flight Control's user groups").default("profile"),
        Setting::flag("flight_control", "Flight Control", "whether the CID has children; `false` spares the question, and lists the own CID alone"),
    ],
    schemes: &[Scheme { name: "client_credentials", needs: &["client_id", "client_secret"] }],
    actions: &[
        ActionFacts::new(Action::ListUsers)
            .filters(&["username", "emails", "first_name", "last_name", "name", "status", "organization_id", "workspace_id", "group_id", "role_id", "created_at", "updated_at", "sort_by"])
            .sort(&["username", "emails", "first_name", "last_name", "name", "status", "created_at", "last_login_at"])
            .scopes(READ)
            .partial()
            .note("`organization_id` is the home CID, `workspace_id` one the user is assigned to; times are checked on what is listed, group members take no `workspace_id`; by role each user costs a call, and the CID is `workspace_id`, else the account's, else the user's home"),
        ActionFacts::new(Action::GetUser)
            .scopes(READ)
            .note("roles are those at the account's `cid`, else at the user's home CID"),
        ActionFacts::new(Action::CreateUser)
            .required(&[body("emails")])
            .accepts(&["username", "first_name", "last_name", "password", "organization_id"])
            .scopes(WRITE)
            .note("roles are given afterwards; without a password Falcon mails an activation link, unless the customer signs in elsewhere"),
        ActionFacts::new(Action::UpdateUser).accepts(&["first_name", "last_name"]).scopes(WRITE).note("names alone; nothing else can be changed"),
        ActionFacts::new(Action::DeleteUser).scopes(WRITE).note("for good: a user made again has another id and no roles"),
        ActionFacts::new(Action::AssignRole)
            .accepts(&["organizations"])
            .places(&["organization", "workspace"])
            .scopes(WRITE)
            .note(PLACE),
        ActionFacts::new(Action::UnassignRole)
            .accepts(&["organizations"])
            .places(&["organization", "workspace", "group"])
            .scopes(WRITE)
            .note(PLACE),
        ActionFacts::new(Action::ListGroups)
            .filters(&["name", "organization_id", "user_id", "sort_by"])
            .sort(&["name", "updated_at"])
            .scopes(GROUPS_READ)
            .note("`organization_id` works for profile groups alone"),
        ActionFacts::new(Action::GetGroup).scopes(GROUPS_READ),
        ActionFacts::new(Action::CreateGroup)
            .required(&[body("name")])
            .accepts(&["description", "organization"])
            .scopes(GROUPS_WRITE)
            .note("a profile group belongs to the CID in `organization`, else to the account's `cid`, else to the own one"),
        ActionFacts::new(Action::UpdateGroup).accepts(&["name", "description"]).scopes(GROUPS_WRITE),
        ActionFacts::new(Action::DeleteGroup).scopes(GROUPS_WRITE).note("a group of Flight Control is emptied first"),
        ActionFacts::new(Action::AddUserToGroup).scopes(GROUPS_WRITE),
        ActionFacts::new(Action::RemoveUserFromGroup).scopes(GROUPS_WRITE),
        ActionFacts::new(Action::ListRoles)
            .filters(&["user_id", "organization_id", "workspace_id"])
            .scopes(READ)
            .note("either id is the CID; a custom role is known at its own CID"),
        ActionFacts::new(Action::GetRole).accepts(&["organization_id", "workspace_id"]).scopes(READ).note("either id is the CID"),
        ActionFacts::new(Action::ListRoleAssignments)
            .filters(&["user_id", "role_id", "organization_id", "workspace_id"])
            .scopes(READ)
            .note("ids are `<user>:<CID>:<role>`, since Falcon has none; without `user_id` each user costs a call; without a CID each user's home is looked at"),
        ActionFacts::new(Action::GetRoleAssignment).scopes(READ),
        ActionFacts::new(Action::DeleteRoleAssignment).scopes(WRITE).note("direct grants alone"),
        ActionFacts::new(Action::ListOrganizations).scopes(TENANTS).note("CIDs: the own one, and its children in Flight Control"),
        ActionFacts::new(Action::GetOrganization).scopes(TENANTS),
        ActionFacts::new(Action::ListWorkspaces).scopes(TENANTS).note("the same CIDs as the organizations"),
        ActionFacts::new(Action::GetWorkspace).scopes(TENANTS),
    ],
    lacks: &[
        lack(
            &[Action::DeactivateUser, Action::ActivateUser, Action::SuspendUser, Action::UnsuspendUser],
            "no call of Falcon's changes a user's status; take the roles away with users/unassign-role, or delete the user",
        ),
        lack(
            &[Action::DowngradeUser],
            "Falcon has no seats that could be cheaper; give and take roles with users/assign-role and users/unassign-role",
        ),
        lack(
            &[Action::CreateRole, Action::UpdateRole, Action::DeleteRole],
            "Falcon's API does not make or change roles; that is done in the console",
        ),
        lack(&[Action::ListLicenses, Action::GetLicense], "Falcon's user management knows no licences"),
        lack(&[Action::UpdateOrganization, Action::DeleteOrganization], "a CID is changed by CrowdStrike and not by this API"),
        lack(&[Action::ListActivities, Action::GetActivity], "Falcon's audit log comes as an event stream and cannot be listed"),
        lack(&[Action::ListMe], "a token belongs to an API client and to no user"),
        lack(&[Action::ListBilling, Action::ListUtilization], "Falcon's user management has no bills and no usage reports"),
    ],
    notes: &[
        "Roles given or taken may be shown more than 30 seconds later: until then the effect is `pending`. Read the user again.",
        "A role that comes through a Flight Control group, and one that is held until some time, is not revoked here: the call \
         says so, and what it could revoke is revoked.",
        "CIDs are 32 lower-case hex digits; the console shows upper case and a checksum behind a dash, which calls refuse.",
        "Values that hold a quote, a backslash or `*` cannot be filtered by: how Falcon's filter language escapes them is not \
         documented.",
        "A 403 for a token may mean that the API client has an IP allow list; otherwise id and secret are wrong or of another cloud.",
        "Profile groups work while SCIM provisioning is not in production for the CID.",
        "Without `region` every token is asked of us-1, also once the customer's cloud is known; where an allow list or a rule \
         wants all traffic in one cloud, set `region`.",
        "Unverified: that a token which us-1 gave is taken in another cloud; the page size of Flight Control's queries (100 is asked for); that an empty `filter` beside `ids` addresses \
         profile groups by id; the words for a login that is there already; the scope of profile groups; whether `offset` and \
         `limit` together may pass 10,000; the name of the scope for the own CID; what granting, adding or removing twice \
         is answered (each is looked at first); whether a grant changes the end of a role that is held until some time.",
    ],
    consistency: Consistency::Lagging,
};

/// The vendor's hosts.
pub(crate) const HOSTS: &[&str] = &["*.crowdstrike.com", "*.crowdstrike.mil"];

/// The vendor's clouds.
pub(crate) const REGIONS: &[&str] = &["us-1", "us-2", "us-3", "eu-1", "us-gov-1", "us-gov-2"];

const PLACE: &str = "the CID is the role's `workspace` or `organization`, else the one of `organizations`, else `remote_data.cid`, else \
     the account's `cid`, else the user's home; a custom role is held at the user's home CID";

const READ: &[&str] = &["User management: Read"];
const WRITE: &[&str] = &["User management: Write", "User management: Read"];
const GROUPS_READ: &[&str] = &["User management: Read or Flight Control: Read"];
const GROUPS_WRITE: &[&str] = &["User management: Write or Flight Control: Write", "User management: Read"];
const TENANTS: &[&str] = &["Sensor download: Read", "Flight Control: Read"];
