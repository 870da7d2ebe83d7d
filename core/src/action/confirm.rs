//! How a reader can tell that a write's effect is there.
//!
//! Every write of the table names what to read again and a pure predicate on the answer. The predicate decides
//! `already` before the write, verifies it afterwards, and settles a write whose outcome is unknown. A provider whose
//! vendor has finer words (suspended is not deactivated) puts a predicate of its own into its definition.

use serde::Serialize;
use serde_json::Value;
use userdir_schema::{DateTime, Group, Organization, Role, Status, Unified, User, UserRole};

use super::input::*;
use super::{Input, WriteAction};

/// What a reading says of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// It is so.
    Yes,
    /// What can be seen of it is so, and there is more that cannot be seen, such as a password.
    Partly,
    /// It is not so.
    No,
    /// The vendor is at it.
    Underway,
    /// The reading cannot tell.
    Unknown,
}

impl From<bool> for Shows {
    fn from(so: bool) -> Shows {
        if so { Shows::Yes } else { Shows::No }
    }
}

impl Shows {
    /// `Unknown` where there is nothing to judge by.
    pub fn from_option(so: Option<bool>) -> Shows {
        so.map_or(Shows::Unknown, Shows::from)
    }

    /// What two parts say together.
    #[must_use]
    fn and(self, other: Shows) -> Shows {
        match (self, other) {
            (one, other) if one == other => one,
            (Shows::No, _) | (_, Shows::No) => Shows::No,
            _ => Shows::Partly,
        }
    }

    /// What all parts say together; `Yes` where there are none.
    fn all(parts: impl IntoIterator<Item = Shows>) -> Shows {
        parts.into_iter().reduce(Shows::and).unwrap_or(Shows::Yes)
    }
}

/// A predicate on the resource read again; none means the vendor no longer shows it.
pub type Predicate<I> = fn(&I, Option<&<I as WriteAction>::Output>) -> Shows;

/// The confirming read of a write.
pub enum Confirm<I: WriteAction> {
    /// The new resource, read by the id that the vendor answered.
    Created,
    /// The subject, read again by its id.
    Get {
        /// The fields the predicate looks at, so that the reading asks the vendor for no more.
        fields: &'static [&'static str],
        /// The predicate.
        shows: Predicate<I>,
    },
    /// As `Get`, but only afterwards: the provider itself reads what is held, because names and ids of what is to be
    /// changed are the vendor's and an unknown one must not read as `already`.
    After {
        /// The fields the predicate looks at.
        fields: &'static [&'static str],
        /// The predicate.
        shows: Predicate<I>,
    },
    /// Whether the user is among the group's members: the user's groups, else the group's users.
    Membership {
        /// Whether the user should be.
        wanted: bool,
    },
}

