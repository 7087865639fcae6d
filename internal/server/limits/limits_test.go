package limits_test

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"go.uber.org/goleak"

	"github.com/veto-gate/veto/internal/server/limits"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestEachLimitHasItsFlagAndBounds: the flag sets the field that the bounds are held against, and its default is what a zero field means.
func TestEachLimitHasItsFlagAndBounds(t *testing.T) {
	for name, c := range map[string]struct{ least, below, most, above string }{
		"max-message-bytes":        {"65536", "65535", "1073741824", "1073741825"},
		"max-batch-items":          {"1", "-1", "10000", "10001"},
		"max-connections":          {"1", "-1", "1000000", "1000001"},
		"max-calls-per-connection": {"1", "-1", "100000", "100001"},
		"max-streams":              {"1", "-1", "1000000", "1000001"},
		"call-time":                {"100ms", "99ms", "1h", "61m"},
		"stream-idle":              {"1s", "999ms", "24h", "25h"},
		"stream-send":              {"100ms", "99ms", "1h", "61m"},
		"keepalive-time":           {"1s", "999ms", "24h", "25h"},
		"keepalive-timeout":        {"100ms", "99ms", "1h", "61m"},
		"keepalive-min-time":       {"100ms", "99ms", "1h", "61m"},
		"connect-time":             {"100ms", "99ms", "1h", "61m"},
	} {
		set := func(value string) (limits.Limits, error) {
			var l limits.Limits
			flags := pflag.NewFlagSet("", pflag.ContinueOnError)
			l.Flags(flags)
			if err := flags.Set(name, value); err != nil {
				t.Fatal(err)
			}
			return l.WithDefaults()
		}
		for _, good := range []string{c.least, c.most} {
			if _, err := set(good); err != nil {
				t.Errorf("%s %s: %v", name, good, err)
			}
		}
		for _, bad := range []string{c.below, c.above} {
			if _, err := set(bad); err == nil || !strings.Contains(err.Error(), "--"+name+":") {
				t.Errorf("%s %s: %v, want it named", name, bad, err)
			}
		}
	}
	var flagged limits.Limits
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	if names := flagged.Flags(flags); len(names) != 12 {
		t.Errorf("%d flags, want 12: put the new one into this table", len(names))
	}
	zero, err := limits.Limits{}.WithDefaults()
	if err != nil || zero != flagged {
		t.Errorf("the zero Limits are %+v, %v; the flags' defaults %+v", zero, err, flagged)
	}
	if _, err := (limits.Limits{MessageBytes: 1, Streams: -1, CallTime: -1}).WithDefaults(); strings.Count(err.Error(), "--") != 3 {
		t.Errorf("%v: want three limits named", err)
	}
}
