package event

import "strings"

// ObjectionID names an objection to people, who read it out on the phone and
// type it in: ten characters of Crockford's base32, of which the last is a check
// character, printed in groups as 7F3K-92QM-4D. The empty string is none.
//
// The check is over GF(32) with the polynomial x^5+x^2+1. A character's value is
// an element, its bits the coefficients, and an id c9 c8 … c1 c0 is one if the sum
// of x^i times ci, over all ten, is 0. Since x has order 31, the ten weights are distinct
// and none is zero, so every single wrong character and every exchange of two
// different characters, neighbours or not, is found; of other errors one in 32 is
// missed. The check character is of the same alphabet (Crockford's own, modulo
// 37, would add five signs that forms and phones get wrong).
type ObjectionID string

// ObjectionIDBits is how much an id holds beside its check character: nine
// characters of five bits.
const ObjectionIDBits = 45

const (
	objectionIDLetters  = 10
	objectionIDMaxBytes = 32 // of what is typed: room for a separator after each letter

	crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // without I, L, O, U
)

// NewObjectionID returns the id of the lowest 45 bits of number; the others are
// not looked at. The caller draws the number so that it cannot be guessed.
func NewObjectionID(number uint64) ObjectionID {
	var letters [objectionIDLetters]byte
	var sum byte
	for i := range objectionIDLetters - 1 {
		v := byte(number>>(ObjectionIDBits-5*(i+1))) & 31
		letters[i] = crockford[v]
		sum = timesX(sum) ^ v
	}
	letters[objectionIDLetters-1] = crockford[timesX(sum)]
	return group(letters)
}

// ParseObjectionID reads an id as people type it: in either case, with O for 0
// and I or L for 1, with hyphens and spaces anywhere or nowhere, in at most 32
// bytes. It returns the one spelling that NewObjectionID prints. Errors match
// ErrMalformed and say whether it was the check that failed.
func ParseObjectionID(typed string) (ObjectionID, error) {
	malformed := func(what string) (ObjectionID, error) {
		return "", &MalformedError{Record: "objection id", Fault: what}
	}
	if len(typed) > objectionIDMaxBytes {
		return malformed("too long")
	}
	var letters [objectionIDLetters]byte
	var sum byte
	n := 0
	for i := range len(typed) {
		c := typed[i]
		if c == '-' || c == ' ' {
			continue
		}
		v := strings.IndexByte(crockford, likely(c))
		if v < 0 {
			return malformed("a character that no id has")
		}
		if n == objectionIDLetters {
			return malformed("more than ten characters")
		}
		letters[n] = crockford[v]
		sum = timesX(sum) ^ byte(v)
		n++
	}
	if n < objectionIDLetters {
		return malformed("fewer than ten characters")
	}
	if sum != 0 {
		return malformed("the check character does not fit: one was mistyped")
	}
	return group(letters), nil
}

// likely returns the character of the alphabet that c was meant to be.
func likely(c byte) byte {
	if isLower(c) {
		c -= 'a' - 'A'
	}
	switch c {
	case 'O':
		return '0'
	case 'I', 'L':
		return '1'
	}
	return c
}

// timesX multiplies by x in GF(32), modulo x^5+x^2+1.
func timesX(v byte) byte {
	v <<= 1
	if v&32 != 0 {
		v ^= 0b100101
	}
	return v
}

func group(l [objectionIDLetters]byte) ObjectionID {
	return ObjectionID(string(l[:4]) + "-" + string(l[4:8]) + "-" + string(l[8:]))
}
