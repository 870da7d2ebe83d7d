//! Giving roles and taking them away: one write for all roles of a call, read again and compared.
//!
//! JumpCloud has no call for a single role. An administrator's roles are written whole, so what stays is written back;
//! one whose last role is taken is removed, since an administrator has a role.

use serde_json::{Value, json};
use userdir_core::action::*;
use userdir_core::reply::Steps;
use userdir_core::{Call, Effect, Error, Reply, Result, async_trait};
use userdir_schema::{User, UserRole};

use crate::administrators::{Administrator, Catalogue, Held, Subject, holds};
use crate::{JumpCloud, wire};

/// A role of the call, as the caller names it, and what is to change; none where it is so already.
pub(crate) type Asked = (String, Option<Held>);

/// A change of an administrator's roles: what is asked for, and what must be there afterwards.
#[derive(Debug)]
struct Change {
    asked: Vec<Asked>,
    gives: bool,
    expected: Vec<Held>,
}

/// What makes an administrator's roles, and whose they are: nothing of it may be passed through, past the guards.
const DECIDED: &[&str] = &["roles", "roleName", "roleNames", "role", "email", "suspended"];
/// Stands in a plan for the id that only the write before it brings.
const NEW_ID: &str = "{id}";

#[async_trait]
impl UnassignRole for JumpCloud {
    async fn unassign_role(&self, call: &Call, input: UnassignRoleInput) -> Result<Reply<User<'static>>> {
        let roles = self.fresh_catalogue(call).await?;
        let subject = self.subject(call, &input.id, &roles).await?;
        subject.check_places(&input.placed_roles(), &input.organizations)?;
        let held = subject.administrator.as_ref().map(|one| one.held.as_slice()).unwrap_or_default();
        let asked = input.roles.iter().map(|role| {
            let word = word(role);
            match held.iter().find(|held| held.is(word)) {
                Some(held) => Ok((word.to_owned(), Some(held.clone()))),
                // a word that is neither held nor any role is a mistake, and must not read as "taken away already"
                None if roles.find(word).is_none() => Err(unknown_role(word)),
                None => Ok((word.to_owned(), None)),
            }
        });
        let asked = asked.collect::<Result<Vec<Asked>>>()?;
        let reply = Reply::sent(&input.id);
        match &subject.administrator {
            Some(administrator) => self.take_away(call, administrator, asked, &roles, reply).await,
            None => {
                let mut steps = Steps::default();
                steps.add_all(asked.into_iter().map(|(word, _)| word), Ok(Effect::Already));
                steps.finish(reply)
            }
        }
    }
}

#[async_trait]
impl AssignRole for JumpCloud {
    async fn assign_role(&self, call: &Call, input: AssignRoleInput) -> Result<Reply<User<'static>>> {
        let roles = self.fresh_catalogue(call).await?;
        let wanted = input.roles.iter().map(|role| {
            let word = word(role);
            roles.find(word).cloned().map(|role| (word.to_owned(), role)).ok_or_else(|| unknown_role(word))
        });
        let wanted = wanted.collect::<Result<Vec<_>>>()?;
        let subject = self.subject(call, &input.id, &roles).await?;
        subject.check_places(&input.placed_roles(), &input.organizations)?;
        let reply = Reply::sent(&input.id);
        match &subject.administrator {
            Some(administrator) => self.add(call, administrator, wanted, &roles, reply).await,
            None => self.make_administrator(call, &subject, wanted, &roles, reply).await,
        }
    }
}

/// What the caller calls the role: its id, else its name.
fn word<'r>(role: &'r UserRole<'_>) -> &'r str {
    role.id.as_deref().or(role.name.as_deref()).unwrap_or_default()
}

fn unknown_role(word: &str) -> Error {
    Error::invalid("unknown role; nothing was changed").about(word).hint("`userdir roles list` shows the ids")
}

/// The body of a change: all roles that the administrator is to have.
fn whole(roles: &[Held]) -> Result<Value> {
    let id = |role: &Held| {
        role.id.clone().ok_or_else(|| {
            Error::unexpected("a role that is held is not in the list of roles, and writing the others would drop it")
                .about(role.shown().to_owned())
        })
    };
    Ok(json!({ "roles": roles.iter().map(id).collect::<Result<Vec<_>>>()? }))
}

