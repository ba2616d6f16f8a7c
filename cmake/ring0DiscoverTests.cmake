# SPDX-License-Identifier: MIT
#
#	ring0_discover_tests(TARGET
#		[EXTRA_ARGS ARG…]
#		[PREFIX TEXT]
#		[TIMEOUT SECONDS]
#		[WORKING_DIRECTORY FOLDER]
#		[PROPERTIES NAME VALUE…])
#
# Have CTest run every test of a ring0 program by itself, each case of a test with parameters, too.
# After each build of TARGET the program is asked what tests it has, so that new ones need no run of
# CMake. A test is named TEXT and then suite.name, its groups become its LABELS, and one that is
# skipped is reported as skipped.
#
# EXTRA_ARGS	options of the program that hold for the list and for each test: "--all" for the
#		nodefault tests, too, "--group slow" for those of one group. No patterns.
# TIMEOUT	CTest's, for a program with one test; the test's own limit is .timeout_ms.
# PROPERTIES	of the tests, as for set_tests_properties(). LABELS add to the groups.

function(ring0_discover_tests target)
	cmake_parse_arguments(PARSE_ARGV 1 argument "" "PREFIX;TIMEOUT;WORKING_DIRECTORY"
		"EXTRA_ARGS;PROPERTIES")
	if(NOT TARGET ${target})
		message(FATAL_ERROR "ring0_discover_tests(${target}): there is no such target")
	endif()
	if(argument_UNPARSED_ARGUMENTS)
		message(FATAL_ERROR "ring0_discover_tests(${target}): what is "
			"\"${argument_UNPARSED_ARGUMENTS}\"?")
	endif()
	list(LENGTH argument_PROPERTIES count)
	math(EXPR odd "${count} % 2")
	if(odd)
		message(FATAL_ERROR "ring0_discover_tests(${target}): PROPERTIES are pairs of a name "
			"and a value")
	endif()
	if(NOT argument_WORKING_DIRECTORY)
		set(argument_WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
	endif()

	# Several calls for one target, with several sets of options, each have a list.
	get_property(number TARGET ${target} PROPERTY _RING0_DISCOVERED)
	math(EXPR number "0${number} + 1")
	set_property(TARGET ${target} PROPERTY _RING0_DISCOVERED ${number})
	set(stem "${CMAKE_CURRENT_BINARY_DIR}/${target}-ring0-${number}")

	get_property(several_configurations GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
	if(several_configurations)
		set(tests "${stem}-$<CONFIG>.cmake")
		set(tests_by_ctest "${stem}-\${CTEST_CONFIGURATION_TYPE}.cmake")
	else()
		set(tests "${stem}.cmake")
		set(tests_by_ctest "${tests}")
	endif()

	get_property(emulator TARGET ${target} PROPERTY CROSSCOMPILING_EMULATOR)
	if(NOT CMAKE_CROSSCOMPILING)
		set(emulator "")
	endif()
	add_custom_command(TARGET ${target} POST_BUILD
		BYPRODUCTS "${tests}"
		COMMAND "${CMAKE_COMMAND}"
			-D "TESTS=${tests}"
			-D "PROGRAM=$<TARGET_FILE:${target}>"
			-D "EMULATOR=${emulator}"
			-D "EXTRA_ARGS=${argument_EXTRA_ARGS}"
			-D "PREFIX=${argument_PREFIX}"
			-D "TIMEOUT=${argument_TIMEOUT}"
			-D "FOLDER=${argument_WORKING_DIRECTORY}"
			-D "PROPERTIES=${argument_PROPERTIES}"
			-P "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/ring0WriteTests.cmake"
		VERBATIM)

	# A test that fails says so if the program was not built.
	file(WRITE "${stem}-include.cmake"
		"if(EXISTS \"${tests_by_ctest}\")\n"
		"	include(\"${tests_by_ctest}\")\n"
		"else()\n"
		"	add_test([==[${argument_PREFIX}${target}_NOT_BUILT]==] "
			"[==[${target}_NOT_BUILT]==])\n"
		"endif()\n")
	set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${stem}-include.cmake")
endfunction()
