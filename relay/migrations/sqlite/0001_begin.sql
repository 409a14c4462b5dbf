-- Times are ms since the epoch (UTC), ids are 16-byte UUIDs, tokens are stored as their SHA-256.

CREATE TABLE site (
    id           BLOB PRIMARY KEY,
    key          TEXT NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    origins      TEXT NOT NULL,              -- JSON array; empty: any origin
    settings     TEXT NOT NULL,              -- JSON object: what the loader is told
    settings_rev INTEGER NOT NULL DEFAULT 1,
    rev          INTEGER NOT NULL DEFAULT 0  -- grows with every change of the desk
) STRICT, WITHOUT ROWID;

CREATE TABLE agent (
    id            BLOB PRIMARY KEY,
    email         TEXT NOT NULL UNIQUE COLLATE NOCASE,
    name          TEXT NOT NULL,
    role          TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    capacity      INTEGER NOT NULL CHECK (capacity BETWEEN 1 AND 20),
    away          INTEGER NOT NULL DEFAULT 1, -- their own choice; offline follows from presence
    disabled      INTEGER NOT NULL DEFAULT 0,
    gone_at       INTEGER,                    -- since when no connection of theirs lives
    idle_since    INTEGER NOT NULL,           -- when they last gave up a slot
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_session (
    token_hash BLOB PRIMARY KEY,
    agent      BLOB NOT NULL REFERENCES agent (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE invitation (
    token_hash BLOB PRIMARY KEY,
    email      TEXT NOT NULL,                -- empty: whoever holds the link chooses
    role       TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE visitor (
    id         BLOB PRIMARY KEY,
    site       BLOB NOT NULL REFERENCES site (id),
    token_hash BLOB NOT NULL UNIQUE,
    name       TEXT,
    email      TEXT,
    locale     TEXT,
    time_zone  TEXT,
    verified   INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE conversation (
    id              BLOB PRIMARY KEY,
    site            BLOB NOT NULL REFERENCES site (id),
    visitor         BLOB NOT NULL REFERENCES visitor (id),
    state           INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3), -- queued, active, parked, closed
    agent           BLOB REFERENCES agent (id),  -- assigned; closed: who had it last
    last_agent      BLOB REFERENCES agent (id),  -- who had it before it was queued again
    head            INTEGER NOT NULL,
    visitor_head    INTEGER NOT NULL,            -- last seq that the visitor may see
    opened_at       INTEGER NOT NULL,
    state_at        INTEGER NOT NULL,
    assigned_at     INTEGER,                     -- when an agent first had it: handling time counts from here
    queue_time      INTEGER,                     -- original time of queueing, kept on the way "to the front"
    priority        INTEGER NOT NULL DEFAULT 0,
    prefer_agent    BLOB,
    prefer_until    INTEGER,
    excluded        TEXT NOT NULL DEFAULT '[]',  -- JSON array of agents who gave it up since it was last assigned
    answer_due      INTEGER,                     -- handed out by the desk and not answered yet: until when
    visitor_gone_at INTEGER,
    visitor_at      INTEGER NOT NULL,            -- the visitor's last message
    agent_at        INTEGER,                     -- an agent's last message
    unanswered      INTEGER NOT NULL,
    offer_to        BLOB,
    offer_until     INTEGER,
    stretched       INTEGER NOT NULL DEFAULT 0,
    visitor_read    INTEGER NOT NULL DEFAULT 0,
    agent_read      INTEGER NOT NULL DEFAULT 0,
    previous        BLOB,
    preview         TEXT NOT NULL,
    page            TEXT,                        -- JSON
    due_at          INTEGER,                     -- the earliest time at which something must happen by itself
    CHECK ((state = 1) <= (agent IS NOT NULL)),
    CHECK ((state = 0) <= (queue_time IS NOT NULL AND agent IS NULL)),
    CHECK ((offer_to IS NOT NULL) <= (state = 1))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX conversation_one_unclosed ON conversation (visitor, site) WHERE state <> 3;
CREATE INDEX conversation_of_visitor ON conversation (visitor, opened_at);
CREATE INDEX conversation_queue ON conversation (priority DESC, queue_time, id) WHERE state = 0;
CREATE INDEX conversation_of_agent ON conversation (agent, state) WHERE agent IS NOT NULL;
CREATE INDEX conversation_offered ON conversation (offer_to) WHERE offer_to IS NOT NULL;
CREATE INDEX conversation_messages ON conversation (site, opened_at) WHERE state = 2 AND agent IS NULL;
CREATE INDEX conversation_closed ON conversation (site, state_at) WHERE state = 3;
CREATE INDEX conversation_due ON conversation (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE message (
    conversation BLOB NOT NULL REFERENCES conversation (id),
    seq          INTEGER NOT NULL,
    id           BLOB NOT NULL,
    at           INTEGER NOT NULL,
    author_kind  INTEGER NOT NULL CHECK (author_kind BETWEEN 0 AND 2), -- visitor, agent, system
    author       BLOB,                        -- NULL: system
    internal     INTEGER NOT NULL,
    body         TEXT NOT NULL,               -- JSON
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;

-- By id first: ids are UUIDv7, so new ones go to the end of the index, whoever's they are.
CREATE UNIQUE INDEX message_of_author ON message (id, author) WHERE author IS NOT NULL;

CREATE TABLE node (
    id           BLOB PRIMARY KEY,
    heartbeat_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who is connected, by node: one row however many tabs.
CREATE TABLE presence (
    subject BLOB NOT NULL,
    node    BLOB NOT NULL REFERENCES node (id),
    PRIMARY KEY (subject, node)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id           INTEGER PRIMARY KEY,
    at           INTEGER NOT NULL,
    agent        BLOB,
    conversation BLOB,
    what         TEXT NOT NULL
) STRICT;
