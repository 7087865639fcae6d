package intake

import (
	"strings"
	"unicode"

	vetov1 "github.com/veto-gate/veto/gen/veto/v1"
	"github.com/veto-gate/veto/internal/subject"
)

// Why a row of an import is rejected: one word, for whoever sorts them.
const (
	ReasonRequired    = "REQUIRED"
	ReasonPlaceholder = "PLACEHOLDER"
	ReasonFormat      = "FORMAT"
	ReasonMultiple    = "MULTIPLE"
	ReasonCharacters  = "CHARACTERS"
	ReasonTooLong     = "TOO_LONG"
	ReasonUnknown     = "UNKNOWN"
	ReasonFuture      = "FUTURE"
)

// MaxImportIDBytes bounds the name of an import.
const MaxImportIDBytes = 128

// CheckImport says what is wrong with an import's name.
func CheckImport(name string) error {
	var c Checks
	if name == "" {
		c.Add("import_id", "required in the first message: a name of your own, so that the import can be run again, and undone")
	}
	c.Text("import_id", name, MaxImportIDBytes)
	return c.Err()
}

// CheckImportAgain is the error of a later message that names another import.
func CheckImportAgain() error {
	var c Checks
	c.Add("import_id", "another than in the first message; an import has one")
	return c.Err()
}

// Reason sorts a fault of a filing under one word.
func Reason(request *vetov1.FileObjectionRequest, f FieldFault) string {
	field, _, _ := strings.Cut(f.Field, "[")
	switch {
	case strings.Contains(f.Message, "future"):
		return ReasonFuture
	case field == "subject_id":
		return reasonOfID(request.GetSubjectId(), f.Message)
	case strings.Contains(f.Message, "template"), f.Message == notAnItem:
		return ReasonPlaceholder
	case strings.HasPrefix(f.Message, "required"):
		return ReasonRequired
	case f.Message == subject.IDForbidden.Error(), f.Message == subject.IDNotUTF8.Error(), strings.Contains(f.Message, "UTF-8"):
		return ReasonCharacters
	case f.Message == subject.IDTooLong.Error(), strings.Contains(f.Message, "at most"), strings.Contains(f.Message, "longer than"):
		return ReasonTooLong
	case field == "channel", field == "filed_by", field == "verification", field == "also_asks", field == "purposes", field == "country":
		return ReasonUnknown
	default:
		return ReasonFormat
	}
}

// reasonOfID looks at the id itself where the policy's pattern refuses it.
func reasonOfID(id, message string) string {
	switch {
	case strings.TrimSpace(id) == "":
		return ReasonRequired
	case strings.Contains(message, "template"), strings.Contains(message, "placeholder"):
		return ReasonPlaceholder
	case message == subject.IDTooLong.Error():
		return ReasonTooLong
	case message == subject.IDForbidden.Error(), message == subject.IDNotUTF8.Error():
		return ReasonCharacters
	case message == subject.IDOuterSpace.Error():
		return ReasonFormat
	case strings.IndexFunc(id, unseen) >= 0, strings.ContainsAny(id, "*?<>|\\^$(){}'\"`"):
		return ReasonCharacters
	case strings.Contains(id, "@") && strings.Contains(id, "."), strings.Contains(id, "://"):
		return ReasonFormat
	case strings.ContainsAny(id, ",;/& \n\t"):
		return ReasonMultiple
	default:
		return ReasonFormat
	}
}

// unseen says whether a character is one that nobody sees.
func unseen(r rune) bool {
	return unicode.Is(unicode.Cf, r) || unicode.IsControl(r) || r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0'
}
