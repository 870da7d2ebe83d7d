//! Users: list and get.

use userdir_core::action::*;
use userdir_core::reply::Unreadable;
use userdir_core::{Call, Error, ErrorKind, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Status, User};

use crate::Salesforce;
use crate::id::{self, RoleKind};
use crate::licenses::held_set_licenses;
use crate::map::{self, Around, FROZEN};
use crate::soql::{self, Query};

/// Everything a user shows, and names of what the user refers to.
const FIELDS: &str = "Id, Username, FirstName, LastName, Name, Alias, Email, Title, Phone, MobilePhone, Extension, Fax, \
    IsActive, UserType, FederationIdentifier, EmployeeNumber, CompanyName, Department, Division, AboutMe, \
    TimeZoneSidKey, LanguageLocaleKey, LocaleSidKey, FullPhotoUrl, ManagerId, \
    ProfileId, Profile.Name, Profile.UserLicenseId, Profile.UserLicense.Name, \
    UserRoleId, UserRole.Name, LastLoginDate, CreatedDate, LastModifiedDate, SystemModstamp";

/// Where one of those is hidden from the token's user, the whole query fails. Of these none can be.
const FEWER_FIELDS: &str = "Id, Username, FirstName, LastName, Name, Email, IsActive, UserType, \
    TimeZoneSidKey, LanguageLocaleKey, ProfileId, UserRoleId, CreatedDate, LastModifiedDate, SystemModstamp";

/// These are seldom hidden.
const SHOWN_FIELDS: &str = "FederationIdentifier, Profile.Name, Profile.UserLicenseId, Profile.UserLicense.Name, \
    UserRole.Name, LastLoginDate";

/// The title may be hidden too, but an update of it is read back.
fn users() -> Query {
    let shown = format!("{FEWER_FIELDS}, {SHOWN_FIELDS}");
    let query = Query::new(FIELDS, "User").or(format!("{shown}, Title")).or(shown);
    query.or(format!("{FEWER_FIELDS}, Title")).or(FEWER_FIELDS)
}

/// Assignments of permission sets, without the hidden set that each profile owns. Only organizations with user access
/// policies say what those revoke.
pub(crate) fn sets() -> Query {
    const SETS: &str = "Id, AssigneeId, PermissionSetId, PermissionSet.Label, PermissionSet.IsOwnedByProfile, \
        PermissionSetGroupId, PermissionSetGroup.MasterLabel, ExpirationDate, IsActive";
    let query = Query::new(format!("{SETS}, IsRevoked"), "PermissionSetAssignment").or(SETS);
    query.and("PermissionSet.IsOwnedByProfile = false")
}

#[async_trait]
impl ListUsers for Salesforce {
    /// The users of a page, and then what belongs to them, for all of them at once.
    async fn list_users(&self, call: &Call, request: PageRequest<UserFilter>) -> Result<Page<User<'static>>> {
        let filter = &request.filter;
        let Some(query) = self.matching(filter)? else { return Ok(Page::of_values(Vec::new())) };
        let cursor = request.cursor.as_deref();
        let slice = self.slice(call, &query, cursor, request.wanted).await?;
        let users = slice.each(map::id)?;
        if cursor.is_none() && users.is_empty() {
            if let Some(group) = &filter.group_id {
                self.must_exist(call, "Group", group).await?;
            }
            if let Some(role) = &filter.role_id {
                self.find_role(call, role).await?;
            }
        }
        // the status by which active and frozen are told apart
        let tells = filter.status.as_ref().is_some_and(|status| status.takes("active") != status.takes(FROZEN));
        let around = self.around(call, &users, tells || call.wants("status"), &mut Unreadable::default()).await?;
        if tells && around.frozen.is_none() && !users.is_empty() {
            return Err(Error::new(ErrorKind::Permission, "the token's user may not see whose sign-in is frozen"));
        }
        let page = Page::of_body(slice.answer.body.clone(), "records", around).after(&slice);
        // whether a sign-in is frozen is not the user's own field
        let by_status = filter.status.clone().map(|status| UserFilter::default().status(status));
        Ok(page.rechecked(by_status.unwrap_or_default()))
    }
}

impl Salesforce {
    /// The query of a filter; none where nobody can match it.
    fn matching(&self, filter: &UserFilter) -> Result<Option<Query>> {
        let mut query = users().order(order(filter.sort_by.as_ref()));
        query = match (&filter.user_type, &self.user_types) {
            (Some(_), _) => query.matching("UserType", &filter.user_type),
            (None, Some(types)) => query.any_of("UserType", types.iter().map(String::as_str)),
            (None, None) => query,
        };
        if let Some(status) = &filter.status {
            let active = activity(status)?;
            query = match active.as_slice() {
                [] => return Ok(None),
                [active] => query.and(format!("IsActive = {active}")),
                _ => query,
            };
        }
        query = query
            .matching("Email", &filter.emails)
            .matching("Username", &filter.username)
            .beginning("Name", &filter.name)
            .within("CreatedDate", &filter.created_at)
            .within("SystemModstamp", &filter.updated_at);
        if let Some(role) = &filter.role_id {
            query = holding(query, role)?;
        }
        if let Some(group) = &filter.group_id {
            id::expect(group, id::GROUP, "a group")?;
            let group = soql::text(group);
            query = query.and(format!("Id IN (SELECT UserOrGroupId FROM GroupMember WHERE GroupId = {group})"));
        }
        Ok(Some(query))
    }

