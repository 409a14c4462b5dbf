-- Finding what was said: tags, ratings beside the conversation, and the index of words.

CREATE TABLE conversation_tag (
    conversation BLOB NOT NULL REFERENCES conversation (id),
    tag          TEXT NOT NULL,
    PRIMARY KEY (conversation, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_tag_of_tag ON conversation_tag (tag, conversation);

ALTER TABLE conversation ADD COLUMN rating INTEGER; -- the visitor's last one

-- Words by message.n. It holds no texts: those stand in the log, where edits and deletions reach them. The terms are cut by the relay
-- (store/search/words.rs) and divided by spaces; the tokenizer is only to leave them whole.
CREATE VIRTUAL TABLE word_index USING fts5(terms, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 0 categories 'L* N* M* Co'");

-- Entries with below < n <= up_to are in the index. It is filled in the background: new entries upwards, those from before there was an
-- index downwards, the latest first.
CREATE TABLE indexed (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 0),
    below    INTEGER NOT NULL,
    up_to    INTEGER NOT NULL
) STRICT;
INSERT INTO indexed (only_row, below, up_to) SELECT 0, coalesce(max(n), 0), coalesce(max(n), 0) FROM message;

-- Searches that agents keep.
CREATE TABLE saved_search (
    id    BLOB PRIMARY KEY,
    agent BLOB NOT NULL REFERENCES agent (id),
    name  TEXT NOT NULL,
    query TEXT NOT NULL                       -- JSON
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX saved_search_of_agent ON saved_search (agent, name);
