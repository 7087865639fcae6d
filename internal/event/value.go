package event

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"
)

const (
	instantLayout = "2006-01-02T15:04:05.000000Z" // RFC 3339, UTC, microseconds
	finerLayout   = "2006-01-02T15:04:05.000000000Z"
	dayLayout     = "2006-01-02"

	maxWordBytes = 64
)

func isZero[T comparable](v T) bool { var zero T; return v == zero }

// words are the values of an enum of this package.
func words[T ~uint8](all []string) kind[T] {
	return kind[T]{
		isZero: isZero[T],
		append: func(dst []byte, v T) []byte { return append(dst, wordOf(all, int(v))...) },
		parse: func(s string) (T, error) {
			i, err := indexOf(all, s)
			return T(i), err
		},
	}
}

// textOf is free text of at most maxBytes bytes before escaping.
func textOf(maxBytes int) kind[string] {
	return kind[string]{
		isZero: isZero[string],
		append: appendEscaped,
		parse: func(s string) (string, error) {
			text, err := unescape(s)
			if err == nil {
				err = checkText(text, maxBytes)
			}
			return text, err
		},
	}
}

// acknowledgeKind is "WORD ground": a danger's word and, in free text, why it was
// accepted.
var acknowledgeKind = kind[string]{
	isZero: isZero[string],
	append: appendEscaped,
	parse: func(s string) (string, error) {
		text, err := textOf(MaxAcknowledgeBytes).parse(s)
		if err != nil {
			return "", err
		}
		if word, ground, _ := strings.Cut(text, " "); !isWord(word) || ground == "" || isBlank(ground[0]) {
			return "", fault("not a danger's word, a space and a ground")
		}
		return text, nil
	},
}

// spelled is a machine's string whose every character a rule allows; it is
// escaped as text all the same, so that no value can hold a newline.
func spelled(allowed func(string) bool, otherwise fault) kind[string] {
	return kind[string]{
		isZero: isZero[string],
		append: appendEscaped,
		parse: func(s string) (string, error) {
			if !allowed(s) {
				return "", otherwise
			}
			return strings.Clone(s), nil
		},
	}
}

var (
	wordKind    = spelled(isWord, "not a word in upper case")
	countryKind = spelled(isCountry, "not a country's code")
	logKind     = spelled(isLogName, "not a log's name")
	idKind      = kind[ObjectionID]{
		isZero: isZero[ObjectionID],
		append: func(dst []byte, id ObjectionID) []byte { return appendEscaped(dst, string(id)) },
		parse: func(s string) (ObjectionID, error) {
			id, err := ParseObjectionID(s)
			if err != nil {
				return "", err
			}
			if string(id) != s {
				return "", fault("not in its one spelling")
			}
			return id, nil
		},
	}
)

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isWord says whether s is [A-Z][A-Z0-9]*(_[A-Z0-9]+)*, in 1 to 64 bytes: an
// enum's word. Which words there are, the API knows; here they are kept.
func isWord(s string) bool {
	return len(s) <= maxWordBytes && isUpper(first(s)) && joined(s, "_", isUpper)
}

// isLogName says whether s is [a-z0-9]+([./-][a-z0-9]+)*, in 1 to 100 bytes: the
// origin of a checkpoint (C2SP tlog-checkpoint), which is a URL without scheme.
func isLogName(s string) bool {
	return len(s) <= maxLogBytes && joined(s, "./-", isLower)
}

// isCountry says whether s has the shape of an ISO 3166-1 alpha-2 or 3166-2 code.
// Whether it is assigned, changes with time and is the policy's to know.
func isCountry(s string) bool {
	if len(s) < 2 || len(s) > 6 || !isUpper(s[0]) || !isUpper(s[1]) {
		return false
	}
	return len(s) == 2 || s[2] == '-' && joined(s[3:], "", isUpper)
}

func first(s string) byte {
	if s == "" {
		return 0
	}
	return s[0]
}

