package build

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestTheVersionOfABuild(t *testing.T) {
	commit := []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "0123456789abcdef"}}
	for name, c := range map[string]struct {
		info debug.BuildInfo
		want string
	}{
		"a release that was installed":        {debug.BuildInfo{Main: debug.Module{Path: module, Version: "v1.0.0"}}, "v1.0.0"},
		"a clone":                             {debug.BuildInfo{Main: debug.Module{Path: module, Version: "(devel)"}, Settings: commit}, "devel-0123456789ab"},
		"a folder without its history":        {debug.BuildInfo{Main: debug.Module{Path: module}}, "devel"},
		"another's program":                   {debug.BuildInfo{Main: debug.Module{Path: "example.com/x", Version: "v9.9.9"}, Deps: []*debug.Module{{Path: "example.com/y", Version: "v3.0.0"}, {Path: module, Version: "v1.2.0"}}}, "v1.2.0"},
		"another's program, and a fork of us": {debug.BuildInfo{Main: debug.Module{Path: "example.com/x"}, Deps: []*debug.Module{{Path: module, Version: "v1.2.0", Replace: &debug.Module{Path: "example.com/fork", Version: "v1.3.0"}}}}, "v1.3.0"},
		"another's program, and a folder":     {debug.BuildInfo{Main: debug.Module{Path: "example.com/x"}, Deps: []*debug.Module{{Path: module, Version: "v1.2.0", Replace: &debug.Module{Path: "../quasar"}}}}, "devel"},
		"no modules at all":                   {debug.BuildInfo{}, "devel"},
	} {
		if got := versionOf(&c.info); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// It stands in a header: one line, and the version without a space.
func TestTheProduct(t *testing.T) {
	stamped = "v1.0.0-rc1"
	defer func() { stamped = "" }()
	if got, want := Product("publisher"), "quasar/v1.0.0-rc1 (publisher)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	stamped = ""
	if v := Version(); v == "" || strings.ContainsAny(v, " \r\n") {
		t.Errorf("got the version %q, want one word", v)
	}
}
