//! What Segment needs, does and lacks, as data.

use userdir_core::action::{Action, OwnPredicate};
use userdir_core::definition::{ActionFacts, Consistency, Definition, Scheme, Setting, body, both, lack};

use crate::permissions;

/// Segment's own page. Segment has no scopes: what a token may do is its role.
pub static DEFINITION: Definition = Definition {
    slug: "segment",
    aliases: &[],
    name: "Segment",
    documentation: "https://docs.segmentapis.com/",
    settings: &[
        Setting::secret("api_token", "Public API token", "made in the workspace's settings, under access management; with the role Workspace Owner for changes"),
        Setting::choice("region", "Region", &["us", "eu"], "where the workspace is").default("us"),
        Setting::url("base_url", "API address", &["api.segmentapis.com", "eu1.api.segmentapis.com"], "that of the region, if left out"),
        Setting::choice("query_style", "How queries are written", &["dotted", "brackets"], "`dotted` (`pagination.count`) as Segment's pages, `brackets` (`pagination[count]`) as its description").default("dotted"),
    ],
    schemes: &[Scheme { name: "api_token", needs: &["api_token"] }],
    actions: &[
        ActionFacts::new(Action::ListUsers)
            .filters(&["name", "emails", "status", "group_id"])
            .partial()
            .note("open invitations, and then users; whoever accepts meanwhile is in both. An invitation's id is `invite:<address>`; roles and groups cost calls of their own: users/get and role_assignments"),
        ActionFacts::new(Action::GetUser),
        ActionFacts::new(Action::CreateUser)
            .required(&[body("emails"), body("roles")])
            .places(&["workspace"])
            .note("an invitation with roles on the workspace; name and address belong to the person's own Segment account"),
        ActionFacts::new(Action::DeleteUser)
            .note("removes from the workspace, or takes an invitation back; the person's own Segment account stays. The last Workspace Owner is refused"),
        ActionFacts::new(Action::AssignRole)
            .accepts(&["workspace_id"])
            .places(&["workspace"])
            .settles_nothing()
            .note("on the workspace of the token"),
        ActionFacts::new(Action::UnassignRole)
            .accepts(&["workspace_id"])
            .places(&["workspace"])
            .settles_nothing()
            .shows(OwnPredicate::User(permissions::is_proven))
            .note("on the workspace where one is named, else on everything; never the last permission, nor the last Workspace Owner's"),
        ActionFacts::new(Action::DowngradeUser)
            .required(&[both("user_id"), both("role_id"), both("workspace_id")])
            .settles_nothing()
            .note("the role in place of every other one on the workspace; permissions on sources, spaces and the like stay, and what comes through user groups"),
        ActionFacts::new(Action::ListGroups).filters(&["name", "user_id"]),
        ActionFacts::new(Action::GetGroup),
        ActionFacts::new(Action::CreateGroup).required(&[body("name")]),
        ActionFacts::new(Action::UpdateGroup).required(&[body("name")]),
        ActionFacts::new(Action::DeleteGroup),
        ActionFacts::new(Action::AddUserToGroup).note("by the user's address, which is read first"),
        ActionFacts::new(Action::RemoveUserFromGroup).note("by the user's address, which is read first"),
        ActionFacts::new(Action::ListRoles),
        ActionFacts::new(Action::GetRole),
        ActionFacts::new(Action::ListRoleAssignments)
            .filters(&["user_id", "group_id", "role_id", "workspace_id"])
            .note("ids are `<user or group>:<role>:<type>:<resource>`, since Segment has none; without a filter each user costs a call, and user groups come last"),
        ActionFacts::new(Action::ListWorkspaces).filters(&["name"]).note("the one of the token"),
        ActionFacts::new(Action::GetWorkspace),
        ActionFacts::new(Action::ListActivities)
            .filters(&["entity", "entity_type", "created_at"])
            .note("the last 90 days, with a token of a Workspace Owner"),
    ],
    lacks: &[
        lack(
            &[Action::DeactivateUser, Action::ActivateUser, Action::SuspendUser, Action::UnsuspendUser],
            "Segment has no sign-in block: users/downgrade leaves the least access, and users/delete removes from the workspace",
        ),
        lack(&[Action::UpdateUser], "name and address belong to the person's own Segment account"),
        lack(&[Action::CreateRole, Action::UpdateRole, Action::DeleteRole], "Segment's roles are predefined"),
        lack(
            &[Action::GetRoleAssignment, Action::DeleteRoleAssignment],
            "permissions are a list of the user's, without ids: users/get shows them, and users/unassign-role and users/downgrade change them",
        ),
        lack(&[Action::ListLicenses, Action::GetLicense], "Segment's API shows no seats"),
        lack(
            &[
                Action::ListOrganizations, Action::GetOrganization, Action::UpdateOrganization,
                Action::DeleteOrganization,
            ],
            "Segment knows no organization above the workspace",
        ),
        lack(&[Action::GetActivity], "Segment's audit trail is a list and has no read of one event"),
        lack(&[Action::ListMe], "a token belongs to a workspace and acts for nobody"),
        lack(&[Action::ListBilling, Action::ListUtilization], "Segment's API has no bills and no reports of use by seat"),
    ],
    notes: &[
        "A change of permissions replaces the whole list: it is read, changed, put back and read again, and what is lost or \
         left over is named. A permission that somebody else adds between reading and writing is lost.",
        "A token with too weak a role is answered 401, as a wrong one is.",
        "Whether there is another Workspace Owner costs a call a user, up to the next one; owners by user groups alone do not count.",
        "Unverified: what adding a permission that is held, or removing somebody who is no member, answers (each action looks \
         first); what an empty list of permissions does (it is never sent); how a user is written as the actor of an event; the \
         exact form of times in the filter of events; whether a user group that shows no permissions gives none (it is taken for \
         that); whether a user's permissions include those of groups (they are taken for the \
         user's own); what a permission without resources allows (it is shown, and a list with one is not \
         changed); which of the two styles of queries a server takes besides.",
    ],
    consistency: Consistency::Immediate,
};
