//! The one interface to whatever keeps the accounts.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::{SecretBox, SecretString};
use uuid::Uuid;

use crate::{
    Account, AccountChange, AccountFilter, AccountPage, AccountToken, ApiToken, AuditPage, AuditQuery, AuditReport,
    Begun, ChainReport, CreatedApiToken, Deed, Fence, IdempotencyScope, IdempotencyTicket, IssuedToken, Link, LogEntry,
    LogFilter, LogPage, MasterKey, NewAccount, NewApiToken, NewAuditRow, NewLinkToken, Rotation, StoreError,
    StoredAnswer, StoredToken, Swept,
};

/// Keeps accounts, their secrets and token state, API tokens, the audit, and what replicas have to agree on.
///
/// In this order: accounts, vendor tokens, API tokens, account and link tokens, audit, idempotency, log, keys.
///
/// Several processes may use one store at the same time: each method is one transaction, and what it returned as done
/// is on disk. A change that comes with a [`Deed`] is in the audit, or not made. Wherever an account is named by `&str`, its name and its UUID are both taken.
#[async_trait]
pub trait Store: Send + Sync {
    /// Creates an account with status `connecting` and revision 1. A token that a try with its secrets has got, see
    /// [`TRIALS`](crate::TRIALS), is the account's from now on.
    async fn create_account(&self, new: NewAccount) -> Result<Account, StoreError>;

    /// One account, by name or UUID.
    async fn account(&self, name_or_id: &str) -> Result<Account, StoreError>;

    /// The accounts that pass the filter, sorted by name.
    async fn accounts(&self, filter: &AccountFilter) -> Result<Vec<Account>, StoreError>;

