package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// line is one event of package p.
func line(action, test, output string) string {
	return fmt.Sprintf("{\"Action\":%q,\"Package\":\"m/p\",\"Test\":%q,\"Output\":%q}\n", action, test, output)
}

func TestTallyCounts(t *testing.T) {
	start, end := line("start", "", ""), line("pass", "", "")
	covered := func(percent string) string { return line("output", "", "coverage: "+percent+" of statements\n") }
	for _, tt := range []struct {
		name     string
		in       string
		floors   map[string]float64
		want     string // the closing line
		wantSaid []string
	}{
		{"a case and its subtest", start + line("pass", "TestA/x", "") + line("pass", "TestA", "") + end, nil, "2 passed, 0 failed", nil},
		{
			"a failure is printed whole", start + line("output", "TestA", "got 1, want 2\n") + line("fail", "TestA", "") + line("pass", "TestB", "") + line("fail", "", ""),
			nil, "1 passed, 1 failed", []string{"FAIL m/p TestA", "got 1, want 2"},
		},
		{
			"a package that ends outside its tests", start + line("pass", "TestA", "") + line("output", "", "found unexpected goroutines\n") + line("fail", "", ""),
			nil, "1 passed, 1 failed", []string{"found unexpected goroutines"},
		},
		{
			"a case that never ended", start + line("output", "TestA", "panic: boom\n") + line("fail", "", ""),
			nil, "0 passed, 1 failed", []string{"TestA (never ended)", "panic: boom"},
		},
		{"a stream that is cut off", start + line("pass", "TestA", ""), nil, "1 passed, 1 failed", []string{"m/p: the output ended before"}},
		{"nothing at all", "", nil, "0 passed, 1 failed", []string{"no test ran"}},
		{"text between the events", "go: some words\n" + start + line("pass", "TestA", "") + end, nil, "1 passed, 0 failed", []string{"go: some words"}},
		{
			"a skipped case", start + line("output", "TestA", "    a_test.go:3: needs a moon\n") + line("skip", "TestA", "") + line("pass", "TestB", "") + end,
			nil, "1 passed, 0 failed", []string{"skipped m/p TestA: a_test.go:3: needs a moon"},
		},
		{"above its floor", start + line("pass", "TestA", "") + covered("90.0%") + end, map[string]float64{"p": 90}, "1 passed, 0 failed", nil},
		{
			"below its floor", start + line("pass", "TestA", "") + covered("89.9%") + end, map[string]float64{"p": 90},
			"1 passed, 1 failed", []string{"m/p: 89.9 %"},
		},
		{
			"without statements", start + line("pass", "TestA", "") + line("output", "", "coverage: [no statements]\n") + end,
			map[string]float64{"p": 90}, "1 passed, 0 failed", nil,
		},
		{
			"a floor for what was not tested", start + line("pass", "TestA", "") + covered("95.0%") + end, map[string]float64{"q": 90},
			"1 passed, 1 failed", []string{"q: no coverage was measured"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			tl := newTally(&out)
			for suffix, floor := range tt.floors {
				tl.floors[suffix] = floor
			}
			tl.read(strings.NewReader(tt.in))
			ok := tl.close()
			if !strings.HasSuffix(out.String(), "\n"+tt.want+"\n") && out.String() != tt.want+"\n" {
				t.Errorf("the output does not end with %q:\n%s", tt.want, out.String())
			}
			if want := strings.HasSuffix(tt.want, " 0 failed"); ok != want {
				t.Errorf("close: %v, want %v", ok, want)
			}
			for _, want := range tt.wantSaid {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the output lacks %q:\n%s", want, out.String())
				}
			}
		})
	}
}

// TestTallyReadsTheGoCommand holds the reader against what the go command of this machine really prints.
func TestTallyReadsTheGoCommand(t *testing.T) {
	for _, tt := range []struct {
		name, test string
		want       string
		wantSaid   string
	}{
		{"passes", `func TestA(t *testing.T) { t.Run("x", func(*testing.T) { F() }) }`, "2 passed, 0 failed", "100.0 %"},
		{"fails", `func TestA(t *testing.T) { t.Error("words of the failure") }`, "0 passed, 1 failed", "words of the failure"},
		{"panics", `func TestA(t *testing.T) { panic("words of the panic") }`, "0 passed, 1 failed", "words of the panic"},
		{"exits", `func TestA(t *testing.T) { os.Exit(3) }`, "0 passed, 1 failed", "TestA (never ended)"},
		{"does not build", `func TestA(t *testing.T) { F(1) }`, "0 passed, 1 failed", "too many arguments"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			folder := t.TempDir()
			for file, content := range map[string]string{
				"go.mod":    "module m\n\ngo 1.26\n",
				"p.go":      "package p\n\nimport \"os\"\n\nfunc F() { _ = os.Args }\n",
				"p_test.go": "package p\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nvar _ = os.Args\n\n" + tt.test + "\n",
			} {
				if err := os.WriteFile(filepath.Join(folder, file), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.CommandContext(t.Context(), "go", "test", "-json", "-cover", "./...")
			cmd.Dir = folder
			stream, _ := cmd.Output() // its exit code only repeats what the stream says
			var out bytes.Buffer
			tl := newTally(&out)
			tl.read(bytes.NewReader(stream))
			tl.close()
			if !strings.HasSuffix(out.String(), "\n"+tt.want+"\n") {
				t.Errorf("the output does not end with %q:\n%s", tt.want, out.String())
			}
			if !strings.Contains(out.String(), tt.wantSaid) {
				t.Errorf("the output lacks %q:\n%s", tt.wantSaid, out.String())
			}
		})
	}
}
