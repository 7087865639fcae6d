"""Checks vectors of docs/formats/event.md without a line of veto's own code.

Usage: python3 check_vectors.py FILE...

It was written from the document, needs only the standard library, and knows the
vectors of events and those of keys (internal/subject/testdata). It checks every
hash, key and commitment, and that each line's kind is one that it knows. What it
leaves to the Go tests is why a bad record is refused.
"""

import hashlib
import hmac
import json
import sys

SECRET = bytes(range(32))  # of the vectors of events
MASK = (1 << 64) - 1
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

# Fields whose lines have a keyed hash: the tag of the id, and the key's info.
HASHED = {
    "subject": ("subject_id", "veto/subject/v1"),
    "linked": ("linked_subject_id", "veto/subject/v1"),
    "item": ("item_id", "veto/item/v1"),
    "content_key": ("content_key", "veto/content-key/v1"),
}
UNLISTED = {"salt", "record_salt", "key_id", "actor", "role", "request_id", "import", "member", "cover", "report", "change", "person"}
SIPHASH_INFOS = {
    "subject": "veto/subject/v1",
    "item": "veto/item/v1",
    "content_key": "veto/content-key/v1",
    "objection": "veto/objection-key/v1",
}


def derive(secret, info, length):
    """HKDF-SHA256, RFC 5869, without salt; one block is enough for 32 bytes."""
    pseudorandom = hmac.digest(bytes(32), secret, "sha256")
    return hmac.digest(pseudorandom, info.encode() + b"\x01", "sha256")[:length]


