//! Licences and base roles: what there is, who has what, and how to change it.
//!
//! A user has exactly one licence and exactly one base role, and the two must agree: a licence lists the roles it allows.

use std::collections::HashSet;

use serde_json::json;
use userdir_core::action::*;
use userdir_core::http::{Answer, Paging};
use userdir_core::reply::Steps;
use userdir_core::{Call, Effect, Error, ErrorKind, Page, PageRequest, Reply, Result, async_trait};
use userdir_schema::{Column, IntoOwned, License, RemoteData, User, UserRole, Utilization};

use crate::map::{BASE_ROLES, TEAM_ROLES};
use crate::{PagerDuty, map, paged, refused_as_wrong, wire};

/// Who holds the account cannot be changed through the API, in either direction.
pub(crate) fn refuse_owner(user: &wire::User<'_>) -> Result<()> {
    match user.role.as_deref() {
        Some("owner") => Err(Error::refused("this is the account owner, whom PagerDuty's API does not change")
            .hint("hand the account over in PagerDuty's console first")),
        _ => Ok(()),
    }
}

/// A base role that can be given.
pub(crate) fn assignable(role: &str) -> Result<&str> {
    if role == "owner" {
        return Err(Error::refused("`owner` cannot be given through PagerDuty's API")
            .hint("hand the account over in PagerDuty's console"));
    }
    base_role(role)
}

/// A base role.
pub(crate) fn base_role(role: &str) -> Result<&str> {
    match BASE_ROLES.iter().any(|(known, _)| *known == role) {
        true => Ok(role),
        false => Err(Error::invalid("PagerDuty has no such base role").about(role).hint(format!(
            "the base roles are {}",
            BASE_ROLES.iter().map(|(id, _)| format!("`{id}`")).collect::<Vec<_>>().join(", ")
        ))),
    }
}

/// A role in a team.
pub(crate) fn team_role(role: &str) -> Result<&str> {
    match TEAM_ROLES.contains(&role) {
        true => Ok(role),
        false => Err(Error::invalid("PagerDuty has no such team role")
            .about(role)
            .hint("a team has `observer`, `responder` and `manager`")),
    }
}

const LICENSES: Paging = Paging::whole("licenses");

#[async_trait]
impl ListLicenses for PagerDuty {
    async fn list_licenses(&self, call: &Call, request: PageRequest<LicenseFilter>) -> Result<Page<License<'static>>> {
        let Some(user) = &request.filter.user_id else {
            return self.get("licenses").page(call, &request, &LICENSES, map::license).await;
        };
        let license = self.get("users").id(user).path("license").primary().read(call).await?;
        Ok(Page::of_values(vec![license.map_at("license", map::license)?]))
    }
}

#[async_trait]
impl GetLicense for PagerDuty {
    /// No call reads one licence.
    async fn get_license(&self, call: &Call, input: GetLicenseInput) -> Result<Reply<License<'static>>> {
        let owned =
            |raw: &_| Ok(License { remote_data: Some(RemoteData::from(raw)), ..map::license(raw)? }.into_owned());
        let all = self.get("licenses").primary().all(call, &LICENSES, owned).await?;
        let found = all.into_iter().find(|license| license.id == input.id.as_str());
        found.map(Reply::read).ok_or_else(|| Error::not_found("the account has no such licence").about(input.id))
    }
}

#[async_trait]
impl ListUtilization for PagerDuty {
    /// Who holds which seat, read whole.
    async fn list_utilization(
        &self,
        call: &Call,
        request: PageRequest<UtilizationFilter>,
    ) -> Result<Page<Utilization<'static>>> {
        let kinds = request.filter.r#type.iter().flat_map(|kind| kind.values());
        if let Some(other) = kinds.into_iter().find(|kind| *kind != map::LICENSES) {
            return Err(Error::invalid(format!("PagerDuty has no report of type `{other}`, only `{}`", map::LICENSES)));
        }
        let seats =
            self.get("license_allocations").primary().all(call, &paged("license_allocations"), map::seat).await?;
        let column = |(label, description): &(&'static str, &'static str)| Column {
            label: Some((*label).into()),
            description: Some((*description).into()),
            ..Column::default()
        };
        Ok(Page::of_values(vec![Utilization {
            name: map::LICENSES.into(),
            columns: map::SEAT_COLUMNS.iter().map(column).collect(),
            rows: Some(seats),
            ..Utilization::default()
        }]))
    }
}

