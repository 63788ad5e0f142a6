-- Every write in order: live objects, and for a while what they were before.
CREATE TABLE log (
    revision INTEGER PRIMARY KEY, -- one counter for all keys, without gaps above meta.compacted
    key      TEXT NOT NULL,
    at       INTEGER NOT NULL,    -- when it was written, in milliseconds since 1970
    value    BLOB,                -- the object's JSON; NULL says that the key was deleted
    hole     INTEGER NOT NULL     -- where in the value the revision's digits begin
);

-- Which holder has which number of which pool.
CREATE TABLE claims (
    pool   TEXT NOT NULL,
    number BLOB NOT NULL,         -- 16 bytes, big-endian
    holder TEXT NOT NULL,
    PRIMARY KEY (pool, number)
) WITHOUT ROWID;

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;

-- History is complete after this revision. Rows at or below it are only kept while their object lives.
INSERT INTO meta (name, value) VALUES ('compacted', 0);
