-- Canned replies: texts that agents call by a shortcut.

CREATE TABLE reply (
    id       BLOB PRIMARY KEY,
    owner    BLOB REFERENCES agent (id), -- NULL: everybody's
    site     BLOB REFERENCES site (id),  -- NULL: for all sites
    shortcut TEXT NOT NULL,
    text     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- NULLs differ from each other in an index: empty bytes stand for them.
CREATE UNIQUE INDEX reply_by_shortcut ON reply (coalesce(owner, x''), coalesce(site, x''), shortcut);
