//! What sort of value a member of an input or filter has, for callers that have texts alone: a command line, a query.
//!
//! The table of actions knows names; what is not named here is a text.

/// What sort of value a member has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// Yes or no.
    Flag,
    /// A text that is never shown.
    Secret,
    /// Several texts.
    Words,
    /// Several objects; where one is given by a text, that is its main member.
    Objects {
        /// That member.
        main: &'static str,
    },
}

impl MemberKind {
    /// The kind of a member.
    pub fn of(member: &str) -> MemberKind {
        match member {
            "password" => MemberKind::Secret,
            "group" => MemberKind::Number,
            "include_last_login" | "is_group" | "include_nested" => MemberKind::Flag,
            "languages" | "permissions" => MemberKind::Words,
            "emails" => MemberKind::Objects { main: "email" },
            "phones" => MemberKind::Objects { main: "number" },
            "urls" => MemberKind::Objects { main: "url" },
            "roles" | "groups" | "licenses" | "organizations" => MemberKind::Objects { main: "id" },
            _ => MemberKind::Text,
        }
    }
}
