//! Where requests may go: https only, to hosts that the definition or the account allows, and never to loopback,
//! private or link-local addresses, unless the operator allows private networks.
//!
//! Names are checked where they are resolved, at connect time, so that a name which changes between check and connect
//! gains nothing. Literal addresses are checked in every URL, in each spelling the URL standard reads (decimal, octal,
//! hexadecimal), because they never reach the resolver.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use url::{Host, Url};

use crate::error::{Error, Result};

/// The guard's rule.
#[derive(Clone, Copy, Debug)]
pub struct Egress {
    allow_private: bool,
}

impl Egress {
    /// With or without private networks.
    pub fn new(allow_private: bool) -> Egress {
        Egress { allow_private }
    }

    /// Checks an address before anything is sent there.
    ///
    /// # Errors
    /// `Refused`, with what to do about it.
    pub fn check(&self, url: &Url) -> Result<()> {
        let host = url.host().ok_or_else(|| Error::config(format!("`{}` names no host", shown(url))))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::refused(format!("the address of `{host}` holds a user name or password"))
                .hint("give credentials as settings of the account"));
        }
        if self.allow_private {
            return match url.scheme() {
                "http" | "https" => Ok(()),
                other => Err(Error::refused(format!("`{other}` is no scheme of a vendor; use https"))),
            };
        }
        if url.scheme() != "https" {
            return Err(private(format!("`{}` is not https", shown(url))));
        }
        let literal = match host {
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
            Host::Domain(name) if name == "localhost" || name.ends_with(".localhost") => {
                return Err(private(format!("`{name}` is this machine")));
            }
            Host::Domain(_) => None,
        };
        match literal {
            Some(address) if !is_public(address) => Err(private(format!("`{address}` is a private address"))),
            _ => Ok(()),
        }
    }

    /// Checks the host of an address that an account has against a definition's patterns, such as `*.okta.com`. Leave for
    /// private networks is leave for any.
    ///
    /// # Errors
    /// `Config`.
    pub fn check_host(&self, url: &Url, patterns: &[&str]) -> Result<()> {
        if self.allow_private { Ok(()) } else { check_host(url, patterns) }
    }
}

/// The same of an address that an answer names, which nobody has given leave for.
///
/// # Errors
/// `Config`.
pub(crate) fn check_host(url: &Url, patterns: &[&str]) -> Result<()> {
    let host = url.host_str().unwrap_or_default();
    if patterns.is_empty() || patterns.iter().any(|pattern| host_matches(host, pattern)) {
        return Ok(());
    }
    Err(Error::config(format!("`{host}` is no host of this vendor; it must be one of {}", patterns.join(", "))))
}

/// Refuses addresses of which some are in one cloud of a vendor's and some in another: the token would go to both.
///
/// # Errors
/// `Config`, with the names of the settings.
pub fn in_one_cloud(addresses: &[(&str, &Url)], clouds: [&str; 2]) -> Result<()> {
    let is_in = |url: &Url, cloud: &str| {
        let host = url.host_str().unwrap_or_default();
        host_matches(host, cloud) || host_matches(host, &format!("*.{cloud}"))
    };
    let [here, there] = clouds.map(|cloud| addresses.iter().find(|(_, url)| is_in(url, cloud)));
    let (Some((one, here)), Some((other, there))) = (here, there) else { return Ok(()) };
    let [here, there] = [here, there].map(|url| url.host_str().unwrap_or_default());
    Err(Error::config(format!("setting `{one}` is on `{here}` and `{other}` on `{there}`"))
        .hint("give all addresses in the cloud where the token is from"))
}

fn host_matches(host: &str, pattern: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(domain) => host.strip_suffix(domain).is_some_and(|sub| sub.len() > 1 && sub.ends_with('.')),
        None => host == pattern,
    }
}

fn private(what: String) -> Error {
    Error::refused(what)
        .hint("where that is meant, allow it: `--allow-private-networks` or USERDIR_ALLOW_PRIVATE_NETWORKS=1")
}

/// An address for messages: scheme, host, port and path; neither credentials nor query.
pub(crate) fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

/// Whether an address is out in the internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => match embedded_v4(v6) {
            Some(v4) => is_public_v4(v4),
            None => is_public_v6(v6),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_broadcast()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b)) // RFC 6598, shared by carriers
        || (a == 192 && b == 0 && c == 0) // RFC 6890
        || (a == 198 && (b == 18 || b == 19))) // RFC 2544
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, ..] = address.segments();
    !(address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || (first & 0xfe00) == 0xfc00 // RFC 4193, unique local
        || (first & 0xffc0) == 0xfe80 // RFC 4291, link-local
        || (first & 0xffc0) == 0xfec0 // RFC 3879, site-local
        || (first == 0x2001 && second == 0xdb8) // RFC 3849, documentation
        // these hold an IPv4 address, in a place that the network chooses: no vendor is there
        || (first == 0x2001 && second == 0) // RFC 4380, Teredo
        || (first == 0x64 && second == 0xff9b && third == 1)) // RFC 8215, local NAT64
}

