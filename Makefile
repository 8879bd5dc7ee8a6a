# SPDX-License-Identifier: MIT
#
# make            build/swk-apply and build/swk
# make demo       show the program at work: a Consul agent, nginx and three backends on loopback; TARGET=file or
#                 TARGET=haproxy for another proxy than nginx with dyups
# make quick      run the unit tests and a tenth of the cases
# make unit       build and run the unit and property tests
# make test T=policy/guard   build and run one unit test: tests/unit/policy/test_guard.c
# make case C=colours        build, and run one case: tests/cases/colours
# make check      install what the tests need, build, and run all tests but the long ones
# make soak       run the long tests: storms of events, traffic, random faults, an hour of a fleet
# make bench      measure what a run costs, beside its peers: tables and plots in build/bench
# make lint       run the compilers with warnings as errors, the static checkers, and the layers
# make sanitize   run the unit and property tests and the cases with ASan and UBSan
# make valgrind   run one case in CASES_EVERY=16 under valgrind
# make fuzz       fuzz each parser, and a whole run, for FUZZ_SECONDS=60 each
# make compile_commands.json   write how each file is compiled, for editors and checkers
# make bench-check  check that a fixed case takes no more instructions than recorded
# make install    install; PREFIX=/usr/local, DESTDIR= and the GNU directory variables
# make install-strip   install without symbols
# make uninstall  remove everything that make install installed
# make dist       build/swallowkeeper-VERSION.tar.gz, of the current commit
# make deb        build/swallowkeeper_VERSION-1_ARCHITECTURE.deb, of the current commit
#
# V=1 shows the commands. SWK_CONSUL and SWK_TENGINE name binaries to test with.

VERSION = 0.1.0

CC ?= cc
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
BUILD ?= build

# Where files are installed: names and defaults of the GNU Coding Standards, except for sysconfdir, which is
# the one of Consul and nginx. It is compiled in, so `make` and `make install` need the same value.
PREFIX ?= /usr/local
prefix = $(PREFIX)
exec_prefix = $(prefix)
sbindir = $(exec_prefix)/sbin
sysconfdir = /etc
datarootdir = $(prefix)/share
datadir = $(datarootdir)
mandir = $(datarootdir)/man
docdir = $(datarootdir)/doc/swallowkeeper
# Where systemd and the shells search. systemd searches /usr and /usr/local, and has no libdir.
systemdsystemunitdir = $(prefix)/lib/systemd/system
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
INSTALL = install
INSTALL_PROGRAM = $(INSTALL)
INSTALL_DATA = $(INSTALL) -m 644

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wformat=2 -Wvla
# The given flags if the compiler accepts them, else nothing.
try = $(shell $(CC) $(1) -O2 -Werror -include string.h -x c -c -o /dev/null /dev/null \
	2>/dev/null && echo '$(1)')
FORTIFY := $(or $(call try,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3),-U_FORTIFY_SOURCE \
	-D_FORTIFY_SOURCE=2)
HARDENING := -fstack-protector-strong -fPIE $(FORTIFY) $(call try,-fstack-clash-protection) \
	$(call try,-fcf-protection)
