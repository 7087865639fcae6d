package event_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/veto-gate/veto/internal/event"
)

func FuzzParseLeaf(f *testing.F) {
	for _, x := range fixtures() {
		_, leaf, _ := fixtureNamed(f, x.name)
		f.Add(leaf)
	}
	for _, b := range bentRecords {
		if b.record == "leaf" && b.old != "*" && b.old != "$" {
			_, leaf, _ := fixtureNamed(f, b.of)
			f.Add(bytes.Replace(leaf, []byte(b.old), []byte(b.new), 1))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := event.ParseLeaf(b)
		if err != nil {
			isMalformed(t, err)
			return
		}
		if again := l.Append(nil); !bytes.Equal(again, b) {
			t.Errorf("accepted\n%q\nwhose one spelling is\n%q", b, again)
		}
	})
}

func FuzzParseSide(f *testing.F) {
	for _, x := range fixtures() {
		_, _, side := fixtureNamed(f, x.name)
		f.Add(side, uint8(x.event.Leaf.Type))
	}
	for _, b := range bentRecords {
		if b.record == "side" && b.old != "*" && b.old != "$" {
			x, _, side := fixtureNamed(f, b.of)
			f.Add(bytes.Replace(side, []byte(b.old), []byte(b.new), 1), uint8(x.event.Leaf.Type))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, typ uint8) {
		s, err := event.ParseSide(b, event.Type(typ))
		if err != nil {
			isMalformed(t, err)
			return
		}
		if again := s.Append(nil); !bytes.Equal(again, b) {
			t.Errorf("accepted\n%q\nwhose one spelling is\n%q", b, again)
		}
		if got, want := len(s.Person), len(s.Private()); got != want {
			t.Errorf("accepted a list of %d for %d values", got, want)
		}
	})
}

func FuzzParseObjectionID(f *testing.F) {
	for _, s := range []string{"TM2N-XWYZ-K9", "tm2nxwyzk9", "oooooooooo", "", "-", "0000-0000-0U"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		id, err := event.ParseObjectionID(typed)
		if err != nil {
			isMalformed(t, err)
			return
		}
		if again, err := event.ParseObjectionID(string(id)); err != nil || again != id {
			t.Errorf("%q gives %q, which gives %q, %v", typed, id, again, err)
		}
		if len(id) != 12 || strings.Count(string(id), "-") != 2 {
			t.Errorf("%q gives %q", typed, id)
		}
	})
}

func FuzzParsePurposes(f *testing.F) {
	for _, s := range []string{"*", "*,!a", "a,b-2", "", "*,", "b,a", "a,a", "*,!a,b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := event.ParsePurposes(text)
		if err != nil {
			isMalformed(t, err)
			return
		}
		if p.String() != text || p.IsZero() {
			t.Errorf("%q is read as %v", text, p)
		}
	})
}

func isMalformed(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, event.ErrMalformed) {
		t.Errorf("error %v does not match ErrMalformed", err)
	}
}
