//! From Slack's JSON to the unified schema: pure functions, no calls.

use serde_json::value::RawValue;
use userdir_core::Mapped;
use userdir_core::mapping::{self, filled};
use userdir_core::page::MapItem;
use userdir_core::scim;
use userdir_schema::{
    Activity, Actor, Context, Email, Group, IntoOwned, License, Phone, RemoteData, RoleAssignment, Status, Text, User,
    UserGroup, UserOrganization, UserRole, UserWorkspace, Workspace, WorkspaceOrganization,
};

use crate::catalogue::{self, AccountType};
use crate::wire;

fn kept(raw: &RawValue) -> Option<RemoteData<'static>> {
    Some(raw.to_owned().into())
}

fn status(is_active: bool) -> Status<'static> {
    if is_active { Status::Active } else { Status::Inactive }
}

/// Bots are told from people, and guests from members.
fn user_type(is_bot: Option<bool>, account: Option<AccountType>) -> Option<Text<'static>> {
    let word = match account {
        _ if is_bot == Some(true) => "bot",
        Some(AccountType::UltraRestricted) => "single_channel_guest",
        Some(AccountType::Restricted) => "multi_channel_guest",
        Some(_) => "member",
        None => return None,
    };
    Some(word.into())
}

fn address(email: Option<Text<'_>>) -> Vec<Email<'_>> {
    let primary = |email| Email { email: Some(email), is_primary: Some(true), ..Email::default() };
    filled(email).map(primary).into_iter().collect()
}

/// Maps items of `admin.users.list`.
pub struct Listed {
    /// The workspace that was asked for, whose account types the flags tell.
    pub workspace: Option<String>,
    /// Else the organization.
    pub organization: Option<String>,
    /// Whether active people were asked for.
    pub are_active: bool,
}

impl MapItem<User<'static>> for Listed {
    fn map<'a>(&self, raw: &'a RawValue) -> Mapped<User<'a>> {
        let it: wire::ListedUser = serde_json::from_str(raw.get())?;
        let account = account_type(&it);
        let is_active = it.is_active.unwrap_or(self.are_active);
        // a guest is one in workspaces
        let organization =
            self.organization.clone().filter(|_| !account.is_some_and(AccountType::is_guest)).map(Text::from);
        let workspace = self.workspace.clone().map(Text::from);
        let role = account.map(|account| UserRole { workspace, organization, ..account.role() });
        let mut roles: Vec<_> = role.into_iter().collect();
        roles.extend(it.roles.into_iter().flatten().map(catalogue::named));
        let workspace = |id| UserWorkspace { id: Some(id), ..UserWorkspace::default() };
        Ok(User {
            id: it.id,
            name: filled(it.full_name),
            username: filled(it.username),
            emails: Some(address(it.email)),
            status: Some(status(is_active)),
            is_2fa_enabled: it.has_2fa,
            roles: Some(roles),
            user_type: user_type(it.is_bot, account),
            workspaces: it.workspaces.map(|ids| ids.into_iter().map(workspace).collect()),
            created_at: it.date_created,
            last_active_at: it.last_active_ts,
            status_changed_at: it.deactivated_ts.filter(|_| !is_active),
            ..User::default()
        })
    }
}

/// What somebody is, as `admin.users.list` shows it: in the workspace asked for, else in the organization.
pub fn account_type(it: &wire::ListedUser<'_>) -> Option<AccountType> {
    AccountType::of([it.is_primary_owner, it.is_owner, it.is_admin, it.is_ultra_restricted, it.is_restricted])
}

/// The flags of what somebody is in the organization, as `users.info` shows them.
pub fn flags_in_org(it: &wire::User<'_>) -> [Option<bool>; 5] {
    let [primary_owner, owner, admin] = match &it.enterprise_user {
        Some(org) => [org.is_primary_owner, org.is_owner, org.is_admin],
        None => [it.is_primary_owner, it.is_owner, it.is_admin],
    };
    [primary_owner, owner, admin, it.is_ultra_restricted, it.is_restricted]
}

/// What somebody is in the organization.
pub fn account_type_in_org(it: &wire::User<'_>) -> Option<AccountType> {
    AccountType::of(flags_in_org(it))
}

