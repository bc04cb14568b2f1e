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
$(BUILD)/reports/page_data.o: RUNNER_CFLAGS += --embed-dir=$(BUILD)
$(BUILD)/reports/page_data.o: $(PAGE)/page.html

# Writes a report from a JSON fixture, for the tests of the page.
$(BUILD)/tests/write_report: tests/page/write_report.c tests/page/fixture.c $(BUILD)/librunner.a
	@mkdir -p $(@D)
	$(CLANG) $(CFLAGS) $(RUNNER_CFLAGS) -MMD -MP -o $@ $(filter %.c %.a,$^) $(RUNNER_LIBS)

$(BUILD)/tests/unit/report: tests/unit/report.c $(BUILD)/librunner.a
	@mkdir -p $(@D)
	$(CLANG) $(CFLAGS) $(RUNNER_CFLAGS) -MMD -MP -o $@ $(filter %.c %.a,$^) $(RUNNER_LIBS) -lcmocka

.PHONY: page-types
page-types: $(PAGE)/page.html
	cd $(PAGE) && node_modules/.bin/tsc --noEmit
