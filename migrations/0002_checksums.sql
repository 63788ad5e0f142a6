-- Every row says what it should be, so that damage is noticed. The value comes last, because SQLite reads a row from its
-- beginning and values are long.
ALTER TABLE log RENAME TO old_log;
CREATE TABLE log (
    revision INTEGER PRIMARY KEY, -- one counter for all keys, without gaps above meta.compacted
    key      TEXT NOT NULL,
    at       INTEGER NOT NULL,    -- when it was written, in milliseconds since 1970
    hole     INTEGER NOT NULL,    -- where in the value the revision's digits begin
    checksum INTEGER NOT NULL,    -- CRC-32 of all the others
    value    BLOB                 -- the object's JSON; NULL says that the key was deleted
);

ALTER TABLE claims RENAME TO old_claims;
CREATE TABLE claims (
    pool     TEXT NOT NULL,
    number   BLOB NOT NULL,       -- 16 bytes, big-endian
    holder   TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (pool, number)
) WITHOUT ROWID;

-- compacted: history is complete after this revision; rows at or below it are only kept while their object lives.
-- settled: the sum of the checksums of the rows of the log at or below compacted, so that none can vanish.
-- claims: the sum of the checksums of all claims.
-- wal: which write-ahead log belongs to the file; 0 if none does.
ALTER TABLE meta RENAME TO old_meta;
CREATE TABLE meta (
    name     TEXT PRIMARY KEY,
    value    INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) WITHOUT ROWID;
