package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/veto-gate/veto/internal/store"
	"github.com/veto-gate/veto/internal/store/sqlite"
)

// TestBrokenWriteStopsWriting runs in a process of its own: it breaks a file that the database has open.
func TestBrokenWriteStopsWriting(t *testing.T) {
	dir := t.TempDir()
	if said, err := child(t, "break", dir).Output(); err != nil || string(said) != "as it should be\n" {
		t.Fatalf("process: %v, it said %q", err, said)
	}
	db := openDB(t, dir) // a restart
	defer db.Close()
	var want sync.WaitGroup
	for n := 1; n < 5; n++ {
		want.Go(func() {
			if _, err := db.Append(t.Context(), numbered(1, n)); err != nil {
				t.Errorf("Append after the restart: %v", err)
			}
		})
	}
	want.Wait()
	if head, err := db.Head(t.Context()); err != nil || head.Revision != 8 {
		t.Errorf("Head after the restart: %d, %v, want 8", head.Revision, err)
	}
}

// breakWrites makes the write-ahead log a file that cannot be written, appends, makes it whole again and appends again.
func breakWrites(ctx context.Context, db *sqlite.DB, _ string) error {
	for n := 1; n < 5; n++ {
		if _, err := db.Append(ctx, numbered(0, n)); err != nil {
			return err
		}
	}
	// First a full disk, which passes.
	whole, err := replaceLog("/dev/full", os.O_RDWR)
	if err != nil {
		return err
	}
	if _, err := db.Append(ctx, numbered(1, 1)); !errors.Is(err, store.ErrFull) {
		return fmt.Errorf("append to a full disk: %v, want ErrFull", err)
	}
	if err := whole(); err != nil {
		return err
	}
	// Then a broken one, which does not.
	whole, err = replaceLog(filepath.Join(os.Getenv(dirVariable), sqlite.FileName+"-wal"), os.O_RDONLY)
	if err != nil {
		return err
	}
	if _, err := db.Append(ctx, numbered(1, 2)); !errors.Is(err, store.ErrBroken) {
		return fmt.Errorf("append to a broken disk: %v, want ErrBroken", err)
	}
	if err := whole(); err != nil {
		return err
	}
	if _, err := db.Append(ctx, numbered(1, 3)); !errors.Is(err, store.ErrBroken) {
		return fmt.Errorf("append when the disk works again: %v, want ErrBroken", err)
	}
	if head, err := db.Head(ctx); err != nil || head.Revision != 4 {
		return fmt.Errorf("head: %d, %v, want 4", head.Revision, err)
	}
	if err := db.Close(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(os.Stdout, "as it should be")
	return err
}

// replaceLog puts another file in the place of every descriptor of the write-ahead log, and returns what undoes it.
func replaceLog(with string, flag int) (undo func() error, err error) {
	other, err := os.OpenFile(with, flag, 0)
	if err != nil {
		return nil, err
	}
	defer other.Close()
	logs, err := openLogs()
	if err != nil {
		return nil, err
	}
	saved := map[int]int{}
	for _, fd := range logs {
		if fd == int(other.Fd()) {
			continue
		}
		if saved[fd], err = syscall.Dup(fd); err != nil {
			return nil, err
		}
		if err := syscall.Dup3(int(other.Fd()), fd, syscall.O_CLOEXEC); err != nil {
			return nil, err
		}
	}
	if len(saved) == 0 {
		return nil, errors.New("the write-ahead log is not open")
	}
	return func() error {
		for fd, kept := range saved {
			if err := errors.Join(syscall.Dup3(kept, fd, syscall.O_CLOEXEC), syscall.Close(kept)); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// openLogs is every descriptor of the write-ahead log that this process has.
func openLogs() (logs []int, err error) {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		target, err := os.Readlink("/proc/self/fd/" + file.Name())
		if err != nil || !strings.HasSuffix(target, sqlite.FileName+"-wal") {
			continue // gone, or another file
		}
		fd, err := strconv.Atoi(file.Name())
		if err != nil {
			return nil, err
		}
		logs = append(logs, fd)
	}
	return logs, nil
}
