-- Teams and languages, for whom a conversation is, and what the desk of a site goes by.
CREATE TABLE team (
    id   BLOB PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE
) STRICT, WITHOUT ROWID;

CREATE TABLE team_member (
    team  BLOB NOT NULL REFERENCES team (id),
    agent BLOB NOT NULL REFERENCES agent (id),
    PRIMARY KEY (team, agent)
) STRICT, WITHOUT ROWID;
CREATE INDEX team_member_of_agent ON team_member (agent);

-- Whose chats a team takes; none: all sites'.
CREATE TABLE team_site (
    team BLOB NOT NULL REFERENCES team (id),
    site BLOB NOT NULL REFERENCES site (id),
    PRIMARY KEY (team, site)
) STRICT, WITHOUT ROWID;
CREATE INDEX team_site_of_site ON team_site (site);

ALTER TABLE agent ADD COLUMN languages TEXT NOT NULL DEFAULT '[]'; -- JSON array; empty: all
ALTER TABLE site ADD COLUMN desk TEXT NOT NULL DEFAULT '{}';       -- JSON object: how chats are handed out, hours, routing
ALTER TABLE site ADD COLUMN picked INTEGER NOT NULL DEFAULT 0;     -- agents pick its chats; follows from `desk`, for the queue

-- No reference: a closed conversation keeps the id of a team that is no more.
ALTER TABLE conversation ADD COLUMN team BLOB;
ALTER TABLE conversation ADD COLUMN language TEXT;
CREATE INDEX conversation_of_team ON conversation (team) WHERE team IS NOT NULL AND state <> 3;
