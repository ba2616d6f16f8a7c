/* SPDX-License-Identifier: MIT */
/*
 * The subcommands of the command ring0, each in a file of its own. argv[0] is the subcommand's
 * name; the return value is the exit status. Depends on nothing.
 */
#ifndef COMMAND_COMMANDS_H
#define COMMAND_COMMANDS_H

int boot_main(int argc, char **argv);
int compare_main(int argc, char **argv);
int doctor_main(int argc, char **argv);
int image_main(int argc, char **argv);
int lab_main(int argc, char **argv);
int objects_main(int argc, char **argv);
int suite_main(int argc, char **argv);
int backtrace_main(int argc, char **argv);
int replaceable_main(int argc, char **argv);
int stubs_main(int argc, char **argv);
int which_tests_main(int argc, char **argv);

#endif /* COMMAND_COMMANDS_H */
