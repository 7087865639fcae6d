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
	fmt.Printf("person country %x\n", subject.Blind(salt, "country", "DE"))
	// Output:
	// person country 46a642d20f0e79d115c33958432e1c35a7a14fa442aa6674bc0b783377dfc1af
}
