-- What the team knows of a visitor beyond name and address, and what a site wants to know of its visitors.

ALTER TABLE visitor ADD COLUMN rev INTEGER NOT NULL DEFAULT 0;        -- grows with each change of what follows
ALTER TABLE visitor ADD COLUMN device TEXT;                           -- browser and system
ALTER TABLE visitor ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}'; -- JSON object: what pages say of them; untrusted
ALTER TABLE visitor ADD COLUMN vouched TEXT NOT NULL DEFAULT '{}';    -- JSON object: the same, signed by the site's owner
ALTER TABLE visitor ADD COLUMN known TEXT NOT NULL DEFAULT '{}';      -- JSON object: what agents noted, by the ids of the site's fields

ALTER TABLE site ADD COLUMN visitors TEXT NOT NULL DEFAULT '{}';      -- JSON object: those fields, and what else is noted

-- The last pages of visitors, where their site wants them.
CREATE TABLE visited_page (
    visitor BLOB NOT NULL REFERENCES visitor (id) ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    url     TEXT NOT NULL,
    title   TEXT NOT NULL,
    PRIMARY KEY (visitor, at)
) STRICT, WITHOUT ROWID;
