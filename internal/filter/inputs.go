package filter

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Inputs are the corpora that somebody named, and where the output of each goes.
type Inputs struct {
	Pairs []Pair
	// Folder says that out is a folder, which gets a file for each corpus.
	Folder bool
	// Skipped are files in a folder of corpora whose names tell no format.
	Skipped []string
}

// FindInputs takes names of files, patterns (`shards/*.parquet`) and folders, which are looked through to their bottom. One file goes to the file out;
// several, or a folder's, go into the folder out, under the names that they have. An empty out names no outputs: for a dry run.
func FindInputs(names []string, out string, format Format) (Inputs, error) {
	found := Inputs{}
	for _, name := range names {
		if name == Std {
			found.Pairs = append(found.Pairs, Pair{In: Std, Out: out})
			continue
		}
		at, err := os.Stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(name, "*?["):
			matches, err := filepath.Glob(name)
			if err != nil {
				return Inputs{}, fmt.Errorf("%s: not a pattern: %w", name, err)
			}
			if len(matches) == 0 {
				return Inputs{}, fmt.Errorf("%s: no file has such a name", name)
			}
			found.Folder = true
			for _, match := range matches {
				found.Pairs = append(found.Pairs, Pair{In: match, Out: filepath.Base(match)})
			}
		case err == nil && at.IsDir():
			found.Folder = true
			if err := found.walk(name, format); err != nil {
				return Inputs{}, err
			}
		default: // what is wrong with it shows when it is opened
			found.Pairs = append(found.Pairs, Pair{In: name, Out: filepath.Base(name)})
		}
	}
	if len(found.Pairs) == 0 {
		return Inputs{}, fmt.Errorf("%s: no file in it has a name that tells a format", strings.Join(names, ", "))
	}
	found.Folder = found.Folder || len(found.Pairs) > 1
	err := found.place(out)
	return found, err
}

// walk finds the corpora of a folder, in the order of their names. What begins with a dot or an underscore is what other programs note there.
func (f *Inputs) walk(folder string, format Format) error {
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := path != folder && strings.ContainsAny(entry.Name()[:1], "._")
		if entry.IsDir() {
			if hidden {
				return fs.SkipDir
			}
			return nil
		}
		under, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		switch {
		case hidden || strings.HasSuffix(path, ManifestSuffix):
		case FormatOf(path) == "" && format == "":
			f.Skipped = append(f.Skipped, path)
		default:
			f.Pairs = append(f.Pairs, Pair{In: path, Out: under})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look through %s: %w", folder, err)
	}
	return nil
}

// place says where each output goes.
func (f *Inputs) place(out string) error {
	taken := map[string]string{}
	for n := range f.Pairs {
		p := &f.Pairs[n]
		switch {
		case out == "":
			p.Out = ""
			continue
		case !f.Folder:
			p.Out = out
			continue
		case p.In == Std || out == Std:
			return errors.New("standard input and output take one corpus, and several were named")
		}
		if other, again := taken[p.Out]; again {
			return fmt.Errorf("%s and %s would both be written to %s: filter them apart", other, p.In, filepath.Join(out, p.Out))
		}
		taken[p.Out] = p.In
		p.Out = filepath.Join(out, p.Out)
	}
	return nil
}

// Folders are the folders of the outputs, which have to be there.
func (f *Inputs) Folders() []string {
	var folders []string
	for _, p := range f.Pairs {
		if f.Folder && p.Out != "" {
			folders = append(folders, filepath.Dir(p.Out))
		}
	}
	slices.Sort(folders)
	return slices.Compact(folders)
}
