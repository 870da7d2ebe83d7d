-- What a server and its replicas need. From here on times have six digits of fraction: text order is the order of time.

UPDATE accounts SET
    created_at = substr(created_at, 1, 19) || '.' || substr(rtrim(substr(created_at, 21), 'Z') || '000000', 1, 6) || 'Z',
    updated_at = substr(updated_at, 1, 19) || '.' || substr(rtrim(substr(updated_at, 21), 'Z') || '000000', 1, 6) || 'Z';

ALTER TABLE accounts ADD COLUMN is_sandbox INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN last_forbidden_error TEXT; -- a JSON object
CREATE INDEX accounts_by_age ON accounts (created_at, id);

-- While the master key is being changed, the new generation's wrapping key stands here sealed by the old one, so that
-- processes with the old key can follow, and the old one's sealed by the new one, until nothing is wrapped by it.
ALTER TABLE master_keys ADD COLUMN handover BLOB;
ALTER TABLE master_keys ADD COLUMN handover_until TEXT; -- set when the change is done
ALTER TABLE master_keys ADD COLUMN previous BLOB;

-- One row: the generation that wraps now, and the root key, which stays the same whatever wraps it.
CREATE TABLE key_ring (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    key_id INTEGER NOT NULL REFERENCES master_keys (key_id),
    root   BLOB    NOT NULL
) STRICT;

CREATE TABLE api_tokens (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    hash         BLOB NOT NULL UNIQUE, -- SHA-256 of the value
    scope        TEXT NOT NULL,
    accounts     TEXT,                 -- a JSON array of ids; NULL for all
    created_at   TEXT NOT NULL,
    expires_at   TEXT,
    last_used_at TEXT,
    revoked_at   TEXT
) STRICT;
CREATE UNIQUE INDEX api_tokens_by_name ON api_tokens (name) WHERE revoked_at IS NULL;

-- Tokens for one account (`account_tokens` holds those that vendors gave).
CREATE TABLE access_tokens (
    hash       BLOB PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    issued_by  TEXT REFERENCES api_tokens (id),
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX access_tokens_by_account ON access_tokens (account_id);

CREATE TABLE link_tokens (
    hash        BLOB PRIMARY KEY,
    account_id  TEXT REFERENCES accounts (id) ON DELETE CASCADE, -- to reconnect; NULL for a new account
    tenant_id   TEXT,
    payload     BLOB, -- sealed; gone once the token is used
    created_at  TEXT NOT NULL,
    expires_at  TEXT NOT NULL,
    redeemed_at TEXT
) STRICT, WITHOUT ROWID;

-- The audit outlives its accounts, so it refers to none. Every column of a row but `mac` goes into `mac`.
CREATE TABLE audit_heads (
    account_id TEXT    PRIMARY KEY,
    sequence   INTEGER NOT NULL,
    last_mac   BLOB    NOT NULL,
    mac        BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_rows (
    account_id         TEXT    NOT NULL,
    sequence           INTEGER NOT NULL,
    at                 TEXT    NOT NULL,
    kind               TEXT    NOT NULL,
    actor              TEXT    NOT NULL,
    action             TEXT    NOT NULL,
    targets            TEXT    NOT NULL, -- a JSON array
    intended           INTEGER,
    effect             TEXT,
    vendor_status      INTEGER,
    vendor_request_ids TEXT    NOT NULL, -- a JSON array
    idempotency_key    TEXT,             -- a hash in hex
    request_id         TEXT,
    details            TEXT    NOT NULL, -- a JSON object
    mac                BLOB    NOT NULL,
    PRIMARY KEY (account_id, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotent_runs (
    scope       BLOB    PRIMARY KEY, -- SHA-256 of account, path and key
    account_id  TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    body_hash   BLOB    NOT NULL,
    run         TEXT    NOT NULL, -- a new one each time the key is begun
    state       TEXT    NOT NULL, -- running, sent, done, unknown
    holder      TEXT    NOT NULL,
    lease_ms    INTEGER NOT NULL,
    lease_until TEXT    NOT NULL,
    answer      BLOB,             -- sealed
    expires_at  TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotent_runs_by_end ON idempotent_runs (expires_at);
CREATE INDEX idempotent_runs_by_account ON idempotent_runs (account_id);

CREATE TABLE unknown_writes (
    account_id  TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    fingerprint TEXT NOT NULL,
    noted_at    TEXT NOT NULL,
    PRIMARY KEY (account_id, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE request_log (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           TEXT    NOT NULL,
    account_id   TEXT    NOT NULL,
    tenant_id    TEXT    NOT NULL,
    integration  TEXT    NOT NULL,
    request_type TEXT    NOT NULL,
    resource     TEXT    NOT NULL,
    method       TEXT    NOT NULL,
    http_method  TEXT    NOT NULL,
    status       INTEGER NOT NULL,
    duration_ms  INTEGER NOT NULL,
    result_count INTEGER
) STRICT;
CREATE INDEX request_log_by_time ON request_log (at, id);
