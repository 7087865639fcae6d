package event

import "time"

// MaxSideBytes bounds a side row. It is the only bound on how many items, changes
// or lifted objections one event holds: some 5,000 items with their changes and
// their lines of the person list fit.
const MaxSideBytes = 1 << 20

// The bounds of free text, in bytes of UTF-8 before escaping. CheckText tells
// beforehand whether a text fits.
const (
	MaxActorBytes         = 128
	MaxCaseReferenceBytes = 256
	MaxNoticeVersionBytes = 128
	MaxRegimeBytes        = 128
	MaxJurisdictionBytes  = 128
	MaxAcknowledgeBytes   = 1280 // the danger's word, a space and the ground
	MaxReasonBytes        = 4 << 10
	MaxAuthorityBytes     = 1 << 10
)

// Side is the private part of an event: what the fold needs and what only those
// concerned may know. It holds no id and no content, only keyed hashes, and never
// the text of a person's request; Reason, Authority and CaseReference are the
// controller's own words.
//
// Which fields an event of a type has, sideFields says; a field that it has not
// holds its zero value. Sets ascend strictly. Instants are whole microseconds.
type Side struct {
	Salt       [32]byte // of the person list: random, handed out in the receipt
	RecordSalt [32]byte // random, and never leaves: who holds a receipt could otherwise guess the rest by Leaf.Record
	KeyID      uint32   // which secret made the keyed hashes; from 1
	RecordedAt time.Time
	Actor      string    // who called: 1 to MaxActorBytes
	Role       string    // in which role: a word in upper case
	RequestID  RequestID // of the write

	Import         Key // hash of the name of the import that a filing came with, or that is undone; zero: of none
	ObjectionID    ObjectionID
	Subject        Key          // zero: an objection to items or content keys alone
	Linked         []Key        // other ids that are said to be the person's, or the ids that are linked or parted: a set
	Identifiers    []Identifier // what the person gave in place of an id
	Members        []Key        // every id of the person from here on, where ids stay linked: a set
	Covers         []Cover      // what parted ids keep of the filings of those that they were linked with
	Items          []Key        // a set
	ContentKeys    []Key        // a set
	Regime         string       // the regime's name: 1 to MaxRegimeBytes
	Jurisdictions  []string     // the jurisdictions suspended or resumed: a set; empty: the regime's all
	Places         []string     // what Jurisdictions came to when the regime was suspended: a set of ISO 3166-1 alpha-2 and 3166-2 codes
	Purposes       Purposes     // objected to, withdrawn, or switched
	NoEffect       Purposes     // those of Purposes for which the regime of Country gave objections no effect at the filing
	Assess         Purposes     // those of Purposes for which the regime of Country assesses objections, at the filing
	Country        string       // of who filed: ISO 3166-1 alpha-2 or 3166-2; empty: unknown
	Channel        string       // by which it came: a word in upper case
	Verification   string       // whether the person was verified: a word in upper case
	FiledBy        string       // for whom it was filed: a word in upper case
	Proof          Proof        // what made a withdrawal effective
	AlsoAsks       []string     // what else the person asks for: a set of words in upper case
	Scope          string       // what an erasure covers: a word in upper case
	MadeBefore     time.Time    // what is erased was made before it
	Reports        []Report     // what the platform says of items, in its order
	KeptUntil      time.Time    // when the reports lapse
	SentAt         time.Time    // by the person
	ReceivedAt     time.Time    // by the controller
	CaseReference  string       // reference of the platform's own desk: 1 to MaxCaseReferenceBytes
	NoticeVersion  string       // version of the notice that the person saw: 1 to MaxNoticeVersionBytes
	Deadline       time.Time    // the objection deadline of the country's regime as it then stood; it words the receipt and decides nothing
	BeforeDeadline bool         // whether the objection came before Deadline; false without one
	Lifts          []Lift       // the filings withdrawn, by ascending revision
	Document       Hash         // SHA-256 of the policy document
	Acknowledge    []string     // the dangers that who applied it acknowledged, each "WORD ground": a set of texts of at most MaxAcknowledgeBytes
	Reason         string       // 1 to MaxReasonBytes
	Authority      string       // who ordered it: 1 to MaxAuthorityBytes
	Remedies       string       // what the person is told of remedies: 1 to MaxReasonBytes
	ExtendedUntil  time.Time    // until when the answer is due
	InformedAt     time.Time    // when the person was told that the objection is recorded
	AnsweredAt     time.Time    // when the answer was delivered
	RefusedFrom    time.Time    // from when regimes that assess do not honour what is refused

	Changes []Change  // to the standings, in this order; all that a fold applies of an objection's event
	Person  []Blinded // one for each of Private, in its order
}

