//! Numbers for Prometheus. Every label is one of a known, small set: routes, providers, actions, statuses.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use userdir::{ErrorKind, Meter};

/// Upper ends of the latency buckets, in seconds.
const BUCKETS: &[f64] = &[0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0];

const REQUESTS: &str = "userdir_http_requests_total";
const REQUEST_SECONDS: &str = "userdir_http_request_duration_seconds";
const IN_FLIGHT: &str = "userdir_http_requests_in_flight";
const VENDOR_REQUESTS: &str = "userdir_vendor_requests_total";
const VENDOR_SECONDS: &str = "userdir_vendor_request_duration_seconds";
const VENDOR_WAITS: &str = "userdir_vendor_waits_total";
const VENDOR_WAIT_SECONDS: &str = "userdir_vendor_wait_milliseconds_total";
const VENDOR_RETRIES: &str = "userdir_vendor_retries_total";
const LOG_LOST: &str = "userdir_log_entries_lost_total";

/// The numbers of one server.
pub struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

/// An answered request.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// Template of the route.
    pub route: &'a str,
    /// HTTP method.
    pub method: &'static str,
    /// The account's provider; empty where there is none.
    pub provider: &'a str,
    /// Such as `users/list`; empty where there is none.
    pub action: &'a str,
    /// Status of the answer.
    pub status: u16,
    /// From its first byte to the head of the answer.
    pub took: Duration,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let builder = PrometheusBuilder::new();
        let matcher = Matcher::Suffix("_seconds".to_owned());
        // only an empty list of buckets is refused
        let builder = builder.set_buckets_for_metric(matcher, BUCKETS).unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        for (name, unit, words) in [
            (REQUESTS, Unit::Count, "Answered requests."),
            (REQUEST_SECONDS, Unit::Seconds, "Time to the head of the answer."),
            (IN_FLIGHT, Unit::Count, "Requests under way."),
            (VENDOR_REQUESTS, Unit::Count, "Requests to vendors; the status is `none` where no answer came."),
            (VENDOR_SECONDS, Unit::Seconds, "Time from sending to the last byte of a vendor's answer."),
            (VENDOR_WAITS, Unit::Count, "Waits for a vendor's window."),
            (VENDOR_WAIT_SECONDS, Unit::Milliseconds, "Time of those waits."),
            (VENDOR_RETRIES, Unit::Count, "Requests that were sent again, by what went wrong before."),
            (LOG_LOST, Unit::Count, "Entries of the request log that the store could not take in time."),
        ] {
            let (name, words): (KeyName, SharedString) = (name.into(), words.into());
            match unit {
                Unit::Seconds => recorder.describe_histogram(name, Some(unit), words),
                _ if name.as_str() == IN_FLIGHT => recorder.describe_gauge(name, None, words),
                _ => recorder.describe_counter(name, None, words),
            }
        }
        let handle = recorder.handle();
        Metrics { recorder, handle }
    }
}

impl Metrics {
    /// The numbers as Prometheus reads them.
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Takes in what has been measured; to be called every few seconds.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }

    /// A request was answered.
    pub fn answered(&self, answered: Answered<'_>) {
        let route = || Label::new("route", answered.route.to_owned());
        let method = || Label::new("method", answered.method);
        let labels = vec![
            route(),
            method(),
            Label::new("provider", answered.provider.to_owned()),
            Label::new("action", answered.action.to_owned()),
            Label::new("status", answered.status.to_string()),
        ];
        self.counter(REQUESTS, labels).increment(1);
        self.histogram(REQUEST_SECONDS, vec![route(), method()]).record(answered.took.as_secs_f64());
    }

    /// A request began (`1`) or ended (`-1`).
    pub fn in_flight(&self, change: f64) {
        self.gauge(IN_FLIGHT).increment(change);
    }

    /// Entries of the log were lost.
    pub fn log_lost(&self, entries: u64) {
        self.counter(LOG_LOST, Vec::new()).increment(entries);
    }

    fn counter(&self, name: &'static str, labels: Vec<Label>) -> Counter {
        self.recorder.register_counter(&Key::from_parts(name, labels), &METADATA)
    }

    fn gauge(&self, name: &'static str) -> Gauge {
        self.recorder.register_gauge(&Key::from_name(name), &METADATA)
    }

    fn histogram(&self, name: &'static str, labels: Vec<Label>) -> Histogram {
        self.recorder.register_histogram(&Key::from_parts(name, labels), &METADATA)
    }
}

static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

impl Meter for Metrics {
    fn request(&self, provider: &'static str, status: Option<u16>, took: Duration) {
        let of = || Label::new("provider", provider);
        let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        self.counter(VENDOR_REQUESTS, vec![of(), Label::new("status", status)]).increment(1);
        self.histogram(VENDOR_SECONDS, vec![of()]).record(took.as_secs_f64());
    }

    fn wait(&self, provider: &'static str, pause: Duration) {
        let of = || vec![Label::new("provider", provider)];
        self.counter(VENDOR_WAITS, of()).increment(1);
        self.counter(VENDOR_WAIT_SECONDS, of()).increment(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
    }

    fn retry(&self, provider: &'static str, after: ErrorKind, _pause: Duration) {
        let labels = vec![Label::new("provider", provider), Label::new("after", after.as_str())];
        self.counter(VENDOR_RETRIES, labels).increment(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_out_with_their_labels() {
        let metrics = Metrics::default();
        metrics.answered(Answered {
            route: "/unified/user-directory/{resource}",
            method: "GET",
            provider: "okta",
            action: "users/list",
            status: 200,
            took: Duration::from_millis(20),
        });
        metrics.request("okta", None, Duration::from_secs(1));
        metrics.wait("okta", Duration::from_millis(1500));
        metrics.retry("okta", ErrorKind::RateLimited, Duration::ZERO);
        metrics.in_flight(1.0);
        metrics.upkeep();
        let text = metrics.render();
        for line in [
            r#"userdir_http_requests_total{route="/unified/user-directory/{resource}",method="GET",provider="okta",action="users/list",status="200"} 1"#,
            r#"userdir_http_request_duration_seconds_bucket{route="/unified/user-directory/{resource}",method="GET",le="0.025"} 1"#,
            r#"userdir_vendor_requests_total{provider="okta",status="none"} 1"#,
            r#"userdir_vendor_wait_milliseconds_total{provider="okta"} 1500"#,
            r#"userdir_vendor_retries_total{provider="okta",after="rate_limited"} 1"#,
            "userdir_http_requests_in_flight 1",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
