package subject_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/veto-gate/veto/internal/golden"
	"github.com/veto-gate/veto/internal/subject"
)

// secretOf makes the secret of the given bytes, through its file, the only way.
func secretOf(tb testing.TB, b []byte) *subject.Secret {
	tb.Helper()
	s, err := subject.CreateSecret(tb.TempDir()+"/secret.key", bytes.NewReader(b))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// counting returns the secret of the vectors: 000102…1f.
func counting() []byte {
	b := make([]byte, 32)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

// vector is a line of testdata/vectors.jsonl.
type vector struct {
	Kind      string `json:"kind"`
	Name      string `json:"name,omitempty"`
	Secret    string `json:"secret,omitempty"`
	Of        string `json:"of,omitempty"`
	RequestID string `json:"request_id,omitempty"`
	Attempt   uint32 `json:"attempt,omitempty"`
	Salt      string `json:"salt,omitempty"`
	Line      int    `json:"line,omitempty"`
	Tag       string `json:"tag,omitempty"`
	LineKey   string `json:"line_key,omitempty"`
	Value     string `json:"value"`
	ValueHex  string `json:"value_hex,omitempty"` // where the value is not UTF-8
	Number    uint64 `json:"number,omitempty"`
	Hash      string `json:"hash,omitempty"`
	Error     string `json:"error,omitempty"`
}

func vectors(t *testing.T) []vector {
	t.Helper()
	var list []vector
	for _, secret := range [][]byte{counting(), bytes.Repeat([]byte{0xff}, 32)} {
		k := secretOf(t, secret).Keys()
		add := func(of, value string, hash []byte) {
			list = append(list, vector{Kind: "key", Secret: hex.EncodeToString(secret), Of: of, Value: value, Hash: hex.EncodeToString(hash)})
		}
		for _, id := range []string{"7", "user-1", "user-12", "user-100", "user-1001", "пользователь", "cafe\u0301", "caf\u00e9", strings.Repeat("x", 256)} {
			for _, h := range []struct {
				of  string
				key [16]byte
			}{{"subject", k.Subject(id)}, {"item", k.Item(id)}, {"content_key", k.ContentKey(id)}} {
				add(h.of, id, h.key[:])
			}
		}
		objection := k.Objection("TM2N-XWYZ-K9")
		add("objection", "TM2N-XWYZ-K9", objection[:])
		for _, content := range []string{"", "a request's content"} {
			sum := k.Fingerprint([]byte(content))
			add("fingerprint", content, sum[:])
		}
		check := k.Check("veto.example/register")
		add("check", "veto.example/register", check[:])
		for n := range 3 {
			request := [16]byte(bytes.Repeat([]byte{byte(n)}, 16))
			list = append(list, vector{
				Kind: "key", Secret: hex.EncodeToString(secret), Of: "objection_number",
				RequestID: hex.EncodeToString(request[:]), Attempt: uint32(n), Number: k.ObjectionNumber(request, uint32(n)),
			})
		}
	}
	for _, v := range []struct {
		line       int
		tag, value string
	}{
		{0, "country", "DE"},
		{1, "country", "DE"},
		{2, "subject_id", "user-1001"},
		{3, "purposes", "*"},
		{10, "reason", `one\ntwo`},
		{4095, "subject_id", "пользователь"},
	} {
		salt := [32]byte(bytes.Repeat([]byte{0xa5}, 32))
		key, sum := subject.LineKey(salt, v.line, v.tag), subject.Blind(salt, v.line, v.tag, v.value)
		list = append(list, vector{
			Kind: "blind", Salt: hex.EncodeToString(salt[:]), Line: v.line, Tag: v.tag, Value: v.value,
			LineKey: hex.EncodeToString(key[:]), Hash: hex.EncodeToString(sum[:]),
		})
	}
	for _, tt := range ids {
		v := vector{Kind: "id", Name: tt.name, Value: tt.id}
		if !utf8.ValidString(tt.id) {
			v.Value, v.ValueHex = "", hex.EncodeToString([]byte(tt.id))
		}
		if err := subject.CheckID(tt.id); err != nil {
			v.Error = err.Error()
		}
		list = append(list, v)
	}
	return list
}

func TestVectorsAreWhatTheCodeMakes(t *testing.T) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, v := range vectors(t) {
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	golden.Check(t, "vectors.jsonl", b.Bytes())
}

// The checker of the events' vectors knows these too, and no code of ours.
func TestVectorsHoldInPython(t *testing.T) {
	out, err := exec.Command("python3", "../event/testdata/check_vectors.py", "testdata/vectors.jsonl").CombinedOutput()
	if err != nil {
		t.Fatalf("check_vectors.py: %v\n%s", err, out)
	}
	if want := "checked " + strconv.Itoa(len(vectors(t))) + " lines\n"; string(out) != want {
		t.Errorf("check_vectors.py: %q, want %q", out, want)
	}
}

// One id has another key in each table, and under each secret.
func TestKeysDiffer(t *testing.T) {
	a, b := secretOf(t, counting()).Keys(), secretOf(t, bytes.Repeat([]byte{1}, 32)).Keys()
	seen := map[[16]byte]string{}
	for name, k := range map[string]*subject.Keys{"a": a, "b": b} {
		for of, key := range map[string][16]byte{
			"subject": k.Subject("7"), "item": k.Item("7"), "content key": k.ContentKey("7"), "objection": k.Objection("7"),
			"another subject": k.Subject("8"),
		} {
			if other, ok := seen[key]; ok {
				t.Errorf("%s of %s is %s", of, name, other)
			}
			seen[key] = of + " of " + name
		}
	}
	if a.Fingerprint([]byte("x")) == b.Fingerprint([]byte("x")) || a.Check("x") == b.Check("x") {
		t.Error("two secrets agree on a hash")
	}
	if a.Check("x") == a.Fingerprint([]byte("x")) {
		t.Error("two subkeys are one")
	}
	if a.KeyID() != 1 {
		t.Errorf("KeyID = %d, want 1", a.KeyID())
	}
}

func TestBindsOnlyItsSecretAndLog(t *testing.T) {
	a, b := secretOf(t, counting()).Keys(), secretOf(t, bytes.Repeat([]byte{1}, 32)).Keys()
	check := a.Check("veto.example")
	if !a.Binds("veto.example", check) {
		t.Error("Binds refuses its own check")
	}
	if b.Binds("veto.example", check) || a.Binds("veto.example/other", check) || a.Binds("veto.example", [32]byte{}) {
		t.Error("Binds accepts another's check")
	}
}

// The secret's file read again gives the same keys, or all objections are lost.
func TestKeysAreTheSecretsAlone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 32, 32).Filter(func(b []byte) bool { return !bytes.Equal(b, make([]byte, 32)) }).Draw(rt, "secret")
		id := rapid.StringN(1, 300, -1).Draw(rt, "id")
		path := t.TempDir() + "/secret.key"
		made, err := subject.CreateSecret(path, bytes.NewReader(b))
		if err != nil {
			rt.Fatal(err)
		}
		read, err := subject.LoadSecret(path)
		if err != nil {
			rt.Fatal(err)
		}
		if made.Keys().Subject(id) != read.Keys().Subject(id) || *made != *read {
			rt.Errorf("the secret read is another than the one made")
		}
	})
}

