//go:build !linux

package doctor

import "errors"

func diskOf(string) (room uint64, network bool, err error) {
	return 0, false, errors.New("not on this system")
}

func writable(string) bool { return true }

func maxFiles() (uint64, bool) { return 0, false }
