-- Everything that the migrations of SQLite come to, in the same words where both databases have them: ids are bytes, truth is a number.
-- `relay/src/store/tests/postgres.rs` compares the two.

-- Compares addresses as SQLite's NOCASE does.
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);

-- What SQLite has by itself.
CREATE FUNCTION json_group_step(JSONB, TEXT) RETURNS JSONB IMMUTABLE LANGUAGE sql AS 'SELECT $1 || to_jsonb($2)';
CREATE FUNCTION json_group_end(JSONB) RETURNS TEXT IMMUTABLE LANGUAGE sql AS 'SELECT CAST($1 AS TEXT)';
CREATE AGGREGATE json_group_array(TEXT) (SFUNC = json_group_step, STYPE = JSONB, INITCOND = '[]', FINALFUNC = json_group_end);

CREATE TABLE site (
    id BYTEA PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    origins TEXT NOT NULL, -- JSON array; empty: any origin
    settings TEXT NOT NULL, -- JSON object: what the loader is told
    settings_rev BIGINT NOT NULL DEFAULT 1,
    rev BIGINT NOT NULL DEFAULT 0, -- grows with every change of the desk
    verified_only BIGINT NOT NULL DEFAULT 0,
    retention_days BIGINT,
    visitors TEXT NOT NULL DEFAULT '{}', -- JSON object: fields of its visitors, and what else is noted
    desk TEXT NOT NULL DEFAULT '{}', -- JSON object: how chats are handed out, hours, routing
    picked BIGINT NOT NULL DEFAULT 0 -- agents pick its chats; follows from `desk`, for the queue
);
CREATE TABLE agent (
    id BYTEA PRIMARY KEY,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    capacity BIGINT NOT NULL CHECK (capacity BETWEEN 1 AND 20),
    away BIGINT NOT NULL DEFAULT 1, -- their own choice; offline follows from presence
    disabled BIGINT NOT NULL DEFAULT 0,
    gone_at BIGINT, -- since when no connection of theirs lives
    idle_since BIGINT NOT NULL, -- when they last gave up a slot
    created_at BIGINT NOT NULL,
    bot BIGINT NOT NULL DEFAULT 0,
    languages TEXT NOT NULL DEFAULT '[]', -- JSON array; empty: all
    away_why TEXT, -- JSON; NULL: not told, or not away
    active_at BIGINT NOT NULL DEFAULT 0 -- when they last used their console
);
CREATE TABLE agent_session (
    token_hash BYTEA PRIMARY KEY,
    agent BYTEA NOT NULL REFERENCES agent (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    id BYTEA,
    device TEXT NOT NULL DEFAULT '',
    network TEXT NOT NULL DEFAULT '',
    seen_at BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE invitation (
    token_hash BYTEA PRIMARY KEY,
    email TEXT NOT NULL, -- empty: whoever holds the link chooses
    role TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE TABLE visitor (
    id BYTEA PRIMARY KEY,
    site BYTEA NOT NULL REFERENCES site (id),
    token_hash BYTEA NOT NULL UNIQUE,
    name TEXT,
    email TEXT,
    locale TEXT,
    time_zone TEXT,
    verified BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    subject TEXT,
    merged_into BYTEA,
    erase_asked BIGINT NOT NULL DEFAULT 0,
    rev BIGINT NOT NULL DEFAULT 0, -- grows with each change of what follows
    device TEXT, -- browser and system
    attributes TEXT NOT NULL DEFAULT '{}', -- JSON object: what pages say of them; untrusted
    vouched TEXT NOT NULL DEFAULT '{}', -- JSON object: the same, signed by the site's owner
    known TEXT NOT NULL DEFAULT '{}' -- JSON object: what agents noted, by the ids of the site's fields
);
CREATE TABLE visited_page (
    visitor BYTEA NOT NULL REFERENCES visitor (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    url TEXT NOT NULL,
    title TEXT NOT NULL,
    PRIMARY KEY (visitor, at)
);
CREATE TABLE conversation (
    id BYTEA PRIMARY KEY,
    site BYTEA NOT NULL REFERENCES site (id),
    visitor BYTEA NOT NULL REFERENCES visitor (id),
    state BIGINT NOT NULL CHECK (state BETWEEN 0 AND 3), -- queued, active, parked, closed
    agent BYTEA REFERENCES agent (id), -- assigned; closed: who had it last
    last_agent BYTEA REFERENCES agent (id), -- who had it before it was queued again
    head BIGINT NOT NULL,
    visitor_head BIGINT NOT NULL, -- last seq that the visitor may see
    opened_at BIGINT NOT NULL,
    state_at BIGINT NOT NULL,
    assigned_at BIGINT, -- when an agent first had it: handling time counts from here
    queue_time BIGINT, -- original time of queueing, kept on the way "to the front"
    priority BIGINT NOT NULL DEFAULT 0,
    prefer_agent BYTEA,
    prefer_until BIGINT,
    excluded TEXT NOT NULL DEFAULT '[]', -- JSON array of agents who gave it up since it was last assigned
    answer_due BIGINT, -- handed out by the desk and not answered yet: until when
    visitor_gone_at BIGINT,
    visitor_at BIGINT NOT NULL, -- the visitor's last message
    agent_at BIGINT, -- an agent's last message
    unanswered BIGINT NOT NULL,
    offer_to BYTEA,
    offer_until BIGINT,
    stretched BIGINT NOT NULL DEFAULT 0,
    visitor_read BIGINT NOT NULL DEFAULT 0,
    agent_read BIGINT NOT NULL DEFAULT 0,
    previous BYTEA,
    preview TEXT NOT NULL,
    page TEXT, -- JSON
    due_at BIGINT, -- the earliest time at which something must happen by itself
    last_entry BIGINT, -- n of its last message
    leap_entry BIGINT, -- n of the last message whose seq is a multiple of 64
    rating BIGINT, -- the visitor's last one
    erased BIGINT NOT NULL DEFAULT 0, -- its entries hold nothing that anybody said any more
    erase_from BIGINT, -- the entry, by n, with which erasing goes on, backwards; NULL: nothing to erase
    team BYTEA, -- no reference: a closed conversation keeps the id of a team that is no more
    language TEXT,
    CHECK ((state = 1) <= (agent IS NOT NULL)),
    CHECK ((state = 0) <= (queue_time IS NOT NULL AND agent IS NULL)),
    CHECK ((offer_to IS NOT NULL) <= (state = 1))
);
CREATE UNIQUE INDEX conversation_one_unclosed ON conversation (visitor, site) WHERE state <> 3;
CREATE INDEX conversation_of_visitor ON conversation (visitor, opened_at);
CREATE INDEX conversation_queue ON conversation (priority DESC, queue_time, id) WHERE state = 0;
CREATE INDEX conversation_of_agent ON conversation (agent, state) WHERE agent IS NOT NULL;
CREATE INDEX conversation_offered ON conversation (offer_to) WHERE offer_to IS NOT NULL;
CREATE INDEX conversation_messages ON conversation (site, opened_at) WHERE state = 2 AND agent IS NULL;
CREATE INDEX conversation_closed ON conversation (site, state_at) WHERE state = 3;
CREATE INDEX conversation_due ON conversation (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX conversation_of_team ON conversation (team) WHERE team IS NOT NULL AND state <> 3;
CREATE TABLE node (
    id BYTEA PRIMARY KEY,
    heartbeat_at BIGINT NOT NULL
);
CREATE TABLE presence (
    subject BYTEA NOT NULL,
    node BYTEA NOT NULL REFERENCES node (id),
    PRIMARY KEY (subject, node)
);
CREATE TABLE audit (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    agent BYTEA,
    conversation BYTEA,
    what TEXT NOT NULL,
    about TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT ''
);
CREATE TABLE message (
    n BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    conversation BYTEA NOT NULL REFERENCES conversation (id),
    seq BIGINT NOT NULL,
    before BIGINT, -- n of the entry with the seq before
    leap BIGINT, -- n of the last entry before whose seq is a multiple of 64
    visible BIGINT NOT NULL, -- the last seq before that visitors may see
    id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    author_kind BIGINT NOT NULL CHECK (author_kind BETWEEN 0 AND 2), -- visitor, agent, system
    author BYTEA, -- NULL: system
    internal BIGINT NOT NULL,
    body TEXT NOT NULL -- JSON
);
CREATE UNIQUE INDEX message_of_author ON message (id, author) WHERE author IS NOT NULL;
CREATE INDEX conversation_given_up ON conversation (id) WHERE excluded <> '[]';
CREATE UNIQUE INDEX visitor_of_subject ON visitor (site, subject) WHERE subject IS NOT NULL;
CREATE TABLE site_secret (
    id BYTEA PRIMARY KEY,
    site BYTEA NOT NULL REFERENCES site (id),
    secret TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX site_secret_of_site ON site_secret (site);
CREATE TABLE visitor_token (
    token_hash BYTEA PRIMARY KEY,
    visitor BYTEA NOT NULL REFERENCES visitor (id),
    secret BYTEA NOT NULL REFERENCES site_secret (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE INDEX visitor_token_of_visitor ON visitor_token (visitor, created_at);
CREATE INDEX visitor_token_of_secret ON visitor_token (secret);
CREATE TABLE file (
    id BYTEA PRIMARY KEY,
    owner BYTEA NOT NULL, -- the visitor or agent who uploaded it
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    width BIGINT,
    height BIGINT,
    duration_ms BIGINT,
    created_at BIGINT NOT NULL,
    held BIGINT NOT NULL DEFAULT 0, -- a message has it
    erased BIGINT NOT NULL DEFAULT 0 -- nobody gets it any more; its bytes are to be removed
);
CREATE INDEX file_of_owner ON file (owner, created_at);
CREATE INDEX file_loose ON file (created_at) WHERE held = 0;
CREATE INDEX file_erased ON file (id) WHERE erased = 1;
CREATE TABLE file_use (
    conversation BYTEA NOT NULL REFERENCES conversation (id),
    seq BIGINT NOT NULL,
    file BYTEA NOT NULL REFERENCES file (id),
    PRIMARY KEY (conversation, seq, file)
);
CREATE INDEX file_use_of_file ON file_use (file);
CREATE TABLE sighting (
    site BYTEA NOT NULL REFERENCES site (id),
    origin TEXT NOT NULL, -- empty: the browser did not tell
    script_at BIGINT, -- /bulle.js
    panel_at BIGINT, -- the panel's code
    old_at BIGINT, -- a file of an earlier version
    socket_at BIGINT, -- a visitor's socket
    refused_at BIGINT, -- a visitor's socket that the list of origins refused
    PRIMARY KEY (site, origin)
);
CREATE INDEX sighting_of_origin ON sighting (origin);
CREATE INDEX visitor_of_merged ON visitor (merged_into, created_at) WHERE merged_into IS NOT NULL;
CREATE TABLE mail (
    id BYTEA PRIMARY KEY, -- UUIDv7; its Message-ID
    kind BIGINT NOT NULL CHECK (kind BETWEEN 0 AND 1), -- an agent's answer, a transcript
    conversation BYTEA NOT NULL REFERENCES conversation (id),
    recipient TEXT NOT NULL COLLATE NOCASE,
    after BIGINT NOT NULL, -- tells what came after this seq
    last BIGINT NOT NULL, -- and has to tell at least up to this one
    created_at BIGINT NOT NULL,
    due_at BIGINT, -- NULL: sent, given up, or not needed any more
    tries BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX mail_due ON mail (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX mail_past ON mail (created_at) WHERE due_at IS NULL;
CREATE UNIQUE INDEX mail_answer ON mail (conversation) WHERE kind = 0 AND due_at IS NOT NULL;
CREATE INDEX mail_transcript ON mail (recipient, created_at) WHERE kind = 1;
CREATE INDEX mail_of_conversation ON mail (conversation, created_at);
CREATE TABLE visitor_link (
    token_hash BYTEA PRIMARY KEY,
    visitor BYTEA NOT NULL REFERENCES visitor (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);
CREATE INDEX visitor_link_expired ON visitor_link (expires_at);
CREATE TABLE visitor_browser (
    token_hash BYTEA PRIMARY KEY,
    visitor BYTEA NOT NULL REFERENCES visitor (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE INDEX visitor_browser_of_visitor ON visitor_browser (visitor, created_at);
CREATE UNIQUE INDEX agent_session_by_id ON agent_session (id);
CREATE INDEX agent_session_of_agent ON agent_session (agent, seen_at);
CREATE INDEX agent_session_expired ON agent_session (expires_at);
CREATE TABLE second_factor (
    agent BYTEA PRIMARY KEY REFERENCES agent (id),
    secret BYTEA NOT NULL,
    confirmed BIGINT NOT NULL DEFAULT 0,
    last_step BIGINT NOT NULL DEFAULT 0 -- of the last code that was taken: neither it nor an earlier one is taken again
);
CREATE TABLE recovery_code (
    code_hash BYTEA PRIMARY KEY,
    agent BYTEA NOT NULL REFERENCES second_factor (agent) ON DELETE CASCADE
);
CREATE INDEX recovery_code_of_agent ON recovery_code (agent);
CREATE INDEX audit_of_agent ON audit (agent, id);
CREATE INDEX audit_of_deed ON audit (what, id);
CREATE TABLE block (
    id BYTEA PRIMARY KEY,
    site BYTEA NOT NULL REFERENCES site (id),
    visitor BYTEA REFERENCES visitor (id) ON DELETE CASCADE,
    network TEXT,
    reason TEXT NOT NULL,
    agent BYTEA NOT NULL REFERENCES agent (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT, -- NULL: until it is lifted
    CHECK ((visitor IS NULL) <> (network IS NULL))
);
CREATE UNIQUE INDEX block_of_visitor ON block (visitor) WHERE visitor IS NOT NULL;
CREATE UNIQUE INDEX block_of_network ON block (site, network) WHERE network IS NOT NULL;
CREATE INDEX block_made ON block (created_at);
CREATE INDEX block_expired ON block (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE conversation_tag (
    conversation BYTEA NOT NULL REFERENCES conversation (id),
    tag TEXT NOT NULL,
    PRIMARY KEY (conversation, tag)
);
CREATE INDEX conversation_tag_of_tag ON conversation_tag (tag, conversation);
-- Words by message.n, with their places, so that phrases are found. The terms are cut by the relay (store/search/words.rs).
CREATE TABLE word_index (
    rowid BIGINT PRIMARY KEY,
    terms TSVECTOR NOT NULL
);
CREATE INDEX word_index_of_terms ON word_index USING gin (terms);
CREATE TABLE indexed (
    only_row BIGINT PRIMARY KEY CHECK (only_row = 0),
    below BIGINT NOT NULL,
    up_to BIGINT NOT NULL
);
CREATE TABLE saved_search (
    id BYTEA PRIMARY KEY,
    agent BYTEA NOT NULL REFERENCES agent (id),
    name TEXT NOT NULL,
    query TEXT NOT NULL -- JSON
);
CREATE UNIQUE INDEX saved_search_of_agent ON saved_search (agent, name);
CREATE TABLE shift (
    agent BYTEA NOT NULL REFERENCES agent (id),
    began_at BIGINT NOT NULL,
    ended_at BIGINT, -- NULL: it goes on
    slots BIGINT NOT NULL,
    PRIMARY KEY (agent, began_at)
);
CREATE UNIQUE INDEX shift_open ON shift (agent) WHERE ended_at IS NULL;
CREATE INDEX shift_ended ON shift (ended_at);
CREATE TABLE api_token (
    token_hash BYTEA PRIMARY KEY,
    agent BYTEA NOT NULL UNIQUE REFERENCES agent (id),
    created_at BIGINT NOT NULL,
    created_by BYTEA NOT NULL REFERENCES agent (id),
    expires_at BIGINT,
    used_at BIGINT
);
CREATE INDEX audit_of_both ON audit (agent, what, id);
CREATE INDEX conversation_kept ON conversation (site, state_at) WHERE state = 3 AND erased = 0;
CREATE INDEX conversation_erasing ON conversation (id) WHERE erase_from IS NOT NULL;
CREATE INDEX visitor_of_email ON visitor (email COLLATE NOCASE) WHERE email IS NOT NULL;
CREATE INDEX visitor_erase_asked ON visitor (id) WHERE erase_asked = 1;
CREATE TABLE reply (
    id BYTEA PRIMARY KEY,
    owner BYTEA REFERENCES agent (id), -- NULL: everybody's
    site BYTEA REFERENCES site (id), -- NULL: for all sites
    shortcut TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE UNIQUE INDEX reply_by_shortcut ON reply (coalesce(owner, ''::bytea), coalesce(site, ''::bytea), shortcut);
-- Ordered by their place in a conversation: a page of entries is one look at this.
CREATE UNIQUE INDEX message_place ON message (conversation, seq);
INSERT INTO indexed (only_row, below, up_to) VALUES (0, 0, 0);
-- The relay's key pair (VAPID). Browsers subscribe by its public part, so it never changes.
CREATE TABLE push_key (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    pkcs8 BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE push_subscription (
    session BYTEA PRIMARY KEY REFERENCES agent_session (token_hash) ON DELETE CASCADE,
    agent BYTEA NOT NULL REFERENCES agent (id),
    endpoint TEXT NOT NULL UNIQUE,
    p256dh BYTEA NOT NULL,
    auth BYTEA NOT NULL,
    language TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    quiet TEXT, -- JSON; NULL: never
    assigned BIGINT NOT NULL, -- what for
    messages BIGINT NOT NULL,
    queue BIGINT NOT NULL,
    offers BIGINT NOT NULL,
    shows_text BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX push_subscription_of_agent ON push_subscription (agent, created_at);
-- What waits to be sent: of each conversation one to each browser.
CREATE TABLE push (
    session BYTEA NOT NULL REFERENCES push_subscription (session) ON DELETE CASCADE,
    conversation BYTEA NOT NULL REFERENCES conversation (id),
    cause BIGINT NOT NULL CHECK (cause BETWEEN 0 AND 3), -- queue, message, offer, assigned
    last BIGINT NOT NULL, -- as of this seq
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (session, conversation)
);
CREATE INDEX push_due ON push (due_at);
-- Rules of the whole installation.
CREATE TABLE house_rule (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    second_factor_since BIGINT -- sessions that began then or later need a second factor; NULL: none does
);
INSERT INTO house_rule (id, second_factor_since) VALUES (1, NULL);
CREATE TABLE mention (
    agent BYTEA NOT NULL REFERENCES agent (id),
    conversation BYTEA NOT NULL REFERENCES conversation (id),
    seq BIGINT NOT NULL,
    author BYTEA NOT NULL REFERENCES agent (id),
    at BIGINT NOT NULL,
    whisper BIGINT NOT NULL, -- goes with the chat: it lets nobody read on who has lost that
    seen BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (agent, conversation, seq)
);
CREATE INDEX mention_unseen ON mention (agent, at) WHERE seen = 0;
CREATE INDEX mention_in ON mention (conversation, seq);
CREATE TABLE team (
    id BYTEA PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE
);
CREATE TABLE team_member (
    team BYTEA NOT NULL REFERENCES team (id),
    agent BYTEA NOT NULL REFERENCES agent (id),
    PRIMARY KEY (team, agent)
);
CREATE INDEX team_member_of_agent ON team_member (agent);
-- Whose chats a team takes; none: all sites'.
CREATE TABLE team_site (
    team BYTEA NOT NULL REFERENCES team (id),
    site BYTEA NOT NULL REFERENCES site (id),
    PRIMARY KEY (team, site)
);
CREATE INDEX team_site_of_site ON team_site (site);
