package bulk

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/registry/intake"
	"github.com/veto-gate/veto/internal/store"
)

// hands is how many rows are under way at once: as many as wait go into one transaction. Rows of one person are in one hand, in their order.
const hands = 512

// Rows are an import as it comes in.
type Rows struct {
	// Next is the next message; io.EOF: there is none.
	Next func() (*vetov1.ImportObjectionsRequest, error)
	// Check holds a row against the rules of its message; nil: nothing does. Its error is an *intake.InvalidError.
	Check func(*vetov1.FileObjectionRequest) error
}

// Import is one import under way.
type Import struct {
	// Name is the import's, as its first message gives it.
	Name string
	// Rows are what it takes.
	Rows Rows
	// RequestID makes a row's request id of its place: the same row again is a retry.
	RequestID func(index int64) string
	// File files a row; revision is 0 where everything of it stood already.
	File func(ctx context.Context, request *vetov1.FileObjectionRequest) (revision, head uint64, err error)

	tally Tally
}

// row is one on its way.
type row struct {
	index   int64
	request *vetov1.FileObjectionRequest
}

// Run deals out the rows until there are none.
func (i *Import) Run(ctx context.Context, message *vetov1.ImportObjectionsRequest) (*vetov1.ImportObjectionsResponse, error) {
	group, ctx := errgroup.WithContext(ctx)
	dealt := make([]chan row, hands)
	for h := range dealt {
		dealt[h] = make(chan row, 1)
		group.Go(func() error {
			for one := range dealt[h] {
				if err := i.take(ctx, one); err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		defer func() {
			for _, hand := range dealt {
				close(hand)
			}
		}()
		return i.deal(ctx, message, dealt)
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return i.tally.Response(), nil
}

// deal hands each row to the hand that has its person's.
func (i *Import) deal(ctx context.Context, message *vetov1.ImportObjectionsRequest, dealt []chan row) error {
	seed := maphash.MakeSeed()
	for index := int64(0); ; {
		for _, request := range message.GetRows() {
			hand := uint64(index)
			if request.GetSubjectId() != "" {
				hand = maphash.String(seed, request.GetSubjectId())
			}
			select {
			case dealt[hand%hands] <- row{index, request}:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			index++
		}
		var err error
		if message, err = i.Rows.Next(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if message.GetImportId() != "" && message.GetImportId() != i.Name {
			return intake.CheckImportAgain()
		}
	}
}

// take files one row, and counts it.
func (i *Import) take(ctx context.Context, one row) error {
	request := proto.CloneOf(one.request)
	if request.GetRequestId() == "" {
		request.RequestId = i.RequestID(one.index)
	}
	var revision, head uint64
	var err error
	if i.Rows.Check != nil {
		err = i.Rows.Check(request)
	}
	if err == nil {
		revision, head, err = i.File(ctx, request)
	}
	reject, ok := rejected(one, err)
	switch {
	case ok:
		i.tally.Reject(reject)
	case err != nil:
		return err
	case revision == 0:
		i.tally.Keep(head)
	default:
		i.tally.Accept(revision)
		if request.GetSubjectId() == "" && len(request.GetItemIds())+len(request.GetContentKeys()) == 0 {
			i.tally.Wait()
		}
	}
	return nil
}

// rejected is what is wrong with a row; false: it is not the row.
func rejected(one row, err error) (*vetov1.RejectedRow, bool) {
	reject := &vetov1.RejectedRow{Index: one.index}
	if invalid, ok := errors.AsType[*intake.InvalidError](err); ok && len(invalid.Fields) > 0 {
		reject.Field, reject.Message = invalid.Fields[0].Field, invalid.Fields[0].Message
		for _, other := range invalid.Fields[1:] {
			reject.Message += "; " + other.Field + ": " + other.Message
		}
		reject.Reason = intake.Reason(one.request, invalid.Fields[0])
		return reject, true
	}
	if undeclared, ok := errors.AsType[*intake.UndeclaredPurposeError](err); ok {
		reject.Field, reject.Reason, reject.Message = undeclared.Field, intake.ReasonUnknown, undeclared.Error()
		return reject, true
	}
	if unsupported, ok := errors.AsType[*intake.UnsupportedError](err); ok {
		reject.Field, reject.Reason, reject.Message = unsupported.Field, intake.ReasonUnknown, unsupported.Error()
		return reject, true
	}
	if errors.Is(err, intake.ErrNoPolicy) {
		reject.Field, reject.Reason, reject.Message = "purposes", intake.ReasonUnknown, err.Error()
		return reject, true
	}
	if errors.Is(err, store.ErrRequestReused) {
		reject.Field, reject.Reason = "request_id", intake.ReasonFormat
		reject.Message = fmt.Sprintf("another row was recorded in place %d of this import; give what changed another import_id", one.index)
		return reject, true
	}
	return nil, false
}
