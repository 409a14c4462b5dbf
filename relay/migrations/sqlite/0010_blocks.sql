-- Whom a site's team keeps out: a visitor, or the network that they came from (24 bits of IPv4, 48 of IPv6, as addresses may be stored).
CREATE TABLE block (
    id         BLOB PRIMARY KEY,
    site       BLOB NOT NULL REFERENCES site (id),
    visitor    BLOB REFERENCES visitor (id) ON DELETE CASCADE,
    network    TEXT,
    reason     TEXT NOT NULL,
    agent      BLOB NOT NULL REFERENCES agent (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,                       -- NULL: until it is lifted
    CHECK ((visitor IS NULL) <> (network IS NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX block_of_visitor ON block (visitor) WHERE visitor IS NOT NULL;
CREATE UNIQUE INDEX block_of_network ON block (site, network) WHERE network IS NOT NULL;
CREATE INDEX block_made ON block (created_at);
CREATE INDEX block_expired ON block (expires_at) WHERE expires_at IS NOT NULL;
