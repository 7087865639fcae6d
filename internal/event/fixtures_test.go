package event_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/veto-gate/veto/internal/event"
)

// The keys are those of the secret 000102…1f; testdata/check_vectors.py makes
// them again from the ids.
var (
	user1001 = key("c8c17bfbd9c37f0a357b376d704da783")
	user2002 = key("9f5538a42ae8b010c0ca12729f813682")
	photo7   = key("71eb938f8b3b074ee21e7d33e4cae697")
	photo8   = key("59097f62b17cc69f5b77a5f6c1643e6a")
	hello    = key("5b57a01f2e9d1dff41a7314a2c734bbb")

	helloKey = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
)

// fixture is a whole event, and the ids whose hashes it holds, in the order of
// the person list.
type fixture struct {
	name  string
	event event.Event
	raw   []string
}

// fixtures has at least one event of each type and each effect, and each field.
func fixtures() []fixture {
	all := event.Purposes{All: true}
	training := event.PurposesOf("generative-ai-training")
	list := []fixture{{
		name: "genesis",
		event: event.Event{
			Leaf: event.Leaf{
				Type: event.TypeGenesis, Effect: event.EffectBound, Log: "veto.example/register", Version: 1,
				Secret: event.Hash(unhex("a856af276fedc7b2208aaca4db58203d621a580d3d86b845b449425c885e308b")),
			},
			Side: side(1, "veto serve", "SYSTEM", "2025-04-14T08:00:00Z"),
		},
	}, {
		name: "policy_applied",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypePolicyApplied, Effect: event.EffectActivated, Policy: 1},
			Side: with(side(2, "dpo-office", "OFFICER", "2025-04-14T09:30:00Z"), func(s *event.Side) {
				s.Document = sha256.Sum256([]byte("version: 1\n"))
				s.Acknowledge = []string{"EXTRATERRITORIAL Opinion of 1 April 2025:\nno objection is ignored in Europe.", "SHORT_NOTICE The notice went out by letter before."}
			}),
		},
	}, {
		name: "objection_in_force",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeObjectionFiled, Effect: event.EffectInForce, Policy: 1},
			Side: with(side(3, "settings-page", "REGISTER", "2025-05-20T23:59:59.999999Z"), func(s *event.Side) {
				s.ObjectionID = event.NewObjectionID(29277380574195)
				s.Subject = user1001
				s.Purposes = all
				s.Country, s.Channel, s.Verification, s.FiledBy = "DE", "SETTINGS", "UNVERIFIED", "SELF"
				s.Changes = []event.Change{{Act: event.ActObject, Table: event.TableSubject, Key: user1001, Country: "DE", Purposes: all}}
			}),
		},
		raw: []string{"user-1001"},
	}, {
		name: "objection_raised",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeObjectionFiled, Effect: event.EffectRaised, Policy: 1},
			Side: with(side(4, "settings-page", "VERIFY", "2025-05-21T00:00:00Z"), func(s *event.Side) {
				s.ObjectionID = event.NewObjectionID(8215845756548)
				s.Subject = user1001
				s.Purposes = all
				s.Country, s.Channel, s.Verification, s.FiledBy = "DE", "SETTINGS", "VERIFIED", "SELF"
				s.Changes = []event.Change{{Act: event.ActObject, Table: event.TableSubject, Key: user1001, Country: "DE", Purposes: all}}
			}),
		},
		raw: []string{"user-1001"},
	}, {
		name: "objection_to_items",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeObjectionFiled, Effect: event.EffectInForce, Policy: 1},
			Side: with(side(5, "Büro für Datenschutz", "OFFICER", "2025-05-22T10:00:00.000001Z"), func(s *event.Side) {
				s.ObjectionID = event.NewObjectionID(8119968041533)
				s.Items = []event.Key{photo8, photo7} // by their bytes
				s.ContentKeys = []event.Key{hello}
				s.Purposes = training
				s.Channel, s.Verification, s.FiledBy = "LETTER", "UNVERIFIED", "PARENT"
				s.AlsoAsks = []string{"ACCESS", "HUMAN_REPLY"}
				s.SentAt = at("2025-05-12T00:00:00Z")
				s.ReceivedAt = at("2025-05-19T07:15:00Z")
				s.CaseReference = `desk\2025-117`
				s.NoticeVersion = "2025-04"
				s.Deadline = at("2025-05-26T22:00:00Z")
				s.BeforeDeadline = true
				s.Changes = []event.Change{
					{Act: event.ActObject, Table: event.TableItem, Key: photo8, Purposes: training},
					{Act: event.ActObject, Table: event.TableItem, Key: photo7, Purposes: training},
					{Act: event.ActObject, Table: event.TableContentKey, Key: hello, Purposes: training},
				}
			}),
		},
		raw: []string{"photo-8", "photo-7", helloKey},
	}, {
		name: "objection_recorded_only",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeObjectionFiled, Effect: event.EffectRecordedOnly, Policy: 1},
			Side: with(side(6, "settings-page", "REGISTER", "2025-06-01T12:00:00Z"), func(s *event.Side) {
				s.ObjectionID = event.NewObjectionID(22393572051215)
				s.Subject = user1001
				s.Purposes = event.Purposes{All: true, Names: []string{"generative-ai-training"}}
				s.NoEffect = event.PurposesOf("ads-ranking", "search-ranking")
				s.Country, s.Channel, s.Verification, s.FiledBy = "US-CA", "GPC", "UNVERIFIED", "SELF"
				s.Deadline = at("2025-05-26T22:00:00Z")
				s.Changes = []event.Change{{Act: event.ActObject, Table: event.TableSubject, Key: user1001, Country: "US-CA", Purposes: s.Purposes}}
			}),
		},
		raw: []string{"user-1001"},
	}, {
		name: "withdrawal_narrowed",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeObjectionWithdrawn, Effect: event.EffectNarrowed, Policy: 1},
			Side: with(side(7, "settings-page", "VERIFY", "2025-07-01T12:00:00Z"), func(s *event.Side) {
				s.Subject = user1001
				s.Purposes = training
				s.Channel, s.Verification, s.FiledBy, s.Proof = "SETTINGS", "VERIFIED", "SELF", event.ProofSubject
				s.Lifts = []event.Lift{{Revision: 3, Purposes: training}, {Revision: 4, Purposes: training}}
				s.Changes = []event.Change{
					{Act: event.ActClear, Table: event.TableSubject, Key: user1001},
					{Act: event.ActObject, Table: event.TableSubject, Key: user1001, Country: "DE", Purposes: all.Minus(training)},
				}
			}),
		},
		raw: []string{"user-1001"},
	}, {
		name: "withdrawal_lifted",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeObjectionWithdrawn, Effect: event.EffectLifted},
			Side: with(side(8, "web-form", "REGISTER", "2025-07-02T12:00:00Z"), func(s *event.Side) {
				s.Purposes = all
				s.Verification, s.FiledBy, s.Proof = "UNVERIFIED", "SELF", event.ProofReceipt
				s.Lifts = []event.Lift{{Revision: 5, Purposes: training}}
				s.Changes = []event.Change{
					{Act: event.ActClear, Table: event.TableItem, Key: photo8},
					{Act: event.ActClear, Table: event.TableItem, Key: photo7},
					{Act: event.ActClear, Table: event.TableContentKey, Key: hello},
				}
			}),
		},
	}, {
		name: "regime_suspended",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeRegimeSuspended, Effect: event.EffectSuspended, Policy: 1},
			Side: with(side(9, "dpo-office", "OFFICER", "2025-07-03T12:00:00Z"), func(s *event.Side) {
				s.Regime = "eu"
				s.Jurisdictions = []string{"IE", "benelux"}
				s.Places = []string{"BE", "IE", "LU", "NL"}
				s.Purposes = training
				s.Reason = "Order of 3 July 2025:\nsuspend at once."
				s.Authority = "supervisory authority"
			}),
		},
	}, {
		name: "regime_resumed",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeRegimeResumed, Effect: event.EffectResumed, Policy: 1},
			Side: with(side(10, "dpo-office", "OFFICER", "2025-07-04T12:00:00Z"), func(s *event.Side) {
				s.Regime = "eu"
				s.Purposes = all
				s.Reason = "Order withdrawn."
			}),
		},
	}, {
		name: "consent_granted",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeConsentGranted, Effect: event.EffectGranted, Policy: 1},
			Side: with(side(11, "settings-page", "VERIFY", "2025-08-01T12:00:00Z"), func(s *event.Side) {
				s.Subject = user1001
				s.Purposes = event.PurposesOf("ads-ranking")
				s.Channel, s.Verification, s.FiledBy = "SETTINGS", "VERIFIED", "SELF"
				s.NoticeVersion = "2025-07"
				s.Lifts = []event.Lift{{Revision: 4, Purposes: s.Purposes}}
				s.Changes = []event.Change{
					{Act: event.ActClear, Table: event.TableSubject, Key: user1001},
					{Act: event.ActObject, Table: event.TableSubject, Key: user1001, Country: "DE", Purposes: all.Minus(s.Purposes)},
					{Act: event.ActConsent, Table: event.TableSubject, Key: user1001, Purposes: s.Purposes},
				}
			}),
		},
		raw: []string{"user-1001"},
	}, {
		name: "consent_withdrawn",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeConsentWithdrawn, Effect: event.EffectRevoked, Policy: 1},
			Side: with(side(12, "settings-page", "REGISTER", "2025-08-02T12:00:00Z"), func(s *event.Side) {
				s.Subject = user1001
				s.Purposes = all
				s.Channel, s.Verification, s.FiledBy = "WEB_FORM", "UNVERIFIED", "SELF"
				s.Changes = []event.Change{{Act: event.ActRevoke, Table: event.TableSubject, Key: user1001, Purposes: all}}
			}),
		},
		raw: []string{"user-1001"},
	}, {
		name: "subjects_linked",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeSubjectsLinked, Effect: event.EffectLinked, Policy: 1},
			Side: with(side(13, "settings-page", "VERIFY", "2025-08-03T12:00:00Z"), func(s *event.Side) {
				s.Linked = []event.Key{user2002, user1001}
				s.Members = s.Linked
				s.Verification = "VERIFIED"
				s.Changes = []event.Change{
					{Act: event.ActObject, Table: event.TableSubject, Key: user2002, Country: "DE", Purposes: all.Minus(event.PurposesOf("ads-ranking"))},
				}
			}),
		},
		raw: []string{"user-2002", "user-1001"},
	}, {
		name: "subjects_unlinked",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeSubjectsUnlinked, Effect: event.EffectUnlinked, Policy: 1},
			Side: with(side(14, "settings-page", "VERIFY", "2025-08-04T12:00:00Z"), func(s *event.Side) {
				s.Linked = []event.Key{user2002}
				s.Covers = []event.Cover{{Subject: user2002, ObjectionID: "7F3K-92QM-4D", Purposes: all.Minus(event.PurposesOf("ads-ranking"))}}
				s.Verification = "VERIFIED"
			}),
		},
		raw: []string{"user-2002"},
	}, {
		name: "erasure_of_a_person",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeErasureRecorded, Effect: event.EffectErased, Policy: 1},
			Side: with(side(15, "case-desk", "OFFICER", "2025-08-05T12:00:00Z"), func(s *event.Side) {
				s.Subject = user1001
				s.Channel, s.Verification, s.Scope = "LETTER", "VERIFIED", "MADE_BEFORE"
				s.MadeBefore = at("2024-01-01T00:00:00Z")
				s.Changes = []event.Change{
					{Act: event.ActErase, Table: event.TableSubject, Key: user1001, At: s.MadeBefore},
					{Act: event.ActRevoke, Table: event.TableSubject, Key: user1001, Purposes: all},
				}
			}),
		},
		raw: []string{"user-1001"},
	}, {
		name: "erasure_of_items",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeErasureRecorded, Effect: event.EffectErased, Policy: 1},
			Side: with(side(16, "case-desk", "OFFICER", "2025-08-06T12:00:00Z"), func(s *event.Side) {
				s.Items = []event.Key{photo7}
				s.Channel, s.Verification, s.Scope = "EMAIL", "UNVERIFIED", "ITEMS"
				s.Changes = []event.Change{{Act: event.ActErase, Table: event.TableItem, Key: photo7}}
			}),
		},
		raw: []string{"photo-7"},
	}, {
		name: "items_changed",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeItemsChanged, Effect: event.EffectReported, Policy: 1},
			Side: with(side(17, "platform", "REGISTER", "2025-08-07T12:00:00Z"), func(s *event.Side) {
				s.KeptUntil = at("2025-11-05T12:00:00Z")
				s.Reports = []event.Report{
					{Item: photo8, What: "DELETED", At: at("2025-08-07T11:00:00Z")},
					{Item: photo7, What: "RESTORED", At: at("2025-08-07T11:30:00Z")},
				}
				s.Changes = []event.Change{
					{Act: event.ActWithhold, Table: event.TableItem, Key: photo8, At: s.KeptUntil},
					{Act: event.ActRestore, Table: event.TableItem, Key: photo7},
				}
			}),
		},
	}, {
		name: "objections_annulled",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeObjectionsAnnulled, Effect: event.EffectAnnulled, Policy: 1},
			Side: with(side(18, "dpo-office", "OFFICER", "2025-08-08T12:00:00Z"), func(s *event.Side) {
				s.Import = hello
				s.Lifts = []event.Lift{{Revision: 5, Purposes: all}}
				s.Reason = "Loaded from the wrong column."
				s.Changes = []event.Change{{Act: event.ActClear, Table: event.TableSubject, Key: user1001}}
			}),
		},
	}, {
		name: "filed_by_identifiers",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeObjectionFiled, Effect: event.EffectPending, Policy: 1},
			Side: with(side(19, "web-form", "REGISTER", "2025-08-09T12:00:00Z"), func(s *event.Side) {
				s.ObjectionID = "7CA9-WZ2H-XJ"
				s.Identifiers = []event.Identifier{{Type: "EMAIL", Handle: photo8}, {Type: "HANDLE", Handle: hello}}
				s.Purposes, s.Assess, s.Country = all, training, "SE"
				s.Channel, s.Verification, s.FiledBy = "WEB_FORM", "UNVERIFIED", "SELF"
			}),
		},
		raw: []string{"EMAIL name@example.org", "HANDLE @name"},
	}, {
		name: "identifier_matched",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeIdentifierMatched, Effect: event.EffectMatched, Policy: 1},
			Side: with(side(20, "resolver", "SYSTEM", "2025-08-10T12:00:00Z"), func(s *event.Side) {
				s.ObjectionID, s.Subject = "7CA9-WZ2H-XJ", user1001
				s.Changes = []event.Change{{Act: event.ActObject, Table: event.TableSubject, Key: user1001, Country: "SE", Purposes: all}}
			}),
		},
		raw: []string{"user-1001"},
	}, {
		name: "identifier_not_found",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeIdentifierMatched, Effect: event.EffectNotFound, Policy: 1},
			Side: with(side(21, "case-desk", "OFFICER", "2025-08-11T12:00:00Z"), func(s *event.Side) { s.ObjectionID = "7F3K-92QM-4D" }),
		},
	}, {
		name: "objection_refused",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeObjectionDecided, Effect: event.EffectRefused, Policy: 1},
			Side: with(side(22, "case-desk", "OFFICER", "2025-08-12T12:00:00Z"), func(s *event.Side) {
				s.ObjectionID, s.Purposes = "7CA9-WZ2H-XJ", training
				s.Reason, s.Remedies = "Compelling grounds:\nsee the assessment of 1 August 2025.", "You can complain to the supervisory authority, and go to court."
				s.InformedAt, s.AnsweredAt = at("2025-08-10T08:00:00Z"), at("2025-08-12T10:00:00Z")
				s.RefusedFrom = at("2025-08-26T10:00:00Z")
				s.Changes = []event.Change{
					{Act: event.ActClear, Table: event.TableSubject, Key: user1001},
					{Act: event.ActObject, Table: event.TableSubject, Key: user1001, Country: "SE", Purposes: all.Minus(training)},
					{Act: event.ActRefuse, Table: event.TableSubject, Key: user1001, Country: "SE", Purposes: training, At: s.RefusedFrom},
				}
			}),
		},
	}, {
		name: "objection_extended",
		event: event.Event{
			Leaf: event.Leaf{Type: event.TypeObjectionDecided, Effect: event.EffectExtended, Policy: 1},
			Side: with(side(23, "case-desk", "OFFICER", "2025-08-13T12:00:00Z"), func(s *event.Side) {
				s.ObjectionID, s.Reason, s.ExtendedUntil = "7F3K-92QM-4D", "Many requests at once.", at("2025-11-10T12:00:00Z")
			}),
		},
	}}
	for i := range list {
		list[i].event.Side.Person = blind(list[i].event.Side, list[i].raw)
	}
	return list
}

