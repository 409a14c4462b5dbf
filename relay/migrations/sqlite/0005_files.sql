-- What was uploaded. The bytes are in the object store, under the id.
CREATE TABLE file (
    id          BLOB PRIMARY KEY,
    owner       BLOB NOT NULL,               -- the visitor or agent who uploaded it
    name        TEXT NOT NULL,
    media_type  TEXT NOT NULL,
    size        INTEGER NOT NULL,
    width       INTEGER,
    height      INTEGER,
    duration_ms INTEGER,
    created_at  INTEGER NOT NULL,
    held        INTEGER NOT NULL DEFAULT 0,  -- a message has it
    erased      INTEGER NOT NULL DEFAULT 0   -- nobody gets it any more; its bytes are to be removed
) STRICT, WITHOUT ROWID;
CREATE INDEX file_of_owner ON file (owner, created_at);
CREATE INDEX file_loose ON file (created_at) WHERE held = 0;
CREATE INDEX file_erased ON file (id) WHERE erased = 1;

-- Which messages have it: a bot shows the same picture many times.
CREATE TABLE file_use (
    conversation BLOB NOT NULL REFERENCES conversation (id),
    seq          INTEGER NOT NULL,
    file         BLOB NOT NULL REFERENCES file (id),
    PRIMARY KEY (conversation, seq, file)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_use_of_file ON file_use (file);
