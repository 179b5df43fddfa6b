package app

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(repository, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Whoever is woken by an alert finds under its name what to do, and how urgent it is.
func TestEachAlertHasItsRunbook(t *testing.T) {
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert  string
				Labels struct{ Severity string }
			}
		}
	}
	if err := yaml.Unmarshal([]byte(readFile(t, "deploy/prometheus/quasar.rules.yml")), &rules); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			want[rule.Alert] = rule.Labels.Severity
		}
	}
	got := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^### (Quasar\w+)\n\*(Page|Look)\.\* \S`).FindAllStringSubmatch(readFile(t, "docs/operations.md"), -1) {
		got[m[1]] = strings.ToLower(m[2])
	}
	for alert, severity := range want {
		if got[alert] != severity {
			t.Errorf("%s: got a runbook %q, want one that begins with *%s.*", alert, got[alert], severity)
		}
	}
	if len(got) != len(want) || len(want) < 20 {
		t.Errorf("got %d runbooks for %d alerts", len(got), len(want))
	}
}

// card is what Hugging Face reads of a Space's README:
// https://huggingface.co/docs/hub/spaces-config-reference
type card struct {
	Title            string
	Emoji            string
	From             string `yaml:"colorFrom"`
	To               string `yaml:"colorTo"`
	SDK              string
	Port             int    `yaml:"app_port"`
	ShortDescription string `yaml:"short_description"`
}

func TestTheSpacesHaveTheirCards(t *testing.T) {
	colours := []string{"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
	for _, name := range []string{"hub", "ranker", "space"} {
		parts := strings.SplitN(readFile(t, "deploy/huggingface/"+name+"/README.md"), "---\n", 3)
		if len(parts) != 3 || parts[0] != "" {
			t.Fatalf("%s: got no card, want one on top", name)
		}
		var c card
		if err := yaml.Unmarshal([]byte(parts[1]), &c); err != nil {
			t.Fatal(err)
		}
		if c.SDK != "docker" || c.Port != 7860 || c.Title == "" || c.Emoji == "" || c.ShortDescription == "" || len(c.ShortDescription) > 60 ||
			!slices.Contains(colours, c.From) || !slices.Contains(colours, c.To) {
			t.Errorf("%s: got %+v", name, c)
		}
	}
}

// The folders build the version that a release would make, by the Go that it is made with.
func TestTheSpacesBuildThisVersion(t *testing.T) {
	version := regexp.MustCompile(`(?m)^VERSION +\?= (\S+)$`).FindStringSubmatch(readFile(t, "Makefile"))
	from := regexp.MustCompile(`golang:\S+`).FindString(readFile(t, "deploy/Dockerfile"))
	if version == nil || from == "" {
		t.Fatalf("got the version %v and the image %q", version, from)
	}
	for _, name := range []string{"hub", "ranker", "space"} {
		file := readFile(t, "deploy/huggingface/"+name+"/Dockerfile")
		if !strings.Contains(file, "ARG VERSION=v"+version[1]+"\n") || !strings.Contains(file, "FROM "+from+" AS build\n") {
			t.Errorf("%s: want v%s, built by %s:\n%s", name, version[1], from, file)
		}
	}
}

// Each name that a card tells people to set is one that something reads.
func TestTheSpacesSettingsAreThere(t *testing.T) {
	known := readFile(t, "docs/reference/configuration.md")
	for _, name := range []string{"hub", "ranker", "space"} {
		rows := regexp.MustCompile("(?m)^\\| (?:secret|variable) \\| `(\\w+)` \\|").FindAllStringSubmatch(readFile(t, "deploy/huggingface/"+name+"/README.md"), -1)
		if len(rows) == 0 {
			t.Errorf("%s: got no settings", name)
		}
		for _, row := range rows {
			if !strings.Contains(known, "`"+row[1]+"`") {
				t.Errorf("%s: got %s, want a variable of docs/reference/configuration.md", name, row[1])
			}
		}
	}
}
