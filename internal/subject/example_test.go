package subject_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/veto-gate/veto/internal/subject"
)

func ExampleCheckID() {
	err := subject.CheckID("user-1001 ")
	if fault, ok := errors.AsType[subject.IDFault](err); ok && fault == subject.IDOuterSpace {
		fmt.Println("trim it:", err)
	}
	// Output:
	// trim it: id begins or ends with white space
}

func ExampleCreateSecret() {
	dir, err := os.MkdirTemp("", "secret")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "secret.key")

	random := bytes.NewReader(counting()) // crypto/rand.Reader, but for the example's sake
	secret, err := subject.CreateSecret(path, random)
	fmt.Println(secret, err)

	secret, err = subject.LoadSecret(path)
	fmt.Println(secret, err)
	fmt.Printf("%x\n", secret.Keys().Subject("user-1001"))
	// Output:
	// secret(not shown) <nil>
	// secret(not shown) <nil>
	// c8c17bfbd9c37f0a357b376d704da783
}

// A secret that nothing depends on yet has another name until something does.
func ExampleRenameSecret() {
	dir, err := os.MkdirTemp("", "secret")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "secret.key")

	_, err = subject.CreateSecret(path+".new", bytes.NewReader(counting()))
	fmt.Println(err)
	fmt.Println(subject.RenameSecret(path+".new", path))
	_, err = subject.LoadSecret(path)
	fmt.Println(err)
	// Output:
	// <nil>
	// <nil>
	// <nil>
}

func ExampleLoadSecret() {
	_, err := subject.LoadSecret("testdata/none.key")
	fmt.Println(errors.Is(err, subject.ErrNoSecret))
	fmt.Println(err)
	// Output:
	// true
	// load the secret testdata/none.key: there is no secret
}

func ExampleBlind() {
	salt := [32]byte{1} // the side row's
	fmt.Printf("person country %x\n", subject.Blind(salt, 4, "country", "DE"))
	// Output:
	// person country b26d30716badb3aadd703042708e6287b1c781364191d860743bf05b57c5c554
}

// The line's key shows the country; the salt stays with whoever holds the receipt.
func ExampleLineKey() {
	salt := [32]byte{1} // the receipt's
	key := subject.LineKey(salt, 4, "country")
	fmt.Println(subject.BlindWith(key, "DE") == subject.Blind(salt, 4, "country", "DE"))
	// Output:
	// true
}

func ExampleBlindWith() {
	list := [][32]byte{subject.Blind([32]byte{1}, 0, "country", "DE")} // of a receipt without its salt
	shown := struct {
		line  int
		key   [32]byte
		value string
	}{0, subject.LineKey([32]byte{1}, 0, "country"), "DE"} // by the person
	fmt.Println(subject.BlindWith(shown.key, shown.value) == list[shown.line])
	// Output:
	// true
}
