//! How the types of the schema are declared, and how they let go of what they were read from.

use std::collections::BTreeMap;

use crate::DateTime;

/// Turns a value that may borrow from the vendor's answer into one that stands on its own.
pub trait IntoOwned {
    /// The same type without the borrow.
    type Owned: 'static;

    /// Copies what is borrowed and moves the rest.
    fn into_owned(self) -> Self::Owned;
}

impl<T: IntoOwned> IntoOwned for Option<T> {
    type Owned = Option<T::Owned>;

    fn into_owned(self) -> Self::Owned {
        self.map(T::into_owned)
    }
}

impl<T: IntoOwned> IntoOwned for Vec<T> {
    type Owned = Vec<T::Owned>;

    fn into_owned(self) -> Self::Owned {
        self.into_iter().map(T::into_owned).collect()
    }
}

impl<K: IntoOwned, V: IntoOwned> IntoOwned for BTreeMap<K, V>
where
    K::Owned: Ord,
{
    type Owned = BTreeMap<K::Owned, V::Owned>;

    fn into_owned(self) -> Self::Owned {
        self.into_iter().map(|(key, value)| (key.into_owned(), value.into_owned())).collect()
    }
}

macro_rules! owned_already {
    ($($type:ty),+) => {$(
        impl IntoOwned for $type {
            type Owned = Self;

            fn into_owned(self) -> Self {
                self
            }
        }
    )+};
}

owned_already!(
    bool,
    String,
    DateTime,
    serde_json::Number,
    serde_json::Value,
    serde_json::Map<String, serde_json::Value>
);

/// Declares a type of the schema, its derives, and `IntoOwned` field by field.
///
/// Fields under `required` are always there. All others are wrapped in `Option` and left out of the
/// JSON while they are `None`. `Debug` is not derived: a type that tells about a person writes its own.
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub struct $name:ident<$a:lifetime> {
            required { $( $(#[$required_meta:meta])* $required:ident: $required_type:ty, )* }
            $( $(#[$field_meta:meta])* $field:ident: $type:ty, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(bound(deserialize = "'de: 'a"))]
        #[schemars(bound = "")]
        pub struct $name<$a> {
            $( $(#[$required_meta])* pub $required: $required_type, )*
            $(
                $(#[$field_meta])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )*
        }

        impl $crate::IntoOwned for $name<'_> {
            type Owned = $name<'static>;

            fn into_owned(self) -> Self::Owned {
                $name {
                    $( $required: $crate::IntoOwned::into_owned(self.$required), )*
                    $( $field: $crate::IntoOwned::into_owned(self.$field), )*
                }
            }
        }
    };
    ($(#[$meta:meta])* pub struct $name:ident<$a:lifetime> { $($fields:tt)* }) => {
        record! { $(#[$meta])* pub struct $name<$a> { required {} $($fields)* } }
    };
}

pub(crate) use record;
