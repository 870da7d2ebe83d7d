//! Processes that are killed (SIGKILL) while they write, again and again: whatever they had acknowledged is there.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests stop at the first surprise"
)]

#[cfg(feature = "postgres")]
#[path = "support/postgres.rs"]
mod postgres_server;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use userdir_store::{
    AuditKind, Begun, HANDOVER, IdempotencyScope, KeySource, MasterKey, NewAccount, NewApiToken, NewAuditRow, Scope,
    SqlStore, Store, StoreError, StoredAnswer, open_sqlite,
};
use uuid::Uuid;

/// How often a process is killed on each database.
const ROUNDS: u32 = 50;

/// How often a change of the master key is.
const ROTATIONS: u8 = 8;

/// Where the child's store is, its key, and what it does.
const PLACE: &str = "USERDIR_TEST_KILL_PLACE";
const KEY: &str = "USERDIR_TEST_KILL_KEY";
const WORK: &str = "USERDIR_TEST_KILL_WORK";

fn key(number: u8) -> String {
    STANDARD.encode([number; 32])
}

async fn open(place: &str, key: &str) -> Result<SqlStore, StoreError> {
    let key = KeySource::Base64(SecretString::from(key));
    #[cfg(feature = "postgres")]
    if place.starts_with("postgres") {
        return userdir_store::open_postgres(place, key).await;
    }
    open_sqlite(Path::new(place), key).await
}

/// Not a test: what the killed process does.
#[tokio::test]
#[ignore = "is the process that the others start and kill"]
async fn child() {
    let (place, own, work) = (var(PLACE), var(KEY), var(WORK));
    let store = open(&place, &own).await.unwrap();
    if work == "write" {
        write(&store).await;
    } else {
        say("start", "");
        store.rotate_master_key(&MasterKey::from_base64(&work).unwrap(), HANDOVER).await.unwrap();
    }
}

fn var(name: &str) -> String {
    std::env::var(name).unwrap()
}

