package promises_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/columns"
	"github.com/veto-gate/veto/internal/filter"
)

// throughServer decides batches over a stream to the real server, as `veto filter` does.
type throughServer struct {
	t       *testing.T
	stream  vetov1.DecisionService_StreamDecideClient
	options *vetov1.BatchOptions
	after   func(batch int) error // called once a batch was decided; nil: nothing is done
	batches int
}

// Decide sends a batch and receives its answer.
func (d *throughServer) Decide(_ context.Context, items []*vetov1.Item) (filter.Answer, error) {
	answer := batch(d.t, d.stream, &vetov1.StreamDecideRequest{Options: d.options, Items: items})
	d.options = nil
	if len(items) > 0 { // the first call has none
		d.batches++
	}
	if d.after != nil && len(items) > 0 {
		if err := d.after(d.batches); err != nil {
			return filter.Answer{}, err
		}
	}
	return filter.Answer{
		Reasons: answer.GetReasons(), Violations: answer.GetViolations(), Revision: answer.GetRevision(), PolicyVersion: answer.GetPolicyVersion(),
	}, nil
}

// filtering is a run over the real server.
func (p *platform) filtering(t *testing.T, in, out string, after func(int) error) (filter.Report, error) {
	t.Helper()
	return filter.Run(context.Background(), filter.Config{
		In: in, Out: out, Purpose: training, BatchRows: 97,
		Mapping: columns.Mapping{Absent: []string{"in_conversation", "content_usage", "tdm_reservation", "c2pa_training_mining", "plus_data_mining"}},
		Open: func(_ context.Context, fields filter.Fields) (filter.Decider, error) {
			return &throughServer{t: t, stream: p.stream(t), after: after, options: &vetov1.BatchOptions{
				Purpose: training, MappedFields: fields.Mapped, AbsentFields: fields.Absent,
			}}, nil
		},
	})
}

// row is a row of a random corpus as it is written, and as the gate sees it.
type row struct {
	ItemID      *string    `json:"item_id"`
	AuthorID    *string    `json:"author_id"`
	Kind        *string    `json:"kind"`
	Visibility  *string    `json:"visibility"`
	Country     *string    `json:"country"`
	AuthorAge   int32      `json:"author_age"`
	AgeThen     int32      `json:"author_age_at_creation"`
	Labels      []string   `json:"labels"`
	ContentKeys []string   `json:"content_keys"`
	Subjects    []somebody `json:"subjects"`
	Robots      *string    `json:"robots"`
}

type somebody struct {
	ID   string `json:"subject_id"`
	Role string `json:"role"`
}

func (r row) item() *vetov1.Item {
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	item := &vetov1.Item{
		ItemId: text(r.ItemID), AuthorId: text(r.AuthorID), Country: text(r.Country), AuthorAge: r.AuthorAge, AuthorAgeAtCreation: r.AgeThen,
		Labels: r.Labels, ContentKeys: r.ContentKeys,
		Kind:       vetov1.ItemKind(vetov1.ItemKind_value["ITEM_KIND_"+text(r.Kind)]),
		Visibility: vetov1.Visibility(vetov1.Visibility_value["VISIBILITY_"+text(r.Visibility)]),
	}
	for _, s := range r.Subjects {
		item.Subjects = append(item.Subjects, &vetov1.OtherSubject{SubjectId: s.ID, Role: vetov1.SubjectRole(vetov1.SubjectRole_value["SUBJECT_ROLE_"+s.Role])})
	}
	if r.Robots != nil {
		item.Signals = &vetov1.Signals{Robots: *r.Robots}
	}
	return item
}

// randomRows are rows of every sort, broken ones among them.
func randomRows(random *rand.Rand, n int) []row {
	pick := func(words ...string) *string {
		word := words[random.IntN(len(words))]
		if word == "NULL" {
			return nil
		}
		return &word
	}
	rows := make([]row, n)
	for i := range rows {
		id := fmt.Sprintf("row-%d", i)
		author := person(random.IntN(80))
		r := row{
			ItemID: &id, AuthorID: &author, Kind: pick("POST", "POST", "POST", "COMMENT", "PHOTO", "PRIVATE_MESSAGE", "AI_INTERACTION", "OTHER"),
			Visibility: pick("PUBLIC", "PUBLIC", "PUBLIC", "PRIVATE", "GROUP"), Country: pick("FR", "DE", "US", "BR", "KE", "NULL", "XX"),
			AuthorAge: int32(random.IntN(40)), AgeThen: int32(random.IntN(40)), Labels: []string{}, ContentKeys: []string{}, Subjects: []somebody{},
		}
		switch random.IntN(12) {
		case 0:
			r.AuthorID = pick("NULL", "", " anna", "username", "an\u202ena")
		case 1:
			r.Kind = pick("NULL", "poster", "")
		case 2:
			r.Country = pick("France", "fr", "F")
		case 3:
			r.Labels = []string{*pick("health", "sport")}
		case 4:
			r.ContentKeys = []string{*pick("sha256:1", "sha256:2", "")}
		case 5:
			r.Subjects = []somebody{{ID: person(random.IntN(80)), Role: *pick("TAGGED", "ORIGINAL_AUTHOR", "FRIEND")}}
		case 6:
			r.Robots = pick("noai", "noindex")
		case 7:
			r.AuthorAge = int32(random.IntN(3)) - 1
		}
		rows[i] = r
	}
	return rows
}

