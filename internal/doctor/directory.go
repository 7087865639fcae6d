package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// How much room a log should have: what a busy day writes, and what a start needs at least.
const (
	littleRoom = 1 << 30
	noRoom     = 64 << 20
)

func (e *examination) directory() {
	dir := e.place.Dir
	status, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.add("directory", Wrong, "there is no "+dir, "name the right one with --data; `veto serve --data DIR` makes a new register")
	case err != nil:
		e.add("directory", Wrong, err.Error(), "run it as the user that the server runs as")
	case !status.IsDir():
		e.add("directory", Wrong, dir+" is not a directory", "name a directory with --data")
	case !writable(dir):
		e.add("directory", Wrong, dir+" cannot be written by this user, or its disk is mounted read-only", "run it as the user that the server runs as, or remount the disk; the kernel's log (dmesg) says why a disk went read-only")
	case status.Mode().Perm()&0o077 != 0:
		e.add("directory", Warn, fmt.Sprintf("others than its owner may enter %s (mode %04o)", dir, status.Mode().Perm()), "chmod 700 "+dir)
	default:
		e.add("directory", OK, dir+" is the owner's alone, and can be written", "")
	}
}

func (e *examination) disk() {
	room, network, err := diskOf(e.place.Dir)
	said := fmt.Sprintf("%d MiB are free", room>>20)
	switch {
	case err != nil:
		e.add("disk", Warn, "cannot be asked: "+err.Error(), "")
	case network:
		e.add("disk", Wrong, "a network file system: it keeps neither the lock nor the sync that durability rests on", "move the data directory to a local disk")
	case room < noRoom:
		e.add("disk", Wrong, said+": writes will be refused", "make room; writing goes on by itself when there is")
	case room < littleRoom:
		e.add("disk", Warn, said, "make room before it is needed")
	default:
		e.add("disk", OK, said, "")
	}
}
