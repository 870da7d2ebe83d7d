//! Names of what a list has by id alone, such as the groups of users.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Http;
use crate::error::Result;

/// Names by id.
pub type Names = HashMap<String, String>;

/// The names that were read last, for the further pages of a list.
#[derive(Debug, Default)]
pub struct NameCache(Mutex<Option<(Duration, Arc<Names>)>>);

impl NameCache {
    /// The names as they are known, where they are younger than this; else they are read.
    ///
    /// # Errors
    /// As the reading.
    pub async fn get(
        &self,
        http: &Http,
        younger_than: Duration,
        read: impl Future<Output = Result<Vec<(String, String)>>>,
    ) -> Result<Arc<Names>> {
        let now = http.0.runtime.shared.clock.monotonic();
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, names)) = known.filter(|(at, _)| now.saturating_sub(*at) < younger_than) {
            return Ok(names);
        }
        let names: Arc<Names> = Arc::new(read.await?.into_iter().collect());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, names.clone()));
        Ok(names)
    }
}
