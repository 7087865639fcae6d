package subject_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/veto-gate/veto/internal/subject"
)

// What was sealed opens under its own handle, with its own secret, unchanged, and in no other way; and it does not show.
func TestSeal(t *testing.T) {
	keysOf := func(name string) *subject.Keys {
		s, err := subject.CreateSecret(filepath.Join(t.TempDir(), name), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return s.Keys()
	}
	keys, others := keysOf("a"), keysOf("b")
	rapid.Check(t, func(t *rapid.T) {
		text := []byte("EMAIL\nmarie.curie@example.org" + rapid.String().Draw(t, "text"))
		salt := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "salt"))
		handle := [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "handle"))
		row := keys.Seal(salt, handle, text)
		if bytes.Contains(row, []byte("curie")) {
			t.Fatal("the text is seen in the row")
		}
		if got, err := keys.Unseal(handle, row); err != nil || !bytes.Equal(got, text) {
			t.Fatalf("Unseal: %q, %v, want %q", got, err, text)
		}
		if !bytes.Equal(row, keys.Seal(salt, handle, text)) {
			t.Fatal("sealed again it is another row")
		}
		if got := keys.Seal([32]byte{salt[0] ^ 1}, handle, text); bytes.Equal(got[:12], row[:12]) {
			t.Fatal("another salt has the same nonce")
		}
		changed := bytes.Clone(row)
		changed[rapid.IntRange(0, len(row)-1).Draw(t, "place")] ^= 1
		other := handle
		other[0] ^= 1
		for name, open := range map[string]func() ([]byte, error){
			"changed": func() ([]byte, error) { return keys.Unseal(handle, changed) },
			"cut": func() ([]byte, error) {
				return keys.Unseal(handle, row[:rapid.IntRange(0, len(row)-1).Draw(t, "length")])
			},
			"other handle":   func() ([]byte, error) { return keys.Unseal(other, row) },
			"another secret": func() ([]byte, error) { return others.Unseal(handle, row) },
		} {
			if got, err := open(); !errors.Is(err, subject.ErrSealBroken) || got != nil {
				t.Errorf("%s: %q, %v, want ErrSealBroken", name, got, err)
			}
		}
	})
}
