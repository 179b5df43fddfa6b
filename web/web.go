// Package web holds the pages that people look at: the hub's and the ranker's.
// They are made of src by the module in build (make web) and lie in dist; this
// package only hands them out and knows nothing of who serves them.
package web

import (
	"embed"
	"io"
	"io/fs"
	"strings"
)

//go:embed dist
var dist embed.FS

var files = func() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is a valid one
	}
	return sub
}()

// shared is the folder of what all pages use.
const shared = "shared"

// Hub returns the hub's page: index.html at the root, and the folders hub and
// shared that it loads from. It has to be served below /ui/ (index.html may stand
// elsewhere as well), from the origin of /api/state and /ws/subscribe.
func Hub() fs.FS { return page{folder: "hub"} }

// Ranker returns the ranker's page: index.html at the root, and the folders
// ranker and shared that it loads from. It has to be served below /ui/
// (index.html may stand elsewhere as well), from the origin of /api/state.
func Ranker() fs.FS { return page{folder: "ranker"} }

// page is the file system of one page: its folder and the shared one where they
// lie in the repository, so that one module finds another by the same relative
// path in both, and its index.html at the root on top.
type page struct{ folder string }

const index = "index.html"

// Open implements fs.FS.
func (p page) Open(name string) (fs.File, error) {
	top, _, _ := strings.Cut(name, "/")
	switch {
	case name == ".":
		return p.openRoot()
	case name == index:
		return files.Open(p.folder + "/" + index)
	case top == p.folder || top == shared:
		return files.Open(name)
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (p page) openRoot() (fs.File, error) {
	dir, err := files.Open(".")
	if err != nil {
		return nil, err
	}
	r := &root{File: dir}
	for _, name := range []string{p.folder, p.folder + "/" + index, shared} { // in the order of their names at the root
		info, err := fs.Stat(files, name)
		if err != nil {
			return nil, err
		}
		r.rest = append(r.rest, fs.FileInfoToDirEntry(info))
	}
	return r, nil
}

// root is the open root of a page.
type root struct {
	fs.File
	rest []fs.DirEntry // what ReadDir has not told yet
}

// ReadDir implements fs.ReadDirFile.
func (r *root) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 || n > len(r.rest) {
		if n > 0 && len(r.rest) == 0 {
			return nil, io.EOF
		}
		n = len(r.rest)
	}
	told := r.rest[:n]
	r.rest = r.rest[n:]
	return told, nil
}
