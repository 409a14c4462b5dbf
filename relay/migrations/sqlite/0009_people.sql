-- Sessions that people can tell apart, the second factor, and a record of deeds that can be read.

ALTER TABLE agent_session ADD COLUMN id BLOB;                          -- names it where the token's hash is not told
ALTER TABLE agent_session ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE agent_session ADD COLUMN network TEXT NOT NULL DEFAULT ''; -- the address without its last part
ALTER TABLE agent_session ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;
UPDATE agent_session SET id = randomblob(16), seen_at = created_at;
CREATE UNIQUE INDEX agent_session_by_id ON agent_session (id);
CREATE INDEX agent_session_of_agent ON agent_session (agent, seen_at);
CREATE INDEX agent_session_expired ON agent_session (expires_at);

-- Secrets as they are, because codes are computed from them: this table, and so every backup, is as secret as they are.
CREATE TABLE second_factor (
    agent     BLOB PRIMARY KEY REFERENCES agent (id),
    secret    BLOB NOT NULL,
    confirmed INTEGER NOT NULL DEFAULT 0,
    last_step INTEGER NOT NULL DEFAULT 0   -- of the last code that was taken: neither it nor an earlier one is taken again
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_code (
    code_hash BLOB PRIMARY KEY,
    agent     BLOB NOT NULL REFERENCES second_factor (agent) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX recovery_code_of_agent ON recovery_code (agent);

ALTER TABLE audit ADD COLUMN about TEXT NOT NULL DEFAULT ''; -- on whom or what, by name
ALTER TABLE audit ADD COLUMN detail TEXT NOT NULL DEFAULT '';
CREATE INDEX audit_of_agent ON audit (agent, id);
CREATE INDEX audit_of_deed ON audit (what, id);
