package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is committed is what the source makes: whoever reads the source reads what
// runs.
func TestDistIsMadeOfTheSource(t *testing.T) {
	want, err := Bundle(web)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(web + "/dist")
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if string(got[name]) != string(want[name]) {
			t.Errorf("web/dist/%s: got %d bytes that differ from the %d that the source makes; run make web", name, len(got[name]), len(want[name]))
		}
	}
	if diff := cmp.Diff(names(want), names(got)); diff != "" {
		t.Errorf("files (-made of the source, +committed):\n%s", diff)
	}
}

func TestWriteLeavesNothingElse(t *testing.T) {
	dir := t.TempDir() + "/dist"
	if err := Write(dir, map[string][]byte{"a/old.js": []byte("1")}); err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{"a/new.js": []byte("2"), "b.css": nil}
	if err := Write(dir, want); err != nil {
		t.Fatal(err)
	}
	got, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(names(want), names(got)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func names(files map[string][]byte) map[string]bool {
	set := make(map[string]bool, len(files))
	for name := range files {
		set[name] = true
	}
	return set
}
