-- The model. One writer at a time: every transaction that writes locks the
-- row in `board` first, takes revisions, ids and numbers from it, and updates
-- it last. So revisions are dense, follow commit order, and need no
-- AUTO_INCREMENT (whose values become visible out of order).
--
-- Times are UTC. Names of lists and tags are stored as typed (in normal form
-- C) and compared by `name_key`, which the API computes: NFC, case folded.

CREATE TABLE board (
  id        TINYINT UNSIGNED NOT NULL DEFAULT 1 PRIMARY KEY CHECK (id = 1),
  revision  BIGINT UNSIGNED NOT NULL DEFAULT 0,  -- the last one given out
  last_todo BIGINT UNSIGNED NOT NULL DEFAULT 0,
  last_list INT UNSIGNED NOT NULL DEFAULT 0,
  last_tag  INT UNSIGNED NOT NULL DEFAULT 0,
  open      BIGINT NOT NULL DEFAULT 0,           -- todos that are neither finished nor deleted
  done      BIGINT NOT NULL DEFAULT 0
) COMMENT 'one row: what is given out next, and the totals';
INSERT INTO board () VALUES ();

CREATE TABLE list (
  id          INT UNSIGNED NOT NULL PRIMARY KEY,
  version     INT UNSIGNED NOT NULL,
  revision    BIGINT UNSIGNED NOT NULL,          -- of its last own change, not its todos'
  name        VARCHAR(64) NOT NULL,
  name_key    VARBINARY(768) NOT NULL UNIQUE,
  slug        VARBINARY(220) NOT NULL UNIQUE,    -- given once, never changed
  public      BOOLEAN NOT NULL DEFAULT FALSE,
  deleted     BOOLEAN NOT NULL DEFAULT FALSE,    -- the name keeps its row: its use brings the list back
  last_number INT UNSIGNED NOT NULL DEFAULT 0,   -- the last number a todo got on joining
  open        INT NOT NULL DEFAULT 0,
  done        INT NOT NULL DEFAULT 0
);

CREATE TABLE tag (
  id          INT UNSIGNED NOT NULL PRIMARY KEY,
  name        VARCHAR(64) NOT NULL,
  name_key    VARBINARY(768) NOT NULL UNIQUE,
  slug        VARBINARY(220) NOT NULL UNIQUE,
  last_number INT UNSIGNED NOT NULL DEFAULT 0,
  open        INT NOT NULL DEFAULT 0,
  done        INT NOT NULL DEFAULT 0
);

CREATE TABLE todo (
  id          BIGINT UNSIGNED NOT NULL PRIMARY KEY,
  version     INT UNSIGNED NOT NULL,
  revision    BIGINT UNSIGNED NOT NULL,
  state       TINYINT UNSIGNED NOT NULL,         -- 1 open, 2 done, 3 deleted
  title       VARCHAR(200) NOT NULL,
  notes       TEXT NOT NULL,
  list_id     INT UNSIGNED NOT NULL,
  list_number INT UNSIGNED NOT NULL,             -- kept while it stays in the list, deleted or not
  priority    TINYINT UNSIGNED NOT NULL,         -- 1 highest to 4, 0 none
  due         VARCHAR(35) CHARACTER SET ascii,   -- as typed: a date, or RFC 3339
  due_key     DATETIME,                          -- the date at midnight, or the moment in UTC
  created     DATETIME(3) NOT NULL,
  updated     DATETIME(3) NOT NULL,
  finished    DATETIME(3),
  deleted     DATETIME(3),
  KEY newest (state, id),
  KEY finished (state, finished, id),
  KEY due (state, due_key, id),
  UNIQUE KEY place (list_id, list_number),
  KEY newest_of_list (list_id, state, list_number),
  FOREIGN KEY (list_id) REFERENCES list (id)
);

CREATE TABLE todo_tag (
  todo_id  BIGINT UNSIGNED NOT NULL,
  tag_id   INT UNSIGNED NOT NULL,
  position TINYINT UNSIGNED NOT NULL,            -- in the order typed
  number   INT UNSIGNED NOT NULL,
  state    TINYINT UNSIGNED NOT NULL,            -- the todo's, so that one index serves a tag's page
  PRIMARY KEY (todo_id, tag_id),
  UNIQUE KEY place (tag_id, number),
  KEY newest_of_tag (tag_id, state, number),
  FOREIGN KEY (todo_id) REFERENCES todo (id),
  FOREIGN KEY (tag_id) REFERENCES tag (id)
);

-- How many todos stand on a bucket's page. A bucket without any has no row, so
-- that its neighbours are found by one look into the primary key.
CREATE TABLE bucket (
  kind   TINYINT UNSIGNED NOT NULL,              -- 1 open, 2 done, 3 list, 4 tag
  owner  INT UNSIGNED NOT NULL,                  -- list or tag id, else 0
  number BIGINT UNSIGNED NOT NULL,
  todos  INT NOT NULL,
  PRIMARY KEY (kind, owner, number)
);

-- The history, and the only thing that the generator follows.
CREATE TABLE `change` (
  revision   BIGINT UNSIGNED NOT NULL PRIMARY KEY,
  at         DATETIME(3) NOT NULL,
  actor      VARCHAR(64) NOT NULL,
  op         TINYINT UNSIGNED NOT NULL,          -- enum change_op in db/todo.h
  todo_id    BIGINT UNSIGNED,
  list_id    INT UNSIGNED,                       -- of a list's own change
  version    INT UNSIGNED NOT NULL,              -- of the todo or list, after it
  state_from TINYINT UNSIGNED NOT NULL,          -- 0 not there, else as todo.state
  state_to   TINYINT UNSIGNED NOT NULL,
  places     VARCHAR(1000) CHARACTER SET ascii NOT NULL,  -- see db/todo.h
  detail     MEDIUMTEXT,                         -- JSON: {"field": [from, to], ...}
  KEY history (todo_id, revision)
);

CREATE TABLE receipt (
  actor       VARCHAR(64) NOT NULL,
  idempotency_key VARBINARY(255) NOT NULL,
  fingerprint BINARY(32) NOT NULL,               -- of method, path and body
  at          DATETIME(3) NOT NULL,
  op          TINYINT UNSIGNED NOT NULL,         -- enum command_op in db/write.h
  id          BIGINT UNSIGNED NOT NULL,          -- of the todo or list
  version     INT UNSIGNED NOT NULL,
  revision    BIGINT UNSIGNED NOT NULL,
  todos       INT UNSIGNED NOT NULL,             -- an import's counts
  done        INT UNSIGNED NOT NULL,
  lists       INT UNSIGNED NOT NULL,
  PRIMARY KEY (idempotency_key, actor),
  KEY (at)
) COMMENT 'the answers that a repeat gets, for 24 hours';

CREATE TABLE writer (
  token BINARY(16) NOT NULL PRIMARY KEY,         -- drawn by each API process at its start
  batch BIGINT UNSIGNED NOT NULL,
  at    DATETIME(3) NOT NULL
) COMMENT 'the last batch that each API process committed: settles a COMMIT whose answer was lost';
