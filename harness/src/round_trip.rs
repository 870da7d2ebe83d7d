//! A provider against a vendor with a memory: somebody is made, changed, blocked and deleted, and after each step the
//! directory itself is looked at, past every word of the vendor's and the provider's.
//!
//! First all goes well (this file); then each write of the trip meets a vendor that refuses, loses answers, does nothing
//! or shows late, and the list one that repeats a page or shrinks (`adversary.rs`). `scene.rs` is one provider at one
//! vendor, with what to call and how to tell from the directory whether it is so.

mod adversary;
mod scene;

use std::sync::Arc;

use serde_json::Value;
use userdir::action::{ActionKind, ActionSet};
use userdir::registry::Registry;
use userdir::{Action, Effect, ErrorKind, FIXTURES, Registration, Runtime, STAND_INS};
use userdir_stand_in::memory::New;
use userdir_stand_in::{Account, Files, Fixtures};

use crate::attempt::Subject;
use crate::world::{self, VirtualClock};
use scene::{Came, Scene};

/// How a provider came through.
#[derive(Clone, Debug)]
pub struct RoundTrip {
    /// Slug of the provider.
    pub slug: &'static str,
    /// The steps, in order; one an action.
    pub steps: Vec<Step>,
}

/// An action of the trip.
#[derive(Clone, Debug)]
pub struct Step {
    /// The action.
    pub action: Action,
    /// What went wrong; none where all held.
    pub failures: Vec<String>,
}

impl RoundTrip {
    /// All that went wrong, one line each.
    pub fn failures(&self) -> Vec<String> {
        let lines = |step: &Step| {
            let (slug, action) = (self.slug, step.action);
            step.failures.iter().map(move |failure| format!("{slug}: {action}: {failure}")).collect::<Vec<_>>()
        };
        self.steps.iter().flat_map(lines).collect()
    }
}

/// The trip. What a provider does not implement is left out.
const TRIP: [Action; 18] = [
    Action::CreateUser,
    Action::GetUser,
    Action::ListUsers,
    Action::UpdateUser,
    Action::ListRoles,
    Action::AssignRole,
    Action::UnassignRole,
    Action::CreateGroup,
    Action::GetGroup,
    Action::ListGroups,
    Action::AddUserToGroup,
    Action::ListLicenses,
    Action::DowngradeUser,
    Action::RemoveUserFromGroup,
    Action::DeactivateUser,
    Action::ActivateUser,
    Action::DeleteGroup,
    Action::DeleteUser,
];

/// The vendor with a memory of a provider; none where it has none.
fn stand_in_of(slug: &str) -> Option<New> {
    STAND_INS.iter().find(|(name, _)| *name == slug).map(|(_, new)| *new)
}

/// Sends a provider on its trip; none where the stand-in has no such vendor with a memory.
pub async fn round_trip(registration: &'static Registration) -> Option<RoundTrip> {
    let slug = registration.definition.slug;
    stand_in_of(slug)?;
    let able = (registration.actions)();
    let mut steps = steps_of(able);
    if let Err(failure) = travel(registration, &mut steps).await
        && let Some(first) = steps.first_mut()
    {
        first.failures.push(failure);
    }
    Some(RoundTrip { slug, steps })
}

fn steps_of(able: ActionSet) -> Vec<Step> {
    let able = TRIP.iter().filter(|action| able.contains(**action));
    able.map(|action| Step { action: *action, failures: Vec::new() }).collect()
}

/// What every scene of a provider has in common.
struct World {
    subject: Subject,
    account: Account,
    runtime: Runtime,
    clock: Arc<VirtualClock>,
    able: ActionSet,
}

async fn travel(registration: &'static Registration, steps: &mut [Step]) -> Result<(), String> {
    let world = World::of(registration)?;
    let changes = well(&mut Scene::open(&world).await?, steps).await;
    for (step, writes) in steps.iter_mut().zip(changes) {
        step.failures.extend(adversary::play(&world, step.action, writes).await);
    }
    Ok(())
}

impl World {
    fn of(registration: &'static Registration) -> Result<World, String> {
        let clock = Arc::new(VirtualClock::default());
        Ok(World {
            subject: Subject { registry: Registry::collect(&[registration], &[]), registration },
            account: fixtures_of(registration)?.account.unwrap_or_default(),
            runtime: world::runtime(clock.clone(), None).map_err(|error| error.to_string())?,
            clock,
            able: (registration.actions)(),
        })
    }
}

