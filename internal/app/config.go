package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// seedEnv is the flag annotation with the variables that the original programs
// read; they count like our own.
const seedEnv = "quasar_seed_env"

// portEnv changes the port of an address and leaves its host alone.
const portEnv = "PORT"

func addGlobalFlags(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.String("config", "", "a YAML file: a section for each command, in it its flags")
	flags.String("log-level", "info", "debug, info, warn or error")
	flags.String("log-format", "text", "text or json")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return configure(cmd, os.LookupEnv) }
}

// configure gives every flag that was not given on the command line its value
// from the environment, or else from the configuration file.
func configure(cmd *cobra.Command, env func(string) (string, bool)) error {
	if err := checkGiven(cmd); err != nil {
		return err
	}
	if err := fromEnvironment(cmd, env); err != nil {
		return misconfigured(err)
	}
	path, err := cmd.Flags().GetString("config")
	if err != nil || path == "" {
		return err
	}
	if err := fromFile(cmd, path); err != nil {
		var missing *fs.PathError // names the file by itself
		if errors.As(err, &missing) {
			return misconfigured(fmt.Errorf("config: %w", err))
		}
		return misconfigured(fmt.Errorf("%s: %w", path, err))
	}
	return nil
}

// fileEnv is the flag annotation of what only the configuration file may say.
const fileEnv = "quasar_file_only"

// onlyInFile takes a flag from the command line and from the environment: what it
// allows is too dangerous for a slip of the hand.
func onlyInFile(cmd *cobra.Command, flag string) {
	f := cmd.Flags().Lookup(flag)
	f.Annotations, f.Hidden = map[string][]string{fileEnv: {}}, true
}

// checkGiven refuses what the command line must not say.
func checkGiven(cmd *cobra.Command) (err error) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if _, ok := f.Annotations[fileEnv]; ok && f.Changed {
			err = usage("--%s: got it on the command line, want it in the configuration file, where a person has to write it", f.Name)
		}
	})
	return err
}

func fromEnvironment(cmd *cobra.Command, env func(string) (string, bool)) error {
	return eachUnset(cmd, func(f *pflag.Flag) error {
		for _, name := range variables(f) {
			value, ok := env(name)
			if !ok || value == "" {
				continue
			}
			if name == portEnv {
				var err error
				if value, err = withPort(f.DefValue, value); err != nil {
					return err
				}
			}
			if err := cmd.Flags().Set(f.Name, value); err != nil {
				return fmt.Errorf("%s: %w", name, flagReason(err))
			}
			return nil
		}
		return nil
	})
}

// variables are the names under which the environment may set a flag, the first
// that is set counts.
func variables(f *pflag.Flag) []string {
	if _, ok := f.Annotations[fileEnv]; ok {
		return nil
	}
	own := "QUASAR_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
	return slices.Compact(append([]string{own}, f.Annotations[seedEnv]...))
}

// eachUnset sets what nothing above it has set. A secret and the file that holds it are
// two ways to say one thing: what says either above says both.
func eachUnset(cmd *cobra.Command, set func(*pflag.Flag) error) error {
	thing := func(f *pflag.Flag) string { return strings.TrimSuffix(f.Name, "-file") }
	said := make(map[string]bool)
	cmd.Flags().Visit(func(f *pflag.Flag) { said[thing(f)] = true })
	var errs []error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !said[thing(f)] && f.Name != "help" && f.Name != "version" {
			errs = append(errs, set(f))
		}
	})
	return errors.Join(errs...)
}

// fromFile reads the sections of the file. A key that names nothing is an error:
// a limit that somebody misspelt is a limit that is not there.
func fromFile(cmd *cobra.Command, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var sections map[string]map[string]yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&sections); err != nil && !errors.Is(err, io.EOF) {
		return yamlReason(err)
	}
	if err := checkSections(cmd.Root(), sections); err != nil {
		return err
	}
	for _, section := range []string{sectionOf(cmd), "global"} {
		err := eachUnset(cmd, func(f *pflag.Flag) error {
			node, ok := sections[section][f.Name]
			if !ok {
				return nil
			}
			return setFromYAML(cmd, f, section, &node)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// yamlReason says what is wrong with the file: where it has not the shape that it has
// to have, without the words of the parser and without the value, which may be a token.
func yamlReason(err error) error {
	var wrong *yaml.TypeError
	if !errors.As(err, &wrong) {
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var reasons []string
	for _, reason := range wrong.Errors {
		if line, _, ok := strings.Cut(reason, ": cannot unmarshal "); ok {
			reason = line + `: got something else, want sections, each with its settings indented below it, as in "hub:" and "  listen: 127.0.0.1:7860"`
		}
		reasons = append(reasons, reason)
	}
	return errors.New(strings.Join(reasons, "; "))
}

// sectionOf is the words of a command: "token new".
func sectionOf(cmd *cobra.Command) string {
	return strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
}

func checkSections(root *cobra.Command, sections map[string]map[string]yaml.Node) error {
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		flags := root.PersistentFlags()
		if name != "global" {
			cmd, _, err := root.Find(strings.Fields(name))
			if err != nil || cmd == root || sectionOf(cmd) != name {
				return fmt.Errorf("got the section %q, want global or the name of a command", name)
			}
			flags = cmd.Flags()
		}
		for _, key := range slices.Sorted(maps.Keys(sections[name])) {
			if flags.Lookup(key) == nil {
				return fmt.Errorf("%s.%s: no such setting; want one of the flags in 'quasar help %s', without the hyphens before it", name, key, name)
			}
		}
	}
	return nil
}

func setFromYAML(cmd *cobra.Command, f *pflag.Flag, section string, node *yaml.Node) error {
	values := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		values = node.Content
	}
	for _, v := range values {
		if v.Kind != yaml.ScalarNode {
			return fmt.Errorf("%s.%s: line %d: want a value or a list of values", section, f.Name, v.Line)
		}
		if err := cmd.Flags().Set(f.Name, v.Value); err != nil {
			return fmt.Errorf("%s.%s: line %d: %w", section, f.Name, v.Line, flagReason(err))
		}
	}
	return nil
}

// alsoEnv lets variables of the original programs set a flag.
func alsoEnv(cmd *cobra.Command, flag string, names ...string) {
	f := cmd.Flags().Lookup(flag)
	if f.Annotations == nil {
		f.Annotations = make(map[string][]string)
	}
	f.Annotations[seedEnv] = append(f.Annotations[seedEnv], names...)
	f.Usage += " (environment: " + strings.Join(variables(f), ", ") + ")"
}
