//! One hook for every write.

use std::sync::{Arc, Mutex};

use serde_json::json;
use userdir_core::action::*;
use userdir_core::observer::{Exchange, Observer, Recorder, Verdict, WriteOutcome, WriteStep};
use userdir_core::{Call, Effect, Error, ErrorKind, Outcome, Result, async_trait};

use crate::world::*;

/// Answers with a verdict and notes what it is told.
struct Watch {
    verdict: fn() -> Result<Verdict>,
    log: Mutex<Vec<String>>,
    steps: Mutex<Vec<WriteStep>>,
}

fn watch(verdict: fn() -> Result<Verdict>) -> Arc<Watch> {
    Arc::new(Watch { verdict, log: Mutex::default(), steps: Mutex::default() })
}

impl Watch {
    fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

#[async_trait]
impl Observer for Watch {
    async fn before_write(&self, step: &WriteStep) -> Result<Verdict> {
        self.steps.lock().unwrap().push(step.clone());
        self.log.lock().unwrap().push(format!("before {}", step.step));
        (self.verdict)()
    }

    async fn after_write(&self, step: &WriteStep, outcome: WriteOutcome<'_>) {
        let what = match outcome {
            WriteOutcome::Sent { status, .. } => format!("sent {status}"),
            WriteOutcome::NotSent(_) => "not sent".to_owned(),
            WriteOutcome::Unknown(_) => "unknown".to_owned(),
        };
        self.log.lock().unwrap().push(format!("after {} {what}", step.step));
    }
}

/// Answers writes with this status; the user's status changes with the first one that is taken.
async fn vendor(code: u16) -> World {
    let world = World::new().await;
    world
        .serve(move |method, _, before| match method {
            "GET" if before == 0 => ok(json!({ "id": "u1", "status": "active" })),
            "GET" => ok(json!({ "id": "u1", "status": if code == 200 { "inactive" } else { "active" } })),
            _ => status(code).insert_header("x-request-id", "r1"),
        })
        .await;
    world
}

async fn run(world: &World, watchers: &[&Arc<Watch>]) -> Result<Effect> {
    let call = watchers.iter().fold(Call::new(), |call, watcher| call.observed_by((*watcher).clone()));
    world.directory.deactivate_user(&call, DeactivateUserInput::new("u1")).await.map(|reply| reply.effect)
}

#[tokio::test]
async fn a_write_is_shown_before_and_after() {
    let (world, one, two) = (vendor(200).await, watch(|| Ok(Verdict::Send)), watch(|| Ok(Verdict::Send)));
    assert_eq!(run(&world, &[&one, &two]).await.unwrap(), Effect::Applied);
    for watcher in [&one, &two] {
        assert_eq!(watcher.log(), ["before 1", "after 1 sent 200"]);
    }
    let step = one.steps.lock().unwrap()[0].clone();
    assert_eq!((step.method.as_str(), step.idempotent, step.fingerprint.len()), ("POST", false, 64));
    assert_eq!(step.url, format!("{}/users/u1/deactivate", world.server.uri()));
}

#[tokio::test]
async fn what_became_of_it_is_told_as_it_is() {
    for (code, told, outcome) in [(403, "not sent", Outcome::NotDone), (500, "unknown", Outcome::Unknown)] {
        let (world, watcher) = (vendor(code).await, watch(|| Ok(Verdict::Send)));
        let error = run(&world, &[&watcher]).await.unwrap_err();
        assert_eq!((watcher.log()[1].as_str(), error.outcome()), (format!("after 1 {told}").as_str(), outcome));
    }
}

#[tokio::test]
async fn an_observer_may_take_it_for_a_plan() {
    let (world, sends, plans) = (vendor(200).await, watch(|| Ok(Verdict::Send)), watch(|| Ok(Verdict::Planned)));
    assert_eq!(run(&world, &[&sends, &plans]).await.unwrap(), Effect::Planned);
    assert!(world.writes().await.is_empty());
    // who said yes must not wait for ever for what became of it
    assert_eq!(sends.log(), ["before 1", "after 1 not sent"]);
    assert_eq!(plans.log(), ["before 1"]);
}

#[tokio::test]
async fn an_observer_that_knows_the_answer_spares_the_write() {
    let known = || Ok(Verdict::Known { status: 200, body: "{}".into() });
    let (world, watcher) = (vendor(200).await, watch(known));
    assert_eq!(run(&world, &[&watcher]).await.unwrap(), Effect::Applied);
    assert!(world.writes().await.is_empty());

    // a known refusal is a refusal
    let known = || Ok(Verdict::Known { status: 409, body: r#"{"code": "E9"}"#.into() });
    let (world, watcher) = (vendor(200).await, watch(known));
    let error = run(&world, &[&watcher]).await.unwrap_err();
    assert_eq!((error.kind(), error.vendor_code()), (ErrorKind::Conflict, Some("E9")));
}

#[tokio::test]
async fn an_observer_that_fails_keeps_the_write_from_being_sent() {
    let fails = watch(|| Err(Error::config("the audit log is full")));
    let (world, before, after) = (vendor(200).await, watch(|| Ok(Verdict::Send)), watch(|| Ok(Verdict::Send)));
    let error = run(&world, &[&before, &fails, &after]).await.unwrap_err();
    assert!(error.message().contains("audit log is full"), "{error}");
    assert_eq!(error.outcome(), Outcome::NotDone);
    assert!(world.writes().await.is_empty());
    assert_eq!(before.log(), ["before 1", "after 1 not sent"]);
    assert!(after.log().is_empty());
}

#[tokio::test]
async fn the_same_write_has_the_same_fingerprint_and_another_has_another() {
    let world = World::new().await;
    world.serve(|_, _, _| ok(json!({ "id": "u1", "status": "active" }))).await;
    let watcher = watch(|| Ok(Verdict::Planned));
    for title in ["Chef", "Chef", "Director"] {
        let call = Call::new().observed_by(watcher.clone());
        world.directory.update_user(&call, UpdateUserInput::new("u1").title(title)).await.unwrap();
    }
    let steps = watcher.steps.lock().unwrap();
    assert_eq!(steps[0].fingerprint, steps[1].fingerprint);
    assert_ne!(steps[0].fingerprint, steps[2].fingerprint);
}

#[tokio::test]
async fn a_recorder_keeps_exchanges_reads_too() {
    let world = vendor(200).await;
    let recorder = Arc::new(Recorder::default());
    let call = Call::new().observed_by(recorder.clone());
    world.directory.deactivate_user(&call, DeactivateUserInput::new("u1")).await.unwrap();
    let methods: Vec<_> = recorder.exchanges().iter().map(|exchange| exchange.method.clone()).collect();
    assert_eq!((methods, recorder.left_out()), (vec!["GET".into(), "POST".into(), "GET".into()], 0));
}

#[test]
fn a_recorder_does_not_grow_without_end() {
    let recorder = Recorder::default();
    for _ in 0..20_000 {
        recorder.exchange(Exchange {
            method: "GET".into(),
            url: "https://acme.example/users?cursor=1".into(),
            request_headers: vec![],
            request_body: Some("x".repeat(1000)),
            status: 200,
            response_headers: vec![],
            response_body: vec![b'x'; 100].into(),
            rate: Default::default(),
            is_primary: true,
        });
    }
    let kept = recorder.exchanges();
    let bytes: usize =
        kept.iter().map(|e| e.url.len() + e.response_body.len() + e.request_body.as_ref().map_or(0, String::len)).sum();
    assert!(kept.len() < 8_000 && bytes <= 1 << 20, "{} exchanges, {bytes} bytes", kept.len());
    assert!(recorder.left_out() > 10_000);
}
