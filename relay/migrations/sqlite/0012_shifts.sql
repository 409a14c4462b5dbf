-- Who was online when, with how many slots: nothing else in the store tells it afterwards.
CREATE TABLE shift (
    agent    BLOB NOT NULL REFERENCES agent (id),
    began_at INTEGER NOT NULL,
    ended_at INTEGER,                         -- NULL: it goes on
    slots    INTEGER NOT NULL,
    PRIMARY KEY (agent, began_at)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX shift_open ON shift (agent) WHERE ended_at IS NULL;
CREATE INDEX shift_ended ON shift (ended_at);
