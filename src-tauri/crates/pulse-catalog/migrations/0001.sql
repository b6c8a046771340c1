-- The first catalog. A migration is never edited once released; a change is a new file.

-- A recipe with the revision that is current; input and output are table names such as bronze.prices.
CREATE TABLE recipes (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    input         TEXT NOT NULL,
    output        TEXT NOT NULL,
    body          TEXT NOT NULL,
    revision      INTEGER NOT NULL CHECK (revision > 0),
    updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX recipes_input ON recipes (input);

-- Every body a recipe ever had. The parent is the revision it was edited from: undo goes to the parent, redo to the
-- newest child, and an edit after an undo starts a new branch without losing the old one.
CREATE TABLE recipe_revisions (
    recipe_id TEXT NOT NULL REFERENCES recipes (id) ON DELETE CASCADE,
    revision  INTEGER NOT NULL CHECK (revision > 0),
    parent    INTEGER,
    body      TEXT NOT NULL,
    at_ms     INTEGER NOT NULL,
    PRIMARY KEY (recipe_id, revision)
) STRICT, WITHOUT ROWID;
CREATE INDEX recipe_revisions_parent ON recipe_revisions (recipe_id, parent);

-- Background work. request, result and message hold JSON.
CREATE TABLE jobs (
    id            TEXT PRIMARY KEY,
    kind          TEXT NOT NULL,
    title         TEXT NOT NULL,
    state         TEXT NOT NULL
        CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted')),
    created_at_ms INTEGER NOT NULL,
    started_at_ms INTEGER,
    ended_at_ms   INTEGER,
    rows          INTEGER NOT NULL CHECK (rows >= 0),
    bytes         INTEGER NOT NULL CHECK (bytes >= 0),
    message       TEXT,
    result        TEXT,
    request       TEXT NOT NULL,
    log           TEXT NOT NULL
) STRICT;
CREATE INDEX jobs_created ON jobs (created_at_ms);
CREATE INDEX jobs_state ON jobs (state);

-- Where the bytes of each version of a bronze table came from, in the order they were read.
CREATE TABLE landed_files (
    id            INTEGER PRIMARY KEY,
    sha256        TEXT NOT NULL,
    name          TEXT NOT NULL,
    bytes         INTEGER NOT NULL CHECK (bytes >= 0),
    original_path TEXT NOT NULL,
    stored        TEXT NOT NULL CHECK (stored IN ('copied', 'referenced')),
    path          TEXT NOT NULL,
    mtime_ms      INTEGER,
    at_ms         INTEGER NOT NULL,
    table_name    TEXT NOT NULL,
    version       INTEGER NOT NULL CHECK (version >= 0),
    job           TEXT
) STRICT;
CREATE INDEX landed_files_table ON landed_files (table_name, version);
CREATE INDEX landed_files_sha256 ON landed_files (sha256);

-- SQL the user saved under a name.
CREATE TABLE queries (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    sql           TEXT NOT NULL,
    updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- SQL the user ran; the program keeps the newest entries only.
CREATE TABLE query_history (
    id    INTEGER PRIMARY KEY,
    sql   TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

-- Small choices of the user, as JSON.
CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
