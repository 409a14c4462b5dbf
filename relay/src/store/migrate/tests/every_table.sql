-- A store in which every table has rows, with the values that are easily lost: NULL beside empty, the ends of the numbers, quotes, lines, scripts.
WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 3)
INSERT INTO site (id, key, name, origins, settings, settings_rev, rev, verified_only, retention_days, visitors, desk, picked)
SELECT CAST(printf('site%012d', n) AS BLOB), 'key' || n, 'Kiln & "Clay" \ ' || n || char(10, 9, 13), '["https://a.example"]', '{"color":"#ff0000"}', n,
       9223372036854775807 - n, n % 2, CASE n WHEN 1 THEN NULL ELSE 30 * n END, '{}', '{}', 0 FROM i;

WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 8)
INSERT INTO agent (id, email, name, role, password_hash, capacity, away, disabled, gone_at, idle_since, created_at, bot, languages, away_why, active_at)
SELECT CAST(printf('agent%011d', n) AS BLOB), 'Agent' || n || '@Example.com', 'Ada Ωμέγα 🦀 ' || n, 'admin', '$argon2id$' || n, 1 + n % 20, n % 2, 0,
       CASE n % 2 WHEN 0 THEN NULL ELSE n END, -9223372036854775808 + n, n, n % 2, '["de"]', NULL, n FROM i;

INSERT INTO agent_session (token_hash, agent, created_at, expires_at, id, device, network, seen_at)
SELECT CAST(id || 'token' AS BLOB), id, 1, 2, CASE WHEN bot THEN id END, '', '192.0.2.0', 3 FROM agent;
INSERT INTO invitation (token_hash, email, role, expires_at, used_at) VALUES (x'00ff', '', 'admin', 5, NULL), (x'', 'a@b', 'agent', 6, 7);

WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 120)
INSERT INTO visitor (id, site, token_hash, name, email, locale, time_zone, verified, created_at, subject, merged_into, erase_asked, rev, device, attributes, vouched, known)
SELECT CAST(printf('visitor%09d', n) AS BLOB), CAST(printf('site%012d', 1 + n % 3) AS BLOB), CAST('hash' || n AS BLOB), CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE '訪問者 ' || n END,
       CASE n % 4 WHEN 0 THEN 'Kim' || n || '@example.com' END, 'ar', 'Europe/Paris', n % 2, n, CASE n % 5 WHEN 0 THEN 'subject ' || n END, NULL, 0, n,
       'Firefox', '{"plan":"pro"}', '{}', '{"a":"\u0000"}' FROM i;
INSERT INTO visited_page (visitor, at, url, title) SELECT id, created_at, 'https://a.example/?q=%00', '' FROM visitor;

INSERT INTO conversation (id, site, visitor, state, agent, last_agent, head, visitor_head, opened_at, state_at, assigned_at, queue_time, visitor_at, unanswered,
                          preview, page, last_entry, leap_entry, rating, team, language)
SELECT CAST('chat' || substr(id, 5) AS BLOB), site, id, created_at % 4, CASE created_at % 4 WHEN 1 THEN CAST(printf('agent%011d', 1 + created_at % 8) AS BLOB) END,
       NULL, 70, 70, created_at, created_at, NULL, CASE created_at % 4 WHEN 0 THEN created_at END, created_at, 0,
       'line' || char(10) || '2', NULL, created_at * 70, created_at * 70 - 6, NULL, NULL, 'fr' FROM visitor;
WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 70)
INSERT INTO message (n, conversation, seq, before, leap, visible, id, at, author_kind, author, internal, body)
SELECT (v.created_at - 1) * 70 + i.n, CAST('chat' || substr(v.id, 5) AS BLOB), i.n, CASE WHEN i.n > 1 THEN (v.created_at - 1) * 70 + i.n - 1 END,
       CASE WHEN i.n > 64 THEN (v.created_at - 1) * 70 + 64 END, i.n - 1, CAST(printf('%08d%08d', v.created_at, i.n) AS BLOB), i.n, i.n % 3,
       CASE i.n % 3 WHEN 0 THEN v.id WHEN 1 THEN CAST(printf('agent%011d', 1 + i.n % 8) AS BLOB) END, 0,
       json_object('text', printf('line %d: ', i.n) || 'ﬀ é ' || char(8232) || ' \ " 🦀') FROM visitor v, i;
WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 5000)
INSERT INTO audit (id, at, agent, conversation, what, about, detail) SELECT n * 3, n, NULL, x'00', 'test', '', 'a' || n FROM i;

