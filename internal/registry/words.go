package registry

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
)

// verified is the word of an event whose person was verified.
var verified = word(vetov1.Verification_VERIFICATION_VERIFIED)

// word is an enum's value as events have it: its name without the enum's, e.g. WEB_FORM.
func word(value protoreflect.Enum) string {
	name := string(value.Descriptor().Values().ByNumber(value.Number()).Name())
	return strings.TrimPrefix(name, enumPrefix(value))
}

// wordOr is word, with what the zero value means.
func wordOr[E protoreflect.Enum](value, zero E) string {
	if value.Number() == 0 {
		return word(zero)
	}
	return word(value)
}

// wordSet is a list of values as a set of words.
func wordSet[E protoreflect.Enum](values []E) []string {
	var words []string
	for _, v := range values {
		words = append(words, word(v))
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// enumOf is word's inverse; a word that this version does not know is the zero value.
func enumOf[E interface {
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

// purposesOf reads a request's list: empty means all, later ones included.
func purposesOf(names []string) event.Purposes {
	if len(names) == 0 {
		return event.Purposes{All: true}
	}
	return event.PurposesOf(names...)
}

// blindSet hashes ids to a set, as a side row has it, and returns the ids in the set's order.
func blindSet(ids []string, hash func(string) [16]byte) (keys []event.Key, ordered []string) {
	byKey := make(map[event.Key]string, len(ids))
	for _, id := range ids {
		byKey[hash(id)] = id
	}
	keys = slices.SortedFunc(maps.Keys(byKey), func(a, b event.Key) int { return bytes.Compare(a[:], b[:]) })
	for _, key := range keys {
		ordered = append(ordered, byKey[key])
	}
	return keys, ordered
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// instant is a time as events have it, in whole microseconds; the zero time where none was said.
func instant(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime().UTC().Truncate(time.Microsecond)
}

// stamp is instant's inverse.
func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