impl JumpCloud {
    /// Takes roles away: the administrator keeps the others, or is removed where none are left.
    pub(crate) async fn take_away<T>(
        &self,
        call: &Call,
        administrator: &Administrator,
        asked: Vec<Asked>,
        roles: &Catalogue,
        reply: Reply<T>,
    ) -> Result<Reply<T>> {
        let taken: Vec<Held> = asked.iter().filter_map(|(_, role)| role.clone()).collect();
        let stay: Vec<Held> = administrator.held.iter().filter(|role| !holds(&taken, role)).cloned().collect();
        let mut change = Change { asked, gives: false, expected: stay };
        if taken.is_empty() {
            return change.finish(Some(&administrator.held), reply);
        }
        let reply = self.refuse_lock_out(call, administrator, &taken, roles, reply).await?;
        let precondition = administrator.precondition();
        if !change.expected.is_empty() {
            let sent = self.write_roles(call, &administrator.id, &change.expected, precondition).await?;
            return self.compare(call, sent, &administrator.id, change, roles, reply).await;
        }
        if administrator.is_of_msp {
            return Err(Error::refused("removing an administrator of an MSP takes it out of every organization")
                .about(administrator.id.clone())
                .hint("leave it a role, or take it out of this organization in JumpCloud's console"));
        }
        let removal = self.v1.delete("users").id(&administrator.id).primary().precondition(precondition);
        let sent = match removal.write(call).await {
            // read a moment ago: somebody else removed it in between, and nothing is left to be taken
            Err(error) if error.was_missing() => {
                change.asked.iter_mut().for_each(|(_, role)| *role = None);
                true
            }
            sent => sent?.is_some(),
        };
        let reply = reply.note("no role is left: the administrator is removed, and the directory user stays");
        self.compare(call, sent, &administrator.id, change, roles, reply).await
    }

    /// Writes the roles that an administrator is to have; false in plan mode.
    async fn write_roles(&self, call: &Call, id: &str, roles: &[Held], precondition: String) -> Result<bool> {
        let change = self.v1.put("users").id(id).json(&whole(roles)?).guarding(DECIDED).primary();
        match change.precondition(precondition).write(call).await {
            // it was read a moment ago; a directory user is there all the same
            Err(error) if error.was_missing() => {
                Err(Error::not_found("the administrator was removed in between; nothing was changed")
                    .about(id.to_owned())
                    .caused_by(error)
                    .hint("repeat the same call"))
            }
            sent => Ok(sent?.is_some()),
        }
    }

    /// Gives roles to an administrator, who keeps those held.
    async fn add(
        &self,
        call: &Call,
        administrator: &Administrator,
        wanted: Vec<(String, Held)>,
        roles: &Catalogue,
        reply: Reply<User<'static>>,
    ) -> Result<Reply<User<'static>>> {
        let asked: Vec<Asked> = wanted
            .into_iter()
            .map(|(word, role)| (word, (!holds(&administrator.held, &role)).then_some(role)))
            .collect();
        let change = Change { expected: with(&administrator.held, &asked), asked, gives: true };
        if change.expected.len() == administrator.held.len() {
            return change.finish(Some(&administrator.held), reply);
        }
        let sent = self.write_roles(call, &administrator.id, &change.expected, administrator.precondition()).await?;
        self.compare(call, sent, &administrator.id, change, roles, reply).await
    }

    /// Invites the user as an administrator with the first role; the others are added, since only one can be given then.
    async fn make_administrator(
        &self,
        call: &Call,
        subject: &Subject,
        wanted: Vec<(String, Held)>,
        roles: &Catalogue,
        reply: Reply<User<'static>>,
    ) -> Result<Reply<User<'static>>> {
        let asked: Vec<Asked> = wanted.into_iter().map(|(word, role)| (word, Some(role))).collect();
        let all = with(&[], &asked);
        let first = all.first().map(Held::shown).unwrap_or_default();
        let invitation = json!({ "email": subject.email, "roleName": first, "enableMultiFactor": true });
        let answer = self.v1.post("users").json(&invitation).guarding(DECIDED).primary().write(call).await?;
        let id = match &answer {
            Some(answer) => answer.json::<wire::Administrator>()?.id.to_string(),
            None => NEW_ID.to_owned(),
        };
        if all.len() > 1 {
            let change = self.v1.put("users").id(&id).json(&whole(&all)?).then().write(call).await;
            if let Err(error) = change {
                let is_first = |(_, role): &Asked| role.as_ref().is_some_and(|role| role.is(first));
                let (invited, rest): (Vec<_>, Vec<_>) = asked.into_iter().partition(is_first);
                let mut steps = Steps::default();
                steps.add_all(invited.into_iter().map(|(word, _)| word), Ok(Effect::Applied));
                steps.add_all(rest.into_iter().map(|(word, _)| word), Err(error));
                return steps.finish(reply);
            }
        }
        let reply = reply.note("JumpCloud invites the new administrator by mail");
        let change = Change { asked, gives: true, expected: all };
        self.compare(call, answer.is_some(), &id, change, roles, reply).await
    }

    /// Reads the administrator again and compares, where the change was sent; in plan mode it was not.
    async fn compare<T>(
        &self,
        call: &Call,
        sent: bool,
        id: &str,
        change: Change,
        roles: &Catalogue,
        reply: Reply<T>,
    ) -> Result<Reply<T>> {
        if !sent {
            return change.finish(None, reply);
        }
        let now = self.administrator(call, id, roles).await?.map(|one| one.held).unwrap_or_default();
        change.finish(Some(&now), reply)
    }
}

