//! Where requests go, and how much of an answer is taken.

use std::time::Duration;

use serde_json::json;
use userdir_core::action::*;
use userdir_core::runtime::Limits;
use userdir_core::{Call, ErrorKind};

use crate::world::*;

fn get() -> GetUserInput {
    GetUserInput::new("u1")
}

/// A name that resolves to this machine is as private as the address itself. It is checked when the connection is made,
/// so that a name which changes in between gains nothing.
#[tokio::test]
async fn a_name_that_resolves_to_this_machine_is_refused_at_connect_time() {
    let Some(name) = private_name().await else { return eprintln!("left out: no name here resolves to this machine") };
    let clock = std::sync::Arc::new(TestClock::default());
    let runtime = builder(&clock).allow_private_networks(false).build().unwrap();
    let directory = registry().connect_with("slow", settings(&format!("https://{name}")), &runtime).unwrap();
    let error = directory.get_user(&Call::new(), get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert!(error.next_step().unwrap().contains("--allow-private-networks"));
    assert!(clock.sleeps().is_empty(), "a refusal is not tried again");
}

/// A name, other than the ones known by heart, that resolves to private addresses alone.
async fn private_name() -> Option<String> {
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    let lines = hosts.lines().map(|line| line.split('#').next().unwrap_or_default());
    let names = lines.flat_map(|line| line.split_whitespace().skip(1));
    for name in names.chain(["localhost.", "localhost.localdomain"]).filter(|name| *name != "localhost") {
        let found: Vec<_> = tokio::net::lookup_host((name, 443)).await.map(Iterator::collect).unwrap_or_default();
        let is_private = |ip: std::net::IpAddr| match ip {
            std::net::IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
            std::net::IpAddr::V6(v6) => v6.is_loopback(),
        };
        if !found.is_empty() && found.iter().all(|address| is_private(address.ip())) {
            return Some(name.to_owned());
        }
    }
    None
}

#[tokio::test]
async fn a_redirect_to_another_origin_is_not_followed() {
    for code in [301, 302, 303, 307, 308] {
        let foreign = wiremock::MockServer::start().await;
        let target = format!("{}/users/u1", foreign.uri());
        let world = World::new().await;
        world.serve(move |_, _, _| status(code).insert_header("location", target.as_str())).await;
        let error = world.directory.get_user(&Call::new(), get()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{code}");
        assert!(error.next_step().unwrap().contains("redirects"), "{error:?}");
        assert!(foreign.received_requests().await.unwrap().is_empty(), "{code}: the credential left the origin");
    }
}

#[tokio::test]
async fn a_redirect_that_keeps_method_and_origin_is_followed() {
    let world = World::new().await;
    world
        .serve(|method, path, before| match (method, path) {
            ("GET", "/users/u1") => status(308).insert_header("location", "/v2/users/u1"),
            ("GET", _) => ok(json!({ "id": "u1", "status": if before == 0 { "active" } else { "inactive" } })),
            ("POST", "/users/u1/deactivate") => status(307).insert_header("location", "/v2/deactivate"),
            _ => ok(json!({})),
        })
        .await;
    world.directory.deactivate_user(&Call::new(), DeactivateUserInput::new("u1")).await.unwrap();
    for request in world.requests().await {
        assert_eq!(request.headers.get("x-acme-key").unwrap(), "Key canary-token", "{}", request.url);
    }
    assert!(world.lines().await.contains(&"POST /v2/deactivate".to_owned()));
}

#[tokio::test]
async fn redirects_end() {
    let world = World::new().await;
    world.serve(|_, _, _| status(307).insert_header("location", "/users/u1")).await;
    let error = world.directory.get_user(&Call::new(), get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
    assert!(world.requests().await.len() <= 4);
}

fn small(limits: Limits) -> Limits {
    Limits { body_bytes: 64 << 10, request_timeout: Duration::from_secs(5), ..limits }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_not_asked_for_again() {
    let world = World::built("acme", |s| s, |builder| builder.limits(small(limits()))).await;
    world.serve(|_, _, _| status(200).set_body_bytes(vec![b' '; 65 << 10])).await;
    let error = world.directory.get_user(&Call::new(), get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
    assert!(error.message().contains("larger than 64 KiB"), "{error}");
    assert_eq!(world.requests().await.len(), 1);
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let raw = Raw::start(vec![Act::Endless]).await;
    let runtime = builder(&Default::default()).limits(small(limits())).build().unwrap();
    let directory = registry().connect_with("acme", settings(&raw.uri), &runtime).unwrap();
    let begun = std::time::Instant::now();
    let error = directory.get_user(&Call::new(), get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
    assert!(begun.elapsed() < Duration::from_secs(2));
}

/// 128 MiB of nothing in less than one: it is read in pieces and given up at the limit.
#[tokio::test]
async fn a_gzip_bomb_is_refused_in_flat_memory() {
    let bomb = gzip_of_zeros(128 << 20);
    assert!(bomb.len() < 1 << 20);
    let world = World::built("acme", |s| s, |builder| builder.limits(small(limits()))).await;
    world
        .serve(move |_, _, _| status(200).insert_header("content-encoding", "gzip").set_body_bytes(bomb.clone()))
        .await;
    let before = peak_memory();
    let error = world.directory.get_user(&Call::new(), get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{error}");
    if let (Some(before), Some(after)) = (before, peak_memory()) {
        assert!(after - before < 64 << 10, "memory grew by {} KiB", after - before);
    }
}

/// The most memory the process has had, in KiB.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
}

/// A gzip member of zeros, made by hand: one block that repeats one byte over and over.
fn gzip_of_zeros(size: usize) -> Vec<u8> {
    // bits are written from the lowest; the codes are those of the fixed table of RFC 1951
    struct Bits(Vec<u8>, u32);
    impl Bits {
        fn bit(&mut self, bit: u32) {
            if self.1 == 0 {
                self.0.push(0);
            }
            *self.0.last_mut().unwrap() |= (bit as u8) << self.1;
            self.1 = (self.1 + 1) % 8;
        }
        /// A Huffman code, highest bit first.
        fn code(&mut self, code: u32, length: u32) {
            (0..length).rev().for_each(|at| self.bit((code >> at) & 1));
        }
    }
    let mut bits = Bits(vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], 0);
    [1, 1, 0].into_iter().for_each(|bit| bits.bit(bit));
    bits.code(0x30, 8);
    for _ in 0..size / 258 {
        // length 258 and distance 1
        bits.code(0b1100_0101, 8);
        bits.code(0, 5);
    }
    bits.code(0, 7);
    bits.0.extend([0; 8]);
    bits.0
}
