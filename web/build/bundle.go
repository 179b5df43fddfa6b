package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// entries are the scripts and styles that pages load, as they are called in src
// (without what TypeScript adds) and in dist. What they import comes with them.
var entries = []string{
	"shared/theme", "shared/base.css", "shared/chart",
	"hub/main", "hub/style.css",
	"ranker/main", "ranker/style.css",
}

// copied are files that are served as they stand.
var copied = []string{"hub/index.html", "ranker/index.html", "shared/icon.svg"}

// Bundle returns what the pages are served from, by path: each entry with all that
// it imports in one file, minified, and the files that need nothing done. web is
// the folder that holds src.
func Bundle(web string) (map[string][]byte, error) {
	src, err := filepath.Abs(filepath.Join(web, "src"))
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for _, name := range copied {
		if files[name], err = os.ReadFile(filepath.Join(src, filepath.FromSlash(name))); err != nil {
			return nil, err
		}
	}
	for _, entry := range entries {
		if err := bundle(src, entry, files); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// bundle adds one entry to files. A file that is loaded when it is needed
// (import("/ui/…")) stays one of its own.
func bundle(src, entry string, files map[string][]byte) error {
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:     src,
		EntryPoints:       []string{source(src, entry)},
		Bundle:            true,
		Format:            format(entry),
		Target:            api.ES2022,
		Charset:           api.CharsetUTF8,
		LegalComments:     api.LegalCommentsEndOfFile,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		External:          []string{"/ui/*"},
		Tsconfig:          filepath.Join(src, "tsconfig.json"),
		Outfile:           filepath.Join(src, "out"),
	})
	if len(result.Errors) > 0 {
		return fmt.Errorf("%s: %s", entry, strings.Join(api.FormatMessages(result.Errors, api.FormatMessagesOptions{}), ""))
	}
	if len(result.OutputFiles) != 1 {
		return fmt.Errorf("%s: got %d files, want 1", entry, len(result.OutputFiles))
	}
	files[target(entry)] = result.OutputFiles[0].Contents
	return nil
}

// format of shared/theme is that of a classic script: it runs before the first
// paint, for which a module would be too late.
func format(entry string) api.Format {
	switch {
	case entry == "shared/theme":
		return api.FormatIIFE
	case path.Ext(entry) == ".css":
		return api.FormatDefault
	}
	return api.FormatESModule
}

func source(src, entry string) string {
	if path.Ext(entry) == "" {
		for _, ext := range []string{".ts", ".js"} {
			if name := filepath.Join(src, filepath.FromSlash(entry)+ext); exists(name) {
				return name
			}
		}
	}
	return filepath.Join(src, filepath.FromSlash(entry))
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func target(entry string) string {
	if path.Ext(entry) == "" {
		return entry + ".js"
	}
	return entry
}

// Write puts files into dir and removes whatever else is there.
func Write(dir string, files map[string][]byte) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for name, content := range files {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil { //nolint:gosec // G301: what is in the repository
			return err
		}
		if err := os.WriteFile(to, content, 0o644); err != nil { //nolint:gosec // G306: what is in the repository
			return err
		}
	}
	return nil
}

// Read returns the files below dir by path.
func Read(dir string) (map[string][]byte, error) {
	files := make(map[string][]byte)
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[name], err = fs.ReadFile(root, name)
		return err
	})
	return files, err
}
