//! The contract that every store must pass. A new store implements [`Lab`] and names itself in `store_contract!`.

pub mod accounts;
pub mod api_tokens;
pub mod audit;
pub mod idempotency;
pub mod opening;
pub mod request_log;
pub mod rotation;
pub mod secrets;
pub mod short_tokens;
pub mod tokens;

use async_trait::async_trait;
use userdir_store::{NewAccount, Store, StoreError};

/// The key that a lab's store is made with.
pub const KEY_A: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// Where one case runs: a fresh, empty database that can be opened several times, as by several processes.
#[async_trait]
pub trait Lab: Send + Sync {
    /// Opens the database of this lab once more, with this key.
    async fn open_with(&self, key: &str) -> Result<Box<dyn Store>, StoreError>;

    /// Runs statements past the store, as somebody who has the database in hand.
    async fn run(&self, sql: &str);

    /// Removes it, once its case has passed.
    async fn end(&self) {}

    /// Opens it with the usual key.
    async fn open(&self) -> Box<dyn Store> {
        self.open_with(KEY_A).await.unwrap()
    }
}

/// An account with one setting and two secrets.
pub fn okta(name: &str) -> NewAccount {
    NewAccount::new(name, "okta", "acme")
        .set("base_url", "https://acme.okta.com")
        .secret("api_token", "token-1")
        .secret("private_key", "key-1")
}

/// Makes one test of each case, in a lab made by `$lab`; where there is none, it is left out.
#[macro_export]
macro_rules! store_contract {
    ($lab:expr) => {
        $crate::store_contract!(@opening $lab;
            first_starts_at_once, a_wrong_key_is_refused, a_newer_database_is_refused, values_do_not_open_elsewhere);
        $crate::store_contract!(@accounts $lab;
            create_and_get, create_refuses_bad_names, name_taken, concurrent_creates_of_one_name, list_and_filter,
            filter_by_everything, pages, update_merges, change_and_remove, rename, empty_change,
            concurrent_updates_all_count, a_change_of_another_revision, remove, not_found, open_words, ready);
        $crate::store_contract!(@secrets $lab;
            secrets_round_trip, secret_merge_keeps_others, reopen_keeps_all, derived_keys, opened_in_one_state);
        $crate::store_contract!(@tokens $lab;
            none_at_first, commit_and_load, one_holder, concurrent_leases, renewal, expiry, an_expired_lease_commits,
            fencing, commit_gives_back, release_gives_back, slots_are_apart, fence_survives_reopen,
            gone_with_the_account, of_a_client, of_a_try, a_try_has_a_week);
        $crate::store_contract!(@api_tokens $lab;
            made_and_found, the_value_is_kept_nowhere, a_value_that_was_given, the_first_is_made_once, revoked,
            expired, use_is_noted, names_are_free_again, bound_to_accounts);
        $crate::store_contract!(@short_tokens $lab;
            for_one_account, ends_with_its_issuer, account_token_expires, link_is_used_once,
            link_is_used_once_across_replicas, link_expires, link_payload_is_sealed, swept);
        $crate::store_contract!(@audit $lab;
            append_and_read, pages, chains_are_apart, outlives_the_account, concurrent_appends, holds_and_shows_open,
            changed, removed, reordered, cut_off, cut_off_with_head_changed, head_removed, whole_chain_removed,
            cut_off_with_an_older_head_put_back, taken_away_whole, put_in_by_hand, nothing_is_appended_to_a_broken_head, changes_are_on_record_or_not_made);
        $crate::store_contract!(@idempotency $lab;
            runs_once, replays, another_body, in_flight, released, taken_over_before_sending,
            unknown_after_sending, an_unknown_run_is_settled, an_overtaken_run_sends_nothing, marked_unknown,
            scopes_are_apart, answers_are_sealed, kept_for_a_day, one_starts_across_replicas, unknown_writes,
            a_write_is_noted_with_its_audit, gone_with_the_account);
        $crate::store_contract!(@request_log $lab;
            newest_first, filters, pages, swept_after_a_month);
        $crate::store_contract!(@rotation $lab;
            all_can_be_read_with_the_new_key_alone, a_running_process_goes_on, interrupted_after_the_begin,
            interrupted_half_way, another_key_meanwhile_is_refused, an_old_key_does_not_come_back, handover_ends,
            twice, accounts_made_meanwhile, a_wrong_key_is_still_wrong);
    };
    (@$part:ident $lab:expr; $($case:ident),* $(,)?) => {
        mod $part {
            $(#[tokio::test]
            async fn $case() {
                if let Some(lab) = $lab.await {
                    $crate::suite::$part::$case(&lab).await;
                    $crate::suite::Lab::end(&lab).await;
                }
            })*
        }
    };
}
