package gate

import (
	"errors"
	"fmt"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/gate/standings"
)

// kinds and visibilities are how many numbers, zero included, this build knows; they are gapless, and a test holds them
// to the proto. What is beyond is unknown.
const (
	kinds         = 17
	visibilities  = 6
	roles         = 6
	conversations = 3
	modalities    = 5
)

func knownKind(k vetov1.ItemKind) bool { return k > 0 && k < kinds }

func knownVisibility(v vetov1.Visibility) bool { return v > 0 && v < visibilities }

// Of these two UNSPECIFIED is an answer. A number that is none is not: the reader of signals goes by the modality.
func knownConversation(c vetov1.Conversation) bool { return c >= 0 && c < conversations }

func knownModality(m vetov1.Modality) bool { return m >= 0 && m < modalities }

func knownRole(r vetov1.SubjectRole) bool { return r > 0 && r < roles }

// ruleFaults lists what cannot be compiled.
func ruleFaults(r *Rules) []error {
	var faults []error
	if r.CheckID == nil || r.CheckSubject == nil {
		faults = append(faults, errors.New("no rule for ids"))
	}
	names := map[string]bool{}
	var bits standings.Purposes
	for i, p := range r.Purposes {
		switch {
		case p.Bit >= standings.Bits:
			faults = append(faults, fmt.Errorf("purpose %d: its bit is above %d", i, standings.Bits-1))
		case bits&standings.Purpose(p.Bit) != 0:
			faults = append(faults, fmt.Errorf("purpose %d: an earlier one has its bit", i))
		case p.Objections&standings.Purpose(p.Bit) == 0:
			faults = append(faults, fmt.Errorf("purpose %d: objections to it would not count", i))
		case p.Name == "" || names[p.Name]:
			faults = append(faults, fmt.Errorf("purpose %d: its name is empty or an earlier one's", i))
		default:
			names[p.Name] = true
			bits |= standings.Purpose(p.Bit)
		}
	}
	names = map[string]bool{}
	for i := range r.Regimes {
		one := &r.Regimes[i]
		if one.Name == "" || names[one.Name] {
			faults = append(faults, fmt.Errorf("regime %d: its name is empty or an earlier one's", i))
		}
		names[one.Name] = true
		for _, fault := range regimeFaults(one) {
			faults = append(faults, fmt.Errorf("regime %d: %w", i, fault))
		}
	}
	for code, p := range r.Places {
		for _, ruling := range p.Rulings {
			if ruling.Regime < 0 || ruling.Regime >= len(r.Regimes) {
				faults = append(faults, fmt.Errorf("place %s: ruled by regime %d of %d", code, ruling.Regime, len(r.Regimes)))
			}
		}
	}
	return faults
}

// regimeFaults lists what cannot be compiled of one regime.
func regimeFaults(r *Regime) []error {
	var faults []error
	refuse := func(bad bool, why string) {
		if bad {
			faults = append(faults, errors.New(why))
		}
	}
	basis := r.LegalBasis
	refuse(basis <= 0 || vetov1.LegalBasis_name[int32(basis)] == "", "legal basis unspecified or unknown")
	objectable := basis == vetov1.LegalBasis_LEGAL_BASIS_LEGITIMATE_INTERESTS || basis == vetov1.LegalBasis_LEGAL_BASIS_PUBLIC_TASK
	// GDPR Art. 21(1): with these bases an objection always has an effect.
	refuse(objectable && r.Objections == vetov1.ObjectionTreatment_OBJECTION_TREATMENT_RECORD_ONLY,
		"objections cannot be RECORD_ONLY with an objectable legal basis")
	refuse(vetov1.ObjectionTreatment_name[int32(r.Objections)] == "", "objections: unknown treatment")
	refuse(vetov1.ThirdParties_name[int32(r.ThirdParties)] == "", "third parties: unknown treatment")
	refuse(vetov1.SignalTreatment_name[int32(r.Signals)] == "", "signals: unknown treatment")
	refuse(vetov1.UnknownTreatment_name[int32(r.UnknownAge)] == "", "unknown age: unknown treatment")
	refuse(vetov1.UnknownTreatment_name[int32(r.UnknownAgeAtCreation)] == "", "unknown age at creation: unknown treatment")
	refuse(vetov1.UnknownTreatment_name[int32(r.UnknownSignal)] == "", "unknown signal: unknown treatment")
	refuse(r.MinimumAge < 0 || r.MinimumAge > maximumAge, fmt.Sprintf("minimum age outside 0 to %d", maximumAge))
	refuse(r.MinimumItemAge < 0, "minimum item age below zero")
	for i, p := range r.Periods {
		refuse(p.Start.IsZero(), fmt.Sprintf("period %d: no start", i))
		refuse(!p.End.IsZero() && !p.Start.Before(p.End), fmt.Sprintf("period %d: ends before it starts", i))
	}
	for kind, allowed := range r.Content {
		switch {
		case kind == vetov1.ItemKind_ITEM_KIND_PRIVATE_MESSAGE:
			faults = append(faults, errors.New("content: no policy can allow private messages"))
		case !knownKind(kind):
			faults = append(faults, fmt.Errorf("content: unknown kind %d", kind))
		case allowed >= 1<<visibilities || allowed&1 != 0:
			faults = append(faults, fmt.Errorf("content: unknown visibility for %v", kind))
		}
	}
	return faults
}
