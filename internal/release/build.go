package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// platform is an operating system and an architecture, by Go's names.
type platform struct{ system, architecture string }

func (p platform) String() string { return p.system + "/" + p.architecture }

// file is what a binary for the platform is called.
func (p platform) file(version string) string {
	name := fmt.Sprintf("quasar_%s_%s_%s", version, p.system, p.architecture)
	if p.system == "windows" {
		name += ".exe"
	}
	return name
}

// stamp is the variable that the version is put into.
const stamp = "github.com/karlquant/quasar/internal/build.stamped"

// build makes a static binary that names neither the machine nor the folder that it
// was made in, so that others can make the same one.
func (r *release) build(ctx context.Context, p platform, file string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid= -X "+stamp+"="+r.version, "-o", file, "./cmd/quasar")
	cmd.Dir = r.source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOOS="+p.system, "GOARCH="+p.architecture, "GOAMD64=v1", "GOARM64=v8.0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", p, err, said)
	}
	return nil
}

// starts asks the binary for the machine that this is which version it has.
func (r *release) starts(ctx context.Context, dir string) error {
	here := platform{runtime.GOOS, runtime.GOARCH}
	if !slices.Contains(r.platforms, here) {
		return nil
	}
	said, err := exec.CommandContext(ctx, filepath.Join(dir, here.file(r.version)), "version").CombinedOutput() // #nosec G204 -- it was just built
	if err != nil {
		return fmt.Errorf("start %s: %w\n%s", here, err, said)
	}
	if !slices.Contains(strings.Fields(string(said)), r.version) {
		return fmt.Errorf("%s says %q, want the version %s", here, said, r.version)
	}
	return nil
}
