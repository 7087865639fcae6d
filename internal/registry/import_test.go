package registry_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry"
)

// rowsOf is an import in messages of n rows; after the rows, end is what comes: io.EOF, or the break.
func rowsOf(name string, n int, rows []*vetov1.FileObjectionRequest, end error) registry.Rows {
	first := true
	return registry.Rows{Next: func() (*vetov1.ImportObjectionsRequest, error) {
		if len(rows) == 0 && !first {
			return nil, end
		}
		m := &vetov1.ImportObjectionsRequest{Rows: rows[:min(n, len(rows))]}
		if first {
			m.ImportId, first = name, false
		}
		rows = rows[len(m.GetRows()):]
		return m, nil
	}}
}

func importRows(n int) []*vetov1.FileObjectionRequest {
	var rows []*vetov1.FileObjectionRequest
	for i := range n {
		row := filing(fmt.Sprint("person-", i%50), func(q *vetov1.FileObjectionRequest) { q.RequestId = "" })
		if i%10 == 3 {
			row.ItemIds = []string{"all"}
		}
		if i%10 == 5 {
			row.Verification = isPerson
		}
		rows = append(rows, row)
	}
	return rows
}

// TestAnImportBrokenOffIsRunAgainWithoutHarm, wherever it breaks: the log is what one run makes.
func TestAnImportBrokenOffIsRunAgainWithoutHarm(t *testing.T) {
	r := open(t)
	r.apply(twoPurposes)
	before := uint64(r.headRevision())
	rows := importRows(400)
	broken := errors.New("the connection broke")
	for _, at := range []int{0, 1, 150, 399} {
		if _, err := r.ImportObjections(t.Context(), officer, rowsOf("load", 7, rows[:at], broken)); !errors.Is(err, broken) {
			t.Fatalf("broken at %d: %v", at, err)
		}
	}
	first, err := r.ImportObjections(t.Context(), officer, rowsOf("load", 100, rows, io.EOF))
	if err != nil {
		t.Fatal(err)
	}
	if first.GetRejected() != 40 || first.GetAccepted()+first.GetUnchanged() != 360 || first.GetUnchanged() == 0 {
		t.Errorf("accepted %d, unchanged %d, rejected %d", first.GetAccepted(), first.GetUnchanged(), first.GetRejected())
	}
	head := r.headRevision()
	if want := before + uint64(first.GetAccepted()); uint64(head) != want || first.GetRevision() != want {
		t.Errorf("head %d, revision %d, want %d: an event a row", head, first.GetRevision(), want)
	}
	for i, reject := range first.GetRejects() {
		if reject.GetIndex() != int64(i*10+3) || reject.GetField() != "item_ids[0]" || reject.GetReason() != "PLACEHOLDER" || reject.GetMessage() == "" {
			t.Fatalf("reject %d: %v", i, reject)
		}
	}
	again, err := r.ImportObjections(t.Context(), officer, rowsOf("load", 33, rows, io.EOF))
	if err != nil || again.GetAccepted() != first.GetAccepted() || again.GetUnchanged() != first.GetUnchanged() || r.headRevision() != head {
		t.Errorf("again: %v, %v", again, err)
	}
	if got := again.GetRevisions(); len(got) != 1 || got[0].GetFirst() != before+1 || got[0].GetLast() != uint64(head) {
		t.Errorf("ranges %v", got)
	}
	other := importRows(400)
	other[0].Country = "IT"
	changed, err := r.ImportObjections(t.Context(), officer, rowsOf("load", 100, other, io.EOF))
	if err != nil || changed.GetRejected() != 41 || changed.GetRejects()[0].GetField() != "request_id" {
		t.Errorf("another row in its place: %v, %v", changed, err)
	}
	for i := range 50 {
		if i%10 == 3 {
			continue
		}
		if got := r.decide(fmt.Sprint("person-", i), "FR"); got != vetov1.Reason_REASON_OBJECTED {
			t.Errorf("person-%d: %v", i, got)
		}
	}
}

func TestAnImportNeedsOneName(t *testing.T) {
	r := open(t)
	for name, rows := range map[string]registry.Rows{
		"no message":   {Next: func() (*vetov1.ImportObjectionsRequest, error) { return nil, io.EOF }},
		"no name":      rowsOf("", 1, importRows(1), io.EOF),
		"a long name":  rowsOf(fmt.Sprintf("%200d", 1), 1, importRows(1), io.EOF),
		"another name": {Next: twoNames()},
	} {
		if _, err := r.ImportObjections(t.Context(), officer, rows); !isType[*registry.InvalidError](err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	empty, err := r.ImportObjections(t.Context(), officer, rowsOf("empty", 1, nil, io.EOF))
	if err != nil || empty.GetRevision() != uint64(r.headRevision()) || empty.GetAccepted() != 0 {
		t.Errorf("without a row: %v, %v", empty, err)
	}
}

func twoNames() func() (*vetov1.ImportObjectionsRequest, error) {
	n := 0
	return func() (*vetov1.ImportObjectionsRequest, error) {
		n++
		return &vetov1.ImportObjectionsRequest{ImportId: fmt.Sprint("name-", n)}, nil
	}
}
