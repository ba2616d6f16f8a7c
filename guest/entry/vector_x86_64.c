/* SPDX-License-Identifier: MIT */
/* The names of exception vectors. Used in ring 0 and by the host's reports alike. */
#include <ring0/fault.h>
#include <stddef.h>

const char *r0_vector_name(int vector)
{
	/* Text, not pointers: a table of pointers would need relocations in a booted image. */
	static const char names[32][4] = {
		[R0_DE] = "#DE", [R0_DB] = "#DB", [R0_NMI] = "NMI", [R0_BP] = "#BP",
		[R0_OF] = "#OF", [R0_BR] = "#BR", [R0_UD] = "#UD",  [R0_NM] = "#NM",
		[R0_DF] = "#DF", [R0_TS] = "#TS", [R0_NP] = "#NP",  [R0_SS] = "#SS",
		[R0_GP] = "#GP", [R0_PF] = "#PF", [R0_MF] = "#MF",  [R0_AC] = "#AC",
		[R0_MC] = "#MC", [R0_XM] = "#XM", [20] = "#VE",	    [R0_CP] = "#CP",
		[28] = "#HV",	 [29] = "#VC",	  [30] = "#SX",
	};

	if (vector >= 0 && vector < 32 && names[vector][0])
		return names[vector];
	return "interrupt";
}
