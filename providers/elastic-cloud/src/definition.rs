//! What Elastic Cloud needs, does and lacks, as data.

use userdir_core::action::Action;
use userdir_core::definition::{ActionFacts, Consistency, Definition, Scheme, Setting, body, lack, query};

/// Elastic Cloud's own page.
pub static DEFINITION: Definition = Definition {
    slug: "elastic-cloud",
    aliases: &["elasticcloud"],
    name: "Elastic Cloud",
    documentation: "https://www.elastic.co/docs/api/doc/cloud/",
    settings: &[
        Setting::url("base_url", "API address", &["*.elastic-cloud.com"], "address of the API; for GovCloud https://api.us-gov-east-1.aws.elastic-cloud.com/api/v1").default("https://api.elastic-cloud.com/api/v1"),
        Setting::secret("api_key", "API key", "Organization > API keys, `essu_…`; the key of an owner (organization-admin) sees and does everything"),
        Setting::text("organization_id", "Organization id", "organization to work in; where it is not given, the one that the key belongs to"),
    ],
    schemes: &[Scheme { name: "api_key", needs: &["api_key"] }],
    actions: &[
        ActionFacts::new(Action::ListUsers)
            .filters(&["emails", "username", "name", "first_name", "last_name", "status", "role_id", "workspace_id", "organization_id", "created_at"])
            .scopes(MEMBER)
            .note("members, then those who are invited; roles that the key may not manage are not shown, so by role or workspace the list ends as incomplete unless the key is an owner's"),
        ActionFacts::new(Action::GetUser).accepts(&["organization_id"]).scopes(MEMBER),
        ActionFacts::new(Action::CreateUser)
            .required(&[body("emails")])
            .accepts(&["roles", "organization_id"])
            .places(&["organization", "workspace"])
            .scopes(OWNER)
            .note("invites one address, for 72 hours; send `expires_in` with `remote_data` for another time"),
        ActionFacts::new(Action::DeleteUser)
            .accepts(&["organization_id"])
            .scopes(OWNER)
            .note("ends a membership, or cancels an invitation"),
        ActionFacts::new(Action::AssignRole)
            .required(&[query("id"), body("roles")])
            .accepts(&["organizations"])
            .places(&["organization", "workspace"])
            .scopes(ADMIN)
            .settles_nothing()
            .note("`roles[].workspace` is one deployment or project; without it the role is given for all of them"),
        ActionFacts::new(Action::UnassignRole)
            .required(&[query("id"), body("roles")])
            .accepts(&["organizations"])
            .places(&["organization", "workspace"])
            .scopes(ADMIN)
            .note("without `roles[].workspace` wherever the role is held; that it is held nowhere can be told with an owner's key alone"),
        ActionFacts::new(Action::DowngradeUser)
            .required(&[query("role_id")])
            .accepts(&["workspace_id", "organization_id"])
            .scopes(ADMIN)
            .settles_nothing()
            .note("`role_id` is a viewer's, such as deployment-viewer: the stronger roles of its scope are taken away, and it is given at the same places"),
        ActionFacts::new(Action::ListRoles).filters(&["organization_id"]).scopes(MEMBER).note("the documented roles, and whatever else somebody holds"),
        ActionFacts::new(Action::GetRole).accepts(&["organization_id"]).scopes(MEMBER),
        ActionFacts::new(Action::ListRoleAssignments)
            .filters(&["user_id", "role_id", "workspace_id", "organization_id"])
            .scopes(ADMIN)
            .note("of members, and incomplete unless the key is an owner's; ids are `<user id>:<role id>`, with `:<workspace id>` where the role is not held everywhere"),
        ActionFacts::new(Action::GetRoleAssignment).accepts(&["organization_id"]).scopes(ADMIN),
        ActionFacts::new(Action::DeleteRoleAssignment).accepts(&["organization_id"]).scopes(ADMIN),
        ActionFacts::new(Action::ListOrganizations).filters(&["name"]).scopes(MEMBER),
        ActionFacts::new(Action::GetOrganization).scopes(MEMBER),
        ActionFacts::new(Action::ListWorkspaces).filters(&["name"]).note("deployments, then serverless projects for elasticsearch, observability and security; no document tells of lists of other kinds (workplaceai, vectordb)"),
        ActionFacts::new(Action::GetWorkspace),
    ],
    lacks: &[
        lack(&[Action::UpdateUser], "names and addresses belong to the person's own account; only roles can be changed"),
        lack(
            &[Action::DeactivateUser, Action::ActivateUser, Action::SuspendUser, Action::UnsuspendUser],
            "Elastic Cloud has no block on signing in; take the roles away, or end the membership with users/delete",
        ),
        lack(
            &[
                Action::ListGroups, Action::GetGroup, Action::CreateGroup, Action::UpdateGroup, Action::DeleteGroup,
                Action::AddUserToGroup, Action::RemoveUserFromGroup,
            ],
            "Elastic Cloud has no groups with members; mappings of an identity provider's groups give roles at sign-in, and who is in them is the provider's",
        ),
        lack(
            &[Action::CreateRole, Action::UpdateRole, Action::DeleteRole],
            "the roles of Elastic Cloud are fixed; custom roles are made inside a project",
        ),
        lack(&[Action::ListLicenses, Action::GetLicense], "Elastic Cloud has no seats"),
        lack(
            &[Action::UpdateOrganization, Action::DeleteOrganization],
            "the call that renames an organization is deprecated, and there is none that deletes one",
        ),
        lack(&[Action::ListActivities, Action::GetActivity], "Elastic Cloud has no log of what happens in an organization"),
        lack(&[Action::ListMe], "an API key belongs to the organization and to no person"),
        lack(
            &[Action::ListBilling, Action::ListUtilization],
            "Elastic Cloud counts costs in units of its own (ECU), by calls that it calls experimental; it has no bills and no utilization by user",
        ),
    ],
    notes: &[
        "What `scopes` names are roles of the key. A key sees only the assignments that it may manage: with a key that is no \
         owner's, a role that is not shown may be held all the same, and taking it away is an error and not `already`.",
        "The id of an invitation is made of a digest of its token. Elastic Cloud's own object, in `remote_data`, has the token \
         itself, by which whoever has it can join: treat it as a secret.",
        "The last organization-admin that the key sees is not removed and keeps the role: userdir refuses it.",
        "Roles of the platform are never sent: they are for operators of self-managed installations, which are not supported.",
        "Unverified: whether giving or taking several roles at once is all or nothing (after a refusal the member is read \
         again); the unit of `x-ratelimit-interval` (taken for seconds after a 429) and the body of a 429; that every path \
         is there in GovCloud; how a second page of organizations is asked for (such a list is an error); lists of \
         projects, which the saved description does not have.",
    ],
    consistency: Consistency::Immediate,
};

const MEMBER: &[&str] = &["any role of the organization"];
const OWNER: &[&str] = &["organization-admin"];
const ADMIN: &[&str] = &["organization-admin", "deployment-admin", "<kind>-admin"];
