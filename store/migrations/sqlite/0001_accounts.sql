-- Times are RFC 3339 text in UTC, ids are hyphenated UUIDs, `sealed` and `wrapped_key` are what `seal.rs` makes.

-- One row per generation of the master key. The highest is the one in use; `sealed_check` opens with it alone, which
-- is how a wrong key is known before anything is read or written.
CREATE TABLE master_keys (
    key_id       INTEGER PRIMARY KEY,
    sealed_check BLOB NOT NULL,
    created_at   TEXT NOT NULL
) STRICT;

CREATE TABLE accounts (
    id                    TEXT    PRIMARY KEY,
    name                  TEXT    NOT NULL UNIQUE,
    integration           TEXT    NOT NULL,
    tenant_id             TEXT    NOT NULL,
    authentication_method TEXT,
    status                TEXT    NOT NULL,
    settings              TEXT    NOT NULL, -- a JSON object of strings
    last_error            TEXT,
    revision              INTEGER NOT NULL,
    created_at            TEXT    NOT NULL,
    updated_at            TEXT    NOT NULL,
    wrapped_key           BLOB    NOT NULL, -- the account's data key, sealed by the master key `key_id`
    key_id                INTEGER NOT NULL REFERENCES master_keys (key_id)
) STRICT;

CREATE TABLE account_secrets (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    sealed     BLOB NOT NULL,
    PRIMARY KEY (account_id, name)
) STRICT, WITHOUT ROWID;

-- A row stands from the first lease on, so that the fencing number never starts again.
CREATE TABLE account_tokens (
    account_id   TEXT    NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    slot         TEXT    NOT NULL,
    fence        INTEGER NOT NULL,
    lease_holder TEXT,
    lease_until  TEXT,
    sealed       BLOB,
    expires_at   TEXT,
    PRIMARY KEY (account_id, slot)
) STRICT, WITHOUT ROWID;
