package promises_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the attacker's own way into the file

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// hash32 is a hash of the tree, here by this file's own reading of RFC 9162 and nothing of ours.
type hash32 = [sha256.Size]byte

// rootOf is the Merkle tree hash of an ordered list (RFC 9162, 2.1.1).
func rootOf(leaves [][]byte) hash32 {
	switch n := len(leaves); n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, leaves[0]...))
	default:
		k := split(n)
		return node(rootOf(leaves[:k]), rootOf(leaves[k:]))
	}
}

func node(left, right hash32) hash32 {
	return sha256.Sum256(bytes.Join([][]byte{{1}, left[:], right[:]}, nil))
}

// split is the largest power of two below n.
func split(n int) int {
	k := 1
	for 2*k < n {
		k *= 2
	}
	return k
}

// pathOf is the inclusion proof of leaf m (RFC 9162, 2.1.3.1).
func pathOf(m int, leaves [][]byte) []hash32 {
	if len(leaves) == 1 {
		return nil
	}
	k := split(len(leaves))
	if m < k {
		return append(pathOf(m, leaves[:k]), rootOf(leaves[k:]))
	}
	return append(pathOf(m-k, leaves[k:]), rootOf(leaves[:k]))
}

// provedRoot is the root that a leaf and its proof come to (RFC 9162, 2.1.3.2).
func provedRoot(leaf []byte, index, size int, path []hash32) (root hash32, ok bool) {
	fn, sn := index, size-1
	r := sha256.Sum256(append([]byte{0}, leaf...))
	for _, p := range path {
		if sn == 0 {
			return r, false
		}
		if fn&1 == 1 || fn == sn {
			r = node(p, r)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			r = node(r, p)
		}
		fn, sn = fn>>1, sn>>1
	}
	return r, sn == 0
}

// TestTheHeadsRootIsThatOfAllLeaves computes the tree anew after every write, through sizes that are powers of two and sizes between.
func TestTheHeadsRootIsThatOfAllLeaves(t *testing.T) {
	p := start(t, settings{})
	for n := range 33 {
		p.object(t, filing(person(n)))
		head, err := p.db.Head(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		leaves := p.leaves(t)
		if got, want := head.Root, rootOf(leaves); len(leaves) != int(head.Revision) || got != want {
			t.Errorf("at revision %d with %d leaves the root is %x, want %x", head.Revision, len(leaves), got, want)
		}
	}
}

func (p *platform) leaves(t testing.TB) [][]byte {
	t.Helper()
	var leaves [][]byte
	for _, entry := range p.entries(t) {
		leaves = append(leaves, entry.Leaf)
	}
	return leaves
}

// TestEachReceiptIsOfTheLogAndShowsWhoseItIs takes receipts as people hold them: the leaf is in the tree, the list is the leaf's, and who knows
// their own id shows that it is theirs, and nobody else's.
func TestEachReceiptIsOfTheLogAndShowsWhoseItIs(t *testing.T) {
	p := start(t, settings{})
	receipts := map[string]*vetov1.Receipt{}
	for n := range 20 {
		receipts[person(n)] = p.object(t, filing(person(n))).GetReceipt()
		lifted := "who-withdrew-" + person(n)
		p.object(t, filing(lifted))
		receipts[lifted] = p.withdraw(t, withdrawal(lifted)).GetReceipt()
	}
	leaves := p.leaves(t)
	root := rootOf(leaves)
	for id, receipt := range receipts {
		index := int(receipt.GetRevision()) - 1
		path := pathOf(index, leaves)
		if got, ok := provedRoot(receipt.GetLeaf(), index, len(leaves), path); !ok || got != root {
			t.Errorf("the receipt of %s is not in the log", id)
		}
		forged := bytes.Replace(receipt.GetLeaf(), []byte("day 2"), []byte("day 1"), 1)
		if got, _ := provedRoot(forged, index, len(leaves), path); got == root {
			t.Errorf("a forged receipt of %s is in the log", id)
		}
		list := sha256.New()
		list.Write([]byte("veto/person/v1\n"))
		mine, others := 0, 0
		for at, line := range receipt.GetPerson() {
			fmt.Fprintf(list, "person %s %x\n", line.GetTag(), line.GetHmac())
			for other := range receipts {
				if line.GetTag() == "subject_id" && hmac.Equal(line.GetHmac(), blind(receipt.GetSalt(), at, "subject_id", other)) {
					if other == id {
						mine++
					} else {
						others++
					}
				}
			}
		}
		if want := "\nperson " + hex.EncodeToString(list.Sum(nil)) + "\n"; !strings.Contains(string(receipt.GetLeaf()), want) {
			t.Errorf("the list of %s is not the one that the leaf commits to", id)
		}
		if mine != 1 || others != 0 {
			t.Errorf("the receipt of %s is shown to be theirs %d times and somebody else's %d times", id, mine, others)
		}
	}
}

// blind is a line of the person list as docs/formats/event.md says: under a key of its own, which is under the salt.
func blind(salt []byte, line int, tag, value string) []byte {
	key := hmac.New(sha256.New, salt)
	fmt.Fprintf(key, "veto/line/v1\x00%d\x00%s", line, tag)
	sum := hmac.New(sha256.New, key.Sum(nil))
	sum.Write([]byte(value))
	return sum.Sum(nil)
}

// eventful is a platform that was stopped, with events of every type on its disk, enough that most do not lie under the tree's last hash.
func eventful(t *testing.T) (dir string, events int) {
	t.Helper()
	p := start(t, settings{})
	for n := range 6 {
		p.object(t, filing(person(n), verified))
	}
	p.object(t, filing("", func(r *vetov1.FileObjectionRequest) {
		r.ItemIds, r.ContentKeys = []string{"item"}, []string{"sha256:1"}
	}))
	p.withdraw(t, withdrawal(person(0)))
	p.withdraw(t, withdrawal(person(1), func(r *vetov1.WithdrawObjectionRequest) { r.Purposes = []string{evaluation} }))
	if _, err := p.policies.SuspendRegime(context.Background(), suspending("brazil")); err != nil {
		t.Fatal(err)
	}
	if _, err := p.policies.ResumeRegime(context.Background(), resuming("brazil")); err != nil {
		t.Fatal(err)
	}
	p.apply(t, "# again\n"+rules)
	for n := range 3 {
		p.object(t, filing(person(n)))
	}
	events = len(p.entries(t))
	p.stop(t)
	return p.dir, events
}

// attack changes a copy of a stopped platform through SQL, and returns the copy.
func attack(t *testing.T, dir string, statement string, args ...any) string {
	t.Helper()
	to := copied(t, dir)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(to, "veto.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	result, err := db.Exec(statement, args...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%s changed %d rows, %v", statement, n, err)
	}
	return to
}

