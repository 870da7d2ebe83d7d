//! The log of requests: what was answered, about which account, without any personal data.
//!
//! Entries go to the store in batches, so that no request waits for them. Where the store cannot keep up they are lost and
//! counted: the log is for finding out, the audit is what must be complete.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender};
use userdir_store::{LogEntry, Store};

use crate::metrics::Metrics;

/// Entries that may wait.
const WAITING: usize = 4096;
/// Entries written at once.
const BATCH: usize = 200;
/// How long a batch may wait to be filled.
const PAUSE: Duration = Duration::from_millis(500);

/// Where entries are handed in.
#[derive(Clone)]
pub struct Journal {
    sender: Sender<LogEntry>,
    metrics: Arc<Metrics>,
}

impl Journal {
    /// With the writer to be run beside.
    pub fn new(store: Arc<dyn Store>, metrics: Arc<Metrics>) -> (Journal, Writer) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Journal { sender, metrics: metrics.clone() }, Writer { receiver, store, metrics })
    }

    /// Hands an entry in.
    pub fn add(&self, entry: LogEntry) {
        if self.sender.try_send(entry).is_err() {
            self.metrics.log_lost(1);
        }
    }
}

/// Writes entries until nobody hands in any more.
pub struct Writer {
    receiver: Receiver<LogEntry>,
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
}

impl Writer {
    /// Writes until the last [`Journal`] is gone, or `stop` is done and nothing waits.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut stop = std::pin::pin!(stop);
        loop {
            let got = tokio::select! {
                biased;
                got = self.receiver.recv_many(&mut batch, BATCH) => got,
                () = &mut stop => 0,
            };
            if got == 0 {
                return;
            }
            if batch.len() < BATCH {
                tokio::time::sleep(PAUSE).await;
                while batch.len() < BATCH
                    && let Ok(entry) = self.receiver.try_recv()
                {
                    batch.push(entry);
                }
            }
            if let Err(error) = self.store.append_log(&batch).await {
                tracing::warn!(%error, entries = batch.len(), "the request log cannot be written");
                self.metrics.log_lost(batch.len() as u64);
            }
            batch.clear();
        }
    }
}
