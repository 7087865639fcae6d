package intake

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNoPolicy says that no policy is active, and the request needs one.
var ErrNoPolicy = errors.New("no policy is active")

// FieldFault is what is wrong with one field of a request.
type FieldFault struct {
	// Field is its path, as in the proto.
	Field string
	// Message says what is wrong and what would be right, without the value.
	Message string
}

// MaxFaults is how many faults of one request are told; nobody reads more, and somebody may send thousands.
const MaxFaults = 100

// InvalidError lists the fields of a request that break a rule.
type InvalidError struct {
	// Fields are in the request's order, at most MaxFaults.
	Fields []FieldFault
	// More is how many faults there are beside those.
	More int
}

// Invalid is the error of a request with these faults, of which MaxFaults are told; nil where there is none.
func Invalid(faults []FieldFault) error {
	if len(faults) == 0 {
		return nil
	}
	told := faults[:min(len(faults), MaxFaults)]
	return &InvalidError{Fields: told, More: len(faults) - len(told)}
}

// Error names every field.
func (e *InvalidError) Error() string {
	parts := make([]string, len(e.Fields), len(e.Fields)+1)
	for i, f := range e.Fields {
		parts[i] = f.Field + ": " + f.Message
	}
	if e.More > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", e.More))
	}
	return strings.Join(parts, "; ")
}

// UndeclaredPurposeError says that a request names a purpose that the register does not know.
type UndeclaredPurposeError struct {
	// Field is the path of the name, e.g. `purposes[1]`.
	Field string
	// Declared are the names that would do.
	Declared []string
}

// Error names the field and what would do.
func (e *UndeclaredPurposeError) Error() string {
	return fmt.Sprintf("%s: not a declared purpose; declared: %s", e.Field, strings.Join(e.Declared, ", "))
}

// UnsupportedError says that a field of the API is not taken by this version.
type UnsupportedError struct {
	// Field is its name.
	Field string
}

// Error names the field.
func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s: this version does not take it; nothing was written", e.Field)
}