/// A vendor's own predicate in place of the table's, on what its reading gives; see
/// [`ActionFacts`](crate::definition::ActionFacts).
#[derive(Clone, Copy, Debug)]
pub enum OwnPredicate {
    /// On a user.
    User(fn(&User<'_>) -> Shows),
    /// On a group.
    Group(fn(&Group<'_>) -> Shows),
}

/// Fields of the resource itself, none that cost a call of their own.
pub const PROFILE: &[&str] = &["profile"];
/// The status alone.
pub const STATUS: &[&str] = &["status"];
/// The roles.
pub const ROLES: &[&str] = &["status", "roles"];
/// Roles and licences.
pub const SEAT: &[&str] = &["status", "roles", "licenses"];

/// The vendor no longer shows it.
pub fn is_gone<I, T>(_: &I, seen: Option<&T>) -> Shows {
    Shows::from(seen.is_none())
}

/// The user is gone, or shown as deleted.
pub fn user_is_deleted<I>(_: &I, seen: Option<&User<'_>>) -> Shows {
    match seen {
        None => Shows::Yes,
        Some(user) => Shows::from(user.status == Some(Status::Deleted)),
    }
}

/// The user cannot sign in. One that is gone cannot either.
pub fn user_is_inactive<I>(_: &I, seen: Option<&User<'_>>) -> Shows {
    let Some(user) = seen else { return Shows::Yes };
    Shows::from_option(user.status.as_ref().map(|status| matches!(status, Status::Inactive | Status::Deleted)))
}

/// The user can sign in.
pub fn user_is_active<I>(_: &I, seen: Option<&User<'_>>) -> Shows {
    let Some(user) = seen else { return Shows::No };
    Shows::from_option(user.status.as_ref().map(|status| *status == Status::Active))
}

/// Whether `held` is what `wanted` names: by id or the name it is shown under, and by workspace, organization and group
/// where `wanted` names them.
fn is_role(wanted: &UserRole<'_>, held: &UserRole<'_>) -> bool {
    let Some(called) = wanted.id.as_deref().or(wanted.name.as_deref()) else { return false };
    let is_called = held.id.as_deref() == Some(called)
        || held.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(called));
    let scope = |wanted: &Option<userdir_schema::Text<'_>>, held: &Option<userdir_schema::Text<'_>>| {
        wanted.is_none() || held.is_none() || wanted == held
    };
    is_called
        && scope(&wanted.workspace, &held.workspace)
        && scope(&wanted.organization, &held.organization)
        && scope(&wanted.group, &held.group)
}

/// Whether a role is held at the place that the input's `workspace_id` names; some vendors take an organization or a
/// group there too. A role that shows no place may be held there.
fn is_at(place: &Option<String>, held: &UserRole<'_>) -> bool {
    let Some(place) = place.as_deref() else { return true };
    let places = [&held.workspace, &held.organization, &held.group].map(Option::as_deref);
    places == [None; 3] || places.contains(&Some(place))
}

/// The user holds every role named. A role held in or through a group is another one than the user's own, even where it
/// has the same name.
pub fn user_holds_roles(input: &AssignRoleInput, seen: Option<&User<'_>>) -> Shows {
    let Some(user) = seen else { return Shows::No };
    let wanted = input.placed_roles();
    let is_held = |wanted: &UserRole<'_>, held: &[UserRole<'_>]| {
        let is_it = |held: &&UserRole<'_>| is_role(wanted, held) && is_at(&input.workspace_id, held);
        // a group may stand where the input's `workspace_id` is
        let group = wanted.group.as_deref().or(input.workspace_id.as_deref());
        held.iter()
            .filter(is_it)
            .any(|held| held.group.is_none() && wanted.group.is_none() || held.group.as_deref() == group)
    };
    Shows::from_option(user.roles.as_ref().map(|held| wanted.iter().all(|wanted| is_held(wanted, held))))
}

/// The user holds none of the roles named.
pub fn user_lacks_roles(input: &UnassignRoleInput, seen: Option<&User<'_>>) -> Shows {
    let Some(user) = seen else { return Shows::Yes };
    let wanted = input.placed_roles();
    let is_held = |wanted, held: &[UserRole<'_>]| {
        held.iter().any(|held| is_role(wanted, held) && is_at(&input.workspace_id, held))
    };
    Shows::from_option(user.roles.as_ref().map(|held| !wanted.iter().any(|wanted| is_held(wanted, held))))
}

/// The user has the licence and role named, where both can be seen. A role in a group is no seat.
pub fn user_has_seat(input: &DowngradeUserInput, seen: Option<&User<'_>>) -> Shows {
    let Some(user) = seen else { return Shows::No };
    let is_seat = |role: &UserRole<'_>, wanted: &str| role.group.is_none() && role.id.as_deref() == Some(wanted);
    let role = input
        .role_id
        .as_deref()
        .map(|wanted| user.roles.as_ref().map(|held| held.iter().any(|role| is_seat(role, wanted))));
    let license = input.license_id.as_deref().map(|wanted| {
        user.licenses.as_ref().map(|held| held.iter().any(|license| license.id.as_deref() == Some(wanted)))
    });
    match (role, license) {
        (None, None) => Shows::Unknown,
        (Some(Some(false)), _) | (_, Some(Some(false))) => Shows::No,
        (Some(None), _) | (_, Some(None)) => Shows::Unknown,
        _ => Shows::Yes,
    }
}

/// Whether every field given in `input` is shown with the same value.
fn has_fields<I: Input + Serialize, T: Serialize>(input: &I, seen: Option<&T>) -> Shows {
    let Some(seen) = seen else { return Shows::No };
    let (Ok(Value::Object(wanted)), Ok(Value::Object(seen))) =
        (serde_json::to_value(input), serde_json::to_value(seen))
    else {
        return Shows::Unknown;
    };
    let given: Vec<_> = wanted.iter().filter(|(name, _)| *name != "id").collect();
    if given.is_empty() {
        return Shows::Unknown;
    }
    Shows::all(given.into_iter().map(|(name, wanted)| match seen.get(name) {
        Some(shown) => covers(wanted, shown),
        // of others nobody can tell an empty one from one that was not read
        None if !SHOWN.contains(&name.as_str()) => Shows::Unknown,
        None => Shows::from(wanted.as_str() == Some("") || wanted.as_array().is_some_and(Vec::is_empty)),
    }))
}

/// Whether what was found may be what a lost `create` made: the vendor shows that it was not there long before, and no
/// member that differs.
pub(crate) fn is_new<I: Input + Serialize, T: Serialize>(input: &I, seen: &T, now: DateTime) -> bool {
    let created = serde_json::to_value(seen).ok().and_then(|seen| DateTime::parse(seen.get("created_at")?.as_str()?));
    let is_fresh = created.is_some_and(|created| now.timestamp().as_second() - created.timestamp().as_second() < SKEW);
    is_fresh && has_fields(input, Some(seen)) != Shows::No
}

/// Seconds that the vendor's clock may be off, and a create may take.
const SKEW: i64 = 15 * 60;

/// Members that a reading leaves out only when they are empty.
const SHOWN: &[&str] = &["name", "first_name", "last_name", "title", "username"];

/// Whether `shown` says at least what `wanted` says: members that the vendor adds do not count.
fn covers(wanted: &Value, shown: &Value) -> Shows {
    match (wanted, shown) {
        (Value::Object(wanted), Value::Object(shown)) => {
            Shows::all(wanted.iter().map(|(name, value)| match (name.as_str(), value, shown.get(name)) {
                // vendors keep addresses in lower case
                ("email", Value::String(wanted), Some(Value::String(shown))) => {
                    wanted.eq_ignore_ascii_case(shown).into()
                }
                (_, value, Some(shown)) => covers(value, shown),
                (_, _, None) => Shows::Unknown,
            }))
        }
        (Value::Array(wanted), Value::Array(shown)) if wanted.len() == shown.len() => {
            match Shows::all(wanted.iter().zip(shown).map(|(wanted, shown)| covers(wanted, shown))) {
                // in another order: to some vendors the first one is the primary one
                Shows::No if wanted.iter().all(|value| shown.iter().any(|shown| covers(value, shown) != Shows::No)) => {
                    Shows::Partly
                }
                shows => shows,
            }
        }
        _ => Shows::from(wanted == shown),
    }
}

/// The user shows the fields of the input.
pub fn user_has_fields(input: &UpdateUserInput, seen: Option<&User<'static>>) -> Shows {
    has_fields(input, seen)
}

/// The group shows the fields of the input.
pub fn group_has_fields(input: &UpdateGroupInput, seen: Option<&Group<'static>>) -> Shows {
    has_fields(input, seen)
}

/// The role shows the fields of the input.
pub fn role_has_fields(input: &UpdateRoleInput, seen: Option<&Role<'static>>) -> Shows {
    has_fields(input, seen)
}

/// The organization shows the fields of the input.
pub fn organization_has_fields(input: &UpdateOrganizationInput, seen: Option<&Organization<'static>>) -> Shows {
    has_fields(input, seen)
}

impl OwnPredicate {
    /// Applies it where the resource is of its kind.
    pub(crate) fn judge<T: Unified>(self, seen: &T) -> Option<Shows> {
        let seen: &dyn std::any::Any = seen;
        match self {
            OwnPredicate::User(shows) => seen.downcast_ref::<User<'static>>().map(|user| shows(user)),
            OwnPredicate::Group(shows) => seen.downcast_ref::<Group<'static>>().map(|group| shows(group)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(status: &'static str) -> User<'static> {
        User { status: Some(status.into()), ..User::with_id("u1") }
    }

    #[test]
    fn status_decides() {
        let input = DeactivateUserInput::new("u1");
        assert_eq!(user_is_inactive(&input, Some(&user("inactive"))), Shows::Yes);
        assert_eq!(user_is_inactive(&input, Some(&user("active"))), Shows::No);
        assert_eq!(user_is_inactive(&input, Some(&User::with_id("u1"))), Shows::Unknown);
        assert_eq!(user_is_inactive(&input, None), Shows::Yes);
    }

    #[test]
    fn roles_are_compared_with_their_scope() {
        let held = UserRole { id: Some("r1".into()), workspace: Some("w1".into()), ..Default::default() };
        let user = User { roles: Some(vec![held]), ..User::with_id("u1") };
        let wanted = |workspace: Option<&'static str>| UserRole {
            id: Some("r1".into()),
            workspace: workspace.map(Into::into),
            ..Default::default()
        };
        assert_eq!(user_lacks_roles(&UnassignRoleInput::new("u1", vec![wanted(None)]), Some(&user)), Shows::No);
        assert_eq!(user_lacks_roles(&UnassignRoleInput::new("u1", vec![wanted(Some("w2"))]), Some(&user)), Shows::Yes);
        assert_eq!(user_holds_roles(&AssignRoleInput::new("u1", vec![wanted(Some("w1"))]), Some(&user)), Shows::Yes);
        assert_eq!(
            user_lacks_roles(&UnassignRoleInput::new("u1", vec![wanted(None)]), Some(&User::with_id("u1"))),
            Shows::Unknown
        );
        let two = || vec![wanted(None), UserRole { id: Some("r2".into()), ..Default::default() }];
        assert_eq!(user_lacks_roles(&UnassignRoleInput::new("u1", two()), Some(&user)), Shows::No, "one is left");
        assert_eq!(user_holds_roles(&AssignRoleInput::new("u1", two()), Some(&user)), Shows::No, "one is missing");
    }

    #[test]
    fn a_role_in_a_group_is_no_seat() {
        let held = |group: Option<&'static str>| {
            let role = UserRole { id: Some("observer".into()), group: group.map(Into::into), ..Default::default() };
            User { roles: Some(vec![role]), ..User::with_id("u1") }
        };
        let input = DowngradeUserInput::new("u1").role_id("observer");
        assert_eq!(user_has_seat(&input, Some(&held(None))), Shows::Yes);
        assert_eq!(user_has_seat(&input, Some(&held(Some("t1")))), Shows::No);
    }

