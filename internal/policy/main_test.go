package policy_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	examples = "../../examples/policies"
	shared   = "../../test/data"
)

// read returns a file that a test needs.
func read(t testing.TB, elements ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// parse reads a document that must be sound.
func parse(t testing.TB, document string) *vetov1.Policy {
	t.Helper()
	p, err := policy.Parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// bits gives the names their places in the order given, as a register would.
func bits(names ...string) policy.Bits {
	return func(purpose string) (uint8, bool) {
		for i, name := range names {
			if name == purpose {
				return uint8(i), true
			}
		}
		return 0, false
	}
}

// stamp is an instant that a test knows to be one.
func stamp(text string) *timestamppb.Timestamp {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return timestamppb.New(at)
}
