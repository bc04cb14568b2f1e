# What the tests run. Unit tests link the runner built with ASan and UBSan.

UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/*.c))
TSAN_RUNTIME := $(shell $(CLANG) -print-runtime-dir 2>/dev/null)
TSAN_PROGRAM := -g -O1 -fno-omit-frame-pointer -fsanitize=thread -shared-libsan \
	-Wl,-rpath,$(TSAN_RUNTIME)

.PHONY: test-programs
test-programs: $(UNIT_TESTS) $(addprefix $(BUILD)/tests/interpose/,host staggered bytes fence cover naive.so) \
	$(BUILD)/sanitized/ftstress

$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/sanitized/librunner.a
	@mkdir -p $(@D)
	$(CLANG) $(SANITIZE) $(RUNNER_CFLAGS) -MMD -MP -MF $@.d -o $@ $< \
		$(BUILD)/sanitized/librunner.a -lcmocka $(RUNNER_LIBS)

# The command itself with ASan and UBSan: the command-line tests run this one.
$(BUILD)/sanitized/ftstress: $(BUILD)/sanitized/runner/main.o $(BUILD)/sanitized/librunner.a
	$(CLANG) $(SANITIZE) -o $@ $^ $(RUNNER_LIBS)

$(BUILD)/tests/interpose/host: tests/interpose/host.c $(BUILD)/runner/records/arena.o $(BUILD)/runner/base/util.o
	@mkdir -p $(@D)
	$(CLANG) $(CFLAGS) $(RUNNER_CFLAGS) -o $@ $^

$(addprefix $(BUILD)/tests/interpose/,staggered bytes fence): $(BUILD)/tests/interpose/%: tests/interpose/%.c
	@mkdir -p $(@D)
	$(CLANG) $(TSAN_PROGRAM) -o $@ $<

$(BUILD)/tests/interpose/cover: tests/interpose/cover.c
	@mkdir -p $(@D)
	$(CLANG) $(TSAN_PROGRAM) -fsanitize-coverage=trace-pc-guard,func,pc-table -o $@ $<

$(BUILD)/tests/interpose/naive.so: tests/interpose/naive.c
	@mkdir -p $(@D)
	$(CLANG) -O2 -g -fPIC -shared -fno-builtin -o $@ $<

$(BUILD)/tests/bench/reports: tests/bench/reports.c
	@mkdir -p $(@D)
	$(CLANG) $(TSAN_PROGRAM) -o $@ $<

$(BUILD)/tests/bench/%: tests/bench/%.c $(BUILD)/librunner.a
	@mkdir -p $(@D)
	$(CLANG) $(CFLAGS) $(RUNNER_CFLAGS) -o $@ $^ $(RUNNER_LIBS)
