package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// setting is a PRAGMA that this driver rests on. SQLite passes over one that it does not know or cannot follow, so each
// is read back.
type setting struct{ name, value, readBack string }

// writerSettings make a commit durable when COMMIT returns.
var writerSettings = []setting{
	{"busy_timeout", "5000", "5000"}, // ms; for the shell of an operator who looks into the file
	{"journal_mode", "wal", "wal"},
	{"synchronous", "full", "2"}, // in WAL mode only FULL syncs every commit
	{"foreign_keys", "on", "1"},
	{"fullfsync", "on", "1"}, // macOS: its fsync does not reach the platter
	{"checkpoint_fullfsync", "on", "1"},
	{"journal_size_limit", "67108864", "67108864"}, // bytes; the log is cut back to this after a burst
	{"trusted_schema", "off", "0"},
	{"cell_size_check", "on", "1"},
	{"secure_delete", "on", "1"}, // what was sealed and deleted is overwritten
}

// readerSettings are those of a connection that cannot write.
var readerSettings = []setting{
	{"busy_timeout", "5000", "5000"},
	{"query_only", "on", "1"},
	{"trusted_schema", "off", "0"},
	{"cell_size_check", "on", "1"},
}

// address is what the driver opens a file by. The file's name is escaped: it may hold what means something in a URI.
func address(file, mode string, settings []setting) string {
	query := url.Values{"mode": {mode}}
	for _, s := range settings {
		query.Add("_pragma", s.name+"("+s.value+")")
	}
	return (&url.URL{Scheme: "file", Path: file, RawQuery: query.Encode()}).String()
}

// queryer is a connection, or a pool of them.
type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// checkSettings reads the settings back and refuses a connection that has another one.
func checkSettings(ctx context.Context, conn queryer, settings []setting) error {
	for _, s := range settings {
		var got string
		if err := conn.QueryRowContext(ctx, "PRAGMA "+s.name).Scan(&got); err != nil {
			return fmt.Errorf("read setting %s: %w", s.name, readError(err))
		}
		if got != s.readBack {
			return fmt.Errorf("read setting %s: it is %q, want %q", s.name, got, s.readBack)
		}
	}
	return nil
}

// leastVersion is the first SQLite in which a checkpoint that overlaps a write on another connection loses no pages.
var leastVersion = [3]int{3, 51, 3}

// checkVersion refuses an SQLite older than leastVersion.
func checkVersion(ctx context.Context, conn queryer) error {
	var version string
	if err := conn.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err != nil {
		return fmt.Errorf("read the version of sqlite: %w", readError(err))
	}
	return recentEnough(version)
}

func recentEnough(version string) error {
	parts := strings.Split(version, ".")
	for i, least := range leastVersion {
		if i >= len(parts) {
			return fmt.Errorf("sqlite %q: not a version", version)
		}
		got, err := strconv.Atoi(parts[i])
		switch {
		case err != nil:
			return fmt.Errorf("sqlite %q: not a version", version)
		case got < least:
			return fmt.Errorf("sqlite %s: want %d.%d.%d or newer, since older ones can lose pages", version, leastVersion[0], leastVersion[1], leastVersion[2])
		case got > least:
			return nil
		}
	}
	return nil
}
