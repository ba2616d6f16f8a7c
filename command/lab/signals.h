/* SPDX-License-Identifier: MIT */
/* Signals that end the lab. */
#ifndef COMMAND_LAB_SIGNALS_H
#define COMMAND_LAB_SIGNALS_H

/* Have them arrive at a descriptor: lab_signals. */
void lab_catch_signals(void);

/* End by the signal that ended the lab, so that a shell's loop ends too. */
void lab_pass_signal_on(void);

/* For a child that is to be another program. */
void lab_unblock_signals(void);
/* Signals that end the lab arrive at this descriptor; what came is in lab_signal. */
extern int lab_signals;
extern int lab_signal;
/* Take the signal that arrived; 0 if there is none. */
int lab_take_signal(void);

#endif /* COMMAND_LAB_SIGNALS_H */