    /// A user with everything that is wanted.
    pub(crate) async fn user(&self, call: &Call, id: &str) -> Result<Reply<User<'static>>> {
        id::expect(id, id::USER, "a user")?;
        let mut user: User = self.get(call, &users().is("Id", id)).await?.map(map::user)?;
        let mut unreadable = Unreadable::default();
        let around = self.around(call, &[user.id.to_string()], call.wants("status"), &mut unreadable).await?;
        around.fill(&mut user);
        // who is active and may be frozen is neither, where a write is confirmed by it: whichever input that had
        if around.frozen.is_none() && call.wants("status") && call.confirms::<UnsuspendUserInput>().is_some() {
            user.status.take_if(|status| *status == Status::Active);
        }
        let fewer = user.identifiers.is_none();
        let reply = Reply::read(user);
        Ok(unreadable.note(match fewer {
            true => reply.note("some fields are hidden from the token's user; fewer were read"),
            false => reply,
        }))
    }

    /// What is wanted of what belongs to these users.
    async fn around(
        &self,
        call: &Call,
        users: &[String],
        with_frozen: bool,
        unreadable: &mut Unreadable,
    ) -> Result<Around> {
        let mut around = Around::default();
        if users.is_empty() {
            return Ok(around);
        }
        around.home = Some(self.http.origin(call).await?);
        if with_frozen {
            let query = Query::new("Id, UserId, IsFrozen", "UserLogin").and("IsFrozen = true");
            let frozen = self.by_user(call, &query, "UserId", users, |raw| Ok((map::login(raw)?.user_id, ())));
            let frozen = unreadable.known("frozen sign-in", frozen.await)?;
            around.frozen = frozen.map(|frozen| frozen.into_keys().collect());
        }
        if call.wants("roles") {
            let sets = self.by_user(call, &sets(), "AssigneeId", users, map::held_set).await;
            around.sets = unreadable.known("roles", sets)?;
        }
        if call.wants("licenses") {
            let licenses = self.by_user(call, &held_set_licenses(), "AssigneeId", users, map::held_license).await;
            around.licenses = unreadable.known("licenses", licenses)?;
        }
        if call.wants("groups") {
            let query = Query::new("GroupId, Group.Name, Group.Type, UserOrGroupId", "GroupMember");
            let groups = self.by_user(call, &query, "UserOrGroupId", users, map::membership).await;
            around.groups = unreadable.known("groups", groups)?;
        }
        if call.wants("organizations") {
            around.organization = Some(self.own_organization(call).await?);
        }
        Ok(around)
    }
}

/// What `IsActive` is for the words of a filter.
fn activity(status: &Match) -> Result<Vec<bool>> {
    let mut active = Vec::new();
    for word in status.values() {
        match word.to_ascii_lowercase().as_str() {
            "active" | FROZEN => active.push(true),
            "inactive" => active.push(false),
            // Salesforce invites nobody and keeps every user
            "invited" | "deleted" => {}
            _ => {
                return Err(Error::invalid(format!("status `{word}` is unknown here"))
                    .hint("the words are active, inactive and frozen"));
            }
        }
    }
    active.sort_unstable();
    active.dedup();
    Ok(active)
}

/// Holders of a role.
fn holding(query: Query, role: &str) -> Result<Query> {
    let assigned = |field: &str| {
        // one that has expired or was revoked gives nothing any more
        let of_role = format!("{field} = {} AND IsActive = true", soql::text(role));
        format!("Id IN (SELECT AssigneeId FROM PermissionSetAssignment WHERE {of_role})")
    };
    Ok(match RoleKind::of(role)? {
        RoleKind::Profile => query.is("ProfileId", role),
        RoleKind::UserRole => query.is("UserRoleId", role),
        RoleKind::PermissionSet => query.and(assigned("PermissionSetId")),
        RoleKind::PermissionSetGroup => query.and(assigned("PermissionSetGroupId")),
    })
}

/// The fields of the definition's list.
fn order(sort: Option<&SortBy>) -> &'static str {
    let Some(sort) = sort else { return "Id" };
    match (sort.field.as_str(), sort.descending) {
        ("created_at", false) => "CreatedDate, Id",
        ("created_at", true) => "CreatedDate DESC, Id",
        ("updated_at", false) => "SystemModstamp, Id",
        ("updated_at", true) => "SystemModstamp DESC, Id",
        ("last_login_at", false) => "LastLoginDate, Id",
        ("last_login_at", true) => "LastLoginDate DESC, Id",
        ("username", false) => "Username, Id",
        ("username", true) => "Username DESC, Id",
        ("name", true) => "Name DESC, Id",
        _ => "Name, Id",
    }
}

#[async_trait]
impl GetUser for Salesforce {
    async fn get_user(&self, call: &Call, input: GetUserInput) -> Result<Reply<User<'static>>> {
        self.user(call, &input.id).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_nobody_has_matches_nobody() {
        assert_eq!(activity(&Match::any_of(["invited"])).unwrap(), Vec::<bool>::new());
        assert_eq!(activity(&Match::any_of(["inactive", "Frozen", "active"])).unwrap(), [false, true]);
        assert!(activity(&Match::any_of(["locked"])).is_err());
    }
}
