package raw

// #include <clientcert.h>
import "C"

import "unsafe"

// Config is a clientcert_config.
type Config unsafe.Pointer

func configOf(config Config) *C.clientcert_config { return (*C.clientcert_config)(config) }

func ConfigNew() Config { return Config(C.clientcert_config_new()) }

func ConfigFree(config Config) { C.clientcert_config_free(configOf(config)) }

func ConfigSet(config Config, name, value string) *Failure {
	var err *C.clientcert_error
	status := C.clientcert_config_set(configOf(config), text(name), text(value), &err)
	return failure(status, err)
}

func ConfigSetBytes(config Config, name string, data []byte) *Failure {
	var err *C.clientcert_error
	bytes, length := octets(data)
	status := C.clientcert_config_set_bytes(configOf(config), text(name), bytes, length, &err)
	return failure(status, err)
}

func ConfigLoad(config Config, path string) *Failure {
	var err *C.clientcert_error
	status := C.clientcert_config_load(configOf(config), text(path), &err)
	return failure(status, err)
}

func ConfigDump(config Config) (string, bool) {
	var length C.size_t
	dump := C.clientcert_config_dump(configOf(config), &length)
	return copyText(dump, length)
}

func OptionCount() int { return int(C.clientcert_option_count()) }

func OptionName(index int) (string, bool) {
	return copyString(C.clientcert_option_name(C.size_t(index)))
}

func OptionType(index int) (string, bool) {
	return copyString(C.clientcert_option_type(C.size_t(index)))
}

func OptionDefault(index int) (string, bool) {
	return copyString(C.clientcert_option_default(C.size_t(index)))
}

func OptionHelp(index int) (string, bool) {
	return copyString(C.clientcert_option_help(C.size_t(index)))
}