fn fixtures_of(registration: &Registration) -> Result<Fixtures, String> {
    let embedded = FIXTURES.iter().find(|(slug, _)| *slug == registration.definition.slug);
    let files = embedded.map(|(_, dir)| Files::embedded(dir)).transpose().map_err(|fault| fault.to_string())?;
    Ok(Fixtures::read(&files.unwrap_or_default()))
}

/// The trip at a vendor where all goes well; gives how many writes each step took.
async fn well(scene: &mut Scene, steps: &mut [Step]) -> Vec<usize> {
    let mut changes = Vec::new();
    for step in steps {
        let writes = match step.action.info().kind {
            ActionKind::List => {
                step.failures.extend(lists(scene, step.action).await);
                0
            }
            ActionKind::Get => {
                let came = scene.call(step.action).await;
                step.failures.extend(shows(scene, step.action, &came));
                0
            }
            ActionKind::Write => changed(scene, step).await,
        };
        changes.push(writes);
    }
    changes
}

/// Makes a change, looks at the directory, and makes it again; gives how many writes it took.
async fn changed(scene: &mut Scene, step: &mut Step) -> usize {
    let action = step.action;
    let came = scene.call(action).await;
    let writes = came.writes.len();
    step.failures.extend(shows(scene, action, &came));
    match &came.result {
        Ok((Effect::Applied | Effect::Pending, _)) if scene.is_so(action) => {}
        Ok((effect, _)) => {
            step.failures.push(format!("it says `{}`, and the directory {}", effect.as_str(), scene.tells(action)));
        }
        Err(_) => {}
    }
    let again = scene.call(action).await;
    let is_settled = match (&again.result, action) {
        (Err(error), Action::CreateUser) => error.kind() == ErrorKind::Conflict,
        // two groups may have one name at some vendors
        (_, Action::CreateGroup) => true,
        (Err(error), Action::DeleteUser | Action::DeleteGroup) => {
            error.kind() == ErrorKind::NotFound && again.writes.is_empty()
        }
        // Okta refuses a role that is held, and so tells that it is
        (Ok((Effect::Already, _)), Action::AssignRole) => true,
        (Ok((Effect::Already, _)), _) => again.writes.is_empty(),
        _ => false,
    };
    if !is_settled || again.changed && action != Action::CreateGroup {
        step.failures.push(format!("again: {}, with {} writes", again.said(), again.writes.len()));
    }
    if action == Action::DeleteUser && scene.able(Action::GetUser) {
        let gone = scene.call(Action::GetUser).await;
        if !gone.result.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            step.failures.push(format!("read afterwards: {}", gone.said()));
        }
    }
    if matches!(action, Action::AssignRole | Action::UnassignRole) && scene.able(Action::GetUser) {
        let read = scene.call(Action::GetUser).await;
        step.failures.extend(shows(scene, action, &read).into_iter().map(|why| format!("read afterwards: {why}")));
    }
    scene.accept();
    writes
}

/// In what a resource that came out is not the one of the directory.
fn shows(scene: &Scene, action: Action, came: &Came) -> Vec<String> {
    let mut failures = came.leaks();
    let Ok((effect, value)) = &came.result else {
        failures.push(came.said());
        return failures;
    };
    let gives = action == Action::AssignRole;
    // what is pending is not shown yet
    if (gives || action == Action::UnassignRole) && *effect != Effect::Pending && scene.shows_role(value) != gives {
        failures.push(format!("`roles` is {}", value.get("roles").unwrap_or(&Value::Null)));
    }
    let expected = scene.expected(action);
    let wrong = expected.iter().filter(|(name, wanted)| value.get(name) != Some(wanted));
    // what is pending is not shown yet
    let wrong = wrong.filter(|_| *effect != Effect::Pending);
    failures.extend(wrong.map(|(name, wanted)| {
        format!("`{name}` is {}, and should be {wanted}", value.get(name).unwrap_or(&Value::Null))
    }));
    failures
}

/// Lists by pages of three and as a stream: everyone once.
async fn lists(scene: &Scene, action: Action) -> Vec<String> {
    let everyone = scene.everyone(action);
    let by_page = ("by pages", scene.list(action).await);
    let by_stream = ("as a stream", scene.stream(action).await);
    let wrong = [by_page, by_stream].into_iter().filter_map(|(how, listed)| match listed {
        Ok(listed) if listed == everyone => None,
        Ok(listed) => Some(format!("{how} it lists {listed:?}, and there are {everyone:?}")),
        Err(error) => Some(format!("{how} it fails as `{}`: {error}", error.kind().as_str())),
    });
    wrong.collect()
}

#[cfg(test)]
mod tests;
