# SPDX-License-Identifier: MIT
#
# make            build/swk-apply and build/swk
# make demo       see it at work: a Consul agent, nginx, and three backends on loopback
# make check      install what the tests need, build, and run them all
# make soak       the tests that take long: storms, traffic, faults at random
# make bench      what it costs, beside its peers: tables and plots in build/bench
# make lint       compilers' and checkers' warnings, and the layers
# make sanitize   the unit and property tests and the cases with ASan and UBSan
# make valgrind   every CASES_EVERY=4th of the cases under valgrind
# make fuzz       let fuzzers look at whatever is read, each for FUZZ_SECONDS=60
# make bench-check  whether a fixed case takes more instructions than recorded
# make install    PREFIX=/usr/local, DESTDIR= and the GNU directory variables
#
# V=1 shows the commands. SWK_CONSUL and SWK_TENGINE name binaries to test with.

VERSION = 0.1.0

CC ?= cc
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
sbindir ?= $(PREFIX)/sbin
mandir ?= $(PREFIX)/share/man
docdir ?= $(PREFIX)/share/doc/swallowkeeper
bashcompdir ?= $(PREFIX)/share/bash-completion/completions
zshcompdir ?= $(PREFIX)/share/zsh/site-functions
BUILD ?= build

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wformat=2 -Wvla
# What the compiler has of it.
try = $(shell $(CC) $(1) -O2 -Werror -include string.h -x c -c -o /dev/null /dev/null \
	2>/dev/null && echo '$(1)')
FORTIFY := $(or $(call try,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3),-U_FORTIFY_SOURCE \
	-D_FORTIFY_SOURCE=2)
HARDENING := -fstack-protector-strong -fPIE $(FORTIFY) $(call try,-fstack-clash-protection) \
	$(call try,-fcf-protection)
