package web

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
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

// What index.html loads at once is there, and is all that the page needs for its
// first view: a script, a style, the theme and an icon.
func TestPagesLoadWhatIsThere(t *testing.T) {
	for folder, page := range pages {
		want := []string{folder + "/main.js", folder + "/style.css", "shared/icon.svg", "shared/theme.js"}
		if diff := cmp.Diff(want, loaded(read(t, page, "index.html"))); diff != "" {
			t.Errorf("%s: files that index.html loads (-want +got):\n%s", folder, diff)
		}
		for _, name := range want {
			read(t, page, name)
		}
	}
}

// The first view has to come over a phone's network.
func TestTheFirstViewIsSmall(t *testing.T) {
	const most = 60_000
	for folder, page := range pages {
		total := 0
		for _, name := range append(loaded(read(t, page, "index.html")), "index.html") {
			total += compressed(t, read(t, page, name))
		}
		t.Logf("%s: %d bytes", folder, total)
		if total >= most {
			t.Errorf("%s: got %d bytes compressed, want less than %d", folder, total, most)
		}
	}
}

func TestFilesKeepThePolicy(t *testing.T) {
	for _, folder := range []string{"src", "dist"} {
		root := os.DirFS(folder)
		for _, name := range all(t, root) {
			ext := path.Ext(name)
			if folder == "dist" && ext == ".js" {
				ext = ".built"
			}
			for _, bad := range offences(ext, read(t, root, name)) {
				t.Errorf("%s/%s: got %s", folder, name, bad)
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
		{"markup made of strings is refused", ".ts", `row.innerHTML = name;`},
		{"adjacent markup is refused", ".ts", `row.insertAdjacentHTML("beforeend", name);`},
		{"code made of strings is refused", ".ts", `eval(name);`},
		{"a style attribute by name is refused", ".ts", `row.setAttribute("style", x);`},
		{"a foreign module is refused", ".ts", `import x from "https://cdn.example/x.js";`},
		{"an unknown module is refused", ".ts", `import x from "left-pad";`},
		{"unsafe markup is refused", ".ts", `import { unsafeHTML } from "lit-html/directives/unsafe-html.js";`},
		{"a foreign font is refused", ".css", `@font-face { src: url(https://fonts.example/a.woff2); }`},
		{"a foreign style is refused", ".css", `@import "//cdn.example/x.css";`},
	} {
		if got := offences(c.ext, c.text); len(got) == 0 {
			t.Errorf("%s: got nothing for %s", c.name, c.text)
		}
	}
	for _, c := range []struct{ name, ext, text string }{
		{"a library that is here is taken", ".ts", `import { html } from "lit-html";`},
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
	".ts": {
		regexp.MustCompile(`\b(innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|DOMParser|setHTMLUnsafe)\b|document\.write`),
		regexp.MustCompile(`\b(eval|Function)\s*\(`),
		regexp.MustCompile(`setAttribute\(\s*"(style|on[a-z]+)"`),
		regexp.MustCompile(`(?m)(from|import)\s*\(?\s*"([a-km-tv-z@][^"]*|l[^i][^"]*|u[^p][^"]*|[a-z]+:[^"]*|//[^"]*)"`),
		regexp.MustCompile(`(?i)unsafe-?(html|svg|mathml|static)`),
	},
	// A library makes markup, but of its own templates only; no policy of ours lets code be made of strings.
	".built": {regexp.MustCompile(`\b(eval|Function)\s*\(`)},
	".css":   {regexp.MustCompile(`@import\s*"([^.u]|u[^p])|url\(`)},
	".svg":   {regexp.MustCompile(`(?i)<script|\son[a-z]+\s*=|href`)},
}

var foreign = regexp.MustCompile(`(https?|wss?)://[a-z0-9.]+`)

// offences lists what stands in a file and must not.
func offences(ext, text string) []string {
	var found []string
	if ext == ".js" {
		ext = ".ts"
	}
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

var attribute = regexp.MustCompile(`(?:src|href)="/ui/([^"#]+)"`)

// loaded returns the files that index.html names, sorted.
func loaded(index string) []string {
	var names []string
	for _, m := range attribute.FindAllStringSubmatch(index, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func compressed(t *testing.T, text string) int {
	t.Helper()
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err == nil {
		_, err = z.Write([]byte(text))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Len()
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
