//! Filters checked on items, for vendors whose servers honour filters at their pleasure.

use userdir_schema::{
    Activity, DateTime, Group, License, Organization, RoleAssignment, Text, Unified, User, Workspace,
};

use super::lists::{
    ActivityFilter, GroupFilter, LicenseFilter, OrganizationFilter, RoleAssignmentFilter, UserFilter, WorkspaceFilter,
};
use super::values::{DateRange, Match};

/// A filter that can be checked on an item, for vendors whose servers honour filters at their pleasure.
///
/// Members that the item cannot tell (a group it belongs to, where its groups are not shown) are taken as honoured by the
/// vendor.
pub trait Recheck<T: Unified>: Send + Sync {
    /// Whether `item` passes.
    fn keeps(&self, item: &T::Of<'_>) -> bool;
}

/// Whether an optional filter takes an optional word.
fn word(filter: &Option<Match>, word: Option<&str>) -> bool {
    filter.as_ref().is_none_or(|filter| word.is_some_and(|word| filter.takes(word)))
}

/// Whether an optional span takes a time.
fn span(filter: &Option<DateRange>, time: Option<DateTime>) -> bool {
    filter.is_none_or(|range| range.takes(time))
}

/// Whether an optional filter takes an optional id.
fn id(filter: &Option<String>, id: &Option<Text<'_>>) -> bool {
    filter.as_ref().is_none_or(|wanted| id.as_deref() == Some(wanted.as_str()))
}

/// Whether an optional id is among those that an item shows; an item that shows none cannot tell.
fn among<R>(filter: &Option<String>, rows: &Option<Vec<R>>, is: impl Fn(&R, &str) -> bool) -> bool {
    let (Some(wanted), Some(rows)) = (filter, rows) else { return true };
    rows.iter().any(|row| is(row, wanted))
}

impl Recheck<User<'static>> for UserFilter {
    fn keeps(&self, user: &User<'_>) -> bool {
        word(&self.first_name, user.first_name.as_deref())
            && word(&self.last_name, user.last_name.as_deref())
            && word(&self.name, user.name.as_deref())
            && word(&self.username, user.username.as_deref())
            && word(&self.external_id, user.external_id.as_deref())
            && word(&self.user_type, user.user_type.as_deref())
            && word(&self.status, user.status.as_ref().map(|status| status.as_str()))
            && self.emails.as_ref().is_none_or(|wanted| {
                let mut emails = user.emails.iter().flatten().filter_map(|email| email.email.as_deref());
                emails.any(|email| wanted.takes(email))
            })
            && span(&self.created_at, user.created_at)
            && span(&self.updated_at, user.updated_at)
            && among(&self.group_id, &user.groups, |group, wanted| group.id.as_deref() == Some(wanted))
            && among(&self.role_id, &user.roles, |role, wanted| role.id.as_deref() == Some(wanted))
            && among(&self.workspace_id, &user.workspaces, |place, wanted| place.id.as_deref() == Some(wanted))
            && among(&self.organization_id, &user.organizations, |place, wanted| place.id.as_deref() == Some(wanted))
    }
}

impl Recheck<Group<'static>> for GroupFilter {
    fn keeps(&self, group: &Group<'_>) -> bool {
        word(&self.name, group.name.as_deref())
            && word(&self.description, group.description.as_deref())
            && word(&self.group_type, group.group_type.as_ref().map(|kind| kind.as_str()))
            && span(&self.created_at, group.created_at)
            && span(&self.updated_at, group.updated_at)
    }
}

impl Recheck<Activity<'static>> for ActivityFilter {
    fn keeps(&self, activity: &Activity<'_>) -> bool {
        let user = activity.actor.as_ref().and_then(|actor| actor.user.as_ref()?.id.as_deref());
        word(&self.action, activity.action.as_ref().map(|action| action.as_str()))
            && span(&self.created_at, activity.created_at)
            && self.actor_id.as_deref().is_none_or(|wanted| user.is_none_or(|id| id == wanted))
            && self.entity_type.as_ref().is_none_or(|kind| activity.entity_type.as_deref() == Some(kind.as_str()))
    }
}

impl Recheck<License<'static>> for LicenseFilter {
    fn keeps(&self, license: &License<'_>) -> bool {
        word(&self.status, license.status.as_ref().map(|status| status.as_str()))
    }
}

impl Recheck<Organization<'static>> for OrganizationFilter {
    fn keeps(&self, organization: &Organization<'_>) -> bool {
        word(&self.name, organization.name.as_deref())
            && span(&self.created_at, organization.created_at)
            && span(&self.updated_at, organization.updated_at)
    }
}

impl Recheck<Workspace<'static>> for WorkspaceFilter {
    fn keeps(&self, workspace: &Workspace<'_>) -> bool {
        let organization = workspace.organization.as_ref().and_then(|organization| organization.id.as_deref());
        word(&self.name, workspace.name.as_deref())
            && word(&self.description, workspace.description.as_deref())
            && word(&self.status, workspace.status.as_ref().map(|status| status.as_str()))
            && span(&self.updated_at, workspace.updated_at)
            && self.organization_id.as_deref().is_none_or(|wanted| organization.is_none_or(|id| id == wanted))
    }
}

impl Recheck<RoleAssignment<'static>> for RoleAssignmentFilter {
    fn keeps(&self, assignment: &RoleAssignment<'_>) -> bool {
        id(&self.user_id, &assignment.user_id)
            && id(&self.group_id, &assignment.group_id)
            && id(&self.role_id, &assignment.role_id)
            && among(&self.workspace_id, &assignment.workspace, |workspace, wanted| *workspace == wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_checked_against_the_filter() {
        let user = User { username: Some("maya".into()), status: Some("active".into()), ..User::with_id("u1") };
        assert!(UserFilter::default().username("MAYA").keeps(&user));
        assert!(!UserFilter::default().status("inactive").keeps(&user));
        assert!(UserFilter::default().group_id("g1").keeps(&user));
    }

    #[test]
    fn an_activity_is_checked_against_its_user_where_it_shows_one() {
        let by = |id: &'static str| ActivityFilter::default().actor_id(id);
        let actor = crate::mapping::actor(true, Some("u1".into()));
        let activity = Activity { actor: Some(actor), ..Activity::with_id("a1") };
        assert!(by("u1").keeps(&activity) && !by("u2").keeps(&activity));
        assert!(by("u2").keeps(&Activity::with_id("a1")), "it cannot tell");
    }
}