def siphash128(key, message):
    """SipHash-2-4 with 128 bits of output."""
    k0, k1 = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D ^ 0xEE, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def rotate(x, n):
        return (x << n | x >> (64 - n)) & MASK

    def rounds(n):
        for _ in range(n):
            v[0] = (v[0] + v[1]) & MASK
            v[1] = rotate(v[1], 13) ^ v[0]
            v[0] = rotate(v[0], 32)
            v[2] = (v[2] + v[3]) & MASK
            v[3] = rotate(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & MASK
            v[3] = rotate(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & MASK
            v[1] = rotate(v[1], 17) ^ v[2]
            v[2] = rotate(v[2], 32)

    padded = message + bytes(-(len(message) + 1) % 8) + bytes([len(message) & 255])
    for i in range(0, len(padded), 8):
        word = int.from_bytes(padded[i:i + 8], "little")
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xEE
    rounds(4)
    low = v[0] ^ v[1] ^ v[2] ^ v[3]
    v[1] ^= 0xDD
    rounds(4)
    high = v[0] ^ v[1] ^ v[2] ^ v[3]
    return low.to_bytes(8, "little") + high.to_bytes(8, "little")


def lines(text, header):
    """The (name, value) pairs of a record."""
    assert text.endswith("\n"), "a record's last line ends in a newline"
    first, *rest = text[:-1].split("\n")
    assert first == header, "header"
    return [tuple(line.split(" ", 1)) for line in rest]


def line_key(salt, line, tag):
    """The key of a line of the person list, by its position from 0."""
    return hmac.digest(salt, f"veto/line/v1\0{line}\0{tag}".encode(), "sha256")


def blind(salt, line, tag, value):
    return hmac.digest(line_key(salt, line, tag), value.encode(), "sha256")


def check_event(v):
    leaf, side = lines(v["leaf"], "veto/event/v1"), lines(v["side"], "veto/side/v1")
    public, private = dict(leaf), dict(side)
    assert public["type"] == v["type"], "type"
    assert public["day"] == private["recorded_at"][:10], "day"
    assert public["record"] == hashlib.sha256(v["side"].encode()).hexdigest(), "record"
    listed = [line for line in v["side"].splitlines(keepends=True) if line.startswith("person ")]
    assert public["person"] == hashlib.sha256(("veto/person/v1\n" + "".join(listed)).encode()).hexdigest(), "person"
    assert v["leaf_hash"] == hashlib.sha256(b"\x00" + v["leaf"].encode()).hexdigest(), "leaf hash"
    if public["type"] == "GENESIS":
        check = hmac.digest(derive(SECRET, "veto/check/v1", 32), public["log"].encode(), "sha256")
        assert public["secret"] == check.hex(), "secret"

    salt, raw, want = bytes.fromhex(private["salt"]), list(v.get("raw", [])), []
    assert salt.hex() != private["record_salt"], "the record salt would be handed out"
    for name, value in side:
        if name in HASHED:
            tag, info = HASHED[name]
            identity = raw.pop(0)
            assert value == siphash128(derive(SECRET, info, 16), identity.encode()).hex(), "key of " + name
            want.append((tag, identity))
        elif name == "identifier":
            want.append((name, raw.pop(0)))
        elif name not in UNLISTED:
            want.append((name, value))
    assert not raw, "an id without a line"
    assert listed == [f"person {tag} {blind(salt, i, tag, value).hex()}\n" for i, (tag, value) in enumerate(want)], "person list"


def objection_id(number):
    values = [number >> shift & 31 for shift in range(40, -1, -5)]
    check = 0
    for value in values:
        check = times_x(check) ^ value
    letters = "".join(CROCKFORD[value] for value in values + [times_x(check)])
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def times_x(value):
    return value << 1 if value < 16 else (value << 1) ^ 0b100101


def typed_objection_id(typed):
    letters = typed.upper().replace("-", "").replace(" ", "").translate(str.maketrans("OIL", "011"))
    if len(typed) > 32 or len(letters) != 10 or any(letter not in CROCKFORD for letter in letters):
        return ""
    total = 0
    for letter in letters:
        total = times_x(total) ^ CROCKFORD.index(letter)
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}" if total == 0 else ""


def check_purposes(v):
    names = v.get("names", [])
    assert names == sorted(set(names)), "order"
    sign = "!" if v.get("all") else ""
    assert v["text"] == ",".join(["*"] * v.get("all", False) + [sign + name for name in names]), "text"


def check_key(v):
    secret, of = bytes.fromhex(v["secret"]), v["of"]
    if of in SIPHASH_INFOS:
        got = siphash128(derive(secret, SIPHASH_INFOS[of], 16), v["value"].encode())
    elif of == "objection_number":
        message = bytes.fromhex(v["request_id"]) + v.get("attempt", 0).to_bytes(4, "big")
        mac = hmac.digest(derive(secret, "veto/objection-number/v1", 32), message, "sha256")
        assert v["number"] == int.from_bytes(mac[:8], "big") >> 19, "number"
        return
    elif of == "fingerprint":
        got = hmac.digest(derive(secret, "veto/fingerprint/v1", 32), v["value"].encode(), "sha256")
    elif of == "check":
        got = hmac.digest(derive(secret, "veto/check/v1", 32), v["value"].encode(), "sha256")
    else:
        raise AssertionError("hash of " + of)
    assert v["hash"] == got.hex(), "hash"


def check_blind(v):
    salt, line, tag = bytes.fromhex(v["salt"]), v.get("line", 0), v["tag"]
    assert v["line_key"] == line_key(salt, line, tag).hex(), "line key"
    assert v["hash"] == blind(salt, line, tag, v["value"]).hex(), "hash"


def check(v):
    kind = v["kind"]
    if kind == "event":
        check_event(v)
    elif kind == "bad_event":
        wrong = dict(lines(v["leaf"], "veto/event/v1"))["record"]
        assert wrong != hashlib.sha256(v["side"].encode()).hexdigest(), "record"
    elif kind == "objection_id":
        assert v["id"] == objection_id(v.get("number", 0)), "id"
    elif kind in ("typed_objection_id", "bad_objection_id"):
        assert v.get("id", "") == typed_objection_id(v.get("typed", "")), "id"
    elif kind == "purposes":
        check_purposes(v)
    elif kind == "key":
        check_key(v)
    elif kind == "blind":
        check_blind(v)
    else:
        assert kind in ("bad_leaf", "bad_side", "bad_purposes", "id"), "unknown kind"


def main(paths):
    checked = 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                v = json.loads(line)
                try:
                    check(v)
                except (AssertionError, KeyError, IndexError) as wrong:
                    sys.exit(f"{path}:{number}: {v.get('kind')} {v.get('name', '')}: {wrong!r}")
                checked += 1
    print(f"checked {checked} lines")


if __name__ == "__main__":
    main(sys.argv[1:])
