-- +goose Up

-- What must be kept for a while and then be gone: an address to answer to, an identifier still to be matched. Encrypted; rows are deleted when done.
CREATE TABLE sealed (
    -- A keyed hash of 128 bits, by which an event's writer finds it.
    handle BLOB NOT NULL,
    -- The ciphertext, opaque to the store.
    bytes BLOB NOT NULL,
    CONSTRAINT sealed_pk PRIMARY KEY (handle),
    CONSTRAINT sealed_handle_size CHECK (length(handle) = 16),
    CONSTRAINT sealed_bytes_size CHECK (length(bytes) BETWEEN 1 AND 2048)
) STRICT, WITHOUT ROWID;
