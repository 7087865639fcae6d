package bulk_test

import (
	"sync"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry/bulk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestRangesHoldEachRevisionOnce: in whatever order rows are taken in, the ranges are the shortest list that holds just their revisions.
func TestRangesHoldEachRevisionOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		revisions := rapid.SliceOfDistinct(rapid.Uint64Range(1, 300), rapid.ID[uint64]).Draw(t, "revisions")
		var tally bulk.Tally
		var highest uint64
		for _, revision := range revisions {
			tally.Accept(revision)
			highest = max(highest, revision)
		}
		got := tally.Response()
		held := map[uint64]bool{}
		for i, one := range got.GetRevisions() {
			if i > 0 && one.GetFirst() <= got.GetRevisions()[i-1].GetLast()+1 {
				t.Fatalf("ranges that touch: %v", got.GetRevisions())
			}
			for revision := one.GetFirst(); revision <= one.GetLast(); revision++ {
				held[revision] = true
			}
		}
		if len(held) != len(revisions) || got.GetAccepted() != int64(len(revisions)) || got.GetRevision() != highest {
			t.Fatalf("%d held of %d: %v", len(held), len(revisions), got)
		}
		for _, revision := range revisions {
			if !held[revision] {
				t.Fatalf("%d is lost", revision)
			}
		}
	})
}

// TestTheFirstRejectsAreTold, however many there are and in whatever order they come.
func TestTheFirstRejectsAreTold(t *testing.T) {
	var tally bulk.Tally
	var group sync.WaitGroup
	const hands, each = 8, 2000
	for hand := range hands {
		group.Go(func() {
			for i := range each {
				tally.Reject(&vetov1.RejectedRow{Index: int64(i*hands + hand)})
				tally.Keep(7)
				tally.Accept(uint64(i*hands + hand + 1))
			}
		})
	}
	group.Wait()
	got := tally.Response()
	if got.GetRejected() != hands*each || got.GetUnchanged() != hands*each || len(got.GetRejects()) != bulk.MaxTold {
		t.Fatalf("rejected %d, unchanged %d, told %d", got.GetRejected(), got.GetUnchanged(), len(got.GetRejects()))
	}
	for i, row := range got.GetRejects() {
		if row.GetIndex() != int64(i) {
			t.Fatalf("told of row %d in place %d", row.GetIndex(), i)
		}
	}
	if len(got.GetRevisions()) != 1 || got.GetRevisions()[0].GetLast() != hands*each {
		t.Errorf("revisions %v", got.GetRevisions())
	}
}
