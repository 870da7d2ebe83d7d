//! What each action takes: one struct an action, `new(required…)` and setters for the rest.
//!
//! As JSON the members are those of the wire API. Secrets among them print nothing.
//!
//! ```
//! # use userdir_core::action::UpdateUserInput;
//! let input = UpdateUserInput::new("00u1").title("Director");
//! ```
//!
//! Members may be added to one without breaking anybody, so it cannot be written out:
//!
//! ```compile_fail,E0639
//! # use userdir_core::action::UpdateUserInput;
//! let input = UpdateUserInput { id: "00u1".into(), ..UpdateUserInput::default() };
//! ```

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use userdir_schema::{Email, Phone, Url, UserGroup, UserLicense, UserRole};

pub use super::password::Password;
use crate::mapping::filled;

/// Declares an input: required members are the arguments of `new`, optional ones have a setter of their name.
macro_rules! input {
    ($(#[$doc:meta])* $name:ident ($subject:ident) {
        required { $($(#[$rdoc:meta])* $req:ident : $rty:ty),* $(,)? }
        optional { $($(#[$odoc:meta])* $opt:ident : $oty:ty),* $(,)? }
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        // members that borrow elsewhere are owned here, so an input is read from an owned value
        #[serde(default, bound(deserialize = "'de: 'static"))]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$rdoc])* pub $req: $rty,)*
            $($(#[$odoc])* #[serde(skip_serializing_if = "Option::is_none")] pub $opt: Option<$oty>,)*
        }

        impl $name {
            /// With what every vendor needs.
            pub fn new($($req: impl Into<$rty>),*) -> $name {
                $name { $($req: $req.into(),)* ..Default::default() }
            }

            $(
                $(#[$odoc])*
                #[must_use]
                pub fn $opt(mut self, value: impl Into<$oty>) -> $name {
                    self.$opt = Some(value.into());
                    self
                }
            )*
        }

        impl $crate::action::Input for $name {
            const MEMBERS: &'static [&'static str] = &[$(stringify!($req),)* $(stringify!($opt),)*];
            const REQUIRED: &'static [&'static str] = &[$(stringify!($req),)*];

            input!(@subject $subject);
        }
    };
    (@subject none) => { fn subject(&self) -> Option<&str> { None } };
    (@subject $field:ident) => { fn subject(&self) -> Option<&str> { Some(&self.$field) } };
}

/// An input that is an id and the places where a vendor may want it looked for.
macro_rules! by_id {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        input! { $(#[$doc])* $name (id) {
            required { /// Id of the resource, as the vendor has it.
                id: String }
            optional {
                /// Organization to look in.
                organization_id: String,
                /// Workspace to look in.
                workspace_id: String,
                /// Group to look in.
                group_id: String,
                /// Kind of group, where a vendor has several.
                group_type: String,
                /// Product to look in, where a vendor has several.
                product: String,
                /// Kind of user, where a vendor has several.
                user_type: String,
                /// Kind of object a licence is for.
                object_type: String,
                /// Ask for the last sign-in too, where that costs extra.
                include_last_login: bool,
            }
        } }
    )* };
}

by_id! {
    /// Which user to read.
    GetUserInput
    /// Which group to read.
    GetGroupInput
    /// Which role to read.
    GetRoleInput
    /// Which licence to read.
    GetLicenseInput
    /// Which organization to read.
    GetOrganizationInput
    /// Which workspace to read.
    GetWorkspaceInput
    /// Which activity to read.
    GetActivityInput
    /// Which role assignment to read.
    GetRoleAssignmentInput
    /// Which group to delete.
    DeleteGroupInput
    /// Which role to delete.
    DeleteRoleInput
    /// Which organization to delete.
    DeleteOrganizationInput
    /// Which role assignment to delete.
    DeleteRoleAssignmentInput
}

input! {
    /// Which user to delete.
    DeleteUserInput (id) {
        required { /// Id of the user.
            id: String }
        optional {
            /// What to delete from: `group` or `organization`, where a vendor has both.
            from: String,
            /// Id of that group or organization.
            from_id: String,
            /// Organization of the user.
            organization_id: String,
            /// Workspace of the user.
            workspace_id: String,
            /// Group of the user.
            group_id: String,
            /// Product, where a vendor has several.
            product: String,
            /// Kind of user, where a vendor has several.
            user_type: String,
        }
    }
}

/// The writable fields of a user, for the two inputs that have them.
macro_rules! user_fields {
    ($(#[$doc:meta])* $name:ident ($subject:ident) { $($(#[$rdoc:meta])* $req:ident : $rty:ty),* }) => {
        input! { $(#[$doc])* $name ($subject) {
            required { $($(#[$rdoc])* $req: $rty),* }
            optional {
                /// Id of the user elsewhere, such as in the HR system.
                external_id: String,
                /// Given name.
                first_name: String,
                /// Family name.
                last_name: String,
                /// Full name.
                name: String,
                /// Login name.
                username: String,
                /// Job title.
                title: String,
                /// Description.
                description: String,
                /// E-mail addresses.
                emails: Vec<Email<'static>>,
                /// Phone numbers.
                phones: Vec<Phone<'static>>,
                /// Password of a new user, or a new password.
                password: Password,
                /// `active` or `inactive`, where the vendor takes it with the other fields.
                status: String,
                /// Kind of user.
                user_type: String,
                /// Number of a group, where a vendor counts them.
                group: i64,
                /// Groups.
                groups: Vec<UserGroup<'static>>,
                /// Roles.
                roles: Vec<UserRole<'static>>,
                /// Licences.
                licenses: Vec<UserLicense<'static>>,
                /// Time zone, as the vendor names it.
                timezone: String,
                /// Preferred languages.
                languages: Vec<String>,
                /// Short self-description.
                bio: String,
                /// Address of the picture.
                avatar: String,
                /// Addresses of the user.
                urls: Vec<Url<'static>>,
                /// Organization of the user.
                organization_id: String,
                /// Workspace of the user.
                workspace_id: String,
                /// Group of the user.
                group_id: String,
            }
        } }
    };
}

user_fields! {
    /// The fields of a new user.
    CreateUserInput (none) {}
}

user_fields! {
    /// The fields of a user to change.
    UpdateUserInput (id) {
        /// Id of the user.
        id: String
    }
}

/// Inputs that name a user and nothing else but what a vendor may add.
macro_rules! by_user {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        input! { $(#[$doc])* $name (user_id) {
            required { /// Id of the user.
                user_id: String }
            optional {
                /// The person who does it, where the vendor asks for one.
                actor: String,
                /// Workspace of the user.
                workspace_id: String,
                /// Organization of the user.
                organization_id: String,
            }
        } }
    )* };
}

by_user! {
    /// Whom to deactivate.
    DeactivateUserInput
    /// Whom to activate.
    ActivateUserInput
    /// Whom to suspend.
    SuspendUserInput
    /// Whose suspension to end.
    UnsuspendUserInput
}

input! {
    /// Whom to move to which seat.
    DowngradeUserInput (user_id) {
        required { /// Id of the user.
            user_id: String }
        optional {
            /// Id of the licence to move to.
            license_id: String,
            /// Id of the role to move to.
            role_id: String,
            /// Workspace in which to do it.
            workspace_id: String,
            /// Organization in which to do it.
            organization_id: String,
        }
    }
}

/// Inputs that name a user and roles.
macro_rules! by_roles {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        input! { $(#[$doc])* $name (id) {
            required {
                /// Id of the user.
                id: String,
                /// The roles, each with at least its id. Never empty.
                roles: Vec<UserRole<'static>>,
            }
            optional {
                /// Workspace the roles are held in.
                workspace_id: String,
                /// Organizations the roles are held in.
                organizations: Vec<userdir_schema::UserOrganization<'static>>,
            }
        } }
    )* };
}

by_roles! {
    /// Which roles to give to whom.
    AssignRoleInput
    /// Which roles to take from whom.
    UnassignRoleInput
}

/// The roles, each with the organization that it is meant in: its own; else the one at its place in `organizations`, where
/// there are as many as roles; else the only one. A place that is an empty text is none: typed clients send it so.
fn placed(
    roles: &[UserRole<'static>],
    organizations: &Option<Vec<userdir_schema::UserOrganization<'static>>>,
) -> Vec<UserRole<'static>> {
    let organizations = organizations.as_deref().unwrap_or_default();
    let place = |index: usize| match organizations {
        [only] => filled(only.id.clone()),
        several if several.len() == roles.len() => filled(several.get(index)?.id.clone()),
        _ => None,
    };
    let role = |(index, role): (usize, &UserRole<'static>)| UserRole {
        workspace: filled(role.workspace.clone()),
        organization: filled(role.organization.clone()).or_else(|| place(index)),
        group: filled(role.group.clone()),
        ..role.clone()
    };
    roles.iter().enumerate().map(role).collect()
}

impl AssignRoleInput {
    /// The roles, each with the organization that it is meant in: its own; else the one at its place in `organizations`,
    /// where there are as many as roles; else the only one.
    pub fn placed_roles(&self) -> Vec<UserRole<'static>> {
        placed(&self.roles, &self.organizations)
    }
}

impl UnassignRoleInput {
    /// As [`AssignRoleInput::placed_roles`].
    pub fn placed_roles(&self) -> Vec<UserRole<'static>> {
        placed(&self.roles, &self.organizations)
    }
}

/// Inputs that name a group and a user.
macro_rules! by_membership {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        input! { $(#[$doc])* $name (group_id) {
            required {
                /// Id of the group.
                group_id: String,
                /// Id of the user.
                user_id: String,
            }
            optional {
                /// Workspace of the group.
                workspace_id: String,
                /// Organization of the group.
                organization_id: String,
            }
        } }
    )* };
}

by_membership! {
    /// Whom to add to which group.
    AddUserToGroupInput
    /// Whom to take out of which group.
    RemoveUserFromGroupInput
}

/// Inputs with the writable fields of a group, role or organization.
macro_rules! named {
    ($($(#[$doc:meta])* $name:ident ($subject:ident) { $($(#[$rdoc:meta])* $req:ident : $rty:ty),* })*) => { $(
        input! { $(#[$doc])* $name ($subject) {
            required { $($(#[$rdoc])* $req: $rty),* }
            optional {
                /// Name.
                name: String,
                /// Description.
                description: String,
                /// Kind of group.
                group_type: String,
                /// Organization it belongs to.
                organization: String,
                /// Price plan of an organization.
                pricing_plan: String,
                /// What a role allows, in the vendor's words.
                permissions: Vec<String>,
            }
        } }
    )* };
}

named! {
    /// The fields of a new group.
    CreateGroupInput (none) {}
    /// The fields of a group to change.
    UpdateGroupInput (id) { /// Id of the group.
        id: String }
    /// The fields of a new role.
    CreateRoleInput (none) {}
    /// The fields of a role to change.
    UpdateRoleInput (id) { /// Id of the role.
        id: String }
    /// The fields of an organization to change.
    UpdateOrganizationInput (id) { /// Id of the organization.
        id: String }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Input;

    #[test]
    fn members_are_those_of_the_wire_api() {
        let input = RemoveUserFromGroupInput::new("g1", "u1").workspace_id("w1");
        let json = serde_json::to_value(&input).unwrap();
        assert_eq!(json, serde_json::json!({"group_id": "g1", "user_id": "u1", "workspace_id": "w1"}));
        assert_eq!(input.subject(), Some("g1"));
    }

    #[test]
    fn a_role_is_meant_in_its_organization() {
        let role = |organization: Option<&'static str>| UserRole {
            id: Some("r1".into()),
            organization: organization.map(Into::into),
            ..Default::default()
        };
        let places = |roles: Vec<UserRole<'static>>, organizations: &[&'static str]| {
            let organizations = organizations
                .iter()
                .map(|id| userdir_schema::UserOrganization { id: Some((*id).into()), ..Default::default() });
            let input = UnassignRoleInput::new("u1", roles).organizations(organizations.collect::<Vec<_>>());
            input.placed_roles().iter().map(|role| role.organization.as_deref().map(str::to_owned)).collect::<Vec<_>>()
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(places(vec![role(None), role(Some("own"))], &["o1"]), [some("o1"), some("own")]);
        assert_eq!(places(vec![role(None), role(None)], &["o1", "o2"]), [some("o1"), some("o2")]);
        assert_eq!(places(vec![role(None)], &["o1", "o2"]), [None]);
        assert_eq!(places(vec![role(None)], &[]), [None]);
    }

    #[test]
    fn a_password_is_not_printed() {
        let input = CreateUserInput::new().password("canary-secret");
        assert!(!format!("{input:?}").contains("canary"));
    }
}
