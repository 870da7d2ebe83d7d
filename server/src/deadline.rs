//! One deadline for all that a request waits for: its turn, another run of its key, the vendor.

use std::time::Duration;

use tokio::time::Instant;

tokio::task_local! {
    static DEADLINE: Instant;
}

/// Runs a request that has to be done by then.
pub async fn within<F: Future>(deadline: Instant, request: F) -> F::Output {
    DEADLINE.scope(deadline, request).await
}

/// Time that the request under way has left; `whole` where there is none under way.
pub fn left(whole: Duration) -> Duration {
    DEADLINE.try_with(|deadline| deadline.saturating_duration_since(Instant::now())).unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_left_grows_less() {
        let whole = Duration::from_secs(10);
        assert_eq!(left(whole), whole);
        within(Instant::now() + Duration::from_secs(5), async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            assert_eq!(left(whole), Duration::from_secs(2));
            tokio::time::sleep(Duration::from_secs(3)).await;
            assert_eq!(left(whole), Duration::ZERO);
        })
        .await;
    }
}
