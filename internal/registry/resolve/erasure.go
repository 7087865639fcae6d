package resolve

import (
	"slices"
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/draft"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/store"
)

// Erasure says what an erasure comes to (GDPR Art. 17), verified or not: it only ever protects. No consent that was given before survives it.
func (r *Request) Erasure(request *vetov1.RecordErasureRequest) (store.Verdict, error) {
	if err := intake.CheckErasure(r.Rules, request, r.Now); err != nil {
		return store.Verdict{}, err
	}
	side := r.side()
	known := draft.IDs{Subject: request.GetSubjectId()}
	side.Scope, side.Channel = filing.Word(request.GetScope()), filing.Word(request.GetChannel())
	side.Verification = filing.WordOr(request.GetVerification(), vetov1.Verification_VERIFICATION_UNVERIFIED)
	var covered []event.Key
	var err error
	if known.Subject != "" {
		side.Subject = r.Keys.Subject(known.Subject)
		if covered, err = r.group(side.Subject); err != nil {
			return store.Verdict{}, err
		}
	}
	side.Items, known.Items = draft.BlindSet(request.GetItemIds(), r.Keys.Item)
	side.MadeBefore = filing.Instant(request.GetMadeBefore())
	keys := slices.Concat(covered, side.Items)
	if request.GetScope() == vetov1.ErasureScope_ERASURE_SCOPE_ITEMS {
		for _, key := range side.Items {
			side.Changes = append(side.Changes, event.Change{Act: event.ActErase, Table: event.TableItem, Key: key})
		}
	} else {
		before := side.MadeBefore
		if before.IsZero() {
			before = side.RecordedAt
		}
		for _, key := range covered {
			side.Changes = append(side.Changes, event.Change{Act: event.ActErase, Table: event.TableSubject, Key: key, At: before})
		}
		revoked, err := r.revocations(covered, event.Purposes{All: true})
		if err != nil {
			return store.Verdict{}, err
		}
		side.Changes = append(side.Changes, revoked...)
	}
	leaf := event.Leaf{Type: event.TypeErasureRecorded, Policy: r.Rules.PolicyVersion(), Effect: event.EffectErased}
	return r.seal(event.Event{Leaf: leaf, Side: side}, known, keys)
}

// defaultRetention is how long reports of items are kept where the platform does not say.
const defaultRetention = 90 * 24 * time.Hour

// ItemChanges says what a platform's reports of items come to. They count in the order of the log, and of one request in that of its list.
func (r *Request) ItemChanges(request *vetov1.ReportItemChangesRequest) (store.Verdict, error) {
	if err := intake.CheckItemChanges(request, r.Now); err != nil {
		return store.Verdict{}, err
	}
	side := r.side()
	retention := defaultRetention
	if request.GetRetention() != nil {
		retention = request.GetRetention().AsDuration()
	}
	side.KeptUntil = side.RecordedAt.Add(retention).Truncate(time.Second).Add(time.Second) // few distinct times, and never too early
	var keys []event.Key
	for _, change := range request.GetChanges() {
		item := r.Keys.Item(change.GetItemId())
		at := filing.Instant(change.GetChangedAt())
		if at.IsZero() {
			at = side.RecordedAt
		}
		side.Reports = append(side.Reports, event.Report{Item: item, What: filing.Word(change.GetKind()), At: at})
		switch change.GetKind() {
		case vetov1.ItemChangeKind_ITEM_CHANGE_KIND_RESTORED:
			side.Changes = append(side.Changes, event.Change{Act: event.ActRestore, Table: event.TableItem, Key: item})
		case vetov1.ItemChangeKind_ITEM_CHANGE_KIND_EDITED: // recalls alone look at that
		default:
			side.Changes = append(side.Changes, event.Change{Act: event.ActWithhold, Table: event.TableItem, Key: item, At: side.KeptUntil})
		}
		keys = append(keys, item)
	}
	leaf := event.Leaf{Type: event.TypeItemsChanged, Policy: r.Rules.PolicyVersion(), Effect: event.EffectReported}
	return r.seal(event.Event{Leaf: leaf, Side: side}, draft.IDs{}, keys)
}
