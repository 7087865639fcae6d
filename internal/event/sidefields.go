package event

import (
	"bytes"
	"cmp"
	"strings"
	"time"
)

// sideFields is the side row's table, in the order of the lines. The columns are
// the types in the order of the constants.
//
// Role, actor, request and key stand in no person list: they are the controller's,
// and whoever holds a list with its salt can try out the few values they may have.
var sideFields = []field[Side]{
	one("salt", "111111111111111", "", hashKind, func(s *Side) *[32]byte { return &s.Salt }),
	recordSaltField(),
	one("key_id", "111111111111111", "", keyIDKind, func(s *Side) *uint32 { return &s.KeyID }),
	one("recorded_at", "111111111111111", "recorded_at", instantKind, func(s *Side) *time.Time { return &s.RecordedAt }),
	one("actor", "111111111111111", "", textOf(MaxActorBytes), func(s *Side) *string { return &s.Actor }),
	one("role", "111111111111111", "", wordKind, func(s *Side) *string { return &s.Role }),
	one("request_id", "111111111111111", "", uuidKind, func(s *Side) *RequestID { return &s.RequestID }),

	one("import", "-?----------?--", "", keyKind, func(s *Side) *Key { return &s.Import }),
	one("objection_id", "-1-----------11", "objection_id", idKind, func(s *Side) *ObjectionID { return &s.ObjectionID }),
	hashed(one("subject", "-??---11--?--?-", "subject_id", keyKind, func(s *Side) *Key { return &s.Subject })),
	hashed(set("linked", "-*------++-----", "linked_subject_id", keyKind, compareKeys, func(s *Side) *[]Key { return &s.Linked })),
	hashed(list("identifier", "-*-------------", "identifier", identifierKind, func(s *Side) *[]Identifier { return &s.Identifiers })),
	set("member", "-*------**-----", "", keyKind, compareKeys, func(s *Side) *[]Key { return &s.Members }),
	list("cover", "---------*-----", "", coverKind, func(s *Side) *[]Cover { return &s.Covers }),
	hashed(set("item", "-*--------*----", "item_id", keyKind, compareKeys, func(s *Side) *[]Key { return &s.Items })),
	hashed(set("content_key", "-*-------------", "content_key", keyKind, compareKeys, func(s *Side) *[]Key { return &s.ContentKeys })),
	one("regime", "----11---------", "regime", textOf(MaxRegimeBytes), func(s *Side) *string { return &s.Regime }),
	set("jurisdiction", "----**---------", "jurisdiction", textOf(MaxJurisdictionBytes), strings.Compare, func(s *Side) *[]string { return &s.Jurisdictions }),
	set("place", "----*----------", "place", countryKind, strings.Compare, func(s *Side) *[]string { return &s.Places }),
	one("purposes", "-11-1111------?", "purposes", purposesKind, func(s *Side) *Purposes { return &s.Purposes }),
	one("no_effect", "-?-------------", "no_effect", purposesKind, func(s *Side) *Purposes { return &s.NoEffect }),
	one("assess", "-?-------------", "assess", purposesKind, func(s *Side) *Purposes { return &s.Assess }),
	one("country", "-?-------------", "country", countryKind, func(s *Side) *string { return &s.Country }),
	one("channel", "-1?---11--1----", "channel", wordKind, func(s *Side) *string { return &s.Channel }),
	one("verification", "-11---11111----", "verification", wordKind, func(s *Side) *string { return &s.Verification }),
	one("filed_by", "-11---11-------", "filed_by", wordKind, func(s *Side) *string { return &s.FiledBy }),
	one("proof", "--1------------", "proof", words[Proof](proofWords[:]), func(s *Side) *Proof { return &s.Proof }),
	set("also_asks", "-*-------------", "also_asks", wordKind, strings.Compare, func(s *Side) *[]string { return &s.AlsoAsks }),
	one("scope", "----------1----", "scope", wordKind, func(s *Side) *string { return &s.Scope }),
	one("made_before", "----------?----", "made_before", instantKind, func(s *Side) *time.Time { return &s.MadeBefore }),
	list("report", "-----------+---", "", reportKind, func(s *Side) *[]Report { return &s.Reports }),
	one("kept_until", "-----------1---", "kept_until", instantKind, func(s *Side) *time.Time { return &s.KeptUntil }),
	one("sent_at", "-?-------------", "sent_at", instantKind, func(s *Side) *time.Time { return &s.SentAt }),
	one("received_at", "-?-------------", "received_at", instantKind, func(s *Side) *time.Time { return &s.ReceivedAt }),
	one("case_reference", "-?-------------", "case_reference", textOf(MaxCaseReferenceBytes), func(s *Side) *string { return &s.CaseReference }),
	one("notice_version", "-?----?--------", "notice_version", textOf(MaxNoticeVersionBytes), func(s *Side) *string { return &s.NoticeVersion }),
	one("deadline", "-?-------------", "deadline", instantKind, func(s *Side) *time.Time { return &s.Deadline }),
	beforeDeadlineField(),
	set("lifts", "--+---*-----+--", "lifts", liftKind, compareLifts, func(s *Side) *[]Lift { return &s.Lifts }),
	one("document", "---1-----------", "document", hashKind, func(s *Side) *Hash { return &s.Document }),
	set("acknowledge", "---*-----------", "acknowledge", acknowledgeKind, strings.Compare, func(s *Side) *[]string { return &s.Acknowledge }),
	one("reason", "----11------1-?", "reason", textOf(MaxReasonBytes), func(s *Side) *string { return &s.Reason }),
	one("authority", "----??---------", "authority", textOf(MaxAuthorityBytes), func(s *Side) *string { return &s.Authority }),
	one("remedies", "--------------?", "remedies", textOf(MaxReasonBytes), func(s *Side) *string { return &s.Remedies }),
	one("extended_until", "--------------?", "extended_until", instantKind, func(s *Side) *time.Time { return &s.ExtendedUntil }),
	one("informed_at", "--------------?", "informed_at", instantKind, func(s *Side) *time.Time { return &s.InformedAt }),
	one("answered_at", "--------------?", "answered_at", instantKind, func(s *Side) *time.Time { return &s.AnsweredAt }),
	one("refused_from", "--------------?", "refused_from", instantKind, func(s *Side) *time.Time { return &s.RefusedFrom }),

	list("change", "-**---*********", "", changeKind, func(s *Side) *[]Change { return &s.Changes }),
	list("person", "+++++++++++++++", "", blindedKind, func(s *Side) *[]Blinded { return &s.Person }),
}

