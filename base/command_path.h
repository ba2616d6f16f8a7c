/* SPDX-License-Identifier: MIT */
/*
 * Where the command ring0 is, as an absolute path: installed, or in the build tree for programs
 * linked with that. $RING0_COMMAND comes before it, and "ring0" in $PATH after it.
 */
#ifndef BASE_COMMAND_PATH_H
#define BASE_COMMAND_PATH_H

extern const char r0_command_path[];

#endif /* BASE_COMMAND_PATH_H */
