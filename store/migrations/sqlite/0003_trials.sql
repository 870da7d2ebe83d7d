-- Connections are tried out before they have an account. Their tokens stand under `00000000-0000-0000-0000-000000000000`, which
-- is nobody's id: `owner` is then NULL, so that they need no account.

CREATE TABLE tokens_anew (
    account_id   TEXT    NOT NULL,
    owner        TEXT    GENERATED ALWAYS AS (nullif(account_id, '00000000-0000-0000-0000-000000000000')) STORED
                         REFERENCES accounts (id) ON DELETE CASCADE,
    slot         TEXT    NOT NULL,
    fence        INTEGER NOT NULL,
    lease_holder TEXT,
    lease_until  TEXT, -- stays when the lease is given back: how long a try is kept counts from here
    sealed       BLOB,
    expires_at   TEXT,
    PRIMARY KEY (account_id, slot)
) STRICT, WITHOUT ROWID;
INSERT INTO tokens_anew (account_id, slot, fence, lease_holder, lease_until, sealed, expires_at)
    SELECT account_id, slot, fence, lease_holder, lease_until, sealed, expires_at FROM account_tokens;
DROP TABLE account_tokens;
ALTER TABLE tokens_anew RENAME TO account_tokens;
CREATE INDEX account_tokens_by_owner ON account_tokens (owner);
