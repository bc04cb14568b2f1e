# ftstress: `make run` sets everything up and runs the main job, `make check` runs the tests.

BUILD := build
CLANG := clang-22
VERSION := 0.1.0

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Werror
CFLAGS ?= -O2 -g
COMMON := -std=gnu17 -D_GNU_SOURCE -fno-omit-frame-pointer $(WARNINGS) -Iinclude -DFTSTRESS_VERSION='"$(VERSION)"'
RUNNER_PACKAGES := jansson sqlite3 inih
RUNNER_CFLAGS = $(COMMON) -I. $(shell pkg-config --cflags $(RUNNER_PACKAGES))
RUNNER_LIBS = $(shell pkg-config --libs $(RUNNER_PACKAGES)) -lunwind-x86_64 -lunwind -lm

# Everything but main() is a library that the unit tests link.
RUNNER_SOURCES := $(filter-out runner/main.c,$(wildcard runner/*.c reports/*.c))
RUNNER_OBJECTS := $(RUNNER_SOURCES:%.c=$(BUILD)/%.o)

.DELETE_ON_ERROR:
.PHONY: all clean

all: $(BUILD)/ftstress $(BUILD)/libftstress.so

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

include interpose/rules.mk
-include reports/rules.mk
include tests/interpose/rules.mk

clean:
	rm -rf $(BUILD)

-include $(wildcard $(BUILD)/*/*.d)
