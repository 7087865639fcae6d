package standings_test

import (
	"bytes"
	cmpfirst "cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/veto-gate/veto/internal/gate/standings"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// naive is the index as one reads it in the documentation: maps, copied whole.
type naive struct {
	subjects map[standings.Key]standings.Standing
	marked   map[standings.Table]map[standings.Key]standings.Marked
}

func newNaive() naive {
	return naive{
		subjects: map[standings.Key]standings.Standing{},
		marked: map[standings.Table]map[standings.Key]standings.Marked{
			standings.Items:       {},
			standings.ContentKeys: {},
		},
	}
}

func (n naive) clone() naive {
	c := newNaive()
	for key, s := range n.subjects {
		s.Objections = slices.Clone(s.Objections)
		c.subjects[key] = s
	}
	for table, keys := range n.marked {
		for key, m := range keys {
			m.Objections = slices.Clone(m.Objections)
			c.marked[table][key] = m
		}
	}
	return c
}

// edit changes the objections of a key, or what else edits change, and drops what says nothing.
func (n naive) edit(table standings.Table, key standings.Key, objections func([]standings.Objection) []standings.Objection,
	subject func(*standings.Standing), mark func(*standings.Marked),
) {
	if table == standings.Subjects {
		s := n.subjects[key]
		s.Objections = objections(slices.Clone(s.Objections))
		subject(&s)
		n.subjects[key] = s
		if len(s.Objections) == 0 && s.Consented == 0 && s.ErasedBefore == 0 {
			delete(n.subjects, key)
		}
		return
	}
	m := n.marked[table][key]
	m.Objections = objections(slices.Clone(m.Objections))
	mark(&m)
	n.marked[table][key] = m
	if len(m.Objections) == 0 && !m.Erased && m.WithheldUntil == 0 {
		delete(n.marked[table], key)
	}
}

func same(list []standings.Objection) []standings.Objection { return list }
func none([]standings.Objection) []standings.Objection      { return nil }
func noSubject(*standings.Standing)                         {}
func noMark(*standings.Marked)                              {}

func (n naive) object(table standings.Table, key standings.Key, o standings.Objection) {
	n.edit(table, key, func(list []standings.Objection) []standings.Objection {
		for i := range list {
			if list[i].Country == o.Country && list[i].RefusedFrom == o.RefusedFrom {
				list[i].Purposes |= o.Purposes
				return list
			}
		}
		if o.Purposes != 0 {
			list = append(list, o)
		}
		slices.SortFunc(list, func(a, b standings.Objection) int {
			return cmpfirst.Or(strings.Compare(a.Country, b.Country), int(a.RefusedFrom-b.RefusedFrom))
		})
		return list
	}, noSubject, noMark)
}

// dump is the canonical text, written without any help of the package's.
func (n naive) dump() string {
	var lines []string
	objections := func(prefix string, list []standings.Objection) {
		for i, o := range list {
			country := o.Country
			if country == "" {
				country = "-"
			}
			line := fmt.Sprintf("%s 1.%d objection %s %08x", prefix, i, country, uint32(o.Purposes))
			if o.RefusedFrom != 0 {
				line += fmt.Sprintf(" refused_from %d", o.RefusedFrom)
			}
			lines = append(lines, line)
		}
	}
	for key, s := range n.subjects {
		prefix := fmt.Sprintf("1 subject %x", key)
		objections(prefix, s.Objections)
		if s.Consented != 0 {
			lines = append(lines, fmt.Sprintf("%s 2 consent %08x", prefix, uint32(s.Consented)))
		}
		if s.ErasedBefore != 0 {
			lines = append(lines, fmt.Sprintf("%s 3 erased_before %d", prefix, s.ErasedBefore))
		}
	}
	for table, name := range map[standings.Table]string{standings.Items: "2 item", standings.ContentKeys: "3 content_key"} {
		for key, m := range n.marked[table] {
			prefix := fmt.Sprintf("%s %x", name, key)
			objections(prefix, m.Objections)
			if m.Erased {
				lines = append(lines, prefix+" 2 erased")
			}
			if m.WithheldUntil != 0 {
				lines = append(lines, fmt.Sprintf("%s 3 withheld_until %d", prefix, m.WithheldUntil))
			}
		}
	}
	slices.Sort(lines)
	var b strings.Builder
	for _, line := range lines { // the numbers that sorted them are no part of the text
		words := strings.Split(line, " ")
		fmt.Fprintln(&b, strings.Join(append(words[1:3:3], words[4:]...), " "))
	}
	return b.String()
}

// Random writes with publications in between: each view that was published still holds what stood then, and finds what a
// map finds.
func TestViewsAreTheNaiveCopies(t *testing.T) {
	// Few keys, most in the same shard, so that they meet; one in each of two others.
	keys := []standings.Key{{}, {15: 1}, {1: 0x0f}, {14: 1}, {0x80}, {0xff, 0xff}}
	rapid.Check(t, func(t *rapid.T) {
		type published struct {
			view *standings.View
			want naive
		}
		b, n := standings.NewBuilder(), newNaive()
		views := []published{{&standings.View{}, newNaive()}}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			key := rapid.SampledFrom(keys).Draw(t, "key")
			table := rapid.SampledFrom([]standings.Table{standings.Subjects, standings.Items, standings.ContentKeys}).Draw(t, "table")
			purposes := rapid.SampledFrom([]standings.Purposes{0, 1, 2, 3, standings.AllPurposes}).Draw(t, "purposes")
			switch rapid.IntRange(0, 9).Draw(t, "write") {
			case 0, 1:
				o := standings.Objection{Country: rapid.SampledFrom([]string{"", "DE", "FR-974"}).Draw(t, "country"), Purposes: purposes, RefusedFrom: rapid.SampledFrom([]int64{0, 5}).Draw(t, "refused from")}
				b.Object(table, key, o)
				n.object(table, key, o)
			case 2:
				b.Clear(table, key)
				n.edit(table, key, none, noSubject, noMark)
			case 3:
				b.Consent(key, purposes)
				n.edit(standings.Subjects, key, same, func(s *standings.Standing) { s.Consented |= purposes }, noMark)
			case 4:
				b.WithdrawConsent(key, purposes)
				n.edit(standings.Subjects, key, same, func(s *standings.Standing) { s.Consented &^= purposes }, noMark)
			case 5:
				before := rapid.SampledFrom([]int64{-5, 0, 1, 7, standings.Always}).Draw(t, "before")
				b.Erase(key, before)
				n.edit(standings.Subjects, key, same, func(s *standings.Standing) { s.ErasedBefore = max(before, s.ErasedBefore, 1) }, noMark)
			case 6:
				b.EraseItem(key)
				n.edit(standings.Items, key, same, noSubject, func(m *standings.Marked) { m.Erased = true })
			case 7:
				until := rapid.SampledFrom([]int64{0, 3, 7}).Draw(t, "until")
				b.Withhold(key, until)
				n.edit(standings.Items, key, same, noSubject, func(m *standings.Marked) { m.WithheldUntil = until })
				now := rapid.SampledFrom([]int64{2, 3, 7}).Draw(t, "now")
				b.Release(key, now)
				n.edit(standings.Items, key, same, noSubject, func(m *standings.Marked) {
					if m.WithheldUntil <= now {
						m.WithheldUntil = 0
					}
				})
			case 8:
				b.Forget(table, key)
				if table == standings.Subjects {
					delete(n.subjects, key)
				} else {
					delete(n.marked[table], key)
				}
			default:
				views = append(views, published{b.View(), n.clone()})
			}
		}
		views = append(views, published{b.View(), n.clone()})
		for i, p := range views {
			var got bytes.Buffer
			if err := p.view.Dump(&got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(p.want.dump(), got.String()); diff != "" {
				t.Fatalf("view %d of %d (-naive +view):\n%s", i, len(views), diff)
			}
			for _, key := range append(keys, standings.Key{7: 7}) {
				compareKey(t, p.view, p.want, key)
			}
			lens := [3]int{p.view.Len(standings.Subjects), p.view.Len(standings.Items), p.view.Len(standings.ContentKeys)}
			if want := [3]int{len(p.want.subjects), len(p.want.marked[standings.Items]), len(p.want.marked[standings.ContentKeys])}; lens != want {
				t.Fatalf("lengths %v, want %v", lens, want)
			}
			if p.view.HasItems() != (lens[1] > 0) || p.view.HasContentKeys() != (lens[2] > 0) {
				t.Fatalf("HasItems %v, HasContentKeys %v with lengths %v", p.view.HasItems(), p.view.HasContentKeys(), lens)
			}
		}
	})
}

func compareKey(t *rapid.T, v *standings.View, n naive, key standings.Key) {
	t.Helper()
	want, ok := n.subjects[key]
	got, found := v.Subject(key)
	if ok != found || ok && !cmp.Equal(want, *got) {
		t.Fatalf("subject %x: %+v, %v, want %+v, %v", key, got, found, want, ok)
	}
	for table, find := range map[standings.Table]func(standings.Key) (*standings.Marked, bool){
		standings.Items: v.Item, standings.ContentKeys: v.ContentKey,
	} {
		want, ok := n.marked[table][key]
		got, found := find(key)
		if ok != found || ok && !cmp.Equal(want, *got) {
			t.Fatalf("%v %x: %+v, %v, want %+v, %v", table, key, got, found, want, ok)
		}
	}
}

// Equal standings are one value, however they came about.
func TestEqualStandingsAreShared(t *testing.T) {
	b := standings.NewBuilder()
	ada, ben := standings.Key{1}, standings.Key{2}
	b.Object(standings.Subjects, ada, standings.Objection{Country: "DE", Purposes: 1})
	b.Object(standings.Subjects, ada, standings.Objection{Country: "AT", Purposes: 3})
	b.Object(standings.Subjects, ben, standings.Objection{Country: "AT", Purposes: 1})
	b.Object(standings.Subjects, ben, standings.Objection{Country: "AT", Purposes: 2})
	b.Object(standings.Subjects, ben, standings.Objection{Country: "DE", Purposes: 1})
	v := b.View()
	one, _ := v.Subject(ada)
	other, _ := v.Subject(ben)
	if one != other || one == nil {
		t.Errorf("two values: %+v and %+v", one, other)
	}
}

// What stands is told once for all who have it, and no longer than it stands.
func TestObjected(t *testing.T) {
	b := standings.NewBuilder()
	b.Consent(standings.Key{9}, standings.Purpose(7))
	if got := b.Objected(); len(got) != 0 {
		t.Errorf("a consent alone is told as %v", got)
	}
	for table := range standings.Table(3) {
		b.Object(table, standings.Key{1}, standings.Objection{Country: "DE", Purposes: 1 << table})
		b.Object(table, standings.Key{2}, standings.Objection{Country: "FR", Purposes: 1 << table})
	}
	b.Object(standings.Subjects, standings.Key{3}, standings.Objection{Purposes: standings.AllPurposes})
	if diff := cmp.Diff([]standings.Purposes{1, 2, 4, standings.AllPurposes}, b.Objected()); diff != "" {
		t.Errorf("objected (-want +got):\n%s", diff)
	}
	b.Clear(standings.Subjects, standings.Key{1})
	b.Clear(standings.Items, standings.Key{1})
	b.Clear(standings.Items, standings.Key{2})
	if diff := cmp.Diff([]standings.Purposes{1, 4, standings.AllPurposes}, b.Objected()); diff != "" {
		t.Errorf("objected after withdrawals (-want +got):\n%s", diff)
	}
}

// Views are read while the builder goes on. The race detector is the judge; the readers hold each view to its own state.
func TestViewsAreReadWhileWritten(t *testing.T) {
	const publications = 200
	key := func(i int) standings.Key { return standings.Key{byte(i), 0, byte(i >> 8)} }
	views := make(chan *standings.View, publications)
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for v := range views {
				n := v.Len(standings.Subjects)
				for i := range publications {
					if s, ok := v.Subject(key(i)); ok != (i < n) || ok && s.Objections[0].Country != "DE" {
						t.Errorf("view of %d keys: key %d found %v", n, i, ok)
					}
				}
				var dump bytes.Buffer
				if err := v.Dump(&dump); err != nil || bytes.Count(dump.Bytes(), []byte("\n")) != n {
					t.Errorf("dump of %d keys: %v", n, err)
				}
			}
		})
	}
	b := standings.NewBuilder()
	for i := range publications {
		b.Object(standings.Subjects, key(i), standings.Objection{Country: "DE", Purposes: 1})
		views <- b.View()
	}
	close(views)
	readers.Wait()
}

func TestTable(t *testing.T) {
	for table, want := range map[standings.Table]string{0: "subject", 1: "item", 2: "content_key", 3: "unknown"} {
		if got := table.String(); got != want {
			t.Errorf("Table(%d) is %s, want %s", table, got, want)
		}
	}
	if got := (&standings.View{}).Len(3); got != 0 {
		t.Errorf("a table that is none has %d keys", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("an objection to a table that is none was taken in and is lost")
		}
	}()
	standings.NewBuilder().Object(3, standings.Key{}, standings.Objection{Purposes: 1})
}

// brokenWriter fails.
type brokenWriter struct{}

var errBroken = errors.New("broken pipe")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestDumpReportsTheWritersError(t *testing.T) {
	b := standings.NewBuilder()
	b.EraseItem(standings.Key{})
	if err := b.View().Dump(brokenWriter{}); !errors.Is(err, errBroken) {
		t.Errorf("error %v, want the writer's", err)
	}
}
