-- What visitors leave behind ends: at the end of a site's retention, or when they ask for it. Entries stay as numbered tombstones, so that no
-- seq is missing and the figures still add up; what was said, files, mails and who it was are gone.

ALTER TABLE site ADD COLUMN retention_days INTEGER; -- NULL: for ever

ALTER TABLE conversation ADD COLUMN erased INTEGER NOT NULL DEFAULT 0; -- erased, or being erased
ALTER TABLE conversation ADD COLUMN erase_from INTEGER;                -- message.n of the last entry that is still to be erased
CREATE INDEX conversation_kept ON conversation (site, state_at) WHERE state = 3 AND erased = 0;
CREATE INDEX conversation_erasing ON conversation (id) WHERE erase_from IS NOT NULL;

CREATE INDEX visitor_of_email ON visitor (email COLLATE NOCASE) WHERE email IS NOT NULL;

-- Asked for by another process, which cannot tell the relay's sockets.
ALTER TABLE visitor ADD COLUMN erase_asked INTEGER NOT NULL DEFAULT 0;
CREATE INDEX visitor_erase_asked ON visitor (id) WHERE erase_asked = 1;
