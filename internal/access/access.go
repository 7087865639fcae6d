// Package access says who may call what: callers are known by a client certificate or a token, have roles, and each method names the roles that may call it.
// What is not allowed is refused: an unknown caller, a method that the table lacks, a role that it does not name.
package access

import (
	"slices"
	"strings"
)

// Role is what a caller is allowed as.
type Role string

// The roles.
const (
	// Decide asks what may be used: a pipeline that builds corpora.
	Decide Role = "decide"
	// Register files objections, and what else people ask for, and learns nothing of what stands: a public form.
	Register Role = "register"
	// Verify is Register that knows whom it speaks for, by the platform's login: it alone may say VERIFIED, and reads what stands.
	Verify Role = "verify"
	// Dataset builds and seals data sets.
	Dataset Role = "dataset"
	// Officer works on people's requests, and has the switch.
	Officer Role = "officer"
	// DPO reads, advises and checks (GDPR Art. 38(6)).
	DPO Role = "dpo"
	// Auditor reads what proves: the log and the policies, not what stands for a person.
	Auditor Role = "auditor"
	// Admin may do everything.
	Admin Role = "admin"
)

// roles are all of them.
var roles = []Role{Decide, Register, Verify, Dataset, Officer, DPO, Auditor, Admin}

// Caller is somebody who is known.
type Caller struct {
	// Name stands in the log of every event that they write.
	Name string
	// Roles are what they may act as.
	Roles []Role
}

// Loopback is whoever reaches a server that listens on loopback alone and knows no callers: they have the machine, and are its admin.
var Loopback = Caller{Name: "loopback", Roles: []Role{Admin}}

// As is the role in which a caller may call a method: the first of theirs that it names. False: none.
func (c Caller) As(method string) (Role, bool) {
	allowed, known := methods[method]
	if !known {
		return "", false
	}
	return c.oneOf(allowed)
}

// Knows says whether a method is in the list.
func Knows(method string) bool {
	_, known := methods[method]
	return known || open[method]
}

// MayVerify says whether the caller may say VERIFIED, and in which role.
func (c Caller) MayVerify() (Role, bool) { return c.oneOf([]Role{Verify}) }

func (c Caller) oneOf(allowed []Role) (Role, bool) {
	for _, role := range c.Roles {
		if role == Admin || slices.Contains(allowed, role) || slices.Contains(allowed, anyone) {
			return role, true
		}
	}
	return "", false
}

// Needed are the roles that may call a method, in words.
func Needed(method string) string {
	var names []string
	for _, role := range methods[method] {
		if role == anyone {
			role = "any"
		}
		names = append(names, string(role))
	}
	return strings.Join(append(names, string(Admin)), ",")
}
