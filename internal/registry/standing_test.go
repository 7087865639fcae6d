package registry_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/protobuf/testing/protocmp"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

func TestStandingSaysWhatItMeans(t *testing.T) {
	r := open(t)
	r.file(filing("anna"))
	for _, c := range []struct {
		id, country string
		want        *vetov1.PurposeEffect
	}{
		{"anna", "FR", &vetov1.PurposeEffect{Reason: vetov1.Reason_REASON_OBJECTED, Regime: "europe", Words: "No content is used: an objection is in force."}},
		{"bert", "FR", &vetov1.PurposeEffect{Usable: true, Reason: vetov1.Reason_REASON_ELIGIBLE, Regime: "europe", Words: "Content that meets the rules of the regime europe can be used."}},
		{"bert", "JP", &vetov1.PurposeEffect{Reason: vetov1.Reason_REASON_NO_REGIME, Words: "No content is used: no regime rules the country."}},
		{"bert", "DE-BY", &vetov1.PurposeEffect{Usable: true, Reason: vetov1.Reason_REASON_ELIGIBLE, Regime: "europe", Words: "Content that meets the rules of the regime europe can be used."}},
	} {
		c.want.Purpose = training
		if diff := cmp.Diff([]*vetov1.PurposeEffect{c.want}, r.standing(c.id, c.country).GetEffects(), protocmp.Transform()); diff != "" {
			t.Errorf("%s in %s (-want +got):\n%s", c.id, c.country, diff)
		}
	}
	if got := r.standing("anna", ""); got.GetEffects() != nil || len(got.GetObjections()) != 1 || got.GetRevision() == 0 {
		t.Errorf("without a country: %v", got)
	}
	if got := r.standing("nobody", ""); len(got.GetObjections()) != 0 {
		t.Errorf("an unknown id: %v", got)
	}
	if _, err := r.SuspendRegime(t.Context(), officer, &vetov1.SuspendRegimeRequest{RequestId: uuid.NewString(), Regime: "europe", Reason: "an order"}); err != nil {
		t.Fatal(err)
	}
	if got := r.standing("bert", "FR").GetEffects()[0]; got.GetWords() != "No content is used: suspended (regime europe)." {
		t.Errorf("suspended: %v", got)
	}
}
