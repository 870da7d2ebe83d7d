//! The members of inputs and filters as a command line has them: which flag, which words of help.

pub use userdir::action::MemberKind as Kind;

/// What sort of value a member has.
pub fn kind(member: &str) -> Kind {
    Kind::of(member)
}

/// Its flag: hyphens for underscores, and the singular where it is given once per item.
pub fn flag(member: &str) -> String {
    match (member, kind(member)) {
        // `groups` is given as `--group`
        ("group", _) => "group-number".to_owned(),
        (_, Kind::Words | Kind::Objects { .. }) => member.trim_end_matches('s').replace('_', "-"),
        _ => member.replace('_', "-"),
    }
}

/// A line of help.
pub fn help(member: &str) -> &'static str {
    match member {
        "id" => "Id, as a list shows it",
        "user_id" => "Id of the user, as a list shows it",
        "group_id" => "Id of the group, as a list shows it",
        "role_id" => "Id of the role",
        "license_id" => "Id of the licence",
        "organization_id" => "Id of the organization, where the vendor asks for one",
        "workspace_id" => "Id of the workspace, where the vendor asks for one",
        "external_id" => "Id elsewhere, such as in the HR system",
        "first_name" => "Given name",
        "last_name" => "Family name",
        "name" => "Full name",
        "username" => "Login name",
        "title" => "Job title",
        "description" => "Description",
        "emails" => "E-mail address; may be repeated",
        "phones" => "Phone number; may be repeated",
        "urls" => "Address of a page of the user; may be repeated",
        "roles" => "Id of a role; may be repeated",
        "groups" => "Id of a group; may be repeated",
        "licenses" => "Id of a licence; may be repeated",
        "organizations" => "Id of an organization; may be repeated",
        "languages" => "Preferred language; may be repeated",
        "permissions" => "What the role allows, in the vendor's words; may be repeated",
        "password" => "Password, from an environment variable, a file or stdin",
        "status" => "`active` or `inactive`",
        "user_type" => "Kind of user",
        "group_type" => "Kind of group",
        "object_type" => "Kind of object a licence is for",
        "group" => "Number of a group, where the vendor counts them",
        "timezone" => "Time zone, as the vendor names it",
        "bio" => "Short self-description",
        "avatar" => "Address of the picture",
        "product" => "Product, where the vendor has several",
        "actor" => "Who does it, where the vendor asks for it",
        "from" => "What to delete from: `group` or `organization`, where the vendor has both",
        "from_id" => "Id of that group or organization",
        "include_last_login" => "Ask for the last sign-in too, where that costs extra",
        "organization" => "Organization it belongs to",
        "pricing_plan" => "Price plan",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use userdir::action::{Action, ActionKind};

    #[test]
    fn every_member_of_the_table_is_explained() {
        for action in Action::ALL.iter().filter(|action| action.info().kind != ActionKind::List) {
            for member in action.info().members {
                assert!(!help(member.trim_start_matches("r#")).is_empty(), "{action}: {member}");
            }
        }
    }

    #[test]
    fn lists_are_given_one_by_one() {
        assert_eq!(flag("roles"), "role");
        assert_eq!(flag("emails"), "email");
        assert_eq!(flag("first_name"), "first-name");
        assert_eq!(flag("status"), "status");
        assert_eq!((flag("group"), flag("groups")), ("group-number".into(), "group".into()));
    }
}
