//! The demo as somebody tries it: what it prints works when pasted.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::{Value, json};

/// The demo under way, and what it says on stderr; it ends with the test.
struct Demo(Child, BufReader<ChildStderr>);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts it on a free port and reads what it says until it has shown so many calls.
fn start(flags: &[&str], calls: usize) -> (Demo, String) {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("userdir"));
    command.args(["demo", "--listen", "127.0.0.1:0"]).args(flags).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    errors.read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on http://127.0.0.1:"), "{line}");
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while text.matches("curl ").count() < calls {
        assert!(said.read_line(&mut text).unwrap() > 0, "{text}");
    }
    (Demo(child, errors), text)
}

fn pasted(line: &str) -> Value {
    let output = Command::new("sh").args(["-c", line]).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{line}: {error}: {output:?}"))
}

#[test]
fn what_the_demo_prints_works_when_pasted() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("left out: there is no curl on this machine");
        return;
    }
    let (demo, said) = start(&[], 3);
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("curl ")).collect();
    let people = pasted(lines[0]);
    assert!(people["result"].as_array().is_some_and(|people| !people.is_empty()), "{people}");
    let changed = pasted(lines[1]);
    assert_eq!(changed["userdir"]["effect"], "applied", "{changed}");
    let again = pasted(lines[2]);
    assert_eq!(again["userdir"]["effect"], "already", "the change is seen: {again}");
    let inactive = |people: &Value| {
        let people = people["result"].as_array().unwrap();
        people.iter().filter(|user| user["status"] == "inactive").count()
    };
    assert_eq!(inactive(&pasted(lines[0])), inactive(&people) + 1, "the list shows it");
    drop(demo);
}

