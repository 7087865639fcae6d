package gate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// Bounds of an item, as veto.v1.Item states them.
const (
	// MaxSubjects bounds the other people of an item.
	MaxSubjects   = 512
	maxLabels     = 64
	maxLabelBytes = 64
	// MaxContentKeys bounds the keys of its content.
	MaxContentKeys = 16
	maxOther       = 16
	maxOtherBytes  = 256
	maxSignalBytes = 4096
	maxNameBytes   = 64
	maxAge         = 150
)

// The first seconds of the years 1 and 10000, between which a time can be written (RFC 3339).
const (
	firstSecond = -62135596800
	lastSecond  = 253402300800
)

// fields are Item's, in the order of veto.v1.Item: of several faults the first field's is named.
func fields() []string {
	return []string{
		"item_id", "kind", "visibility", "author_id", "subjects", "country", "language", "service", "created_at",
		"author_age", "author_age_at_creation", "author_notified_at", "in_conversation", "labels", "content_keys",
		"modality", "size_bytes", "signals",
	}
}

// violation finds the item's first fault in the order of its fields: the position of the field, and what is wrong. The
// reader's own fault comes before another of the same field.
func (p *Policy) violation(item *Item) (Violation, bool) {
	found, position, bad := p.firstFault(item)
	if item.Unreadable != nil && (!bad || fieldPosition(item.Unreadable.Field) <= position) {
		return *item.Unreadable, true
	}
	return found, bad
}

// fieldPosition is the place of a path's field in Item; one that is not Item's comes last.
func fieldPosition(path string) int {
	end := strings.IndexAny(path, "[.")
	if end < 0 {
		end = len(path)
	}
	all := fields()
	for i, field := range all {
		if field == path[:end] {
			return i
		}
	}
	return len(all)
}

// firstFault is violation without the reader's. Only an item that is at fault costs more than comparisons: paths and
// words are made when they are needed.
func (p *Policy) firstFault(item *Item) (Violation, int, bool) {
	fault := p.identityFault(item)
	if fault.Field == "" {
		fault = p.subjectsFault(item.Subjects)
	}
	if fault.Field == "" {
		fault = detailsFault(item)
	}
	if fault.Field == "" {
		fault = p.listsFault(item)
	}
	if fault.Field == "" {
		fault = signalsFault(&item.Signals)
	}
	if fault.Field == "" {
		return Violation{}, 0, false
	}
	return fault, fieldPosition(fault.Field), true
}

// identityFault looks at the fields from item_id to author_id.
func (p *Policy) identityFault(item *Item) Violation {
	if wrong := p.checkID(item.ID); wrong != "" {
		return Violation{"item_id", wrong}
	}
	if !knownKind(item.Kind) {
		return Violation{"kind", oneOf(vetov1.ItemKind_name, "ITEM_KIND_")}
	}
	if !knownVisibility(item.Visibility) {
		return Violation{"visibility", oneOf(vetov1.Visibility_name, "VISIBILITY_")}
	}
	if wrong := p.checkSubject(item.AuthorID); wrong != "" {
		return Violation{"author_id", wrong}
	}
	return Violation{}
}

// subjectsFault looks at the other people in the item.
func (p *Policy) subjectsFault(subjects []OtherSubject) Violation {
	if len(subjects) > MaxSubjects {
		return Violation{"subjects", "more than 512 people; leave out nobody: such an item cannot be used"}
	}
	for i := range subjects {
		s := &subjects[i]
		if wrong := p.checkSubject(s.SubjectID); wrong != "" {
			return Violation{fmt.Sprintf("subjects[%d].subject_id", i), wrong}
		}
		if !knownRole(s.Role) {
			return Violation{fmt.Sprintf("subjects[%d].role", i), oneOf(vetov1.SubjectRole_name, "SUBJECT_ROLE_")}
		}
		if !wellFormed(s.Country) {
			return Violation{fmt.Sprintf("subjects[%d].country", i), countryRule}
		}
	}
	return Violation{}
}

// oneOf says which names a field takes. A reader that finds another name in its source, such as one in small letters, has no value to hand on: here it
// is unspecified.
func oneOf(values map[int32]string, prefix string) string {
	var names []string
	for _, number := range slices.Sorted(maps.Keys(values)) {
		if number != 0 {
			names = append(names, word(values[number], prefix))
		}
	}
	return "unspecified, or a value that this server does not know; send one of " + strings.Join(names, ", ") + "; letter case counts"
}