impl PagerDuty {
    /// The licence that a user holds; none where there is none.
    pub(crate) async fn license_of(&self, call: &Call, user_id: &str) -> Result<Option<wire::License>> {
        match self.get("users").id(user_id).path("license").read(call).await {
            Ok(answer) => Ok(Some(answer.json::<wire::LicenseAnswer>()?.license)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Refuses a licence that does not exist, does not allow the role, or has no seat left. One that is `held` needs none.
    pub(crate) async fn check_license(
        &self,
        call: &Call,
        license_id: &str,
        role: Option<&str>,
        held: Option<&str>,
    ) -> Result<()> {
        let answer = self.get("licenses").read(call).await?;
        let wire::LicensesAnswer { licenses } = answer.json()?;
        let Some(license) = licenses.iter().find(|license| license.id == license_id) else {
            return Err(Error::invalid("the account has no such licence; nothing was changed")
                .about(license_id)
                .hint("`userdir licenses list` shows them"));
        };
        if let (Some(role), Some(valid)) = (role, &license.valid_roles) {
            refuse_invalid(license_id, role, valid)?;
        }
        if held != Some(license_id) && license.allocations_available.is_some_and(|left| left <= 0) {
            return Err(Error::refused("the licence has no seat left; nothing was changed")
                .about(license_id)
                .hint("free a seat first, or buy one"));
        }
        Ok(())
    }

    /// Sends a new pair of role and licence, in one write, and holds PagerDuty's answer against it.
    async fn change_seat(
        &self,
        call: &Call,
        user: &wire::User<'_>,
        role: &str,
        license: Option<&str>,
        steps: &mut Steps,
    ) -> Result<Option<Answer>> {
        let body = wire::WriteUser {
            r#type: "user",
            name: kept("name", user.name.as_deref())?,
            email: kept("address", user.email.as_deref())?,
            role: Some(role),
            license: license.map(wire::LicenseReference::to),
            time_zone: None,
            job_title: None,
            description: None,
        };
        let request = self.change(self.http.put("users").id(&user.id).json(&json!({ "user": body })));
        let request = request.precondition("licence, role and free seats as read just before").guarding(&["user"]);
        let hint = "the plan may lack the role, or the user is on a schedule or escalation policy: take them off first";
        let Some(answer) = steps.send(call, request).await.map_err(refused_as_wrong(hint))? else { return Ok(None) };
        let shown: wire::UserAnswer = answer.json()?;
        match shown.user.role.as_deref() {
            Some(now) if now != role => {
                Err(Error::unexpected(format!("PagerDuty said yes and answered with the role `{now}`")))
            }
            _ => Ok(Some(answer)),
        }
    }
}

/// What goes along with every change of a user. Something that is not shown would be emptied.
pub(crate) fn kept<'u>(what: &str, shown: Option<&'u str>) -> Result<&'u str> {
    shown.filter(|shown| !shown.is_empty()).ok_or_else(|| {
        Error::unexpected(format!(
            "PagerDuty does not show the user's {what}, which goes along with every change; nothing was changed"
        ))
        .hint("change the user in PagerDuty's console")
    })
}

fn refuse_invalid(license: &str, role: &str, valid: &[String]) -> Result<()> {
    if valid.iter().any(|valid| *valid == role) {
        return Ok(());
    }
    let valid = valid.iter().map(|role| format!("`{role}`")).collect::<Vec<_>>().join(", ");
    Err(Error::invalid(format!(
        "licence `{license}` does not allow the role `{role}`, only {valid}; nothing was changed"
    ))
    .hint("users/downgrade changes role and licence together"))
}

#[async_trait]
impl DowngradeUser for PagerDuty {
    /// Looks at user, held licence and the wanted one, and changes role and licence in one write.
    async fn downgrade_user(&self, call: &Call, input: DowngradeUserInput) -> Result<Reply<User<'static>>> {
        let (license, role) =
            (input.license_id.as_deref().unwrap_or_default(), input.role_id.as_deref().unwrap_or_default());
        assignable(role)?;
        let answer = self.get("users").id(&input.user_id).read(call).await?;
        let wire::UserAnswer { user } = answer.json()?;
        refuse_owner(&user)?;
        let held = self.license_of(call, &input.user_id).await?;
        let held = held.as_ref().map(|held| held.id.as_str());
        if user.role.as_deref() == Some(role) && held == Some(license) {
            return Ok(Reply::already(answer.map_at("user", map::user)?));
        }
        self.check_license(call, license, Some(role), held).await?;
        let reply = match self.change_seat(call, &user, role, Some(license), &mut Steps::default()).await? {
            Some(answer) => Reply::applied(answer.map_at("user", map::user)?),
            None => Reply::planned(),
        };
        Ok(reply.note(what_stays(&user)))
    }
}

