//! What BlackLine needs, does and lacks, as data.

use userdir_core::action::Action;
use userdir_core::definition::{ActionFacts, Consistency, Definition, Required, Scheme, Setting, body, lack};

/// BlackLine's own page.
pub static DEFINITION: Definition = Definition {
    slug: "blackline",
    aliases: &[],
    name: "BlackLine",
    documentation: "https://developer.blackline.com",
    settings: &[
        Setting::text("environment", "Environment", "the cluster in BlackLine's address: `us2` of https://acme.us2.blackline.com"),
        Setting::text("client_id", "Client id", "from BlackLine, or from API Client Settings"),
        Setting::secret("client_secret", "Client secret", "of the client"),
        Setting::text("scopes", "Scopes", "of the client, separated by spaces, such as `bl.users bl.mdm instance_<UUID>`"),
        Setting::text("username", "API user", "login of a system administrator with API access to user management"),
        Setting::secret("api_key", "API key", "of that user: System > Users Admin Grid > the user > User Information; it is shown once and expires"),
        Setting::text("page_size", "Page size", "items to ask for at once, 10000 at most").default("1000"),
        Setting::url("base_url", "Address of the API", &["*.api.blackline.com"], "by default the environment's, such as https://us2.api.blackline.com"),
        Setting::url("token_url", "Token address", &["*.blackline.com"], "by default /authorize/connect/token below the API's; some instances have /connect/token"),
    ],
    schemes: &[Scheme { name: "password", needs: &["client_id", "client_secret", "scopes", "username", "api_key"] }],
    actions: &[
        ActionFacts::new(Action::ListUsers)
            .filters(&["first_name", "last_name", "name", "username", "emails", "status", "updated_at", "group_id"])
            .scopes(USERS)
            .partial()
            .note("BlackLine filters by `status` alone; other filters are compared here, on the whole list. `group_id` works without others"),
        ActionFacts::new(Action::GetUser).scopes(USERS).note("assumed call; where it is not there the list of users is read"),
        ActionFacts::new(Action::CreateUser)
            .required(&[body("first_name"), body("last_name"), body("emails")])
            .accepts(&["username", "title", "phones", "timezone", "status"])
            .scopes(USERS)
            .note("inactive unless `status` says otherwise: give roles and entities first. Without `username` the address is the login. The list of users is read first: a login that somebody has is refused"),
        ActionFacts::new(Action::UpdateUser)
            .accepts(&["first_name", "last_name", "emails", "username", "title", "phones", "timezone", "status"])
            .scopes(USERS)
            .note(ASSUMED),
        ActionFacts::new(Action::DeactivateUser).scopes(USERS).note(ASSUMED),
        ActionFacts::new(Action::ActivateUser).scopes(USERS).note(ASSUMED),
        ActionFacts::new(Action::AssignRole)
            .required(ROLES_OF_USER)
            .accepts(&["organizations"])
            .places(&["organization"])
            .scopes(USERS)
            .note("a role is given in a product: its id in `roles[].organization`, or in `organizations`"),
        ActionFacts::new(Action::UnassignRole)
            .required(ROLES_OF_USER)
            .accepts(&["organizations"])
            .places(&["organization"])
            .scopes(USERS)
            .note("in the product of `roles[].organization`, else of `organizations` (one for each role, or one for all), else in every product"),
        ActionFacts::new(Action::DowngradeUser)
            .required(&[body("role_id")])
            .accepts(&["license_id"])
            .scopes(USERS)
            // the role may be held in another product too, and the others there be held still
            .settles_nothing()
            .note("gives the role in the product of `license_id`, or in the only one, and takes the user's other roles in that product away"),
        ActionFacts::new(Action::ListGroups).filters(&["name", "user_id"]).scopes(USERS).note("teams"),
        ActionFacts::new(Action::GetGroup).scopes(USERS),
        ActionFacts::new(Action::AddUserToGroup).required(MEMBERSHIP).scopes(USERS),
        ActionFacts::new(Action::RemoveUserFromGroup).required(MEMBERSHIP).scopes(USERS),
        ActionFacts::new(Action::ListRoles).scopes(USERS),
        ActionFacts::new(Action::GetRole).scopes(USERS),
        ActionFacts::new(Action::ListRoleAssignments)
            .filters(&["user_id", "role_id", "group_id"])
            .scopes(USERS)
            .note("ids are `<user id>:<role id>:<product id>`, and `group_id` is the product; without `user_id` each user costs a call"),
        ActionFacts::new(Action::GetRoleAssignment).scopes(USERS),
        ActionFacts::new(Action::DeleteRoleAssignment).scopes(USERS),
        ActionFacts::new(Action::ListLicenses).filters(&["user_id"]).scopes(USERS).note(PRODUCTS),
        ActionFacts::new(Action::GetLicense).scopes(USERS).note(PRODUCTS),
        ActionFacts::new(Action::ListOrganizations).filters(&["user_id"]).scopes(USERS).note(PRODUCTS),
        ActionFacts::new(Action::GetOrganization).scopes(USERS).note(PRODUCTS),
        ActionFacts::new(Action::ListWorkspaces).filters(&["name"]).scopes(ENTITIES).note("entities of the account hierarchy"),
        ActionFacts::new(Action::GetWorkspace).scopes(ENTITIES),
        ActionFacts::new(Action::ListMe).scopes(USERS).note("the API user, found in the list of users by its login"),
    ],
    lacks: &[
        lack(&[Action::DeleteUser], "no public source shows a call of BlackLine that deletes users; deactivate them"),
        lack(
            &[Action::SuspendUser, Action::UnsuspendUser],
            "BlackLine knows active and inactive users alone; use users/deactivate and users/activate",
        ),
        lack(
            &[Action::CreateGroup, Action::UpdateGroup, Action::DeleteGroup],
            "no public source shows a call of BlackLine that changes teams; do it in BlackLine",
        ),
        lack(
            &[Action::CreateRole, Action::UpdateRole, Action::DeleteRole],
            "no public source shows a call of BlackLine that changes roles; do it in BlackLine",
        ),
        lack(
            &[Action::UpdateOrganization, Action::DeleteOrganization],
            "organizations stand for BlackLine's products, which its API does not change",
        ),
        lack(&[Action::ListActivities, Action::GetActivity], "no public source shows an audit log in BlackLine's API"),
        lack(&[Action::ListBilling, Action::ListUtilization], "no public source shows bills or usage reports in BlackLine's API"),
    ],
    notes: &[
        "BlackLine publishes no description of its API outside its customer portal; calls and names are those that independent \
         integrations show. Try it against a sandbox first.",
        "Unverified calls, assumed: reading one user (`GET /v1/users/{id}`; else the list decides) and changing one (`PUT \
         /v1/users/{id}` with all that is shown of the user but id, full name and last change, which users/update, deactivate and \
         activate rest on; what is there afterwards is read and compared). A second `POST /v1/users` with a login may change that \
         user: the list is looked through before, and what is made in between is not seen.",
        "Unverified reading: `organizations`, and a role's `organization`, mean products. BlackLine has no list of products; \
         those that somebody has a role in are shown.",
        "Unverified names: `nextLink` of lists; `roleId` and `productId` in the list of a user's roles; what the list of a team's \
         users shows; the filter `isActive eq false`; that lists without a filter hold inactive users; that BlackLine gives as \
         many items as `pageSize` asks for, up to 10000. A full page without a next link is an error, because the list may go on.",
        "Unverified answers: 404 for a role or team that is not held, 409 for one that is (reading again decides); whether several \
         roles are given all or none; `Authentication failed` in a 400 for a bad token (taken for a 401); limits.",
        "userdir refuses to deactivate the API user of the account, to change its login, and to take roles from it.",
    ],
    consistency: Consistency::Immediate,
};

const USERS: &[&str] = &["bl.users"];
const ENTITIES: &[&str] = &["bl.mdm"];

const ASSUMED: &str = "rests on a call that is assumed: no public source shows how a user is changed";
const PRODUCTS: &str = "products, of which nothing but the id is known; without `user_id` those that somebody has a role in, at a call for each user";

const ROLES_OF_USER: &[Required] = &[body("id"), body("roles")];
const MEMBERSHIP: &[Required] = &[body("group_id"), body("user_id")];
