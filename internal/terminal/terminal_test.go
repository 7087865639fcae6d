package terminal_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/terminal"
)

func ExampleTable() {
	var t terminal.Table
	t.Add("REGIME", "REASON", "ROWS")
	t.Add("eu", "OBJECTED", terminal.Thousands(12345))
	t.Add("brazil", "UNDER_AGE", terminal.Thousands(7))
	if err := t.Write(os.Stdout, "  "); err != nil {
		fmt.Println(err)
	}
	// Output:
	//   REGIME  REASON     ROWS
	//   eu      OBJECTED   12,345
	//   brazil  UNDER_AGE  7
}

func ExampleSuggest() {
	fmt.Println(terminal.Suggest("EMIAL", terminal.Names(vetov1.Channel(0).Descriptor())))
	// Output:
	// did you mean EMAIL? one of WEB_FORM, SETTINGS, EMAIL, LETTER, PHONE, IN_PERSON, IMPORT, API, GPC
}

func ExampleWrap() {
	fmt.Print(terminal.Wrap("An objection counts from its acknowledgement.\nIt needs no reason.", 20))
	// Output:
	// An objection counts
	// from its
	// acknowledgement.
	// It needs no reason.
}

func TestStreamsKeepDataApart(t *testing.T) {
	var out, stderr bytes.Buffer
	s := terminal.Streams{Out: &out, Err: &stderr}
	s.Say("stopping after %d", 3)
	s.Hint("start again")
	s.Print("%d rows\n", 3)
	if got, want := stderr.String(), "veto: stopping after 3\nhint: start again\n"; got != want {
		t.Errorf("stderr: %q, want %q", got, want)
	}
	if got, want := out.String(), "3 rows\n"; got != want {
		t.Errorf("stdout: %q, want %q", got, want)
	}
}

func TestJSONIsOneLineWithTheNamesOfTheProto(t *testing.T) {
	var out bytes.Buffer
	message := &vetov1.Item{ItemId: "i-1", Kind: vetov1.ItemKind_ITEM_KIND_POST, AuthorAge: 18}
	for range 20 { // protojson's own spaces vary from run to run, and this must not
		out.Reset()
		if err := (terminal.Streams{Out: &out}).JSON(message); err != nil {
			t.Fatal(err)
		}
		if got, want := out.String(), `{"item_id":"i-1","kind":"ITEM_KIND_POST","author_age":18}`+"\n"; got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	if err := (terminal.Streams{Out: &out}).JSON(&vetov1.Item{ItemId: "\xff"}); err == nil {
		t.Error("a message that is no JSON was written")
	}
	full := errors.New("no room")
	if err := (terminal.Streams{Out: failing{full}}).JSON(message); !errors.Is(err, full) {
		t.Errorf("got %v, want the stream's error", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestTableTellsAFailedWrite(t *testing.T) {
	var table terminal.Table
	table.Add("a")
	full := errors.New("no room")
	if err := table.Write(failing{full}, ""); !errors.Is(err, full) {
		t.Errorf("got %v, want the stream's error", err)
	}
}

func TestTableLeavesNoSpaceAtALinesEnd(t *testing.T) {
	var table terminal.Table
	table.Add("a", "")
	table.Add("longer", "x")
	table.Add("")
	var out strings.Builder
	if err := table.Write(&out, "  "); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "  a\n  longer  x\n\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNumbersAndTimes(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{terminal.Thousands(0), "0"},
		{terminal.Thousands(999), "999"},
		{terminal.Thousands(1000), "1,000"},
		{terminal.Thousands(-1234567), "-1,234,567"},
		{terminal.Thousands(-123), "-123"},
		{terminal.Thousands(uint64(18446744073709551615)), "18,446,744,073,709,551,615"},
		{terminal.Counted(1, "item", "items"), "1 item"},
		{terminal.Counted(2000, "item", "items"), "2,000 items"},
		{terminal.OrDash(""), "-"},
		{terminal.OrDash("x"), "x"},
		{terminal.Instant(nil), "-"},
		{terminal.Instant(timestamppb.New(time.Date(2025, 5, 27, 2, 0, 0, 5, time.FixedZone("", 7200)))), "2025-05-27T00:00:00Z"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestEnumNames(t *testing.T) {
	if got := terminal.Bare(vetov1.Reason_REASON_OBJECTED); got != "OBJECTED" {
		t.Errorf("got %q", got)
	}
	if got := terminal.Bare(vetov1.Reason(99)); got != "UNKNOWN" {
		t.Errorf("a number without a name: %q", got)
	}
	enum := vetov1.Channel(0).Descriptor()
	for name, want := range map[string]int32{"EMAIL": 3, "CHANNEL_EMAIL": 3, "email": -1, "UNSPECIFIED": -1, "CHANNEL_UNSPECIFIED": -1, "": -1, "FAX": -1} {
		got := int32(-1)
		if found := terminal.ByName(enum, name); found != nil {
			got = int32(found.Number())
		}
		if got != want {
			t.Errorf("%q: %d, want %d", name, got, want)
		}
	}
	want := []string{"PASS", "FAIL", "REDACT", "SKIPPED"}
	if diff := cmp.Diff(want, terminal.Names(vetov1.CheckResult(0).Descriptor())); diff != "" {
		t.Error(diff)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"listen", "log", "policy", "max-staleness"}
	for name, want := range map[string]string{
		"listn": "listen", "LISTEN": "listen", "lsiten": "listen", "max_staleness": "max-staleness", "polici": "policy", "lgo": "log",
		"x": "", "": "", "entirely-else": "",
	} {
		if got := terminal.Nearest(name, known); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// TestNearestFindsOneWrongLetter holds it to what it is for.
func TestNearestFindsOneWrongLetter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z]{4,12}`).Draw(t, "name")
		at := rapid.IntRange(0, len(name)-1).Draw(t, "at")
		wrong := name[:at] + "_" + name[at+1:]
		for _, typed := range []string{wrong, name[:at] + name[at+1:], name[:at] + "_" + name[at:]} {
			if got := terminal.Nearest(typed, []string{name}); got != name {
				t.Fatalf("%q: %q, want %q", typed, got, name)
			}
		}
	})
}

// TestWrapLosesNothing: the words stay, in order, and a line is too long only where a word is.
func TestWrapLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([a-zäö]{1,12}[ \n]{1,2}){0,30}`).Draw(t, "text")
		width := rapid.IntRange(1, 40).Draw(t, "width")
		wrapped := terminal.Wrap(text, width)
		if diff := cmp.Diff(strings.Fields(text), strings.Fields(wrapped)); diff != "" {
			t.Fatal(diff)
		}
		for line := range strings.Lines(wrapped) {
			line = strings.TrimSuffix(line, "\n")
			if utf8.RuneCountInString(line) > width && strings.Contains(line, " ") {
				t.Fatalf("%q is longer than %d", line, width)
			}
		}
	})
}