/// Each list at each vendor, somebody of it, and every sample: all of it is there to be tried.
#[test]
fn every_vendor_can_be_tried() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("left out: there is no curl on this machine");
        return;
    }
    const SAMPLES: usize = 40;
    let (_demo, said) = start(&["--samples"], 3 + SAMPLES);
    let authorized = said.lines().find(|line| line.starts_with("curl ")).unwrap().split(" 'http").next().unwrap();
    let address = said.lines().find_map(|line| line.strip_prefix("address   ")?.split(' ').next()).unwrap();
    let accounts = said.split_whitespace().filter(|word| word.ends_with("-demo") && !word.contains('/'));
    let ask = |path: &str, account: &str| {
        pasted(&format!(
            "{authorized} '{address}/unified/user-directory/{path}?integrated_account_id={account}&limit=5'"
        ))
    };
    let mut failures: Vec<String> = Vec::new();
    for account in accounts {
        for resource in ["me", "workspaces", "activities", "billing", "utilization"] {
            let answer = ask(resource, account);
            // a vendor may refuse a key; that nobody plays the answer is another thing
            let is_refused = answer["details"]["vendor"]["status"] == 400;
            if answer["statusCode"] != 501 && !answer["result"].is_array() && !is_refused {
                failures.push(format!("{account} {resource}: {answer}"));
            }
        }
        for resource in ["users", "groups", "roles", "licenses", "organizations", "role_assignments"] {
            let answer = ask(resource, account);
            if answer["statusCode"] == 501 {
                continue;
            }
            let Some(items) = answer["result"].as_array().filter(|items| !items.is_empty() || resource != "users")
            else {
                failures.push(format!("{account} {resource}: {answer}"));
                continue;
            };
            // what is replayed knows some of them
            let gets = items.iter().map(|item| ask(&format!("{resource}/{}", item["id"].as_str().unwrap()), account));
            let gets: Vec<Value> = gets.collect();
            let is_there = |item: &Value| item["id"].is_string() || item["statusCode"] == 501;
            if !items.is_empty() && !gets.iter().any(is_there) {
                failures.push(format!("{account} {resource}: {:?}", gets[0]));
            }
        }
    }
    for (action, vendors) in [("unassign-role", 11), ("remove-user", 12), ("deactivate", 9), ("downgrade", 8)] {
        // anew each time: who has lost a role has none to lose
        let (_demo, said) = start(&["--samples"], 3 + SAMPLES);
        let samples = said.lines().filter(|line| line.starts_with("curl ")).skip(3);
        let samples: Vec<&str> = samples.filter(|line| line.contains(action)).collect();
        assert_eq!(samples.len(), vendors, "{action}: {samples:#?}");
        for sample in samples {
            let answer = pasted(sample);
            if answer["userdir"]["effect"] != "applied" && answer["userdir"]["effect"] != "pending" {
                failures.push(format!("{sample}: {answer}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What is written at a vendor with a memory is there when it is read.
#[test]
fn what_is_changed_stays_changed() {
    if Command::new("curl").arg("--version").output().is_err() {
        println!("left out: there is no curl on this machine");
        return;
    }
    let (_demo, said) = start(&[], 3);
    let authorized = said.lines().find(|line| line.starts_with("curl ")).unwrap().split(" 'http").next().unwrap();
    let address = said.lines().find_map(|line| line.strip_prefix("address   ")?.split(' ').next()).unwrap();
    let ask = |method: &str, path: &str, account: &str, body: Value| {
        pasted(&format!(
            "{authorized} -X {method} '{address}/unified/user-directory/{path}?integrated_account_id={account}' -d '{body}'"
        ))
    };
    let get = |path: &str, account: &str| {
        pasted(&format!("{authorized} '{address}/unified/user-directory/{path}?integrated_account_id={account}'"))
    };
    let holds = |user: &Value, role: &str| user["roles"].as_array().unwrap().iter().any(|held| held["id"] == role);
    for (account, role) in
        [("okta-demo", "APP_ADMIN"), ("jumpcloud-demo", "5c3536e9e0a6840001872801"), ("zoom-demo", "1")]
    {
        let people = get("users", account);
        let lacks = |user: &&Value| user["status"] == "active" && (user["roles"].is_null() || !holds(user, role));
        let user = people["result"].as_array().unwrap().iter().rfind(lacks).unwrap()["id"].as_str().unwrap();
        let titled = ask("PATCH", &format!("users/{user}"), account, json!({ "title": "Lead" }));
        assert_eq!(titled["userdir"]["effect"], "applied", "{account}: {titled}");
        assert_eq!(get(&format!("users/{user}"), account)["title"], "Lead", "{account}");
        let body = json!({ "id": user, "roles": [{ "id": role }] });
        let given = ask("POST", "users/assign-role", account, body.clone());
        assert_eq!(given["userdir"]["effect"], "applied", "{account}: {given}");
        assert!(holds(&get(&format!("users/{user}"), account), role), "{account}");
        assert!(
            get("role_assignments", account).to_string().contains(user) || account == "jumpcloud-demo",
            "{account}"
        );
        let taken = ask("POST", "users/unassign-role", account, body);
        assert_eq!(taken["userdir"]["effect"], "applied", "{account}: {taken}");
        assert!(!holds(&get(&format!("users/{user}"), account), role), "{account}");
        let group = get("groups", account)["result"][0]["id"].as_str().unwrap().to_owned();
        let renamed = ask("PATCH", &format!("groups/{group}"), account, json!({ "name": "Builders" }));
        assert_eq!(renamed["name"], "Builders", "{account}: {renamed}");
        for role in get("roles", account)["result"].as_array().unwrap() {
            let role = role["id"].as_str().unwrap();
            assert_eq!(get(&format!("roles/{role}"), account)["id"], role, "{account}");
        }
    }
    let user = get("users", "okta-demo")["result"][2]["id"].as_str().unwrap().to_owned();
    for action in ["suspend", "unsuspend"] {
        let body = json!({ "user_id": user });
        for effect in ["applied", "already"] {
            let answer = ask("POST", &format!("users/{action}"), "okta-demo", body.clone());
            assert_eq!(answer["userdir"]["effect"], effect, "{answer}");
        }
    }
}

#[cfg(unix)]
#[test]
fn it_ends_when_it_is_told_to() {
    let (mut demo, _) = start(&[], 3);
    let told = Command::new("kill").args(["-TERM", &demo.0.id().to_string()]).status().unwrap();
    assert!(told.success());
    let status = demo.0.wait().unwrap();
    assert_eq!(status.code(), Some(0));
    let mut rest = String::new();
    demo.1.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("stopping"), "{rest}");
}
