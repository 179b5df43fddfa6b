// Command release makes what is published: binaries for all platforms, the Python
// package, their checksums, and a list of what is in the binaries. It is what `make release` calls, after
// the checks, and works on a clean clone of what is committed.
//
// What it makes is the same, byte for byte, wherever it is made with the same Go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1) //nolint:forbidigo // this is a main of its own
	}
}

// platforms are those that there are binaries for.
var platforms = []platform{
	{"linux", "amd64"}, {"linux", "arm64"},
	{"darwin", "amd64"}, {"darwin", "arm64"},
	{"windows", "amd64"}, {"windows", "arm64"},
}

// versions are those of Semantic Versioning, without a v.
var versions = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$`)

type release struct {
	source, dist, version string
	python                string // that builds the package; "" for none
	platforms             []platform
	out                   io.Writer
}

func run(ctx context.Context, args []string, out io.Writer) error {
	r := &release{out: out}
	set := flag.NewFlagSet("release", flag.ContinueOnError)
	set.SetOutput(out)
	set.StringVar(&r.source, "source", ".", "folder of the module, as it was committed")
	set.StringVar(&r.dist, "dist", "dist", "folder to put it all in; what is in it is removed")
	set.StringVar(&r.version, "version", "", "version to stamp it with, such as 1.0.0-rc1")
	set.StringVar(&r.python, "python", "python3", "what builds the Python package; empty to leave it out")
	only := set.String("only", "", "one platform, such as linux/amd64, in place of all")
	if err := set.Parse(args); err != nil {
		return err
	}
	if !versions.MatchString(r.version) {
		return fmt.Errorf("got the version %q, want one such as 1.0.0-rc1", r.version)
	}
	var err error
	if r.platforms, err = choose(*only); err != nil {
		return err
	}
	return r.make(ctx)
}

func choose(only string) ([]platform, error) {
	if only == "" {
		return platforms, nil
	}
	var names []string
	for _, p := range platforms {
		if p.String() == only {
			return []platform{p}, nil
		}
		names = append(names, p.String())
	}
	return nil, fmt.Errorf("got the platform %q, want one of %s", only, strings.Join(names, ", "))
}

// make builds into a folder beside the one that is wanted, which it takes the place
// of as a whole: there is never half a release.
func (r *release) make(ctx context.Context) (err error) {
	dist, err := filepath.Abs(r.dist)
	if err != nil {
		return err
	}
	half := dist + ".half"
	if err := errors.Join(os.RemoveAll(half), os.MkdirAll(half, 0o755)); err != nil { //nolint:gosec // G301: it is to be published
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(half)) }()
	for _, p := range r.platforms {
		fmt.Fprintf(r.out, "build %s\n", p)
		if err := r.build(ctx, p, filepath.Join(half, p.file(r.version))); err != nil {
			return err
		}
	}
	if err := r.wheel(ctx, half); err != nil {
		return err
	}
	if err := r.starts(ctx, half); err != nil {
		return err
	}
	if err := writeContents(half, r.version, r.platforms[0].file(r.version)); err != nil {
		return err
	}
	if err := writeSums(half); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(dist), os.Rename(half, dist)); err != nil {
		return err
	}
	fmt.Fprintf(r.out, "made %s in %s\n", r.version, dist)
	return nil
}
