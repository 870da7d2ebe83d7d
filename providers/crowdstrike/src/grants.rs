//! Roles given and taken. A role is held at a CID, and one call changes one user's roles at one CID.

use serde_json::{Value, json};
use userdir_core::action::*;
use userdir_core::http::Request;
use userdir_core::mapping::filled;
use userdir_core::reply::Steps;
use userdir_core::{Call, Effect, Error, ErrorKind, Reply, Result, async_trait};
use userdir_schema::{User, UserRole};

use crate::cid::{is_organization, preset_cid};
use crate::entities::QUERY;
use crate::{CrowdStrike, map, wire};

/// Role ids that one call changes.
pub(crate) const ROLES_A_CALL: usize = 100;

/// A role that was named, by its id.
#[derive(Debug)]
pub(crate) struct Named {
    pub id: String,
    /// What the steps call it.
    pub shown: String,
    /// The group that the caller named with it.
    pub through: Option<String>,
}

impl CrowdStrike {
    /// The list of what a user holds at a CID, through groups too; without a CID at the one in view.
    pub(crate) fn held(&self, uuid: &str, cid: Option<&str>) -> Request {
        self.get("user-management/combined/user-roles/v2").query("user_uuid", uuid).query_if("cid", cid)
    }

    /// What a user holds at a CID.
    pub(crate) async fn grants(
        &self,
        call: &Call,
        uuid: &str,
        cid: Option<&str>,
        direct_only: bool,
    ) -> Result<Vec<wire::Grant>> {
        let held = self.held(uuid, cid).query_if("direct_only", direct_only.then_some("true"));
        held.all(call, &QUERY, |raw| serde_json::from_str(raw.get())).await
    }

    /// The roles that a get shows: those at the account's CID, else at the user's home; where the get confirms a change of
    /// roles, those at the CIDs that were changed.
    pub(crate) async fn roles_shown(
        &self,
        call: &Call,
        uuid: &str,
        home: Option<String>,
    ) -> Result<Vec<UserRole<'static>>> {
        let named = call.confirms::<UnassignRoleInput>().unwrap_or_default();
        let mut cids: Vec<(Option<String>, bool)> = Vec::new();
        if named.roles.is_empty() {
            cids.push((preset_cid(self, call)?.or(home), false));
        } else {
            let places = self.places(call, uuid, &named.roles, &named.organizations, home).await?;
            cids.extend(
                places.into_iter().map(|(cid, there)| (Some(cid), is_organization(&there, &named.organizations))),
            );
        }
        let mut roles = Vec::new();
        for (cid, is_organization) in cids {
            let grants = self.grants(call, uuid, cid.as_deref(), false).await?;
            roles.extend(grants.into_iter().map(|grant| {
                let mut role = map::user_role(grant);
                role.workspace = role.workspace.or_else(|| cid.clone().map(Into::into));
                role.organization = role.workspace.clone().filter(|_| is_organization);
                role
            }));
        }
        Ok(roles)
    }

    /// The roles by their ids, each once; a role that has but a name is looked up.
    async fn named(&self, call: &Call, cid: &str, roles: &[&UserRole<'static>], several: bool) -> Result<Vec<Named>> {
        let mut catalogue = None;
        let mut named: Vec<Named> = Vec::new();
        for role in roles {
            let (id, called) = match (filled(role.id.clone()), filled(role.name.clone())) {
                (Some(id), _) => (id.to_string(), id),
                (None, Some(name)) => {
                    if catalogue.is_none() {
                        catalogue = Some(self.role_names(call, cid).await?);
                    }
                    (find_by_name(catalogue.iter().flatten(), &name)?, name)
                }
                (None, None) => return Err(Error::invalid("each of `roles` needs its `id`, or its `name`")),
            };
            let through = role.group.as_deref().map(str::trim).filter(|group| !group.is_empty()).map(str::to_owned);
            if !named.iter().any(|known| known.id == id && known.through == through) {
                let shown = if several { format!("{called} at {cid}") } else { called.to_string() };
                named.push(Named { id, shown, through });
            }
        }
        Ok(named)
    }
}

/// Grants or revocations of one user on their way: a call for each CID and hundred roles, a step for each role.
pub(crate) struct Changes<'c> {
    falcon: &'c CrowdStrike,
    call: &'c Call,
    action: &'static str,
    uuid: &'c str,
    /// Whether a note tells that Falcon's reads lag.
    is_noted: bool,
    pub steps: Steps,
}

