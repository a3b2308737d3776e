package clientcert

import (
	"fmt"
	"sort"

	"clientcert.dev/go/internal/raw"
)

// Config is what a Verifier is made of: options by name, which are the same in every language and in files. See Options and
// docs/options.md for all of them. The fields are applied in the order in which they stand here; the last setting of an option
// counts, except that those of ca add up.
type Config struct {
	// File is a TOML file of options. A relative path in it is relative to its folder.
	File string
	// Options by name. The names and words of other systems are understood as well, such as those of crypto/tls.
	Options map[string]string
	// Settings are options in this order, for those that are set several times.
	Settings []Setting
	// Data is for options that take certificates or CRLs: PEM, or DER one after the other, by the name of the option.
	Data map[string][]byte
	// Mode says what happens in the handshake: off, optional, optional_no_ca, require, request_any, require_any, deferred.
	Mode string
	// CA names the CAs that issue for clients: a file or folder, or PEM.
	CA string
}

// Setting is an option and its value.
type Setting struct{ Name, Value string }

// Option is what the library says of one of its options.
type Option struct {
	Name    string
	Type    string // what it takes, in a few words
	Default string // as it would be set; empty where nothing is
	Help    string // what it does, on one line
}

// Options lists every option.
func Options() []Option {
	options := make([]Option, raw.OptionCount())
	for i := range options {
		options[i].Name, _ = raw.OptionName(i)
		options[i].Type, _ = raw.OptionType(i)
		options[i].Default, _ = raw.OptionDefault(i)
		options[i].Help, _ = raw.OptionHelp(i)
	}
	return options
}

// TOML gives all options as a file that File and Load read: those that differ from their defaults, and the others as
// comments.
func (c Config) TOML() (string, error) {
	config, err := c.build()
	if err != nil {
		return "", err
	}
	defer raw.ConfigFree(config)
	dump, ok := raw.ConfigDump(config)
	if !ok {
		return "", &Error{ErrInternal, "the options could not be written"}
	}
	return dump, nil
}

// build collects the options; the caller frees what it gives.
func (c Config) build() (raw.Config, error) {
	if raw.ABIVersion() < raw.HeaderABIVersion {
		return nil, &Error{ErrNotSupported, fmt.Sprintf("the library that was loaded is version %s, older than its header", Version())}
	}
	config := raw.ConfigNew()
	if err := c.apply(config); err != nil {
		raw.ConfigFree(config)
		return nil, err
	}
	return config, nil
}

func (c Config) apply(config raw.Config) error {
	if c.File != "" {
		if failure := raw.ConfigLoad(config, c.File); failure != nil {
			return failed(failure)
		}
	}
	settings := append(sorted(c.Options), c.Settings...)
	for _, setting := range settings {
		if failure := raw.ConfigSet(config, setting.Name, setting.Value); failure != nil {
			return failed(failure)
		}
	}
	for _, name := range names(c.Data) {
		if failure := raw.ConfigSetBytes(config, name, c.Data[name]); failure != nil {
			return failed(failure)
		}
	}
	for _, setting := range []Setting{{"mode", c.Mode}, {"ca", c.CA}} {
		if setting.Value == "" {
			continue
		}
		if failure := raw.ConfigSet(config, setting.Name, setting.Value); failure != nil {
			return failed(failure)
		}
	}
	return nil
}

// sorted has a map's options in an order that is always the same, in case two names are of one option.
func sorted(options map[string]string) []Setting {
	settings := make([]Setting, 0, len(options))
	for _, name := range names(options) {
		settings = append(settings, Setting{name, options[name]})
	}
	return settings
}

func names[Value any](values map[string]Value) []string {
	list := make([]string, 0, len(values))
	for name := range values {
		list = append(list, name)
	}
	sort.Strings(list)
	return list
}
