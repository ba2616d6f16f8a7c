# SPDX-License-Identifier: MIT
#
# A script that ring0_discover_tests() has run after a program was built: ask the program for its
# tests, write one add_test() for each. See ring0DiscoverTests.cmake for the variables.
cmake_minimum_required(VERSION 3.20)

execute_process(
	COMMAND ${EMULATOR} "${PROGRAM}" ${EXTRA_ARGS} --list=json
	WORKING_DIRECTORY "${FOLDER}"
	TIMEOUT 60
	RESULT_VARIABLE status
	OUTPUT_VARIABLE listed
	ERROR_VARIABLE errors)
if(NOT status STREQUAL "0")
	string(STRIP "${errors}" errors)
	message(FATAL_ERROR "ring0_discover_tests: listing the tests of ${PROGRAM} failed "
		"(${status}): ${errors}")
endif()

# Lines to a list. Three characters mean something in lists: others stand for them, which JSON does
# not hold unescaped.
string(ASCII 1 open)
string(ASCII 2 close)
string(ASCII 3 semicolon)
string(REPLACE "[" "${open}" listed "${listed}")
string(REPLACE "]" "${close}" listed "${listed}")
string(REPLACE ";" "${semicolon}" listed "${listed}")
string(REPLACE "\n" ";" listed "${listed}")

# As an argument that CMake takes literally, whatever is in it.
function(quote variable text)
	set(equals "=")
	while(text MATCHES "\\]${equals}(\\]|$)")
		string(APPEND equals "=")
	endwhile()
	set(${variable} "[${equals}[${text}]${equals}]" PARENT_SCOPE)
endfunction()

# The properties that are the same for all, with LABELS taken out.
set(own_labels "")
set(properties "")
set(name "")
foreach(item IN LISTS PROPERTIES) # list() would flatten values that are lists
	if(name STREQUAL "")
		set(name "${item}")
		continue()
	endif()
	if(name STREQUAL "LABELS")
		list(APPEND own_labels ${item})
	else()
		quote(quoted "${item}")
		string(APPEND properties " ${name} ${quoted}")
	endif()
	set(name "")
endforeach()
if(NOT TIMEOUT STREQUAL "")
	string(APPEND properties " TIMEOUT ${TIMEOUT}")
endif()

quote(quoted_folder "${FOLDER}")
string(APPEND properties " WORKING_DIRECTORY ${quoted_folder} SKIP_RETURN_CODE 77")

set(command "")
foreach(word IN LISTS EMULATOR PROGRAM EXTRA_ARGS)
	quote(quoted "${word}")
	string(APPEND command " ${quoted}")
endforeach()

set(script "")
foreach(line IN LISTS listed)
	string(REPLACE "${open}" "[" line "${line}")
	string(REPLACE "${close}" "]" line "${line}")
	string(REPLACE "${semicolon}" ";" line "${line}")
	if(line STREQUAL "")
		continue()
	endif()
	string(JSON name ERROR_VARIABLE error GET "${line}" name)
	if(error)
		message(FATAL_ERROR "ring0_discover_tests: ${PROGRAM} --list=json printed what is no "
			"test (${error}): ${line}")
	endif()
	set(labels "")
	string(JSON count LENGTH "${line}" groups)
	set(index 0)
	while(index LESS count)
		string(JSON group GET "${line}" groups ${index})
		list(APPEND labels "${group}")
		math(EXPR index "${index} + 1")
	endwhile()
	list(APPEND labels ${own_labels})
	quote(quoted_test "${PREFIX}${name}")
	quote(quoted_name "${name}")
	quote(quoted_labels "${labels}")
	string(APPEND script
		"add_test(${quoted_test}${command} ${quoted_name})\n"
		"set_tests_properties(${quoted_test} PROPERTIES${properties}"
			" LABELS ${quoted_labels})\n")
endforeach()
if(script STREQUAL "")
	message(FATAL_ERROR "ring0_discover_tests: ${PROGRAM} ${EXTRA_ARGS} --list=json printed no "
		"test")
endif()

file(WRITE "${TESTS}" "${script}")
