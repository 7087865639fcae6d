// Command tally reads what `go test -json` prints and says it in few lines: each failure whole, each package with its coverage, and at the end
//
//	N passed, N failed
//
// the number of test cases, subtests, examples and fuzz seeds among them. It exits with 1 when anything failed: a case, a package that did not
// build or ended outside a test, a package whose coverage is below its floor or that is named by a floor and was not tested, a stream that ended
// before every package had. A skipped case is listed and counts as neither.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	floor := flag.Float64("floor", 0, "the least statement coverage, in per cent, of the packages after -cover")
	cover := flag.String("cover", "", "packages that must reach the floor: ends of import paths, separated by commas")
	flag.Parse()
	if flag.NArg() != 0 {
		fmt.Fprintln(os.Stderr, "usage: go test -json -cover ./... | tally [-floor 90 -cover internal/a,internal/b]")
		os.Exit(2)
	}
	t := newTally(os.Stdout)
	if *cover != "" {
		for suffix := range strings.SplitSeq(*cover, ",") {
			t.floors[strings.TrimSpace(suffix)] = *floor
		}
	}
	t.read(os.Stdin)
	if !t.close() {
		os.Exit(1)
	}
}