# The programs are not linked with libcurl: they load it by this name when it is first needed.
LIBCURL := $(or $(shell readelf -d "$$($(CC) -print-file-name=libcurl.so 2>/dev/null)" 2>/dev/null | \
	sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p'),libcurl.so.4)
SWK_CPPFLAGS = -D_GNU_SOURCE -Isrc -DSWK_VERSION='"$(VERSION)"' -DSWK_LIBCURL='"$(LIBCURL)"' \
	-DSWK_SYSCONFDIR='"$(sysconfdir)"' $(CPPFLAGS)
SWK_CFLAGS = -std=c11 $(WARNINGS) $(HARDENING) $(CFLAGS) \
	$(shell $(PKG_CONFIG) --cflags jansson libcurl)
SWK_LDFLAGS = -pie -Wl,-z,relro,-z,now $(LDFLAGS)
LIBS = $(shell $(PKG_CONFIG) --libs jansson) -ldl -pthread $(LDLIBS)

# A make inside this one uses all processors, unless a -j is already in effect.
PARALLEL = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
SUBMAKE = $(MAKE) --no-print-directory $(PARALLEL)

Q = $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)" $(2);)

SOURCES = $(wildcard src/*/*.c src/*/*/*.c)
LIBRARY = $(BUILD)/libswk.a
COMMANDS = swk-apply swk
OBJECTS = $(SOURCES:%.c=$(BUILD)/%.o)
objects_of = $(patsubst %.c,$(BUILD)/%.o,$(wildcard cmd/$(1)/*.c cmd/shared/*.c))
COMMAND_OBJECTS = $(foreach command,$(COMMANDS),$(call objects_of,$(command)))
# tests/unit/policy/test_guard.c tests src/policy/guard.c, and becomes $(BUILD)/unit/policy/test_guard.
UNIT_TESTS = $(patsubst tests/%.c,$(BUILD)/%,$(wildcard tests/unit/*/test_*.c tests/unit/*/*/test_*.c))
PROPERTY_OBJECTS = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/property/*.c)) \
	$(BUILD)/tests/fuzz/chain.o

# The peers, and the programs that make documents and flip checks.
BENCH = $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c))

FUZZERS = $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 60
# Under valgrind a case takes a second. The sanitizers run all of them.
CASES_EVERY ?= 16
FUZZ_CC ?= clang
FUZZ_FLAGS = -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all
# The usual flags except for _FORTIFY_SOURCE, which does not work with sanitizers.
SANITIZE_FLAGS = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all
UNFORTIFIED = -fstack-protector-strong -fPIE -U_FORTIFY_SOURCE

all: $(COMMANDS:%=$(BUILD)/%)

$(BUILD)/swk-apply: $(call objects_of,swk-apply)
$(BUILD)/swk: $(call objects_of,swk)
$(COMMANDS:%=$(BUILD)/%): $(LIBRARY)
	$(call say,LD,$@)$(CC) $(SWK_CFLAGS) $(SWK_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBRARY) $(LIBS)

# The programs, the unit tests and the fuzzers all link this.
$(LIBRARY): $(OBJECTS)
	$(Q)rm -f $@
	$(call say,AR,$@)$(AR) rcs $@ $^

$(BUILD)/%.o: %.c | tools
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(SWK_CPPFLAGS) $(SWK_CFLAGS) -MMD -MP -c -o $@ $<

# A row of a table may leave out members that are zero.
$(BUILD)/unit/%: tests/unit/%.c $(LIBRARY)
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(SWK_CPPFLAGS) -Itests/unit $(SWK_CFLAGS) -Wno-missing-field-initializers \
		$(SWK_LDFLAGS) -MMD -MP \
		-o $@ $< $(LIBRARY) $(LIBS) -lcmocka

# The programs that the tests run.
test-programs: $(UNIT_TESTS) $(BUILD)/property $(BUILD)/seal $(BUILD)/journal

$(BUILD)/seal $(BUILD)/journal: $(BUILD)/%: tests/cases/%.c $(LIBRARY)
	$(call say,CC,$@)$(CC) $(SWK_CPPFLAGS) $(SWK_CFLAGS) $(SWK_LDFLAGS) -MMD -MP -MT $@ -MF $@.d \
		-o $@ $< $(LIBRARY) $(LIBS)

$(BUILD)/tests/property/%.o: SWK_CPPFLAGS += -Itests/fuzz

$(BUILD)/property: $(PROPERTY_OBJECTS) $(LIBRARY)
	$(call say,LD,$@)$(CC) $(SWK_CFLAGS) $(SWK_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBRARY) $(LIBS)

$(BUILD)/fuzz_%: tests/fuzz/fuzz_%.c $(LIBRARY)
	$(call say,CC,$@)$(CC) $(SWK_CPPFLAGS) -Itests/fuzz $(SWK_CFLAGS) -fsanitize=fuzzer \
		$(SWK_LDFLAGS) -MMD -MP -MT $@ -MF $@.d -o $@ $(filter %.c %.o,$^) $(LIBRARY) $(LIBS)

$(BUILD)/fuzz_chain: $(BUILD)/tests/fuzz/chain.o

# The fuzzer of a whole run has a target that answers, and a clock that never waits.
$(BUILD)/fuzz_run: $(BUILD)/tests/fuzz/responder.o
$(BUILD)/fuzz_run: LIBS += $(shell $(PKG_CONFIG) --libs libcurl)
$(BUILD)/fuzz_run: SWK_LDFLAGS += -pthread -Wl,--wrap=nanosleep,--wrap=clock_gettime,--wrap=time,--wrap=fsync

# The property tests make the fuzzers' seeds.
fuzzers: $(FUZZERS) $(BUILD)/property

peers: $(BENCH)

$(BUILD)/bench/%: tests/bench/%.c | tools
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(SWK_CPPFLAGS) $(SWK_CFLAGS) $(SWK_LDFLAGS) -MMD -MP -o $@ $< \
		-Wl,--as-needed $(LIBS) $(shell $(PKG_CONFIG) --libs libcurl)

# The build needs jansson and libcurl. The targets below install them; a bare `make` only says that they are missing.
tools:
	@$(PKG_CONFIG) --exists jansson 'libcurl >= 7.85' || { \
		echo "the build needs jansson, libcurl 7.85 or newer, and pkg-config:" >&2; \
		echo "apt-get install libjansson-dev libcurl4-openssl-dev pkg-config" >&2; exit 1; }

demo:
	$(Q)tests/setup demo
	$(Q)$(SUBMAKE) all
	$(Q)tests/demo/demo $(TARGET)

unit:
	$(Q)tests/setup test
	$(Q)$(SUBMAKE) test-programs
	$(Q)tests/run unit property

quick:
	$(Q)tests/setup test
	$(Q)$(SUBMAKE) all test-programs
	$(Q)CASES_EVERY=10 tests/run unit cases

test:
	$(Q)[ -f "tests/unit/$(dir $(T))test_$(notdir $(T)).c" ] || { \
		echo "make test T=NAME: there is no test '$(T)'; the tests are" $(subst /test_,/,$(UNIT_TESTS:$(BUILD)/unit/%=%)) >&2; \
		exit 64; }
	$(Q)$(SUBMAKE) "$(BUILD)/unit/$(dir $(T))test_$(notdir $(T))"
	$(Q)"$(BUILD)/unit/$(dir $(T))test_$(notdir $(T))"

case:
	$(Q)[ -n "$(C)" ] && [ -d "tests/cases/$(C)" ] || { \
		echo "make case C=NAME: there is no case '$(C)'; the folders of tests/cases are the cases" >&2; exit 64; }
	$(Q)tests/setup test
	$(Q)$(SUBMAKE) all $(BUILD)/seal $(BUILD)/journal
	$(Q)tests/cases/run "$(C)"

check:
	@echo "make check: about 9 minutes on two idle processors"
	$(Q)tests/setup test
	$(Q)$(SUBMAKE) all test-programs peers
	$(Q)tests/run

soak:
	$(Q)tests/setup test
	$(Q)tests/setup soak
	$(Q)$(SUBMAKE) all test-programs
	$(Q)SWK_SEED=chance tests/property/run 3000
	$(Q)SWK_ROUNDS=1000000 $(BUILD)/unit/nginx/test_scan
	$(Q)ROBUST_ALL=1 tests/run robust soak

bench:
	$(Q)tests/setup bench
	$(Q)$(SUBMAKE) all peers
	$(Q)tests/bench/run

lint:
	$(Q)tests/setup lint
	$(Q)tests/lint/lint

fuzz:
	$(Q)tests/setup fuzz
	$(Q)$(SUBMAKE) BUILD=build/fuzz CC=$(FUZZ_CC) HARDENING='$(UNFORTIFIED)' \
		CFLAGS='$(FUZZ_FLAGS)' fuzzers
	$(Q)FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run

sanitize:
	$(Q)tests/setup test
	$(Q)$(SUBMAKE) BUILD=build/sanitize HARDENING='$(UNFORTIFIED)' \
		CFLAGS='$(SANITIZE_FLAGS)' all test-programs
	$(Q)CASES_READ=scan BUILD=build/sanitize SWK_APPLY='$(CURDIR)/build/sanitize/swk-apply' \
		tests/run unit property cases

valgrind:
	$(Q)tests/setup test
	$(Q)$(SUBMAKE) all $(BUILD)/seal $(BUILD)/journal
	$(Q)CASES_EVERY=$(CASES_EVERY) CASES_READ=whole SWK_APPLY='$(CURDIR)/tests/fuzz/under-valgrind' \
		SWK_SWK='$(CURDIR)/tests/fuzz/under-valgrind-swk' tests/run cases

# Not a part of check: the counts depend on the compiler, libc and jansson of the recording.
bench-check:
	$(Q)tests/setup test
	$(Q)$(SUBMAKE) all
	$(Q)tests/bench/instructions

# One entry for each file. The recipe removes the comma after the last one.
ALL_SOURCES = $(SOURCES) $(wildcard cmd/*/*.c tests/cases/*.c tests/unit/*/*.c tests/unit/*/*/*.c tests/property/*.c \
	tests/fuzz/*.c tests/bench/*.c)
compiled_with = $(SWK_CPPFLAGS) $(if $(filter tests/unit/%,$(1)),-Itests/unit) \
	$(if $(filter tests/property/% tests/fuzz/%,$(1)),-Itests/fuzz) $(SWK_CFLAGS)
define compile_command
{"directory": "$(CURDIR)", "file": "$(1)",
 "command": "$(subst ",\",$(strip $(CC) $(compiled_with) -c $(1)))"},

endef
compile_commands.json:
	$(Q)$(file >$@.new,$(foreach file,$(ALL_SOURCES),$(call compile_command,$(file))))
	$(Q){ echo '['; sed -e 's/^ *{/{/' -e '/^ *$$/d' $@.new | sed '$$s/,$$//'; echo ']'; } >$@
	$(Q)rm $@.new

# Everything that is installed besides the programs. Calls $(1) for each file: FILE FOLDER [NAME].
DOCS = README.md NEWS.md SECURITY.md LICENSE
PAGES = $(wildcard docs/*)
EXAMPLES = $(sort $(shell find consul.d contrib -type f ! -path 'contrib/debian/*' \
	! -path 'contrib/systemd/*' ! -path 'contrib/completion/*'))
define texts
	set -e; \
	for f in $(wildcard man/*.[1-9]); do $(1) $$f "$(mandir)/man$${f##*.}"; done; \
	for f in $(DOCS); do $(1) $$f "$(docdir)"; done; \
	for f in $(PAGES); do $(1) $$f "$(docdir)/docs"; done; \
	for f in $(EXAMPLES); do $(1) $$f "$(docdir)/examples/$${f%/*}"; done; \
	for f in $(wildcard contrib/systemd/*); do \
		$(1) $$f "$(systemdsystemunitdir)"; done; \
	for f in $(wildcard contrib/completion/*.bash); do for name in $(COMMANDS); do \
		$(1) $$f "$(bashcompletiondir)" $$name; done; done; \
	for f in $(wildcard contrib/completion/_*); do $(1) $$f "$(zshcompletiondir)"; done
endef
# Replaces paths by those of this installation. Links lead to installed files, or become text.
LOCAL = sed -e 's,/usr/local/sbin,$(sbindir),g' -e 's,/usr/local/share/doc/swallowkeeper,$(docdir),g' \
	-e 's,/etc/\(swallowkeeper\|default/swk-apply\),$(sysconfdir)/\1,g' \
	-e 's,](\(\.\./\)\?man/\([a-z.-]*\)\.\([0-9]\)),]($(mandir)/man\3/\2.\3),g' \
	-e 's,](\(\.\./\)\?contrib/,](\1examples/contrib/,g' \
	-e 's,\[\([^]]*\)\](\(\.\./\)\?\(CONTRIBUTING\|src/\|tests/\)[^)]*),\1,g'

install: all
	$(Q)mkdir -p "$(DESTDIR)$(sbindir)"
	$(INSTALL_PROGRAM) $(COMMANDS:%=$(BUILD)/%) "$(DESTDIR)$(sbindir)"
	$(Q)text=$(BUILD)/install.$$$$; trap 'rm -f "$$text"' EXIT; \
	put() { \
		to="$(DESTDIR)$$2/$${3:-$${1##*/}}"; \
		echo "  INSTALL $$to"; \
		mkdir -p "$${to%/*}"; \
		$(LOCAL) "$$1" >"$$text"; \
		$(INSTALL_DATA) "$$text" "$$to"; \
	}; $(call texts,put)

install-strip:
	$(Q)$(MAKE) --no-print-directory INSTALL_PROGRAM='$(INSTALL_PROGRAM) -s' install

# Removes folders named swallowkeeper if they are empty. Other folders stay.
uninstall:
	$(Q)for f in $(COMMANDS); do rm -f "$(DESTDIR)$(sbindir)/$$f"; done
	$(Q)take() { rm -f "$(DESTDIR)$$2/$${3:-$${1##*/}}"; }; $(call texts,take)
	$(Q)[ ! -d "$(DESTDIR)$(docdir)" ] || find "$(DESTDIR)$(docdir)" -depth -type d \
		-exec rmdir --ignore-fail-on-non-empty {} +

