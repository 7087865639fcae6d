package event_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/veto-gate/veto/internal/event"
)

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func TestObjectionIDSurvivesTyping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Uint64().Draw(t, "number")
		id := event.NewObjectionID(number)
		if again := event.NewObjectionID(number & (1<<event.ObjectionIDBits - 1)); again != id {
			t.Fatalf("the bits above the lowest 45 change the id: %s, %s", id, again)
		}
		var typed strings.Builder
		for _, c := range strings.ReplaceAll(string(id), "-", "") {
			s := string(c)
			switch c {
			case '0':
				s = rapid.SampledFrom([]string{"0", "O", "o"}).Draw(t, "zero")
			case '1':
				s = rapid.SampledFrom([]string{"1", "I", "i", "L", "l"}).Draw(t, "one")
			}
			if rapid.Bool().Draw(t, "lower") {
				s = strings.ToLower(s)
			}
			typed.WriteString(s + rapid.SampledFrom([]string{"", "-", " ", "- "}).Draw(t, "between"))
		}
		if got, err := event.ParseObjectionID(typed.String()); err != nil || got != id {
			t.Fatalf("ParseObjectionID(%q) = %s, %v, want %s", typed.String(), got, err, id)
		}
	})
}

func TestObjectionIDsDiffer(t *testing.T) {
	seen := map[event.ObjectionID]uint64{}
	for bit := range event.ObjectionIDBits {
		for _, n := range []uint64{1 << bit, 1<<bit - 1 + 1<<44} {
			id := event.NewObjectionID(n)
			if other, ok := seen[id]; ok && other != n {
				t.Errorf("%d and %d have the id %s", other, n, id)
			}
			seen[id] = n
		}
	}
}

// Every single wrong character and every exchange of two different ones is found:
// the code is linear, so what holds for a few ids at each place and difference,
// holds for all; here it is tried out.
func TestObjectionIDFindsMistakes(t *testing.T) {
	for _, number := range []uint64{0, 1<<45 - 1, 29277380574195, 8119968041533} {
		id := []byte(strings.ReplaceAll(string(event.NewObjectionID(number)), "-", ""))
		for i := range id {
			for _, c := range []byte(alphabet) {
				wrong := append([]byte(nil), id...)
				if wrong[i] = c; c != id[i] {
					refused(t, wrong)
				}
			}
			for j := range i {
				wrong := append([]byte(nil), id...)
				if wrong[i], wrong[j] = wrong[j], wrong[i]; id[i] != id[j] {
					refused(t, wrong)
				}
			}
		}
	}
}

func refused(t *testing.T, id []byte) {
	t.Helper()
	if got, err := event.ParseObjectionID(string(id)); !errors.Is(err, event.ErrMalformed) || got != "" {
		t.Errorf("ParseObjectionID(%s) = %s, %v, want ErrMalformed", id, got, err)
	}
}
