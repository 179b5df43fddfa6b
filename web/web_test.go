package web

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// pages are all that this package hands out, by folder.
var pages = map[string]fs.FS{"hub": Hub(), "ranker": Ranker()}

// Whoever serves a page walks its file system.
func TestPagesAreFileSystems(t *testing.T) {
	for folder, page := range pages {
		if err := fstest.TestFS(page, "index.html", folder+"/main.js", folder+"/style.css", "shared/base.css", "shared/icon.svg"); err != nil {
			t.Errorf("%s: %v", folder, err)
		}
	}
}

func TestPagesKeepToThemselves(t *testing.T) {
	for folder, page := range pages {
		for _, name := range []string{"web.go", "e2e/package.json", "ranker/../hub/main.js", "../web.go", "/index.html", ""} {
			if f, err := page.Open(name); err == nil {
				_ = f.Close()
				t.Errorf("%s: got %q, want only what the page loads", folder, name)
			}
		}
	}
}

// A page loads what is there, and what is there is loaded: from index.html on,
// over styles, icons and the imports of modules.
func TestPagesLoadAllTheirFiles(t *testing.T) {
	for folder, page := range pages {
		got, want := reached(t, page), all(t, page)
		want = slices.DeleteFunc(want, func(name string) bool { return name == folder+"/index.html" }) // it is at the root
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: files against what index.html leads to:\n%s", folder, diff)
		}
	}
}

// Modules that are found one import after the other cost a round trip each.
func TestPagesPreloadTheirModules(t *testing.T) {
	for folder, page := range pages {
		index := read(t, page, "index.html")
		for _, name := range all(t, page) {
			if path.Ext(name) == ".js" && !strings.Contains(index, `"/ui/`+name+`"`) {
				t.Errorf("%s: index.html does not name %s, want it preloaded", folder, name)
			}
		}
	}
}

func TestFilesKeepThePolicy(t *testing.T) {
	for folder, page := range pages {
		for _, name := range all(t, page) {
			for _, bad := range offences(path.Ext(name), read(t, page, name)) {
				t.Errorf("%s: %s: got %s", folder, name, bad)
			}
		}
	}
}

func TestOffences(t *testing.T) {
	for _, c := range []struct{ name, ext, text string }{
		{"an inline script is refused", ".html", `<script>alert(1)</script>`},
		{"an inline style is refused", ".html", `<style>a{}</style>`},
		{"a style attribute is refused", ".html", `<p style="color:red">`},
		{"an event handler is refused", ".html", `<button onclick="go()">`},
		{"a foreign script is refused", ".html", `<script src="//cdn.example/x.js"></script>`},
		{"a foreign link is refused", ".html", `<a href="https://example.org/">`},
		{"a script address is refused", ".html", `<a href="javascript:go()">`},
		{"markup made of strings is refused", ".js", `row.innerHTML = name;`},
		{"adjacent markup is refused", ".js", `row.insertAdjacentHTML("beforeend", name);`},
		{"code made of strings is refused", ".js", `eval(name);`},
		{"a style attribute by name is refused", ".js", `row.setAttribute("style", x);`},
		{"a foreign module is refused", ".js", `import x from "https://cdn.example/x.js";`},
		{"a bare module is refused", ".js", `import x from "lit-html";`},
		{"a foreign font is refused", ".css", `@font-face { src: url(https://fonts.example/a.woff2); }`},
		{"an imported style is refused", ".css", `@import "x.css";`},
	} {
		if got := offences(c.ext, c.text); len(got) == 0 {
			t.Errorf("%s: got nothing for %s", c.name, c.text)
		}
	}
	for _, c := range []struct{ name, ext, text string }{
		{"the names of SVG are no address", ".js", `document.createElementNS("http://www.w3.org/2000/svg", tag)`},
		{"a script of ours is taken", ".html", `<script type="module" src="/ui/hub/main.js"></script>`},
		{"styles through the object model are taken", ".js", `element.style.setProperty(property, value);`},
	} {
		if got := offences(c.ext, c.text); len(got) != 0 {
			t.Errorf("%s: got %v for %s", c.name, got, c.text)
		}
	}
}

// refused is what must not stand in a file, by extension. The server's
// Content-Security-Policy would stop most of it, but only when somebody looks.
var refused = map[string][]*regexp.Regexp{
	".html": {
		regexp.MustCompile(`(?is)<script(\s[^>]*)?>\s*[^<\s]`),
		regexp.MustCompile(`(?i)<style`),
		regexp.MustCompile(`(?i)\sstyle\s*=`),
		regexp.MustCompile(`(?i)\son[a-z]+\s*=`),
		regexp.MustCompile(`(?i)(src|href)\s*=\s*"(//|[a-z]+:)[^"]*`),
	},
	".js": {
		regexp.MustCompile(`\b(innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|DOMParser|setHTMLUnsafe)\b|document\.write`),
		regexp.MustCompile(`\b(eval|Function)\s*\(`),
		regexp.MustCompile(`setAttribute\(\s*"(style|on[a-z]+)"`),
		regexp.MustCompile(`(?m)(from|import)\s*\(?\s*"[^."][^"]*`),
	},
	".css": {regexp.MustCompile(`@import|url\(`)},
	".svg": {regexp.MustCompile(`(?i)<script|\son[a-z]+\s*=|href`)},
}

var foreign = regexp.MustCompile(`(https?|wss?)://[a-z0-9.]+`)

// offences lists what stands in a file and must not.
func offences(ext, text string) []string {
	var found []string
	for _, r := range refused[ext] {
		found = append(found, r.FindAllString(text, -1)...)
	}
	for _, origin := range foreign.FindAllString(text, -1) {
		if origin != "http://www.w3.org" {
			found = append(found, origin)
		}
	}
	return found
}

var (
	attribute = regexp.MustCompile(`(?:src|href)="([^"#]+)"`)
	imported  = regexp.MustCompile(`(?m)^import .* from "([^"]+)";$`)
	// endpoints are what a page links to beside its own files.
	endpoints = []string{"/rankings", "/health"}
)

// reached returns the files that index.html leads to, itself among them, and
// fails for each that is not there.
func reached(t *testing.T, page fs.FS) []string {
	t.Helper()
	seen := map[string]bool{"index.html": true}
	for todo := []string{"index.html"}; len(todo) > 0; todo = todo[1:] {
		for _, next := range references(todo[0], read(t, page, todo[0])) {
			if !seen[next] {
				seen[next] = true
				todo = append(todo, next)
			}
		}
	}
	var names []string
	for name := range seen {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// references returns the files that a file loads.
func references(name, text string) []string {
	var names []string
	switch path.Ext(name) {
	case ".html":
		for _, m := range attribute.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(endpoints, m[1]) {
				names = append(names, strings.TrimPrefix(m[1], "/ui/"))
			}
		}
	case ".js":
		for _, m := range imported.FindAllStringSubmatch(text, -1) {
			names = append(names, path.Join(path.Dir(name), m[1]))
		}
	}
	return names
}

func all(t *testing.T, page fs.FS) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(page, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

func read(t *testing.T, page fs.FS, name string) string {
	t.Helper()
	text, err := fs.ReadFile(page, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
