// Package telemetry holds what veto tells its operator: the names of the log's keys, each in one place, and how a
// logger is made.
//
// A key that is not here is not logged. None of them is for a person's id, an item's id, a content key, content, or the
// text of a request: such things are never written to a log (the design's promise 5), and what has no key has no place.
package telemetry

// The log's keys.
const (
	// Method is the full name of the RPC, e.g. "/veto.v1.DecisionService/Decide".
	Method = "method"
	// Code is the gRPC status code that a call ended with, by its name.
	Code = "code"
	// Reason is the ErrorInfo reason that a call ended with.
	Reason = "reason"
	// DurationMS is how long something took, in milliseconds.
	DurationMS = "duration_ms"
	// Actor is who called, as authenticated.
	Actor = "actor"
	// Role is the role that the caller acted in.
	Role = "role"
	// Incident is the id that an INTERNAL error carries to its caller.
	Incident = "incident"
	// Cause is an error's text.
	Cause = "cause"
	// Stack is where a panic happened.
	Stack = "stack"
	// Revision is a position in the log.
	Revision = "revision"
	// Head is the log's last revision.
	Head = "head"
	// PolicyVersion is the version of a policy.
	PolicyVersion = "policy_version"
	// Regime is a regime's name.
	Regime = "regime"
	// Event is the type of an event.
	Event = "event"
	// Count is how many there were of what the message names.
	Count = "count"
	// AgeMS is how old a view is, in milliseconds.
	AgeMS = "age_ms"
	// MaxStalenessMS is how old a view may be, in milliseconds.
	MaxStalenessMS = "max_staleness_ms"
	// Address is where the server listens.
	Address = "address"
	// Objection is an objection's number.
	Objection = "objection"
	// Folder is the data directory.
	Folder = "folder"
	// Files are the paths of files that the operator named.
	Files = "files"
	// Version is the version of the program.
	Version = "version"
	// GraceMS is how long calls may go on while the server stops, in milliseconds.
	GraceMS = "grace_ms"
)
