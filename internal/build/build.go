// Package build knows which version of Quasar this is, in our own program and in
// the programs of others that were built with it.
package build

import "runtime/debug"

// module is the path that go.mod states.
const module = "github.com/karlquant/quasar"

// stamped is set by the linker in releases.
var stamped string

// Version is what the release was stamped with, else what the go command knows of
// the build: a version of the module, devel with the commit, or devel.
func Version() string {
	if stamped != "" {
		return stamped
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return versionOf(info)
}

// Product is how the clients of a hub call themselves in the header User-Agent:
// "quasar/VERSION (role)".
func Product(role string) string { return "quasar/" + Version() + " (" + role + ")" }

func versionOf(info *debug.BuildInfo) string {
	if info.Main.Path != module {
		return dependency(info)
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}

// dependency is the version that another's program was built with.
func dependency(info *debug.BuildInfo) string {
	for _, dep := range info.Deps {
		if dep.Path != module {
			continue
		}
		for dep.Replace != nil {
			dep = dep.Replace
		}
		if dep.Version != "" && dep.Version != "(devel)" {
			return dep.Version
		}
	}
	return "devel"
}