/// Acknowledges: what was said is promised.
fn say(what: &str, which: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("ack {what} {which}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

async fn write(store: &dyn Store) {
    loop {
        let name = Uuid::new_v4().simple().to_string();
        let new = NewAccount::new(format!("n-{name}"), "okta", "acme").secret("api_token", name.as_str());
        let account = store.create_account(new).await.unwrap().id;
        say("account", &format!("{account} {name}"));

        let token = store.create_api_token(NewApiToken::new(format!("t-{name}"), Scope::Read)).await.unwrap();
        say("token", token.secret.expose_secret());

        for chain in [account, Uuid::from_u128(1)] {
            let row =
                NewAuditRow::new(chain, AuditKind::Intended, "cli", "users/deactivate").detail("n", name.as_str());
            let sequence = store.append_audit(row).await.unwrap();
            say("audit", &format!("{chain} {sequence} {name}"));
        }

        let fence = store.lease_token(account, "refresh", "child", Duration::from_secs(9)).await.unwrap().unwrap();
        store.commit_token(account, "refresh", fence, name.clone().into(), None).await.unwrap();
        say("slot", &format!("{account} {name}"));

        let scope = scope(account, &name);
        let begun = store.begin_idempotent(&scope, [0; 32], "child", Duration::from_millis(1)).await.unwrap();
        let Begun::Started(ticket) = begun else { panic!("{begun:?}") };
        store.mark_sent(&ticket).await.unwrap();
        say("sent", &format!("{account} {name}"));
        let answer = StoredAnswer { status: 200, headers: vec![], body: name.clone().into_bytes() };
        store.finish_idempotent(&ticket, &answer).await.unwrap();
        say("done", &format!("{account} {name}"));
    }
}

fn scope(account: Uuid, key: &str) -> IdempotencyScope {
    IdempotencyScope { account, path: "POST /x".into(), key: key.into() }
}

/// Starts the child.
fn start(place: &str, key: &str, work: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["child", "--exact", "--ignored", "--nocapture"]);
    command.env(PLACE, place).env(KEY, key).env(WORK, work).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Lets the child acknowledge this much and go on for this long, kills it, and gives the whole lines it has said.
fn kill_after(words: usize, pause: Duration, mut child: Child) -> Vec<Vec<String>> {
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while text.lines().filter(|line| line.starts_with("ack ")).count() < words {
        assert!(out.read_line(&mut text).unwrap() > 0, "the child came to nothing");
    }
    std::thread::sleep(pause);
    child.kill().unwrap();
    out.read_to_string(&mut text).unwrap();
    child.wait().unwrap();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let said = whole.lines().filter_map(|line| line.strip_prefix("ack "));
    said.map(|line| line.split(' ').map(str::to_owned).collect()).collect()
}

/// Whatever was acknowledged is there.
async fn check(store: &dyn Store, said: &[Vec<String>]) {
    let id = |words: &[String]| words[1].parse::<Uuid>().unwrap();
    for words in said {
        match words[0].as_str() {
            "account" => {
                let secrets = store.secrets(id(words)).await.unwrap();
                assert_eq!(secrets["api_token"].expose_secret(), words[2]);
            }
            "token" => assert!(store.find_api_token(&words[1]).await.unwrap().is_some(), "a lost token"),
            "audit" => {
                let sequence: i64 = words[2].parse().unwrap();
                let query = userdir_store::AuditQuery::new(id(words)).before(sequence + 1).limit(1);
                let row = store.audit(&query).await.unwrap().rows.remove(0);
                assert_eq!((row.sequence, row.details["n"].as_str().unwrap()), (sequence, words[3].as_str()));
            }
            "slot" => {
                let token = store.load_token(id(words), "refresh").await.unwrap().unwrap();
                assert_eq!(token.token.expose_secret(), words[2], "a lost refresh token");
            }
            "sent" | "done" => {
                let scope = scope(id(words), &words[2]);
                let begun = store.begin_idempotent(&scope, [0; 32], "check", Duration::from_secs(9)).await.unwrap();
                match begun {
                    Begun::Replay(answer) => assert_eq!(answer.body, words[2].as_bytes()),
                    Begun::Unknown(_) if words[0] == "sent" => {}
                    other => panic!("{words:?}: {other:?}"),
                }
            }
            other => panic!("{other}"),
        }
    }
    let report = store.verify_audit(None).await.unwrap();
    assert!(report.holds(), "{report:?}");
}

async fn killed_while_writing(place: &str) {
    let mut all = Vec::new();
    for round in 0..ROUNDS {
        // a different moment each time, over some turns of the child's loop; and now and then while it opens the store, the
        // first time before there is one
        let (words, pause) =
            if round % 8 == 0 { (0, u64::from(round)) } else { (round as usize * 7 % 20, u64::from(round % 3)) };
        let said = kill_after(words, Duration::from_millis(pause), start(place, &key(1), "write"));
        let store = open(place, &key(1)).await.unwrap();
        check(&store, &said).await;
        store.close().await;
        all.extend(said);
    }
    let store = open(place, &key(1)).await.unwrap();
    check(&store, &all).await;
    for kind in ["account", "token", "audit", "slot", "done"] {
        let acknowledged = all.iter().filter(|words| words[0] == kind).count();
        assert!(acknowledged > 10, "only {acknowledged} of {kind} were acknowledged: nothing is shown by that");
    }
    store.close().await;
}

async fn killed_while_the_key_changes(place: &str) {
    let store = open(place, &key(1)).await.unwrap();
    let mut accounts = Vec::new();
    for i in 0..300 {
        let new = NewAccount::new(format!("n{i}"), "okta", "acme").secret("api_token", format!("s{i}"));
        accounts.push(store.create_account(new).await.unwrap().id);
    }
    store.close().await;
    for generation in 1..=ROTATIONS {
        let (old, new) = (key(generation), key(generation + 1));
        kill_after(1, Duration::from_millis(u64::from(generation) * 7), start(place, &old, &new));
        // both keys open all there is, or the new one does not yet fit
        for key in [&old, &new] {
            match open(place, key).await {
                Ok(store) => {
                    for (i, account) in accounts.iter().enumerate() {
                        assert_eq!(
                            store.secrets(*account).await.unwrap()["api_token"].expose_secret(),
                            format!("s{i}")
                        );
                    }
                    store.close().await;
                }
                Err(StoreError::WrongKey { .. }) if *key == new => {}
                Err(error) => panic!("{error}"),
            }
        }
        let store = open(place, &old).await.unwrap();
        let rotation = store.rotate_master_key(&MasterKey::from_base64(&new).unwrap(), HANDOVER).await.unwrap();
        assert_eq!(rotation.key_id, i64::from(generation) + 1);
        store.close().await;
    }
}

mod sqlite {
    #[tokio::test]
    async fn survives_kill() {
        let folder = tempfile::tempdir().unwrap();
        super::killed_while_writing(folder.path().to_str().unwrap()).await;
    }

    #[tokio::test]
    async fn a_change_of_the_key_survives_kill() {
        let folder = tempfile::tempdir().unwrap();
        super::killed_while_the_key_changes(folder.path().to_str().unwrap()).await;
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use super::postgres_server::Schema;

    #[tokio::test]
    async fn survives_kill() {
        if let Some(schema) = Schema::new().await {
            super::killed_while_writing(&schema.url).await;
            schema.end().await;
        }
    }

    #[tokio::test]
    async fn a_change_of_the_key_survives_kill() {
        if let Some(schema) = Schema::new().await {
            super::killed_while_the_key_changes(&schema.url).await;
            schema.end().await;
        }
    }
}