// Lift says of a withdrawal which filing it lifts and for which purposes.
type Lift struct {
	Revision Revision // of the OBJECTION_FILED
	Purposes Purposes
}

// Identifier is where one that a person gave lies sealed, until it is matched or dropped.
type Identifier struct {
	Type   string // a word in upper case
	Handle Key    // of the sealed row; a keyed hash of no identity
}

// Cover says that a parted id keeps the protection of another's filing.
type Cover struct {
	Subject     Key
	ObjectionID ObjectionID
	Purposes    Purposes
}

// Report is what the platform says of an item.
type Report struct {
	Item Key
	What string    // a word in upper case
	At   time.Time // when it happened
}

// Blinded is one line of the person list: a private value behind an HMAC-SHA256
// whose key comes from Side.Salt, the line's position and the tag. Package subject
// computes it.
type Blinded struct {
	Tag string
	Sum Hash
}

// Append adds the side row's bytes to dst. Of a row that is not valid it makes
// bytes that ParseSide refuses; Seal is what writes events.
func (s Side) Append(dst []byte) []byte { return sideRecord.append(dst, &s) }

// ParseSide reads the bytes of a side row, at most MaxSideBytes, that lies beside
// a leaf of type t, and keeps none of them. It refuses every spelling but the one
// that Append makes, and a row without what its type must have. Errors are
// *MalformedError.
func ParseSide(b []byte, t Type) (Side, error) {
	if t == 0 || int(t) >= len(typeWords) {
		return Side{}, &MalformedError{Record: sideRecord.what, Fault: "of no known type"}
	}
	var s Side
	lines, err := sideRecord.parse(string(b), &s, func(*Side) Type { return t })
	if err != nil {
		return Side{}, err
	}
	if t == TypeObjectionFiled && isZero(s.Subject) && len(s.Items)+len(s.ContentKeys)+len(s.Identifiers) == 0 {
		return Side{}, &MalformedError{Record: sideRecord.what, Field: "subject", Fault: "missing, and none of identifier, item and content_key is there"}
	}
	if i, ok := s.listed(); !ok {
		line := lines - len(s.Person) + i + 1
		return Side{}, &MalformedError{Record: sideRecord.what, Line: line, Field: "person", Fault: "not the list of the values above"}
	}
	return s, nil
}

// PrivateValue is one value of a side row that its person list blinds.
type PrivateValue struct {
	Tag string // under which the list has it

	// Text is the value as it stands on its line. It is empty where the line has a
	// keyed hash of it (tags subject_id, item_id and content_key): the caller knows
	// the id itself, and blinds that.
	Text string
}

// Private returns the values that the person list must blind, in the order in
// which Person must have them: everything that the request said or its answer
// tells.
func (s Side) Private() []PrivateValue {
	var values []PrivateValue
	for i := range sideFields {
		f := &sideFields[i]
		for line := range f.count(&s) {
			switch {
			case f.tag == "":
			case f.hashed:
				values = append(values, PrivateValue{Tag: f.tag})
			default:
				values = append(values, PrivateValue{Tag: f.tag, Text: string(f.appendValue(nil, &s, line))})
			}
		}
	}
	return values
}

// listed says whether Person has the tags of Private, and where it first has not.
func (s *Side) listed() (at int, ok bool) {
	for i := range sideFields {
		f := &sideFields[i]
		if f.tag == "" {
			continue
		}
		for range f.count(s) {
			if at == len(s.Person) || s.Person[at].Tag != f.tag {
				return at, false
			}
			at++
		}
	}
	return at, at == len(s.Person)
}