// seldomRows are rows whose reason chance meets too seldom to count on: a post of a Brazilian adult who never objected, and what is wrong with it.
func seldomRows() []row {
	post := func(id string, change func(*row)) row {
		author, kind, visibility, country := person(79), "POST", "PUBLIC", "BR"
		r := row{
			ItemID: &id, AuthorID: &author, Kind: &kind, Visibility: &visibility, Country: &country, AuthorAge: 18, AgeThen: 18,
			Labels: []string{}, ContentKeys: []string{}, Subjects: []somebody{},
		}
		change(&r)
		return r
	}
	noAI := "noai"
	return []row{
		post("seldom-0", func(r *row) { r.Labels = []string{"health"} }),
		post("seldom-1", func(r *row) { r.Subjects = []somebody{{ID: person(0), Role: "TAGGED"}} }),
		post("seldom-2", func(r *row) { r.ContentKeys = []string{"sha256:1"} }),
		post("seldom-3", func(r *row) { r.Robots = &noAI }),
		post("seldom-4", func(r *row) { r.AuthorAge, r.AgeThen = 17, 17 }),
	}
}

// write makes a Parquet file of rows, in small row groups.
func write(t *testing.T, rows []row, groupRows int64) string {
	t.Helper()
	text, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	word := func(name string) arrow.Field {
		return arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true}
	}
	schema := arrow.NewSchema([]arrow.Field{
		word("item_id"), word("author_id"), word("kind"), word("visibility"), word("country"), word("robots"),
		{Name: "author_age", Type: arrow.PrimitiveTypes.Int32},
		{Name: "author_age_at_creation", Type: arrow.PrimitiveTypes.Int32},
		{Name: "labels", Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true},
		{Name: "content_keys", Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true},
		{Name: "subjects", Type: arrow.ListOf(arrow.StructOf(word("subject_id"), word("role"))), Nullable: true},
	}, nil)
	records, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	defer records.Release()
	path := filepath.Join(t.TempDir(), "in.parquet")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	table := array.NewTableFromRecords(schema, []arrow.RecordBatch{records})
	defer table.Release()
	if err := pqarrow.WriteTable(table, out, groupRows, parquet.NewWriterProperties(), pqarrow.DefaultWriterProps()); err != nil {
		t.Fatal(err)
	}
	return path // WriteTable closed the file
}

