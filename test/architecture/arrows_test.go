package architecture_test

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// arrows says for every package of ours which others of ours it may import, tests apart. A name that ends in /... stands for all below it. A package
// that is not listed fails the test: its place is to be found first, here and in ARCHITECTURE.md.
//
// They run one way: cmd → server, web → columns, dataset, ledger, registry, notice, policy, signal → gate. event and subject are leaves. store is
// known by its interface to registry, ledger and dataset; cmd alone picks the driver.
var arrows = map[string][]string{
	"gen/veto/v1": {},

	// Leaves.
	"internal/event":               {},
	"internal/subject":             {},
	"internal/golden":              {},
	"internal/telemetry":           {},
	"internal/terminal":            {},
	"internal/settings":            {"internal/terminal"},
	"internal/policy/jurisdiction": {},

	// The decision.
	"internal/gate":           {"internal/gate/standings", "gen/veto/v1"},
	"internal/gate/standings": {},

	// What surrounds it.
	"internal/signal":  {"internal/gate"},
	"internal/policy":  {"internal/policy/jurisdiction", "internal/subject", "internal/gate", "internal/gate/standings", "internal/signal", "gen/veto/v1"},
	"internal/notice":  {"internal/policy", "internal/policy/jurisdiction", "internal/gate", "gen/veto/v1"},
	"internal/columns": {"internal/gate", "gen/veto/v1"},
	"internal/filter":  {"internal/filter/corpus", "internal/filter/columnar", "internal/filter/lines", "internal/columns", "internal/gate", "internal/terminal", "gen/veto/v1"},

	// The formats of a corpus.
	"internal/filter/corpus":   {"internal/columns", "gen/veto/v1"},
	"internal/filter/columnar": {"internal/filter/corpus", "internal/columns", "gen/veto/v1"},
	"internal/filter/lines":    {"internal/filter/corpus", "internal/columns", "gen/veto/v1"},

	// The log and what folds it.
	"internal/store":           {"internal/event"},
	"internal/store/storetest": {"internal/store", "internal/event"},
	"internal/store/sqlite":    {"internal/store", "internal/event"},
	"internal/store/postgres":  {"internal/store", "internal/event"},
	"internal/registry": {
		"internal/registry/answer", "internal/registry/bulk", "internal/registry/clock", "internal/registry/draft", "internal/registry/filing", "internal/registry/intake", "internal/registry/listing", "internal/registry/resolve", "internal/registry/sealed", "internal/event", "internal/subject", "internal/store", "internal/gate", "internal/gate/standings", "internal/policy",
		"internal/policy/jurisdiction", "internal/telemetry", "gen/veto/v1",
	},
	"internal/registry/bulk":    {"internal/registry/intake", "internal/store", "gen/veto/v1"},
	"internal/registry/clock":   {},
	"internal/registry/sealed":  {"internal/event", "internal/subject", "internal/store"},
	"internal/registry/answer":  {"internal/registry/filing", "internal/registry/resolve", "internal/event", "internal/subject", "internal/store", "gen/veto/v1"},
	"internal/registry/resolve": {"internal/registry/draft", "internal/registry/filing", "internal/registry/intake", "internal/registry/sealed", "internal/event", "internal/subject", "internal/store", "gen/veto/v1"},
	"internal/registry/filing":  {"internal/event", "internal/store", "gen/veto/v1"},
	"internal/registry/draft":   {"internal/event", "internal/store", "internal/subject"},
	"internal/registry/listing": {"internal/registry/filing", "internal/registry/intake", "internal/event", "internal/store", "gen/veto/v1"},
	"internal/registry/intake":  {"internal/event", "internal/subject", "internal/policy/jurisdiction", "gen/veto/v1"},
	"internal/ledger":           {"internal/event", "internal/store", "internal/telemetry"},
	"internal/dataset": {
		"internal/event", "internal/store", "internal/registry", "internal/gate", "internal/columns", "internal/telemetry", "gen/veto/v1",
	},

	// The doors. Neither knows the store, but for its errors: TestServerKnowsOnlyTheErrorsOfTheStore.
	"internal/server": {
		"internal/event", "internal/subject", "internal/store", "internal/gate", "internal/gate/standings", "internal/policy", "internal/policy/jurisdiction",
		"internal/registry", "internal/ledger", "internal/dataset", "internal/columns", "internal/notice", "internal/signal", "internal/telemetry",
		"internal/server/limits", "internal/server/entry", "internal/server/objections", "internal/access", "gen/veto/v1",
	},
	"internal/server/limits":      {},
	"internal/server/objections":  {"internal/registry", "internal/server/entry", "internal/server/limits", "gen/veto/v1"},
	"internal/server/entry":       {"internal/access", "internal/registry", "gen/veto/v1"},
	"internal/access":             {},
	"internal/completion":         {"internal/columns", "internal/policy/jurisdiction", "gen/veto/v1"},
	"internal/manual":             {},
	"internal/importer":           {"internal/filter/lines", "internal/terminal", "gen/veto/v1"},
	"internal/watch":              {"gen/veto/v1"},
	"internal/resolver":           {"internal/registry", "internal/telemetry", "internal/transport", "gen/veto/v1"},
	"internal/doctor":             {"internal/registry", "internal/store", "internal/subject", "internal/terminal"},
	"internal/reload":             {"internal/telemetry"},
	"internal/transport":          {"internal/reload"},
	"internal/transport/certtest": {},
	"internal/web": {
		"internal/event", "internal/policy", "internal/registry", "internal/ledger", "internal/dataset", "internal/notice", "internal/telemetry",
		"gen/veto/v1",
	},

	// The binary puts it together.
	"examples/go": {"examples", "gen/veto/v1"},
	"cmd/veto":    {"internal/...", "gen/veto/v1", "examples"},

	// Files that the binary carries with it.
	"examples":      {},
	"internal/demo": {"internal/filter", "internal/terminal", "gen/veto/v1"},

	"test/tally": {},
}

