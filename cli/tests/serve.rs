//! `userdir serve` as a process: its first words, its log, how it ends, and what a kill leaves.
#![cfg(all(unix, any(feature = "okta", feature = "all-providers")))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{CANARY, Cli, okta};
use serde_json::Value;
use userdir_store::{AuditQuery, KeySource, Store, open_sqlite};

/// The value of the first token.
const TOKEN: &str = "bootstrap-token-of-the-tests-0123456789abcdef";

/// A server that runs. It is killed when it is dropped.
struct Server {
    child: Child,
    address: String,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Server {
    fn start(cli: &Cli, flags: &[&str], token: Option<&str>) -> Server {
        let token = token.map(|token| ("USERDIR_BOOTSTRAP_TOKEN", token));
        Server::start_in(cli, flags, token.as_slice())
    }

    /// With these variables in its environment.
    fn start_in(cli: &Cli, flags: &[&str], variables: &[(&str, &str)]) -> Server {
        let program = assert_cmd::cargo::cargo_bin("userdir");
        let mut command = Command::new(program);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--allow-private-networks", "--account-rate", "0"])
            .args(flags)
            .env("USERDIR_DATA_DIR", cli.data_dir())
            .env_remove("USERDIR_MASTER_KEY")
            .env_remove("USERDIR_BOOTSTRAP_TOKEN")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut server = Server { child, address: String::new(), lines, said: Vec::new() };
        let line = server.wait_for("listening on http://");
        server.address = line.rsplit("http://").next().unwrap().to_owned();
        server
    }

    /// The next line of stderr with this in it.
    fn wait_for(&mut self, words: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).unwrap_or_else(|_| panic!("no `{words}` in {:?}", self.said));
            self.said.push(line.clone());
            if line.contains(words) {
                return line;
            }
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits for its end; gives the exit code and everything it said.
    fn end(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(1)) {
            self.said.push(line);
        }
        (status.code(), self.said.join("\n"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request; none where the server went away before the whole answer came.
fn send(address: &str, token: &str, line: &str, headers: &str, body: &str) -> Option<(u16, String, Value)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n{headers}\
         content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut came = String::new();
    stream.read_to_string(&mut came).ok()?;
    let (head, body) = came.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, head.to_ascii_lowercase(), serde_json::from_str(body).ok()?))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_first_start_shows_a_token_once_and_a_signal_ends_it() {
    let vendor = okta(false).await;
    let cli = Cli::new();
    cli.connect(&vendor.uri());
    let mut server = Server::start(&cli, &["--log-format", "json"], None);
    let shown = server.said.iter().find(|line| line.contains("shown this once")).unwrap();
    let token = shown.rsplit(' ').next().unwrap().to_owned();
    assert!(token.starts_with("ud_"), "{shown}");
    let line = "GET /unified/user-directory/users/7?integrated_account_id=okta-prod&truto_exclude_fields=organizations";
    let (status, _, user) = send(&server.address, &token, line, "", "").unwrap();
    assert_eq!((status, &user["id"]), (200, &Value::from("7")));
    assert_eq!(send(&server.address, "wrong", line, "", "").unwrap().0, 401);

    // structured lines, with ids and without a person or a secret
    let line = server.wait_for("\"answered\"");
    let entry: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&entry["status"], &entry["provider"], &entry["action"]),
        (&Value::from(200), &Value::from("okta"), &Value::from("users/get"))
    );
    assert!(entry["span"]["id"].is_string(), "{line}");
    server.signal("TERM");
    let (code, said) = server.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains(CANARY) && !said.contains("example.com"), "{said}");
    assert_eq!(said.matches(&token).count(), 1);

    let server = Server::start(&cli, &[], None);
    assert!(!server.said.iter().any(|line| line.contains("shown this once")), "{:?}", server.said);
    assert_eq!(send(&server.address, &token, "GET /ping", "", "").unwrap().0, 200);
    server.signal("INT");
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn the_first_token_may_be_given_and_later_ones_do_not_replace_it() {
    let cli = Cli::new();
    let server = Server::start(&cli, &[], Some(TOKEN));
    assert!(!server.said.iter().any(|line| line.contains(TOKEN)), "{:?}", server.said);
    assert_eq!(send(&server.address, TOKEN, "GET /ping", "", "").unwrap().0, 200);
    drop(server);
    let rows = cli.run(&["audit", "list", "--account", "store"]).json();
    assert_eq!((rows[0]["action"].as_str(), rows[0]["actor"].as_str()), (Some("api-token/create"), Some("cli")));
    let other = TOKEN.replace("0123", "4567");
    let server = Server::start(&cli, &[], Some(&other));
    assert_eq!(send(&server.address, &other, "GET /ping", "", "").unwrap().0, 401);
    assert_eq!(send(&server.address, TOKEN, "GET /ping", "", "").unwrap().0, 200);
}