var sideRecord = record[Side]{
	what:     "side row",
	header:   "veto/side/v1\n",
	maxBytes: MaxSideBytes,
	fields:   sideFields,
}

// hashed marks a field whose line has a keyed hash or a handle in place of the private value.
func hashed(f field[Side]) field[Side] {
	f.hashed = true
	return f
}

func compareKeys(a, b Key) int { return bytes.Compare(a[:], b[:]) }

func compareLifts(a, b Lift) int { return cmp.Compare(a.Revision, b.Revision) }

// recordSaltField refuses a record salt that is the other salt: it would be
// handed out with the receipt.
func recordSaltField() field[Side] {
	f := one("record_salt", "111111111111111", "", hashKind, func(s *Side) *[32]byte { return &s.RecordSalt })
	read := f.parse
	f.parse = func(s *Side, value string) error {
		if err := read(s, value); err != nil {
			return err
		}
		if s.RecordSalt == s.Salt {
			return fault("the same as salt")
		}
		return nil
	}
	return f
}

// beforeDeadlineField stands where, and only where, deadline does.
func beforeDeadlineField() field[Side] {
	return field[Side]{
		name: "before_deadline", in: "-?-------------", tag: "before_deadline",
		count: func(s *Side) int {
			if s.Deadline.IsZero() && !s.BeforeDeadline {
				return 0
			}
			return 1
		},
		appendValue: func(dst []byte, s *Side, _ int) []byte {
			if s.BeforeDeadline {
				return append(dst, "yes"...)
			}
			return append(dst, "no"...)
		},
		parse: func(s *Side, value string) error {
			if s.Deadline.IsZero() {
				return fault("without a deadline")
			}
			if value != "yes" && value != "no" {
				return fault("neither yes nor no")
			}
			s.BeforeDeadline = value == "yes"
			return nil
		},
	}
}
