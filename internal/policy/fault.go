package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong with a policy.
type Fault struct {
	// Path is the field, in the names of the message: regimes[0].periods[1].end. Empty: the document as a whole.
	Path string
	// Line and Column, from 1, say where the document has it; a column counts characters. 0: the policy did not come as text.
	Line, Column int
	// Message says what is wrong, why, and what to do.
	Message string
}

// String is the fault on one line, with whatever is known of its place.
func (f Fault) String() string {
	var b strings.Builder
	if f.Line > 0 {
		fmt.Fprintf(&b, "line %d, column %d: ", f.Line, f.Column)
	}
	if f.Path != "" {
		b.WriteString(f.Path)
		b.WriteString(": ")
	}
	b.WriteString(f.Message)
	return b.String()
}

// Error is every fault of a policy.
type Error struct {
	// Faults are in the order of the document where it came as text, else in the order of the message. Never empty. Where
	// there are more than 100, the last one says so.
	Faults []Fault
}

// Error lists every fault, one a line where there are several.
func (e *Error) Error() string {
	if len(e.Faults) == 1 {
		return "check policy: " + e.Faults[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "check policy: %d faults", len(e.Faults))
	for _, f := range e.Faults {
		b.WriteString("\n")
		b.WriteString(f.String())
	}
	return b.String()
}

// maxFaults bounds what is told, so that a hostile document costs no more than a long one. Nobody reads further.
const maxFaults = 100

// andMore stands after the last of the faults that are told.
const andMore = "and more; correct these first, then look again"

// faults collects what is wrong.
type faults struct {
	list []Fault
	at   map[string]position // where the document has a path; nil for a policy that did not come as text
	read map[string]bool     // paths that could not be read: nothing more is said of them
	long bool                // a list is longer than it may be
}

// position is a place in a document.
type position struct{ line, column int }

// add notes a fault at a path, and looks up where the document has it, or the nearest thing around it.
func (c *faults) add(path, format string, args ...any) {
	if !c.read[path] {
		c.addAt(c.position(path), path, fmt.Sprintf(format, args...))
	}
}

func (c *faults) addAt(p position, path, message string) {
	if !c.full() {
		c.list = append(c.list, Fault{Path: path, Line: p.line, Column: p.column, Message: message})
	}
}

// full says that there is one more than is told, and that looking further is waste.
func (c *faults) full() bool { return len(c.list) > maxFaults }

func (c *faults) position(path string) position {
	if c.at == nil {
		return position{}
	}
	for {
		if p, ok := c.at[path]; ok {
			return p
		}
		if path == "" {
			return position{line: 1, column: 1}
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
}

// closeReading ends the reading of the document. What it found is not to be found again as missing.
func (c *faults) closeReading() {
	c.read = make(map[string]bool, len(c.list))
	for _, f := range c.list {
		c.read[f.Path] = true
	}
}

// err is nil where nothing is wrong.
func (c *faults) err() error {
	if len(c.list) == 0 {
		return nil
	}
	slices.SortStableFunc(c.list, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if c.full() {
		last := c.list[maxFaults-1]
		c.list[maxFaults] = Fault{Line: last.Line, Column: last.Column, Message: andMore}
	}
	return &Error{Faults: c.list}
}
