package filing

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
)

// VerifiedWord is the word of an event whose person was verified.
var VerifiedWord = Word(vetov1.Verification_VERIFICATION_VERIFIED)

// Word is an enum's value as events have it: its name without the enum's, e.g. WEB_FORM.
func Word(value protoreflect.Enum) string {
	name := string(value.Descriptor().Values().ByNumber(value.Number()).Name())
	return strings.TrimPrefix(name, enumPrefix(value))
}

// WordOr is Word, with what the zero value means.
func WordOr[E protoreflect.Enum](value, zero E) string {
	if value.Number() == 0 {
		return Word(zero)
	}
	return Word(value)
}

// WordSet is a list of values as a set of words.
func WordSet[E protoreflect.Enum](values []E) []string {
	var words []string
	for _, v := range values {
		words = append(words, Word(v))
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// EnumOf is Word's inverse; a word that this version does not know is the zero value.
func EnumOf[E interface {
	~int32
	protoreflect.Enum
}](text string) E {
	var zero E
	name := protoreflect.Name(enumPrefix(zero) + text)
	if v := zero.Descriptor().Values().ByName(name); v != nil {
		return E(v.Number())
	}
	return zero
}

// enumPrefix is what an enum's values begin with, e.g. CHANNEL_: the zero value without its last word.
func enumPrefix(value protoreflect.Enum) string {
	return strings.TrimSuffix(string(value.Descriptor().Values().ByNumber(0).Name()), "UNSPECIFIED")
}

// PurposesOf reads a request's list: empty means all, later ones included.
func PurposesOf(names []string) event.Purposes {
	if len(names) == 0 {
		return event.Purposes{All: true}
	}
	return event.PurposesOf(names...)
}

// Instant is a time as events have it, in whole microseconds; the zero time where none was said.
func Instant(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime().UTC().Truncate(time.Microsecond)
}

// Stamp is Instant's inverse.
func Stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// Acknowledgements are the dangers of a policy's event that were acknowledged, each with its ground.
func Acknowledgements(lines []string) []*vetov1.Acknowledgement {
	var all []*vetov1.Acknowledgement
	for _, line := range lines {
		danger, ground, _ := strings.Cut(line, " ")
		all = append(all, &vetov1.Acknowledgement{Danger: EnumOf[vetov1.Danger](danger), Ground: ground})
	}
	return all
}

// SortedKeySet is a list of keys as a set: ascending, each once.
func SortedKeySet(keys []event.Key) []event.Key {
	set := slices.Clone(keys)
	slices.SortFunc(set, func(a, b event.Key) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(set)
}
