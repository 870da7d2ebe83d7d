//! What a SCIM server needs, does and lacks, as data.

use userdir_core::action::{Action, OwnPredicate};
use userdir_core::definition::{ActionFacts, Consistency, Definition, Scheme, Setting, body, lack};

use crate::users;

/// SCIM's own page.
pub static DEFINITION: Definition = Definition {
    slug: "scim",
    aliases: &[],
    name: "SCIM 2.0",
    documentation: "https://www.rfc-editor.org/rfc/rfc7644",
    settings: &[
        Setting::url("base_url", "SCIM address", &[], "everything before `/Users`, such as https://api.example.com/scim/v2").required(),
        Setting::secret("bearer_token", "Bearer token", "the product's provisioning page makes it, mostly shown once"),
        Setting::text("username", "User name", "for HTTP basic authentication; give password too"),
        Setting::secret("password", "Password", "for HTTP basic authentication"),
        Setting::text("header_name", "Header", "name of a header that authenticates; give header_value too"),
        Setting::secret("header_value", "Header value", "the whole value of that header"),
        Setting::url("token_url", "Token address", &[], "OAuth 2.0 token endpoint; give client_id and client_secret too"),
        Setting::text("client_id", "Client id", "of the OAuth 2.0 client"),
        Setting::secret("client_secret", "Client secret", "of the OAuth 2.0 client"),
        Setting::text("scope", "Scope", "what to ask for at the token address, separated by spaces"),
        Setting::choice("client_authentication", "Client authentication", &["basic", "post"], "how the OAuth 2.0 client proves itself: in a header or in the form").default("basic"),
        Setting::choice("content_type", "Content type", &["application/scim+json", "application/json"], "of what is sent; few products take plain JSON alone").default("application/scim+json"),
        Setting::flag("deactivate_deletes", "Deactivating deletes", "the product deletes a user whose `active` becomes false (PagerDuty, GitHub organizations)").default("false"),
        Setting::flag("hides_members", "Hidden members", "the product answers groups without their members, or with none (AWS IAM Identity Center)").default("false"),
        Setting::flag("slashes_in_ids", "Slashes in ids", "ids of this server hold characters such as `/`; they are sent percent-encoded").default("false"),
    ],
    schemes: &[
        Scheme { name: "bearer_token", needs: &["bearer_token"] },
        Scheme { name: "basic", needs: &["username", "password"] },
        Scheme { name: "header", needs: &["header_name", "header_value"] },
        Scheme { name: "client_credentials", needs: &["token_url", "client_id", "client_secret"] },
    ],
    actions: &[
        ActionFacts::new(Action::ListUsers)
            .filters(&["username", "external_id", "emails", "first_name", "last_name", "user_type", "status", "created_at", "updated_at", "group_id"])
            .note("one filter with one value is sent and all are looked at here; where the server cannot filter, and for active users, every user is read. With `group_id` users have id and name alone, which is what the group tells"),
        ActionFacts::new(Action::GetUser).note("`groups` is there only where the server fills it"),
        ActionFacts::new(Action::CreateUser)
            .accepts(USER)
            .note("needs `username`, or `emails`, of which the primary one becomes the user name"),
        ActionFacts::new(Action::UpdateUser).accepts(USER),
        ActionFacts::new(Action::DeleteUser)
            .shows(OwnPredicate::User(users::is_deleted))
            .note("some products, such as Slack, deactivate instead, and go on showing the user"),
        ActionFacts::new(Action::AssignRole).note("a role is a `value` of the user's `roles`"),
        ActionFacts::new(Action::UnassignRole).note("a role is a `value` of the user's `roles`"),
        ActionFacts::new(Action::DeactivateUser)
            .shows(OwnPredicate::User(users::is_inactive))
            .note("sets `active` to false. PagerDuty and GitHub organizations delete the user then: set `deactivate_deletes`"),
        ActionFacts::new(Action::ActivateUser)
            .shows(OwnPredicate::User(users::is_active))
            .note("sets `active` to true; some products, such as Sentry, take false alone"),
        ActionFacts::new(Action::ListGroups).filters(&["name", "created_at", "updated_at"]),
        ActionFacts::new(Action::GetGroup).note("`remote_data` has the members"),
        ActionFacts::new(Action::CreateGroup).required(&[body("name")]),
        ActionFacts::new(Action::UpdateGroup).required(&[body("name")]),
        ActionFacts::new(Action::DeleteGroup),
        ActionFacts::new(Action::AddUserToGroup),
        ActionFacts::new(Action::RemoveUserFromGroup),
        ActionFacts::new(Action::ListRoles)
            .filters(&["user_id"])
            .note("SCIM has no catalogue of roles: these are the ones that users hold, found by reading every user"),
        ActionFacts::new(Action::ListLicenses)
            .filters(&["user_id"])
            .note("SCIM has no licences; entitlements stand for them, and only those that users have are found"),
        ActionFacts::new(Action::ListRoleAssignments)
            .filters(&["user_id", "role_id"])
            .note("ids are `<user id>:<role>`; without `user_id` every user is read"),
        ActionFacts::new(Action::GetRoleAssignment),
        ActionFacts::new(Action::DeleteRoleAssignment),
    ],
    lacks: &[
        lack(&[Action::SuspendUser, Action::UnsuspendUser], "SCIM knows only `active`; use users/deactivate and users/activate"),
        lack(&[Action::DowngradeUser], "SCIM has no seats that could be cheaper; change roles with users/assign-role and users/unassign-role"),
        lack(
            &[Action::GetRole, Action::CreateRole, Action::UpdateRole, Action::DeleteRole],
            "a role of SCIM is a value on users and nothing of its own",
        ),
        lack(&[Action::GetLicense], "an entitlement of SCIM is a value on users and nothing of its own"),
        lack(
            &[
                Action::ListOrganizations, Action::GetOrganization, Action::UpdateOrganization,
                Action::DeleteOrganization,
            ],
            "SCIM has no organizations; a user's `organizations` show a name at most",
        ),
        lack(&[Action::ListWorkspaces, Action::GetWorkspace], "SCIM has no workspaces; each tenant has an address of its own"),
        lack(&[Action::ListActivities, Action::GetActivity], "SCIM has no log"),
        lack(&[Action::ListMe], "`/Me` is optional in RFC 7644 and a provisioning token mostly stands for no user"),
        lack(&[Action::ListBilling, Action::ListUtilization], "SCIM has no bills and no usage reports"),
    ],
    notes: &[
        "A user without `active` is shown as active, since SCIM has no other word; that such a one was activated or \
         deactivated cannot be confirmed. GitHub organizations also list invitations that were not accepted; they cannot be told apart.",
        "A change is tried as PATCH in the forms that servers take, and as PUT of the whole object at last; only where \
         the server refused the form before.",
        "A filter that finds nobody is followed by reading the whole list, unless it is by user name: many servers answer \
         a filter that they do not know with an empty list.",
        "A group that is answered without members is taken for empty after they were asked for by name. AWS IAM Identity Center \
         answers an empty list for every group: set `hides_members`, or everybody reads as out already.",
        "A group inside a group is no member in the list of its users.",
        "Unverified: whether a server that leaves `active` out always means an active user; what deactivating does at \
         1Password and Sentry; the address of AWS IAM Identity Center. See the README's table.",
    ],
    consistency: Consistency::Immediate,
};

/// The fields of a user that can be set.
const USER: &[&str] = &[
    "username",
    "external_id",
    "emails",
    "first_name",
    "last_name",
    "name",
    "title",
    "phones",
    "password",
    "status",
    "user_type",
    "timezone",
    "languages",
    "avatar",
    "urls",
];
