//! Behind a corporate network: a proxy, and certificates of one's own.

use std::io::Write;

use userdir_core::action::*;
use userdir_core::{Call, ErrorKind, Runtime};

use crate::world::*;

/// The variables are the process's, so this runs itself again as a child with them set.
#[test]
fn a_request_goes_through_the_systems_proxy() {
    const CHILD: &str = "USERDIR_TEST_BEHIND_PROXY";
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if std::env::var_os(CHILD).is_some() {
        return runtime.block_on(async {
            for (on, vendor) in [(true, "http://vendor.invalid"), (false, "http://vendor.invalid")] {
                let runtime = builder(&Default::default()).system_proxy(on).build().unwrap();
                let directory = registry().connect_with("slow", settings(vendor), &runtime).unwrap();
                let got = directory.get_user(&Call::new(), GetUserInput::new("u1")).await;
                assert_eq!(got.is_ok(), on, "{got:?}");
            }
            // without leave for private networks the address itself is checked, and the proxy may be inside
            let runtime = builder(&Default::default()).allow_private_networks(false).system_proxy(true).build().unwrap();
            let directory = registry().connect_with("slow", settings("https://vendor.invalid"), &runtime).unwrap();
            let error = directory.get_user(&Call::new(), GetUserInput::new("u1")).await.unwrap_err();
            assert_ne!(error.kind(), ErrorKind::Refused, "{error}");
        });
    }
    let raw = runtime.block_on(Raw::start(vec![json_answer(r#"{"id": "u1"}"#)]));
    let proxy = raw.uri.replace("127.0.0.1", "localhost");
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "network::a_request_goes_through_the_systems_proxy"])
        .env(CHILD, "1")
        .env("HTTP_PROXY", &proxy)
        .env("http_proxy", &proxy)
        .env("HTTPS_PROXY", &proxy)
        .env("https_proxy", &proxy)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env_remove("ALL_PROXY")
        .env_remove("all_proxy")
        .output()
        .unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert!(child.status.success(), "{text}");
    let requests = raw.requests.lock().unwrap();
    assert!(requests[0].starts_with("GET http://vendor.invalid/users/u1 HTTP/1.1"), "{requests:?}");
    assert!(requests.iter().any(|request| request.starts_with("CONNECT vendor.invalid:443")), "{requests:?}");
}

/// A certificate that signs itself, made once with `openssl req -x509 -newkey ec -subj /CN=userdir-test -days 36500`.
const CERTIFICATE: &str = include_str!("ca.pem");

#[test]
fn a_ca_file_holds_certificates_or_is_refused() {
    let folder = std::env::temp_dir().join(format!("userdir-ca-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        path
    };
    Runtime::builder().ca_file(&file("good.pem", CERTIFICATE)).unwrap().build().unwrap();
    Runtime::builder().ca_file(&file("two.pem", &format!("{CERTIFICATE}\n{CERTIFICATE}"))).unwrap().build().unwrap();
    let broken = "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n";
    for (name, text) in [("empty.pem", ""), ("text.pem", "hello"), ("cut.pem", &CERTIFICATE[..200]), ("broken.pem", broken)] {
        let error = Runtime::builder().ca_file(&file(name, text)).and_then(|builder| builder.build()).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{name}: {error}");
        assert!(error.message().contains(name), "{error}");
    }
    let error = Runtime::builder().ca_file(&folder.join("none.pem")).map(drop).unwrap_err();
    assert!(error.message().contains("none.pem"), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}
