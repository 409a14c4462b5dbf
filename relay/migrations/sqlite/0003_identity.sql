-- Verified visitors: what site owners sign with, whom they vouched for, and the tokens that such visitors got in exchange.

ALTER TABLE site ADD COLUMN verified_only INTEGER NOT NULL DEFAULT 0; -- refuses visitors without a valid identity token

-- The site owner's id of a verified visitor. Their `token_hash` is random and nobody's: their tokens are in visitor_token.
ALTER TABLE visitor ADD COLUMN subject TEXT;
CREATE UNIQUE INDEX visitor_of_subject ON visitor (site, subject) WHERE subject IS NOT NULL;

-- As they are, because signatures are checked with them: this table, and so every backup, is as secret as they are.
CREATE TABLE site_secret (
    id         BLOB PRIMARY KEY,
    site       BLOB NOT NULL REFERENCES site (id),
    secret     TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX site_secret_of_site ON site_secret (site);

-- One per browser. They end with the secret whose token they were exchanged for.
CREATE TABLE visitor_token (
    token_hash BLOB PRIMARY KEY,
    visitor    BLOB NOT NULL REFERENCES visitor (id),
    secret     BLOB NOT NULL REFERENCES site_secret (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX visitor_token_of_visitor ON visitor_token (visitor, created_at);
CREATE INDEX visitor_token_of_secret ON visitor_token (secret);
