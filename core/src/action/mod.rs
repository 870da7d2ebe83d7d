//! What the API can do: the table of actions, their inputs, filters and confirming reads.
//!
//! Read `table.rs` first: everything here is made from it.

pub mod confirm;
mod filter;
mod input;
mod member;
mod password;
mod table;

use std::{fmt, str::FromStr};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use schemars::Schema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use userdir_schema::{
    Activity, Bill, Group, License, Organization, Resource, Role, RoleAssignment, Unified, User, Utilization,
    Workspace, schema_of,
};

pub use confirm::{Confirm, OwnPredicate, Shows};
pub use filter::*;
pub use input::*;
pub use member::MemberKind;

use crate::call::Call;
use crate::error::Result;
use crate::page::{Page, PageRequest};
use crate::registry::UserDirectoryProvider;
use crate::reply::Reply;

/// Which of the three shapes an action has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// Pages of items.
    List,
    /// One resource.
    Get,
    /// A change, and the resource after it.
    Write,
}

/// An input of any action, as the checks before a call see it.
pub trait Input: Serialize + Deserialize<'static> + Clone + Default + Send + Sync + 'static {
    /// Names of its members; a raw identifier keeps its `r#`.
    const MEMBERS: &'static [&'static str];
    /// Names of the members that every vendor needs.
    const REQUIRED: &'static [&'static str];

    /// Id of the thing the action is about; none for a create and a list.
    fn subject(&self) -> Option<&str>;

    /// Names of its members as JSON has them.
    fn members() -> impl Iterator<Item = &'static str> {
        Self::MEMBERS.iter().map(|name| name.trim_start_matches("r#"))
    }
}

/// The filter of a list action: it names the action and calls it.
pub trait ListAction: Input {
    /// What the list has.
    type Output: Unified;
    /// The action.
    const ACTION: Action;

    /// Calls it for one vendor page; none where the provider lacks it.
    fn page<'a>(
        provider: &'a dyn UserDirectoryProvider,
        call: &'a Call,
        request: PageRequest<Self>,
    ) -> Option<BoxFuture<'a, Result<Page<Self::Output>>>>;
}

/// The input of a get action: it names the action and calls it.
pub trait GetAction: Input {
    /// What it reads.
    type Output: Gettable;
    /// The action.
    const ACTION: Action;

    /// Calls it; none where the provider lacks it.
    fn call<'a>(
        self,
        provider: &'a dyn UserDirectoryProvider,
        call: &'a Call,
    ) -> Option<BoxFuture<'a, Result<Reply<Self::Output>>>>;
}

/// The input of a write action: it names the action, its confirming read, and calls it.
pub trait WriteAction: Input {
    /// What it answers.
    type Output: Gettable;
    /// The action.
    const ACTION: Action;

    /// The confirming read.
    fn confirm() -> Confirm<Self>;

    /// Calls it; none where the provider lacks it.
    fn call<'a>(
        self,
        provider: &'a dyn UserDirectoryProvider,
        call: &'a Call,
    ) -> Option<BoxFuture<'a, Result<Reply<Self::Output>>>>;
}

/// A resource that a get action reads by its id.
pub trait Gettable: Unified {
    /// The get action.
    const GET: Action;

    /// Calls it; none where the provider lacks it.
    fn get<'a>(
        provider: &'a dyn UserDirectoryProvider,
        call: &'a Call,
        id: &str,
    ) -> Option<BoxFuture<'a, Result<Reply<Self>>>>;

    /// The resource without the vendor's own object.
    #[must_use]
    fn without_remote_data(self) -> Self;

    /// The resource with what `shown` makes of the vendor's own object.
    #[must_use]
    fn with_remote_data(self, shown: impl FnOnce(&str) -> Option<Box<RawValue>>) -> Self;
}

