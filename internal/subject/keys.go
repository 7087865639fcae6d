package subject

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/dchest/siphash"
)

// keyID is the number of the secret in use. Rotation, which wraps a hash in the
// next secret's, would count on from here.
const keyID = 1

// objectionNumberBits is how much of an HMAC an objection's id holds.
const objectionNumberBits = 45

// linePurpose tells the key of a line from all else that a salt may come to key.
const linePurpose = "veto/line/v1"

// Keys hashes ids. It comes from a Secret, never changes, may be used by many
// goroutines at once, and never prints a key.
type Keys struct {
	subject, item, contentKey, objection sipKey
	number, fingerprint, check           [32]byte
	seal                                 cipher.AEAD
}

type sipKey struct{ k0, k1 uint64 }

// Keys derives the subkeys. Of the zero Secret it panics: ids hashed under it
// could be read by everybody.
func (s *Secret) Keys() *Keys {
	if s.isZero() {
		panic("subject: keys of a zero secret")
	}
	k := &Keys{
		subject:    s.sipKey("veto/subject/v1"),
		item:       s.sipKey("veto/item/v1"),
		contentKey: s.sipKey("veto/content-key/v1"),
		objection:  s.sipKey("veto/objection-key/v1"),
	}
	copy(k.number[:], s.derive("veto/objection-number/v1", len(k.number)))
	copy(k.fingerprint[:], s.derive("veto/fingerprint/v1", len(k.fingerprint)))
	k.seal = newSeal(s.derive("veto/seal/v1", 32))
	copy(k.check[:], s.derive("veto/check/v1", len(k.check)))
	return k
}

func (s *Secret) sipKey(info string) sipKey {
	b := s.derive(info, 16)
	return sipKey{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
}

func (s *Secret) derive(info string, n int) []byte {
	key, err := hkdf.Key(sha256.New, s.bytes[:], nil, info, n)
	if err != nil {
		panic(fmt.Sprintf("subject: derive a subkey of %d bytes: %v", n, err)) // only more than 255 hashes could
	}
	return key
}

// KeyID returns the number of the secret, which every side row names.
func (*Keys) KeyID() uint32 { return keyID }

// Subject returns the subject key of a subject's id. Like Item and ContentKey it
// takes what CheckID accepts, hashes the exact bytes, and allocates nothing for
// them; anything else it hashes too, to a key that no accepted id has but by
// chance.
func (k *Keys) Subject(id string) [16]byte { return k.subject.hash(id) }

// Item returns the key of an item's id.
func (k *Keys) Item(id string) [16]byte { return k.item.hash(id) }

// ContentKey returns the key of a content key.
func (k *Keys) ContentKey(key string) [16]byte { return k.contentKey.hash(key) }

// Objection returns the key under which the events of an objection are found by
// its id, in the one spelling that is printed.
func (k *Keys) Objection(id string) [16]byte { return k.objection.hash(id) }

func (k sipKey) hash(s string) (sum [16]byte) {
	var buf [MaxIDBytes]byte // stays on the stack, which []byte(s) would not
	var b []byte
	if len(s) <= len(buf) {
		b = buf[:copy(buf[:], s)]
	} else {
		b = []byte(s)
	}
	lo, hi := siphash.Hash128(k.k0, k.k1, b)
	binary.LittleEndian.PutUint64(sum[:8], lo)
	binary.LittleEndian.PutUint64(sum[8:], hi)
	return sum
}

// ObjectionNumber returns the number, below 2^45, that makes the id of the
// objection filed by a request: a retry gives the same one, and nobody can guess
// it. Where the id is taken, attempt counts on from 0.
func (k *Keys) ObjectionNumber(requestID [16]byte, attempt uint32) uint64 {
	var message [20]byte
	copy(message[:], requestID[:])
	binary.BigEndian.PutUint32(message[16:], attempt)
	sum := mac(k.number[:], message[:])
	return binary.BigEndian.Uint64(sum[:8]) >> (64 - objectionNumberBits)
}

// Fingerprint returns the keyed hash of a request's content, by which a retry is
// told from another request with the same id.
func (k *Keys) Fingerprint(content []byte) [32]byte { return mac(k.fingerprint[:], content) }

// Check returns what GENESIS says of the secret: it binds it to the log's name.
func (k *Keys) Check(log string) [32]byte { return mac(k.check[:], []byte(log)) }

// Binds says whether check is Check(log), in a time that tells nothing.
func (k *Keys) Binds(log string, check [32]byte) bool {
	want := k.Check(log)
	return hmac.Equal(want[:], check[:])
}

// Format prints that there are keys, whatever the verb.
func (k Keys) Format(f fmt.State, _ rune) { fmt.Fprint(f, "keys(not shown)") }

// LogValue logs that there are keys.
func (k Keys) LogValue() slog.Value { return slog.StringValue("keys(not shown)") }

// Blind returns one line of an event's person list: BlindWith of the line's own
// key. line is its position in the list, from 0. It needs no secret.
func Blind(salt [32]byte, line int, tag, value string) [32]byte {
	return BlindWith(LineKey(salt, line, tag), value)
}

// LineKey returns the key of one line of a person list: HMAC-SHA256(salt,
// "veto/line/v1" || 0x00 || line || 0x00 || tag), where line is the position in
// the list in decimal, from 0. Who shows one value hands out its key in place of
// the salt: from one key nobody can work out another, so that the other values
// cannot be tried out. A tag holds no NUL. A negative line panics.
func LineKey(salt [32]byte, line int, tag string) [32]byte {
	if line < 0 {
		panic("subject: key of a negative line")
	}
	message := make([]byte, 0, len(linePurpose)+len(tag)+22)
	message = append(append(message, linePurpose...), 0)
	message = append(strconv.AppendInt(message, int64(line), 10), 0)
	return mac(salt[:], append(message, tag...))
}

// BlindWith returns HMAC-SHA256(line key, value): what the line with that key
// says. Who knows the key and the value can make it again; who knows only the
// line learns nothing of the value.
func BlindWith(lineKey [32]byte, value string) [32]byte { return mac(lineKey[:], []byte(value)) }

func mac(key, message []byte) (sum [32]byte) {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	h.Sum(sum[:0])
	return sum
}
