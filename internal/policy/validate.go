package policy

import (
	"errors"
	"fmt"
	"slices"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/policy/jurisdiction"
)

// Validate judges a policy that came as a message: the rules of the message itself, and those that look further than
// one field. Every fault is reported at once, as an [*Error]. Version and etag are not looked at.
//
// What it accepts survives being written: [Parse] reads what [Format] prints as an equal message. A message can hold more
// than a document may, which is refused here, once nothing else is wrong.
func Validate(p *vetov1.Policy) error {
	var f faults
	f.judge(p)
	if len(f.list) == 0 {
		f.written(p)
	}
	return f.err()
}

// written refuses a policy that would be another once it is written down and read again. What is kept of a policy is its
// document, for as long as the log is.
func (c *faults) written(p *vetov1.Policy) {
	if _, err := Canonical(p); err != nil {
		c.add("", "holds a text that is not UTF-8; correct it")
		return
	}
	again, err := Decode(Format(p))
	if refused, ok := errors.AsType[*Error](err); ok {
		for _, f := range refused.Faults {
			c.add(f.Path, "as a document, which is what is kept: %s", f.Message)
		}
		return
	}
	again.Version, again.Etag = p.GetVersion(), p.GetEtag()
	if !proto.Equal(again, p) {
		c.add("", "says something that no document can, such as a field that this version does not know; write it as YAML")
	}
}

// judge notes everything that is wrong with a policy. Where a list is longer than it may be, it is not looked at further:
// the lists' bounds are those of the work that follows.
func (c *faults) judge(p *vetov1.Policy) {
	c.closeReading()
	if c.shape(p); c.long {
		return
	}
	c.controller(p.GetController())
	c.subjectIDs(p.GetSubjectIds())
	c.purposes(p.GetPurposes())
	groups := c.groups(p.GetGroups())
	c.regimes(p, groups)
	c.overlaps(p)
	c.texts(p.ProtoReflect(), "")
}

// shape runs the rules of the message.
func (c *faults) shape(p *vetov1.Policy) {
	err := protovalidate.Validate(p)
	if err == nil {
		return
	}
	invalid, ok := errors.AsType[*protovalidate.ValidationError](err)
	if !ok {
		panic(fmt.Sprintf("policy: the rules of the message do not compile: %v", err))
	}
	for _, v := range invalid.Violations {
		c.long = c.long || v.Proto.GetRuleId() == "repeated.max_items"
		c.add(protovalidate.FieldPathString(v.Proto.GetField()), "%s", remedy(v))
	}
}

// remedy words a violation: protovalidate says what is wrong, and only for a value that is missing not what to do.
func remedy(v *protovalidate.Violation) string {
	switch v.Proto.GetRuleId() {
	case "enum.not_in":
		return "not stated; it is one of " + enumNames(field(v).Enum())
	case "enum.defined_only":
		return "no such value; it is one of " + enumNames(field(v).Enum())
	case "required", "string.min_bytes", "repeated.min_items":
		return "not stated, and a policy needs it; write it"
	case "repeated.unique":
		return "one value stands twice; remove it"
	case "string.pattern":
		return "not of the form " + v.RuleValue.String()
	default:
		return v.Proto.GetMessage()
	}
}

// field is the field of a violation. (The violation's own descriptor is missing for the elements of a list.)
func field(v *protovalidate.Violation) protoreflect.FieldDescriptor {
	message := (&vetov1.Policy{}).ProtoReflect().Descriptor()
	var f protoreflect.FieldDescriptor
	for _, e := range v.Proto.GetField().GetElements() {
		f = message.Fields().ByNumber(protoreflect.FieldNumber(e.GetFieldNumber()))
		message = f.Message()
	}
	return f
}

// controller checks where the controller is.
func (c *faults) controller(m *vetov1.Controller) {
	for i, code := range m.GetEstablishments() {
		path := fmt.Sprintf("controller.establishments[%d]", i)
		if e := jurisdiction.Lookup(code); e.Class == jurisdiction.Subdivision || e.Class == jurisdiction.FormerSubdivision {
			c.add(path, "a subdivision; an establishment is in a country, use %s", jurisdiction.Own(code)[len(jurisdiction.Own(code))-1])
		} else if err := jurisdiction.Check(code); err != nil {
			c.add(path, "%v", err)
		}
	}
}

// subjectIDs checks that the pattern can be used.
func (c *faults) subjectIDs(m *vetov1.SubjectIds) {
	if _, err := compilePattern(m.GetPattern()); err != nil {
		c.add("subject_ids.pattern", "not a regular expression of RE2: %s; correct it, look-around and back-references do not exist there", patternFault(err))
	}
}

// purposes checks names and how the purposes stand to each other.
func (c *faults) purposes(list []*vetov1.Purpose) {
	first := map[string]int{}
	for i, p := range list {
		path := fmt.Sprintf("purposes[%d]", i)
		if j, ok := first[p.GetName()]; ok {
			c.add(path+".name", "the name of purposes[%d] already; a purpose is declared once", j)
		} else {
			first[p.GetName()] = i
		}
	}
	taken := heirs(list, nil)
	for i, p := range list {
		related := map[string]int{}
		for j, r := range p.GetRelations() {
			path := fmt.Sprintf("purposes[%d].relations[%d]", i, j)
			name := r.GetPurpose()
			if k, ok := related[name]; ok {
				c.add(path+".purpose", "named in relations[%d] already; say once how the two stand to each other", k)
				continue
			}
			related[name] = j
			switch {
			case name == p.GetName():
				c.add(path+".purpose", "the purpose itself; its own objections always count")
			case r.GetKind() == vetov1.PurposeRelationKind_PURPOSE_RELATION_KIND_UNRELATED && slices.Contains(taken(p.GetName()), name):
				c.add(path+".kind", "said to be UNRELATED, and its objections are taken over through another relation; remove one of the two")
			}
		}
	}
}
