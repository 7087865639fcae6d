// Package intake says what is wrong with a request to the register, all of it, beyond the rules of its proto: without
// the values that were sent, and with what would be right. It holds a request against the policy, and against nothing
// that stands.
package intake

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/event"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
	"github.com/veto-gate/veto/internal/subject"
)

// clockSkew is how far ahead of ours a caller's clock may be before its times count as in the future.
const clockSkew = time.Minute

// everything are words that people write where single items are asked for. Such a list never becomes an item of that
// name: it is refused, with the remedy.
var everything = []string{"all", "*", "everything"}

// notAnItem is what is wrong with such a word.
const notAnItem = "not an item: to object for everything, leave the list empty"

// Rules are what the active policy asks of a request.
type Rules interface {
	// SubjectFault is what is wrong with a subject's id, without the value; empty: nothing.
	SubjectFault(id string) string
	// Placeholders are words that stand in templates and are nobody's id.
	Placeholders() []string
	// Objectable are the purposes that a filing may name.
	Objectable() []string
}

// CheckFiling says what is wrong with a filing: *InvalidError, *UndeclaredPurposeError, ErrNoPolicy.
func CheckFiling(rules Rules, request *vetov1.FileObjectionRequest, now time.Time) error {
	var c Checks
	c.identifiers(request.GetIdentifiers())
	c.replyTo(request.GetReplyTo())
	if request.GetSubjectId() != "" || len(request.GetItemIds())+len(request.GetContentKeys())+len(request.GetIdentifiers()) == 0 {
		c.subject(rules, "subject_id", request.GetSubjectId())
	}
	c.linked(rules, request)
	c.items(rules, request.GetItemIds())
	c.ids("content_keys", request.GetContentKeys())
	c.Country("country", request.GetCountry())
	c.instants(request.GetSentAt(), request.GetReceivedAt(), now)
	names := slices.Concat(values(request.GetIdentifiers()), []string{request.GetSubjectId(), request.GetReplyTo()}, request.GetLinkedSubjectIds(), request.GetItemIds(), request.GetContentKeys())
	c.reference("case_reference", request.GetCaseReference(), event.MaxCaseReferenceBytes, names...)
	c.reference("notice_version", request.GetNoticeVersion(), event.MaxNoticeVersionBytes, names...)
	return c.errWith(CheckPurposes(rules.Objectable(), request.GetPurposes()))
}

func values(identifiers []*vetov1.Identifier) (all []string) {
	for _, one := range identifiers {
		all = append(all, one.GetValue())
	}
	return all
}

// RequestID reads a request's id: a UUID, in either case of letters. The error is an *InvalidError.
func RequestID(text string) (event.RequestID, error) {
	id, err := event.ParseRequestID(lower(text))
	if err != nil {
		return event.RequestID{}, &InvalidError{Fields: []FieldFault{{Field: "request_id", Message: "want a UUID of your own, so that a retry is known as one"}}}
	}
	return id, nil
}