// refusesToServe starts a platform on a directory, and says whether it refused: at the start, or by the fold, which then answers nothing.
func refusesToServe(t *testing.T, dir string) bool {
	t.Helper()
	p, err := open(settings{dir: dir})
	if err != nil {
		return true
	}
	defer p.stop(t)
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		_, err := p.register.View()
		switch stale := err != nil && strings.Contains(err.Error(), "not fresh"); {
		case err == nil:
			return false
		case !stale:
			return true
		case time.Now().After(end):
			t.Fatalf("after %v the register is neither fresh nor broken", patience)
		}
	}
}

// TestAFlippedBitIsFound flips single bits of leaves and side rows of every event.
func TestAFlippedBitIsFound(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	dir, events := eventful(t)
	if refusesToServe(t, copied(t, dir)) {
		t.Fatal("the copy that nobody touched does not start: the test shows nothing")
	}
	for revision := 1; revision <= events; revision++ {
		for _, c := range []struct{ table, column string }{{"event", "leaf"}, {"side", "bytes"}} {
			text := readBytes(t, dir, c.table, c.column, revision)
			bit := random.IntN(8 * len(text))
			flipped := bytes.Clone(text)
			flipped[bit/8] ^= 1 << (bit % 8)
			if !refusesToServe(t, attack(t, dir, "UPDATE "+c.table+" SET "+c.column+" = ? WHERE revision = ?", flipped, revision)) {
				t.Errorf("bit %d of %s.%s at revision %d is flipped, and the platform serves", bit, c.table, c.column, revision)
			}
		}
	}
}

func readBytes(t *testing.T, dir, table, column string, revision int) (text []byte) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "veto.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("SELECT "+column+" FROM "+table+" WHERE revision = ?", revision).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

// TestWhatAnInsiderWouldDoIsFound takes events out, swaps them, and puts others in their place.
func TestWhatAnInsiderWouldDoIsFound(t *testing.T) {
	dir, events := eventful(t)
	policyAtOther := bytes.Replace(readBytes(t, dir, "event", "leaf", 4), []byte("policy 1\n"), []byte("policy 2\n"), 1)
	for _, c := range []struct {
		name, statement string
		args            []any
	}{
		{"somebody's objection loses its side row", "DELETE FROM side WHERE revision = 5", nil},
		{"the last event goes", "DELETE FROM event WHERE revision = ?", []any{events}},
		{"an event in the middle goes", "DELETE FROM event WHERE revision = 5", nil},
		{"an event in the middle goes, and those behind it close up", "DELETE FROM event WHERE revision = 5; UPDATE event SET revision = revision - 1 WHERE revision > 5", nil},
		{"two people's side rows change places", "UPDATE side SET revision = 1000 WHERE revision = 4; UPDATE side SET revision = 4 WHERE revision = 5; UPDATE side SET revision = 5 WHERE revision = 1000", nil},
		{"one event stands where another stood", "UPDATE side SET bytes = (SELECT bytes FROM side WHERE revision = 4) WHERE revision = 5; UPDATE event SET leaf = (SELECT leaf FROM event WHERE revision = 4), leaf_hash = (SELECT leaf_hash FROM event WHERE revision = 4) WHERE revision = 5", nil},
		{"a leaf says another policy", "UPDATE event SET leaf = ? WHERE revision = 4", []any{policyAtOther}},
		{"a leaf says another policy, and its hash too", "UPDATE event SET leaf = ?, leaf_hash = ? WHERE revision = 4", []any{policyAtOther, hashOf(policyAtOther)}},
		{"the policy's document is another text", "UPDATE document SET bytes = CAST(replace(CAST(bytes AS TEXT), 'minimum_age: 18', 'minimum_age: 10') AS BLOB)", nil},
		{"the policy's document is gone", "DELETE FROM document", nil},
		{"the head has another root", "UPDATE head SET root = zeroblob(32)", nil},
		{"the head is behind", "UPDATE head SET revision = revision - 1", nil},
		{"the head is ahead", "UPDATE head SET revision = revision + 1", nil},
	} {
		if !refusesToServe(t, attack(t, dir, c.statement, c.args...)) {
			t.Errorf("%s, and the platform serves", c.name)
		}
	}
}

func hashOf(leaf []byte) []byte {
	sum := sha256.Sum256(append([]byte{0}, leaf...))
	return sum[:]
}
