package intake

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
)

// phoneNumber is a number in E.164: a plus, a country's digit, at most fifteen digits.
var phoneNumber = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// identifiers says which of a person's identifiers cannot be one. Whether it is somebody's, is found out when it is matched.
func (c *Checks) identifiers(list []*vetov1.Identifier) {
	for i, one := range list {
		if wrong := identifierFault(one); wrong != "" {
			c.Add(fmt.Sprintf("identifiers[%d].value", i), wrong)
		}
	}
}

// replyTo refuses an address that could not be written on one line.
func (c *Checks) replyTo(address string) {
	if strings.ContainsFunc(address, unicode.IsControl) || strings.TrimSpace(address) != address {
		c.Add("reply_to", "has a control character in it, or begins or ends with a space: give one address on one line")
	}
}

// identifierFault is what is wrong with an identifier, without it; empty: nothing.
func identifierFault(one *vetov1.Identifier) string {
	value := one.GetValue()
	if strings.ContainsFunc(value, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return "has a space or a control character in it"
	}
	if strings.TrimRight(value, ",;") != value {
		return "ends with a separator: give each identifier by itself"
	}
	switch one.GetType() {
	case vetov1.IdentifierType_IDENTIFIER_TYPE_EMAIL:
		if strings.ContainsAny(value, ",;") {
			return "several addresses in one: give each by itself"
		}
		name, host, found := strings.Cut(value, "@")
		if !found || name == "" || !strings.Contains(strings.Trim(host, "."), ".") {
			return "not an e-mail address, such as name@example.org"
		}
	case vetov1.IdentifierType_IDENTIFIER_TYPE_PHONE:
		if !phoneNumber.MatchString(value) {
			return "not a telephone number with its country, such as +33639980000"
		}
	case vetov1.IdentifierType_IDENTIFIER_TYPE_PROFILE_URL:
		at, err := url.Parse(value)
		if err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "" {
			return "not the address of a profile, such as https://social.example/name"
		}
	default: // a handle may be anything that people write
	}
	return ""
}
