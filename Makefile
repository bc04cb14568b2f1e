# ftstress
#
#   make run      set up what is missing, build, stress NumPy, say where the report is
#   make check    the tests
#   make bench    the benchmarks, as ratios against plain ThreadSanitizer
#   make install  into PREFIX (default /usr/local)

.DEFAULT_GOAL := all
BUILD := build
CLANG := clang-22
VERSION := 0.1.0
PREFIX := /usr/local
DESTDIR :=

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Werror
CFLAGS := -O2 -g
SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined
COMMON := -std=gnu17 -D_GNU_SOURCE -fno-omit-frame-pointer $(WARNINGS) -Iinclude \
	-DFTSTRESS_VERSION='"$(VERSION)"'
RUNNER_PACKAGES := jansson sqlite3 inih libdw zlib
RUNNER_CFLAGS = $(COMMON) -I. -I$(BUILD) --embed-dir=. $(shell pkg-config --cflags $(RUNNER_PACKAGES))
RUNNER_LIBS = $(shell pkg-config --libs $(RUNNER_PACKAGES)) -lunwind-x86_64 -lunwind -lm

# Everything but main() is a library that the unit tests link.
RUNNER_SOURCES := $(filter-out runner/main.c,$(wildcard runner/*.c runner/*/*.c runner/*/*/*.c reports/*.c))
RUNNER_OBJECTS := $(RUNNER_SOURCES:%.c=$(BUILD)/%.o)
SANITIZED_OBJECTS := $(RUNNER_SOURCES:%.c=$(BUILD)/sanitized/%.o)

.DELETE_ON_ERROR:
.PHONY: all deps run check selfcheck bench install clean

all: $(BUILD)/ftstress $(BUILD)/libftstress.so

# What Debian has; nothing is done when it is all there.
deps:
	@stress/toolchain/prepare apt

run: deps
	@$(MAKE) --no-print-directory all
	@$(BUILD)/ftstress --suite numpy_tests --iterations 5; \
		status=$$?; [ $$status -le 1 ] || exit $$status

check: deps
	@$(MAKE) --no-print-directory all test-programs
	@tests/run

# Which promises hold on another CPython: a release that ftstress knows, or the path of a TSan Python.
selfcheck: deps
	@$(MAKE) --no-print-directory all test-programs
	@tests/selfcheck.py $(or $(PYTHON),$(error say which: make selfcheck PYTHON=3.15, or a path))

bench: deps
	@$(MAKE) --no-print-directory all \
		$(addprefix $(BUILD)/tests/,bench/collate bench/reports interpose/host)
	@tests/bench/run

$(BUILD)/ftstress: $(BUILD)/runner/main.o $(BUILD)/librunner.a
	$(CLANG) $(CFLAGS) -o $@ $^ $(RUNNER_LIBS)

$(BUILD)/librunner.a: $(RUNNER_OBJECTS)
	rm -f $@ && ar rcs $@ $^

$(BUILD)/runner/%.o: runner/%.c
	@mkdir -p $(@D)
	$(CLANG) $(CFLAGS) $(RUNNER_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/reports/%.o: reports/%.c
	@mkdir -p $(@D)
	$(CLANG) $(CFLAGS) $(RUNNER_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/sanitized/%.o: %.c
	@mkdir -p $(@D)
	$(CLANG) $(SANITIZE) $(RUNNER_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/sanitized/librunner.a: $(SANITIZED_OBJECTS)
	rm -f $@ && ar rcs $@ $^

include interpose/rules.mk
include reports/rules.mk
include tests/rules.mk

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/ftstress \
		$(DESTDIR)$(PREFIX)/share/man/man1
	install $(BUILD)/ftstress $(DESTDIR)$(PREFIX)/bin/ftstress
	install $(BUILD)/libftstress.so $(DESTDIR)$(PREFIX)/lib/ftstress/
	cp -r stress $(DESTDIR)$(PREFIX)/lib/ftstress/
	install -m 644 docs/ftstress.1 $(DESTDIR)$(PREFIX)/share/man/man1/

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
