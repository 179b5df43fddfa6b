package app

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// referenceDir is where the pages are that this test writes.
const referenceDir = "../../docs/reference"

const generated = "<!-- Written by a test from the code: `make golden` writes it anew. -->\n\n"

// The pages about commands and settings are what the commands themselves say.
func TestGoldenReference(t *testing.T) {
	for _, page := range []struct {
		file string
		text string
	}{
		{"cli.md", cliPage()},
		{"configuration.md", configurationPage()},
	} {
		t.Run(page.file, func(t *testing.T) { checkPage(t, filepath.Join(referenceDir, page.file), []byte(page.text)) })
	}
}

// checkPage holds that a file is what the code says, or with -update writes it.
func checkPage(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err == nil && bytes.Equal(got, want) {
		return
	}
	if !*update {
		t.Fatalf("%s is not what the code says (%v): make golden, then read the diff", path, err)
	}
	if err := os.WriteFile(path, want, 0o644); err != nil {
		t.Fatal(err)
	}
}

// ourCommands are all commands of ours, parents before children.
func ourCommands() []*cobra.Command {
	var all []*cobra.Command
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		all = append(all, cmd)
		for _, child := range cmd.Commands() {
			walk(child)
		}
	}
	walk(newRoot())
	return all
}

func cliPage() string {
	var b strings.Builder
	b.WriteString("# Commands\n\n" + generated)
	b.WriteString(`Results go to the standard output, what people read beside them to the standard error. How a setting gets its value is in [configuration](configuration.md).

| Exit code | |
|---|---|
| 0 | it did what it is for; a server or a watcher that was told to end |
| 1 | it could not, or what it looked at is not well: a file that it was to read is missing or damaged, a check failed |
| 2 | usage: a command, a flag or an argument that it does not take |
| 3 | bad configuration: a setting that cannot be, in a flag, a variable or a file, or a file that a setting names and that cannot be used |
| 4 | it cannot connect, or was not let in |
| 130 | interrupted before it was done |

| Command | |
|---|---|
`)
	commands := ourCommands()
	for _, cmd := range commands[1:] {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", cmd.CommandPath(), anchorOf(cmd), cell(cmd.Short))
	}
	b.WriteString("\nEvery command takes these as well:\n\n")
	flagTable(&b, commands[0].PersistentFlags())
	for _, cmd := range commands[1:] {
		commandSection(&b, cmd)
	}
	return b.String()
}

func anchorOf(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

func commandSection(b *strings.Builder, cmd *cobra.Command) {
	fmt.Fprintf(b, "\n## %s\n\n```text\n%s\n```\n\n", cmd.CommandPath(), cmd.UseLine())
	fmt.Fprintf(b, "```text\n%s\n```\n", strings.TrimSpace(cmp.Or(cmd.Long, cmd.Short)))
	if cmd.Example != "" {
		fmt.Fprintf(b, "\nExamples:\n\n```text\n%s\n```\n", unindent(cmd.Example))
	}
	if flags := cmd.NonInheritedFlags(); flags.HasAvailableFlags() {
		b.WriteString("\n")
		flagTable(b, flags)
	}
}

func unindent(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "  ")
	}
	return strings.Join(lines, "\n")
}

func flagTable(b *strings.Builder, flags *pflag.FlagSet) {
	b.WriteString("| Flag | Default | |\n|---|---|---|\n")
	for _, f := range flagsOf(flags) {
		name, usage := pflag.UnquoteUsage(f)
		if name != "" {
			name = " " + name
		}
		fmt.Fprintf(b, "| `--%s%s` | %s | %s |\n", f.Name, name, code(defaultOf(f)), cell(usage))
	}
}

// flagsOf are the flags of a command that people see, by name.
func flagsOf(flags *pflag.FlagSet) []*pflag.Flag {
	var seen []*pflag.Flag
	flags.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" && f.Name != "version" {
			seen = append(seen, f)
		}
	})
	return seen
}

// defaultOf is what a flag is without anybody's word; "" for nothing.
func defaultOf(f *pflag.Flag) string {
	if f.DefValue == "[]" || f.DefValue == "0" && f.Value.Type() == "duration" {
		return ""
	}
	return f.DefValue
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

// cell keeps a text within a cell of a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "{", "&#123;").Replace(s)
}