// joined says whether s is runs of letters and digits with single separators
// between them.
func joined(s, separators string, letter func(byte) bool) bool {
	inRun := false
	for i := range len(s) {
		c := s[i]
		switch {
		case letter(c) || isDigit(c):
			inRun = true
		case inRun && strings.IndexByte(separators, c) >= 0:
			inRun = false
		default:
			return false
		}
	}
	return inRun
}

// number is a decimal number from 1 to limit, without a sign or leading zeros.
func number[T ~uint32 | ~uint64](limit uint64) kind[T] {
	return kind[T]{
		isZero: isZero[T],
		append: func(dst []byte, v T) []byte { return strconv.AppendUint(dst, uint64(v), 10) },
		parse: func(s string) (T, error) {
			v, err := strconv.ParseUint(s, 10, 64) // takes no sign and, in base 10, no underscore
			if err != nil || v > limit || s[0] == '0' {
				return 0, fault("not a number from 1 in its one spelling, or too large")
			}
			return T(v), nil
		},
	}
}

var (
	versionKind  = number[uint64](math.MaxUint64)
	revisionKind = number[Revision](math.MaxUint64)
	keyIDKind    = number[uint32](math.MaxUint32)
)

var (
	keyKind  = bytesOf("not 32 lower case hexadecimal digits", func(k *Key) []byte { return k[:] })
	hashKind = bytesOf("not 64 lower case hexadecimal digits", func(h *Hash) []byte { return h[:] })
)

// bytesOf is bytes of a fixed number, as lower case hexadecimal.
func bytesOf[T comparable](otherwise fault, slice func(*T) []byte) kind[T] {
	return kind[T]{
		isZero: isZero[T],
		append: func(dst []byte, v T) []byte { return hex.AppendEncode(dst, slice(&v)) },
		parse: func(s string) (T, error) {
			var v T
			if !decodeHex(slice(&v), s) {
				return v, otherwise
			}
			return v, nil
		},
	}
}

// decodeHex fills dst from lower case hexadecimal and says whether s was just that.
func decodeHex(dst []byte, s string) bool {
	if len(s) != 2*len(dst) {
		return false
	}
	for i := range dst {
		hi, lo := nibble(s[2*i]), nibble(s[2*i+1])
		if hi|lo > 15 {
			return false
		}
		dst[i] = hi<<4 | lo
	}
	return true
}

// nibble returns the value of a hexadecimal digit, or 255. Upper case would be a
// second spelling.
func nibble(c byte) byte {
	switch {
	case isDigit(c):
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 255
}

// instantKind is a moment after the first of year 1, which is Go's zero and means
// none, and before year 10000; in UTC, to the microsecond.
var instantKind = kind[time.Time]{
	isZero: time.Time.IsZero,
	append: func(dst []byte, t time.Time) []byte {
		if t.Nanosecond()%1000 != 0 {
			// Cut here, the fold that follows live would hold another time than the
			// one that rebuilds: written in full, the parser refuses it.
			return t.UTC().AppendFormat(dst, finerLayout)
		}
		return t.UTC().AppendFormat(dst, instantLayout)
	},
	parse: func(s string) (time.Time, error) {
		return parseTime(instantLayout, s, "not an instant such as 2026-01-02T15:04:05.000000Z")
	},
}

// dayKind is a date in UTC.
var dayKind = kind[time.Time]{
	isZero: time.Time.IsZero,
	append: func(dst []byte, t time.Time) []byte { return t.UTC().AppendFormat(dst, dayLayout) },
	parse: func(s string) (time.Time, error) {
		return parseTime(dayLayout, s, "not a date such as 2026-01-02")
	},
}

// parseTime refuses what time.Parse takes beyond the layout's own spelling, such
// as a comma before the fraction.
func parseTime(layout, s string, otherwise fault) (time.Time, error) {
	t, err := time.Parse(layout, s)
	if err != nil || t.Year() < 1 || t.Format(layout) != s {
		return time.Time{}, otherwise
	}
	return t, nil
}

var purposesKind = kind[Purposes]{
	isZero: Purposes.IsZero,
	append: func(dst []byte, p Purposes) []byte { return p.append(dst) },
	parse:  parsePurposes,
}
