package filter_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime/pprof"
	"testing"
	"time"
)

func TestHang(t *testing.T) {
	whole, _ := os.ReadFile(small(t, 12))
	rng := uint64(1)
	next := func(n int) int { rng = rng*6364136223846793005 + 1442695040888963407; return int(rng>>33) % n }
	in, folder := filepath.Join(t.TempDir(), "in.parquet"), t.TempDir()
	deadline := time.Now().Add(40 * time.Second)
	n := 0
	for time.Now().Before(deadline) {
		n++
		b := bytes.Clone(whole)
		for range 1 + next(4) {
			switch next(3) {
			case 0:
				b[next(len(b))] = byte(next(256))
			case 1:
				i := next(len(b) - 9)
				for k := range 1 + next(8) {
					b[i+k] = 0xff
				}
			case 2:
				b[len(b)-1-next(1200)] ^= 1 << next(8)
			}
		}
		timer := time.AfterFunc(5*time.Second, func() {
			os.WriteFile("/tmp/hang.parquet", b, 0o600)
			pprof.Lookup("goroutine").WriteTo(os.Stdout, 1)
			os.Exit(3)
		})
		checkBroken(t, in, folder, b)
		timer.Stop()
	}
	t.Log(n)
}
