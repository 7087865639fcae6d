package event

import "encoding/hex"

// RequestID is a write's UUID, of any version. The zero UUID is none.
type RequestID [16]byte

// ParseRequestID reads a UUID in the form 8-4-4-4-12 of RFC 9562, 4, in lower
// case, as String writes it. Errors match ErrMalformed.
func ParseRequestID(text string) (RequestID, error) {
	id, err := uuidKind.parse(text)
	if err == nil && isZero(id) {
		err = fault("zero")
	}
	if err != nil {
		return RequestID{}, &MalformedError{Record: "request id", Fault: err.Error()}
	}
	return id, nil
}

// String returns the UUID in lower case, 36 bytes.
func (id RequestID) String() string { return string(uuidKind.append(nil, id)) }

var uuidKind = kind[RequestID]{
	isZero: isZero[RequestID],
	append: func(dst []byte, v RequestID) []byte {
		for i, b := range v {
			if i == 4 || i == 6 || i == 8 || i == 10 {
				dst = append(dst, '-')
			}
			dst = hex.AppendEncode(dst, []byte{b})
		}
		return dst
	},
	parse: func(s string) (RequestID, error) {
		var v RequestID
		if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' ||
			!decodeHex(v[:], s[:8]+s[9:13]+s[14:18]+s[19:23]+s[24:]) {
			return v, fault("not a UUID in lower case")
		}
		return v, nil
	},
}
