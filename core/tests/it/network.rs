//! Behind a corporate network: a proxy, and certificates of one's own.

use std::io::Write;

use userdir_core::action::*;
use userdir_core::{Call, ErrorKind, Runtime};

use crate::world::*;

/// The variables are the process's, so this runs in one of its own.
#[test]
fn a_request_goes_through_the_systems_proxy() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let raw = runtime.block_on(Raw::start(vec![json_answer(r#"{"id": "u1"}"#)]));
    // by name: the proxy stands inside the operator's network
    let proxy = raw.uri.replace("127.0.0.1", "localhost");
    let variables = ["HTTP_PROXY", "HTTPS_PROXY"].map(|name| (name, proxy.as_str()));
    if alone("network::a_request_goes_through_the_systems_proxy", &variables) {
        return runtime.block_on(behind_a_proxy());
    }
    let requests = raw.requests.lock().unwrap();
    assert!(requests[0].starts_with("GET http://vendor.invalid/users/u1 HTTP/1.1"), "{requests:?}");
    assert!(requests.iter().any(|request| request.starts_with("CONNECT vendor.invalid:443")), "{requests:?}");
}

async fn behind_a_proxy() {
    let get = async |on: bool, private: bool, vendor: &str| {
        let runtime = builder(&Default::default()).allow_private_networks(private).system_proxy(on).build().unwrap();
        let directory = registry().connect_with("slow", settings(vendor), &runtime).unwrap();
        directory.get_user(&Call::new(), GetUserInput::new("u1")).await.map(drop)
    };
    assert!(get(true, true, "http://vendor.invalid").await.is_ok());
    assert!(get(false, true, "http://vendor.invalid").await.is_err());
    // private networks are not allowed to vendors, and the proxy is reached all the same
    let error = get(true, false, "https://vendor.invalid").await.unwrap_err();
    assert_ne!(error.kind(), ErrorKind::Refused, "{error}");
    // what can be seen of an address is looked at before the proxy gets it
    for inside in ["https://127.0.0.1", "https://10.0.0.1", "https://localhost", "http://vendor.invalid"] {
        let runtime = builder(&Default::default()).allow_private_networks(false).system_proxy(true).build().unwrap();
        let error = registry().connect_with("slow", settings(inside), &runtime).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused, "{inside}: {error}");
    }
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
    for (name, text) in
        [("empty.pem", ""), ("text.pem", "hello"), ("cut.pem", &CERTIFICATE[..200]), ("broken.pem", broken)]
    {
        let error =
            Runtime::builder().ca_file(&file(name, text)).and_then(|builder| builder.build()).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{name}: {error}");
        assert!(error.message().contains(name), "{error}");
    }
    let error = Runtime::builder().ca_file(&folder.join("none.pem")).map(drop).unwrap_err();
    assert!(error.message().contains("none.pem"), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}
