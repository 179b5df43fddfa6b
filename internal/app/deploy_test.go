package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

// startedIn are the files below deploy/ that start something of ours, and how many
// commands each has, health checks included.
var startedIn = map[string]int{
	"Dockerfile":                         2,
	"compose/compose.yaml":               2,
	"systemd/quasar-hub.service":         1,
	"systemd/quasar-rank.service":        1,
	"huggingface/hub/Dockerfile":         2,
	"huggingface/ranker/Dockerfile":      2,
	"huggingface/space/Dockerfile":       2,
	"cluster/compose/compose.yaml":       6,
	"cluster/kubernetes/hubs.yaml":       1,
	"cluster/systemd/quasar-hub.service": 1,
}

// nothingStartedIn are those of which nothing of ours is started by name.
var nothingStartedIn = map[string]bool{"cluster/compose/Dockerfile": true, "cluster/systemd/quasar-nats.service": true}

// Whatever the files in deploy/ start, the program takes: the command, its flags with
// these values, its arguments, and the variables of an image.
func TestWhatDeployStartsIsThere(t *testing.T) {
	root := os.DirFS(filepath.Join(repository, "deploy"))
	for file, want := range startedIn {
		text, err := fs.ReadFile(root, file)
		if err != nil {
			t.Fatal(err)
		}
		commands := commandsIn(t, file, text)
		if len(commands) != want {
			t.Errorf("%s: got the commands %q, want %d", file, commands, want)
		}
		for _, args := range commands {
			if err := startsWith(args, imageVariables(text)); err != nil {
				t.Errorf("%s: quasar %s: %v", file, strings.Join(args, " "), err)
			}
		}
	}
	eachStarter(t, root, func(file string) {
		if _, ok := startedIn[file]; !ok && !nothingStartedIn[file] {
			t.Errorf("deploy/%s: got a file that starts something, want its commands in this test", file)
		}
	})
}

// eachStarter visits the files that an orchestrator reads.
func eachStarter(t *testing.T, root fs.FS, visit func(file string)) {
	t.Helper()
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		if name == "Dockerfile" || name == "compose.yaml" || strings.HasSuffix(name, ".service") || strings.Contains(path, "kubernetes/") {
			visit(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// commandsIn are the arguments of quasar that a file starts it with.
func commandsIn(t *testing.T, file string, text []byte) (commands [][]string) {
	t.Helper()
	switch filepath.Ext(file) {
	case ".yaml":
		documents := yaml.NewDecoder(bytes.NewReader(text))
		for {
			var document any
			if documents.Decode(&document) != nil {
				return commands
			}
			commands = append(commands, commandsOf(document)...)
		}
	case ".service":
		for _, m := range regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/quasar (.*)$`).FindAllSubmatch(text, -1) {
			commands = append(commands, strings.Fields(string(m[1])))
		}
	default:
		for _, m := range regexp.MustCompile(`(?m)^(?:HEALTHCHECK .*)?CMD (\[.*\])$`).FindAllSubmatch(text, -1) {
			var words []string
			if err := json.Unmarshal(m[1], &words); err != nil {
				t.Fatalf("%s: %s: %v", file, m[1], err)
			}
			commands = append(commands, withoutProgram(words))
		}
	}
	return commands
}

// commandsOf are the lists under command, args and test, of compose and Kubernetes.
func commandsOf(node any) (commands [][]string) {
	switch node := node.(type) {
	case map[string]any:
		for key, inner := range node {
			if list, ok := inner.([]any); ok && (key == "command" || key == "args" || key == "test") {
				commands = append(commands, withoutProgram(texts(list)))
				continue
			}
			if !strings.HasPrefix(key, "x-") { // counts where it is merged
				commands = append(commands, commandsOf(inner)...)
			}
		}
	case []any:
		for _, inner := range node {
			commands = append(commands, commandsOf(inner)...)
		}
	}
	return commands
}

func texts(list []any) []string {
	words := make([]string, len(list))
	for i, word := range list {
		words[i], _ = word.(string)
	}
	return words
}

func withoutProgram(words []string) []string {
	for len(words) > 0 && (words[0] == "CMD" || words[0] == "/quasar") {
		words = words[1:]
	}
	return words
}

// imageVariables are what ENV of a Dockerfile sets.
func imageVariables(text []byte) map[string]string {
	env := make(map[string]string)
	for _, m := range regexp.MustCompile(`(?m)^ENV (.*)$`).FindAllSubmatch(text, -1) {
		for _, word := range strings.Fields(string(m[1])) {
			name, value, _ := strings.Cut(word, "=")
			env[name] = value
		}
	}
	return env
}

// startsWith tells why quasar would not be started with these.
func startsWith(args []string, env map[string]string) error {
	if err := takes(args); err != nil {
		return err
	}
	cmd, err := withFlags(args)
	if err != nil {
		return err
	}
	return fromEnvironment(cmd, func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	})
}

// withFlags is the command with its flags set as on the command line.
func withFlags(args []string) (*cobra.Command, error) {
	cmd, rest, err := newRoot().Find(args)
	if err != nil {
		return nil, err
	}
	return cmd, errors.Join(cmd.ParseFlags(rest), checkGiven(cmd))
}

// What the heads of the files tell people to type is there too, and what they tell to
// write into the configuration is taken.
func TestWhatTheHeadsOfDeploySayIsThere(t *testing.T) {
	root := os.DirFS(filepath.Join(repository, "deploy"))
	typed, configured := 0, 0
	eachStarter(t, root, func(file string) {
		text, err := fs.ReadFile(root, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range regexp.MustCompile(`(?m)^# .*?\bquasar [a-z].*$`).FindAllString(string(text), -1) {
			typed++
			line, _, _ = strings.Cut(strings.ReplaceAll(line, "$role", "viewer"), "; done")
			if err := takes(exampleArgs(line)); err != nil {
				t.Errorf("%s: %s: %v", file, line, err)
			}
		}
		if settings := settingsIn(text); settings != "" {
			configured++
			if err := configures(t, commandsIn(t, file, text)[0], settings); err != nil {
				t.Errorf("%s: %v:\n%s", file, err, settings)
			}
		}
	})
	if typed < 2 || configured != 3 {
		t.Errorf("got %d commands and the settings of %d units, want two and three", typed, configured)
	}
}

// settingsIn is the configuration file in the head of a unit.
func settingsIn(text []byte) string {
	m := regexp.MustCompile(`(?m)^#   \w+:\n(?:#     .*\n)+`).Find(text)
	return regexp.MustCompile(`(?m)^#   `).ReplaceAllString(string(m), "")
}

// configures tells why a command would not be started with this configuration.
func configures(t *testing.T, args []string, settings string) error {
	t.Helper()
	cmd, err := withFlags(args)
	if err != nil {
		return err
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		return err
	}
	return fromFile(cmd, file)
}

// A balancer that hands bytes on hands on what clients say of themselves, too: hubs
// behind it must not believe an X-Forwarded-For.
func TestNobodyTrustsABalancerOfBytes(t *testing.T) {
	root := os.DirFS(filepath.Join(repository, "deploy", "cluster", "compose"))
	balancer, err := fs.ReadFile(root, "haproxy.cfg")
	if err != nil {
		t.Fatal(err)
	}
	compose, err := fs.ReadFile(root, "compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(balancer), "mode tcp") && strings.Contains(string(compose), "--trusted-proxy") {
		t.Error("got hubs that trust a proxy of mode tcp, want them not to")
	}
}
