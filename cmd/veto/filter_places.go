package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/veto-gate/veto/internal/filter"
)

// checkPlaces refuses, before anybody is asked, files that would be written over what must stay: the corpus, the rows, or a register. --force is for an
// earlier output; nobody means it for these. A report that could not be written is refused here too: the rows would be there, and its account would not.
func (f filtering) checkPlaces() error {
	written := []struct{ flag, path string }{{"-o", f.out}, {"--report", f.reportFile}, {"--excluded", f.excludedFile}}
	for _, p := range f.inputs.Pairs {
		written = append(written, struct{ flag, path string }{"-o", p.Out})
	}
	for _, written := range written {
		if written.path != "" && (isOfRegister(written.path) || f.secretFile != "" && samePlace(written.path, f.secretFile)) {
			return usage("name another file with "+written.flag, "%s: the file belongs to a register, which would be lost", written.flag)
		}
	}
	if err := f.checkReport(); err != nil || f.reportFile == "" {
		return err
	}
	folder, err := os.Stat(filepath.Dir(f.reportFile))
	if err != nil || !folder.IsDir() {
		return usage("make it first", "--report: there is no folder %s", filepath.Dir(f.reportFile))
	}
	switch there, err := os.Lstat(f.reportFile); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look for the report: %w", err)
	case !there.Mode().IsRegular() && there.Mode().Type() != fs.ModeSymlink: // a link is replaced, not what it leads to
		return usage("name another", "--report: %s is there and is no file", f.reportFile)
	case !f.force:
		return usage("--force replaces it", "--report: there is a file %s already", f.reportFile)
	}
	return nil
}

// checkReport refuses a report or a list of excluded rows in the place of a corpus, of the rows, or of each other.
func (f filtering) checkReport() error {
	for _, p := range f.inputs.Pairs {
		for flag, path := range map[string]string{"--report": f.reportFile, "--excluded": f.excludedFile} {
			switch {
			case path == "":
			case samePlace(path, p.In):
				return usage("name another file with "+flag, "%s and the corpus are the same file", flag)
			case p.Out != "" && (samePlace(path, p.Out) || samePlace(path, p.Out+filter.ManifestSuffix)):
				return usage("name another file with "+flag, "%s and -o are the same file", flag)
			}
		}
	}
	if f.reportFile != "" && f.excludedFile != "" && samePlace(f.reportFile, f.excludedFile) {
		return usage("name another file with --report", "--report and --excluded are the same file")
	}
	return nil
}

// samePlace says whether two paths lead to one file, or would once they are written.
func samePlace(a, b string) bool {
	first, err := os.Stat(a)
	second, otherErr := os.Stat(b)
	if err == nil && otherErr == nil {
		return os.SameFile(first, second)
	}
	if filepath.Base(a) != filepath.Base(b) {
		return false
	}
	first, err = os.Stat(filepath.Dir(a))
	second, otherErr = os.Stat(filepath.Dir(b))
	return err == nil && otherErr == nil && os.SameFile(first, second)
}

// isOfRegister says whether a path is one of the files by which a data directory is a register. Letters count in either case: on some systems they are one
// file.
func isOfRegister(path string) bool {
	name := strings.ToLower(filepath.Base(path))
	if !strings.HasPrefix(name, databaseName) && name != "veto.lock" && name != secretName && name != secretName+newSuffix {
		return false
	}
	for _, mark := range []string{databaseName, secretName, secretName + newSuffix} {
		if _, err := os.Lstat(filepath.Join(filepath.Dir(path), mark)); err == nil {
			return true
		}
	}
	return false
}
