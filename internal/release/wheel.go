package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
)

// wheel puts the Python package into dir: what pip installs, and the sources that
// make the same.
func (r *release) wheel(ctx context.Context, dir string) error {
	if r.python == "" {
		return nil
	}
	python, err := exec.LookPath(r.python)
	if err != nil {
		return fmt.Errorf("got no %s, want Python 3.9 or later for the package (-python '' leaves it out): %w", r.python, err)
	}
	fmt.Fprintln(r.out, "build the Python package")
	const build = "import sys, wheel_of; wheel_of.build_wheel(sys.argv[1]); wheel_of.build_sdist(sys.argv[1])"
	cmd := exec.CommandContext(ctx, python, "-c", build, dir) // #nosec G204 -- who makes a release says with what
	cmd.Dir = filepath.Join(r.source, "python")
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the Python package: %w\n%s", err, said)
	}
	made, _ := filepath.Glob(filepath.Join(dir, "quasar_client-*"))
	base := filepath.Join(dir, "quasar_client-"+pythonVersion(r.version))
	for _, file := range []string{base + "-py3-none-any.whl", base + ".tar.gz"} {
		if _, statErr := os.Stat(file); statErr != nil {
			err = errors.Join(err, fmt.Errorf("got %s, want %s: is __version__ of websocket_client.py %s?", names(made), filepath.Base(file), pythonVersion(r.version)))
		}
	}
	return err
}

func names(paths []string) (out []string) {
	for _, path := range paths {
		out = append(out, filepath.Base(path))
	}
	return out
}

var prerelease = regexp.MustCompile(`-(alpha|beta|rc)\.?(\d+)$`)

// pythonVersion is a version as Python writes it (PEP 440): 1.0.0-rc1 is 1.0.0rc1.
func pythonVersion(version string) string {
	found := prerelease.FindStringSubmatchIndex(version)
	if found == nil {
		return version
	}
	word := map[string]string{"alpha": "a", "beta": "b", "rc": "rc"}[version[found[2]:found[3]]]
	return version[:found[0]] + word + version[found[4]:]
}
