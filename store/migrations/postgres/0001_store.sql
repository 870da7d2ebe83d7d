-- As `migrations/sqlite` after all its steps; the statements in `src/sql` run on both. Times are RFC 3339 text in UTC
-- with six digits of fraction, ids are hyphenated UUIDs, `sealed` and `wrapped_key` are what `seal.rs` makes. The
-- collation "C" makes the order of text that of its bytes, whatever the database was made with.

-- One row per generation of the master key; `sealed_check` opens with that generation alone, which is how a wrong key is
-- known before anything is read or written. While the key is being changed, the new generation's wrapping key stands in
-- `handover` sealed by the old one, so that processes with the old key can follow, and the old one's in `previous` sealed
-- by the new one, until nothing is wrapped by it.
CREATE TABLE master_keys (
    key_id         BIGINT PRIMARY KEY,
    sealed_check   BYTEA  NOT NULL,
    created_at     TEXT   COLLATE "C" NOT NULL,
    handover       BYTEA,
    handover_until TEXT   COLLATE "C", -- set when the change is done
    previous       BYTEA
);

-- One row: the generation that wraps now, and the root key, which stays the same whatever wraps it.
CREATE TABLE key_ring (
    one    BIGINT PRIMARY KEY CHECK (one = 1),
    key_id BIGINT NOT NULL REFERENCES master_keys (key_id),
    root   BYTEA  NOT NULL
);

CREATE TABLE accounts (
    id                    TEXT   COLLATE "C" PRIMARY KEY,
    name                  TEXT   COLLATE "C" NOT NULL UNIQUE,
    integration           TEXT   NOT NULL,
    tenant_id             TEXT   NOT NULL,
    authentication_method TEXT,
    status                TEXT   NOT NULL,
    is_sandbox            BIGINT NOT NULL,
    settings              TEXT   NOT NULL, -- a JSON object of strings
    last_error            TEXT,
    last_forbidden_error  TEXT,            -- a JSON object
    revision              BIGINT NOT NULL,
    created_at            TEXT   COLLATE "C" NOT NULL,
    updated_at            TEXT   COLLATE "C" NOT NULL,
    wrapped_key           BYTEA  NOT NULL, -- the account's data key, sealed by the master key `key_id`
    key_id                BIGINT NOT NULL REFERENCES master_keys (key_id)
);
CREATE INDEX accounts_by_age ON accounts (created_at, id);

CREATE TABLE account_secrets (
    account_id TEXT  COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name       TEXT  COLLATE "C" NOT NULL,
    sealed     BYTEA NOT NULL,
    PRIMARY KEY (account_id, name)
);

-- A row stands from the first lease on, so that the fencing number never starts again.
CREATE TABLE account_tokens (
    account_id   TEXT   COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    slot         TEXT   COLLATE "C" NOT NULL,
    fence        BIGINT NOT NULL,
    lease_holder TEXT,
    lease_until  TEXT   COLLATE "C",
    sealed       BYTEA,
    expires_at   TEXT   COLLATE "C",
    PRIMARY KEY (account_id, slot)
);

CREATE TABLE api_tokens (
    id           TEXT  COLLATE "C" PRIMARY KEY,
    name         TEXT  COLLATE "C" NOT NULL,
    hash         BYTEA NOT NULL UNIQUE, -- SHA-256 of the value
    scope        TEXT  NOT NULL,
    accounts     TEXT,                  -- a JSON array of ids; NULL for all
    created_at   TEXT  COLLATE "C" NOT NULL,
    expires_at   TEXT  COLLATE "C",
    last_used_at TEXT  COLLATE "C",
    revoked_at   TEXT  COLLATE "C"
);
CREATE UNIQUE INDEX api_tokens_by_name ON api_tokens (name) WHERE revoked_at IS NULL;

-- Tokens for one account (`account_tokens` holds those that vendors gave).
CREATE TABLE access_tokens (
    hash       BYTEA PRIMARY KEY,
    account_id TEXT  COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    issued_by  TEXT  COLLATE "C" REFERENCES api_tokens (id),
    created_at TEXT  COLLATE "C" NOT NULL,
    expires_at TEXT  COLLATE "C" NOT NULL
);
CREATE INDEX access_tokens_by_account ON access_tokens (account_id);

CREATE TABLE link_tokens (
    hash        BYTEA PRIMARY KEY,
    account_id  TEXT  COLLATE "C" REFERENCES accounts (id) ON DELETE CASCADE, -- to reconnect; NULL for a new account
    tenant_id   TEXT,
    payload     BYTEA, -- sealed; gone once the token is used
    created_at  TEXT  COLLATE "C" NOT NULL,
    expires_at  TEXT  COLLATE "C" NOT NULL,
    redeemed_at TEXT  COLLATE "C"
);

-- The audit outlives its accounts, so it refers to none. Every column of a row but `mac` goes into `mac`.
CREATE TABLE audit_heads (
    account_id TEXT   COLLATE "C" PRIMARY KEY,
    sequence   BIGINT NOT NULL,
    last_mac   BYTEA  NOT NULL,
    mac        BYTEA  NOT NULL
);

CREATE TABLE audit_rows (
    account_id         TEXT   COLLATE "C" NOT NULL,
    sequence           BIGINT NOT NULL,
    at                 TEXT   COLLATE "C" NOT NULL,
    kind               TEXT   NOT NULL,
    actor              TEXT   NOT NULL,
    action             TEXT   NOT NULL,
    targets            TEXT   NOT NULL, -- a JSON array
    intended           BIGINT,
    effect             TEXT,
    vendor_status      BIGINT,
    vendor_request_ids TEXT   NOT NULL, -- a JSON array
    idempotency_key    TEXT,            -- a hash in hex
    request_id         TEXT,
    details            TEXT   NOT NULL, -- a JSON object
    mac                BYTEA  NOT NULL,
    PRIMARY KEY (account_id, sequence)
);

CREATE TABLE idempotent_runs (
    scope       BYTEA  PRIMARY KEY, -- SHA-256 of account, path and key
    account_id  TEXT   COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    body_hash   BYTEA  NOT NULL,
    run         TEXT   NOT NULL, -- a new one each time the key is begun
    state       TEXT   NOT NULL, -- running, sent, done, unknown
    holder      TEXT   NOT NULL,
    lease_ms    BIGINT NOT NULL,
    lease_until TEXT   COLLATE "C" NOT NULL,
    answer      BYTEA,           -- sealed
    expires_at  TEXT   COLLATE "C" NOT NULL
);
CREATE INDEX idempotent_runs_by_end ON idempotent_runs (expires_at);
CREATE INDEX idempotent_runs_by_account ON idempotent_runs (account_id);

CREATE TABLE unknown_writes (
    account_id  TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    fingerprint TEXT COLLATE "C" NOT NULL,
    noted_at    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account_id, fingerprint)
);

CREATE TABLE request_log (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           TEXT   COLLATE "C" NOT NULL,
    account_id   TEXT   NOT NULL,
    tenant_id    TEXT   NOT NULL,
    integration  TEXT   NOT NULL,
    request_type TEXT   NOT NULL,
    resource     TEXT   NOT NULL,
    method       TEXT   NOT NULL,
    http_method  TEXT   NOT NULL,
    status       BIGINT NOT NULL,
    duration_ms  BIGINT NOT NULL,
    result_count BIGINT
);
CREATE INDEX request_log_by_time ON request_log (at, id);
