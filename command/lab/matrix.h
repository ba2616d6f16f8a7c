/* SPDX-License-Identifier: MIT */
/* One program on each KVM. */
#ifndef COMMAND_LAB_MATRIX_H
#define COMMAND_LAB_MATRIX_H

#include "command/lab/options.h"

/* Run the program on each KVM that there is, and print a table. The status to exit with. */
int lab_matrix(struct lab_options *options);

#endif /* COMMAND_LAB_MATRIX_H */
