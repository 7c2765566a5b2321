# SPDX-License-Identifier: MIT
# help: make docs          Documentation/ as HTML and man pages: build/docs/, build/man/

rst_pages := $(patsubst Documentation/%.rst,build/docs/%.html,$(wildcard Documentation/*.rst))
doc_images := $(patsubst Documentation/%,build/docs/%,$(wildcard Documentation/images/*.png))
man_pages := $(patsubst Documentation/man/%.rst,build/man/%,$(wildcard Documentation/man/*.rst))

.PHONY: docs
docs: $(rst_pages) $(man_pages) $(doc_images)

# --halt=warning: a page that renders wrong is an error, not a surprise.
build/docs/%.html: Documentation/%.rst | build/.setup-docs
	$(call say,HTML,$<)
	$(Q)mkdir -p $(@D)
	$(Q)rst2html --halt=warning $< $@

build/docs/images/%: Documentation/images/%
	$(Q)mkdir -p $(@D) && cp $< $@

build/man/%: Documentation/man/%.rst | build/.setup-docs
	$(call say,MAN,$<)
	$(Q)mkdir -p $(@D)
	$(Q)rst2man --halt=warning $< $@
