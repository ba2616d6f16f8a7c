# SPDX-License-Identifier: MIT
#
#	$(eval $(call ring0_kernel_objects,TARGET,OBJECTS,[UPPER],[SOURCES],[FLAGS_OF]))
#
# Link the program TARGET with OBJECTS of a kernel, by `ring0 objects`: with UPPER in the upper half of addresses.
# SOURCES are those of the program's files, in C, that are compiled as the kernel is: with the flags of FLAGS_OF, or
# else of the first of OBJECTS. Its tests include "kernel_objects.h".
RING0 ?= ring0

# Beside a kernel's headers no others are wanted, as /usr/include has them.
ring0_include := $(shell pkg-config --variable=kernelinclude ring0)

# Of more than one rule, $(1), for what it makes beside the program.
ring0_folder = $(1)-kernel

define ring0_kernel_objects
$(ring0_folder)/kernel_objects.o: $(2)
	@mkdir -p $$(@D)
	$$(RING0) objects $(if $(filter UPPER,$(3)),--upper) -o $$@ --header $$(@D)/kernel_objects.h \
		$(if $(strip $(4)),--flags $$(@D)/flags $(if $(strip $(5)),--flags-of $(5))) $(2)

$(1): $(ring0_folder)/kernel_objects.o
$(1): private LDFLAGS += -no-pie -Wl,-z,noexecstack -Wl,--section-start=r0_percpu=0x20000
$(if $(strip $(4)),$(patsubst %.c,%.o,$(4)): $(ring0_folder)/kernel_objects.o
$(patsubst %.c,%.o,$(4)): private CFLAGS += -I$(ring0_folder) @$(ring0_folder)/flags -I$(ring0_include))
endef
