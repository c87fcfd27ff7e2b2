package embedded

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user the children run as.
type account struct {
	name       string
	uid, gid   int
	credential *syscall.Credential // nil: as we are
}

// childAccount is ourselves, or Debian's postgres when we are root: Postgres refuses to run as root, and initdb wants
// a user that has a name.
func childAccount() (account, error) {
	if os.Geteuid() != 0 {
		me := account{uid: os.Geteuid(), gid: os.Getegid()}
		u, err := user.LookupId(strconv.Itoa(me.uid))
		if err != nil {
			return me, fmt.Errorf("the user id %d has no name in /etc/passwd, which initdb needs", me.uid)
		}
		me.name = u.Username
		return me, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return account{}, fmt.Errorf("as root the children run as the user postgres, who does not exist: %w",
			&MissingBinaryError{Program: "postgres", Package: "postgresql"})
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return account{}, fmt.Errorf("user postgres: %w", err)
	}
	return account{name: u.Username, uid: int(uid), gid: int(gid),
		credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// mayPass says which directory, from dir up to the root, the children could not go through. Without it the failure
// would read "fork/exec initdb: permission denied".
func (a account) mayPass(dir string) error {
	if a.credential == nil {
		return nil // whatever we can reach, they can
	}
	for ; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		switch {
		case errors.Is(err, os.ErrNotExist): // about to be made by us
		case err != nil:
			return err
		case !a.canSearch(info):
			return fmt.Errorf("the children run as the user %s, who may not pass through %s (mode %#o): "+
				"choose a data_dir elsewhere, such as /var/lib/fairseat, or chmod o+x %s", a.name, dir, info.Mode().Perm(), dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// canSearch is the kernel's rule: the first class that fits decides alone.
func (a account) canSearch(info os.FileInfo) bool {
	owner := info.Sys().(*syscall.Stat_t)
	switch {
	case int(owner.Uid) == a.uid:
		return info.Mode()&0o100 != 0
	case int(owner.Gid) == a.gid:
		return info.Mode()&0o010 != 0
	}
	return info.Mode()&0o001 != 0
}