// readIDs are the ids of the rows of a filtered corpus, in order.
func readIDs(t *testing.T, path string) []string {
	t.Helper()
	reader, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	from, err := pqarrow.NewFileReader(reader, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := from.ReadTable(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer table.Release()
	var ids []string
	for _, chunk := range table.Column(table.Schema().FieldIndices("item_id")[0]).Data().Chunks() {
		for i := range chunk.Len() {
			ids = append(ids, chunk.(*array.String).Value(i))
		}
	}
	return ids
}

// TestEveryRowIsCountedOnce filters random corpora through the server, counts each row by its own decision, alone, and holds the report and the
// written rows against that.
func TestEveryRowIsCountedOnce(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	p := start(t, settings{})
	for n := range 30 {
		p.object(t, filing(person(n)))
	}
	p.object(t, filing("", func(r *vetov1.FileObjectionRequest) {
		r.ItemIds, r.ContentKeys = []string{"row-0", "row-9"}, []string{"sha256:1"}
	}))
	seen := map[string]int64{}
	for _, size := range []int{1, 96, 97, 98, 700, 900} {
		rows := randomRows(random, size)
		if size == 900 {
			copy(rows[500:], seldomRows())
		}
		out := filepath.Join(t.TempDir(), "out.parquet")
		report, err := p.filtering(t, write(t, rows, int64(1+random.IntN(300))), out, nil)
		if err != nil {
			t.Fatal(err)
		}
		want, kept := p.countAlone(t, rows)
		got := map[string]int64{"included": report.Included, "redacted": report.Redacted, "invalid": report.InvalidRows()}
		for _, c := range report.Excluded {
			got[c.Reason] += c.Rows
			seen[c.Reason] += c.Rows
		}
		seen["invalid"] += report.InvalidRows()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d rows (-one by one +reported):\n%s", size, diff)
		}
		sum := int64(0)
		for _, n := range got {
			sum += n
		}
		if report.Offered != int64(size) || sum != report.Offered {
			t.Errorf("%d rows: %d offered, and the parts add up to %d", size, report.Offered, sum)
		}
		if ids := readIDs(t, out); !slices.Equal(ids, kept) {
			t.Errorf("%d rows: written were %d, included %d, and they are not the same in the same order", size, len(ids), len(kept))
		}
		for what, splits := range map[string][]filter.Split{"country": report.ByCountry, "kind": report.ByKind, "language": report.ByLanguage} {
			var all filter.Split
			for _, s := range splits {
				all.Offered, all.Included, all.Redacted = all.Offered+s.Offered, all.Included+s.Included, all.Redacted+s.Redacted
				all.Excluded, all.Invalid = all.Excluded+s.Excluded, all.Invalid+s.Invalid
			}
			if want := (filter.Split{Offered: report.Offered, Included: report.Included, Redacted: report.Redacted, Excluded: report.ExcludedRows(), Invalid: report.InvalidRows()}); all != want {
				t.Errorf("%d rows by %s add up to %+v, want %+v", size, what, all, want)
			}
		}
	}
	for _, reason := range []string{"OBJECTED", "ITEM_OBJECTED", "NO_REGIME", "PRIVATE_MESSAGE", "SIGNAL", "THIRD_PARTY", "KIND", "VISIBILITY", "UNDER_AGE", "LABEL", "invalid"} {
		if seen[reason] == 0 {
			t.Errorf("no row of any corpus is %s: the corpora try too little", reason)
		}
	}
}

// countAlone decides each row by a call of its own, and returns how many came to what, and the ids of those that may be used.
func (p *platform) countAlone(t *testing.T, rows []row) (counts map[string]int64, kept []string) {
	t.Helper()
	counts = map[string]int64{"included": 0, "redacted": 0, "invalid": 0}
	for _, r := range rows {
		decision := p.decide(t, r.item(), 0)
		switch decision.GetOutcome() {
		case vetov1.Outcome_OUTCOME_INCLUDE:
			counts["included"]++
			kept = append(kept, *r.ItemID)
		case vetov1.Outcome_OUTCOME_INVALID:
			counts["invalid"]++
		default:
			counts[strings.TrimPrefix(decision.GetReason().String(), "REASON_")]++
		}
	}
	return counts, kept
}

// TestARunThatIsRepeatedCountsTheSame breaks a run off in its middle and repeats it: nothing is left of the first, and the second counts as one
// that was never broken off.
func TestARunThatIsRepeatedCountsTheSame(t *testing.T) {
	p := start(t, settings{})
	for n := range 30 {
		p.object(t, filing(person(n)))
	}
	in := write(t, randomRows(rand.New(rand.NewPCG(7, 7)), 800), 200)
	folder := t.TempDir()
	whole, err := p.filtering(t, in, filepath.Join(folder, "whole.parquet"), nil)
	if err != nil {
		t.Fatal(err)
	}
	errCut := errors.New("cut off")
	again := filepath.Join(folder, "again.parquet")
	for cut := range 4 {
		if _, err := p.filtering(t, in, again, func(batch int) error {
			if batch == 2*cut+1 {
				return errCut
			}
			return nil
		}); !errors.Is(err, errCut) {
			t.Fatalf("a run that is cut off: %v", err)
		}
		if left, err := os.ReadDir(folder); err != nil || len(left) != 2 { // the whole one and its manifest
			t.Errorf("a run that was cut off left %v behind, %v", left, err)
		}
	}
	repeated, err := p.filtering(t, in, again, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole, repeated, cmpopts.IgnoreFields(filter.Report{}, "Seconds", "RowsPerSecond")); diff != "" {
		t.Errorf("repeated (-whole +repeated):\n%s", diff)
	}
	if a, b := readIDs(t, filepath.Join(folder, "whole.parquet")), readIDs(t, again); !slices.Equal(a, b) {
		t.Errorf("the two outputs hold other rows: %d and %d", len(a), len(b))
	}
}

// TestAnObjectionDuringARunIsCountedFromTheNextBatchOn files one between two batches: the report's revisions show it, and the sum still holds.
func TestAnObjectionDuringARunIsCountedFromTheNextBatchOn(t *testing.T) {
	p := start(t, settings{})
	const rows, batchRows = 970, 97
	corpus := make([]row, rows)
	for i := range corpus {
		id, author, kind, visibility, country := fmt.Sprintf("row-%d", i), "anna", "POST", "PUBLIC", "FR"
		corpus[i] = row{ItemID: &id, AuthorID: &author, Kind: &kind, Visibility: &visibility, Country: &country, AuthorAge: 18, AgeThen: 18}
	}
	var filed uint64
	out := filepath.Join(t.TempDir(), "out.parquet")
	report, err := p.filtering(t, write(t, corpus, rows), out, func(batch int) error {
		if batch == 4 {
			filed = p.object(t, filing("anna")).GetRevision()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []filter.ReasonCount{{Reason: "OBJECTED", Rows: rows - 4*batchRows}}
	if report.Included != 4*batchRows || !slices.Equal(report.Excluded, want) || report.Revisions.First >= filed || report.Revisions.Last != filed {
		t.Errorf("filed at revision %d after 4 batches: %d included, excluded %v, revisions %v", filed, report.Included, report.Excluded, report.Revisions)
	}
	if got := len(readIDs(t, out)); got != 4*batchRows {
		t.Errorf("%d rows were written", got)
	}
}
