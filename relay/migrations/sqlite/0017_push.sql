-- Notifications for browsers whose agent has no console open. No text stands here: it is written from the conversation when it is sent.

-- The relay's key pair (VAPID). Browsers subscribe by its public part, so it never changes.
CREATE TABLE push_key (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    pkcs8      BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- One per session, gone with it.
CREATE TABLE push_subscription (
    session    BLOB PRIMARY KEY REFERENCES agent_session (token_hash) ON DELETE CASCADE,
    agent      BLOB NOT NULL REFERENCES agent (id),
    endpoint   TEXT NOT NULL UNIQUE,
    p256dh     BLOB NOT NULL,
    auth       BLOB NOT NULL,
    language   TEXT NOT NULL,
    time_zone  TEXT NOT NULL,
    quiet      TEXT,                       -- JSON; NULL: never
    assigned   INTEGER NOT NULL,           -- what for
    messages   INTEGER NOT NULL,
    queue      INTEGER NOT NULL,
    offers     INTEGER NOT NULL,
    shows_text INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX push_subscription_of_agent ON push_subscription (agent, created_at);

-- What waits to be sent: of each conversation one to each browser.
CREATE TABLE push (
    session      BLOB NOT NULL REFERENCES push_subscription (session) ON DELETE CASCADE,
    conversation BLOB NOT NULL REFERENCES conversation (id),
    cause        INTEGER NOT NULL CHECK (cause BETWEEN 0 AND 3), -- queue, message, offer, assigned
    last         INTEGER NOT NULL,          -- as of this seq
    created_at   INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    tries        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (session, conversation)
) STRICT, WITHOUT ROWID;
CREATE INDEX push_due ON push (due_at);
