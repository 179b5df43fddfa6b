package app

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// page is a Markdown file: what of it can be tested.
type page struct {
	path    string // from the root of the repository
	blocks  []block
	links   []link
	anchors map[string]bool
}

// block is a fenced code block, with what a comment right before it says about it:
// <!-- docs-test: WORD ARGUMENT -->.
type block struct {
	line       int
	language   string
	text       string
	word, more string
}

type link struct {
	line   int
	target string
}

const repository = "../.."

// readPages reads all Markdown files that match.
func readPages(t *testing.T, match func(path string) bool) []*page {
	t.Helper()
	var pages []*page
	err := filepath.WalkDir(repository, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if base := entry.Name(); base != ".." && (strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata" || base == "dist" || base == "build" || base == "bin") {
				return fs.SkipDir
			}
			return nil
		}
		path, err := filepath.Rel(repository, name)
		if err != nil || !strings.HasSuffix(path, ".md") || !match(filepath.ToSlash(path)) {
			return err
		}
		p, err := readPage(filepath.ToSlash(path))
		pages = append(pages, p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) == 0 {
		t.Fatal("found no page")
	}
	return pages
}

var (
	instruction = regexp.MustCompile(`^\s*<!-- docs-test: (\S+)(?: (.*))? -->$`)
	linkTarget  = regexp.MustCompile(`\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)`)
	inlineCode  = regexp.MustCompile("`[^`]*`")
	titleLine   = regexp.MustCompile(`^#{1,6}\s+(.*?)\s*#*$`)
	htmlAnchor  = regexp.MustCompile(`<a (?:id|name)="([^"]+)"`)
)

func readPage(path string) (*page, error) {
	text, err := os.ReadFile(filepath.Join(repository, filepath.FromSlash(path)))
	if err != nil {
		return nil, err
	}
	p := &page{path: path, anchors: make(map[string]bool)}
	var open *block
	said := []string{"", "", ""}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		before := lines[max(0, i-1)]
		switch {
		case open != nil && strings.TrimSpace(line) == "```":
			p.blocks = append(p.blocks, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		case strings.HasPrefix(strings.TrimSpace(line), "```"):
			language := strings.TrimPrefix(strings.TrimSpace(line), "```")
			open = &block{line: i + 1, language: language, word: said[1], more: said[2]}
			said = []string{"", "", ""}
		default:
			if strings.HasPrefix(line, "    ") && before == "" {
				return nil, fmt.Errorf("%s:%d: got an indented block, want it between ``` with its language", path, i+1)
			}
			p.prose(i+1, line)
			if m := instruction.FindStringSubmatch(line); m != nil {
				said = m
			} else if strings.TrimSpace(line) != "" {
				said = []string{"", "", ""}
			}
		}
	}
	if open != nil {
		return nil, fmt.Errorf("%s:%d: a block without an end", path, open.line)
	}
	return p, nil
}

func (p *page) prose(line int, text string) {
	if m := titleLine.FindStringSubmatch(text); m != nil {
		p.anchor(slug(m[1]))
	}
	for _, m := range htmlAnchor.FindAllStringSubmatch(text, -1) {
		p.anchors[m[1]] = true
	}
	for _, m := range linkTarget.FindAllStringSubmatch(inlineCode.ReplaceAllString(text, "code"), -1) {
		p.links = append(p.links, link{line, m[1]})
	}
}

// anchor adds a heading's anchor, numbered if there is one of the name.
func (p *page) anchor(name string) {
	for unique, n := name, 1; ; n++ {
		if !p.anchors[unique] {
			p.anchors[unique] = true
			return
		}
		unique = fmt.Sprintf("%s-%d", name, n)
	}
}

var linkText = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)

// slug is the anchor that GitHub gives a heading.
func slug(title string) string {
	title = linkText.ReplaceAllString(title, "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}
		return -1
	}, title)
}

func (p *page) String() string { return p.path }

// Every link within the repository leads to a file that is there, and to a heading in it.
func TestNoLinkOfTheDocumentationIsDead(t *testing.T) {
	pages := make(map[string]*page)
	for _, p := range readPages(t, func(string) bool { return true }) {
		pages[p.path] = p
	}
	for _, p := range pages {
		for _, l := range p.links {
			if err := follow(pages, p, l.target); err != nil {
				t.Errorf("%s:%d: %s: %v", p.path, l.line, l.target, err)
			}
		}
	}
}

func follow(pages map[string]*page, from *page, target string) error {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return nil // other people's pages come and go; no test of ours may fail for that
	}
	path, anchor, _ := strings.Cut(target, "#")
	to := from
	if path != "" {
		path = filepath.ToSlash(filepath.Join(filepath.Dir(from.path), path))
		if _, err := os.Stat(filepath.Join(repository, path)); err != nil {
			return err
		}
		to = pages[path]
	}
	if anchor != "" && to != nil && !to.anchors[anchor] {
		return fmt.Errorf("no heading of that name in %s", to)
	}
	return nil
}

// The map of the documentation leads to every page.
func TestTheMapHasEveryPage(t *testing.T) {
	pages := readPages(t, func(path string) bool {
		return strings.HasPrefix(path, "docs/") && !strings.HasPrefix(path, "docs/decisions/")
	})
	i := slices.IndexFunc(pages, func(p *page) bool { return p.path == "docs/README.md" })
	if i < 0 {
		t.Fatal("there is no docs/README.md")
	}
	linked := make(map[string]bool)
	for _, l := range pages[i].links {
		path, _, _ := strings.Cut(l.target, "#")
		linked[filepath.ToSlash(filepath.Join("docs", path))] = true
	}
	for _, p := range pages {
		if p.path != "docs/README.md" && !linked[p.path] {
			t.Errorf("%s: docs/README.md does not lead there", p.path)
		}
	}
}
