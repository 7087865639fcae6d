package filter

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// How many rows of a split are printed; the rest stand in one line. All of them are in the JSON.
const (
	maxCountries = 20
	maxLanguages = 12
)

// WriteText writes the report for people: one account of all rows, then the same rows by kind, country and language, then what was not checked.
// Numbers have commas between thousands and are aligned.
func (r *Report) WriteText(w io.Writer) error {
	var b bytes.Buffer
	if r.Replay != nil {
		fmt.Fprintf(&b, "%s\n\n", r.Replay)
	}
	r.writeAccount(&b)
	r.writeInvalid(&b)
	r.writeFiles(&b)
	writeSplits(&b, "kind", r.ByKind, len(r.ByKind))
	writeSplits(&b, "country", r.ByCountry, maxCountries)
	writeSplits(&b, "language", r.ByLanguage, maxLanguages)
	r.writeCircumstances(&b)
	_, err := w.Write(b.Bytes())
	return err
}

// writeAccount adds up: offered is the sum of what is below it.
func (r *Report) writeAccount(b *bytes.Buffer) {
	t := table{}
	line := func(name string, rows int64) { t.add(name, thousands(rows), percent(rows, r.Offered)) }
	line("offered", r.Offered)
	line("  included", r.Included)
	if r.Redacted > 0 {
		line("  redacted", r.Redacted)
	}
	line("  excluded", r.ExcludedRows())
	for _, c := range r.Excluded {
		line("    "+c.Reason, c.Rows)
	}
	line("  invalid", r.InvalidRows())
	t.write(b)
}

func (r *Report) writeInvalid(b *bytes.Buffer) {
	if len(r.Invalid) == 0 {
		return
	}
	t := table{left: map[int]bool{2: true, 3: true}}
	t.add("invalid field", "rows", "first rows", "what is wrong")
	for _, c := range r.Invalid {
		var rows []string
		for _, n := range c.FirstRows {
			rows = append(rows, strconv.FormatInt(n, 10))
		}
		t.add(c.Field, thousands(c.Rows), strings.Join(rows, " "), c.Message)
	}
	b.WriteByte('\n')
	t.write(b)
}

// maxFiles is how many corpora of several are printed.
const maxFiles = 20

func (r *Report) writeFiles(b *bytes.Buffer) {
	var splits []Split
	for _, f := range r.Files {
		splits = append(splits, Split{Name: f.In, Offered: f.Offered, Included: f.Included, Redacted: f.Redacted, Excluded: f.Excluded, Invalid: f.Invalid})
	}
	writeSplits(b, "file", splits, maxFiles)
}

func writeSplits(b *bytes.Buffer, title string, splits []Split, most int) {
	if len(splits) == 0 {
		return
	}
	redacted := false
	for _, s := range splits {
		redacted = redacted || s.Redacted > 0
	}
	t := table{}
	line := func(s Split) {
		cells := []string{s.Name, thousands(s.Offered), thousands(s.Included)}
		if redacted {
			cells = append(cells, thousands(s.Redacted))
		}
		t.add(append(cells, thousands(s.Excluded), thousands(s.Invalid), percent(s.Included, s.Offered))...)
	}
	head := []string{title, "offered", "included"}
	if redacted {
		head = append(head, "redacted")
	}
	t.add(append(head, "excluded", "invalid", "share")...)
	for i, s := range splits {
		if i == most && len(splits) > most+1 {
			line(sum(fmt.Sprintf("%d more", len(splits)-most), splits[most:]))
			break
		}
		line(s)
	}
	b.WriteByte('\n')
	t.write(b)
}

func sum(name string, splits []Split) Split {
	all := Split{Name: name}
	for _, s := range splits {
		all.addAll(s)
	}
	return all
}

func (r *Report) writeCircumstances(b *bytes.Buffer) {
	b.WriteByte('\n')
	notChecked := "nothing"
	if len(r.NotChecked) > 0 {
		notChecked = strings.Join(r.NotChecked, ", ")
	}
	fmt.Fprintf(b, "not checked: %s\n", notChecked)
	if r.Purpose != "" {
		fmt.Fprintf(b, "purpose: %s\n", r.Purpose)
	}
	fmt.Fprintf(b, "decided at %s, %s\n", r.Revisions.of("revision"), r.PolicyVersions.of("policy version"))
	fmt.Fprintf(b, "%s rows in %.1f s, %s rows/s\n", thousands(r.Offered), r.Seconds, thousands(int64(r.RowsPerSecond)))
}

// of names what is counted: "revision 4", "revisions 4 to 7".
func (s Span) of(name string) string {
	if s.First == s.Last {
		return fmt.Sprintf("%s %d", name, s.First)
	}
	return fmt.Sprintf("%ss %d to %d", name, s.First, s.Last)
}

// thousands writes 104254 as 104,254.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// percent is empty where there is no whole.
func percent(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}

// table aligns cells: the first column to the left, the others to the right unless left says otherwise.
type table struct {
	left  map[int]bool
	lines [][]string
}

func (t *table) add(cells ...string) { t.lines = append(t.lines, cells) }

func (t *table) write(b *bytes.Buffer) {
	var widths []int
	for _, line := range t.lines {
		for i, cell := range line {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len(cell))
		}
	}
	for _, line := range t.lines {
		var text strings.Builder
		for i, cell := range line {
			space := strings.Repeat(" ", widths[i]-len(cell))
			if i > 0 {
				text.WriteString("  ")
			}
			if i == 0 || t.left[i] {
				text.WriteString(cell + space)
			} else {
				text.WriteString(space + cell)
			}
		}
		b.WriteString(strings.TrimRight(text.String(), " ") + "\n")
	}
}