func TestObjectionNumber(t *testing.T) {
	k := secretOf(t, counting()).Keys()
	seen := map[uint64]bool{}
	for n := range 1000 {
		number := k.ObjectionNumber([16]byte{byte(n), byte(n >> 8)}, uint32(n%2))
		if number >= 1<<45 {
			t.Fatalf("number %d has more than 45 bits", number)
		}
		if seen[number] {
			t.Fatalf("number %d twice in a thousand", number)
		}
		seen[number] = true
	}
	request := [16]byte{1}
	if retry := secretOf(t, counting()).Keys(); retry.ObjectionNumber(request, 0) != k.ObjectionNumber(request, 0) {
		t.Error("a retry after a restart gives another number")
	}
	if k.ObjectionNumber(request, 0) == k.ObjectionNumber(request, 1) {
		t.Error("another attempt gives the same number")
	}
}

// What is too long for an id is hashed whole, not cut to what fits.
func TestKeysOfLongInputsDiffer(t *testing.T) {
	k := secretOf(t, counting()).Keys()
	long := strings.Repeat("x", subject.MaxIDBytes)
	if k.Subject(long) == k.Subject(long+"x") || k.Subject(long+"x") == k.Subject(long+"y") {
		t.Error("two long inputs have one key")
	}
}

// Salt, position, tag and value cannot run into one another.
func TestBlindTellsItsPartsApart(t *testing.T) {
	salt := [32]byte{1}
	sums := map[[32]byte]bool{}
	for _, v := range []struct {
		line       int
		tag, value string
	}{{0, "a", "bc"}, {0, "ab", "c"}, {0, "", "abc"}, {0, "abc", ""}, {1, "a", "bc"}, {11, "a", "bc"}, {1, "1a", "bc"}, {1, "1\x00a", "bc"}} {
		sums[subject.Blind(salt, v.line, v.tag, v.value)] = true
	}
	sums[subject.Blind([32]byte{2}, 0, "a", "bc")] = true
	if len(sums) != 9 {
		t.Errorf("%d sums of 9 lines", len(sums))
	}
}

