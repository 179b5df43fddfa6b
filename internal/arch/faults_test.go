package arch

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The pages that say which test shows something must not name one that is gone.
func TestTestsThatTheDocsNameExist(t *testing.T) {
	have := testsOfTheHouse(t)
	for _, page := range []string{"docs/deriv.md", "docs/simulator.md"} { // which quote much else
		text, err := os.ReadFile(filepath.Join("..", "..", page))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range findAll(`\b((?:Test|Fuzz)[A-Z]\w*)`, string(text)) {
			if !have[name] {
				t.Errorf("%s names the test %q, which does not exist", page, name)
			}
		}
	}
	for _, page := range []string{"docs/faults.md", "SECURITY.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", page))
		if err != nil {
			t.Fatal(err)
		}
		names := append(findAll(`\b((?:Test|Fuzz)[A-Z]\w*)`, string(text)), findAll(`"([a-z][^"|]{20,})"`, string(text))...)
		if len(names) < 20 {
			t.Errorf("%s: found %d names of tests, want at least 20: has its form changed?", page, len(names))
		}
		for _, name := range names {
			if !have[name] {
				t.Errorf("%s names the test %q, which does not exist", page, name)
			}
		}
	}
}

// testsOfTheHouse returns the names of all tests, those in the browser as well.
func testsOfTheHouse(t *testing.T) map[string]bool {
	t.Helper()
	have := make(map[string]bool)
	root := os.DirFS(filepath.Join("..", ".."))
	for pattern, name := range map[string]string{
		"_test.go": `(?m)^func ((?:Test|Fuzz)\w+)\(`, ".test.js": `(?m)^(?:test|withHub|withTokens|withRanker)\("([^"]+)"`, "_test.py": `(?m)def (test_\w+)\(`,
	} {
		for _, file := range filesEnding(t, root, pattern) {
			for _, found := range findAll(name, file) {
				have[found] = true
			}
		}
	}
	return have
}

func findAll(pattern, text string) (found []string) {
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, strings.TrimSpace(match[1]))
	}
	return found
}

// filesEnding returns the texts of the files whose names end so.
func filesEnding(t *testing.T, root fs.FS, ending string) (texts []string) {
	t.Helper()
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git" || entry.Name() == "bin"):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ending):
			return nil
		}
		text, err := fs.ReadFile(root, path)
		texts = append(texts, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}