#[test]
fn what_cannot_be_used_is_said_at_once() {
    let cli = Cli::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = cli.run(&["serve", "--listen", &address]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("cannot listen on"), "{}", ran.err);
    let ran = cli.run(&["serve", "--listen", "127.0.0.1:0", "--tls-cert", "none.pem", "--tls-key", "none.pem"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("none.pem"), "{}", ran.err);
    assert_eq!(cli.run(&["serve", "--tls-cert", "none.pem"]).code, 2);
    // whoever guesses it is an administrator
    let mut guessable = cli.command(&["serve", "--listen", "127.0.0.1:0"]);
    guessable.env("USERDIR_BOOTSTRAP_TOKEN", "secret");
    let ran = common::Ran::of(guessable);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("USERDIR_BOOTSTRAP_TOKEN") && ran.err.contains("32 characters"), "{}", ran.err);
}

/// An Okta with every user one may ask for; each is active until deactivated. Gives the deactivations it was asked for.
async fn endless_okta() -> (wiremock::MockServer, Arc<Mutex<Vec<String>>>) {
    let vendor = wiremock::MockServer::start().await;
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = asked.clone();
    let answer = move |request: &wiremock::Request| {
        let mut seen = seen.lock().unwrap();
        let id = request.url.path().split('/').nth(4).unwrap_or_default().to_owned();
        if request.method.as_str() == "POST" {
            seen.push(id);
            return wiremock::ResponseTemplate::new(200).set_body_json(serde_json::json!({}));
        }
        let status = if seen.contains(&id) { "DEPROVISIONED" } else { "ACTIVE" };
        let user = serde_json::json!({"id": id, "status": status, "profile": {"login": "x"}});
        wiremock::ResponseTemplate::new(200).set_body_json(user)
    };
    wiremock::Mock::given(wiremock::matchers::any()).respond_with(answer).mount(&vendor).await;
    (vendor, asked)
}