    /// One page of the accounts that pass the filter, the oldest first: at most `limit` of them, after `cursor`.
    async fn accounts_page(
        &self,
        filter: &AccountFilter,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<AccountPage, StoreError>;

    /// Changes what `change` names, leaves the rest, and raises the revision.
    async fn update_account(&self, name_or_id: &str, change: AccountChange) -> Result<Account, StoreError>;

    /// Removes an account with its secrets and tokens. Its audit stays.
    async fn remove_account(&self, name_or_id: &str, deed: Option<&Deed>) -> Result<(), StoreError>;

    /// One account, by name or UUID, and its secrets, opened: both of one state, so that a new secret never goes to an old
    /// address.
    async fn open_account(&self, name_or_id: &str) -> Result<(Account, BTreeMap<String, SecretString>), StoreError>;

    /// The secrets of an account, opened.
    async fn secrets(&self, account: Uuid) -> Result<BTreeMap<String, SecretString>, StoreError>;

    /// The token last committed in a slot, if any. It may have expired: the caller judges.
    ///
    /// A slot is one token of an account, such as `access`. What was got with other credentials belongs into another
    /// slot: changing an account's secrets leaves its tokens alone, since a rotated refresh token exists only here. This
    /// and the next three take [`TRIALS`](crate::TRIALS) for an account too.
    async fn load_token(&self, account: Uuid, slot: &str) -> Result<Option<StoredToken>, StoreError>;

    /// Takes the lease of a slot for `ttl`, or answers `None` while another holder has it.
    ///
    /// The holder that has it may take it again, which renews it. Each lease has a higher [`Fence`] than all before it
    /// and outdates them. `holder` must name one party that refreshes one token at a time.
    async fn lease_token(
        &self,
        account: Uuid,
        slot: &str,
        holder: &str,
        ttl: Duration,
    ) -> Result<Option<Fence>, StoreError>;

    /// Stores a token under the fence of the lease it was got under, and gives the lease back.
    ///
    /// Refused with [`StoreError::LeaseLost`] where a later lease exists. A lease that merely ran out still commits:
    /// nobody else has asked the vendor since, and a rotated refresh token must not be lost.
    async fn commit_token(
        &self,
        account: Uuid,
        slot: &str,
        fence: Fence,
        token: SecretString,
        expires_at: Option<Timestamp>,
    ) -> Result<(), StoreError>;

    /// Gives a lease back without a token, after a failed fetch. Nothing happens where a later lease exists.
    async fn release_token(&self, account: Uuid, slot: &str, fence: Fence) -> Result<(), StoreError>;

    /// Makes an API token. Its value is in the answer alone; the store keeps a hash.
    async fn create_api_token(&self, new: NewApiToken) -> Result<CreatedApiToken, StoreError>;

    /// Makes an API token where there has never been one, and answers `None` where there has. Of several processes that
    /// start at once on an empty store, one makes it.
    async fn create_first_api_token(&self, new: NewApiToken) -> Result<Option<CreatedApiToken>, StoreError>;

    /// The token of this value, unless it is revoked or has expired. Notes the use, at most once a minute.
    ///
    /// The value is hashed before anything is compared, so the time this takes tells nothing of other tokens.
    async fn find_api_token(&self, secret: &str) -> Result<Option<ApiToken>, StoreError>;

    /// All API tokens, revoked and expired ones too, the newest first.
    async fn api_tokens(&self) -> Result<Vec<ApiToken>, StoreError>;

    /// One API token, by id or name; of several with one name, the one that is not revoked, else the newest.
    async fn api_token(&self, name_or_id: &str) -> Result<ApiToken, StoreError>;

    /// Revokes a token, by name or id, and the account tokens it made. One that is revoked already stays as it is.
    async fn revoke_api_token(&self, name_or_id: &str, deed: Option<&Deed>) -> Result<ApiToken, StoreError>;

    /// How many API tokens work now.
    async fn count_api_tokens(&self) -> Result<u64, StoreError>;

    /// Makes a token for one account that works for [`ACCOUNT_TOKEN_LIFE`](crate::ACCOUNT_TOKEN_LIFE), and no longer
    /// than the API token that asked for it.
    async fn create_account_token(
        &self,
        account: Uuid,
        issued_by: Option<Uuid>,
        deed: Option<&Deed>,
    ) -> Result<IssuedToken, StoreError>;

    /// The account token of this value, while it works.
    async fn find_account_token(&self, secret: &str) -> Result<Option<AccountToken>, StoreError>;

    /// Makes a link token: one connection attempt within [`LINK_TOKEN_LIFE`](crate::LINK_TOKEN_LIFE).
    async fn create_link_token(&self, new: NewLinkToken) -> Result<IssuedToken, StoreError>;

    /// How a link token stands, to show its page. Uses nothing up.
    async fn link_token(&self, secret: &str) -> Result<Link, StoreError>;

    /// Uses a link token. Of all who try, on any replica, exactly one sees [`Link::Open`].
    async fn redeem_link_token(&self, secret: &str) -> Result<Link, StoreError>;

    /// Appends a row to the audit of its account and answers its sequence. What was answered stays: rows are never
    /// changed or removed, not even with their account.
    async fn append_audit(&self, row: NewAuditRow) -> Result<i64, StoreError>;

    /// One page of an account's audit, newest first.
    async fn audit(&self, query: &AuditQuery) -> Result<AuditPage, StoreError>;

    /// The accounts that have an audit, removed ones too, [`STORE_CHAIN`](crate::STORE_CHAIN) among them.
    async fn audited_accounts(&self) -> Result<Vec<Uuid>, StoreError>;

    /// Checks the chain of one account, or all chains.
    async fn verify_audit(&self, account: Option<Uuid>) -> Result<AuditReport, StoreError> {
        self.verify_audit_since(account, &[]).await
    }

    /// The same, and whether each chain still holds what an earlier check found: the one thing that shows that rows were
    /// cut off and an older head, or an older copy of everything, was put back.
    async fn verify_audit_since(
        &self,
        account: Option<Uuid>,
        earlier: &[ChainReport],
    ) -> Result<AuditReport, StoreError>;

    /// Begins a run for an idempotency key. At the same moment on any number of replicas, one is told to start.
    ///
    /// `body_hash` stands for the request's body, `holder` names the process, and `ttl` is how long it may take to the
    /// next [`mark_sent`](Store::mark_sent) or to the end: choose more than the call's deadline.
    async fn begin_idempotent(
        &self,
        scope: &IdempotencyScope,
        body_hash: [u8; 32],
        holder: &str,
        ttl: Duration,
    ) -> Result<Begun, StoreError>;

    /// Notes that a vendor write is about to leave, and starts the lease anew. Before each write; an error keeps it from
    /// being sent: [`StoreError::RunOvertaken`] where another run took over.
    async fn mark_sent(&self, ticket: &IdempotencyTicket) -> Result<(), StoreError>;

    /// Ends a run with the answer to give again for [`IDEMPOTENCY_LIFE`](crate::IDEMPOTENCY_LIFE). The answer is sealed.
    async fn finish_idempotent(&self, ticket: &IdempotencyTicket, answer: &StoredAnswer) -> Result<(), StoreError>;

    /// Ends a run that changed nothing at the vendor: the key can be used again.
    async fn release_idempotent(&self, ticket: &IdempotencyTicket) -> Result<(), StoreError>;

    /// Ends a run whose outcome is unknown. Kept as long as an answer.
    async fn mark_unknown(&self, ticket: &IdempotencyTicket) -> Result<(), StoreError>;

    /// Notes that the outcome of a vendor write is unknown, as [`append_audit`](Store::append_audit) does before one. `fingerprint` is that of core's `WriteStep`.
    async fn note_unknown(&self, account: Uuid, fingerprint: &str) -> Result<(), StoreError>;

    /// When such a write was last noted, if that was within this time.
    async fn unknown_within(
        &self,
        account: Uuid,
        fingerprint: &str,
        within: Duration,
    ) -> Result<Option<Timestamp>, StoreError>;

    /// Forgets such a write: reading the vendor has shown what became of it.
    async fn settle_unknown(&self, account: Uuid, fingerprint: &str) -> Result<(), StoreError>;

    /// Adds entries to the log of requests.
    async fn append_log(&self, entries: &[LogEntry]) -> Result<(), StoreError>;

    /// One page of the log, newest first.
    async fn log(&self, filter: &LogFilter) -> Result<LogPage, StoreError>;

    /// Changes the master key while others go on: wraps what the old key wraps with the new one.
    ///
    /// Interrupted at any point, the same call finishes it, whether this process was started with the old key or the new
    /// one. Until `handover` after its end, a process that was started with the old key goes on, and may even be started;
    /// with no handover at all the old key is useless at once, and processes that hold it answer
    /// [`StoreError::KeyRetired`] when they next need it.
    async fn rotate_master_key(&self, new: &MasterKey, handover: Duration) -> Result<Rotation, StoreError>;

    /// A key for one purpose outside the store, such as authenticating cursors. The same for every process on this
    /// store, whatever the master key is changed to, and useless for opening what is sealed.
    fn derived_key(&self, purpose: &str) -> SecretBox<[u8; 32]>;

    /// Removes what has had its time. To be called every few minutes; it also lets a long-running process follow a change
    /// of the master key that it would not notice otherwise.
    async fn sweep(&self) -> Result<Swept, StoreError>;

    /// Whether the store answers, and this process can open what is sealed in it. Lets a process that is asked now and
    /// then follow a change of the master key.
    async fn ready(&self) -> Result<(), StoreError>;
}
