//! The resources of the directory and what their types have in common.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{
    Activity, Bill, Group, IntoOwned, License, Organization, RemoteData, Role, RoleAssignment, Text, User, Utilization,
    Workspace,
};

macro_rules! resources {
    ($( $(#[$meta:meta])* $variant:ident = $word:literal, )+) => {
        /// A resource of the unified directory: the last part of its address.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Resource {
            $( $(#[$meta])* $variant, )+
        }

        impl Resource {
            /// All of them, in the order of the documentation.
            pub const ALL: &'static [Resource] = &[$(Resource::$variant),+];

            /// The name as it stands in addresses.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Resource::$variant => $word, )+
                }
            }
        }
    };
}

resources! {
    /// People's accounts: [`User`].
    Users = "users",
    /// Sets of users: [`Group`].
    Groups = "groups",
    /// Bundles of permissions: [`Role`].
    Roles = "roles",
    /// What users can be licensed for: [`License`].
    Licenses = "licenses",
    /// The customer's organizations: [`Organization`].
    Organizations = "organizations",
    /// Places of work in an organization: [`Workspace`].
    Workspaces = "workspaces",
    /// What happened: [`Activity`].
    Activities = "activities",
    /// The user behind the connection: [`User`] once more.
    Me = "me",
    /// Who holds which role: [`RoleAssignment`].
    RoleAssignments = "role_assignments",
    /// What was billed: [`Bill`].
    Billing = "billing",
    /// What is used how much: [`Utilization`].
    Utilization = "utilization",
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The name belongs to no resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownResource(String);

impl fmt::Display for UnknownResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no resource of the user directory", self.0)
    }
}

impl std::error::Error for UnknownResource {}

/// Takes a hyphen for the underscore, as in `role-assignments`.
impl FromStr for Resource {
    type Err = UnknownResource;

    fn from_str(name: &str) -> Result<Self, UnknownResource> {
        let wanted = name.replace('-', "_");
        let found = Self::ALL.iter().find(|resource| resource.as_str() == wanted);
        found.copied().ok_or_else(|| UnknownResource(name.to_owned()))
    }
}

/// A type of the schema that is a resource of its own.
///
/// It is implemented for the owned form, `User<'static>`; [`Unified::Of`] is the form that borrows.
pub trait Unified: Sized + Serialize + Clone + Send + Sync + 'static {
    /// The resource it belongs to.
    const RESOURCE: Resource;

    /// The same type, borrowing for `'a`.
    type Of<'a>: Serialize + Deserialize<'a> + IntoOwned<Owned = Self> + Clone + Send + Sync;

    /// The vendor's id; a [`Utilization`] goes by its name.
    fn id<'s>(of: &'s Self::Of<'_>) -> &'s str;

    /// [`Unified::id`] of the owned form.
    fn own_id(&self) -> &str;

    /// One of which nothing but the id is known.
    fn with_id(id: &str) -> Self;

    /// The vendor's own object, if it was kept.
    fn remote_data<'s, 'a>(of: &'s Self::Of<'a>) -> Option<&'s RemoteData<'a>>;

    /// Keeps the vendor's own object, or drops it.
    fn set_remote_data<'a>(of: &mut Self::Of<'a>, raw: Option<RemoteData<'a>>);
}

macro_rules! unified {
    ($($type:ident by $id:ident is $resource:ident,)+) => {$(
        impl Unified for $type<'static> {
            const RESOURCE: Resource = Resource::$resource;

            type Of<'a> = $type<'a>;

            fn own_id(&self) -> &str {
                &self.$id
            }

            fn id<'s>(of: &'s Self::Of<'_>) -> &'s str {
                &of.$id
            }

            fn with_id(id: &str) -> Self {
                $type { $id: Text::from(id.to_owned()), ..Default::default() }
            }

            fn remote_data<'s, 'a>(of: &'s Self::Of<'a>) -> Option<&'s RemoteData<'a>> {
                of.remote_data.as_ref()
            }

            fn set_remote_data<'a>(of: &mut Self::Of<'a>, raw: Option<RemoteData<'a>>) {
                of.remote_data = raw;
            }
        }
    )+};
}

// `Me` is a `User` and so has no line of its own.
unified! {
    User by id is Users,
    Group by id is Groups,
    Role by id is Roles,
    License by id is Licenses,
    Organization by id is Organizations,
    Workspace by id is Workspaces,
    Activity by id is Activities,
    RoleAssignment by id is RoleAssignments,
    Bill by id is Billing,
    Utilization by name is Utilization,
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    #[test]
    fn names_read_back() {
        for resource in Resource::ALL {
            assert_eq!(resource.as_str().parse(), Ok(*resource));
        }
        assert_eq!("role-assignments".parse(), Ok(Resource::RoleAssignments));
        assert_eq!(
            "people".parse::<Resource>().unwrap_err().to_string(),
            "`people` is no resource of the user directory"
        );
    }

    #[test]
    fn an_otherwise_empty_one_is_its_id() {
        let json = r#"{"id":"7"}"#;
        assert_eq!(serde_json::to_string(&Group::with_id("7")).unwrap(), json);
        assert_eq!(serde_json::to_string(&Bill::with_id("7")).unwrap(), json);
        assert_eq!(serde_json::to_string(&Utilization::with_id("7")).unwrap(), r#"{"name":"7","columns":[]}"#);
    }

    #[test]
    fn remote_data_comes_and_goes() {
        fn id_and_size<'a, U: Unified>(of: &mut U::Of<'a>, raw: &'a RawValue) -> (String, usize) {
            U::set_remote_data(of, Some(raw.into()));
            (U::id(of).to_owned(), U::remote_data(of).map_or(0, |raw| raw.get().len()))
        }
        let raw: &RawValue = serde_json::from_str(r#"{"a":1}"#).unwrap();
        let mut role = Role { id: "r".into(), ..Default::default() };
        assert_eq!(id_and_size::<Role<'static>>(&mut role, raw), ("r".to_owned(), 7));
        assert_eq!(role.into_owned().remote_data.unwrap().get(), raw.get());
    }
}
