-- Why agents are away, and when they last used their console.
ALTER TABLE agent ADD COLUMN away_why TEXT;                        -- JSON; NULL: not told, or not away
ALTER TABLE agent ADD COLUMN active_at INTEGER NOT NULL DEFAULT 0;