/// The `user` of `users.info`.
pub fn user(raw: &RawValue) -> Mapped<User<'_>> {
    let it: wire::User = serde_json::from_str(raw.get())?;
    let account = account_type_in_org(&it);
    let org = it.enterprise_user.as_ref();
    let org_id = org.and_then(|org| org.enterprise_id.clone());
    let mut role = account.map(AccountType::role);
    if let Some(role) = &mut role {
        match org {
            // a guest is one in workspaces, of which a single one is certain
            Some(org) if account.is_some_and(AccountType::is_guest) => {
                if let Some([only]) = org.teams.as_deref() {
                    role.workspace = Some(only.clone());
                }
            }
            Some(_) => role.organization = org_id.clone(),
            None => role.workspace = it.team_id.clone(),
        }
    }
    let org_name = org.and_then(|org| filled(org.enterprise_name.clone()));
    let workspace = |id| UserWorkspace { id: Some(id), ..UserWorkspace::default() };
    let teams = it.enterprise_user.and_then(|org| org.teams);
    let profile = it.profile;
    let phone = filled(profile.phone).map(|number| Phone { number: Some(number), ..Phone::default() });
    Ok(User {
        id: it.id,
        name: filled(it.real_name),
        username: filled(it.name),
        first_name: filled(profile.first_name),
        last_name: filled(profile.last_name),
        title: filled(profile.title),
        emails: Some(address(profile.email)),
        phones: Some(phone.into_iter().collect()),
        status: match (it.deleted, it.is_invited_user) {
            (Some(true), _) => Some(Status::Inactive),
            (_, Some(true)) => Some(Status::Invited),
            (deleted, _) => deleted.map(|_| Status::Active),
        },
        is_email_verified: it.is_email_confirmed,
        is_2fa_enabled: it.has_2fa,
        roles: Some(role.into_iter().collect()),
        organizations: org_id.map(|id| vec![UserOrganization { id: Some(id), name: org_name }]),
        user_type: user_type(it.is_bot, account),
        workspaces: teams.map(|ids| ids.into_iter().map(workspace).collect()),
        avatar: filled(profile.image_512).or(filled(profile.image_192)),
        timezone: filled(it.tz),
        languages: filled(it.locale).map(|language| vec![language]),
        updated_at: it.updated,
        ..User::default()
    })
}

/// A user by SCIM, in which Slack has no roles, licences and organizations.
pub fn scim_user(raw: &RawValue) -> Mapped<User<'_>> {
    let it: wire::ScimUser = serde_json::from_str(raw.get())?;
    let account = match it.guest.as_ref().and_then(|guest| guest.r#type.as_deref()) {
        Some("multi") => AccountType::Restricted,
        Some("single") => AccountType::UltraRestricted,
        _ => AccountType::Member,
    };
    let mut user = scim::user(raw)?;
    // it stands in `external_id`
    user.identifiers.get_or_insert_default().remove("externalId");
    Ok(User {
        status: it.active.map(status),
        user_type: user_type(None, Some(account)),
        roles: None,
        licenses: None,
        organizations: None,
        ..user
    })
}

/// The same, owned, with Slack's own object.
pub fn owned_scim_user(raw: &RawValue) -> Mapped<User<'static>> {
    Ok(User { remote_data: kept(raw), ..scim_user(raw)?.into_owned() })
}

/// An IdP group. It belongs to the organization, which its JSON does not name.
pub fn idp_group(raw: &RawValue, organization: Option<&str>) -> Mapped<Group<'static>> {
    let group = scim::group(raw)?.into_owned();
    Ok(Group { organization: organization.map(|id| id.to_owned().into()), remote_data: kept(raw), ..group })
}

/// A user group: of a workspace, or of the organization.
pub fn user_group(raw: &RawValue, organization: Option<&str>) -> Mapped<Group<'static>> {
    let it: wire::UserGroup = serde_json::from_str(raw.get())?;
    let of_org = it.is_org_level == Some(true) || it.is_idp_group == Some(true);
    let group = Group {
        id: it.id,
        name: filled(it.name),
        description: filled(it.description),
        organization: organization.filter(|_| of_org).map(Text::from).or(it.team_id),
        group_type: Some("group".into()),
        created_at: it.date_create,
        updated_at: it.date_update,
        ..Group::default()
    };
    Ok(Group { remote_data: kept(raw), ..group.into_owned() })
}

/// A user group as somebody is in it.
pub fn held_group(group: &wire::UserGroup<'_>) -> UserGroup<'static> {
    UserGroup { id: Some(group.id.clone()), name: group.name.clone(), ..UserGroup::default() }.into_owned()
}

/// A role assignment. Slack's have no ids; role, place and holder together are one.
pub fn assignment(raw: &RawValue) -> Mapped<RoleAssignment<'_>> {
    let it: wire::Assignment = serde_json::from_str(raw.get())?;
    Ok(RoleAssignment {
        id: format!("{}:{}:{}", it.role_id, it.entity_id, it.user_id).into(),
        user_id: Some(it.user_id.into()),
        role_id: Some(it.role_id.into()),
        workspace: Some(vec![it.entity_id.into()]),
        created_at: it.date_create,
        ..RoleAssignment::default()
    })
}

/// The same, owned, with Slack's own object.
pub fn owned_assignment(raw: &RawValue) -> Mapped<RoleAssignment<'static>> {
    Ok(RoleAssignment { remote_data: kept(raw), ..assignment(raw)?.into_owned() })
}