    #[test]
    fn a_role_is_found_by_its_name_and_at_the_place_of_the_input() {
        let held = |id: &'static str, organization: Option<&'static str>| UserRole {
            id: Some(id.into()),
            name: Some("User Admin".into()),
            organization: organization.map(Into::into),
            ..Default::default()
        };
        let named = |id: &'static str| vec![UserRole { id: Some(id.into()), ..Default::default() }];
        let user = User { roles: Some(vec![held("r1", Some("o1"))]), ..User::with_id("u1") };
        let lacks = |input: UnassignRoleInput, user: &User<'_>| user_lacks_roles(&input, Some(user));
        assert_eq!(lacks(UnassignRoleInput::new("u1", named("user admin")), &user), Shows::No);
        assert_eq!(lacks(UnassignRoleInput::new("u1", named("r1")).workspace_id("o1"), &user), Shows::No);
        assert_eq!(lacks(UnassignRoleInput::new("u1", named("r1")).workspace_id("w1"), &user), Shows::Yes);
        let anywhere = User { roles: Some(vec![held("r1", None)]), ..User::with_id("u1") };
        assert_eq!(lacks(UnassignRoleInput::new("u1", named("r1")).workspace_id("w1"), &anywhere), Shows::No);
        let input = AssignRoleInput::new("u1", named("r1")).workspace_id("w1");
        assert_eq!(user_holds_roles(&input, Some(&user)), Shows::No);
    }

