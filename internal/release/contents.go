package main

import (
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// contentsFile lists what the binaries are made of, as CycloneDX 1.6
// (https://cyclonedx.org/docs/1.6/json/): a software bill of materials.
const contentsFile = "sbom.cdx.json"

type bill struct {
	Format     string      `json:"bomFormat"`
	Spec       string      `json:"specVersion"`
	Version    int         `json:"version"`
	Metadata   metadata    `json:"metadata"`
	Components []component `json:"components"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type    string `json:"type"`
	Ref     string `json:"bom-ref"`
	Name    string `json:"name"`
	Version string `json:"version"`
	URL     string `json:"purl"`
	Hashes  []hash `json:"hashes,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

// writeContents reads what a binary says of itself, so that the list cannot differ
// from what is in it.
func writeContents(dir, version, binary string) error {
	info, err := buildinfo.ReadFile(filepath.Join(dir, binary))
	if err != nil {
		return err
	}
	b, err := contents(info, version)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, contentsFile), append(text, '\n'), 0o644) //nolint:gosec // G306: it is to be published
}

func contents(info *debug.BuildInfo, version string) (*bill, error) {
	main := packageOf(info.Main.Path, version)
	main.Type = "application"
	b := &bill{Format: "CycloneDX", Spec: "1.6", Version: 1, Metadata: metadata{main}}
	language := packageOf("stdlib", strings.TrimPrefix(info.GoVersion, "go"))
	b.Components = append(b.Components, language)
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		c := packageOf(m.Path, m.Version)
		sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:"))
		if err != nil || len(sum) == 0 {
			return nil, fmt.Errorf("%s %s: got the checksum %q, want h1: and base64", m.Path, m.Version, m.Sum)
		}
		c.Hashes = []hash{{"SHA-256", hex.EncodeToString(sum)}}
		b.Components = append(b.Components, c)
	}
	return b, nil
}

// packageOf names a module as https://github.com/package-url/purl-spec does.
func packageOf(path, version string) component {
	url := "pkg:golang/" + path + "@" + version
	return component{Type: "library", Ref: url, Name: path, Version: version, URL: url}
}