macro_rules! define_actions {
    ([] $($(#[doc = $doc:literal])* $kind:ident $trait:ident . $method:ident $($stream:ident)? ($input:ident) -> $output:ident
        = $verb:ident $resource:literal $name:literal $(, shown by $confirm:expr)?;)*) => {
        /// Every action of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $($(#[doc = $doc])* $trait,)*
        }

        impl Action {
            /// All actions, in the order of the table.
            pub const ALL: &'static [Action] = &[$(Action::$trait),*];

            /// What the table says of it.
            pub fn info(self) -> &'static ActionInfo {
                match self {
                    $(Action::$trait => &ActionInfo {
                        kind: define_actions!(@kind $kind),
                        function: stringify!($method),
                        verb: stringify!($verb),
                        resource: $resource,
                        method: $name,
                        summary: concat!($($doc),*),
                        members: <$input as Input>::MEMBERS,
                        required: <$input as Input>::REQUIRED,
                        input_schema: schema_of::<$input>,
                    },)*
                }
            }
        }

        $(define_actions!(@trait [$(#[doc = $doc])*] $kind $trait $method ($input) -> $output);)*
        $(define_actions!(@glue $kind $trait $method ($input) -> $output $(, $confirm)?);)*
    };

    (@kind list) => { ActionKind::List };
    (@kind get) => { ActionKind::Get };
    (@kind write) => { ActionKind::Write };

    (@trait [$(#[doc = $doc:literal])*] list $trait:ident $method:ident ($input:ident) -> $output:ident) => {
        $(#[doc = $doc])*
        ///
        /// Implement it for one vendor page; core makes streams, fills and cuts.
        #[async_trait]
        pub trait $trait: Send + Sync {
            $(#[doc = $doc])*
            async fn $method(&self, call: &Call, request: PageRequest<$input>) -> Result<Page<$output<'static>>>;
        }
    };
    (@trait [$(#[doc = $doc:literal])*] get $trait:ident $method:ident ($input:ident) -> $output:ident) => {
        $(#[doc = $doc])*
        #[async_trait]
        pub trait $trait: Send + Sync {
            $(#[doc = $doc])*
            async fn $method(&self, call: &Call, input: $input) -> Result<Reply<$output<'static>>>;
        }
    };
    (@trait [$(#[doc = $doc:literal])*] write $trait:ident $method:ident ($input:ident) -> $output:ident) => {
        $(#[doc = $doc])*
        ///
        /// Core has looked before (it is there, and not so already) and looks again afterwards; implement the change.
        #[async_trait]
        pub trait $trait: Send + Sync {
            $(#[doc = $doc])*
            async fn $method(&self, call: &Call, input: $input) -> Result<Reply<$output<'static>>>;
        }
    };

    (@glue list $trait:ident $method:ident ($input:ident) -> $output:ident) => {
        impl ListAction for $input {
            type Output = $output<'static>;
            const ACTION: Action = Action::$trait;

            fn page<'a>(
                provider: &'a dyn UserDirectoryProvider,
                call: &'a Call,
                request: PageRequest<Self>,
            ) -> Option<BoxFuture<'a, Result<Page<Self::Output>>>> {
                provider.slots().$method.map(|provider| provider.$method(call, request))
            }
        }
    };
    (@glue get $trait:ident $method:ident ($input:ident) -> $output:ident) => {
        impl GetAction for $input {
            type Output = $output<'static>;
            const ACTION: Action = Action::$trait;

            fn call<'a>(
                self,
                provider: &'a dyn UserDirectoryProvider,
                call: &'a Call,
            ) -> Option<BoxFuture<'a, Result<Reply<Self::Output>>>> {
                provider.slots().$method.map(|provider| provider.$method(call, self))
            }
        }

        impl Gettable for $output<'static> {
            const GET: Action = Action::$trait;

            fn get<'a>(
                provider: &'a dyn UserDirectoryProvider,
                call: &'a Call,
                id: &str,
            ) -> Option<BoxFuture<'a, Result<Reply<Self>>>> {
                GetAction::call($input::new(id), provider, call)
            }

            fn without_remote_data(mut self) -> Self {
                <Self as Unified>::set_remote_data(&mut self, None);
                self
            }

            fn with_remote_data(mut self, shown: impl FnOnce(&str) -> Option<Box<RawValue>>) -> Self {
                let made = <Self as Unified>::remote_data(&self).and_then(|raw| shown(raw.get())).map(Into::into);
                <Self as Unified>::set_remote_data(&mut self, made);
                self
            }
        }
    };
    (@glue write $trait:ident $method:ident ($input:ident) -> $output:ident, $confirm:expr) => {
        impl WriteAction for $input {
            type Output = $output<'static>;
            const ACTION: Action = Action::$trait;

            fn confirm() -> Confirm<Self> {
                $confirm
            }

            fn call<'a>(
                self,
                provider: &'a dyn UserDirectoryProvider,
                call: &'a Call,
            ) -> Option<BoxFuture<'a, Result<Reply<Self::Output>>>> {
                provider.slots().$method.map(|provider| provider.$method(call, self))
            }
        }
    };
}

crate::action_table! { [define_actions] }

/// What the table says of an action.
#[derive(Debug)]
pub struct ActionInfo {
    /// Its shape.
    pub kind: ActionKind,
    /// Name of its method, such as `deactivate_user`; fixture folders have it too.
    pub function: &'static str,
    /// HTTP verb of its route.
    pub verb: &'static str,
    /// Resource of the wire API.
    pub resource: &'static str,
    /// Method of the wire API.
    pub method: &'static str,
    /// One line on what it does.
    pub summary: &'static str,
    /// Members of its input; a raw identifier keeps its `r#`.
    pub members: &'static [&'static str],
    /// Members of its input that every vendor needs.
    pub required: &'static [&'static str],
    /// The JSON Schema (2020-12) of its input, in one piece. Which members a vendor needs and takes stands in its
    /// definition.
    pub input_schema: fn() -> Schema,
}

impl Action {
    /// Its resource.
    pub fn resource(self) -> Resource {
        Resource::from_str(self.info().resource).unwrap_or(Resource::Users)
    }

    /// Whether it changes something at the vendor.
    pub fn is_write(self) -> bool {
        self.info().kind == ActionKind::Write
    }

    /// Finds it by resource and method of the wire API, hyphens and underscores being the same. The deprecated
    /// `groups/add` and `groups/remove` are taken for `add-user` and `remove-user`.
    pub fn find(resource: &str, method: &str) -> Option<Action> {
        let resource = resource.replace('-', "_");
        let method = method.replace('_', "-");
        let method = match (resource.as_str(), method.as_str()) {
            ("groups", "add") => "add-user",
            ("groups", "remove") => "remove-user",
            (_, method) => method,
        };
        Action::ALL.iter().copied().find(|action| {
            let info = action.info();
            info.resource == resource && info.method == method
        })
    }

    /// Finds it by the name of its method, such as `deactivate_user`.
    pub fn by_function(name: &str) -> Option<Action> {
        Action::ALL.iter().copied().find(|action| action.info().function == name)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.info().resource, self.info().method)
    }
}

impl Serialize for Action {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A set of actions: what a provider can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActionSet(u64);

impl ActionSet {
    /// None.
    pub const EMPTY: ActionSet = ActionSet(0);

    /// With this one too.
    #[must_use]
    pub fn with(self, action: Action, there: bool) -> ActionSet {
        ActionSet(self.0 | (u64::from(there) << action as u64))
    }

    /// Whether it is in.
    pub fn contains(self, action: Action) -> bool {
        self.0 & (1 << action as u64) != 0
    }

    /// All that are in, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Action> {
        Action::ALL.iter().copied().filter(move |action| self.contains(*action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_found_by_its_names() {
        assert!(Action::ALL.len() <= 64, "ActionSet holds 64");
        for action in Action::ALL {
            let info = action.info();
            assert_eq!(Action::find(info.resource, info.method), Some(*action));
            assert_eq!(Action::find(info.resource, &info.method.replace('-', "_")), Some(*action));
            assert_eq!(Action::by_function(info.function), Some(*action));
            assert_eq!(action.resource().as_str(), info.resource);
            assert!(!info.summary.trim().is_empty());
        }
        assert_eq!(Action::find("groups", "add"), Some(Action::AddUserToGroup));
        assert_eq!(Action::find("groups", "remove"), Some(Action::RemoveUserFromGroup));
        assert_eq!(Action::find("role-assignments", "list"), Some(Action::ListRoleAssignments));
        assert_eq!(Action::find("users", "promote"), None);
    }
}
