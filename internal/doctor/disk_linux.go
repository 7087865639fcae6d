package doctor

import (
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// networks are the file systems that keep no lock or no sync: NFS, SMB 1, 2 and CIFS, Ceph, 9P. FUSE could be anything.
var networks = []uint32{0x6969, 0x517B, 0xFE534D42, 0xFF534D42, 0x00C36400, 0x01021997}

// diskOf is how many bytes this user may still write, and whether the disk is another machine's.
func diskOf(dir string) (room uint64, network bool, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false, os.NewSyscallError("statfs", err)
	}
	return s.Bavail * uint64(s.Bsize), slices.Contains(networks, uint32(s.Type)), nil
}

func writable(dir string) bool { return unix.Access(dir, unix.W_OK|unix.X_OK) == nil }

// maxFiles is how many files and connections a process of this user may have open.
func maxFiles() (uint64, bool) {
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	return limit.Max, err == nil // Go raises the soft limit to the hard one
}
