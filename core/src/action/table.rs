//! The table of actions: everything the API can do, one line an action.
//!
//! A line reads: kind, trait, method, input, output, HTTP verb, resource, method of the wire API, and for writes the
//! confirming read: the predicate that tells, from the resource read again, whether the effect is there.
//! `list` rows name the stream method too.
//!
//! From this table come the traits, [`Action`](super::Action), the slots of a provider, the probe that fills them,
//! the methods of [`Directory`](crate::Directory) and the call by name. To add an action, add a line and its input
//! in `input.rs` or `filter.rs`.

/// Calls the macro named in the first brackets with the arguments that follow, in brackets, and all rows of the table.
#[doc(hidden)]
#[macro_export]
macro_rules! action_table {
    ([$($then:tt)*] $($arguments:tt)*) => { $($then)* ! { [$($arguments)*]
        /// Lists the users of the directory.
        list ListUsers . list_users stream_users (UserFilter) -> User = GET "users" "list";
        /// Reads one user, with everything the vendor tells about it.
        get GetUser . get_user (GetUserInput) -> User = GET "users" "get";
        /// Creates a user.
        write CreateUser . create_user (CreateUserInput) -> User = POST "users" "create", shown by confirm::Confirm::Created;
        /// Changes the fields given, and no others.
        write UpdateUser . update_user (UpdateUserInput) -> User = PATCH "users" "update", shown by confirm::Confirm::Get { fields: confirm::PROFILE, shows: confirm::user_has_fields };
        /// Deletes a user at the vendor. What that means is the vendor's; see its notes.
        write DeleteUser . delete_user (DeleteUserInput) -> User = DELETE "users" "delete", shown by confirm::Confirm::Get { fields: confirm::STATUS, shows: confirm::user_is_deleted };
        /// Gives one or more roles to a user.
        write AssignRole . assign_role (AssignRoleInput) -> User = POST "users" "assign-role", shown by confirm::Confirm::After { fields: confirm::ROLES, shows: confirm::user_holds_roles };
        /// Takes one or more roles away from a user.
        write UnassignRole . unassign_role (UnassignRoleInput) -> User = POST "users" "unassign-role", shown by confirm::Confirm::After { fields: confirm::ROLES, shows: confirm::user_lacks_roles };
        /// Blocks a user from signing in, keeping the record.
        write DeactivateUser . deactivate_user (DeactivateUserInput) -> User = POST "users" "deactivate", shown by confirm::Confirm::Get { fields: confirm::STATUS, shows: confirm::user_is_inactive };
        /// Lets a deactivated or invited user sign in.
        write ActivateUser . activate_user (ActivateUserInput) -> User = POST "users" "activate", shown by confirm::Confirm::Get { fields: confirm::STATUS, shows: confirm::user_is_active };
        /// Blocks a user for a time; everything the user has stays.
        write SuspendUser . suspend_user (SuspendUserInput) -> User = POST "users" "suspend", shown by confirm::Confirm::Get { fields: confirm::STATUS, shows: confirm::user_is_inactive };
        /// Ends a suspension.
        write UnsuspendUser . unsuspend_user (UnsuspendUserInput) -> User = POST "users" "unsuspend", shown by confirm::Confirm::Get { fields: confirm::STATUS, shows: confirm::user_is_active };
        /// Moves a user to a cheaper or weaker seat.
        write DowngradeUser . downgrade_user (DowngradeUserInput) -> User = POST "users" "downgrade", shown by confirm::Confirm::After { fields: confirm::SEAT, shows: confirm::user_has_seat };

        /// Lists the groups of the directory.
        list ListGroups . list_groups stream_groups (GroupFilter) -> Group = GET "groups" "list";
        /// Reads one group.
        get GetGroup . get_group (GetGroupInput) -> Group = GET "groups" "get";
        /// Creates a group.
        write CreateGroup . create_group (CreateGroupInput) -> Group = POST "groups" "create", shown by confirm::Confirm::Created;
        /// Changes the fields given, and no others.
        write UpdateGroup . update_group (UpdateGroupInput) -> Group = PATCH "groups" "update", shown by confirm::Confirm::Get { fields: confirm::PROFILE, shows: confirm::group_has_fields };
        /// Deletes a group.
        write DeleteGroup . delete_group (DeleteGroupInput) -> Group = DELETE "groups" "delete", shown by confirm::Confirm::Get { fields: confirm::PROFILE, shows: confirm::is_gone };
        /// Makes a user a member of a group.
        write AddUserToGroup . add_user_to_group (AddUserToGroupInput) -> Group = POST "groups" "add-user", shown by confirm::Confirm::Membership { wanted: true };
        /// Takes a user out of a group.
        write RemoveUserFromGroup . remove_user_from_group (RemoveUserFromGroupInput) -> Group = POST "groups" "remove-user", shown by confirm::Confirm::Membership { wanted: false };

        /// Lists the roles that can be given.
        list ListRoles . list_roles stream_roles (RoleFilter) -> Role = GET "roles" "list";
        /// Reads one role.
        get GetRole . get_role (GetRoleInput) -> Role = GET "roles" "get";
        /// Creates a role.
        write CreateRole . create_role (CreateRoleInput) -> Role = POST "roles" "create", shown by confirm::Confirm::Created;
        /// Changes the fields given, and no others.
        write UpdateRole . update_role (UpdateRoleInput) -> Role = PATCH "roles" "update", shown by confirm::Confirm::Get { fields: confirm::PROFILE, shows: confirm::role_has_fields };
        /// Deletes a role.
        write DeleteRole . delete_role (DeleteRoleInput) -> Role = DELETE "roles" "delete", shown by confirm::Confirm::Get { fields: confirm::PROFILE, shows: confirm::is_gone };

        /// Lists the licences, products or seats that can be given.
        list ListLicenses . list_licenses stream_licenses (LicenseFilter) -> License = GET "licenses" "list";
        /// Reads one licence.
        get GetLicense . get_license (GetLicenseInput) -> License = GET "licenses" "get";

        /// Lists the organizations.
        list ListOrganizations . list_organizations stream_organizations (OrganizationFilter) -> Organization = GET "organizations" "list";
        /// Reads one organization.
        get GetOrganization . get_organization (GetOrganizationInput) -> Organization = GET "organizations" "get";
        /// Changes the fields given, and no others.
        write UpdateOrganization . update_organization (UpdateOrganizationInput) -> Organization = PATCH "organizations" "update", shown by confirm::Confirm::Get { fields: confirm::PROFILE, shows: confirm::organization_has_fields };
        /// Deletes an organization.
        write DeleteOrganization . delete_organization (DeleteOrganizationInput) -> Organization = DELETE "organizations" "delete", shown by confirm::Confirm::Get { fields: confirm::PROFILE, shows: confirm::is_gone };

        /// Lists the workspaces.
        list ListWorkspaces . list_workspaces stream_workspaces (WorkspaceFilter) -> Workspace = GET "workspaces" "list";
        /// Reads one workspace.
        get GetWorkspace . get_workspace (GetWorkspaceInput) -> Workspace = GET "workspaces" "get";

        /// Lists what happened in the directory.
        list ListActivities . list_activities stream_activities (ActivityFilter) -> Activity = GET "activities" "list";
        /// Reads one activity.
        get GetActivity . get_activity (GetActivityInput) -> Activity = GET "activities" "get";

        /// Reads the user whose credentials the account has.
        list ListMe . list_me stream_me (MeFilter) -> User = GET "me" "list";

        /// Lists who holds which role.
        list ListRoleAssignments . list_role_assignments stream_role_assignments (RoleAssignmentFilter) -> RoleAssignment = GET "role_assignments" "list";
        /// Reads one role assignment.
        get GetRoleAssignment . get_role_assignment (GetRoleAssignmentInput) -> RoleAssignment = GET "role_assignments" "get";
        /// Takes one role assignment away.
        write DeleteRoleAssignment . delete_role_assignment (DeleteRoleAssignmentInput) -> RoleAssignment = DELETE "role_assignments" "delete", shown by confirm::Confirm::Get { fields: confirm::PROFILE, shows: confirm::is_gone };

        /// Lists the bills.
        list ListBilling . list_billing stream_billing (BillingFilter) -> Bill = GET "billing" "list";

        /// Lists the usage reports.
        list ListUtilization . list_utilization stream_utilization (UtilizationFilter) -> Utilization = GET "utilization" "list";
    } };
}