/// Roles that are held, and those asked for, each once.
fn with(held: &[Held], asked: &[Asked]) -> Vec<Held> {
    let mut all = held.to_vec();
    for role in asked.iter().filter_map(|(_, role)| role.as_ref()) {
        if !holds(&all, role) {
            all.push(role.clone());
        }
    }
    all
}

impl Change {
    /// What became of each role, and of those that should have stayed as they were; in plan mode nothing has, and no role is
    /// held `now`.
    fn finish<T>(self, now: Option<&[Held]>, reply: Reply<T>) -> Result<Reply<T>> {
        let mut steps = Steps::default();
        let named: Vec<Held> = self.asked.iter().filter_map(|(_, role)| role.clone()).collect();
        for (word, role) in self.asked {
            let effect = match (role, now) {
                (None, _) => Ok(Effect::Already),
                (Some(_), None) => Ok(Effect::Planned),
                (Some(role), Some(now)) if holds(now, &role) == self.gives => Ok(Effect::Applied),
                (Some(_), Some(_)) => {
                    Err(differs(if self.gives { "the role is not held" } else { "the role is still held" }))
                }
            };
            steps.add(word, effect);
        }
        let Some(now) = now else { return steps.finish(reply) };
        for role in self.expected.iter().filter(|role| !holds(&named, role) && !holds(now, role)) {
            steps.add(role.shown(), Err(differs("the role should have stayed and is gone")));
        }
        for role in now.iter().filter(|role| !holds(&named, role) && !holds(&self.expected, role)) {
            steps.add(role.shown(), Err(differs("the role is held now, and was not before")));
        }
        steps.finish(reply).map_err(|error| {
            // a repeat would find done what was asked for, and say nothing of the rest
            error.hint("look at the administrator in JumpCloud's console before repeating it")
        })
    }
}

fn differs(what: &'static str) -> Error {
    Error::unexpected(format!("{what}, although JumpCloud took the change"))
}

#[cfg(test)]
mod tests {
    use userdir_core::ErrorKind;

    use super::*;

    fn role(name: &str) -> Held {
        Held { id: Some(format!("id of {name}")), name: Some(name.into()) }
    }

    #[test]
    fn a_comparison_misses_nothing() {
        let (desk, read) = (role("Help Desk"), role("Read Only"));
        let asked = || vec![("Help Desk".to_owned(), Some(desk.clone()))];
        let taken = |now: &[Held]| {
            let change = Change { asked: asked(), gives: false, expected: vec![read.clone()] };
            change.finish(Some(now), Reply::read(()))
        };
        assert_eq!(taken(std::slice::from_ref(&read)).unwrap().effect, Effect::Applied);
        assert_eq!(taken(&[desk.clone(), read.clone()]).unwrap_err().kind(), ErrorKind::UnexpectedResponse);
        let gone = taken(&[]).unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::PartlyDone, "one that should stay is gone");
        assert!(gone.next_step().is_some_and(|step| step.contains("console")), "a repeat does not bring it back");
        let more = taken(&[read.clone(), role("Manager")]).unwrap_err();
        assert!(more.to_string().contains("not for Manager"), "{more}");
        let given = Change { asked: asked(), gives: true, expected: vec![read.clone(), desk.clone()] };
        let given = given.finish(Some(std::slice::from_ref(&read)), Reply::read(()));
        assert_eq!(given.unwrap_err().kind(), ErrorKind::UnexpectedResponse);
    }

    #[test]
    fn a_role_that_the_list_lacks_is_not_dropped() {
        let unknown = Held { id: None, name: Some("Auditor".into()) };
        assert_eq!(whole(&[role("Help Desk"), unknown]).unwrap_err().target(), Some("Auditor"));
    }
}
