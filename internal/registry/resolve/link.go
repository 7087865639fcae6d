package resolve

import (
	"errors"
	"slices"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/draft"
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/store"
)

// MaxLinked is how many ids one person can have.
const MaxLinked = 64

// ErrTooManyLinked says that more than MaxLinked ids would be one person's. Nothing was written.
var ErrTooManyLinked = errors.New("more than 64 ids would be linked")

// Link says what a link comes to: each id has the protection of the others, and no consent spreads. UNVERIFIED it has no effect: it would tell a stranger
// what stands for somebody else, and cover nothing that it came with.
func (r *Request) Link(request *vetov1.LinkSubjectsRequest) (store.Verdict, error) {
	if err := intake.CheckSubjects(r.Rules, request.GetSubjectIds()); err != nil {
		return store.Verdict{}, err
	}
	if request.GetVerification() != vetov1.Verification_VERIFICATION_VERIFIED {
		return store.Verdict{Answer: []byte(Unverified)}, nil
	}
	side := r.side()
	known := draft.IDs{}
	side.Linked, known.Linked = draft.BlindSet(request.GetSubjectIds(), r.Keys.Subject)
	side.Verification = filing.VerifiedWord
	first, err := r.group(side.Linked[0])
	if err != nil {
		return store.Verdict{}, err
	}
	if !slices.ContainsFunc(side.Linked, func(key event.Key) bool { return !slices.Contains(first, key) }) {
		return store.Verdict{Answer: []byte(Unchanged)}, nil
	}
	if side.Members, err = r.groups(side.Linked); err != nil {
		return store.Verdict{}, err
	}
	if len(side.Members) > MaxLinked {
		return store.Verdict{}, ErrTooManyLinked
	}
	if side.Changes, err = r.spread(side.Members); err != nil {
		return store.Verdict{}, err
	}
	leaf := event.Leaf{Type: event.TypeSubjectsLinked, Policy: r.Rules.PolicyVersion(), Effect: event.EffectLinked}
	return r.seal(event.Event{Leaf: leaf, Side: side}, known, r.linkKeys(side.Members))
}

// linkKeys are what an event of a link is found by.
func (r *Request) linkKeys(members []event.Key) []event.Key {
	var keys []event.Key
	for _, key := range members {
		keys = append(keys, key, linksKey(r.Keys, key))
	}
	return keys
}

// spread are the changes that give each member the protection of all: their objections, which beat the consents that it gave before, and their erasures.
func (r *Request) spread(members []event.Key) ([]event.Change, error) {
	filings, err := r.filings(members...)
	if err != nil {
		return nil, err
	}
	var changes []event.Change
	for _, key := range members {
		group, err := r.group(key)
		if err != nil {
			return nil, err
		}
		had := filing.Protection(group, filings)
		var added event.Purposes
		for _, change := range filing.Remaining(event.TableSubject, key, members, filings)[1:] {
			if lacks := change.Purposes.Minus(had[filing.UnderOf(change)]); !lacks.IsZero() {
				changes = append(changes, change)
				added = added.Union(lacks)
			}
		}
		if added.IsZero() {
			continue
		}
		revoked, err := r.revocations([]event.Key{key}, added)
		if err != nil {
			return nil, err
		}
		changes = append(changes, revoked...)
	}
	erased, err := r.erasures(members)
	return append(changes, erased...), err
}

// erasures are the changes that erase for each member what is erased for any.
func (r *Request) erasures(members []event.Key) ([]event.Change, error) {
	entries, err := r.Present.EventsOf(members...)
	if err != nil {
		return nil, err
	}
	each, latest := make([]event.Change, len(members)), event.Change{}
	for i, key := range members {
		if each[i], err = filing.ErasedBefore(entries, key); err != nil {
			return nil, err
		}
		if each[i].At.After(latest.At) {
			latest = each[i]
		}
	}
	var changes []event.Change
	for i, key := range members {
		if each[i].At.Before(latest.At) {
			changes = append(changes, event.Change{Act: event.ActErase, Table: event.TableSubject, Key: key, At: latest.At})
			revoked, err := r.revocations([]event.Key{key}, event.Purposes{All: true})
			if err != nil {
				return nil, err
			}
			changes = append(changes, revoked...)
		}
	}
	return changes, nil
}

// Unlink says what a parting comes to: each id keeps the protection that it had, whoever filed it, and can lift that for itself. It is effective only
// VERIFIED.
func (r *Request) Unlink(request *vetov1.UnlinkSubjectsRequest) (store.Verdict, error) {
	if err := intake.CheckIDs("subject_ids", request.GetSubjectIds()); err != nil {
		return store.Verdict{}, err
	}
	if request.GetVerification() != vetov1.Verification_VERIFICATION_VERIFIED {
		return store.Verdict{Answer: []byte(Unverified)}, nil
	}
	side := r.side()
	known := draft.IDs{}
	side.Linked, known.Linked = draft.BlindSet(request.GetSubjectIds(), r.Keys.Subject)
	side.Verification = filing.VerifiedWord
	group, err := r.together(side.Linked)
	if err != nil {
		return store.Verdict{}, err
	}
	if len(group) < 2 {
		return store.Verdict{Answer: []byte(Unchanged)}, nil
	}
	left := slices.DeleteFunc(slices.Clone(group), func(key event.Key) bool { return slices.Contains(side.Linked, key) })
	if len(left) > 1 {
		side.Members = left
	}
	filings, err := r.filings(group...)
	if err != nil {
		return store.Verdict{}, err
	}
	side.Covers = covers(filings, group, side.Members)
	keys := r.linkKeys(group)
	for _, cover := range side.Covers {
		keys = append(keys, r.Keys.Objection(string(cover.ObjectionID)))
	}
	leaf := event.Leaf{Type: event.TypeSubjectsUnlinked, Policy: r.Rules.PolicyVersion(), Effect: event.EffectUnlinked}
	return r.seal(event.Event{Leaf: leaf, Side: side}, known, keys)
}

// together is the group of ids that are to be parted: they have to be of one.
func (r *Request) together(parted []event.Key) ([]event.Key, error) {
	var group []event.Key
	for _, key := range parted {
		one, err := r.group(key)
		if err != nil {
			return nil, err
		}
		switch {
		case len(one) < 2 || slices.Equal(one, group):
		case group == nil:
			group = one
		default:
			return nil, &intake.InvalidError{Fields: []intake.FieldFault{{Field: "subject_ids", Message: "not all linked with each other: part those of one person in a call of their own"}}}
		}
	}
	return group, nil
}

// covers are what each id of a group keeps of the filings of those that it is not linked with any more; left are those that stay linked.
func covers(filings []filing.Filing, group, left []event.Key) []event.Cover {
	var kept []event.Cover
	for _, key := range group {
		own := []event.Key{key}
		if slices.Contains(left, key) {
			own = left
		}
		for i := range filings {
			f := &filings[i]
			if !f.IsAll() {
				continue
			}
			var lost event.Purposes
			for _, other := range group {
				if !slices.Contains(own, other) {
					lost = lost.Union(f.For(other))
				}
			}
			if lost = lost.Minus(f.For(key)); !lost.IsZero() {
				kept = append(kept, event.Cover{Subject: key, ObjectionID: f.Event.Side.ObjectionID, Purposes: lost})
			}
		}
	}
	return kept
}
