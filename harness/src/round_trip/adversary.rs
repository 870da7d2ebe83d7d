//! The same trip at a vendor where something goes wrong: each trick is played on each write, and on the lists.
//!
//! What must hold: a claim is never more than the directory has, nor "already" for what the call did itself; what fails without being refused says that its outcome
//! is unknown; a write that may not be sent twice is not; and whoever calls again gets there.

use userdir::action::ActionKind;
use userdir::{Action, Effect, ErrorKind, Outcome};
use userdir_stand_in::memory::Trick;

use super::scene::{Came, Scene};
use super::{TRIP, World};

/// Reads that do not show a change yet: fewer than the looking afterwards takes, and into the next calls.
const LATE: [u32; 4] = [1, 2, 3, 6];
/// Calls after which everybody sees it.
const PATIENCE: usize = 8;

/// Plays every trick that an action can meet. `writes` is how many writes it takes.
pub(super) async fn play(world: &World, action: Action, writes: usize) -> Vec<String> {
    let mut failures = Vec::new();
    for tricks in tricks(action, writes) {
        let played = match Scene::open(world).await {
            Ok(scene) => one(world, scene, action, &tricks).await,
            Err(failure) => vec![failure],
        };
        failures.extend(played.into_iter().map(|failure| format!("{tricks:?}: {failure}")));
    }
    failures
}

/// The tricks, each with those before it that let it wait for its write: a change that is shown at once is none.
fn tricks(action: Action, writes: usize) -> Vec<Vec<Trick>> {
    let mut all = vec![vec![Trick::TooMany(2)]];
    // the other lists are not longer than a page at each vendor
    if matches!(action, Action::ListUsers | Action::ListGroups) {
        all.extend([vec![Trick::RepeatPage], vec![Trick::Shrink]]);
    }
    let at = |number: usize, trick: Trick| {
        let mut tricks = vec![Trick::ShowLate(0); number];
        tricks.push(trick);
        tricks
    };
    for number in 0..writes {
        all.extend([
            at(number, Trick::TooManyChanges(2)),
            // the looking afterwards
            at(number + 1, Trick::TooMany(2)),
            at(number, Trick::LoseAnswer),
            at(number, Trick::DoNothing),
        ]);
        all.extend(LATE.map(|reads| at(number, Trick::ShowLate(reads))));
    }
    all
}

async fn one(world: &World, mut scene: Scene, action: Action, tricks: &[Trick]) -> Vec<String> {
    let before = TRIP.iter().take_while(|it| **it != action);
    for step in before.filter(|it| it.info().kind == ActionKind::Write && world.able.contains(**it)) {
        let came = scene.call(*step).await;
        if came.result.is_err() {
            return vec![format!("the trip ends at {step}: {}", came.said())];
        }
        scene.accept();
    }
    tricks.iter().for_each(|trick| scene.stage.trick(*trick));
    drop(scene.stage.requests());
    let waits = scene.clock.waits().len();
    let mut failures = match (action.info().kind, tricks.last()) {
        (ActionKind::List, trick) => list(&scene, action, trick).await,
        (_, Some(Trick::TooMany(_) | Trick::TooManyChanges(_))) => refused(&mut scene, action).await,
        _ => unclear(&mut scene, action).await,
    };
    if action.info().kind == ActionKind::List && scene.stage.requests().is_empty() {
        // a list that asks the vendor nothing meets no trick
        return failures;
    }
    let waited = scene.clock.waits().len() - waits;
    if let Some(Trick::TooMany(times) | Trick::TooManyChanges(times)) = tricks.last()
        && waited < *times as usize
    {
        failures.push(format!("it waited {waited} times"));
    }
    if scene.stage.is_waiting() {
        failures.push("it was never played".to_owned());
    }
    failures
}

/// A refusal by limit is waited out.
async fn refused(scene: &mut Scene, action: Action) -> Vec<String> {
    let came = scene.call(action).await;
    let is_done = match &came.result {
        Ok((Effect::Read, _)) => true,
        Ok((Effect::Applied | Effect::Pending, _)) => scene.is_so(action),
        _ => false,
    };
    let mut failures = came.leaks();
    if !is_done {
        failures.push(format!("{}, and the directory {}", came.said(), scene.tells(action)));
    }
    failures
}

/// A write whose answer, effect or sight is missing; and calling again.
async fn unclear(scene: &mut Scene, action: Action) -> Vec<String> {
    let came = scene.call(action).await;
    let mut failures = came.leaks();
    failures.extend(came.sent_twice());
    match &came.result {
        Ok((Effect::Pending, _)) => {}
        Ok((Effect::Applied, _)) if scene.is_so(action) => {}
        Ok((Effect::Already, _)) if scene.is_so(action) && !came.changed => {}
        Ok((Effect::Already, _)) if came.changed => failures.push("it says `already`, and did it itself".to_owned()),
        Err(error) if error.outcome() == Outcome::Unknown => {}
        _ => failures.push(format!("{}, and the directory {}", came.said(), scene.tells(action))),
    }
    for _ in 0..PATIENCE {
        let again = scene.call(action).await;
        failures.extend(again.leaks());
        match &again.result {
            _ if is_settled(scene, action, &again) => return failures,
            Ok((Effect::Pending, _)) => {}
            Err(error) if error.outcome() == Outcome::Unknown => {}
            // JumpCloud's roles are written whole: what is not shown yet may be refused, where nothing is done
            Err(_) if matches!(action, Action::AssignRole | Action::UnassignRole) && !again.changed => {}
            _ => {
                failures.push(format!("again: {}, and the directory {}", again.said(), scene.tells(action)));
                return failures;
            }
        }
    }
    failures.push(format!("after {PATIENCE} calls more it is not settled"));
    failures
}

/// Whether a repeated call says rightly that it is so.
fn is_settled(scene: &Scene, action: Action, again: &Came) -> bool {
    let says = match (&again.result, action) {
        (Ok((effect, _)), _) => matches!(effect, Effect::Applied | Effect::Already | Effect::Pending),
        (Err(error), Action::CreateUser | Action::CreateGroup) => error.kind() == ErrorKind::Conflict,
        (Err(error), Action::DeleteUser | Action::DeleteGroup) => error.kind() == ErrorKind::NotFound,
        _ => false,
    };
    says && scene.is_so(action)
}

/// A list is complete, or an error.
async fn list(scene: &Scene, action: Action, trick: Option<&Trick>) -> Vec<String> {
    let listed = scene.list(action).await;
    let everyone = scene.everyone(action);
    let failure = match (trick, listed) {
        (Some(Trick::RepeatPage), Ok(listed)) => Some(format!("it lists {listed:?}, and there are {everyone:?}")),
        (Some(Trick::Shrink), Ok(listed)) => {
            let lost: Vec<&String> = everyone.iter().filter(|one| !listed.contains(one)).collect();
            (!lost.is_empty()).then(|| format!("it says it is complete, without {lost:?}"))
        }
        (Some(Trick::RepeatPage | Trick::Shrink), Err(_)) => None,
        (_, Ok(listed)) if listed == everyone => None,
        (_, Ok(listed)) => Some(format!("it lists {listed:?}, and there are {everyone:?}")),
        (_, Err(error)) => Some(format!("it fails as `{}`: {error}", error.kind().as_str())),
    };
    failure.into_iter().collect()
}
