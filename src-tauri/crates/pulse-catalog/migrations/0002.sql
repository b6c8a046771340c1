-- Connections and sources.

-- Named settings of an outside system, as JSON without secrets; secrets holds the names of those that are kept apart.
CREATE TABLE connections (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE COLLATE NOCASE,
    kind          TEXT NOT NULL,
    settings      TEXT NOT NULL,
    secrets       TEXT NOT NULL,
    updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What is read through a connection into a table. The connection is no foreign key, because those of the environment
-- and of files are not in this database. body is what was saved and outcome what came of the last refresh, as JSON.
CREATE TABLE sources (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE COLLATE NOCASE,
    connection    TEXT NOT NULL,
    table_name    TEXT NOT NULL,
    body          TEXT NOT NULL,
    outcome       TEXT NOT NULL,
    updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sources_connection ON sources (connection);
CREATE INDEX sources_table ON sources (table_name);

-- Licence, version, ETag and other facts of a landed file, as JSON.
ALTER TABLE landed_files ADD COLUMN facts TEXT NOT NULL DEFAULT '[]';
