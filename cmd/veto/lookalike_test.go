package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/google/uuid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// lookAlikes are ids that a person, a database or a normalising library takes for one another. Each is another id.
var lookAlikes = map[string][]string{
	"composed and decomposed": {"caf\u00e9", "cafe\u0301", "cafe"},
	"singleton":               {"\u212b", "\u00c5", "A\u030a"}, // the unit of length, and the letter that NFC makes of it
	"case":                    {"ada", "Ada", "ADA"},
	"case that changes size":  {"stra\u00dfe", "strasse", "STRASSE", "stra\u1e9ee"},
	"dotless":                 {"i", "I", "\u0131", "\u0130"},
	"full width":              {"user1", "\uff55\uff53\uff45\uff521", "user\uff11"},
	"zero width":              {"eve", "e\u200bve", "ev\u200de", "e\u00adve", "e\u2060ve"},
	"other scripts":           {"paypal", "p\u0430yp\u0430l"},
	"numbers":                 {"7", "07", "7.0", "+7", "7e0", "\u0667"},
	"large numbers":           {"9007199254740993", "9007199254740992", "9007199254740993.0"}, // the first is no float64
	"ligature":                {"o\ufb03ce", "office"},
	"inner space":             {"a b", "a  b", "a\u00a0b"},
	"words that are values":   {"null", "NULL", "true", "nan", "-"},
}

// filingDoors are how an objection comes in.
var filingDoors = map[string]func(t *testing.T, c *client, addr, id string){
	"gRPC": func(t *testing.T, c *client, _, id string) {
		t.Helper()
		if _, err := c.registry.FileObjection(t.Context(), &vetov1.FileObjectionRequest{RequestId: uuid.NewString(), SubjectId: id, Channel: vetov1.Channel_CHANNEL_API}); err != nil {
			t.Fatal(err)
		}
	},
	"veto object": func(t *testing.T, _ *client, addr, id string) {
		t.Helper()
		veto(t, exitDone, "object", "--addr", addr, "--", id)
	},
}