const configurationHead = `Every setting has one value, from the first of these that has one:

1. the flag on the command line,
2. a variable of the environment that is set and not empty (of several the first in its row below),
3. the file that ` + "`--config FILE`" + ` or ` + "`QUASAR_CONFIG`" + ` names: the command's section, then ` + "`global`" + `,
4. the default.

The file is YAML. A section bears the name of a command, its keys are flags without the hyphens, and a flag that takes several values
takes a list. A section or a key that names nothing is an error (exit code 3), in the sections of other commands too: a limit that somebody
misspelt is a limit that is not there.

` + "```yaml" + `
global:
  log-format: json
hub:
  listen: 127.0.0.1:7860
  stale-after: 10s
  allow-origin: [https://example.org]
token new:
  file: quasar-tokens.jsonl
` + "```" + `

A token is better in a variable or a file than in a flag, which others on the machine can see in the list of processes.
`

func configurationPage() string {
	var b strings.Builder
	b.WriteString("# Configuration\n\n" + generated + configurationHead)
	b.WriteString("\n## Settings that only the file has\n\nWhat these allow is too dangerous for a slip of the hand.\n\n| Section | Key | Default | |\n|---|---|---|---|\n")
	for _, cmd := range ourCommands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if _, ok := f.Annotations[fileEnv]; ok {
				fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", sectionOf(cmd), f.Name, code(defaultOf(f)), cell(f.Usage))
			}
		})
	}
	b.WriteString("\n## Variables that are no flags\n\n| Variable | Read by | |\n|---|---|---|\n")
	for _, v := range plainVariables {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.name, v.who, v.what)
	}
	b.WriteString("\n## Variables and keys of all flags\n\nWhat each is for stands with its [command](cli.md).\n\n| Flag | Variables | Commands, which are the sections of the file |\n|---|---|---|\n")
	settings := settingsByFlag()
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		s := settings[name]
		fmt.Fprintf(&b, "| `--%s` | %s | %s |\n", name, s.environment(), codes(s.sections))
	}
	return b.String()
}

// setting is a flag wherever it is: the variables that set it, the most our own
// first, each with the commands that read it, and all commands that have it.
type setting struct {
	names     []string
	variables map[string][]string
	sections  []string
}

// environment are the variables, and for whom if that is not everybody.
func (s *setting) environment() string {
	all := make([]string, len(s.names))
	for i, name := range s.names {
		all[i] = code(name)
		if sections := s.variables[name]; len(sections) < len(s.sections) {
			all[i] += " (" + strings.Join(sections, ", ") + ")"
		}
	}
	return strings.Join(all, ", ")
}

func settingsByFlag() map[string]*setting {
	settings := make(map[string]*setting)
	for i, cmd := range ourCommands() {
		flags, section := cmd.NonInheritedFlags(), sectionOf(cmd)
		if i == 0 {
			flags, section = cmd.PersistentFlags(), "global"
		}
		for _, f := range flagsOf(flags) {
			s := settings[f.Name]
			if s == nil {
				s = &setting{variables: make(map[string][]string)}
				settings[f.Name] = s
			}
			for _, v := range variables(f) {
				if s.variables[v] == nil {
					s.names = append(s.names, v)
				}
				s.variables[v] = append(s.variables[v], section)
			}
			s.sections = append(s.sections, section)
		}
	}
	return settings
}

func codes(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = code(w)
	}
	return strings.Join(quoted, ", ")
}

