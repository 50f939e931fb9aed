# SPDX-License-Identifier: MIT
# What the applications here have in common. RIOTBASE is the user's own RIOT checkout: nothing here downloads or changes one.
ifeq (,$(RIOTBASE))
  $(error RIOTBASE is not set: it names your checkout of RIOT)
endif

BOARD ?= native64
_fcc_riot := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/..)
EXTERNAL_MODULE_DIRS += $(_fcc_riot)/modules
# The compiler of this checkout, if there is no other; `npm run build` makes it.
FCC ?= node $(abspath $(_fcc_riot)/../..)/dist/compiler/cli/main.js

QUIET  ?= 1
WERROR ?= 1

ifneq (,$(filter hifive1 hifive1b,$(BOARD)))
  # Debian's RISC-V toolchain comes with picolibc.
  FEATURES_REQUIRED += picolibc
endif
ifneq (,$(filter microbit,$(BOARD)))
  # QEMU's nRF51 has no RTC.
  USEMODULE += ztimer_no_periph_rtt
endif

# Interpreted: FCC_TARGET=ebpf. The interpreter takes up to 1 KiB of the stack of its thread.
ifeq (ebpf,$(FCC_TARGET))
  USEMODULE += fcc_interpreter
  CFLAGS += -DTHREAD_STACKSIZE_MAIN=3072
endif
