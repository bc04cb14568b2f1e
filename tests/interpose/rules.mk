# What the interposer's tests run: programs under TSan, and the host that plays the runner.
INTERPOSE_TEST_PROGRAMS := $(addprefix $(BUILD)/tests/interpose/,host staggered naive.so)

$(BUILD)/tests/interpose/host: tests/interpose/host.c $(BUILD)/runner/arena.o $(BUILD)/runner/util.o
	@mkdir -p $(@D)
	$(CLANG) $(CFLAGS) $(RUNNER_CFLAGS) -o $@ $^

$(BUILD)/tests/interpose/staggered: tests/interpose/staggered.c
	@mkdir -p $(@D)
	$(CLANG) -g -O1 -fno-omit-frame-pointer -fsanitize=thread -shared-libsan \
		-Wl,-rpath,$(shell $(CLANG) -print-runtime-dir) -o $@ $<

$(BUILD)/tests/interpose/naive.so: tests/interpose/naive.c
	@mkdir -p $(@D)
	$(CLANG) -O2 -g -fPIC -shared -fno-builtin -o $@ $<
