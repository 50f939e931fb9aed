# SPDX-License-Identifier: MIT
# Compiles containers while a RIOT firmware is built. modules/fcc includes this file; an application sets, before RIOT's Makefile.include:
#
#   FCC_HOOKS           names of hooks. Each becomes the header <name>_hook.h: context, ids and allow-list, for firmware and containers
#   FCC_CONTRACT_<hook> its contract; without it contracts/<hook>.json
#   FCC_CONTAINERS      names of containers. Each becomes the header <name>.h, with the image as an aligned constant array <name>
#   FCC_HOOK_<name>     the hook that it is compiled for; may be left out if there is one hook only
#   FCC_OBJ_<name>      its eBPF object; without it containers/<name>.o
#   FCC_SRC_<name>      its source, used if FCC_CLANG is set or there is no object; without it containers/<name>.c
#   FCC_FLAGS_<name>    more options of `fcc compile` for this one; FCC_FLAGS for all
#   FCC_CLANGFLAGS      more options of clang; `-O2 -g -target bpf -mcpu=v3 -ffreestanding` come first
#
# and from the environment or the command line:
#
#   FCC                 the compiler; default: fcc
#   FCC_CLANG           a clang with the bpf target (16 or later); if it is set, containers are built from source
#   FCC_TARGET          what to compile for; default: from RIOT's CPU
#   FCC_FEATURES        feature bits of the core for fcc_host_t; default: those of FCC_TARGET (`fcc targets --json`)
#
# `make fcc-objects FCC_CLANG=clang-19` makes the objects of the application again.

FCC     ?= fcc
FCC_OUT := $(BINDIR)/fcc-images

# What RIOT calls the core, and what fcc calls it. Cores with an FPU run the same images: these use no floating-point registers.
_fcc_core_cortex-m0     := cortex-m0
_fcc_core_cortex-m0plus := cortex-m0plus
_fcc_core_cortex-m23    := cortex-m23
_fcc_core_cortex-m3     := cortex-m3
_fcc_core_cortex-m4     := cortex-m4
_fcc_core_cortex-m4f    := cortex-m4
_fcc_core_cortex-m7     := cortex-m7
_fcc_core_cortex-m33    := cortex-m33
_fcc_core_rv32imc       := rv32imc
_fcc_core_rv32imac      := rv32imac
_fcc_core_xtensa-l106   := esp8266
_fcc_core_xtensa-lx6    := esp32
_fcc_core_xtensa-lx7    := esp32s3

# The host has no images of its own: the interpreter runs those of eBPF.
FCC_TARGET ?= $(if $(filter native,$(CPU)),ebpf,$(_fcc_core_$(CPU_CORE)))
ifeq (,$(FCC_TARGET))
  $(error fcc has no target for core $(CPU_CORE): set FCC_TARGET, or FCC_TARGET=ebpf and USEMODULE += fcc_interpreter)
endif

ifeq (ebpf,$(FCC_TARGET))
  FCC_FEATURES ?= 0
else
  FCC_FEATURES ?= $(shell $(FCC) targets --json | \
    awk -F '[:, ]+' '/"name":/ { found = $$3 == "\"$(FCC_TARGET)\"" } /"featureBits":/ && found { print $$3 }')
endif
ifeq (,$(strip $(FCC_FEATURES)))
  $(error "$(FCC) targets" does not know $(FCC_TARGET), or there is no $(FCC): set FCC, or FCC_FEATURES)
endif
CFLAGS   += -DFCC_TARGET_FEATURES=$(strip $(FCC_FEATURES))u
INCLUDES += -I$(FCC_OUT)

# Changes whenever what is asked of fcc does, so that headers are made again.
FCC_STAMP := $(FCC_OUT)/options
_fcc_options = $(FCC) $(FCC_TARGET) $(FCC_FLAGS) $(foreach c,$(FCC_CONTAINERS),$(c) $(FCC_FLAGS_$(c)) $(_fcc_hook_$(c)))
$(FCC_STAMP): FORCE | $(CLEAN)
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(_fcc_options)' | cmp -s - $@ || echo '$(_fcc_options)' > $@

# $(1): hook
define _fcc_hook_rule
_fcc_contract_$(1) := $(abspath $(or $(FCC_CONTRACT_$(1)),$(APPDIR)/contracts/$(1).json))
$(FCC_OUT)/$(1)_hook.h: $$(_fcc_contract_$(1)) $(FCC_STAMP)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(FCC) gen header $$< -o $$@
endef

# $(1): container, $(2): 1 if it is built from source
define _fcc_container_rule
_fcc_object_$(1) := $(if $(2),$(FCC_OUT)/$(1).o,$(_fcc_obj_$(1)))
$(FCC_OUT)/$(1).h: $$(_fcc_object_$(1)) $(_fcc_contract_$(_fcc_hook_$(1))) $(FCC_STAMP)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(FCC) compile $$< -t $$(FCC_TARGET) --contract $(_fcc_contract_$(_fcc_hook_$(1))) --format c $$(FCC_FLAGS) $$(FCC_FLAGS_$(1)) -o $$@
endef
define _fcc_source_rule
$(FCC_OUT)/$(1).o: $(_fcc_src_$(1)) $(FCC_HOOKS:%=$(FCC_OUT)/%_hook.h)
	$$(Q)$$(or $$(FCC_CLANG),clang) -O2 -g -target bpf -mcpu=v3 -ffreestanding -fdebug-compilation-dir=. -ffile-prefix-map=$(FCC_OUT)=. \
	  -ffile-prefix-map=$(abspath $(APPDIR))=. -Wall -Wextra -Werror -MMD -MP -MF $$(@:.o=.d) -I$(FCC_OUT) $$(FCC_CLANGFLAGS) -c $$< -o $$@
-include $(FCC_OUT)/$(1).d
endef

$(foreach h,$(FCC_HOOKS),$(eval $(call _fcc_hook_rule,$(h))))
$(foreach c,$(FCC_CONTAINERS),\
  $(eval _fcc_hook_$(c) := $(or $(FCC_HOOK_$(c)),$(if $(word 2,$(FCC_HOOKS)),$(error FCC_HOOK_$(c) is not set),$(FCC_HOOKS))))\
  $(eval _fcc_obj_$(c) := $(abspath $(or $(FCC_OBJ_$(c)),$(wildcard $(APPDIR)/containers/$(c).o))))\
  $(eval _fcc_src_$(c) := $(abspath $(or $(FCC_SRC_$(c)),$(wildcard $(APPDIR)/containers/$(c).c))))\
  $(if $(_fcc_obj_$(c))$(_fcc_src_$(c)),,$(error container $(c) has neither FCC_OBJ_$(c) nor FCC_SRC_$(c)))\
  $(eval _fcc_from_source_$(c) := $(if $(_fcc_src_$(c)),$(if $(FCC_CLANG),1,$(if $(_fcc_obj_$(c)),,1))))\
  $(eval $(call _fcc_container_rule,$(c),$(_fcc_from_source_$(c))))\
  $(if $(_fcc_from_source_$(c)),$(eval $(call _fcc_source_rule,$(c)))))

FCC_HEADERS := $(FCC_HOOKS:%=$(FCC_OUT)/%_hook.h) $(FCC_CONTAINERS:%=$(FCC_OUT)/%.h)
BUILDDEPS   += $(FCC_HEADERS)

.PHONY: fcc-objects
fcc-objects: $(FCC_CONTAINERS:%=$(FCC_OUT)/%.o)
	$(Q)$(foreach c,$(FCC_CONTAINERS),cp $(FCC_OUT)/$(c).o $(basename $(_fcc_src_$(c))).o;)
