-- Where sites' script tags were seen: origins and times, nothing of visitors. Times are of the last request of each kind.
CREATE TABLE sighting (
    site       BLOB NOT NULL REFERENCES site (id),
    origin     TEXT NOT NULL,                -- empty: the browser did not tell
    script_at  INTEGER,                      -- /bulle.js
    panel_at   INTEGER,                      -- the panel's code
    old_at     INTEGER,                      -- a file of an earlier version
    socket_at  INTEGER,                      -- a visitor's socket
    refused_at INTEGER,                      -- a visitor's socket that the list of origins refused
    PRIMARY KEY (site, origin)
) STRICT, WITHOUT ROWID;
CREATE INDEX sighting_of_origin ON sighting (origin);
