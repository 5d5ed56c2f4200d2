-- Which place in the status lists is the session's for as long as its row is there: never that of two.
ALTER TABLE sessions ADD COLUMN status_index BIGINT;

CREATE UNIQUE INDEX sessions_by_status_index ON sessions (status_index) WHERE status_index IS NOT NULL;