    #[test]
    fn a_role_in_a_group_does_not_prove_one_of_the_users_own_nor_the_other_way_round() {
        let held = |group: Option<&'static str>| {
            let role = UserRole {
                id: Some("limited_user".into()),
                name: Some("Responder".into()),
                group: group.map(Into::into),
                ..Default::default()
            };
            User { roles: Some(vec![role]), ..User::with_id("u1") }
        };
        let wanted = |group: Option<&'static str>| {
            let role = UserRole { id: Some("responder".into()), group: group.map(Into::into), ..Default::default() };
            AssignRoleInput::new("u1", vec![role])
        };
        assert_eq!(user_holds_roles(&wanted(Some("t1")), Some(&held(None))), Shows::No);
        assert_eq!(user_holds_roles(&wanted(None), Some(&held(Some("t1")))), Shows::No);
        assert_eq!(user_holds_roles(&wanted(Some("t1")), Some(&held(Some("t1")))), Shows::Yes);
        assert_eq!(user_holds_roles(&wanted(None), Some(&held(None))), Shows::Yes);
    }

    #[test]
    fn a_place_that_is_an_empty_text_is_none() {
        let held = UserRole { id: Some("r1".into()), organization: Some("o1".into()), ..Default::default() };
        let user = User { roles: Some(vec![held]), ..User::with_id("u1") };
        let role = UserRole { id: Some("r1".into()), organization: Some("".into()), ..Default::default() };
        let input = UnassignRoleInput::new("u1", vec![role]);
        assert_eq!(user_lacks_roles(&input, Some(&user)), Shows::No);
    }

    #[test]
    fn organizations_say_where_roles_are_meant() {
        let held = UserRole { id: Some("r1".into()), organization: Some("o1".into()), ..Default::default() };
        let user = User { roles: Some(vec![held]), ..User::with_id("u1") };
        let role = || vec![UserRole { id: Some("r1".into()), ..Default::default() }];
        let there =
            |id: &'static str| vec![userdir_schema::UserOrganization { id: Some(id.into()), ..Default::default() }];
        let lacks = |id| user_lacks_roles(&UnassignRoleInput::new("u1", role()).organizations(there(id)), Some(&user));
        assert_eq!((lacks("o1"), lacks("o2")), (Shows::No, Shows::Yes));
        let holds = |id| user_holds_roles(&AssignRoleInput::new("u1", role()).organizations(there(id)), Some(&user));
        assert_eq!((holds("o1"), holds("o2")), (Shows::Yes, Shows::No));
    }

    #[test]
    fn an_address_is_the_same_in_lower_case() {
        let email = |text: &'static str| userdir_schema::Email { email: Some(text.into()), ..Default::default() };
        let shown = User { emails: Some(vec![email("maya@example.com")]), ..User::with_id("u1") };
        let wanted = UpdateUserInput::new("u1").emails(vec![email("Maya@Example.com")]);
        assert_eq!(user_has_fields(&wanted, Some(&shown)), Shows::Yes);
    }

    #[test]
    fn an_update_is_seen_in_the_fields_it_names() {
        let mut shown = user("active");
        shown.title = Some("Director".into());
        assert_eq!(user_has_fields(&UpdateUserInput::new("u1").title("Director"), Some(&shown)), Shows::Yes);
        assert_eq!(user_has_fields(&UpdateUserInput::new("u1").title("Chef"), Some(&shown)), Shows::No);
        assert_eq!(user_has_fields(&UpdateUserInput::new("u1").last_name("Ortiz"), Some(&shown)), Shows::No);
        assert_eq!(user_has_fields(&UpdateUserInput::new("u1").bio("…"), Some(&shown)), Shows::Unknown);
    }
}
