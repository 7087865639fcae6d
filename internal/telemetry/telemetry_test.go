package telemetry_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"regexp"
	"strconv"
	"testing"

	"go.uber.org/goleak"

	"github.com/veto-gate/veto/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestKeysAreSnakeCaseAndDistinct reads the constants from the source, so that a key added later is looked at too.
func TestKeysAreSnakeCaseAndDistinct(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "telemetry.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	snake := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	personal := regexp.MustCompile(`subject|author|person|item_id|content|email|address_of|identifier`)
	seen := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			literal, ok := spec.Values[i].(*ast.BasicLit)
			if !ok {
				t.Fatalf("%s is not a literal", name.Name)
			}
			key, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			if !snake.MatchString(key) {
				t.Errorf("%s = %q: want snake_case", name.Name, key)
			}
			if personal.MatchString(key) {
				t.Errorf("%s = %q: a log has no place for a person", name.Name, key)
			}
			if other, twice := seen[key]; twice {
				t.Errorf("%s and %s are both %q", name.Name, other, key)
			}
			seen[key] = name.Name
		}
		return true
	})
	if len(seen) < 10 {
		t.Errorf("only %d keys were found", len(seen))
	}
}

func TestLoggerWritesItsFormatFromItsLevel(t *testing.T) {
	for _, test := range []struct {
		name     string
		config   telemetry.Config
		wantJSON bool
		wantLow  bool // whether DEBUG is written
	}{
		{"zero", telemetry.Config{}, false, false},
		{"text", telemetry.Config{Format: telemetry.Text, Level: slog.LevelDebug}, false, true},
		{"json", telemetry.Config{Format: telemetry.JSON}, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			logger, err := telemetry.NewLogger(&out, test.config)
			if err != nil {
				t.Fatal(err)
			}
			logger.Info("policy applied", slog.Uint64(telemetry.Revision, 7))
			if got := json.Valid(out.Bytes()); got != test.wantJSON {
				t.Errorf("JSON: %v, want %v: %s", got, test.wantJSON, out.Bytes())
			}
			if !bytes.Contains(out.Bytes(), []byte("policy applied")) || !bytes.Contains(out.Bytes(), []byte("revision")) {
				t.Errorf("line: %s", out.Bytes())
			}
			out.Reset()
			logger.Debug("call ended")
			if got := out.Len() > 0; got != test.wantLow {
				t.Errorf("DEBUG written: %v, want %v", got, test.wantLow)
			}
		})
	}
}

func TestLoggerRefusesWhatItDoesNotKnow(t *testing.T) {
	if _, err := telemetry.NewLogger(&bytes.Buffer{}, telemetry.Config{Format: "xml"}); err == nil {
		t.Error("format xml: no error")
	}
	if _, err := telemetry.NewLogger(nil, telemetry.Config{}); err == nil {
		t.Error("no writer: no error")
	}
}

func ExampleNewLogger() {
	logger, err := telemetry.NewLogger(withoutTime{}, telemetry.Config{})
	if err != nil {
		panic(err)
	}
	logger.Info("policy applied", slog.Uint64(telemetry.Revision, 7), slog.Uint64(telemetry.PolicyVersion, 2))
	// Output: level=INFO msg="policy applied" revision=7 policy_version=2
}

// withoutTime writes lines to standard output, without the time that they begin with.
type withoutTime struct{}

func (withoutTime) Write(line []byte) (int, error) {
	_, rest, _ := bytes.Cut(line, []byte(" "))
	if _, err := os.Stdout.Write(rest); err != nil {
		return 0, err
	}
	return len(line), nil
}
