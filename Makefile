# The verbs of the project. `make demo` and `make test` start from a fresh clone.

CARGO ?= cargo
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share
# The Cargo profile that is installed: release, or dev for what is only tried out.
PROFILE ?= release
# What the installed library can do; with `postgres` too for registries in PostgreSQL.
LIBRARY_FEATURES ?= aws-lc-rs,sqlite

# aws-lc-sys builds its own copy of AWS-LC, whatever the machine has.
export AWS_LC_SYS_USE_SYSTEM := 0

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# The soname counts breaks of the ABI; the rest of the file's name is the crate's minor version and patch level.
SONAME := libclientcert.so.1
SHARED := $(SONAME).$(shell echo $(VERSION) | cut -d. -f2-)
BUILT := $(or $(CARGO_TARGET_DIR),target)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))

.PHONY: demo demo-nginx demo-apache demo-python demo-go test lint bench fuzz header docs stage install install-library install-tool clean

demo: ## a TLS server in C tells real clients apart
	scripts/demo

demo-nginx demo-apache: ## the same with a real nginx, a real Apache, and their modules
demo-python demo-go: ## a small site, whose users register their certificates
demo-nginx demo-apache demo-python demo-go:
	scripts/setup test
	$(MAKE) --no-print-directory stage
	scripts/$@

test: ## everything: lint, demo, fuzzing in brief, all tests
	scripts/test

lint: ## format, clippy, oldest supported Rust, licences and advisories, shell scripts
	scripts/lint

bench: ## ours beside plain webpki and OpenSSL; nginx with the module and without; Go and Python
	scripts/bench
	scripts/bench-bindings

fuzz: ## every fuzz target for a minute
	scripts/fuzz 60

header: ## write include/clientcert.h, the cdef and the list of symbols anew from src/ffi
	UPDATE_HEADER=1 $(CARGO) test --locked --test ffi fresh -- --test-threads=1

docs: ## docs/options.md, written anew from the table in the source, and the Rust documentation
	UPDATE_DOCS=1 $(CARGO) test --locked --test options
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --features rustls

stage: ## the library and the tool, unoptimised, where the bindings' tests look for them
	$(MAKE) --no-print-directory install PROFILE=dev DESTDIR= PREFIX=$(abspath $(or $(CARGO_TARGET_DIR),target)/stage)

install: install-library install-tool

install-library:
	$(CARGO) build --locked --profile $(PROFILE) --lib --no-default-features --features $(LIBRARY_FEATURES)
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)
	install -m 755 $(BUILT)/libclientcert.so $(DESTDIR)$(LIBDIR)/$(SHARED)
	ln -sf $(SHARED) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libclientcert.so
	install -m 644 $(BUILT)/libclientcert.a $(DESTDIR)$(LIBDIR)/libclientcert.a
	install -m 644 include/clientcert.h include/clientcert_openssl.h $(DESTDIR)$(INCLUDEDIR)
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
		-e 's|@VERSION@|$(VERSION)|' include/clientcert.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/clientcert.pc

install-tool:
	$(CARGO) build --locked --profile $(PROFILE) --bin clientcert
	install -d $(DESTDIR)$(BINDIR)
	install -m 755 $(BUILT)/clientcert $(DESTDIR)$(BINDIR)/clientcert
	$(BUILT)/clientcert generate man $(DESTDIR)$(MANDIR)
	$(BUILT)/clientcert generate completions $(DESTDIR)$(DATADIR)

clean:
	$(CARGO) clean
