//! The contract that every store must pass. A new store implements [`Lab`] and names itself in `store_contract!`.

pub mod accounts;
pub mod secrets;
pub mod tokens;

use async_trait::async_trait;
use userdir_store::{NewAccount, Store};

/// Where one case runs: a fresh, empty database that can be opened several times, as by several processes.
#[async_trait]
pub trait Lab: Send + Sync {
    /// Opens the database of this lab once more.
    async fn open(&self) -> Box<dyn Store>;
}

/// An account with one setting and two secrets.
pub fn okta(name: &str) -> NewAccount {
    NewAccount::new(name, "okta", "acme")
        .set("base_url", "https://acme.okta.com")
        .secret("api_token", "token-1")
        .secret("private_key", "key-1")
}

/// Makes one test of each case, in a lab made by `$lab`.
#[macro_export]
macro_rules! store_contract {
    ($lab:expr) => {
        $crate::store_contract!(@accounts $lab;
            create_and_get, create_refuses_bad_names, name_taken, concurrent_creates_of_one_name, list_and_filter,
            update_merges, rename, empty_change, concurrent_updates_all_count, remove, not_found, open_words, ready);
        $crate::store_contract!(@secrets $lab;
            secrets_round_trip, secret_merge_keeps_others, reopen_keeps_all, derived_keys);
        $crate::store_contract!(@tokens $lab;
            none_at_first, commit_and_load, one_holder, concurrent_leases, renewal, expiry, an_expired_lease_commits,
            fencing, commit_gives_back, slots_are_apart, fence_survives_reopen, gone_with_the_account);
    };
    (@$part:ident $lab:expr; $($case:ident),*) => {
        mod $part {
            $(#[tokio::test]
            async fn $case() {
                $crate::suite::$part::$case(&$lab).await;
            })*
        }
    };
}
