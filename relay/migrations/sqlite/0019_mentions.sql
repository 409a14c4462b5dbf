-- Agents whom a colleague's note names, or to whom a whisper goes: they are reminded until they have read it, and who was named may read
-- the conversation.
CREATE TABLE mention (
    agent        BLOB NOT NULL REFERENCES agent (id),
    conversation BLOB NOT NULL REFERENCES conversation (id),
    seq          INTEGER NOT NULL,
    author       BLOB NOT NULL REFERENCES agent (id),
    at           INTEGER NOT NULL,
    whisper      INTEGER NOT NULL,            -- goes with the chat: it lets nobody read on who has lost that
    seen         INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (agent, conversation, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX mention_unseen ON mention (agent, at) WHERE seen = 0;
CREATE INDEX mention_in ON mention (conversation, seq);
