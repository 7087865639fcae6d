package filter_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/veto-gate/veto/internal/filter"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// victimVariable makes the test binary a process that filters into the file it names, and stops half-way to be killed.
const victimVariable = "VETO_TEST_FILTER_VICTIM"

// victim never returns: it says that a row group was written, and waits.
func victim(out string) {
	decided := 0
	_, err := filter.Run(context.Background(), filter.Config{
		In: corpus, Out: out,
		Open: func(context.Context, filter.Fields) (filter.Decider, error) {
			return deciderFunc(func(ctx context.Context, items []*vetov1.Item) (filter.Answer, error) {
				if decided += len(items); decided > 90_000 {
					fmt.Fprintln(os.Stdout, "half-way")
					<-ctx.Done()
				}
				return everything(ctx, items)
			}), nil
		},
	})
	fmt.Fprintln(os.Stdout, "ended:", err)
	os.Exit(1)
}

func TestFault_P06_KillLeavesNoWholeLookingOutput(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.parquet")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), victimVariable+"="+out)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || line != "half-way\n" {
		t.Fatalf("the process said %q, %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed, as it must be
	left, err := os.ReadDir(filepath.Dir(out))
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 || !strings.HasPrefix(left[0].Name(), ".out.parquet.partial-") {
		t.Errorf("the killed process left %v, want one file .out.parquet.partial-…", left)
	}
}