/// The IPv4 address inside an IPv6 one: mapped, compatible, NAT64 and 6to4.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let octets = address.octets();
    let [.., w, x, y, z] = octets;
    let tail = Ipv4Addr::new(w, x, y, z);
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, _, _] | [0x64, 0xff9b, 0, 0, 0, 0, _, _] => Some(tail),
        [0, 0, 0, 0, 0, 0, high, low] if (high, low) > (0, 1) => Some(tail),
        [0x2002, high, low, ..] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            Some(Ipv4Addr::new(a, b, c, d))
        }
        _ => None,
    }
}

/// Follows a redirect only where nothing changes hands: the same origin, the method kept (307 and 308), three at most.
pub(crate) fn redirects() -> Policy {
    Policy::custom(|attempt| {
        let same_origin = attempt.previous().last().is_some_and(|from| from.origin() == attempt.url().origin());
        let keeps_method = matches!(attempt.status().as_u16(), 307 | 308);
        if same_origin && keeps_method && attempt.previous().len() <= 3 { attempt.follow() } else { attempt.stop() }
    })
}

/// Looks a name up.
type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// Resolves names and leaves out addresses that the rule forbids. What it gives is what is connected to: nothing is looked
/// up a second time.
pub(crate) struct GuardedResolver {
    egress: Egress,
    /// Names of proxies, which stand inside the operator's own network.
    proxies: Vec<String>,
    lookup: Lookup,
}

impl GuardedResolver {
    pub fn new(egress: Egress, proxies: Vec<String>) -> GuardedResolver {
        let system =
            |host: String| async move { Ok(tokio::net::lookup_host((host.as_str(), 0)).await?.collect()) }.boxed();
        GuardedResolver { egress, proxies, lookup: Arc::new(system) }
    }
}

/// Names of the proxies that the environment tells.
pub(crate) fn system_proxies() -> Vec<String> {
    let named = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    named.iter().filter_map(|name| proxy_host(&std::env::var(name).ok()?)).collect()
}

