package importer

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/veto-gate/veto/internal/terminal"
)

// Tell prints what became of an import, as a table or as a JSON object.
func Tell(s terminal.Streams, name string, r Result, took time.Duration, asJSON bool) error {
	rate := 0.0
	if took > 0 {
		rate = float64(r.Rows) / took.Seconds()
	}
	if asJSON {
		text, err := json.Marshal(map[string]any{
			"import_id": name, "rows": r.Rows, "accepted": r.Accepted, "unchanged": r.Unchanged, "rejected": r.Rejected, "pending": r.Pending, "revision": r.Revision,
			"seconds": took.Seconds(), "unread": r.Unread,
		})
		if err != nil {
			return err
		}
		s.Print("%s\n", text)
		return nil
	}
	if len(r.Unread) > 0 {
		s.Say("columns that no field takes, not read: %s", strings.Join(r.Unread, ", "))
	}
	var t terminal.Table
	t.Add("import", name)
	t.Add("rows", terminal.Thousands(r.Rows), fmt.Sprintf("%s a second, each on disk before it was counted", terminal.Thousands(int64(rate))))
	inForce := "in force at revision "
	if r.Pending == r.Accepted && r.Pending > 0 {
		inForce = "at revision "
	}
	t.Add("recorded", terminal.Thousands(r.Accepted), inForce+strconv.FormatUint(r.Revision, 10))
	if r.Pending > 0 {
		t.Add("  waiting", terminal.Thousands(r.Pending), "of them protect nobody yet: with an address and no id they wait for their match")
	}
	t.Add("unchanged", terminal.Thousands(r.Unchanged), "it stood already")
	t.Add("rejected", terminal.Thousands(r.Rejected), "not recorded, and nothing else was harmed")
	return t.Write(s.Out, "")
}
