-- As the last step of `migrations/sqlite`. Connections are tried out before they have an account. Their tokens stand under
-- `00000000-0000-0000-0000-000000000000`, which is nobody's id: `owner` is then NULL, so that they need no account. How long a
-- try is kept counts from `lease_until`, which stays when the lease is given back.

ALTER TABLE account_tokens
    DROP CONSTRAINT account_tokens_account_id_fkey,
    ADD COLUMN owner TEXT COLLATE "C"
        GENERATED ALWAYS AS (nullif(account_id, '00000000-0000-0000-0000-000000000000')) STORED
        REFERENCES accounts (id) ON DELETE CASCADE;
CREATE INDEX account_tokens_by_owner ON account_tokens (owner);
