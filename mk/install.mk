# SPDX-License-Identifier: MIT
# help: make install       library, headers, programs and man pages; DESTDIR=, PREFIX=/usr/local

to := $(DESTDIR)$(PREFIX)

.PHONY: install
install: libnpu tools $(man_pages)
	install -d $(to)/bin $(to)/lib/pkgconfig $(to)/include/npu $(to)/include/drm $(to)/include/hw
	$(if $(tool_names),install -m 755 $(tool_names:%=$(B)/bin/%) $(to)/bin)
	install -m 644 $(B)/lib/libnpu.a $(to)/lib
	install -m 755 $(B)/lib/$(libnpu_soname) $(to)/lib
	ln -sfn $(libnpu_soname) $(to)/lib/libnpu.so
	install -m 644 $(B)/lib/pkgconfig/npu.pc $(to)/lib/pkgconfig
	install -m 644 libnpu/include/npu/*.h $(to)/include/npu
	install -m 644 uapi/drm/npu_accel.h $(to)/include/drm
	install -m 644 uapi/hw/npu_isa.h uapi/hw/npu_regs.h $(to)/include/hw
	$(if $(man_pages),install -d $(to)/share/man/man1 $(to)/share/man/man3 && \
		install -m 644 $(filter %.1,$(man_pages)) $(to)/share/man/man1 && \
		install -m 644 $(filter %.3,$(man_pages)) $(to)/share/man/man3)

# help: make install-driver  npu.ko's source for DKMS and the udev rule; DESTDIR=
driver_version = $(shell sed -n 's/^\t\.major = \([0-9]*\),/\1/p;s/^\t\.minor = \([0-9]*\),/.\1/p' driver/npu_drv.c | tr -d '\n')
dkms = $(DESTDIR)/usr/src/npu-$(driver_version)

.PHONY: install-driver
install-driver:
	install -d $(dkms)/driver $(dkms)/uapi/drm $(dkms)/uapi/hw $(DESTDIR)/usr/lib/udev/rules.d
	install -m 644 driver/*.[ch] $(dkms)/driver
	install -d $(dkms)/driver/probe
	install -m 644 driver/probe/*.c $(dkms)/driver/probe
	install -m 755 driver/probe/run $(dkms)/driver/probe
	install -m 644 uapi/drm/npu_accel.h $(dkms)/uapi/drm
	install -m 644 uapi/hw/npu_regs.h $(dkms)/uapi/hw
	install -m 644 Kbuild $(dkms)
	sed 's/@VERSION@/$(driver_version)/' packaging/dkms.conf.in >$(dkms)/dkms.conf
	install -m 644 packaging/60-npu.rules $(DESTDIR)/usr/lib/udev/rules.d
