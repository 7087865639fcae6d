package completion_test

import (
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/veto-gate/veto/internal/completion"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOffers(t *testing.T) {
	for flag, want := range map[string]string{
		"kind": "POST", "visibility": "PUBLIC", "channel": "WEB_FORM", "filed-by": "PARENT", "acknowledge": "DROPS_PURPOSE=", "country": "DE\tGermany", "jurisdiction": "FR\tFrance",
		"output": "json", "log": "text", "format": "jsonl", "map": "author_id=", "set": "visibility=", "value": "kind:", "absent": "labels",
	} {
		offer, known := completion.For(flag)
		if !known || !slices.Contains(offer.Values, want) || slices.Contains(offer.Values, "UNSPECIFIED") {
			t.Errorf("--%s offers %.5q of %d, want %q among them", flag, offer.Values, len(offer.Values), want)
		}
	}
	for flag, folder := range map[string]bool{"data": true, "policy": false, "receipt": false} {
		if offer, known := completion.For(flag); !known || offer.Folder != folder || offer.File == folder {
			t.Errorf("--%s: %+v", flag, offer)
		}
	}
	if _, known := completion.For("author"); known {
		t.Error("ids are offered")
	}
}
