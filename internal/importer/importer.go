// Package importer sends a file of objections to a register: CSV, TSV or JSON Lines, a row for each, under the name of an import. Whatever breaks off can be
// run again: rows are known by the import and their place in the file, and none is written twice.
package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// Import is one file to send.
type Import struct {
	// Client is the register.
	Client vetov1.RegistryServiceClient
	// Name is the import's.
	Name string
	// Comma is what stands between the cells: ',' or '\t'. 0: the file is JSON Lines.
	Comma byte
	// Channel is how rows came that do not say so.
	Channel vetov1.Channel
	// Reject is handed each row that was not recorded, in the order of the file.
	Reject func(Reject) error
	// Progress is told how many rows are done; nil: nobody is.
	Progress func(rows int64)
}

// Reject is a row that was not recorded.
type Reject struct {
	// Row is its place in the file, from 1, after a table's names.
	Row int64
	// Field is the field at fault, Reason a word to sort by, Message what would be right.
	Field, Reason, Message string
}

// Result counts what became of the rows.
type Result struct {
	// Rows are all of them: Accepted and Unchanged and Rejected.
	Rows, Accepted, Unchanged, Rejected int64
	// Pending are those of the accepted that wait for their match.
	Pending int64
	// First and Last are the revisions that the recorded rows lie between; 0: none was recorded.
	First, Last uint64
	// Revision is one at which all of them are in force.
	Revision uint64
	// Unread are the columns that no field takes.
	Unread []string
}

const (
	// chunkRows are sent in one stream, whose answer says that they are durable.
	chunkRows = 20_000
	// retoldRows are few enough that an answer names every rejected one.
	retoldRows = 1000
	// messageRows and messageBytes bound one message.
	messageRows  = 1000
	messageBytes = 1 << 20
)

// sent is a row on its way.
type sent struct {
	row     int64
	request *vetov1.FileObjectionRequest
}

// Run sends the file. Its result counts what was done also where it ends in an error.
func (i *Import) Run(ctx context.Context, from io.Reader) (Result, error) {
	var result Result
	rows, err := newReader(from, i.Comma)
	if err != nil {
		return result, err
	}
	result.Unread = rows.unread
	for {
		chunk, faults, err := i.chunk(rows, result.Rows)
		ended := errors.Is(err, io.EOF)
		if err != nil && !ended {
			return result, err
		}
		if err := i.send(ctx, chunk, faults, &result); err != nil {
			return result, err
		}
		if i.Progress != nil {
			i.Progress(result.Rows)
		}
		if ended {
			return result, nil
		}
	}
}

// chunk reads the next rows. io.EOF: they are the last.
func (i *Import) chunk(rows *reader, done int64) (chunk []sent, faults []Reject, err error) {
	for row := done + 1; row <= done+chunkRows; row++ {
		request, wrong, err := rows.next()
		if err != nil {
			return chunk, faults, err
		}
		if wrong != nil {
			faults = append(faults, Reject{row, wrong.field, wrong.reason, wrong.message})
			continue
		}
		if request.GetRequestId() == "" {
			request.RequestId = i.requestID(row)
		}
		if request.GetChannel() == 0 {
			request.Channel = i.Channel
		}
		chunk = append(chunk, sent{row, request})
	}
	return chunk, faults, nil
}

// requestID is the same whenever the row is sent, and whatever is wrong with the rows before it.
func (i *Import) requestID(row int64) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "veto import\n%s\n%d", i.Name, row)).String()
}

// send sends a chunk and adds to the result. Where more were rejected than one answer names, they are asked for again in smaller parts: what was recorded is
// only told again.
func (i *Import) send(ctx context.Context, chunk []sent, faults []Reject, result *Result) error {
	response, err := i.stream(ctx, chunk)
	if err != nil {
		return err
	}
	rejects := faults
	for _, one := range response.GetRejects() {
		rejects = append(rejects, rejectOf(chunk, one))
	}
	if int64(len(response.GetRejects())) < response.GetRejected() {
		rejects = faults
		for at := 0; at < len(chunk); at += retoldRows {
			part := chunk[at:min(at+retoldRows, len(chunk))]
			again, err := i.stream(ctx, part)
			if err != nil {
				return err
			}
			for _, one := range again.GetRejects() {
				rejects = append(rejects, rejectOf(part, one))
			}
		}
	}
	result.add(int64(len(chunk)), faults, response)
	return i.tell(rejects)
}

func rejectOf(chunk []sent, one *vetov1.RejectedRow) Reject {
	return Reject{chunk[one.GetIndex()].row, one.GetField(), one.GetReason(), one.GetMessage()}
}

func (r *Result) add(sent int64, faults []Reject, response *vetov1.ImportObjectionsResponse) {
	r.Rows += sent + int64(len(faults))
	r.Accepted += response.GetAccepted()
	r.Unchanged += response.GetUnchanged()
	r.Pending += response.GetPending()
	r.Rejected += response.GetRejected() + int64(len(faults))
	r.Revision = max(r.Revision, response.GetRevision())
	for _, one := range response.GetRevisions() {
		if r.First == 0 || one.GetFirst() < r.First {
			r.First = one.GetFirst()
		}
		r.Last = max(r.Last, one.GetLast())
	}
}

// stream sends rows and waits for the answer.
func (i *Import) stream(ctx context.Context, rows []sent) (*vetov1.ImportObjectionsResponse, error) {
	if len(rows) == 0 {
		return nil, nil //nolint:nilnil // an empty answer is one
	}
	stream, err := i.Client.ImportObjections(ctx)
	if err != nil {
		return nil, err
	}
	message, size := &vetov1.ImportObjectionsRequest{ImportId: i.Name}, 0
	for n, one := range rows {
		message.Rows = append(message.Rows, one.request)
		size += proto.Size(one.request)
		if len(message.GetRows()) < messageRows && size < messageBytes && n < len(rows)-1 {
			continue
		}
		if err := stream.Send(message); err != nil && !errors.Is(err, io.EOF) { // io.EOF: the answer says why
			return nil, err
		} else if err != nil {
			break
		}
		message, size = &vetov1.ImportObjectionsRequest{}, 0
	}
	return stream.CloseAndRecv()
}

// tell hands the rejected rows on, in the file's order.
func (i *Import) tell(rejects []Reject) error {
	sortRejects(rejects)
	for _, one := range rejects {
		if err := i.Reject(one); err != nil {
			return err
		}
	}
	return nil
}

func sortRejects(rejects []Reject) {
	slices.SortStableFunc(rejects, func(a, b Reject) int { return cmp.Compare(a.Row, b.Row) })
}
