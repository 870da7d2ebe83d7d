//! Words with a meaning, and room for words without one.
//!
//! Every enum here knows the words of the unified schema. A word it does not know is the vendor's
//! own; it is kept in `Other` and goes out again as it came in.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{IntoOwned, Text};

macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $(#[$word_meta:meta])* $variant:ident = $word:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $name<'a> {
            $( $(#[$word_meta])* $variant, )+
            /// A word of the vendor's own.
            Other(Text<'a>),
        }

        impl<'a> $name<'a> {
            /// The words that have a meaning here.
            pub const KNOWN: &'static [&'static str] = &[$($word),+];

            /// The word as it stands on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $word, )+
                    Self::Other(word) => word,
                }
            }

            /// The same word, free of what it was read from.
            pub fn into_owned(self) -> $name<'static> {
                match self {
                    $( Self::$variant => $name::$variant, )+
                    Self::Other(word) => $name::Other(word.into_owned()),
                }
            }
        }

        impl<'a> From<Text<'a>> for $name<'a> {
            fn from(word: Text<'a>) -> Self {
                match word.as_str() {
                    $( $word => Self::$variant, )+
                    _ => Self::Other(word),
                }
            }
        }

        impl<'a> From<&'a str> for $name<'a> {
            fn from(word: &'a str) -> Self {
                Text::from(word).into()
            }
        }

        impl From<String> for $name<'_> {
            fn from(word: String) -> Self {
                Text::from(word).into()
            }
        }

        impl IntoOwned for $name<'_> {
            type Owned = $name<'static>;

            fn into_owned(self) -> Self::Owned {
                $name::into_owned(self)
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl Serialize for $name<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Text::deserialize(deserializer).map(Self::from)
            }
        }

        // The known words are examples, not an `enum`: a vendor's word must stay valid.
        impl JsonSchema for $name<'_> {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "examples": [$($word),+] })
            }
        }
    };
}

open_enum! {
    /// Where an account stands.
    pub enum Status {
        /// It can be used.
        Active = "active",
        /// It exists, but cannot be used for now.
        Inactive = "inactive",
        /// It is gone; the vendor still remembers it.
        Deleted = "deleted",
        /// It waits for its owner to accept.
        Invited = "invited",
    }
}

open_enum! {
    /// Whether a workspace is in use.
    pub enum WorkspaceStatus {
        /// In use.
        Active = "active",
        /// Closed or archived.
        Inactive = "inactive",
    }
}

open_enum! {
    /// Whether a license is in force.
    pub enum LicenseStatus {
        /// In force.
        Active = "active",
        /// Ended or suspended.
        Inactive = "inactive",
    }
}

open_enum! {
    /// How far a product of a license is set up.
    pub enum ProductStatus {
        /// Ready to use.
        Active = "active",
        /// Switched off.
        Inactive = "inactive",
        /// Setting it up failed.
        Errored = "errored",
        /// Waits for details from the customer.
        NeedsInput = "needs_input",
        /// Waits for the customer's consent.
        NeedsConfirmation = "needs_confirmation",
        /// Being set up.
        Pending = "pending",
    }
}

open_enum! {
    /// What sort of group it is.
    pub enum GroupType {
        /// People who work together.
        Team = "team",
        /// A unit of the company's structure.
        Department = "department",
        /// Any other set of people.
        Group = "group",
    }
}

open_enum! {
    /// What sort of thing a role assignment is bound to.
    pub enum AssignmentGroupType {
        /// A product of the vendor.
        Product = "product",
        /// A group.
        Group = "group",
        /// A team.
        Team = "team",
    }
}

open_enum! {
    /// Where a role can be held.
    pub enum ApplicableIn {
        /// In a group.
        Group = "group",
        /// In a workspace.
        Workspace = "workspace",
    }
}

open_enum! {
    /// What was done in an activity.
    pub enum Action {
        /// Someone signed in.
        Login = "login",
        /// Someone tried to sign in, in vain.
        LoginFailed = "login_failed",
        /// Someone signed out.
        Logout = "logout",
        /// A person was invited.
        UserInvited = "user_invited",
        /// An account was made.
        UserCreated = "user_created",
        /// An invited person came in.
        UserJoined = "user_joined",
        /// An account was switched off.
        UserDeactivated = "user_deactivated",
        /// An account was removed.
        UserDeleted = "user_deleted",
        /// An account was changed.
        UserUpdated = "user_updated",
        /// A thing was made.
        Create = "create",
        /// A thing was removed.
        Destroy = "destroy",
        /// Data was taken out.
        Exported = "exported",
        /// A thing was changed.
        Updated = "updated",
    }
}

open_enum! {
    /// What sort of actor stands behind an activity.
    pub enum ActorType {
        /// A person with an account.
        User = "user",
        /// The vendor's system or an automation.
        System = "system",
        /// Someone not signed in.
        Anonymous = "anonymous",
    }
}

open_enum! {
    /// How often a bill comes.
    pub enum BillingFrequency {
        /// Every month.
        Monthly = "monthly",
        /// Every year.
        Yearly = "yearly",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_words_are_variants() {
        for word in Action::KNOWN {
            let action = Action::from(*word);
            assert!(!matches!(action, Action::Other(_)), "{word}");
            assert_eq!(action.as_str(), *word);
        }
        let status: Status = serde_json::from_str(r#""invited""#).unwrap();
        assert_eq!(status, Status::Invited);
        assert_eq!(serde_json::to_string(&status).unwrap(), r#""invited""#);
    }

    #[test]
    fn unknown_words_pass_through_both_ways() {
        let status: Status = serde_json::from_str(r#""LOCKED_OUT""#).unwrap();
        assert!(matches!(&status, Status::Other(word) if word.is_borrowed()));
        assert_eq!(serde_json::to_string(&status).unwrap(), r#""LOCKED_OUT""#);
        assert_eq!(status.to_string(), "LOCKED_OUT");
        assert_eq!(status.clone().into_owned(), status);
    }
}
