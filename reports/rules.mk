# The page of the HTML report: reports/page (TypeScript, Preact) bundled by esbuild into one file in
# $(BUILD)/page, which reports/page_data.c embeds. Node's packages live in the build folder alone.

PAGE := $(BUILD)/page
PAGE_SOURCES := $(wildcard reports/page/src/* reports/page/*.mjs reports/page/*.in) \
	reports/page/tsconfig.json
PAGE_MANIFESTS := reports/page/package.json reports/page/package-lock.json reports/page/.npmrc

# Nothing in the lock says where a package comes from: npm asks the registry that it is set to.
$(PAGE)/node_modules/.installed: $(PAGE_MANIFESTS)
	@mkdir -p $(PAGE)
	cp $(PAGE_MANIFESTS) $(PAGE)/
	cd $(PAGE) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

$(PAGE)/page.html: $(PAGE_SOURCES) $(PAGE)/node_modules/.installed
	@mkdir -p $(PAGE)/src
	rm -rf $(PAGE)/src && cp -r reports/page/src $(PAGE)/src
	cp reports/page/build.mjs reports/page/page.html.in reports/page/tsconfig.json $(PAGE)/
	cd $(PAGE) && node build.mjs page.html

# Relative to the folder that #embed looks into, so that no absolute path gets into the binary.
PAGE_OBJECTS := $(BUILD)/reports/page_data.o $(BUILD)/sanitized/reports/page_data.o
$(PAGE_OBJECTS): RUNNER_CFLAGS += --embed-dir=$(BUILD)
$(PAGE_OBJECTS): $(PAGE)/page.html

# Writes a report from a JSON fixture, for the tests of the page.
$(BUILD)/tests/write_report: tests/page/write_report.c tests/page/fixture.c tests/page/fixture.h \
		$(BUILD)/sanitized/librunner.a
	@mkdir -p $(@D)
	$(CLANG) $(SANITIZE) $(RUNNER_CFLAGS) -o $@ $(filter %.c %.a,$^) $(RUNNER_LIBS)

test-programs: $(BUILD)/tests/write_report page-types

.PHONY: page-types
page-types: $(PAGE)/page.html
	cd $(PAGE) && node_modules/.bin/tsc --noEmit