# Independent of the machine, the time and the work tree: the same commit gives the same bytes.
RELEASE = swallowkeeper-$(VERSION)
dist:
	$(Q)git rev-parse -q --verify HEAD >/dev/null 2>&1 || { \
		echo "make dist and make deb pack the current commit: run them in a git clone" >&2; exit 1; }
	$(Q)mkdir -p $(BUILD)
	$(Q)git diff --quiet HEAD || echo "dist: uncommitted changes are left out" >&2
	$(call say,DIST,$(BUILD)/$(RELEASE).tar.gz)git -c tar.umask=0022 archive --format=tar \
		--prefix=$(RELEASE)/ -o $(BUILD)/$(RELEASE).tar HEAD
	$(Q)gzip -n9f $(BUILD)/$(RELEASE).tar

# Builds from the tarball, as a distribution would, with contrib/debian/rules.
# The package must not inherit make's variables, or those set on its command line.
DEB = $(BUILD)/deb
deb: COMMITTED = $(shell git log -1 --format=%cD)
deb: dist
	$(Q)tests/setup deb
	$(Q)rm -rf $(DEB) && mkdir -p $(DEB)
	$(Q)tar -xzf $(BUILD)/$(RELEASE).tar.gz -C $(DEB)
	$(Q)cp $(BUILD)/$(RELEASE).tar.gz $(DEB)/swallowkeeper_$(VERSION).orig.tar.gz
	$(Q)cp -r $(DEB)/$(RELEASE)/contrib/debian $(DEB)/$(RELEASE)
	$(Q)cd $(DEB)/$(RELEASE)/debian && mv changelog.in changelog && \
		sed -i -e 's/@VERSION@/$(VERSION)/' -e 's/@DATE@/$(COMMITTED)/' changelog
	$(Q)cd $(DEB)/$(RELEASE) && env -u MAKEFLAGS -u MAKEOVERRIDES -u MAKELEVEL -u BUILD -u PREFIX \
		dpkg-buildpackage -us -uc
	$(Q)cp $(DEB)/swallowkeeper_*.deb $(BUILD)
	@echo "The package: $$(ls $(BUILD)/swallowkeeper_*.deb)"

# Keeps what was downloaded for the tests; distclean removes that, too.
clean:
	rm -rf $(BUILD)/src $(BUILD)/cmd $(BUILD)/unit $(BUILD)/tests $(BUILD)/property \
		$(BUILD)/bench $(LIBRARY) $(BUILD)/swk-apply $(BUILD)/swk $(BUILD)/fuzz $(BUILD)/sanitize \
		$(BUILD)/deb $(BUILD)/swallowkeeper* $(BUILD)/lint-* $(BUILD)/test.tap* $(BUILD)/ci.log

distclean:
	rm -rf $(BUILD) compile_commands.json

.PHONY: all test-programs unit quick test case compile_commands.json fuzzers peers tools demo check soak bench bench-check lint fuzz sanitize valgrind \
	install install-strip uninstall dist deb clean distclean

-include $(BUILD)/seal.d $(BUILD)/journal.d $(OBJECTS:.o=.d) $(COMMAND_OBJECTS:.o=.d) $(UNIT_TESTS:=.d) $(FUZZERS:=.d) \
	$(PROPERTY_OBJECTS:.o=.d) $(BENCH:=.d)
