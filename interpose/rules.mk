$(BUILD)/libftstress.so:
	@mkdir -p $(@D)