// Who is handed one line's key makes that line again, and with it tries out the
// values of no other line, though they are few enough to guess.
func TestLineKeyOpensItsLineAlone(t *testing.T) {
	salt := [32]byte{1}
	countries := []string{"AT", "DE", "FR", "IE"}
	var list [][32]byte // four lines, three of one tag
	for line, tag := range []string{"country", "place", "place", "place"} {
		list = append(list, subject.Blind(salt, line, tag, countries[line]))
	}
	for line := range list {
		tag := "place"
		if line == 0 {
			tag = "country"
		}
		key := subject.LineKey(salt, line, tag)
		for other, sum := range list {
			opened := ""
			for _, guess := range countries {
				// As a value under the key, and as if the key were a salt.
				if subject.BlindWith(key, guess) == sum || subject.Blind(key, other, "place", guess) == sum {
					opened = guess
				}
			}
			if want := map[bool]string{true: countries[line]}[other == line]; opened != want {
				t.Errorf("the key of line %d shows %q on line %d, want %q", line, opened, other, want)
			}
		}
	}
}

func TestLineKeyOfANegativeLinePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("line -1 has a key")
		}
	}()
	subject.LineKey([32]byte{1}, -1, "country")
}

func TestHashingAllocatesNothing(t *testing.T) {
	k := secretOf(t, counting()).Keys()
	for _, id := range []string{"7", "user-1001", strings.Repeat("x", 33), strings.Repeat("x", subject.MaxIDBytes)} {
		got := testing.AllocsPerRun(100, func() {
			k.Subject(id)
			k.Item(id)
			k.ContentKey(id)
			k.Objection(id)
		})
		if got != 0 {
			t.Errorf("%v allocations for %d bytes, want none", got, len(id))
		}
	}
}

// Neither the secret nor a subkey comes out of any printer.
func TestSecretsAreNeverPrinted(t *testing.T) {
	s := secretOf(t, counting())
	k := s.Keys()
	var b bytes.Buffer
	for _, v := range []any{s, *s, k, *k, []*subject.Secret{s}, struct{ S subject.Secret }{*s}, struct{ K *subject.Keys }{k}, fmt.Errorf("with %v", *k)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%q", "%d", "%T"} {
			fmt.Fprintf(&b, verb+"\n", v)
		}
		if j, err := json.Marshal(v); err == nil {
			b.Write(j)
		}
		slog.New(slog.NewTextHandler(&b, nil)).Info("text", "v", v)
		slog.New(slog.NewJSONHandler(&b, nil)).Info("json", "v", v)
	}
	text := strings.ToLower(b.String())
	for _, leak := range []string{"000102", "0x0, 0x1, 0x2", "0 1 2 3", "0x1, 0x2", `\x01\x02`, "aaecaw"} {
		if strings.Contains(text, leak) {
			t.Errorf("a printer shows %q", leak)
		}
	}
	if !strings.Contains(text, "secret(not shown)") || !strings.Contains(text, "keys(not shown)") {
		t.Error("the printers do not say that there is a secret: the test looked at nothing")
	}
}

func TestZeroSecretGivesNoKeys(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a zero secret gives keys")
		}
	}()
	new(subject.Secret).Keys()
}

func BenchmarkSubject(b *testing.B) {
	k := secretOf(b, counting()).Keys()
	for _, n := range []int{9, 21, 64, 256} {
		id := strings.Repeat("x", n)
		b.Run("bytes="+strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				k.Subject(id)
			}
		})
	}
}

// What each line of a person list costs an append.
func BenchmarkBlind(b *testing.B) {
	salt := [32]byte{1}
	b.ReportAllocs()
	for b.Loop() {
		subject.Blind(salt, 4, "country", "DE")
	}
}

func BenchmarkCheckID(b *testing.B) {
	for name, id := range map[string]string{"ascii": "user-1001-abcdefghijk", "unicode": "пользователь"} {
		b.Run("id="+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if subject.CheckID(id) != nil {
					b.Fatal("refused")
				}
			}
		})
	}
}
