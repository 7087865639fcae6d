package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/veto-gate/veto/internal/filter"
)

const (
	// filterRounds is how often a filter is killed in each format.
	filterRounds = 5
	// filterWorks is the longest that a filter goes on once its output is begun, before it is killed.
	filterWorks = 120 * time.Millisecond
)

// TestFault_P06_KilledFilterLeavesNothingThatLooksWhole kills real filters in the middle of their output, in every format. There is then no output, or the
// whole one with its manifest; a run after it needs no cleaning up.
func TestFault_P06_KilledFilterLeavesNothingThatLooksWhole(t *testing.T) {
	seed := number(t, "VETO_KILL_SEED", time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(uint64(seed), 3))
	binary := build(t)
	parquet, register := corpusAndRegister(t)
	folder := t.TempDir()
	csv, lines := writeTexts(t, folder)
	for in, absent := range map[string]string{parquet: "author_notified_at", csv: textsLack, lines: textsLack} {
		t.Run(filepath.Base(in), func(t *testing.T) {
			out := filepath.Join(t.TempDir(), filepath.Base(in))
			args := []string{"filter", in, "-o", out, "--data", register, "--batch", "500", "--absent", absent}
			killed := 0
			for range filterRounds {
				if killFilter(t, exec.Command(binary, args...), filepath.Dir(out), time.Duration(random.Int64N(int64(filterWorks)))) {
					killed++
				}
				if whole(t, out) {
					removeOutput(t, out)
				}
			}
			if killed == 0 {
				t.Error("every run ended before it could be killed: this tells nothing")
			}
			if said, err := exec.Command(binary, args...).CombinedOutput(); err != nil || !whole(t, out) {
				t.Errorf("a run after them: %v\n%s", err, said)
			}
		})
	}
}

// killFilter starts a filter, and kills it a while after its output is begun. False: it had ended.
func killFilter(t *testing.T, cmd *exec.Cmd, folder string, works time.Duration) bool {
	t.Helper()
	var said bytes.Buffer
	cmd.Stderr = &said
	before := entries(t, folder)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for entries(t, folder) == before {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%v\n%s", err, said.String())
			}
			return false
		case <-time.After(time.Millisecond):
		}
	}
	wait(works)
	_ = cmd.Process.Kill() // it may have ended
	return <-ended != nil
}

// entries is how many files a folder holds.
func entries(t *testing.T, folder string) int {
	t.Helper()
	list, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// whole says whether there is an output; one that is there has to be what its manifest sums.
func whole(t *testing.T, out string) bool {
	t.Helper()
	sum, err := filter.SumFile(out)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := filter.ReadManifest(out)
	if err != nil || manifest.Output.SHA256 != sum.SHA256 {
		t.Fatalf("an output that is not what its manifest sums: %v", err)
	}
	return true
}

func removeOutput(t *testing.T, out string) {
	t.Helper()
	if err := errors.Join(os.Remove(out), os.Remove(out+filter.ManifestSuffix)); err != nil {
		t.Fatal(err)
	}
}

// textsLack are the fields that writeTexts leaves out and the rules read.
const textsLack = "author_notified_at,subjects,content_keys,signals"

// writeTexts writes the same corpus as CSV and as compressed JSON Lines.
func writeTexts(t *testing.T, folder string) (csv, lines string) {
	t.Helper()
	const rows = 60_000
	var table, objects bytes.Buffer
	packed := gzip.NewWriter(&objects)
	fmt.Fprintln(&table, "item_id,kind,visibility,author_id,country,author_age,author_age_at_creation,created_at")
	for i := range rows {
		fmt.Fprintf(&table, "i%d,POST,PUBLIC,a%d,DE,30,30,2024-01-01T00:00:00Z\n", i, i%999)
		fmt.Fprintf(packed, `{"item_id":"i%d","kind":"POST","visibility":"PUBLIC","author_id":"a%d","country":"DE","author_age":30,"author_age_at_creation":30,"created_at":"2024-01-01T00:00:00Z"}`+"\n", i, i%999)
	}
	csv, lines = filepath.Join(folder, "corpus.csv"), filepath.Join(folder, "corpus.jsonl.gz")
	if err := errors.Join(packed.Close(), os.WriteFile(csv, table.Bytes(), 0o600), os.WriteFile(lines, objects.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	return csv, lines
}
