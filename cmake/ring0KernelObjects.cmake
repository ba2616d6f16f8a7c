# SPDX-License-Identifier: MIT
#
#	ring0_kernel_objects(TARGET OBJECT…
#		[UPPER]
#		[SOURCES FILE…]
#		[FLAGS_OF OBJECT])
#
# Link the program TARGET with objects of a kernel, by `ring0 objects`: what they need and nothing has is defined,
# and what libc has other functions of the same names for is called otherwise. With UPPER they are in the upper
# half of addresses. Its tests include "kernel_objects.h".
#
# SOURCES	those of the program's files that are compiled as the kernel is: with the flags of FLAGS_OF, or
#		else of the first OBJECT, by its .o.cmd file or a compile_commands.json

function(ring0_kernel_objects target)
	cmake_parse_arguments(PARSE_ARGV 1 argument "UPPER" "FLAGS_OF" "SOURCES")
	set(objects ${argument_UNPARSED_ARGUMENTS})
	if(NOT TARGET ${target})
		message(FATAL_ERROR "ring0_kernel_objects(${target}): there is no such target")
	endif()
	if(NOT objects)
		message(FATAL_ERROR "ring0_kernel_objects(${target}): no object is named")
	endif()
	# Beside a kernel's headers no others are wanted, as /usr/include has them.
	find_path(RING0_KERNEL_INCLUDE ring0.h NO_DEFAULT_PATH PATHS
		"${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../../../share/ring0/include"
		"${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../../../../share/ring0/include" REQUIRED)
	find_program(RING0_COMMAND ring0
		HINTS "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../../../bin"
		      "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../../../../bin" REQUIRED)

	set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}-kernel")
	file(MAKE_DIRECTORY "${folder}")
	list(TRANSFORM objects REPLACE "^([^/].*)" "${CMAKE_CURRENT_SOURCE_DIR}/\\1")
	set(options "")
	set(made "${folder}/kernel_objects.o" "${folder}/kernel_objects.h")
	if(argument_UPPER)
		list(APPEND options --upper)
	endif()
	if(argument_SOURCES)
		list(APPEND options --flags "${folder}/flags")
		list(APPEND made "${folder}/flags")
		if(argument_FLAGS_OF)
			get_filename_component(flags_of "${argument_FLAGS_OF}" ABSOLUTE)
			list(APPEND options --flags-of "${flags_of}")
		endif()
	endif()
	add_custom_command(OUTPUT ${made}
		COMMAND "${RING0_COMMAND}" objects ${options} -o "${folder}/kernel_objects.o"
			--header "${folder}/kernel_objects.h" ${objects}
		DEPENDS ${objects}
		COMMENT "Making ${target}'s kernel objects"
		VERBATIM)

	set_source_files_properties("${folder}/kernel_objects.o" PROPERTIES
		GENERATED TRUE EXTERNAL_OBJECT TRUE)
	target_sources(${target} PRIVATE ${made})
	target_include_directories(${target} PRIVATE "${folder}")
	target_link_options(${target} PRIVATE -no-pie LINKER:-z,noexecstack
		LINKER:--section-start=r0_percpu=0x20000)
	# Other files can name what is in the upper half only so; the kernel's flags have their own say.
	if(argument_UPPER)
		set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
	endif()
	foreach(source IN LISTS argument_SOURCES)
		set_property(SOURCE "${source}" APPEND PROPERTY COMPILE_OPTIONS
			"@${folder}/flags;-I${RING0_KERNEL_INCLUDE}")
		set_property(SOURCE "${source}" APPEND PROPERTY OBJECT_DEPENDS
			"${folder}/flags;${folder}/kernel_objects.h")
	endforeach()
endfunction()
