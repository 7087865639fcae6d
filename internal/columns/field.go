package columns

import (
	"math"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// A binder checks that a column's type fits a field, and returns what copies the column's rows into items: one for each row, in order. Every row
// is written, a null as the field's zero value, because items are used again.
type binder func(t arrow.DataType) (fill, *misfit)

// fill copies a column into the items of its rows.
type fill func(column arrow.Array, items []*vetov1.Item)

// misfit says why a type does not fit.
type misfit struct {
	at   string // where in a nested column, e.g. "its element's field role"; empty for the column itself
	got  string
	want string
}

// field is one thing that a column can fill.
type field struct {
	name string
	item string // the field of Item that it belongs to: "signals" for each signal
	bind binder // nil for signals, which depends on what else is mapped
}

// What stands for text that is no UTF-8: protocol buffers cannot carry that, and one such row would take its whole batch along. Each is a value
// that the gate refuses in that field; none may be one that says nothing.
var (
	noID      = ""                        // ids and content keys are never empty
	noCountry = "?"                       // malformed, so INVALID; an empty one is merely in no regime
	noName    = strings.Repeat("?", 65)   // languages, services and labels have at most 64 bytes
	noSignal  = "?"                       // a signal that cannot be read is unknown
	noRobots  = strings.Repeat("?", 4097) // robots words that nobody knows say nothing, so it must be the length that refuses
)

// fields are all that a column can fill, in the order of Item.
var fields = []field{
	{"item_id", "item_id", text(noID, func(i *vetov1.Item, s string) { i.ItemId = s })},
	{"kind", "kind", enum(vetov1.ItemKind_value, "ITEM_KIND_", func(i *vetov1.Item, n int32) { i.Kind = vetov1.ItemKind(n) })},
	{"visibility", "visibility", enum(vetov1.Visibility_value, "VISIBILITY_", func(i *vetov1.Item, n int32) { i.Visibility = vetov1.Visibility(n) })},
	{"author_id", "author_id", text(noID, func(i *vetov1.Item, s string) { i.AuthorId = s })},
	{"subjects", "subjects", subjects},
	{"country", "country", text(noCountry, func(i *vetov1.Item, s string) { i.Country = s })},
	{"language", "language", text(noName, func(i *vetov1.Item, s string) { i.Language = s })},
	{"service", "service", text(noName, func(i *vetov1.Item, s string) { i.Service = s })},
	{"created_at", "created_at", instant(func(i *vetov1.Item) **timestamppb.Timestamp { return &i.CreatedAt })},
	{"author_age", "author_age", number(math.MinInt32, math.MaxInt32, func(i *vetov1.Item, n int64) { i.AuthorAge = int32(n) })},
	{"author_age_at_creation", "author_age_at_creation", number(math.MinInt32, math.MaxInt32, func(i *vetov1.Item, n int64) { i.AuthorAgeAtCreation = int32(n) })},
	{"author_notified_at", "author_notified_at", instant(func(i *vetov1.Item) **timestamppb.Timestamp { return &i.AuthorNotifiedAt })},
	{"in_conversation", "in_conversation", enum(vetov1.Conversation_value, "CONVERSATION_", func(i *vetov1.Item, n int32) { i.InConversation = vetov1.Conversation(n) })},
	{"labels", "labels", texts(noName, func(i *vetov1.Item) *[]string { return &i.Labels })},
	{"content_keys", "content_keys", texts(noID, func(i *vetov1.Item) *[]string { return &i.ContentKeys })},
	{"modality", "modality", enum(vetov1.Modality_value, "MODALITY_", func(i *vetov1.Item, n int32) { i.Modality = vetov1.Modality(n) })},
	{"size_bytes", "size_bytes", number(math.MinInt64, math.MaxInt64, func(i *vetov1.Item, n int64) { i.SizeBytes = n })},
	{"signals", "signals", nil},
	{"content_usage", "signals", signal(noSignal, func(s *vetov1.Signals) *string { return &s.ContentUsage })},
	{"tdm_reservation", "signals", signal(noSignal, func(s *vetov1.Signals) *string { return &s.TdmReservation })},
	{"robots", "signals", signal(noRobots, func(s *vetov1.Signals) *string { return &s.Robots })},
	{"c2pa_training_mining", "signals", signal(noSignal, func(s *vetov1.Signals) *string { return &s.C2PaTrainingMining })},
	{"plus_data_mining", "signals", signal(noSignal, func(s *vetov1.Signals) *string { return &s.PlusDataMining })},
	{other, "signals", texts(noSignal, func(i *vetov1.Item) *[]string { return &signalsOf(i).Other })},
}

// other is filled only where a mapping says so: too many tables have a column of that name which is no signal.
const other = "other"

// signalsOf gives an item its Signals. One that says nothing is the same as none.
func signalsOf(i *vetov1.Item) *vetov1.Signals {
	if i.Signals == nil {
		i.Signals = &vetov1.Signals{}
	}
	return i.Signals
}

func signal(unreadable string, at func(*vetov1.Signals) *string) binder {
	return text(unreadable, func(i *vetov1.Item, s string) {
		if s != "" {
			*at(signalsOf(i)) = s
		}
	})
}
