-- Programs that work with a token instead of a password. Each is an account of its own, so that what it does is done in its name.

ALTER TABLE agent ADD COLUMN bot INTEGER NOT NULL DEFAULT 0;

CREATE TABLE api_token (
    token_hash BLOB PRIMARY KEY,
    agent      BLOB NOT NULL UNIQUE REFERENCES agent (id),
    created_at INTEGER NOT NULL,
    created_by BLOB NOT NULL REFERENCES agent (id),
    expires_at INTEGER,
    used_at    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_of_both ON audit (agent, what, id);