/// A change of the seat cleans nothing up.
fn what_stays(user: &wire::User<'_>) -> String {
    let teams: Vec<_> = user.teams.iter().flatten().filter_map(|team| team.id.as_deref()).collect();
    let teams = match teams.as_slice() {
        [] => "team roles".to_owned(),
        teams => format!("the roles in teams {}", teams.join(", ")),
    };
    format!("{teams}, on-call schedules and escalation policies stay as they are; a stakeholder cannot be on call")
}

#[async_trait]
impl AssignRole for PagerDuty {
    /// Base roles replace each other; a role with a `group` is one in that team, and makes the user a member.
    async fn assign_role(&self, call: &Call, input: AssignRoleInput) -> Result<Reply<User<'static>>> {
        let wanted = input.roles.iter().map(Wanted::of).collect::<Result<Vec<_>>>()?;
        let places: HashSet<_> = wanted.iter().map(|wanted| wanted.team).collect();
        if places.len() < wanted.len() {
            return Err(Error::invalid(
                "`roles` does not fit: a user has exactly one base role, and one role in a team",
            ));
        }
        let answer = self.get("users").id(&input.id).read(call).await?;
        let wire::UserAnswer { user } = answer.json()?;
        let mut steps = Steps::default();
        for Wanted { role, team } in wanted {
            let effect = match team {
                _ if !steps.go_on() => steps.not_tried(),
                None => self.assign_base_role(call, &user, role, &mut steps).await,
                Some(team) => self.assign_team_role(call, &user, role, team, &mut steps).await,
            };
            steps.add(team.map_or_else(|| role.to_owned(), |team| format!("{role} in {team}")), effect);
        }
        steps.finish(Reply::sent(&input.id))
    }
}

/// A role that is to be given.
struct Wanted<'r> {
    role: &'r str,
    team: Option<&'r str>,
}

impl<'r> Wanted<'r> {
    fn of(role: &'r UserRole<'static>) -> Result<Wanted<'r>> {
        let id = role.id.as_deref().unwrap_or_default();
        match role.group.as_deref() {
            None => Ok(Wanted { role: assignable(id)?, team: None }),
            Some(team) => match userdir_core::registry::IdRule::Plain.fault(team) {
                None => Ok(Wanted { role: team_role(id)?, team: Some(team) }),
                Some(fault) => Err(Error::invalid(format!("`roles[].group` {fault}"))),
            },
        }
    }
}

impl PagerDuty {
    /// The licence that is held must allow the new role; it goes along, so that PagerDuty does not choose another.
    async fn assign_base_role(
        &self,
        call: &Call,
        user: &wire::User<'_>,
        role: &str,
        steps: &mut Steps,
    ) -> Result<Effect> {
        if user.role.as_deref() == Some(role) {
            return Ok(Effect::Already);
        }
        refuse_owner(user)?;
        let license = self.license_of(call, &user.id).await?;
        if let Some((license, valid)) = license.as_ref().and_then(|it| Some((&it.id, it.valid_roles.as_ref()?))) {
            refuse_invalid(license, role, valid)?;
        }
        let license = license.as_ref().map(|license| license.id.as_str());
        let sent = self.change_seat(call, user, role, license, steps).await?;
        Ok(if sent.is_some() { Effect::Applied } else { Effect::Planned })
    }

    /// PagerDuty's list of members may lag: until it shows the role, this is pending.
    async fn assign_team_role(
        &self,
        call: &Call,
        user: &wire::User<'_>,
        role: &str,
        team: &str,
        steps: &mut Steps,
    ) -> Result<Effect> {
        let members = self.members(call, team).await.map_err(|error| error.about(team))?;
        if members.iter().any(|(id, held)| user.id == id.as_str() && held.as_deref() == Some(role)) {
            return Ok(Effect::Already);
        }
        let sent = steps.send(call, self.put_member(team, &user.id, role)).await?;
        Ok(if sent.is_some() { Effect::Pending } else { Effect::Planned })
    }
}
