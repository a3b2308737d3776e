-- Version 1 of a registry in PostgreSQL. Times are Unix seconds; fingerprints are SHA-256.

CREATE SCHEMA IF NOT EXISTS clientcert;

CREATE TABLE clientcert.version (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    number integer NOT NULL
);

CREATE TABLE clientcert.registration (
    kind text NOT NULL CHECK (kind IN ('spki', 'cert')),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    user_name text COLLATE "C" NOT NULL CHECK (
        octet_length(user_name) BETWEEN 1 AND 1024 AND user_name !~ '[\u0001-\u001f\u007f-\u009f]'
    ),
    label text NOT NULL CHECK (octet_length(label) <= 1024 AND label !~ '[\u0001-\u001f\u007f-\u009f]'),
    created bigint NOT NULL,
    not_before bigint,
    not_after bigint,
    disabled boolean NOT NULL,
    revoked bigint,
    last_used bigint,
    no_manage boolean NOT NULL,
    ca bytea CHECK (octet_length(ca) = 32),
    PRIMARY KEY (fingerprint, kind)
);

CREATE INDEX registration_user ON clientcert.registration (user_name, created);

-- One row, which every change replaces. The token tells two histories apart, such as those of two servers after a failover.
CREATE TABLE clientcert.generation (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    number bigint NOT NULL,
    token uuid NOT NULL,
    transaction xid8
);

INSERT INTO clientcert.generation (number, token) VALUES (1, gen_random_uuid());

CREATE TABLE clientcert.audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    time bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    user_name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('spki', 'cert')),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    label text NOT NULL,
    detail text
);

CREATE INDEX audit_fingerprint ON clientcert.audit (fingerprint);
CREATE INDEX audit_user ON clientcert.audit (user_name);

-- One for a transaction is enough.
CREATE FUNCTION clientcert.next_generation() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    current bigint;
BEGIN
    UPDATE clientcert.generation
        SET number = number + 1, token = gen_random_uuid(), transaction = pg_current_xact_id()
        WHERE transaction IS DISTINCT FROM pg_current_xact_id()
        RETURNING number INTO current;
    IF FOUND THEN
        PERFORM pg_notify('clientcert', current::text);
    END IF;
END
$$;

CREATE FUNCTION clientcert.registration_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM clientcert.next_generation();
        RETURN NEW;
    ELSIF TG_OP = 'UPDATE' THEN
        IF (OLD.kind, OLD.fingerprint) IS DISTINCT FROM (NEW.kind, NEW.fingerprint) THEN
            RAISE integrity_constraint_violation USING MESSAGE = 'the key of a registration does not change';
        ELSIF OLD.revoked IS NOT NULL AND NEW.revoked IS DISTINCT FROM OLD.revoked THEN
            RAISE integrity_constraint_violation USING MESSAGE = 'a revocation is final';
        END IF;
        -- When a key was used last is nothing that a verification asks for, so it makes no generation.
        IF (OLD.user_name, OLD.label, OLD.created, OLD.not_before, OLD.not_after, OLD.disabled, OLD.revoked,
                OLD.no_manage, OLD.ca)
            IS DISTINCT FROM (NEW.user_name, NEW.label, NEW.created, NEW.not_before, NEW.not_after, NEW.disabled,
                NEW.revoked, NEW.no_manage, NEW.ca) THEN
            PERFORM clientcert.next_generation();
        END IF;
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        IF OLD.revoked IS NOT NULL THEN
            RAISE integrity_constraint_violation USING MESSAGE = 'a revoked registration stays';
        END IF;
        PERFORM clientcert.next_generation();
        RETURN OLD;
    END IF;
    RAISE integrity_constraint_violation USING MESSAGE = 'registrations are taken away one by one';
END
$$;

CREATE TRIGGER registration_changes BEFORE INSERT OR UPDATE OR DELETE ON clientcert.registration
    FOR EACH ROW EXECUTE FUNCTION clientcert.registration_changes();
CREATE TRIGGER registration_truncated BEFORE TRUNCATE ON clientcert.registration
    FOR EACH STATEMENT EXECUTE FUNCTION clientcert.registration_changes();

CREATE FUNCTION clientcert.audit_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE integrity_constraint_violation USING MESSAGE = 'an audit record does not change';
END
$$;

CREATE TRIGGER audit_is_final BEFORE UPDATE ON clientcert.audit
    FOR EACH ROW EXECUTE FUNCTION clientcert.audit_is_final();

INSERT INTO clientcert.version (number) VALUES (1);
