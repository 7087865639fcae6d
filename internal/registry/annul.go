package registry

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/registry/resolve"
	"github.com/veto-gate/veto/internal/store"
)

// annulThings is how many things the filings of one event of an annulment are about.
const annulThings = 500

// AnnulObjections undoes the filings of an import, or of a caller, that nobody verified. It takes as many events as it needs; where it breaks off, the same
// request again does the rest.
//
// Errors: *InvalidError for the request; as FileObjection.
func (r *Registry) AnnulObjections(ctx context.Context, actor Actor, request *vetov1.AnnulObjectionsRequest) (*vetov1.AnnulObjectionsResponse, error) {
	if err := intake.CheckAnnulment(request); err != nil {
		return nil, err
	}
	view, err := r.View()
	if err != nil {
		return nil, err
	}
	response := &vetov1.AnnulObjectionsResponse{Revision: view.Revision}
	part := resolve.Annulment{AnnulObjectionsRequest: request}
	if request.GetImportId() != "" {
		part.Import = r.importKey(request.GetImportId())
	}
	things := 0
	var begins event.Revision
	flush := func() error {
		if len(part.Numbers) == 0 {
			return nil
		}
		err := r.annul(ctx, actor, part, begins, response)
		part.Numbers, things = nil, 0
		return err
	}
	for entry, err := range r.log.Read(ctx, 0) {
		if err != nil {
			return nil, fmt.Errorf("look for the filings: %w", err)
		}
		if uint64(entry.Revision) > view.Revision {
			break
		}
		side, ok, err := part.Means(entry)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if len(part.Numbers) == 0 {
			begins = entry.Revision
		}
		part.Numbers = append(part.Numbers, side.ObjectionID)
		if things += 1 + len(side.Items) + len(side.ContentKeys) + len(side.Linked); things >= annulThings {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	if err := flush(); err != nil {
		return nil, err
	}
	_, err = r.await(ctx, event.Revision(response.GetRevision()))
	return response, err
}

// annul carries out one part, known by the request and the first filing in it, or only counts it.
func (r *Registry) annul(ctx context.Context, actor Actor, part resolve.Annulment, begins event.Revision, response *vetov1.AnnulObjectionsResponse) error {
	if part.GetDryRun() {
		read := func(keys ...event.Key) ([]store.Entry, error) {
			return r.log.EventsOf(ctx, keys, event.Revision(response.GetRevision()))
		}
		filings, kept, err := resolve.Annullable(read, r.keys.Objection, part.Numbers)
		response.Annulled += int64(len(filings))
		response.Kept += int64(kept)
		return err
	}
	part.Numbers = slices.Clone(part.Numbers)
	request := &vetov1.AnnulObjectionsRequest{ImportId: part.GetImportId(), Actor: part.GetActor(), RecordedFrom: part.GetRecordedFrom(), RecordedUntil: part.GetRecordedUntil(), Ground: part.GetGround()}
	request.RequestId = r.derivedID(binary.BigEndian.AppendUint64([]byte("annulment\n"+part.GetRequestId()+"\n"), uint64(begins)))
	appended, err := r.append(ctx, actor, "AnnulObjections", request, func(q *resolve.Request) (store.Verdict, error) { return q.Annulment(part) })
	if err != nil {
		return err
	}
	var annulled, kept int64
	if _, err := fmt.Sscanf(string(appended.Answer), "%d %d", &annulled, &kept); err != nil {
		return fmt.Errorf("read the answer of an annulment: %w", err)
	}
	response.Annulled += annulled
	response.Kept += kept
	response.Revision = max(response.GetRevision(), uint64(appended.Head))
	return nil
}