impl<'c> Changes<'c> {
    /// `action` is `grant` or `revoke`.
    pub fn new(falcon: &'c CrowdStrike, call: &'c Call, action: &'static str, uuid: &'c str) -> Changes<'c> {
        Changes { falcon, call, action, uuid, is_noted: false, steps: Steps::default() }
    }

    /// Adds those that are shown to be so.
    fn already(&mut self, roles: &[Named]) {
        roles.iter().for_each(|role| self.steps.add(&role.shown, Ok(Effect::Already)));
        if !roles.is_empty() && !std::mem::replace(&mut self.is_noted, true) {
            self.steps.note("a role given or taken within the last minute may not be shown so yet: ask again");
        }
    }

    /// Sends those at one CID. The roles of one call are changed together or not at all. What is passed through goes into
    /// the first, and where it names a CID, into the first at that CID alone: anywhere else it would win over the call's own.
    pub async fn send(&mut self, cid: &str, roles: &[Named]) {
        for roles in roles.chunks(ROLES_A_CALL) {
            let ids: Vec<&str> = roles.iter().map(|role| role.id.as_str()).collect();
            let body = json!({ "action": self.action, "cid": cid, "uuid": self.uuid, "role_ids": ids });
            let request = self.falcon.http.post("user-management/entities/user-role-actions/v1").json(&body);
            let sent = match self.call.passed("cid") {
                Some(passed) if passed != cid => match self.steps.go_on() {
                    true => request.write(self.call).await,
                    false => self.steps.not_tried(),
                },
                _ => self.steps.send(self.call, request).await,
            };
            self.steps.add_all(roles.iter().map(|role| &role.shown), sent.map(Effect::of_write));
        }
    }
}

fn find_by_name<'c>(catalogue: impl Iterator<Item = &'c (String, String)>, name: &str) -> Result<String> {
    let mut found = catalogue.filter(|(_, known)| known == name).map(|(id, _)| id.clone());
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        (None, _) => Err(Error::invalid("no role has this name; nothing was changed")
            .about(name)
            .hint("`userdir roles list` shows names and ids")),
        (Some(_), Some(_)) => Err(Error::invalid("several roles have this name; give the id").about(name)),
    }
}

/// The error of a grant that a revoke does not touch.
pub(crate) fn cannot_be_revoked(through: Option<&str>, until: Option<&str>) -> Error {
    match (through, until) {
        (Some(group), _) => Error::new(
            ErrorKind::Conflict,
            format!("the role comes through the Flight Control group `{group}` and cannot be revoked for one user"),
        )
        .hint("take the user out of that group, or the role from the group"),
        (None, Some(until)) => {
            Error::new(ErrorKind::Conflict, format!("the role is held until {until}; a revoke does not end it earlier"))
        }
        (None, None) => Error::new(ErrorKind::Conflict, "the role is not held directly and cannot be revoked here"),
    }
}

#[async_trait]
impl AssignRole for CrowdStrike {
    async fn assign_role(&self, call: &Call, input: AssignRoleInput) -> Result<Reply<User<'static>>> {
        let places = self.places_to_change(call, &input.id, &input.roles, &input.organizations).await?;
        let several = places.len() > 1;
        let until = call.passed("expires_at").and_then(Value::as_str);
        let (mut changes, mut has_other_end) = (Vec::new(), false);
        for (cid, roles) in places {
            let direct = self.grants(call, &input.id, Some(&cid), true).await?;
            let ends = |role: &Named| {
                direct.iter().filter(|grant| grant.role_id == role.id).map(wire::Grant::until).collect::<Vec<_>>()
            };
            let named = self.named(call, &cid, &roles, several).await?;
            // with another end it is another grant than what is asked for
            let (held, new): (Vec<_>, Vec<_>) = named.into_iter().partition(|role| ends(role).contains(&until));
            has_other_end |= new.iter().any(|role| !ends(role).is_empty());
            changes.push((cid, held, new));
        }
        let mut granting = Changes::new(self, call, "grant", &input.id);
        for (cid, held, new) in &changes {
            granting.already(held);
            granting.send(cid, new).await;
        }
        let reply = Reply::sent(&input.id);
        granting.steps.finish(match has_other_end {
            true => reply.note("a role was held already with another end; look at `userdir role-assignments list` for the end that it has now"),
            false => reply,
        })
    }
}

/// What becomes of the roles named at a CID.
#[derive(Default)]
struct Revocation {
    revoke: Vec<Named>,
    /// Not held.
    already: Vec<Named>,
    /// Held in a way that a revoke does not touch.
    stays: Vec<(String, Error)>,
}

