-- Version 1 of a registry in SQLite. Times are Unix seconds; fingerprints are SHA-256.

CREATE TABLE registration (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('spki', 'cert')),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    user_name TEXT NOT NULL CHECK (
        octet_length(user_name) BETWEEN 1 AND 1024 AND instr(user_name, char(0)) = 0
        AND user_name NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'
    ),
    label TEXT NOT NULL CHECK (
        octet_length(label) <= 1024 AND instr(label, char(0)) = 0
        AND label NOT GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*'
    ),
    created INTEGER NOT NULL,
    not_before INTEGER,
    not_after INTEGER,
    disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    revoked INTEGER,
    last_used INTEGER,
    no_manage INTEGER NOT NULL CHECK (no_manage IN (0, 1)),
    ca BLOB CHECK (length(ca) = 32),
    UNIQUE (fingerprint, kind)
) STRICT;

CREATE INDEX registration_user ON registration (user_name, created);

-- One row, which every change replaces. The token tells two histories apart, such as one before and one after a backup
-- was put back.
CREATE TABLE generation (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    number INTEGER NOT NULL,
    token BLOB NOT NULL
) STRICT;

INSERT INTO generation VALUES (1, 1, randomblob(16));

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    user_name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('spki', 'cert')),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    label TEXT NOT NULL,
    detail TEXT
) STRICT;

CREATE INDEX audit_fingerprint ON audit (fingerprint);
CREATE INDEX audit_user ON audit (user_name);

CREATE TRIGGER registration_inserted AFTER INSERT ON registration BEGIN
    UPDATE generation SET number = number + 1, token = randomblob(16);
END;

-- When a key was used last is nothing that a verification asks for, so it makes no generation.
CREATE TRIGGER registration_updated
AFTER UPDATE OF user_name, label, created, not_before, not_after, disabled, revoked, no_manage, ca ON registration
WHEN (OLD.user_name, OLD.label, OLD.created, OLD.not_before, OLD.not_after, OLD.disabled, OLD.revoked, OLD.no_manage, OLD.ca)
    IS NOT (NEW.user_name, NEW.label, NEW.created, NEW.not_before, NEW.not_after, NEW.disabled, NEW.revoked, NEW.no_manage, NEW.ca)
BEGIN
    UPDATE generation SET number = number + 1, token = randomblob(16);
END;

CREATE TRIGGER registration_deleted AFTER DELETE ON registration BEGIN
    UPDATE generation SET number = number + 1, token = randomblob(16);
END;

CREATE TRIGGER key_is_fixed BEFORE UPDATE OF id, kind, fingerprint ON registration
WHEN (OLD.id, OLD.kind, OLD.fingerprint) IS NOT (NEW.id, NEW.kind, NEW.fingerprint)
BEGIN
    SELECT RAISE(ABORT, 'the key of a registration does not change');
END;

CREATE TRIGGER revocation_is_final BEFORE UPDATE OF revoked ON registration
WHEN OLD.revoked IS NOT NULL AND NEW.revoked IS NOT OLD.revoked
BEGIN
    SELECT RAISE(ABORT, 'a revocation is final');
END;

CREATE TRIGGER revocation_stays BEFORE DELETE ON registration WHEN OLD.revoked IS NOT NULL BEGIN
    SELECT RAISE(ABORT, 'a revoked registration stays');
END;

CREATE TRIGGER audit_is_final BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'an audit record does not change');
END;

PRAGMA user_version = 1;