// drivers are imported by the command that picks one, by their own tests and by the tests of what stands on a store.
var drivers = []string{"internal/store/sqlite", "internal/store/postgres"}

// testOnly are imported by tests, and by nothing that is shipped.
var testOnly = []string{"internal/golden", "internal/transport/certtest", "internal/store/storetest"}

func TestArrowsRunOneWay(t *testing.T) {
	for _, p := range list(t) {
		if len(p.GoFiles) == 0 {
			continue // a folder of tests: it may look at everything
		}
		allowed, known := arrows[p.path()]
		if !known {
			t.Errorf("%s has no place in the plan: put it into arrows, and into ARCHITECTURE.md", p.path())
			continue
		}
		for _, imported := range p.Imports {
			if other := ours(imported); other != "" && !allows(allowed, other) {
				t.Errorf("%s imports %s: no arrow leads there", p.path(), other)
			}
		}
	}
}

// allows reports whether the list names the package, or a folder above it.
func allows(list []string, path string) bool {
	return slices.ContainsFunc(list, func(entry string) bool {
		folder, tree := strings.CutSuffix(entry, "...")
		return entry == path || tree && strings.HasPrefix(path, folder)
	})
}

func TestOnlyTheCommandPicksADriver(t *testing.T) {
	for _, p := range list(t) {
		for _, imported := range p.Imports {
			other := ours(imported)
			if slices.Contains(drivers, other) && !strings.HasPrefix(p.path(), "cmd/") {
				t.Errorf("%s imports the driver %s: it is to know the interface only", p.path(), other)
			}
			if slices.Contains(testOnly, other) {
				t.Errorf("%s imports %s, which is for tests", p.path(), other)
			}
		}
	}
}

// TestServerKnowsOnlyTheErrorsOfTheStore lets the one file that maps errors know those of the store, and no handler.
func TestServerKnowsOnlyTheErrorsOfTheStore(t *testing.T) {
	for _, p := range list(t) {
		if p.path() != "internal/server" {
			continue
		}
		for _, name := range p.GoFiles {
			tree, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, imported := range tree.Imports {
				if path, _ := strconv.Unquote(imported.Path.Value); ours(path) == "internal/store" && name != "status.go" {
					t.Errorf("internal/server/%s imports internal/store: only status.go does, for its errors", name)
				}
			}
		}
	}
}

// TestArrowsAreNotCircles holds the table itself to its word: following the arrows never leads back.
func TestArrowsAreNotCircles(t *testing.T) {
	var walk func(trail []string)
	walk = func(trail []string) {
		here := trail[len(trail)-1]
		if slices.Contains(trail[:len(trail)-1], here) {
			t.Fatalf("the plan is a circle: %s", strings.Join(trail, " → "))
		}
		for _, next := range arrows[here] {
			if !strings.HasSuffix(next, "...") {
				walk(append(slices.Clone(trail), next))
			}
		}
	}
	for from := range arrows {
		walk([]string{from})
	}
}

// foreign says which packages of others only some of ours may import: the key is the beginning of an import path.
var foreign = map[string][]string{
	// gRPC's codes and statuses are the doors' business; a domain error is mapped in one place.
	"google.golang.org/grpc": {"examples/go", "gen/veto/v1", "internal/server", "internal/server/limits", "internal/server/entry", "internal/server/objections", "internal/transport", "internal/watch", "internal/web", "internal/telemetry", "cmd/veto"},
	"connectrpc.com":         {"internal/web", "cmd/veto"},
	// A driver's database stays inside it: what others would match on is the store's own error.
	"modernc.org":                 {"internal/store/sqlite"},
	"github.com/pressly/goose":    {"internal/store/sqlite", "internal/store/postgres"},
	"github.com/jackc/pgx":        {"internal/store/postgres"},
	"database/sql":                {"internal/store/sqlite", "internal/store/postgres"},
	"github.com/apache/arrow-go":  {"internal/columns", "internal/filter", "internal/filter/columnar", "internal/server", "internal/dataset", "cmd/veto"},
	"github.com/spf13/cobra":      {"cmd/veto"},
	"github.com/dchest/siphash":   {"internal/subject"},
	"github.com/prometheus":       {"internal/telemetry", "cmd/veto"},
	"go.opentelemetry.io":         {"internal/telemetry", "internal/server", "cmd/veto"},
	"buf.build/go/protoyaml":      {"internal/policy"},
	"unsafe":                      {"gen/veto/v1"},
	"C":                           {},
	"math/rand":                   {"cmd/veto"},
	"github.com/stretchr/testify": {},
	"google.golang.org/genproto":  {"examples/go", "internal/server", "internal/web", "cmd/veto", "gen/veto/v1"},
	"cel.dev/cel-go":              {"internal/policy", "internal/gate"},
}

func TestForeignPackagesStayWhereTheyBelong(t *testing.T) {
	for _, p := range list(t) {
		if strings.HasPrefix(p.path(), "test/") {
			continue
		}
		for _, imported := range p.Imports {
			for prefix, allowed := range foreign {
				if within(imported, prefix) && !slices.Contains(allowed, p.path()) {
					t.Errorf("%s imports %s: that belongs to %v", p.path(), imported, allowed)
				}
			}
		}
	}
}

// within reports whether an import path is the prefix, or lies below it; a version at its end (v2) counts as below.
func within(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}
