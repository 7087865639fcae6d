package promises_test

import (
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/importer"
)

// TestRequestsThroughTheImport imports what people really send, and holds each row against the answer that its file expects: what must be recorded is, what
// must be refused is, by its field and reason, and an "all" among the items never becomes an item of that name. Where the file allows two answers, the choice
// is told.
func TestRequestsThroughTheImport(t *testing.T) {
	policy, err := os.ReadFile(filepath.Join("..", "..", "examples", "policies", "requests.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, settings{policy: string(policy)})
	path := filepath.Join("..", "data", "objections", "requests.csv")
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(file).ReadAll()
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	rejects := map[int64]importer.Reject{}
	load := importer.Import{Client: p.objections, Name: "requests", Comma: ',', Channel: vetov1.Channel_CHANNEL_IMPORT, Reject: func(r importer.Reject) error {
		rejects[r.Row] = r
		return nil
	}}
	if file, err = os.Open(path); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	result, err := load.Run(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}

	counts, chosen := map[string]int{}, map[string][]string{}
	var unchanged int64
	for n, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		reject, isRejected := rejects[int64(n)+1]
		if row["action"] != "object" {
			if !isRejected || reject.Field != "action" {
				t.Errorf("row %s is a withdrawal, and no import's: %+v", row["row"], reject)
			}
			continue
		}
		got := map[bool]string{true: "rejected", false: "recorded"}[isRejected]
		kind := row["strictness"] + "/" + row["expected"]
		counts[kind+" "+got]++
		if !isRejected && row["expected"] == "unchanged" {
			unchanged++
		}
		switch kind {
		case "must/accept", "must/unchanged":
			if isRejected {
				t.Errorf("row %s (%s): %+v", row["row"], row["pattern"], reject)
			}
		case "must/reject":
			field, _, _ := strings.Cut(reject.Field, "[")
			want, _, _ := strings.Cut(row["field"], "[")
			if !isRejected || field != want || reject.Reason != row["reason"] {
				t.Errorf("row %s (%s): %+v, want %s %s", row["row"], row["pattern"], reject, row["field"], row["reason"])
			}
		default:
			chosen[kind+" "+row["pattern"]+" "+got] = append(chosen[kind+" "+row["pattern"]+" "+got], row["row"])
		}
	}
	if unchanged -= result.Unchanged; unchanged < 0 || unchanged > int64(counts["may/unchanged recorded"]) {
		t.Errorf("%d rows were unchanged, that is %d fewer than expected", result.Unchanged, unchanged)
	}
	if result.Rows != int64(len(lines)-1) || result.Rejected != int64(len(rejects)) || result.Accepted+result.Unchanged+result.Rejected != result.Rows {
		t.Errorf("counted %+v of %d rows", result, len(lines)-1)
	}
	// No item is called "all": what such a row is about in the end is everything, or nothing.
	for _, word := range []string{"all", "ALL", "All", "*", "everything"} {
		if got := p.reason(t, post("nobody-"+strconv.Itoa(len(word)), func(i *vetov1.Item) { i.ItemId = word })); got == vetov1.Reason_REASON_ITEM_OBJECTED {
			t.Errorf("an item called %q is objected to", word)
		}
	}
	var told strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&told, "%-32s %d\n", kind, counts[kind])
	}
	for _, kind := range slices.Sorted(maps.Keys(chosen)) {
		fmt.Fprintf(&told, "%s: rows %s\n", kind, strings.Join(chosen[kind], " "))
	}
	t.Logf("accepted %d, unchanged %d, rejected %d\n%s", result.Accepted, result.Unchanged, result.Rejected, told.String())
	if result.Pending == 0 {
		t.Error("nobody's account is told to be looked for")
	}
	// Those with an address and no id wait for their match.
	waiting, err := p.objections.ListObjections(t.Context(), &vetov1.ListObjectionsRequest{Matches: []vetov1.Match{vetov1.Match_MATCH_PENDING}, PageSize: 1000})
	if err != nil || len(waiting.GetObjections()) == 0 {
		t.Errorf("nobody is looked for: %v", err)
	}
	if counts["must/accept recorded"] < 100 || counts["must/reject rejected"] < 50 || counts["never-narrow/accept rejected"]+counts["never-narrow/accept recorded"]+counts["never-narrow/reject rejected"] == 0 {
		t.Errorf("the file has fewer rows of a kind than it should: %v", counts)
	}
}
