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

// fill copies a column into the items of its rows, and tells what cannot be copied.
type fill func(column arrow.Array, items []*vetov1.Item, wrong *faults)

// misfit says why a type does not fit.
type misfit struct {
	at   string // where in a nested column, e.g. "its element's field role"; empty for the column itself
	got  string
	want string
}

// field is one thing that a column can fill. bind reads columns of the type that suits it best, all rows at once; set reads a row's cell, of whatever
// source. Both write the same for the same value: a property test holds them together.
type field struct {
	name  string
	item  string // the field of Item that it belongs to: "signals" for each signal
	bind  binder // nil for signals, which depends on what else is mapped
	set   setter // likewise
	takes types  // the types of a column that set reads where bind does not
	words *enumOf
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
	idField("item_id", func(i *vetov1.Item, s string) { i.ItemId = s }),
	nameField("kind", &kinds, func(i *vetov1.Item, n int32) { i.Kind = vetov1.ItemKind(n) }),
	nameField("visibility", &visibilities, func(i *vetov1.Item, n int32) { i.Visibility = vetov1.Visibility(n) }),
	idField("author_id", func(i *vetov1.Item, s string) { i.AuthorId = s }),
	{name: "subjects", item: "subjects", takes: asText},
	textField("country", noCountry, func(i *vetov1.Item, s string) { i.Country = s }),
	textField("language", noName, func(i *vetov1.Item, s string) { i.Language = s }),
	textField("service", noName, func(i *vetov1.Item, s string) { i.Service = s }),
	timeField("created_at", func(i *vetov1.Item) **timestamppb.Timestamp { return &i.CreatedAt }),
	countField("author_age", math.MaxInt32, func(i *vetov1.Item, n int64) { i.AuthorAge = int32(n) }),
	countField("author_age_at_creation", math.MaxInt32, func(i *vetov1.Item, n int64) { i.AuthorAgeAtCreation = int32(n) }),
	timeField("author_notified_at", func(i *vetov1.Item) **timestamppb.Timestamp { return &i.AuthorNotifiedAt }),
	nameField("in_conversation", &conversations, func(i *vetov1.Item, n int32) { i.InConversation = vetov1.Conversation(n) }),
	listField("labels", "labels", noName, func(c cell) (string, fault) { return textOfCell(c, noName) }, func(i *vetov1.Item) *[]string { return &i.Labels }),
	listField("content_keys", "content_keys", noID, idOfCell, func(i *vetov1.Item) *[]string { return &i.ContentKeys }),
	nameField("modality", &modalities, func(i *vetov1.Item, n int32) { i.Modality = vetov1.Modality(n) }),
	countField("size_bytes", math.MaxInt64, func(i *vetov1.Item, n int64) { i.SizeBytes = n }),
	{name: "signals", item: "signals", takes: asText},
	signalField("content_usage", noSignal, func(s *vetov1.Signals) *string { return &s.ContentUsage }),
	signalField("tdm_reservation", noSignal, func(s *vetov1.Signals) *string { return &s.TdmReservation }),
	signalField("robots", noRobots, func(s *vetov1.Signals) *string { return &s.Robots }),
	signalField("c2pa_training_mining", noSignal, func(s *vetov1.Signals) *string { return &s.C2PaTrainingMining }),
	signalField("plus_data_mining", noSignal, func(s *vetov1.Signals) *string { return &s.PlusDataMining }),
	otherSignals(),
}

// path is how a violation names the field.
func (f *field) path() string {
	if f.item != f.name {
		return f.item + "." + f.name
	}
	return f.name
}

// fieldNamed finds a field by its name; nil: there is none.
func fieldNamed(name string) *field {
	for n := range fields {
		if fields[n].name == name {
			return &fields[n]
		}
	}
	return nil
}

func idField(name string, set func(*vetov1.Item, string)) field {
	return field{name: name, item: name, bind: text(noID, set), set: setID(set), takes: asInteger}
}

func nameField(name string, words *enumOf, set func(*vetov1.Item, int32)) field {
	return field{name: name, item: name, bind: enum(words, set), set: setEnum(words, set), words: words}
}

func textField(name, unreadable string, set func(*vetov1.Item, string)) field {
	return field{name: name, item: name, bind: text(unreadable, set), set: setText(unreadable, set)}
}

func timeField(name string, at func(*vetov1.Item) **timestamppb.Timestamp) field {
	return field{name: name, item: name, bind: instant(at), set: setInstant(at), takes: asText}
}

// countField is a field of whole numbers from 0 on. What is below is not this reader's to refuse: the gate names its bounds.
func countField(name string, most int64, set func(*vetov1.Item, int64)) field {
	return field{name: name, item: name, bind: number(-most-1, most, set), set: setNumber(-most-1, most, set), takes: asText | asFraction}
}

func listField(name, item, unreadable string, read func(cell) (string, fault), at func(*vetov1.Item) *[]string) field {
	return field{name: name, item: item, bind: texts(unreadable, at), set: setTexts(unreadable, read, at), takes: asText}
}

// otherSignals has no fault, as setSignal.
func otherSignals() field {
	f := listField(other, "signals", noSignal, func(c cell) (string, fault) { return textOfCell(c, noSignal) }, func(i *vetov1.Item) *[]string { return &signalsOf(i).Other })
	set := f.set
	f.set = func(i *vetov1.Item, c cell) fault {
		if c != nil {
			set(i, c)
		}
		return fault{}
	}
	return f
}

func signalField(name, unreadable string, at func(*vetov1.Signals) *string) field {
	return field{name: name, item: "signals", bind: signal(unreadable, at), set: setSignal(unreadable, at)}
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
