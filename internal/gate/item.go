package gate

import (
	"time"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// Item is one piece of content, without the content: what the gate needs to know to decide. Its fields are those of
// veto.v1.Item, with the same meanings and bounds; Decide judges them, so a reader copies what it finds. The gate keeps
// no part of an item.
type Item struct {
	// ID is the platform's stable id of the item. Required.
	ID string
	// Kind is what the item is. Unspecified or unknown: INVALID.
	Kind vetov1.ItemKind
	// Visibility says who could see the item. Unspecified or unknown: INVALID.
	Visibility vetov1.Visibility
	// AuthorID is the platform's stable id of the author. Required.
	AuthorID string
	// Subjects are other people in the item, at most 512.
	Subjects []OtherSubject
	// Country is the author's jurisdiction, ISO 3166-1 alpha-2 or ISO 3166-2 in upper case. Empty: NO_REGIME.
	Country string
	// Language is the content's, BCP 47, at most 64 bytes. Decides nothing.
	Language string
	// Service is the platform's surface that the item comes from, at most 64 bytes. Decides nothing.
	Service string
	// CreatedAt is when the item was made, within the years 1 to 9999. Zero: unknown. (The first instant of the year 1 is
	// the zero time and counts as unknown, which excludes at least as much.)
	CreatedAt time.Time
	// AuthorAge is the author's age now in full years, 0 to 150. 0: unknown.
	AuthorAge int32
	// AuthorAgeAtCreation is the author's age when the item was made, 0 to 150. 0: unknown.
	AuthorAgeAtCreation int32
	// AuthorNotifiedAt is when the author was personally told of the use. Zero: never.
	AuthorNotifiedAt time.Time
	// InConversation says for AI_INTERACTION whether the author's words stand alone. Anything but ALONE: a private
	// message.
	InConversation vetov1.Conversation
	// Labels are the platform's, at most 64 of at most 64 bytes. Empty ones say nothing.
	Labels []string
	// ContentKeys are keys of the content itself, at most 16, by the rule for ids.
	ContentKeys []string
	// Modality is the content's form. Unspecified: taken from Kind; a number that is none: INVALID.
	Modality vetov1.Modality
	// SizeBytes is the content's size, 0 where unknown. Decides nothing; below 0: INVALID.
	SizeBytes int64
	// Signals are the preferences that travel with the content.
	Signals Signals
	// Unreadable is set by a reader that met a field which it could not read at all, such as a time that is none: the
	// item is INVALID, naming that field, unless an earlier field is at fault. Of two faults in one field the reader's
	// is named.
	Unreadable *Violation
}

// OtherSubject is somebody else in an item.
type OtherSubject struct {
	// SubjectID is the platform's stable id of the person. Required.
	SubjectID string
	// Role says in which way they are in the item. Unspecified or unknown: INVALID.
	Role vetov1.SubjectRole
	// Country is their jurisdiction where the platform knows it, as in Item. Empty: the one on record with their
	// objection, else the author's.
	Country string
}

// Signals are preferences as they were found; an empty string says nothing.
type Signals struct {
	// ContentUsage is the value of IETF AIPREF `Content-Usage`, at most 4096 bytes.
	ContentUsage string
	// TDMReservation is the value of W3C TDMRep `tdm-reservation`.
	TDMReservation string
	// Robots are words of a robots meta tag or an X-Robots-Tag, separated by commas, at most 4096 bytes.
	Robots string
	// C2PATrainingMining is the `use` of a C2PA or CAWG training-mining entry.
	C2PATrainingMining string
	// PLUSDataMining is the PLUS / IPTC data mining code, or its URI.
	PLUSDataMining string
	// Other are tokens of other vocabularies, at most 16 of 1 to 256 bytes.
	Other []string
}

// Violation names what is wrong with an item.
type Violation struct {
	// Field is the path of the field in veto.v1.Item, e.g. `author_id`, `subjects[2].role`.
	Field string
	// Message says what is wrong and what would be right, without the value.
	Message string
}
