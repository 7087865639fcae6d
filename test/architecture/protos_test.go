package architecture_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// method finds a method with the comment before it.
var method = regexp.MustCompile(`((?:  //[^\n]*\n)*)  rpc (\w+)\(`)

// TestEveryMethodSaysWhatARetryDoes: whoever calls has to know it before the first answer is lost.
func TestEveryMethodSaysWhatARetryDoes(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "proto", "veto", "v1", "*_service.proto"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files of services, %v", len(files), err)
	}
	methods := 0
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range method.FindAllStringSubmatch(string(text), -1) {
			methods++
			comment := strings.Join(strings.Fields(strings.ReplaceAll(m[1], "//", "")), " ")
			if !strings.Contains(comment, "A retry ") || !strings.Contains(comment, "Errors:") && !strings.Contains(comment, "ends with:") {
				t.Errorf("%s: %s does not say what a retry does, and with which errors it ends", filepath.Base(path), m[2])
			}
		}
	}
	if methods < 27 {
		t.Errorf("only %d methods were found", methods)
	}
}
