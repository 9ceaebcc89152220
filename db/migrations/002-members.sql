-- Two trees: what belongs to public lists is counted and found apart from the
-- rest, and who may write is stored.
--
-- A todo is public when its list is. `public` of todo and todo_tag is a copy
-- of list.public, of deleted todos too, for the indexes of the public tree;
-- the writer keeps it.

ALTER TABLE board
  ADD public_open BIGINT NOT NULL DEFAULT 0,
  ADD public_done BIGINT NOT NULL DEFAULT 0;

ALTER TABLE tag
  ADD public_open INT NOT NULL DEFAULT 0,
  ADD public_done INT NOT NULL DEFAULT 0;

ALTER TABLE todo
  ADD public BOOLEAN NOT NULL DEFAULT FALSE,
  ADD KEY public_newest (public, state, id),
  ADD KEY public_finished (public, state, finished, id),
  ADD KEY public_due (public, state, due_key, id);

ALTER TABLE todo_tag
  ADD public BOOLEAN NOT NULL DEFAULT FALSE,
  ADD KEY public_newest_of_tag (tag_id, public, state, todo_id);

-- Before and after: of the list that the todo was and is in; of a list's own
-- change, the list's.
ALTER TABLE `change`
  ADD public_from BOOLEAN NOT NULL DEFAULT FALSE,
  ADD public_to BOOLEAN NOT NULL DEFAULT FALSE;

-- Kinds of buckets that come with this: 5 open, 6 done and 7 of a tag, of
-- public todos alone. Their numbers are todo ids, which are no secret: numbers
-- in a tag would count private todos.
UPDATE todo t JOIN list l ON l.id = t.list_id SET t.public = TRUE WHERE l.public;
UPDATE todo_tag m JOIN todo t ON t.id = m.todo_id SET m.public = TRUE WHERE t.public;
UPDATE board SET
  public_open = (SELECT COUNT(*) FROM todo WHERE public AND state = 1),
  public_done = (SELECT COUNT(*) FROM todo WHERE public AND state = 2);
UPDATE tag g
  JOIN (SELECT tag_id, SUM(state = 1) AS open, SUM(state = 2) AS done FROM todo_tag
        WHERE public AND state IN (1, 2) GROUP BY tag_id) AS m ON m.tag_id = g.id
  SET g.public_open = m.open, g.public_done = m.done;
INSERT INTO bucket (kind, owner, number, todos)
  SELECT 4 + state, 0, (id - 1) DIV 100 + 1, COUNT(*) FROM todo
  WHERE public AND state IN (1, 2) GROUP BY 1, 2, 3
  UNION ALL
  SELECT 7, tag_id, (todo_id - 1) DIV 100 + 1, COUNT(*) FROM todo_tag
  WHERE public AND state IN (1, 2) GROUP BY 1, 2, 3;

-- Of the history: when a list became public or private (ops 8 and 9, its edit
-- and its end), and in which list a todo was and is.
CREATE TEMPORARY TABLE flip (PRIMARY KEY (list_id, revision))
  SELECT list_id, revision, op = 8 AND JSON_EXTRACT(detail, '$.public[1]') = 'true' AS public FROM `change`
  WHERE op = 9 OR op = 8 AND JSON_EXISTS(detail, '$.public');
UPDATE `change` c SET
  public_from = COALESCE((SELECT f.public FROM flip f WHERE f.list_id = c.list_id AND f.revision < c.revision
                          ORDER BY f.revision DESC LIMIT 1), FALSE),
  public_to = COALESCE((SELECT f.public FROM flip f WHERE f.list_id = c.list_id AND f.revision <= c.revision
                        ORDER BY f.revision DESC LIMIT 1), FALSE)
  WHERE c.list_id IS NOT NULL;
UPDATE `change` c SET
  public_from = c.state_from <> 0 AND COALESCE((SELECT f.public FROM flip f
    WHERE f.list_id = REGEXP_SUBSTR(c.places, '(?<=[=-]l)[0-9]+') AND f.revision < c.revision
    ORDER BY f.revision DESC LIMIT 1), FALSE),
  public_to = c.state_to <> 0 AND COALESCE((SELECT f.public FROM flip f
    WHERE f.list_id = REGEXP_SUBSTR(c.places, '(?<=[=+]l)[0-9]+') AND f.revision < c.revision
    ORDER BY f.revision DESC LIMIT 1), FALSE)
  WHERE c.todo_id IS NOT NULL AND EXISTS (SELECT 1 FROM flip);
DROP TEMPORARY TABLE flip;

CREATE TABLE owner (
  id         TINYINT UNSIGNED NOT NULL DEFAULT 1 PRIMARY KEY CHECK (id = 1),
  passphrase VARCHAR(128) CHARACTER SET ascii NOT NULL,  -- as crypto_pwhash_str() of libsodium makes it (Argon2id)
  changed    DATETIME(3) NOT NULL
) COMMENT 'one row, once there is a passphrase';

CREATE TABLE credential (
  hash        BINARY(32) NOT NULL PRIMARY KEY,   -- BLAKE2b-256 of the secret, keyed with SECRET_KEY
  kind        TINYINT UNSIGNED NOT NULL,         -- 1 session, 2 token
  name        VARCHAR(64) NOT NULL,              -- in the history: the token's, or 'owner'
  token_name  VARCHAR(64) UNIQUE,                -- a token's name, NULL of a session: no two tokens have the same
  reading_key CHAR(64) CHARACTER SET ascii NOT NULL UNIQUE,
  created     DATETIME(3) NOT NULL,
  expires     DATETIME(3),                       -- NULL: never
  KEY (expires)
) COMMENT 'who may read and write: sessions and tokens';