/// Kills in the midst of writes: whatever was answered is still there, and the audit holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_loses_nothing_that_was_answered() {
    let rounds = 50;
    let (vendor, asked) = endless_okta().await;
    let cli = Cli::new();
    cli.connect(&vendor.uri());
    let (mut answered, mut cut_off): (Vec<String>, Vec<String>) = Default::default();
    for round in 0..rounds {
        let server = Server::start(&cli, &["--token-rate", "0"], Some(TOKEN));
        let so_far = Arc::new(AtomicUsize::new(0));
        let workers: Vec<_> = (0..4)
            .map(|worker| {
                let (address, so_far) = (server.address.clone(), so_far.clone());
                std::thread::spawn(move || {
                    let mut done = Vec::new();
                    for number in 0.. {
                        let key = format!("r{round}w{worker}n{number}");
                        let headers = format!("idempotency-key: {key}\r\nx-request-id: {key}\r\n");
                        let line = "POST /unified/user-directory/users/deactivate?integrated_account_id=okta-prod";
                        match send(&address, TOKEN, line, &headers, &format!(r#"{{"user_id":"{key}"}}"#)) {
                            Some((200, ..)) => {
                                done.push(key);
                                so_far.fetch_add(1, Ordering::SeqCst);
                            }
                            Some((status, _, body)) => panic!("{status} {body}"),
                            None => return (done, Some(key)),
                        }
                    }
                    (done, None)
                })
            })
            .collect();
        // in the midst of them, and a moment that is another one in each round
        while so_far.load(Ordering::SeqCst) < 2 && workers.iter().all(|worker| !worker.is_finished()) {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis((round * 7) % 50));
        server.signal("KILL");
        drop(server);
        for worker in workers {
            let (done, cut) = worker.join().unwrap();
            answered.extend(done);
            cut_off.extend(cut);
        }
        let store = open_sqlite(&cli.data_dir(), KeySource::File).await.unwrap();
        assert!(store.verify_audit(None).await.unwrap().holds(), "round {round}");
        store.close().await;
    }
    assert!(answered.len() > rounds as usize, "{} answers", answered.len());

    let count = |id: &str| asked.lock().unwrap().iter().filter(|asked| *asked == id).count();
    assert!(answered.iter().all(|key| count(key) == 1), "each was carried out once");

    let store = open_sqlite(&cli.data_dir(), KeySource::File).await.unwrap();
    let account = store.account("okta-prod").await.unwrap();
    let (mut kept, mut before) = (std::collections::HashSet::new(), None);
    loop {
        let query = AuditQuery::new(account.id);
        let page = store.audit(&before.map_or(query.clone(), |before| query.before(before))).await.unwrap();
        kept.extend(page.rows.into_iter().filter_map(|row| row.request_id));
        match page.next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    let lost: Vec<&String> = answered.iter().filter(|key| !kept.contains(*key)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    drop(store);

    // and what was answered is answered again, without a second run
    let server = Server::start(&cli, &["--token-rate", "0"], Some(TOKEN));
    for key in answered.iter().rev().take(50) {
        let headers = format!("idempotency-key: {key}\r\n");
        let line = "POST /unified/user-directory/users/deactivate?integrated_account_id=okta-prod";
        let (status, head, _) =
            send(&server.address, TOKEN, line, &headers, &format!(r#"{{"user_id":"{key}"}}"#)).unwrap();
        assert!(status == 200 && head.contains("idempotent-replayed: true"), "{key}: {head}");
    }
    assert!(answered.iter().all(|key| count(key) == 1), "and still once");
    drop(server);

    // what was cut off is settled by reading, or was never sent: after it each is carried out, and none twice
    assert!(cut_off.iter().any(|key| count(key) == 1), "some were sent and not answered");
    assert!(cut_off.iter().all(|key| count(key) <= 1));
    // as if the time of the runs that were cut off were over
    let path = format!("sqlite:{}", cli.data_dir().join("userdir.db").display());
    let mut database = <sqlx::SqliteConnection as sqlx::Connection>::connect(&path).await.unwrap();
    let end = "UPDATE idempotent_runs SET lease_until = '2026-01-01T00:00:00.000000Z' WHERE state <> 'done'";
    let ended = sqlx::query(end).execute(&mut database).await.unwrap().rows_affected();
    sqlx::Connection::close(database).await.unwrap();
    let server = Server::start(&cli, &["--token-rate", "0"], Some(TOKEN));
    let mut settled = 0;
    for key in &cut_off {
        let was_sent = count(key) == 1;
        for again in [false, true] {
            let headers = format!("idempotency-key: {key}\r\n");
            let line = "POST /unified/user-directory/users/deactivate?integrated_account_id=okta-prod";
            let (status, head, body) =
                send(&server.address, TOKEN, line, &headers, &format!(r#"{{"user_id":"{key}"}}"#)).unwrap();
            assert_eq!(status, 200, "{key}: {body}");
            assert!(!again || head.contains("idempotent-replayed: true"), "{key}: {head}");
            settled += usize::from(was_sent && !again && head.contains("x-userdir-effect: already"));
        }
        assert_eq!(count(key), 1, "{key}");
    }
    assert!(ended > 0 && settled > 0, "{ended} runs were cut off, {settled} were settled by reading");
}

/// A vendor of large answers: three pages of 20 MB, and a bomb of 200 MB.
#[cfg(target_os = "linux")]
async fn large_okta() -> wiremock::MockServer {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    (0..200).for_each(|_| encoder.write_all(&vec![b' '; 1 << 20]).unwrap());
    let bomb = encoder.finish().unwrap();
    let vendor = wiremock::MockServer::start().await;
    let base = vendor.uri();
    let answer = move |request: &wiremock::Request| {
        let user = |id: String| serde_json::json!({"id": id, "status": "ACTIVE", "profile": {"login": "x", "pad": "y".repeat(100_000)}});
        let answer = wiremock::ResponseTemplate::new(200);
        match request.url.path() {
            "/api/v1/users/bomb" => {
                answer.set_body_raw(bomb.clone(), "application/json").insert_header("content-encoding", "gzip")
            }
            "/api/v1/users" => {
                let after = request
                    .url
                    .query_pairs()
                    .find(|(name, _)| name == "after")
                    .map_or(0, |(_, page)| page.parse().unwrap());
                let page: Vec<Value> = (0..200).map(|number| user(format!("p{after}n{number}"))).collect();
                let next = format!("<{base}/api/v1/users?after={}>; rel=\"next\"", after + 1);
                let answer = answer.set_body_json(page);
                if after < 2 { answer.insert_header("link", next.as_str()) } else { answer }
            }
            _ => answer.set_body_json(serde_json::json!([])),
        }
    };
    wiremock::Mock::given(wiremock::matchers::any()).respond_with(answer).mount(&vendor).await;
    vendor
}

/// The most memory that a process has had, in MiB.
#[cfg(target_os = "linux")]
fn peak(child: &Child) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() >> 10
}

/// Bombs, lists without end and bodies without end, four at a time: the server's memory stays flat.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stays_flat() {
    const AT_ONCE: usize = 4;
    let vendor = large_okta().await;
    let cli = Cli::new();
    cli.local(&[
        "accounts",
        "add",
        "okta",
        "--name",
        "okta-prod",
        "--no-check",
        "--set",
        &format!("base_url={}", vendor.uri()),
        "--secret",
        "api_token=env:CANARY",
    ]);
    let server = Server::start(&cli, &["--token-rate", "0"], Some(TOKEN));
    let users = "/unified/user-directory/users";
    let account = "integrated_account_id=okta-prod";
    let large = " ".repeat(100 << 20);
    for (line, body, expected) in [
        (format!("GET {users}/bomb?{account}"), "", 502),
        (format!("GET {users}?{account}&limit=200"), "", 200),
        (format!("GET {users}?{account}&limit=1000"), "", 502),
        (format!("GET {users}?{account}&truto_ignore_limit=true"), "", 400),
        (format!("GET {users}?{account}&truto_key_by=id&limit=200&truto_response_format=normalized"), "", 200),
        (format!("POST {users}/deactivate?{account}"), large.as_str(), 413),
    ] {
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                // a client that is refused in the midst of its body may see a broken connection
                scope.spawn(|| {
                    if let Some((status, ..)) = send(&server.address, TOKEN, &line, "", body) {
                        assert_eq!(status, expected, "{line}");
                    }
                });
            }
        });
        let most = peak(&server.child);
        println!("{most} MiB after {line}");
        assert!(most < 448, "{most} MiB after {line}");
    }
}

/// Traces hold the route, never the address that was asked, and go on where the client's trace began.
#[cfg(feature = "otel")]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn traces_go_to_the_collector() {
    let collector = wiremock::MockServer::start().await;
    let taken = wiremock::Mock::given(wiremock::matchers::path("/v1/traces"));
    taken.respond_with(wiremock::ResponseTemplate::new(200)).mount(&collector).await;
    let vendor = okta(false).await;
    let cli = Cli::new();
    cli.connect(&vendor.uri());
    let uri = collector.uri();
    let variables = [("USERDIR_BOOTSTRAP_TOKEN", TOKEN), ("OTEL_EXPORTER_OTLP_ENDPOINT", uri.as_str())];
    let server = Server::start_in(&cli, &[], &variables);
    let parent = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";
    let line = "GET /unified/user-directory/users/7?integrated_account_id=okta-prod&truto_exclude_fields=organizations";
    assert_eq!(send(&server.address, TOKEN, line, parent, "").unwrap().0, 200);
    server.signal("TERM");
    let (code, said) = server.end();
    assert_eq!(code, Some(0), "{said}");

    let sent: Vec<u8> = collector.received_requests().await.unwrap().into_iter().flat_map(|it| it.body).collect();
    let holds = |words: &[u8]| sent.windows(words.len()).any(|window| window == words);
    let trace = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes();
    assert!(holds(&trace), "the client's trace goes on");
    assert!(holds(b"/unified/user-directory/{resource}/{id}") && holds(b"api/v1/users/{id}"), "{}", text(&sent));
    for person in ["u7@example.com", "users/7", CANARY, TOKEN] {
        assert!(!holds(person.as_bytes()), "{person} in {}", text(&sent));
    }
}

#[cfg(feature = "otel")]
fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}
