/* SPDX-License-Identifier: MIT */
/*
 * Where the command ring0 is, for crash reports. An object of its own: a program linked with the
 * build tree's library links a copy with the build tree's path before libring0.a, whose member
 * then stays out. Depends on the build alone, which defines R0_COMMAND_PATH.
 */
#include "base/command_path.h"

const char r0_command_path[] = R0_COMMAND_PATH;