// plainVariables are the variables of the environment that set no flag.
var plainVariables = []struct{ name, who, what string }{
	{"QUASAR_TOKEN", "every client of ours, in Python too", "the token that lets it in at the hub"},
	{"QUASAR_HUB_SPACE", "`log_metrics_reader.py`", "the Hugging Face Space of the hub, `owner/name`"},
	{"QUASAR_ADMIN_TOKEN", "`quasar rank`", "what whoever halts, resumes or flattens over HTTP has to show; 16 characters or more"},
	{"QUASAR_WEBHOOK", "`quasar rank`", "an address that is told of halts and of what needs a person"},
	{"QUASAR_TELEGRAM_TOKEN", "`quasar rank`", "the token of a Telegram bot that is told the same; who it tells is `--telegram-chat`"},
	{"QUASAR_TELEGRAM_URL", "`quasar rank`", "where Telegram is, if not at its usual address"},
	{"QUASAR_DERIV_URL", "what talks to Deriv", "the venue, or a simulator: `http://127.0.0.1:7870`"},
	{"DERIV_API_KEY", "what trades on Deriv", "a personal access token"},
	{"DERIV_APP_ID", "what trades on Deriv", "the id of the application that the token is used by"},
	{"DERIV_ACCOUNT", "what trades on Deriv", "the id of the account; the first active one of the kind without it"},
	{"SPACE_ID", "`quasar hub`, `quasar rank`, `quasar space`, `log_metrics_reader.py`", "set by Hugging Face: the page may be shown in its frame, live trading wants a volume, and names are taken from it"},
	{"SSL_CERT_FILE", "Go programs on Linux and the Python publisher", "who vouches for certificates"},
	{"HTTPS_PROXY", "the clients", "with `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`: the proxy to go through"},
	{"COLUMNS", "`quasar report`", "how wide the terminal is"},
}

// envNames finds the names of variables in source code.
var envNames = regexp.MustCompile("\"((?:QUASAR|DERIV)_[A-Z_]+)\"")

// Whatever variable the code reads is on the page.
func TestTheConfigurationPageHasEveryVariable(t *testing.T) {
	page := configurationPage()
	for _, dir := range []string{"../../deriv", "../dial", ".", "../venue", "../../python", "../../trade", "../../hub", "../../ranker", "../../axrvi", "../../publisher", "../../subscriber", "../../space"} {
		for _, pattern := range []string{"*.go", "*.py"} {
			files, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				if strings.HasSuffix(file, "_test.go") {
					continue
				}
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				for _, found := range envNames.FindAllSubmatch(text, -1) {
					if !strings.Contains(page, "`"+string(found[1])+"`") {
						t.Errorf("%s reads %s, which is not on the page", file, found[1])
					}
				}
			}
		}
	}
}

// What the help shows as an example is a command that there is, with flags that it
// has and values that they take.
func TestTheExamplesOfTheHelpAreCommands(t *testing.T) {
	for _, cmd := range ourCommands() {
		for line := range strings.Lines(cmd.Example) {
			args := exampleArgs(line)
			if args == nil {
				continue
			}
			t.Run(strings.TrimSpace(line), func(t *testing.T) {
				if err := takes(args); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// takes tells what is wrong with the arguments of a command; it runs nothing.
func takes(args []string) error {
	cmd, rest, err := newRoot().Find(args)
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err == nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	return err
}

// exampleArgs are the arguments of a line's command of ours, up to where a shell takes
// over; nil for none.
func exampleArgs(line string) []string {
	words := shellWords(line)
	start := slices.Index(words, "quasar")
	if start < 0 {
		return nil
	}
	args := []string{}
	for _, w := range words[start+1:] {
		if strings.ContainsAny(w[:1], "|<>&;#") {
			break
		}
		args = append(args, strings.Trim(w, "[]"))
	}
	return args
}

// shellWords splits a line as a shell does, as far as quotes go.
func shellWords(line string) (words []string) {
	var word strings.Builder
	quote := rune(0)
	for _, r := range strings.TrimSpace(line) + " " {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case quote == 0 && r == ' ':
			if word.Len() > 0 {
				words = append(words, word.String())
			}
			word.Reset()
		default:
			word.WriteRune(r)
		}
	}
	return words
}

// The file that the page shows is one that commands take.
func TestTheExampleOfAFileIsOne(t *testing.T) {
	_, after, found := strings.Cut(configurationHead, "```yaml\n")
	text, _, ended := strings.Cut(after, "```")
	if !found || !ended {
		t.Fatal("the page has no example of a file")
	}
	var sections map[string]map[string]yaml.Node
	if err := yaml.Unmarshal([]byte(text), &sections); err != nil {
		t.Fatal(err)
	}
	if err := checkSections(newRoot(), sections); err != nil || len(sections) < 3 {
		t.Errorf("got %v of %d sections, want none of 3 or more", err, len(sections))
	}
}
