package subject

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
)

// ErrSealBroken says that a sealed row was not sealed with this secret under this handle, or was changed since.
var ErrSealBroken = errors.New("the sealed row does not open with this secret")

// sealNonceBytes is the nonce that a sealed row begins with.
const sealNonceBytes = 12

func newSeal(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(fmt.Sprintf("subject: key of a seal: %v", err)) // only another length could
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		panic(fmt.Sprintf("subject: make a seal: %v", err))
	}
	return seal
}

// Seal encrypts a text with AES-256-GCM under a handle. The nonce comes of a salt and the handle: a salt belongs to one event, and a handle to one row, so
// that no nonce is used for two texts, and sealing again comes to the same bytes.
func (k *Keys) Seal(salt [32]byte, handle [16]byte, text []byte) []byte {
	nonce := mac(salt[:], handle[:])
	return k.seal.Seal(nonce[:sealNonceBytes:sealNonceBytes], nonce[:sealNonceBytes], text, handle[:])
}

// Unseal is the text that was sealed under a handle, or ErrSealBroken.
func (k *Keys) Unseal(handle [16]byte, row []byte) ([]byte, error) {
	if len(row) < sealNonceBytes {
		return nil, ErrSealBroken
	}
	text, err := k.seal.Open(nil, row[:sealNonceBytes], row[sealNonceBytes:], handle[:])
	if err != nil {
		return nil, ErrSealBroken
	}
	return text, nil
}
