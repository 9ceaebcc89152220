-- What the pages of the site need: a place of a todo in its list that people
-- choose, and counts by day.
--
-- The order of a list is that of list_rank, the highest first. A todo that joins gets one
-- above all others; between two there is room for others.
--
-- A todo is counted under the days, in the zone of the board, on which it was
-- created and finished: they are stored, so that it is taken out of the same counts
-- even when the zone has been changed. Days are numbers, from 0 on 1970-01-01.

ALTER TABLE list
  ADD last_rank BIGINT UNSIGNED NOT NULL DEFAULT 0;  -- the highest that a todo got

ALTER TABLE todo
  ADD list_rank    BIGINT UNSIGNED NOT NULL DEFAULT 0,
  ADD created_day  INT UNSIGNED NOT NULL DEFAULT 0,
  ADD finished_day INT UNSIGNED;

UPDATE list SET last_rank = last_number << 24;
UPDATE todo SET
  list_rank = list_number << 24,
  created_day = TO_DAYS(created) - TO_DAYS('1970-01-01'),
  finished_day = TO_DAYS(finished) - TO_DAYS('1970-01-01');

ALTER TABLE todo
  DROP KEY newest_of_list,
  ADD KEY order_of_list (list_id, state, list_rank);

-- The lists and tags that the board shows: those with the most open todos.
ALTER TABLE list ADD KEY fullest (deleted, open);
ALTER TABLE tag ADD KEY fullest (open), ADD KEY public_fullest (public_open);

-- Kinds of buckets that come with this are the bars of /stats, for which `number` is a day, or how long a todo
-- took as one of the classes of took_class() in db/todo.h: 8 created, 9 finished, 10 took; 11 to 13 the same of public
-- todos; 14 to 16 of a list's. One that was finished when it was created took nothing, and is in none.
CREATE TEMPORARY TABLE bar
  SELECT list_id, public, created_day, finished_day,
    CASE WHEN state <> 2 OR finished <= created THEN NULL
         ELSE 1 + (took >= 3600) + (took >= 86400) + (took >= 259200) + (took >= 604800) + (took >= 1209600)
              + (took >= 2592000) + (took >= 7776000) END AS class
  FROM (SELECT list_id, public, state, created, finished, created_day,
          IF(state = 2, finished_day, NULL) AS finished_day,
          TIMESTAMPDIFF(SECOND, created, finished) AS took
        FROM todo WHERE state IN (1, 2)) AS t;
INSERT INTO bucket (kind, owner, number, todos) SELECT 8, 0, created_day, COUNT(*) FROM bar GROUP BY 3;
INSERT INTO bucket (kind, owner, number, todos)
  SELECT 9, 0, finished_day, COUNT(*) FROM bar WHERE finished_day IS NOT NULL GROUP BY 3;
INSERT INTO bucket (kind, owner, number, todos)
  SELECT 10, 0, class, COUNT(*) FROM bar WHERE class IS NOT NULL GROUP BY 3;
INSERT INTO bucket (kind, owner, number, todos)
  SELECT 11, 0, created_day, COUNT(*) FROM bar WHERE public GROUP BY 3;
INSERT INTO bucket (kind, owner, number, todos)
  SELECT 12, 0, finished_day, COUNT(*) FROM bar WHERE public AND finished_day IS NOT NULL GROUP BY 3;
INSERT INTO bucket (kind, owner, number, todos)
  SELECT 13, 0, class, COUNT(*) FROM bar WHERE public AND class IS NOT NULL GROUP BY 3;
INSERT INTO bucket (kind, owner, number, todos)
  SELECT 14, list_id, created_day, COUNT(*) FROM bar GROUP BY 2, 3;
INSERT INTO bucket (kind, owner, number, todos)
  SELECT 15, list_id, finished_day, COUNT(*) FROM bar WHERE finished_day IS NOT NULL GROUP BY 2, 3;
INSERT INTO bucket (kind, owner, number, todos)
  SELECT 16, list_id, class, COUNT(*) FROM bar WHERE class IS NOT NULL GROUP BY 2, 3;
DROP TEMPORARY TABLE bar;
