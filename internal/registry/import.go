package registry

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/registry/bulk"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/registry/resolve"
	"github.com/veto-gate/veto/internal/store"
)

// Rows are an import as it comes in.
type Rows = bulk.Rows

// ImportObjections files many objections under the name of an import. A row that cannot be recorded is rejected and harms no other; what cannot be written at
// all, ends the import, whose rows so far are in. The same import again writes nothing twice.
//
// Errors: *InvalidError for the import's name; ErrStale, ErrClock, ErrNotReached; those of Rows.Next and store.Log.Append.
func (r *Registry) ImportObjections(ctx context.Context, actor Actor, rows Rows) (*vetov1.ImportObjectionsResponse, error) {
	first, err := rows.Next()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	name := first.GetImportId()
	if err := intake.CheckImport(name); err != nil {
		return nil, err
	}
	key := r.importKey(name)
	load := bulk.Import{
		Name: name, Rows: rows,
		RequestID: func(index int64) string { return r.rowID(name, index) },
		File: func(ctx context.Context, request *vetov1.FileObjectionRequest) (revision, head uint64, err error) {
			appended, err := r.append(ctx, actor, "ImportObjections "+name, request, func(q *resolve.Request) (store.Verdict, error) { return q.Filing(request, key) })
			return uint64(appended.Revision), uint64(appended.Head), err
		},
	}
	response, err := load.Run(ctx, first)
	if err != nil {
		return nil, err
	}
	if response.GetRevision() == 0 { // nothing was recorded: it is true at what stands
		view, err := r.View()
		if err != nil {
			return nil, err
		}
		response.Revision = view.Revision
	}
	_, err = r.await(ctx, event.Revision(response.GetRevision()))
	return response, err
}

// importKey is what the rows of an import are known by in the log: its name may hold anything.
func (r *Registry) importKey(name string) event.Key { return r.keys.Objection("import " + name) }

// rowID makes a row's request id of the import and the row's place.
func (r *Registry) rowID(name string, index int64) string {
	return r.derivedID(binary.BigEndian.AppendUint64([]byte("import row\n"+name+"\n"), uint64(index)))
}

// derivedID is a request id that is the same for the same content.
func (r *Registry) derivedID(content []byte) string {
	sum := r.keys.Fingerprint(content)
	id := slices.Clone(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // RFC 9562, 5.8: version 8
	return event.RequestID(id).String()
}
