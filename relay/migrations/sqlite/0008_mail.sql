-- Emails that wait to be sent, and what their links lead to. No text stands here: a mail is written from the log when it is sent.
CREATE TABLE mail (
    id           BLOB PRIMARY KEY,            -- UUIDv7; its Message-ID
    kind         INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 1), -- an agent's answer, a transcript
    conversation BLOB NOT NULL REFERENCES conversation (id),
    recipient    TEXT NOT NULL COLLATE NOCASE,
    after        INTEGER NOT NULL,            -- tells what came after this seq
    last         INTEGER NOT NULL,            -- and has to tell at least up to this one
    created_at   INTEGER NOT NULL,
    due_at       INTEGER,                     -- NULL: sent, given up, or not needed any more
    tries        INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_due ON mail (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX mail_past ON mail (created_at) WHERE due_at IS NULL;
-- Several answers in a row are one mail.
CREATE UNIQUE INDEX mail_answer ON mail (conversation) WHERE kind = 0 AND due_at IS NOT NULL;
CREATE INDEX mail_transcript ON mail (recipient, created_at) WHERE kind = 1;
CREATE INDEX mail_of_conversation ON mail (conversation, created_at);

-- Links in mails: whoever has one is the visitor whom it went to.
CREATE TABLE visitor_link (
    token_hash BLOB PRIMARY KEY,
    visitor    BLOB NOT NULL REFERENCES visitor (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX visitor_link_expired ON visitor_link (expires_at);

-- One per browser that came by such a link.
CREATE TABLE visitor_browser (
    token_hash BLOB PRIMARY KEY,
    visitor    BLOB NOT NULL REFERENCES visitor (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX visitor_browser_of_visitor ON visitor_browser (visitor, created_at);
