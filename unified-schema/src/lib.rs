//! The unified schema of user directories: one shape for users, groups, roles and the rest, whatever
//! vendor they come from. This crate holds the types and nothing that does I/O.
//!
//! # How to read it
//!
//! * One type for each resource: [`User`] (also for `me`), [`Group`], [`Role`], [`License`],
//!   [`Organization`], [`Workspace`], [`Activity`], [`RoleAssignment`], [`Bill`], [`Utilization`].
//!   [`Resource`] lists them by name, [`Unified`] is what they have in common.
//! * A field has the name it has in JSON. Only ids are always there; any other field is `None` when
//!   the vendor does not say, and an empty list says that there are none.
//! * The types borrow from the vendor's answer: [`Text`] is a slice of it where it can be, and
//!   [`RemoteData`] the vendor's own object, byte for byte. [`IntoOwned`] cuts the ties.
//! * Enums are open. A word without a meaning here, a vendor's own [`Status`] for one, is kept as it is.
//! * [`DateTime`] reads what vendors write and writes RFC 3339 in UTC.
//! * [`json_schema`] gives the schema to programs, [`field_paths`] the plain list of fields, which a
//!   test holds against `contract/fields.txt`.
//!
//! ```
//! use userdir_schema::{Status, User};
//!
//! let answer = r#"{"id": "00u1", "name": "Ada", "status": "active", "groups": []}"#;
//! let user: User = serde_json::from_str(answer)?;
//! assert_eq!(user.status, Some(Status::Active));
//! assert_eq!(user.roles, None); // unknown
//! assert_eq!(user.groups, Some(vec![])); // in no group
//!
//! let user = User { id: "00u2".into(), title: Some("Analyst".into()), ..Default::default() };
//! assert_eq!(serde_json::to_string(&user)?, r#"{"id":"00u2","title":"Analyst"}"#);
//! # Ok::<(), serde_json::Error>(())
//! ```

mod activity;
mod directory;
mod license;
mod open_enum;
mod raw;
mod record;
mod resource;
mod schema;
mod text;
mod time;
mod user;

pub use activity::{Activity, Actor, ActorUser, Context};
pub use directory::{Group, Organization, OrganizationLicense, Role, RoleAssignment, Workspace, WorkspaceOrganization};
pub use license::{Bill, Column, License, LicenseProduct, LicenseRole, Utilization};
pub use open_enum::{
    Action, ActorType, ApplicableIn, AssignmentGroupType, BillingFrequency, GroupType, LicenseStatus, ProductStatus,
    Status, WorkspaceStatus,
};
pub use raw::RemoteData;
pub use record::IntoOwned;
pub use resource::{Resource, Unified, UnknownResource};
pub use schema::{FieldPath, field_paths, json_schema, schema_of};
pub use text::Text;
pub use time::DateTime;
pub use user::{Email, Me, Phone, Url, User, UserGroup, UserLicense, UserOrganization, UserRole, UserWorkspace};