/// A workspace. Only the one that is asked for by itself names its organization.
pub fn workspace(raw: &RawValue) -> Mapped<Workspace<'_>> {
    let it: wire::Team = serde_json::from_str(raw.get())?;
    let organization =
        it.enterprise_id.map(|id| WorkspaceOrganization { id: Some(id), name: filled(it.enterprise_name) });
    Ok(Workspace { id: it.id, name: filled(it.name), organization, ..Workspace::default() })
}

/// The plan, which stands for a licence.
pub fn plan(raw: &RawValue) -> Mapped<License<'_>> {
    let it: wire::Billing = serde_json::from_str(raw.get())?;
    Ok(License { id: it.plan.clone().unwrap_or_default(), name: it.plan, ..License::default() })
}

/// An event of the audit log. Slack's own word stays where no unified one is documented.
pub fn entry(raw: &RawValue) -> Mapped<Activity<'_>> {
    let it: wire::Entry = serde_json::from_str(raw.get())?;
    let (entity, entity_type) = it.entity.map_or((None, None), |entity| {
        let kind: Option<Text> = entity.get("type").and_then(|raw| serde_json::from_str(raw.get()).ok());
        let about = kind.as_deref().and_then(|kind| entity.get(kind));
        let id = about.and_then(|raw| serde_json::from_str::<wire::Party>(raw.get()).ok()?.id);
        (id, kind)
    });
    let location = it.context.as_ref().and_then(|context| context.location.as_ref());
    Ok(Activity {
        id: it.id,
        organization: location
            .filter(|location| location.r#type.as_deref() == Some("enterprise"))
            .and_then(|location| location.id.clone()),
        actor: it.actor.map(actor),
        action: it.action.map(|word| match word.as_str() {
            "user_login" => "login".into(),
            _ => word.into(),
        }),
        entity,
        entity_type,
        context: it.context.map(|context| Context {
            ip_address: filled(context.ip_address),
            user_agent: filled(context.ua),
            ..Context::default()
        }),
        created_at: it.date_create,
        ..Activity::default()
    })
}

/// Slack acts by itself as a user of its own.
const SLACK: &str = "USLACKSECURITY";

fn actor(it: wire::Actor<'_>) -> Actor<'_> {
    let user = it.user.filter(|_| it.r#type.as_deref() == Some("user")).and_then(|user| user.id);
    let user = user.filter(|id| *id != SLACK);
    mapping::actor(user.is_some(), user)
}

#[cfg(test)]
mod tests {
    use userdir_schema::{ActorType, DateTime};

    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    fn listed(json: &str) -> User<'_> {
        Listed { workspace: None, organization: None, are_active: true }.map(raw(json)).unwrap()
    }

    #[test]
    fn a_bare_user_is_enough() {
        assert_eq!(listed(r#"{"id": "W1", "newField": [1]}"#).status, Some(Status::Active));
        assert_eq!(user(raw(r#"{"id": "W1"}"#)).unwrap().emails, Some(vec![]));
        assert_eq!(scim_user(raw(r#"{"id": "W1"}"#)).unwrap().status, None);
    }

    #[test]
    fn a_single_channel_guest_is_restricted_too_and_is_told_apart() {
        let guest = listed(r#"{"id": "W1", "is_restricted": true, "is_ultra_restricted": true}"#);
        assert_eq!(guest.user_type.unwrap(), "single_channel_guest");
        assert_eq!(guest.roles.unwrap()[0].id.as_ref().unwrap(), "ultra_restricted");
    }

    #[test]
    fn never_is_no_time_and_decimals_are_read() {
        let user =
            listed(r#"{"id": "W1", "last_active_ts": 0, "date_created": "1566922090.000200", "deactivated_ts": 5}"#);
        assert_eq!((user.last_active_at, user.status_changed_at), (None, None));
        assert_eq!(user.created_at, DateTime::from_unix_seconds(1_566_922_090));
    }

    #[test]
    fn the_entity_of_an_event_is_found_by_its_type() {
        let event =
            entry(raw(r#"{"id": "1", "entity": {"type": "role", "role": {"id": "Rl0A"}, "user": {"id": "W1"}}}"#));
        assert_eq!(event.unwrap().entity.unwrap(), "Rl0A");
        let odd = entry(raw(r#"{"id": "1", "entity": {"type": "message", "message": {"team": "T1"}}}"#)).unwrap();
        assert_eq!((odd.entity, odd.entity_type.unwrap().as_str()), (None, "message"));
        let by_slack =
            entry(raw(r#"{"id": "1", "actor": {"type": "user", "user": {"id": "USLACKSECURITY"}}}"#)).unwrap();
        assert_eq!(by_slack.actor.unwrap().r#type, Some(ActorType::System));
    }
}