// readingDoors are how one is found: whether this id has objected.
var readingDoors = map[string]func(t *testing.T, c *client, addr, id string) bool{
	"GetStanding": func(t *testing.T, c *client, _, id string) bool {
		t.Helper()
		answer, err := c.registry.GetStanding(t.Context(), &vetov1.GetStandingRequest{SubjectId: id})
		if err != nil {
			t.Fatal(err)
		}
		return len(answer.GetObjections()) > 0
	},
	"Decide": func(t *testing.T, c *client, _, id string) bool {
		t.Helper()
		answer, err := c.decisions.Decide(t.Context(), &vetov1.DecideRequest{Purpose: "training", Item: itemOf(id)})
		if err != nil {
			t.Fatal(err)
		}
		return answer.GetDecision().GetReason() == vetov1.Reason_REASON_OBJECTED
	},
	"BatchDecide": func(t *testing.T, c *client, _, id string) bool {
		t.Helper()
		answer, err := c.decisions.BatchDecide(t.Context(), &vetov1.BatchDecideRequest{Purpose: "training", Items: []*vetov1.Item{itemOf("nobody else"), itemOf(id)}, AbsentFields: rarelyMapped})
		if err != nil {
			t.Fatal(err)
		}
		return answer.GetReasons()[1] == vetov1.Reason_REASON_OBJECTED
	},
	"StreamDecide": func(t *testing.T, c *client, _, id string) bool {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		stream, err := c.decisions.StreamDecide(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Send(&vetov1.StreamDecideRequest{Options: &vetov1.BatchOptions{Purpose: "training", AbsentFields: rarelyMapped}, Items: []*vetov1.Item{itemOf(id)}}); err != nil {
			t.Fatal(err)
		}
		answer, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return answer.GetReasons()[0] == vetov1.Reason_REASON_OBJECTED
	},
	"veto standing": func(t *testing.T, _ *client, addr, id string) bool {
		t.Helper()
		stdout, _ := veto(t, exitDone, "standing", "--addr", addr, "--output", "json", "--", id)
		var answer struct{ Objections []any }
		if err := json.Unmarshal([]byte(stdout), &answer); err != nil {
			t.Fatal(err)
		}
		return len(answer.Objections) > 0
	},
	"veto decide": func(t *testing.T, _ *client, addr, id string) bool {
		t.Helper()
		return saysObjected(t, "decide", "--addr", addr, "--output", "json", "--kind", "POST", "--visibility", "PUBLIC", "--country", "DE", "--age", "30", "--item-id", "i", "--author="+id)
	},
	"veto decide of JSON": func(t *testing.T, _ *client, addr, id string) bool {
		t.Helper()
		item, err := json.Marshal(map[string]any{"item_id": "i", "kind": "POST", "visibility": "PUBLIC", "country": "DE", "author_age": 30, "author_id": id})
		if err != nil {
			t.Fatal(err)
		}
		return saysObjected(t, "decide", "--addr", addr, "--output", "json", "--item", string(item))
	},
}

// rarelyMapped are the fields that its regimes read and the items here do not carry.
var rarelyMapped = []string{"subjects", "content_keys", "labels", "signals", "author_age_at_creation"}

func itemOf(author string) *vetov1.Item {
	return &vetov1.Item{ItemId: "i", AuthorId: author, Kind: vetov1.ItemKind_ITEM_KIND_POST, Visibility: vetov1.Visibility_VISIBILITY_PUBLIC, Country: "DE", AuthorAge: 30}
}

func saysObjected(t *testing.T, args ...string) bool {
	t.Helper()
	stdout, _ := veto(t, exitDone, args...)
	var answer struct{ Decision struct{ Reason string } }
	if err := json.Unmarshal([]byte(stdout), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Decision.Reason == "REASON_OBJECTED"
}

// corpora write ids as the authors of rows, each row's item named by its author.
var corpora = map[string]func(t *testing.T, ids []string) []byte{
	"jsonl": func(t *testing.T, ids []string) []byte {
		t.Helper()
		var lines bytes.Buffer
		for _, id := range ids {
			line, err := json.Marshal(map[string]string{"item_id": id, "author_id": id})
			if err != nil {
				t.Fatal(err)
			}
			lines.Write(append(line, '\n'))
		}
		return lines.Bytes()
	},
	"csv": func(t *testing.T, ids []string) []byte {
		t.Helper()
		var table bytes.Buffer
		rows := csv.NewWriter(&table)
		for _, row := range append([]string{"author_id"}, ids...) {
			if err := rows.Write([]string{row, row}); err != nil {
				t.Fatal(err)
			}
		}
		rows.Flush()
		return bytes.Replace(table.Bytes(), []byte("author_id,author_id"), []byte("item_id,author_id"), 1)
	},
	"parquet": func(t *testing.T, ids []string) []byte {
		t.Helper()
		schema := arrow.NewSchema([]arrow.Field{{Name: "item_id", Type: arrow.BinaryTypes.String}, {Name: "author_id", Type: arrow.BinaryTypes.String}}, nil)
		builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		defer builder.Release()
		for _, id := range ids {
			builder.Field(0).(*array.StringBuilder).Append(id)
			builder.Field(1).(*array.StringBuilder).Append(id)
		}
		batch := builder.NewRecordBatch()
		defer batch.Release()
		table := array.NewTableFromRecords(schema, []arrow.RecordBatch{batch})
		defer table.Release()
		var file bytes.Buffer
		if err := pqarrow.WriteTable(table, &file, 1<<20, nil, pqarrow.DefaultWriterProps()); err != nil {
			t.Fatal(err)
		}
		return file.Bytes()
	},
}

// objectedIn filters a corpus, and returns whose rows were left out as objected, in order.
func objectedIn(t *testing.T, addr, format string, corpus []byte) []string {
	t.Helper()
	folder := t.TempDir()
	in, list := filepath.Join(folder, "in."+format), filepath.Join(folder, "why.jsonl")
	if err := os.WriteFile(in, corpus, 0o600); err != nil {
		t.Fatal(err)
	}
	veto(t, exitDone, "filter", in, "--dry-run", "--excluded", list, "--addr", addr, "--set", "kind=POST", "--set", "visibility=PUBLIC", "--set", "country=DE", "--set", "author_age=30",
		"--absent", strings.Join(rarelyMapped, ","))
	text, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for line := range strings.Lines(string(text)) {
		var row struct {
			ItemID string `json:"item_id"`
			Reason string
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		if row.Reason == "OBJECTED" {
			ids = append(ids, row.ItemID)
		}
	}
	return ids
}

// TestFault_I02_LookAlikesAtEveryDoor files for the ids of each kind one after another, at each door. What was filed is found at every
// door, and nothing that looks like it.
func TestFault_I02_LookAlikesAtEveryDoor(t *testing.T) {
	for filedAt, file := range filingDoors {
		t.Run(filedAt, func(t *testing.T) {
			p := start(t, build(t), registerWith(t, takesEveryID))
			c, conn := p.client(t)
			defer conn.Close()
			for kind, ids := range lookAlikes {
				for n, filed := range ids {
					file(t, c, p.address, filed)
					for foundAt, objected := range readingDoors {
						for m, id := range ids {
							if got, want := objected(t, c, p.address, id), m <= n; got != want {
								t.Errorf("%s: %q were filed, and %s finds %q: %v", kind, ids[:n+1], foundAt, id, got)
							}
						}
					}
					for format, write := range corpora {
						if got := objectedIn(t, p.address, format, write(t, ids)); !slices.Equal(got, ids[:n+1]) {
							t.Errorf("%s: %q were filed, and a corpus of %s has %q", kind, ids[:n+1], format, got)
						}
					}
				}
			}
			if code := p.stop(); code != exitDone {
				t.Errorf("exit %d\n%s", code, p.stderr)
			}
		})
	}
}
