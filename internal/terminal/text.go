package terminal

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// Table collects rows, to be written in aligned columns. The zero Table is empty.
type Table struct{ rows [][]string }

// Add adds a row.
func (t *Table) Add(cells ...string) { t.rows = append(t.rows, cells) }

// Write writes the rows, two spaces between columns and none at a line's end, each line after indent.
func (t *Table) Write(w io.Writer, indent string) error {
	var text bytes.Buffer
	aligned := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range t.rows {
		fmt.Fprintln(aligned, strings.Join(row, "\t"))
	}
	if err := aligned.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		line = strings.TrimRight(line, " \n")
		if line != "" {
			line = indent + line
		}
		if _, err := io.WriteString(w, line+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// Instant prints a time as RFC 3339 in UTC, to the second, and an absent one as a dash.
func Instant(t *timestamppb.Timestamp) string {
	if t == nil {
		return "-"
	}
	return t.AsTime().UTC().Format(time.RFC3339)
}

// OrDash prints a dash for nothing, so that no column is empty.
func OrDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// Integer is what Thousands and Counted print.
type Integer interface {
	~int | ~int32 | ~int64 | ~uint64
}

// Thousands prints a count with separators.
func Thousands[N Integer](n N) string {
	digits := fmt.Sprint(n)
	first := 0
	if strings.HasPrefix(digits, "-") {
		first = 1
	}
	for i := len(digits) - 3; i > first; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// Counted prints a number with its noun.
func Counted[N Integer](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Thousands(n) + " " + many
}

// Wrap breaks a text at spaces into lines of at most width characters, where its words allow that. Each line ends with a newline.
func Wrap(text string, width int) string {
	var out strings.Builder
	for paragraph := range strings.Lines(strings.TrimSpace(text)) {
		column := 0
		for _, word := range strings.Fields(paragraph) {
			length := utf8.RuneCountInString(word)
			switch {
			case column == 0:
			case column+1+length > width:
				out.WriteByte('\n')
				column = 0
			default:
				out.WriteByte(' ')
				column++
			}
			out.WriteString(word)
			column += length
		}
		out.WriteByte('\n')
	}
	return out.String()
}