# libcurl is not linked but loaded, by this name, when it is first needed.
LIBCURL := $(or $(shell readelf -d "$$($(CC) -print-file-name=libcurl.so)" 2>/dev/null | \
	sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p'),libcurl.so.4)
SWK_CPPFLAGS = -D_GNU_SOURCE -Isrc -DSWK_VERSION='"$(VERSION)"' -DSWK_LIBCURL='"$(LIBCURL)"' \
	$(CPPFLAGS)
SWK_CFLAGS = -std=c11 $(WARNINGS) $(HARDENING) $(CFLAGS) \
	$(shell $(PKG_CONFIG) --cflags jansson libcurl)
SWK_LDFLAGS = -pie -Wl,-z,relro,-z,now $(LDFLAGS)
LIBS = $(shell $(PKG_CONFIG) --libs jansson) -ldl $(LDLIBS)

Q = $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)" $(2);)

SOURCES = $(wildcard src/*.c)
COMMANDS = swk-apply swk
OBJECTS = $(SOURCES:%.c=$(BUILD)/%.o)
objects_of = $(patsubst %.c,$(BUILD)/%.o,$(wildcard cmd/$(1)/*.c))
COMMAND_OBJECTS = $(foreach command,$(COMMANDS),$(call objects_of,$(command)))
UNIT_TESTS = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
PROPERTY_OBJECTS = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/property/*.c)) \
	$(BUILD)/tests/fuzz/chain.o

# Peers, and what makes documents and flips checks.
BENCH = $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c))

FUZZERS = $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 60
# Each takes a second so; all of them are run with sanitizers.
CASES_EVERY ?= 4
FUZZ_CC ?= clang
FUZZ_FLAGS = -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all
# As everything else, but for what can't be had together with sanitizers: _FORTIFY_SOURCE.
SANITIZE_FLAGS = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all
UNFORTIFIED = -fstack-protector-strong -fPIE -U_FORTIFY_SOURCE

all: $(COMMANDS:%=$(BUILD)/%)

$(BUILD)/swk-apply: $(call objects_of,swk-apply)
$(BUILD)/swk: $(call objects_of,swk)
$(COMMANDS:%=$(BUILD)/%): $(OBJECTS)
	$(call say,LD,$@)$(CC) $(SWK_CFLAGS) $(SWK_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/%.o: %.c | tools
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(SWK_CPPFLAGS) $(SWK_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/unit/%: tests/unit/%.c $(OBJECTS)
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(SWK_CPPFLAGS) -Itests/unit $(SWK_CFLAGS) $(SWK_LDFLAGS) -MMD -MP \
		-o $@ $< $(OBJECTS) $(LIBS) -lcmocka

unit: $(UNIT_TESTS) $(BUILD)/property

$(BUILD)/tests/property/%.o: SWK_CPPFLAGS += -Itests/fuzz

$(BUILD)/property: $(PROPERTY_OBJECTS) $(OBJECTS)
	$(call say,LD,$@)$(CC) $(SWK_CFLAGS) $(SWK_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/fuzz_%: tests/fuzz/fuzz_%.c $(OBJECTS)
	$(call say,CC,$@)$(CC) $(SWK_CPPFLAGS) -Itests/fuzz $(SWK_CFLAGS) -fsanitize=fuzzer \
		$(SWK_LDFLAGS) -MMD -MP -MT $@ -MF $@.d -o $@ $(filter %.c %.o,$^) $(LIBS)

$(BUILD)/fuzz_chain: $(BUILD)/tests/fuzz/chain.o

# The whole run: with a target to speak to, and a clock that needs no waiting.
$(BUILD)/fuzz_run: $(BUILD)/tests/fuzz/responder.o
$(BUILD)/fuzz_run: LIBS += $(shell $(PKG_CONFIG) --libs libcurl)
$(BUILD)/fuzz_run: SWK_LDFLAGS += -pthread -Wl,--wrap=nanosleep,--wrap=clock_gettime,--wrap=fsync

# The property tests make seeds.
fuzzers: $(FUZZERS) $(BUILD)/property

peers: $(BENCH)

$(BUILD)/bench/%: tests/bench/%.c | tools
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(SWK_CPPFLAGS) $(SWK_CFLAGS) $(SWK_LDFLAGS) -MMD -MP -o $@ $< \
		-Wl,--as-needed $(LIBS) $(shell $(PKG_CONFIG) --libs libcurl)

# The build needs jansson and libcurl; the targets below install them, a bare `make` only says so.
tools:
	@$(PKG_CONFIG) --exists jansson 'libcurl >= 7.85' || { \
		echo "jansson and libcurl (7.85 or newer) are needed, and pkg-config to find them:" >&2; \
		echo "apt-get install libjansson-dev libcurl4-openssl-dev pkg-config" >&2; exit 1; }

demo:
	$(Q)tests/setup demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/demo/demo

check:
	$(Q)tests/setup test
	$(Q)$(MAKE) --no-print-directory all unit peers
	$(Q)tests/run

soak:
	$(Q)tests/setup test
	$(Q)$(MAKE) --no-print-directory all unit
	$(Q)SWK_SEED=chance tests/property/run 3000
	$(Q)ROBUST_ALL=1 tests/run robust soak

bench:
	$(Q)tests/setup bench
	$(Q)$(MAKE) --no-print-directory all peers
	$(Q)tests/bench/run

lint:
	$(Q)tests/setup lint
	$(Q)tests/lint/lint

fuzz:
	$(Q)tests/setup fuzz
	$(Q)$(MAKE) --no-print-directory BUILD=build/fuzz CC=$(FUZZ_CC) HARDENING='$(UNFORTIFIED)' \
		CFLAGS='$(FUZZ_FLAGS)' fuzzers
	$(Q)FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run

sanitize:
	$(Q)tests/setup test
	$(Q)$(MAKE) --no-print-directory BUILD=build/sanitize HARDENING='$(UNFORTIFIED)' \
		CFLAGS='$(SANITIZE_FLAGS)' all unit
	$(Q)BUILD=build/sanitize SWK_APPLY='$(CURDIR)/build/sanitize/swk-apply' tests/run unit property cases

valgrind:
	$(Q)tests/setup test
	$(Q)$(MAKE) --no-print-directory all
	$(Q)CASES_EVERY=$(CASES_EVERY) SWK_APPLY='$(CURDIR)/tests/fuzz/under-valgrind' \
		SWK_SWK='$(CURDIR)/tests/fuzz/under-valgrind-swk' tests/run cases

# Not a part of check: the counts depend on the compiler, libc and jansson that the record was made with.
bench-check:
	$(Q)tests/setup test
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/bench/instructions

install: all
	install -d $(DESTDIR)$(sbindir) $(DESTDIR)$(mandir)/man5 $(DESTDIR)$(mandir)/man7 \
		$(DESTDIR)$(mandir)/man8 \
		$(DESTDIR)$(docdir)/consul.d \
		$(DESTDIR)$(docdir)/contrib/systemd $(DESTDIR)$(docdir)/contrib/cron
	install -m 755 $(BUILD)/swk-apply $(BUILD)/swk $(DESTDIR)$(sbindir)
	install -m 644 man/swk-apply.8 man/swk.8 $(DESTDIR)$(mandir)/man8
	install -m 644 man/swk.json.5 $(DESTDIR)$(mandir)/man5
	install -m 644 man/swk-messages.7 $(DESTDIR)$(mandir)/man7
	install -m 644 README.md NEWS.md SECURITY.md LICENSE $(DESTDIR)$(docdir)
	install -m 644 consul.d/* $(DESTDIR)$(docdir)/consul.d
	install -m 644 contrib/swk.json $(DESTDIR)$(docdir)/contrib
	install -m 644 contrib/systemd/* $(DESTDIR)$(docdir)/contrib/systemd
	install -m 644 contrib/cron/* $(DESTDIR)$(docdir)/contrib/cron
	install -D -m 644 contrib/completion/_swk $(DESTDIR)$(zshcompdir)/_swk
	install -D -m 644 contrib/completion/swk.bash $(DESTDIR)$(bashcompdir)/swk
	ln -sf swk $(DESTDIR)$(bashcompdir)/swk-apply

uninstall:
	rm -f $(DESTDIR)$(sbindir)/swk-apply $(DESTDIR)$(sbindir)/swk
	rm -f $(DESTDIR)$(mandir)/man8/swk-apply.8 $(DESTDIR)$(mandir)/man8/swk.8
	rm -f $(DESTDIR)$(mandir)/man5/swk.json.5 $(DESTDIR)$(mandir)/man7/swk-messages.7
	rm -f $(DESTDIR)$(zshcompdir)/_swk $(DESTDIR)$(bashcompdir)/swk $(DESTDIR)$(bashcompdir)/swk-apply
	rm -rf $(DESTDIR)$(docdir)

# What was fetched for the tests stays: see distclean.
clean:
	rm -rf $(BUILD)/src $(BUILD)/cmd $(BUILD)/unit $(BUILD)/tests $(BUILD)/property \
		$(BUILD)/bench $(BUILD)/swk-apply $(BUILD)/swk $(BUILD)/fuzz $(BUILD)/sanitize

distclean:
	rm -rf $(BUILD)

.PHONY: all unit fuzzers peers tools demo check soak bench bench-check lint fuzz sanitize valgrind install uninstall \
	clean distclean

-include $(OBJECTS:.o=.d) $(COMMAND_OBJECTS:.o=.d) $(UNIT_TESTS:=.d) $(FUZZERS:=.d) \
	$(PROPERTY_OBJECTS:.o=.d) $(BENCH:=.d)