INSERT INTO node (id, heartbeat_at) VALUES (CAST('node000000000001' AS BLOB), 1), (CAST('node000000000002' AS BLOB), 2);
INSERT INTO presence (subject, node) SELECT id, CAST('node000000000001' AS BLOB) FROM agent;
INSERT INTO site_secret (id, site, secret, created_at) SELECT id, id, 'secret', 1 FROM site;
INSERT INTO visitor_token (token_hash, visitor, secret, created_at)
SELECT CAST('token' || created_at AS BLOB), id, site, 1 FROM visitor;
INSERT INTO file (id, owner, name, media_type, size, width, height, duration_ms, created_at, held, erased)
SELECT id, id, 'naïve 猫.png', 'image/png', 5000000000, NULL, 0, NULL, 1, 1, 0 FROM visitor;
INSERT INTO file_use (conversation, seq, file) SELECT CAST('chat' || substr(id, 5) AS BLOB), 2, id FROM visitor;
INSERT INTO sighting (site, origin, script_at) SELECT id, '', 1 FROM site UNION ALL SELECT id, 'https://É.example', NULL FROM site;
INSERT INTO mail (id, kind, conversation, recipient, after, last, created_at, due_at, tries) SELECT id, 0, id, 'Kim@Example.com', 1, 2, 3, NULL, 0 FROM conversation;
INSERT INTO visitor_link (token_hash, visitor, expires_at) SELECT id, id, 1 FROM visitor;
INSERT INTO visitor_browser (token_hash, visitor, created_at) SELECT id, id, 1 FROM visitor;
INSERT INTO second_factor (agent, secret, confirmed, last_step) SELECT id, x'00010203', 1, 2 FROM agent;
INSERT INTO recovery_code (code_hash, agent) SELECT CAST('code' || id AS BLOB), id FROM agent;
INSERT INTO block (id, site, visitor, network, reason, agent, created_at, expires_at)
SELECT id, site, CASE created_at % 2 WHEN 0 THEN id END, CASE created_at % 2 WHEN 1 THEN '192.0.' || created_at || '.0/24' END, '', (SELECT min(id) FROM agent), 1, NULL FROM visitor;
WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 3000)
INSERT INTO conversation_tag (conversation, tag) SELECT (SELECT min(id) FROM conversation), CASE n % 4 WHEN 0 THEN 'a' WHEN 1 THEN 'B' WHEN 2 THEN 'é' ELSE '_' END || n FROM i;
INSERT INTO saved_search (id, agent, name, query) SELECT id, id, '', '{}' FROM agent;
INSERT INTO shift (agent, began_at, ended_at, slots) SELECT id, 1, 2, 3 FROM agent UNION ALL SELECT id, 3, NULL, 3 FROM agent;
INSERT INTO api_token (token_hash, agent, created_at, created_by, expires_at, used_at) SELECT id, id, 1, id, NULL, NULL FROM agent;
INSERT INTO reply (id, owner, site, shortcut, text)
SELECT id, NULL, id, 'hi', 'hello' FROM site UNION ALL SELECT id, id, NULL, 'hi', 'hello' FROM agent;
INSERT INTO push_key (id, pkcs8, created_at) VALUES (1, x'3081', 1);
INSERT INTO push_subscription (session, agent, endpoint, p256dh, auth, language, time_zone, quiet, assigned, messages, queue, offers, shows_text, created_at)
SELECT token_hash, agent, 'https://push.example/' || hex(agent), x'04', x'05', 'en', 'UTC', NULL, 1, 1, 0, 0, 0, 1 FROM agent_session;
INSERT INTO push (session, conversation, cause, last, created_at, due_at, tries)
SELECT token_hash, (SELECT min(id) FROM conversation), 3, 1, 1, 1, 0 FROM agent_session;
UPDATE house_rule SET second_factor_since = 7;
INSERT INTO mention (agent, conversation, seq, author, at, whisper, seen) SELECT id, (SELECT min(id) FROM conversation), 5, id, 1, 0, 0 FROM agent;
INSERT INTO team (id, name) VALUES (CAST('team000000000001' AS BLOB), 'Équipe'), (CAST('team000000000002' AS BLOB), 'Support');
INSERT INTO team_member (team, agent) SELECT CAST('team000000000001' AS BLOB), id FROM agent;
INSERT INTO team_site (team, site) SELECT CAST('team000000000001' AS BLOB), id FROM site;
