-- Syncs: what is sent to outside systems, every run of it, and what became of each row.

-- A saved way from tables or queries to targets of one connection. body is what was saved, as JSON.
CREATE TABLE syncs (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE COLLATE NOCASE,
    connection    TEXT NOT NULL,
    body          TEXT NOT NULL,
    updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX syncs_connection ON syncs (connection);

-- One table of one run. Tables that are sent together have the same batch. position is the destination's own, body what
-- was sent and what came of it, as JSON; both null before there is something to say.
CREATE TABLE sync_runs (
    id            TEXT PRIMARY KEY,
    sync          TEXT NOT NULL REFERENCES syncs (id) ON DELETE CASCADE,
    batch         TEXT NOT NULL,
    part          TEXT NOT NULL,
    destination   TEXT NOT NULL,
    state         TEXT NOT NULL,
    sequence      INTEGER NOT NULL,
    total         INTEGER NOT NULL,
    position      TEXT,
    body          TEXT,
    started_at_ms INTEGER NOT NULL,
    ended_at_ms   INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX sync_runs_sync ON sync_runs (sync, started_at_ms);

-- What became of rows first .. first + count - 1 of a run; a row without a receipt is pending. row is a rejected row as
-- JSON.
CREATE TABLE receipts (
    run    TEXT NOT NULL REFERENCES sync_runs (id) ON DELETE CASCADE,
    first  INTEGER NOT NULL,
    count  INTEGER NOT NULL,
    fate   TEXT NOT NULL,
    reason TEXT NOT NULL,
    row    TEXT NOT NULL,
    at_ms  INTEGER NOT NULL,
    PRIMARY KEY (run, first)
) STRICT, WITHOUT ROWID;
