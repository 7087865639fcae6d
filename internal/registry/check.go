package registry

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
	"github.com/veto-gate/veto/internal/registry/filing"
	"github.com/veto-gate/veto/internal/subject"
)

// clockSkew is how far ahead of ours a caller's clock may be before its times count as in the future.
const clockSkew = time.Minute

// everything are words that people write where single items are asked for. Such a list never becomes an item of that
// name: it is refused, with the remedy.
var everything = []string{"all", "*", "everything"}

// checkFiling says what is wrong with a filing, all of it, beyond what its proto says. It reads the request and the
// policy, and nothing that stands.
func checkFiling(v *View, request *vetov1.FileObjectionRequest, now time.Time) error {
	switch {
	case len(request.GetLinkedSubjectIds()) > 0:
		return &UnsupportedError{Field: "linked_subject_ids"}
	case len(request.GetIdentifiers()) > 0:
		return &UnsupportedError{Field: "identifiers"}
	case request.GetReplyTo() != "":
		return &UnsupportedError{Field: "reply_to"}
	}
	var c checks
	if request.GetSubjectId() != "" || len(request.GetItemIds())+len(request.GetContentKeys()) == 0 {
		c.subject(v, "subject_id", request.GetSubjectId())
	}
	c.items(v, request.GetItemIds())
	c.ids("content_keys", request.GetContentKeys())
	c.country("country", request.GetCountry())
	c.instants(request.GetSentAt(), request.GetReceivedAt(), now)
	c.reference("case_reference", request.GetCaseReference(), event.MaxCaseReferenceBytes, request)
	c.reference("notice_version", request.GetNoticeVersion(), event.MaxNoticeVersionBytes, request)
	return c.errWith(checkPurposes(v.objectable(), request.GetPurposes()))
}

// checkUTF8 says which texts of a request are not UTF-8. Protobuf does not write them, and no event holds them.
func checkUTF8(request protoreflect.Message) error {
	var c checks
	bad := func(path string, value protoreflect.Value) {
		if !utf8.ValidString(value.String()) {
			c.add(path, "not UTF-8")
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
	return c.err()
}

// checks gathers what is wrong with a request.
type checks struct{ faults []FieldFault }

func (c *checks) add(field, message string) {
	c.faults = append(c.faults, FieldFault{Field: field, Message: message})
}

func (c *checks) err() error { return Invalid(c.faults) }

// errWith is err, with what is wrong with the purposes: that alone is the caller's to branch on.
func (c *checks) errWith(purposes error) error {
	if undeclared, ok := errors.AsType[*UndeclaredPurposeError](purposes); ok && len(c.faults) > 0 {
		c.add(undeclared.Field, "not a declared purpose; declared: "+strings.Join(undeclared.Declared, ", "))
	}
	if err := c.err(); err != nil {
		return err
	}
	return purposes
}

// subject holds an id against the one rule, and what more the platform's policy asks of ids.
func (c *checks) subject(v *View, field, id string) {
	if v.Gate.Policy == nil {
		c.id(field, id)
	} else if fault := v.Gate.Policy.SubjectFault(id); fault != "" {
		c.add(field, fault)
	}
}

// items holds item ids against the rule, and refuses words that mean "all" or that stand in templates.
func (c *checks) items(v *View, list []string) {
	placeholders := v.Policy.GetSubjectIds().GetPlaceholders()
	for i, id := range list {
		isWord := func(word string) bool { return strings.EqualFold(word, strings.TrimSpace(id)) }
		switch err := subject.CheckID(id); {
		case err != nil:
			c.add(element("item_ids", i), err.Error())
		case slices.ContainsFunc(everything, isWord):
			c.add(element("item_ids", i), "not an item: to object for everything, leave the list empty")
		case slices.ContainsFunc(placeholders, isWord):
			c.add(element("item_ids", i), "a template's word, not an item's id: name the items, or leave the list empty for everything")
		}
	}
}

// ids holds opaque ids against the one rule.
func (c *checks) ids(field string, list []string) {
	for i, id := range list {
		if err := subject.CheckID(id); err != nil {
			c.add(element(field, i), err.Error())
		}
	}
}

// element is the path of a list's element.
func element(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i) }

// id holds an opaque id against the one rule.
func (c *checks) id(field, id string) {
	if err := subject.CheckID(id); err != nil {
		c.add(field, err.Error())
	}
}

// country refuses a code that is not assigned, with the one that was meant.
func (c *checks) country(field, code string) {
	if code == "" {
		return
	}
	if err := jurisdiction.Check(code); err != nil {
		c.add(field, err.Error())
	}
}

// instants refuses times that cannot be.
func (c *checks) instants(sent, received *timestamppb.Timestamp, now time.Time) {
	ok := true
	for _, f := range []struct {
		field string
		at    *timestamppb.Timestamp
	}{{"sent_at", sent}, {"received_at", received}} {
		switch {
		case f.at == nil:
		case f.at.CheckValid() != nil || filing.Instant(f.at).IsZero():
			c.add(f.field, "not an instant between the years 1 and 9999")
			ok = false
		case f.at.AsTime().After(now.Add(clockSkew)):
			c.add(f.field, "in the future: say when it was, or leave it out")
			ok = false
		}
	}
	if ok && sent != nil && received != nil && received.AsTime().Before(sent.AsTime()) {
		c.add("received_at", "before sent_at: one of the two is wrong")
	}
}

// text refuses free text that an event cannot hold.
func (c *checks) text(field, value string, maxBytes int) {
	if value == "" {
		return
	}
	if err := event.CheckText(value, maxBytes); err != nil {
		c.add(field, err.Error())
	}
}

// reference refuses text that an event cannot hold, and text that holds an id of the request or an address: the one
// place of a filing where a person's identity could be written down by mistake.
func (c *checks) reference(field, value string, maxBytes int, request *vetov1.FileObjectionRequest) {
	if value == "" {
		return
	}
	names := slices.Concat([]string{request.GetSubjectId()}, request.GetItemIds(), request.GetContentKeys())
	switch {
	case slices.ContainsFunc(names, func(id string) bool { return id != "" && strings.Contains(value, id) }):
		c.add(field, "holds an id of this request, and ids are never kept: give the desk's own reference")
	case strings.Contains(value, "@"):
		c.add(field, "holds what looks like an address, and addresses are not kept here: give the desk's own reference")
	default:
		c.text(field, value, maxBytes)
	}
}

// checkPurposes refuses a name that is not among those.
func checkPurposes(declared, names []string) error {
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
