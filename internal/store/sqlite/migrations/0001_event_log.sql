-- +goose Up

-- The events, in their one order. Rows are only ever added.
CREATE TABLE event (
    -- The place in the log: 1, 2, 3 …, without a gap.
    revision INTEGER NOT NULL,
    -- The event's public bytes.
    leaf BLOB NOT NULL,
    -- SHA-256(0x00 || leaf), RFC 9162, 2.1.1: what the Merkle tree is made of, so that a proof reads no leaves.
    leaf_hash BLOB NOT NULL,
    CONSTRAINT event_pk PRIMARY KEY (revision),
    CONSTRAINT event_revision_from_one CHECK (revision >= 1),
    CONSTRAINT event_leaf_size CHECK (length(leaf) BETWEEN 1 AND 4096),
    CONSTRAINT event_leaf_hash_size CHECK (length(leaf_hash) = 32)
) STRICT;

-- The side rows, in a table of their own, so that one can be taken out while its leaf stays.
CREATE TABLE side (
    -- The event's.
    revision INTEGER NOT NULL,
    -- The event's private bytes.
    bytes BLOB NOT NULL,
    CONSTRAINT side_pk PRIMARY KEY (revision),
    CONSTRAINT side_event_fk FOREIGN KEY (revision) REFERENCES event (revision),
    CONSTRAINT side_bytes_size CHECK (length(bytes) BETWEEN 1 AND 1048576)
) STRICT;

-- Which events concern a key: one row for each pair.
CREATE TABLE event_key (
    -- A keyed hash of 128 bits; of what, the store does not know.
    key BLOB NOT NULL,
    -- The event's.
    revision INTEGER NOT NULL,
    CONSTRAINT event_key_pk PRIMARY KEY (key, revision),
    CONSTRAINT event_key_event_fk FOREIGN KEY (revision) REFERENCES event (revision),
    CONSTRAINT event_key_key_size CHECK (length(key) = 16)
) STRICT, WITHOUT ROWID;

-- Every request that was carried out, whether it wrote an event or not, and what a retry is answered.
CREATE TABLE request (
    -- The caller's UUID.
    request_id BLOB NOT NULL,
    -- A keyed hash of the request's content: another one under the same id is refused.
    fingerprint BLOB NOT NULL,
    -- The event that it wrote; NULL if it wrote none.
    revision INTEGER,
    -- The log's last revision that the answer is true at; 0: the log was empty.
    head INTEGER NOT NULL,
    -- The answer's bytes, opaque to the store.
    answer BLOB NOT NULL,
    CONSTRAINT request_pk PRIMARY KEY (request_id),
    CONSTRAINT request_event_fk FOREIGN KEY (revision) REFERENCES event (revision),
    CONSTRAINT request_request_id_size CHECK (length(request_id) = 16),
    CONSTRAINT request_fingerprint_size CHECK (length(fingerprint) = 32),
    CONSTRAINT request_head_not_before_event CHECK (head >= coalesce(revision, 0)),
    CONSTRAINT request_answer_size CHECK (length(answer) <= 1024)
) STRICT, WITHOUT ROWID;

-- Documents that events refer to by their hash, such as policies, each once.
CREATE TABLE document (
    -- SHA-256 of the bytes.
    sha256 BLOB NOT NULL,
    -- The document.
    bytes BLOB NOT NULL,
    CONSTRAINT document_pk PRIMARY KEY (sha256),
    CONSTRAINT document_sha256_size CHECK (length(sha256) = 32),
    CONSTRAINT document_bytes_size CHECK (length(bytes) BETWEEN 1 AND 1048576)
) STRICT;

-- The log's state after its last event, in its only row, which every append reads first and writes last.
CREATE TABLE head (
    -- Always 1: there is one head.
    one INTEGER NOT NULL DEFAULT 1,
    -- The last event's, which is also how many there are; 0: none.
    revision INTEGER NOT NULL,
    -- The Merkle tree hash over all leaves (RFC 9162, 2.1.1).
    root BLOB NOT NULL,
    -- The roots of the perfect subtrees that the tree is made of, 32 bytes each, the largest first: one for each bit
    -- set in the revision.
    frontier BLOB NOT NULL,
    -- The latest time at which an event was recorded, in microseconds since 1970-01-01T00:00:00Z; NULL while there is
    -- none.
    time INTEGER,
    CONSTRAINT head_pk PRIMARY KEY (one),
    CONSTRAINT head_one_row CHECK (one = 1),
    CONSTRAINT head_revision_from_zero CHECK (revision >= 0),
    CONSTRAINT head_root_size CHECK (length(root) = 32),
    CONSTRAINT head_frontier_size CHECK (length(frontier) % 32 = 0),
    CONSTRAINT head_time_unless_empty CHECK ((revision = 0) = (time IS NULL))
) STRICT;

-- The empty log; the root is the hash of the empty string.
INSERT INTO head (revision, root, frontier)
VALUES (0, x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', x'');