impl Revocation {
    /// Sorts the roles by the direct grants, and by all of them.
    fn of(named: Vec<Named>, direct: &[wire::Grant], all: &[wire::Grant]) -> Revocation {
        let mut sorted = Revocation::default();
        for role in named {
            let is_direct = |grant: &wire::Grant| {
                let twin =
                    |direct: &wire::Grant| direct.role_id == grant.role_id && direct.expires_at == grant.expires_at;
                grant.through().is_none() && direct.iter().any(twin)
            };
            let is_named = |grant: &&wire::Grant| {
                grant.role_id == role.id && (role.through.is_none() || grant.through() == role.through.as_deref())
            };
            let stays = all.iter().filter(is_named).find(|grant| !is_direct(grant));
            if let Some(grant) = stays {
                let error = cannot_be_revoked(grant.through(), grant.until());
                sorted.stays.push((role.shown.clone(), error));
            }
            let held_directly = direct.iter().any(|grant| grant.role_id == role.id);
            match (held_directly && role.through.is_none(), stays.is_some()) {
                (true, true) => sorted.revoke.push(Named { shown: format!("{} (direct)", role.shown), ..role }),
                (true, false) => sorted.revoke.push(role),
                (false, true) => {}
                (false, false) => sorted.already.push(role),
            }
        }
        sorted
    }
}

#[async_trait]
impl UnassignRole for CrowdStrike {
    /// Reads what is held before anything is sent; what comes through a group stays, and is an error of its own.
    async fn unassign_role(&self, call: &Call, input: UnassignRoleInput) -> Result<Reply<User<'static>>> {
        let places = self.places_to_change(call, &input.id, &input.roles, &input.organizations).await?;
        let several = places.len() > 1;
        let mut changes = Vec::new();
        for (cid, roles) in places {
            let direct = self.grants(call, &input.id, Some(&cid), true).await?;
            let all = self.grants(call, &input.id, Some(&cid), false).await?;
            if all.is_empty() {
                // nobody must not read as somebody without roles
                self.home(call, &input.id).await?;
            }
            let sorted = Revocation::of(self.named(call, &cid, &roles, several).await?, &direct, &all);
            self.refuse_unknown(call, &cid, &sorted.already).await?;
            changes.push((cid, sorted));
        }
        let mut revoking = Changes::new(self, call, "revoke", &input.id);
        for (cid, Revocation { revoke, already, stays }) in changes {
            revoking.already(&already);
            revoking.send(&cid, &revoke).await;
            stays.into_iter().for_each(|(role, error)| revoking.steps.add(role, Err(error)));
        }
        revoking.steps.finish(Reply::sent(&input.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(json: &str) -> Vec<wire::Grant> {
        serde_json::from_str(json).unwrap()
    }

    fn sort(direct: &str, all: &str, through: Option<&str>) -> Revocation {
        let named = Named { id: "r1".into(), shown: "r1".into(), through: through.map(str::to_owned) };
        Revocation::of(vec![named], &grants(direct), &grants(all))
    }

    #[test]
    fn a_grant_is_revoked_only_where_it_is_direct() {
        const DIRECT: &str = r#"[{"role_id": "r1"}]"#;
        const BOTH: &str = r#"[{"role_id": "r1"}, {"role_id": "r1", "user_group_id": "g1"}]"#;
        const UNTIL: &str = r#"[{"role_id": "r1", "expires_at": "2026-02-01T08:00:00Z"}]"#;
        for (direct, all, through, counts) in [
            (DIRECT, DIRECT, None, (1, 0, 0)),
            ("[]", "[]", None, (0, 1, 0)),
            (DIRECT, BOTH, None, (1, 0, 1)),
            ("[]", BOTH, None, (0, 0, 1)),
            ("[]", UNTIL, None, (0, 0, 1)),
            (UNTIL, UNTIL, None, (1, 0, 0)),
            (DIRECT, BOTH, Some("g1"), (0, 0, 1)),
            (DIRECT, BOTH, Some("g2"), (0, 1, 0)),
            (DIRECT, r#"[{"role_id": "r2", "user_group_id": "g1"}]"#, None, (1, 0, 0)),
        ] {
            let sorted = sort(direct, all, through);
            let got = (sorted.revoke.len(), sorted.already.len(), sorted.stays.len());
            assert_eq!(got, counts, "{direct} {all} {through:?}");
        }
    }

    #[test]
    fn a_name_must_be_one_roles() {
        let catalogue = [("r1", "Analyst"), ("r2", "Auditor"), ("r3", "Auditor")];
        let catalogue: Vec<_> = catalogue.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect();
        assert_eq!(find_by_name(catalogue.iter(), "Analyst").unwrap(), "r1");
        assert!(find_by_name(catalogue.iter(), "Auditor").is_err());
        assert!(find_by_name(catalogue.iter(), "Nobody").is_err());
    }
}
