package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// event is one line of `go test -json`: `go doc test2json` and `go help buildjson` describe it.
type event struct {
	Action     string
	Package    string
	ImportPath string // of a build event
	Test       string // empty where the event is the package's own
	Elapsed    float64
	Output     string
}

// caseID names one test case. Test is empty for what the package itself prints.
type caseID struct{ pkg, test string }

// tally is the state of one run. Its output is kept for each case until the case has ended, so that the lines of parallel tests do not mingle and a
// passing test says nothing.
type tally struct {
	out      io.Writer
	floors   map[string]float64 // by the end of an import path: the least coverage in per cent
	covered  map[string]float64 // by import path: the coverage that was measured
	open     map[string]bool    // packages that started and have not ended
	pending  map[caseID]*strings.Builder
	ended    map[string]int // cases that ended, by package
	failures map[string]int // those of them that failed
	built    map[string]*strings.Builder
	skipped  []string
	passed   int
	failed   int
}

func newTally(out io.Writer) *tally {
	return &tally{
		out:      out,
		floors:   map[string]float64{},
		covered:  map[string]float64{},
		open:     map[string]bool{},
		pending:  map[caseID]*strings.Builder{},
		ended:    map[string]int{},
		failures: map[string]int{},
		built:    map[string]*strings.Builder{},
	}
}

// read takes in the whole stream. What is no event is passed on as it is: the go command prints its own faults as plain text.
func (t *tally) read(in io.Reader) {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) == nil && e.Action != "" {
				t.take(e)
			} else {
				fmt.Fprint(t.out, line)
			}
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			t.fault("read the tests' output: %v", err)
			return
		}
	}
}

func (t *tally) take(e event) {
	id := caseID{e.Package, e.Test}
	switch e.Action {
	case "start":
		t.open[e.Package] = true
	case "build-output":
		keep(t.built, e.ImportPath, e.Output)
	case "build-fail":
		// Counted when the packages end that wanted it.
		fmt.Fprintf(t.out, "\nFAIL build %s\n%s\n", e.ImportPath, taken(t.built, e.ImportPath))
	case "output":
		keep(t.pending, id, e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.endPackage(e)
		} else {
			t.endCase(e)
		}
	}
}

func (t *tally) endCase(e event) {
	id := caseID{e.Package, e.Test}
	said := taken(t.pending, id)
	t.ended[e.Package]++
	switch e.Action {
	case "pass":
		t.passed++
	case "skip":
		t.skipped = append(t.skipped, e.Package+" "+e.Test+": "+reason(said))
	case "fail":
		t.failed++
		t.failures[e.Package]++
		fmt.Fprintf(t.out, "\nFAIL %s %s (%.1f s)\n%s\n", e.Package, e.Test, e.Elapsed, said)
	}
}

// noise is what a test binary prints about every package: it is told in other words, or not at all.
var noise = regexp.MustCompile(`(?m)^(PASS|FAIL|ok  \t.*|FAIL\t.*|\?   \t.*|testing: warning: no tests to run|coverage: .*|exit status \d+|\t\S+\t\tcoverage: .*)$\n?`)

// coverage is the line that a test binary prints of its package; a package without statements has no figure, and is covered whole.
var coverage = regexp.MustCompile(`coverage: (?:([0-9.]+)% of statements|\[no statements\])`)

func (t *tally) endPackage(e event) {
	delete(t.open, e.Package)
	said := taken(t.pending, caseID{e.Package, ""})
	figure := ""
	if m := coverage.FindStringSubmatch(said); m != nil {
		percent := 100.0
		if m[1] != "" {
			percent, _ = strconv.ParseFloat(m[1], 64) // the pattern admits figures only; anything odd is 0, which no floor lets pass
			figure = fmt.Sprintf("%5.1f %%", percent)
		}
		t.covered[e.Package] = percent
	}
	rest := strings.TrimSpace(noise.ReplaceAllString(said, ""))
	if e.Action == "fail" {
		t.unfinished(e.Package)
		if t.failures[e.Package] == 0 { // it failed outside its tests: it did not build, or ended before or after them
			t.failed++
		}
		fmt.Fprintf(t.out, "FAIL  %-52s %s\n%s\n", e.Package, figure, rest)
		return
	}
	if t.ended[e.Package] > 0 { // of a package without tests there is nothing to say
		fmt.Fprintf(t.out, "ok    %-52s %8s %7.1f s\n", e.Package, figure, e.Elapsed)
	}
}

// unfinished counts the cases of a package that were running when its process ended (a panic, a time limit, os.Exit), and prints what they said.
func (t *tally) unfinished(pkg string) {
	for _, id := range slices.SortedFunc(maps.Keys(t.pending), func(a, b caseID) int { return strings.Compare(a.test, b.test) }) {
		if id.pkg != pkg {
			continue
		}
		t.failed++
		t.failures[pkg]++
		fmt.Fprintf(t.out, "\nFAIL %s %s (never ended)\n%s\n", pkg, id.test, taken(t.pending, id))
	}
}

// fault is a failure that is no test case.
func (t *tally) fault(format string, args ...any) {
	t.failed++
	fmt.Fprintf(t.out, "\nFAIL "+format+"\n", args...)
}

// close prints what stands at the end, and reports whether all is well.
func (t *tally) close() bool {
	for _, pkg := range slices.Sorted(maps.Keys(t.open)) {
		t.unfinished(pkg)
		t.fault("%s: the output ended before its tests did", pkg)
	}
	if t.passed+t.failed == 0 {
		t.fault("no test ran")
	}
	for _, suffix := range slices.Sorted(maps.Keys(t.floors)) {
		t.checkFloor(suffix, t.floors[suffix])
	}
	for _, s := range t.skipped {
		fmt.Fprintln(t.out, "skipped", s)
	}
	fmt.Fprintf(t.out, "%d passed, %d failed\n", t.passed, t.failed)
	return t.failed == 0
}

func (t *tally) checkFloor(suffix string, floor float64) {
	for pkg, percent := range t.covered {
		if !strings.HasSuffix(pkg, "/"+suffix) {
			continue
		}
		if percent < floor {
			t.fault("%s: %.1f %% of its statements are covered, at least %.1f %% must be", pkg, percent, floor)
		}
		return
	}
	t.fault("%s: no coverage was measured, at least %.1f %% must be", suffix, floor)
}

func keep[K comparable](m map[K]*strings.Builder, key K, text string) {
	if m[key] == nil {
		m[key] = &strings.Builder{}
	}
	m[key].WriteString(text)
}

func taken[K comparable](m map[K]*strings.Builder, key K) string {
	b := m[key]
	if b == nil {
		return ""
	}
	delete(m, key)
	return strings.TrimRight(b.String(), "\n")
}

// reason picks the words of t.Skip out of what a skipped case printed: the line that names its file.
func reason(said string) string {
	for line := range strings.Lines(said) {
		if strings.Contains(line, ".go:") {
			return strings.TrimSpace(line)
		}
	}
	return "no reason given"
}