fn proxy_host(address: &str) -> Option<String> {
    let url =
        Url::parse(address).ok().filter(Url::has_host).or_else(|| Url::parse(&format!("http://{address}")).ok())?;
    url.host_str().map(str::to_owned)
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let allow_private = self.egress.allow_private || self.proxies.contains(&host);
        let found = (self.lookup)(host.clone());
        Box::pin(async move {
            let found = found.await?;
            let allowed: Vec<SocketAddr> =
                found.iter().copied().filter(|address| allow_private || is_public(address.ip())).collect();
            if allowed.is_empty() && !found.is_empty() {
                return Err(Box::new(PrivateName { host }) as Box<dyn std::error::Error + Send + Sync>);
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// A name that resolves to private addresses alone.
#[derive(Debug, thiserror::Error)]
#[error("`{host}` resolves to a private address")]
pub(crate) struct PrivateName {
    host: String,
}

impl PrivateName {
    /// The guard's refusal, where it is the cause of an error.
    pub fn find(error: &(dyn std::error::Error + 'static)) -> Option<Error> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(name) = error.downcast_ref::<PrivateName>() {
                return Some(private(name.to_string()));
            }
            cause = error.source();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn check(url: &str) -> Result<()> {
        Egress::new(false).check(&Url::parse(url).unwrap())
    }

    #[test]
    fn every_spelling_of_a_private_address_is_refused() {
        for url in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0177.0.0.1/",
            "https://0x7f.1/",
            "https://127.1/",
            "https://0.0.0.0/",
            "https://10.1.2.3/",
            "https://169.254.169.254/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://[64:ff9b::a00:1]/",
            "https://[64:ff9b:1::a00:1]/",
            "https://[64:ff9b:1:7f00:0:100::]/",
            "https://[2001:0:a00:1::]/",
            "https://[2001::80ff:fffe]/",
            "https://[2002:a00:1::]/",
            "https://localhost/",
            "https://a.localhost/",
            "https://100.64.0.1/",
            "http://acme.okta.com/",
            "https://user:pass@acme.okta.com/",
            "ftp://acme.okta.com/",
        ] {
            assert_eq!(check(url).unwrap_err().kind(), ErrorKind::Refused, "{url}");
        }
        for url in [
            "https://acme.okta.com/",
            "https://8.8.8.8/",
            "https://[2606:4700::1111]/",
            "https://[2001:4860:4860::8888]/",
            "https://[64:ff9b::808:808]/",
        ] {
            assert!(check(url).is_ok(), "{url}");
        }
        assert!(Egress::new(true).check(&Url::parse("http://127.0.0.1:8080/").unwrap()).is_ok());
        assert!(Egress::new(true).check(&Url::parse("file:///etc/passwd").unwrap()).is_err());
    }

    #[test]
    fn a_token_goes_to_one_cloud() {
        let check = |base, token| {
            let (base, token) = (Url::parse(base).unwrap(), Url::parse(token).unwrap());
            in_one_cloud(&[("base_url", &base), ("token_url", &token)], ["slack-gov.com", "slack.com"])
        };
        let error = check("https://slack-gov.com/api", "https://api.slack.com/t").unwrap_err();
        assert!(error.to_string().contains("`base_url` is on `slack-gov.com` and `token_url` on `api.slack.com`"));
        assert!(check("https://slack-gov.com/api", "https://api.slack-gov.com/t").is_ok());
        assert!(check("https://slack.com/api", "https://proxy.example/t").is_ok());
    }

    #[test]
    fn hosts_match_whole_labels() {
        assert!(host_matches("acme.okta.com", "*.okta.com"));
        assert!(!host_matches("acmeokta.com", "*.okta.com"));
        assert!(!host_matches("okta.com", "*.okta.com"));
        assert!(!host_matches("acme.okta.com.evil.example", "*.okta.com"));
        assert!(host_matches("api.zoom.us", "api.zoom.us"));
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_loopback_is_refused_at_connect_time() {
        let resolver = GuardedResolver::new(Egress::new(false), vec![]);
        let Err(error) = resolver.resolve("localhost".parse().unwrap()).await else { panic!("resolved") };
        assert!(PrivateName::find(error.as_ref()).is_some());
        let resolver = GuardedResolver::new(Egress::new(true), vec![]);
        assert!(resolver.resolve("localhost".parse().unwrap()).await.is_ok());
        let resolver = GuardedResolver::new(Egress::new(false), vec!["localhost".into()]);
        assert!(resolver.resolve("localhost".parse().unwrap()).await.is_ok(), "a proxy may be inside");
    }

    /// Says another address each time it is asked, the last one for ever.
    fn changing(answers: &'static [&'static [&'static str]]) -> GuardedResolver {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let lookup = move |_: String| {
            let at = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst).min(answers.len() - 1);
            let found: Vec<SocketAddr> =
                answers[at].iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect();
            async move { Ok(found) }.boxed()
        };
        GuardedResolver { lookup: Arc::new(lookup), ..GuardedResolver::new(Egress::new(false), vec![]) }
    }

    #[tokio::test]
    async fn a_name_that_changes_between_check_and_connect_gains_nothing() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("https://rebind.example:{}/", listener.local_addr().unwrap().port());
        let resolver = Arc::new(changing(&[&["8.8.8.8"], &["127.0.0.1", "::1"]]));
        // the address is fine, and so is what its name says when somebody looks
        check(&address).unwrap();
        let looked: Vec<SocketAddr> = resolver.resolve("rebind.example".parse().unwrap()).await.unwrap().collect();
        assert_eq!(looked.len(), 1);
        crate::runtime::install_crypto();
        let client = reqwest::Client::builder().no_proxy().dns_resolver(resolver).build().unwrap();
        let error = client.get(&address).send().await.unwrap_err();
        assert!(PrivateName::find(&error).is_some(), "{error:?}");
        let came = tokio::time::timeout(std::time::Duration::from_millis(100), listener.accept()).await;
        assert!(came.is_err(), "somebody connected");
    }

    #[tokio::test]
    async fn of_several_addresses_those_inside_are_left_out() {
        let resolver = changing(&[&["10.0.0.1", "8.8.8.8", "::1", "169.254.169.254"]]);
        let left: Vec<SocketAddr> = resolver.resolve("mixed.example".parse().unwrap()).await.unwrap().collect();
        assert_eq!(left, ["8.8.8.8:0".parse().unwrap()]);
    }

    #[test]
    fn a_proxy_is_named_with_and_without_its_scheme() {
        for address in ["http://u:p@proxy.corp:3128", "proxy.corp:3128", "proxy.corp", "https://proxy.corp/"] {
            assert_eq!(proxy_host(address).as_deref(), Some("proxy.corp"), "{address}");
        }
    }
}
