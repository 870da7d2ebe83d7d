//! The filters themselves, one struct a list action.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{DateRange, Match, SortBy};

/// Declares the filter of a list.
macro_rules! filter {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident : $ty:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(default)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$fdoc])* #[serde(skip_serializing_if = "Option::is_none")] pub $field: Option<$ty>,)*
        }

        impl $name {
            $(
                $(#[$fdoc])*
                #[must_use]
                pub fn $field(mut self, value: impl Into<$ty>) -> $name {
                    self.$field = Some(value.into());
                    self
                }
            )*
        }

        impl $crate::action::Input for $name {
            const MEMBERS: &'static [&'static str] = &[$(stringify!($field)),*];
            const REQUIRED: &'static [&'static str] = &[];

            fn subject(&self) -> Option<&str> {
                None
            }
        }
    };
}

filter! {
    /// Which users to list.
    UserFilter {
        /// Given name.
        first_name: Match,
        /// Family name.
        last_name: Match,
        /// Full name.
        name: Match,
        /// Login name.
        username: Match,
        /// One of these e-mail addresses.
        emails: Match,
        /// Id of the user elsewhere.
        external_id: Match,
        /// Unified status, or the vendor's own word.
        status: Match,
        /// Kind of user.
        user_type: Match,
        /// Created then.
        created_at: DateRange,
        /// Last changed then.
        updated_at: DateRange,
        /// Members of this group.
        group_id: String,
        /// Holders of this role.
        role_id: String,
        /// Members of this workspace.
        workspace_id: String,
        /// Members of this organization.
        organization_id: String,
        /// Order.
        sort_by: SortBy,
    }
}

filter! {
    /// Which groups to list.
    GroupFilter {
        /// Name.
        name: Match,
        /// Description.
        description: Match,
        /// Kind of group.
        group_type: Match,
        /// Groups this user is a member of.
        user_id: String,
        /// Groups of this workspace.
        workspace_id: String,
        /// Groups of this organization.
        organization_id: String,
        /// Leave out what is no group, where a vendor mixes them.
        is_group: bool,
        /// Groups inside groups too.
        include_nested: bool,
        /// A filter in the vendor's language.
        filter: String,
        /// Created then.
        created_at: DateRange,
        /// Last changed then.
        updated_at: DateRange,
        /// Order.
        sort_by: SortBy,
    }
}

filter! {
    /// Which roles to list.
    RoleFilter {
        /// Roles this user holds.
        user_id: String,
        /// Roles of this group.
        group_id: String,
        /// Roles of this workspace.
        workspace_id: String,
        /// Roles of this organization.
        organization_id: String,
    }
}

filter! {
    /// Which licences to list.
    LicenseFilter {
        /// Licences this user has.
        user_id: String,
        /// Status.
        status: Match,
        /// Licences of this organization.
        organization_id: String,
        /// Licences of this workspace.
        workspace_id: String,
        /// Product, where a vendor has several.
        product: String,
    }
}

filter! {
    /// Which organizations to list.
    OrganizationFilter {
        /// Name.
        name: Match,
        /// Organizations of this user.
        user_id: String,
        /// Created then.
        created_at: DateRange,
        /// Last changed then.
        updated_at: DateRange,
        /// Order.
        sort_by: SortBy,
    }
}

filter! {
    /// Which workspaces to list.
    WorkspaceFilter {
        /// Name.
        name: Match,
        /// Description.
        description: Match,
        /// Status.
        status: Match,
        /// Workspaces of this organization.
        organization_id: String,
        /// Workspaces of this group.
        group_id: String,
        /// Workspaces inside this one.
        workspace_id: String,
        /// Workspaces inside workspaces too.
        include_nested: bool,
        /// Product, where a vendor has several.
        product: String,
        /// Last changed then.
        updated_at: DateRange,
        /// Order.
        sort_by: SortBy,
    }
}

filter! {
    /// Which activities to list.
    ActivityFilter {
        /// What was done.
        action: Match,
        /// Id of who did it.
        actor_id: String,
        /// Id of the thing it was done to.
        entity: String,
        /// Kind of that thing.
        entity_type: String,
        /// Address it came from.
        ip_address: String,
        /// When.
        created_at: DateRange,
        /// Organization it happened in.
        organization_id: String,
        /// Product, where a vendor has several.
        product: String,
    }
}

filter! {
    /// Nothing to narrow by: it is one user.
    MeFilter {}
}

filter! {
    /// Which role assignments to list.
    RoleAssignmentFilter {
        /// Of this user.
        user_id: String,
        /// Of this group.
        group_id: String,
        /// Of this role.
        role_id: String,
        /// In this workspace.
        workspace_id: String,
        /// In this organization.
        organization_id: String,
    }
}

filter! {
    /// Which bills to list.
    BillingFilter {
        /// Of this organization.
        organization_id: String,
    }
}

filter! {
    /// Which reports to list.
    UtilizationFilter {
        /// Kind of report.
        r#type: Match,
        /// About this user.
        user_id: String,
        /// About this organization.
        organization_id: String,
        /// About this span.
        created_at: DateRange,
    }
}