// countryRule words what a country must look like.
const countryRule = "not the form of an ISO 3166-1 alpha-2 or ISO 3166-2 code in upper case, such as DE or CA-QC"

// wellFormed says whether the code is empty or has the form of ISO 3166-1 alpha-2 or ISO 3166-2. Whether it is assigned
// is another question: an unassigned one is ruled by no regime.
func wellFormed(code string) bool {
	if code == "" {
		return true
	}
	if len(code) < 2 || !isUpper(code[0]) || !isUpper(code[1]) {
		return false
	}
	if len(code) == 2 {
		return true
	}
	if code[2] != '-' || len(code) < 4 || len(code) > 6 {
		return false
	}
	for i := 3; i < len(code); i++ {
		if !isUpper(code[i]) && (code[i] < '0' || code[i] > '9') {
			return false
		}
	}
	return true
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

// detailsFault looks at the fields from country to in_conversation.
func detailsFault(item *Item) Violation {
	if !wellFormed(item.Country) {
		return Violation{"country", countryRule}
	}
	if wrong := textFault(item.Language, maxNameBytes); wrong != "" {
		return Violation{"language", wrong}
	}
	if wrong := textFault(item.Service, maxNameBytes); wrong != "" {
		return Violation{"service", wrong}
	}
	if !writable(item.CreatedAt) {
		return Violation{"created_at", timeRule}
	}
	if item.AuthorAge < 0 || item.AuthorAge > maxAge {
		return Violation{"author_age", ageRule}
	}
	if item.AuthorAgeAtCreation < 0 || item.AuthorAgeAtCreation > maxAge {
		return Violation{"author_age_at_creation", ageRule}
	}
	if !writable(item.AuthorNotifiedAt) {
		return Violation{"author_notified_at", timeRule}
	}
	if !knownConversation(item.InConversation) {
		return Violation{"in_conversation", oneOf(vetov1.Conversation_name, "CONVERSATION_")}
	}
	return Violation{}
}

const (
	timeRule = "outside the years 1 to 9999"
	ageRule  = "not 0 to 150 full years; 0 says that it is unknown"
)

func writable(t time.Time) bool {
	seconds := t.Unix()
	return seconds >= firstSecond && seconds < lastSecond
}

// textFault says what is wrong with a text: "" where nothing is.
func textFault(text string, maxBytes int) string {
	if len(text) > maxBytes {
		return fmt.Sprintf("longer than %d bytes", maxBytes)
	}
	if !utf8.ValidString(text) {
		return "not UTF-8"
	}
	return ""
}

// listsFault looks at labels, content_keys, modality and size_bytes.
func (p *Policy) listsFault(item *Item) Violation {
	if len(item.Labels) > maxLabels {
		return Violation{"labels", "more than 64"}
	}
	for i, label := range item.Labels {
		if wrong := textFault(label, maxLabelBytes); wrong != "" {
			return Violation{fmt.Sprintf("labels[%d]", i), wrong}
		}
	}
	if len(item.ContentKeys) > MaxContentKeys {
		return Violation{"content_keys", "more than 16"}
	}
	for i, key := range item.ContentKeys {
		if wrong := p.checkID(key); wrong != "" {
			return Violation{fmt.Sprintf("content_keys[%d]", i), wrong}
		}
	}
	if !knownModality(item.Modality) {
		return Violation{"modality", oneOf(vetov1.Modality_name, "MODALITY_")}
	}
	if item.SizeBytes < 0 {
		return Violation{"size_bytes", "below 0; 0 says that it is unknown"}
	}
	return Violation{}
}

// signalsFault looks at the bounds of signals. What they say, and whether it can be read, is no matter of form: an
// unreadable signal is judged by the regime.
func signalsFault(s *Signals) Violation {
	if wrong := textFault(s.ContentUsage, maxSignalBytes); wrong != "" {
		return Violation{"signals.content_usage", wrong}
	}
	if wrong := textFault(s.Robots, maxSignalBytes); wrong != "" {
		return Violation{"signals.robots", wrong}
	}
	if len(s.Other) > maxOther {
		return Violation{"signals.other", "more than 16"}
	}
	for i, token := range s.Other {
		wrong := textFault(token, maxOtherBytes)
		if token == "" {
			wrong = "empty; leave it out"
		}
		if wrong != "" {
			return Violation{fmt.Sprintf("signals.other[%d]", i), wrong}
		}
	}
	return Violation{}
}
