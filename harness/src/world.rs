//! What a case runs in: time that passes only where somebody waits, and a log that keeps every line.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tracing::Dispatch;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use userdir::runtime::Limits;
use userdir::{Clock, Result, Runtime, async_trait};
pub(crate) use userdir_stand_in::case::BEGIN;

/// Time that never really passes: a wait ends at once, and is noted.
#[derive(Debug, Default)]
pub(crate) struct VirtualClock(Mutex<Vec<Duration>>);

impl VirtualClock {
    /// The waits, in order.
    pub fn waits(&self) -> Vec<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let begin = Timestamp::from_second(BEGIN).unwrap_or_default();
        begin.checked_add(self.monotonic()).unwrap_or(begin)
    }

    fn monotonic(&self) -> Duration {
        self.waits().iter().sum()
    }

    async fn sleep(&self, pause: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(pause);
    }
}

/// A runtime of a case's own: nothing is shared with another case. `longest` bounds a single request, in real time.
pub(crate) fn runtime(clock: Arc<VirtualClock>, longest: Option<Duration>) -> Result<Runtime> {
    let limits = Limits::default();
    let limits = Limits { request_timeout: longest.unwrap_or(limits.request_timeout), ..limits };
    Runtime::builder()
        .limits(limits)
        .clock(clock)
        .random(|| 0.0)
        .allow_private_networks(true)
        .without_tls()
        .system_proxy(false)
        .account("harness")
        .build()
}

/// Keeps what is traced, at every level.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// To be made the default of the thread that the case runs on.
    pub fn dispatch(&self) -> Dispatch {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_span_events(FmtSpan::NEW)
            .with_writer(self.clone())
            .finish();
        Dispatch::new(subscriber)
    }

    /// Everything so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Log {
    type Writer = Log;

    fn make_writer(&'w self) -> Log {
        self.clone()
    }
}
