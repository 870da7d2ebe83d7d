//! What people are put into and given: groups, roles, organizations, workspaces.

use crate::record::record;
use crate::{ApplicableIn, AssignmentGroupType, DateTime, GroupType, RemoteData, Text, WorkspaceStatus};

record! {
    /// A set of users: a team, a department, or any other group.
    #[derive(Debug)]
    pub struct Group<'a> {
        required {
            /// The vendor's id of the group.
            id: Text<'a>,
        }
        /// What the group is called.
        name: Text<'a>,
        /// What the group is for.
        description: Text<'a>,
        /// Id of the organization the group is part of.
        organization: Text<'a>,
        /// What sort of group it is.
        group_type: GroupType<'a>,
        /// When it was made.
        created_at: DateTime,
        /// When it was last changed.
        updated_at: DateTime,
        /// The group in the vendor's own words.
        remote_data: RemoteData<'a>,
    }
}

record! {
    /// A bundle of permissions that users can hold.
    #[derive(Debug)]
    pub struct Role<'a> {
        required {
            /// The vendor's id of the role.
            id: Text<'a>,
        }
        /// The role's name, as programs use it.
        name: Text<'a>,
        /// The role's name, as people read it.
        label: Text<'a>,
        /// What the role allows.
        description: Text<'a>,
        /// The vendor's word for the sort of role.
        r#type: Text<'a>,
        /// Where the role can be held.
        applicable_in: ApplicableIn<'a>,
        /// When it was made.
        created_at: DateTime,
        /// When it was last changed.
        updated_at: DateTime,
        /// The role in the vendor's own words.
        remote_data: RemoteData<'a>,
    }
}

record! {
    /// The customer's organization at the vendor.
    #[derive(Debug)]
    pub struct Organization<'a> {
        required {
            /// The vendor's id of the organization.
            id: Text<'a>,
        }
        /// What the organization is called.
        name: Text<'a>,
        /// The plan it pays for.
        pricing_plan: Text<'a>,
        /// The licenses it holds.
        licenses: Vec<OrganizationLicense<'a>>,
        /// When it was made.
        created_at: DateTime,
        /// When it was last changed.
        updated_at: DateTime,
        /// The organization in the vendor's own words.
        remote_data: RemoteData<'a>,
    }
}

record! {
    /// A license held by an organization.
    #[derive(Debug)]
    pub struct OrganizationLicense<'a> {
        /// The vendor's id of the license.
        id: Text<'a>,
        /// What the license is called.
        name: Text<'a>,
    }
}

record! {
    /// A place of work within an organization: a project, a site, a tenant.
    #[derive(Debug)]
    pub struct Workspace<'a> {
        required {
            /// The vendor's id of the workspace.
            id: Text<'a>,
        }
        /// What the workspace is called.
        name: Text<'a>,
        /// What the workspace is for.
        description: Text<'a>,
        /// Whether it is in use.
        status: WorkspaceStatus<'a>,
        /// When it was made.
        created_at: DateTime,
        /// When it was last changed.
        updated_at: DateTime,
        /// The organization it is part of.
        organization: WorkspaceOrganization<'a>,
        /// The workspace in the vendor's own words.
        remote_data: RemoteData<'a>,
    }
}

record! {
    /// The organization a workspace is part of.
    #[derive(Debug)]
    pub struct WorkspaceOrganization<'a> {
        /// The vendor's id of the organization.
        id: Text<'a>,
        /// What the organization is called.
        name: Text<'a>,
    }
}

record! {
    /// The fact that a user or a group holds a role.
    #[derive(Debug)]
    pub struct RoleAssignment<'a> {
        required {
            /// The vendor's id of the assignment.
            id: Text<'a>,
        }
        /// Id of the user who holds the role.
        user_id: Text<'a>,
        /// Id of the group, team or product that holds it.
        group_id: Text<'a>,
        /// What `group_id` stands for.
        group_type: AssignmentGroupType<'a>,
        /// Which role is held.
        role_id: Text<'a>,
        /// The workspaces it is limited to, by id.
        workspace: Vec<Text<'a>>,
        /// When it was made.
        created_at: DateTime,
        /// When it was last changed.
        updated_at: DateTime,
        /// The assignment in the vendor's own words.
        remote_data: RemoteData<'a>,
    }
}