// side returns the fields that every row has, with salts that are the first bytes
// of a hash of n: fixed, so that the vectors are.
func side(n byte, actor, role, recorded string) event.Side {
	request := sha256.Sum256([]byte{'r', n})
	s := event.Side{
		Salt:       sha256.Sum256([]byte{'s', n}),
		RecordSalt: sha256.Sum256([]byte{'t', n}),
		KeyID:      1,
		RecordedAt: at(recorded),
		Actor:      actor,
		Role:       role,
	}
	copy(s.RequestID[:], request[:])
	return s
}

func with(s event.Side, set func(*event.Side)) event.Side {
	set(&s)
	return s
}

// blind makes the person list of s as docs/formats/event.md says; raw has the ids
// that s holds hashed.
func blind(s event.Side, raw []string) []event.Blinded {
	raw = slices.Clone(raw)
	var list []event.Blinded
	for line, v := range s.Private() {
		text := v.Text
		if text == "" {
			text, raw = raw[0], raw[1:]
		}
		key := mac(s.Salt[:], fmt.Sprintf("veto/line/v1\x00%d\x00%s", line, v.Tag))
		list = append(list, event.Blinded{Tag: v.Tag, Sum: event.Hash(mac(key, text))})
	}
	return list
}

// mac returns HMAC-SHA256(key, message).
func mac(key []byte, message string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(message))
	return h.Sum(nil)
}

// fixtureNamed returns the sealed bytes of a fixture.
func fixtureNamed(tb testing.TB, name string) (fixture, []byte, []byte) {
	tb.Helper()
	for _, f := range fixtures() {
		if f.name == name {
			leaf, side, err := event.Seal(f.event)
			if err != nil {
				tb.Fatalf("Seal(%s): %v", name, err)
			}
			return f, leaf, side
		}
	}
	tb.Fatalf("no fixture %s", name)
	return fixture{}, nil, nil
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

func key(text string) event.Key { return event.Key(unhex(text)) }

func unhex(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}