// lower is a UUID in the one spelling that events have.
func lower(id string) string {
	b := []byte(id)
	for i, c := range b {
		if 'A' <= c && c <= 'F' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// CheckUTF8 says which texts of a request are not UTF-8. Protobuf does not write them, and no event holds them.
func CheckUTF8(request protoreflect.Message) error {
	var c Checks
	bad := func(path string, value protoreflect.Value) {
		if !utf8.ValidString(value.String()) {
			c.Add(path, "not UTF-8")
		}
	}
	for i := range request.Descriptor().Fields().Len() {
		field := request.Descriptor().Fields().Get(i)
		if field.Kind() != protoreflect.StringKind {
			continue
		}
		if !field.IsList() {
			bad(string(field.Name()), request.Get(field))
			continue
		}
		for j := range request.Get(field).List().Len() {
			bad(fmt.Sprintf("%s[%d]", field.Name(), j), request.Get(field).List().Get(j))
		}
	}
	return c.Err()
}

// Checks gathers what is wrong with a request. The zero value has found nothing.
type Checks struct{ faults []FieldFault }

// Add notes a fault.
func (c *Checks) Add(field, message string) {
	c.faults = append(c.faults, FieldFault{Field: field, Message: message})
}

// Err is the error of all that was found: an *InvalidError, or nil.
func (c *Checks) Err() error { return Invalid(c.faults) }

// errWith is Err, with what is wrong with the purposes: that alone is the caller's to branch on.
func (c *Checks) errWith(purposes error) error {
	if undeclared, ok := errors.AsType[*UndeclaredPurposeError](purposes); ok && len(c.faults) > 0 {
		c.Add(undeclared.Field, "not a declared purpose; declared: "+strings.Join(undeclared.Declared, ", "))
	}
	if err := c.Err(); err != nil {
		return err
	}
	return purposes
}

// subject holds an id against the one rule, and what more the platform's policy asks of ids.
func (c *Checks) subject(rules Rules, field, id string) {
	if fault := rules.SubjectFault(id); fault != "" {
		c.Add(field, fault)
	}
}

// linked holds the other ids of a person against the rules. Without an id they are linked with nothing.
func (c *Checks) linked(rules Rules, request *vetov1.FileObjectionRequest) {
	for i, id := range request.GetLinkedSubjectIds() {
		field := element("linked_subject_ids", i)
		switch {
		case request.GetSubjectId() == "":
			c.Add(field, "linked with nobody: give subject_id too")
		case id == request.GetSubjectId():
			c.Add(field, "the same as subject_id: leave it out")
		default:
			c.subject(rules, field, id)
		}
	}
}

// items holds item ids against the rule, and refuses words that mean "all" or that stand in templates.
func (c *Checks) items(rules Rules, list []string) {
	placeholders := rules.Placeholders()
	for i, id := range list {
		isWord := func(word string) bool { return strings.EqualFold(word, strings.TrimSpace(id)) }
		switch err := subject.CheckID(id); {
		case err != nil:
			c.Add(element("item_ids", i), err.Error())
		case slices.ContainsFunc(everything, isWord):
			c.Add(element("item_ids", i), notAnItem)
		case slices.ContainsFunc(placeholders, isWord):
			c.Add(element("item_ids", i), "a template's word, not an item's id: name the items, or leave the list empty for everything")
		}
	}
}

// ids holds opaque ids against the one rule.
func (c *Checks) ids(field string, list []string) {
	for i, id := range list {
		if err := subject.CheckID(id); err != nil {
			c.Add(element(field, i), err.Error())
		}
	}
}

// element is the path of a list's element.
func element(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i) }

// ID holds an opaque id against the one rule.
func (c *Checks) ID(field, id string) {
	if err := subject.CheckID(id); err != nil {
		c.Add(field, err.Error())
	}
}

// Country refuses a code that is not assigned, with the one that was meant.
func (c *Checks) Country(field, code string) {
	if code == "" {
		return
	}
	if err := jurisdiction.Check(code); err != nil {
		c.Add(field, err.Error())
	}
}

// instants refuses times that cannot be.
func (c *Checks) instants(sent, received *timestamppb.Timestamp, now time.Time) {
	sentOK := c.instant("sent_at", sent, now)
	ok := c.instant("received_at", received, now) && sentOK
	if ok && sent != nil && received != nil && received.AsTime().Before(sent.AsTime()) {
		c.Add("received_at", "before sent_at: one of the two is wrong")
	}
}

// Text refuses free text that an event cannot hold.
func (c *Checks) Text(field, value string, maxBytes int) {
	if value == "" {
		return
	}
	if err := event.CheckText(value, maxBytes); err != nil {
		c.Add(field, err.Error())
	}
}

// reference refuses text that an event cannot hold, and text that holds an id of the request or an address: the one
// place of a filing where a person's identity could be written down by mistake.
func (c *Checks) reference(field, value string, maxBytes int, names ...string) {
	if value == "" {
		return
	}
	switch {
	case slices.ContainsFunc(names, func(id string) bool { return id != "" && strings.Contains(value, id) }):
		c.Add(field, "holds an id of this request, and ids are never kept: give the desk's own reference")
	case strings.Contains(value, "@"):
		c.Add(field, "holds what looks like an address, and addresses are not kept here: give the desk's own reference")
	default:
		c.Text(field, value, maxBytes)
	}
}

// CheckConsent says what is wrong with a consent: *InvalidError, *UndeclaredPurposeError, ErrNoPolicy. A consent is for purposes that the active policy
// declares by these names: one is informed of what is, and not of what was (GDPR Art. 4(11)). named are the numbers of the objections that it lifts.
func CheckConsent(rules Rules, declared []string, request *vetov1.GrantConsentRequest) (named []event.ObjectionID, err error) {
	var c Checks
	c.subject(rules, "subject_id", request.GetSubjectId())
	c.reference("notice_version", request.GetNoticeVersion(), event.MaxNoticeVersionBytes, request.GetSubjectId())
	for n, typed := range request.GetLiftsObjectionIds() {
		id, err := event.ParseObjectionID(typed)
		if err != nil {
			c.Add(element("lifts_objection_ids", n), "not an objection's number: ten letters and digits as on the receipt, 7F3K-92QM-4D for example")
		}
		named = append(named, id)
	}
	return named, c.errWith(CheckPurposes(declared, request.GetPurposes()))
}

// UnknownLifts is the error of a consent that lifts objections which are not the person's own, at these places. Nothing more is said: they may be
// another's.
func UnknownLifts(places []int) error {
	var c Checks
	for _, n := range places {
		c.Add(element("lifts_objection_ids", n), "not the number of an objection of this person; GetStanding lists them")
	}
	return c.Err()
}

// CheckRevocation says what is wrong with the withdrawal of a consent. By the one rule for ids alone, and by every name that a purpose ever had: what was
// given under an earlier policy can be withdrawn under a later one.
func CheckRevocation(ever []string, request *vetov1.WithdrawConsentRequest) error {
	var c Checks
	c.ID("subject_id", request.GetSubjectId())
	return c.errWith(CheckPurposes(ever, request.GetPurposes()))
}

// CheckPurposes refuses a name that is not among the declared ones.
func CheckPurposes(declared, names []string) error {
	for i, name := range names {
		if !slices.Contains(declared, name) {
			if len(declared) == 0 {
				return fmt.Errorf("purposes[%d]: %w: apply one that declares it, or leave purposes empty for all", i, ErrNoPolicy)
			}
			return &UndeclaredPurposeError{Field: fmt.Sprintf("purposes[%d]", i), Declared: declared}
		}
	}
	return nil
}
